/* linear_heads.cu: linear.cu's products of a few hundred rows with one matrix a head, in e4m3.       op: linear
 *
 * Method   W_UK and W_UV of --weights fp8: inputs as bf16.  64 rows and 64 outputs a block, a block of 128 inputs at a
 *          time, whole, so that there are few waits: its loads all start together, the next one's while it is
 *          multiplied.  linear.cu's steps of 32 inputs are for more rows.
 * Grid     (O / 64, T / 64, heads): 64 rows of W_UK 1024 blocks, of W_UV 256, three or four to a multiprocessor.
 * Cost     64 rows of 128 heads [512, 128]: 8 MB of W, 4 of x, 17 of y, 7 us at 4.28 TB/s.
 * Seen     H200, 64 rows (ncu): W_UK 22 us, W_UV 16; steps of 32 inputs (linear.cu) 36 and 31.
 * Exact    the order of linear.cuh.
 * Limits   I a multiple of 128, O of 64; alignment, as heads_product checks.     Tests: tests/test_cuda_fp8.c */
#include "cuda/linear.cuh"

#define ROWS 64
#define OUTPUTS 64
#define THREADS 128
#define PITCH (CUDA_KBLOCK + 8) /* elements of a row in shared memory: rows fall into different banks */
#define XV (ROWS * CUDA_KBLOCK / 4 / THREADS)     /* float4 a thread loads of x */
#define WV (OUTPUTS * CUDA_KBLOCK / 16 / THREADS) /* 16 bytes of W */

/* What a thread holds on its way to shared memory. */
struct step {
    float4 x[XV];
    uint4 w[WV];
};

static __device__ __forceinline__ void load_w(struct step *s, const struct product &p, int g, size_t n0, size_t k)
{
    const uint8_t *w = (const uint8_t *)p.w + ((size_t)g * p.O + n0) * p.ld + k;
#pragma unroll
    for (int i = 0; i < WV; i++) {
        int c = threadIdx.x + i * THREADS;
        s->w[i] = *(const uint4 *)(w + c / 8 * p.ld + c % 8 * 16);
    }
}

static __device__ __forceinline__ void load_x_of(struct step *s, const struct product &p, int g, int m0, size_t k)
{
    const float *x = p.x + m0 * p.ldx + g * p.gx + k;
#pragma unroll
    for (int i = 0; i < XV; i++) {
        int c = threadIdx.x + i * THREADS, m = c / 32;
        s->x[i] = m0 + m < p.T ? *(const float4 *)(x + m * p.ldx + c % 32 * 4) : make_float4(0, 0, 0, 0);
    }
}

static __device__ __forceinline__ void put(const struct step &s, uint16_t *x, uint16_t *w)
{
#pragma unroll
    for (int i = 0; i < XV; i++) {
        int c = threadIdx.x + i * THREADS;
        *(uint2 *)(x + c / 32 * PITCH + c % 32 * 4) = make_uint2(pack(s.x[i].x, s.x[i].y), pack(s.x[i].z, s.x[i].w));
    }
#pragma unroll
    for (int i = 0; i < WV; i++) {
        int c = threadIdx.x + i * THREADS;
        uint4 *to = (uint4 *)(w + c / 8 * PITCH + c % 8 * 16);
        uint32_t h[8];
        widen(s.w[i], h);
        to[0] = make_uint4(h[0], h[1], h[2], h[3]);
        to[1] = make_uint4(h[4], h[5], h[6], h[7]);
    }
}

/* Each of four warps 32 rows of 32 outputs. */
static __device__ __forceinline__ void multiply(float part[2][4][4], const uint16_t *x, const uint16_t *w)
{
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    x += (warp % 2 * 32 + lane % 16) * PITCH + lane / 16 * 8;
    w += (warp / 2 * 32 + lane / 16 * 8 + lane % 8) * PITCH + lane / 8 % 2 * 8;
#pragma unroll
    for (int k = 0; k < CUDA_KBLOCK; k += 16) {
        uint32_t a[2][4], b[2][4];
#pragma unroll
        for (int i = 0; i < 2; i++) {
            load_matrices(a[i], x + i * 16 * PITCH + k);
            load_matrices(b[i], w + i * 16 * PITCH + k);
        }
#pragma unroll
        for (int mi = 0; mi < 2; mi++)
#pragma unroll
            for (int ni = 0; ni < 4; ni++)
                mma_bf16(part[mi][ni], a[mi], b[ni / 2][ni % 2 * 2], b[ni / 2][ni % 2 * 2 + 1]);
    }
}

/* acc += part * scale, for columns that alternate. */
static __device__ __forceinline__ void promote(float acc[2][4][4], const float part[2][4][4], const float2 scale[4])
{
#pragma unroll
    for (int i = 0; i < 8; i++)
#pragma unroll
        for (int c = 0; c < 4; c++)
            acc[i / 4][i % 4][c] = fmaf(part[i / 4][i % 4][c], c & 1 ? scale[i % 4].y : scale[i % 4].x, acc[i / 4][i % 4][c]);
}

static __global__ void __launch_bounds__(THREADS, 3) heads_kernel(__grid_constant__ const struct product p)
{
    __shared__ __align__(16) uint16_t x[ROWS * PITCH], w[OUTPUTS * PITCH];
    int g = blockIdx.z, m0 = blockIdx.y * ROWS, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    size_t n0 = (size_t)blockIdx.x * OUTPUTS, n = n0 + warp / 2 * 32 + lane % 4 * 2;
    struct step s;
    load_w(&s, p, g, n0, 0);
    cuda_follow(); /* weights never change */
    load_x_of(&s, p, g, m0, 0);
    float acc[2][4][4] = {};
    for (size_t k = 0; k < p.I; k += CUDA_KBLOCK) {
        float2 scale[4];
        put(s, x, w);
#pragma unroll
        for (int i = 0; i < 4; i++) scale[i] = *(const float2 *)(scales_of(p, g, k / CUDA_KBLOCK) + n + i * 8);
        if (k + CUDA_KBLOCK < p.I) {
            load_w(&s, p, g, n0, k + CUDA_KBLOCK);
            load_x_of(&s, p, g, m0, k + CUDA_KBLOCK);
        }
        __syncthreads();
        float part[2][4][4] = {};
        multiply(part, x, w);
        promote(acc, part, scale);
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < 4; i++) { /* rows 8 apart */
        int m = m0 + warp % 2 * 32 + i * 8 + lane / 4;
        if (m >= p.T) continue;
        float *y = p.y + m * p.ldy + g * p.gy + n;
#pragma unroll
        for (int ni = 0; ni < 4; ni++)
            *(float2 *)(y + ni * 8) = make_float2(acc[i / 2][ni][i % 2 * 2], acc[i / 2][ni][i % 2 * 2 + 1]);
    }
}

/* ------------------------------------------------------------------ launchers */

bool heads_product(struct device *d, const struct product *p, size_t G)
{
    bool even = p->ldy % 2 == 0 && p->gy % 2 == 0 && (uintptr_t)p->y % 8 == 0 && (uintptr_t)p->scale % 8 == 0;
    bool fits = p->I % CUDA_KBLOCK == 0 && p->O % OUTPUTS == 0 && p->ld % 16 == 0 && !p->pair && !p->accumulate &&
                p->aligned && p->scale && even;
    if (!fits) return false;
    dim3 grid((unsigned)(p->O / OUTPUTS), (unsigned)cuda_ceil((size_t)p->T, ROWS), (unsigned)G);
    cuda_launch(d, heads_kernel, grid, THREADS, 0, *p);
    return true;
}
