/* indexer.c: the lightning indexer's exact top-k without a score matrix.
 *
 * For a few queries at a time, pages of keys stream by: scores of 64 keys (indexer.inc), then a
 * filter against each query's threshold, the K-th best so far.  What passes joins a list of at
 * most K + ROOM candidates; a full list is cut to its K best by a binary search on
 * order-preserving bits, which raises the threshold.  A later score equal to the threshold has K
 * better-or-equal ones at lower positions, so `>` loses nothing.  Lists stay sorted by position,
 * so ties and the ascending output cost nothing.  The result is the exact top-k of a total order
 * (score, then lower position): it cannot depend on blocks, slices or threads.
 *
 * Memory 8 (K + ROOM) bytes per query in flight, whatever S.  With fewer queries than threads,
 * threads share a query by slices of the pages, and the lists are joined. */
#include <math.h>
#include <string.h>

#include "engine/cpu/cpu.h"

#define MAX_SLICES 64 /* of one query */
#define QUERIES 24 /* in flight per thread: a multiple of every tile's */

struct list {
    float *score;   /* [cap] */
    int32_t *pos;   /* [cap] */
    uint32_t *key;  /* [cap] scratch of cut */
    size_t n;
    float limit;    /* valid once full */
    bool full;      /* has been cut: only scores above limit can matter */
};

struct job {
    struct device *d;
    const struct index_args *a;
    size_t cap, slices, queries;           /* queries per unit */
    size_t keys_bytes, list_bytes, unit_bytes; /* sizes in scratch */
    size_t first;                          /* first query that needs scores */
};

/* Order-preserving bits of a float; -0 counts as +0. */
static uint32_t order_bits(float f)
{
    uint32_t u;
    f += 0.0f;
    memcpy(&u, &f, sizeof u);
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}

/* Keeps the K best of the list, in their order. */
static void cut(const struct device *d, struct list *l, size_t K)
{
    if (l->n <= K) return;
    for (size_t i = 0; i < l->n; i++) l->key[i] = order_bits(l->score[i]);
    uint32_t v = 0; /* the largest value that at least K keys reach: the K-th best */
    for (uint32_t bit = 0x80000000u; bit; bit >>= 1)
        if (d->k.count_ge(l->key, l->n, v | bit) >= K) v |= bit;
    size_t above = v == UINT32_MAX ? 0 : d->k.count_ge(l->key, l->n, v + 1), ties = K - above;
    size_t out = 0;
    for (size_t i = 0; i < l->n; i++) {
        bool keep = l->key[i] > v || (l->key[i] == v && ties > 0);
        if (!keep) continue;
        if (l->key[i] == v) {
            ties--;
            l->limit = l->score[i];
        }
        l->score[out] = l->score[i];
        l->pos[out++] = l->pos[i];
    }
    l->n = out;
    l->full = true;
}

static void take(const struct job *j, struct list *l, const float *score, uint64_t mask,
                 size_t pos)
{
    while (mask) {
        int i = __builtin_ctzll(mask);
        mask &= mask - 1;
        l->score[l->n] = score[i] == score[i] ? score[i] : -INFINITY; /* NaN is no reason */
        l->pos[l->n++] = (int32_t)(pos + (size_t)i);
    }
    if (l->n + KV_PAGE > j->cap) cut(j->d, l, (size_t)j->a->K);
}

static struct list list_at(const struct job *j, char *base, size_t i)
{
    char *p = base + i * j->list_bytes;
    return (struct list){.score = (float *)p,
                         .pos = (int32_t *)(p + j->cap * 4),
                         .key = (uint32_t *)(p + j->cap * 8)};
}

/* Queries [t0, t0 + n) against pages [page0, page1); lists in `lists`. */
static void scan(const struct job *j, struct list *lists, float *keys, size_t t0, size_t n,
                 size_t page0, size_t page1)
{
    const struct index_args *a = j->a;
    const struct cpu_kernels *k = &j->d->k;
    float *score = keys + (size_t)a->C * KV_PAGE;
    size_t width = (size_t)a->J * (size_t)a->C;
    struct index_tile tile = {.keys = keys, .q = a->q + t0 * width,
                              .w = a->w + t0 * (size_t)a->J, .score = score,
                              .queries = n, .J = a->J, .C = a->C};
    for (size_t p = page0; p < page1; p++) {
        k->columns(keys, (const char *)a->kv.pages[p] + a->kv.index_offset, a->kv.type,
                   (size_t)a->C, a->C);
        k->index_score(&tile);
        for (size_t i = 0; i < n; i++) {
            size_t last = a->pos0 + t0 + i, pos = p * KV_PAGE; /* last visible position */
            if (last < pos) continue;
            uint64_t mask = last - pos >= KV_PAGE - 1 ? ~0ull : (1ull << (last - pos + 1)) - 1;
            const float *row = score + i * KV_PAGE;
            if (lists[i].full) mask &= k->above(row, lists[i].limit);
            if (mask) take(j, &lists[i], row, mask, pos);
        }
    }
}

