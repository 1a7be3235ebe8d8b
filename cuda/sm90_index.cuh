/* sm90_index.cuh: what both kernels of index scores in FP8 share: pages of keys, sums over heads. */
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

#endif
