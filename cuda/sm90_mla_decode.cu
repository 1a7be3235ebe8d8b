/* sm90_mla_decode.cu: sparse absorbed attention of few queries over an FP8 cache, V3.2's widths.
 *                                                                bench: bench/gpu_decode.cu
 *   q [B, 128, 576] bf16    sel [B, K] int32, rows of the cache    out [B, 128, 512] bf16
 *   A cache row is 656 bytes: 512 e4m3, four f32 scales of 128 each, 64 bf16 of the rope key.
 *
 * Method   the keys of a query are cut so that every multiprocessor has some; a block takes one cut for
 *          64 heads.  A warpgroup reads rows (16 bytes a thread), turns e4m3 times scale into f16 and
 *          stores it in the panels that sm90_mla.cuh multiplies; the next rows' loads are under way
 *          while these are turned.  Cuts leave f32 sums and the logarithm of their weight; a second
 *          kernel joins them.  One cut: the result is written at once.
 * Cost     B*K*656 bytes of cache, twice (both halves of the heads; the second from the second cache):
 *          batch 128: 172 MB, 57 us at 3.02 TB/s; 73 GFLOP, 0.1 ms at 750 TFLOP/s, the longer part.
 *          Batch 1: latency: two launches, one row's way, one pair of tiles.
 * Exact    e4m3 to f16 is exact, times the scale to 2^-11 (powers of 2: exactly); f32 sums.
 * Seen     H200, batch 1 / 8 / 64 / 128: 22.6 / 33.0 / 124 / 243 us, 0.75 to 0.79 of FlashMLA there (17.4 / 26.1 / 92.7 /
 *          185).  With rows under way in registers that moved from turn to turn, which waits for them: 22.7 / 34.7 /
 *          143 / 278; two warpgroups in step before (H100): 24.5 / 36.7 / 174 / 350.
 * Limits   128 heads; all K entries valid.   Source: FlashMLA's cache layout. */
#include "cuda/sm90_mla.cuh"
#include "cuda/sm90_ops.h"

#define ROW_BYTES 656
#define H 128
#define TURN 16         /* rows that a warpgroup turns at once */
#define DEPTH 3         /* turns whose rows are on their way */

struct decode {
    struct sm90_decode_args a;
    int splits, each; /* cuts of a query, keys in one */
    float *part;      /* [B, splits, 128, 512] */
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

/* What a thread, one of eight to a row, holds of it. */
struct piece {
    uint4 latent[4], rope;
    float scale; /* number c % 4 */
};

static __device__ __forceinline__ void load_piece(struct piece *p, const uint8_t *row)
{
    int c = threadIdx.x % 8;
#pragma unroll
    for (int i = 0; i < 4; i++) p->latent[i] = load16(row + i * 128 + c * 16);
    p->scale = __ldg((const float *)(row + 512) + c % 4);
    p->rope = load16(row + 528 + c * 16);
}

static __device__ __forceinline__ void store_piece(const struct piece *p, const float scale[4], uint32_t to, int r)
{
    int c = threadIdx.x % 8;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        __half2 s = __float2half2_rn(scale[i]);
        uint32_t panel = to + (2 * i + c / 4) * PANEL_BYTES;
        store16(panel + swizzled(r, c % 4 * 2), widen8(p->latent[i].x, p->latent[i].y, s));
        store16(panel + swizzled(r, c % 4 * 2 + 1), widen8(p->latent[i].z, p->latent[i].w, s));
    }
    store16(to + 8 * PANEL_BYTES + swizzled(r, c), retype8(p->rope));
}

static __device__ __forceinline__ void clear_piece(uint32_t to, int r)
{
    int c = threadIdx.x % 8;
#pragma unroll
    for (int i = 0; i < PANELS; i++)
        store16(to + i * PANEL_BYTES + swizzled(r, c), make_uint4(0, 0, 0, 0));
}

