/* index_select.cu: the lightning indexer in f32, any width.        op: index_select
 *
 *   q [T, J, C] f32    w [T, J] f32    keys [S, C] in pages    sel [T, K]
 *
 * Method   scores of 64 keys (one page) and 32 queries a block, one head after the other: keys and
 *          queries in shared memory, FFMA; then topk.cu.  16-bit keys: index_mma.cu.
 * Grid     (pages, T / 32), blocks above the diagonal leave at once.  Scores of at most 512 MB at a
 *          time: the queries are cut, which changes nothing in a row.
 * Cost     2*T*S*J*C flop in f32; deepread-150m at 131072 positions: 2.2 TFLOP a layer.
 * Exact    a score is one chain of multiply-adds over c, then over j, whatever the tiles.
 * Tests    tests/test_op_indexer.c */
#include "cuda/element.cuh"
#include "cuda/sm90_ops.h"

#define QUERIES 32
#define SCORE_BYTES ((size_t)512 << 20)

struct scores {
    void *const *pages;
    const size_t *pos0;
    size_t offset, t0, ld; /* t0: first query, counted from *pos0 */
    const float *q, *w;
    float *out;
    int T, J, C;
};

template <enum kv_type TYPE>
static __global__ void __launch_bounds__(256) score_kernel(__grid_constant__ const struct scores a)
{
    extern __shared__ __align__(16) float shared[];
    int t0 = blockIdx.y * QUERIES, n = min(QUERIES, a.T - t0), tid = threadIdx.x;
    size_t pos0 = *a.pos0 + a.t0, s0 = (size_t)blockIdx.x * KV_PAGE, last = pos0 + t0 + n - 1;
    if (s0 > last) return;
    float *q = shared, *w = q + a.C * QUERIES, *keys = w + QUERIES;
    int pitch = a.C | 1; /* odd: lanes meet different banks */
    for (int i = tid; i < KV_PAGE * a.C; i += 256) {
        size_t s = s0 + i / a.C; /* rows beyond the last were never written */
        keys[i / a.C * pitch + i % a.C] =
            s <= last ? element<TYPE>::get(row_at<TYPE>(a.pages, a.offset, s, a.C)[i % a.C]) : 0;
    }
    int key = tid % KV_PAGE, first = tid / KV_PAGE * 8;
    float score[8] = {};
    for (int j = 0; j < a.J; j++) {
        __syncthreads();
        for (int i = tid; i < QUERIES * a.C; i += 256) {
            int t = i / a.C, c = i % a.C;
            q[c * QUERIES + t] = t < n ? a.q[((size_t)(t0 + t) * a.J + j) * a.C + c] : 0;
        }
        if (tid < QUERIES) w[tid] = tid < n ? a.w[(size_t)(t0 + tid) * a.J + j] : 0;
        __syncthreads();
        float dot[8] = {};
        for (int c = 0; c < a.C; c++) {
            float k = keys[key * pitch + c];
            float4 lo = *(float4 *)&q[c * QUERIES + first], hi = *(float4 *)&q[c * QUERIES + first + 4];
            const float x[8] = {lo.x, lo.y, lo.z, lo.w, hi.x, hi.y, hi.z, hi.w};
#pragma unroll
            for (int i = 0; i < 8; i++) dot[i] = fmaf(x[i], k, dot[i]);
        }
#pragma unroll
        for (int i = 0; i < 8; i++) score[i] = fmaf(w[first + i], fmaxf(dot[i], 0), score[i]);
    }
    for (int i = 0; i < 8 && first + i < n; i++)
        if (s0 + key <= pos0 + t0 + first + i) a.out[(t0 + first + i) * a.ld + s0 + key] = score[i];
}

/* ------------------------------------------------------------------ launchers */

static void score_some(struct device *d, const struct index_args *a, size_t t0, size_t T, size_t ld,
                       float *score)
{
    size_t n = a->pos0 + t0 + T;
    if (fp8_index_scores(d, a, t0, T, ld, score) || mma_index_scores(d, a, t0, T, ld, score)) return;
    struct scores s = {.out = score, .T = (int)T, .J = a->J, .C = a->C};
    s.pages = cuda_pages(d, &a->kv, cuda_ceil(n, KV_PAGE));
    if (!s.pages) return;
    s.offset = a->kv.index_offset;
    s.pos0 = cuda_position(d, a->pos0);
    s.t0 = t0;
    s.ld = ld;
    s.q = a->q + t0 * (size_t)a->J * (size_t)a->C;
    s.w = a->w + t0 * (size_t)a->J;
    size_t bytes = ((size_t)a->C * QUERIES + QUERIES + KV_PAGE * (size_t)(a->C | 1)) * sizeof(float);
    dim3 grid((unsigned)cuda_ceil(cuda_bound(d, n), KV_PAGE), (unsigned)cuda_ceil(T, QUERIES));
    auto *kernel = a->kv.index_type == KV_F32    ? score_kernel<KV_F32>
                   : a->kv.index_type == KV_BF16 ? score_kernel<KV_BF16>
                                                 : score_kernel<KV_F16>;
    if (!cuda_shared(d, (const void *)kernel, bytes, "index scores")) return;
    kernel<<<grid, 256, bytes, d->stream>>>(s);
    cuda_launched(d, "index scores");
}

static void select_part(struct device *d, const struct index_args *a)
{
    if (!a->T || !cuda_ready(d)) return;
    size_t bound = cuda_bound(d, a->pos0 + a->T), ld = cuda_ceil(bound, 8) * 8;
    size_t most = SCORE_BYTES / (ld * sizeof(float));
    if (most == 0) most = 1;
    if (most > a->T) most = a->T;
    float *score = (float *)cuda_reserve(d, &d->score, most * ld * sizeof(float));
    for (size_t t = 0; score && t < a->T; t += most) {
        size_t T = a->T - t < most ? a->T - t : most, n = cuda_bound(d, a->pos0 + t + T);
        if (n > (size_t)a->K) score_some(d, a, t, T, ld, score);
        struct cuda_topk_args k = {score, a->sel + t * (size_t)a->K, cuda_position(d, a->pos0), T,
                                   ld, t, n, a->K};
        cuda_topk(d, &k);
    }
}

void cuda_index_select(struct device *d, const struct index_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) select_part(d, &a[i]);
}
