/* sm90_gemm.cu: FP8 products with scales, V3.2's linear layers.    bench: bench/gpu_gemm.cu
 *
 *   a [M, K] e4m3, a_scale [K/128, a_ld]    b [G, N, K] e4m3, b_scale [G, ceil(N/128), K/128]
 *   out[m, n] = sum over blocks k of 128: a_scale[k, m] * b_scale[n/128, k] * (a[m, k] . b[n, k])    bf16 or f32
 *   G > 1: each tile of rows meets one of the G matrices (experts).
 *
 * Method   two blocks of a cluster take two neighbouring tiles of one row of tiles: each copies its rows of b and
 *          half of the rows of a with their scales, the latter to both (multicast), as many stages deep as memory
 *          allows.  Two warpgroups multiply 64 rows at a time, in a tile of 256 rows twice; while one scales and adds
 *          its products of a block of 128, the tensor cores work on the other's.  b's scales: each lane of a warp
 *          holds one of 32 blocks, the next 32 are on their way.  Results leave through shared memory and the copy
 *          engine while the next 64 rows' or the next tile's products run.
 * Grid     one cluster per two multiprocessors, each taking pairs of tiles in turn: `down` rows of tiles down, then to
 *          the right, so that what runs at once shares rows of a and of b in the second cache.
 * Cost     2*M*N*K flop; per tile and 128 of K through the second cache: 128x128: 24 KB in 512 cycles of products,
 *          256x128: 32 KB in 1024.  Shared memory gives 128 bytes a cycle; 256x128 asks for 144 (96 that
 *          instructions read, 48 that copies write): 0.89 of the tensor cores' time at best.
 * Exact    128 products accumulate as FP8 tensor cores do, their sums in f32, one order, here and in sm90_few.cu: a
 *          row does not depend on M.
 * Seen     H200 (1980 MHz unloaded), 4096 rows, (2112, 7168) (24576, 1536) (7168, 16384) (4096, 7168) (7168, 2048)
 *          (36864, 7168), bf16 results, us, one run, each shape in turn, thirty launches after a pause of 0.1 s (at
 *          1.5 to 1.7 GHz):
 *            before     105  253  711  183   98  1602     of the tensor cores' cycles 0.67 0.70 0.81 0.76 0.69 0.82
 *            this       102  244  677  174   94  1545                                 0.70 0.73 0.86 0.82 0.72 0.88
 *            DeepGEMM    94  238  667  171   93  1498     built from source           0.76 0.76 0.89 0.85 0.74 0.91
 *          After seconds under load (1.3 to 1.4 GHz at 700 W): 124 301 823 215 116 1840 before, 120 287 786 205 111 1763;
 *          DeepGEMM 112 278 788 199 109 1744.  f32 results, before and this: (2112, 7168) 112, 112; (24576, 1536) 301, 300;
 *          (4096, 7168) 205, 185: they are twice the bytes.  The graph asks for f32; DeepGEMM's are bf16.  256 experts of
 *          128 rows, (4096, 7168) (7168, 2048): 2.15, 1.09 ms, before 2.09, 1.09.  bench/gpu_gemm.cu on a
 *          card that had rested: 101 240 670 174 98 1736.
 *          H100 (700 W), one run: before 111 257 715 186 100 1622, this 106 249 679 175 96 1531, DeepGEMM 96 244 670 171 95
 *          1519.
 * Tried    Before, scales were read from memory, a block of K early, by the threads that multiply: with these loads left
 *          out (and wrong results) 96 238 659 169 92 1491, in the run where that version took 104 249 701 181 97 1600 and
 *          scales by copies 101 240 671 172 93 1509.  b's scales by copies of 16 bytes, too: 1 % slower.  Warpgroups that
 *          wait for one another at a tile's beginning: 100 242 667 171 94 1503.  Eight blocks of K at a time, scales read
 *          before the products begin, one block that copies a for both, the next tile's place and scales worked out
 *          early, results put in halves: the same within 1 %.  Products of scales made before a stage is left: 0.5 %
 *          slower.  A choice of factors by an index: 9 % slower for (2112, 7168), it goes through memory.
 *          Addresses of operands and barriers worked out a block of K at a time, in registers: a fifth of each wait;
 *          where they begin is said by shuffles, so that they stay in uniform registers.  Without looking ahead
 *          whether the next stage has come: up to 2 % slower.  One block of K at a time instead of four: 15 %
 *          slower.  One place for both halves' results and a fourth stage: the same.  Results stored by the threads
 *          meanwhile: the same, and 3 % slower on a hot card.  Before: 128x128 with two blocks of products under way
 *          in each warpgroup: 492 to 630 TFLOP/s; that was the fence before each arrival at the other block's
 *          barrier (sm90.cuh), not the second cache. Warpgroups multiplying in turn (named barriers, as
 *          sm90_index.cu does): no better.  Clusters of four, b shared by two rows of tiles: 30 find room where 32
 *          are needed: a fifth slower.  256x96, a warpgroup adding the products of 64 rows while its next 64 rows'
 *          run: 1 % better for (2112, 7168) than 128x192 was. Scales in two sets of registers in turn, which spares
 *          moves between them: up to 6 % slower, eight blocks at a time 2 to 12 %.  Rows of a in registers (ldmatrix),
 *          in tiles of 128x256: a sixth less of shared memory is read, and 6 to 50 % slower.  f32 results in two
 *          parts, whose places empty in turn: 119, 295, 197 us, in a version otherwise up to 5 % slower than this.
 *          H200, these in turn, medians of nine times twelve launches after 20 ms of rest, against 244.7 667.4 173.9 98.0 1486 for
 *          (24576, 1536) to (36864, 7168): the next block's scales read, multiplied and its stage waited for while the last 64
 *          rows' products run, so that the next begin at once: 245.3 665.6 174.3 98.7 1483; 128x192 with bf16 results gains
 *          0 to 2.6 %, with f32 results, which leave it three stages, it loses 4 %.  No waiting of warpgroups besides: the same.  b's
 *          scales said once, not twice, or a's read in half as many loads: the same.  What is left over after whole
 *          rounds in halves of 128 rows, which saves 1.8 % of the rounds of (24576, 1536): 0.5 % with f32 results,
 *          nothing with bf16.  All rows of tiles before the next column: up to 1.5 % slower; eight columns at a time, then down: the
 *          same to 1.2 % slower.  But scales of 1, not read at all: 231.1 631.2 164.8 92.4 1406.  Nothing that
 *          hides reading them gains, so that what they cost may be energy: the card runs at its limit of power.
 * Limits   K a multiple of 128; rows of 16-byte alignment. */

