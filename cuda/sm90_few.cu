/* sm90_few.cu: sm90_gemm.cu's products for few rows, where reading b is the work.   bench: bench/gpu_gemm.cu
 *
 * Method   a block takes R rows of a and NT rows of b at a time: one thread copies both, several blocks of 128
 *          of K in a stage, into shared memory; a warpgroup multiplies 64 rows of a, of which those beyond R are
 *          whatever lies there: rows do not meet.  The instructions and the order of their sums are
 *          sm90_gemm.cu's.
 * Grid     two blocks per multiprocessor, each taking tiles in turn; narrow tiles where N is small, of 48 rows where
 *          N is wide and these come out even.  More than 64 rows: where tiles of 64 rows are done before sm90_gemm.cu's,
 *          as where N is small and those would leave most of the device idle.
 * Cost     b's bytes: (2112, 7168): 15 MB, 3.5 us at 4.28 TB/s; 256 experts' (4096, 7168): 7.5 GB, 1.76 ms.
 * Exact    as sm90_gemm.cu, bit for bit.
 * Seen     H200, tiles of 16 / 32 / 64 rows of b: one row, (2112, 7168): 9.6 / 9.8 / 13.0 us; (24576, 1536): 18.2 / 13.6 /
 *          12.3; (7168, 16384): 48.6 / 36.9 / 34.2; (4096, 7168): 14.1 / 12.3 / 14.1; (7168, 2048): 8.6 / 7.4 / 7.7; (36864,
 *          7168): 113 / 77.5 / 73.2, 48 rows 68.0 to 70.4: 0.99 to 1.47 of DeepGEMM's speed there.  64 rows of (2112, 7168): 11.0 us.
 *          (576, 7168), f32 results, 128 / 512 / 1024 rows: tiles of 16, 64, 64 take 11.5 / 14.0 / 20.1 us, sm90_gemm.cu's of 128x128
 *          25.4 / 26.0 / 26.1, of 128x96 22.8 / 23.1 / 23.3; (1536, 7168), 128 / 512 rows: 12.4 / 19.6, there 26.1 / 26.6.
 *          256 experts' (4096, 7168), batch 1 / 8 / 64 / 128: 69 / 449 / 1551 / 1766 us, 1.45 / 1.00 / 1.14 / 1.13 of it.
 * Tried    48 rows elsewhere: (24576, 1536) 13.0, (7168, 16384) 37.2, (4096, 7168) 13.9 us.  Where tiles of 64 rows leave
 *          some over, these divided into tiles of 16: (36864, 7168) 74.1, (24576, 1536) in 32: 12.7.
 *          b marked as read once, for the second cache: the same within 1.5 %.
 * Limits   K a multiple of 128; rows of 16-byte alignment. */
#include "cuda/sm90_fp8.cuh"

#define ROOM (110 * 1024) /* of shared memory for one of two blocks */

/* KB: blocks of 128 of K in a stage. */
template <int R, int NT> struct shape {
    static constexpr int KB = R * NT >= 1024 ? 2 : 4;
    static constexpr bool TWO = 128 % NT; /* scales of b along a tile, at most */
    static constexpr int A_BYTES = KB * R * 128, B_BYTES = KB * NT * 128, SCALE_BYTES = KB * R * 4;
    static constexpr int STAGE_BYTES = A_BYTES + B_BYTES;
    static constexpr int STAGES = ROOM / (STAGE_BYTES + SCALE_BYTES);
    static constexpr int SHARED = STAGES * (STAGE_BYTES + SCALE_BYTES) + 1024;
    static_assert(R == 64 || B_BYTES + R * 128 >= 64 * 128); /* what is read beyond a is b */
};

struct few {
    CUtensorMap a, b, scales; /* of a */
    const float *b_scale;
    const int32_t *tiles;
    void *out;
    size_t ldo;
    int M, N, blocks, rows, columns;
    bool accumulate, wide;
};

template <int STAGES> struct barriers {
    uint64_t full[STAGES], empty[STAGES];
};

struct place {
    int m, n, group;
};

/* Of one matrix, all rows of tiles meet a column of it before the next; of experts, a few. */
template <int R, int NT> static __device__ struct place place_of(const struct few &g, int rows, int i)
{
    int most = g.tiles ? 4 : rows, first = i / (most * g.columns) * most, down = min(most, rows - first);
    int at = i - first * g.columns, row = first + at % down;
    return {row * R, at / down * NT, g.tiles ? g.tiles[1 + row] : 0};
}

