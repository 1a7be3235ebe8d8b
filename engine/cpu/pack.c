/* pack.c: checkpoint tensors -> panels (enum pack), once, and rows of a packed table.
 *
 * Cost: one pass over the tensor by all threads, a panel (transposed: a group) at a time: rows are
 * dequantised into a buffer, then written in panel order. */
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

/* Numbers of one or more whole panels before they are interleaved: element (o, i) at
 * o * per_o + i * per_i, f32 or already bf16. */
struct block {
    const void *at;
    size_t per_o, per_i;
};

static void write_f32(float *dst, const struct block *b, size_t lanes2, size_t I)
{
    for (size_t i = 0; i < I; i++) {
        const float *in = (const float *)b->at + i * b->per_i;
        for (size_t o = 0; o < lanes2; o++) *dst++ = in[o * b->per_o];
    }
}

static void write_bf16(uint16_t *dst, const struct block *b, size_t lanes2, size_t I)
{
    size_t half = lanes2 / 2;
    for (size_t i = 0; i < I; i++) {
        const uint16_t *in = (const uint16_t *)b->at + i * b->per_i;
        for (size_t o = 0; o < half; o++) {
            *dst++ = in[o * b->per_o];
            *dst++ = in[(o + half) * b->per_o];
        }
    }
}

static void write_pair(uint16_t *dst, const struct block *b, size_t lanes2, size_t I)
{
    for (size_t i = 0; i < I; i += 2) {
        const uint16_t *in = (const uint16_t *)b->at + i * b->per_i;
        for (size_t o = 0; o < lanes2; o++) {
            *dst++ = in[o * b->per_o];
            *dst++ = i + 1 < I ? in[o * b->per_o + b->per_i] : 0;
        }
    }
}

static void write_panel(const struct weight *w, char *panel, const struct block *b)
{
    panel += w->scale_bytes;
    size_t lanes2 = (size_t)w->lanes2;
    if (w->pack == PACK_F32) write_f32((float *)panel, b, lanes2, w->I);
    else if (w->pack == PACK_BF16) write_bf16((uint16_t *)panel, b, lanes2, w->I);
    else write_pair((uint16_t *)panel, b, lanes2, w->I);
}

/* ------------------------------------------------------------------ reading */

struct packing {
    const struct device *d;
    const struct weight *w;
    const struct tensor *t;
    const uint64_t *row0;
    bool transposed;
    size_t cols;
    char *scratch;         /* one slice a thread: one row of f32, then the block */
    size_t row_bytes, slice_bytes;
    float e4m3[256];
};

/* As tensor_row_f32, or without the scales where the weight keeps them apart; FP8 by table, a block
 * of equal scale at a time: four times as fast. */
static void read_row(const struct packing *a, const struct tensor *t, uint64_t r, float *out)
{
    if (t->type != DT_F8_E4M3 || !t->scale) {
        tensor_row_f32(t, r, out);
        return;
    }
    const uint8_t *p = (const uint8_t *)t->data + r * a->cols;
    size_t block = t->block, across = (a->cols + block - 1) / block;
    const float *scale = t->scale + r / block * across;
    for (size_t c = 0; c < a->cols; c += block, scale++)
        for (size_t i = c, end = cpu_min(c + block, a->cols); i < end; i++)
            out[i] = a->w->kblock ? a->e4m3[p[i]] : a->e4m3[p[i]] * *scale;
}

/* Tensor rows [first, first + n) into `rows` rows of `width` elements of the slice's block; what
 * the tensor does not have is zero. */
static void read_rows(const struct packing *a, size_t g, size_t first, size_t n, size_t rows,
                      size_t width, char *slice)
{
    float *row = (float *)slice;
    char *block = slice + a->row_bytes;
    size_t size = a->w->pack == PACK_F32 ? 4 : 2;
    memset(block, 0, rows * width * size);
    for (size_t i = 0; i < n; i++) {
        char *dst = block + i * width * size;
        read_row(a, &a->t[g], (a->row0 ? a->row0[g] : 0) + first + i, row);
        if (size == 4)
            memcpy(dst, row, a->cols * sizeof *row);
        else
            a->d->k.to_bf16((uint16_t *)dst, row, a->cols);
    }
}

/* The scales of panel p of group g, in front of it. */
static void write_scales(const struct packing *a, size_t g, size_t p, float *dst)
{
    const struct weight *w = a->w;
    const struct tensor *t = &a->t[g];
    size_t lanes2 = (size_t)w->lanes2, row0 = a->row0 ? a->row0[g] : 0, block = t->block;
    size_t across = (a->cols + block - 1) / block;
    for (size_t k = 0; k * w->kblock < w->I; k++)
        for (size_t i = 0; i < lanes2; i++) {
            size_t o = p * lanes2 + i, row = a->transposed ? row0 + k * block : row0 + o;
            size_t col = a->transposed ? o : k * block;
            *dst++ = o < w->O ? t->scale[row / block * across + col / block] : 0.0f;
        }
}

/* Plain: unit p is a panel, counted through all groups.  Transposed: a whole group, whose tensor
 * rows are inputs. */
