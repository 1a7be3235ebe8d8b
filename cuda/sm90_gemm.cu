/* sm90_gemm.cu: FP8 products with scales, V3.2's linear layers.    bench: bench/gpu_gemm.cu
 *
 *   a [M, K] e4m3, a_scale [K/128, a_ld]    b [G, N, K] e4m3, b_scale [G, ceil(N/128), K/128]
 *   out[m, n] = sum over blocks k of 128: a_scale[k, m] * b_scale[n/128, k] * (a[m, k] . b[n, k])    bf16 or f32
 *   G > 1: each tile of rows meets one of the G matrices (experts).
 *
 * Method   two blocks of a cluster take two neighbouring tiles of one row of tiles: each copies its
 *          rows of b and half of the rows of a, the latter to both (tensor maps, multicast), and the
 *          scales of a (a bulk copy), as many stages deep as memory allows.  Two warpgroups multiply 64 rows
 *          at a time, in a tile of 256 rows twice; while one scales and adds its products of a
 *          block of 128, the tensor cores work on the other's.  In tiles of 256x96 registers suffice for more: a
 *          warpgroup adds the products of 64 rows while its next 64 rows' run.
 * Grid     one cluster per two multiprocessors, each taking pairs of tiles in turn: DOWN rows of tiles down,
 *          then to the right, so that what runs at once shares rows of a and of b in the second cache.
 * Cost     2*M*N*K flop; per tile and 128 of K through the second cache: 128x128: 24 KB in 512 cycles of
 *          products, 256x128: 32 KB in 1024.
 * Exact    128 products accumulate as FP8 tensor cores do, their sums in f32, one order, here and in
 *          sm90_few.cu: a row does not depend on M.
 * Seen     H200, 4096 rows, (2112, 7168) (24576, 1536) (7168, 16384) (4096, 7168) (7168, 2048) (36864, 7168), us, ten launches
 *          back to back after a pause of 0.1 s (one by one some 4 us more); bf16 results stored by the threads, and "parked":
 *            128x128  138  309   891  219  118  2119      parked  140  294  868  221  117  1880
 *            256x128  143  274   743  192  104  1703      parked  142  266  749  190  105  1832
 *            128x192  114  284   846  221  120  2013      parked  114  275  830  218  113  1905
 *            256x96   113  290   834  219  117  1987
 *          What is chosen, and before there were 256x96, launches that begin early and what `full`, `enter` and `look` do, in
 *          one run: 113, 269, 743, 192, 103, 1874 and 124, 271, 770, 200, 108, 1878; DeepGEMM's figures: 109, 238, 754, 171,
 *          106, 1750.  Load lowers the clock from 1980 MHz to 1650 within the first launches, to 1500 later (700 W).
 *          256 experts of 128 rows, (4096, 7168) (7168, 2048): 2.24, 1.12 ms (2.21, 1.19 before), 1.18 and 1.15 of it.
 * Tried    128x128 with two blocks of products under way in each warpgroup: 492 to 630 TFLOP/s; that was the fence
 *          before each arrival at the other block's barrier (sm90.cuh), not the second cache.
 *          All on that H200, (4096, 7168) unless said: warpgroups multiplying in turn (named barriers, as sm90_index.cu
 *          does): 196 to 204 us, no better than 192 without.  Clusters of four, b shared by two rows of tiles: 30 find
 *          room where 32 are needed: 232 to 240.  256x88: 250, its scales change too often.  256x96 eight blocks of K
 *          in one piece: 234, with four 224.  A warpgroup's waits began with 50 cycles in which the address of
 *          the barrier was worked out anew: see `full` below.
 * Limits   K a multiple of 128; rows of 16-byte alignment. */

#include "cuda/sm90_fp8.cuh"

#define MOST_SHARED (227 * 1024)

