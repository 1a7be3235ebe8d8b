/* test_op_linear.c: packing and matrix products on every path, against ref. */
#include "engine/cpu/e4m3.h"
#include "tests/op.h"

struct shape {
    size_t G, O, I;
    bool transposed;
};

static const struct shape shapes[] = {
    {1, 1, 1, false},     {1, 2, 576, false},  {1, 31, 33, false}, {1, 32, 64, false},
    {1, 33, 65, false},   {1, 65, 1, false},   {3, 17, 40, false}, {4, 40, 48, true},
    {9, 64, 256, false},  {9, 256, 64, true},  {1, 200, 130, false}, {1, 5, 1537, false},
    {1, 64, 384, false},  {1, 72, 256, true}, /* of some rows, blocks of inputs side by side */
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
    op_close(p, what, got, want, T * ldy, p->loose);
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
        assert_true(p->be->weight_bytes(w) >= O * I); /* int8 halves bf16 */
        if (k == 1 && p->weights == WEIGHT_INT8) { /* bf16 numbers up to 38 as int8: within half */
            float row[I], x[I];
            int32_t o = O - 1;
            tensor_row_f32(&t[k], O - 1, row);
            p->be->embed(d, x, w, &o, 1);
            op_close(p, "embed", x, row, I, 0.5 / 127 + 1e-6);
            p->be->weight_free(d, w);
            continue;
        }
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

/* What rounding activations to integers may cost, relative to the largest output. */
#define INTEGERS 3e-4

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
        bool whole = p->weights == WEIGHT_F32 || p->weights == WEIGHT_BF16;
        op_close(p, "fp8", got, want, T * (2 * O + 5),
                 folded ? (p->weights == WEIGHT_INT8 ? 1e-2 : 4e-3) : whole ? 1e-5 : INTEGERS);
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

/* ------------------------------------------------------------------ 8-bit weights */

/* The byte that is kept gives back the FP8 number, and its integer is 8 times it, half rounded up. */
static void e4m3_bytes_and_integers(void **state)
{
    (void)state;
    for (int b = 0; b < 256; b++) {
        uint8_t p = e4m3_pack((uint8_t)b);
        if ((b & 0x7f) == 0x7f) continue; /* NaN: its block has a scale of NaN */
        assert_true(e4m3_value(p) == e4m3_to_f32((uint8_t)b));
        for (int by = 0; (b >> 3 & 15) + by < 16 && by < 16; by++)
            assert_true(e4m3_value(e4m3_shift(p, by)) == ldexpf(e4m3_value(p), by));
        assert_int_equal(e4m3_eighths(p), (int)floor((double)e4m3_to_f32((uint8_t)b) * 8 + 0.5));
        assert_true(abs(e4m3_eighths(p)) <= E4M3_MOST);
    }
}

/* One FP8 matrix on a path and on ref. */
struct pair {
    struct device *d, *r;
    struct weight *w, *wr;
    size_t O, I;
};

static struct pair pair_open(const struct op_path *p, const uint8_t *f8, const float *scale, size_t O,
                             size_t I)
{
    struct pair a = {op_open(p, 2, KV_AUTO), op_open_ref(KV_AUTO), NULL, NULL, O, I};
    struct tensor t = {.type = DT_F8_E4M3, .ndim = 2, .shape = {O, I}, .data = f8, .bytes = O * I,
                       .scale = scale, .block = 128};
    assert_int_equal(p->be->weight_new(a.d, &a.w, &t, 1, NULL, O, false, false, NULL), OK);
    assert_int_equal(ref_backend.weight_new(a.r, &a.wr, &t, 1, NULL, O, false, false, NULL), OK);
    return a;
}

static void pair_run(const struct pair *a, const struct op_path *p, const float *x, size_t T,
                     float *got, float *want)
{
    struct linear_args l = {.w = a->w, .x = x, .y = got, .T = T, .ldx = a->I, .ldy = a->O};
    p->be->linear(a->d, &l);
    l.w = a->wr;
    l.y = want;
    ref_backend.linear(a->r, &l);
}

static void pair_close(struct pair *a, const struct op_path *p)
{
    p->be->weight_free(a->d, a->w);
    ref_backend.weight_free(a->r, a->wr);
    p->be->close(a->d);
    ref_backend.close(a->r);
}

#define MOST_I 641
#define MOST_O 70
#define MOST_T 260

static uint8_t f8[MOST_O * MOST_I];
static float x8[MOST_T * MOST_I], got8[MOST_T * MOST_O], want8[MOST_T * MOST_O];
static const float scale8[6] = {0.003f, 0.02f, 0.0071f, 0.011f, 0.0033f, 0.0123f};

/* Weights with the spread of trained ones: most are small beside the largest of their block. */
static void fill(size_t O, size_t I, size_t T)
{
    uint64_t seed = O * 1000 + I;
    for (size_t i = 0; i < O * I; i++) {
        uint32_t u = op_random(&seed);
        f8[i] = (uint8_t)((u & 0x80) | (40 + u / 256 % 80));
    }
    float *x = op_numbers(T * I, 3);
    for (size_t i = 0; i < T * I; i++) x8[i] = x[i] * 1.0371f; /* not bf16 */
    free(x);
}

/* Whole and partial blocks, pairs and panels; rows around each tile and block of rows. */
static void edges_on(const struct op_path *p)
{
    static const size_t widths[] = {1, 2, 31, 63, 64, 127, 128, 129, 130, 255, 256, 257, 576, 641};
    static const size_t heights[] = {1, 15, 16, 17, 33, 64, 70};
    static const size_t rows[] = {1, 2, 3, 7, 16, 17, 33, 119, 121, 260};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (size_t o = 0; o < sizeof heights / sizeof *heights; o++) {
            size_t I = widths[i], O = heights[o], T = rows[(i + o) % (sizeof rows / sizeof *rows)];
            fill(O, I, T);
            struct pair a = pair_open(p, f8, scale8, O, I);
            pair_run(&a, p, x8, T, got8, want8);
            char what[60];
            snprintf(what, sizeof what, "fp8 O %zu I %zu T %zu", O, I, T);
            op_close(p, what, got8, want8, T * O, INTEGERS);
            for (size_t t = 0; t < T; t += 1 + T / 9) {
                float alone[MOST_O];
                struct linear_args l = {.w = a.w, .x = x8 + t * I, .y = alone, .T = 1, .ldx = I,
                                        .ldy = O};
                p->be->linear(a.d, &l);
                if (memcmp(alone, got8 + t * O, O * sizeof *alone))
                    fail_msg("%s: %s: row %zu alone differs", p->name, what, t);
            }
            pair_close(&a, p);
        }
}

static void eight_bits_at_the_edges(void **state)
{
    (void)state;
    op_each(edges_on);
}

/* The largest weights against the largest activations: sums must not leave their integers. */
static void extremes_on(const struct op_path *p)
{
    enum { O = 33, I = 256, T = 5 };
    memset(f8, 0x7e, O * I); /* 448 */
    for (size_t i = 0; i < I; i++) f8[I + i] = 0xfe;
    struct pair a = pair_open(p, f8, scale8, O, I);
    for (size_t i = 0; i < T * I; i++) x8[i] = i < I ? 1e20f : i < 2 * I ? -3.0f : 1e-20f;
    pair_run(&a, p, x8, T, got8, want8);
    for (size_t t = 0; t < T; t++) op_close(p, "extremes", got8 + t * O, want8 + t * O, O, 1e-5);
    /* An outlier a thousand times the rest: what it hides is small beside it. */
    fill(O, I, T);
    pair_close(&a, p);
    a = pair_open(p, f8, scale8, O, I);
    for (size_t t = 0; t < T; t++) x8[t * I + 17 * t] = 1000;
    pair_run(&a, p, x8, T, got8, want8);
    for (size_t t = 0; t < T; t++)
        op_close(p, "outlier", got8 + t * O, want8 + t * O, O, 1e-3);
    pair_close(&a, p);
}

static void eight_bits_at_the_extremes(void **state)
{
    (void)state;
    op_each(extremes_on);
}

static void check_finite(const struct op_path *p, size_t O, size_t T, size_t bad_row, size_t bad_o)
{
    for (size_t t = 0; t < T; t++)
        for (size_t o = 0; o < O; o++) {
            bool finite = t != bad_row && o != bad_o;
            assert_int_equal(isfinite(want8[t * O + o]) != 0, finite);
            if ((isfinite(got8[t * O + o]) != 0) != finite)
                fail_msg("%s: row %zu output %zu is %g, ref has %g", p->name, t, o,
                         (double)got8[t * O + o], (double)want8[t * O + o]);
        }
}

/* Zeros give zeros; what is not finite stays so, and stays in its row or output. */
static void specials_on(const struct op_path *p)
{
    enum { O = 35, I = 300, T = 9, NONE = 1000 };
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t k = 0; k < 3; k++)
        for (size_t at = 0; at < I; at += 97) {
            fill(O, I, T);
            struct pair a = pair_open(p, f8, scale8, O, I);
            memset(x8 + 3 * I, 0, I * sizeof *x8);
            x8[7 * I + at] = bad[k];
            pair_run(&a, p, x8, T, got8, want8);
            for (size_t o = 0; o < O; o++) assert_true(got8[3 * O + o] == 0);
            check_finite(p, O, T, 7, NONE);
            pair_close(&a, p);
        }
    fill(O, I, T);
    f8[20 * I + 150] = 0x7f;
    struct pair a = pair_open(p, f8, scale8, O, I);
    pair_run(&a, p, x8, T, got8, want8);
    check_finite(p, O, T, NONE, 20);
    pair_run(&a, p, x8, 1, got8, want8);
    check_finite(p, O, 1, NONE, 20);
    pair_close(&a, p);
}

