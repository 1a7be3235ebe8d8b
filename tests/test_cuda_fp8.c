/* test_cuda_fp8.c: --weights fp8 on Hopper: products with activations in FP8 against the same rounding done
 * here, experts and the indexer against ref within what eight bits leave. */
#include "tests/op.h"

static struct device *open_fp8(void)
{
    const struct backend *be;
    struct errinfo e = {0};
    struct device_options o = {.weights = WEIGHT_FP8, .kv = KV_F16};
    if (backend_plugin(&be, &e)) return NULL;
    return mirror_open(be, &o, &e);
}

/* n bytes of e4m3, most of them of about unit size. */
static uint8_t *random_bytes(size_t n, uint64_t seed)
{
    uint8_t *b = malloc(n);
    for (size_t i = 0; i < n; i++) b[i] = (uint8_t)((op_random(&seed) & 0x87) | (4 + op_random(&seed) % 4) << 3);
    return b;
}

static struct tensor fp8_tensor(const uint8_t *b, const float *scale, uint64_t rows, uint64_t cols)
{
    return (struct tensor){.type = DT_F8_E4M3, .ndim = 2, .shape = {rows, cols}, .data = b,
                           .bytes = rows * cols, .scale = scale, .block = 128};
}

static float nearest_e4m3(float x)
{
    float best = 0;
    for (int c = 0; c < 0x7f; c++) { /* of two as near the even code, which comes first or wins */
        float v = e4m3_to_f32((uint8_t)c), d = fabsf(fabsf(x) - v), b = fabsf(fabsf(x) - best);
        if (d < b || (d == b && c % 2 == 0)) best = v;
    }
    return copysignf(best, x);
}

/* Each 128 inputs to e4m3 times a power of two. */
static void round_row(float *x, size_t n)
{
    for (size_t k = 0; k < n; k += 128) {
        float most = 1e-4f, scale;
        for (size_t i = k; i < k + 128; i++) most = fmaxf(most, fabsf(x[i]));
        scale = exp2f(ceilf(log2f(most / 448)));
        for (size_t i = k; i < k + 128; i++) x[i] = nearest_e4m3(x[i] / scale) * scale;
    }
}

static void product(size_t O, size_t I, size_t T)
{
    struct device *d = open_fp8();
    struct errinfo e = {0};
    size_t blocks = (O + 127) / 128 * (I / 128);
    uint8_t *bytes = random_bytes(O * I, 3);
    float *scale = op_numbers(blocks, 4), *x = op_numbers(T * I, 5), *y = op_numbers(T * O, 6);
    float *want = malloc(T * O * sizeof *want), *row = malloc(I * sizeof *row), *alone = op_numbers(O, 6);
    for (size_t i = 0; i < T * I; i++) x[i] *= 1 + (float)(i % 7 == 0) * 30;
    struct tensor t = fp8_tensor(bytes, scale, O, I);
    struct weight *w;
    assert_int_equal(mirror_backend.weight_new(d, &w, &t, 1, NULL, O, false, false, &e), OK);
    mirror_backend.linear(d, &(struct linear_args){.w = w, .x = x, .y = y, .T = T, .ldx = I, .ldy = O});
    for (size_t i = 0; i < T; i++) {
        mirror_backend.linear(d, &(struct linear_args){.w = w, .x = x + i * I, .y = alone, .T = 1, .ldx = I,
                                                       .ldy = O});
        assert_memory_equal(alone, y + i * O, O * sizeof *alone);
        if (T > 20) i += 10;
    }
    for (size_t i = 0; i < T; i++) round_row(x + i * I, I);
    for (size_t o = 0; o < O; o++) {
        tensor_row_f32(&t, o, row);
        for (size_t i = 0; i < T; i++) {
            double sum = 0;
            for (size_t k = 0; k < I; k++) sum += (double)row[k] * x[i * I + k];
            want[i * O + o] = (float)sum;
        }
    }
    double error = op_error(y, want, T * O);
    print_message("# product %zu x %zu of %zu rows: error %.2g\n", O, I, T, error);
    assert_true(error < 2e-3);
    mirror_backend.weight_free(d, w);
    mirror_backend.close(d);
    free(bytes), free(scale), free(x), free(y), free(want), free(row), free(alone);
}

static void products_are_of_rounded_activations(void **state)
{
    (void)state;
    struct device *d = open_fp8();
    if (!d) skip();
    mirror_backend.close(d);
    product(128, 128, 1);
    product(300, 512, 5);
    product(200, 896, 130);
    product(520, 256, 300);
}

