/* sm90_fp8.cu: activations in FP8, as DeepSeek's own service computes: --weights fp8 on Hopper.
 *                                        ops: linear, experts, keys of kv_store, queries of index_select
 * Method   128 neighbouring inputs share a scale, a power of two that brings the largest to at most 448;
 *          then sm90_gemm.cu.  Experts: rows sorted by expert, each expert's up to whole tiles, so
 *          that a tile of the product meets one matrix; SwiGLU and its quantisation are one pass.
 *          Indexer: queries and keys are turned by a Hadamard matrix, which spreads what stands out
 *          and leaves products as they are, and become e4m3 with one scale each; then sm90_index.cu.
 *          Keys are turned and rounded when they are written: the state keeps them so (KV_E4M3).
 *          In a short pass rmsnorm leaves its rows in FP8 for the products that read them (fp8_prepare); experts gather
 *          theirs from there.
 * Cost     per product reads 4 and writes 1 byte an input.
 * Seen     H200, three V3.2 layers end to end (bench/model): 61 would read 0 to 8K at 4364, 8K to 32K at 4923, 32K to 64K at
 *          4480, 64K to 128K at 3914 tokens/s.  Before sm90_gemm.cu and sm90_few.cu were what they are: 3264 at 64K to 128K.
 *          With index keys kept in FP8 4023 there, in the same run 3927 without.
 * Exact    activations to 2^-4 of each number, as the checkpoint's scheme has it ("dynamic").
 * Limits   I, D, F multiples of 128; an indexer of 64 heads of 128.
 * Source   deepseek_v32's inference code: act_quant with scale_fmt ue8m0.
 * Tests    tests/test_cuda_fp8.c */
#include "cuda/sm90_index.cuh"
#include "cuda/sm90_ops.h"
#include "cuda/sm90_quantise.cuh"

#define ROWS 128     /* of a tile where there are many rows */
#define FEW_QUERIES 4 /* of a part: its keys are read for each */
#define SHARED_QUERIES 32 /* at least, for keys to be sought that several share */
#define WARPS 8

/* ------------------------------------------------------------------ quantisation */

/* Row r of `to` is row from[r] / share of x (from NULL: r), for -1 whatever it was. */
struct quantise {
    const float *x;
    const int32_t *from;
    uint8_t *to;
    float *scale;  /* [I/128, ld] */
    size_t ldx, ld;
    int I, share;
};

static __global__ void __launch_bounds__(32 * WARPS)
quantise_kernel(__grid_constant__ const struct quantise a)
{
    cuda_follow();
    int kb = blockIdx.y * WARPS + threadIdx.x / 32, lane = threadIdx.x % 32;
    size_t r = blockIdx.x;
    if (kb * 128 >= a.I) return;
    int from = a.from ? a.from[r] : (int)r;
    if (from < 0) return;
    const float *x = a.x + from / a.share * a.ldx + kb * 128 + lane * 4;
    float4 v = (uintptr_t)x % 16 ? make_float4(x[0], x[1], x[2], x[3]) : *(const float4 *)x;
    put_block(v, a.to + r * a.I + kb * 128, a.scale + kb * a.ld + r);
}

/* Row r of `to` = row from[r] / share of what a norm left. */
static __global__ void __launch_bounds__(32 * WARPS)
gather_kernel(struct cuda_prepared x, const int32_t *from, int share, uint8_t *to, float *scale, size_t ld)
{
    cuda_follow();
    size_t r = blockIdx.x, n = x.n / 16;
    if (from[r] < 0) return;
    size_t source = (size_t)(from[r] / share);
    const uint4 *row = (const uint4 *)(x.q + source * x.n);
    for (size_t i = threadIdx.x; i < n; i += 32 * WARPS) ((uint4 *)(to + r * x.n))[i] = row[i];
    for (size_t k = threadIdx.x; k < n / 8; k += 32 * WARPS) scale[k * ld + r] = x.scale[k * x.ld + source];
}

static __device__ __forceinline__ float4 load_bf16(const uint16_t *p)
{
    uint2 v = *(const uint2 *)p;
    return make_float4(__uint_as_float(v.x << 16), __uint_as_float(v.x & 0xffff0000u),
                       __uint_as_float(v.y << 16), __uint_as_float(v.y & 0xffff0000u));
}

static __device__ __forceinline__ float gated(float g, float u)
{
    return g / (1.0f + expf(-g)) * u;
}

