/* sm90_mla_prefill.cu: sparse absorbed attention of many queries, V3.2's widths.
 *                                                                bench: bench/gpu_mla.cu
 *   q [T, H, 576]    rows [S, 576] in pages    sel [T, K] int32    out [T, H, 512]
 *   q and rows bf16, or both f16; out of that type, or f32.  Query t attends to the first
 *   min(K, its position + 1) entries of its row of sel.
 *
 * Method   a block holds one query and 64 heads.  A warpgroup gathers keys with cp.async, row by row, into the
 *          swizzled panels that wgmma reads, two and a half buffers of 64 (sm90_mla.cuh); three others multiply.
 * Grid     as many blocks as multiprocessors; each takes (query, half of the heads) pairs in turn, so that the next
 *          query's rows are on their way while the last one's sums are written.
 * Cost     2*T*128*K*(576+512) flop: 4096 queries, K 2048: 2.34 TFLOP, 3.1 ms at 751 TFLOP/s.  Gathers T*2*K*1152
 *          bytes, 19 GB, from the second-level cache: 3.5 ms at 5.5 TB/s.
 * Exact    16-bit products, f32 sums; weights rounded to 16 bits; the order of keys is that of sel, so a query's
 *          result depends on nothing else.  As mla_attend it rounds q to the cache's type.
 * Seen     H200, 8K / 32K / 64K / 128K, after pauses of 0.1 s: without the fence before keys are handed over 4.10 /
 *          4.13 / 4.23 / 4.30 ms, with it 4.28 and 4.36 at 8K and 128K; under load, at 1.4 to 1.6 GHz (690 W), 4.49
 *          and 4.99 without, 4.61 and 5.04 with.  FlashMLA, built from source, in the same run: 3.46 / 3.66 / 3.75 /
 *          3.88, under load 3.79 / 4.01 / 4.46 / 4.56.  (Its figures of another day: 4.01 / 4.18 / 4.41 / 4.58.)  A
 *          buffer takes 3700 cycles, FlashMLA 3000 to 3200, and 3730 when nothing is gathered: the chain of logits,
 *          weights and values is what lasts, not the gathers.
 * Tried    Beside 4.47 / 4.71 / 4.79 / 4.92 of before: both halves of the heads in a cluster, each block gathering
 *          half of the keys and sending it to the other (half of the reads from the second cache, but 36 KB a buffer
 *          between blocks take 2600 cycles): 4.78 / 4.91 / 5.02 / 5.11.  64 gathering threads: 10 % slower; keys
 *          kept in the second cache by policy, or read ahead by 256 bytes: the same within 2 %.  Two warpgroups in
 *          step, each with the logits of its buffer and then half of the values of both: H100 4.94 / 5.87 / 5.83 /
 *          5.90 ms: a buffer was filled while nobody had work.  All on that H200: five panels of the queries in
 *          registers: 3 to 5 % slower; weights by ldmatrix, once for both chunks: they spill, 40 % slower; one
 *          arrival a warp instead of one a thread: no faster; twice the gathering threads: registers spill.  64x256
 *          values at once: no registers with four warpgroups.
 * Limits   H a multiple of 64.   Source: FlashMLA's deep dive (halves of V).
 * Tests    tests/test_op_mla.c */
#include "cuda/sm90_fp8.cuh"
#include "cuda/sm90_mla.cuh"
#include "cuda/sm90_ops.h"

#define SLOTS 10
#define SHARED (layout<SLOTS>::end + 1024)
#define GATHERERS 128 /* threads, eight to a row */
#define EACH (KEYS / (GATHERERS / 8)) /* rows */
#define LAG 4 /* groups of copies under way behind the newest */

/* One step of work: half of the heads of one query. */
struct item {
    size_t t;
    int h0, n;     /* first head, rows to attend to */
};

static __device__ struct item item_of(const struct sm90_mla_args &a, size_t i)
{
    size_t parts = a.H / HEADS, t = i / parts, n = position_of(a.where, t) + 1;
    return {t, (int)(i % parts) * HEADS, (int)(n < (size_t)a.K ? n : (size_t)a.K)};
}

static __device__ __forceinline__ size_t items_of(const struct sm90_mla_args &a)
{
    return a.T * (a.H / HEADS);
}

/* ------------------------------------------------------------------ gathering */

/* A thread's copies under way, the oldest first: who waits for them. */
struct landing {
    uint32_t to[LAG + 1];
    int n = 0;

    /* The oldest are there: instructions that multiply may read them. */
    __device__ __forceinline__ void arrive()
    {
        fence_async();
        barrier_arrive_here(to[0]);
#pragma unroll
        for (int i = 0; i < LAG; i++) to[i] = to[i + 1];
        n--;
    }
    /* The copies since the last call are b's. */
    __device__ __forceinline__ void close(uint64_t *b)
    {
        copies_close();
#pragma unroll
        for (int i = 0; i <= LAG; i++)
            if (i == n) to[i] = shared_address(b);
        if (++n <= LAG) return;
        copies_wait<LAG>();
        arrive();
    }
    __device__ __forceinline__ void all()
    {
        copies_wait<0>();
        while (n) arrive();
    }
    /* For a place to be left; what others may need to leave it is handed over first. */
    __device__ __forceinline__ void wait(uint64_t *b, uint32_t parity)
    {
        if (n && !__any_sync(~0u, barrier_over(shared_address(b), parity))) all();
        barrier_wait(b, parity);
    }
};

