/* mla_attend.cu: absorbed attention over chosen or all rows, any width.   op: mla_attend
 *
 *   q [T, H, R+P] f32    rows [S, R+P] in pages    sel [T, K] or NULL    out [T, H, R] f32
 *
 * Method   a block takes one query, up to 16 heads and 512 of its rows, 32 at a time: rows as f32 in
 *          shared memory, logits, a running softmax, values; all FFMA.  More than 512 rows: partial
 *          results, joined by a second kernel.  Cuts depend on a row's number among those the query
 *          attends to, so sparse equals dense where everything is chosen, to the bit.
 * Cost     4*T*H*n*(R+P/2) flop in f32; a row is read once per 16 heads.
 * Limits   R <= 512.  16-bit rows: mla_mma.cu; V3.2's widths on Hopper: sm90_mla_prefill.cu.
 * Tests    tests/test_op_mla.c */
#include "cuda/element.cuh"
#include "cuda/sm90_ops.h"

#define THREADS 256
#define TILE 32
#define SPLIT 512
#define COLUMNS 2 /* of R a thread owns: R <= COLUMNS * THREADS */
#define PART_BYTES ((size_t)256 << 20)

struct attend {
    struct cuda_where where;
    size_t offset, t0; /* t0: first row at hand */
    const float *q;
    const int32_t *sel;
    float *out, *part; /* part [T, H, splits, R + 2]: largest logit, sum, values */
    int H, R, P, K, splits;
    float scale;
};

/* How many rows query t attends to. */
static __device__ int rows_of(const struct attend &a, size_t t)
{
    if (!a.sel) return (int)position_of(a.where, a.t0 + t) + 1;
    int n = 0;
    for (int k = threadIdx.x % 32; k < a.K; k += 32) n += a.sel[t * a.K + k] >= 0;
    return (int)__reduce_add_sync(~0u, (unsigned)n);
}

template <enum kv_type TYPE, int HG>
static __global__ void __launch_bounds__(THREADS) attend_kernel(__grid_constant__ const struct attend a)
{
    constexpr int PARTS = THREADS / (TILE * HG / 4); /* threads that share a dot product */
    extern __shared__ __align__(16) float shared[];
    int W = a.R + a.P, pitch = W | 1, tid = threadIdx.x, lane = tid % 32, warp = tid / 32;
    float *q = shared, *p = q + W * HG, *dot = p + TILE * HG, *max = dot + PARTS * TILE * HG;
    float *sum = max + HG, *fix = sum + HG, *rows = fix + HG;

    size_t t = blockIdx.x;
    int h0 = blockIdx.y * HG, heads = min(HG, a.H - h0), n = rows_of(a, t);
    int first = blockIdx.z * SPLIT, last = min(first + SPLIT, n);
    if (first >= n) return;
    for (int i = tid; i < HG * W; i += THREADS)
        q[i % W * HG + i / W] = i / W < heads ? a.q[(t * a.H + h0) * (size_t)W + i] : 0;
    if (tid < HG) max[tid] = -INFINITY, sum[tid] = 0;
    float acc[COLUMNS][HG] = {};
    void *const *pages = pages_of(a.where, a.t0 + t);

    for (int s0 = first; s0 < last; s0 += TILE) {
        int tile = min(TILE, last - s0);
        __syncthreads();
        for (int s = warp; s < TILE; s += THREADS / 32) {
            size_t at = s < tile ? (a.sel ? (size_t)a.sel[t * a.K + s0 + s] : (size_t)(s0 + s)) : 0;
            auto *row = row_at<TYPE>(pages, a.offset, at, W);
            for (int i = lane; i < W; i += 32)
                rows[s * pitch + i] = s < tile ? element<TYPE>::get(row[i]) : 0;
        }
        __syncthreads();
        { /* logits: thread = (part of the width, 4 heads, row) */
            int part = tid / (TILE * HG / 4), four = tid / TILE % (HG / 4) * 4;
            float d[4] = {};
            int from = W * part / PARTS, to = part < PARTS ? W * (part + 1) / PARTS : 0;
            for (int i = from; i < to; i++) {
                float x = rows[lane * pitch + i];
                float4 v = *(float4 *)&q[i * HG + four];
                d[0] = fmaf(v.x, x, d[0]), d[1] = fmaf(v.y, x, d[1]);
                d[2] = fmaf(v.z, x, d[2]), d[3] = fmaf(v.w, x, d[3]);
            }
            for (int i = 0; part < PARTS && i < 4; i++)
                dot[(part * HG + four + i) * TILE + lane] = d[i];
        }
        __syncthreads();
        for (int h = warp; h < HG; h += THREADS / 32) { /* softmax: lane = row */
            float x = 0;
            for (int i = 0; i < PARTS; i++) x += dot[(i * HG + h) * TILE + lane];
            x = lane < tile ? x * a.scale : -INFINITY;
            float m = x, before = max[h];
            for (int o = 16; o; o /= 2) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
            m = fmaxf(m, before);
            float e = expf(x - m), s = e;
            for (int o = 16; o; o /= 2) s += __shfl_xor_sync(~0u, s, o);
            p[lane * HG + h] = e;
            __syncwarp(); /* all lanes have read max */
            if (lane == 0) {
                float f = expf(before - m);
                fix[h] = f;
                max[h] = m;
                sum[h] = sum[h] * f + s;
            }
        }
        __syncthreads();
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
            int r = tid + c * THREADS;
            if (r >= a.R) continue;
#pragma unroll
            for (int h = 0; h < HG; h++) acc[c][h] *= fix[h];
            for (int s = 0; s < tile; s++) {
                float x = rows[s * pitch + r];
#pragma unroll
                for (int h = 0; h < HG; h += 4) {
                    float4 v = *(float4 *)&p[s * HG + h];
                    acc[c][h] = fmaf(v.x, x, acc[c][h]), acc[c][h + 1] = fmaf(v.y, x, acc[c][h + 1]);
                    acc[c][h + 2] = fmaf(v.z, x, acc[c][h + 2]);
                    acc[c][h + 3] = fmaf(v.w, x, acc[c][h + 3]);
                }
            }
        }
    }
    __syncthreads();
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
        int r = tid + c * THREADS;
