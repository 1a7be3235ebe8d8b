/* mla_mma.cu: absorbed attention on tensor cores, rows of 16-bit numbers.   op: mla_attend
 *
 *   q [T, H, R+P] f32    rows [S, R+P] f16 or bf16 in pages    sel [T, K] or NULL    out [T, H, R] f32
 *
 * Method   a block takes one query and 16 heads, four warps.  Rows come 64 at a time (cp.async) into shared
 *          memory.  mma.sync m16n8k16: each warp makes the logits of 16 rows, then a quarter of the
 *          values' columns.  The query and the weights are sums of two 16-bit numbers, hi + lo, each
 *          multiplied: exact to 2^-17 (bf16) or 2^-22 (f16), as in linear.cu.  A head's query is
 *          scaled by a power of two to below 2, so that f16 holds it.
 * Tiles    64 rows are a tile, counted among those the query attends to.  Each has its own largest logit,
 *          sum and values; tiles are joined in order (struct joined).  So it does not matter whether one
 *          block does all tiles (many queries) or each its own (few: a second kernel joins them).
 * Cost     8*T*H16*n*(R+P/2) flop, H16 = H up to a multiple of 16; a row is read once per 16 heads.
 * Seen     H200, deepread-150m, the whole pass: 82,800 tokens/s read at 32K; with FFMA, passes of 512 tokens and a
 *          busy host 29,200 at 27K.
 * Limits   R, R+P multiples of 16, R <= 512.     Tests: tests/test_op_mla.c */
#include "cuda/element.cuh"
#include "cuda/mma.cuh"

#define THREADS 128
#define WARPS (THREADS / 32)
#define HEADS 16
#define TILE 64
#define WEIGHTS_PITCH (TILE + 8)
#define LOGITS_PITCH (TILE + 4)
#define PART_BYTES ((size_t)256 << 20)

struct attend {
    struct cuda_where where;
    size_t offset;
    const float *q;
    const int32_t *sel;
    float *out, *part; /* part [T, H, splits, R + 2]: largest logit, sum, values; NULL: one block does all */
    int H, R, P, K, splits;
    float scale;
};

/* How many rows query t attends to. */
static __device__ int rows_of(const struct attend &a, size_t t)
{
    if (!a.sel) return (int)position_of(a.where, t) + 1;
    int n = 0;
    for (int k = threadIdx.x % 32; k < a.K; k += 32) n += a.sel[t * a.K + k] >= 0;
    return (int)__reduce_add_sync(~0u, (unsigned)n);
}

/* ------------------------------------------------------------------ joining tiles */

struct joined {
    float max, sum;
};

/* What the values so far and those of the next tile are multiplied by. */
static __device__ __forceinline__ float2 join(struct joined *j, float max, float sum)
{
    float m = fmaxf(j->max, max), f = expf(j->max - m), g = expf(max - m);
    j->sum = __fmaf_rn(sum, g, __fmul_rn(j->sum, f));
    j->max = m;
    return make_float2(f, g);
}

static __device__ __forceinline__ float join_value(float before, float next, float2 f)
{
    return __fmaf_rn(next, f.y, __fmul_rn(before, f.x));
}

/* ------------------------------------------------------------------ one tile */

template <enum kv_type TYPE>
static __device__ __forceinline__ void mma(float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
    if (TYPE == KV_BF16) mma_bf16(c, a, b0, b1);
    else mma_f16(c, a, b0, b1);
}

/* x as the sum of two 16-bit numbers. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void split(float x, uint16_t *hi, uint16_t *lo)
{
    *hi = element<TYPE>::put(x);
    *lo = element<TYPE>::put(x - element<TYPE>::get(*hi));
}

struct places { /* in shared memory */
    uint16_t *q_hi, *q_lo, *rows, *w_hi, *w_lo;
    float *logit, *back, *max, *sum; /* back: what a head's logits are multiplied by */
    int pitch;
};

static __device__ struct places places_of(char *memory, int W)
{
    struct places s;
    s.pitch = W + 8;
    s.rows = (uint16_t *)memory;
    s.q_hi = s.rows + TILE * s.pitch;
    s.q_lo = s.q_hi + HEADS * s.pitch;
    s.w_hi = s.q_lo + HEADS * s.pitch;
    s.w_lo = s.w_hi + HEADS * WEIGHTS_PITCH;
    s.logit = (float *)(s.w_lo + HEADS * WEIGHTS_PITCH);
    s.back = s.logit + HEADS * LOGITS_PITCH;
    s.max = s.back + HEADS;
    s.sum = s.max + HEADS;
    return s;
}

