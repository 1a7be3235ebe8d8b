/* op.h: what the tests of backend operations share: every backend and path of this machine,
 * reproducible numbers, comparison. */
#ifndef TESTS_OP_H
#define TESTS_OP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/backend.h"
#include "engine/backend_plugin.h"
#include "engine/cpu/isa.h"
#include "tests/mirror.h"

/* One backend on one path.  `loose` is the relative error it may have when it makes weights of the
 * numbers of op_numbers: int8 cannot hold them. */
struct op_path {
    const struct backend *be;
    enum cpu_isa isa;
    enum weight_type weights;
    const char *name;
    double loose;
    void (*tune)(struct device *d); /* puts others in the place of its kernels; or NULL */
};

static const struct op_path op_paths[] = {
    {&cpu_backend, CPU_ISA_GENERIC, WEIGHT_F32, "cpu generic f32", 1e-5, NULL},
    {&cpu_backend, CPU_ISA_GENERIC, WEIGHT_BF16, "cpu generic bf16", 1e-5, NULL},
    {&cpu_backend, CPU_ISA_AVX2, WEIGHT_F32, "cpu AVX2 f32", 1e-5, NULL},
    {&cpu_backend, CPU_ISA_AVX2, WEIGHT_BF16, "cpu AVX2 bf16", 1e-5, NULL},
    {&cpu_backend, CPU_ISA_AVXVNNI, WEIGHT_F32, "cpu AVX-VNNI f32", 1e-5, NULL},
    {&cpu_backend, CPU_ISA_AVX512, WEIGHT_F32, "cpu AVX-512 f32", 1e-5, NULL},
    {&cpu_backend, CPU_ISA_AVX512, WEIGHT_BF16, "cpu AVX-512 bf16", 1e-5, NULL},
    {&cpu_backend, CPU_ISA_AVX512VNNI, WEIGHT_F32, "cpu AVX-512 VNNI f32", 1e-5, NULL},
    {&cpu_backend, CPU_ISA_AMX, WEIGHT_F32, "cpu AMX f32", 1e-5, NULL},
    {&cpu_backend, CPU_ISA_GENERIC, WEIGHT_INT8, "cpu generic int8", 1e-2, NULL},
    {&cpu_backend, CPU_ISA_AVX2, WEIGHT_INT8, "cpu AVX2 int8", 1e-2, NULL},
    {&cpu_backend, CPU_ISA_AVXVNNI, WEIGHT_INT8, "cpu AVX-VNNI int8", 1e-2, NULL},
    {&cpu_backend, CPU_ISA_AVX512, WEIGHT_INT8, "cpu AVX-512 int8", 1e-2, NULL},
    {&cpu_backend, CPU_ISA_AVX512VNNI, WEIGHT_INT8, "cpu AVX-512 VNNI int8", 1e-2, NULL},
    {&cpu_backend, CPU_ISA_AMX, WEIGHT_INT8, "cpu AMX int8", 1e-2, NULL},
    {&mirror_backend, 0, WEIGHT_F32, "cuda f32", 1e-5, NULL},
    {&mirror_backend, 0, WEIGHT_BF16, "cuda bf16 and fp8", 1e-5, NULL},
};
#define OP_PATHS (sizeof op_paths / sizeof *op_paths)

static inline struct device *op_open(const struct op_path *p, int threads, enum kv_type kv)
{
    struct device *d = NULL;
    struct errinfo e = {0};
    struct device_options o = {.threads = threads, .weights = p->weights, .kv = kv};
    const struct backend *cuda;
    if (p->be == &cpu_backend)
        cpu_open_isa(&d, &o, p->isa, &e);
    else if (!backend_plugin(&cuda, &e))
        d = mirror_open(cuda, &o, &e);
    if (!d) fail_msg("%s: %s", p->name, e.msg);
    if (p->tune) p->tune(d);
    return d;
}

/* Whether this machine has what a path needs; `e` says why not. */
static inline bool op_has(const struct op_path *p, struct errinfo *e)
{
    const struct backend *cuda;
    struct device *d;
    struct device_options o = {0};
    if (p->be == &cpu_backend) {
        if (!cpu_isa_has(p->isa)) err_set(e, E_DEVICE, "not on this machine");
        return !e->code;
    }
    if (backend_plugin(&cuda, e) || cuda->open(&d, &o, e)) return false;
    cuda->close(d);
    return true;
}

