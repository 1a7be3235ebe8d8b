/* sm90_index.cu: the lightning indexer's scores in FP8, V3.2's widths.   bench: bench/gpu_index.cu
 *
 *   q [T, 64, 128] e4m3    keys [S, 128] e4m3, kscale [S] f32    w [T, 64] f32, q's scales folded in
 *   out[t, s] = kscale[s] * sum_j w[t, j] * max(0, q[t, j] . keys[s]),  s <= pos0 + t, at t * ld + s
 *
 * Method   a block holds 4 queries, 256 rows of q, in shared memory and streams keys past them in tiles
 *          of 128: a warpgroup copies (cp.async), two others multiply, 64 keys each: four wgmma
 *          m64n256k32 leave 256 dot products per key in registers, weights beside them; max, multiply,
 *          add over the heads, and three shuffles a row join the four lanes that share a key.  The two
 *          take turns: one's products begin when three quarters of the other's are done, and run while
 *          the other adds.
 * Grid     (T / 4, keys / 16384).
 * Cost     2*T*S*64*128 flop (causal half or less of it); 4096 queries before 128K: 8.6 PFLOP, 5.7 ms at
 *          1500 TFLOP/s.  Per 64x256 tile 512 cycles of products beside 256 of max (half rate).
 *          Keys come from the second-level cache: 16 KB per block and tile.
 * Exact    dot products as FP8 tensor cores accumulate them; sums over heads in f32, one order.
 * Seen     H100 (cuBLASLt fp8 there: 1453 TFLOP/s), 32K / 64K / 128K: 2.01 / 4.34 / 8.85 ms, 1024 / 981 / 979
 *          TFLOP/s.  DeepGEMM on an H200 (1270): 2.13 / 4.39 / 8.89.
 * Tried    without turns: 2.24 / 4.80 / 9.56 ms: both warpgroups multiplied at once, then both added.
 * Limits   64 heads of 128. */
#include "cuda/cuda.h"
#include "cuda/sm90.cuh"
#include "cuda/sm90_ops.h"

#define HEADS 64
#define WIDTH 128
#define QUERIES 4
#define KEYS 128                       /* of a tile */
#define STAGES 4
#define SPLIT 16384                    /* keys of a block */
#define Q_BYTES (QUERIES * HEADS * WIDTH)
#define TILE_BYTES (KEYS * WIDTH)
#define SHARED (Q_BYTES + STAGES * TILE_BYTES + 1024)

/* 16-byte chunks of rows [0, rows) of 128 bytes into a panel, by 128 threads. */
static __device__ __forceinline__ void copy_panel(uint32_t to, const uint8_t *from, int rows,
                                                  int there, int thread)
{
    for (int i = thread; i < rows * 8; i += 128) {
        int r = i / 8, c = i % 8;
        copy16(to + swizzled(r, c), from + (size_t)(r < there ? r : 0) * WIDTH + c * 16, r < there);
    }
}

static __device__ void produce(const struct sm90_index_args &a, size_t s0, size_t s1, uint32_t tiles,
                               uint64_t *full, uint64_t *empty)
{
    int thread = threadIdx.x, n = (int)((s1 - s0 + KEYS - 1) / KEYS);
    for (int i = 0; i < n + 1; i++) { /* one tile behind: what has arrived is handed on */
        if (i < n) {
            int stage = i % STAGES;
            size_t s = s0 + (size_t)i * KEYS;
            if (i >= STAGES) barrier_wait(&empty[stage], (i / STAGES - 1) & 1);
            copy_panel(tiles + stage * TILE_BYTES, a.keys + s * WIDTH, KEYS,
                       (int)(s1 - s < KEYS ? s1 - s : KEYS), thread);
        }
        copies_close();
        copies_wait<1>();
        if (i == 0) continue;
        fence_async();
        barrier_arrive(&full[(i - 1) % STAGES]);
    }
}

/* Adds what four lanes hold of four queries; lane i is left with query i. */
static __device__ __forceinline__ float join(const float v[4])
{
    int lane = threadIdx.x & 3;
    bool odd = lane & 1, high = lane & 2;
    float a = (odd ? v[1] : v[0]) + __shfl_xor_sync(~0u, odd ? v[0] : v[1], 1);
    float b = (odd ? v[3] : v[2]) + __shfl_xor_sync(~0u, odd ? v[2] : v[3], 1);
    return (high ? b : a) + __shfl_xor_sync(~0u, high ? a : b, 2);
}

