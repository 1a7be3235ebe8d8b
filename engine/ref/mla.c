#include <math.h>

#include "base/mem.h"
#include "engine/ref/ref.h"

void ref_softmax(float *x, size_t n)
{
    float max = x[0], sum = 0;
    for (size_t i = 1; i < n; i++) max = fmaxf(max, x[i]);
    for (size_t i = 0; i < n; i++) {
        x[i] = expf(x[i] - max);
        sum += x[i];
    }
    for (size_t i = 0; i < n; i++) x[i] /= sum;
}

/* The n positions that query t attends to: its selection, or all up to its own. */
static size_t rows_of(const struct mla_args *a, size_t t, size_t *row)
{
    size_t visible = a->pos0 + t + 1, n = 0, K = (size_t)a->K;
    if (!a->sel) {
        for (; n < visible; n++) row[n] = n;
        return n;
    }
    const int32_t *sel = a->sel + t * K;
    for (size_t k = 0; k < K && sel[k] >= 0; k++) row[n++] = (size_t)sel[k];
    return n;
}

/* Head h of query t over n rows.  p [n] and copy [REF_TOGETHER][R + P]: room. */
static void attend(const struct mla_args *a, size_t t, size_t h, const size_t *row, size_t n,
                   float *p, float *copy)
{
    size_t R = (size_t)a->R;
    int width = a->R + a->P;
    struct ref_rows rows = {a->kv.latent_offset, a->kv.type, width, a->R};
    const float *q = a->q + (t * (size_t)a->H + h) * (size_t)width;
    float *out = a->out + (t * (size_t)a->H + h) * R;
    for (size_t i = 0; i < n; i += REF_TOGETHER) {
        size_t count = n - i < REF_TOGETHER ? n - i : REF_TOGETHER;
        const float *each[REF_TOGETHER];
        for (size_t k = 0; k < count; k++)
            each[k] = ref_kv_row(&a->kv, &rows, row[i + k], copy + k * (size_t)width);
        ref_dots(p + i, q, each, count, (size_t)width);
    }
    for (size_t i = 0; i < n; i++) p[i] *= a->scale;
    ref_softmax(p, n);
    for (size_t r = 0; r < R; r++) out[r] = 0;
    for (size_t i = 0; i < n; i++) {
        const float *latent = ref_kv_row(&a->kv, &rows, row[i], copy);
#pragma omp simd
        for (size_t r = 0; r < R; r++) out[r] += p[i] * latent[r];
    }
}

static void attend_rows(struct device *d, const struct mla_args *a)
{
    size_t H = (size_t)a->H, most = a->sel ? (size_t)a->K : a->pos0 + a->T;
#pragma omp parallel for num_threads(d->threads) schedule(dynamic)
    for (size_t i = 0; i < a->T * H; i++) {
        size_t *row = mem_alloc(most, sizeof *row);
        float *p = mem_alloc(most, sizeof *p);
        float *copy = mem_alloc(REF_TOGETHER * (size_t)(a->R + a->P), sizeof *copy);
        size_t n = rows_of(a, i / H, row);
        attend(a, i / H, i % H, row, n, p, copy);
        mem_free(row);
        mem_free(p);
        mem_free(copy);
    }
}

void ref_mla_attend(struct device *d, const struct mla_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) attend_rows(d, &a[i]);
}
