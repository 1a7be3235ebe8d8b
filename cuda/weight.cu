/* weight.cu: checkpoint matrices onto the device (enum store), and rows of a table.   op: embed
 *
 * Method   the rows of one matrix go up as they stand in the file, a kernel dequantises, rounds,
 *          transposes.  FP8 keeps its bytes: a scale per output and 128 inputs beside them costs 3%,
 *          whatever row a run begins with.
 * Exact    FP8 and bf16 as stored; f32 and f16 are rounded to bf16 unless exact or --weights f32.
 *          A transposed run that begins inside a scale block and leaves it is folded into bf16.
 * Tests    tests/test_op_linear.c */
#include <string.h>

#include "cuda/element.cuh"

extern "C" {
#include "base/mem.h"
}

#define FEW 64
#define THREADS 128 /* of embed_kernel */
#define ROW_PIECE 1024

/* One matrix of the checkpoint, uploaded. */
struct source {
    const void *raw;    /* [rows, cols] */
    enum dtype type;
    size_t rows, cols, row0;
    const float *scale; /* NULL: none */
    size_t block;
    bool transposed;
};

static __device__ float scale_at(const struct source &s, size_t r, size_t c)
{
    if (!s.scale) return 1.0f;
    return s.scale[(s.row0 + r) / s.block * ((s.cols + s.block - 1) / s.block) + c / s.block];
}

static __device__ float value_at(const struct source &s, size_t r, size_t c)
{
    size_t i = r * s.cols + c;
    switch (s.type) {
    case DT_F32: return ((const float *)s.raw)[i];
    case DT_BF16: return element<KV_BF16>::get(((const uint16_t *)s.raw)[i]);
    case DT_F16: return element<KV_F16>::get(((const uint16_t *)s.raw)[i]);
    case DT_F8_E4M3: return e4m3_value(((const uint8_t *)s.raw)[i]) * scale_at(s, r, c);
    default: return 0;
    }
}

static __global__ void convert_kernel(__grid_constant__ const struct source s, enum store store,
                                      void *out, size_t O, size_t I, size_t ld)
{
    size_t k = blockIdx.x * (size_t)blockDim.x + threadIdx.x, o = k / ld, i = k % ld;
    if (o >= O) return;
    bool there = i < I;
    size_t r = s.transposed ? i : o, c = s.transposed ? o : i;
    if (store == STORE_F8) {
        ((uint8_t *)out)[k] = there ? ((const uint8_t *)s.raw)[r * s.cols + c] : 0;
        return;
    }
    float v = there ? value_at(s, r, c) : 0;
    if (store == STORE_F32)
        ((float *)out)[k] = v;
    else
        ((uint16_t *)out)[k] = element<KV_BF16>::put(v);
}

static __global__ void scale_kernel(__grid_constant__ const struct source s, float *scale, size_t O,
                                    size_t blocks)
{
    size_t k = blockIdx.x * (size_t)blockDim.x + threadIdx.x, kb = k / O, o = k % O;
    if (kb >= blocks) return;
    scale[k] = s.transposed ? scale_at(s, kb * CUDA_KBLOCK, o) : scale_at(s, o, kb * CUDA_KBLOCK);
}

/* n scales, `across` to a row of blocks. */
static __global__ void block_scale_kernel(__grid_constant__ const struct source s, float *scale, size_t n,
                                          size_t across)
{
    size_t k = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
    if (k < n) scale[k] = scale_at(s, k / across * CUDA_KBLOCK, k % across * CUDA_KBLOCK);
}

/* Few tokens travel as a parameter: no copy, and nothing to wait for. */
struct few {
    int32_t id[FEW];
};

