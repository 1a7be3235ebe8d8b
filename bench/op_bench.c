/* op_bench.c: the CPU backend's heavy operations at deepread-150m's shapes, on every path.
 *
 *   build/bench/op_bench [-t THREADS] [-p PATH] [-r ROUNDS] [-o OPERATIONS] [--csv]
 *
 * OPERATIONS is one of linear (512 rows), few (1 to 32 rows), onednn, index, mla, mha; all without it.
 * Time is by the clock; with -t 1 it is processor time, so that others may use the machine as well.
 * GFLOP/s, best of the rounds, and the fraction of what loops on registers only reach on as many
 * threads in the same run (bench/peak.h): FP8 products and attention to 8 bits against integer multiply-and-adds
 * or, where they go over tiles, those of tiles, scores of keys in 8 bits against those of bytes, the rest against FMAs.
 * PATH is a number, 0 generic to 5 AMX (enum cpu_isa).  Where oneDNN was there at build time
 * (libdnnl-dev), the same shapes with it: in f32, which is as exact, and with 8-bit activations,
 * which are not (a hundred times the error), for what the machine can do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifdef HAVE_DNNL
#include <dnnl.h>
#include <omp.h>
#endif

#include "base/sys.h"
#include "bench/peak.h"

#define HUGE_PAGE ((size_t)2 << 20)

struct options {
    const char *only; /* NULL: all operations */
    int threads, path, rounds;
    bool csv;
};

/* ------------------------------------------------------------------ operations */

struct bench {
    const struct options *o;
    const struct backend *be;
    struct device *d;
    enum cpu_isa isa;
    double peak[PEAK_COUNT];
};

static float *numbers(size_t n)
{
    float *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
    uint32_t s = 1;
    for (size_t i = 0; i < n; i++) {
        s = s * 1664525u + 1013904223u;
        x[i] = (float)(int32_t)s * 0x1p-31f;
    }
    return x;
}

