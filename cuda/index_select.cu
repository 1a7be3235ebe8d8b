/* index_select.cu: the lightning indexer in f32, any width.        op: index_select
 *
 *   q [T, J, C] f32    w [T, J] f32    keys [S, C] in pages    sel [T, K]
 *
 * Method   scores of 64 keys (one page) and 32 queries a block, one head after the other: keys and
 *          queries in shared memory, FFMA; then topk.cu.  16-bit keys: index_mma.cu.
 * Grid     (pages, T / 32, parts), blocks above the diagonal leave at once.  Scores of at most 512 MB at a
 *          time: parts or queries are cut, which changes nothing in a row.
 * Cost     2*T*S*J*C flop in f32; deepread-150m at 131072 positions: 2.2 TFLOP a layer.
 * Exact    a score is one chain of multiply-adds over c, then over j, whatever the tiles.
 * Tests    tests/test_op_indexer.c */
#include "cuda/element.cuh"
#include "cuda/sm90_ops.h"

#define QUERIES 32
#define SCORE_BYTES ((size_t)512 << 20)

struct scores {
    const struct cuda_part *part;
    size_t offset, t0, ld; /* t0: first query of a part */
    const float *q, *w;
    float *out;
    int T, J, C;           /* T: of a part */
};

template <enum kv_type TYPE>
static __global__ void __launch_bounds__(256) score_kernel(__grid_constant__ const struct scores a)
{
    extern __shared__ __align__(16) float shared[];
    int t0 = blockIdx.y * QUERIES, n = min(QUERIES, a.T - t0), tid = threadIdx.x;
    const struct cuda_part &part = a.part[blockIdx.z];
    size_t row0 = (size_t)blockIdx.z * a.T + t0; /* of q, w and out */
    size_t pos0 = part.pos0 + a.t0, s0 = (size_t)blockIdx.x * KV_PAGE, last = pos0 + t0 + n - 1;
    if (s0 > last) return;
    float *q = shared, *w = q + a.C * QUERIES, *keys = w + QUERIES;
    int pitch = a.C | 1; /* odd: lanes meet different banks */
    for (int i = tid; i < KV_PAGE * a.C; i += 256) {
        size_t s = s0 + i / a.C; /* rows beyond the last were never written */
        keys[i / a.C * pitch + i % a.C] =
            s <= last ? element<TYPE>::get(row_at<TYPE>(part.pages, a.offset, s, a.C)[i % a.C]) : 0;
    }
    int key = tid % KV_PAGE, first = tid / KV_PAGE * 8;
    float score[8] = {};
    for (int j = 0; j < a.J; j++) {
        __syncthreads();
        for (int i = tid; i < QUERIES * a.C; i += 256) {
            int t = i / a.C, c = i % a.C;
            q[c * QUERIES + t] = t < n ? a.q[((row0 + t) * a.J + j) * a.C + c] : 0;
        }
        if (tid < QUERIES) w[tid] = tid < n ? a.w[(row0 + tid) * a.J + j] : 0;
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
        if (s0 + key <= pos0 + t0 + first + i) a.out[(row0 + first + i) * a.ld + s0 + key] = score[i];
}

/* ------------------------------------------------------------------ launchers */

static void score(struct device *d, const struct cuda_scores *c)
{
    const struct index_args *a = c->a;
    if (fp8_index_scores(d, c) || mma_index_scores(d, c)) return;
    struct scores s = {c->where.part, a->kv.index_offset, c->t0, c->ld, a->q + c->t0 * (size_t)a->J * (size_t)a->C,
                       a->w + c->t0 * (size_t)a->J, c->out, (int)c->T, a->J, a->C};
    size_t bytes = ((size_t)a->C * QUERIES + QUERIES + KV_PAGE * (size_t)(a->C | 1)) * sizeof(float);
    dim3 grid((unsigned)cuda_ceil(c->bound, KV_PAGE), (unsigned)cuda_ceil(c->T, QUERIES), (unsigned)c->n);
    auto *kernel = a->kv.index_type == KV_F32    ? score_kernel<KV_F32>
                   : a->kv.index_type == KV_BF16 ? score_kernel<KV_BF16>
                                                 : score_kernel<KV_F16>;
    if (!cuda_shared(d, (const void *)kernel, bytes, "index scores")) return;
    kernel<<<grid, 256, bytes, d->stream>>>(s);
    cuda_launched(d, "index scores");
}

/* n parts of equally many rows; n > 1: their scores fit into memory. */
static void choose(struct device *d, const struct index_args *a, size_t n)
{
    struct cuda_where where;
    if (!a->T || !cuda_where_of(d, a, n, &where)) return;
    size_t bound = cuda_bound(d, cuda_farthest(a, n)), ld = cuda_ceil(bound, 8) * 8;
    size_t most = SCORE_BYTES / (n * ld * sizeof(float));
    if (most == 0) most = 1;
    if (most > a->T || n > 1) most = a->T;
    float *out = (float *)cuda_reserve(d, &d->score, n * most * ld * sizeof(float));
    for (size_t t = 0; out && t < a->T; t += most) {
        size_t T = a->T - t < most ? a->T - t : most, sees = n > 1 ? bound : cuda_bound(d, a->pos0 + t + T);
        struct cuda_scores s = {a, n, t, T, ld, where, sees, out};
        if (sees > (size_t)a->K) score(d, &s);
        struct cuda_topk_args k = {out, a->sel + t * (size_t)a->K, where, n * T, ld, t, sees, a->K};
        cuda_topk(d, &k);
    }
}

void cuda_index_select(struct device *d, const struct index_args *a, size_t n)
{
    for (size_t i = 0, k; i < n; i += k) {
        k = cuda_alike(a + i, n - i);
        size_t row = cuda_bound(d, cuda_farthest(a + i, k)) * a[i].T * sizeof(float), fit = SCORE_BYTES / (row + 1);
        if (k > fit) k = fit ? fit : 1;
        choose(d, a + i, k);
    }
}
