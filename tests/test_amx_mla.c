/* test_amx_mla.c: attention on AMX tiles, on any machine: tiles emulated.  (test_op_mla has the instructions themselves,
 * where they are.) */
#include "tests/mla_check.h"

#include "tests/amx_emulated.h"
/* order matters, as in path_amx.c */
#include "engine/cpu/tiles.inc"
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
    assert_true(mla_tiles_bytes(256, 32, KV_INT8) && mla_tiles_bytes(512, 64, KV_INT8) && mla_tiles_bytes(64, 32, KV_INT8));
    assert_false(mla_tiles_bytes(256, 32, KV_F16) || mla_tiles_bytes(80, 32, KV_INT8) || mla_tiles_bytes(64, 16, KV_INT8) || mla_tiles_bytes(128, 0, KV_INT8));
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

static void odd_queries_are_answered(void **state)
{
    (void)state;
    odd_queries_on(&path);
}

/* One block in memory of exactly the bytes that are asked for: what lies behind them stays. */
static void no_more_memory_than_asked_for(void **state)
{
    (void)state;
    enum { R = 128, P = 32, ROW = R + R / 64 * 4 + P * 2, N = MLA_BLOCK, GUARD = 4096 };
    static float q[MLA_HEADS * (R + P)], max[MLA_PAD], sum[MLA_PAD], fix[MLA_PAD], out[MLA_HEADS * R];
    size_t bytes = mla_tiles_bytes(R, P, KV_INT8), row = kv_row_bytes(KV_INT8, R, P);
    uint8_t *rows = calloc(N, row), *memory = aligned_alloc(CPU_ALIGN, (bytes + GUARD) / CPU_ALIGN * CPU_ALIGN);
    struct mla_tile t = {.q = memory, .n = N, .max = max, .sum = sum, .fix = fix, .out = out, .heads = MLA_HEADS, .R = R,
                         .width = R + P, .type = KV_INT8, .tiles = true};
    assert_true(row >= ROW && bytes % CPU_ALIGN == 0);
    memset(memory + bytes, 0xa5, GUARD / 2);
    for (int i = 0; i < MLA_HEADS * (R + P); i++) q[i] = (float)(i % 7) - 3;
    for (size_t s = 0; s < N; s++) {
        float one = 1;
        t.row[s] = rows + s * row;
        for (int g = 0; g < R / 64; g++) memcpy(rows + s * row + kv_scales_at(R) + (size_t)g * sizeof one, &one, sizeof one);
    }
    for (int h = 0; h < MLA_PAD; h++) max[h] = -INFINITY;
    mla_tiles_query(&t, q, MLA_HEADS, 1);
    mla_tiles_begin();
    mla_tiles_block(&t);
    mla_tiles_end();
    for (size_t i = 0; i < GUARD / 2; i++) assert_int_equal(memory[bytes + i], 0xa5);
    for (int h = 0; h < MLA_HEADS; h++) assert_true(fabsf(sum[h] - N) < 1e-3f); /* rows of zeros */
    free(rows);
    free(memory);
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
        cmocka_unit_test(odd_queries_are_answered),
        cmocka_unit_test(no_more_memory_than_asked_for),
        cmocka_unit_test(not_finite_is_no_number),
    };
    return cmocka_run_group_tests_name("amx_mla", tests, NULL, NULL);
}