/* A block makes a piece of a row, so that a few rows keep many multiprocessors busy. */
static __global__ void embed_kernel(float *x, const struct weight w, const int32_t *ids,
                                    __grid_constant__ const struct few few)
{
    cuda_follow();
    size_t row = (size_t)(ids ? ids[blockIdx.x] : few.id[blockIdx.x]);
#pragma unroll
    for (int j = 0; j < ROW_PIECE / THREADS; j++) {
        size_t i = blockIdx.y * (size_t)ROW_PIECE + j * THREADS + threadIdx.x, k = row * w.ld + i;
        if (i >= w.I) return;
        float v = w.store == STORE_F32    ? ((const float *)w.data)[k]
                  : w.store == STORE_BF16 ? element<KV_BF16>::get(((const uint16_t *)w.data)[k])
                                          : e4m3_value(((const uint8_t *)w.data)[k]) *
                                                w.scale[i / CUDA_KBLOCK * w.O + row];
        x[blockIdx.x * w.I + i] = v;
    }
}

/* ------------------------------------------------------------------ launchers */

/* FP8 stays FP8 where every block of 128 inputs has one scale. */
static bool stays_fp8(const struct tensor *t, size_t G, const uint64_t *row0, uint64_t rows,
                      bool transposed)
{
    for (size_t g = 0; g < G; g++) {
        if (t[g].type != DT_F8_E4M3 || !t[g].scale || t[g].block != CUDA_KBLOCK) return false;
        uint64_t into = row0 ? row0[g] % CUDA_KBLOCK : 0;
        if (transposed && into && into + rows > CUDA_KBLOCK) return false;
    }
    return true;
}

/* Blocks of outputs share scales, too: what the products of sm90_gemm.cu want. */
static bool has_block_scales(const struct weight *w, const uint64_t *row0, bool transposed)
{
    bool aligned = w->store == STORE_F8 && !transposed && w->I % CUDA_KBLOCK == 0;
    for (size_t g = 0; aligned && row0 && g < w->G; g++) aligned = row0[g] % CUDA_KBLOCK == 0;
    return aligned;
}

/* Of one matrix. */
static size_t block_scales(const struct weight *w)
{
    return cuda_ceil(w->O, CUDA_KBLOCK) * (w->I / CUDA_KBLOCK);
}

static bool convert(struct device *d, struct weight *w, size_t g, const struct tensor *t,
                    uint64_t row0, uint64_t rows, bool transposed)
{
    size_t cols = t->shape[1], each = cols * dtype_size(t->type), raw = rows * each;
    size_t blocks = t->scale ? cuda_ceil(t->shape[0], t->block) * cuda_ceil(cols, t->block) : 0;
    size_t at = (raw + 15) / 16 * 16;
    char *stage = (char *)cuda_reserve(d, &d->stage, at + blocks * sizeof(float));
    if (!stage) return false;
    struct source s = {stage, t->type, rows, cols, row0, NULL, t->block, transposed};
    cuda_ok(d, cudaMemcpyAsync(stage, (const char *)t->data + row0 * each, raw,
                               cudaMemcpyHostToDevice, d->stream), "weights, upload");
    if (blocks) {
        s.scale = (const float *)(stage + at);
        cuda_ok(d, cudaMemcpyAsync(stage + at, t->scale, blocks * sizeof(float),
                                   cudaMemcpyHostToDevice, d->stream), "scales, upload");
    }
    size_t n = w->O * w->ld, size = w->store == STORE_F32 ? 4 : w->store == STORE_BF16 ? 2 : 1;
    convert_kernel<<<(unsigned)cuda_ceil(n, 256), 256, 0, d->stream>>>(
        s, w->store, (char *)w->data + g * n * size, w->O, w->I, w->ld);
    if (w->store == STORE_F8) {
        size_t kb = cuda_ceil(w->I, CUDA_KBLOCK);
        scale_kernel<<<(unsigned)cuda_ceil(kb * w->O, 256), 256, 0, d->stream>>>(
            s, w->scale + g * kb * w->O, w->O, kb);
        size_t blocks = block_scales(w);
        if (w->block_scale)
            block_scale_kernel<<<(unsigned)cuda_ceil(blocks, 256), 256, 0, d->stream>>>(
                s, w->block_scale + g * blocks, blocks, kb);
    }
    return cuda_launched(d, "weights, conversion");
}