static void emit(const struct job *j, struct list *l, size_t t)
{
    size_t K = (size_t)j->a->K;
    int32_t *sel = j->a->sel + t * K;
    cut(j->d, l, K);
    for (size_t i = 0; i < K; i++) sel[i] = i < l->n ? l->pos[i] : -1;
}

/* Everything visible is chosen: no scores needed. */
static void choose_all(const struct index_args *a, size_t t)
{
    size_t K = (size_t)a->K, visible = a->pos0 + t + 1;
    for (size_t i = 0; i < K; i++) a->sel[t * K + i] = i < visible ? (int32_t)i : -1;
}

static void whole_queries(const struct job *j, char *mine, size_t t0)
{
    struct list lists[QUERIES];
    size_t n = cpu_min(j->queries, j->a->T - t0);
    size_t pages = (j->a->pos0 + t0 + n - 1) / KV_PAGE + 1;
    char *base = mine + j->unit_bytes - QUERIES * j->list_bytes;
    for (size_t i = 0; i < n; i++) lists[i] = list_at(j, base, i);
    scan(j, lists, (float *)mine, t0, n, 0, pages);
    for (size_t i = 0; i < n; i++) emit(j, &lists[i], t0 + i);
}

struct slices {
    const struct job *j;
    char *local;
    struct list *part;
    size_t t, pages;
};

static void slice_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct slices *all = ctx;
    const struct job *j = all->j;
    (void)worker; /* a slice has its own memory: it outlives the range */
    for (size_t s = first; s < last; s++) {
        char *mine = all->local + s * j->unit_bytes;
        all->part[s] = list_at(j, mine + j->unit_bytes - QUERIES * j->list_bytes, 0);
        scan(j, &all->part[s], (float *)mine, all->t, 1, all->pages * s / j->slices,
             all->pages * (s + 1) / j->slices);
        cut(j->d, &all->part[s], (size_t)j->a->K);
    }
}

/* One query, its pages divided among `slices` units; each unit leaves its K best. */
static void sliced_query(const struct job *j, char *local, size_t t)
{
    size_t pages = (j->a->pos0 + t) / KV_PAGE + 1, S = j->slices;
    struct list part[MAX_SLICES];
    struct slices all = {j, local, part, t, pages};
    par_for(j->d->pool, S, 1, slice_range, &all);
    for (size_t s = 1; s < S; s++) { /* joined in order of position; cap holds 2 K */
        struct list *l = &part[0];
        memcpy(l->score + l->n, part[s].score, part[s].n * sizeof *l->score);
        memcpy(l->pos + l->n, part[s].pos, part[s].n * sizeof *l->pos);
        l->n += part[s].n;
        cut(j->d, l, (size_t)j->a->K);
    }
    emit(j, &part[0], t);
}

static void queries_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct slices *all = ctx;
    const struct job *j = all->j;
    for (size_t u = first; u < last; u++)
        whole_queries(j, all->local + (size_t)worker * j->unit_bytes, j->first + u * j->queries);
}

void cpu_index_select(struct device *d, const struct index_args *a)
{
    size_t K = (size_t)a->K, threads = (size_t)d->threads;
    struct job j = {.d = d, .a = a};
    j.first = a->pos0 >= K ? 0 : cpu_min(K - a->pos0, a->T);
    for (size_t t = 0; t < j.first; t++) choose_all(a, t);
    size_t left = a->T - j.first;
    if (left == 0) return;
    j.cap = cpu_round_up(2 * K + 4 * KV_PAGE, 16);
    j.list_bytes = j.cap * 12;
    j.keys_bytes = (size_t)a->C * KV_PAGE * sizeof(float);
    j.unit_bytes = cpu_round_up(j.keys_bytes + QUERIES * KV_PAGE * sizeof(float) +
                                QUERIES * j.list_bytes, CPU_ALIGN);
    char *local = cpu_reserve_local(d, j.unit_bytes);
    if (!local) return;
    if (left < threads) {
        j.slices = cpu_min(threads, MAX_SLICES);
        for (size_t t = j.first; t < a->T; t++) sliced_query(&j, local, t);
        return;
    }
    j.queries = cpu_min(QUERIES, (left + threads - 1) / threads);
    size_t units = (left + j.queries - 1) / j.queries;
    struct slices all = {.j = &j, .local = local};
    par_for(d->pool, units, 1, queries_range, &all);
}
