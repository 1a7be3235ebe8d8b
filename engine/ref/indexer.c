#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/ref/ref.h"

/* score[s] of query t for every visible position s < n. */
static void score_row(const struct index_args *a, size_t t, size_t n, float *score)
{
    size_t J = (size_t)a->J, C = (size_t)a->C;
    const float *q = a->q + t * J * C, *w = a->w + t * J;
    float *copy = mem_alloc(C, sizeof *copy);
    struct ref_rows rows = {a->kv.index_offset, a->kv.index_type, a->C, a->C};
    for (size_t s = 0; s < n; s++) {
        const float *key = ref_kv_row(&a->kv, &rows, s, copy);
        float sum = 0;
        for (size_t j = 0; j < J; j++) sum += w[j] * fmaxf(0, ref_dot(q + j * C, key, C));
        score[s] = isnan(sum) ? -INFINITY : sum;
    }
    mem_free(copy);
}

static int descending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x > y ? -1 : x < y;
}

/* The K-th largest of n > K scores. */
static float threshold(const float *score, size_t n, size_t K)
{
    float *sorted = mem_alloc(n, sizeof *sorted);
    memcpy(sorted, score, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, descending);
    float bar = sorted[K - 1];
    mem_free(sorted);
    return bar;
}

/* All above the threshold, and of those that equal it the lowest positions. */
static void keep_best(const float *score, size_t n, size_t K, int32_t *sel)
{
    float bar = threshold(score, n, K);
    size_t above = 0, kept = 0;
    for (size_t s = 0; s < n; s++) above += score[s] > bar;
    size_t equal = K - above;
    for (size_t s = 0; s < n; s++) {
        bool keep = score[s] > bar;
        if (!keep && score[s] == bar && equal > 0) {
            keep = true;
            equal--;
        }
        if (keep) sel[kept++] = (int32_t)s;
    }
}

static void select_rows(struct device *d, const struct index_args *a)
{
    size_t K = (size_t)a->K;
#pragma omp parallel for num_threads(d->threads) schedule(dynamic)
    for (size_t t = 0; t < a->T; t++) {
        size_t n = a->pos0 + t + 1;
        int32_t *sel = a->sel + t * K;
        if (n <= K) {
            for (size_t k = 0; k < K; k++) sel[k] = k < n ? (int32_t)k : -1;
            continue;
        }
        float *score = mem_alloc(n, sizeof *score);
        score_row(a, t, n, score);
        keep_best(score, n, K, sel);
        mem_free(score);
    }
}

void ref_index_select(struct device *d, const struct index_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) select_rows(d, &a[i]);
}
