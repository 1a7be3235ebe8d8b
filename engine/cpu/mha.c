/* mha.c: expanded attention: which queries, which head, which thread.  The tiles are in mha.inc.
 *
 * A unit is one head and up to BLOCK queries that follow one another; the pages that the last of
 * them sees pass by once, each converted to f32 (keys transposed) for all of them.  Conversion is a
 * twentieth of the work with a whole block, and most of it where one token is written.
 * Memory 230 KB a thread for deepread-150m, whatever the length. */
#include <math.h>
#include <string.h>

#include "engine/cpu/cpu.h"

#define BLOCK 128 /* queries of a unit: what they need stays in L2 */

struct scratch { /* offsets in one thread's slice */
    size_t query, keys, values, logit, max, fix, sum, out, bytes;
    size_t W; /* padded to whole tiles */
};

static size_t take(size_t *at, size_t floats)
{
    size_t here = *at;
    *at = cpu_round_up(here + floats * sizeof(float), CPU_ALIGN);
    return here;
}

static struct scratch plan_scratch(const struct device *d, const struct mha_args *a)
{
    struct scratch s = {.W = cpu_round_up((size_t)a->W, 2 * (size_t)d->k.lanes)};
    size_t at = 0, width = (size_t)(a->N + a->P);
    s.query = take(&at, BLOCK * width);
    s.keys = take(&at, KV_PAGE * width);
    s.values = take(&at, KV_PAGE * s.W);
    s.logit = take(&at, BLOCK * KV_PAGE);
    s.max = take(&at, BLOCK);
    s.fix = take(&at, BLOCK);
    s.sum = take(&at, BLOCK * MHA_LANES);
    s.out = take(&at, BLOCK * s.W);
    s.bytes = at;
    return s;
}

static struct mha_tile make_tile(const struct mha_args *a, const struct scratch *s, char *local,
                                 size_t t0, size_t rows)
{
    struct mha_tile tile = {
        .q = (float *)(local + s->query),
        .keys = (float *)(local + s->keys),
        .values = (float *)(local + s->values),
        .logit = (float *)(local + s->logit),
        .max = (float *)(local + s->max),
        .fix = (float *)(local + s->fix),
        .sum = (float *)(local + s->sum),
        .out = (float *)(local + s->out),
        .rows = rows,
        .visible = a->pos0 + t0 + 1,
        .width = a->N + a->P,
        .W = (int)s->W,
    };
    for (size_t i = 0; i < rows; i++) tile.max[i] = -INFINITY;
    memset(tile.sum, 0, rows * MHA_LANES * sizeof(float));
    memset(tile.out, 0, rows * s->W * sizeof(float));
    return tile;
}

/* Queries of head h, times scale and log2 e. */
static void load_queries(float *out, const struct mha_args *a, size_t t0, size_t rows, size_t h)
{
    size_t width = (size_t)(a->N + a->P), H = (size_t)a->H;
    for (size_t i = 0; i < rows; i++) {
        const float *q = a->q + ((t0 + i) * H + h) * width;
        for (size_t c = 0; c < width; c++) out[i * width + c] = q[c] * (a->scale * 1.44269504f);
    }
}

/* Rows of one head lie a long row apart: no processor foresees that by itself. */
static void prefetch_page(const struct mha_args *a, size_t h, size_t pos)
{
    size_t N = (size_t)a->N, W = (size_t)a->W, size = a->kv.type == KV_F32 ? 4 : 2;
    size_t row = ((size_t)a->H * (N + W) + (size_t)a->P) * size, head = (N + W) * size;
    const char *p = (const char *)a->kv.pages[pos / KV_PAGE] + a->kv.latent_offset + h * head;
    for (size_t s = 0; s < KV_PAGE; s++, p += row)
        for (size_t i = 0; i < head; i += 64) __builtin_prefetch(p + i);
}

/* Keys and values of head h in the page that begins at position pos. */
static void load_page(const struct device *d, const struct mha_args *a, const struct mha_tile *tile,
                      size_t h, size_t pos, size_t n)
{
    size_t N = (size_t)a->N, W = (size_t)a->W, H = (size_t)a->H;
    size_t width = H * (N + W) + (size_t)a->P, size = a->kv.type == KV_F32 ? 4 : 2;
    const char *page = (const char *)a->kv.pages[pos / KV_PAGE] + a->kv.latent_offset;
    const char *head = page + h * (N + W) * size;
    float *keys = (float *)tile->keys, *values = (float *)tile->values;
    d->k.columns(keys, head, a->kv.type, width, a->N, NULL);
    d->k.columns(keys + N * KV_PAGE, page + (width - (size_t)a->P) * size, a->kv.type, width, a->P,
                 NULL);
    d->k.mha_page_values(values, head + N * size, a->kv.type, width, n, a->W, (size_t)tile->W);
}

/* Queries [t0, t0 + rows) of head h. */
static void attend(const struct device *d, const struct mha_args *a, const struct scratch *s,
                   char *local, size_t t0, size_t rows, size_t h)
{
    struct mha_tile tile = make_tile(a, s, local, t0, rows);
    size_t end = a->pos0 + t0 + rows, H = (size_t)a->H, W = (size_t)a->W;
    load_queries((float *)tile.q, a, t0, rows, h);
    for (size_t pos = 0; pos < end; pos += KV_PAGE) {
        tile.behind = pos;
        load_page(d, a, &tile, h, pos, cpu_min(KV_PAGE, end - pos));
        if (pos + KV_PAGE < end) prefetch_page(a, h, pos + KV_PAGE);
        d->k.mha_logits(&tile);
        d->k.mha_softmax(&tile);
        d->k.mha_values(&tile);
    }
    d->k.mha_finish(a->out + (t0 * H + h) * W, H * W, &tile, a->W);
}

struct attention {
    struct device *d;
    const struct mha_args *a;
    struct cpu_parts units; /* units of each part, instead of rows */
    const struct scratch *s;
    char *local;
};

/* The longest units of a part first: the last ones then end at about the same time. */
static void attend_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct attention *all = ctx;
    char *mine = all->local + (size_t)worker * all->s->bytes;
    for (size_t u = first; u < last; u++) {
        size_t part = cpu_part_of(&all->units, u), end = all->units.first[part + 1];
        const struct mha_args *a = &all->a[part];
        size_t H = (size_t)a->H, t0 = (end - 1 - u) / H * BLOCK;
        attend(all->d, a, all->s, mine, t0, cpu_min(BLOCK, a->T - t0), (end - 1 - u) % H);
    }
}

void cpu_mha_attend(struct device *d, const struct mha_args *a, size_t n)
{
    if (!n) return;
    struct scratch s = plan_scratch(d, a);
    struct attention all = {.d = d, .a = a, .s = &s, .local = cpu_reserve_local(d, s.bytes)};
    if (!all.local) return;
    for (size_t i = 0; i < n; i++)
        cpu_parts_add(&all.units, (a[i].T + BLOCK - 1) / BLOCK * (size_t)a->H);
    par_for(d->pool, all.units.first[n], 1, attend_range, &all);
}