static __device__ void produce(const struct decode &d, size_t batch, int h0, int first, int n,
                               uint32_t q, uint32_t keys, struct barriers *b)
{
    int r0 = threadIdx.x / 8, c = threadIdx.x % 8;
    const int32_t *sel = d.a.sel + batch * d.a.K + first;
    struct piece p[DEPTH];
#pragma unroll
    for (int i = 0; i < DEPTH; i++) {
        int at = r0 + i * TURN;
        load_piece(&p[i], d.a.cache + (size_t)sel[at < n ? at : 0] * ROW_BYTES);
    }
    int32_t ahead = sel[r0 + DEPTH * TURN < n ? r0 + DEPTH * TURN : 0]; /* which row comes next */
    for (int r = r0; r < HEADS; r += TURN) {
        const uint16_t *row = d.a.q + (batch * H + h0 + r) * WIDTH;
#pragma unroll
        for (int i = 0; i < PANELS; i++)
            store16(q + i * PANEL_BYTES + swizzled(r, c), retype8(load16(row + i * 64 + c * 8)));
    }
    fence_async();
    barrier_arrive(&b->q_full);
    int rows = (n + KEYS - 1) / KEYS * KEYS, at = r0;
    auto turn = [&](struct piece *mine) { /* stores a row, and fetches the one DEPTH turns on into its place */
        int block = at / KEYS, r = at % KEYS;
        uint32_t to = keys + (block & 1) * MATRIX_BYTES;
        if (r < TURN && block >= 2) barrier_wait(&b->empty[block & 1], (block / 2 - 1) & 1);
        float scale[4]; /* of the row, from the lanes that hold them */
#pragma unroll
        for (int i = 0; i < 4; i++) scale[i] = __shfl_sync(~0u, mine->scale, i, 8);
        if (at < n)
            store_piece(mine, scale, to, r);
        else
            clear_piece(to, r);
        if (at + DEPTH * TURN < n) {
            load_piece(mine, d.a.cache + (size_t)ahead * ROW_BYTES);
            int then = at + (DEPTH + 1) * TURN;
            ahead = sel[then < n ? then : 0];
        }
        at += TURN;
        if (r < KEYS - TURN) return;
        fence_async();
        barrier_arrive(&b->full[block & 1]);
    };
    while (at < rows) /* each turn has its registers: to move what is under way would be to wait for it */
#pragma unroll
        for (int i = 0; i < DEPTH; i++)
            if (at < rows) turn(&p[i]);
}

/* ------------------------------------------------------------------ results */

static __device__ __forceinline__ void write_out(const struct decode &d, size_t batch, int h0,
                                                 const struct attended &r, int half)
{
    uint16_t *to = d.a.out + (batch * H + h0 + head_of()) * LATENT + half * 256 + threadIdx.x % 4 * 2;
    float f0 = 1 / r.l0, f1 = 1 / r.l1;
#pragma unroll
    for (int i = 0; i < 32; i++) {
        *(uint32_t *)(to + 8 * i) = pack<KV_BF16>(r.o[4 * i] * f0, r.o[4 * i + 1] * f0);
        *(uint32_t *)(to + 8 * LATENT + 8 * i) =
            pack<KV_BF16>(r.o[4 * i + 2] * f1, r.o[4 * i + 3] * f1);
    }
}

static __device__ __forceinline__ void write_part(const struct decode &d, size_t batch, int split,
                                                  int h0, const struct attended &r, int half)
{
    size_t head = (batch * d.splits + split) * H + h0 + head_of();
    float *to = d.part + head * LATENT + half * 256 + threadIdx.x % 4 * 2;
    float f0 = 1 / r.l0, f1 = 1 / r.l1;
#pragma unroll
    for (int i = 0; i < 32; i++) {
        *(float2 *)(to + 8 * i) = make_float2(r.o[4 * i] * f0, r.o[4 * i + 1] * f0);
        *(float2 *)(to + 8 * LATENT + 8 * i) = make_float2(r.o[4 * i + 2] * f1, r.o[4 * i + 3] * f1);
    }
}

