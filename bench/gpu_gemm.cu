/* gpu_gemm.cu: FP8 products with scales at V3.2's widths: checked on some outputs, then timed; of many rows,
 * of few, and of experts' rows. */
#include <math.h>
#include <string.h>

#include "bench/gpu.h"
#include "cuda/sm90_ops.h"

#define SETS 3 /* of inputs, taken in turn: the next run finds none of its own in the cache */
#define MOST_SETS 16
#define EXPERTS 256
#define CHOICES 8

struct inputs {
    uint8_t *a[MOST_SETS], *b[MOST_SETS];
    float *a_scale, *b_scale;
    uint16_t *out;
    int32_t *tiles;
    size_t M, N, K, G, a_ld;
    int sets, tile_rows, shape;
    bool f32; /* results */
    std::vector<int32_t> group; /* of each tile */
};

static __global__ void positive(float *x, size_t n)
{
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
         i += (size_t)gridDim.x * blockDim.x)
        x[i] = fabsf(x[i]) + 0.1f;
}

static size_t b_scales(const struct inputs *in)
{
    return in->G * ((in->N + 127) / 128) * (in->K / 128);
}

/* tile_rows 0: one matrix. */
static struct inputs make(size_t M, size_t N, size_t K, int sets = SETS, size_t G = 1, int tile_rows = 0,
                          const std::vector<int32_t> &group = {})
{
    struct inputs in = {.M = M, .N = N, .K = K, .G = G, .a_ld = (M + 127) / 128 * 128, .sets = sets,
                        .tile_rows = tile_rows, .shape = SM90_CHOOSE, .group = group};
    size_t scales = K / 128 * in.a_ld;
    for (int i = 0; i < sets; i++) {
        in.a[i] = gpu_new<uint8_t>(M * K);
        in.b[i] = gpu_new<uint8_t>(G * N * K);
        gpu_normal_e4m3(in.a[i], M * K, 1, 1 + 2 * i);
        gpu_normal_e4m3(in.b[i], G * N * K, 1, 2 + 2 * i);
    }
    in.a_scale = gpu_new<float>(scales);
    in.b_scale = gpu_new<float>(b_scales(&in));
    in.out = gpu_new<uint16_t>(M * N);
    gpu_normal(in.a_scale, scales, 1, 8);
    gpu_normal(in.b_scale, b_scales(&in), 1, 9);
    positive<<<256, 256>>>(in.a_scale, scales);
    positive<<<256, 256>>>(in.b_scale, b_scales(&in));
    CHECK(cudaMemset(in.out, 0xff, M * N * 2));
    if (!tile_rows) return in;
    std::vector<int32_t> tiles = {(int32_t)group.size()};
    tiles.insert(tiles.end(), group.begin(), group.end());
    in.tiles = gpu_put(tiles);
    return in;
}

static void drop(struct inputs *in)
{
    for (int i = 0; i < in->sets; i++) {
        CHECK(cudaFree(in->a[i]));
        CHECK(cudaFree(in->b[i]));
    }
    for (void *p : {(void *)in->a_scale, (void *)in->b_scale, (void *)in->out, (void *)in->tiles})
        CHECK(cudaFree(p));
}

static void run(const struct inputs *in, int i)
{
    struct sm90_gemm_args g = {in->a[i % in->sets], in->b[i % in->sets], in->a_scale, in->b_scale, in->out,
                               in->M, in->N, in->K, in->G, in->a_ld, in->N, in->f32, false, in->tiles,
                               in->tile_rows, in->shape};
    struct errinfo e = {};
    bool few = (in->tiles ? (size_t)in->tile_rows : in->M) <= 64;
    if (few) sm90_few(gpu_device(), &g, INFINITY);
    else sm90_gemm(gpu_device(), &g);
    if (gpu_device()->failed.code && deepread_cuda_backend.sync(gpu_device(), &e))
        printf("%s\n", e.msg);
}

