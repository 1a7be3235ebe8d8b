/* indexer.c: the lightning indexer's exact top-k without a score matrix.
 *
 * For a few queries at a time, pages of keys stream by: scores of 64 keys (indexer.inc), then a
 * filter against each query's threshold, the least of the best so far.  What passes joins a list of at
 * most 2 K + 256 candidates; a full list is cut to its K best, or up to a quarter more where that is
 * found sooner, which raises the threshold.  A later score equal to the threshold has K better-or-equal
 * ones at lower positions, so `>` loses nothing.  Lists stay sorted by position, so ties and the
 * ascending output cost nothing.  The result is the exact top-k of a total order (score, then lower
 * position): it cannot depend on blocks, slices or threads.
 *
 * Queries that have neighbours in their sequence begin with a threshold that about K and a half of all
 * scores reach, in all likelihood: it is taken from one key in 16 or fewer.  A list that ends with fewer
 * than K begins again without it.  Of 12,080 queries in a text (chunks up to 8,192 tokens, nine layers) none
 * did.  Neighbours in a text score alike, so the sample is of single keys, one of each 16 that follow one
 * another: with one page in 17 as the sample 11 % of the queries between 4,400 and 7,168 tokens began again.
 *
 * Cost  keys in 8 bits, one Zen 3 core, a text: 3.3 ns a score at 2,000 tokens, 2.3 at 8,000, 2.1 at 27,000; its
 * products (indexer.inc) are half, two thirds and four fifths of that.  The guess spares most candidates and all
 * cuts but the last.
 *
 * Tried and dropped: cuts that go on with the scores left in range, moved together: 6 to 8 rounds over a
 * last list of 850 take no longer than that.  48 or 24 queries in flight: 2 and 15 % slower.
 * The ends of the lists asked for before a page is scored (all lists in flight exceed L2): no difference; rows of a
 * sample asked for 16 ahead and its scores copied instead of packed: 2 % slower.
 *
 * Memory 8 (2 K + 256) bytes per list in flight, whatever S.  With fewer queries than threads,
 * threads share a query by slices of the pages, and the lists are joined. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "engine/cpu/cpu.h"
#include "engine/scratch.h"

#define MAX_SLICES 64 /* of one query */
#define QUERIES 96 /* in flight per thread, at most; a multiple of TILE */
#define TILE 6     /* and so is a unit: of every tile's queries */
#define BLOCK (4 * TILE) /* queries whose scores of a page stay in L1 */
#define SAMPLE_STEP 16   /* of so many keys one is in a sample, or fewer */
#define SAMPLE_SHARED (2 * TILE) /* queries that make one worth its keys' loading */

struct list {
    float *score;   /* [cap] */
    int32_t *pos;   /* [cap] */
    size_t n;
    float limit;    /* valid once full */
    bool full;      /* only scores above limit can matter: it has been cut, or ... */
    bool guessed;   /* ... they are likely to be K: limit is that of a sample */
};

/* Queries are numbered through all parts. */
struct job {
    struct device *d;
    const struct index_args *a;            /* of the first part, where all queries begin */
    struct cpu_parts parts;
    struct cpu_parts runs;                 /* queries that need scores, as runs that follow ... */
    size_t run_first[PARTS_MOST];          /* ... one another: where each begins */
    size_t cap, slices, queries;           /* queries per unit */
    size_t list_bytes, unit_bytes;         /* sizes in scratch */
};

/* A query's sequence, and the last position that it sees. */
struct place {
    void *const *pages;
    size_t last;
};

static struct place place_of(const struct job *j, size_t t)
{
    size_t i = cpu_part_of(&j->parts, t);
    return (struct place){j->a[i].kv.pages, j->a[i].pos0 + t - j->parts.first[i]};
}

/* Numbers without a sign in the order of floats; -0 counts as +0. */
static uint32_t order_of(float f)
{
    uint32_t u;
    f += 0.0f;
    memcpy(&u, &f, sizeof u);
    return u ^ ((uint32_t)((int32_t)u >> 31) | 0x80000000u);
}

