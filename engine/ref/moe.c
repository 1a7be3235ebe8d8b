#include <math.h>

#include "base/mem.h"
#include "engine/ref/ref.h"

static float silu(float x)
{
    return x / (1.0f + expf(-x));
}

void ref_swiglu(struct device *d, float *h, const float *g, const float *u, size_t n)
{
#pragma omp parallel for num_threads(d->threads)
    for (size_t i = 0; i < n; i++) h[i] = silu(g[i]) * u[i];
}

/* ------------------------------------------------------------------ router */

/* The place of the largest of n scores, the lowest of equals; NaN never wins. */
static int best_of(const float *score, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (score[i] > score[best] || (isnan(score[best]) && !isnan(score[i]))) best = i;
    return best;
}

static float two_best(const float *score, int n)
{
    int first = best_of(score, n), second = -1;
    for (int i = 0; i < n; i++)
        if (i != first && (second < 0 || score[i] > score[second])) second = i;
    return second < 0 ? score[first] : score[first] + score[second];
}

/* Leaves only the experts of the best groups in the race. */
static void limit_groups(const struct route_args *a, float *score, float *group, bool *open)
{
    int size = a->E / a->n_group;
    for (int g = 0; g < a->n_group; g++) {
        group[g] = two_best(score + g * size, size);
        open[g] = false;
    }
    for (int i = 0; i < a->topk_group; i++) {
        int g = best_of(group, a->n_group);
        open[g] = true;
        group[g] = -INFINITY;
    }
    for (int x = 0; x < a->E; x++)
        if (!open[x / size]) score[x] = -INFINITY;
}

static void route_row(const struct route_args *a, size_t t)
{
    size_t E = (size_t)a->E, D = (size_t)a->D;
    float *p = mem_alloc(E, sizeof *p), *score = mem_alloc(E, sizeof *score);
    float *group = mem_alloc((size_t)a->n_group, sizeof *group), sum = 0;
    bool *open = mem_alloc((size_t)a->n_group, sizeof *open);
    int32_t *expert = a->expert + t * (size_t)a->A;
    float *gate = a->gate + t * (size_t)a->A;
    for (size_t x = 0; x < E; x++) {
        p[x] = 1.0f / (1.0f + expf(-ref_dot(a->w->data + x * D, a->x + t * D, D)));
        score[x] = p[x] + a->bias[x];
    }
    limit_groups(a, score, group, open);
    for (int i = 0; i < a->A; i++) {
        expert[i] = best_of(score, a->E);
        score[expert[i]] = -INFINITY;
        gate[i] = p[expert[i]];
        sum += gate[i];
    }
    for (int i = 0; i < a->A; i++)
        gate[i] = (a->norm ? gate[i] / (sum + 1e-20f) : gate[i]) * a->scaling;
    mem_free(p);
    mem_free(score);
    mem_free(group);
    mem_free(open);
}

void ref_route(struct device *d, const struct route_args *a)
{
#pragma omp parallel for num_threads(d->threads)
    for (size_t t = 0; t < a->T; t++) route_row(a, t);
}

/* ------------------------------------------------------------------ experts */

/* y += gate * expert(x); h: room for F. */
static void expert(const struct experts_args *a, size_t x, float gate, const float *in, float *h,
                   float *y)
{
    size_t D = (size_t)a->D, F = (size_t)a->F;
    const float *g = a->gate_w->data + x * F * D, *u = a->up_w->data + x * F * D;
    const float *down = a->down_w->data + x * D * F;
    for (size_t f = 0; f < F; f++)
        h[f] = silu(ref_dot(g + f * D, in, D)) * ref_dot(u + f * D, in, D);
    for (size_t i = 0; i < D; i++) y[i] += gate * ref_dot(down + i * F, h, F);
}

void ref_experts(struct device *d, const struct experts_args *a)
{
    size_t A = (size_t)a->A, D = (size_t)a->D;
#pragma omp parallel for num_threads(d->threads) schedule(dynamic)
    for (size_t t = 0; t < a->T; t++) {
        float *h = mem_alloc((size_t)a->F, sizeof *h);
        for (size_t i = t * A; i < (t + 1) * A; i++)
            expert(a, (size_t)a->expert[i], a->gate[i], a->x + t * D, h, a->y + t * D);
        mem_free(h);
    }
}
