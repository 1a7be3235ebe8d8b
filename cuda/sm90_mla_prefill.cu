/* sm90_mla_prefill.cu: sparse absorbed attention of many queries, V3.2's widths.
 *                                                                bench: bench/gpu_mla.cu
 *   q [T, H, 576]    rows [S, 576] in pages    sel [T, K] int32    out [T, H, 512]
 *   q and rows bf16, or both f16; out of that type, or f32.  Query t attends to the first
 *   min(K, its position + 1) entries of its row of sel.
 *
 * Method   a block holds one query and 64 heads.  A warpgroup gathers keys with cp.async, row by row, into the
 *          swizzled panels that wgmma reads, two buffers of 64.  Two others multiply: each has half of the latent of
 *          the result, and the logits of one of the two buffers.  It multiplies its own weights from registers with
 *          its half of its own keys, and hands them over for the other half; so all that waits for weights is done
 *          while the other warpgroup's products run.  The first one's weights lie where the rope part of its keys
 *          was.  What weights are relative to goes from one to the other and back within a pair of buffers.
 * Grid     as many blocks as multiprocessors; each takes (query, half of the heads) pairs in turn, so that the next
 *          query's rows are on their way while the last one's sums are written.
 * Order    who multiplies fences after its wait for keys.  Copies write in the generic proxy, wgmma reads in the
 *          asynchronous one: write, barrier, a fence of a thread that saw the barrier, and what this thread, or one that a
 *          later barrier puts behind it, gives the tensor cores.  Each half of a buffer is waited for and fenced by the
 *          warpgroup that makes its logits; the other reads it only behind a named barrier after that.
 * Cost     2*T*128*K*(576+512) flop: 4096 queries, K 2048: 2.34 TFLOP, 3.1 ms at 751 TFLOP/s.  Gathers T*2*K*1152
 *          bytes, 19 GB, from the second-level cache, where 8K keys stay: 5.9 TB/s at what is seen.
 * Exact    16-bit products, f32 sums; weights rounded to 16 bits; the order of keys is that of sel, so a query's
 *          result depends on nothing else.  As mla_attend it rounds q to the cache's type.
 * Seen     H200, one run, 8K / 32K / 64K / 128K, after pauses of 0.1 s: 3.30 / 3.44 / 3.54 / 3.63 ms; FlashMLA, built from
 *          source: 3.45 / 3.66 / 3.74 / 3.84; before (one warpgroup for all logits, two for values): 4.27 / 4.25 / 4.29 /
 *          4.36: 17 to 23 % less.  Under load, at 1.45 to 1.55 GHz (690 W): 3.75 / 4.00 / 4.10 / 4.34; FlashMLA 3.97 / 4.09 /
 *          4.08 / 4.20, so that it is 3 % faster at 128K there.  bench/gpu_mla.cu, which does not pause: 3.24 / 3.83 /
 *          3.96 / 4.06.  A buffer takes 2890 to 3160 cycles, of which products last 2176.
 *          H100 (700 W), 8K / 128K: 3.33 / 3.92; FlashMLA 3.52 / 4.02; before 4.25 / 4.50.
 * Tried    In that run.  No fence, as FlashMLA: 3.25 / 3.39 / 3.48 / 3.62.  Gathering threads wait, fence and arrive, two
 *          groups of copies later: 3.35 / 3.94 / 3.99 / 4.09.  Quarters of the latent, each with its barriers: 3.39 / 3.47 /
 *          3.54 / 3.63, or left as soon as its values are multiplied: the same.  The second one's weights handed over
 *          after its next products have begun: the same.
 *          Of the version before, all slower than it: both halves of the heads in a cluster, each block gathering half of
 *          the keys for both (36 KB a buffer between blocks take 2600 cycles); 64 gathering threads, or 256; five panels of
 *          the queries in registers; two warpgroups in step, each with half of the values of both.  The same within 2 %:
 *          keys kept in the second cache by policy, or read ahead by 256 bytes.
 *          Sums handed over at a barrier of their own after the last buffer: 3.30 / 3.65 / 3.96 / 3.96 where this takes 3.28 /
 *          3.81 / 3.85 / 3.91 (H200, one run of both in turn, least of two), and racecheck did not follow it.
 * Check    memcheck and racecheck: nothing.
 * Limits   H a multiple of 64.   Source: FlashMLA's deep dive (halves of V, weights exchanged).
 * Tests    tests/test_op_mla.c */
