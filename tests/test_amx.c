/* test_amx.c: products on AMX tiles have the bits of the products that few rows take, on any machine: both
 * from the same panels, tiles emulated.  (test_op_linear has the instructions themselves, where they are.) */
#include "tests/op.h"

#include "base/mem.h"
#include "tests/amx_emulated.h"
/* order matters, as in path_amx.c */
#include "engine/cpu/panel.inc"
#include "engine/cpu/quantise.inc"
#include "engine/cpu/gemm_int.inc"
#include "engine/cpu/tiles.inc"
#include "engine/cpu/gemm_amx.inc"

/* A device whose panels are those of AVX-512. */
static struct device *open_wide(enum weight_type weights)
{
    struct device *d = NULL;
    struct device_options o = {.threads = 1, .weights = weights};
    assert_int_equal(cpu_open_isa(&d, &o, CPU_ISA_GENERIC, NULL), OK);
    d->k.lanes = VL;
    d->k.eight = (struct cpu_eight){.mr = MR, .together = 1, .row_bytes = int_row_bytes, .row = int_row,
                                    .gemm_e4m3 = gemm_e4m3, .gemm_int8 = gemm_int8};
    d->k.tiles = (struct cpu_eight){.mr = 32, .together = AMX_TOGETHER, .row_bytes = amx_row_bytes, .row = amx_row,
                                    .gemm_e4m3 = amx_gemm_e4m3, .gemm_int8 = amx_gemm_int8};
    return d;
}

/* O x I bytes; `loud`: the largest numbers everywhere, of either sign. */
static uint8_t *fp8_bytes(size_t O, size_t I, bool loud)
{
    uint8_t *f8 = malloc(O * I);
    uint64_t seed = O * 31 + I;
    for (size_t i = 0; i < O * I; i++) {
        f8[i] = (uint8_t)op_random(&seed);
        if (loud) f8[i] = (uint8_t)((f8[i] & 0x80) | 0x7e);
        if ((f8[i] & 0x7f) == 0x7f) f8[i] = 0;
    }
    return f8;
}

/* With scales of blocks of B, those of SCALES. */
#define SCALES(O, I, B) op_numbers(((O) / (B) + 1) * ((I) / (B) + 1), 3)
static struct weight *fp8_weight(struct device *d, const uint8_t *f8, size_t O, size_t I, size_t B)
{
    struct weight *w = NULL;
    float *scale = SCALES(O, I, B);
    struct tensor t = {.type = DT_F8_E4M3, .ndim = 2, .shape = {O, I}, .data = f8, .bytes = O * I,
                       .scale = scale, .block = B};
    assert_int_equal(cpu_weight_new(d, &w, &t, 1, NULL, O, false, false, NULL), OK);
    free(scale);
    return w;
}

static struct weight *int8_weight(struct device *d, size_t O, size_t I)
{
    struct weight *w = NULL;
    float *x = op_numbers(O * I, 4);
    struct tensor t = op_tensor(x, O, I);
    assert_int_equal(cpu_weight_new(d, &w, &t, 1, NULL, O, false, false, NULL), OK);
    free(x);
    return w;
}

/* By the products of few rows, then on tiles. */
static void both_ways(struct device *d, struct linear_args a, float *few, float *many)
{
    d->k.tiles_from = 0;
    a.y = few;
    cpu_linear(d, &a);
    d->k.tiles_from = 1;
    a.y = many;
    cpu_linear(d, &a);
    if (memcmp(few, many, a.T * a.ldy * sizeof *few) != 0)
        fail_msg("O %zu I %zu T %zu: the bits differ", a.w->O, a.w->I, a.T);
}

static void same_bits(struct device *d, const struct weight *w, size_t T)
{
    size_t ldx = w->I + 3, ldy = w->O + 5;
    float *x = op_numbers(T * ldx, 5), *few = op_numbers(T * ldy, 6), *many = op_numbers(T * ldy, 6);
    struct linear_args a = {.w = w, .x = x, .T = T, .ldx = ldx, .ldy = ldy, .accumulate = T % 2};
    both_ways(d, a, few, many);
    free(x);
    free(few);
    free(many);
}

/* The last ones begin a second block of rows. */
static const size_t rows_of[] = {1, 2, 15, 16, 17, 31, 32, 33, 129, 511, 545};
static const struct {
    size_t O, I, block, most; /* rows */
} shapes[] = {{1, 1, 128, 33},     {33, 31, 128, 33},  {15, 64, 128, 129}, {32, 127, 128, 33},
              {17, 128, 128, 545}, {64, 129, 128, 33}, {31, 193, 64, 129}, {40, 90, 32, 545},
              {20, 300, 128, 545}, {20, 300, 2, 33},   {96, 577, 128, 129}};

