/* sm90_index.cu: the lightning indexer's scores in FP8, V3.2's widths.   bench: bench/gpu_index.cu
 *
 *   q [T, 64, 128] e4m3    keys: KV_E4M3, in pages    w [T, 64] f32, q's scales folded in
 *   out[t, s] = kscale[s] * sum_j w[t, j] * max(0, q[t, j] . key[s]),  s <= pos0 + t, at t * ld + s
 *   Chunks of q's rows are permuted as those of keys are (sm90.cuh): both go to shared memory as they lie.
 *
 * Method   a block holds 4 queries, 256 rows of q, in shared memory and streams keys past them in tiles
 *          of two pages: a warp copies (a bulk copy a page), two warpgroups multiply, 64 keys each: four wgmma
 *          m64n256k32 leave 256 dot products per key in registers, weights beside them; max, multiply,
 *          add over the heads, and three shuffles a row join the four lanes that share a key.  The two
 *          take turns: one's products begin when three quarters of the other's are done, and run while
 *          the other adds.
 * Grid     (T / 4, keys / 16384).
 * Cost     2*T*S*64*128 flop (causal half or less of it); 4096 queries before 128K: 8.6 PFLOP, 5.7 ms at
 *          1500 TFLOP/s.  Per 64x256 tile 512 cycles of products beside 256 of max (half rate).
 *          Keys come from the second-level cache: 16 KB per block and tile.
 * Exact    dot products as FP8 tensor cores accumulate them; sums over heads in f32, one order.
 * Seen     H200, 32K / 64K / 128K: 1.94 / 3.93 / 8.57 ms, 1063 / 1085 / 1011 TFLOP/s; DeepGEMM: 2.13 / 4.39 / 8.89.  Keys copied
 *          16 bytes at a time by 128 threads (cp.async), their scales apart: 2.18 / 4.54 / 9.46 in the same run.
 *          Queries of several sequences that share their pages: sm90_index_shared.cu.
 * Tried    without turns: 2.24 / 4.80 / 9.56 ms: both warpgroups multiplied at once, then both added.
 * Limits   64 heads of 128. */
#include "cuda/sm90_index.cuh"
#include "cuda/sm90_ops.h"

#define KEYS (2 * KV_PAGE)             /* of a tile */
#define SPLIT 16384                    /* keys of a block */

/* One warp: keys s0 .. s1-1 of the pages; beyond the last page a tile holds what lies there. */
static __device__ void produce(const struct sm90_index_args &a, size_t s0, size_t s1, uint32_t tiles,
                               uint64_t *full, uint64_t *empty)
{
    int lane = threadIdx.x % 32, n = (int)((s1 - s0 + KEYS - 1) / KEYS);
    int first = (int)(s0 / KV_PAGE), end = (int)((s1 + KV_PAGE - 1) / KV_PAGE);
    unsigned long long mine = 0;
    for (int i = 0; i < n; i++) {
        int page = first + 2 * i;
        if (i % 16 == 0 && page + lane < end) /* of 32 pages a lane knows one */
            mine = (unsigned long long)((const char *)a.where.part->pages[page + lane] + a.offset);
        const void *p0 = (const void *)__shfl_sync(~0u, mine, i % 16 * 2);
        const void *p1 = (const void *)__shfl_sync(~0u, mine, i % 16 * 2 + 1);
        if (lane == 0) index_copy(i, p0, p1, page + 1 < end, tiles, full, empty);
    }
}

static __device__ void consume(const struct sm90_index_args &a, size_t t0, size_t s0, size_t s1,
                               uint32_t q, uint32_t tiles, uint64_t *q_full, uint64_t *full, uint64_t *empty)
{
    int thread = threadIdx.x % 128, half = threadIdx.x / 128 - 1, lane = thread % 32;
    int n = (int)((s1 - s0 + KEYS - 1) / KEYS);
    float w[64];
    index_weights(w, a.w, t0);
    int row = thread / 32 * 16 + lane / 4;
    size_t t = t0 + lane % 4, last = a.where.part->pos0 + a.t0 + t;
    bool there = t < a.T;
    float *out = a.out + t * a.ld;
    float d[128];
    barrier_wait(q_full, 0);
    if (half) named_arrive(1, 256);
    for (int i = 0; i < n; i++) {
        int stage = i % INDEX_STAGES;
        size_t s = s0 + (size_t)i * KEYS + half * KV_PAGE + row;
        uint32_t page = tiles + stage * INDEX_TILE_BYTES + half * INDEX_ROOM;
        barrier_wait(&full[stage], i / INDEX_STAGES & 1);
        float k0 = index_scale(page, row), k1 = index_scale(page, row + 8);
        index_multiply(d, page, q, half, i + 1 < n);
        barrier_arrive(&empty[stage]);
        float2 sum = index_sums(d, w, k0, k1);
        if (there && s < s1 && s <= last) out[s] = sum.x;
        if (there && s + 8 < s1 && s + 8 <= last) out[s + 8] = sum.y;
    }
}

static __global__ void __launch_bounds__(384, 1)
index_kernel(__grid_constant__ const struct sm90_index_args a)
{
    extern __shared__ uint8_t shared[];
    __shared__ uint64_t full[INDEX_STAGES], empty[INDEX_STAGES], q_full;
    uint32_t q = (shared_address(shared) + 1023) / 1024 * 1024, tiles = q + INDEX_Q_BYTES;
    size_t t0 = (size_t)blockIdx.x * INDEX_QUERIES, s0 = (size_t)blockIdx.y * SPLIT, pos0 = a.where.part->pos0 + a.t0;
    size_t s1 = pos0 + (t0 + INDEX_QUERIES < a.T ? t0 + INDEX_QUERIES : a.T);
    if (s0 >= s1) return;
    if (s1 > s0 + SPLIT) s1 = s0 + SPLIT;
    if (threadIdx.x == 0) index_begin(full, empty, &q_full, q, a.q + t0 * INDEX_HEADS * INDEX_WIDTH);
    __syncthreads();
    if (threadIdx.x < 128) {
        registers_less<40>();
        if (threadIdx.x < 32) produce(a, s0, s1, tiles, full, empty);
    } else {
        registers_more<232>();
        consume(a, t0, s0, s1, q, tiles, &q_full, full, empty);
    }
}

/* ------------------------------------------------------------------ launchers */

void sm90_index_scores(struct device *d, const struct sm90_index_args *a)
{
    if (!a->T || !cuda_ready(d)) return;
    dim3 grid((unsigned)cuda_ceil(a->T, INDEX_QUERIES), (unsigned)cuda_ceil(a->bound, SPLIT));
    if (!cuda_shared(d, (const void *)index_kernel, INDEX_SHARED, "index scores, fp8")) return;
    index_kernel<<<grid, 384, INDEX_SHARED, d->stream>>>(*a);
    cuda_launched(d, "index scores, fp8");
}
