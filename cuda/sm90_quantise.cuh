/* sm90_quantise.cuh: numbers to e4m3 with a power of two as their scale; Hadamard's matrix. */
#ifndef CUDA_SM90_QUANTISE_CUH
#define CUDA_SM90_QUANTISE_CUH

#include "cuda/element.cuh"

#define LEAST 1e-4f  /* amax of a block, at least */
#define LARGEST 448.0f
#define HADAMARD 0.08838834764831845f /* 1 / sqrt(128) */

/* The power of two that brings `most` to at most LARGEST. */
static __device__ __forceinline__ float scale_for(float most)
{
    uint32_t u = __float_as_uint(fmaxf(most, LEAST) / LARGEST);
    return __uint_as_float((u + 0x7fffffu) & 0x7f800000u);
}

static __device__ __forceinline__ uint32_t as_e4m3(float4 v, float scale)
{
    float f = 1 / scale; /* a power of two: exact */
    uint32_t lo = __nv_cvt_float2_to_fp8x2(make_float2(v.x * f, v.y * f), __NV_SATFINITE, __NV_E4M3);
    uint32_t hi = __nv_cvt_float2_to_fp8x2(make_float2(v.z * f, v.w * f), __NV_SATFINITE, __NV_E4M3);
    return lo | hi << 16;
}

static __device__ __forceinline__ float largest(float4 v)
{
    float m = fmaxf(fmaxf(fabsf(v.x), fabsf(v.y)), fmaxf(fabsf(v.z), fabsf(v.w)));
    for (int o = 16; o; o /= 2) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
    return m;
}

/* One block of 128 inputs of a row, by a warp. */
static __device__ __forceinline__ void put_block(float4 v, uint8_t *to, float *scale)
{
    int lane = threadIdx.x % 32;
    float s = scale_for(largest(v));
    ((uint32_t *)to)[lane] = as_e4m3(v, s);
    if (lane == 0) *scale = s;
}

#endif