#include <type_traits>

#include "cuda/sm90_fp8.cuh"

#define MOST_SHARED (227 * 1024)

/* ITEM: bytes of a number of the results where these leave through shared memory, by the copy engine, while the next
 * tile's products run; 0: the threads store them. */
template <int BM, int BN, int ITEM_> struct shape {
    static constexpr int M = BM, N = BN, ITEM = ITEM_;
    static constexpr bool PARKED = ITEM > 0;
    typedef typename std::conditional<ITEM == 4, float, uint16_t>::type number;
    static constexpr int WAVES = BM / 128;      /* of 64 rows, for each warpgroup */
    static constexpr int A_BYTES = BM * 128, B_BYTES = BN * 128;
    static constexpr int STAGE_BYTES = A_BYTES + B_BYTES;
    static constexpr int PARKS = ITEM == 2 ? WAVES : 1; /* waves' results that may leave at once */
    static constexpr int OUT_BYTES = PARKS * 128 * BN * ITEM;
    static constexpr int SEGMENT = BN % 128 == 0 ? 128 : BN & -BN; /* columns of one scale */
    static constexpr int SCALE_BYTES = BM * 4; /* of a, in a stage */
    static constexpr int STAGES = (MOST_SHARED - 1280 - OUT_BYTES) / (STAGE_BYTES + SCALE_BYTES);
    static constexpr int SHARED = STAGES * (STAGE_BYTES + SCALE_BYTES) + OUT_BYTES + 1024;
};