template <int R, int NT> struct producer {
    using S = shape<R, NT>;
    const struct few &g;
    uint32_t tiles, scales;
    struct barriers<S::STAGES> *b;

    __device__ void copy_b(const struct place &p, int k, int stage)
    {
        barrier_expect(&b->full[stage], S::STAGE_BYTES + S::SCALE_BYTES);
        copy_panels(tiles + stage * S::STAGE_BYTES + S::A_BYTES, &g.b, p.group * g.N + p.n, k, &b->full[stage]);
    }
    __device__ void copy_a(const struct place &p, int k, int stage)
    {
        copy_panels(tiles + stage * S::STAGE_BYTES, &g.a, p.m, k, &b->full[stage]);
        copy_box(scales + stage * S::SCALE_BYTES, &g.scales, p.m, k, &b->full[stage]);
    }
    __device__ void run()
    {
        int stage = 0, rows = g.rows, early = 0;
        uint32_t phase = 1; /* the first round waits for nothing */
        if (!g.tiles) { /* b never changes: it is on its way while the kernel before ends */
            struct place p = place_of<R, NT>(g, rows, blockIdx.x);
            for (; early < S::STAGES && early * S::KB < g.blocks; early++) copy_b(p, early * S::KB, early);
        }
        cuda_follow();
        if (g.tiles) rows = g.tiles[0];
        for (int i = blockIdx.x; i < rows * g.columns; i += gridDim.x) {
            struct place p = place_of<R, NT>(g, rows, i);
            for (int k = 0; k < g.blocks; k += S::KB) {
                if (early)
                    early--;
                else {
                    barrier_wait(&b->empty[stage], phase);
                    copy_b(p, k, stage);
                }
                copy_a(p, k, stage);
                if (++stage == S::STAGES) stage = 0, phase ^= 1;
            }
        }
    }
};

template <typename OUT, int R, int NT>
static __device__ void consume(const struct few &g, uint32_t tiles, uint32_t scales,
                               struct barriers<shape<R, NT>::STAGES> *b)
{
    using S = shape<R, NT>;
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, row = warp * 16 + lane / 4;
    int last = (g.N + 127) / 128 - 1, stage = 0;
    uint32_t phase = 0;
    cuda_follow();
    int rows = g.tiles ? g.tiles[0] : g.rows;
    for (int i = blockIdx.x; i < rows * g.columns; i += gridDim.x) {
        struct place p = place_of<R, NT>(g, rows, i);
        const float *scale = g.b_scale + ((size_t)p.group * (last + 1) + p.n / 128) * g.blocks;
        [[maybe_unused]] int apart = p.n / 128 < last ? g.blocks : 0; /* to b's second scale, */
        [[maybe_unused]] int turn = (128 - p.n % 128) / 8;            /* which counts from that 8 columns on */
        float d[S::KB][NT / 2], sum[NT / 2];
#pragma unroll
        for (int j = 0; j < NT / 2; j++) sum[j] = 0;
        for (int k = 0; k < g.blocks; k += S::KB) {
            float bs[S::KB];
#pragma unroll
            for (int j = 0; j < S::KB; j++) bs[j] = __ldg(scale + min(k + j, g.blocks - 1));
            [[maybe_unused]] float second[S::KB];
            if constexpr (S::TWO)
#pragma unroll
                for (int j = 0; j < S::KB; j++) second[j] = __ldg(scale + apart + min(k + j, g.blocks - 1));
            barrier_wait(&b->full[stage], phase);
            uint32_t at = tiles + stage * S::STAGE_BYTES;
            products_open();
#pragma unroll
            for (int j = 0; j < S::KB; j++) {
#pragma unroll
                for (int c = 0; c < 4; c++)
                    wgmma_e4m3<NT>(d[j], operand(at + j * R * 128) + 2 * c,
                                   operand(at + S::A_BYTES + j * NT * 128) + 2 * c, c > 0);
            }
            products_close();
            float f0[S::KB], f1[S::KB];
            [[maybe_unused]] float s0[S::KB], s1[S::KB];
            uint32_t mine = scales + stage * S::SCALE_BYTES + row * 4;
#pragma unroll
            for (int j = 0; j < S::KB; j++) {
                bool there = warp * 16 < R && k + j < g.blocks;
                f0[j] = there ? load_shared(mine + j * R * 4) * bs[j] : 0;
                f1[j] = there ? load_shared(mine + j * R * 4 + 32) * bs[j] : 0;
                if constexpr (S::TWO) {
                    s0[j] = there ? load_shared(mine + j * R * 4) * second[j] : 0;
                    s1[j] = there ? load_shared(mine + j * R * 4 + 32) * second[j] : 0;
                }
            }
            __syncwarp(); /* all lanes have read their scales */
            products_wait<0>();
            if (lane == 0) barrier_arrive(&b->empty[stage]);
#pragma unroll
            for (int j = 0; j < S::KB; j++) {
                products_hold<NT / 2>(d[j]);
                if (k + j >= g.blocks || warp * 16 >= R) continue;
#pragma unroll
                for (int c = 0; c < NT / 2; c++) {
                    float f = c & 2 ? f1[j] : f0[j];
                    if constexpr (S::TWO)
                        if (c / 4 >= turn) f = c & 2 ? s1[j] : s0[j];
                    sum[c] = fmaf(d[j][c], f, sum[c]);
                }
            }
            if (++stage == S::STAGES) stage = 0, phase ^= 1;
        }
        if (warp * 16 < R)
            put_tile<OUT, NT>((OUT *)g.out, sum, p.m + row, min(g.M, p.m + R), p.n, g.N, g.ldo, g.accumulate, g.wide);
    }
}

