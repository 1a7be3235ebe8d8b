/* pack.c: checkpoint tensors -> panels (enum pack), once, and rows of a packed table.
 *
 * Cost: one pass over the tensor by all threads, a panel (transposed: a group) at a time: rows are
 * dequantised into a buffer, then written in panel order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/cpu/cpu.h"
#include "engine/cpu/e4m3.h"

/* Where element (o, i) of a panel stands, in elements from the panel's start. */
static size_t element_at(enum pack pack, size_t lanes2, size_t o, size_t i)
{
    size_t half = lanes2 / 2, second = o / half, at = o % half;
    switch (pack) {
    case PACK_F32: return i * lanes2 + o;
    case PACK_BF16: return i * lanes2 + 2 * at + second;
    case PACK_E4M3:
    case PACK_INT8: break;
    }
    return i / 2 * lanes2 * 2 + at / 4 * 16 + second * 8 + at % 4 * 2 + i % 2;
}

/* Numbers of one or more whole panels before they are interleaved: element (o, i) at
 * o * per_o + i * per_i; f32, bf16, or bytes of PACK_E4M3 (element_bytes). */
struct block {
    const void *at;
    size_t per_o, per_i;
};

static size_t element_bytes(enum pack pack)
{
    return pack == PACK_E4M3 ? 1 : pack == PACK_BF16 ? 2 : 4;
}

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

#define LANES2_MAX 32

/* By byte: moved up by so many powers of two, and the size of its integer. */
struct e4m3_tables {
    uint8_t shifted[16][256];
    uint16_t size[256];
};

/* How far the bytes of one output and block can move up. */
static int room_above(const uint8_t *in, size_t per_i, size_t n, float *scale)
{
    uint8_t most = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t p = in[i * per_i] & 0xf7;
        most = p > most ? p : most;
    }
    int by = 15 - (most >> 4);
    *scale = most == 0xf7 ? NAN : ldexpf(*scale, -by);
    return by;
}

/* In the order of element_at.  Returns the largest sum of integers that one block of inputs has. */
static uint32_t write_e4m3(uint8_t *dst, float *scale, const struct block *b,
                           const struct weight *w, const struct e4m3_tables *t)
{
    size_t lanes2 = (size_t)w->lanes2;
    uint32_t most = 0;
    for (size_t k = 0; k < w->I; k += w->kblock, scale += lanes2) {
        size_t n = cpu_min(w->kblock, w->I - k);
        for (size_t o = 0; o < lanes2; o++) {
            const uint8_t *in = (const uint8_t *)b->at + o * b->per_o + k * b->per_i;
            const uint8_t *shifted = t->shifted[room_above(in, b->per_i, n, &scale[o])];
            uint8_t *out = dst + element_at(w->pack, lanes2, o, k);
            uint32_t sum = 0;
            for (size_t i = 0; i < n; i++) {
                uint8_t byte = shifted[in[i * b->per_i]];
                sum += t->size[byte];
                out[i / 2 * lanes2 * 2 + i % 2] = byte;
            }
            if (n % 2) out[n / 2 * lanes2 * 2 + 1] = 0;
            most = sum > most ? sum : most;
        }
    }
    return most;
}

static void int8_scales(float *scale, const struct block *b, const struct weight *w, size_t k)
{
    for (size_t o = 0; o < (size_t)w->lanes2; o++) {
        const float *in = (const float *)b->at + o * b->per_o;
        float most = 0;
        for (size_t i = k, end = cpu_min(k + w->kblock, w->I); i < end; i++) {
            float x = fabsf(in[i * b->per_i]);
            if (!(x <= most)) most = x;
            if (!isfinite(most)) break;
        }
        scale[o] = isfinite(most) ? most / 127 : NAN;
    }
}

static uint32_t write_int8(uint8_t *dst, float *scale, const struct block *b,
                           const struct weight *w)
{
    size_t lanes2 = (size_t)w->lanes2, half = lanes2 / 2;
    const float *in = b->at;
    for (size_t k = 0; k < w->I; k += w->kblock, scale += lanes2) {
        int8_scales(scale, b, w, k);
        for (size_t i = k, end = cpu_min(k + w->kblock, w->I); i < end; i += 2)
            for (size_t n = 0; n < lanes2; n++) {
                size_t o = n / 4 % 2 * half + n / 8 * 4 + n % 4;
                const float *p = in + o * b->per_o + i * b->per_i;
                float inv = scale[o] > 1e-30f ? 1 / scale[o] : 0;
                *dst++ = (uint8_t)(int8_t)lrintf(p[0] * inv);
                *dst++ = i + 1 < w->I ? (uint8_t)(int8_t)lrintf(p[b->per_i] * inv) : 0;
            }
    }
    return 127 * CPU_INT_BLOCK;
}

