/* gpu_gemm.cu: FP8 products with scales at V3.2's widths: checked on some outputs, then timed. */
#include <math.h>

#include "bench/gpu.h"
#include "cuda/sm90_ops.h"

#define SETS 3 /* of inputs, taken in turn: the next run finds none of its own in the cache */

struct inputs {
    uint8_t *a[SETS], *b[SETS];
    float *a_scale, *b_scale;
    uint16_t *out;
    size_t M, N, K, a_ld;
};

static __global__ void positive(float *x, size_t n)
{
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
         i += (size_t)gridDim.x * blockDim.x)
        x[i] = fabsf(x[i]) + 0.1f;
}

static struct inputs make(size_t M, size_t N, size_t K)
{
    struct inputs in = {.M = M, .N = N, .K = K, .a_ld = (M + 127) / 128 * 128};
    size_t scales = K / 128 * in.a_ld, b_scales = (N + 127) / 128 * (K / 128);
    for (int i = 0; i < SETS; i++) {
        in.a[i] = gpu_new<uint8_t>(M * K);
        in.b[i] = gpu_new<uint8_t>(N * K);
        gpu_normal_e4m3(in.a[i], M * K, 1, 1 + 2 * i);
        gpu_normal_e4m3(in.b[i], N * K, 1, 2 + 2 * i);
    }
    in.a_scale = gpu_new<float>(scales);
    in.b_scale = gpu_new<float>(b_scales);
    in.out = gpu_new<uint16_t>(M * N);
    gpu_normal(in.a_scale, scales, 1, 8);
    gpu_normal(in.b_scale, b_scales, 1, 9);
    positive<<<256, 256>>>(in.a_scale, scales);
    positive<<<256, 256>>>(in.b_scale, b_scales);
    CHECK(cudaMemset(in.out, 0xff, M * N * 2));
    return in;
}

static void drop(struct inputs *in)
{
    for (int i = 0; i < SETS; i++) {
        CHECK(cudaFree(in->a[i]));
        CHECK(cudaFree(in->b[i]));
    }
    for (void *p : {(void *)in->a_scale, (void *)in->b_scale, (void *)in->out}) CHECK(cudaFree(p));
}

static void run(const struct inputs *in, int i)
{
    struct sm90_gemm_args g = {in->a[i % SETS], in->b[i % SETS], in->a_scale, in->b_scale, in->out,
                               in->M, in->N, in->K, 1, in->a_ld, in->N};
    struct errinfo e = {};
    sm90_gemm(gpu_device(), &g);
    if (gpu_device()->failed.code && deepread_cuda_backend.sync(gpu_device(), &e))
        printf("%s\n", e.msg);
}

static void check(size_t M, size_t N, size_t K)
{
    struct inputs in = make(M, N, K);
    run(&in, 0);
    CHECK(cudaDeviceSynchronize());
    auto a = gpu_get(in.a[0], M * K), b = gpu_get(in.b[0], N * K);
    auto as = gpu_get(in.a_scale, K / 128 * in.a_ld), bs = gpu_get(in.b_scale, (N + 127) / 128 * (K / 128));
    auto out = gpu_get(in.out, M * N);
    double diff = 0, norm = 0;
    bool whole = true;
    for (size_t i = 0; i < M * N; i++) {
        whole &= out[i] != 0xffff;
        if (i % (M * N / 3000 + 1)) continue;
        size_t m = i / N, n = i % N;
        double want = 0;
        for (size_t k = 0; k < K; k += 128) {
            double dot = 0;
            for (size_t c = k; c < k + 128; c++)
                dot += (double)e4m3_to_f32(a[m * K + c]) * e4m3_to_f32(b[n * K + c]);
            want += dot * as[k / 128 * in.a_ld + m] * bs[n / 128 * (K / 128) + k / 128];
        }
        diff += (want - bf16_to_f32(out[i])) * (want - bf16_to_f32(out[i]));
        norm += want * want;
    }
    char what[80];
    snprintf(what, sizeof what, "fp8 product %zu x %zu x %zu%s", M, N, K, whole ? "" : ", not whole");
    gpu_verdict(what, whole && sqrt(diff / norm) < 5e-3, sqrt(diff / norm));
    drop(&in);
}

static void time_product(size_t N, size_t K, double figure)
{
    struct inputs in = make(4096, N, K);
    double us = gpu_time(15, [&](int i) { run(&in, i); }), flop = 2.0 * 4096 * N * K;
    char what[80];
    snprintf(what, sizeof what, "fp8 product, 4096 x %zu x %zu", N, K);
    gpu_line(what, us, flop / us / 1e6, "TFLOP/s", flop / figure / 1e6);
    drop(&in);
}

void gpu_gemm(void)
{
    check(1, 128, 256);
    check(130, 200, 512);
    check(300, 2112, 7168);
    check(1000, 1000, 896);
    time_product(2112, 7168, 1134);
    time_product(24576, 1536, 1299);
    time_product(7168, 16384, 1276);
    time_product(4096, 7168, 1403);
    time_product(7168, 2048, 1139);
    time_product(36864, 7168, 1237);
}