static inline struct device *op_open_ref(enum kv_type kv)
{
    struct device *d = NULL;
    struct errinfo e = {0};
    struct device_options o = {.threads = 0, .weights = WEIGHT_F32, .kv = kv};
    if (ref_backend.open(&d, &o, &e)) fail_msg("ref: %s", e.msg);
    return d;
}

/* Whether the path keeps a state in 8 bits. */
static inline bool op_has_int8(const struct op_path *p)
{
    return p->be == &cpu_backend;
}

/* Runs `test` on every path of this machine, or on those whose names begin with DEEPREAD_TEST_PATHS (a sanitizer has time for
 * few), and says which were skipped. */
static inline void op_each(void (*test)(const struct op_path *p))
{
    const char *only = getenv("DEEPREAD_TEST_PATHS");
    for (size_t i = 0; i < OP_PATHS; i++) {
        struct errinfo e = {0};
        if (only && strncmp(op_paths[i].name, only, strlen(only))) continue;
        if (op_has(&op_paths[i], &e))
            test(&op_paths[i]);
        else
            print_message("# SKIP %s: %s\n", op_paths[i].name, e.msg);
    }
}

/* ------------------------------------------------------------------ numbers */

static inline uint32_t op_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* n numbers of about unit size that bf16 holds exactly, so that rounding a path does by design
 * (weights and cache in bf16) is no error here.  free() it. */
static inline float *op_numbers(size_t n, uint64_t seed)
{
    float *x = malloc((n ? n : 1) * sizeof *x);
    uint64_t s = seed * 977 + 1;
    for (size_t i = 0; i < n; i++) {
        float a = (float)op_random(&s) / 2147483648.0f, b = (float)op_random(&s) / 2147483648.0f;
        x[i] = bf16_to_f32(f32_to_bf16((a + b - 1.0f) * 2.0f));
    }
    return x;
}

static inline struct tensor op_tensor(const float *x, uint64_t rows, uint64_t cols)
{
    return (struct tensor){.type = DT_F32, .ndim = 2, .shape = {rows, cols}, .data = x,
                           .bytes = rows * cols * 4};
}

/* Largest difference, relative to the largest number of `want`. */
static inline double op_error(const float *got, const float *want, size_t n)
{
    double most = 0, diff = 0;
    for (size_t i = 0; i < n; i++) {
        double w = fabs((double)want[i]), e = fabs((double)got[i] - (double)want[i]);
        if (w > most) most = w;
        if (!(e <= diff) && !isnan(diff)) diff = e; /* a NaN stays */
    }
    return most > 0 ? diff / most : diff;
}

#define op_close(p, what, got, want, n, limit)                                                     \
    do {                                                                                           \
        double err_ = op_error(got, want, n);                                                      \
        if (!(err_ <= (limit)))                                                                    \
            fail_msg("%s: %s: error %.3g, at most %.3g", (p)->name, what, err_, (double)(limit));  \
    } while (0)

/* ------------------------------------------------------------------ a cache */

/* Pages for S positions whose rows are numbers; `width` elements each, of one kind. */
struct op_kv {
    void **pages;
    size_t n;
    struct kv_view view;
};

static inline struct op_kv op_kv_parts(size_t S, int width, int split, enum kv_type type,
                                       const float *rows)
{
    struct op_kv kv = {.n = (S + KV_PAGE - 1) / KV_PAGE};
    size_t bytes = KV_PAGE * kv_row_bytes(type, split, width - split);
    kv.pages = calloc(kv.n ? kv.n : 1, sizeof *kv.pages);
    for (size_t i = 0; i < kv.n; i++) {
        kv.pages[i] = malloc(bytes); /* exactly one block: sanitizers see a read beyond it */
        memset(kv.pages[i], 0xff, bytes); /* what was never written is NaN */
    }
    kv.view = (struct kv_view){.pages = kv.pages, .type = type, .index_type = type};
    struct device *r = op_open_ref(type);
    struct kv_store_args a = {.kv = kv.view, .rows = rows, .T = S, .ld = (size_t)width,
                              .width = width, .split = split};
    ref_backend.kv_store(r, &a, 1);
    ref_backend.close(r);
    return kv;
}

/* Of one part. */
static inline struct op_kv op_kv_new(size_t S, int width, enum kv_type type, const float *rows)
{
    return op_kv_parts(S, width, width, type, rows);
}

static inline void op_kv_free(struct op_kv *kv)
{
    for (size_t i = 0; i < kv->n; i++) free(kv->pages[i]);
    free(kv->pages);
}

#endif
