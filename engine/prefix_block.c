#include "engine/prefix_block.h"

#include <nettle/sha2.h>
#include <string.h>
#include <xxhash.h>

#include "engine/backend.h"

static const char magic[8] = {'d', 'e', 'e', 'p', 'r', 'e', 'a', 'd'};

/* The fixed part of the head, as it lies in the file. */
struct head {
    char magic[8];
    uint32_t version, data;
    struct prefix_key root, parent, key;
    uint64_t pos, page_bytes;
    uint32_t tokens, model_n, label_n, zero;
    uint64_t sum, head_sum;
    char zeros[16];
};
_Static_assert(sizeof(struct head) == 128, "the head's fixed part is 128 bytes");
_Static_assert(sizeof(struct head) + PREFIX_BLOCK_TOKENS * sizeof(int32_t) + PREFIX_MODEL_BYTES +
                       PREFIX_LABEL_BYTES <=
                   PREFIX_BLOCK_DATA,
               "a head fits before the pages");

/* ------------------------------------------------------------------ keys */

bool prefix_key_equal(const struct prefix_key *a, const struct prefix_key *b)
{
    return !memcmp(a, b, sizeof *a);
}

static struct prefix_key finish(struct sha256_ctx *c)
{
    struct prefix_key key;
    sha256_digest(c, sizeof key.b, key.b);
    return key;
}

struct prefix_key prefix_key_of(const void *bytes, size_t n)
{
    struct sha256_ctx c;
    sha256_init(&c);
    sha256_update(&c, n, bytes);
    return finish(&c);
}

struct prefix_key prefix_key_next(const struct prefix_key *parent, const int32_t *ids, size_t n)
{
    struct sha256_ctx c;
    sha256_init(&c);
    sha256_update(&c, sizeof parent->b, parent->b);
    sha256_update(&c, n * sizeof *ids, (const uint8_t *)ids);
    return finish(&c);
}

/* ------------------------------------------------------------------ the file */

static size_t pages_of(size_t tokens)
{
    return (tokens + KV_PAGE - 1) / KV_PAGE;
}

size_t prefix_block_pages(const struct prefix_block *b)
{
    return pages_of(b->tokens);
}

size_t prefix_block_bytes(const struct prefix_block *b)
{
    return PREFIX_BLOCK_DATA + prefix_block_pages(b) * b->page_bytes;
}

/* Of the whole head, its own place counted as zero. */
static uint64_t head_sum(const char head[PREFIX_BLOCK_DATA])
{
    char copy[PREFIX_BLOCK_DATA];
    memcpy(copy, head, sizeof copy);
    memset(copy + offsetof(struct head, head_sum), 0, sizeof(uint64_t));
    return XXH3_64bits(copy, sizeof copy);
}

void prefix_block_head(const struct prefix_block *b, char head[PREFIX_BLOCK_DATA])
{
    struct head h = {.version = PREFIX_VERSION,
                     .data = PREFIX_BLOCK_DATA,
                     .root = b->root,
                     .parent = b->parent,
                     .key = b->key,
                     .pos = b->pos,
                     .page_bytes = b->page_bytes,
                     .tokens = (uint32_t)b->tokens,
                     .model_n = (uint32_t)b->model.n,
                     .label_n = (uint32_t)b->label.n,
                     .sum = b->sum};
    memcpy(h.magic, magic, sizeof magic);
    memset(head, 0, PREFIX_BLOCK_DATA);
    char *p = head + sizeof h;
    memcpy(p, b->ids, b->tokens * sizeof *b->ids);
    p += b->tokens * sizeof *b->ids;
    if (b->model.n) memcpy(p, b->model.s, b->model.n);
    if (b->label.n) memcpy(p + b->model.n, b->label.s, b->label.n);
    memcpy(head, &h, sizeof h);
    h.head_sum = head_sum(head);
    memcpy(head, &h, sizeof h);
}

/* The numbers of a head that its checksum vouches for, and that must make sense all the same. */
static enum err check_numbers(const struct head *h, size_t file_bytes, const char *name,
                              struct errinfo *e)
{
    uint64_t bytes;
    if (h->data != PREFIX_BLOCK_DATA || h->zero || h->pos % PREFIX_BLOCK_TOKENS ||
        h->pos > (uint64_t)1 << 40 || h->page_bytes == 0 || h->page_bytes % 64 ||
        h->model_n > PREFIX_MODEL_BYTES || h->label_n > PREFIX_LABEL_BYTES)
        return err_set(e, E_FORMAT, "%s: a field of the head is out of range", name);
    if (h->tokens == 0 || h->tokens > PREFIX_BLOCK_TOKENS)
        return err_set(e, E_FORMAT, "%s: %u tokens, expected 1 to %d", name, h->tokens,
                       PREFIX_BLOCK_TOKENS);
    if (__builtin_mul_overflow((uint64_t)pages_of(h->tokens), h->page_bytes, &bytes) ||
        __builtin_add_overflow(bytes, (uint64_t)PREFIX_BLOCK_DATA, &bytes) || bytes != file_bytes)
        return err_set(e, E_FORMAT, "%s: %zu bytes, not what %u tokens of %llu bytes a page take",
                       name, file_bytes, h->tokens, (unsigned long long)h->page_bytes);
    return OK;
}

enum err prefix_block_parse(struct prefix_block *b, const char *head, size_t n, size_t file_bytes,
                            const char *name, struct errinfo *e)
{
    struct head h;
    *b = (struct prefix_block){0};
    if (n < PREFIX_BLOCK_DATA)
        return err_set(e, E_FORMAT, "%s: truncated: %zu bytes, a head has %d", name, n,
                       PREFIX_BLOCK_DATA);
    memcpy(&h, head, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic))
        return err_set(e, E_FORMAT, "%s: not a block of the prefix cache", name);
    if (h.version != PREFIX_VERSION)
        return err_set(e, E_FORMAT, "%s: version %u, expected %d", name, h.version, PREFIX_VERSION);
    if (h.head_sum != head_sum(head))
        return err_set(e, E_FORMAT, "%s: the head's checksum does not match", name);
    TRY(check_numbers(&h, file_bytes, name, e));
    const char *text = head + sizeof h + h.tokens * sizeof(int32_t);
    *b = (struct prefix_block){.root = h.root,
                               .parent = h.parent,
                               .key = h.key,
                               .pos = h.pos,
                               .tokens = h.tokens,
                               .page_bytes = (size_t)h.page_bytes,
                               .ids = (const int32_t *)(const void *)(head + sizeof h),
                               .model = {text, h.model_n},
                               .label = {text + h.model_n, h.label_n},
                               .sum = h.sum};
    struct prefix_key key = prefix_key_next(&h.parent, b->ids, b->tokens);
    if (!prefix_key_equal(&key, &h.key))
        return err_set(e, E_FORMAT, "%s: the key is not that of its tokens", name);
    if (utf8_check(b->model.s, b->model.n) != b->model.n ||
        utf8_check(b->label.s, b->label.n) != b->label.n)
        return err_set(e, E_FORMAT, "%s: model and label must be UTF-8", name);
    return OK;
}

bool prefix_block_intact(const struct prefix_block *b, const char *file)
{
    return XXH3_64bits(file + PREFIX_BLOCK_DATA, prefix_block_pages(b) * b->page_bytes) == b->sum;
}
