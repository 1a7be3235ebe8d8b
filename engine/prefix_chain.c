#include "engine/prefix_chain.h"

#include <string.h>

#include "base/mem.h"
#include "base/par.h"

#define BLOCK       ((size_t)PREFIX_BLOCK_TOKENS)
#define BLOCK_PAGES (BLOCK / KV_PAGE)
#define SECOND      ((int64_t)1000000000)

/* ------------------------------------------------------------------ beginning and end */

void prefix_chain_open(struct prefix_chain *c, const struct prefix_options *o, const char *model,
                       int threads)
{
    *c = (struct prefix_chain){.o = o, .model = str_of(model), .threads = threads};
    if (c->model.n > PREFIX_MODEL_BYTES) c->model.n = 0;
    c->keys = mem_alloc(1, sizeof *c->keys);
    c->n_keys = c->cap_keys = 1;
    c->usable = prefix_store_open(&c->store, o->dir, o->max_bytes, &c->notice) == OK;
    c->writable = c->usable && !o->no_store;
}

void prefix_chain_close(struct prefix_chain *c)
{
    prefix_store_close(&c->store);
    mem_free(c->keys);
    *c = (struct prefix_chain){0};
}

void prefix_chain_set_label(struct prefix_chain *c, const char *label)
{
    size_t n = strlen(label), at = 0;
    uint32_t cp;
    if (n >= sizeof c->label) n = sizeof c->label - 1;
    while (at < n) { /* no character in half, nothing ill-formed */
        size_t k = utf8_next(label + at, n - at, &cp);
        if (cp == 0xfffd) break;
        at += k;
    }
    memcpy(c->label, label, at);
    c->label[at] = '\0';
}

void prefix_chain_begin(struct prefix_chain *c, struct prefix_key root, const int32_t *ids,
                        size_t n)
{
    size_t blocks = n / BLOCK, same = 0;
    if (!prefix_key_equal(&root, &c->keys[0])) c->known = 0;
    c->keys[0] = root;
    c->ids = ids;
    c->n = n;
    c->searched = 0;
    c->used = c->full = false;
    if (c->usable && prefix_store_retry(&c->store, &c->notice)) c->usable = c->writable = false;
    c->store.since = prefix_store_now() - SECOND; /* touch() is a little early */
    if (blocks + 1 > c->cap_keys)
        c->keys = mem_grow(c->keys, c->cap_keys = blocks + 1, sizeof *c->keys);
    for (size_t i = 0; i < blocks; i++) {
        struct prefix_key key = prefix_key_next(&c->keys[i], ids + i * BLOCK, BLOCK);
        if (same == i && i + 1 < c->n_keys && prefix_key_equal(&key, &c->keys[i + 1])) same++;
        c->keys[i + 1] = key;
    }
    c->n_keys = blocks + 1;
    if (c->known > same) c->known = same;
}

/* Notes a use of a block at about `now`.  A block counts as used before those that it follows, so
 * that it is evicted before them. */
static void touch(struct prefix_chain *c, size_t block, const struct prefix_key *key, int64_t now)
{
    prefix_store_touch(&c->store, &c->keys[block], key, now - (int64_t)block * 1000);
}

/* ------------------------------------------------------------------ loading */

/* A block to be put into the kv. */
struct found {
    struct prefix_file file;
    size_t use; /* of its tokens */
    bool intact;
};

struct finds {
    struct found *v;
    size_t n, cap;
};

static void add_found(struct finds *f, const struct prefix_file *file, size_t use)
{
    if (f->n == f->cap) f->v = mem_grow(f->v, f->cap = 2 * f->cap + 16, sizeof *f->v);
    f->v[f->n++] = (struct found){*file, use, false};
}

static size_t common(const int32_t *a, const int32_t *b, size_t n)
{
    size_t i = 0;
    while (i < n && a[i] == b[i]) i++;
    return i;
}