static __device__ __forceinline__ void write_weight(const struct decode &d, size_t batch, int split, int h0,
                                                    const struct weighed &w)
{
    float *to = d.weight + (batch * d.splits + split) * H + h0 + head_of();
    if (threadIdx.x % 4 == 0) to[0] = w.m0 + log2f(w.l0), to[8] = w.m1 + log2f(w.l1);
}

static __global__ void __launch_bounds__(512, 1)
mla_decode_kernel(__grid_constant__ const struct decode d)
{
    extern __shared__ uint8_t memory[];
    __shared__ struct barriers b;
    __shared__ struct beside beside[2];
    uint32_t q = (shared_address(memory) + 1023) / 1024 * 1024, keys = q + MATRIX_BYTES;
    size_t batch = blockIdx.y;
    int h0 = (int)(blockIdx.x & 1) * HEADS, split = (int)blockIdx.x / 2, first = split * d.each;
    int n = min(d.each, d.a.K - first);
    if (threadIdx.x == 0) barriers_init(&b);
    __syncthreads();
    int role = (int)threadIdx.x / 128;
    if (role == 0) {
        registers_less<112>();
        produce(d, batch, h0, first, n, q, keys, &b);
    } else if (role == 1) {
        registers_less<80>();
        struct weighed w;
        barrier_wait(&b.q_full, 0);
        weigh<KV_F16>(w, n, d.a.scale_log2, q, keys, &b, beside, 0);
        if (d.splits > 1) write_weight(d, batch, split, h0, w);
    } else {
        registers_more<160>();
        struct attended r;
        attend<KV_F16>(r, n, role - 2, keys, &b, beside, 0);
        if (d.splits == 1)
            write_out(d, batch, h0, r, role - 2);
        else
            write_part(d, batch, split, h0, r, role - 2);
    }
    if (d.splits > 1) cudaTriggerProgrammaticLaunchCompletion();
}

/* One block of 128 threads per query and head. */
static __global__ void __launch_bounds__(128) join_kernel(__grid_constant__ const struct decode d)
{
    size_t batch = blockIdx.y, h = blockIdx.x;
    cudaGridDependencySynchronize();
    float max = -INFINITY, sum = 0;
    const float *weight = d.weight + batch * d.splits * H + h;
    for (int i = 0; i < d.splits; i++) max = fmaxf(max, weight[i * H]);
    float4 v = make_float4(0, 0, 0, 0);
    for (int i = 0; i < d.splits; i++) {
        float f = exp2f(weight[i * H] - max);
        size_t head = (batch * d.splits + i) * H + h;
        float4 x = *(const float4 *)(d.part + head * LATENT + threadIdx.x * 4);
        sum += f;
        v.x += f * x.x, v.y += f * x.y, v.z += f * x.z, v.w += f * x.w;
    }
    float f = 1 / sum;
    *(uint2 *)(d.a.out + (batch * H + h) * LATENT + threadIdx.x * 4) =
        make_uint2(pack<KV_BF16>(v.x * f, v.y * f), pack<KV_BF16>(v.z * f, v.w * f));
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
        k.part = (float *)cuda_reserve(d, &d->part, heads * (LATENT + 1) * sizeof(float));
        if (!k.part) return;
        k.weight = k.part + heads * LATENT;
    }
    if (!cuda_shared(d, (const void *)mla_decode_kernel, SHARED, "sparse decode")) return;
    dim3 grid(2 * (unsigned)k.splits, (unsigned)a->B);
    mla_decode_kernel<<<grid, 512, SHARED, d->stream>>>(k);
    if (!cuda_launched(d, "sparse decode") || k.splits == 1) return;
    cudaLaunchAttribute early;
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t launch = {};
    launch.gridDim = dim3(H, (unsigned)a->B);
    launch.blockDim = dim3(128);
    launch.stream = d->stream;
    launch.attrs = &early;
    launch.numAttrs = 1;
    cuda_ok(d, cudaLaunchKernelEx(&launch, join_kernel, k), "sparse decode, joining");
}
