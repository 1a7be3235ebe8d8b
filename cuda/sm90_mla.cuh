/* sm90_mla.cuh: the part that multiplies of sparse attention at V3.2's widths, shared by prefill and
 * decode: two warpgroups against two buffers of 64 gathered keys.  sm90_mla_prefill.cu says how. */
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
    uint64_t q_full, q_empty, full[2], empty[2];
};

static __device__ void barriers_init(struct barriers *b)
{
    barrier_init(&b->q_full, 128);
    barrier_init(&b->q_empty, 256);
    for (int i = 0; i < 2; i++) {
        barrier_init(&b->full[i], 128);
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

/* o [64 heads, 256] += weights of one buffer * its half of the latent. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void values(float o[128], uint32_t weights, uint32_t v)
{
#pragma unroll
    for (int i = 0; i < 4; i++)
        (TYPE == KV_BF16 ? wgmma_bf16_n256_t : wgmma_f16_n256_t)(
            o, operand(weights) + 2 * i, operand_t(v + i * 2048, PANEL_BYTES), true);
    products_close();
}

/* What one thread of a warpgroup holds of its result: of head `row` and of row + 8 every fourth pair of
 * 256 columns (o as wgmma leaves it), the sum of all weights and the largest logit, in powers of 2. */
struct attended {
    float o[128], l0, l1, m0, m1;
    int row;
};

/* n keys against 64 heads.  half: which buffer's logits, and which half of the latent, are this
 * warpgroup's.  pair: counts pairs of buffers over all calls. */
template <enum kv_type TYPE>
static __device__ __forceinline__ void attend(struct attended &r, int n, float scale_log2, int half,
                                              uint32_t q, uint32_t keys, struct barriers *b,
                                              float (*shared)[HEADS], uint32_t pair)
{
    int thread = threadIdx.x % 128, lane = thread % 32, row = thread / 32 * 16 + lane / 4;
    int pairs = (n + 2 * KEYS - 1) / (2 * KEYS);
    uint32_t mine = keys + half * MATRIX_BYTES, weights = mine + 8 * PANEL_BYTES;
    float(&o)[128] = r.o, m0 = -INFINITY, m1 = -INFINITY, l0 = 0, l1 = 0;
#pragma unroll
    for (int i = 0; i < 128; i++) o[i] = 0;
    for (int p = 0; p < pairs; p++) {
        uint32_t parity = (pair + p) & 1;
        float s[32];
        barrier_wait(&b->full[half], parity);
        fence_async();
        logits<TYPE>(s, q, mine);
        products_wait<0>();
        products_hold(s);
        if (p + 1 == pairs) barrier_arrive(&b->q_empty);
        int in = n - (2 * p + half) * KEYS - lane % 4 * 2; /* column 8 i + j is a key below this */
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
        x0 = quad_max(x0);
        x1 = quad_max(x1);
        if (lane % 4 == 0) shared[half][row] = x0, shared[half][row + 8] = x1;
        named_sync(1, 256);
        x0 = fmaxf(m0, fmaxf(x0, shared[!half][row]) * scale_log2);
        x1 = fmaxf(m1, fmaxf(x1, shared[!half][row + 8]) * scale_log2);
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
        fence_async();
        barrier_wait(&b->full[!half], parity);
        fence_async();
        named_sync(2, 256);
        if (__any_sync(~0u, f0 != 1 || f1 != 1)) {
#pragma unroll
            for (int i = 0; i < 128; i++) o[i] *= i & 2 ? f1 : f0;
        }
        products_hold(o);
        products_open();
        values<TYPE>(o, keys + 8 * PANEL_BYTES, keys + half * 4 * PANEL_BYTES);
        values<TYPE>(o, keys + MATRIX_BYTES + 8 * PANEL_BYTES,
               keys + MATRIX_BYTES + half * 4 * PANEL_BYTES);
        products_wait<1>();
        barrier_arrive(&b->empty[0]);
        products_wait<0>();
        products_hold(o);
        barrier_arrive(&b->empty[1]);
    }
    l0 = quad_sum(l0);
    l1 = quad_sum(l1);
    if (lane % 4 == 0) shared[half][row] = l0, shared[half][row + 8] = l1;
    named_sync(1, 256);
    r.l0 = l0 + shared[!half][row];
    r.l1 = l1 + shared[!half][row + 8];
    r.m0 = m0, r.m1 = m1, r.row = row;
    named_sync(2, 256); /* read before the next call writes there */
}

#endif