static __device__ void consume(const struct sm90_index_args &a, size_t t0, size_t s0, size_t s1,
                               uint32_t q, uint32_t tiles, uint64_t *full, uint64_t *empty)
{
    int thread = threadIdx.x % 128, half = threadIdx.x / 128 - 1, lane = thread % 32;
    int n = (int)((s1 - s0 + KEYS - 1) / KEYS);
    float w[64]; /* of the columns this thread holds */
#pragma unroll
    for (int i = 0; i < 64; i++) {
        int column = i / 2 * 8 + lane % 4 * 2 + i % 2;
        w[i] = a.w[(t0 + column / HEADS) * HEADS + column % HEADS];
    }
    int row = half * 64 + thread / 32 * 16 + lane / 4;
    size_t t = t0 + lane % 4, last = a.where.part->pos0 + a.t0 + t;
    bool there = t < a.T;
    float *out = a.out + t * a.ld;
    float d[128];
    if (half) named_arrive(1, 256);
    for (int i = 0; i < n; i++) {
        int stage = i % STAGES;
        size_t s = s0 + (size_t)i * KEYS + row;
        float k0 = s < s1 ? a.kscale[s] : 0, k1 = s + 8 < s1 ? a.kscale[s + 8] : 0;
        barrier_wait(&full[stage], i / STAGES & 1);
        uint32_t tile = tiles + stage * TILE_BYTES + half * 64 * WIDTH;
        named_sync(1 + half, 256); /* my turn to multiply */
        products_hold(d);
        products_open();
#pragma unroll
        for (int k = 0; k < 4; k++) {
            wgmma_e4m3<256>(d, operand(tile) + 2 * k, operand(q) + 2 * k, k > 0);
            if (k >= 2) products_close();
        }
        products_wait<1>();
        if (half == 0 || i + 1 < n) named_arrive(2 - half, 256);
        products_wait<0>();
        products_hold(d);
        barrier_arrive(&empty[stage]);
        float sum0[QUERIES], sum1[QUERIES];
#pragma unroll
        for (int j = 0; j < QUERIES; j++) {
            float x = 0, y = 0, u = 0, v = 0; /* two chains a row */
#pragma unroll
            for (int c = 0; c < 8; c++) {
                int g = j * 8 + c;
                x = fmaf(fmaxf(d[4 * g], 0), w[2 * g], x);
                u = fmaf(fmaxf(d[4 * g + 1], 0), w[2 * g + 1], u);
                y = fmaf(fmaxf(d[4 * g + 2], 0), w[2 * g], y);
                v = fmaf(fmaxf(d[4 * g + 3], 0), w[2 * g + 1], v);
            }
            sum0[j] = x + u;
            sum1[j] = y + v;
        }
        float mine0 = join(sum0) * k0, mine1 = join(sum1) * k1;
        if (there && s < s1 && s <= last) out[s] = mine0;
        if (there && s + 8 < s1 && s + 8 <= last) out[s + 8] = mine1;
    }
}

static __global__ void __launch_bounds__(384, 1)
index_kernel(__grid_constant__ const struct sm90_index_args a)
{
    extern __shared__ uint8_t shared[];
    __shared__ uint64_t full[STAGES], empty[STAGES];
    uint32_t q = (shared_address(shared) + 1023) / 1024 * 1024, tiles = q + Q_BYTES;
    size_t t0 = (size_t)blockIdx.x * QUERIES, s0 = (size_t)blockIdx.y * SPLIT;
    size_t s1 = a.where.part->pos0 + a.t0 + t0 + QUERIES;
    if (s0 >= s1) return;
    if (s1 > s0 + SPLIT) s1 = s0 + SPLIT;
    if (threadIdx.x == 0)
        for (int i = 0; i < STAGES; i++) {
            barrier_init(&full[i], 128);
            barrier_init(&empty[i], 256);
        }
    if (threadIdx.x < 128) {
        copy_panel(q, a.q + t0 * HEADS * WIDTH, QUERIES * HEADS, QUERIES * HEADS, threadIdx.x);
        copies_close();
        copies_wait<0>();
        fence_async();
    }
    __syncthreads();
    if (threadIdx.x < 128) {
        registers_less<40>();
        produce(a, s0, s1, tiles, full, empty);
    } else {
        registers_more<232>();
        consume(a, t0, s0, s1, q, tiles, full, empty);
    }
}

/* ------------------------------------------------------------------ launchers */

void sm90_index_scores(struct device *d, const struct sm90_index_args *a)
{
    if (!a->T || !cuda_ready(d)) return;
    dim3 grid((unsigned)cuda_ceil(a->T, QUERIES), (unsigned)cuda_ceil(a->bound + QUERIES, SPLIT));
    if (!cuda_shared(d, (const void *)index_kernel, SHARED, "index scores, fp8")) return;
    index_kernel<<<grid, 384, SHARED, d->stream>>>(*a);
    cuda_launched(d, "index scores, fp8");
}
