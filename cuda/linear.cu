/* linear.cu: y[t, g, :] = W[g] x[t, g, :].                        op: linear, and experts' products
 *
 *   x [T, I] f32 per group    W [G, O, I] bf16, e4m3 with scales, or f32    y [T, O] f32
 *
 * Method   bf16 and e4m3 weights: mma.sync m16n8k16.  An activation is the sum of two bf16 numbers,
 *          x = hi + lo, each multiplied by W and added to one f32 accumulator: x to 2^-17, at twice
 *          the work.  e4m3 becomes bf16 (exact) on its way into shared memory; its scale multiplies
 *          the partial sum of each 128 inputs.  f32 weights: FFMA.
 * Grid     tiles of 128x128 or 64x64 of (rows, outputs), the larger where it fills the device; k in steps of
 *          32, two buffers in shared memory, the next step's loads in registers.  Up to 16 rows:
 *          linear_few.cu.
 *          f32: 128x128 or 64x64.  Where even the smaller leave the device idle, blocks of inputs side by side,
 *          whose sums a second kernel adds in order.
 * Cost     4*T*O*I flop in bf16, W read once per tile of rows.  T = 1: W's bytes.
 * Exact    each output's sum has one order (linear.cuh), the same in every tile shape: rows never depend on T.
 * Seen     H200, bf16, 7168 inputs, (rows, outputs) (17, 64) (128, 64) (512, 64) (2048, 64) (128, 256) (512, 256) (128, 576): 134
 *          154 154 239 154 161 162 us, blocks of inputs side by side 13 13 31 68 31 66 42.
 * Tried    activations rounded to bf16: half the work, and deepread-150m's logits 4e-2 off.
 *          Loads two steps ahead, not one: (8192, 64) 226 us, not 267, (2048, 256) 205, not 230, but (512, 576) 174, not 156,
 *          and of 768 inputs 23, not 21.
 * Tests    tests/test_op_linear.c, tests/test_op_moe.c */
#include "cuda/linear.cuh"
#include "cuda/sm90_ops.h"

#define BK 32            /* inputs per step */
#define PITCH (BK + 8)   /* elements of a row in shared memory: rows fall into different banks */

/* ------------------------------------------------------------------ tensor cores */