static void what_is_not_finite_stays_so(void **state)
{
    (void)state;
    op_each(specials_on);
}

/* Integers with a scale that int8 holds exactly. */
static void int8_on(const struct op_path *p)
{
    enum { O = 41, I = 300, T = 6 };
    static float w[O * I];
    uint64_t seed = 8;
    for (size_t i = 0; i < O * I; i++)
        w[i] = (float)(i % I % 128 == 5 ? 127 : (int)(op_random(&seed) % 255) - 127) * 0.25f;
    fill(O, I, T);
    struct tensor t = op_tensor(w, O, I);
    struct pair a = {op_open(p, 2, KV_AUTO), op_open_ref(KV_AUTO), NULL, NULL, O, I};
    assert_int_equal(p->be->weight_new(a.d, &a.w, &t, 1, NULL, O, false, false, NULL), OK);
    assert_int_equal(ref_backend.weight_new(a.r, &a.wr, &t, 1, NULL, O, false, false, NULL), OK);
    pair_run(&a, p, x8, T, got8, want8);
    op_close(p, "int8", got8, want8, T * O, 1e-4);
    pair_close(&a, p);
}

static void int8_holds_small_integers(void **state)
{
    (void)state;
    op_each(int8_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_agrees),
        cmocka_unit_test(formats_are_read),
        cmocka_unit_test(fp8_scales_stay_exact),
        cmocka_unit_test(exact_stays_exact),
        cmocka_unit_test(e4m3_bytes_and_integers),
        cmocka_unit_test(eight_bits_at_the_edges),
        cmocka_unit_test(eight_bits_at_the_extremes),
        cmocka_unit_test(what_is_not_finite_stays_so),
        cmocka_unit_test(int8_holds_small_integers),
    };
    return cmocka_run_group_tests_name("op_linear", tests, NULL, NULL);
}
