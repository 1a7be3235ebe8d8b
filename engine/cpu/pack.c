/* pack.c: checkpoint tensors -> panels (enum pack), once, and rows of a packed table.
 *
 * Cost: one pass over the tensor by all threads, a panel at a time: rows are dequantised into a
 * buffer of one panel, then written in panel order. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/cpu/cpu.h"

/* Where element (o, i) of a panel stands, in elements from the panel's start. */
static size_t element_at(enum pack pack, size_t lanes2, size_t o, size_t i)
{
    size_t half = lanes2 / 2;
    switch (pack) {
    case PACK_F32: return i * lanes2 + o;
    case PACK_BF16: return i * lanes2 + (o < half ? 2 * o : 2 * (o - half) + 1);
    case PACK_PAIR: break;
    }
    return (i / 2 * lanes2 + o) * 2 + i % 2;
}

/* Interleaves `n` outputs of I inputs, in[o * I + i], into one panel; missing outputs are 0. */
static void write_panel(const struct weight *w, char *panel, const float *in, size_t n)
{
    size_t lanes2 = (size_t)w->lanes2;
    memset(panel, 0, w->panel_bytes);
    for (size_t i = 0; i < w->I; i++)
        for (size_t o = 0; o < n; o++) {
            size_t at = element_at(w->pack, lanes2, o, i);
            if (w->pack == PACK_F32)
                ((float *)panel)[at] = in[o * w->I + i];
            else
                ((uint16_t *)panel)[at] = f32_to_bf16(in[o * w->I + i]);
        }
}

/* The outputs of one panel as in[o * I + i].  `row` is room for one tensor row. */
static void read_panel(const struct weight *w, const struct tensor *t, uint64_t row0, size_t o0,
                       size_t n, float *in)
{
    (void)w;
    for (size_t o = 0; o < n; o++) tensor_row_f32(t, row0 + o0 + o, in + o * w->I);
}

struct packing {
    struct weight *w;
    const struct tensor *t;
    uint64_t row0;
    char *dst;
    float *scratch; /* one panel a thread */
};

static void pack_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct packing *a = ctx;
    size_t lanes2 = (size_t)a->w->lanes2;
    float *in = a->scratch + (size_t)worker * lanes2 * a->w->I;
    for (size_t p = first; p < last; p++) {
        size_t n = cpu_min(lanes2, a->w->O - p * lanes2);
        read_panel(a->w, a->t, a->row0, p * lanes2, n, in);
        write_panel(a->w, a->dst + p * a->w->panel_bytes, in, n);
    }
}

/* Tensor rows are inputs here: each row gives element i of every output. */
static void pack_transposed(struct weight *w, const struct tensor *t, uint64_t row0, char *dst,
                            float *row)
{
    size_t lanes2 = (size_t)w->lanes2;
    memset(dst, 0, w->group_bytes);
    for (size_t i = 0; i < w->I; i++) {
        tensor_row_f32(t, row0 + i, row);
        for (size_t o = 0; o < w->O; o++) {
            size_t at = element_at(w->pack, lanes2, o % lanes2, i);
            char *panel = dst + o / lanes2 * w->panel_bytes;
            if (w->pack == PACK_F32)
                ((float *)panel)[at] = row[o];
            else
                ((uint16_t *)panel)[at] = f32_to_bf16(row[o]);
        }
    }
}

/* Sizes of everything, or false when a product overflows. */
static bool lay_out(struct weight *w)
{
    size_t element = w->pack == PACK_F32 ? 4 : 2, lanes2 = (size_t)w->lanes2;
    size_t depth = w->pack == PACK_PAIR ? w->I + w->I % 2 : w->I;
    w->panels = w->O / lanes2 + (w->O % lanes2 != 0);
    return !__builtin_mul_overflow(depth, lanes2 * element, &w->panel_bytes) &&
           !__builtin_mul_overflow(w->panel_bytes, w->panels, &w->group_bytes) &&
           !__builtin_mul_overflow(w->group_bytes, w->G, &w->bytes);
}

enum err cpu_weight_new(struct device *d, struct weight **out, const struct tensor *t, size_t G,
                        const uint64_t *row0, uint64_t rows, bool transposed, bool exact,
                        struct errinfo *e)
{
    size_t cols = G ? t[0].shape[t[0].ndim - 1] : 0;
    struct weight w = {.G = G, .lanes2 = 2 * d->k.lanes};
    w.pack = exact || d->weights == WEIGHT_F32 ? PACK_F32 : d->k.pair ? PACK_PAIR : PACK_BF16;
    w.O = transposed ? cols : rows;
    w.I = transposed ? rows : cols;
    size_t scratch_floats = 0;
    if (!lay_out(&w) ||
        __builtin_mul_overflow(transposed ? cols : w.I * (size_t)w.lanes2 * (size_t)d->threads,
                               sizeof(float), &scratch_floats))
        return err_set(e, E_LIMIT, "cpu: a weight of %zu x %zu x %zu is too large", G, w.O, w.I);
    w.data = cpu_alloc(w.bytes);
    float *scratch = cpu_alloc(scratch_floats);
    if (!w.data || !scratch) {
        free(w.data);
        free(scratch);
        return err_set(e, E_LIMIT, "cpu: no memory for a weight of %zu bytes", w.bytes);
    }
    for (size_t g = 0; g < G; g++) {
        char *dst = (char *)w.data + g * w.group_bytes;
        if (transposed)
            pack_transposed(&w, &t[g], row0 ? row0[g] : 0, dst, scratch);
        else
            par_for(d->pool, w.panels, 4, pack_range,
                    &(struct packing){&w, &t[g], row0 ? row0[g] : 0, dst, scratch});
    }
    free(scratch);
    *out = mem_alloc(1, sizeof **out);
    **out = w;
    return OK;
}

void cpu_weight_free(struct device *d, struct weight *w)
{
    (void)d;
    if (!w) return;
    free(w->data);
    mem_free(w);
}

size_t cpu_weight_bytes(const struct weight *w)
{
    return w->bytes;
}

void cpu_embed(struct device *d, float *x, const struct weight *table, const int32_t *ids,
               size_t T)
{
    size_t lanes2 = (size_t)table->lanes2, I = table->I;
    (void)d; /* a row is a page of memory: the first product costs a hundred times this */
    for (size_t t = 0; t < T; t++) {
        size_t id = (size_t)ids[t];
        const char *panel = (const char *)table->data + id / lanes2 * table->panel_bytes;
        for (size_t i = 0; i < I; i++) {
            size_t at = element_at(table->pack, lanes2, id % lanes2, i);
            x[t * I + i] = table->pack == PACK_F32 ? ((const float *)panel)[at]
                                                   : bf16_to_f32(((const uint16_t *)panel)[at]);
        }
    }
}
