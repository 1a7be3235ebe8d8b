/* test_op_norm.c: norms, RoPE, activation, cache writing and small moves, on every path. */
#include "tests/op.h"

static const int widths[] = {1, 2, 7, 8, 15, 16, 17, 64, 257, 576};
static const size_t rows_of[] = {0, 1, 3, 70};

static void fill_gaps(float *x, size_t T, size_t ld, size_t n)
{
    for (size_t t = 0; t < T; t++)
        for (size_t i = n; i < ld; i++) x[t * ld + i] = 1e30f;
}

static void rmsnorm_once(const struct op_path *p, size_t T, int width, bool with_r)
{
    size_t n = (size_t)width, ldx = n + 3, ldy = n + 1;
    struct device *d = op_open(p, 2, KV_AUTO), *ref = op_open_ref(KV_AUTO);
    float *x = op_numbers(T * ldx, 1), *x2 = op_numbers(T * ldx, 1), *w = op_numbers(n, 2);
    float *r = with_r ? op_numbers(T * ldx, 3) : NULL;
    float *y = op_numbers(T * ldy, 4), *y2 = op_numbers(T * ldy, 4), *alone = op_numbers(n, 5);
    fill_gaps(x, T, ldx, n);
    fill_gaps(x2, T, ldx, n);
    p->be->rmsnorm(d, y, ldy, x, ldx, r, w, T, width, 1e-6f);
    ref_backend.rmsnorm(ref, y2, ldy, x2, ldx, r, w, T, width, 1e-6f);
    op_close(p, "rmsnorm", y, y2, T * ldy, 1e-6);
    assert_memory_equal(x, x2, T * ldx * sizeof *x); /* the sum is kept, exactly */
    for (size_t t = 0; t < T; t++) {
        p->be->rmsnorm(d, alone, n, x + t * ldx, ldx, NULL, w, 1, width, 1e-6f);
        assert_memory_equal(alone, y + t * ldy, n * sizeof *alone);
    }
    p->be->close(d);
    ref_backend.close(ref);
    free(x), free(x2), free(w), free(r), free(y), free(y2), free(alone);
}

static void layernorm_once(const struct op_path *p, size_t T, int width)
{
    size_t n = (size_t)width;
    struct device *d = op_open(p, 2, KV_AUTO), *ref = op_open_ref(KV_AUTO);
    float *x = op_numbers(T * n, 1), *w = op_numbers(n, 2), *b = op_numbers(n, 3);
    float *y = op_numbers(T * n, 4), *y2 = op_numbers(T * n, 4), *alone = op_numbers(n, 5);
    p->be->layernorm(d, y, x, w, b, T, width, 1e-6f);
    ref_backend.layernorm(ref, y2, x, w, b, T, width, 1e-6f);
    op_close(p, "layernorm", y, y2, T * n, 2e-6);
    for (size_t t = 0; t < T; t++) {
        p->be->layernorm(d, alone, x + t * n, w, b, 1, width, 1e-6f);
        assert_memory_equal(alone, y + t * n, n * sizeof *alone);
    }
    p->be->layernorm(d, x, x, w, b, T, width, 1e-6f); /* in place */
    assert_memory_equal(x, y, T * n * sizeof *x);
    p->be->close(d);
    ref_backend.close(ref);
    free(x), free(w), free(b), free(y), free(y2), free(alone);
}

static void norms_on(const struct op_path *p)
{
    if (p->weights != WEIGHT_F32) return;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (size_t k = 0; k < sizeof rows_of / sizeof *rows_of; k++) {
            rmsnorm_once(p, rows_of[k], widths[i], false);
            rmsnorm_once(p, rows_of[k], widths[i], true);
            layernorm_once(p, rows_of[k], widths[i]);
        }
}

static void norms_agree(void **state)
{
    (void)state;
    op_each(norms_on);
}

/* ------------------------------------------------------------------ RoPE */