/* Row r of `to` = silu(g) * u, for rows that hold a pair. */
static __global__ void __launch_bounds__(32 * WARPS)
gate_kernel(const uint16_t *g, const uint16_t *u, const int32_t *pair, uint8_t *to, float *scale, size_t ld,
            int F)
{
    cuda_follow();
    int kb = blockIdx.y * WARPS + threadIdx.x / 32, lane = threadIdx.x % 32;
    size_t r = blockIdx.x, at = r * F + kb * 128 + lane * 4;
    if (kb * 128 >= F || pair[r] < 0) return;
    float4 x = load_bf16(g + at), y = load_bf16(u + at);
    put_block(make_float4(gated(x.x, y.x), gated(x.y, y.y), gated(x.z, y.z), gated(x.w, y.w)),
              to + r * F + kb * 128, scale + kb * ld + r);
}

static void quantise(struct device *d, const struct quantise *a, size_t rows)
{
    dim3 grid((unsigned)rows, (unsigned)cuda_ceil((size_t)a->I, 128 * WARPS));
    cuda_launch(d, quantise_kernel, grid, 32 * WARPS, 0, *a);
    cuda_launched(d, "activations in fp8");
}

/* ------------------------------------------------------------------ experts */

/* The sum of v over the threads of lower number, of 1024. */
static __device__ int before(int v)
{
    __shared__ int32_t warps[32];
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, sum = v;
    for (int o = 1; o < 32; o *= 2) {
        int x = __shfl_up_sync(~0u, sum, o);
        if (lane >= o) sum += x;
    }
    if (lane == 31) warps[warp] = sum;
    __syncthreads();
    int base = 0;
    for (int i = 0; i < warp; i++) base += warps[i];
    __syncthreads();
    return base + sum - v;
}

/* One block of 1024.  tiles: as sm90_gemm's, of `tile` rows; pair [rows]: which pair (token, choice) a row holds,
 * -1 for none; row [pairs]. */
static __global__ void sort_kernel(const int32_t *expert, int pairs, int E, int tile, int rows, int32_t *tiles,
                                   int32_t *pair, int32_t *row)
{
    cuda_follow();
    __shared__ int32_t next[1024];
    int e = threadIdx.x;
    next[e] = 0;
    for (int i = e; i < rows; i += 1024) pair[i] = -1;
    __syncthreads();
    for (int i = e; i < pairs; i += 1024) atomicAdd(&next[expert[i]], 1);
    __syncthreads();
    int many = (next[e] + tile - 1) / tile, first = before(many);
    for (int i = 0; i < many; i++) tiles[1 + first + i] = e;
    if (e == 1023) tiles[0] = first + many;
    next[e] = first * tile;
    __syncthreads();
    for (int i = e; i < pairs; i += 1024) {
        int r = atomicAdd(&next[expert[i]], 1);
        pair[r] = i;
        row[i] = r;
    }
}

static __global__ void add_kernel(float *y, const uint16_t *part, const int32_t *row, const float *gate,
                                  size_t n, int D, int A)
{
    cuda_follow();
    size_t i = (blockIdx.x * (size_t)blockDim.x + threadIdx.x) * 4, t = i / D;
    if (i >= n) return;
    float4 v = *(float4 *)(y + i);
    for (int k = 0; k < A; k++) {
        float4 x = load_bf16(part + (size_t)row[t * A + k] * D + i % D);
        float f = gate[t * A + k];
        v.x = fmaf(f, x.x, v.x), v.y = fmaf(f, x.y, v.y), v.z = fmaf(f, x.z, v.z), v.w = fmaf(f, x.w, v.w);
    }
    *(float4 *)(y + i) = v;
}

/* ------------------------------------------------------------------ indexer */

/* v of all lanes [128] turned by the Hadamard matrix over sqrt(128). */
static __device__ __forceinline__ float4 turn(float4 v)
{
    float4 a = make_float4(v.x + v.y, v.x - v.y, v.z + v.w, v.z - v.w);
    v = make_float4(a.x + a.z, a.y + a.w, a.x - a.z, a.y - a.w);
    int lane = threadIdx.x % 32;
    for (int o = 1; o < 32; o *= 2) {
        float sign = lane & o ? -1.0f : 1.0f;
        v.x = fmaf(sign, v.x, __shfl_xor_sync(~0u, v.x, o));
        v.y = fmaf(sign, v.y, __shfl_xor_sync(~0u, v.y, o));
        v.z = fmaf(sign, v.z, __shfl_xor_sync(~0u, v.z, o));
        v.w = fmaf(sign, v.w, __shfl_xor_sync(~0u, v.w, o));
    }
    return make_float4(v.x * HADAMARD, v.y * HADAMARD, v.z * HADAMARD, v.w * HADAMARD);
}

