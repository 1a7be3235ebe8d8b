/* mla.c: absorbed attention: which rows, which heads, which thread.  The tiles are in mla.inc,
 * mla_int8.inc and mla_amx.inc.
 *
 * A task is one query and a tile of 8 of its heads (9 where that ends them); its rows come 64 at a
 * time, in the order of their positions, chosen or all: when every visible row is chosen, sparse
 * and dense are the same computation.  SLICE rows have a softmax of their own, joined to that of
 * the slices before: with few tasks the threads divide them by slices, and the bits are the same.
 * So do several sequences: eight of them took 71 ms for what four took 32 ms for, each with its own
 * thread, as 2,048 rows are more than L2 holds.
 *
 * Rows are read where they lie; work 2*H*(2R+P) flop per row.  Neighbouring queries choose 76% of
 * their rows alike, queries eight apart 66% (deepread-150m, measured): those stay in L2, as rows of
 * 8 bits in any case; to copy them together first would save conversions, a twentieth of the
 * work, and cost more. */
#include <math.h>
#include <string.h>

#include "engine/cpu/cpu.h"
#include "engine/scratch.h"

#define SLICE (4 * MLA_BLOCK) /* rows with a softmax of their own */
#define SLICES_MOST 512       /* of many tasks: what they leave stays in L3 */

/* What a slice leaves, or several joined. */
struct state {
    float *max, *sum; /* [MLA_PAD] */
    float *out;       /* [MLA_HEADS][R] */
};

/* One thread's memory. */
struct local {
    void *query;
    float *logit, *fix, *row_scale, *step;
    int32_t *pair;
    struct state slice, joined;
};

static struct state take_state(struct scratch *s, int R)
{
    struct state x;
    x.max = scratch_take(s, 1, MLA_PAD, sizeof(float));
    x.sum = scratch_take(s, 1, MLA_PAD, sizeof(float));
    x.out = scratch_take(s, MLA_HEADS, (size_t)R, sizeof(float));
    return x;
}

/* Bytes of a query that goes over tiles and of what a block needs there; 0: it does not. */
static size_t tiles_bytes(const struct device *d, const struct mla_args *a)
{
    return d->k.mla_tiles.bytes ? d->k.mla_tiles.bytes(a->R, a->P, a->kv.type) : 0;
}

static size_t query_bytes(const struct device *d, const struct mla_args *a)
{
    size_t tiles = tiles_bytes(d, a);
    if (tiles) return tiles;
    return a->kv.type == KV_INT8 ? d->k.mla_query_bytes_int8(a->R, a->P)
                                 : d->k.mla_query_bytes(a->R + a->P, a->kv.type);
}

/* Lays it out from `base` (NULL: measures only); returns its bytes. */
static size_t lay_out(const struct device *d, const struct mla_args *a, struct local *l, char *base)
{
    struct scratch s = {base, 0};
    size_t f = sizeof(float);
    l->query = scratch_take(&s, 1, query_bytes(d, a), 1);
    l->logit = scratch_take(&s, MLA_BLOCK, MLA_PAD, f);
    l->fix = scratch_take(&s, 1, MLA_PAD, f);
    l->step = scratch_take(&s, 1, MLA_PAD, f);
    l->row_scale = scratch_take(&s, kv_scales(a->R), MLA_BLOCK, f);
    l->pair = scratch_take(&s, MLA_HEADS, MLA_BLOCK / 2, sizeof(int32_t));
    l->slice = take_state(&s, a->R);
    l->joined = take_state(&s, a->R);
    return s.used;
}

/* One query, of the rows of all parts, and some of its heads. */
struct task {
    size_t t;
    int h0, heads;
    void *const *pages; /* of its sequence */
    const int32_t *sel; /* NULL: all rows */
    size_t rows;        /* at most: those chosen may end earlier */
};

/* Fills row with the rows of the query from `first` on, NULL behind them; returns how many. */
static int next_rows(const void **row, const struct mla_args *a, const struct task *k, size_t first)
{
    size_t bytes = kv_row_bytes(a->kv.type, a->R, a->P);
    int n = 0;
    while (n < MLA_BLOCK && first + (size_t)n < k->rows) {
        size_t pos = first + (size_t)n;
        if (k->sel) {
            if (k->sel[pos] < 0) break;
            pos = (size_t)k->sel[pos];
        }
        row[n++] = (const char *)k->pages[pos / KV_PAGE] + a->kv.latent_offset +
                   pos % KV_PAGE * bytes;
    }
    for (int i = n; i < MLA_BLOCK; i++) row[i] = NULL;
    return n;
}

