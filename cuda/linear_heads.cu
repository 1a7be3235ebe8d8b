/* linear_heads.cu: linear.cu's products of a few hundred rows with one matrix a head, in e4m3.       op: linear
 *
 * Method   W_UK and W_UV of --weights fp8: inputs as bf16.  64 rows and 64 outputs are a tile, made from 128 inputs at a
 *          time: what is next is on its way to registers while a tile is multiplied from shared memory.  Where there
 *          are 128 inputs in all (W_UK) a block keeps its rows of x and makes one tile of 128 outputs after the other.
 * Grid     (W_UK 1 or 2, else O / 64; T / 64; heads), two blocks to a multiprocessor: meant for V3.2's 128 heads; 16 would
 *          leave multiprocessors idle.
 * Cost     64 rows of 128 heads [512, 128]: 8 MB of W, 4 of x, 17 of y, 7 us at 4.28 TB/s.
 * Seen     H200, 64 / 128 / 256 rows back to back: W_UK 10.4 / 19.1 / 35.8 us, W_UV 11.8 / 22.7 / 43.1.  Blocks of 128 threads
 *          for each tile of 64 outputs, x read for each: 19.8 / 37.0 / 66.8 and 18.8 / 35.8 / 56.0 in the same run; a layer
 *          of V3.2's size with 256 sequences takes 0.04 ms less.
 * Tried    steps of 32 inputs (linear.cu), 64 rows: 36 and 31 us.  Tiles of 64 outputs for W_UK: 12.2 / 21.3 / 40.3; of 128 for
 *          W_UV: 16.0 / 26.0 / 47.5.
 * Exact    the order of linear.cuh.
 * Limits   I a multiple of 128, O of 128; alignment, as heads_product checks.     Tests: tests/test_cuda_fp8.c */
#include "cuda/linear.cuh"

#define ROWS 64
#define THREADS 256
#define PITCH (CUDA_KBLOCK + 8) /* elements of a row in shared memory: rows fall into different banks */
#define XV (ROWS * CUDA_KBLOCK / 4 / THREADS) /* float4 a thread loads of x */

/* A tile of 64 or 128 outputs, at one block of inputs.  Each of eight warps: 16 or 32 rows of 32 outputs. */
template <int OUTPUTS> struct tile {
    static constexpr int WV = OUTPUTS * CUDA_KBLOCK / 16 / THREADS; /* 16 bytes a thread loads of W */
    static constexpr int MI = OUTPUTS / 64, ACROSS = ROWS / 16 / MI;
    static constexpr size_t SHARED = (ROWS + OUTPUTS) * PITCH * sizeof(uint16_t);
    float4 x[XV]; /* on their way to shared memory */
    uint4 w[WV];
    float part[MI][4][4];

    static __device__ int m() /* this thread's first row and output */
    {
        return (int)threadIdx.x / 32 % ACROSS * 16 * MI + threadIdx.x % 32 / 4;
    }
    static __device__ int n()
    {
        return (int)threadIdx.x / 32 / ACROSS * 32 + threadIdx.x % 4 * 2;
    }
    __device__ __forceinline__ void load_w(const struct product &p, int g, size_t n0, size_t k)
    {
        const uint8_t *from = (const uint8_t *)p.w + ((size_t)g * p.O + n0) * p.ld + k;
#pragma unroll
        for (int i = 0; i < WV; i++) {
            int c = threadIdx.x + i * THREADS;
            w[i] = *(const uint4 *)(from + c / 8 * p.ld + c % 8 * 16);
        }
    }
    __device__ __forceinline__ void load_x(const struct product &p, int g, int m0, size_t k)
    {
        const float *from = p.x + m0 * p.ldx + g * p.gx + k;
#pragma unroll
        for (int i = 0; i < XV; i++) {
            int c = threadIdx.x + i * THREADS, m = c / 32;
            x[i] = m0 + m < p.T ? *(const float4 *)(from + m * p.ldx + c % 32 * 4) : make_float4(0, 0, 0, 0);
        }
    }
    __device__ __forceinline__ void put_x(uint16_t *to)
    {
#pragma unroll
        for (int i = 0; i < XV; i++) {
            int c = threadIdx.x + i * THREADS;
            *(uint2 *)(to + c / 32 * PITCH + c % 32 * 4) = make_uint2(pack(x[i].x, x[i].y), pack(x[i].z, x[i].w));
        }
    }
    __device__ __forceinline__ void put_w(uint16_t *to)
    {
#pragma unroll
        for (int i = 0; i < WV; i++) {
            int c = threadIdx.x + i * THREADS;
            uint4 *at = (uint4 *)(to + c / 8 * PITCH + c % 8 * 16);
            uint32_t h[8];
            widen(w[i], h);
            at[0] = make_uint4(h[0], h[1], h[2], h[3]);
            at[1] = make_uint4(h[4], h[5], h[6], h[7]);
        }
    }
    __device__ __forceinline__ void multiply(const uint16_t *xs, const uint16_t *ws)
    {
        int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        xs += (warp % ACROSS * 16 * MI + lane % 16) * PITCH + lane / 16 * 8;
        ws += (warp / ACROSS * 32 + lane / 16 * 8 + lane % 8) * PITCH + lane / 8 % 2 * 8;
#pragma unroll
        for (int i = 0; i < 16 * MI; i++) part[i / 16][i / 4 % 4][i % 4] = 0;
#pragma unroll
        for (int k = 0; k < CUDA_KBLOCK; k += 16) {
            uint32_t a[MI][4], b[2][4];
#pragma unroll
            for (int i = 0; i < MI; i++) load_matrices(a[i], xs + i * 16 * PITCH + k);
#pragma unroll
            for (int i = 0; i < 2; i++) load_matrices(b[i], ws + i * 16 * PITCH + k);
#pragma unroll
            for (int mi = 0; mi < MI; mi++)
#pragma unroll
                for (int ni = 0; ni < 4; ni++)
                    mma_bf16(part[mi][ni], a[mi], b[ni / 2][ni % 2 * 2], b[ni / 2][ni % 2 * 2 + 1]);
        }
    }
    /* acc += part * scale, for columns that alternate. */
    __device__ __forceinline__ void promote(float acc[MI][4][4], const float2 scale[4])
    {
#pragma unroll
        for (int i = 0; i < 4 * MI; i++)
#pragma unroll
            for (int c = 0; c < 4; c++)
                acc[i / 4][i % 4][c] =
                    fmaf(part[i / 4][i % 4][c], c & 1 ? scale[i % 4].y : scale[i % 4].x, acc[i / 4][i % 4][c]);
    }
};

