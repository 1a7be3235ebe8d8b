/* sm90_mla_decode.cu: sparse absorbed attention of few queries over an FP8 cache, V3.2's widths.
 *                                                                bench: bench/gpu_decode.cu
 *   q [B, 128, 576] bf16    sel [B, K] int32, rows of the cache    out [B, 128, 512] bf16
 *   A cache row is 656 bytes: 512 e4m3, four f32 scales of 128 each, 64 bf16 of the rope key.
 *
 * Method   the keys of a query are cut so that every multiprocessor has some; a cluster of two blocks takes one cut,
 *          each block 64 heads.  Each turns half of the rows, e4m3 times scale into f16 in the panels that
 *          sm90_mla.cuh multiplies, and sends these to the other.  Rows as the cache has them wait in a ring: cp.async
 *          brings them, so that to use one is not to wait for those that follow (loads into registers share a
 *          scoreboard).  Cuts leave f16 results and the logarithm of their weight; a second kernel joins them.  One
 *          cut: the result is written at once.
 * Cost     B*K*656 bytes of cache: batch 128: 172 MB, 57 us at 3.02 TB/s; 73 GFLOP, 0.1 ms at 750 TFLOP/s; 36 KB a
 *          buffer of 64 keys between the blocks, some 2600 cycles, the longest part.
 *          Batch 1: latency: two launches, one row's way, one pair of tiles.
 * Exact    e4m3 to f16 is exact, times the scale to 2^-11 (powers of 2: exactly); f32 sums; cuts rounded to 2^-11.
 * Seen     H200, batch 1 / 8 / 64 / 128: 13.1 / 25.3 / 87.9 / 177 us, 1.33 / 1.03 / 1.05 / 1.05 of FlashMLA's figures
 *          (17.4 / 26.1 / 92.7 / 185); what was before, in the same run: 20.3 / 32.8 / 128 / 250 (each block all rows,
 *          three turns of them in registers, each wait for one a wait for all).
 * Tried    In that run or those before it: no cluster, each block all rows from the ring: 12.2 / 25.6 / 91.5 / 184;
 *          st.async for each 16 bytes instead of bulk copies: 14.4 / 30.0 / 107 / 217; handed over chunk by chunk:
 *          13.0 / 25.6 / 94 / 189; halves of buffers in registers: 14.3 / 28.6 / 90 / 178; one arrival for a warp: 12.7 /
 *          24.4 / 84 / 175, but racecheck then sees no order.  Two warpgroups in step (H100): 24.5 / 36.7 / 174 / 350.
 * Limits   128 heads; all K entries valid.   Source: FlashMLA's cache layout. */
#include "cuda/sm90_mla.cuh"
#include "cuda/sm90_ops.h"

#define ROW_BYTES 656
#define H 128
#define SLOTS 8
#define ROWS (KEYS / 2)   /* of a buffer that a block turns, the rest coming from the other */
#define HANDS 2           /* a warp's rows of a buffer, four in a hand */
#define DEPTH 3           /* hands whose rows are on their way */
#define PAIR_BYTES 1360   /* two rows, the second 704 bytes on: their chunks are in different banks */
#define RING_BYTES (4 * DEPTH * 2 * PAIR_BYTES)
#define SHARED (layout<SLOTS>::end + RING_BYTES + 1024)

struct decode {
    struct sm90_decode_args a;
    int splits, each; /* cuts of a query, keys in one */
    uint16_t *part;   /* [B, splits, 128, 512] f16 */
    float *weight;    /* [B, splits, 128], log2 of the sum of weights */
};

/* ------------------------------------------------------------------ gathering */

static __device__ __forceinline__ uint4 load16(const void *p)
{
    uint4 v;
    asm volatile("ld.global.nc.L1::no_allocate.L2::128B.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(p));
    return v;
}

static __device__ __forceinline__ void store16(uint32_t to, uint4 v)
{
    asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(v.x), "r"(v.y), "r"(v.z),
                 "r"(v.w)
                 : "memory");
}

/* 8 bytes of e4m3 times a scale as 8 f16 */
static __device__ __forceinline__ uint4 widen8(uint32_t lo, uint32_t hi, __half2 scale)
{
    uint4 out;
    uint32_t *o = (uint32_t *)&out;
    const uint32_t in[2] = {lo, hi};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        __half2_raw h = __nv_cvt_fp8x2_to_halfraw2((uint16_t)(in[i / 2] >> i % 2 * 16), __NV_E4M3);
        __half2 v = __hmul2(__half2(h), scale);
        o[i] = *(uint32_t *)&v;
    }
    return out;
}