static float float_of(uint32_t order)
{
    uint32_t u = order ^ ((uint32_t)((int32_t)~order >> 31) | 0x80000000u);
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* A score that at least K and, if there is one, at most `most` of the list's reach; *reach_it: how many
 * do.  The first guess is for scores that thin out as e^-x; then by proportion, and every third time by
 * halves of the bits.  Limits move to scores that there are, so many equal ones are soon found out. */
static float bar_of(const struct device *d, const struct list *l, size_t K, size_t most,
                    size_t *reach_it)
{
    struct spread s = d->k.spread(l->score, l->n);
    float guess = s.least + (s.mean - s.least) * logf(2 * (float)l->n / (float)(K + most));
    uint32_t low = order_of(s.least), high = order_of(s.most); /* both are scores: it is one of these or between */
    size_t reach_low = l->n, above_high = 0;
    uint32_t at = guess > s.least && guess < s.most ? order_of(guess) : low + (high - low + 1) / 2;
    for (int i = 1; reach_low > most && low < high; i++) {
        struct split cut = d->k.split(l->score, l->n, float_of(at));
        if (cut.n >= K) {
            low = order_of(cut.above);
            reach_low = cut.n;
        } else {
            high = order_of(cut.below);
            above_high = cut.n;
        }
        double part = i % 3 ? (double)(2 * reach_low - K - most) / (double)(2 * (reach_low - above_high)) : 0.5;
        uint32_t step = (uint32_t)((double)(high - low) * part);
        at = low + (step < 1 ? 1 : step);
    }
    *reach_it = reach_low;
    return float_of(low);
}

/* Keeps the K best of a list of which too many are equal to the least of these: the first ones.  What
 * comes next after infinity is NaN, which no score reaches. */
static void keep_first(const struct device *d, struct list *l, size_t K, float bar)
{
    float next = float_of(order_of(bar) + 1);
    size_t ties = K - d->k.split(l->score, l->n, next).n, i = 0;
    for (; i < l->n && ties; i++) ties -= l->score[i] == bar;
    size_t first = d->k.keep(l->score, l->pos, i, bar), more = d->k.keep(l->score + i, l->pos + i, l->n - i, next);
    memmove(l->score + first, l->score + i, more * sizeof *l->score);
    memmove(l->pos + first, l->pos + i, more * sizeof *l->pos);
    l->n = first + more;
}

/* Keeps the best of the list, at least K and at most `most` of them, in their order. */
static void cut(const struct device *d, struct list *l, size_t K, size_t most)
{
    if (l->n <= most) return;
    size_t reach_it;
    l->limit = bar_of(d, l, K, most, &reach_it);
    l->full = true;
    l->guessed = false;
    if (reach_it > most) keep_first(d, l, K, l->limit);
    else l->n = d->k.keep(l->score, l->pos, l->n, l->limit);
}

static void take(const struct job *j, struct list *l, const float *score, uint64_t mask,
                 size_t pos)
{
    size_t K = (size_t)j->a->K;
    l->n += j->d->k.take(l->score + l->n, l->pos + l->n, score, mask, pos);
    if (l->n + KV_PAGE > j->cap) cut(j->d, l, K, K + K / 4);
}

static struct list list_at(const struct job *j, char *base, size_t i)
{
    char *p = base + i * j->list_bytes;
    return (struct list){.score = (float *)p,
                         .pos = (int32_t *)(p + j->cap * 4)};
}

/* One thread's memory. */
struct unit {
    void *keys;       /* of one page, as the kernel reads them */
    float *key_scale; /* [KV_PAGE] */
    int8_t *q;        /* [QUERIES][J][C, up to a quad], with keys in 8 bits */
    int32_t *bias;    /* [QUERIES][J] */
    uint64_t *crowded; /* [QUERIES][J] */
    float *w;         /* [QUERIES][J], times the step of q */
    float *score;     /* [BLOCK][KV_PAGE] */
    char *rows;       /* [KV_PAGE] rows of a sample */
    char *lists;
    size_t t0;        /* the query that q, bias and w begin with */
};

static size_t key_bytes(const struct index_args *a)
{
    return kv_row_bytes(a->kv.index_type, a->C, 0);
}

/* Lays a unit out from `base` (NULL: measures only); returns its bytes. */
static size_t lay_out(const struct job *j, struct unit *u, char *base)
{
    struct scratch s = {base, 0};
    size_t J = (size_t)j->a->J, C = cpu_round_up((size_t)j->a->C, 4);
    u->keys = scratch_take(&s, C, KV_PAGE, sizeof(float));
    u->key_scale = scratch_take(&s, 1, KV_PAGE, sizeof(float));
    u->q = scratch_take(&s, QUERIES * J, C, 1);
    u->bias = scratch_take(&s, QUERIES, J, sizeof(int32_t));
    u->crowded = scratch_take(&s, QUERIES, J, sizeof(uint64_t));
    u->w = scratch_take(&s, QUERIES, J, sizeof(float));
    u->score = scratch_take(&s, BLOCK, KV_PAGE, sizeof(float));
    u->rows = scratch_take(&s, KV_PAGE, key_bytes(j->a), 1);
    u->lists = scratch_take(&s, QUERIES, j->list_bytes, 1);
    return s.used;
}

static struct unit unit_at(const struct job *j, char *local, size_t i)
{
    struct unit u;
    lay_out(j, &u, local + i * j->unit_bytes);
    return u;
}

/* Queries in 7 bits.  (Measured on 4,000 tokens of text: with keys in 8 bits 98.97% of the rows that
 * f32 chooses are chosen, with exact queries 99.26%, with e4m3 keys 97.5%.) */
static void round_queries(const struct job *j, struct unit *u, size_t t0, size_t n)
{
    const struct index_args *a = j->a;
    u->t0 = t0;
    if (a->kv.index_type != KV_INT8) return;
    size_t C = (size_t)a->C, padded = cpu_round_up(C, 4), rows = n * (size_t)a->J;
    for (size_t i = 0; i < rows; i++) {
        size_t row = t0 * (size_t)a->J + i;
        int8_t *q = u->q + i * padded;
        u->w[i] = a->w[row] * j->d->k.to_int8(q, a->q + row * C, C, 63);
        for (size_t c = C; c < padded; c++) q[c] = 0;
        int32_t sum = 0;
        for (size_t c = 0; c < C; c++) sum += q[c];
        u->bias[i] = -128 * sum;
        if (j->d->k.crowded) u->crowded[i] = j->d->k.crowded(q, padded);
    }
}

static const char *keys_of(const struct job *j, const void *page)
{
    return page ? (const char *)page + j->a->kv.index_offset : NULL;
}

/* KV_PAGE rows as the kernel reads them; `next`: those to come, or NULL. */
static void load_keys(const struct job *j, const struct unit *u, const char *keys, const char *next)
{
    const struct index_args *a = j->a;
    if (a->kv.index_type != KV_INT8) {
        j->d->k.columns(u->keys, keys, a->kv.index_type, (size_t)a->C, a->C, next);
        return;
    }
    size_t stride = key_bytes(a), scale = kv_scales_at(a->C);
    j->d->k.quads(u->keys, (const int8_t *)keys, stride, a->C, next);
    for (size_t s = 0; s < KV_PAGE; s++)
        memcpy(&u->key_scale[s], keys + s * stride + scale, sizeof(float));
}

/* The keys at hand against k queries from t on. */
static void score_keys(const struct job *j, const struct unit *u, size_t t, size_t k, const float *limit,
                       uint64_t *above)
{
    const struct index_args *a = j->a;
    size_t J = (size_t)a->J, C = (size_t)a->C, i = t - u->t0;
    struct index_tile tile = {.keys = u->keys, .key_scale = u->key_scale, .limit = limit,
                              .score = u->score, .above = above, .queries = k, .J = a->J, .C = a->C};
    if (a->kv.index_type == KV_INT8) {
        tile.q = u->q + i * J * cpu_round_up(C, 4);
        tile.w = u->w + i * J;
        tile.bias = u->bias + i * J;
        tile.crowded = u->crowded + i * J;
        j->d->k.index_score_int8(&tile);
    } else {
        tile.q = a->q + t * J * C;
        tile.w = a->w + t * J;
        j->d->k.index_score(&tile);
    }
}

/* How many of n queries see the page that the first one has at number p.  Sequences that share a
 * prefix have its pages in common: their queries then meet its keys together. */
static size_t readers(const struct place *at, size_t n, size_t p)
{
    size_t k = 1;
    while (k < n && at[k].last / KV_PAGE >= p && at[k].pages[p] == at->pages[p]) k++;
    return k;
}

/* What k queries see of a page, and passes their thresholds, joins their lists. */
static void filter(const struct job *j, struct list *lists, const struct place *at, size_t k,
                   const float *score, const uint64_t *above, float *limit, size_t page)
{
    size_t pos = page * KV_PAGE;
    for (size_t i = 0; i < k; i++) {
        size_t more = at[i].last - pos; /* of the page's keys, behind its first one */
        uint64_t mask = more >= KV_PAGE - 1 ? ~0ull : (1ull << (more + 1)) - 1;
        if (lists[i].full) mask &= above[i];
        if (!mask) continue;
        take(j, &lists[i], score + i * KV_PAGE, mask, pos);
        limit[i] = lists[i].limit;
    }
}

/* Queries [t0, t0 + n), which are rounded, against pages [page0, page1). */
static void scan(const struct job *j, struct list *lists, const struct unit *u, size_t t0, size_t n,
                 size_t page0, size_t page1)
{
    struct place at[QUERIES];
    float limit[QUERIES]; /* of lists; looked at once they are full */
    uint64_t above[QUERIES];
    for (size_t i = 0; i < n; i++) {
        at[i] = place_of(j, t0 + i);
        limit[i] = lists[i].limit;
    }
    for (size_t p = page0; p < page1; p++) {
        const void *loaded = NULL;
        for (size_t i = 0, k; i < n; i += k) {
            k = 1;
            if (at[i].last / KV_PAGE < p) continue;
            k = readers(at + i, cpu_min(n - i, BLOCK), p);
            const void *page = at[i].pages[p];
            bool more = p + 1 < page1 && at[i].last / KV_PAGE > p;
            if (page != loaded) load_keys(j, u, keys_of(j, page), keys_of(j, more ? at[i].pages[p + 1] : NULL));
            loaded = page;
            score_keys(j, u, t0 + i, k, limit + i, above);
            filter(j, lists + i, at + i, k, u->score, above, limit + i, p);
        }
    }
}

/* The keys that a sample takes: one of each `step`, at a place that no period of a text meets. */
struct sample {
    size_t n, step; /* n 0: none is taken */
    size_t rank;    /* a score that so many of them reach is one that K of all do, in all likelihood */
};

static struct sample sample_of(const struct job *j, size_t visible)
{
    struct sample s = {.step = SAMPLE_STEP};
    while (visible / s.step > j->cap - KV_PAGE) s.step *= 2;
    double expected = (double)j->a->K / (double)s.step;
    s.rank = (size_t)(expected + 3 * sqrt(expected)) + 2;
    if (visible >= j->cap && 2 * s.rank <= visible / s.step) s.n = visible / s.step;
    return s;
}

static size_t sample_pos(const struct sample *s, size_t i)
{
    return i * s->step + ((uint32_t)i * 2654435761u >> 16) % s->step;
}

/* Sampled keys from number i on, up to KV_PAGE of them; how many. */
static size_t load_sample(const struct job *j, const struct unit *u, const struct sample *s, size_t i,
                          void *const *pages)
{
    size_t bytes = key_bytes(j->a), n = cpu_min(KV_PAGE, s->n - i);
    for (size_t k = 0; k < n; k++) {
        size_t pos = sample_pos(s, i + k);
        memcpy(u->rows + k * bytes, keys_of(j, pages[pos / KV_PAGE]) + pos % KV_PAGE * bytes, bytes);
    }
    memset(u->rows + n * bytes, 0, (KV_PAGE - n) * bytes);
    load_keys(j, u, u->rows, NULL);
    return n;
}

/* Limits of n queries of one sequence, whose first one sees the sample.  Their lists, which are empty,
 * hold the sample's scores meanwhile. */
static void guess_limits(const struct job *j, struct list *lists, const struct unit *u, size_t t0,
                         size_t n, const struct sample *s)
{
    static const float none[BLOCK];
    uint64_t above[BLOCK];
    void *const *pages = place_of(j, t0).pages;
    for (size_t i = 0; i < s->n; i += KV_PAGE) {
        size_t m = load_sample(j, u, s, i, pages);
        uint64_t mask = ~0ull >> (KV_PAGE - m);
        for (size_t q = 0, k; q < n; q += k) {
            k = cpu_min(n - q, BLOCK);
            score_keys(j, u, t0 + q, k, none, above);
            for (struct list *l = lists + q; l < lists + q + k; l++)
                l->n += j->d->k.take(l->score + l->n, l->pos + l->n, u->score + (size_t)(l - lists - q) * KV_PAGE,
                                     mask, 0);
        }
    }
    for (struct list *l = lists; l < lists + n; l++) {
        size_t reach_it;
        float bar = bar_of(j->d, l, s->rank, s->rank + s->rank / 8, &reach_it);
        l->n = 0; /* none of this is a candidate */
        if (bar == -INFINITY) continue;
        l->limit = nextafterf(bar, -INFINITY); /* what equals the bar is above it */
        l->full = l->guessed = true;
    }
}

/* Guesses for all of n queries that have neighbours enough in their sequence to share a sample with. */
static void guess(const struct job *j, struct list *lists, const struct unit *u, size_t t0, size_t n)
{
    for (size_t i = 0, k; i < n; i += k) {
        struct place first = place_of(j, t0 + i);
        for (k = 1; i + k < n && place_of(j, t0 + i + k).pages == first.pages; k++) continue;
        struct sample s = sample_of(j, first.last + 1);
        if (k >= SAMPLE_SHARED && s.n) guess_limits(j, lists + i, u, t0 + i, k, &s);
    }
}

static void emit(const struct job *j, struct list *l, size_t t)
{
    size_t K = (size_t)j->a->K;
    int32_t *sel = j->a->sel + t * K;
    cut(j->d, l, K, K);
    memcpy(sel, l->pos, l->n * sizeof *sel);
    for (size_t i = l->n; i < K; i++) sel[i] = -1;
}

/* Everything visible is chosen: no scores needed. */
static void choose_all(const struct job *j, size_t t)
{
    size_t K = (size_t)j->a->K, visible = place_of(j, t).last + 1;
    for (size_t i = 0; i < K; i++) j->a->sel[t * K + i] = i < visible ? (int32_t)i : -1;
}

/* Queries that found fewer than K scores above a guess begin again without one. */
static void repeat(const struct job *j, struct list *lists, const struct unit *mine, size_t t0, size_t n,
                   size_t pages)
{
    size_t K = (size_t)j->a->K;
    for (size_t i = 0, k; i < n; i += k ? k : 1) {
        for (k = 0; i + k < n && lists[i + k].guessed && lists[i + k].n < K; k++)
            lists[i + k] = list_at(j, mine->lists, i + k);
        if (k) scan(j, lists + i, mine, t0 + i, k, 0, pages);
    }
}

static void whole_queries(const struct job *j, struct unit *mine, size_t t0, size_t n)
{
    struct list lists[QUERIES];
    size_t pages = 0;
    for (size_t i = 0; i < n; i++) {
        size_t sees = place_of(j, t0 + i).last / KV_PAGE + 1;
        if (sees > pages) pages = sees;
        lists[i] = list_at(j, mine->lists, i);
    }
    round_queries(j, mine, t0, n);
    guess(j, lists, mine, t0, n);
    scan(j, lists, mine, t0, n, 0, pages);
    repeat(j, lists, mine, t0, n, pages);
    for (size_t i = 0; i < n; i++) emit(j, &lists[i], t0 + i);
}

struct slices {
    const struct job *j;
    char *local;
    struct list *part;
    size_t t, pages;
    struct cpu_parts units; /* of each run, for queries_range */
};

static void slice_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct slices *all = ctx;
    const struct job *j = all->j;
    (void)worker; /* a slice has its own memory: it outlives the range */
    for (size_t s = first; s < last; s++) {
        struct unit mine = unit_at(j, all->local, s);
        all->part[s] = list_at(j, mine.lists, 0);
        round_queries(j, &mine, all->t, 1);
        scan(j, &all->part[s], &mine, all->t, 1, all->pages * s / j->slices,
             all->pages * (s + 1) / j->slices);
        cut(j->d, &all->part[s], (size_t)j->a->K, (size_t)j->a->K);
    }
}

