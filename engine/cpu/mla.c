/* mla.c: absorbed attention: which rows, which heads, which thread.  The tiles are in mla.inc.
 *
 * A unit is one query and all its heads in tiles of 8 (9 where that ends it); its rows come 64 at
 * a time, in the order of their positions, chosen or all: when every visible row is chosen,
 * sparse and dense are the same computation.  With fewer queries than threads a unit is one tile
 * of heads.  Rows are read where they lie; work 2*H*(2R+P) flop per row. */
#include <math.h>
#include <string.h>

#include "engine/cpu/cpu.h"

struct scratch { /* offsets in one thread's slice */
    size_t query, logit, stats, out, bytes;
};

static struct scratch plan_scratch(const struct device *d, const struct mla_args *a)
{
    struct scratch s;
    s.query = 0;
    s.logit = cpu_round_up(d->k.mla_query_bytes(a->R + a->P, a->kv.type), CPU_ALIGN);
    s.stats = s.logit + MLA_BLOCK * MLA_PAD * sizeof(float);
    s.out = s.stats + 3 * MLA_PAD * sizeof(float);
    s.bytes = cpu_round_up(s.out + (size_t)a->R * MLA_HEADS * sizeof(float), CPU_ALIGN);
    return s;
}

/* Fills row with the rows of the query from `first` on, NULL behind them; returns how many. */
static int next_rows(const void **row, const struct mla_args *a, const int32_t *sel, size_t first,
                     size_t visible)
{
    size_t size = a->kv.type == KV_F32 ? 4 : 2, width = (size_t)(a->R + a->P);
    int n = 0;
    while (n < MLA_BLOCK && first + (size_t)n < visible) {
        size_t pos = first + (size_t)n;
        if (sel) {
            if (sel[pos] < 0) break;
            pos = (size_t)sel[pos];
        }
        row[n++] = (const char *)a->kv.pages[pos / KV_PAGE] + a->kv.latent_offset +
                   pos % KV_PAGE * width * size;
    }
    for (int i = n; i < MLA_BLOCK; i++) row[i] = NULL;
    return n;
}

/* Heads [h0, h0 + heads) of query t. */
static void attend_tile(struct device *d, const struct mla_args *a, char *local,
                        const struct scratch *s, size_t t, int h0, int heads)
{
    struct mla_tile tile = {
        .q = local + s->query,
        .logit = (float *)(local + s->logit),
        .max = (float *)(local + s->stats),
        .sum = (float *)(local + s->stats) + MLA_PAD,
        .fix = (float *)(local + s->stats) + 2 * MLA_PAD,
        .out = (float *)(local + s->out),
        .heads = heads > 8 ? 9 : 8,
        .R = a->R,
        .width = a->R + a->P,
        .type = a->kv.type,
    };
    size_t H = (size_t)a->H, first = (t * H + (size_t)h0);
    const int32_t *sel = a->sel ? a->sel + t * (size_t)a->K : NULL;
    size_t visible = sel ? (size_t)a->K : a->pos0 + t + 1;
    d->k.mla_query(local + s->query, a->q + first * (size_t)tile.width, heads, tile.heads,
                   tile.width, a->scale * 1.44269504f, a->kv.type);
    for (int i = 0; i < MLA_PAD; i++) {
        tile.max[i] = -INFINITY;
        tile.sum[i] = 0;
    }
    memset(tile.out, 0, (size_t)a->R * MLA_HEADS * sizeof(float));
    memset(tile.logit, 0, MLA_BLOCK * MLA_PAD * sizeof(float));
    int next = next_rows(tile.next, a, sel, 0, visible);
    for (size_t at = 0; next > 0;) {
        tile.n = next;
        memcpy(tile.row, tile.next, sizeof tile.row);
        at += (size_t)next;
        next = next_rows(tile.next, a, sel, at, visible);
        d->k.mla_logits(&tile);
        d->k.mla_softmax(&tile);
        d->k.mla_values(&tile);
    }
    d->k.mla_finish(a->out + first * (size_t)a->R, &tile, heads);
}

/* The i-th tile of H heads: eights, and a nine where that leaves none over. */
static int tile_heads(int H, int h0)
{
    int left = H - h0;
    return left == 9 ? 9 : left < 8 ? left : 8;
}

struct attention {
    struct device *d;
    const struct mla_args *a;
    const struct scratch *s;
    char *local;
    size_t tiles; /* of one query */
};

static void attend_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct attention *all = ctx;
    char *mine = all->local + (size_t)worker * all->s->bytes;
    for (size_t u = first; u < last; u++) {
        int h0 = (int)(u % all->tiles) * 8;
        attend_tile(all->d, all->a, mine, all->s, u / all->tiles, h0,
                    tile_heads(all->a->H, h0));
    }
}

void cpu_mla_attend(struct device *d, const struct mla_args *a)
{
    struct scratch s = plan_scratch(d, a);
    char *local = cpu_reserve_local(d, s.bytes);
    if (!local) return;
    int tiles = (a->H - (a->H % 8 == 1 && a->H > 8) + 7) / 8;
    struct attention all = {d, a, &s, local, (size_t)tiles};
    par_for(d->pool, a->T * all.tiles, 1, attend_range, &all);
}