#include "cuda/sm90_fp8.cuh"
#include "cuda/sm90_mla.cuh"
#include "cuda/sm90_ops.h"

#define PAIR (2 * KEYS)
#define GATHERERS 128 /* threads, eight to a row */
#define EACH (KEYS / (GATHERERS / 8)) /* rows */

/* Where a block has what, in bytes of shared memory.  Of a buffer of keys: the left half of the latent, the right one, the
 * rope part. */
namespace at {
constexpr uint32_t q = 0, keys = PANELS * PANEL_BYTES, buffer = PANELS * PANEL_BYTES, right = 4 * PANEL_BYTES,
                   rope = 8 * PANEL_BYTES, weights = keys + 2 * buffer, end = weights + PANEL_BYTES;
}
#define SHARED (at::end + 1024)

/* full, empty: of each buffer the left half of the latent; the right one and the rope part. */
struct pair_barriers {
    uint64_t q_full, full[2][2], empty[2][2], both;
};

/* What the two warpgroups that multiply tell each other. */
struct told {
    float2 first[32], both[32]; /* what weights are relative to, of two heads each */
    float2 sums[2][32];         /* of weights, with the last pair of buffers */
};

enum { MOST_FIRST = 1, WEIGHTS_FIRST, WEIGHTS_SECOND }; /* named barriers */

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

/* Panels first .. first + PANELS_OF - 1 of rows of keys. */
template <int PANELS_OF>
static __device__ __forceinline__ void gather_panels(uint32_t to, const uint16_t *const row[EACH], int first)
{
    int c = threadIdx.x % 8, r = threadIdx.x / 8;
#pragma unroll
    for (int j = 0; j < EACH; j++)
#pragma unroll
        for (int p = 0; p < PANELS_OF; p++)
            copy16(to + (first + p) * PANEL_BYTES + swizzled(r + j * (GATHERERS / 8), c),
                   row[j] + (first + p) * 64 + c * 8);
}

/* Rows beyond a query's are its first one again: finite, and weighed with 0. */
static __device__ __forceinline__ void gather(const struct sm90_mla_args &a, uint32_t memory, struct pair_barriers *b)
{
    uint32_t parity = 1, first = memory + at::keys, second = first + at::buffer;
    for (size_t i = blockIdx.x; i < items_of(a); i += gridDim.x) {
        struct item w = item_of(a, i);
        const int32_t *sel = a.sel + w.t * a.K;
        void *const *pages = pages_of(a.where, w.t);
        auto source = [&](int p) { /* each of the eight lanes finds the way to one of their rows */
            int lane = threadIdx.x % 8, buffer = 2 * p + lane / EACH;
            int r = buffer * KEYS + (int)threadIdx.x / 8 + lane % EACH * (GATHERERS / 8);
            return __ldg(sel + (r < w.n ? r : 0));
        };
        auto row_of = [&](uint32_t pos) {
            return (uint64_t)((const char *)pages[pos / KV_PAGE] + a.offset + pos % KV_PAGE * WIDTH * sizeof(uint16_t));
        };
        uint64_t mine = row_of((uint32_t)source(0));
        uint32_t ahead = (uint32_t)source(1);
        for (int p = 0; p * PAIR < w.n; p++, parity ^= 1) {
            const uint16_t *row[2][EACH];
#pragma unroll
            for (int j = 0; j < 2 * EACH; j++) row[j / EACH][j % EACH] = (const uint16_t *)__shfl_sync(~0u, mine, j, 8);
            mine = row_of(ahead);
            ahead = (uint32_t)source(p + 2);
            barrier_wait(&b->empty[0][0], parity);
            gather_panels<4>(first, row[0], 0);
            copies_arrive(&b->full[0][0]);
            barrier_wait(&b->empty[1][1], parity);
            gather_panels<5>(second, row[1], 4);
            copies_arrive(&b->full[1][1]);
            barrier_wait(&b->empty[0][1], parity);
            gather_panels<5>(first, row[0], 4);
            copies_arrive(&b->full[0][1]);
            barrier_wait(&b->empty[1][0], parity);
            gather_panels<4>(second, row[1], 0);
            copies_arrive(&b->full[1][0]);
        }
    }
}

/* ------------------------------------------------------------------ multiplying */

