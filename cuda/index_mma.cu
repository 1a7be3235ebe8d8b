/* index_mma.cu: the indexer's scores on tensor cores, 16-bit keys.   op: index_select, 1st half
 *
 *   q [T, J, C] f32    w [T, J] f32    keys [S, C] f16 or bf16 in pages    out [T, S] f32
 *
 * Method   a block keeps 64 queries of all heads in shared memory, each the sum of two 16-bit numbers
 *          (hi + lo, both multiplied: exact to 2^-22 in f16, 2^-17 in bf16), and lets pages of 64 keys pass, the
 *          next one on its way (cp.async).  mma.sync m16n8k16, keys by queries; four warps, 32 by 32.  A
 *          query's head is scaled by a power of two to below 2, its weight back.
 * Grid     (runs of pages, T / 64, parts): runs as long as there are blocks enough.
 * Cost     4*T*S*J*C flop.  deepread-150m before 131072: 8.6e9 scores a layer, 4.4 TFLOP.
 * Exact    a score is one chain over c, then over j, whatever the tiles.
 * Limits   C a multiple of 16, J*C as shared memory allows (512 here).
 * Tests    tests/test_op_indexer.c */
#include "cuda/element.cuh"
#include "cuda/mma.cuh"

#define THREADS 128
#define QUERIES 64
#define RUN 16 /* pages of a block, at most */

struct scores {
    const struct cuda_part *part;
    size_t offset, t0, ld; /* t0: first query of a part */
    const float *q, *w;
    float *out;
    int T, J, C, run; /* T: of a part */
};

template <enum kv_type TYPE>
static __device__ __forceinline__ void mma(float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
    if (TYPE == KV_BF16) mma_bf16(c, a, b0, b1);
    else mma_f16(c, a, b0, b1);
}

/* Queries row0 .. row0+n-1, a thread per query and head; what is not there is zero.
 * hi, lo [J][QUERIES][pitch]; w [J][QUERIES]. */
template <enum kv_type TYPE>
static __device__ void load_queries(const struct scores &a, size_t row0, int n, uint16_t *hi, uint16_t *lo,
                                    float *w, int pitch)
{
    for (int i = threadIdx.x; i < QUERIES * a.J; i += THREADS) {
        int t = i / a.J, j = i % a.J, to = (j * QUERIES + t) * pitch;
        const float *q = a.q + ((row0 + t) * a.J + j) * a.C;
        float most = 0;
        for (int c = 0; t < n && c < a.C; c++) most = fmaxf(most, fabsf(q[c]));
        int e = most > 1e-30f && most < 1e30f ? ilogbf(most) : 0;
        float down = ldexpf(1, -e);
        for (int c = 0; c < a.C; c++) {
            float x = t < n ? q[c] * down : 0;
            hi[to + c] = element<TYPE>::put(x);
            lo[to + c] = element<TYPE>::put(x - element<TYPE>::get(hi[to + c]));
        }
        w[j * QUERIES + t] = t < n ? a.w[(row0 + t) * a.J + j] * ldexpf(1, e) : 0;
    }
}

/* The 64 keys of a page, on their way. */
static __device__ void load_keys(const struct scores &a, void *const *pages, size_t page, uint16_t *keys, int pitch)
{
    const uint16_t *from = (const uint16_t *)((const char *)pages[page] + a.offset);
    int chunks = a.C / 8;
    for (int i = threadIdx.x; i < KV_PAGE * chunks; i += THREADS)
        copy_chunk(keys + i / chunks * pitch + i % chunks * 8, from + (size_t)i * 8);
}

/* Scores of 32 keys and 32 queries: score [m][n] of keys 16 m + lane / 4 and 8 below, of queries 8 n + lane %
 * 4 * 2 and the next. */
template <enum kv_type TYPE>
static __device__ void score_tile(const struct scores &a, const uint16_t *keys, const uint16_t *hi,
                                  const uint16_t *lo, const float *w, int pitch, int n,
                                  float score[2][4][4])
{
    int lane = threadIdx.x % 32, row = lane % 16 * pitch + lane / 16 * 8;
    int column = (lane / 16 * 8 + lane % 8) * pitch + lane / 8 % 2 * 8;
#pragma unroll
    for (int i = 0; i < 32; i++) score[i / 16][i / 4 % 4][i % 4] = 0;
    for (int j = 0; j < a.J; j++) {
        float dot[2][4][4] = {};
        const uint16_t *part[2] = {hi + j * QUERIES * pitch, lo + j * QUERIES * pitch};
        for (int c = 0; c < a.C; c += 16) {
            uint32_t x[2][4];
            load_matrices(x[0], keys + row + c);
            load_matrices(x[1], keys + 16 * pitch + row + c);
#pragma unroll
            for (int half = 0; half < 2; half++)
#pragma unroll
                for (int two = 0; two < 2; two++) {
                    uint32_t b[4];
                    if (two * 16 >= n) continue;
                    load_matrices(b, part[half] + two * 16 * pitch + column + c);
#pragma unroll
                    for (int m = 0; m < 2; m++) {
                        mma<TYPE>(dot[m][2 * two], x[m], b[0], b[1]);
                        mma<TYPE>(dot[m][2 * two + 1], x[m], b[2], b[3]);
                    }
                }
        }
#pragma unroll
        for (int i = 0; i < 32; i++) {
            float weight = w[j * QUERIES + i / 4 % 4 * 8 + lane % 4 * 2 + i % 2];
            float *to = &score[i / 16][i / 4 % 4][i % 4];
            *to = fmaf(weight, fmaxf(dot[i / 16][i / 4 % 4][i % 4], 0), *to);
        }
    }
}

