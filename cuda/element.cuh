/* element.cuh: numbers of a cache or a weight as f32, and back, with the roundings of tensor.h. */
#ifndef CUDA_ELEMENT_CUH
#define CUDA_ELEMENT_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include "cuda/cuda.h"

template <enum kv_type TYPE> struct element;
template <> struct element<KV_F32> {
    typedef float type;
    static __device__ float get(float x) { return x; }
    static __device__ float put(float x) { return x; }
};
template <> struct element<KV_BF16> {
    typedef uint16_t type;
    static __device__ float get(uint16_t h) { return __uint_as_float((uint32_t)h << 16); }
    static __device__ uint16_t put(float x)
    {
        uint32_t u = __float_as_uint(x);
        if ((u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(u >> 16 | 0x40u);
        return (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
    }
};
template <> struct element<KV_F16> {
    typedef uint16_t type;
    static __device__ float get(uint16_t h) { return __half2float(__ushort_as_half(h)); }
    /* beyond 65504, the largest number; NaN stays NaN */
    static __device__ uint16_t put(float x)
    {
        if (!(fabsf(x) <= 65504.0f) && x == x) x = copysignf(65504.0f, x);
        return __half_as_ushort(__float2half_rn(x));
    }
};

static __device__ __forceinline__ float e4m3_value(uint8_t b)
{
    __half_raw h = __nv_cvt_fp8_to_halfraw(b, __NV_E4M3);
    return __half2float(__half(h));
}

/* Row `pos` of a block of rows of `width` elements that begins `offset` bytes into each page. */
template <enum kv_type TYPE>
static __device__ __forceinline__ typename element<TYPE>::type *
row_at(void *const *pages, size_t offset, size_t pos, int width)
{
    typedef typename element<TYPE>::type T;
    return (T *)((char *)pages[pos / KV_PAGE] + offset) + pos % KV_PAGE * (size_t)width;
}

#endif
