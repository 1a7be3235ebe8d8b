#include "engine/bpe.h"

#include <assert.h>
#include <string.h>

#define SHORT 64
#define NO_RANK UINT32_MAX
#define NONE UINT32_MAX

void bpe_init(struct bpe *b, struct arena *a, size_t n_merges)
{
    size_t cap = 16;
    while (cap < 2 * n_merges) cap *= 2;
    b->merges = NEW(a, struct bpe_merge, cap);
    b->mask = cap - 1;
    memset(b->merges, 0xff, cap * sizeof *b->merges);
    for (size_t i = 0; i < 256; i++) b->byte_id[i] = -1;
}

static inline struct bpe_merge *find(const struct bpe *b, int32_t left, int32_t right)
{
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    uint64_t h = key * 0x9e3779b97f4a7c15ull;
    size_t i = (size_t)(h >> 32) & b->mask;
    while (b->merges[i].key != key && b->merges[i].key != UINT64_MAX) i = (i + 1) & b->mask;
    return &b->merges[i];
}

void bpe_add(struct bpe *b, int32_t left, int32_t right, uint32_t rank, int32_t id)
{
    *find(b, left, right) =
        (struct bpe_merge){(uint64_t)(uint32_t)left << 32 | (uint32_t)right, rank, id};
}

/* An empty slot holds rank NO_RANK, as everything in it is 0xff. */
static inline uint32_t rank_of(const struct bpe *b, int32_t left, int32_t right)
{
    return find(b, left, right)->rank;
}

/* ------------------------------------------------------------------ short pieces */

static void encode_short(const struct bpe *b, const char *s, size_t n, struct tokens *out)
{
    int32_t id[SHORT];
    uint32_t rank[SHORT]; /* of the pair (k, k+1) */
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t byte = b->byte_id[(unsigned char)s[i]];
        if (byte >= 0) id[m++] = byte;
    }
    for (size_t k = 0; k + 1 < m; k++) rank[k] = rank_of(b, id[k], id[k + 1]);
    while (m > 1) {
        size_t best = 0;
        for (size_t k = 1; k + 1 < m; k++)
            if (rank[k] < rank[best]) best = k;
        if (rank[best] == NO_RANK) break;
        id[best] = find(b, id[best], id[best + 1])->id;
        m--;
        memmove(id + best + 1, id + best + 2, (m - best - 1) * sizeof *id);
        memmove(rank + best, rank + best + 1, (m - best - 1) * sizeof *rank);
        if (best + 1 < m) rank[best] = rank_of(b, id[best], id[best + 1]);
        if (best > 0) rank[best - 1] = rank_of(b, id[best - 1], id[best]);
    }
    tokens_append(out, id, m);
}

/* ------------------------------------------------------------------ long pieces
 *
 * The symbols are a doubly linked list; candidates wait in a heap ordered by rank, then position.
 * An entry is out of date when its pair is gone: ranks are unique, so comparing the rank of what
 * stands at its position now tells. */

struct list {
    int32_t *id; /* -1: merged away */
    uint32_t *prev, *next;
    uint64_t *heap; /* rank << 32 | position */
    size_t n_heap;
};

static void heap_push(struct list *l, uint64_t x)
{
    size_t i = l->n_heap++;
    for (; i > 0 && l->heap[(i - 1) / 2] > x; i = (i - 1) / 2) l->heap[i] = l->heap[(i - 1) / 2];
    l->heap[i] = x;
}

static void heap_sift(struct list *l, size_t i)
{
    uint64_t x = l->heap[i];
    for (size_t c; (c = 2 * i + 1) < l->n_heap; i = c) {
        if (c + 1 < l->n_heap && l->heap[c + 1] < l->heap[c]) c++;
        if (l->heap[c] >= x) break;
        l->heap[i] = l->heap[c];
    }
    l->heap[i] = x;
}

static uint64_t heap_pop(struct list *l)
{
    uint64_t top = l->heap[0];
    l->heap[0] = l->heap[--l->n_heap];
    if (l->n_heap) heap_sift(l, 0);
    return top;
}

static uint32_t rank_at(const struct bpe *b, const struct list *l, uint32_t i)
{
    return l->id[i] < 0 || l->next[i] == NONE ? NO_RANK
                                              : rank_of(b, l->id[i], l->id[l->next[i]]);
}

static void offer(const struct bpe *b, struct list *l, uint32_t i)
{
    uint32_t rank = rank_at(b, l, i);
    if (rank != NO_RANK) heap_push(l, (uint64_t)rank << 32 | i);
}

static void merge_all(const struct bpe *b, struct list *l)
{
    while (l->n_heap) {
        uint64_t top = heap_pop(l);
        uint32_t i = (uint32_t)top;
        if (rank_at(b, l, i) != top >> 32) continue;
        uint32_t r = l->next[i];
        l->id[i] = find(b, l->id[i], l->id[r])->id;
        l->id[r] = -1;
        l->next[i] = l->next[r];
        if (l->next[i] != NONE) l->prev[l->next[i]] = i;
        offer(b, l, i);
        if (l->prev[i] != NONE) offer(b, l, l->prev[i]);
    }
}

static void encode_long(const struct bpe *b, const char *s, size_t n, struct tokens *out)
{
    struct list l = {.id = mem_grow(NULL, n, sizeof *l.id),
                     .prev = mem_grow(NULL, n, sizeof *l.prev),
                     .next = mem_grow(NULL, n, sizeof *l.next),
                     .heap = mem_grow(NULL, 2 * n, sizeof *l.heap)};
    uint32_t m = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t byte = b->byte_id[(unsigned char)s[i]];
        if (byte < 0) continue;
        l.id[m] = byte;
        l.prev[m] = m ? m - 1 : NONE;
        l.next[m] = m + 1;
        m++;
    }
    if (m) l.next[m - 1] = NONE;
    for (uint32_t i = 0; i < m; i++) { /* as found, then made a heap in O(n) */
        uint32_t rank = rank_at(b, &l, i);
        if (rank != NO_RANK) l.heap[l.n_heap++] = (uint64_t)rank << 32 | i;
    }
    for (size_t i = l.n_heap / 2; i-- > 0;) heap_sift(&l, i);
    merge_all(b, &l);
    for (uint32_t i = m ? 0 : NONE; i != NONE; i = l.next[i]) tokens_add(out, l.id[i]);
    mem_free(l.id);
    mem_free(l.prev);
    mem_free(l.next);
    mem_free(l.heap);
}

void bpe_encode(const struct bpe *b, const char *s, size_t n, struct tokens *out)
{
    assert(n < UINT32_MAX);
    if (n <= SHORT)
        encode_short(b, s, n, out);
    else
        encode_long(b, s, n, out);
}
