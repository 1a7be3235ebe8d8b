/* moe.c: router and experts.
 *
 * route    scores in f32 with the exact weights, then a scalar choice per token.
 * experts  tokens are grouped by expert (counting sort by expert, then token), their rows gathered,
 *          and each of the three products runs over all experts at once; every output row is kept
 *          apart and added in the order of a, so a token's sum never depends on its neighbours. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cpu/cpu.h"

#define ROUTED 4096 /* token-expert pairs in flight */

static float group_score(const float *choice, int n)
{
    float a = -INFINITY, b = -INFINITY;
    for (int i = 0; i < n; i++) {
        if (choice[i] > a) {
            b = a;
            a = choice[i];
        } else if (choice[i] > b) {
            b = choice[i];
        }
    }
    return n > 1 ? a + b : a;
}

/* Largest of v, the lowest index among equals; -1 when all are taken (NaN counts as -inf). */
static int best(const float *v, const bool *taken, int n)
{
    int at = -1;
    for (int i = 0; i < n; i++)
        if (!taken[i] && (at < 0 || v[i] > v[at])) at = i;
    return at;
}

/* work: E probabilities, E choice scores, n_group group scores; taken: E + n_group flags. */
static void route_token(const struct route_args *a, float *work, bool *taken, size_t t)
{
    float *p = work, *choice = work + a->E, *group = choice + a->E;
    bool *group_taken = taken + a->E;
    int each = a->E / a->n_group;
    for (int i = 0; i < a->E; i++) {
        p[i] = 1.0f / (1.0f + expf(-p[i]));
        choice[i] = p[i] + a->bias[i];
        taken[i] = true;
    }
    for (int g = 0; g < a->n_group; g++) {
        group[g] = group_score(choice + g * each, each);
        group_taken[g] = false;
    }
    for (int i = 0; i < a->topk_group; i++) {
        int g = best(group, group_taken, a->n_group);
        if (g < 0) break;
        group_taken[g] = true;
        memset(taken + g * each, 0, (size_t)each * sizeof *taken);
    }
    float sum = 0, *gate = a->gate + t * (size_t)a->A;
    int32_t *expert = a->expert + t * (size_t)a->A;
    for (int i = 0; i < a->A; i++) {
        int x = best(choice, taken, a->E);
        if (x < 0) x = 0; /* fewer experts than A in the groups: refused by config */
        taken[x] = true;
        expert[i] = x;
        gate[i] = p[x];
        sum += p[x];
    }
    for (int i = 0; i < a->A; i++)
        gate[i] = (a->norm ? gate[i] / (sum + 1e-20f) : gate[i]) * a->scaling;
}

void cpu_route(struct device *d, const struct route_args *a)
{
    size_t E = (size_t)a->E, each = 2 * E + (size_t)a->n_group;
    if (a->T == 0) return;
    size_t bytes = a->T * E * sizeof(float) + each * sizeof(float) + E + (size_t)a->n_group;
    float *logit = cpu_reserve(d, &d->route, bytes);
    if (!logit) return;
    struct gemm_job job = {a->x, logit, 0, a->T};
    cpu_gemm(d, a->w, &job, 1, (size_t)a->D, E, false);
    float *work = logit + a->T * E;
    bool *taken = (bool *)(work + each);
    for (size_t t = 0; t < a->T; t++) {
        memcpy(work, logit + t * E, E * sizeof *work);
        route_token(a, work, taken, t);
    }
}

struct groups { /* pairs sorted by expert: pair i of the call stands at slot[i] */
    struct gemm_job *jobs;
    size_t *start, *slot, n_jobs;
    float *x, *g, *u, *y;
};

/* Where each token-expert pair goes, and one job per expert that has any. */
static void group_pairs(struct groups *s, const struct experts_args *a, size_t t0, size_t n)
{
    size_t E = (size_t)a->E, A = (size_t)a->A;
    const int32_t *expert = a->expert + t0 * A;
    memset(s->start, 0, (E + 1) * sizeof *s->start);
    for (size_t i = 0; i < n * A; i++) s->start[expert[i] + 1]++;
    for (size_t e = 0; e < E; e++) s->start[e + 1] += s->start[e];
    s->n_jobs = 0;
    for (size_t e = 0; e < E; e++) {
        size_t rows = s->start[e + 1] - s->start[e];
        if (rows) s->jobs[s->n_jobs++] = (struct gemm_job){.g = e, .rows = rows};
    }
    for (size_t i = 0; i < n * A; i++) {
        size_t at = s->slot[i] = s->start[expert[i]]++;
        memcpy(s->x + at * (size_t)a->D, a->x + (t0 + i / A) * (size_t)a->D,
               (size_t)a->D * sizeof *s->x);
    }
}

static void product(struct device *d, const struct groups *s, const struct weight *w,
                    const float *x, float *y)
{
    size_t row = 0;
    for (size_t i = 0; i < s->n_jobs; i++) {
        s->jobs[i].x = x + row * w->I;
        s->jobs[i].y = y + row * w->O;
        row += s->jobs[i].rows;
    }
    cpu_gemm(d, w, s->jobs, s->n_jobs, w->I, w->O, false);
}

static void some_tokens(struct device *d, const struct experts_args *a, struct groups *s,
                        size_t t0, size_t n)
{
    size_t A = (size_t)a->A, D = (size_t)a->D;
    group_pairs(s, a, t0, n);
    product(d, s, a->gate_w, s->x, s->g);
    product(d, s, a->up_w, s->x, s->u);
    /* Row by row: a partial vector at a row's end must look the same wherever the row stands. */
    for (size_t i = 0; i < n * A; i++)
        d->k.swiglu(s->g + i * (size_t)a->F, s->g + i * (size_t)a->F, s->u + i * (size_t)a->F,
                    (size_t)a->F);
    product(d, s, a->down_w, s->g, s->y);
    for (size_t t = 0; t < n; t++) {
        float *y = a->y + (t0 + t) * D;
        for (size_t i = t * A; i < (t + 1) * A; i++) {
            const float gate = a->gate[t0 * A + i], *r = s->y + s->slot[i] * D;
            for (size_t c = 0; c < D; c++) y[c] += gate * r[c];
        }
    }
}

void cpu_experts(struct device *d, const struct experts_args *a)
{
    size_t A = (size_t)a->A, D = (size_t)a->D, F = (size_t)a->F, E = (size_t)a->E;
    size_t step = ROUTED / A > 0 ? ROUTED / A : 1, pairs = cpu_min(step, a->T) * A;
    if (a->T == 0) return;
    size_t floats = pairs * (2 * D + 2 * F), words = E + 1 + pairs;
    size_t bytes = floats * sizeof(float) + words * sizeof(size_t) + E * sizeof(struct gemm_job);
    struct groups s;
    s.jobs = cpu_reserve(d, &d->moe, bytes);
    if (!s.jobs) return;
    s.start = (size_t *)(s.jobs + E);
    s.slot = s.start + E + 1;
    s.x = (float *)(s.slot + pairs);
    s.y = s.x + pairs * D;
    s.g = s.y + pairs * D;
    s.u = s.g + pairs * F;
    for (size_t t = 0; t < a->T; t += step) some_tokens(d, a, &s, t, cpu_min(step, a->T - t));
}
