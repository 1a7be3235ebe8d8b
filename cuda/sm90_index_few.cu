/* sm90_index_few.cu: the indexer's FP8 scores of few queries, each with its own keys, V3.2's widths.
 *                                                                bench: bench/gpu_index.cu
 *   q [n, 64, 128] e4m3    w [n, 64] f32, q's scales folded in    keys: 16 bits, in the pages of each query
 *   out[r, s] = kscale[s] * sum_j w[r, j] * max(0, q[r, j] . key8[s]),  s <= position of row r, at r * ld + s
 *   key8, kscale: the key turned by Hadamard's matrix, in e4m3 with a scale, as sm90_fp8.cu's key_kernel makes them.
 *
 * Method   a block takes one query and a run of its keys in tiles of 128.  Two warpgroups read keys, four lanes to
 *          one, turn and round them on their way into shared memory, the next key's loads under way; a third
 *          multiplies (m64n64k32) and adds over the heads, in sm90_index.cu's order.
 * Grid     (runs, queries), two blocks per multiprocessor.
 * Cost     the keys' 256 bytes once: 64 queries of 128K: 2.1 GB, 0.5 ms at 4.28 TB/s; turning takes 7 additions a
 *          number.
 * Exact    as sm90_index.cu, bit for bit.
 * Seen     H200, batch 1 / 8 / 64 at 128K: 26.4 / 174 / 1271 us, 1.7 TB/s: turning is the longer part, not the reading.  DeepGEMM,
 *          whose keys lie in memory as e4m3, half the bytes and nothing to turn: 8.6 / 39.6 / 281.
 * Limits   64 heads of 128. */
#include "cuda/sm90.cuh"
#include "cuda/sm90_ops.h"
#include "cuda/sm90_quantise.cuh"

#define HEADS 64
#define WIDTH 128
#define KEYS 128 /* of a tile */
#define STAGES 3
#define TILE_BYTES (KEYS * WIDTH)
#define SHARED (HEADS * WIDTH + STAGES * TILE_BYTES + 1024)

/* ------------------------------------------------------------------ turning */

/* Numbers 8 * (4 j + lane % 4) .. + 7 of a key, j < 4: 16 bytes a piece, 64 of four lanes together. */
struct piece {
    uint4 v[4];
};

static __device__ __forceinline__ struct piece load_piece(const uint16_t *key)
{
    struct piece p;
#pragma unroll
    for (int j = 0; j < 4; j++)
        p.v[j] = key ? __ldg((const uint4 *)key + 4 * j + threadIdx.x % 4) : make_uint4(0, 0, 0, 0);
    return p;
}

/* Sums and differences of pairs of numbers `apart` that one thread holds. */
template <int APART> static __device__ __forceinline__ void turn_within(float x[32])
{
#pragma unroll
    for (int i = 0; i < 32; i++)
        if (!(i & APART)) {
            float a = x[i], b = x[i + APART];
            x[i] = a + b, x[i + APART] = a - b;
        }
}

/* The same of pairs that two lanes hold. */
static __device__ __forceinline__ void turn_across(float x[32], int apart)
{
    float sign = threadIdx.x & apart ? -1.0f : 1.0f;
#pragma unroll
    for (int i = 0; i < 32; i++) x[i] = fmaf(sign, x[i], __shfl_xor_sync(~0u, x[i], apart));
}

/* A key to row r of a tile; x[8 j + i] is number 8 (4 j + lane % 4) + i.  Bits of the place are turned from the
 * lowest up, as sm90_fp8.cu does. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void put_piece(const struct piece &p, uint32_t tile, int r, float *kscale)
{
    float x[32], most = 0;
#pragma unroll
    for (int i = 0; i < 32; i++) {
        const uint32_t w[4] = {p.v[i / 8].x, p.v[i / 8].y, p.v[i / 8].z, p.v[i / 8].w};
        x[i] = element<TYPE>::get((uint16_t)(w[i / 2 % 4] >> i % 2 * 16));
    }
    turn_within<1>(x), turn_within<2>(x), turn_within<4>(x);
    turn_across(x, 1), turn_across(x, 2);
    turn_within<8>(x), turn_within<16>(x);
#pragma unroll
    for (int i = 0; i < 32; i++) x[i] *= HADAMARD, most = fmaxf(most, fabsf(x[i]));
    most = fmaxf(most, __shfl_xor_sync(~0u, most, 1));
    most = fmaxf(most, __shfl_xor_sync(~0u, most, 2));
    float scale = scale_for(most);
    int lane = threadIdx.x % 4;
#pragma unroll
    for (int j = 0; j < 4; j++) {
        const float *y = x + 8 * j;
        uint32_t lo = as_e4m3(make_float4(y[0], y[1], y[2], y[3]), scale);
        uint32_t hi = as_e4m3(make_float4(y[4], y[5], y[6], y[7]), scale);
        uint32_t at = tile + swizzled(r, 2 * j + lane / 2) + lane % 2 * 8;
        asm volatile("st.shared.v2.b32 [%0], {%1, %2};" ::"r"(at), "r"(lo), "r"(hi) : "memory");
    }
    if (lane == 0) kscale[r] = scale;
}

/* ------------------------------------------------------------------ the kernel */

struct few {
    struct cuda_where where;
    size_t offset, ld;
    const uint8_t *q;
    const float *w;
    float *out;
    int run; /* keys of a block */
};

struct room {
    uint64_t full[STAGES], empty[STAGES];
    float kscale[STAGES][KEYS];
};