template <int BM, int BN, int WM, int WN, bool F8>
static __global__ void __launch_bounds__(32 * (BM / WM) * (BN / WN))
product_kernel(__grid_constant__ const struct product p)
{
    cuda_follow();
    constexpr int THREADS = 32 * (BM / WM) * (BN / WN);
    constexpr int XV = BM * BK / 4 / THREADS;              /* float4 a thread loads of x */
    constexpr int CHUNK = F8 ? 16 : 8;                     /* elements in 16 bytes of W */
    constexpr int WV = (BN * BK / CHUNK + THREADS - 1) / THREADS;
    constexpr int MI = WM / 16, NI = WN / 8;
    extern __shared__ __align__(16) uint16_t shared[];
    constexpr int STAGE = (2 * BM + BN) * PITCH;

    int g = blockIdx.z, m0 = blockIdx.y * BM, tid = threadIdx.x, lane = tid % 32;
    size_t n0 = (size_t)blockIdx.x * BN;
    struct rows rows = rows_of(p, g, m0);
    if (rows.n <= 0) return;
    int warp_m = tid / 32 % (BM / WM) * WM, warp_n = tid / 32 / (BM / WM) * WN;
    size_t row_bytes = p.ld * (F8 ? 1 : 2);
    const char *w = (const char *)p.w + g * p.gw * (F8 ? 1 : 2) + n0 * row_bytes;

    const float *x_row[XV];
    for (int i = 0; i < XV; i++) {
        int m = (tid + i * THREADS) / (BK / 4);
        size_t r = m < rows.n ? (rows.pair ? rows.pair[m] / rows.share : m0 + m) : 0;
        x_row[i] = m < rows.n ? p.x + r * p.ldx + g * p.gx : NULL;
    }
    float4 xv[XV];
    uint4 wv[WV];
    auto fetch = [&](size_t k) {
#pragma unroll
        for (int i = 0; i < XV; i++) {
            size_t at = k + (tid + i * THREADS) % (BK / 4) * 4;
            xv[i] = x_row[i] ? load_x(p, x_row[i], at) : make_float4(0, 0, 0, 0);
        }
#pragma unroll
        for (int i = 0; i < WV; i++) {
            int c = tid + i * THREADS, n = c / (BK / CHUNK);
            size_t at = k + c % (BK / CHUNK) * CHUNK;
            bool there = n < BN && n0 + n < p.O && at < p.ld;
            wv[i] = there ? *(const uint4 *)(w + n * row_bytes + at * (F8 ? 1 : 2))
                          : make_uint4(0, 0, 0, 0);
        }
    };
    auto stage = [&](uint16_t *s) {
        uint16_t *hi = s, *lo = s + BM * PITCH, *sw = s + 2 * BM * PITCH;
#pragma unroll
        for (int i = 0; i < XV; i++) {
            int c = tid + i * THREADS, at = c / (BK / 4) * PITCH + c % (BK / 4) * 4;
            float4 v = xv[i];
            *(uint2 *)(hi + at) = make_uint2(pack(v.x, v.y), pack(v.z, v.w));
            *(uint2 *)(lo + at) = make_uint2(pack(low(v.x), low(v.y)), pack(low(v.z), low(v.w)));
        }
#pragma unroll
        for (int i = 0; i < WV; i++) {
            int c = tid + i * THREADS, n = c / (BK / CHUNK);
            if (n >= BN) continue;
            uint4 *to = (uint4 *)(sw + n * PITCH + c % (BK / CHUNK) * CHUNK);
            if (F8) {
                uint32_t h[8];
                widen(wv[i], h);
                to[0] = make_uint4(h[0], h[1], h[2], h[3]);
                to[1] = make_uint4(h[4], h[5], h[6], h[7]);
            } else
                to[0] = wv[i];
        }
    };

    float acc[MI][NI][4] = {}, part[MI][NI][4] = {};
    auto promote = [&](size_t k) { /* the sum of one block of inputs, times its scale */
        const float *s = F8 ? scales_of(p, g, k / CUDA_KBLOCK) : NULL; /* none where what is left is scaled later */
#pragma unroll
        for (int ni = 0; ni < NI; ni++) {
            size_t n = n0 + warp_n + ni * 8 + lane % 4 * 2;
            float s0 = !s ? 1 : n < p.O ? s[n] : 0, s1 = !s ? 1 : n + 1 < p.O ? s[n + 1] : 0;
#pragma unroll
            for (int mi = 0; mi < MI; mi++)
#pragma unroll
                for (int c = 0; c < 4; c++) {
                    acc[mi][ni][c] = fmaf(part[mi][ni][c], c & 1 ? s1 : s0, acc[mi][ni][c]);
                    part[mi][ni][c] = 0;
                }
        }
    };
    auto multiply = [&](const uint16_t *s) {
        const uint16_t *hi = s, *lo = s + BM * PITCH, *sw = s + 2 * BM * PITCH;
#pragma unroll
        for (int k = 0; k < BK; k += 16) {
            uint32_t b[NI / 2][4], a[4];
#pragma unroll
            for (int ni = 0; ni < NI / 2; ni++) /* two tiles of 8 outputs at once */
                load_matrices(b[ni], sw + (warp_n + ni * 16 + lane / 16 * 8 + lane % 8) * PITCH + k +
                                         lane / 8 % 2 * 8);
#pragma unroll
            for (int mi = 0; mi < MI; mi++)
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    if (half && !p.both) continue;
                    load_matrices(a, (half ? lo : hi) + (warp_m + mi * 16 + lane % 16) * PITCH + k +
                                         lane / 16 * 8);
#pragma unroll
                    for (int ni = 0; ni < NI; ni++)
                        mma_bf16(part[mi][ni], a, b[ni / 2][ni % 2 * 2],
                                 b[ni / 2][ni % 2 * 2 + 1]);
                }
        }
    };

    fetch(0);
    stage(shared);
    __syncthreads();
    int buffer = 0;
    for (size_t k = 0; k < p.I; k += BK, buffer ^= 1) {
        bool more = k + BK < p.I;
        if (more) fetch(k + BK);
        multiply(shared + buffer * STAGE);
        if (!more || (k + BK) % CUDA_KBLOCK == 0) promote(k);
        if (more) stage(shared + (buffer ^ 1) * STAGE);
        __syncthreads();
    }

#pragma unroll
    for (int mi = 0; mi < MI; mi++)
#pragma unroll
        for (int c = 0; c < 4; c++) {
            int m = warp_m + mi * 16 + lane / 4 + c / 2 * 8;
            if (m >= rows.n) continue;
            size_t r = rows.pair ? rows.pair[m] : m0 + m;
            float *y = p.y + r * p.ldy + g * p.gy;
#pragma unroll
            for (int ni = 0; ni < NI; ni++) {
                size_t n = n0 + warp_n + ni * 8 + lane % 4 * 2 + c % 2;
                if (n < p.O) y[n] = p.accumulate ? y[n] + acc[mi][ni][c] : acc[mi][ni][c];
            }
        }
}

