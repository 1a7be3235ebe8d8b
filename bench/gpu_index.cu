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
                                cuda_position(gpu_device(), in->S - in->T), 0, in->T, in->S, in->ld};
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

void gpu_index(void)
{
    check(4, 4);
    check(8, 127);
    check(8, 128);
    check(12, 129);
    check(64, 2000);
    check(16, 16384 + 130);
    time_scores(32768);
    time_scores(65536);
    time_scores(131072);
}