static void pack_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct packing *a = ctx;
    const struct weight *w = a->w;
    size_t lanes2 = (size_t)w->lanes2, width = w->panels * lanes2;
    size_t size = w->pack == PACK_F32 ? 4 : 2;
    char *slice = a->scratch + (size_t)worker * a->slice_bytes, *at = slice + a->row_bytes;
    for (size_t u = first; u < last; u++) {
        size_t g = a->transposed ? u : u / w->panels, p = a->transposed ? 0 : u % w->panels;
        char *dst = (char *)w->data + g * w->group_bytes + p * w->panel_bytes;
        if (!a->transposed) {
            size_t n = cpu_min(lanes2, w->O - p * lanes2);
            struct block b = {at, w->I, 1};
            read_rows(a, g, p * lanes2, n, lanes2, w->I, slice);
            write_panel(w, dst, &b);
            if (w->kblock) write_scales(a, g, p, (float *)dst);
            continue;
        }
        read_rows(a, g, 0, w->I, w->I, width, slice);
        for (p = 0; p < w->panels; p++, dst += w->panel_bytes) {
            struct block b = {at + p * lanes2 * size, 1, width};
            write_panel(w, dst, &b);
            if (w->kblock) write_scales(a, g, p, (float *)dst);
        }
    }
}

/* Can the scales stay apart?  Blocks of inputs must begin where blocks of the tensor do, or lie
 * within one. */
static size_t scale_block(const struct tensor *t, size_t G, const uint64_t *row0, size_t I,
                          bool transposed)
{
    for (size_t g = 0; g < G; g++) {
        uint64_t at = transposed && row0 ? row0[g] % (t[g].block ? t[g].block : 1) : 0;
        if (t[g].type != DT_F8_E4M3 || !t[g].scale || t[g].block != t[0].block) return 0;
        if (t[g].block % 2 || (at && at + I > t[g].block)) return 0;
    }
    return G ? t[0].block : 0;
}

/* Sizes of everything, or false when a product overflows. */
static bool lay_out(struct weight *w)
{
    size_t element = w->pack == PACK_F32 ? 4 : 2, lanes2 = (size_t)w->lanes2;
    size_t depth = w->pack == PACK_PAIR ? w->I + w->I % 2 : w->I;
    size_t blocks = w->kblock ? (w->I + w->kblock - 1) / w->kblock : 0;
    w->panels = w->O / lanes2 + (w->O % lanes2 != 0);
    return !__builtin_mul_overflow(blocks, lanes2 * sizeof(float), &w->scale_bytes) &&
           !__builtin_mul_overflow(depth, lanes2 * element, &w->panel_bytes) &&
           !__builtin_add_overflow(w->panel_bytes, w->scale_bytes, &w->panel_bytes) &&
           !__builtin_mul_overflow(w->panel_bytes, w->panels, &w->group_bytes) &&
           !__builtin_mul_overflow(w->group_bytes, w->G, &w->bytes);
}

enum err cpu_weight_new(struct device *d, struct weight **out, const struct tensor *t, size_t G,
                        const uint64_t *row0, uint64_t rows, bool transposed, bool exact,
                        struct errinfo *e)
{
    size_t cols = G ? t[0].shape[t[0].ndim - 1] : 0, block = 0, scratch = 0;
    struct weight w = {.G = G, .lanes2 = 2 * d->k.lanes};
    w.pack = exact || d->weights == WEIGHT_F32 ? PACK_F32 : d->pair ? PACK_PAIR : PACK_BF16;
    w.O = transposed ? cols : rows;
    w.I = transposed ? rows : cols;
    if (w.pack != PACK_F32) w.kblock = scale_block(t, G, row0, w.I, transposed);
    bool fits = lay_out(&w);
    /* A slice holds a row and one panel, or one whole group: never more than group_bytes. */
    if (fits) block = transposed ? w.group_bytes : w.panel_bytes;
    struct packing a = {.d = d, .w = &w, .t = t, .row0 = row0, .transposed = transposed,
                        .cols = cols, .row_bytes = cpu_round_up(cols * sizeof(float), CPU_ALIGN)};
    a.slice_bytes = cpu_round_up(a.row_bytes + block, CPU_ALIGN);
    if (!fits || __builtin_mul_overflow(a.slice_bytes, (size_t)d->threads, &scratch))
        return err_set(e, E_LIMIT, "cpu: a weight of %zu x %zu x %zu is too large", G, w.O, w.I);
    w.data = cpu_alloc(w.bytes);
    a.scratch = cpu_alloc(scratch);
    if (!w.data || !a.scratch) {
        free(w.data);
        free(a.scratch);
        return err_set(e, E_LIMIT, "cpu: no memory for a weight of %zu bytes", w.bytes);
    }
    for (int i = 0; i < 256; i++) a.e4m3[i] = e4m3_to_f32((uint8_t)i);
    par_for(d->pool, transposed ? G : G * w.panels, 1, pack_range, &a);
    free(a.scratch);
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
        const float *scale = (const float *)panel;
        const char *data = panel + table->scale_bytes;
        for (size_t i = 0; i < I; i++) {
            size_t at = element_at(table->pack, lanes2, id % lanes2, i);
            float v = table->pack == PACK_F32 ? ((const float *)data)[at]
                                               : bf16_to_f32(((const uint16_t *)data)[at]);
            if (table->kblock) v *= scale[i / table->kblock * lanes2 + id % lanes2];
            x[t * I + i] = v;
        }
    }
}