/* Panels first .. first + PANELS_OF - 1 of rows of keys. */
template <int PANELS_OF>
static __device__ __forceinline__ void gather_panels(uint32_t to, const uint16_t *const row[EACH], int first)
{
    int c = threadIdx.x % 8, r = threadIdx.x / 8;
#pragma unroll
    for (int j = 0; j < EACH; j++)
#pragma unroll
        for (int p = 0; p < PANELS_OF; p++)
            copy16(to + p * PANEL_BYTES + swizzled(r + j * (GATHERERS / 8), c), row[j] + (first + p) * 64 + c * 8);
}

/* Rows beyond a query's are its first one again: finite, and weighed with 0. */
static __device__ __forceinline__ void gather(const struct sm90_mla_args &a, uint32_t memory, struct barriers<SLOTS> *b)
{
    typedef struct layout<SLOTS> in;
    struct cursor<SLOTS> at;
    struct landing landing;
    uint32_t block = 0;
    for (size_t i = blockIdx.x; i < items_of(a); i += gridDim.x) {
        struct item w = item_of(a, i);
        const int32_t *sel = a.sel + w.t * a.K;
        void *const *pages = pages_of(a.where, w.t);
        auto source = [&](int k) { /* each of the eight lanes finds the way to one of their rows */
            int r = k * KEYS + (int)threadIdx.x / 8 + (int)threadIdx.x % EACH * (GATHERERS / 8);
            return __ldg(sel + (r < w.n ? r : 0));
        };
        auto row_of = [&](uint32_t pos) {
            return (uint64_t)((const char *)pages[pos / KV_PAGE] + a.offset + pos % KV_PAGE * WIDTH * sizeof(uint16_t));
        };
        uint64_t mine = row_of((uint32_t)source(0));
        uint32_t ahead = (uint32_t)source(1);
        for (int k = 0; k * KEYS < w.n; k++, block++) {
            const uint16_t *row[EACH];
#pragma unroll
            for (int j = 0; j < EACH; j++) row[j] = (const uint16_t *)__shfl_sync(~0u, mine, j, 8);
            mine = row_of(ahead);
            ahead = (uint32_t)source(k + 2);
#pragma unroll
            for (int c = 0; c < CHUNKS; c++, at.step(1)) {
                landing.wait(&b->empty[at.slot], at.phase ^ 1);
                gather_panels<2>(memory + in::chunk + at.slot * CHUNK_BYTES, row, 2 * c);
                landing.close(&b->full[at.slot]);
            }
            landing.wait(&b->rope_empty[block & 1], (block / 2 & 1) ^ 1);
            gather_panels<1>(memory + in::rope + (block & 1) * PANEL_BYTES, row, 2 * CHUNKS);
            landing.close(&b->rope_full[block & 1]);
        }
    }
    landing.all();
}

/* Of the queries what is not held in registers, by one thread. */
static __device__ __forceinline__ void fetch(const CUtensorMap *map, size_t row, uint32_t q, struct barriers<SLOTS> *b)
{
    for (int c = 0; c < QCHUNKS; c++) {
        barrier_expect(&b->q_full[c], CHUNK_BYTES);
        for (int p = 2 * c; p < 2 * c + 2; p++) copy_box(q + p * PANEL_BYTES, map, p * 64, (int)row, &b->q_full[c]);
    }
}

/* ------------------------------------------------------------------ results */

/* out: the first of the 64 heads. */
template <enum kv_type TYPE, typename OUT>
static __device__ __forceinline__ void write(OUT *out, const struct attended &r, int half)
{
    if constexpr (sizeof(OUT) == 2) {
        write_short<TYPE>(out, r, half);
        return;
    }
    OUT *to = out + head_of() * LATENT + half * 256 + threadIdx.x % 4 * 2;
    float f0 = 1 / r.l0, f1 = 1 / r.l1;
#pragma unroll
    for (int i = 0; i < 32; i++) {
        *(float2 *)(to + 8 * i) = make_float2(r.o[4 * i] * f0, r.o[4 * i + 1] * f0);
        *(float2 *)(to + 8 * LATENT + 8 * i) = make_float2(r.o[4 * i + 2] * f1, r.o[4 * i + 3] * f1);
    }
}