static void on_every_shape(enum weight_type weights)
{
    struct device *d = open_wide(weights);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        size_t O = shapes[i].O, I = shapes[i].I;
        uint8_t *f8 = fp8_bytes(O, I, false);
        struct weight *w = weights == WEIGHT_INT8 ? int8_weight(d, O, I) : fp8_weight(d, f8, O, I, shapes[i].block);
        for (size_t k = 0; k < sizeof rows_of / sizeof *rows_of && rows_of[k] <= shapes[i].most; k++)
            same_bits(d, w, rows_of[k]);
        cpu_weight_free(d, w);
        free(f8);
    }
    cpu_backend.close(d);
}

static void fp8_weights(void **state)
{
    (void)state;
    on_every_shape(WEIGHT_FP8);
}

static void int8_weights(void **state)
{
    (void)state;
    on_every_shape(WEIGHT_INT8);
}

/* Rows with the signs of the first output's weights, of which all are the largest, and with the opposite
 * ones: no sum of a block is larger. */
static void sums_at_the_edge_of_int32(void **state)
{
    enum { O = 17, I = 257, B = 128, T = 35, LOUDEST = 448 * E4M3_ONE };
    (void)state;
    struct device *d = open_wide(WEIGHT_FP8);
    uint8_t *f8 = fp8_bytes(O, I, true);
    struct weight *w = fp8_weight(d, f8, O, I, B);
    float *x = op_numbers(T * I, 5), *scale = SCALES(O, I, B), few[T * O], many[T * O];
    for (size_t i = 0; i < T * I; i++) {
        float sign = f8[i % I] & 0x80 ? -1.0f : 1.0f, other = x[i] < 0 ? -1.0f : 1.0f;
        x[i] = i / I % 3 == 0 ? sign : i / I % 3 == 1 ? -sign : other;
    }
    both_ways(d, (struct linear_args){.w = w, .x = x, .T = T, .ldx = I, .ldy = O}, few, many);
    for (size_t t = 0; t < T; t++) {
        double want = 0, size = 0;
        for (size_t k = 0; k < I; k += B) {
            int64_t sum = 0;
            for (size_t i = k; i < k + B && i < I; i++)
                sum += (int64_t)(x[t * I + i] * w->most) * (f8[i] & 0x80 ? -LOUDEST : LOUDEST);
            if (t % 3 < 2 && k + B <= I) assert_in_range(llabs(sum), INT32_MAX - LOUDEST * B, INT32_MAX);
            want += (double)sum * scale[k / B] / w->most / E4M3_ONE;
            size += fabs((double)sum * scale[k / B]) / w->most / E4M3_ONE;
        }
        assert_true(fabs(few[t * O] - want) <= 1e-6 * size);
    }
    cpu_weight_free(d, w);
    cpu_backend.close(d);
    free(f8);
    free(scale);
    free(x);
}

/* Of one call, jobs of few rows go one way and those of many the other. */
static void jobs_of_few_and_many_rows(void **state)
{
    enum { O = 40, I = 193, ROWS = 71, FROM = 16 };
    static const size_t rows[] = {3, 16, 0, 1, 33, 15, 0, 3};
    (void)state;
    struct device *d = open_wide(WEIGHT_FP8);
    uint8_t *f8 = fp8_bytes(O, I, false);
    struct weight *w = fp8_weight(d, f8, O, I, 64);
    float *x = op_numbers(ROWS * I, 5), y[2][ROWS * O];
    for (size_t way = 0; way < 2; way++) {
        struct gemm_job jobs[8];
        size_t at = 0;
        for (size_t i = 0; i < 8; at += rows[i++])
            jobs[i] = (struct gemm_job){x + at * I, y[way] + at * O, 0, rows[i]};
        assert_int_equal(at, ROWS);
        d->k.tiles_from = way ? FROM : 0;
        cpu_gemm(d, w, jobs, 8, I, O, false);
    }
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    cpu_weight_free(d, w);
    cpu_backend.close(d);
    free(f8);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fp8_weights),
        cmocka_unit_test(int8_weights),
        cmocka_unit_test(sums_at_the_edge_of_int32),
        cmocka_unit_test(jobs_of_few_and_many_rows),
    };
    return cmocka_run_group_tests_name("amx", tests, NULL, NULL);
}
