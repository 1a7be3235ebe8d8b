/* elementwise.cu: small moves.                                    ops: swiglu, scale, add, copy_rows
 *
 * Grid     one thread per element, 256 a block.
 * Cost     bound by memory: swiglu 12 bytes an element, add 12, scale and copy_rows 8.  [4096, 18432]
 *          swiglu moves 0.9 GB, 0.27 ms at 3.35 TB/s.
 * Exact    scale and add round once, as ref; swiglu within expf's 2 units.
 * Tests    tests/test_op_norm.c */
#include "cuda/cuda.h"

#define THREADS 256

static __global__ void swiglu_kernel(float *h, const float *g, const float *u, size_t n)
{
    cuda_follow();
    size_t i = blockIdx.x * (size_t)THREADS + threadIdx.x;
    if (i < n) h[i] = g[i] / (1.0f + expf(-g[i])) * u[i];
}

static __global__ void scale_kernel(float *x, float factor, size_t n)
{
    cuda_follow();
    size_t i = blockIdx.x * (size_t)THREADS + threadIdx.x;
    if (i < n) x[i] *= factor;
}

static __global__ void add_kernel(float *x, const float *r, size_t n)
{
    cuda_follow();
    size_t i = blockIdx.x * (size_t)THREADS + threadIdx.x;
    if (i < n) x[i] += r[i];
}

static __global__ void copy_kernel(float *y, size_t ldy, const float *x, size_t ldx, size_t n,
                                   int width)
{
    cuda_follow();
    size_t i = blockIdx.x * (size_t)THREADS + threadIdx.x;
    if (i < n) y[i / width * ldy + i % width] = x[i / width * ldx + i % width];
}

/* The same in fours: n of them, width of them in a row. */
static __global__ void copy4_kernel(float4 *y, unsigned ldy, const float4 *x, unsigned ldx, unsigned n, unsigned width)
{
    cuda_follow();
    unsigned i = blockIdx.x * THREADS + threadIdx.x, row = i / width, at = i % width;
    if (i < n) y[(size_t)row * ldy + at] = x[(size_t)row * ldx + at];
}

/* ------------------------------------------------------------------ launchers */

static unsigned blocks(size_t n)
{
    return (unsigned)cuda_ceil(n, THREADS);
}

void cuda_swiglu(struct device *d, float *h, const float *g, const float *u, size_t n)
{
    if (!n || !cuda_ready(d)) return;
    cuda_launch(d, swiglu_kernel, blocks(n), THREADS, 0, h, g, u, n);
    cuda_launched(d, "swiglu");
}

void cuda_scale(struct device *d, float *x, float factor, size_t n)
{
    if (!n || !cuda_ready(d)) return;
    cuda_launch(d, scale_kernel, blocks(n), THREADS, 0, x, factor, n);
    cuda_launched(d, "scale");
}

void cuda_add(struct device *d, float *x, const float *r, size_t n)
{
    if (!n || !cuda_ready(d)) return;
    cuda_launch(d, add_kernel, blocks(n), THREADS, 0, x, r, n);
    cuda_launched(d, "add");
}

void cuda_copy_rows(struct device *d, float *y, size_t ldy, const float *x, size_t ldx, size_t T,
                    int n)
{
    size_t all = T * (size_t)n;
    if (!all || !cuda_ready(d)) return;
    bool fours = ((uintptr_t)x | (uintptr_t)y) % 16 == 0 && (ldx | ldy | (size_t)n) % 4 == 0 && all < UINT32_MAX &&
                 ldx < UINT32_MAX && ldy < UINT32_MAX;
    if (fours)
        cuda_launch(d, copy4_kernel, blocks(all / 4), THREADS, 0, (float4 *)y, ldy / 4, (const float4 *)x, ldx / 4,
                    all / 4, n / 4);
    else
        cuda_launch(d, copy_kernel, blocks(all), THREADS, 0, y, ldy, x, ldx, all, n);
    cuda_launched(d, "copy_rows");
}
