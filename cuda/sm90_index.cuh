/* sm90_index.cuh: what the kernels of index scores in FP8 share: pages of keys, sums over heads, tiles of keys
 * against four queries. */
#ifndef CUDA_SM90_INDEX_CUH
#define CUDA_SM90_INDEX_CUH

#include "cuda/cuda.h"
#include "cuda/sm90.cuh"

#define INDEX_HEADS 64
#define INDEX_WIDTH 128
#define INDEX_KEYS (KV_PAGE * INDEX_WIDTH)  /* bytes of a page's keys; then their scales */
#define INDEX_PAGE (INDEX_KEYS + KV_PAGE)
#define INDEX_ROOM (INDEX_KEYS + 1024)      /* for a page in shared memory, where keys begin at multiples of 1024 */

/* The scale of key r of a page in shared memory. */
static __device__ __forceinline__ float index_scale(uint32_t page, int r)
{
    uint32_t exponent;
    asm volatile("ld.shared.u8 %0, [%1];" : "=r"(exponent) : "r"(page + INDEX_KEYS + r) : "memory");
    return __uint_as_float(exponent << 23);
}

/* One query's 64 products with two keys, row r and r + 8, of which this thread holds 16 each (wgmma_e4m3), times
 * its heads' weights: two chains a row. */
static __device__ __forceinline__ float2 index_add(const float *d, const float *w)
{
    float x = 0, y = 0, u = 0, v = 0;
#pragma unroll
    for (int g = 0; g < 8; g++) {
        x = fmaf(fmaxf(d[4 * g], 0), w[2 * g], x);
        u = fmaf(fmaxf(d[4 * g + 1], 0), w[2 * g + 1], u);
        y = fmaf(fmaxf(d[4 * g + 2], 0), w[2 * g], y);
        v = fmaf(fmaxf(d[4 * g + 3], 0), w[2 * g + 1], v);
    }
    return make_float2(x + u, y + v);
}

/* Adds what four lanes hold of four queries; lane i is left with query i. */
static __device__ __forceinline__ float index_join(const float v[4])
{
    int lane = threadIdx.x & 3;
    bool odd = lane & 1, high = lane & 2;
    float a = (odd ? v[1] : v[0]) + __shfl_xor_sync(~0u, odd ? v[0] : v[1], 1);
    float b = (odd ? v[3] : v[2]) + __shfl_xor_sync(~0u, odd ? v[2] : v[3], 1);
    return (high ? b : a) + __shfl_xor_sync(~0u, high ? a : b, 2);
}

/* ------------------------------------------------------------------ tiles of two pages against four queries */

#define INDEX_QUERIES 4
#define INDEX_STAGES 6
#define INDEX_Q_BYTES (INDEX_QUERIES * INDEX_HEADS * INDEX_WIDTH)
#define INDEX_TILE_BYTES (2 * INDEX_ROOM)
#define INDEX_SHARED (INDEX_Q_BYTES + INDEX_STAGES * INDEX_TILE_BYTES + 1024)

/* One thread: barriers of the stages and of the queries, and these on their way. */
static __device__ __forceinline__ void index_begin(uint64_t *full, uint64_t *empty, uint64_t *q_full, uint32_t q,
                                                   const uint8_t *from)
{
    for (int i = 0; i < INDEX_STAGES; i++) {
        barrier_init(&full[i], 1);
        barrier_init(&empty[i], 256);
    }
    barrier_init(q_full, 1);
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    barrier_expect(q_full, INDEX_Q_BYTES);
    copy_bulk(q, from, INDEX_Q_BYTES, q_full);
}

/* One thread: tile i, of two pages or (two false) one. */
static __device__ __forceinline__ void index_copy(int i, const void *p0, const void *p1, bool two, uint32_t tiles, uint64_t *full,
                                                  uint64_t *empty)
{
    int stage = i % INDEX_STAGES;
    uint32_t to = tiles + stage * INDEX_TILE_BYTES;
    if (i >= INDEX_STAGES) barrier_wait(&empty[stage], (i / INDEX_STAGES - 1) & 1);
    barrier_expect(&full[stage], two ? 2 * INDEX_PAGE : INDEX_PAGE);
    copy_bulk(to, p0, INDEX_PAGE, &full[stage]);
    if (two) copy_bulk(to + INDEX_ROOM, p1, INDEX_PAGE, &full[stage]);
}

/* Weights of four queries for the columns of products that this thread holds. */
static __device__ __forceinline__ void index_weights(float (&w)[64], const float *of, size_t t0)
{
#pragma unroll
    for (int i = 0; i < 64; i++) {
        int column = i / 2 * 8 + threadIdx.x % 4 * 2 + i % 2;
        w[i] = of[(t0 + column / INDEX_HEADS) * INDEX_HEADS + column % INDEX_HEADS];
    }
}

/* A page of a tile times the queries, in turn with the other warpgroup (half 0 or 1), whose turn comes when three quarters are
 * done; more: another tile follows, so after the second one it is the first one's turn again. */
static __device__ __forceinline__ void index_multiply(float (&d)[128], uint32_t page, uint32_t q, int half, bool more)
{
    named_sync(1 + half, 256); /* my turn to multiply */
    products_hold(d);
    products_open();
#pragma unroll
    for (int k = 0; k < 4; k++) {
        wgmma_e4m3<256>(d, operand(page) + 2 * k, operand(q) + 2 * k, k > 0);
        if (k >= 2) products_close();
    }
    products_wait<1>();
    if (half == 0 || more) named_arrive(2 - half, 256);
    products_wait<0>();
    products_hold(d);
}

/* Scores of query threadIdx.x % 4 with this thread's two keys; k0, k1: their scales. */
static __device__ __forceinline__ float2 index_sums(const float *d, const float *w, float k0, float k1)
{
    float sum0[INDEX_QUERIES], sum1[INDEX_QUERIES];
#pragma unroll
    for (int j = 0; j < INDEX_QUERIES; j++) {
        float2 sum = index_add(d + 32 * j, w + 16 * j);
        sum0[j] = sum.x;
        sum1[j] = sum.y;
    }
    float x = index_join(sum0) * k0, y = index_join(sum1) * k1;
    return make_float2(x, y);
}

#endif