static size_t shared_bytes(int W)
{
    size_t pitch = (size_t)W + 8;
    return ((TILE + 2 * HEADS) * pitch + 2 * HEADS * WEIGHTS_PITCH) * sizeof(uint16_t) +
           (HEADS * LOGITS_PITCH + 3 * HEADS) * sizeof(float);
}

/* The query of 16 heads; each warp four of them. */
template <enum kv_type TYPE>
static __device__ void load_query(const struct attend &a, const struct places &s, size_t t, int h0)
{
    int W = a.R + a.P, lane = threadIdx.x % 32, first = threadIdx.x / 32 * (HEADS / WARPS);
    for (int h = first; h < first + HEADS / WARPS; h++) {
        const float *q = a.q + (t * a.H + h0 + h) * (size_t)W;
        bool there = h0 + h < a.H;
        float most = 0;
        for (int i = lane; there && i < W; i += 32) most = fmaxf(most, fabsf(q[i]));
        for (int o = 16; o; o /= 2) most = fmaxf(most, __shfl_xor_sync(~0u, most, o));
        int e = most > 1e-30f && most < 1e30f ? ilogbf(most) : 0;
        float down = ldexpf(1, -e);
        for (int i = lane; i < W; i += 32)
            split<TYPE>(there ? q[i] * down : 0, &s.q_hi[h * s.pitch + i], &s.q_lo[h * s.pitch + i]);
        if (lane == 0) s.back[h] = ldexpf(1, e) * a.scale;
    }
}

/* Rows [s0, s0 + 64) of what query t attends to; zeros beyond the n-th.  Each warp 16 of them. */
template <enum kv_type TYPE>
static __device__ void load_rows(const struct attend &a, const struct places &s, size_t t, int s0, int n)
{
    int W = a.R + a.P, lane = threadIdx.x % 32, first = threadIdx.x / 32 * (TILE / WARPS);
    int at = s0 + first + lane % (TILE / WARPS);
    uint64_t mine = 0;
    if (at < n) {
        size_t pos = a.sel ? (size_t)a.sel[t * a.K + at] : (size_t)at;
        mine = (uint64_t)row_at<TYPE>(pages_of(a.where, t), a.offset, pos, W);
    }
#pragma unroll 4
    for (int i = 0; i < TILE / WARPS; i++) {
        const uint16_t *row = (const uint16_t *)__shfl_sync(~0u, mine, i);
        uint16_t *to = s.rows + (first + i) * s.pitch;
        for (int c = lane * 8; c < W; c += 32 * 8) {
            if (row) copy_chunk(to + c, row + c);
            else *(uint4 *)(to + c) = make_uint4(0, 0, 0, 0);
        }
    }
    chunks_wait();
}

/* Logits of this warp's 16 rows against all heads; what lies beyond `count` is -inf. */
template <enum kv_type TYPE>
static __device__ void make_logits(const struct places &s, int W, int count)
{
    int lane = threadIdx.x % 32, row0 = threadIdx.x / 32 * 16;
    const uint16_t *rows = s.rows + (row0 + lane / 16 * 8 + lane % 8) * s.pitch + lane / 8 % 2 * 8;
    int q = lane % 16 * s.pitch + lane / 16 * 8;
    float c[2][4] = {};
    for (int k = 0; k < W; k += 16) {
        uint32_t b[4], x[4];
        load_matrices(b, rows + k);
        load_matrices(x, s.q_hi + q + k);
        mma<TYPE>(c[0], x, b[0], b[1]);
        mma<TYPE>(c[1], x, b[2], b[3]);
        load_matrices(x, s.q_lo + q + k);
        mma<TYPE>(c[0], x, b[0], b[1]);
        mma<TYPE>(c[1], x, b[2], b[3]);
    }
#pragma unroll
    for (int i = 0; i < 8; i++) {
        int h = lane / 4 + i % 4 / 2 * 8, at = row0 + i / 4 * 8 + lane % 4 * 2 + i % 2;
        s.logit[h * LOGITS_PITCH + at] = at < count ? c[i / 4][i % 4] * s.back[h] : -INFINITY;
    }
}