/* The largest so far does as well where what is new is little more, and spares the sums so far a product. */
static __device__ __forceinline__ float reference(float m, float x)
{
    return x <= m + SLACK ? m : x;
}

/* What a thread of the two warpgroups that multiply holds: of 64 heads half of the latent of the result, logits or
 * weights of a buffer of keys, and these as the products take them. */
template <enum kv_type TYPE> struct side {
    struct attended r;
    float s[32];
    uint32_t w[4][4];
    float m0, m1; /* what weights are relative to, in powers of 2 */

    __device__ __forceinline__ void begin()
    {
        r.l0 = r.l1 = 0, m0 = m1 = -INFINITY;
    }
    /* s (+)= panels of the queries * those of keys, once these have come. */
    template <int FIRST, int N>
    __device__ __forceinline__ void logits(uint64_t *full, uint32_t parity, uint32_t q, uint32_t k, bool add)
    {
        barrier_wait(full, parity);
        fence_async();
        if (!add) products_hold(s);
        products_open();
#pragma unroll
        for (int i = 0; i < 4 * N; i++) {
            uint64_t x = operand(q) + (FIRST + i / 4) * (PANEL_BYTES / 16) + i % 4 * 2;
            uint64_t y = operand(k) + (FIRST + i / 4) * (PANEL_BYTES / 16) + i % 4 * 2;
            (TYPE == KV_BF16 ? wgmma_bf16_n64 : wgmma_f16_n64)(s, x, y, add || i > 0);
        }
    }
    __device__ __forceinline__ void end_logits()
    {
        products_close();
        products_wait<0>();
        products_hold(s);
    }
    /* The largest of either row; keys from n on are none. */
    __device__ __forceinline__ float2 largest(int n, float scale_log2)
    {
        int in = n - (int)(threadIdx.x % 4) * 2; /* column 8 i + j is a key below this */
        if (in < KEYS)
#pragma unroll
            for (int i = 0; i < 16; i++)
                if (i / 2 * 8 + i % 2 >= in) s[i / 2 * 4 + i % 2] = s[i / 2 * 4 + i % 2 + 2] = -INFINITY;
        float x0 = -INFINITY, x1 = -INFINITY;
#pragma unroll
        for (int i = 0; i < 32; i++) {
            if (i & 2) x1 = fmaxf(x1, s[i]);
            else x0 = fmaxf(x0, s[i]);
        }
        return make_float2(quad_max(x0) * scale_log2, quad_max(x1) * scale_log2);
    }
    __device__ __forceinline__ void scale_result(float f0, float f1)
    {
        if (__any_sync(~0u, f0 != 1 || f1 != 1)) {
#pragma unroll
            for (int i = 0; i < 128; i++) r.o[i] *= i & 2 ? f1 : f0;
        }
    }
    /* Weights relative to `most`, or to x where that is more, from now on; told to the other warpgroup. */
    __device__ __forceinline__ void weigh(float2 most, float2 x, float scale_log2, bool some, float2 *told)
    {
        float x0 = reference(most.x, x.x), x1 = reference(most.y, x.y);
        float f0 = power(m0 - x0), f1 = power(m1 - x1);
        m0 = x0, m1 = x1;
        r.l0 *= f0, r.l1 *= f1;
        if (some) scale_result(f0, f1);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            float *v = s + 4 * i;
            v[0] = power(fmaf(v[0], scale_log2, -m0)), v[1] = power(fmaf(v[1], scale_log2, -m0));
            v[2] = power(fmaf(v[2], scale_log2, -m1)), v[3] = power(fmaf(v[3], scale_log2, -m1));
            r.l0 += v[0] + v[1], r.l1 += v[2] + v[3];
            w[i / 2][i % 2 * 2] = pack<TYPE>(v[0], v[1]);
            w[i / 2][i % 2 * 2 + 1] = pack<TYPE>(v[2], v[3]);
        }
        if (threadIdx.x % 4 == 0) told[threadIdx.x % 128 / 4] = make_float2(m0, m1);
    }
    /* The weights as they were, times f. */
    __device__ __forceinline__ void weigh_again(float f0, float f1)
    {
        if (!__any_sync(~0u, f0 != 1 || f1 != 1)) return;
#pragma unroll
        for (int i = 0; i < 8; i++) {
            const float *v = s + 4 * i;
            w[i / 2][i % 2 * 2] = pack<TYPE>(v[0] * f0, v[1] * f0);
            w[i / 2][i % 2 * 2 + 1] = pack<TYPE>(v[2] * f1, v[3] * f1);
        }
    }
    __device__ __forceinline__ void put_weights(uint32_t to) const
    {
        int lane = threadIdx.x % 32, row = threadIdx.x % 128 / 32 * 16 + lane % 16;
#pragma unroll
        for (int j = 0; j < 4; j++)
            store_matrices(to + swizzled(row, 2 * j + lane / 16), w[j][0], w[j][1], w[j][2], w[j][3]);
        fence_async();
    }
    /* The result (+)= own weights * v: half of the latent of the same keys. */
    __device__ __forceinline__ void values(uint32_t v, bool add)
    {
        products_hold(r.o);
        products_open();
#pragma unroll
        for (int j = 0; j < 4; j++)
            (TYPE == KV_BF16 ? wgmma_bf16_n256_t_r : wgmma_f16_n256_t_r)(r.o, w[j], operand_t(v, PANEL_BYTES) + j * 128,
                                                                         add || j > 0);
        products_close();
    }
    /* The same with the other warpgroup's weights and keys. */
    __device__ __forceinline__ void values_of(uint32_t weights, uint32_t v)
    {
        products_open();
#pragma unroll
        for (int j = 0; j < 4; j++)
            (TYPE == KV_BF16 ? wgmma_bf16_n256_t : wgmma_f16_n256_t)(r.o, operand(weights) + 2 * j,
                                                                     operand_t(v, PANEL_BYTES) + j * 128, true);
        products_close();
    }
    /* The sums of own weights, which are final. */
    __device__ __forceinline__ void tell_sums(float2 *sums)
    {
        r.l0 = quad_sum(r.l0), r.l1 = quad_sum(r.l1);
        if (threadIdx.x % 4 == 0) sums[threadIdx.x % 128 / 4] = make_float2(r.l0, r.l1);
    }
    __device__ __forceinline__ void add_sums(const float2 *sums)
    {
        float2 other = sums[threadIdx.x % 128 / 4];
        r.l0 += other.x, r.l1 += other.y;
    }
};