/* A block at its place: what its name cannot say is checked too. */
static bool get(struct prefix_chain *c, const struct kv *kv, size_t block,
                const struct prefix_key *key, struct prefix_file *f)
{
    const struct prefix_key *parent = &c->keys[block];
    if (!prefix_store_get(&c->store, parent, key, f, &c->notice)) return false;
    if (prefix_key_equal(&f->block.root, &c->keys[0]) && f->block.pos == block * BLOCK &&
        f->block.page_bytes == kv->layout->page_bytes)
        return true;
    sys_unmap(&f->map);
    prefix_store_remove(&c->store, parent, key);
    err_set(&c->notice, E_FORMAT, "%s: a block of another model or place was removed",
            c->store.dir);
    return false;
}

/* Of the blocks that follow block - 1, the one that shares most with the prompt; false: none shares
 * more than `most`, which is set. */
static bool best_child(struct prefix_chain *c, const struct kv *kv, size_t block, size_t *most,
                       struct prefix_file *best)
{
    struct prefix_key *keys;
    const int32_t *ids = c->ids + block * BLOCK;
    size_t n = prefix_store_children(&c->store, &c->keys[block], &keys);
    size_t left = c->n - block * BLOCK;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        struct prefix_file f;
        if (!get(c, kv, block, &keys[i], &f)) continue;
        size_t tokens = f.block.tokens < left ? f.block.tokens : left;
        size_t same = common(f.block.ids, ids, tokens);
        if (same > *most) {
            if (any) sys_unmap(&best->map);
            *best = f;
            *most = same;
            any = true;
        } else {
            sys_unmap(&f.map);
        }
    }
    mem_free(keys);
    return any;
}

/* The blocks from the one that token `have` lies in. */
static void find(struct prefix_chain *c, const struct kv *kv, size_t have, struct finds *found)
{
    size_t limit = c->n - 1, i = have / BLOCK;
    struct prefix_file f;
    for (; (i + 1) * BLOCK <= c->n; i++) {
        if (!get(c, kv, i, &c->keys[i + 1], &f)) break;
        add_found(found, &f, (i + 1) * BLOCK <= limit ? BLOCK : limit - i * BLOCK);
    }
    if (i < c->searched || i * BLOCK >= limit) return;
    c->searched = i + 1;
    size_t most = KV_PAGE - 1 + (i == have / BLOCK ? have % BLOCK : 0);
    if (!best_child(c, kv, i, &most, &f)) return;
    add_found(found, &f, most < limit - i * BLOCK ? most : limit - i * BLOCK);
}

static void verify(void *ctx, size_t first, size_t last, int worker)
{
    struct finds *f = ctx;
    (void)worker;
    for (size_t i = first; i < last; i++)
        f->v[i].intact = prefix_block_intact(&f->v[i].file.block, f->v[i].file.map.p);
}

static void verify_all(struct prefix_chain *c, struct finds *f)
{
    struct par *p = NULL;
    if (f->n > 1 && c->threads > 1 && par_open(&p, c->threads, NULL) == OK) {
        par_for(p, f->n, 1, verify, f);
        par_close(p);
    } else {
        verify(f, 0, f->n, 0);
    }
}

/* One block into the kv; the mapping is the kv's then. */
static bool put(struct prefix_chain *c, struct kv *kv, struct found *f)
{
    const struct prefix_block *b = &f->file.block;
    size_t block = b->pos / BLOCK;
    if (!f->intact) {
        prefix_store_remove(&c->store, &b->parent, &b->key);
        err_set(&c->notice, E_FORMAT, "%s: a damaged block was removed", c->store.dir);
        return false;
    }
    struct kv_source *s = mem_alloc(1, sizeof *s);
    *s = (struct kv_source){f->file.map, 1};
    enum err r = kv_put(kv, b->pos, f->use, s, PREFIX_BLOCK_DATA, NULL);
    if (!r) touch(c, block, &b->key, prefix_store_now());
    if (!r && b->tokens == BLOCK && c->known == block && f->use == BLOCK) c->known++;
    f->file.map = (struct mapping){0};
    kv_source_drop(s);
    return r == OK;
}

