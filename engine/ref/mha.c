#include "base/mem.h"
#include "engine/ref/ref.h"

/* Query t, head h, over rows 0 .. pos0+t. */
static void attend(const struct mha_args *a, size_t t, size_t h, float *p, float *copy)
{
    size_t H = (size_t)a->H, N = (size_t)a->N, P = (size_t)a->P, W = (size_t)a->W;
    size_t n = a->pos0 + t + 1, width = H * (N + W) + P;
    struct ref_rows rows = {a->kv.latent_offset, a->kv.type, (int)width, (int)width};
    const float *q = a->q + (t * H + h) * (N + P);
    float *out = a->out + (t * H + h) * W;
    for (size_t s = 0; s < n; s++) {
        const float *row = ref_kv_row(&a->kv, &rows, s, copy);
        p[s] = a->scale * (ref_dot(q, row + h * (N + W), N) + ref_dot(q + N, row + width - P, P));
    }
    ref_softmax(p, n);
    for (size_t w = 0; w < W; w++) out[w] = 0;
    for (size_t s = 0; s < n; s++) {
        const float *row = ref_kv_row(&a->kv, &rows, s, copy);
        for (size_t w = 0; w < W; w++) out[w] += p[s] * row[h * (N + W) + N + w];
    }
}

static void attend_rows(struct device *d, const struct mha_args *a)
{
    size_t H = (size_t)a->H, width = H * (size_t)(a->N + a->W) + (size_t)a->P;
#pragma omp parallel for num_threads(d->threads) schedule(dynamic)
    for (size_t i = 0; i < a->T * H; i++) {
        float *p = mem_alloc(a->pos0 + a->T, sizeof *p);
        float *copy = mem_alloc(width, sizeof *copy);
        attend(a, i / H, i % H, p, copy);
        mem_free(p);
        mem_free(copy);
    }
}

void ref_mha_attend(struct device *d, const struct mha_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) attend_rows(d, &a[i]);
}