/* This lane's four numbers of row r, among chunks that stand as products want them (sm90.cuh). */
static __device__ __forceinline__ uint32_t *lane_of(uint8_t *rows, size_t r)
{
    int lane = threadIdx.x % 32;
    return (uint32_t *)(rows + r * INDEX_WIDTH + ((lane / 4 ^ (int)(r % 8)) << 4)) + lane % 4;
}

/* Keys of new positions into their pages, a warp each. */
static __global__ void __launch_bounds__(32 * WARPS)
key_kernel(struct cuda_where where, size_t offset, const float *keys, size_t ld, size_t n)
{
    cuda_follow();
    size_t i = blockIdx.x * (size_t)WARPS + threadIdx.x / 32;
    if (i >= n) return;
    size_t s = position_of(where, i), r = s % KV_PAGE;
    uint8_t *page = (uint8_t *)pages_of(where, i)[s / KV_PAGE] + offset;
    const float *x = keys + i * ld + threadIdx.x % 32 * 4;
    float4 v = turn((uintptr_t)x % 16 ? make_float4(x[0], x[1], x[2], x[3]) : *(const float4 *)x);
    float scale = scale_for(largest(v));
    *lane_of(page, r) = as_e4m3(v, scale);
    if (threadIdx.x % 32 == 0) page[INDEX_KEYS + r] = (uint8_t)(__float_as_uint(scale) >> 23);
}

/* Query heads, a warp each, chunks as products want them; the scale goes into the head's weight.  Beyond n heads:
 * zeros. */
static __global__ void __launch_bounds__(32 * WARPS)
query_kernel(const float *q, const float *w, size_t n, uint8_t *to, float *w_to)
{
    cuda_follow();
    size_t h = blockIdx.x * (size_t)WARPS + threadIdx.x / 32;
    float4 v = make_float4(0, 0, 0, 0);
    if (h < n) v = turn(*(const float4 *)(q + h * INDEX_WIDTH + threadIdx.x % 32 * 4));
    float s = scale_for(largest(v));
    *lane_of(to, h) = as_e4m3(v, s);
    if (threadIdx.x % 32 == 0) w_to[h] = h < n ? w[h] * s : 0;
}

/* ------------------------------------------------------------------ launchers */

static bool has_fp8(const struct device *d)
{
    return d->major == 9 && d->weights == WEIGHT_FP8;
}

/* Memory for parts that follow one another, each on a boundary. */
static char *part_of(char **at, size_t bytes)
{
    char *p = *at;
    *at += cuda_ceil(bytes, CUDA_ALIGN) * CUDA_ALIGN;
    return p;
}

bool fp8_prepare(struct device *d, const float *x, size_t ldx, size_t T, size_t n, struct cuda_prepared *out)
{
    if (!d->bound || !has_fp8(d) || ldx != n || n % 128) return false;
    d->last_prepared ^= 1;
    struct cuda_buffer *b = &d->ready[d->last_prepared];
    size_t ld = cuda_ceil(T, ROWS) * ROWS, bytes = cuda_ceil(T * n, CUDA_ALIGN) * CUDA_ALIGN;
    uint8_t *q = (uint8_t *)cuda_reserve(d, b, bytes + n / 128 * ld * sizeof(float));
    if (!q) return false;
    for (int i = 0; i < 2; i++)
        if (d->prepared[i].x == x) d->prepared[i].x = NULL;
    *out = d->prepared[d->last_prepared] = {x, q, (float *)(q + bytes), T, n, ld};
    return true;
}

/* What a norm left of T rows of n. */
static const struct cuda_prepared *prepared(const struct device *d, const float *x, size_t T, size_t n)
{
    for (int i = 0; d->bound && i < 2; i++) {
        const struct cuda_prepared *p = &d->prepared[i];
        if (p->x == x && p->T == T && p->n == n) return p;
    }
    return NULL;
}