struct gemm {
    CUtensorMap a, b, scales, to; /* scales: of a */
    const float *b_scale;
    const int32_t *tiles;
    void *out;
    size_t ldo;
    int M, N, blocks, rows, columns; /* of K, of M, of N (pairs of tiles) */
    int down;                        /* rows of tiles before the next column */
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
    constexpr int BM = S::M, BN = S::N;
    int first = i / (g.down * g.columns) * g.down, down = min(g.down, rows - first);
    int at = i - first * g.columns, row = first + at % down;
    return {row * BM, (at / down * 2 + (int)cluster_rank()) * BN, g.tiles ? g.tiles[1 + row] : 0};
}

/* b's scales along a tile: of one block of 128 columns, or of two. */
struct b_scales {
    const float *first, *second;
    int turn; /* from this segment on, the second */
};

template <typename S>
static __device__ __forceinline__ struct b_scales b_scales_of(const struct gemm &g, struct place p)
{
    int last = (g.N + 127) / 128 - 1, block0 = min(p.n / 128, last), block1 = min((p.n + S::N - 1) / 128, last);
    const float *first = g.b_scale + ((size_t)p.group * (last + 1) + block0) * g.blocks;
    return {first, first + (block1 - block0) * g.blocks, (128 - p.n % 128) / S::SEGMENT};
}

template <typename S>
static __device__ void produce(const struct gemm &g, uint32_t tiles, uint32_t scales, struct barriers<S::STAGES> *b)
{
    constexpr int BM = S::M;
    int rank = (int)cluster_rank(), stage = 0, rows = rows_of(g);
    uint32_t phase = 1; /* the first round waits for nothing */
    for (int i = blockIdx.x / 2; i < rows * g.columns; i += gridDim.x / 2) {
        struct place p = place_of<S>(g, rows, i);
        int from = p.m + rank * BM / 2;
        for (int k = 0; k < g.blocks; k++) {
            barrier_wait(&b->empty[stage], phase);
            uint32_t at = tiles + stage * S::STAGE_BYTES;
            barrier_expect(&b->full[stage], S::STAGE_BYTES + S::SCALE_BYTES);
            copy_box_to_all(at + rank * S::A_BYTES / 2, &g.a, k * 128, from, &b->full[stage], 3);
            copy_box(at + S::A_BYTES, &g.b, k * 128, p.group * g.N + p.n, &b->full[stage]);
            copy_box_to_all(scales + stage * S::SCALE_BYTES + rank * BM * 2, &g.scales, from, k, &b->full[stage], 3);
            if (++stage == S::STAGES) stage = 0, phase ^= 1;
        }
    }
}

/* sm90.cuh's operand of which the low word is known. */
static __device__ __forceinline__ uint64_t low_operand(uint32_t low)
{
    uint64_t o;
    asm("mov.b64 %0, {%1, %2};" : "=l"(o) : "r"(low), "n"(0x40000040));
    return o;
}

/* A warp's 16 rows of results into its place in shared memory, in panels of 128 bytes a row. */
template <int BN> static __device__ __forceinline__ void park(const float *sum, uint32_t place, uint16_t)
{
    int lane = threadIdx.x % 32, row = lane % 16; /* the two halves of a warp say where neighbouring chunks go */
#pragma unroll
    for (int j = 0; j < BN / 8; j += 2) {
        const float *x = sum + 4 * j, *y = x + 4;
        store_matrices(place + j / 8 * 2048 + swizzled(row, j % 8 + lane / 16), pack_bf16(x[0], x[1]),
                       pack_bf16(x[2], x[3]), pack_bf16(y[0], y[1]), pack_bf16(y[2], y[3]));
    }
}

template <int BN> static __device__ __forceinline__ void park(const float *sum, uint32_t place, float)
{
    int lane = threadIdx.x % 32, row = lane / 4;
#pragma unroll
    for (int j = 0; j < BN / 8; j++) {
        uint32_t to = place + j / 4 * 2048 + lane % 2 * 8 + swizzled(row, j % 4 * 2 + lane % 4 / 2);
        store_pair(to, sum[4 * j], sum[4 * j + 1]);
        store_pair(to + 1024, sum[4 * j + 2], sum[4 * j + 3]);
    }
}

enum when { FIRST = 1, BETWEEN, LAST }; /* which block of K of a tile */