size_t prefix_chain_load(struct prefix_chain *c, struct kv *kv)
{
    size_t have = kv->n, i = 0;
    struct finds f = {0};
    if (!c->usable || c->o->mode == PREFIX_REFRESH || c->n - 1 < have + KV_PAGE) return have;
    find(c, kv, have, &f);
    verify_all(c, &f);
    while (i < f.n && put(c, kv, &f.v[i])) i++;
    if (i < f.n) c->searched = 0; /* what was found is given up with a damaged block before it */
    for (; i < f.n; i++) sys_unmap(&f.v[i].file.map);
    mem_free(f.v);
    if (kv->n > have) {
        c->loaded += kv->n - have;
        c->used = true;
    }
    return kv->n;
}

enum err prefix_chain_allows(const struct prefix_chain *c, size_t left, struct errinfo *e)
{
    if (c->o->mode != PREFIX_ONLY || left <= PREFIX_FLOOR) return OK;
    return err_set(e, E_LIMIT, "%zu of %zu tokens are not in the cache, and --cache only allows %d",
                   left, c->n, PREFIX_FLOOR);
}

/* ------------------------------------------------------------------ storing */

static void write_block(struct prefix_chain *c, const struct kv *kv, size_t block, size_t tokens)
{
    const void *pages[BLOCK_PAGES];
    size_t page = kv->layout->page_bytes, n = (tokens + KV_PAGE - 1) / KV_PAGE;
    char *copy = mem_alloc(n, page); /* stays untouched where the pages lie in host memory */
    struct prefix_block b = {.root = c->keys[0],
                             .parent = c->keys[block],
                             .pos = block * BLOCK,
                             .tokens = tokens,
                             .page_bytes = page,
                             .ids = c->ids + block * BLOCK,
                             .model = c->model,
                             .label = str_of(c->label)};
    b.key = prefix_key_next(&b.parent, b.ids, tokens);
    for (size_t i = 0; i < n; i++)
        pages[i] = kv_page_bytes(kv, block * BLOCK_PAGES + i, copy + i * page);
    struct errinfo e = {0};
    enum err r = prefix_store_put(&c->store, &b, pages, &e);
    if (r)
        err_set(&c->notice, r, "%s", e.msg);
    else
        c->stored += tokens;
    if (r == E_LIMIT)
        c->full = true; /* what is in use now may not be so at the next prompt */
    else if (r)
        c->writable = false;
    c->used = true;
    mem_free(copy);
}

void prefix_chain_store(struct prefix_chain *c, const struct kv *kv)
{
    size_t whole = (kv->n < c->n ? kv->n : c->n) / BLOCK;
    for (; c->writable && !c->full && c->known < whole; c->known++) {
        const struct prefix_key *parent = &c->keys[c->known];
        if (c->o->mode != PREFIX_REFRESH && prefix_store_has(&c->store, parent, parent + 1))
            continue;
        write_block(c, kv, c->known, BLOCK);
    }
}

/* What stands behind the last whole block, unless nearly all of it is stored: a question's few
 * tokens behind the documents are not worth a file. */
static void store_rest(struct prefix_chain *c, const struct kv *kv)
{
    size_t block = c->n / BLOCK, tokens = c->n % BLOCK, most = 0;
    struct prefix_file f;
    if (tokens < KV_PAGE || !c->writable || c->full || c->known < block || kv->n < c->n) return;
    if (c->o->mode != PREFIX_REFRESH && best_child(c, kv, block, &most, &f)) sys_unmap(&f.map);
    if (tokens >= most + KV_PAGE) write_block(c, kv, block, tokens);
}

void prefix_chain_end(struct prefix_chain *c, const struct kv *kv)
{
    store_rest(c, kv);
    int64_t now = prefix_store_now();
    for (size_t i = 0; c->used && i < c->known; i++) touch(c, i, &c->keys[i + 1], now);
    c->ids = NULL;
}

/* ------------------------------------------------------------------ asking */

size_t prefix_chain_count(struct prefix_chain *c, struct prefix_key root, const int32_t *ids,
                          size_t n)
{
    size_t i = 0;
    if (!c->usable || n < PREFIX_FLOOR) return 0;
    prefix_chain_begin(c, root, ids, n);
    while (i + 1 < c->n_keys && prefix_store_has(&c->store, &c->keys[i], &c->keys[i + 1])) i++;
    c->ids = NULL;
    return i * BLOCK;
}
