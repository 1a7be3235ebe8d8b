/* sm90_mla.cuh: the part that multiplies of sparse attention at V3.2's widths, shared by prefill and
 * decode: 64 heads against buffers of 64 gathered keys, two in turn.
 *
 * One warpgroup makes the logits of a buffer and turns them into weights, which it leaves where the rope part of
 * the keys lay; two others multiply these with half of the latent each.  So the tensor cores multiply
 * weights while the next logits become weights, and the fourth warpgroup fills the other buffer. */
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
#define MATRIX_BYTES (PANELS * PANEL_BYTES) /* 64 rows of 576 bf16 */
#define SHARED (3 * MATRIX_BYTES + 1024)

struct barriers {
    uint64_t q_full, q_empty, full[2], weights[2], empty[2];
};

/* What the weights of a buffer come with. */
struct beside {
    float factor[HEADS]; /* of the sums so far */
    float sum[HEADS];    /* of all weights; with the last buffer */
};

static __device__ void barriers_init(struct barriers *b)
{
    barrier_init(&b->q_full, 128);
    barrier_init(&b->q_empty, 128);
    for (int i = 0; i < 2; i++) {
        barrier_init(&b->full[i], 128);
        barrier_init(&b->weights[i], 128);
        barrier_init(&b->empty[i], 256);
    }
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

/* s [64 heads, 64 keys] of one buffer. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void logits(float s[32], uint32_t q, uint32_t k)
{
    products_open();
#pragma unroll
    for (int p = 0; p < PANELS; p++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            (TYPE == KV_BF16 ? wgmma_bf16_n64 : wgmma_f16_n64)(
                s, operand(q + p * PANEL_BYTES) + 2 * i, operand(k + p * PANEL_BYTES) + 2 * i,
                p + i > 0);
    products_close();
}

/* o [64 heads, 256] (+)= weights of one buffer * its half of the latent. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void values(float o[128], uint32_t weights, uint32_t v, bool add)
{
    products_open();
#pragma unroll
    for (int c = 0; c < 2; c++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            (TYPE == KV_BF16 ? wgmma_bf16_n128_t : wgmma_f16_n128_t)(
                o + 64 * c, operand(weights) + 2 * i, operand_t(v + 2 * c * PANEL_BYTES + i * 2048, PANEL_BYTES),
                add || i > 0);
    products_close();
}

/* The first of two heads, 8 apart, that a thread of a warpgroup has to do with. */
static __device__ __forceinline__ int head_of(void)
{
    return threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4;
}

/* The largest logit (in powers of 2) and the sum of weights of head_of() and the one 8 below. */
struct weighed {
    float m0, m1, l0, l1;
};

/* n keys against 64 heads, by the first warpgroup.  block: counts buffers over all calls. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void weigh(struct weighed &w, int n, float scale_log2, uint32_t q, uint32_t keys,
                                             struct barriers *b, struct beside *beside, uint32_t block)
{
    int lane = threadIdx.x % 32, row = head_of(), blocks = (n + KEYS - 1) / KEYS;
    float m0 = -INFINITY, m1 = -INFINITY, l0 = 0, l1 = 0;
    for (int p = 0; p < blocks; p++, block++) {
        uint32_t mine = keys + (block & 1) * MATRIX_BYTES, weights = mine + 8 * PANEL_BYTES;
        struct beside *with = beside + (block & 1);
        float s[32];
        barrier_wait(&b->full[block & 1], block / 2 & 1);
        fence_async();
        logits<TYPE>(s, q, mine);
        products_wait<0>();
        products_hold(s);
        if (p + 1 == blocks) barrier_arrive(&b->q_empty);
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
        x0 = fmaxf(m0, quad_max(x0) * scale_log2);
        x1 = fmaxf(m1, quad_max(x1) * scale_log2);
        float f0 = power(m0 - x0), f1 = power(m1 - x1);
        m0 = x0, m1 = x1;
        l0 *= f0, l1 *= f1;
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

/* half: which half of the latent is this warpgroup's. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void attend(struct attended &r, int n, int half, uint32_t keys, struct barriers *b,
                                              const struct beside *beside, uint32_t block)
{
    int row = head_of(), blocks = (n + KEYS - 1) / KEYS;
    float(&o)[128] = r.o;
    for (int p = 0; p < blocks; p++, block++) {
        uint32_t mine = keys + (block & 1) * MATRIX_BYTES;
        const struct beside *with = beside + (block & 1);
        barrier_wait(&b->weights[block & 1], block / 2 & 1);
        fence_async();
        float f0 = with->factor[row], f1 = with->factor[row + 8];
        if (p + 1 == blocks) r.l0 = with->sum[row], r.l1 = with->sum[row + 8];
        if (p > 0 && __any_sync(~0u, f0 != 1 || f1 != 1)) {
#pragma unroll
            for (int i = 0; i < 128; i++) o[i] *= i & 2 ? f1 : f0;
        }
        products_hold(o);
        values<TYPE>(o, mine + 8 * PANEL_BYTES, mine + half * 4 * PANEL_BYTES, p > 0);
        products_wait<0>();
        products_hold(o);
        barrier_arrive(&b->empty[block & 1]);
    }
}

#endif