template <typename OUT, int R, int NT>
static __global__ void __launch_bounds__(160, 2) few_kernel(__grid_constant__ const struct few g)
{
    using S = shape<R, NT>;
    extern __shared__ uint8_t memory[];
    __shared__ struct barriers<S::STAGES> b;
    uint32_t tiles = (shared_address(memory) + 1023) / 1024 * 1024, scales = tiles + S::STAGES * S::STAGE_BYTES;
    if (threadIdx.x == 0) {
        for (int i = 0; i < S::STAGES; i++) {
            barrier_init(&b.full[i], 1);
            barrier_init(&b.empty[i], 4);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    if (threadIdx.x < 128)
        consume<OUT, R, NT>(g, tiles, scales, &b);
    else if (threadIdx.x == 128)
        producer<R, NT>{g, tiles, scales, &b}.run();
}

/* ------------------------------------------------------------------ launchers */

template <typename OUT, int R, int NT> static void launch(struct device *d, const struct sm90_gemm_args *a)
{
    using S = shape<R, NT>;
    size_t item = sizeof(OUT);
    struct few g = {.b_scale = a->b_scale, .tiles = a->tiles, .out = a->out,
                    .ldo = a->ldo, .M = (int)a->M, .N = (int)a->N,
                    .blocks = (int)(a->K / 128), .accumulate = a->accumulate};
    g.wide = a->N % 8 == 0 && a->ldo * item % 16 == 0 && (uintptr_t)a->out % 16 == 0;
    g.rows = (int)cuda_ceil(a->M, R);
    g.columns = (int)cuda_ceil(a->N, NT);
    if (!sm90_map(d, &g.a, a->a, a->M, a->K, R, S::KB)) return;
    if (!sm90_map(d, &g.b, a->b, a->G * a->N, a->K, NT, S::KB)) return;
    if (!sm90_map_scales(d, &g.scales, a->a_scale, a->K / 128, a->a_ld, a->a_ld, R, S::KB)) return;
    auto *kernel = few_kernel<OUT, R, NT>;
    if (!cuda_shared(d, (const void *)kernel, S::SHARED, "fp8 product of few rows")) return;
    size_t blocks = 2 * (size_t)d->multiprocessors, work = (size_t)g.rows * (size_t)g.columns;
    cuda_launch(d, kernel, (unsigned)(work < blocks ? work : blocks), 160, S::SHARED, g);
    cuda_launched(d, "fp8 product of few rows");
}

template <typename OUT, int R> static void launch_width(struct device *d, const struct sm90_gemm_args *a, int width)
{
    if (width == 16)
        launch<OUT, R, 16>(d, a);
    else if (width == 32)
        launch<OUT, R, 32>(d, a);
    else if (R == 16 && width == 48)
        launch<OUT, 16, 48>(d, a);
    else
        launch<OUT, R, 64>(d, a);
}

/* The width of tiles of 64 rows that takes the shortest, where this is less than `most` us; 0: none does. */
static int width_for_many(const struct device *d, const struct sm90_gemm_args *a, double most)
{
    static const struct {
        int width;
        double alone, two; /* us of a block of 128 of K, for one block of a multiprocessor and for two */
    } costs[] = {{16, 0.127, 0.163}, {32, 0.14, 0.21}, {64, 0.175, 0.32}};
    int best = 0;
    for (auto &c : costs) {
        size_t work = cuda_ceil(a->M, 64) * cuda_ceil(a->N, (size_t)c.width), many = (size_t)d->multiprocessors;
        double each = work <= many ? c.alone : (double)cuda_ceil(work, 2 * many) * c.two;
        double time = 4.4 + each * (double)(a->K / 128);
        if (time < most) most = time, best = c.width;
    }
    return best;
}

bool sm90_few(struct device *d, const struct sm90_gemm_args *a, double most)
{
    size_t rows = a->tiles ? (size_t)a->tile_rows : a->M;
    if (rows > 64 && a->tiles) return false;
    size_t tiles = a->tiles ? cuda_ceil(a->M, rows) : 1, many = (size_t)d->multiprocessors;
    static const int widths[SM90_FEW_SHAPES] = {16, 32, 64, 48};
    int width = a->shape >= 0 ? widths[a->shape] : rows > 64 ? width_for_many(d, a, most) : 64;
    if (!width) return false;
    auto rounds = [&](size_t n) { return cuda_ceil(cuda_ceil(a->N, n), 2 * many) * n; };
    if (a->shape < 0 && !a->tiles && rows <= 16 && a->N > 4 * many * 64 && rounds(48) < rounds(64)) width = 48;
    while (a->shape < 0 && rows <= 64 && width > 16 && cuda_ceil(a->N, (size_t)width) * tiles * 4 < 3 * many) width /= 2;
    if (a->out_f32)
        rows <= 16 ? launch_width<float, 16>(d, a, width) : launch_width<float, 64>(d, a, width);
    else
        rows <= 16 ? launch_width<uint16_t, 16>(d, a, width) : launch_width<uint16_t, 64>(d, a, width);
    return true;
}