bool fp8_linear(struct device *d, const struct linear_args *a)
{
    const struct weight *w = a->w;
    bool fits = has_fp8(d) && w->block_scale && w->G == 1 && w->O % 2 == 0 && a->ldy % 2 == 0 &&
                (uintptr_t)a->y % 8 == 0;
    if (!fits) return false;
    size_t ld = cuda_ceil(a->T, ROWS) * ROWS, bytes = cuda_ceil(a->T * w->I, CUDA_ALIGN) * CUDA_ALIGN;
    const struct cuda_prepared *ready = a->ldx == w->I ? prepared(d, a->x, a->T, w->I) : NULL;
    struct quantise q = {a->x, NULL, NULL, NULL, a->ldx, ld, (int)w->I, 1};
    if (ready) {
        q.to = ready->q;
        q.scale = ready->scale;
    } else {
        q.to = (uint8_t *)cuda_reserve(d, &d->fp8, bytes + w->I / 128 * ld * sizeof(float));
        if (!q.to) return true;
        q.scale = (float *)(q.to + bytes);
        quantise(d, &q, a->T);
    }
    struct sm90_gemm_args g = {q.to, (const uint8_t *)w->data, q.scale, w->block_scale, a->y, a->T, w->O,
                               w->I, 1, ld, a->ldy, true, a->accumulate, NULL, 0, SM90_CHOOSE};
    sm90_gemm(d, &g);
    return true;
}

/* A product of the sorted rows with the experts' matrices. */
static void expert_product(struct device *d, const struct weight *w, const uint8_t *x, const float *scale,
                           size_t rows, const int32_t *tiles, int tile, uint16_t *y)
{
    struct sm90_gemm_args g = {x, (const uint8_t *)w->data, scale, w->block_scale, y, rows, w->O, w->I,
                               w->G, rows, w->O, false, false, tiles, tile, SM90_CHOOSE};
    sm90_gemm(d, &g);
}

/* Rows of a tile: most experts' rows fit into one. */
static size_t tile_rows(size_t pairs, size_t E)
{
    return pairs <= 8 * E ? 16 : pairs <= 64 * E ? 64 : ROWS;
}

/* The rows that pairs read, in FP8. */
static void expert_rows(struct device *d, const struct experts_args *a, const int32_t *pair, uint8_t *x, float *scale,
                        size_t rows)
{
    size_t D = (size_t)a->D;
    const struct cuda_prepared *ready = prepared(d, a->x, a->T, D);
    struct quantise q = {a->x, pair, x, scale, D, rows, a->D, a->A};
    if (!ready) return quantise(d, &q, rows);
    cuda_launch(d, gather_kernel, (unsigned)rows, 32 * WARPS, 0, *ready, pair, a->A, x, scale, rows);
    cuda_launched(d, "experts, rows");
}

bool fp8_experts(struct device *d, const struct experts_args *a)
{
    size_t D = (size_t)a->D, F = (size_t)a->F, pairs = a->T * (size_t)a->A;
    bool fits = has_fp8(d) && a->gate_w->block_scale && a->up_w->block_scale && a->down_w->block_scale;
    if (!fits) return false;
    size_t tile = tile_rows(pairs, (size_t)a->E), padded = pairs + (size_t)a->E * (tile - 1);
    size_t rows = cuda_ceil(pairs * tile < padded ? pairs * tile : padded, ROWS) * ROWS;
    size_t bytes = (1 + rows / tile + rows + pairs) * 4 + rows * (D + F) + (D + F) / 128 * rows * 4 +
                   rows * (2 * F + D) * 2 + 12 * CUDA_ALIGN;
    char *at = (char *)cuda_reserve(d, &d->moe, bytes);
    if (!at) return true;
    int32_t *tiles = (int32_t *)part_of(&at, (1 + rows / tile) * 4), *pair, *row;
    pair = (int32_t *)part_of(&at, rows * 4);
    row = (int32_t *)part_of(&at, pairs * 4);
    uint8_t *x = (uint8_t *)part_of(&at, rows * D), *h = (uint8_t *)part_of(&at, rows * F);
    float *x_scale = (float *)part_of(&at, D / 128 * rows * 4);
    float *h_scale = (float *)part_of(&at, F / 128 * rows * 4);
    uint16_t *g = (uint16_t *)part_of(&at, rows * F * 2), *u = (uint16_t *)part_of(&at, rows * F * 2);
    uint16_t *y = (uint16_t *)part_of(&at, rows * D * 2);

    cuda_launch(d, sort_kernel, 1, 1024, 0, a->expert, (int)pairs, a->E, (int)tile, (int)rows, tiles, pair, row);
    if (!cuda_launched(d, "experts, lists")) return true;
    expert_rows(d, a, pair, x, x_scale, rows);
    expert_product(d, a->gate_w, x, x_scale, rows, tiles, (int)tile, g);
    expert_product(d, a->up_w, x, x_scale, rows, tiles, (int)tile, u);
    dim3 grid((unsigned)rows, (unsigned)cuda_ceil(F, 128 * WARPS));
    cuda_launch(d, gate_kernel, grid, 32 * WARPS, 0, g, u, pair, h, h_scale, rows, a->F);
    cuda_launched(d, "experts, gates");
    expert_product(d, a->down_w, h, h_scale, rows, tiles, (int)tile, y);
    cuda_behind(d, a->made_on);
    cuda_launch(d, add_kernel, (unsigned)cuda_ceil(a->T * D / 4, 256), 256, 0, a->y, y, row, a->gate, a->T * D,
                a->D, a->A);
    cuda_launched(d, "experts, sum");
    return true;
}