/* 8 bf16 as 8 f16 */
static __device__ __forceinline__ uint4 retype8(uint4 v)
{
    uint32_t *o = (uint32_t *)&v;
#pragma unroll
    for (int i = 0; i < 4; i++)
        o[i] = pack<KV_F16>(__uint_as_float(o[i] << 16), __uint_as_float(o[i] & 0xffff0000u));
    return v;
}

static __device__ __forceinline__ uint4 read16(uint32_t from)
{
    uint4 v;
    asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "r"(from));
    return v;
}

/* Eight lanes deal with a row, four rows at once.  Which of these a lane deals with, and which chunk of 16 bytes: such
 * that neighbours read from and write to different banks. */
static __device__ __forceinline__ int lane_row(void) { return threadIdx.x / 4 % 2 + threadIdx.x % 32 / 16 * 2; }
static __device__ __forceinline__ int lane_latent(void) { return threadIdx.x % 4 + threadIdx.x / 8 % 2 * 4; }
static __device__ __forceinline__ int lane_rope(void) { return threadIdx.x % 4 * 2 + threadIdx.x / 8 % 2; }

/* A quarter of the latent to row r of a buffer; from: the row as the cache has it. */
static __device__ __forceinline__ void turn_quarter(uint32_t chunk, int i, int r, uint32_t from)
{
    int c = lane_latent();
    uint32_t panel = chunk + c / 4 * PANEL_BYTES;
    uint4 v = read16(from + i * 128 + c * 16);
    float scale;
    asm volatile("ld.shared.f32 %0, [%1];" : "=f"(scale) : "r"(from + 512 + i * 4));
    __half2 s = __float2half2_rn(scale);
    store16(panel + swizzled(r, c % 4 * 2), widen8(v.x, v.y, s));
    store16(panel + swizzled(r, c % 4 * 2 + 1), widen8(v.z, v.w, s));
}

/* A warp of the first warpgroup turns eight rows of each buffer, and hands them to the other block.
 * Rows beyond n are the first one again: finite, and weighed with 0. */
static __device__ void produce(const struct decode &d, size_t batch, int first, int n, uint32_t memory, uint32_t ring,
                               struct barriers<SLOTS> *b)
{
    typedef struct layout<SLOTS> in;
    uint32_t rank = cluster_rank(), lane = threadIdx.x % 32;
    int top = (int)rank * ROWS + (int)threadIdx.x / 32 * 4 * HANDS, blocks = (n + KEYS - 1) / KEYS, hands = blocks * HANDS;
    const int32_t *sel = d.a.sel + batch * d.a.K + first;
    auto source = [&](int t) { /* this lane's row of hand t */
        int at = top + lane_row() + t / HANDS * KEYS + t % HANDS * 4;
        return __ldg(sel + (at < n ? at : 0));
    };
    uint32_t mine = ring + lane_row() / 2 * PAIR_BYTES + lane_row() % 2 * 704;
    auto request = [&](int t, int stage, int32_t row) {
        if (t < hands) {
            const uint8_t *from = d.a.cache + (size_t)row * ROW_BYTES;
            uint32_t to = mine + stage * 2 * PAIR_BYTES;
#pragma unroll
            for (int i = 0; i < 4; i++) copy16(to + i * 128 + lane_latent() * 16, from + i * 128 + lane_latent() * 16);
            copy16(to + 528 + lane_rope() * 16, from + 528 + lane_rope() * 16);
            if (lane_latent() == 0) copy16(to + 512, from + 512);
        }
        copies_close();
    };
    auto prefetch = [&](int32_t row) { /* six lines of 128 bytes */
        if (lane_latent() < 6)
            asm volatile("prefetch.global.L2 [%0];" ::"l"(d.a.cache + (size_t)row * ROW_BYTES + lane_latent() * 128));
    };
    int32_t ahead[DEPTH], far[HANDS];
#pragma unroll
    for (int i = 0; i < DEPTH; i++) ahead[i] = source(i);
#pragma unroll
    for (int i = 0; i < DEPTH; i++) request(i, i, ahead[i]);
#pragma unroll
    for (int i = 0; i < HANDS; i++) ahead[i] = source(DEPTH + i), far[i] = source(DEPTH + HANDS + i);
    int stage = 0;
    for (int block = 0; block < blocks; block++) {
        uint32_t half = block & 1, chunk = memory + in::chunk + half * CHUNKS * CHUNK_BYTES, from[HANDS];
        uint32_t rope = memory + in::rope + half * PANEL_BYTES;
        uint64_t *full = b->full + half * CHUNKS;
#pragma unroll
        for (int j = 0; j < HANDS; j++)
            from[j] = mine + (stage + j < DEPTH ? stage + j : stage + j - DEPTH) * 2 * PAIR_BYTES;
        for (int c = 0; c < CHUNKS; c++) barrier_wait(&b->empty[half * CHUNKS + c], (block / 2 & 1) ^ 1);
        barrier_wait(&b->rope_empty[half], (block / 2 & 1) ^ 1);
        if (threadIdx.x < CHUNKS) barrier_expect(full + threadIdx.x, 2 * ROWS * 128);
        if (threadIdx.x == CHUNKS) barrier_expect(&b->rope_full[half], ROWS * 128);
        copies_wait<DEPTH - HANDS>();
        __syncwarp();
#pragma unroll
        for (int c = 0; c < CHUNKS; c++)
#pragma unroll
            for (int j = 0; j < HANDS; j++) turn_quarter(chunk + c * CHUNK_BYTES, c, top + j * 4 + lane_row(), from[j]);
#pragma unroll
        for (int j = 0; j < HANDS; j++)
            store16(rope + swizzled(top + j * 4 + lane_row(), lane_rope()),
                    retype8(read16(from[j] + 528 + lane_rope() * 16)));
        fence_async();
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) barrier_arrive(full + c);
        barrier_arrive(&b->rope_full[half]);
        __syncwarp();
        int p = (int)lane;
        if (p < 2 * CHUNKS)
            copy_across(chunk + p * PANEL_BYTES + top * 128, 4 * HANDS * 128, full + p / 2, rank ^ 1);
        else if (p == 2 * CHUNKS)
            copy_across(rope + top * 128, 4 * HANDS * 128, &b->rope_full[half], rank ^ 1);
        __syncwarp();
#pragma unroll
        for (int j = 0; j < HANDS; j++) {
            int t = block * HANDS + DEPTH + j;
            request(t, stage, ahead[j]);
            if (++stage == DEPTH) stage = 0;
            if (t + HANDS < hands) prefetch(far[j]);
            ahead[j] = far[j];
            far[j] = source(t + 2 * HANDS);
        }
    }
    copies_wait<0>();
}