template <enum kv_type TYPE>
static __global__ void __launch_bounds__(THREADS) score_kernel(__grid_constant__ const struct scores a)
{
    cuda_follow();
    extern __shared__ __align__(16) uint16_t shared[];
    int pitch = a.C + 8, t0 = blockIdx.y * QUERIES, n = min(QUERIES, a.T - t0);
    const struct cuda_part &part = a.part[blockIdx.z];
    size_t row0 = (size_t)blockIdx.z * a.T + t0; /* of q, w and out */
    size_t page = (size_t)blockIdx.x * a.run, first = part.pos0 + a.t0 + t0; /* of the first query */
    size_t last = (first + n - 1) / KV_PAGE, end = min(page + a.run, last + 1);
    if (page >= end) return;
    uint16_t *keys = shared, *hi = keys + 2 * KV_PAGE * pitch, *lo = hi + a.J * QUERIES * pitch;
    float *w = (float *)(lo + a.J * QUERIES * pitch);
    load_keys(a, part.pages, page, keys, pitch);
    load_queries<TYPE>(a, row0, n, hi, lo, w, pitch);

    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, key0 = warp % 2 * 32, query0 = warp / 2 * 32;
    for (int buffer = 0; page < end; page++, buffer ^= 1) {
        chunks_wait();
        __syncthreads(); /* these keys are there, the others are not in use any more */
        if (page + 1 < end) load_keys(a, part.pages, page + 1, keys + (buffer ^ 1) * KV_PAGE * pitch, pitch);
        if (query0 >= n) continue;
        float score[2][4][4];
        score_tile<TYPE>(a, keys + (buffer * KV_PAGE + key0) * pitch, hi + query0 * pitch,
                         lo + query0 * pitch, w + query0, pitch, n - query0, score);
#pragma unroll
        for (int i = 0; i < 32; i++) {
            int t = query0 + i / 4 % 4 * 8 + lane % 4 * 2 + i % 2;
            size_t s = page * KV_PAGE + key0 + i / 16 * 16 + i / 2 % 2 * 8 + lane / 4;
            if (t < n && s <= first + t) a.out[(row0 + t) * a.ld + s] = score[i / 16][i / 4 % 4][i % 4];
        }
    }
    chunks_wait();
}

/* ------------------------------------------------------------------ launchers */

bool mma_index_scores(struct device *d, const struct cuda_scores *c)
{
    const struct index_args *a = c->a;
    size_t pitch = (size_t)a->C + 8, J = (size_t)a->J;
    size_t bytes = (2 * KV_PAGE + 2 * J * QUERIES) * pitch * sizeof(uint16_t) + J * QUERIES * sizeof(float);
    bool narrow = a->kv.index_type == KV_F16 || a->kv.index_type == KV_BF16;
    if (!narrow || a->C % 16 || bytes > d->shared_limit || a->kv.index_offset % 16) return false;
    struct scores s = {c->where.part, a->kv.index_offset, c->t0, c->ld, a->q + c->t0 * J * (size_t)a->C,
                       a->w + c->t0 * J, c->out, (int)c->T, a->J, a->C, 1};
    size_t pages = cuda_ceil(c->bound, KV_PAGE), columns = cuda_ceil(c->T, QUERIES);
    size_t run = pages * columns * c->n / (4 * (size_t)d->multiprocessors);
    s.run = (int)(run < 1 ? 1 : run > RUN ? RUN : run);
    auto *kernel = a->kv.index_type == KV_BF16 ? score_kernel<KV_BF16> : score_kernel<KV_F16>;
    if (!cuda_shared(d, (const void *)kernel, bytes, "index scores")) return true;
    dim3 grid((unsigned)cuda_ceil(pages, (size_t)s.run), (unsigned)columns, (unsigned)c->n);
    cuda_launch(d, kernel, grid, THREADS, bytes, s);
    cuda_launched(d, "index scores");
    return true;
}
