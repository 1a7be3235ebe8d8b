/* sm90_gemm.cu: FP8 products with scales, V3.2's linear layers.    bench: bench/gpu_gemm.cu
 *
 *   a [M, K] e4m3, a_scale [K/128, a_ld]    b [G, N, K] e4m3, b_scale [G, ceil(N/128), K/128]
 *   out[m, n] = sum over blocks k of 128: a_scale[k, m] * b_scale[n/128, k] * (a[m, k] . b[n, k])    bf16 or f32
 *   G > 1: each tile of 128 rows meets one of the G matrices (experts).
 *
 * Method   two blocks of a cluster take two neighbouring tiles of 128x128 of one row of tiles: each copies its
 *          rows of b and half of the rows of a, the latter to both (tensor maps, multicast), and the
 *          scales of a (a bulk copy), six stages deep.  Two warpgroups multiply 64x128 each; the
 *          products of block k + 1 are issued before those of block k are scaled and added, so the
 *          tensor cores do not wait for the adding.
 * Grid     one cluster per two multiprocessors, each taking pairs of tiles in turn: eight rows of tiles down,
 *          then to the right, so that what runs at once shares rows of a and of b in the second cache.
 * Cost     2*M*N*K flop; 24 KB through the second cache per tile and 128 of K: 512 cycles of products.
 * Exact    128 products accumulate as FP8 tensor cores do, their sums in f32, one order: a row does not
 *          depend on M.
 * Seen     H200, the six shapes of bench/gpu_gemm.cu: 492, 532, 614, 599, 527, 630 TFLOP/s, 0.41 to 0.51 of DeepGEMM
 *          there.  H100, before scales came with the tiles, pairs of tiles one below the other: 430 to 559.
 * Limits   K a multiple of 128; rows of 16-byte alignment.
 * Tried    products under way from one round of the loop to the next: ptxas then serialises all. */
#include <cuda.h>
#include <cuda_bf16.h>

#include "cuda/cuda.h"
#include "cuda/sm90.cuh"
#include "cuda/sm90_ops.h"

#define TILE 128
#define STAGES 6
#define A_BYTES (TILE * 128)
#define SCALE_BYTES (TILE * 4)
#define STAGE_BYTES (2 * A_BYTES)
#define SHARED (STAGES * (STAGE_BYTES + SCALE_BYTES) + 1024)
#define DOWN 8 /* rows of tiles, before the next column */

struct gemm {
    CUtensorMap a, b;
    const float *a_scale, *b_scale;
    const int32_t *tiles;
    void *out;
    size_t a_ld, ldo;
    int M, N, blocks, rows, columns; /* of K, of M, of N (256 each) */
    bool accumulate;
};

struct barriers {
    uint64_t full[STAGES], empty[STAGES];
};

/* A pair of tiles: the first row, this block's first column, and the matrix. */
struct place {
    int m, n, group;
};

static __device__ __forceinline__ int rows_of(const struct gemm &g)
{
    return g.tiles ? g.tiles[0] : g.rows;
}

static __device__ struct place place_of(const struct gemm &g, int rows, int i)
{
    int first = i / (DOWN * g.columns) * DOWN, down = min(DOWN, rows - first);
    int at = i - first * g.columns, row = first + at % down;
    return {row * TILE, (at / down * 2 + (int)cluster_rank()) * TILE, g.tiles ? g.tiles[1 + row] : 0};
}

static __device__ void produce(const struct gemm &g, uint32_t tiles, uint32_t scales, struct barriers *b)
{
    int rank = (int)cluster_rank(), stage = 0, rows = rows_of(g);
    uint32_t phase = 1; /* the first round waits for nothing */
    for (int i = blockIdx.x / 2; i < rows * g.columns; i += gridDim.x / 2) {
        struct place p = place_of(g, rows, i);
        for (int k = 0; k < g.blocks; k++) {
            barrier_wait(&b->empty[stage], phase);
            uint32_t at = tiles + stage * STAGE_BYTES;
            barrier_expect(&b->full[stage], STAGE_BYTES + SCALE_BYTES);
            copy_box_to_all(at + rank * A_BYTES / 2, &g.a, k * 128, p.m + rank * TILE / 2,
                            &b->full[stage], 3);
            copy_box(at + A_BYTES, &g.b, k * 128, p.group * g.N + p.n, &b->full[stage]);
            copy_bulk(scales + stage * SCALE_BYTES, g.a_scale + (size_t)k * g.a_ld + p.m, SCALE_BYTES,
                      &b->full[stage]);
            if (++stage == STAGES) stage = 0, phase ^= 1;
        }
    }
}

