/* test_op_linear.c: packing and matrix products on every path, against ref. */
#include "tests/op.h"

struct shape {
    size_t G, O, I;
    bool transposed;
};

static const struct shape shapes[] = {
    {1, 1, 1, false},     {1, 2, 576, false},  {1, 31, 33, false}, {1, 32, 64, false},
    {1, 33, 65, false},   {1, 65, 1, false},   {3, 17, 40, false}, {4, 40, 48, true},
    {9, 64, 256, false},  {9, 256, 64, true},  {1, 200, 130, false}, {1, 5, 1537, false},
};
static const size_t rows_of[] = {0, 1, 2, 3, 5, 6, 7, 11, 12, 13, 25, 64, 130};

static struct weight *make(const struct backend *be, struct device *d, const struct shape *s,
                           const float *x, bool exact)
{
    struct weight *w = NULL;
    struct errinfo e = {0};
    struct tensor t[16];
    uint64_t row0[16], rows = s->transposed ? s->I : s->O, cols = s->transposed ? s->O : s->I;
    /* The groups are runs of rows of one tensor, as heads are of a projection. */
    for (size_t g = 0; g < s->G; g++) {
        t[g] = op_tensor(x, s->G * rows, cols);
        row0[g] = g * rows;
    }
    if (be->weight_new(d, &w, t, s->G, row0, rows, s->transposed, exact, &e)) fail_msg("%s", e.msg);
    return w;
}

/* y of T rows with padding between rows; what stands between them must stay. */
static float *product(const struct backend *be, struct device *d, const struct weight *w,
                      const struct shape *s, const float *x, size_t T, bool accumulate)
{
    size_t ldx = s->G * s->I + 3, ldy = s->G * s->O + 5;
    float *y = op_numbers(T * ldy, 99);
    struct linear_args a = {.w = w, .x = x, .y = y, .T = T, .ldx = ldx, .ldy = ldy,
                            .gx = s->I, .gy = s->O, .accumulate = accumulate};
    be->linear(d, &a);
    return y;
}

static void one_shape(const struct op_path *p, const struct shape *s, size_t T, bool accumulate)
{
    size_t ldx = s->G * s->I + 3, ldy = s->G * s->O + 5;
    struct device *d = op_open(p, 2, KV_AUTO), *r = op_open_ref(KV_AUTO);
    float *wx = op_numbers(s->G * s->O * s->I, 1), *x = op_numbers(T * ldx, 2);
    struct weight *w = make(p->be, d, s, wx, false), *wr = make(&ref_backend, r, s, wx, false);
    float *got = product(p->be, d, w, s, x, T, accumulate);
    float *want = product(&ref_backend, r, wr, s, x, T, accumulate);
    char what[100];
    snprintf(what, sizeof what, "G %zu O %zu I %zu T %zu", s->G, s->O, s->I, T);
    op_close(p, what, got, want, T * ldy, 1e-5); /* inputs are bf16: no path rounds here */
    /* Alone, each row has the same bits. */
    float *same = product(p->be, d, w, s, x, T, false);
    for (size_t t = 0; t < T; t++) {
        float *alone = product(p->be, d, w, s, x + t * ldx, 1, false);
        if (memcmp(alone, same + t * ldy, s->G * s->O * sizeof *same) != 0)
            fail_msg("%s: %s: row %zu alone differs", p->name, what, t);
        free(alone);
    }
    free(same);
    struct device *d1 = op_open(p, 1, KV_AUTO);
    struct weight *w1 = make(p->be, d1, s, wx, false);
    float *one = product(p->be, d1, w1, s, x, T, accumulate);
    assert_memory_equal(one, got, T * ldy * sizeof *one);
    p->be->weight_free(d1, w1);
    p->be->close(d1);
    free(one);
    free(got);
    free(want);
    free(wx);
    free(x);
    p->be->weight_free(d, w);
    ref_backend.weight_free(r, wr);
    p->be->close(d);
    ref_backend.close(r);
}

static void shapes_on(const struct op_path *p)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t k = 0; k < sizeof rows_of / sizeof *rows_of; k++)
            one_shape(p, &shapes[i], rows_of[k], (i + k) % 2);
}

static void linear_agrees(void **state)
{
    (void)state;
    op_each(shapes_on);
}

/* ------------------------------------------------------------------ checkpoint formats */

/* FP8 with partial blocks, bf16 and f32 give what tensor_row_f32 gives. */
static void formats_on(const struct op_path *p)
{
    enum { O = 150, I = 137, B = 128 };
    static uint8_t f8[O * I + 1];
    static uint16_t h[O * I];
    float scale[4] = {0.5f, 2.0f, 1.0f, 0.25f};
    uint64_t seed = 5;
    for (size_t i = 0; i < O * I; i++) {
        uint8_t b = (uint8_t)op_random(&seed);
        f8[i + 1] = (b & 0x7f) == 0x7f ? 0 : b; /* no NaN; one byte off: nothing is aligned */
        h[i] = f32_to_bf16((float)(int)(i % 77) - 38.0f);
    }
    struct tensor t[2] = {
        {.type = DT_F8_E4M3, .ndim = 2, .shape = {O, I}, .data = f8 + 1, .bytes = O * I,
         .scale = scale, .block = B},
        {.type = DT_BF16, .ndim = 2, .shape = {O, I}, .data = h, .bytes = O * I * 2}};
    struct device *d = op_open(p, 2, KV_AUTO);
    for (int k = 0; k < 2; k++) {
        struct weight *w;
        struct errinfo e = {0};
        assert_int_equal(p->be->weight_new(d, &w, &t[k], 1, NULL, O, false, false, &e), OK);
        assert_true(p->be->weight_bytes(w) >= t[k].bytes);
        float row[I], x[I];
        for (int32_t o = 0; o < O; o++) {
            tensor_row_f32(&t[k], (uint64_t)o, row);
            p->be->embed(d, x, w, &o, 1);
            assert_memory_equal(x, row, sizeof row);
        }
        p->be->weight_free(d, w);
    }
    p->be->close(d);
}

