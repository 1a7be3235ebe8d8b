/* rope.cu: rotary positions, pairs (2i, 2i+1) or (i, i + P/2).    op: rope
 *
 * Grid     one thread per pair; the frequencies travel as a kernel parameter.
 * Cost     reads and writes P of the row's elements: 16 bytes a pair, and one sine and cosine, which
 *          the arguments up to 131071 radians make the longer part (no table: rows come once).
 * Exact    the angle is the f32 product that ref takes; sinf and cosf without fast-math.
 * Limits   P <= 256.     Tests: tests/test_op_norm.c */
#include <string.h>

#include "cuda/cuda.h"

#define PAIRS 128

struct frequencies {
    float f[PAIRS];
};

static __global__ void rope_kernel(float *x, size_t n, size_t ld, size_t stride, struct cuda_where where,
                                   int heads, int half, __grid_constant__ const frequencies inv,
                                   float amplitude, bool interleaved)
{
    cuda_follow();
    size_t k = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
    if (k >= n) return;
    unsigned row_of = (unsigned)k / (unsigned)half; /* fewer than 2^32 pairs: the launcher */
    int i = (int)((unsigned)k % (unsigned)half), h = (int)(row_of % (unsigned)heads);
    size_t t = row_of / (unsigned)heads;
    float angle = (float)position_of(where, t) * inv.f[i], c, s;
    sincosf(angle, &s, &c);
    c *= amplitude, s *= amplitude;
    float *row = x + t * ld + h * stride;
    float *a = row + (interleaved ? 2 * i : i), *b = row + (interleaved ? 2 * i + 1 : i + half);
    float x0 = *a, x1 = *b;
    *a = x0 * c - x1 * s;
    *b = x0 * s + x1 * c;
}

/* ------------------------------------------------------------------ launchers */

/* n parts of equally many rows. */
static void rotate(struct device *d, const struct rope_args *a, size_t n)
{
    int half = a->P / 2;
    size_t pairs = n * a->T * (size_t)a->heads * (size_t)half;
    struct frequencies inv;
    struct cuda_where where;
    if (!pairs || !cuda_ready(d)) return;
    if (pairs > UINT32_MAX) {
        err_set(&d->failed, E_DEVICE, "cuda: rope over %zu pairs", pairs);
        return;
    }
    if (half > PAIRS) {
        err_set(&d->failed, E_DEVICE, "cuda: rope over %d elements, at most %d", a->P, 2 * PAIRS);
        return;
    }
    memcpy(inv.f, a->inv_freq, (size_t)half * sizeof *inv.f);
    if (!cuda_where_of(d, a, n, &where)) return;
    cuda_launch(d, rope_kernel, (unsigned)cuda_ceil(pairs, 256), 256, 0, a->x, pairs, a->ld, a->stride, where,
                a->heads, half, inv, a->amplitude, a->pairing == ROPE_INTERLEAVED);
    cuda_launched(d, "rope");
}

void cuda_rope(struct device *d, const struct rope_args *a, size_t n)
{
    for (size_t i = 0, k; i < n; i += k) rotate(d, a + i, k = cuda_alike(a + i, n - i));
}