static void rope_on(const struct op_path *p)
{
    if (p->weights != WEIGHT_F32) return;
    enum { T = 40, HEADS = 3, P = 32, STRIDE = 96, LD = HEADS * STRIDE + 5 };
    float freq[P / 2], *x = op_numbers(T * LD, 1), *y = op_numbers(T * LD, 1);
    float *alone = op_numbers(T * LD, 1);
    struct device *d = op_open(p, 2, KV_AUTO), *ref = op_open_ref(KV_AUTO);
    for (int pairing = 0; pairing < 2; pairing++)
        for (size_t pos0 = 0; pos0 < 140000; pos0 += 69999) {
            for (int i = 0; i < P / 2; i++) freq[i] = powf(1e5f, -2.0f * (float)i / P);
            struct rope_args a = {.x = x, .T = T, .ld = LD, .stride = STRIDE, .pos0 = pos0,
                                  .heads = HEADS, .P = P, .inv_freq = freq, .amplitude = 1.25f,
                                  .pairing = pairing ? ROPE_HALVES : ROPE_INTERLEAVED};
            p->be->rope(d, &a, 1);
            a.x = y;
            ref_backend.rope(ref, &a, 1);
            op_close(p, "rope", x, y, T * LD, 1e-6);
            a.T = 1; /* token by token: the same bits */
            for (size_t t = 0; t < T; t++) {
                a.x = alone + t * LD;
                a.pos0 = pos0 + t;
                p->be->rope(d, &a, 1);
            }
            assert_memory_equal(alone, x, T * LD * sizeof *x);
            freq[1] *= 2; /* other frequencies at the same positions: nothing remembered wrongly */
            a = (struct rope_args){.x = x, .T = T, .ld = LD, .stride = STRIDE, .pos0 = pos0,
                                   .heads = HEADS, .P = P, .inv_freq = freq, .amplitude = 1.0f,
                                   .pairing = ROPE_HALVES};
            p->be->rope(d, &a, 1);
            a.x = y;
            ref_backend.rope(ref, &a, 1);
            op_close(p, "rope, other frequencies", x, y, T * LD, 1e-6);
            memcpy(alone, x, T * LD * sizeof *x);
        }
    p->be->close(d);
    ref_backend.close(ref);
    free(x), free(y), free(alone);
}

static void rope_agrees(void **state)
{
    (void)state;
    op_each(rope_on);
}

/* ------------------------------------------------------------------ elementwise */

static void elements_on(const struct op_path *p)
{
    if (p->weights != WEIGHT_F32) return;
    static const size_t sizes[] = {0, 1, 7, 8, 9, 31, 4095, 4097, 40003};
    struct device *d = op_open(p, 2, KV_AUTO), *ref = op_open_ref(KV_AUTO);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t n = sizes[k];
        float *g = op_numbers(n, 1), *u = op_numbers(n, 2), *h = op_numbers(n, 3);
        float *want = op_numbers(n, 3), *one = op_numbers(n, 3);
        for (size_t i = 0; i < n; i++) g[i] *= 20.0f;
        if (n > 3) g[0] = 200.0f, g[1] = -200.0f, g[2] = 0.0f, g[3] = -1e30f;
        p->be->swiglu(d, h, g, u, n);
        ref_backend.swiglu(ref, want, g, u, n);
        op_close(p, "swiglu", h, want, n, 1e-5);
        for (size_t i = 0; i < n && n < 100; i++) { /* wherever it stands */
            p->be->swiglu(d, one, g + i, u + i, 1);
            assert_memory_equal(one, h + i, sizeof *one);
        }
        p->be->swiglu(d, g, g, u, n);
        assert_memory_equal(g, h, n * sizeof *g);
        p->be->add(d, u, h, n);
        p->be->scale(d, h, 0.3f, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(h[i] == g[i] * 0.3f);
            want[i] = u[i];
        }
        p->be->copy_rows(d, one, n, u, n, n ? 1 : 0, (int)n);
        assert_memory_equal(one, want, n * sizeof *one);
        free(g), free(u), free(h), free(want), free(one);
    }
    p->be->close(d);
    ref_backend.close(ref);
}

static void elements_agree(void **state)
{
    (void)state;
    op_each(elements_on);
}

/* ------------------------------------------------------------------ the cache */

