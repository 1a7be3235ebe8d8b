/* linear_few.cu: linear.cu's products for up to 16 rows, where reading W is the work.   op: linear, experts
 *
 * Method   a block makes 16 outputs of 16 rows.  Its eight warps take a block of 128 inputs each, from
 *          memory to mma.sync without a barrier: W through shared memory (a warp's own), x straight into
 *          registers.  Their sums meet in shared memory, where one thread per output adds them in order.
 *          f32 weights: a thread per output and block of inputs, FFMA.
 * Grid     O / 16: 36 blocks for O = 576, each two round trips to memory for I <= 1024.
 * Cost     W's bytes; the latency of two or three loads.
 * Exact    the order of linear.cuh.
 * Tests    tests/test_op_linear.c, tests/test_op_moe.c */
#include "cuda/linear.cuh"

#define WARPS 8
#define OUTPUTS 16
#define PITCH (CUDA_KBLOCK + 8)

/* ------------------------------------------------------------------ tensor cores */

/* 16 rows of W, one block of inputs: what a warp holds on its way to shared memory. */
template <bool F8> struct piece {
    static constexpr int CHUNK = F8 ? 16 : 8;            /* elements in 16 bytes */
    static constexpr int ACROSS = CUDA_KBLOCK / CHUNK;   /* chunks of a row */
    static constexpr int N = OUTPUTS * ACROSS / 32;      /* of a lane */
    uint4 v[N];
};

template <bool F8>
static __device__ __forceinline__ void load_piece(struct piece<F8> *w, const struct product &p, int g,
                                                  size_t n0, size_t k)
{
    constexpr int CHUNK = piece<F8>::CHUNK, ACROSS = piece<F8>::ACROSS;
    const char *rows = (const char *)p.w + ((size_t)g * p.O + n0) * p.ld * (F8 ? 1 : 2);
#pragma unroll
    for (int i = 0; i < piece<F8>::N; i++) {
        int c = threadIdx.x % 32 + 32 * i, n = c / ACROSS;
        size_t at = k + c % ACROSS * CHUNK;
        bool there = n0 + n < p.O && at < p.ld;
        w->v[i] = there ? *(const uint4 *)(rows + (n * p.ld + at) * (F8 ? 1 : 2))
                        : make_uint4(0, 0, 0, 0);
    }
}

template <bool F8>
static __device__ __forceinline__ void store_piece(const struct piece<F8> *w, uint16_t *shared)
{
    constexpr int CHUNK = piece<F8>::CHUNK, ACROSS = piece<F8>::ACROSS;
#pragma unroll
    for (int i = 0; i < piece<F8>::N; i++) {
        int c = threadIdx.x % 32 + 32 * i;
        uint4 *to = (uint4 *)(shared + c / ACROSS * PITCH + c % ACROSS * CHUNK);
        if (F8) {
            uint32_t h[8];
            widen(w->v[i], h);
            to[0] = make_uint4(h[0], h[1], h[2], h[3]);
            to[1] = make_uint4(h[4], h[5], h[6], h[7]);
        } else
            to[0] = w->v[i];
    }
}

/* Two neighbouring inputs of a row, zero beyond I or where there is no row. */
static __device__ __forceinline__ float2 load_two(const struct product &p, const float *row, size_t k)
{
    if (!row || k >= p.I) return make_float2(0, 0);
    if (p.aligned && k + 2 <= p.I) return *(const float2 *)(row + k);
    return make_float2(row[k], k + 1 < p.I ? row[k + 1] : 0);
}

