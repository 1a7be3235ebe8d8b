#include <math.h>

#include "engine/ref/ref.h"

void ref_rmsnorm(struct device *d, float *y, size_t ldy, float *x, size_t ldx, const float *r,
                 const float *w, size_t T, int n, float eps)
{
    (void)d;
    for (size_t t = 0; t < T; t++, x += ldx, y += ldy) {
        for (int i = 0; r && i < n; i++) x[i] += r[t * ldx + (size_t)i];
        float f = 1.0f / sqrtf(ref_dot(x, x, (size_t)n) / (float)n + eps);
        for (int i = 0; i < n; i++) y[i] = x[i] * f * w[i];
    }
}

void ref_layernorm(struct device *d, float *y, const float *x, const float *w, const float *b,
                   size_t T, int n, float eps)
{
    (void)d;
    for (size_t t = 0; t < T; t++, x += n, y += n) {
        float mean = 0, var = 0;
        for (int i = 0; i < n; i++) mean += x[i];
        mean /= (float)n;
        for (int i = 0; i < n; i++) var += (x[i] - mean) * (x[i] - mean);
        float f = 1.0f / sqrtf(var / (float)n + eps);
        for (int i = 0; i < n; i++) y[i] = (x[i] - mean) * f * w[i] + b[i];
    }
}

static void rotate(float *x, size_t pos, const struct rope_args *a)
{
    int half = a->P / 2;
    for (int i = 0; i < half; i++) {
        float angle = (float)pos * a->inv_freq[i];
        float c = cosf(angle) * a->amplitude, s = sinf(angle) * a->amplitude;
        int first = a->pairing == ROPE_INTERLEAVED ? 2 * i : i;
        int second = a->pairing == ROPE_INTERLEAVED ? 2 * i + 1 : i + half;
        float x0 = x[first], x1 = x[second];
        x[first] = x0 * c - x1 * s;
        x[second] = x0 * s + x1 * c;
    }
}

static void rotate_rows(struct device *d, const struct rope_args *a)
{
#pragma omp parallel for num_threads(d->threads)
    for (size_t t = 0; t < a->T; t++)
        for (int h = 0; h < a->heads; h++)
            rotate(a->x + t * a->ld + (size_t)h * a->stride, a->pos0 + t, a);
}

void ref_rope(struct device *d, const struct rope_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) rotate_rows(d, &a[i]);
}
