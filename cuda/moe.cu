/* moe.cu: the router, and the experts it chooses.                  ops: route, experts
 *
 * Route    all experts' dot products in f32 (linear.cu), then a warp per token chooses; equal scores go to the
 *          lower expert and the lower group.
 * Experts  pairs (token, choice) are listed by expert (in any order: rows do not meet), then three
 *          products over chosen rows (linear.cu), and per token the sum over its choices in order.
 * Seen     H200, V3.2's router, 8192 tokens: 1.3 ms (tiles of 64: 1.6; a warp to a dot product: 7.1).  64 tokens: 48 us
 *          (570 before inputs were cut).  One token: 65 us; 1 ms.
 * Cost     route 2*T*E*D flop; experts 12*T*A*D*F (x = hi + lo), W of every chosen expert read once
 *          per tile of its rows.
 * Limits   E <= 1024; experts of one token differ.       Tests: tests/test_op_moe.c */
#include "cuda/cuda.h"
#include "cuda/sm90_ops.h"

#define THREADS 256 /* of combine_kernel */
#define EXPERTS 1024
#define ALL 0xffffffffu

/* ------------------------------------------------------------------ router */

struct route {
    const float *logit, *bias; /* logit [T, E] */
    int32_t *expert;
    float *gate;
    int E, A, n_group, topk_group;
    bool norm;
    float scaling;
};

/* The place of the largest of n scores for the whole warp, the lowest of equals; NaN never wins. */
static __device__ int best_of(const float *score, int n)
{
    float most = -INFINITY;
    int at = INT32_MAX, lane = threadIdx.x % 32;
    for (int i = lane; i < n; i += 32)
        if (score[i] > most || (at == INT32_MAX && score[i] == score[i])) most = score[i], at = i;
    for (int o = 16; o; o /= 2) {
        float m = __shfl_xor_sync(ALL, most, o);
        int j = __shfl_xor_sync(ALL, at, o);
        bool theirs = at == INT32_MAX || (j != INT32_MAX && (m > most || (m == most && j < at)));
        if (theirs) most = m, at = j;
    }
    return at == INT32_MAX ? 0 : at;
}

/* The sum of the two largest of n. */
static __device__ float two_best(float *score, int n)
{
    int first = best_of(score, n);
    float most = score[first];
    if (n == 1) return most;
    __syncwarp();
    if (threadIdx.x % 32 == 0) score[first] = -INFINITY;
    __syncwarp();
    float sum = most + score[best_of(score, n)];
    __syncwarp();
    if (threadIdx.x % 32 == 0) score[first] = most;
    __syncwarp();
    return sum;
}

/* Leaves only the experts of the best groups in the race. */
static __device__ void limit_groups(const struct route &a, float *score, float *group, bool *open)
{
    int size = a.E / a.n_group, lane = threadIdx.x % 32;
    for (int g = 0; g < a.n_group; g++) {
        float sum = two_best(score + g * size, size);
        if (lane == 0) group[g] = sum, open[g] = false;
    }
    __syncwarp();
    for (int i = 0; i < a.topk_group; i++) {
        int g = best_of(group, a.n_group);
        __syncwarp();
        if (lane == 0) open[g] = true, group[g] = -INFINITY;
        __syncwarp();
    }
    for (int x = lane; x < a.E; x += 32)
        if (!open[x / size]) score[x] = -INFINITY;
    __syncwarp();
}

/* One warp a token. */
static __global__ void __launch_bounds__(32) route_kernel(__grid_constant__ const struct route a)
{
    __shared__ float p[EXPERTS], score[EXPERTS], group[EXPERTS];
    __shared__ bool open[EXPERTS];
    cuda_follow();
    size_t t = blockIdx.x;
    int lane = threadIdx.x;
    for (int e = lane; e < a.E; e += 32) {
        p[e] = 1.0f / (1.0f + expf(-a.logit[t * a.E + e]));
        score[e] = p[e] + a.bias[e];
    }
    __syncwarp();
    limit_groups(a, score, group, open);
    float sum = 0, mine = 0;
    for (int i = 0; i < a.A; i++) {
        int e = best_of(score, a.E);
        __syncwarp();
        if (lane == 0) {
            score[e] = -INFINITY;
            a.expert[t * a.A + i] = e;
            a.gate[t * a.A + i] = mine = p[e];
            sum += mine;
        }
        __syncwarp();
    }
    for (int i = 0; lane == 0 && i < a.A; i++) {
        float g = a.gate[t * a.A + i];
        a.gate[t * a.A + i] = (a.norm ? g / (sum + 1e-20f) : g) * a.scaling;
    }
}

