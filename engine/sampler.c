#include "engine/sampler.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

void rng_seed(struct rng *r, uint64_t seed)
{
    r->state = seed;
}

/* splitmix64: every seed, 0 included, gives a full-period stream of good bits. */
static uint64_t next_bits(struct rng *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double rng_uniform(struct rng *r)
{
    return (double)(next_bits(r) >> 11) * 0x1p-53;
}

#define LANES 16 /* logits looked at together */

/* The first of the largest of n. */
static int32_t first_largest(const float *logits, size_t n)
{
    float top[LANES];
    for (int k = 0; k < LANES; k++) top[k] = -INFINITY;
    size_t at = 0;
    for (; at + LANES <= n; at += LANES)
        for (int k = 0; k < LANES; k++) top[k] = logits[at + k] > top[k] ? logits[at + k] : top[k];
    for (; at < n; at++) top[0] = logits[at] > top[0] ? logits[at] : top[0];
    for (int k = 1; k < LANES; k++) top[0] = top[k] > top[0] ? top[k] : top[0];
    for (size_t i = 0; i < n; i++)
        if (logits[i] == top[0]) return (int32_t)i;
    return 0;
}

int32_t sampler_argmax(const float *logits, const int32_t *ids, size_t n)
{
    if (!ids) return first_largest(logits, n);
    int32_t best = ids[0];
    float top = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        int32_t id = ids[i];
        float x = logits[id];
        if (x > top || (x == top && id < best)) {
            top = x;
            best = id;
        }
    }
    return best;
}

static inline void watch(float x, float *low, float *high, uint32_t *most)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= 0x7fffffffu;
    *low = x < *low ? x : *low;
    *high = x > *high ? x : *high;
    *most = bits > *most ? bits : *most;
}

enum soundness sampler_soundness(const float *logits, size_t V)
{
    float low[LANES], high[LANES];
    uint32_t most[LANES] = {0}; /* magnitudes order as integers */
    for (int k = 0; k < LANES; k++) low[k] = high[k] = logits[0];
    size_t i = 0;
    for (; i + LANES <= V; i += LANES)
        for (int k = 0; k < LANES; k++) watch(logits[i + k], &low[k], &high[k], &most[k]);
    for (; i < V; i++) watch(logits[i], low, high, most);
    for (int k = 1; k < LANES; k++) {
        low[0] = low[k] < low[0] ? low[k] : low[0];
        high[0] = high[k] > high[0] ? high[k] : high[0];
        most[0] = most[k] > most[0] ? most[k] : most[0];
    }
    return most[0] >= 0x7f800000u ? NO_NUMBERS : low[0] < high[0] ? SOUND : ALL_THE_SAME;
}

/* ------------------------------------------------------------------ drawing */

/* Candidates by falling weight, equal weights by rising id: a binary heap over two arrays, so that
 * top-p sorts only as many as it keeps. */
struct heap {
    float *w;
    int32_t *id;
    size_t n;
};

static bool above(const struct heap *h, size_t a, size_t b)
{
    return h->w[a] > h->w[b] || (h->w[a] == h->w[b] && h->id[a] < h->id[b]);
}

static void swap(struct heap *h, size_t a, size_t b)
{
    float w = h->w[a];
    int32_t id = h->id[a];
    h->w[a] = h->w[b];
    h->id[a] = h->id[b];
    h->w[b] = w;
    h->id[b] = id;
}

static void sift(struct heap *h, size_t i)
{
    for (;;) {
        size_t top = i, l = 2 * i + 1, r = l + 1;
        if (l < h->n && above(h, l, top)) top = l;
        if (r < h->n && above(h, r, top)) top = r;
        if (top == i) return;
        swap(h, i, top);
        i = top;
    }
}

/* Leaves the smallest set of best candidates whose weights reach share `p` of the total, at the end
 * of the arrays, and returns where it begins. */
static size_t keep_top(struct heap *h, double total, double p)
{
    size_t n = h->n;
    double sum = 0;
    for (size_t i = n / 2; i-- > 0;) sift(h, i);
    while (h->n > 0) {
        swap(h, 0, --h->n);
        sum += h->w[h->n];
        sift(h, 0);
        if (sum >= p * total) break;
    }
    return h->n;
}

size_t sampler_scratch(size_t n)
{
    return n * (sizeof(float) + sizeof(int32_t));
}

int32_t sampler_pick(const float *logits, const int32_t *ids, size_t n, const struct sampling *o,
                     struct rng *r, void *scratch)
{
    int32_t best = sampler_argmax(logits, ids, n);
    if (!(o->temperature > 0)) return best;
    struct heap h = {scratch, (int32_t *)((float *)scratch + n), 0};
    float top = logits[best];
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t id = ids ? ids[i] : (int32_t)i;
        /* The weight of the best is 1, so min_p needs no sum. */
        float w = id == best ? 1.0f : expf((logits[id] - top) / o->temperature);
        if (!(w > 0) || w < o->min_p) continue; /* NaN goes too */
        h.w[h.n] = w;
        h.id[h.n++] = id;
        total += w;
    }
    size_t first = 0, last = h.n;
    if (o->top_p > 0 && o->top_p < 1) first = keep_top(&h, total, o->top_p);
    double kept = 0;
    for (size_t i = first; i < last; i++) kept += h.w[i];
    double u = rng_uniform(r) * kept;
    for (size_t i = last; i-- > first;) {
        u -= h.w[i];
        if (u < 0) return h.id[i];
    }
    return h.id[first];
}