/* A warpgroup's sums of a tile. */
template <typename S> struct adder {
    static constexpr int BN = S::N, WAVES = S::WAVES;
    const struct gemm &g;
    uint32_t full;          /* the barriers */
    uint32_t empty;         /* those of this block for lane 0, of the other for lane 1 */
    uint32_t rows, columns; /* low words of operands: this warpgroup's first rows and b in the first stage */
    uint32_t results;       /* where this warp parks */
    int row;
    int stage;
    uint32_t phase;
    bool there; /* the stage has been seen full */
    float sum[WAVES][BN / 2];
    struct place at, before; /* the tile at hand; the one whose last wave is still to be parked */
    bool pending;
    struct b_scales bs; /* of the tile at hand */
    uint32_t scales; /* of the first stage: this thread's first row's */
    float now[2], ahead[2]; /* b's of 32 blocks of K, each lane one, and of those to come */

    __device__ __forceinline__ void enter(struct place p)
    {
        at = p;
        bs = b_scales_of<S>(g, p);
        look(0);
    }
    __device__ __forceinline__ void look(int k)
    {
        int at = min(k + (int)threadIdx.x % 32, g.blocks - 1);
        ahead[0] = __ldg(bs.first + at);
        if (BN > S::SEGMENT) ahead[1] = __ldg(bs.second + at);
    }
    __device__ __forceinline__ void multiply(float d[BN / 2], int wave)
    {
        uint32_t a = rows + stage * (S::STAGE_BYTES / 16) + wave * 1024, b = columns + stage * (S::STAGE_BYTES / 16);
        products_open();
#pragma unroll
        for (int k = 0; k < 4; k++) wgmma_e4m3<BN>(d, low_operand(a + 2 * k), low_operand(b + 2 * k), k > 0);
        products_close();
    }
    /* This warp has done with a stage that both blocks wrote into; the next one. */
    __device__ __forceinline__ void leave()
    {
        __syncwarp(); /* all lanes have read their scales */
        if (threadIdx.x % 32 < 2)
            asm volatile("mbarrier.arrive.shared::cluster.b64 _, [%0];" ::"r"(empty + 8 * stage) : "memory");
        if (++stage == S::STAGES) stage = 0, phase ^= 1;
        there = barrier_over(full + 8 * stage, phase);
    }
    /* a0, a1: scales of this thread's two rows; b0, b1: b's before its turn and from there on. */
    __device__ __forceinline__ void add(float (&d)[BN / 2], float (&s)[BN / 2], float a0, float a1, float b0, float b1)
    {
        products_hold<BN / 2>(d);
        float f00 = a0 * b0, f01 = a0 * b1, f10 = a1 * b0, f11 = a1 * b1;
        if (BN > S::SEGMENT)
            asm volatile("" : "+f"(f00), "+f"(f01), "+f"(f10), "+f"(f11)::"memory"); /* choices are made below, not before */
#pragma unroll
        for (int j = 0; j < BN / 2; j++) {
            bool first = BN == S::SEGMENT || j * 2 / S::SEGMENT < bs.turn;
            s[j] = fmaf(d[j], j & 2 ? (first ? f10 : f11) : (first ? f00 : f01), s[j]);
        }
    }
    __device__ __forceinline__ void clear(int w)
    {
#pragma unroll
        for (int j = 0; j < BN / 2; j++) sum[w][j] = 0;
    }
    /* Results leave while products run. */
    __device__ __forceinline__ void put(int w, struct place p)
    {
        constexpr int COLUMNS = S::PARKED ? 128 / (S::ITEM + !S::PARKED) : 1; /* of a panel */
        int lane = threadIdx.x % 32, m = p.m + w * 128 + row - lane / 4;
        uint32_t to = results + (S::PARKS > 1 ? w * 16 * BN * S::ITEM : 0);
        if (lane == 0) stores_read<S::PARKS - 1>();
        __syncwarp();
        park<BN>(sum[w], to, typename S::number());
        fence_async();
        __syncwarp();
        if (lane == 0 && m < g.M)
#pragma unroll
            for (int i = 0; i < BN / COLUMNS; i++)
                if (p.n + COLUMNS * i < g.N) store_box(to + i * 2048, &g.to, p.n + COLUMNS * i, m);
        if (lane == 0) stores_close();
        clear(w);
    }
    /* Products, then their sums: the other warpgroup's products run meanwhile. */
    template <enum when WHEN> __device__ __forceinline__ void block(int k)
    {
        float d[BN / 2], a[2 * WAVES];
        if (!there) barrier_wait_at(full + 8 * stage, phase);
        uint32_t here = scales + stage * S::SCALE_BYTES;
#pragma unroll
        for (int w = 0; w < WAVES; w++) {
            multiply(d, w);
            if (w == 0) {
#pragma unroll
                for (int i = 0; i < 2 * WAVES; i++) a[i] = load_shared(here + i / 2 * 512 + i % 2 * 32);
            }
            if (S::PARKED && WHEN == FIRST && w == 0 && pending) put(WAVES - 1, before);
            if (S::PARKED && WHEN != BETWEEN && WAVES > 1 && w == 1 && k + 1 == g.blocks) put(0, at);
            if (w == 0 && k % 32 == 0) {
                now[0] = ahead[0], now[1] = ahead[1];
                if (k + 32 < g.blocks) look(k + 32);
            }
            float b0 = __shfl_sync(~0u, now[0], k % 32), b1 = BN > S::SEGMENT ? __shfl_sync(~0u, now[1], k % 32) : 0;
            products_wait<0>();
            if (w == WAVES - 1) leave();
            add(d, sum[w], a[2 * w], a[2 * w + 1], b0, b1);
        }
    }
    __device__ __forceinline__ void run()
    {
        if (g.blocks > 16) named_sync(1, 256); /* where there are many, warpgroups that keep in step are faster */
        block<FIRST>(0);
        int k = 1;
#pragma unroll 4
        for (; k + 1 < g.blocks; k++) block<BETWEEN>(k);
        if (k < g.blocks) block<LAST>(k);
        before = at;
        pending = true;
    }
};

