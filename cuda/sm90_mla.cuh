/* sm90_mla.cuh: sparse attention at V3.2's widths: what prefill and decode share, and the part of decode that
 * multiplies: 64 heads against buffers of 64 gathered keys.
 *
 * One warpgroup makes the logits of a buffer and turns them into weights, which it leaves where the rope part of
 * the keys lay; two others multiply these with half of the latent each.  So the tensor cores multiply
 * weights while the next logits become weights, and the fourth warpgroup fills what has been left.
 *
 * The latent of a buffer comes in four chunks of two panels, in a ring of SLOTS of these: a chunk is filled again as
 * soon as the one warpgroup that multiplies with it has done so.  A third of the queries stays in registers, which
 * leaves room for more than two buffers, and spares shared memory, which is as busy as the tensor cores.
 *
 * The two blocks of a cluster, with 64 heads each, bring half of the keys each and send them to the other. */
#ifndef CUDA_SM90_MLA_CUH
#define CUDA_SM90_MLA_CUH

#include "cuda/element.cuh"
#include "cuda/sm90.cuh"

#define HEADS 64                        /* of a block */
#define WIDTH 576
#define LATENT 512
#define KEYS 64                         /* of a buffer */
#define PANELS (WIDTH / 64)
#define PANEL_BYTES (64 * 128)
#define CHUNKS 4                        /* of the latent, and the rope part, a panel, after them */
#define CHUNK_BYTES (2 * PANEL_BYTES)
#define QHELD 3                         /* panels of the queries in registers, the last ones */
#define QCHUNKS ((PANELS - QHELD) / 2)  /* of the queries in shared memory */
#define SLACK 8.0f                      /* powers of 2 by which logits may pass what weights are relative to */

template <int SLOTS> struct barriers {
    uint64_t q_full[QCHUNKS], full[SLOTS], empty[SLOTS], rope_full[2], rope_empty[2], weights[2];
    uint64_t sent[2]; /* the other block of the cluster has the rope part from here */
};

/* Where a block has what, in bytes of shared memory. */
template <int SLOTS> struct layout {
    static constexpr uint32_t q = 0, chunk = QCHUNKS * CHUNK_BYTES, rope = chunk + SLOTS * CHUNK_BYTES,
                              end = rope + 2 * PANEL_BYTES;
};

/* The next chunk's slot, and the parity of the phase that fills it. */
template <int SLOTS> struct cursor {
    uint32_t slot = 0, phase = 0;
    __device__ __forceinline__ void step(uint32_t n)
    {
        slot += n;
        if (slot >= SLOTS) slot -= SLOTS, phase ^= 1;
    }
};

/* What the weights of a buffer come with. */
struct beside {
    float factor[HEADS]; /* of the sums so far */
    float sum[HEADS];    /* of all weights; with the last buffer */
};

/* q, keys: arrivals that fill a chunk of either. */
template <int SLOTS> static __device__ void barriers_init(struct barriers<SLOTS> *b, int q, int keys)
{
    for (int i = 0; i < QCHUNKS; i++) barrier_init(&b->q_full[i], q);
    for (int i = 0; i < SLOTS; i++) {
        barrier_init(&b->full[i], keys);
        barrier_init(&b->empty[i], 128 + 4);
    }
    for (int i = 0; i < 2; i++) {
        barrier_init(&b->rope_full[i], keys);
        barrier_init(&b->rope_empty[i], 2 * (128 + 4));
        barrier_init(&b->weights[i], 128);
        barrier_init(&b->sent[i], 1);
    }
}

/* What this thread has done with may be filled again, by this block and by the other of the cluster.  All threads
 * arrive: racecheck sees no order where one does so for its warp. */
static __device__ __forceinline__ void leave(uint64_t *empty)
{
    barrier_arrive(empty);
    __syncwarp();
    if (threadIdx.x % 32 == 0) barrier_arrive_at(empty, cluster_rank() ^ 1);
}

/* ------------------------------------------------------------------ computing */

static __device__ __forceinline__ float quad_max(float v)
{
    v = fmaxf(v, __shfl_xor_sync(~0u, v, 1));
    return fmaxf(v, __shfl_xor_sync(~0u, v, 2));
}

static __device__ __forceinline__ float quad_sum(float v)
{
    v += __shfl_xor_sync(~0u, v, 1);
    return v + __shfl_xor_sync(~0u, v, 2);
}

template <enum kv_type TYPE> static __device__ __forceinline__ uint32_t pack(float a, float b)
{
    __nv_bfloat162 h = __floats2bfloat162_rn(a, b);
    __half2 f = __floats2half2_rn(a, b);
    return TYPE == KV_BF16 ? *(uint32_t *)&h : *(uint32_t *)&f;
}