/* Queries to e4m3. */
static void turn_queries(struct device *d, const float *q, const float *w, size_t n, size_t room, uint8_t *to,
                         float *w_to)
{
    cuda_launch(d, query_kernel, (unsigned)(room * INDEX_HEADS / WARPS), 32 * WARPS, 0, q, w, n * INDEX_HEADS, to,
                w_to);
    cuda_launched(d, "index queries in fp8");
}

/* Few queries, or each of another part: keys that four share at once, the others one by one. */
static void score_few(struct device *d, const struct cuda_scores *c)
{
    const struct index_args *a = c->a;
    size_t n = c->n * c->T, room = cuda_ceil(n, 4) * 4, heads = room * INDEX_HEADS, words = sm90_index_words(c->bound);
    char *at = (char *)cuda_reserve(d, &d->fp8, heads * (INDEX_WIDTH + 4) + room / 4 * words * 4 + 4 * CUDA_ALIGN);
    if (!at) return;
    uint8_t *q = (uint8_t *)part_of(&at, heads * INDEX_WIDTH);
    float *w = (float *)part_of(&at, heads * 4);
    bool seek = n >= SHARED_QUERIES && (!d->bound || d->shares);
    uint32_t *common = !seek ? NULL : (uint32_t *)part_of(&at, room / 4 * words * 4);
    turn_queries(d, a->q, a->w, n, room, q, w);
    if (common) {
        struct sm90_index_shared_args s = {q, w, c->out, c->where, a->kv.index_offset, n, c->bound, c->ld, common, words};
        sm90_index_shared(d, &s);
    }
    struct sm90_index_few_args s = {q, w, c->where, a->kv.index_offset, c->out, n, c->ld, c->bound, common};
    sm90_index_few(d, &s);
}

/* Many queries of one part. */
static void score_many(struct device *d, const struct cuda_scores *c)
{
    const struct index_args *a = c->a;
    size_t room = cuda_ceil(c->T, 4) * 4, heads = room * INDEX_HEADS;
    char *at = (char *)cuda_reserve(d, &d->fp8, heads * (INDEX_WIDTH + 4) + 2 * CUDA_ALIGN);
    if (!at) return;
    uint8_t *q = (uint8_t *)part_of(&at, heads * INDEX_WIDTH);
    float *w = (float *)part_of(&at, heads * 4);
    turn_queries(d, a->q + c->t0 * INDEX_HEADS * INDEX_WIDTH, a->w + c->t0 * INDEX_HEADS, c->T, room, q, w);
    struct sm90_index_args s = {q, w, c->out, c->where, a->kv.index_offset, c->t0, c->T, c->bound, c->ld};
    sm90_index_scores(d, &s);
}

bool fp8_index_scores(struct device *d, const struct cuda_scores *c)
{
    const struct index_args *a = c->a;
    if (a->kv.index_type != KV_E4M3) return false;
    if (c->T <= FEW_QUERIES && c->t0 == 0) {
        score_few(d, c);
        return true;
    }
    for (size_t i = 0; i < c->n; i++) {
        struct cuda_scores one = *c;
        struct index_args part = *a;
        part.q += i * a->T * INDEX_HEADS * INDEX_WIDTH;
        part.w += i * a->T * INDEX_HEADS;
        one.a = &part;
        one.n = 1;
        one.where.part += i;
        one.out += i * c->T * c->ld;
        score_many(d, &one);
    }
    return true;
}

enum kv_type fp8_index_type(struct device *d, enum kv_type type, int J, int C)
{
    bool fits = has_fp8(d) && J == INDEX_HEADS && C == INDEX_WIDTH && type != KV_F32;
    return fits ? KV_E4M3 : type;
}

void fp8_store_keys(struct device *d, const struct kv_store_args *a, const struct cuda_where *where, size_t n)
{
    cuda_launch(d, key_kernel, (unsigned)cuda_ceil(n, WARPS), 32 * WARPS, 0, *where, a->kv.index_offset, a->rows, a->ld,
                n);
    cuda_launched(d, "index keys in fp8");
}