/* The warpgroup of the left half, with the logits of each first buffer. */
template <enum kv_type TYPE, typename F>
static __device__ __forceinline__ void attend_left(struct side<TYPE> &h, int n, float scale_log2, uint32_t memory,
                                                   struct pair_barriers *b, struct told *told, uint32_t &parity, F refill)
{
    uint32_t q = memory + at::q, first = memory + at::keys, second = first + at::buffer;
    h.begin();
    for (int p = 0; p * PAIR < n; p++) {
        if (p == 0) {
            h.template logits<0, 4>(&b->full[0][0], parity, q, first, false);
            h.template logits<4, 5>(&b->full[0][1], parity, q, first, true);
            h.end_logits();
        }
        float2 x = h.largest(n - p * PAIR, scale_log2);
        h.weigh(make_float2(h.m0, h.m1), x, scale_log2, p > 0, told->first);
        named_arrive(MOST_FIRST, 256);
        h.values(first, p > 0);
        products_wait<0>();
        products_hold(h.r.o);
        barrier_arrive(&b->empty[0][0]);
        barrier_wait(&b->both, parity);
        float2 most = told->both[threadIdx.x % 128 / 4];
        float f0 = power(h.m0 - most.x), f1 = power(h.m1 - most.y);
        h.m0 = most.x, h.m1 = most.y;
        h.weigh_again(f0, f1);
        h.put_weights(first + at::rope);
        h.r.l0 *= f0, h.r.l1 *= f1;
        bool more = (p + 1) * PAIR < n;
        if (!more) h.tell_sums(told->sums[0]);
        named_arrive(WEIGHTS_FIRST, 256);
        if (!more) refill(); /* both have their last logits */
        h.scale_result(f0, f1);
        named_sync(WEIGHTS_SECOND, 256);
        products_hold(h.r.o);
        h.values_of(memory + at::weights, second);
        parity ^= 1;
        if (more) {
            h.template logits<0, 4>(&b->full[0][0], parity, q, first, false);
            products_close();
            products_wait<1>();
            barrier_arrive(&b->empty[1][0]);
            h.template logits<4, 5>(&b->full[0][1], parity, q, first, true);
            h.end_logits();
        } else {
            products_wait<0>();
            barrier_arrive(&b->empty[1][0]);
        }
        products_hold(h.r.o);
    }
    h.add_sums(told->sums[1]);
}