/* Weights, their largest logit and their sum; eight lanes to a head. */
template <enum kv_type TYPE> static __device__ void make_weights(const struct places &s)
{
    int h = threadIdx.x / 8, lane = threadIdx.x % 8;
    float x[TILE / 8], max = -INFINITY, sum = 0;
#pragma unroll
    for (int i = 0; i < TILE / 8; i++) {
        x[i] = s.logit[h * LOGITS_PITCH + lane + 8 * i];
        max = fmaxf(max, x[i]);
    }
    for (int o = 4; o; o /= 2) max = fmaxf(max, __shfl_xor_sync(~0u, max, o));
#pragma unroll
    for (int i = 0; i < TILE / 8; i++) {
        float w = expf(x[i] - max);
        int at = h * WEIGHTS_PITCH + lane + 8 * i;
        split<TYPE>(w, &s.w_hi[at], &s.w_lo[at]);
        sum += w;
    }
    for (int o = 4; o; o /= 2) sum += __shfl_xor_sync(~0u, sum, o);
    if (lane == 0) s.max[h] = max, s.sum[h] = sum;
}

/* v [chunk][half] = weights * 16 columns of the rows: chunk i of this warp is chunk warp + 4 i of all. */
template <enum kv_type TYPE, int CHUNKS>
static __device__ void make_values(const struct places &s, int R, float v[CHUNKS][2][4])
{
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const uint16_t *rows = s.rows + (lane / 8 % 2 * 8 + lane % 8) * s.pitch + lane / 16 * 8;
    int w = lane % 16 * WEIGHTS_PITCH + lane / 16 * 8;
#pragma unroll
    for (int i = 0; i < CHUNKS * 8; i++) v[i / 8][i / 4 % 2][i % 4] = 0;
#pragma unroll
    for (int k = 0; k < TILE; k += 16) {
        uint32_t hi[4], lo[4], b[4];
        load_matrices(hi, s.w_hi + w + k);
        load_matrices(lo, s.w_lo + w + k);
#pragma unroll
        for (int i = 0; i < CHUNKS; i++) {
            int column = (warp + WARPS * i) * 16;
            if (column >= R) continue;
            load_matrices_t(b, rows + k * s.pitch + column);
            mma<TYPE>(v[i][0], hi, b[0], b[1]);
            mma<TYPE>(v[i][1], hi, b[2], b[3]);
            mma<TYPE>(v[i][0], lo, b[0], b[1]);
            mma<TYPE>(v[i][1], lo, b[2], b[3]);
        }
    }
}

/* ------------------------------------------------------------------ kernels */

template <enum kv_type TYPE, int CHUNKS>
static __global__ void __launch_bounds__(THREADS) attend_kernel(__grid_constant__ const struct attend a)
{
    cuda_follow();
    extern __shared__ __align__(16) char memory[];
    int W = a.R + a.P, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    struct places s = places_of(memory, W);
    size_t t = blockIdx.x;
    int h0 = blockIdx.y * HEADS, n = rows_of(a, t), tiles = (n + TILE - 1) / TILE;
    int first = a.part ? (int)blockIdx.z : 0, last = a.part ? min(first + 1, tiles) : tiles;
    if (first >= tiles) return;
    load_query<TYPE>(a, s, t, h0);

    struct joined head[2] = {{-INFINITY, 0}, {-INFINITY, 0}}; /* lane / 4 and the one 8 below */
    float sum[CHUNKS][2][4], v[CHUNKS][2][4];
#pragma unroll
    for (int i = 0; i < CHUNKS * 8; i++) sum[i / 8][i / 4 % 2][i % 4] = 0;
    for (int i = first; i < last; i++) {
        load_rows<TYPE>(a, s, t, i * TILE, n);
        __syncthreads();
        make_logits<TYPE>(s, W, n - i * TILE);
        __syncthreads();
        make_weights<TYPE>(s);
        __syncthreads();
        make_values<TYPE, CHUNKS>(s, a.R, v);
        if (a.part) break;
        float2 f[2];
        for (int k = 0; k < 2; k++)
            f[k] = join(&head[k], s.max[lane / 4 + 8 * k], s.sum[lane / 4 + 8 * k]);
#pragma unroll
        for (int k = 0; k < CHUNKS * 8; k++) {
            float *to = &sum[k / 8][k / 4 % 2][k % 4];
            *to = join_value(*to, v[k / 8][k / 4 % 2][k % 4], f[k % 4 / 2]);
        }
        __syncthreads(); /* before the next rows come */
    }

#pragma unroll
    for (int i = 0; i < CHUNKS * 4; i++) { /* two neighbours at a time */
        int half = i / 2 % 2, h = lane / 4 + i % 2 * 8, c = i % 2 * 2;
        int column = (warp + WARPS * (i / 4)) * 16 + half * 8 + lane % 4 * 2;
        if (column >= a.R || h0 + h >= a.H) continue;
        size_t row = t * a.H + h0 + h;
        if (a.part) {
            float *to = a.part + (row * a.splits + first) * (size_t)(a.R + 2);
            to[2 + column] = v[i / 4][half][c];
            to[3 + column] = v[i / 4][half][c + 1];
            if (column == 0) to[0] = s.max[h], to[1] = s.sum[h];
        } else {
            a.out[row * a.R + column] = sum[i / 4][half][c] / head[i % 2].sum;
            a.out[row * a.R + column + 1] = sum[i / 4][half][c + 1] / head[i % 2].sum;
        }
    }
}

