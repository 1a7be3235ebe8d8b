/* test_amx.c: products on AMX tiles have the bits of the products that few rows take, on any machine: both
 * from the same panels, tiles emulated.  (test_op_linear has the instructions themselves, where they are.) */
#include "tests/op.h"

#include "base/mem.h"
#include "tests/amx_emulated.h"
/* order matters, as in path_amx.c */
#include "engine/cpu/panel.inc"
#include "engine/cpu/quantise.inc"
#include "engine/cpu/gemm_int.inc"
#include "engine/cpu/gemm_amx.inc"

/* A device whose panels are those of AVX-512. */
static struct device *open_wide(enum weight_type weights)
{
    struct device *d = NULL;
    struct device_options o = {.threads = 1, .weights = weights};
    assert_int_equal(cpu_open_isa(&d, &o, CPU_ISA_GENERIC, NULL), OK);
    d->k.lanes = VL;
    d->k.eight = (struct cpu_eight){.mr = MR, .row_bytes = int_row_bytes, .row = int_row,
                                    .gemm_e4m3 = gemm_e4m3, .gemm_int8 = gemm_int8};
    d->k.tiles = (struct cpu_eight){.mr = 32, .row_bytes = amx_row_bytes, .row = amx_row,
                                    .gemm_e4m3 = amx_gemm_e4m3, .gemm_int8 = amx_gemm_int8};
    return d;
}

/* O x I bytes with scales of blocks of B; `loud`: the largest numbers everywhere, of either sign. */
static struct weight *fp8_weight(struct device *d, size_t O, size_t I, size_t B, bool loud)
{
    struct weight *w = NULL;
    uint8_t *f8 = malloc(O * I);
    float *scale = op_numbers((O / B + 1) * (I / B + 1), 3);
    uint64_t seed = O * 31 + I;
    for (size_t i = 0; i < O * I; i++) {
        f8[i] = (uint8_t)op_random(&seed);
        if (loud) f8[i] = (uint8_t)((f8[i] & 0x80) | 0x7e);
        if ((f8[i] & 0x7f) == 0x7f) f8[i] = 0;
    }
    struct tensor t = {.type = DT_F8_E4M3, .ndim = 2, .shape = {O, I}, .data = f8, .bytes = O * I,
                       .scale = scale, .block = B};
    assert_int_equal(cpu_weight_new(d, &w, &t, 1, NULL, O, false, false, NULL), OK);
    free(f8);
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

static void same_bits(struct device *d, const struct weight *w, size_t T, bool loud)
{
    size_t ldx = w->I + 3, ldy = w->O + 5;
    float *x = op_numbers(T * ldx, 5), *few = op_numbers(T * ldy, 6), *many = op_numbers(T * ldy, 6);
    for (size_t i = 0; loud && i < T * ldx; i++) x[i] = x[i] < 0 ? -1.0f : 1.0f;
    struct linear_args a = {.w = w, .x = x, .y = few, .T = T, .ldx = ldx, .ldy = ldy, .accumulate = T % 2};
    d->k.tiles_from = 0;
    cpu_linear(d, &a);
    a.y = many;
    d->k.tiles_from = 1;
    cpu_linear(d, &a);
    if (memcmp(few, many, T * ldy * sizeof *few) != 0)
        fail_msg("O %zu I %zu T %zu: the bits differ", w->O, w->I, T);
    free(x);
    free(few);
    free(many);
}

static const size_t rows_of[] = {1, 2, 15, 16, 17, 31, 32, 33, 127, 128, 129, 161, 511, 545};
static const struct {
    size_t O, I, block;
} shapes[] = {{1, 1, 128},   {33, 31, 128}, {15, 64, 128},  {32, 127, 128}, {17, 128, 128}, {64, 129, 128},
              {31, 193, 64}, {40, 90, 32},  {20, 300, 128}, {20, 300, 2},   {96, 577, 128}};

static void on_every_shape(enum weight_type weights, bool loud)
{
    struct device *d = open_wide(weights);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        size_t O = shapes[i].O, I = shapes[i].I;
        struct weight *w = weights == WEIGHT_INT8 ? int8_weight(d, O, I) : fp8_weight(d, O, I, shapes[i].block, loud);
        for (size_t k = 0; k < sizeof rows_of / sizeof *rows_of; k++) same_bits(d, w, rows_of[k], loud);
        cpu_weight_free(d, w);
    }
    cpu_backend.close(d);
}

static void fp8_weights(void **state)
{
    (void)state;
    on_every_shape(WEIGHT_FP8, false);
}

static void sums_at_the_edge_of_int32(void **state)
{
    (void)state;
    on_every_shape(WEIGHT_FP8, true);
}

static void int8_weights(void **state)
{
    (void)state;
    on_every_shape(WEIGHT_INT8, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fp8_weights),
        cmocka_unit_test(sums_at_the_edge_of_int32),
        cmocka_unit_test(int8_weights),
    };
    return cmocka_run_group_tests_name("amx", tests, NULL, NULL);
}