/* PARKED: results leave through shared memory, by the copy engine, while the next tile begins: bf16 alone. */
template <int BM, int BN, bool PARKED> struct shape {
    static constexpr int M = BM, N = BN;
    static constexpr int WAVES = BM / 128;      /* of 64 rows, for each warpgroup */
    static constexpr int A_BYTES = BM * 128, B_BYTES = BN * 128, SCALE_BYTES = BM * 4;
    static constexpr int STAGE_BYTES = A_BYTES + B_BYTES;
    static constexpr int OUT_BYTES = PARKED ? BM * BN * 2 : 0;
    static constexpr int STAGES = (MOST_SHARED - 1280 - OUT_BYTES) / (STAGE_BYTES + SCALE_BYTES);
    static constexpr int SHARED = STAGES * (STAGE_BYTES + SCALE_BYTES) + OUT_BYTES + 1024;
    static constexpr int SEGMENT = BN % 128 == 0 ? 128 : BN & -BN; /* columns of one scale */
    static constexpr int DOWN = BM == 256 ? 8 : 12;
    static constexpr bool AHEAD = WAVES == 2 && BN < 128; /* registers for both waves' products */
};

struct gemm {
    CUtensorMap a, b, to;
    const float *a_scale, *b_scale;
    const int32_t *tiles;
    void *out;
    size_t a_ld, ldo;
    int M, N, blocks, rows, columns; /* of K, of M, of N (pairs of tiles) */
    bool accumulate, wide;           /* wide: 16 bytes of a row of out may be stored at once */
};