/* The warpgroup of the right half, with the logits of each second buffer. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void attend_right(struct side<TYPE> &h, int n, float scale_log2, uint32_t memory,
                                                    struct pair_barriers *b, struct told *told, uint32_t &parity)
{
    uint32_t q = memory + at::q, first = memory + at::keys, second = first + at::buffer;
    h.begin();
    for (int p = 0; p * PAIR < n; p++, parity ^= 1) {
        h.template logits<4, 5>(&b->full[1][1], parity, q, second, false);
        h.template logits<0, 4>(&b->full[1][0], parity, q, second, true);
        h.end_logits();
        float2 x = h.largest(n - p * PAIR - KEYS, scale_log2);
        named_sync(MOST_FIRST, 256);
        h.weigh(told->first[threadIdx.x % 128 / 4], x, scale_log2, p > 0, told->both);
        if ((p + 1) * PAIR >= n) h.tell_sums(told->sums[1]);
        barrier_arrive(&b->both);
        h.values(second + at::right, p > 0);
        h.put_weights(memory + at::weights);
        named_arrive(WEIGHTS_SECOND, 256);
        named_sync(WEIGHTS_FIRST, 256);
        h.values_of(first + at::rope, first + at::right);
        products_wait<1>();
        barrier_arrive(&b->empty[1][1]);
        products_wait<0>();
        products_hold(h.r.o);
        barrier_arrive(&b->empty[0][1]);
    }
    h.add_sums(told->sums[0]);
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
static __global__ void __launch_bounds__(384, 1)
mla_prefill_kernel(__grid_constant__ const struct sm90_mla_args a, __grid_constant__ const CUtensorMap map)
{
    extern __shared__ uint8_t shared[];
    __shared__ struct pair_barriers b;
    __shared__ struct told told;
    uint32_t memory = __shfl_sync(~0u, (shared_address(shared) + 1023) / 1024 * 1024, 0), parity = 0, items = 0;
    if (threadIdx.x == 0) {
        barrier_init(&b.q_full, 1);
        barrier_init(&b.both, 128);
        for (int i = 0; i < 4; i++) {
            barrier_init(&b.full[i / 2][i % 2], GATHERERS);
            barrier_init(&b.empty[i / 2][i % 2], 128);
        }
        fence_async();
    }
    __syncthreads();
    int role = __shfl_sync(~0u, (int)threadIdx.x / 128, 0);
    if (role == 0) {
        registers_less<72>();
        gather(a, memory, &b);
        return;
    }
    registers_more<216>();
    auto fetch = [&](size_t i) {
        struct item w = item_of(a, i);
        barrier_expect(&b.q_full, PANELS * PANEL_BYTES);
        for (int p = 0; p < PANELS; p++)
            copy_box(memory + at::q + p * PANEL_BYTES, &map, p * 64, (int)(w.t * a.H + w.h0), &b.q_full);
    };
    if (threadIdx.x == 128) fetch(blockIdx.x);
    struct side<TYPE> h;
    for (size_t i = blockIdx.x; i < items_of(a); i += gridDim.x, items++) {
        struct item w = item_of(a, i);
        size_t next = i + gridDim.x;
        OUT *out = (OUT *)a.out + (w.t * a.H + w.h0) * LATENT;
        barrier_wait(&b.q_full, items & 1);
        if (role == 1) {
            auto refill = [&] {
                if (threadIdx.x != 128 || next >= items_of(a)) return;
                fetch(next);
                if (next + gridDim.x >= items_of(a)) return;
                struct item later = item_of(a, next + gridDim.x);
                prefetch_bulk(a.q + (later.t * a.H + later.h0) * WIDTH, HEADS * WIDTH * sizeof *a.q);
            };
            attend_left<TYPE>(h, w.n, a.scale_log2, memory, &b, &told, parity, refill);
            write<TYPE>(out, h.r, 0);
        } else {
            attend_right<TYPE>(h, w.n, a.scale_log2, memory, &b, &told, parity);
            write<TYPE>(out, h.r, 1);
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
    kernel<<<blocks, 384, SHARED, d->stream>>>(*a, map);
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
