/* sm90_fp8.cuh: what the FP8 products of sm90_gemm.cu and sm90_few.cu share: where results go. */
#ifndef CUDA_SM90_FP8_CUH
#define CUDA_SM90_FP8_CUH

#include <cuda.h>
#include <cuda_bf16.h>

#include "cuda/cuda.h"
#include "cuda/sm90.cuh"
#include "cuda/sm90_ops.h"

/* Boxes of `rows` rows and `panels` times 128 bytes of a matrix [n, k] of bytes, k a multiple of 128; in
 * shared memory panel after panel (sm90.cuh).  Coordinates: (byte, row); of several panels (0, row, panel). */
bool sm90_map(struct device *d, CUtensorMap *map, const void *p, size_t n, size_t k, unsigned rows,
              unsigned panels);

/* Boxes of `rows` rows of 128 bytes of a matrix [n, k] of bf16 (item 2) or f32 (4), rows ld apart: 16-byte alignment. */
bool sm90_map_numbers(struct device *d, CUtensorMap *map, void *p, size_t n, size_t k, size_t ld, unsigned rows,
                      size_t item);

/* Boxes of `rows` rows and `columns` numbers of a matrix [n, k] of f32, rows ld apart (16-byte alignment), in shared memory row
 * after row; beyond the matrix zeros. */
bool sm90_map_scales(struct device *d, CUtensorMap *map, const float *p, size_t n, size_t k, size_t ld, unsigned columns,
                     unsigned rows);

static __device__ __forceinline__ uint32_t pack_bf16(float a, float b)
{
    __nv_bfloat162 h = __floats2bfloat162_rn(a, b);
    return *(uint32_t *)&h;
}

/* Two neighbours of a row. */
template <typename OUT>
static __device__ __forceinline__ void put_pair(OUT *to, float x, float y, bool accumulate)
{
    if (sizeof(OUT) == 2)
        *(uint32_t *)to = pack_bf16(x, y);
    else if (accumulate)
        *(float2 *)to = make_float2(x + ((float2 *)to)->x, y + ((float2 *)to)->y);
    else
        *(float2 *)to = make_float2(x, y);
}

/* Words i of four lanes, a quad, to lane i. */
static __device__ __forceinline__ uint4 transpose_quad(uint32_t v0, uint32_t v1, uint32_t v2, uint32_t v3)
{
    bool odd = threadIdx.x & 1, high = threadIdx.x & 2;
    uint32_t a = __shfl_xor_sync(~0u, odd ? v0 : v1, 1), b = __shfl_xor_sync(~0u, odd ? v2 : v3, 1);
    v0 = odd ? a : v0, v1 = odd ? v1 : a;
    v2 = odd ? b : v2, v3 = odd ? v3 : b;
    a = __shfl_xor_sync(~0u, high ? v0 : v2, 2), b = __shfl_xor_sync(~0u, high ? v1 : v3, 2);
    return make_uint4(high ? a : v0, high ? b : v1, high ? v2 : a, high ? v3 : b);
}

/* 16 bytes a lane, so that what four lanes store of a row is 64 bytes in one piece.  sum: 4 numbers for each 8
 * columns; from `at` on, of this row or the one 8 below. */
template <int BN>
static __device__ __forceinline__ void put_wide(uint16_t *row, const float *sum, bool there, int n, int N, bool)
{
    int lane = threadIdx.x % 4;
#pragma unroll
    for (int j = 0; j < BN / 8; j += 4) {
        uint32_t v[4];
#pragma unroll
        for (int c = 0; c < 4; c++) /* of 16 columns there may be two groups only */
            v[c] = j + c < BN / 8 ? pack_bf16(sum[4 * (j + c)], sum[4 * (j + c) + 1]) : 0;
        uint4 w = transpose_quad(v[0], v[1], v[2], v[3]);
        int at = n + (j + lane) * 8;
        if (there && j + lane < BN / 8 && at < N) *(uint4 *)(row + at) = w;
    }
}

template <int BN>
static __device__ __forceinline__ void put_wide(float *row, const float *sum, bool there, int n, int N,
                                                bool accumulate)
{
    static_assert(BN % 16 == 0);
    int lane = threadIdx.x % 4;
    bool odd = lane & 1;
#pragma unroll
    for (int j = 0; j < BN / 8; j += 2) {
        const float *x = sum + 4 * j, *y = x + 4;
        float a = __shfl_xor_sync(~0u, odd ? x[0] : y[0], 1), b = __shfl_xor_sync(~0u, odd ? x[1] : y[1], 1);
        float4 v = odd ? make_float4(a, b, y[0], y[1]) : make_float4(x[0], x[1], a, b);
        int at = n + (j + odd) * 8 + lane / 2 * 4;
        if (!there || at >= N) continue;
        float4 *to = (float4 *)(row + at);
        if (accumulate) {
            float4 w = *to;
            v = make_float4(v.x + w.x, v.y + w.y, v.z + w.z, v.w + w.w);
        }
        *to = v;
    }
}

/* Sums of 64 rows and BN columns as wgmma leaves them, into out [M, N] from column n on; m: the first of this
 * thread's two rows. */
template <typename OUT, int BN>
static __device__ __forceinline__ void put_tile(OUT *out, const float *sum, int m, int M, int n, int N, size_t ldo,
                                                bool accumulate, bool wide)
{
    OUT *row = out + (size_t)m * ldo;
    if (wide) {
        put_wide<BN>(row, sum, m < M, n, N, accumulate);
        put_wide<BN>(row + 8 * ldo, sum + 2, m + 8 < M, n, N, accumulate);
        return;
    }
    n += threadIdx.x % 4 * 2;
#pragma unroll
    for (int j = 0; j < BN / 8; j++, n += 8) {
        if (n >= N) continue;
        if (m < M) put_pair(row + n, sum[4 * j], sum[4 * j + 1], accumulate);
        if (m + 8 < M) put_pair(row + 8 * ldo + n, sum[4 * j + 2], sum[4 * j + 3], accumulate);
    }
}

#endif