/* ------------------------------------------------------------------ experts */

/* One block: which pairs meet which expert.  list: pair [n], first [E], count [E]. */
static __global__ void list_kernel(const int32_t *expert, int n, int E, int32_t *pair,
                                   int32_t *first, int32_t *count)
{
    __shared__ int32_t next[EXPERTS];
    for (int e = threadIdx.x; e < E; e += blockDim.x) next[e] = 0;
    __syncthreads();
    for (int i = threadIdx.x; i < n; i += blockDim.x) atomicAdd(&next[expert[i]], 1);
    __syncthreads();
    if (threadIdx.x == 0)
        for (int e = 0, at = 0; e < E; e++) {
            first[e] = at;
            count[e] = next[e];
            at += next[e];
            next[e] = first[e];
        }
    __syncthreads();
    for (int i = threadIdx.x; i < n; i += blockDim.x) pair[atomicAdd(&next[expert[i]], 1)] = i;
}

static __global__ void combine_kernel(float *y, const float *part, const float *gate, size_t n,
                                      int D, int A)
{
    size_t i = blockIdx.x * (size_t)THREADS + threadIdx.x, t = i / D;
    if (i >= n) return;
    float v = y[i];
    for (int k = 0; k < A; k++) v = fmaf(gate[t * A + k], part[(t * A + k) * D + i % D], v);
    y[i] = v;
}

/* ------------------------------------------------------------------ launchers */

static bool few_enough(struct device *d, int E)
{
    if (E > EXPERTS) err_set(&d->failed, E_DEVICE, "cuda: %d experts, at most %d", E, EXPERTS);
    return E <= EXPERTS;
}

void cuda_route(struct device *d, const struct route_args *r)
{
    if (!r->T || !cuda_ready(d) || !few_enough(d, r->E)) return;
    float *logit = (float *)cuda_reserve(d, &d->moe, r->T * (size_t)r->E * sizeof *logit);
    if (!logit) return;
    struct linear_args p = {.w = r->w, .x = r->x, .y = logit, .T = r->T, .ldx = (size_t)r->D,
                            .ldy = (size_t)r->E};
    cuda_product(d, &p, NULL);
    struct route a = {logit, r->bias, r->expert, r->gate, r->E, r->A, r->n_group, r->topk_group,
                      r->norm, r->scaling};
    cuda_launch(d, route_kernel, (unsigned)r->T, 32, 0, a);
    cuda_launched(d, "router");
}

void cuda_experts(struct device *d, const struct experts_args *a)
{
    if (!a->T || !cuda_ready(d) || !few_enough(d, a->E) || fp8_experts(d, a)) return;
    size_t D = (size_t)a->D, F = (size_t)a->F, A = (size_t)a->A, pairs = a->T * A;
    size_t lists = (pairs + 2 * (size_t)a->E + 15) / 16 * 16;
    float *memory = (float *)cuda_reserve(d, &d->moe, (lists + pairs * (2 * F + D) + 32) * 4);
    if (!memory) return;
    int32_t *pair = (int32_t *)memory, *first = pair + pairs, *count = first + a->E;
    float *g = memory + lists, *u = g + (pairs * F + 15) / 16 * 16, *y;
    y = u + (pairs * F + 15) / 16 * 16;
    list_kernel<<<1, 1024, 0, d->stream>>>(a->expert, (int)pairs, a->E, pair, first, count);
    if (!cuda_launched(d, "experts, lists")) return;
    struct cuda_chosen in = {pair, first, count, a->A}, mid = {pair, first, count, 1};
    struct linear_args p = {.w = a->gate_w, .x = a->x, .y = g, .T = a->T, .ldx = D, .ldy = F};
    cuda_product(d, &p, &in);
    p.w = a->up_w;
    p.y = u;
    cuda_product(d, &p, &in);
    cuda_swiglu(d, g, g, u, pairs * F);
    struct linear_args down = {.w = a->down_w, .x = g, .y = y, .T = a->T, .ldx = F, .ldy = D};
    cuda_product(d, &down, &mid);
    cuda_behind(d, a->made_on);
    combine_kernel<<<(unsigned)cuda_ceil(a->T * D, THREADS), THREADS, 0, d->stream>>>(
        a->y, y, a->gate, a->T * D, a->D, a->A);
    cuda_launched(d, "experts, sum");
}