static enum err take_memory(struct device *d, struct weight *w, bool blocks, struct errinfo *e)
{
    size_t size = w->store == STORE_F32 ? 4 : w->store == STORE_BF16 ? 2 : 1;
    size_t data = w->G * w->O * w->ld * size, free = 0, total = 0;
    size_t scales = w->store == STORE_F8 ? w->G * cuda_ceil(w->I, CUDA_KBLOCK) * w->O * 4 : 0;
    size_t more = blocks ? w->G * block_scales(w) * sizeof(float) : 0;
    w->bytes = data + scales + more;
    w->data = cuda_alloc(d, data);
    w->scale = scales ? (float *)cuda_alloc(d, scales) : NULL;
    w->block_scale = more ? (float *)cuda_alloc(d, more) : NULL;
    if (w->data && (w->scale || !scales) && (w->block_scale || !more)) return OK;
    cudaMemGetInfo(&free, &total);
    return err_set(e, E_LIMIT, "cuda: no room for %zu MB more of weights: %s has %zu MB, %zu MB of "
                   "them free", w->bytes >> 20, d->name, total >> 20, free >> 20);
}

enum err cuda_weight_new(struct device *d, struct weight **out, const struct tensor *t, size_t G,
                         const uint64_t *row0, uint64_t rows, bool transposed, bool exact,
                         struct errinfo *e)
{
    size_t cols = t[0].shape[1];
    struct weight *w = (struct weight *)mem_alloc(1, sizeof *w);
    *out = NULL;
    w->G = G;
    w->O = transposed ? cols : rows;
    w->I = transposed ? rows : cols;
    w->ld = (w->I + 15) / 16 * 16;
    w->store = exact || d->weights == WEIGHT_F32           ? STORE_F32
               : stays_fp8(t, G, row0, rows, transposed) ? STORE_F8
                                                           : STORE_BF16;
    enum err r = take_memory(d, w, has_block_scales(w, row0, transposed), e);
    for (size_t g = 0; !r && g < G; g++)
        if (!convert(d, w, g, &t[g], row0 ? row0[g] : 0, rows, transposed))
            r = err_set(e, d->failed.code, "%s", d->failed.msg);
    /* Later kernels read it before they ask for what went before. */
    if (!r && !cuda_ok(d, cudaStreamSynchronize(d->stream), "weights"))
        r = err_set(e, d->failed.code, "%s", d->failed.msg);
    if (r) {
        cuda_weight_free(d, w);
        return r;
    }
    *out = w;
    return OK;
}

void cuda_weight_free(struct device *d, struct weight *w)
{
    if (!w) return;
    cuda_release(d, w->data, 0);
    cuda_release(d, w->scale, 0);
    cuda_release(d, w->block_scale, 0);
    mem_free(w);
}

size_t cuda_weight_bytes(const struct weight *w)
{
    return w->bytes;
}

void cuda_embed(struct device *d, float *x, const struct weight *table, const int32_t *ids, size_t T)
{
    struct few few = {};
    int32_t *there = NULL;
    if (!T || !cuda_ready(d)) return;
    if (T <= FEW)
        memcpy(few.id, ids, T * sizeof *ids);
    else {
        there = (int32_t *)cuda_reserve(d, &d->ids, T * sizeof *ids);
        if (!there) return;
        cuda_ok(d, cudaMemcpyAsync(there, ids, T * sizeof *ids, cudaMemcpyHostToDevice, d->stream),
                "tokens, upload");
    }
    dim3 grid((unsigned)T, (unsigned)cuda_ceil(table->I, ROW_PIECE));
    cuda_launch(d, embed_kernel, grid, THREADS, 0, x, *table, there, few);
    cuda_launched(d, "embed");
}