static __device__ __forceinline__ uint32_t pack(float a, float b)
{
    __nv_bfloat162 h = __floats2bfloat162_rn(a, b);
    return *(uint32_t *)&h;
}

/* Where a warpgroup stands among the stages. */
struct place_in {
    int stage;
    uint32_t phase;
};

static __device__ __forceinline__ void step(struct place_in *p)
{
    if (++p->stage == STAGES) p->stage = 0, p->phase ^= 1;
}

static __device__ __forceinline__ void multiply(float d[64], uint32_t a, uint32_t b)
{
    products_open();
#pragma unroll
    for (int k = 0; k < 4; k++)
        wgmma_e4m3_n128(d, operand(a) + 2 * k, operand(b) + 2 * k, k > 0);
    products_close();
}

static __device__ __forceinline__ void add_scaled(float sum[64], const float d[64], float s0,
                                                  float s1)
{
#pragma unroll
    for (int i = 0; i < 64; i++) sum[i] = fmaf(d[i], i & 2 ? s1 : s0, sum[i]);
}

static __device__ __forceinline__ float load_shared(uint32_t at)
{
    float v;
    asm volatile("ld.shared.f32 %0, [%1];" : "=f"(v) : "r"(at) : "memory");
    return v;
}

/* Two neighbours of a row. */
template <typename OUT>
static __device__ __forceinline__ void put_pair(OUT *to, float x, float y, bool accumulate)
{
    if (sizeof(OUT) == 2)
        *(uint32_t *)to = pack(x, y);
    else if (accumulate)
        *(float2 *)to = make_float2(x + ((float2 *)to)->x, y + ((float2 *)to)->y);
    else
        *(float2 *)to = make_float2(x, y);
}

template <typename OUT>
static __device__ void consume(const struct gemm &g, uint32_t tiles, uint32_t scales, struct barriers *b)
{
    int thread = threadIdx.x % 128, half = threadIdx.x / 128 - 1, lane = thread % 32, rows = rows_of(g);
    int row = half * 64 + thread / 32 * 16 + lane / 4, last = (g.N + TILE - 1) / TILE - 1;
    struct place_in in = {0, 0}, out = {0, 0};
    float d[2][64], sum[64];
    for (int i = blockIdx.x / 2; i < rows * g.columns; i += gridDim.x / 2) {
        struct place p = place_of(g, rows, i);
        const float *bs = g.b_scale + ((size_t)p.group * (last + 1) + min(p.n / TILE, last)) * g.blocks;
        float s0[2], s1[2], next = __ldg(bs);
#pragma unroll
        for (int j = 0; j < 64; j++) sum[j] = 0;
        auto issue = [&](int k, int u) {
            float scale = next;
            next = __ldg(bs + min(k + 1, g.blocks - 1));
            barrier_wait(&b->full[in.stage], in.phase);
            uint32_t at = tiles + in.stage * STAGE_BYTES, mine = scales + in.stage * SCALE_BYTES + row * 4;
            multiply(d[u], at + half * 64 * 128, at + A_BYTES);
            s0[u] = load_shared(mine) * scale;
            s1[u] = load_shared(mine + 32) * scale;
            step(&in);
        };
        auto add = [&](int u) { /* its products are done */
            if (lane < 2) barrier_arrive_at(&b->empty[out.stage], lane);
            step(&out);
            products_hold(d[u]);
            add_scaled(sum, d[u], s0[u], s1[u]);
        };
        int k = 0;
        for (; k + 4 <= g.blocks; k += 4) { /* one block is under way while another is added */
            issue(k, 0);
            issue(k + 1, 1);
            products_wait<1>();
            add(0);
            issue(k + 2, 0);
            products_wait<1>();
            add(1);
            issue(k + 3, 1);
            products_wait<1>();
            add(0);
            products_wait<0>();
            add(1);
        }
        for (; k < g.blocks; k++) {
            issue(k, 0);
            products_wait<0>();
            add(0);
        }
        int m = p.m + row, n = p.n + lane % 4 * 2;
        OUT *to = (OUT *)g.out + (size_t)m * g.ldo + n;
#pragma unroll
        for (int j = 0; j < 16; j++) {
            if (n + 8 * j >= g.N) continue;
            if (m < g.M) put_pair(to + 8 * j, sum[4 * j], sum[4 * j + 1], g.accumulate);
            if (m + 8 < g.M)
                put_pair(to + 8 * g.ldo + 8 * j, sum[4 * j + 2], sum[4 * j + 3], g.accumulate);
        }
    }
}

