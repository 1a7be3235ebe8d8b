#include "engine/kv.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

/* Blocks within a page begin on a cache line, as the backend's memory does. */
#define ALIGN 64

struct kv_page {
    void *memory;
    size_t bytes; /* as laid out when it was taken: session_fit can lay out the next ones anew */
    struct kv_source *source; /* whose bytes they are; NULL: the device's own */
    int users;                /* atomic */
};

/* ------------------------------------------------------------------ layout */

static size_t block_bytes(enum kv_type type, int R, int P)
{
    size_t bytes = KV_PAGE * kv_row_bytes(type, R, P);
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

void kv_layout_init(struct kv_layout *l, const struct config *c, enum kv_type type,
                    enum kv_type index_type, enum attention attention)
{
    *l = (struct kv_layout){.type = type, .index_type = index_type, .width = c->R + c->P, .index_width = c->C};
    if (attention == ATTEND_EXPANDED) l->width = config_expanded_width(c);
    for (int i = 0; i < c->L; i++) {
        l->latent_offset[i] = l->page_bytes;
        l->page_bytes += block_bytes(type, l->width - c->P, c->P);
        if (attention != ATTEND_CHOSEN || !c->full[i]) continue;
        l->index_offset[i] = l->page_bytes;
        l->page_bytes += block_bytes(index_type, l->index_width, 0);
    }
}

static size_t pages_for(size_t tokens)
{
    return (tokens + KV_PAGE - 1) / KV_PAGE;
}

size_t kv_layout_bytes(const struct kv_layout *l, size_t tokens)
{
    return pages_for(tokens) * l->page_bytes;
}

/* ------------------------------------------------------------------ pages */

static struct kv_page *page_new(struct kv *kv)
{
    size_t bytes = kv->layout->page_bytes;
    void *memory = kv->b->alloc(kv->d, bytes);
    if (!memory) return NULL;
    struct kv_page *p = mem_alloc(1, sizeof *p);
    *p = (struct kv_page){.memory = memory, .bytes = bytes, .users = 1};
    return p;
}

static void page_drop(struct kv *kv, struct kv_page *p)
{
    if (__atomic_sub_fetch(&p->users, 1, __ATOMIC_ACQ_REL) > 0) return;
    if (p->source)
        kv_source_drop(p->source);
    else
        kv->b->release(kv->d, p->memory, p->bytes);
    mem_free(p);
}

static bool is_shared(const struct kv_page *p)
{
    return __atomic_load_n(&p->users, __ATOMIC_ACQUIRE) > 1;
}

static void set_page(struct kv *kv, size_t i, struct kv_page *p)
{
    kv->page[i] = p;
    kv->memory[i] = p->memory;
}

static void push_page(struct kv *kv, struct kv_page *p)
{
    if (kv->n_pages == kv->cap) {
        kv->cap = kv->cap ? 2 * kv->cap : 16;
        kv->page = mem_grow(kv->page, kv->cap, sizeof *kv->page);
        kv->memory = mem_grow(kv->memory, kv->cap, sizeof *kv->memory);
    }
    set_page(kv, kv->n_pages++, p);
}

static enum err no_memory(const struct kv *kv, struct errinfo *e)
{
    return err_set(e, E_LIMIT, "no memory for the state of more than %zu tokens (%zu MB)",
                   kv->n_pages * KV_PAGE, kv->n_pages * kv->layout->page_bytes >> 20);
}

/* A page of our own with the same bytes.  Bytes are copied as floats, whatever they mean. */
static enum err own_page(struct kv *kv, size_t i, struct errinfo *e)
{
    if (!is_shared(kv->page[i])) return OK;
    struct kv_page *fresh = page_new(kv);
    if (!fresh) return no_memory(kv, e);
    size_t rows = kv->layout->page_bytes / ALIGN;
    int width = ALIGN / (int)sizeof(float);
    kv->b->copy_rows(kv->d, fresh->memory, (size_t)width, kv->page[i]->memory, (size_t)width, rows,
                     width);
    page_drop(kv, kv->page[i]);
    set_page(kv, i, fresh);
    return OK;
}

/* ------------------------------------------------------------------ one timeline */

void kv_init(struct kv *kv, const struct kv_layout *l, const struct backend *b, struct device *d)
{
    *kv = (struct kv){.layout = l, .b = b, .d = d};
}

static void truncate_pages(struct kv *kv, size_t n)
{
    while (kv->n_pages > n) page_drop(kv, kv->page[--kv->n_pages]);
}

void kv_free(struct kv *kv)
{
    truncate_pages(kv, 0);
    mem_free(kv->page);
    mem_free(kv->memory);
    *kv = (struct kv){0};
}

enum err kv_reserve(struct kv *kv, size_t more, struct errinfo *e)
{
    size_t need = pages_for(kv->n + more);
    for (size_t i = kv->n / KV_PAGE; i < need && i < kv->n_pages; i++) TRY(own_page(kv, i, e));
    while (kv->n_pages < need) {
        struct kv_page *p = page_new(kv);
        if (!p) return no_memory(kv, e);
        push_page(kv, p);
    }
    return OK;
}

void kv_advance(struct kv *kv, size_t more)
{
    kv->n += more;
    assert(kv->n <= kv->n_pages * KV_PAGE);
}

void kv_rewind(struct kv *kv, size_t n)
{
    if (n < kv->n) kv->n = n;
}

void kv_share(struct kv *to, const struct kv *from, size_t n)
{
    assert(n <= from->n && to->layout == from->layout && to->d == from->d && to != from);
    truncate_pages(to, 0);
    for (size_t i = 0; i < pages_for(n); i++) {
        __atomic_add_fetch(&from->page[i]->users, 1, __ATOMIC_ACQ_REL);
        push_page(to, from->page[i]);
    }
    to->n = n;
}

/* ------------------------------------------------------------------ pages from files */

void kv_source_drop(struct kv_source *s)
{
    if (!s || __atomic_sub_fetch(&s->users, 1, __ATOMIC_ACQ_REL) > 0) return;
    sys_unmap(&s->map);
    mem_free(s);
}

/* One page with the bytes at p, which belong to the source. */
static struct kv_page *page_from(struct kv *kv, struct kv_source *source, const char *p)
{
    if (!kv->b->host_memory) {
        struct kv_page *copy = page_new(kv);
        if (copy) kv->b->upload(kv->d, copy->memory, p, kv->layout->page_bytes);
        return copy;
    }
    struct kv_page *page = mem_alloc(1, sizeof *page);
    *page = (struct kv_page){(void *)(uintptr_t)p, kv->layout->page_bytes, source, 1};
    __atomic_add_fetch(&source->users, 1, __ATOMIC_ACQ_REL);
    return page;
}

enum err kv_put(struct kv *kv, size_t at, size_t tokens, struct kv_source *source, size_t offset,
                struct errinfo *e)
{
    size_t bytes = kv->layout->page_bytes, n = pages_for(tokens);
    assert(at % KV_PAGE == 0 && at <= kv->n && offset % ALIGN == 0);
    assert(offset <= source->map.n && n <= (source->map.n - offset) / bytes);
    truncate_pages(kv, at / KV_PAGE);
    kv->n = at;
    for (size_t i = 0; i < n; i++) {
        struct kv_page *p = page_from(kv, source, source->map.p + offset + i * bytes);
        if (!p) return no_memory(kv, e);
        push_page(kv, p);
    }
    kv->n = at + tokens;
    return OK;
}

/* Rows of a block of n bytes from `row` on. */
static void clear_block(char *block, size_t n, size_t row, enum kv_type type)
{
    size_t scales = type == KV_E4M3 ? n - KV_PAGE : n; /* a byte a row, behind all rows */
    size_t used = scales / KV_PAGE * row;
    memset(block + used, 0, scales - used);
    if (scales < n) memset(block + scales + row, 0, KV_PAGE - row);
}

/* Rows of each block from `row` on: blocks follow one another and hold KV_PAGE rows each. */
static void clear_rows(const struct kv_layout *l, char *page, size_t row)
{
    size_t start = 0;
    for (size_t i = 0; start < l->page_bytes; i++) {
        size_t next = i + 1 < CONFIG_MAX_LAYERS ? l->latent_offset[i + 1] : 0;
        size_t ends[2] = {l->index_offset[i], next ? next : l->page_bytes};
        for (int k = 0; k < 2; k++) {
            if (ends[k] <= start) continue;
            clear_block(page + start, ends[k] - start, row, k && l->index_offset[i] ? l->index_type : l->type);
            start = ends[k];
        }
    }
}

const void *kv_page_bytes(const struct kv *kv, size_t i, void *copy)
{
    assert(i < pages_for(kv->n));
    bool whole = (i + 1) * KV_PAGE <= kv->n;
    if (whole && kv->b->host_memory) return kv->memory[i];
    kv->b->download(kv->d, copy, kv->memory[i], kv->layout->page_bytes);
    if (!whole) clear_rows(kv->layout, copy, kv->n % KV_PAGE);
    return copy;
}

struct kv_view kv_view(const struct kv *kv, int layer)
{
    return (struct kv_view){kv->memory, kv->layout->latent_offset[layer],
                            kv->layout->index_offset[layer], kv->layout->type,
                            kv->layout->index_type};
}
