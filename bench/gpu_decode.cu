/* gpu_decode.cu: sparse attention of few queries over an FP8 cache: checked in double, then timed. */
#include <math.h>
#include <string.h>

#include "bench/gpu.h"
#include "cuda/sm90_ops.h"

#define HEADS 128
#define WIDTH 576
#define LATENT 512
#define ROW 656
#define SCALE 0.1352338f
#define SETS 8 /* of choices, taken in turn */

/* 512 e4m3, four scales (powers of 2), 64 bf16: one block of 64 threads per row. */
static __global__ void fill_rows(uint8_t *cache, const uint8_t *latent, const uint16_t *rope)
{
    size_t r = blockIdx.x;
    uint8_t *row = cache + r * ROW;
    for (int i = threadIdx.x; i < LATENT; i += 64) row[i] = latent[(r * 7919 + i) % 999983];
    if (threadIdx.x < 4) ((float *)(row + 512))[threadIdx.x] = exp2f((float)((r + threadIdx.x) % 4) - 3);
    ((uint16_t *)(row + 528))[threadIdx.x] = rope[(r * 31 + threadIdx.x) % 99991];
}

static __global__ void choose(int32_t *sel, size_t n, size_t S)
{
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
         i += (size_t)gridDim.x * blockDim.x) {
        uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
        z ^= z >> 31, z *= 0xbf58476d1ce4e5b9u, z ^= z >> 29;
        sel[i] = (int32_t)(z % S);
    }
}

struct inputs {
    uint16_t *q, *out;
    uint8_t *cache;
    int32_t *sel;
    size_t B, S;
    int K;
};

static struct inputs make(size_t B, size_t S, int K)
{
    struct inputs in = {.B = B, .S = S, .K = K};
    uint8_t *latent = gpu_new<uint8_t>(999983);
    uint16_t *rope = gpu_new<uint16_t>(99991);
    in.q = gpu_new<uint16_t>(B * HEADS * WIDTH);
    in.out = gpu_new<uint16_t>(B * HEADS * LATENT);
    in.cache = gpu_new<uint8_t>(S * ROW);
    in.sel = gpu_new<int32_t>(SETS * B * K);
    gpu_normal_bf16(in.q, B * HEADS * WIDTH, 0.3f, 1);
    gpu_normal_e4m3(latent, 999983, 2, 2);
    gpu_normal_bf16(rope, 99991, 1, 3);
    fill_rows<<<(unsigned)S, 64>>>(in.cache, latent, rope);
    choose<<<512, 256>>>(in.sel, SETS * B * K, S);
    CHECK(cudaMemset(in.out, 0xff, B * HEADS * LATENT * 2));
    CHECK(cudaFree(latent));
    CHECK(cudaFree(rope));
    return in;
}

static void drop(struct inputs *in)
{
    for (void *p : {(void *)in->q, (void *)in->out, (void *)in->cache, (void *)in->sel})
        CHECK(cudaFree(p));
}

static void run(const struct inputs *in, int i)
{
    struct sm90_decode_args a = {in->q, in->cache, in->sel + i % SETS * in->B * in->K, in->out, in->B,
                                 in->K, SCALE * 1.44269504f};
    sm90_mla_decode(gpu_device(), &a);
}

static double cached(const uint8_t *row, int i)
{
    float scale;
    uint16_t h;
    if (i >= LATENT) {
        memcpy(&h, row + 528 + 2 * (i - LATENT), 2);
        return bf16_to_f32(h);
    }
    memcpy(&scale, row + 512 + 4 * (i / 128), 4);
    return (double)e4m3_to_f32(row[i]) * scale;
}

static void check(size_t B, int K)
{
    struct inputs in = make(B, 4000, K);
    run(&in, 0);
    CHECK(cudaDeviceSynchronize());
    auto q = gpu_get(in.q, B * HEADS * WIDTH), out = gpu_get(in.out, B * HEADS * LATENT);
    auto cache = gpu_get(in.cache, in.S * ROW);
    auto sel = gpu_get(in.sel, B * K);
    double diff = 0, norm = 0;
    for (size_t i = 0; i < B * HEADS; i += B > 2 ? 61 : 13) {
        std::vector<double> p(K), want(LATENT, 0);
        double max = -INFINITY, sum = 0;
        const int32_t *mine = sel.data() + i / HEADS * K;
        for (int k = 0; k < K; k++) {
            for (int c = 0; c < WIDTH; c++)
                p[k] += bf16_to_f32(q[i * WIDTH + c]) * cached(&cache[(size_t)mine[k] * ROW], c);
            max = fmax(max, p[k] *= SCALE);
        }
        for (double &x : p) sum += x = exp(x - max);
        for (int k = 0; k < K; k++)
            for (int c = 0; c < LATENT; c++)
                want[c] += p[k] / sum * cached(&cache[(size_t)mine[k] * ROW], c);
        for (int c = 0; c < LATENT; c++) {
            double d = want[c] - bf16_to_f32(out[i * LATENT + c]);
            diff += d * d;
            norm += want[c] * want[c];
        }
    }
    char what[80];
    snprintf(what, sizeof what, "sparse decode fp8, batch %zu, k %d", B, K);
    gpu_verdict(what, sqrt(diff / norm) < 1e-2, sqrt(diff / norm));
    drop(&in);
}

static void time_decode(size_t B)
{
    struct inputs in = make(B, 1 << 20, 2048);
    double us = gpu_time_short(15, [&](int i) { run(&in, i); });
    char what[80];
    snprintf(what, sizeof what, "sparse decode fp8, k 2048, batch %zu", B);
    gpu_line(what, us, (double)B * HEADS * 2048 * 2 * (WIDTH + LATENT) / us / 1e6, "TFLOP/s");
    drop(&in);
}

void gpu_decode(void)
{
    check(1, 64);
    check(1, 2048);
    check(3, 200);
    check(66, 2048);
    time_decode(1);
    time_decode(8);
    time_decode(64);
    time_decode(128);
}