static void experts_agree(void **state)
{
    (void)state;
    enum { E = 24, A = 3, D = 256, F = 384, T = 150 };
    struct device *d = open_fp8();
    struct errinfo e = {0};
    if (!d) skip();
    struct device *r = op_open_ref(KV_F16);
    static float scale[E * 6];
    float *x = op_numbers(T * D, 5), *y = op_numbers(T * D, 6), *want = op_numbers(T * D, 6);
    float *alone = op_numbers(T * D, 6), gate[T * A];
    int32_t expert[T * A];
    uint64_t seed = 9;
    struct weight *w[3], *wr[3];
    uint8_t *bytes[3];
    for (size_t i = 0; i < E * 6; i++) scale[i] = 0.02f + 0.001f * (float)(i % 5);
    for (int i = 0; i < T * A; i++) {
        expert[i] = (int32_t)((op_random(&seed) % 8 + (uint32_t)(i % A) * 8) % E);
        if (i % A == 0 && i < T * 2) expert[i] = 1; /* one has more than a tile */
        gate[i] = (float)(i % 5) * 0.3f - 0.5f;
    }
    for (int k = 0; k < 3; k++) {
        uint64_t rows = k == 2 ? D : F, cols = k == 2 ? F : D;
        struct tensor t[E];
        bytes[k] = random_bytes(E * (size_t)(rows * cols), 20 + (uint64_t)k);
        for (size_t g = 0; g < E; g++) t[g] = fp8_tensor(bytes[k] + g * rows * cols, scale + g * 6, rows, cols);
        assert_int_equal(mirror_backend.weight_new(d, &w[k], t, E, NULL, rows, false, false, &e), OK);
        assert_int_equal(ref_backend.weight_new(r, &wr[k], t, E, NULL, rows, false, false, &e), OK);
    }
    struct experts_args a = {.x = x, .gate_w = w[0], .up_w = w[1], .down_w = w[2], .expert = expert,
                             .gate = gate, .y = y, .T = T, .D = D, .F = F, .E = E, .A = A};
    struct experts_args one = a, ref = a;
    mirror_backend.experts(d, &a);
    one.T = 1;
    one.y = alone;
    mirror_backend.experts(d, &one);
    assert_memory_equal(alone, y, D * sizeof *y);
    ref.gate_w = wr[0], ref.up_w = wr[1], ref.down_w = wr[2];
    ref.y = want;
    ref_backend.experts(r, &ref);
    double error = op_error(y, want, T * D);
    print_message("# experts: error %.2g\n", error);
    assert_true(error < 6e-2);
    for (int k = 0; k < 3; k++) {
        mirror_backend.weight_free(d, w[k]);
        ref_backend.weight_free(r, wr[k]);
        free(bytes[k]);
    }
    mirror_backend.close(d);
    ref_backend.close(r);
    free(x), free(y), free(want), free(alone);
}

static void the_indexer_chooses_almost_the_same(void **state)
{
    (void)state;
    enum { T = 11, POS0 = 700, J = 64, C = 128, K = 128 };
    struct device *d = open_fp8();
    if (!d) skip();
    struct device *r = op_open_ref(KV_F16);
    float *q = op_numbers(T * J * C, 1), *w = op_numbers(T * J, 2), *keys = op_numbers((POS0 + T) * C, 3);
    struct op_kv kv = op_kv_new(POS0 + T, C, KV_F16, keys);
    static int32_t got[T * K], want[T * K], alone[K];
    struct index_args a = {.kv = kv.view, .q = q, .w = w, .sel = got, .T = T, .pos0 = POS0, .J = J, .C = C, .K = K};
    struct index_args one = a, ref = a;
    mirror_backend.index_select(d, &a, 1);
    one.T = 1;
    one.sel = alone;
    mirror_backend.index_select(d, &one, 1);
    assert_memory_equal(alone, got, sizeof alone);
    ref.sel = want;
    ref_backend.index_select(r, &ref, 1);
    size_t same = 0;
    for (int t = 0; t < T; t++)
        for (int i = 0, j = 0; i < K && j < K;) {
            int32_t x = got[t * K + i], y = want[t * K + j];
            same += x == y;
            i += x <= y;
            j += y <= x;
        }
    print_message("# indexer: %zu of %d the same\n", same, T * K);
    assert_true(same * 100 >= 90 * T * K);
    op_kv_free(&kv);
    mirror_backend.close(d);
    ref_backend.close(r);
    free(q), free(w), free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_of_rounded_activations),
        cmocka_unit_test(experts_agree),
        cmocka_unit_test(the_indexer_chooses_almost_the_same),
    };
    return cmocka_run_group_tests_name("cuda_fp8", tests, NULL, NULL);
}