template <typename OUT>
static __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384, 1)
gemm_kernel(__grid_constant__ const struct gemm g)
{
    extern __shared__ uint8_t memory[];
    __shared__ struct barriers b;
    uint32_t tiles = (shared_address(memory) + 1023) / 1024 * 1024, scales = tiles + STAGES * STAGE_BYTES;
    if (threadIdx.x == 0) {
        for (int i = 0; i < STAGES; i++) {
            barrier_init(&b.full[i], 1);
            barrier_init(&b.empty[i], 16); /* eight warps of each block */
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    cluster_sync();
    if (threadIdx.x < 128) {
        registers_less<40>();
        if (threadIdx.x == 0) produce(g, tiles, scales, &b);
    } else {
        registers_more<232>();
        consume<OUT>(g, tiles, scales, &b);
    }
    __syncwarp();
    cluster_sync(); /* no block ends while the other may still arrive at its barriers */
}

/* ------------------------------------------------------------------ launchers */

typedef CUresult encode_tiled(CUtensorMap *, CUtensorMapDataType, cuuint32_t, void *,
                              const cuuint64_t *, const cuuint64_t *, const cuuint32_t *,
                              const cuuint32_t *, CUtensorMapInterleave, CUtensorMapSwizzle,
                              CUtensorMapL2promotion, CUtensorMapFloatOOBfill);

/* Boxes of `rows` rows of 128 bytes of a matrix [n, k] of bytes. */
static bool map_matrix(struct device *d, CUtensorMap *map, const void *p, size_t n, size_t k,
                       unsigned rows)
{
    void *f = NULL;
    cudaDriverEntryPointQueryResult found;
    cudaError_t r = cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &f, 12000,
                                                     cudaEnableDefault, &found);
    if (!cuda_ok(d, r, "cuTensorMapEncodeTiled") || !f) return false;
    cuuint64_t size[2] = {k, n}, stride[1] = {k};
    cuuint32_t box[2] = {128, rows}, step[2] = {1, 1};
    CUresult c = ((encode_tiled *)f)(map, CU_TENSOR_MAP_DATA_TYPE_UINT8, 2, (void *)p, size, stride,
                                     box, step, CU_TENSOR_MAP_INTERLEAVE_NONE,
                                     CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                                     CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (c != CUDA_SUCCESS)
        err_set(&d->failed, E_DEVICE, "cuda: no tensor map for a matrix of %zu x %zu (%d)", n, k,
                (int)c);
    return c == CUDA_SUCCESS;
}

void sm90_gemm(struct device *d, const struct sm90_gemm_args *a)
{
    if (!a->M || !cuda_ready(d)) return;
    struct gemm g = {.a_scale = a->a_scale, .b_scale = a->b_scale, .tiles = a->tiles, .out = a->out,
                     .a_ld = a->a_ld, .ldo = a->ldo, .M = (int)a->M, .N = (int)a->N,
                     .blocks = (int)(a->K / 128), .accumulate = a->accumulate};
    g.rows = (int)cuda_ceil(a->M, TILE);
    g.columns = (int)cuda_ceil(a->N, 2 * TILE);
    if (!map_matrix(d, &g.a, a->a, a->M, a->K, TILE / 2)) return;
    if (!map_matrix(d, &g.b, a->b, a->G * a->N, a->K, TILE)) return;
    auto *kernel = a->out_f32 ? gemm_kernel<float> : gemm_kernel<uint16_t>;
    if (!cuda_shared(d, (const void *)kernel, SHARED, "fp8 product")) return;
    int clusters = d->multiprocessors / 2, work = g.rows * g.columns;
    if (work < clusters) clusters = work;
    kernel<<<2 * clusters, 384, SHARED, d->stream>>>(g);
    cuda_launched(d, "fp8 product");
}