template <typename OUT, typename S>
static __device__ void consume(const struct gemm &g, uint32_t tiles, uint32_t results, uint32_t scales,
                               struct barriers<S::STAGES> *b)
{
    constexpr int BN = S::N;
    int thread = threadIdx.x % 128, lane = thread % 32, many = rows_of(g);
    int half = __shfl_sync(~0u, threadIdx.x / 128 - 1, 0); /* said so, the compiler keeps operands where they belong */
    int row = half * 64 + thread / 32 * 16 + lane / 4;
    int work = many * g.columns, i = blockIdx.x / 2;
    uint32_t full = __shfl_sync(~0u, shared_address(b->full), 0), from = __shfl_sync(~0u, tiles, 0) / 16 | 1 << 16;
    struct adder<S> t = {g, full, address_at(shared_address(b->empty), lane & 1), from + half * 512, from + S::A_BYTES / 16,
                         results + (threadIdx.x / 32 - 4) * S::PARKS * 16 * BN * S::ITEM, row};
    t.scales = scales + row * 4;
#pragma unroll
    for (int w = 0; w < S::WAVES; w++) t.clear(w);
    if (i < work) t.enter(place_of<S>(g, many, i));
    while (i < work) {
        t.run();
        if ((i += gridDim.x / 2) < work) t.enter(place_of<S>(g, many, i));
        if constexpr (!S::PARKED) {
            struct place p = t.before;
#pragma unroll
            for (int w = 0; w < S::WAVES; w++) {
                put_tile<OUT, BN>((OUT *)g.out, t.sum[w], p.m + row + w * 128, g.M, p.n, g.N, g.ldo, g.accumulate, g.wide);
                t.clear(w);
            }
        }
    }
    if constexpr (S::PARKED) {
        if (t.pending) t.put(S::WAVES - 1, t.before);
        if (lane == 0) stores_end();
    }
}

template <typename OUT, int BM, int BN, int ITEM>
static __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384, 1)
gemm_kernel(__grid_constant__ const struct gemm g)
{
    using S = shape<BM, BN, ITEM>;
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
        consume<OUT, S>(g, tiles, results, scales, &b);
    }
    __syncwarp();
    cluster_sync(); /* no block ends while the other may still arrive at its barriers */
}