/* One panel at dst; 8-bit packs: the sum that bounds an activation's integers. */
static uint32_t write_panel(const struct weight *w, char *dst, const struct block *b,
                            const struct e4m3_tables *t)
{
    float *scale = (float *)dst;
    size_t lanes2 = (size_t)w->lanes2;
    dst += w->scale_bytes;
    switch (w->pack) {
    case PACK_F32: write_f32((float *)dst, b, lanes2, w->I); break;
    case PACK_BF16: write_bf16((uint16_t *)dst, b, lanes2, w->I); break;
    case PACK_E4M3: return write_e4m3((uint8_t *)dst, scale, b, w, t);
    case PACK_INT8: return write_int8((uint8_t *)dst, scale, b, w);
    }
    return 0;
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
    uint32_t *most;        /* one a thread: what write_panel returns */
    float e4m3[256];
    struct e4m3_tables tables;
};

/* Do the scales of the checkpoint stand beside its bare numbers? */
static bool scales_apart(const struct weight *w)
{
    return w->kblock && w->pack != PACK_INT8;
}

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
    bool apart = scales_apart(a->w);
    for (size_t c = 0; c < a->cols; c += block, scale++)
        for (size_t i = c, end = cpu_min(c + block, a->cols); i < end; i++)
            out[i] = apart ? a->e4m3[p[i]] : a->e4m3[p[i]] * *scale;
}

/* Tensor rows [first, first + n) into `rows` rows of `width` elements of the slice's block; what
 * the tensor does not have is zero. */
