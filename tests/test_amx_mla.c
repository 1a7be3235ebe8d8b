/* test_amx_mla.c: attention on AMX tiles, on any machine: tiles emulated.  (test_op_mla has the instructions themselves,
 * where they are.) */
#include "tests/mla_check.h"

#include "tests/amx_emulated.h"
/* order matters, as in path_amx.c */
#include "engine/cpu/mla_amx.inc"

static void on_tiles(struct device *d)
{
    d->k.mla_tiles = (struct cpu_mla_tiles){mla_tiles_bytes, mla_tiles_begin, mla_tiles_query, mla_tiles_block, mla_tiles_finish,
                                            mla_tiles_end};
}

static const struct op_path path = {&cpu_backend, CPU_ISA_GENERIC, WEIGHT_F32, "tiles, emulated", 1e-5, on_tiles};

static void shapes_that_go_over_tiles(void **state)
{
    (void)state;
    assert_true(mla_tiles_bytes(256, 32, KV_INT8) && mla_tiles_bytes(512, 64, KV_INT8) && mla_tiles_bytes(64, 0, KV_INT8));
    assert_false(mla_tiles_bytes(256, 32, KV_F16) || mla_tiles_bytes(80, 32, KV_INT8) || mla_tiles_bytes(64, 16, KV_INT8));
}

static void attention_agrees(void **state)
{
    (void)state;
    jobs_on(&path, 200);
}

static void all_rows_chosen_is_dense(void **state)
{
    (void)state;
    all_on(&path);
}

static void extreme_logits_are_survived(void **state)
{
    (void)state;
    extreme_on(&path);
}

static void not_finite_is_no_number(void **state)
{
    (void)state;
    not_finite_on(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_that_go_over_tiles),
        cmocka_unit_test(attention_agrees),
        cmocka_unit_test(all_rows_chosen_is_dense),
        cmocka_unit_test(extreme_logits_are_survived),
        cmocka_unit_test(not_finite_is_no_number),
    };
    return cmocka_run_group_tests_name("amx_mla", tests, NULL, NULL);
}