/* One query, its pages divided among `slices` units; each unit leaves its K best. */
static void sliced_query(const struct job *j, char *local, size_t t)
{
    size_t pages = place_of(j, t).last / KV_PAGE + 1, S = j->slices;
    struct list part[MAX_SLICES];
    struct slices all = {.j = j, .local = local, .part = part, .t = t, .pages = pages};
    par_for(j->d->pool, S, 1, slice_range, &all);
    for (size_t s = 1; s < S; s++) { /* joined in order of position; cap holds 2 K */
        struct list *l = &part[0];
        assert(l->n + part[s].n <= j->cap);
        memcpy(l->score + l->n, part[s].score, part[s].n * sizeof *l->score);
        memcpy(l->pos + l->n, part[s].pos, part[s].n * sizeof *l->pos);
        l->n += part[s].n;
        cut(j->d, l, (size_t)j->a->K, (size_t)j->a->K);
    }
    emit(j, &part[0], t);
}

/* Units of up to j->queries queries of one run. */
static void queries_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct slices *all = ctx;
    const struct job *j = all->j;
    struct unit mine = unit_at(j, all->local, (size_t)worker);
    for (size_t u = first; u < last; u++) {
        size_t run = cpu_part_of(&all->units, u), before = (u - all->units.first[run]) * j->queries;
        size_t left = j->runs.first[run + 1] - j->runs.first[run] - before;
        whole_queries(j, &mine, j->run_first[run] + before, cpu_min(j->queries, left));
    }
}

