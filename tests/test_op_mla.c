/* test_op_mla.c: attention over chosen and over all rows, on every path, against ref. */
#include "tests/mla_check.h"

/* Weights play no part: one path for each. */
static void each(const struct op_path *p, void (*test)(const struct op_path *p))
{
    if (p->weights == WEIGHT_F32) test(p);
}

static void all_jobs(const struct op_path *p) { jobs_on(p, SIZE_MAX); }
static void jobs_of(const struct op_path *p) { each(p, all_jobs); }
static void all_of(const struct op_path *p) { each(p, all_on); }
static void extreme_of(const struct op_path *p) { each(p, extreme_on); }
static void odd_queries_of(const struct op_path *p) { each(p, odd_queries_on); }
static void not_finite_of(const struct op_path *p) { each(p, not_finite_on); }

static void attention_agrees(void **state)
{
    (void)state;
    op_each(jobs_of);
}

static void all_rows_chosen_is_dense(void **state)
{
    (void)state;
    op_each(all_of);
}

static void extreme_logits_are_survived(void **state)
{
    (void)state;
    op_each(extreme_of);
}

static void odd_queries_are_answered(void **state)
{
    (void)state;
    op_each(odd_queries_of);
}

static void not_finite_is_no_number(void **state)
{
    (void)state;
    op_each(not_finite_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_agrees),
        cmocka_unit_test(all_rows_chosen_is_dense),
        cmocka_unit_test(extreme_logits_are_survived),
        cmocka_unit_test(odd_queries_are_answered),
        cmocka_unit_test(not_finite_is_no_number),
    };
    return cmocka_run_group_tests_name("op_mla", tests, NULL, NULL);
}
