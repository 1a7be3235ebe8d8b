/* norm.cu: RMSNorm with residual, LayerNorm.                      ops: rmsnorm, layernorm
 *
 * Method   rows of 512 to 8192 elements are held in registers: all loads of a thread are under way at once.  In a short
 *          pass the result is also left in FP8, where products will read that (sm90_fp8.cu).
 * Grid     one block of 256 or 512 threads per row; sums by shuffles, then over its warps in shared memory.
 * Cost     reads x (and r), writes y: 8 to 16 bytes an element, bound by memory: [4096, 7168] moves 235 MB (352
 *          with r), 70 us at 3.35 TB/s.
 * Seen     H200, 64 rows of 7168 in a pass: 5 us, the FP8 left beside; it saves a launch of 3 us for each product.
 * Exact    x += r is one rounding, as in ref; sums in another order: 1e-6 of the largest number.
 * Tests    tests/test_op_norm.c */
#include "cuda/sm90_ops.h"
#include "cuda/sm90_quantise.cuh"

#define THREADS 256
#define VECTORS 4 /* float4 of a row that a thread holds, where a row is held: 2048 elements each */
#define HOLDERS 512

/* The sum over the block, in one order, for every thread. */
template <int THREADS_OF = THREADS> static __device__ float block_sum(float v)
{
    __shared__ float part[THREADS_OF / 32];
    for (int o = 16; o; o /= 2) v += __shfl_xor_sync(~0u, v, o);
    __syncthreads(); /* part may still be read from the sum before */
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
    __syncthreads();
    v = 0;
    for (int i = 0; i < THREADS_OF / 32; i++) v += part[i];
    return v;
}

static __global__ void rmsnorm_kernel(float *y, size_t ldy, float *x, size_t ldx, const float *r,
                                      const float *w, int n, float eps)
{
    cuda_follow();
    x += blockIdx.x * ldx, y += blockIdx.x * ldy;
    if (r) r += blockIdx.x * ldx;
    float sum = 0;
    for (int i = threadIdx.x; i < n; i += THREADS) {
        float v = x[i];
        if (r) x[i] = v = v + r[i];
        sum += v * v;
    }
    float f = 1.0f / sqrtf(block_sum(sum) / (float)n + eps);
    for (int i = threadIdx.x; i < n; i += THREADS) y[i] = x[i] * f * w[i];
}

static __device__ __forceinline__ float4 add4(float4 a, float4 b)
{
    return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

/* The same for rows of at most VECTORS * 4 * HOLDERS elements, all of 16-byte alignment: read at once. */
static __global__ void __launch_bounds__(HOLDERS)
rmsnorm_held_kernel(float *y, size_t ldy, float *x, size_t ldx, const float *r, const float *w, int n, float eps,
                    struct cuda_prepared also)
{
    float4 v[VECTORS], f[VECTORS];
    int first = (int)threadIdx.x * 4;
#pragma unroll
    for (int k = 0; k < VECTORS; k++) { /* weights never change */
        int i = first + k * 4 * HOLDERS;
        if (i < n) f[k] = *(const float4 *)(w + i);
    }
    cuda_follow();
    x += blockIdx.x * ldx, y += blockIdx.x * ldy;
    if (r) r += blockIdx.x * ldx;
#pragma unroll
    for (int k = 0; k < VECTORS; k++) {
        int i = first + k * 4 * HOLDERS;
        v[k] = i < n ? *(const float4 *)(x + i) : make_float4(0, 0, 0, 0);
    }
    if (r) {
        float4 more[VECTORS];
#pragma unroll
        for (int k = 0; k < VECTORS; k++) {
            int i = first + k * 4 * HOLDERS;
            more[k] = i < n ? *(const float4 *)(r + i) : make_float4(0, 0, 0, 0);
        }
#pragma unroll
        for (int k = 0; k < VECTORS; k++) {
            int i = first + k * 4 * HOLDERS;
            v[k] = add4(v[k], more[k]);
            if (i < n) *(float4 *)(x + i) = v[k];
        }
    }
    float sum = 0;
#pragma unroll
    for (int k = 0; k < VECTORS; k++)
        sum += v[k].x * v[k].x + v[k].y * v[k].y + (v[k].z * v[k].z + v[k].w * v[k].w);
    float by = 1.0f / sqrtf(block_sum<HOLDERS>(sum) / (float)n + eps);
#pragma unroll
    for (int k = 0; k < VECTORS; k++) {
        int i = first + k * 4 * HOLDERS;
        if (i >= n) continue;
        v[k] = make_float4(v[k].x * by * f[k].x, v[k].y * by * f[k].y, v[k].z * by * f[k].z, v[k].w * by * f[k].w);
        *(float4 *)(y + i) = v[k];
        if (also.x) /* a warp has 128 neighbours */
            put_block(v[k], also.q + blockIdx.x * (size_t)n + i / 128 * 128, also.scale + i / 128 * also.ld + blockIdx.x);
    }
}

static __global__ void layernorm_kernel(float *y, const float *x, const float *w, const float *b,
                                        int n, float eps)
{
    cuda_follow();
    x += (size_t)blockIdx.x * n, y += (size_t)blockIdx.x * n;
    float sum = 0, var = 0;
    for (int i = threadIdx.x; i < n; i += THREADS) sum += x[i];
    float mean = block_sum(sum) / (float)n;
    for (int i = threadIdx.x; i < n; i += THREADS) var += (x[i] - mean) * (x[i] - mean);
    float f = 1.0f / sqrtf(block_sum(var) / (float)n + eps);
    for (int i = threadIdx.x; i < n; i += THREADS) y[i] = (x[i] - mean) * f * w[i] + b[i];
}

/* ------------------------------------------------------------------ launchers */

void cuda_rmsnorm(struct device *d, float *y, size_t ldy, float *x, size_t ldx, const float *r,
                  const float *w, size_t T, int n, float eps)
{
    if (!T || !cuda_ready(d)) return;
    bool aligned = ((uintptr_t)x | (uintptr_t)y | (uintptr_t)r | (uintptr_t)w) % 16 == 0 && (ldx | ldy) % 4 == 0;
    struct cuda_prepared also = {};
    if (aligned && n % 128 == 0 && n >= 512 && n <= VECTORS * 4 * HOLDERS) {
        fp8_prepare(d, y, ldy, T, (size_t)n, &also);
        cuda_launch(d, rmsnorm_held_kernel, (unsigned)T, HOLDERS, 0, y, ldy, x, ldx, r, w, n, eps, also);
    }
    else
        cuda_launch(d, rmsnorm_kernel, (unsigned)T, THREADS, 0, y, ldy, x, ldx, r, w, n, eps);
    cuda_launched(d, "rmsnorm");
}

void cuda_layernorm(struct device *d, float *y, const float *x, const float *w, const float *b,
                    size_t T, int n, float eps)
{
    if (!T || !cuda_ready(d)) return;
    cuda_launch(d, layernorm_kernel, (unsigned)T, THREADS, 0, y, x, w, b, n, eps);
    cuda_launched(d, "layernorm");
}
