/* gpu_topk.cu: the 2048 largest of 4096 rows: exact, also where scores are equal, and how fast. */
#include <math.h>

#include "bench/gpu.h"
#include "cuda/cuda.h"

#define K 2048

static bool row_agrees(const std::vector<float> &x, size_t n, const int32_t *sel)
{
    std::vector<int> at(n);
    for (size_t i = 0; i < n; i++) at[i] = (int)i;
    auto rank = [&](int i) { return isnan(x[i]) ? -INFINITY : x[i]; };
    if (n > K)
        std::nth_element(at.begin(), at.begin() + K, at.end(), [&](int a, int b) {
            return rank(a) > rank(b) || (rank(a) == rank(b) && a < b);
        });
    size_t kept = n < K ? n : K;
    std::sort(at.begin(), at.begin() + kept);
    for (size_t i = 0; i < K; i++)
        if (sel[i] != (i < kept ? at[i] : -1)) return false;
    return true;
}

/* How row t is spoilt. */
static void shape_row(std::vector<float> &x, int t)
{
    size_t n = x.size();
    for (size_t i = 0; i < n; i++) switch (t % 8) {
        case 1: x[i] = x[i] < 0.5f ? 0 : x[i]; break;         /* most are zero */
        case 2: x[i] = 3; break;                              /* all equal */
        case 3: x[i] = (float)i; break;                       /* ascending */
        case 4: x[i] = -(float)i; break;                      /* descending */
        case 5: x[i] = i % 3 ? -INFINITY : i % 2 ? NAN : x[i]; break;
        case 6: x[i] = i < n / 16 ? x[i] + 100 : x[i]; break; /* crowded in one place */
        case 7: x[i] = i % 2 ? -0.0f : 0.0f; break;
        }
}

static void check(size_t first_n, size_t T)
{
    size_t ld = (first_n + T + 7) / 8 * 8;
    std::vector<float> all(T * ld);
    float *x = gpu_new<float>(T * ld);
    int32_t *sel = gpu_new<int32_t>(T * K);
    gpu_normal(x, T * ld, 1, first_n);
    all = gpu_get(x, T * ld);
    for (size_t t = 0; t < T; t++) {
        std::vector<float> row(all.begin() + t * ld, all.begin() + t * ld + first_n + t);
        shape_row(row, (int)t);
        std::copy(row.begin(), row.end(), all.begin() + t * ld);
        for (size_t i = first_n + t; i < ld; i++) all[t * ld + i] = 1e30f; /* never to be read */
    }
    CHECK(cudaMemcpy(x, all.data(), all.size() * 4, cudaMemcpyHostToDevice));
    CHECK(cudaMemset(sel, 0x77, T * K * 4));
    struct cuda_topk_args a = {x, sel, gpu_where(NULL, 0), T, ld, first_n - 1,
                               first_n + T - 1, K};
    struct errinfo e = {};
    cuda_topk(gpu_device(), &a);
    if (deepread_cuda_backend.sync(gpu_device(), &e)) printf("%s\n", e.msg);
    auto got = gpu_get(sel, T * K);
    int wrong = 0;
    for (size_t t = 0; t < T; t++) {
        std::vector<float> row(all.begin() + t * ld, all.begin() + t * ld + first_n + t);
        if (row_agrees(row, first_n + t, got.data() + t * K)) continue;
        if (!wrong++) printf("row %zu (shape %zu) of %zu positions differs\n", t, t % 8, first_n + t);
    }
    char what[80];
    snprintf(what, sizeof what, "top-%d of %zu rows from %zu positions", K, T, first_n);
    gpu_verdict(what, !wrong, wrong);
    CHECK(cudaFree(x));
    CHECK(cudaFree(sel));
}

/* Causal rows of the last T positions of n, as an indexer leaves them; ties: most scores are zero. */
static __global__ void tie(float *x, size_t n)
{
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
         i += (size_t)gridDim.x * blockDim.x)
        x[i] = x[i] < 3.0f ? 0.0f : x[i];
}

static void time_rows(size_t n, bool ties)
{
    size_t T = 4096;
    float *x = gpu_new<float>(T * n);
    int32_t *sel = gpu_new<int32_t>(T * K);
    gpu_normal(x, T * n, 1, 7);
    if (ties) tie<<<1024, 256>>>(x, T * n);
    CHECK(cudaDeviceSynchronize());
    struct cuda_topk_args a = {x, sel, gpu_where(NULL, 0), T, n, n - T, n, K};
    double us = gpu_time(15, [&](int) { cuda_topk(gpu_device(), &a); });
    char what[80];
    snprintf(what, sizeof what, "top-2048 of 4096 x %zuK%s", n >> 10, ties ? ", most scores equal" : "");
    gpu_line(what, us, (double)T * (n - T / 2) * 4 / us / 1e3, "GB/s");
    CHECK(cudaFree(x));
    CHECK(cudaFree(sel));
}

void gpu_topk(void)
{
    check(1, 16);
    check(2040, 24);
    check(4090, 24);
    check(6140, 24);
    check(6150, 16);
    check(32768, 16);
    check(131064, 24);
    time_rows(32768, false);
    time_rows(65536, false);
    time_rows(131072, false);
    time_rows(131072, true);
}
