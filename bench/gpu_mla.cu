/* gpu_mla.cu: sparse attention at V3.2's widths: checked on some heads in double, then timed. */
#include <math.h>

#include "bench/gpu.h"
#include "cuda/sm90_ops.h"

#define HEADS 128
#define WIDTH 576
#define LATENT 512
#define SCALE 0.1352338f

/* Query t chooses one row of each of K strides of what it sees: random, ascending, all different. */
static __global__ void choose(int32_t *sel, int K, size_t pos0)
{
    size_t visible = pos0 + blockIdx.x + 1, stride = visible / K;
    for (int k = threadIdx.x; k < K; k += blockDim.x) {
        uint32_t z = (uint32_t)(blockIdx.x * 7919 + k) * 2654435761u;
        z ^= z >> 15, z *= 2246822519u, z ^= z >> 13;
        sel[blockIdx.x * (size_t)K + k] =
            visible <= (size_t)K ? (k < (int)visible ? k : -1) : (int32_t)(k * stride + z % stride);
    }
}

struct inputs {
    uint16_t *q, *rows, *out;
    struct cuda_where where;
    int32_t *sel;
    size_t T, S;
    int K;
};

static struct inputs make(size_t T, size_t S, int K, float deviation)
{
    struct inputs in = {.T = T, .S = S, .K = K};
    in.q = gpu_new<uint16_t>(T * HEADS * WIDTH);
    in.rows = gpu_new<uint16_t>(S * WIDTH);
    std::vector<void *> pages;
    for (size_t s = 0; s < S; s += KV_PAGE) pages.push_back(in.rows + s * WIDTH);
    in.where = gpu_where(gpu_put(pages), S - T);
    in.out = gpu_new<uint16_t>(T * HEADS * LATENT);
    in.sel = gpu_new<int32_t>(T * K);
    gpu_normal_bf16(in.q, T * HEADS * WIDTH, deviation, 1);
    gpu_normal_bf16(in.rows, S * WIDTH, 1, 2);
    choose<<<(unsigned)T, 256>>>(in.sel, K, S - T);
    CHECK(cudaMemset(in.out, 0xff, T * HEADS * LATENT * 2));
    return in;
}

static void drop(struct inputs *in)
{
    for (void *p : {(void *)in->q, (void *)in->rows,
                    (void *)in->out, (void *)in->sel})
        CHECK(cudaFree(p));
}

static void run(const struct inputs *in)
{
    struct sm90_mla_args a = {in->q, in->where, 0, in->sel, in->out, in->T, HEADS, in->K, SCALE * 1.44269504f,
                              KV_BF16, false};
    sm90_mla_prefill(gpu_device(), &a);
}

/* Squared error and size of one head's output, in double. */
static void one_head(const struct inputs *in, const uint16_t *q, const std::vector<uint16_t> &rows,
                     const int32_t *sel, const uint16_t *out, double *diff, double *norm)
{
    std::vector<double> p, want(LATENT, 0);
    double max = -INFINITY, sum = 0;
    for (int k = 0; k < in->K && sel[k] >= 0; k++) {
        double x = 0;
        for (int i = 0; i < WIDTH; i++)
            x += (double)bf16_to_f32(q[i]) * bf16_to_f32(rows[(size_t)sel[k] * WIDTH + i]);
        p.push_back(x * SCALE);
        max = fmax(max, p.back());
    }
    for (double &x : p) sum += x = exp(x - max);
    for (size_t k = 0; k < p.size(); k++)
        for (int i = 0; i < LATENT; i++)
            want[i] += p[k] / sum * bf16_to_f32(rows[(size_t)sel[k] * WIDTH + i]);
    for (int i = 0; i < LATENT; i++) {
        double d = want[i] - bf16_to_f32(out[i]);
        *diff += d * d;
        *norm += want[i] * want[i];
    }
}

static void check(size_t T, size_t S, int K)
{
    struct inputs in = make(T, S, K, 0.3f);
    run(&in);
    CHECK(cudaDeviceSynchronize());
    auto q = gpu_get(in.q, T * HEADS * WIDTH), rows = gpu_get(in.rows, S * WIDTH);
    auto out = gpu_get(in.out, T * HEADS * LATENT);
    auto sel = gpu_get(in.sel, T * K);
    double diff = 0, norm = 0;
    for (size_t i = 0; i < T * HEADS; i += T * HEADS > 4000 ? 397 : 37)
        one_head(&in, q.data() + i * WIDTH, rows, sel.data() + i / HEADS * K,
                 out.data() + i * LATENT, &diff, &norm);
    char what[80];
    snprintf(what, sizeof what, "sparse prefill, %zu queries of %zu, k %d", T, S, K);
    gpu_verdict(what, sqrt(diff / norm) < 1e-2, sqrt(diff / norm));
    drop(&in);
}

static void time_prefill(size_t S)
{
    struct inputs in = make(4096, S, 2048, 0.1f);
    double us = gpu_time(12, [&](int) { run(&in); });
    char what[80];
    snprintf(what, sizeof what, "sparse prefill, 4096 queries, k 2048, %zuK", S >> 10);
    gpu_line(what, us, 4096.0 * HEADS * 2048 * 2 * (WIDTH + LATENT) / us / 1e6, "TFLOP/s");
    drop(&in);
}

void gpu_mla(void)
{
    check(1, 1, 128);
    check(3, 64, 128);
    check(5, 130, 128);
    check(2, 400, 256);
    check(300, 5000, 2048);
    time_prefill(8192);
    time_prefill(32768);
    time_prefill(65536);
    time_prefill(131072);
}