static void store_on(const struct op_path *p)
{
    if (p->weights != WEIGHT_F32) return;
    static const float odd[] = {0.0f, -0.0f, 1.0f, 1.00390625f, 1.01171875f, 3.3895314e38f,
                                INFINITY, -INFINITY, 1e-40f, 65519.0f, 1.0078126f, -65520.0f, 65504.0f, 6e-8f,
                                2.9e-8f, 3e-8f, 6.1e-5f, 6.0975e-5f, -1e-7f};
    for (int k = 0; k < 3; k++)
        for (int to_index = 0; to_index < 2; to_index++) {
            enum { T = 130, POS0 = 60, WIDTH = 27, LD = 31, S = POS0 + T };
            float *x = op_numbers(T * LD, 1), *zero = calloc(S * WIDTH, sizeof *zero);
            for (size_t i = 0; i < T * LD; i++) x[i] *= 1.0001f; /* not bf16 already */
            memcpy(x, odd, sizeof odd);
            static const enum kv_type types[] = {KV_F32, KV_BF16, KV_F16};
            enum kv_type type = types[k];
            struct op_kv got = op_kv_new(S, WIDTH, type, zero);
            struct op_kv want = op_kv_new(S, WIDTH, type, zero);
            struct device *d = op_open(p, 2, type), *ref = op_open_ref(type);
            struct kv_store_args a = {.kv = got.view, .rows = x, .T = T, .ld = LD, .pos0 = POS0,
                                      .width = WIDTH, .to_index = to_index};
            p->be->kv_store(d, &a, 1);
            a.kv = want.view;
            ref_backend.kv_store(ref, &a, 1);
            for (size_t i = 0; i < got.n; i++)
                assert_memory_equal(got.pages[i], want.pages[i],
                                    (size_t)KV_PAGE * WIDTH * (type == KV_F32 ? 4 : 2));
            op_kv_free(&got);
            op_kv_free(&want);
            p->be->close(d);
            ref_backend.close(ref);
            free(x), free(zero);
        }
}

/* Bytes and their scales: a latent with its rope key, and an index key; rows of zeros, of tiny and of
 * large numbers, and some with numbers that are not finite. */
static void store_int8_on(const struct op_path *p)
{
    if (p->weights != WEIGHT_F32 || !op_has_int8(p)) return;
    enum { T = 130, POS0 = 60, WIDTH = 43, LD = 47, S = POS0 + T };
    for (int to_index = 0; to_index < 2; to_index++) {
        int split = to_index ? WIDTH : 32;
        float *x = op_numbers(T * LD, 1), *zero = calloc(S * WIDTH, sizeof *zero);
        for (size_t i = 0; i < T * LD; i++) x[i] *= 1.0001f;
        for (size_t i = 0; i < LD; i++) x[i] = 0, x[LD + i] *= 1e-38f, x[2 * LD + i] *= 1e30f;
        x[3 * LD + 2] = NAN, x[4 * LD + 31] = -INFINITY, x[5 * LD] = INFINITY;
        struct op_kv got = op_kv_parts(S, WIDTH, split, KV_INT8, zero);
        struct op_kv want = op_kv_parts(S, WIDTH, split, KV_INT8, zero);
        struct device *d = op_open(p, 2, KV_INT8), *ref = op_open_ref(KV_INT8);
        struct kv_store_args a = {.kv = got.view, .rows = x, .T = T, .ld = LD, .pos0 = POS0,
                                  .width = WIDTH, .split = split, .to_index = to_index};
        p->be->kv_store(d, &a, 1);
        a.kv = want.view;
        ref_backend.kv_store(ref, &a, 1);
        for (size_t i = 0; i < got.n; i++)
            assert_memory_equal(got.pages[i], want.pages[i],
                                KV_PAGE * kv_row_bytes(KV_INT8, split, WIDTH - split));
        op_kv_free(&got);
        op_kv_free(&want);
        p->be->close(d);
        ref_backend.close(ref);
        free(x), free(zero);
    }
}

static void the_cache_is_written_as_ref_does(void **state)
{
    (void)state;
    op_each(store_on);
    op_each(store_int8_on);
}

/* AddressSanitizer asks this function: without it, it ends the program below. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* A refused allocation is NULL, not the end. */
static void memory_on(const struct op_path *p)
{
    struct device *d = op_open(p, 1, KV_AUTO);
    struct errinfo e = {0};
    assert_null(p->be->alloc(d, SIZE_MAX - 5));
    assert_null(p->be->alloc(d, SIZE_MAX / 2));
    char *m = p->be->alloc(d, 100), text[4] = "abc", back[4];
    assert_non_null(m);
    assert_int_equal((uintptr_t)m % 64, 0);
    p->be->upload(d, m, text, 4);
    p->be->download(d, back, m, 4);
    assert_string_equal(back, "abc");
    p->be->release(d, m, 100);
    assert_int_equal(p->be->sync(d, &e), OK);
    p->be->close(d);
}

static void memory_is_refused_politely(void **state)
{
    (void)state;
    op_each(memory_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norms_agree),
        cmocka_unit_test(rope_agrees),
        cmocka_unit_test(elements_agree),
        cmocka_unit_test(the_cache_is_written_as_ref_does),
        cmocka_unit_test(memory_is_refused_politely),
    };
    return cmocka_run_group_tests_name("op_norm", tests, NULL, NULL);
}