template <bool F8>
static __global__ void __launch_bounds__(32 * WARPS) few_kernel(__grid_constant__ const struct product p)
{
    __shared__ __align__(16) uint16_t shared[WARPS][OUTPUTS * PITCH];
    __shared__ float part[WARPS][FEW_ROWS][OUTPUTS];
    int g = blockIdx.z, tid = threadIdx.x, lane = tid % 32, warp = tid / 32;
    size_t n0 = (size_t)blockIdx.x * OUTPUTS, blocks = (p.I + CUDA_KBLOCK - 1) / CUDA_KBLOCK;
    struct piece<F8> w;
    if ((size_t)warp < blocks) load_piece(&w, p, g, n0, (size_t)warp * CUDA_KBLOCK);
    cuda_follow(); /* weights never change: they are on their way while the kernel before ends */
    struct rows rows = rows_of(p, g, 0);
    if (rows.n <= 0) return;
    const float *x[2]; /* rows lane / 4 and 8 below */
    for (int i = 0; i < 2; i++) {
        int m = lane / 4 + 8 * i;
        size_t r = m < rows.n ? (rows.pair ? rows.pair[m] / rows.share : m) : 0;
        x[i] = m < rows.n ? p.x + r * p.ldx + g * p.gx : NULL;
    }
    uint16_t *mine = shared[warp];
    float sum = 0; /* of row tid / 16, output tid % 16 */
    for (size_t first = 0; first < blocks; first += WARPS) {
        size_t k0 = (first + warp) * CUDA_KBLOCK;
        if (k0 < p.I) {
            float2 v[CUDA_KBLOCK / 16][4]; /* as the registers of mma's first operand */
#pragma unroll
            for (int s = 0; s < CUDA_KBLOCK / 16; s++)
#pragma unroll
                for (int i = 0; i < 4; i++)
                    v[s][i] = load_two(p, x[i % 2], k0 + s * 16 + i / 2 * 8 + lane % 4 * 2);
            store_piece(&w, mine);
            size_t next = k0 + WARPS * CUDA_KBLOCK;
            if (next < p.I) load_piece(&w, p, g, n0, next);
            __syncwarp();
            float d[2][4] = {};
#pragma unroll
            for (int s = 0; s < CUDA_KBLOCK / 16; s++) {
                uint32_t b[4], hi[4], lo[4];
                if (k0 + s / 2 * 32 >= p.I) continue; /* linear.cu's steps are of 32 inputs */
                load_matrices(b, mine + (lane / 16 * 8 + lane % 8) * PITCH + s * 16 + lane / 8 % 2 * 8);
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    hi[i] = pack(v[s][i].x, v[s][i].y);
                    lo[i] = pack(low(v[s][i].x), low(v[s][i].y));
                }
                mma_bf16(d[0], hi, b[0], b[1]);
                mma_bf16(d[1], hi, b[2], b[3]);
                if (!p.both) continue;
                mma_bf16(d[0], lo, b[0], b[1]);
                mma_bf16(d[1], lo, b[2], b[3]);
            }
#pragma unroll
            for (int i = 0; i < 8; i++)
                part[warp][lane / 4 + i / 2 % 2 * 8][i / 4 * 8 + lane % 4 * 2 + i % 2] = d[i / 4][i % 4];
            __syncwarp(); /* W's place is free again */
        }
        __syncthreads();
        size_t n = n0 + tid % OUTPUTS, many = blocks - first < WARPS ? blocks - first : WARPS;
        for (size_t i = 0; i < many && n < p.O; i++)
            sum = fmaf(part[i][tid / OUTPUTS][tid % OUTPUTS], F8 ? scales_of(p, g, first + i)[n] : 1, sum);
        __syncthreads();
    }
    int m = tid / OUTPUTS;
    size_t n = n0 + tid % OUTPUTS;
    if (m >= rows.n || n >= p.O) return;
    float *y = p.y + (rows.pair ? rows.pair[m] : m) * p.ldy + g * p.gy + n;
    *y = p.accumulate ? *y + sum : sum;
}

/* ------------------------------------------------------------------ f32 */

#define EXACT_OUTPUTS 4
#define EXACT_BLOCKS 32 /* of inputs, at a time */

/* One row a block; a thread sums one block of inputs for one output. */
static __global__ void __launch_bounds__(EXACT_OUTPUTS *EXACT_BLOCKS)
few_exact_kernel(__grid_constant__ const struct product p)
{
    cuda_follow();
    __shared__ float part[EXACT_OUTPUTS][EXACT_BLOCKS + 1];
    int g = blockIdx.z, m = blockIdx.y, o = threadIdx.x / EXACT_BLOCKS, b = threadIdx.x % EXACT_BLOCKS;
    size_t n = (size_t)blockIdx.x * EXACT_OUTPUTS + o;
    struct rows rows = rows_of(p, g, 0);
    if (m >= rows.n) return;
    const float *x = p.x + (rows.pair ? rows.pair[m] / rows.share : m) * p.ldx + g * p.gx;
    const float *w = (const float *)p.w + ((size_t)g * p.O + (n < p.O ? n : 0)) * p.ld;
    float sum = 0;
    for (size_t first = 0; first < p.I; first += EXACT_BLOCKS * CUDA_KBLOCK) {
        size_t k = first + (size_t)b * CUDA_KBLOCK, end = k + CUDA_KBLOCK < p.I ? k + CUDA_KBLOCK : p.I;
        float s = 0;
#pragma unroll 16
        for (; k < end; k++) s = fmaf(x[k], w[k], s);
        part[o][b] = s;
        __syncthreads();
        for (int i = 0; b == 0 && i < EXACT_BLOCKS && first + (size_t)i * CUDA_KBLOCK < p.I; i++)
            sum += part[o][i];
        __syncthreads();
    }
    if (b || n >= p.O) return;
    float *y = p.y + (rows.pair ? rows.pair[m] : m) * p.ldy + g * p.gy + n;
    *y = p.accumulate ? *y + sum : sum;
}

/* ------------------------------------------------------------------ launchers */

void few_product(struct device *d, const struct product *p, size_t G, enum store store)
{
    dim3 grid((unsigned)cuda_ceil(p->O, OUTPUTS), 1, (unsigned)G);
    dim3 exact((unsigned)cuda_ceil(p->O, EXACT_OUTPUTS), (unsigned)p->T, (unsigned)G);
    if (store == STORE_F32)
        cuda_launch(d, few_exact_kernel, exact, EXACT_OUTPUTS * EXACT_BLOCKS, 0, *p);
    else if (store == STORE_F8)
        cuda_launch(d, few_kernel<true>, grid, 32 * WARPS, 0, *p);
    else
        cuda_launch(d, few_kernel<false>, grid, 32 * WARPS, 0, *p);
}