/* 2^x to 2^-22; what is smaller than 2^-126 is 0. */
static __device__ __forceinline__ float power(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/* The first of two heads, 8 apart, that a thread of a warpgroup has to do with. */
static __device__ __forceinline__ int head_of(void)
{
    return threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4;
}

/* The last panels of 64 queries, which warpgroup instructions take from registers. */
struct held {
    uint32_t a[4 * QHELD][4];
};

/* q: 64 rows of the products' type. */
static __device__ __forceinline__ void hold(struct held &h, const uint16_t *q)
{
    const uint16_t *from = q + head_of() * WIDTH + (PANELS - QHELD) * 64 + threadIdx.x % 4 * 2;
#pragma unroll
    for (int k = 0; k < 4 * QHELD; k++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            h.a[k][i] = __ldg((const uint32_t *)(from + k * 16 + i % 2 * 8 * WIDTH + i / 2 * 8));
}

/* s [64 heads, 64 keys] (+)= panel p of the queries * that of the keys. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void logits_panel(float s[32], int p, uint32_t q, const struct held &held, uint32_t k)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        uint64_t b = operand(k) + 2 * i;
        if (p >= PANELS - QHELD)
            (TYPE == KV_BF16 ? wgmma_bf16_n64_r : wgmma_f16_n64_r)(s, held.a[(p - (PANELS - QHELD)) * 4 + i], b, p + i > 0);
        else
            (TYPE == KV_BF16 ? wgmma_bf16_n64 : wgmma_f16_n64)(s, operand(q + p * PANEL_BYTES) + 2 * i, b, p + i > 0);
    }
}

/* s of a buffer, as it arrives; at: its first chunk.  q_full: NULL if the queries are there.  Who stores keys
 * fences them before it hands them over. */
template <enum kv_type TYPE, int SLOTS>
static __device__ __forceinline__ void logits(float s[32], uint32_t memory, const struct held &held, struct barriers<SLOTS> *b,
                                              struct cursor<SLOTS> &at, uint32_t block, uint64_t *q_full)
{
    typedef struct layout<SLOTS> in;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++, at.step(1)) {
        if (q_full && c < QCHUNKS) barrier_wait(q_full + c, 0);
        barrier_wait(&b->full[at.slot], at.phase);
        products_open();
#pragma unroll
        for (int p = 2 * c; p < 2 * c + 2; p++)
            logits_panel<TYPE>(s, p, memory + in::q, held, memory + in::chunk + at.slot * CHUNK_BYTES + p % 2 * PANEL_BYTES);
    }
    barrier_wait(&b->rope_full[block & 1], block / 2 & 1);
    products_open();
    logits_panel<TYPE>(s, PANELS - 1, memory + in::q, held, memory + in::rope + (block & 1) * PANEL_BYTES);
    products_close();
}

/* o [64 heads, 128] (+)= weights of one buffer * a chunk of its latent. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void values(float o[64], uint32_t weights, uint32_t v, bool add)
{
#pragma unroll
    for (int i = 0; i < 4; i++)
        (TYPE == KV_BF16 ? wgmma_bf16_n128_t : wgmma_f16_n128_t)(o, operand(weights) + 2 * i,
                                                                 operand_t(v + i * 2048, PANEL_BYTES), add || i > 0);
    products_close();
}

/* The largest logit (in powers of 2) and the sum of weights of head_of() and the one 8 below. */
struct weighed {
    float m0, m1, l0, l1;
};

/* n keys against 64 heads, by the first warpgroup.  at, block: the next chunk and buffer over all calls. */
template <enum kv_type TYPE, int SLOTS>
static __device__ __forceinline__ void weigh(struct weighed &w, int n, float scale_log2, uint32_t memory, const struct held &held,
                                             struct barriers<SLOTS> *b, struct beside *beside, struct cursor<SLOTS> &at,
                                             uint32_t &block)
{
    int lane = threadIdx.x % 32, row = head_of(), blocks = (n + KEYS - 1) / KEYS;
    float m0 = -INFINITY, m1 = -INFINITY, l0 = 0, l1 = 0;
    for (int p = 0; p < blocks; p++, block++) {
        uint32_t weights = memory + layout<SLOTS>::rope + (block & 1) * PANEL_BYTES;
        struct beside *with = beside + (block & 1);
        float s[32];
        logits<TYPE, SLOTS>(s, memory, held, b, at, block, p ? NULL : b->q_full);
        if (threadIdx.x % 128 == 0) barrier_arrive_at(&b->sent[block & 1], cluster_rank() ^ 1);
        products_wait<0>();
        products_hold(s);
        int in = n - p * KEYS - lane % 4 * 2; /* column 8 i + j is a key below this */
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
        x0 = quad_max(x0) * scale_log2, x1 = quad_max(x1) * scale_log2;
        /* A little more than the largest so far does as well, and spares the sums so far a product. */
        if (x0 <= m0 + SLACK) x0 = m0;
        if (x1 <= m1 + SLACK) x1 = m1;
        float f0 = power(m0 - x0), f1 = power(m1 - x1);
        m0 = x0, m1 = x1;
        l0 *= f0, l1 *= f1;
        barrier_wait(&b->sent[block & 1], block / 2 & 1);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            float p00 = power(fmaf(s[4 * i], scale_log2, -m0));
            float p01 = power(fmaf(s[4 * i + 1], scale_log2, -m0));
            float p10 = power(fmaf(s[4 * i + 2], scale_log2, -m1));
            float p11 = power(fmaf(s[4 * i + 3], scale_log2, -m1));
            l0 += p00 + p01;
            l1 += p10 + p11;
            uint32_t at = weights + lane % 4 * 4;
            asm volatile("st.shared.b32 [%0], %1;" ::"r"(at + swizzled(row, i)), "r"(pack<TYPE>(p00, p01)));
            asm volatile("st.shared.b32 [%0], %1;" ::"r"(at + swizzled(row + 8, i)),
                         "r"(pack<TYPE>(p10, p11)));
        }
        if (p + 1 == blocks) l0 = quad_sum(l0), l1 = quad_sum(l1);
        if (lane % 4 == 0) {
            with->factor[row] = f0, with->factor[row + 8] = f1;
            if (p + 1 == blocks) with->sum[row] = l0, with->sum[row + 8] = l1;
        }
        fence_async();
        barrier_arrive(&b->weights[block & 1]);
    }
    w = {m0, m1, l0, l1};
}