/* 256 threads: four to a key, 64 keys at a time. */
template <enum kv_type TYPE>
static __device__ void produce(const struct few &a, size_t row, size_t s0, size_t s1, uint32_t tiles, struct room *room)
{
    void *const *pages = pages_of(a.where, row);
    int r0 = threadIdx.x / 4, turns = (int)((s1 - s0 + KEYS - 1) / KEYS) * 2;
    auto key_at = [&](int turn) -> const uint16_t * {
        size_t s = s0 + (size_t)turn * (KEYS / 2) + r0;
        return s < s1 ? row_at<TYPE>(pages, a.offset, s, WIDTH) : NULL;
    };
    struct piece p = load_piece(key_at(0));
    for (int i = 0; i < turns; i++) {
        int tile = i / 2, stage = tile % STAGES;
        struct piece next = load_piece(i + 1 < turns ? key_at(i + 1) : NULL);
        if (i % 2 == 0 && tile >= STAGES) barrier_wait(&room->empty[stage], (tile / STAGES - 1) & 1);
        put_piece<TYPE>(p, tiles + stage * TILE_BYTES, i % 2 * (KEYS / 2) + r0, room->kscale[stage]);
        p = next;
        if (i % 2 == 0) continue;
        fence_async();
        barrier_arrive(&room->full[stage]);
    }
}

static __device__ void consume(const struct few &a, size_t row, size_t s0, size_t s1, uint32_t q, uint32_t tiles,
                               struct room *room)
{
    int lane = threadIdx.x % 32, key = threadIdx.x % 128 / 32 * 16 + lane / 4;
    int n = (int)((s1 - s0 + KEYS - 1) / KEYS);
    float w[16], d[32], *out = a.out + row * a.ld;
#pragma unroll
    for (int i = 0; i < 16; i++) w[i] = a.w[row * HEADS + i / 2 * 8 + lane % 4 * 2 + i % 2];
    for (int i = 0; i < 2 * n; i++) {
        int stage = i / 2 % STAGES, mine = i % 2 * 64 + key;
        uint32_t tile = tiles + stage * TILE_BYTES + i % 2 * 64 * WIDTH;
        if (i % 2 == 0) barrier_wait(&room->full[stage], i / 2 / STAGES & 1);
        products_open();
#pragma unroll
        for (int k = 0; k < 4; k++) wgmma_e4m3<HEADS>(d, operand(tile) + 2 * k, operand(q) + 2 * k, k > 0);
        products_close();
        float k0 = room->kscale[stage][mine], k1 = room->kscale[stage][mine + 8];
        products_wait<0>();
        if (i % 2) barrier_arrive(&room->empty[stage]);
        products_hold<32>(d);
        float x = 0, y = 0, u = 0, v = 0;
#pragma unroll
        for (int g = 0; g < 8; g++) {
            x = fmaf(fmaxf(d[4 * g], 0), w[2 * g], x);
            u = fmaf(fmaxf(d[4 * g + 1], 0), w[2 * g + 1], u);
            y = fmaf(fmaxf(d[4 * g + 2], 0), w[2 * g], y);
            v = fmaf(fmaxf(d[4 * g + 3], 0), w[2 * g + 1], v);
        }
        x += u, y += v;
        x += __shfl_xor_sync(~0u, x, 1), y += __shfl_xor_sync(~0u, y, 1);
        x += __shfl_xor_sync(~0u, x, 2), y += __shfl_xor_sync(~0u, y, 2);
        size_t s = s0 + (size_t)i * 64 + key;
        if (lane % 4 == 0 && s < s1) out[s] = x * k0;
        if (lane % 4 == 1 && s + 8 < s1) out[s + 8] = y * k1;
    }
}

template <enum kv_type TYPE>
static __global__ void __launch_bounds__(384, 2) few_kernel(__grid_constant__ const struct few a)
{
    cuda_follow();
    extern __shared__ uint8_t shared[];
    __shared__ struct room room;
    uint32_t q = (shared_address(shared) + 1023) / 1024 * 1024, tiles = q + HEADS * WIDTH;
    size_t row = blockIdx.y, s0 = (size_t)blockIdx.x * a.run, s1 = position_of(a.where, row) + 1;
    if (s0 >= s1) return;
    if (s1 > s0 + a.run) s1 = s0 + a.run;
    if (threadIdx.x == 0) {
        for (int i = 0; i < STAGES; i++) {
            barrier_init(&room.full[i], 256);
            barrier_init(&room.empty[i], 128);
        }
    }
    for (int i = threadIdx.x; i < HEADS * 8; i += 384)
        copy16(q + swizzled(i / 8, i % 8), a.q + (row * HEADS + i / 8) * WIDTH + i % 8 * 16);
    copies_close();
    copies_wait<0>();
    fence_async();
    __syncthreads();
    if (threadIdx.x < 256)
        produce<TYPE>(a, row, s0, s1, tiles, &room);
    else
        consume(a, row, s0, s1, q, tiles, &room);
}

/* ------------------------------------------------------------------ launchers */

void sm90_index_few(struct device *d, const struct sm90_index_few_args *a)
{
    if (!a->n || !cuda_ready(d)) return;
    size_t run = cuda_ceil(a->bound * a->n, 4 * (size_t)d->multiprocessors);
    run = cuda_ceil(run < 512 ? 512 : run > 4096 ? 4096 : run, KEYS) * KEYS;
    struct few k = {a->where, a->offset, a->ld, a->q, a->w, a->out, (int)run};
    dim3 grid((unsigned)cuda_ceil(a->bound, run), (unsigned)a->n);
    auto *kernel = a->type == KV_BF16 ? few_kernel<KV_BF16> : few_kernel<KV_F16>;
    if (!cuda_shared(d, (const void *)kernel, SHARED, "index scores of few queries")) return;
    cuda_launch(d, kernel, grid, 384, SHARED, k);
    cuda_launched(d, "index scores of few queries");
}
