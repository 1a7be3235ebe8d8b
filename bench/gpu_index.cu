/* gpu_index.cu: index scores in FP8 at V3.2's widths: checked on some pairs in double, then timed. */
#include <math.h>

#include "bench/gpu.h"
#include "cuda/sm90_ops.h"

#define HEADS 64
#define WIDTH 128

static double value(uint8_t b)
{
    return e4m3_to_f32(b);
}

struct inputs {
    uint8_t *q, *keys;
    float *w, *kscale, *out;
    struct cuda_where where;
    size_t T, S, ld;
};

static struct inputs make(size_t T, size_t S)
{
    struct inputs in = {.T = T, .S = S, .ld = (S + 7) / 8 * 8};
    in.q = gpu_new<uint8_t>(T * HEADS * WIDTH);
    in.keys = gpu_new<uint8_t>(S * WIDTH);
    in.w = gpu_new<float>(T * HEADS);
    in.kscale = gpu_new<float>(S);
    in.out = gpu_new<float>(T * in.ld);
    gpu_normal_e4m3(in.q, T * HEADS * WIDTH, 1, 1);
    gpu_normal_e4m3(in.keys, S * WIDTH, 1, 2);
    gpu_normal(in.w, T * HEADS, 0.1f, 3);
    gpu_normal(in.kscale, S, 1, 4);
    in.where = gpu_where(NULL, S - T);
    return in;
}

static void drop(struct inputs *in)
{
    for (void *p : {(void *)in->q, (void *)in->keys, (void *)in->w, (void *)in->kscale,
                    (void *)in->out})
        CHECK(cudaFree(p));
}

static void run(const struct inputs *in)
{
    struct sm90_index_args a = {in->q, in->keys, in->w, in->kscale, in->out,
                                in->where, 0, in->T, in->S, in->ld};
    sm90_index_scores(gpu_device(), &a);
}

static void check(size_t T, size_t S)
{
    struct inputs in = make(T, S);
    CHECK(cudaMemset(in.out, 0xff, T * in.ld * 4));
    run(&in);
    CHECK(cudaDeviceSynchronize());
    auto q = gpu_get(in.q, T * HEADS * WIDTH), keys = gpu_get(in.keys, S * WIDTH);
    auto w = gpu_get(in.w, T * HEADS), kscale = gpu_get(in.kscale, S), out = gpu_get(in.out, T * in.ld);
    double diff = 0, norm = 0;
    bool whole = true;
    for (size_t t = 0; t < T; t++)
        for (size_t s = 0; s < S; s++) {
            bool visible = s <= S - T + t;
            whole &= isnan(out[t * in.ld + s]) == !visible;
            if (!visible || (t * 31 + s) % 97) continue;
            double want = 0;
            for (int j = 0; j < HEADS; j++) {
                double dot = 0;
                for (int c = 0; c < WIDTH; c++)
                    dot += value(q[(t * HEADS + j) * WIDTH + c]) * value(keys[s * WIDTH + c]);
                want += w[t * HEADS + j] * (dot > 0 ? dot : 0);
            }
            want *= kscale[s];
            diff += (want - out[t * in.ld + s]) * (want - out[t * in.ld + s]);
            norm += want * want;
        }
    char what[80];
    snprintf(what, sizeof what, "index scores fp8, %zu queries of %zu%s", T, S,
             whole ? "" : ", not whole");
    gpu_verdict(what, whole && sqrt(diff / norm) < 2e-3, sqrt(diff / norm));
    drop(&in);
}

static void time_scores(size_t S)
{
    struct inputs in = make(4096, S);
    double us = gpu_time(12, [&](int) { run(&in); });
    double pairs = 4096.0 * ((double)S - 2048);
    char what[80];
    snprintf(what, sizeof what, "index scores fp8, 4096 queries, %zuK", S >> 10);
    gpu_line(what, us, pairs * 2 * HEADS * WIDTH / us / 1e6, "TFLOP/s");
    drop(&in);
}

/* ------------------------------------------------------------------ few queries, each with its own keys */

struct batch {
    uint8_t *q;
    uint16_t *keys;
    float *w, *out;
    struct cuda_where where;
    size_t n, S, ld;
};