/* ------------------------------------------------------------------ queries */

/* Two bf16 as two f16. */
static __device__ __forceinline__ uint32_t retype(uint32_t v)
{
    return pack<KV_F16>(__uint_as_float(v << 16), __uint_as_float(v & 0xffff0000u));
}

/* The rest, by the 256 threads that have nothing to do yet. */
static __device__ __forceinline__ void fetch(uint32_t to, const uint16_t *q, struct barriers<SLOTS> *b)
{
    int c = threadIdx.x % 8, r = threadIdx.x % 256 / 8;
    uint4 v[2][PANELS - QHELD];
#pragma unroll
    for (int j = 0; j < 2; j++)
#pragma unroll
        for (int p = 0; p < PANELS - QHELD; p++) v[j][p] = load16(q + (r + 32 * j) * WIDTH + p * 64 + c * 8);
#pragma unroll
    for (int j = 0; j < 2; j++)
#pragma unroll
        for (int p = 0; p < PANELS - QHELD; p++)
            store16(to + p * PANEL_BYTES + swizzled(r + 32 * j, c), retype8(v[j][p]));
    fence_async();
#pragma unroll
    for (int k = 0; k < QCHUNKS; k++) barrier_arrive(&b->q_full[k]);
}

/* ------------------------------------------------------------------ results */

static __device__ __forceinline__ void write_weight(const struct decode &d, size_t batch, int split, int h0,
                                                    const struct weighed &w)
{
    float *to = d.weight + (batch * d.splits + split) * H + h0 + head_of();
    if (threadIdx.x % 4 == 0) to[0] = w.m0 + log2f(w.l0), to[8] = w.m1 + log2f(w.l1);
}