static void check(struct inputs in)
{
    size_t M = in.M, N = in.N, K = in.K, kb = K / 128;
    run(&in, 0);
    CHECK(cudaDeviceSynchronize());
    auto a = gpu_get(in.a[0], M * K), b = gpu_get(in.b[0], in.G * N * K);
    auto as = gpu_get(in.a_scale, kb * in.a_ld), bs = gpu_get(in.b_scale, b_scales(&in));
    auto out = gpu_get(in.out, M * N);
    double diff = 0, norm = 0;
    bool whole = true;
    for (size_t i = 0; i < M * N; i++) {
        whole &= out[i] != 0xffff;
        if (i % (M * N / 3000 + 1)) continue;
        size_t m = i / N, n = i % N, g = in.tiles ? in.group[m / in.tile_rows] : 0;
        double want = 0;
        for (size_t k = 0; k < K; k += 128) {
            double dot = 0;
            for (size_t c = k; c < k + 128; c++)
                dot += (double)e4m3_to_f32(a[m * K + c]) * e4m3_to_f32(b[(g * N + n) * K + c]);
            want += dot * as[k / 128 * in.a_ld + m] * bs[(g * ((N + 127) / 128) + n / 128) * kb + k / 128];
        }
        diff += (want - bf16_to_f32(out[i])) * (want - bf16_to_f32(out[i]));
        norm += want * want;
    }
    char what[100], shape[20] = "";
    if (in.shape >= 0) snprintf(shape, sizeof shape, ", shape %d", in.shape);
    snprintf(what, sizeof what, "fp8 %zu x %zu x %zu%s%s%s", M, N, K, in.tiles ? " of experts" : "", shape,
             whole ? "" : ", not whole");
    gpu_verdict(what, whole && sqrt(diff / norm) < 5e-3, sqrt(diff / norm));
    drop(&in);
}

static void check_shape(size_t M, size_t N, size_t K, int shape)
{
    struct inputs in = make(M, N, K);
    in.shape = shape;
    check(in);
}

/* Microseconds of each shape of kernels. */
static void time_shapes(struct inputs *in, int n, int times)
{
    printf("    shapes:");
    for (in->shape = 0; in->shape < n; in->shape++)
        printf(" %.1f us", gpu_time(times, [&](int i) { run(in, i); }));
    printf("\n");
    in->shape = SM90_CHOOSE;
}

/* ------------------------------------------------------------------ many rows */

/* Ten launches back to back, as the figures were taken.  shapes: of the kernels too, which warms the card for what
 * follows. */
static void time_product(size_t N, size_t K, bool shapes)
{
    struct inputs in = make(4096, N, K);
    double us = gpu_time_short(3, [&](int i) { run(&in, i); }), flop = 2.0 * 4096 * N * K;
    char what[80];
    snprintf(what, sizeof what, "fp8 product, 4096 x %zu x %zu", N, K);
    gpu_line(what, us, flop / us / 1e6, "TFLOP/s");
    if (shapes) {
        time_shapes(&in, SM90_GEMM_SHAPES, 15);
        CHECK(cudaFree(in.out));
        in.out = (uint16_t *)gpu_new<float>(4096 * N);
        in.f32 = true;
        printf("    f32 results: %.1f us\n", gpu_time_short(3, [&](int i) { run(&in, i); }));
    }
    drop(&in);
}

void gpu_gemm(void)
{
    for (int shape = 0; shape < SM90_GEMM_SHAPES; shape++) {
        check_shape(130, 200, 512, shape);
        check_shape(300, 2112, 7168, shape);
        check_shape(1000, 1000, 896, shape);
        check_shape(2500, 4096, 512, shape); /* several tiles each */
    }
    for (bool shapes : {false, true})
        for (auto [N, K] : (size_t[6][2]){{2112, 7168}, {24576, 1536}, {7168, 16384}, {4096, 7168}, {7168, 2048}, {36864, 7168}})
            time_product(N, K, shapes);
}

/* ------------------------------------------------------------------ few rows */

static void time_few(size_t M, size_t N, size_t K)
{
    size_t bytes = N * K, sets = 200000000 / bytes + 2; /* more than the cache holds */
    struct inputs in = make(M, N, K, (int)sets < MOST_SETS ? (int)sets : MOST_SETS);
    double us = gpu_time_short(15, [&](int i) { run(&in, i); });
    char what[80];
    snprintf(what, sizeof what, "fp8 product, %zu x %zu x %zu", M, N, K);
    gpu_line(what, us, (double)bytes / us / 1e3, "GB/s");
    printf("    shapes:");
    for (in.shape = 0; in.shape < SM90_FEW_SHAPES; in.shape++)
        printf(" %.1f us", gpu_time_short(15, [&](int i) { run(&in, i); }));
    printf("\n");
    drop(&in);
}