static void formats_are_read(void **state)
{
    (void)state;
    op_each(formats_on);
}

/* Products with FP8 weights and block scales that no bf16 holds: plain, transposed, runs of rows that
 * begin inside a block, partial blocks.  Every path must see the weights as ref does, to f32. */
static void fp8_on(const struct op_path *p)
{
    enum { ROWS = 300, COLS = 200, B = 128, T = 7 };
    static uint8_t f8[ROWS * COLS];
    static const struct {
        uint64_t row0[2], rows;
        bool transposed;
    } cuts[] = {{{0, 0}, 300, false},  {{0, 150}, 150, false}, {{5, 131}, 77, false},
                {{0, 128}, 64, true},  {{64, 192}, 64, true},  {{0, 128}, 150, true},
                {{100, 7}, 90, true}};
    float scale[6] = {0.51f, 2.03f, 1.07f, 0.253f, 0.33f, 1.9f};
    uint64_t seed = 6;
    for (size_t i = 0; i < ROWS * COLS; i++) {
        uint8_t b = (uint8_t)(op_random(&seed) & 0xbf); /* up to 1.875 */
        f8[i] = b;
    }
    struct tensor t[2];
    t[0] = t[1] = (struct tensor){.type = DT_F8_E4M3, .ndim = 2, .shape = {ROWS, COLS}, .data = f8,
                                  .bytes = ROWS * COLS, .scale = scale, .block = B};
    struct device *d = op_open(p, 2, KV_AUTO), *r = op_open_ref(KV_AUTO);
    for (size_t k = 0; k < sizeof cuts / sizeof *cuts; k++) {
        size_t O = cuts[k].transposed ? COLS : cuts[k].rows;
        size_t I = cuts[k].transposed ? cuts[k].rows : COLS;
        const struct shape s = {2, O, I, cuts[k].transposed};
        struct weight *w = NULL, *wr = NULL;
        float *x = op_numbers(T * (2 * I + 3), 2);
        assert_int_equal(p->be->weight_new(d, &w, t, 2, cuts[k].row0, cuts[k].rows,
                                           cuts[k].transposed, false, NULL), OK);
        assert_int_equal(ref_backend.weight_new(r, &wr, t, 2, cuts[k].row0, cuts[k].rows,
                                                cuts[k].transposed, false, NULL), OK);
        float *got = product(p->be, d, w, &s, x, T, false);
        float *want = product(&ref_backend, r, wr, &s, x, T, false);
        /* A run that begins inside a block of inputs has its scales folded in, rounded. */
        bool folded = cuts[k].transposed && k == sizeof cuts / sizeof *cuts - 1;
        op_close(p, "fp8", got, want, T * (2 * O + 5), folded ? 4e-3 : 1e-5);
        for (size_t i = 0; i < T; i++) {
            float *alone = product(p->be, d, w, &s, x + i * (2 * I + 3), 1, false);
            assert_memory_equal(alone, got + i * (2 * O + 5), 2 * O * sizeof *got);
            free(alone);
        }
        free(x), free(got), free(want);
        p->be->weight_free(d, w);
        ref_backend.weight_free(r, wr);
    }
    p->be->close(d);
    ref_backend.close(r);
}

static void fp8_scales_stay_exact(void **state)
{
    (void)state;
    op_each(fp8_on);
}

/* exact keeps f32 whatever the options say. */
static void exact_on(const struct op_path *p)
{
    float w[6] = {1.0000001f, 2, 3, 4, 5, 6}, x[3];
    struct tensor t = op_tensor(w, 2, 3);
    struct device *d = op_open(p, 1, KV_AUTO);
    struct weight *e;
    int32_t id = 0;
    assert_int_equal(p->be->weight_new(d, &e, &t, 1, NULL, 2, false, true, NULL), OK);
    p->be->embed(d, x, e, &id, 1);
    assert_memory_equal(x, w, sizeof x);
    p->be->weight_free(d, e);
    p->be->close(d);
}

static void exact_stays_exact(void **state)
{
    (void)state;
    op_each(exact_on);
}

static void int8_is_refused_by_name(void **state)
{
    (void)state;
    struct device *d = NULL;
    struct errinfo e = {0};
    struct device_options o = {.weights = WEIGHT_INT8};
    assert_int_equal(cpu_backend.open(&d, &o, &e), E_USAGE);
    assert_non_null(strstr(e.msg, "int8"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_agrees),
        cmocka_unit_test(formats_are_read),
        cmocka_unit_test(fp8_scales_stay_exact),
        cmocka_unit_test(exact_stays_exact),
        cmocka_unit_test(int8_is_refused_by_name),
    };
    return cmocka_run_group_tests_name("op_linear", tests, NULL, NULL);
}