/* ------------------------------------------------------------------ f32 */

#define FK 16

/* 256 threads, N x N outputs each, neighbours in fours. */
template <int N>
static __global__ void __launch_bounds__(256) exact_kernel(__grid_constant__ const struct product p)
{
    cuda_follow();
    constexpr int TILE = 16 * N, LOADS = TILE * FK / 256;
    __shared__ __align__(16) float sx[FK][TILE + 4], sw[FK][TILE + 4];
    int g = blockIdx.z, m0 = blockIdx.y * TILE, tid = threadIdx.x;
    size_t n0 = (size_t)blockIdx.x * TILE;
    struct rows rows = rows_of(p, g, m0);
    if (rows.n <= 0) return;
    const float *w = (const float *)p.w + g * p.gw + n0 * p.ld;
    float acc[N][N] = {}, part[N][N] = {};
    float next[LOADS][2]; /* of x and of w, on their way while the ones before are multiplied */
    auto fetch = [&](size_t k) {
#pragma unroll
        for (int i = 0; i < LOADS; i++) {
            int m = (tid + 256 * i) / FK, c = tid % FK;
            size_t r = m < rows.n ? (rows.pair ? rows.pair[m] / rows.share : m0 + m) : 0;
            bool in = k + c < p.I;
            next[i][0] = in && m < rows.n ? p.x[r * p.ldx + g * p.gx + k + c] : 0;
            next[i][1] = in && n0 + m < p.O ? w[m * p.ld + k + c] : 0;
        }
    };
    fetch(0);
    for (size_t k = 0; k < p.I; k += FK) {
#pragma unroll
        for (int i = 0; i < LOADS; i++) {
            sx[tid % FK][(tid + 256 * i) / FK] = next[i][0];
            sw[tid % FK][(tid + 256 * i) / FK] = next[i][1];
        }
        if (k + FK < p.I) fetch(k + FK);
        __syncthreads();
#pragma unroll
        for (int c = 0; c < FK; c++) {
            float xs[N], ws[N];
#pragma unroll
            for (int i = 0; i < N; i += 4) {
                *(float4 *)&xs[i] = *(float4 *)&sx[c][i * 16 + tid / 16 * 4];
                *(float4 *)&ws[i] = *(float4 *)&sw[c][i * 16 + tid % 16 * 4];
            }
#pragma unroll
            for (int i = 0; i < N; i++)
#pragma unroll
                for (int j = 0; j < N; j++) part[i][j] = fmaf(xs[i], ws[j], part[i][j]);
        }
        if (k + FK >= p.I || (k + FK) % CUDA_KBLOCK == 0)
#pragma unroll
            for (int i = 0; i < N * N; i++) {
                acc[i / N][i % N] += part[i / N][i % N];
                part[i / N][i % N] = 0;
            }
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < N; i++) {
        int m = i / 4 * 64 + tid / 16 * 4 + i % 4;
        if (m >= rows.n) continue;
        size_t r = rows.pair ? rows.pair[m] : m0 + m;
        float *y = p.y + r * p.ldy + g * p.gy;
#pragma unroll
        for (int j = 0; j < N; j++) {
            size_t n = n0 + j / 4 * 64 + tid % 16 * 4 + j % 4;
            if (n < p.O) y[n] = p.accumulate ? y[n] + acc[i][j] : acc[i][j];
        }
    }
}

template <int N> static void launch_exact(struct device *d, const struct product *p, size_t G)
{
    dim3 grid((unsigned)cuda_ceil(p->O, 16 * N), (unsigned)cuda_ceil((size_t)p->T, 16 * N), (unsigned)G);
    cuda_launch(d, exact_kernel<N>, grid, 256, 0, *p);
}

/* ------------------------------------------------------------------ blocks of inputs side by side */

/* y (+)= the sums of blocks of inputs, in order, each times its scale. */
static __global__ void __launch_bounds__(256) sum_kernel(const float *part, int blocks, __grid_constant__ const struct product p)
{
    cuda_follow();
    size_t i = blockIdx.x * (size_t)256 + threadIdx.x, n = (size_t)p.T * p.O, o = i % p.O;
    if (i >= n) return;
    float sum = 0, *y = p.y + i / p.O * p.ldy + o;
#pragma unroll 8
    for (int b = 0; b < blocks; b++) sum = fmaf(part[b * n + i], p.scale ? p.scale[b * p.O + o] : 1, sum);
    *y = p.accumulate ? *y + sum : sum;
}