/* The first queries of a part see no more than K positions; those behind them need scores. */
static void find_runs(struct job *j)
{
    size_t K = (size_t)j->a->K;
    for (size_t i = 0; i < j->parts.n; i++) {
        const struct index_args *a = &j->a[i];
        size_t first = a->pos0 >= K ? 0 : cpu_min(K - a->pos0, a->T), at = j->parts.first[i];
        size_t n = j->runs.n;
        for (size_t t = 0; t < first; t++) choose_all(j, at + t);
        if (first == a->T) continue;
        bool goes_on = n && !first && j->run_first[n - 1] + j->runs.first[n] - j->runs.first[n - 1] == at;
        if (goes_on) {
            j->runs.first[n] += a->T;
        } else {
            j->run_first[n] = at + first;
            cpu_parts_add(&j->runs, a->T - first);
        }
    }
}

/* Few queries: the threads share each. */
static void sliced_queries(struct job *j, char *local)
{
    j->slices = cpu_min((size_t)j->d->threads, MAX_SLICES);
    for (size_t run = 0; run < j->runs.n; run++)
        for (size_t i = 0; i < j->runs.first[run + 1] - j->runs.first[run]; i++)
            sliced_query(j, local, j->run_first[run] + i);
}

void cpu_index_select(struct device *d, const struct index_args *a, size_t n)
{
    size_t threads = (size_t)d->threads;
    struct job j = {.d = d, .a = a};
    if (!n) return;
    for (size_t i = 0; i < n; i++) cpu_parts_add(&j.parts, a[i].T);
    find_runs(&j);
    size_t left = j.runs.first[j.runs.n];
    if (left == 0) return;
    j.cap = cpu_round_up(2 * (size_t)a->K + 4 * KV_PAGE, KV_PAGE);
    j.list_bytes = j.cap * 8;
    struct unit measured;
    j.unit_bytes = lay_out(&j, &measured, NULL);
    char *local = cpu_reserve_local(d, j.unit_bytes);
    if (!local) return;
    if (left < threads) {
        sliced_queries(&j, local);
        return;
    }
    /* As many units for each thread, or the last ones keep some waiting. */
    size_t units = (left + threads * QUERIES - 1) / (threads * QUERIES) * threads;
    j.queries = cpu_min(QUERIES, left >= TILE * units ? cpu_round_up((left + units - 1) / units, TILE)
                                                      : (left + units - 1) / units);
    struct slices all = {.j = &j, .local = local};
    for (size_t i = 0; i < j.runs.n; i++)
        cpu_parts_add(&all.units, (j.runs.first[i + 1] - j.runs.first[i] + j.queries - 1) / j.queries);
    par_for(d->pool, all.units.first[j.runs.n], 1, queries_range, &all);
}