#pragma unroll
        for (int h = 0; h < HG; h++) {
            if (h >= heads || r >= a.R) continue;
            size_t row = t * a.H + h0 + h;
            if (a.splits == 1)
                a.out[row * a.R + r] = acc[c][h] / sum[h];
            else
                a.part[(row * a.splits + blockIdx.z) * (size_t)(a.R + 2) + 2 + r] = acc[c][h];
        }
    }
    if (a.splits > 1 && tid < heads) {
        float *to = a.part + ((t * a.H + h0 + tid) * a.splits + blockIdx.z) * (size_t)(a.R + 2);
        to[0] = max[tid];
        to[1] = sum[tid];
    }
}

/* One block per (query, head). */
static __global__ void join_kernel(__grid_constant__ const struct attend a)
{
    size_t row = blockIdx.x, t = row / a.H;
    int splits = (rows_of(a, t) + SPLIT - 1) / SPLIT;
    const float *part = a.part + row * a.splits * (size_t)(a.R + 2);
    float max = -INFINITY, sum = 0;
    for (int i = 0; i < splits; i++) max = fmaxf(max, part[i * (size_t)(a.R + 2)]);
    for (int i = 0; i < splits; i++) {
        const float *one = part + i * (size_t)(a.R + 2);
        sum += one[1] * expf(one[0] - max);
    }
    for (int r = threadIdx.x; r < a.R; r += blockDim.x) {
        float v = 0;
        for (int i = 0; i < splits; i++) {
            const float *one = part + i * (size_t)(a.R + 2);
            v += one[2 + r] * expf(one[0] - max);
        }
        a.out[row * a.R + r] = v / sum;
    }
}

/* ------------------------------------------------------------------ launchers */

template <enum kv_type TYPE, int HG>
static void launch(struct device *d, const struct attend *a, size_t T)
{
    constexpr int PARTS = THREADS / (TILE * HG / 4);
    size_t W = (size_t)(a->R + a->P), pitch = W | 1;
    size_t bytes = (W * HG + TILE * HG * (1 + PARTS) + 3 * HG + TILE * pitch) * sizeof(float);
    auto *kernel = attend_kernel<TYPE, HG>;
    if (!cuda_shared(d, (const void *)kernel, bytes, "attention")) return;
    dim3 grid((unsigned)T, (unsigned)cuda_ceil((size_t)a->H, HG), (unsigned)a->splits);
    kernel<<<grid, THREADS, bytes, d->stream>>>(*a);
    if (cuda_launched(d, "attention") && a->splits > 1) {
        join_kernel<<<(unsigned)(T * (size_t)a->H), 128, 0, d->stream>>>(*a);
        cuda_launched(d, "attention, joining");
    }
}

template <enum kv_type TYPE>
static void launch_heads(struct device *d, const struct attend *a, size_t T)
{
    if (a->H <= 4) launch<TYPE, 4>(d, a, T);
    else if (a->H <= 8) launch<TYPE, 8>(d, a, T);
    else if (a->H <= 12) launch<TYPE, 12>(d, a, T);
    else launch<TYPE, 16>(d, a, T);
}

/* n parts of equally many rows. */
static void attend(struct device *d, const struct mla_args *m, size_t n)
{
    if (!m->T || !cuda_ready(d) || sm90_mla_attend(d, m, n) || mma_attend(d, m, n)) return;
    if (m->R > COLUMNS * THREADS) {
        err_set(&d->failed, E_DEVICE, "cuda: a latent of %d elements, at most %d", m->R,
                COLUMNS * THREADS);
        return;
    }
    size_t all = n * m->T, rows = m->sel ? (size_t)m->K : cuda_bound(d, cuda_farthest(m, n));
    size_t splits = cuda_ceil(rows, SPLIT), each = (size_t)m->H * splits * (size_t)(m->R + 2) * sizeof(float);
    size_t most = splits == 1 ? all : PART_BYTES / each ? PART_BYTES / each : 1;
    if (most > all) most = all;
    struct cuda_where where;
    if (!cuda_where_of(d, m, n, &where)) return;
    float *part = splits > 1 ? (float *)cuda_reserve(d, &d->part, most * each) : NULL;
    for (size_t t = 0; cuda_ready(d) && t < all; t += most) {
        size_t T = all - t < most ? all - t : most, row = (size_t)m->H * t;
        struct attend a = {where, m->kv.latent_offset, t, m->q + row * (size_t)(m->R + m->P),
                           m->sel ? m->sel + t * (size_t)m->K : NULL,
                           m->out + row * (size_t)m->R, part, m->H, m->R, m->P, m->K, (int)splits,
                           m->scale};
        if (m->kv.type == KV_F32) launch_heads<KV_F32>(d, &a, T);
        else if (m->kv.type == KV_BF16) launch_heads<KV_BF16>(d, &a, T);
        else launch_heads<KV_F16>(d, &a, T);
    }
}

void cuda_mla_attend(struct device *d, const struct mla_args *a, size_t n)
{
    for (size_t i = 0, k; i < n; i += k) attend(d, a + i, k = cuda_alike(a + i, n - i));
}