template <int BM, int BN, int WM, int WN>
static void launch(struct device *d, const struct product *p, size_t G, bool f8);

/* Blocks of inputs as groups, where rows and outputs are too few to fill the device. */
static bool split(struct device *d, const struct product *p, size_t G, enum store store)
{
    size_t blocks = p->I / CUDA_KBLOCK, tiles = cuda_ceil(p->O, 64) * cuda_ceil((size_t)p->T, 64);
    if (p->pair || G != 1 || p->I % CUDA_KBLOCK || blocks < 2 || tiles * 4 > (size_t)d->multiprocessors) return false;
    struct product k = *p;
    float *part = (float *)cuda_reserve(d, &d->part, blocks * (size_t)p->T * p->O * sizeof *part);
    if (!part) return true;
    k.y = part, k.ldy = p->O, k.gy = (size_t)p->T * p->O, k.gx = k.gw = k.I = CUDA_KBLOCK;
    k.scale = NULL;
    k.accumulate = false;
    if (store == STORE_F32)
        launch_exact<4>(d, &k, blocks);
    else
        launch<64, 64, 32, 32>(d, &k, blocks, store == STORE_F8);
    cuda_launch(d, sum_kernel, (unsigned)cuda_ceil((size_t)p->T * p->O, 256), 256, 0, part, (int)blocks, *p);
    return true;
}

/* ------------------------------------------------------------------ launchers */

template <int BM, int BN, int WM, int WN>
static void launch(struct device *d, const struct product *p, size_t G, bool f8)
{
    size_t bytes = 2 * (2 * BM + BN) * PITCH * sizeof(uint16_t);
    dim3 grid((unsigned)cuda_ceil(p->O, BN), (unsigned)cuda_ceil(p->T, BM), (unsigned)G);
    int threads = 32 * (BM / WM) * (BN / WN);
    auto *kernel = f8 ? product_kernel<BM, BN, WM, WN, true> : product_kernel<BM, BN, WM, WN, false>;
    if (!cuda_shared(d, (const void *)kernel, bytes, "linear")) return;
    cuda_launch(d, kernel, grid, threads, bytes, *p);
}

void cuda_product(struct device *d, const struct linear_args *a, const struct cuda_chosen *chosen)
{
    const struct weight *w = a->w;
    if (!a->T || !cuda_ready(d)) return;
    struct product p = {.x = a->x, .scale = w->scale, .w = w->data, .y = a->y, .ldx = a->ldx,
                        .ldy = a->ldy, .gx = a->gx, .gy = a->gy, .gw = w->O * w->ld, .O = w->O, .I = w->I,
                        .ld = w->ld, .T = (int)a->T, .share = 1, .accumulate = a->accumulate};
    p.both = d->weights != WEIGHT_FP8 || w->G == 1; /* DeepSeek's own W_UK and W_UV products are bf16 */
    p.aligned = (uintptr_t)a->x % 16 == 0 && a->ldx % 4 == 0 && a->gx % 4 == 0;
    if (chosen) {
        p.pair = chosen->pair;
        p.first = chosen->first;
        p.count = chosen->count;
        p.share = chosen->share;
    }
    bool f8 = w->store == STORE_F8;
    size_t fill = (size_t)d->multiprocessors;
    if (a->T <= FEW_ROWS)
        few_product(d, &p, w->G, w->store);
    else if (w->store == STORE_F32 && w->O % 128 == 0 && w->O / 128 * cuda_ceil(a->T, 128) * w->G * 4 >= 3 * fill)
        launch_exact<8>(d, &p, w->G);
    else if (split(d, &p, w->G, w->store))
        ;
    else if (w->store == STORE_F32)
        launch_exact<4>(d, &p, w->G);
    else if (f8 && !p.both && a->T <= HEADS_ROWS && heads_product(d, &p, w->G))
        ;
    else if (a->T >= 128 && cuda_ceil(w->O, 128) * cuda_ceil(a->T, 128) * w->G >= fill)
        launch<128, 128, 64, 32>(d, &p, w->G, f8);
    else
        launch<64, 64, 32, 32>(d, &p, w->G, f8);
    cuda_launched(d, "linear");
}

void cuda_linear(struct device *d, const struct linear_args *a)
{
    if (!a->T || !cuda_ready(d) || fp8_linear(d, a)) return;
    cuda_product(d, a, NULL);
}