static struct batch make_batch(size_t n, size_t S)
{
    struct batch in = {.n = n, .S = S, .ld = (S + 7) / 8 * 8};
    size_t many = (S + KV_PAGE - 1) / KV_PAGE;
    in.q = gpu_new<uint8_t>(n * HEADS * WIDTH);
    in.keys = gpu_new<uint16_t>(n * many * KV_PAGE * WIDTH);
    in.w = gpu_new<float>(n * HEADS);
    in.out = gpu_new<float>(n * in.ld);
    gpu_normal_e4m3(in.q, n * HEADS * WIDTH, 1, 1);
    gpu_normal_bf16(in.keys, n * many * KV_PAGE * WIDTH, 1, 2);
    gpu_normal(in.w, n * HEADS, 0.1f, 3);
    std::vector<void *> pages;
    for (size_t i = 0; i < n * many; i++) pages.push_back(in.keys + i * KV_PAGE * WIDTH);
    in.where = gpu_where(gpu_put(pages), S - 1, n, many);
    CHECK(cudaMemset(in.out, 0xff, n * in.ld * 4));
    return in;
}

static void drop_batch(struct batch *in)
{
    for (void *p : {(void *)in->q, (void *)in->keys, (void *)in->w, (void *)in->out}) CHECK(cudaFree(p));
}

/* Queries first .. first+n-1. */
static void run_batch(const struct batch *in, size_t first, size_t n)
{
    struct cuda_where where = {in->where.part + first, 1};
    struct sm90_index_few_args a = {in->q + first * HEADS * WIDTH, in->w + first * HEADS, where, 0,
                                    in->out + first * in->ld, n, in->ld, in->S, KV_BF16};
    sm90_index_few(gpu_device(), &a);
}

static void hadamard(double x[WIDTH])
{
    for (int o = 1; o < WIDTH; o *= 2)
        for (int i = 0; i < WIDTH; i++)
            if (!(i & o)) {
                double a = x[i], b = x[i + o];
                x[i] = a + b, x[i + o] = a - b;
            }
    for (int i = 0; i < WIDTH; i++) x[i] /= sqrt((double)WIDTH);
}

/* Keys keep three bits behind the point: scores differ by some 2.5 in 100, a single one by more. */
static void check_batch(size_t n, size_t S)
{
    struct batch in = make_batch(n, S);
    run_batch(&in, 0, n);
    CHECK(cudaDeviceSynchronize());
    size_t stride = (S + KV_PAGE - 1) / KV_PAGE * KV_PAGE;
    auto q = gpu_get(in.q, n * HEADS * WIDTH);
    auto keys = gpu_get(in.keys, n * stride * WIDTH);
    auto w = gpu_get(in.w, n * HEADS), out = gpu_get(in.out, n * in.ld);
    double diff = 0, norm = 0;
    bool whole = true;
    for (size_t t = 0; t < n; t++)
        for (size_t s = 0; s < in.ld; s++) {
            whole &= isnan(out[t * in.ld + s]) == (s >= S);
            if (s >= S || s % 13) continue;
            double key[WIDTH], want = 0;
            for (int c = 0; c < WIDTH; c++) key[c] = bf16_to_f32(keys[(t * stride + s) * WIDTH + c]);
            hadamard(key);
            for (int j = 0; j < HEADS; j++) {
                double dot = 0;
                for (int c = 0; c < WIDTH; c++) dot += value(q[(t * HEADS + j) * WIDTH + c]) * key[c];
                want += w[t * HEADS + j] * (dot > 0 ? dot : 0);
            }
            diff += (want - out[t * in.ld + s]) * (want - out[t * in.ld + s]);
            norm += want * want;
        }
    char what[80];
    snprintf(what, sizeof what, "index scores fp8, batch %zu of %zu%s", n, S, whole ? "" : ", not whole");
    gpu_verdict(what, whole && sqrt(diff / norm) < (n * S < 100 ? 0.2 : 5e-2), sqrt(diff / norm));
    drop_batch(&in);
}

static void time_batch(size_t n)
{
    size_t S = 131072, all = n < 8 ? 8 : n; /* taken in turn: none is found in the cache */
    struct batch in = make_batch(all, S);
    double us = gpu_time_short(10, [&](int i) { run_batch(&in, i * n % all, n); });
    char what[80];
    snprintf(what, sizeof what, "index scores fp8, decode at 128K, batch %zu", n);
    gpu_line(what, us, (double)n * S * WIDTH * 2 / us / 1e3, "GB/s");
    drop_batch(&in);
}

void gpu_index(void)
{
    check(4, 4);
    check(8, 127);
    check(8, 128);
    check(12, 129);
    check(64, 2000);
    check(16, 16384 + 130);
    check_batch(1, 1);
    check_batch(3, 500);
    check_batch(2, 9001);
    time_scores(32768);
    time_scores(65536);
    time_scores(131072);
    for (size_t n : {1, 8, 64}) time_batch(n);
}