template <int STAGES> struct barriers {
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

template <typename S>
static __device__ struct place place_of(const struct gemm &g, int rows, int i)
{
    constexpr int DOWN = S::DOWN, BM = S::M, BN = S::N;
    int first = i / (DOWN * g.columns) * DOWN, down = min(DOWN, rows - first);
    int at = i - first * g.columns, row = first + at % down;
    return {row * BM, (at / down * 2 + (int)cluster_rank()) * BN, g.tiles ? g.tiles[1 + row] : 0};
}

template <typename S>
static __device__ void produce(const struct gemm &g, uint32_t tiles, uint32_t scales, struct barriers<S::STAGES> *b)
{
    constexpr int BM = S::M;
    int rank = (int)cluster_rank(), stage = 0, rows = rows_of(g);
    uint32_t phase = 1; /* the first round waits for nothing */
    for (int i = blockIdx.x / 2; i < rows * g.columns; i += gridDim.x / 2) {
        struct place p = place_of<S>(g, rows, i);
        uint32_t scale_bytes = min(BM, (int)g.a_ld - p.m) * 4;
        for (int k = 0; k < g.blocks; k++) {
            barrier_wait(&b->empty[stage], phase);
            uint32_t at = tiles + stage * S::STAGE_BYTES;
            barrier_expect(&b->full[stage], S::STAGE_BYTES + scale_bytes);
            copy_box_to_all(at + rank * S::A_BYTES / 2, &g.a, k * 128, p.m + rank * BM / 2,
                            &b->full[stage], 3);
            copy_box(at + S::A_BYTES, &g.b, k * 128, p.group * g.N + p.n, &b->full[stage]);
            copy_bulk(scales + stage * S::SCALE_BYTES, g.a_scale + (size_t)k * g.a_ld + p.m, scale_bytes,
                      &b->full[stage]);
            if (++stage == S::STAGES) stage = 0, phase ^= 1;
        }
    }
}

/* b's scales along a tile: of one block of 128 columns, or of two. */
struct b_scales {
    const float *first, *second;
    int turn; /* from this segment on, the second */
};

template <typename S> static __device__ __forceinline__ struct b_scales b_scales_of(const struct gemm &g, struct place p)
{
    int last = (g.N + 127) / 128 - 1, block0 = min(p.n / 128, last), block1 = min((p.n + S::N - 1) / 128, last);
    const float *first = g.b_scale + ((size_t)p.group * (last + 1) + block0) * g.blocks;
    return {first, first + (block1 - block0) * g.blocks, (128 - p.n % 128) / S::SEGMENT};
}

/* Where it is read, and not before: registers are few. */
static __device__ __forceinline__ float load_scale(const float *p)
{
    float v;
    asm volatile("ld.global.nc.f32 %0, [%1];" : "=f"(v) : "l"(p) : "memory");
    return v;
}

/* A warpgroup's sums of a tile. */
template <typename S> struct adder {
    static constexpr int BN = S::N;
    const struct gemm &g;
    uint32_t tiles, scales;
    struct barriers<S::STAGES> *b;
    uint32_t full; /* b->full, worked out once */
    int half, row, stage;
    uint32_t phase;
    float sum[S::WAVES][BN / 2];
    struct b_scales bs; /* of the tile at hand */
    float next0, next1; /* its scales of the block to come */

    /* A tile's first scales are on their way while the results of the one before leave. */
    __device__ __forceinline__ void enter(struct place p)
    {
        bs = b_scales_of<S>(g, p);
        look(0);
    }
    __device__ __forceinline__ void look(int k)
    {
        if (k == g.blocks) return;
        next0 = load_scale(bs.first + k);
        if (BN > S::SEGMENT) next1 = load_scale(bs.second + k);
    }
    __device__ __forceinline__ uint32_t wait()
    {
        barrier_wait_at(full + 8 * stage, phase);
        return tiles + stage * S::STAGE_BYTES;
    }
    __device__ __forceinline__ void step()
    {
        if (++stage == S::STAGES) stage = 0, phase ^= 1;
    }
    /* This warp has done with a stage that both blocks wrote into. */
    __device__ __forceinline__ void emptied(int at)
    {
        if (threadIdx.x % 32 == 0) barrier_arrive(&b->empty[at]);
        if (threadIdx.x % 32 == 1) barrier_arrive_at(&b->empty[at], cluster_rank() ^ 1);
    }
    __device__ __forceinline__ void multiply(float d[BN / 2], uint32_t at, int wave)
    {
        uint32_t rows = at + (half + 2 * wave) * 64 * 128, columns = at + S::A_BYTES;
        products_open();
#pragma unroll
        for (int k = 0; k < 4; k++) wgmma_e4m3<BN>(d, operand(rows) + 2 * k, operand(columns) + 2 * k, k > 0);
        products_close();
    }
    /* a0, a1: scales of this thread's two rows; b0, b1: b's before its turn and from there on. */
    __device__ __forceinline__ void add(float (&d)[BN / 2], int wave, float a0, float a1, float b0, float b1)
    {
        products_hold<BN / 2>(d);
        float f00 = a0 * b0, f01 = a0 * b1, f10 = a1 * b0, f11 = a1 * b1;
        asm volatile("" : "+f"(f00), "+f"(f01), "+f"(f10), "+f"(f11)::"memory"); /* choices are made below, not before */
#pragma unroll
        for (int j = 0; j < BN / 2; j++) {
            bool first = BN == S::SEGMENT || j * 2 / S::SEGMENT < bs.turn;
            sum[wave][j] = fmaf(d[j], j & 2 ? (first ? f10 : f11) : (first ? f00 : f01), sum[wave][j]);
        }
    }
    /* Products, then their sums: the other warpgroup's products run meanwhile. */
    __device__ __forceinline__ void in_turn(int k)
    {
        float d[BN / 2], b0 = next0, b1 = next1;
        look(k + 1);
        uint32_t at = wait(), mine = scales + stage * S::SCALE_BYTES + row * 4;
#pragma unroll
        for (int w = 0; w < S::WAVES; w++) {
            float a0 = load_shared(mine + w * 512), a1 = load_shared(mine + w * 512 + 32);
            multiply(d, at, w);
            __syncwarp(); /* all lanes have read their scales */
            products_wait<0>();
            if (w == S::WAVES - 1) emptied(stage);
            add(d, w, a0, a1, b0, b1);
        }
        step();
    }
    /* MANY blocks from k on: one wave's products run while the other's are added. */
    template <int MANY> __device__ __forceinline__ void ahead(int k)
    {
        float d0[BN / 2], d1[BN / 2];
        uint32_t at = wait();
        multiply(d0, at, 0);
#pragma unroll
        for (int i = 0; i < MANY; i++) {
            float b0 = next0, b1 = next1;
            look(k + i + 1);
            uint32_t mine = scales + stage * S::SCALE_BYTES + row * 4;
            float a0 = load_shared(mine), a1 = load_shared(mine + 32);
            float a2 = load_shared(mine + 512), a3 = load_shared(mine + 544);
            multiply(d1, at, 1);
            __syncwarp();
            products_wait<1>();
            add(d0, 0, a0, a1, b0, b1);
            int now = stage;
            step();
            if (i + 1 < MANY) {
                at = wait();
                multiply(d0, at, 0);
                products_wait<1>();
            } else
                products_wait<0>();
            emptied(now);
            add(d1, 1, a2, a3, b0, b1);
        }
    }
    __device__ __forceinline__ void run()
    {
        int k = 0;
#pragma unroll
        for (int w = 0; w < S::WAVES; w++)
#pragma unroll
            for (int j = 0; j < BN / 2; j++) sum[w][j] = 0;
        if constexpr (S::AHEAD) {
            for (; k + 4 <= g.blocks; k += 4) ahead<4>(k);
            for (; k < g.blocks; k++) ahead<1>(k);
        } else
            for (; k < g.blocks; k++) in_turn(k);
    }
};

/* 64 rows as a warpgroup holds them: a warp's 16 through its place in shared memory, in panels of 64 columns, to
 * row m of the result. */
template <int BN>
static __device__ __forceinline__ void park(const struct gemm &g, const float *sum, uint32_t place, int m, int n)
{
    int lane = threadIdx.x % 32, row = lane % 16; /* the two halves of a warp say where neighbouring chunks go */
#pragma unroll
    for (int j = 0; j < BN / 8; j += 2) {
        const float *x = sum + 4 * j, *y = x + 4;
        store_matrices(place + j / 8 * 2048 + swizzled(row, j % 8 + lane / 16), pack_bf16(x[0], x[1]),
                       pack_bf16(x[2], x[3]), pack_bf16(y[0], y[1]), pack_bf16(y[2], y[3]));
    }
    fence_async();
    __syncwarp();
    if (lane == 0 && m < g.M)
#pragma unroll
        for (int p = 0; p < BN / 64; p++)
            if (n + 64 * p < g.N) store_box(place + p * 2048, &g.to, n + 64 * p, m);
}

template <typename OUT, typename S, bool PARKED>
static __device__ void consume(const struct gemm &g, uint32_t tiles, uint32_t scales, uint32_t results,
                               struct barriers<S::STAGES> *b)
{
    constexpr int BN = S::N;
    int thread = threadIdx.x % 128, half = threadIdx.x / 128 - 1, lane = thread % 32, rows = rows_of(g);
    int row = half * 64 + thread / 32 * 16 + lane / 4;
    int work = rows * g.columns, i = blockIdx.x / 2;
    uint32_t full;
    asm volatile("mov.u32 %0, %1;" : "=r"(full) : "r"(shared_address(b->full))); /* else once a wait, 50 cycles each */
    struct adder<S> t = {g, tiles, scales, b, full, half, row, 0, 0, {}, {}, 0, 0};
    struct place next = {};
    if (i < work) t.enter(next = place_of<S>(g, rows, i));
    while (i < work) {
        struct place p = next;
        t.run();
        if ((i += gridDim.x / 2) < work) t.enter(next = place_of<S>(g, rows, i));
        if constexpr (PARKED) {
            uint32_t mine = results + (threadIdx.x / 32 - 4) * S::WAVES * 16 * BN * 2;
            if (lane == 0) stores_read(); /* of the tile before */
            __syncwarp();
#pragma unroll
            for (int w = 0; w < S::WAVES; w++)
                park<BN>(g, t.sum[w], mine + w * 16 * BN * 2, p.m + w * 128 + row - lane / 4, p.n);
            if (lane == 0) stores_close();
        } else
#pragma unroll
            for (int w = 0; w < S::WAVES; w++)
                put_tile<OUT, BN>((OUT *)g.out, t.sum[w], p.m + row + w * 128, g.M, p.n, g.N, g.ldo, g.accumulate,
                                  g.wide);
    }
    if (PARKED && lane == 0) stores_end();
}

template <typename OUT, int BM, int BN, bool PARKED>
static __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384, 1)
gemm_kernel(__grid_constant__ const struct gemm g)
{
    using S = shape<BM, BN, PARKED>;
    extern __shared__ uint8_t memory[];
    __shared__ struct barriers<S::STAGES> b;
    uint32_t tiles = (shared_address(memory) + 1023) / 1024 * 1024, results = tiles + S::STAGES * S::STAGE_BYTES;
    uint32_t scales = results + S::OUT_BYTES;
    if (threadIdx.x == 0) {
        for (int i = 0; i < S::STAGES; i++) {
            barrier_init(&b.full[i], 1);
            barrier_init(&b.empty[i], 16); /* eight warps of each block */
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    cluster_sync();
    cuda_follow();
    if (threadIdx.x < 128) {
        registers_less<24>();
        if (threadIdx.x == 0) produce<S>(g, tiles, scales, &b);
    } else {
        registers_more<240>();
        consume<OUT, S, PARKED>(g, tiles, scales, results, &b);
    }
    __syncwarp();
    cluster_sync(); /* no block ends while the other may still arrive at its barriers */
}

/* ------------------------------------------------------------------ launchers */

template <typename OUT, int BM, int BN, bool PARKED = false>
static void launch(struct device *d, const struct sm90_gemm_args *a)
{
    using S = shape<BM, BN, PARKED>;
    size_t item = sizeof(OUT);
    struct gemm g = {.a_scale = a->a_scale, .b_scale = a->b_scale, .tiles = a->tiles, .out = a->out,
                     .a_ld = a->a_ld, .ldo = a->ldo, .M = (int)a->M, .N = (int)a->N,
                     .blocks = (int)(a->K / 128), .accumulate = a->accumulate};
    g.wide = a->N % 8 == 0 && a->ldo * item % 16 == 0 && (uintptr_t)a->out % 16 == 0;
    g.rows = (int)cuda_ceil(a->M, BM);
    g.columns = (int)cuda_ceil(a->N, 2 * BN);
    if (!sm90_map(d, &g.a, a->a, a->M, a->K, BM / 2, 1)) return;
    if (!sm90_map(d, &g.b, a->b, a->G * a->N, a->K, BN, 1)) return;
    if (PARKED && !g.wide) return launch<OUT, BM, BN>(d, a);
    if (PARKED && !sm90_map_bf16(d, &g.to, a->out, a->M, a->N, a->ldo, 16)) return;
    auto *kernel = gemm_kernel<OUT, BM, BN, PARKED>;
    if (!cuda_shared(d, (const void *)kernel, S::SHARED, "fp8 product")) return;
    int clusters = d->multiprocessors / 2, work = g.rows * g.columns;
    if (work < clusters) clusters = work;
    cuda_launch(d, kernel, 2 * clusters, 384, S::SHARED, g);
    cuda_launched(d, "fp8 product");
}

/* The shapes, and which part of the tensor cores' time each uses where all multiprocessors work. */
static const struct {
    int m, n;
    double use;
    void (*bf16)(struct device *, const struct sm90_gemm_args *);
    void (*f32)(struct device *, const struct sm90_gemm_args *);
} shapes[] = {
    {128, 128, 0.88, launch<uint16_t, 128, 128>, launch<float, 128, 128>},
    {256, 128, 1.0, launch<uint16_t, 256, 128>, launch<float, 256, 128>},
    {128, 192, 0.97, launch<uint16_t, 128, 192>, launch<float, 128, 192>},
    {256, 96, 1.0, launch<uint16_t, 256, 96>, launch<float, 256, 96>},
    {128, 128, 0.9, launch<uint16_t, 128, 128, true>, launch<float, 128, 128>},
    {256, 128, 1.02, launch<uint16_t, 256, 128, true>, launch<float, 256, 128>},
    {128, 192, 0.97, launch<uint16_t, 128, 192, true>, launch<float, 128, 192>},
};
#define SHAPES (int)(sizeof shapes / sizeof *shapes)
#define PARKED_FROM 4

/* The shape whose rounds of tiles take the shortest. */
static int shape_for(const struct device *d, const struct sm90_gemm_args *a)
{
    double least = INFINITY;
    int best = 0, many = a->tiles || a->out_f32 ? PARKED_FROM : SHAPES;
    for (int i = 0; i < many; i++) {
        size_t m = (size_t)shapes[i].m, n = (size_t)shapes[i].n;
        if (a->tiles && m != 128) continue;
        size_t work = cuda_ceil(a->M, m) * cuda_ceil(a->N, 2 * n);
        double time = (double)(cuda_ceil(work, (size_t)d->multiprocessors / 2) * m * n) / shapes[i].use;
        if (time < least) least = time, best = i;
    }
    return best;
}

void sm90_gemm(struct device *d, const struct sm90_gemm_args *a)
{
    if (!a->M || !cuda_ready(d)) return;
    if (a->shape < 0 && sm90_few(d, a)) return;
    int i = a->shape < 0 ? shape_for(d, a) : a->shape;
    (a->out_f32 ? shapes[i].f32 : shapes[i].bf16)(d, a);
}