static void read_rows(const struct packing *a, size_t g, size_t first, size_t n, size_t rows,
                      size_t width, char *slice)
{
    float *row = (float *)slice;
    char *block = slice + a->row_bytes;
    size_t size = element_bytes(a->w->pack);
    memset(block, 0, rows * width * size);
    for (size_t i = 0; i < n; i++) {
        char *dst = block + i * width * size;
        uint64_t r = (a->row0 ? a->row0[g] : 0) + first + i;
        if (size == 1) {
            const uint8_t *p = (const uint8_t *)a->t[g].data + r * a->cols;
            for (size_t c = 0; c < a->cols; c++) dst[c] = (char)e4m3_pack(p[c]);
            continue;
        }
        read_row(a, &a->t[g], r, row);
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
    size_t size = element_bytes(w->pack);
    uint32_t most = 0, sum;
    bool scaled = scales_apart(w);
    char *slice = a->scratch + (size_t)worker * a->slice_bytes, *at = slice + a->row_bytes;
    for (size_t u = first; u < last; u++) {
        size_t g = a->transposed ? u : u / w->panels, p = a->transposed ? 0 : u % w->panels;
        char *dst = (char *)w->data + g * w->group_bytes + p * w->panel_bytes;
        if (!a->transposed) {
            size_t n = cpu_min(lanes2, w->O - p * lanes2);
            struct block b = {at, w->I, 1};
            read_rows(a, g, p * lanes2, n, lanes2, w->I, slice);
            if (scaled) write_scales(a, g, p, (float *)dst);
            sum = write_panel(w, dst, &b, &a->tables);
            most = sum > most ? sum : most;
            continue;
        }
        read_rows(a, g, 0, w->I, w->I, width, slice);
        for (p = 0; p < w->panels; p++, dst += w->panel_bytes) {
            struct block b = {at + p * lanes2 * size, 1, width};
            if (scaled) write_scales(a, g, p, (float *)dst);
            sum = write_panel(w, dst, &b, &a->tables);
            most = sum > most ? sum : most;
        }
    }
    if (most > a->most[worker]) a->most[worker] = most;
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
    bool eight = w->pack == PACK_E4M3 || w->pack == PACK_INT8;
    size_t element = eight ? 1 : element_bytes(w->pack), lanes2 = (size_t)w->lanes2;
    size_t depth = eight ? cpu_round_up(w->I, 2) : w->I;
    w->blocks = w->kblock ? w->I / w->kblock + (w->I % w->kblock != 0) : 0;
    w->panels = w->O / lanes2 + (w->O % lanes2 != 0);
    return !__builtin_mul_overflow(w->blocks, lanes2 * sizeof(float), &w->scale_bytes) &&
           !__builtin_mul_overflow(depth, lanes2 * element, &w->panel_bytes) &&
           !__builtin_add_overflow(w->panel_bytes, w->scale_bytes, &w->panel_bytes) &&
           !__builtin_mul_overflow(w->panel_bytes, w->panels, &w->group_bytes) &&
           !__builtin_mul_overflow(w->group_bytes, w->G, &w->bytes);
}

static void choose_pack(struct weight *w, const struct device *d, const struct tensor *t,
                        const uint64_t *row0, bool transposed, bool exact)
{
    bool eight = d->weights == WEIGHT_FP8 || d->weights == WEIGHT_INT8;
    w->pack = PACK_F32;
    if (exact || d->weights == WEIGHT_F32) return;
    w->kblock = scale_block(t, w->G, row0, w->I, transposed);
    w->pack = eight && w->kblock && w->kblock <= CPU_INT_BLOCK ? PACK_E4M3 : PACK_BF16;
    if (d->weights != WEIGHT_INT8 || w->kblock) return;
    w->pack = PACK_INT8;
    w->kblock = CPU_INT_BLOCK;
}

/* So that no sum over a block leaves int32, and no activation int16. */
static float largest_activation(const struct packing *a)
{
    if (a->w->pack != PACK_E4M3 && a->w->pack != PACK_INT8) return 0;
    uint32_t sum = 1;
    for (int i = 0; i < a->d->threads; i++) sum = a->most[i] > sum ? a->most[i] : sum;
    uint32_t most = INT32_MAX / sum;
    return most > INT16_MAX ? INT16_MAX : (float)most;
}

enum err cpu_weight_new(struct device *d, struct weight **out, const struct tensor *t, size_t G,
                        const uint64_t *row0, uint64_t rows, bool transposed, bool exact,
                        struct errinfo *e)
{
    size_t cols = G ? t[0].shape[t[0].ndim - 1] : 0, block = 0, scratch = 0;
    struct weight w = {.G = G, .lanes2 = 2 * d->k.lanes};
    w.O = transposed ? cols : rows;
    w.I = transposed ? rows : cols;
    choose_pack(&w, d, t, row0, transposed, exact);
    bool fits = lay_out(&w) &&
                !__builtin_mul_overflow((transposed ? w.panels : 1) * (size_t)w.lanes2,
                                        w.I * element_bytes(w.pack), &block);
    struct packing a = {.d = d, .w = &w, .t = t, .row0 = row0, .transposed = transposed,
                        .cols = cols, .row_bytes = cpu_round_up(cols * sizeof(float), CPU_ALIGN)};
    a.slice_bytes = cpu_round_up(a.row_bytes + block, CPU_ALIGN);
    if (!fits || __builtin_mul_overflow(a.slice_bytes, (size_t)d->threads, &scratch))
        return err_set(e, E_LIMIT, "cpu: a weight of %zu x %zu x %zu is too large", G, w.O, w.I);
    w.data = cpu_alloc(d, w.bytes);
    a.scratch = cpu_alloc(d, scratch);
    if (!w.data || !a.scratch) {
        cpu_release(d, w.data, w.bytes);
        cpu_release(d, a.scratch, scratch);
        return err_set(e, E_LIMIT, "cpu: no memory for a weight of %zu bytes", w.bytes);
    }
    for (int i = 0; i < 256; i++) {
        a.e4m3[i] = e4m3_to_f32((uint8_t)i);
        for (int by = 0; by < 16; by++) a.tables.shifted[by][i] = e4m3_shift((uint8_t)i, by);
        a.tables.size[i] = (uint16_t)abs(e4m3_eighths((uint8_t)i));
    }
    a.most = mem_alloc((size_t)d->threads, sizeof *a.most);
    par_for(d->pool, transposed ? G : G * w.panels, 1, pack_range, &a);
    w.most = largest_activation(&a);
    mem_free(a.most);
    cpu_release(d, a.scratch, scratch);
    *out = mem_alloc(1, sizeof **out);
    **out = w;
    return OK;
}

void cpu_weight_free(struct device *d, struct weight *w)
{
    if (!w) return;
    cpu_release(d, w->data, w->bytes);
    mem_free(w);
}

size_t cpu_weight_bytes(const struct weight *w)
{
    return w->bytes;
}

static float element(enum pack pack, const char *data, size_t at)
{
    switch (pack) {
    case PACK_F32: return ((const float *)data)[at];
    case PACK_BF16: return bf16_to_f32(((const uint16_t *)data)[at]);
    case PACK_E4M3: return e4m3_value((uint8_t)data[at]);
    case PACK_INT8: break;
    }
    return (float)(int8_t)data[at];
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
            float v = element(table->pack, data, at);
            if (table->kblock) v *= scale[i / table->kblock * lanes2 + id % lanes2];
            x[t * I + i] = v;
        }
    }
}