/* ------------------------------------------------------------------ launchers */

template <typename OUT, int BM, int BN, bool PARKED = true>
static void launch(struct device *d, const struct sm90_gemm_args *a)
{
    constexpr int ITEM = PARKED ? sizeof(OUT) : 0;
    using S = shape<BM, BN, ITEM>;
    size_t item = sizeof(OUT);
    struct gemm g = {.b_scale = a->b_scale, .tiles = a->tiles, .out = a->out,
                     .ldo = a->ldo, .M = (int)a->M, .N = (int)a->N,
                     .blocks = (int)(a->K / 128), .accumulate = a->accumulate};
    g.wide = a->N % 8 == 0 && a->ldo * item % 16 == 0 && (uintptr_t)a->out % 16 == 0;
    g.rows = (int)cuda_ceil(a->M, BM);
    g.columns = (int)cuda_ceil(a->N, 2 * BN);
    g.down = BM < 256 ? 12 : a->K > 2048 ? 8 : 16;
    if (!sm90_map(d, &g.a, a->a, a->M, a->K, BM / 2, 1)) return;
    if (!sm90_map(d, &g.b, a->b, a->G * a->N, a->K, BN, 1)) return;
    if (!sm90_map_scales(d, &g.scales, a->a_scale, a->K / 128, a->a_ld, a->a_ld, BM / 2, 1)) return;
    if (PARKED && !sm90_map_numbers(d, &g.to, a->out, a->M, a->N, a->ldo, 16, item)) return;
    auto *kernel = gemm_kernel<OUT, BM, BN, ITEM>;
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
    void (*bf16)(struct device *, const struct sm90_gemm_args *); /* NULL: its rows are no whole panels */
    void (*f32)(struct device *, const struct sm90_gemm_args *);
} shapes[] = {
    {128, 128, 0.88, launch<uint16_t, 128, 128>, launch<float, 128, 128>},
    {256, 128, 1.0, launch<uint16_t, 256, 128>, launch<float, 256, 128>},
    {128, 192, 0.97, launch<uint16_t, 128, 192>, launch<float, 128, 192>},
    {128, 96, 0.79, NULL, launch<float, 128, 96>},
};
#define SHAPES (int)(sizeof shapes / sizeof *shapes)

/* About how many microseconds it takes in that shape (on an H200; for comparisons). */
static double time_in(const struct device *d, const struct sm90_gemm_args *a, int i)
{
    size_t m = (size_t)shapes[i].m, n = (size_t)shapes[i].n, clusters = (size_t)d->multiprocessors / 2;
    size_t rounds = cuda_ceil(cuda_ceil(a->M, m) * cuda_ceil(a->N, 2 * n), clusters);
    return 8.3 + 1.9e-5 * (double)(rounds * m * n * (a->K / 128)) / shapes[i].use;
}

/* The shape that takes the shortest. */
static int shape_for(const struct device *d, const struct sm90_gemm_args *a)
{
    int best = 0;
    for (int i = 0; i < SHAPES; i++) {
        bool fits = (!a->tiles || shapes[i].m == 128) && (a->out_f32 || shapes[i].bf16);
        if (fits && time_in(d, a, i) < time_in(d, a, best)) best = i;
    }
    return best;
}

void sm90_gemm(struct device *d, const struct sm90_gemm_args *a)
{
    if (!a->M || !cuda_ready(d)) return;
    size_t item = a->out_f32 ? 4 : 2;
    bool aligned = a->N % 8 == 0 && a->ldo * item % 16 == 0 && (uintptr_t)a->out % 16 == 0;
    bool stored = aligned && !a->accumulate; /* by the copy engine */
    int i = a->shape >= 0 ? a->shape : stored ? shape_for(d, a) : 0;
    if (a->shape < 0 && sm90_few(d, a, time_in(d, a, i))) return;
    if (!stored)
        (a->out_f32 ? launch<float, 128, 128, false> : launch<uint16_t, 128, 128, false>)(d, a);
    else
        (a->out_f32 ? shapes[i].f32 : shapes[i].bf16)(d, a);
}