static __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(512, 1)
mla_decode_kernel(__grid_constant__ const struct decode d)
{
    extern __shared__ uint8_t shared[];
    __shared__ struct barriers<SLOTS> b;
    __shared__ struct beside beside[2];
    uint32_t memory = (shared_address(shared) + 1023) / 1024 * 1024, block = 0;
    size_t batch = blockIdx.y;
    int h0 = (int)cluster_rank() * HEADS, split = (int)blockIdx.x / 2, first = split * d.each;
    int n = min(d.each, d.a.K - first), role = (int)threadIdx.x / 128, warp = (int)threadIdx.x / 32;
    const uint16_t *q = d.a.q + (batch * H + h0) * WIDTH;
    struct cursor<SLOTS> at;
    if (threadIdx.x == 0) {
        barriers_init(&b, 256, 128 + 1);
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    cluster_sync();
    cuda_follow();
    if (role == 0) {
        registers_less<80>();
        produce(d, batch, first, n, memory, memory + layout<SLOTS>::end + warp * (RING_BYTES / 4), &b);
    } else if (role == 1) {
        registers_less<112>();
        struct weighed w;
        struct held held;
        hold(held, q);
#pragma unroll
        for (int k = 0; k < 4 * QHELD; k++)
#pragma unroll
            for (int i = 0; i < 4; i++) held.a[k][i] = retype(held.a[k][i]);
        weigh<KV_F16>(w, n, d.a.scale_log2, memory, held, &b, beside, at, block);
        if (d.splits > 1) write_weight(d, batch, split, h0, w);
    } else {
        registers_more<160>();
        struct attended r;
        fetch(memory + layout<SLOTS>::q, q, &b);
        attend<KV_F16>(r, n, role - 2, memory, &b, beside, at, block);
        if (d.splits == 1)
            write_short<KV_BF16>(d.a.out + (batch * H + h0) * LATENT, r, role - 2);
        else
            write_short<KV_F16>(d.part + ((batch * d.splits + split) * H + h0) * LATENT, r, role - 2);
    }
    __syncwarp();
    cluster_sync(); /* no block ends while the other may still write into it */
}

#define JOIN_GROUPS 8 /* of 64 threads, each with every eighth cut */

/* One block per query and head. */
static __global__ void __launch_bounds__(64 * JOIN_GROUPS) join_kernel(__grid_constant__ const struct decode d)
{
    __shared__ float group[JOIN_GROUPS][LATENT];
    size_t batch = blockIdx.y, h = blockIdx.x;
    int at = threadIdx.x % 64 * 8, mine = threadIdx.x / 64, lane = threadIdx.x % 32;
    cuda_follow();
    const float *weight = d.weight + batch * d.splits * H + h;
    float max = -INFINITY, sum = 0, v[8] = {};
    for (int i = lane; i < d.splits; i += 32) max = fmaxf(max, weight[i * H]);
#pragma unroll
    for (int i = 16; i; i /= 2) max = fmaxf(max, __shfl_xor_sync(~0u, max, i));
    for (int i = lane; i < d.splits; i += 32) sum += exp2f(weight[i * H] - max);
#pragma unroll
    for (int i = 16; i; i /= 2) sum += __shfl_xor_sync(~0u, sum, i);
#pragma unroll 4
    for (int i = mine; i < d.splits; i += JOIN_GROUPS) {
        uint4 x = __ldcs((const uint4 *)(d.part + ((batch * d.splits + i) * H + h) * LATENT + at));
        float f = exp2f(weight[i * H] - max);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            float2 pair = __half22float2(*(const __half2 *)(&x.x + j));
            v[2 * j] += f * pair.x, v[2 * j + 1] += f * pair.y;
        }
    }
#pragma unroll
    for (int j = 0; j < 8; j++) group[mine][at + j] = v[j];
    __syncthreads();
    int c = threadIdx.x;
    float total = 0;
#pragma unroll
    for (int i = 0; i < JOIN_GROUPS; i++) total += group[i][c];
    d.a.out[(batch * H + h) * LATENT + c] = element<KV_BF16>::put(total / sum);
}

/* ------------------------------------------------------------------ launchers */

/* As many cuts as give every multiprocessor one, in whole buffers. */
static int keys_each(const struct device *d, const struct sm90_decode_args *a)
{
    int want = d->multiprocessors / (int)(2 * a->B), most = (int)cuda_ceil((size_t)a->K, KEYS);
    if (want < 1) want = 1;
    if (want > most) want = most;
    int each = (int)cuda_ceil((size_t)a->K, (size_t)want);
    return (each + KEYS - 1) / KEYS * KEYS;
}

void sm90_mla_decode(struct device *d, const struct sm90_decode_args *a)
{
    if (!a->B || !cuda_ready(d)) return;
    struct decode k = {.a = *a, .each = keys_each(d, a)};
    k.splits = (int)cuda_ceil((size_t)a->K, (size_t)k.each);
    size_t heads = a->B * (size_t)k.splits * H;
    if (k.splits > 1) {
        k.weight = (float *)cuda_reserve(d, &d->part, heads * (sizeof(float) + LATENT * sizeof(uint16_t)));
        if (!k.weight) return;
        k.part = (uint16_t *)(k.weight + heads);
    }
    if (!cuda_shared(d, (const void *)mla_decode_kernel, SHARED, "sparse decode")) return;
    dim3 grid(2 * (unsigned)k.splits, (unsigned)a->B);
    cuda_launch(d, mla_decode_kernel, grid, 512, SHARED, k);
    if (!cuda_launched(d, "sparse decode") || k.splits == 1) return;
    cuda_launch(d, join_kernel, dim3(H, (unsigned)a->B), 64 * JOIN_GROUPS, 0, k);
    cuda_launched(d, "sparse decode, joining");
}