static struct mla_tile make_tile(const struct mla_args *a, const struct local *l, int heads)
{
    struct mla_tile tile = {
        .q = l->query, .logit = l->logit, .fix = l->fix, .row_scale = l->row_scale,
        .pair = l->pair, .step = l->step, .heads = heads > 8 ? 9 : 8, .R = a->R,
        .width = a->R + a->P, .type = a->kv.type,
    };
    memset(tile.logit, 0, MLA_BLOCK * MLA_PAD * sizeof(float));
    return tile;
}

/* Eights of heads, and a nine where that leaves none over. */
static size_t tiles_of(int H)
{
    return (size_t)(H - (H % 8 == 1 && H > 8) + 7) / 8;
}

/* Ready for the task's rows from `at` on. */
static struct mla_tile start_task(const struct device *d, const struct mla_args *a,
                                  const struct local *l, const struct task *k, size_t at)
{
    struct mla_tile tile = make_tile(a, l, k->heads);
    const float *q = a->q + (k->t * (size_t)a->H + (size_t)k->h0) * (size_t)tile.width;
    float factor = a->scale * 1.44269504f;
    tile.tiles = tiles_bytes(d, a) > 0;
    if (tile.tiles)
        d->k.mla_tiles.query(&tile, q, k->heads, factor);
    else if (a->kv.type == KV_INT8)
        d->k.mla_query_int8(&tile, q, k->heads, factor);
    else
        d->k.mla_query(tile.q, q, k->heads, tile.heads, tile.width, factor, a->kv.type);
    tile.coming = next_rows(tile.next, a, k, at);
    tile.cold = true;
    return tile;
}

static void attend_block(const struct cpu_kernels *k, const struct mla_tile *tile)
{
    if (tile->tiles) {
        k->mla_tiles.block(tile);
    } else if (tile->type == KV_INT8) {
        k->mla_logits_int8(tile);
        k->mla_softmax_int8(tile);
        k->mla_values_int8(tile);
    } else {
        k->mla_logits(tile);
        k->mla_softmax(tile);
        k->mla_values(tile);
    }
}

static void take_part(struct mla_tile *tile, const struct state *s)
{
    tile->max = s->max;
    tile->sum = s->sum;
    tile->out = s->out;
}

/* Rows [at, end) of a task, into `s`. */
static void attend_slice(const struct device *d, const struct mla_args *a, const struct task *k,
                         struct mla_tile *tile, const struct state *s, size_t at, size_t end)
{
    take_part(tile, s);
    for (int i = 0; i < MLA_PAD; i++) {
        s->max[i] = -INFINITY;
        s->sum[i] = 0;
    }
    memset(s->out, 0, (size_t)a->R * MLA_HEADS * sizeof(float));
    if (tile->tiles) d->k.mla_tiles.begin();
    while (at < end && tile->coming > 0) {
        tile->n = tile->coming;
        memcpy(tile->row, tile->next, sizeof tile->row);
        at += (size_t)tile->n;
        tile->coming = next_rows(tile->next, a, k, at);
        attend_block(&d->k, tile);
        tile->cold = false;
    }
    if (tile->tiles) d->k.mla_tiles.end();
}

static void finish_task(const struct device *d, const struct mla_args *a, const struct task *k,
                        struct mla_tile *tile, const struct state *s)
{
    take_part(tile, s);
    float *out = a->out + (k->t * (size_t)a->H + (size_t)k->h0) * (size_t)a->R;
    if (tiles_bytes(d, a)) d->k.mla_tiles.finish(out, tile, k->heads);
    else d->k.mla_finish(out, tile, k->heads);
}

struct attention {
    struct device *d;
    const struct mla_args *a;  /* of the first part, where all rows begin */
    struct cpu_parts parts;
    char *memory, *states;
    size_t bytes, state_bytes; /* of one thread, of one slice */
    size_t tasks, slices;      /* slices of the longest task; shorter ones leave the last ones empty */
};

static struct task task_at(const struct attention *all, size_t i)
{
    const struct mla_args *a = all->a;
    size_t tiles = tiles_of(a->H), t = i / tiles, part = cpu_part_of(&all->parts, t);
    size_t visible = a[part].pos0 + t - all->parts.first[part] + 1, K = (size_t)a->K;
    struct task k = {.t = t, .h0 = (int)(i % tiles) * 8, .pages = a[part].kv.pages};
    k.heads = i % tiles + 1 == tiles ? a->H - k.h0 : 8;
    k.sel = a->sel ? a->sel + t * K : NULL;
    k.rows = a->sel ? cpu_min(K, visible) : visible;
    return k;
}