/* What a thread of the other two warpgroups holds of its result: of its heads every fourth pair of 256 columns (o as
 * wgmma leaves it), and the sums of weights. */
struct attended {
    float o[128], l0, l1;
};

/* half: which half of the latent is this warpgroup's; at: its first chunk. */
template <enum kv_type TYPE, int SLOTS>
static __device__ __forceinline__ void attend(struct attended &r, int n, int half, uint32_t memory, struct barriers<SLOTS> *b,
                                              const struct beside *beside, struct cursor<SLOTS> &at, uint32_t &block)
{
    typedef struct layout<SLOTS> in;
    int row = head_of(), blocks = (n + KEYS - 1) / KEYS;
    float(&o)[128] = r.o;
    for (int p = 0; p < blocks; p++, block++) {
        uint32_t weights = memory + in::rope + (block & 1) * PANEL_BYTES;
        const struct beside *with = beside + (block & 1);
        struct cursor<SLOTS> one = at, two;
        one.step(2 * half);
        two = one;
        two.step(1);
        at.step(CHUNKS);
        barrier_wait(&b->weights[block & 1], block / 2 & 1);
        float f0 = with->factor[row], f1 = with->factor[row + 8];
        if (p + 1 == blocks) r.l0 = with->sum[row], r.l1 = with->sum[row + 8];
        if (p > 0 && __any_sync(~0u, f0 != 1 || f1 != 1)) {
#pragma unroll
            for (int i = 0; i < 128; i++) o[i] *= i & 2 ? f1 : f0;
        }
        products_hold(o);
        products_open();
        values<TYPE>(o, weights, memory + in::chunk + one.slot * CHUNK_BYTES, p > 0);
        values<TYPE>(o + 64, weights, memory + in::chunk + two.slot * CHUNK_BYTES, p > 0);
        products_wait<1>();
        leave(&b->empty[one.slot]);
        products_wait<0>();
        products_hold(o);
        leave(&b->empty[two.slot]);
        leave(&b->rope_empty[block & 1]);
    }
}

/* Words of four neighbouring lanes, four each, turned: lane t gets word t of each. */
static __device__ __forceinline__ void quad_turn(uint32_t v[4])
{
#pragma unroll
    for (int i = 1; i < 4; i *= 2) {
        bool mine = threadIdx.x & i;
#pragma unroll
        for (int j = 0; j < 4; j++) {
            if (j & i) continue;
            uint32_t got = __shfl_xor_sync(~0u, mine ? v[j] : v[j + i], i);
            if (mine) v[j] = got;
            else v[j + i] = got;
        }
    }
}

/* The result as 16-bit numbers, to the first of 64 heads; it is not read here again. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void write_short(uint16_t *out, const struct attended &r, int half)
{
    uint16_t *to = out + head_of() * LATENT + half * 256 + threadIdx.x % 4 * 8;
    float f0 = 1 / r.l0, f1 = 1 / r.l1;
#pragma unroll
    for (int i = 0; i < 32; i += 4) {
        uint32_t v[4], w[4];
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const float *o = r.o + 4 * (i + j);
            v[j] = pack<TYPE>(o[0] * f0, o[1] * f0), w[j] = pack<TYPE>(o[2] * f1, o[3] * f1);
        }
        quad_turn(v);
        quad_turn(w);
        __stcs((uint4 *)(to + 8 * i), make_uint4(v[0], v[1], v[2], v[3]));
        __stcs((uint4 *)(to + 8 * LATENT + 8 * i), make_uint4(w[0], w[1], w[2], w[3]));
    }
}

#endif
