/* norm.c: drivers of the elementwise and row-wise operations, RoPE and the cache writer. */
#include <math.h>
#include <string.h>

#include "engine/cpu/cpu.h"

#define ALONE 16384 /* elements below which one thread is faster */

void cpu_rmsnorm(struct device *d, float *y, size_t ldy, float *x, size_t ldx, const float *r,
                 const float *w, size_t T, int n, float eps)
{
#pragma omp parallel for num_threads(d->threads) if (T * (size_t)n > ALONE)
    for (size_t t = 0; t < T; t++)
        d->k.rmsnorm(y + t * ldy, x + t * ldx, r ? r + t * (size_t)n : NULL, w, n, eps);
}

void cpu_layernorm(struct device *d, float *y, const float *x, const float *w, const float *b,
                   size_t T, int n, float eps)
{
#pragma omp parallel for num_threads(d->threads) if (T * (size_t)n > ALONE)
    for (size_t t = 0; t < T; t++)
        d->k.layernorm(y + t * (size_t)n, x + t * (size_t)n, w, b, n, eps);
}

/* Runs of elements of one size, so that cuts between threads never move within a vector. */
#define RUN 4096

void cpu_swiglu(struct device *d, float *h, const float *g, const float *u, size_t n)
{
#pragma omp parallel for num_threads(d->threads) if (n > ALONE)
    for (size_t i = 0; i < n; i += RUN)
        d->k.swiglu(h + i, g + i, u + i, cpu_min(RUN, n - i));
}

void cpu_scale(struct device *d, float *x, float factor, size_t n)
{
#pragma omp parallel for num_threads(d->threads) if (n > 4 * ALONE)
    for (size_t i = 0; i < n; i += RUN) d->k.scale(x + i, factor, cpu_min(RUN, n - i));
}

void cpu_add(struct device *d, float *x, const float *r, size_t n)
{
#pragma omp parallel for num_threads(d->threads) if (n > 4 * ALONE)
    for (size_t i = 0; i < n; i += RUN) d->k.add(x + i, r + i, cpu_min(RUN, n - i));
}

void cpu_copy_rows(struct device *d, float *y, size_t ldy, const float *x, size_t ldx, size_t T,
                   int n)
{
    (void)d;
    for (size_t t = 0; t < T; t++) memcpy(y + t * ldy, x + t * ldx, (size_t)n * sizeof *y);
}

/* ------------------------------------------------------------------ RoPE */

/* cos and sin of the angles of T positions, [T][P/2][2], with the frequencies kept in front to
 * recognise them.  All layers of a call use the same positions: computed once. */
static const float *angles(struct device *d, const struct rope_args *a)
{
    size_t half = (size_t)a->P / 2;
    float *freq = d->angles.p;
    if (freq && d->angle_T >= a->T && d->angle_pos0 == a->pos0 && d->angle_P == a->P &&
        d->angle_amplitude == a->amplitude && !memcmp(freq, a->inv_freq, half * sizeof *freq))
        return freq + half;
    d->angle_T = 0;
    freq = cpu_reserve(d, &d->angles, (half + a->T * half * 2) * sizeof *freq);
    if (!freq) return NULL;
    memcpy(freq, a->inv_freq, half * sizeof *freq);
    float *table = freq + half;
#pragma omp parallel for num_threads(d->threads) if (a->T * half > 1024)
    for (size_t t = 0; t < a->T; t++)
        for (size_t i = 0; i < half; i++) {
            float angle = (float)(a->pos0 + t) * a->inv_freq[i];
            table[(t * half + i) * 2] = cosf(angle) * a->amplitude;
            table[(t * half + i) * 2 + 1] = sinf(angle) * a->amplitude;
        }
    d->angle_T = a->T;
    d->angle_pos0 = a->pos0;
    d->angle_P = a->P;
    d->angle_amplitude = a->amplitude;
    return table;
}

static void rotate(float *x, const float *cs, int P, enum rope_pairing pairing)
{
    int half = P / 2, step = pairing == ROPE_INTERLEAVED ? 2 : 1;
    int apart = pairing == ROPE_INTERLEAVED ? 1 : half;
    for (int i = 0; i < half; i++) {
        float *p = x + i * step, a = p[0], b = p[apart], c = cs[2 * i], s = cs[2 * i + 1];
        p[0] = a * c - b * s;
        p[apart] = a * s + b * c;
    }
}

void cpu_rope(struct device *d, const struct rope_args *a)
{
    if (a->T == 0) return;
    const float *cs = angles(d, a);
    if (!cs) return;
#pragma omp parallel for num_threads(d->threads) if (a->T * (size_t)a->heads > 256)
    for (size_t t = 0; t < a->T; t++)
        for (int h = 0; h < a->heads; h++)
            rotate(a->x + t * a->ld + (size_t)h * a->stride, cs + t * (size_t)a->P, a->P,
                   a->pairing);
}

/* ------------------------------------------------------------------ cache */

void cpu_kv_store(struct device *d, const struct kv_store_args *a)
{
    size_t offset = a->to_index ? a->kv.index_offset : a->kv.latent_offset;
    size_t width = (size_t)a->width, size = a->kv.type == KV_F32 ? 4 : 2;
    for (size_t t = 0; t < a->T; t++) {
        size_t pos = a->pos0 + t;
        char *row = (char *)a->kv.pages[pos / KV_PAGE] + offset + pos % KV_PAGE * width * size;
        if (a->kv.type == KV_F32)
            memcpy(row, a->rows + t * a->ld, width * sizeof(float));
        else
            d->k.to_bf16((uint16_t *)row, a->rows + t * a->ld, width);
    }
}
