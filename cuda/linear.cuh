/* linear.cuh: what the kernels of linear.cu and linear_few.cu share: a product, its rows, and how inputs
 * become 16-bit numbers.
 *
 * The order of every output's sum is the same in both: per block of CUDA_KBLOCK inputs a chain over 16
 * inputs at a time, hi then lo (or over one input at a time in f32), from zero; blocks in order, each times
 * its scale (1 where there is none). */
#ifndef CUDA_LINEAR_CUH
#define CUDA_LINEAR_CUH

#include "cuda/element.cuh"
#include "cuda/mma.cuh"

struct product {
    const float *x, *scale;
    const void *w;
    float *y;
    size_t ldx, ldy, gx, gy, gw, O, I, ld; /* gw: elements of w between groups, but in linear_few.cu and linear_heads.cu */
    int T, share;
    bool accumulate, aligned, both; /* both: hi and lo of an input, else hi alone */
    const int32_t *pair, *first, *count; /* NULL: all rows, in order */
};

/* The rows of group g that this block computes. */
struct rows {
    const int32_t *pair;
    int n, share;
};

static __device__ struct rows rows_of(const struct product &p, int g, int m0)
{
    if (!p.pair) return {NULL, p.T - m0, 1};
    return {p.pair + p.first[g] + m0, p.count[g] - m0, p.share};
}

/* 4 activations from element k of a row; what lies beyond I is zero. */
static __device__ __forceinline__ float4 load_x(const struct product &p, const float *row, size_t k)
{
    if (p.aligned && k + 4 <= p.I) return *(const float4 *)(row + k);
    float4 v;
    v.x = k < p.I ? row[k] : 0;
    v.y = k + 1 < p.I ? row[k + 1] : 0;
    v.z = k + 2 < p.I ? row[k + 2] : 0;
    v.w = k + 3 < p.I ? row[k + 3] : 0;
    return v;
}

static __device__ __forceinline__ uint32_t pack(float a, float b)
{
    __nv_bfloat162 h = __floats2bfloat162_rn(a, b);
    return *(uint32_t *)&h;
}

static __device__ __forceinline__ float low(float a)
{
    return a - __bfloat162float(__float2bfloat16_rn(a));
}

/* 16 bytes of e4m3 as 16 bf16 */
static __device__ __forceinline__ void widen(uint4 v, uint32_t out[8])
{
    const uint16_t *in = (const uint16_t *)&v;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        __half2_raw h = __nv_cvt_fp8x2_to_halfraw2(in[i], __NV_E4M3);
        float2 f = __half22float2(__half2(h));
        out[i] = pack(f.x, f.y);
    }
}

/* The scales of block kb for all outputs of group g; NULL: 1. */
static __device__ __forceinline__ const float *scales_of(const struct product &p, int g, size_t kb)
{
    return p.scale ? p.scale + ((size_t)g * ((p.I + CUDA_KBLOCK - 1) / CUDA_KBLOCK) + kb) * p.O : NULL;
}

/* For T <= FEW_ROWS rows a group (linear_few.cu). */
#define FEW_ROWS 16
void few_product(struct device *d, const struct product *p, size_t G, enum store store);

/* Of e4m3 matrices and inputs as hi alone (linear_heads.cu): false, and nothing done, where widths do not fit. */
#define HEADS_ROWS 1024 /* at most */
bool heads_product(struct device *d, const struct product *p, size_t G);

#endif