static double seconds(const struct bench *b)
{
    struct timespec t;
    if (b->o->threads != 1) return sys_seconds();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void row(const struct bench *b, double peak, const char *what, double flop, double seconds)
{
    double g = flop / seconds * 1e-9;
    if (b->o->csv)
        printf("%s,%s,%.1f,%.2f,%.3f\n", cpu_isa_name(b->isa), what, seconds * 1e6, g,
               g / peak);
    else
        printf("%-14s %-34s %10.1f us %9.1f GFLOP/s %5.0f %%\n", cpu_isa_name(b->isa), what,
               seconds * 1e6, g, 100 * g / peak);
    fflush(stdout);
}

static void bench_linear(const struct bench *b, size_t T, size_t G, size_t O, size_t I)
{
    struct tensor t[16];
    struct weight *w;
    struct errinfo e = {0};
    float *x = numbers(T * G * I), *y = numbers(T * G * O);
    size_t blocks = (O + 127) / 128 * ((I + 127) / 128);
    float *scale = numbers(blocks);
    uint8_t *f8 = malloc(O * I);
    for (size_t i = 0; i < O * I; i++) f8[i] = (uint8_t)(i * 7 % 121);
    for (size_t g = 0; g < G; g++)
        t[g] = (struct tensor){.type = DT_F8_E4M3, .ndim = 2, .shape = {O, I}, .data = f8,
                               .bytes = O * I, .scale = scale, .block = 128};
    if (b->be->weight_new(b->d, &w, t, G, NULL, O, false, false, &e)) {
        fprintf(stderr, "op_bench: %s\n", e.msg);
        exit(1);
    }
    struct linear_args a = {.w = w, .x = x, .y = y, .T = T, .ldx = G * I, .ldy = G * O, .gx = I,
                            .gy = O};
    double best = 1e9, flop = 2.0 * (double)(T * G * O * I);
    int inner = flop > 1e8 ? 1 : (int)(1e8 / flop) + 1;
    for (int r = 0; r < b->o->rounds; r++) {
        double t0 = seconds(b);
        for (int i = 0; i < inner; i++) b->be->linear(b->d, &a);
        double s = (seconds(b) - t0) / inner;
        if (s < best) best = s;
    }
    char what[80];
    snprintf(what, sizeof what, "linear T %zu  %zu x [%zu, %zu]", T, G, O, I);
    row(b, peak_product(b->peak, b->d, w->pack, T), what, flop, best);
    b->be->weight_free(b->d, w);
    free(f8);
    free(scale);
    free(x);
    free(y);
}

/* Shapes of products of many rows. */
static const size_t sizes[][3] = {{1, 384, 576},  {1, 864, 384},  {1, 1536, 576},
                                  {1, 576, 1536}, {9, 256, 64},   {9, 64, 256}};

#ifdef HAVE_DNNL
static void one_onednn(const struct bench *b, size_t T, size_t O, size_t I, bool eight)
{
    float *x = numbers(T * I), *w = numbers(O * I), *y = numbers(T * O);
    int8_t *x8 = malloc(T * I), *w8 = malloc(O * I);
    int32_t none = 0, *y32 = (int32_t *)y;
    for (size_t i = 0; i < T * I; i++) x8[i] = (int8_t)(x[i] * 127);
    for (size_t i = 0; i < O * I; i++) w8[i] = (int8_t)(w[i] * 127);
    dnnl_dim_t M = (dnnl_dim_t)T, N = (dnnl_dim_t)O, K = (dnnl_dim_t)I;
    double best = 1e9;
    for (int r = 0; r < b->o->rounds + 1; r++) { /* the first makes its code */
        double t0 = seconds(b);
        if (eight)
            dnnl_gemm_s8s8s32('N', 'T', 'F', M, N, K, 1, x8, K, 0, w8, K, 0, 0, y32, N, &none);
        else
            dnnl_sgemm('N', 'T', M, N, K, 1, x, K, w, K, 0, y, N);
        double s = seconds(b) - t0;
        if (r && s < best) best = s;
    }
    char what[80];
    snprintf(what, sizeof what, "oneDNN %s T %zu [%zu, %zu]", eight ? "s8" : "f32", T, O, I);
    /* Bytes by bytes: the best loop that the machine has for these. */
    double bytes = b->peak[PEAK_TILES] > b->peak[PEAK_INT8] ? b->peak[PEAK_TILES] : b->peak[PEAK_INT8];
    row(b, eight ? bytes : b->peak[PEAK_FMA], what, 2.0 * (double)(T * O * I), best);
    free(x);
    free(w);
    free(y);
    free(x8);
    free(w8);
}

static void bench_onednn(const struct bench *b, int threads)
{
    omp_set_num_threads(threads);
    for (int eight = 0; eight < 2; eight++)
        for (size_t i = 0; i < 4; i++) one_onednn(b, 512, sizes[i][1], sizes[i][2], eight);
}
#else
static void bench_onednn(const struct bench *b, int threads)
{
    (void)b;
    (void)threads;
    printf("oneDNN: not there when this was built (libdnnl-dev)\n");
}
#endif

/* S rows of arbitrary numbers as the cache holds them, one behind the other in huge pages (engine/cpu/memory.c). */
static void *const *pages(const struct bench *b, enum kv_type type, size_t S, int width, int split)
{
    size_t n = (S + KV_PAGE - 1) / KV_PAGE, bytes = kv_row_bytes(type, split, width - split) * KV_PAGE;
    void **p = malloc(n * sizeof *p);
    float *x = numbers(KV_PAGE * (size_t)(width + 1));
    size_t all = (n * bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    char *at = aligned_alloc(HUGE_PAGE, all);
    madvise(at, all, MADV_HUGEPAGE);
    for (size_t i = 0; i < n; i++) {
        p[i] = at + i * bytes;
        struct kv_store_args a = {.kv = {.pages = p, .type = type, .index_type = type},
                                  .rows = x + i % (size_t)width, .T = KV_PAGE, .ld = (size_t)width,
                                  .pos0 = i * KV_PAGE, .width = width, .split = split};
        b->be->kv_store(b->d, &a, 1);
    }
    free(x);
    return p;
}

static void free_pages(void *const *p)
{
    free(p[0]);
    free((void *)p);
}

static void bench_indexer(const struct bench *b, enum kv_type type, size_t T, size_t S)
{
    enum { J = 2, C = 64, K = 512 };
    float *q = numbers(T * J * C), *w = numbers(T * J);
    int32_t *sel = malloc(T * K * sizeof *sel);
    void *const *p = pages(b, type, S, C, C);
    struct index_args a = {.kv = {.pages = p, .type = type, .index_type = type}, .q = q, .w = w, .sel = sel,
                           .T = T, .pos0 = S - T, .J = J, .C = C, .K = K};
    double best = 1e9;
    for (int r = 0; r < b->o->rounds; r++) {
        double t0 = seconds(b);
        b->be->index_select(b->d, &a, 1);
        double s = seconds(b) - t0;
        if (s < best) best = s;
    }
    char what[80];
    snprintf(what, sizeof what, "index_select T %zu  S %zu  %s", T, S, kv_type_name(type));
    row(b, b->peak[type == KV_INT8 ? PEAK_INT8 : PEAK_FMA], what, 2.0 * (double)T * (double)S * J * C, best);
    free_pages(p);
    free(q);
    free(w);
    free(sel);
}

static void bench_mha(const struct bench *b, size_t T, size_t S)
{
    enum { H = 9, N = 64, P = 32, W = 64, ROW = H * (N + W) + P };
    float *q = numbers(T * H * (N + P)), *out = numbers(T * H * W);
    void *const *p = pages(b, KV_F16, S, ROW, ROW);
    struct mha_args a = {.kv = {.pages = p, .type = KV_F16}, .q = q, .out = out, .T = T,
                         .pos0 = S - T, .H = H, .N = N, .P = P, .W = W, .scale = 0.1f};
    double best = 1e9;
    for (int r = 0; r < b->o->rounds; r++) {
        double t0 = seconds(b);
        b->be->mha_attend(b->d, &a, 1);
        double s = seconds(b) - t0;
        if (s < best) best = s;
    }
    char what[80];
    snprintf(what, sizeof what, "mha_attend T %zu  S %zu", T, S);
    row(b, b->peak[PEAK_FMA], what, 2.0 * (double)T * H * (double)(S - T / 2) * (N + P + W), best);
    free_pages(p);
    free(q);
    free(out);
}

static void bench_mla(const struct bench *b, enum kv_type type, size_t T, size_t S)
{
    enum { H = 9, R = 256, P = 32, K = 512 };
    float *q = numbers(T * H * (R + P)), *out = numbers(T * H * R);
    int32_t *sel = malloc(T * K * sizeof *sel);
    /* Of each 4 rows that a query chooses its neighbour chooses 3 as well. */
    size_t apart = (S - T) / K;
    for (size_t t = 0; t < T; t++)
        for (size_t k = 0; k < K; k++)
            sel[t * K + k] = (int32_t)(k * apart + (k * 977 + (t + k) / 4 * 613) % apart);
    void *const *p = pages(b, type, S, R + P, R);
    struct mla_args a = {.kv = {.pages = p, .type = type}, .q = q, .sel = sel, .out = out,
                         .T = T, .pos0 = S - T, .H = H, .R = R, .P = P, .K = K, .scale = 0.1f};
    double best = 1e9;
    for (int r = 0; r < b->o->rounds; r++) {
        double t0 = seconds(b);
        b->be->mla_attend(b->d, &a, 1);
        double s = seconds(b) - t0;
        if (s < best) best = s;
    }
    char what[80];
    snprintf(what, sizeof what, "mla_attend T %zu  S %zu  %s", T, S, kv_type_name(type));
    row(b, peak_attend(b->peak, b->d, type, R, P), what, 2.0 * (double)T * H * K * (2 * R + P), best);
    free_pages(p);
    free(q);
    free(out);
    free(sel);
}

static bool wants(const struct options *o, const char *operation)
{
    return !o->only || !strcmp(o->only, operation);
}

static void one_path(const struct options *o, enum cpu_isa isa)
{
    struct bench b = {.o = o, .be = &cpu_backend, .isa = isa};
    struct device_options opt = {.threads = o->threads};
    struct errinfo e = {0};
    if (cpu_open_isa(&b.d, &opt, isa, &e)) {
        printf("%s: skipped, %s\n", cpu_isa_name(isa), e.msg);
        return;
    }
    int threads = o->threads ? o->threads : sys_cores();
    static const enum kv_type states[] = {KV_F16, KV_INT8};
    static const char *const names[] = {"registers only, FMA", "registers only, int16", "registers only, bytes",
                                        "registers only, tiles of bytes"};
    for (int i = 0; i < PEAK_COUNT; i++) {
        b.peak[i] = peak_gflops(isa, (enum peak)i, threads, o->rounds);
        if (b.peak[i] > 0) row(&b, b.peak[i], names[i], b.peak[i] * 1e9, 1);
    }
    for (size_t i = 0; wants(o, "linear") && i < sizeof sizes / sizeof *sizes; i++)
        bench_linear(&b, 512, sizes[i][0], sizes[i][1], sizes[i][2]);
    if (wants(o, "onednn") && isa == cpu_isa_best() && !o->csv) bench_onednn(&b, threads);
    for (size_t T = 1; wants(o, "few") && T <= 32; T *= 2) {
        bench_linear(&b, T, 1, 1536, 576);
        bench_linear(&b, T, 1, 576, 1536);
        bench_linear(&b, T, 1, 49152, 576);
    }
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (wants(o, "index")) {
            bench_indexer(&b, states[i], 512, 8192);
            bench_indexer(&b, states[i], 512, 65536);
            bench_indexer(&b, states[i], 1, 32768);
        }
        if (wants(o, "mla")) {
            bench_mla(&b, states[i], 512, 1024);
            bench_mla(&b, states[i], 512, 8192);
            bench_mla(&b, states[i], 512, 32768);
            bench_mla(&b, states[i], 1, 32768);
        }
    }
    if (wants(o, "mha")) {
        bench_mha(&b, 512, 8192);
        bench_mha(&b, 1, 8192);
    }
    b.be->close(b.d);
}

int main(int argc, char **argv)
{
    struct options o = {.path = -1, .rounds = 7};
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(a, "--csv")) o.csv = true;
        else if (!strcmp(a, "-t")) o.threads = atoi(v), i++;
        else if (!strcmp(a, "-p")) o.path = atoi(v), i++;
        else if (!strcmp(a, "-r")) o.rounds = atoi(v), i++;
        else if (!strcmp(a, "-o")) o.only = v, i++;
        else {
            fprintf(stderr, "op_bench: unknown option '%s'; see the head of bench/op_bench.c\n", a);
            return 2;
        }
    }
    if (o.csv) printf("path,operation,us,gflop_s,fraction\n");
    for (int i = 0; i < CPU_ISA_COUNT; i++)
        if (o.path < 0 || o.path == i) one_path(&o, (enum cpu_isa)i);
    return 0;
}