template <int OUTPUTS>
static __device__ __forceinline__ void write(const struct product &p, int g, int m0, size_t n0,
                                             const float acc[tile<OUTPUTS>::MI][4][4])
{
#pragma unroll
    for (int i = 0; i < 2 * tile<OUTPUTS>::MI; i++) { /* rows 8 apart */
        int m = m0 + tile<OUTPUTS>::m() + i * 8;
        if (m >= p.T) continue;
        float *y = p.y + m * p.ldy + g * p.gy + n0 + tile<OUTPUTS>::n();
#pragma unroll
        for (int ni = 0; ni < 4; ni++)
            *(float2 *)(y + ni * 8) = make_float2(acc[i / 2][ni][i % 2 * 2], acc[i / 2][ni][i % 2 * 2 + 1]);
    }
}

/* A block's `tiles` of outputs, one after the other.  ONE: of inputs there is one block, and x stays where it is. */
template <int OUTPUTS, bool ONE>
static __global__ void __launch_bounds__(THREADS, 2) heads_kernel(__grid_constant__ const struct product p, int tiles)
{
    extern __shared__ __align__(16) uint16_t x[];
    uint16_t *w = x + ROWS * PITCH;
    int g = blockIdx.z, m0 = blockIdx.y * ROWS, blocks = ONE ? 1 : (int)(p.I / CUDA_KBLOCK);
    size_t n0 = (size_t)blockIdx.x * tiles * OUTPUTS;
    struct tile<OUTPUTS> t;
    t.load_w(p, g, n0, 0);
    cuda_follow(); /* weights never change */
    t.load_x(p, g, m0, 0);
    if (ONE) t.put_x(x);
    for (int i = 0; i < tiles; i++, n0 += OUTPUTS) {
        float acc[tile<OUTPUTS>::MI][4][4] = {};
        for (int k = 0; k < blocks; k++) {
            float2 scale[4];
            if (!ONE) t.put_x(x);
            t.put_w(w);
#pragma unroll
            for (int j = 0; j < 4; j++) scale[j] = *(const float2 *)(scales_of(p, g, k) + n0 + t.n() + j * 8);
            bool last = k + 1 == blocks;
            if (!last || i + 1 < tiles) {
                t.load_w(p, g, last ? n0 + OUTPUTS : n0, last ? 0 : (k + 1) * CUDA_KBLOCK);
                if (!ONE) t.load_x(p, g, m0, last ? 0 : (k + 1) * CUDA_KBLOCK);
            }
            __syncthreads();
            t.multiply(x, w);
            t.promote(acc, scale);
            __syncthreads();
        }
        write<OUTPUTS>(p, g, m0, n0, acc);
    }
}

/* ------------------------------------------------------------------ launchers */

template <int OUTPUTS, bool ONE> static void launch_heads(struct device *d, const struct product *p, size_t G, size_t chunks)
{
    auto *kernel = heads_kernel<OUTPUTS, ONE>;
    size_t bytes = tile<OUTPUTS>::SHARED, tiles = p->O / OUTPUTS;
    if (tiles % chunks) chunks = 1;
    if (!cuda_shared(d, (const void *)kernel, bytes, "linear")) return;
    dim3 grid((unsigned)chunks, (unsigned)cuda_ceil((size_t)p->T, ROWS), (unsigned)G);
    cuda_launch(d, kernel, grid, THREADS, bytes, *p, (int)(tiles / chunks));
}

bool heads_product(struct device *d, const struct product *p, size_t G)
{
    bool even = p->ldy % 2 == 0 && p->gy % 2 == 0 && (uintptr_t)p->y % 8 == 0 && (uintptr_t)p->scale % 8 == 0;
    bool fits = p->I % CUDA_KBLOCK == 0 && p->O % 128 == 0 && p->ld % 16 == 0 && !p->pair && !p->accumulate &&
                p->aligned && p->scale && even;
    if (!fits) return false;
    if (p->I == CUDA_KBLOCK) launch_heads<128, true>(d, p, G, p->T > ROWS ? 1 : 2);
    else launch_heads<64, false>(d, p, G, p->O / 64);
    return true;
}