/* Few outputs of many rows, f32 as the graph asks for them: few tiles. */
static void time_narrow(size_t M)
{
    struct inputs in = make(M, 576, 7168);
    CHECK(cudaFree(in.out));
    in.out = (uint16_t *)gpu_new<float>(M * 576);
    in.f32 = true;
    double us = gpu_time_short(15, [&](int i) { run(&in, i); });
    char what[80];
    snprintf(what, sizeof what, "fp8 product, %zu x 576 x 7168", M);
    gpu_line(what, us, 2.0 * (double)M * 576 * 7168 / us / 1e6, "TFLOP/s");
    drop(&in);
}

void gpu_few(void)
{
    for (int shape = 0; shape < SM90_FEW_SHAPES; shape++) {
        check_shape(1, 128, 256, shape);
        check_shape(7, 200, 896, shape);
        check_shape(16, 2112, 7168, shape);
        check_shape(61, 1000, 1536, shape);
    }
    time_few(1, 2112, 7168);
    time_few(1, 24576, 1536);
    time_few(1, 7168, 16384);
    time_few(1, 4096, 7168);
    time_few(1, 7168, 2048);
    time_few(1, 36864, 7168);
    time_few(64, 2112, 7168);
    time_few(64, 24576, 1536);
    time_few(64, 7168, 16384);
    for (size_t M : {128, 512, 2048, 8192}) time_narrow(M);
}

/* ------------------------------------------------------------------ experts */

/* Which expert each tile meets, for `batch` tokens of CHOICES different ones each. */
static std::vector<int32_t> choose(size_t batch, int tile_rows)
{
    std::vector<int> count(EXPERTS, 0);
    uint64_t z = 88172645463325252u;
    for (size_t t = 0; t < batch; t++) {
        bool taken[EXPERTS] = {};
        for (int i = 0; i < CHOICES;) {
            z ^= z << 13, z ^= z >> 7, z ^= z << 17;
            int e = (int)(z >> 33) % EXPERTS;
            if (taken[e]) continue;
            taken[e] = true;
            count[e]++, i++;
        }
    }
    std::vector<int32_t> group;
    for (int e = 0; e < EXPERTS; e++)
        for (int at = 0; at < count[e]; at += tile_rows) group.push_back(e);
    return group;
}

static void time_batch(size_t batch)
{
    std::vector<int32_t> group = choose(batch, 16);
    std::vector<bool> met(EXPERTS);
    for (int32_t g : group) met[g] = true;
    size_t bytes = (size_t)std::count(met.begin(), met.end(), true) * 4096 * 7168;
    struct inputs in = make(group.size() * 16, 4096, 7168, 1, EXPERTS, 16, group);
    double us = gpu_time(15, [&](int i) { run(&in, i); });
    char what[80];
    snprintf(what, sizeof what, "experts, batch %zu x 4096 x 7168", batch);
    gpu_line(what, us, (double)bytes / us / 1e3, "GB/s");
    time_shapes(&in, SM90_FEW_SHAPES, 15);
    drop(&in);
}

static void time_experts(size_t N, size_t K)
{
    std::vector<int32_t> group;
    for (int e = 0; e < EXPERTS; e++) group.push_back(e);
    struct inputs in = make(EXPERTS * 128, N, K, 1, EXPERTS, 128, group);
    double us = gpu_time(12, [&](int i) { run(&in, i); });
    char what[80];
    snprintf(what, sizeof what, "experts, 32768 rows x %zu x %zu", N, K);
    gpu_line(what, us, 2.0 * EXPERTS * 128 * N * K / us / 1e6, "TFLOP/s");
    for (int shape : {0, 2}) {
        in.shape = shape;
        printf("    shape %d: %.1f us", shape, gpu_time(12, [&](int i) { run(&in, i); }));
    }
    printf("\n");
    drop(&in);
}

void gpu_experts(void)
{
    std::vector<int32_t> group = {3, 0, 2, 2};
    for (int tile_rows : {16, 64, 128}) check(make(4 * (size_t)tile_rows, 400, 896, 1, 5, tile_rows, group));
    time_experts(4096, 7168);
    time_experts(7168, 2048);
    for (size_t batch : {1, 8, 64, 128}) time_batch(batch);
}