static struct local local_of(const struct attention *all, int worker)
{
    struct local l;
    lay_out(all->d, all->a, &l, all->memory + (size_t)worker * all->bytes);
    return l;
}

/* Whole tasks. */
static void tasks_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct attention *all = ctx;
    struct local l = local_of(all, worker);
    for (size_t i = first; i < last; i++) {
        struct task k = task_at(all, i);
        struct mla_tile tile = start_task(all->d, all->a, &l, &k, 0);
        for (size_t at = 0; at < k.rows; at += SLICE) {
            attend_slice(all->d, all->a, &k, &tile, at ? &l.slice : &l.joined, at,
                         cpu_min(at + SLICE, k.rows));
            if (at) all->d->k.mla_join(&tile, l.joined.max, l.joined.sum, l.joined.out);
        }
        finish_task(all->d, all->a, &k, &tile, &l.joined);
    }
}

static struct state state_at(const struct attention *all, size_t i)
{
    struct scratch s = {all->states + i * all->state_bytes, 0};
    return take_state(&s, all->a->R);
}

/* Slices of tasks, each into a state of its own.  The first slices of all tasks come first: sequences
 * that share a prefix choose much the same rows of it, which then come from near by. */
static void slices_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct attention *all = ctx;
    struct local l = local_of(all, worker);
    for (size_t i = first; i < last; i++) {
        size_t task = i % all->tasks, slice = i / all->tasks, at = slice * SLICE;
        struct task k = task_at(all, task);
        if (at >= k.rows) continue;
        k.rows = cpu_min(at + SLICE, k.rows);
        struct mla_tile tile = start_task(all->d, all->a, &l, &k, at);
        struct state s = state_at(all, task * all->slices + slice);
        attend_slice(all->d, all->a, &k, &tile, &s, at, k.rows);
    }
}

static void join_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct attention *all = ctx;
    struct local l = local_of(all, worker);
    for (size_t i = first; i < last; i++) {
        struct task k = task_at(all, i);
        struct mla_tile tile = make_tile(all->a, &l, k.heads);
        struct state joined = state_at(all, i * all->slices);
        for (size_t s = 1; s * SLICE < k.rows; s++) {
            struct state next = state_at(all, i * all->slices + s);
            tile.max = next.max;
            tile.sum = next.sum;
            tile.out = next.out;
            all->d->k.mla_join(&tile, joined.max, joined.sum, joined.out);
        }
        finish_task(all->d, all->a, &k, &tile, &joined);
    }
}

/* Rows that a query attends to, at most. */
static size_t most_rows(const struct mla_args *a, size_t n)
{
    size_t most = 0;
    if (n && a->sel) return (size_t)a->K;
    for (size_t i = 0; i < n; i++)
        if (a[i].pos0 + a[i].T > most) most = a[i].pos0 + a[i].T;
    return most;
}

void cpu_mla_attend(struct device *d, const struct mla_args *a, size_t n)
{
    struct local measured;
    struct scratch state = {0};
    struct attention all = {.d = d, .a = a, .slices = (most_rows(a, n) + SLICE - 1) / SLICE};
    for (size_t i = 0; i < n; i++) cpu_parts_add(&all.parts, a[i].T);
    if (!all.parts.first[n]) return;
    all.tasks = all.parts.first[n] * tiles_of(a->H);
    all.bytes = lay_out(d, a, &measured, NULL);
    all.memory = cpu_reserve_local(d, all.bytes);
    if (!all.memory) return;
    bool many = all.tasks >= 4 * (size_t)d->threads && all.tasks * all.slices > SLICES_MOST;
    if (many || all.slices < 2 || d->threads == 1) {
        par_for(d->pool, all.tasks, 1, tasks_range, &all);
        return;
    }
    take_state(&state, a->R);
    all.state_bytes = state.used;
    all.states = cpu_reserve(d, &d->states, all.tasks * all.slices * all.state_bytes);
    if (!all.states) return;
    par_for(d->pool, all.tasks * all.slices, 1, slices_range, &all);
    par_for(d->pool, all.tasks, 1, join_range, &all);
}