template <enum kv_type TYPE, typename OUT>
static __global__ void __launch_bounds__(512, 1)
mla_prefill_kernel(__grid_constant__ const struct sm90_mla_args a, __grid_constant__ const CUtensorMap map)
{
    extern __shared__ uint8_t shared[];
    __shared__ struct barriers<SLOTS> b;
    __shared__ struct beside beside[2];
    uint32_t memory = (shared_address(shared) + 1023) / 1024 * 1024, block = 0, items = 0;
    if (threadIdx.x == 0) barriers_init<SLOTS, 1>(&b, 1, GATHERERS);
    __syncthreads();
    int role = (int)threadIdx.x / 128;
    struct cursor<SLOTS> at;
    if (role == 0) {
        registers_less<72>();
        gather(a, memory, &b);
    } else if (role == 1) {
        registers_less<120>();
        struct weighed weights;
        struct held held;
        auto query = [&](size_t i) { /* its first row */
            struct item w = item_of(a, i);
            return w.t * a.H + w.h0;
        };
        uint32_t q = memory + layout<SLOTS>::q;
        if (threadIdx.x % 128 == 0) fetch(&map, query(blockIdx.x), q, &b);
        hold(held, a.q + query(blockIdx.x) * WIDTH);
        for (size_t i = blockIdx.x; i < items_of(a); i += gridDim.x, items++) {
            size_t next = i + gridDim.x;
            bool more = next < items_of(a);
            auto refill = [&] {
                if (!more || threadIdx.x % 128) return;
                barrier_wait(&b.q_empty, items & 1);
                fetch(&map, query(next), q, &b);
                if (next + gridDim.x < items_of(a))
                    prefetch_bulk(a.q + query(next + gridDim.x) * WIDTH, HEADS * WIDTH * sizeof *a.q);
            };
            weigh<TYPE, SLOTS, 1>(weights, item_of(a, i).n, a.scale_log2, memory, held,
                                  more ? a.q + query(next) * WIDTH : NULL, &b, beside, at, block, items, refill);
        }
    } else {
        registers_more<160>();
        struct attended r;
        for (size_t i = blockIdx.x; i < items_of(a); i += gridDim.x) {
            struct item w = item_of(a, i);
            attend<TYPE, SLOTS, 1>(r, w.n, role - 2, memory, &b, beside, at, block);
            write<TYPE>((OUT *)a.out + (w.t * a.H + w.h0) * LATENT, r, role - 2);
        }
    }
}

/* 8 n numbers of q as the cache's type. */
template <enum kv_type TYPE> static __global__ void narrow_kernel(uint4 *y, const float4 *x, size_t n)
{
    cuda_follow();
    size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
    if (i >= n) return;
    float4 a = x[2 * i], b = x[2 * i + 1];
    const float v[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
    uint4 out;
#pragma unroll
    for (int k = 0; k < 8; k++) ((uint16_t *)&out)[k] = element<TYPE>::put(v[k]);
    y[i] = out;
}

/* ------------------------------------------------------------------ launchers */

template <enum kv_type TYPE, typename OUT>
static void launch(struct device *d, const struct sm90_mla_args *a)
{
    auto *kernel = mla_prefill_kernel<TYPE, OUT>;
    size_t items = a->T * (a->H / HEADS);
    unsigned blocks = (unsigned)d->multiprocessors;
    if (items < blocks) blocks = (unsigned)items;
    if (!cuda_shared(d, (const void *)kernel, SHARED, "sparse attention")) return;
    CUtensorMap map;
    if (!sm90_map_numbers(d, &map, (void *)a->q, a->T * a->H, WIDTH, WIDTH, HEADS, sizeof *a->q)) return;
    kernel<<<blocks, 512, SHARED, d->stream>>>(*a, map);
    cuda_launched(d, "sparse attention");
}

void sm90_mla_prefill(struct device *d, const struct sm90_mla_args *a)
{
    if (!a->T || !cuda_ready(d)) return;
    if (a->type == KV_BF16 && a->out_f32) launch<KV_BF16, float>(d, a);
    else if (a->type == KV_BF16) launch<KV_BF16, uint16_t>(d, a);
    else if (a->out_f32) launch<KV_F16, float>(d, a);
    else launch<KV_F16, uint16_t>(d, a);
}

bool sm90_mla_attend(struct device *d, const struct mla_args *m, size_t parts)
{
    bool fits = d->major == 9 && m->sel && m->R == LATENT && m->P == WIDTH - LATENT &&
                m->H % HEADS == 0 && (m->kv.type == KV_BF16 || m->kv.type == KV_F16) &&
                m->kv.latent_offset % 16 == 0 && (uintptr_t)m->q % 16 == 0 && SHARED <= d->shared_limit;
    if (!fits) return false;
    size_t T = parts * m->T, n = T * (size_t)m->H * WIDTH;
    uint16_t *q = (uint16_t *)cuda_reserve(d, &d->part, n * sizeof *q);
    struct sm90_mla_args a = {q, {}, m->kv.latent_offset, m->sel, m->out, T, m->H, m->K, m->scale * 1.44269504f,
                              m->kv.type, true};
    if (!q || !cuda_where_of(d, m, parts, &a.where)) return true;
    auto *narrow = m->kv.type == KV_BF16 ? narrow_kernel<KV_BF16> : narrow_kernel<KV_F16>;
    cuda_launch(d, narrow, (unsigned)cuda_ceil(n / 8, 256), 256, 0, (uint4 *)q, (const float4 *)m->q, n / 8);
    if (cuda_launched(d, "queries, rounding")) sm90_mla_prefill(d, &a);
    return true;
}