/* One block per query and head. */
static __global__ void join_kernel(__grid_constant__ const struct attend a)
{
    cuda_follow();
    size_t row = blockIdx.x;
    int tiles = (rows_of(a, row / a.H) + TILE - 1) / TILE;
    const float *part = a.part + row * a.splits * (size_t)(a.R + 2);
    for (int r = threadIdx.x; r < a.R; r += blockDim.x) {
        struct joined j = {-INFINITY, 0};
        float v = 0;
        for (int i = 0; i < tiles; i++) {
            const float *one = part + i * (size_t)(a.R + 2);
            v = join_value(v, one[2 + r], join(&j, one[0], one[1]));
        }
        a.out[row * a.R + r] = v / j.sum;
    }
}

/* ------------------------------------------------------------------ launchers */

template <enum kv_type TYPE, int CHUNKS>
static void launch(struct device *d, const struct attend *a, size_t T)
{
    auto *kernel = attend_kernel<TYPE, CHUNKS>;
    size_t bytes = shared_bytes(a->R + a->P);
    if (!cuda_shared(d, (const void *)kernel, bytes, "attention")) return;
    dim3 grid((unsigned)T, (unsigned)cuda_ceil((size_t)a->H, HEADS), (unsigned)a->splits);
    cuda_launch(d, kernel, grid, THREADS, bytes, *a);
    if (!cuda_launched(d, "attention") || !a->part) return;
    cuda_launch(d, join_kernel, (unsigned)(T * (size_t)a->H), 128, 0, *a);
    cuda_launched(d, "attention, joining");
}

bool mma_attend(struct device *d, const struct mla_args *m, size_t n)
{
    int W = m->R + m->P;
    bool fits = (m->kv.type == KV_F16 || m->kv.type == KV_BF16) && m->R % 16 == 0 && W % 16 == 0 &&
                m->R <= 512 && shared_bytes(W) <= d->shared_limit && m->kv.latent_offset % 16 == 0;
    if (!fits) return false;
    size_t all = n * m->T, rows = m->sel ? (size_t)m->K : cuda_bound(d, cuda_farthest(m, n));
    size_t tiles = cuda_ceil(rows, TILE), blocks = all * cuda_ceil((size_t)m->H, HEADS);
    size_t part = all * (size_t)m->H * tiles * (size_t)(m->R + 2) * sizeof(float);
    struct attend a = {.offset = m->kv.latent_offset, .q = m->q, .sel = m->sel, .out = m->out, .H = m->H, .R = m->R,
                       .P = m->P, .K = m->K, .splits = 1, .scale = m->scale};
    if (!cuda_where_of(d, m, n, &a.where)) return true;
    if (blocks < 2 * (size_t)d->multiprocessors && tiles > 1 && part <= PART_BYTES) {
        a.part = (float *)cuda_reserve(d, &d->part, part);
        a.splits = (int)tiles;
        if (!a.part) return true;
    }
    bool bf16 = m->kv.type == KV_BF16;
    if (m->R <= 256 && bf16) launch<KV_BF16, 4>(d, &a, all);
    else if (m->R <= 256) launch<KV_F16, 4>(d, &a, all);
    else if (bf16) launch<KV_BF16, 8>(d, &a, all);
    else launch<KV_F16, 8>(d, &a, all);
    return true;
}
