/* test_sampler.c: the next token from logits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "engine/sampler.h"

#define N 8
static const float logits[N] = {0.5f, 3.0f, 3.0f, -1.0f, 2.0f, -INFINITY, 2.5f, 0.0f};

static void argmax_takes_the_lower_of_equals(void **state)
{
    (void)state;
    static const int32_t some[] = {7, 4, 2, 1};
    static const int32_t one[] = {5};
    assert_int_equal(sampler_argmax(logits, NULL, N), 1);
    assert_int_equal(sampler_argmax(logits, some, 4), 1);
    assert_int_equal(sampler_argmax(logits, some, 3), 2);
    assert_int_equal(sampler_argmax(logits, one, 1), 5);
}

static void argmax_survives_nan(void **state)
{
    (void)state;
    static const float bad[3] = {NAN, 1, NAN}, worst[2] = {NAN, NAN};
    assert_int_equal(sampler_argmax(bad, NULL, 3), 1);
    assert_int_equal(sampler_argmax(worst, NULL, 2), 0);
}

/* Up to two whole rounds of what is looked at together, and a tail. */
static const size_t lengths[] = {16, 17, 40, 41};
#define LONGEST 41
#define LENGTHS (sizeof lengths / sizeof *lengths)

static void fill(float *x, size_t n, float value)
{
    for (size_t i = 0; i < n; i++) x[i] = value;
}

/* The largest of n at `at`: alone, with an equal one elsewhere, with a NaN elsewhere. */
static void argmax_of(size_t n, size_t at)
{
    float x[LONGEST];
    fill(x, n, -2);
    x[at] = -1;
    assert_int_equal(sampler_argmax(x, NULL, n), at);
    for (size_t other = 0; other < n; other++) {
        if (other == at) continue;
        x[other] = -1;
        assert_int_equal(sampler_argmax(x, NULL, n), at < other ? at : other);
        x[other] = NAN;
        assert_int_equal(sampler_argmax(x, NULL, n), at);
        x[other] = -2;
    }
}

static void argmax_looks_everywhere(void **state)
{
    (void)state;
    for (size_t k = 0; k < LENGTHS; k++)
        for (size_t at = 0; at < lengths[k]; at++) argmax_of(lengths[k], at);
}

static void soundness_looks_everywhere(void **state)
{
    (void)state;
    static const float broken[] = {NAN, -NAN, INFINITY, -INFINITY}, other[] = {-1, 1, 0.5f};
    float x[LONGEST];
    for (size_t k = 0; k < LENGTHS; k++) {
        size_t n = lengths[k];
        fill(x, n, 0.25f);
        assert_int_equal(sampler_soundness(x, n), ALL_THE_SAME);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < sizeof broken / sizeof *broken; j++) {
                x[i] = broken[j];
                assert_int_equal(sampler_soundness(x, n), NO_NUMBERS);
            }
            for (size_t j = 0; j < sizeof other / sizeof *other; j++) {
                x[i] = other[j];
                assert_int_equal(sampler_soundness(x, n), SOUND);
            }
            x[i] = 0.25f;
        }
    }
}

static void draw(const struct sampling *o, size_t times, size_t count[N])
{
    struct rng r;
    void *scratch = malloc(sampler_scratch(N));
    rng_seed(&r, o->seed);
    for (size_t i = 0; i < N; i++) count[i] = 0;
    for (size_t i = 0; i < times; i++) count[sampler_pick(logits, NULL, N, o, &r, scratch)]++;
    free(scratch);
}

static void no_temperature_is_greedy(void **state)
{
    (void)state;
    size_t count[N];
    draw(&(struct sampling){0, 0.5f, 0.1f, 1}, 100, count);
    assert_int_equal(count[1], 100);
}

/* At temperature 1 the draws follow the softmax: within four standard deviations of it. */
static void draws_follow_the_softmax(void **state)
{
    (void)state;
    enum { TIMES = 100000 };
    size_t count[N];
    double sum = 0;
    draw(&(struct sampling){1, 0, 0, 3}, TIMES, count);
    for (size_t i = 0; i < N; i++) sum += exp((double)logits[i]);
    for (size_t i = 0; i < N; i++) {
        double p = exp((double)logits[i]) / sum;
        double off = fabs((double)count[i] - TIMES * p);
        assert_true(off <= 4 * sqrt(TIMES * p * (1 - p)) + 1e-9);
    }
}

static void top_p_keeps_the_smallest_set(void **state)
{
    (void)state;
    size_t count[N];
    /* The two best have 0.59 of the mass together, the three best 0.77. */
    draw(&(struct sampling){1, 0.5f, 0, 4}, 5000, count);
    assert_true(count[1] > 0 && count[2] > 0);
    assert_int_equal(count[1] + count[2], 5000);
    draw(&(struct sampling){1, 0.7f, 0, 4}, 5000, count);
    assert_true(count[6] > 0);
    assert_int_equal(count[1] + count[2] + count[6], 5000);
    draw(&(struct sampling){1, 1e-6f, 0, 4}, 100, count);
    assert_int_equal(count[1], 100);
}

static void min_p_drops_what_is_far_below(void **state)
{
    (void)state;
    size_t count[N];
    draw(&(struct sampling){1, 0, 0.5f, 5}, 5000, count); /* ln 2 below the best: 3, 3 and 2.5 */
    assert_int_equal(count[1] + count[2] + count[6], 5000);
    assert_true(count[6] > 0);
    draw(&(struct sampling){1, 0, 1, 5}, 100, count);
    assert_int_equal(count[1] + count[2], 100);
}

static void only_the_given_ids_are_drawn(void **state)
{
    (void)state;
    static const int32_t some[] = {7, 3, 0};
    char scratch[64];
    struct sampling o = {5, 0.99f, 0, 6};
    struct rng r;
    rng_seed(&r, 6);
    assert_true(sampler_scratch(3) <= sizeof scratch);
    for (int i = 0; i < 1000; i++) {
        int32_t id = sampler_pick(logits, some, 3, &o, &r, scratch);
        assert_true(id == 7 || id == 3 || id == 0);
    }
}

static void a_seed_is_a_stream(void **state)
{
    (void)state;
    struct rng a, b, c;
    double sum = 0;
    bool differs = false;
    rng_seed(&a, 0);
    rng_seed(&b, 0);
    rng_seed(&c, 1);
    for (int i = 0; i < 10000; i++) {
        double x = rng_uniform(&a);
        assert_true(x >= 0 && x < 1);
        assert_true(x == rng_uniform(&b));
        differs |= x != rng_uniform(&c);
        sum += x;
    }
    assert_true(differs);
    assert_float_equal(sum / 10000, 0.5, 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(argmax_takes_the_lower_of_equals),
        cmocka_unit_test(argmax_survives_nan),
        cmocka_unit_test(argmax_looks_everywhere),
        cmocka_unit_test(soundness_looks_everywhere),
        cmocka_unit_test(no_temperature_is_greedy),
        cmocka_unit_test(draws_follow_the_softmax),
        cmocka_unit_test(top_p_keeps_the_smallest_set),
        cmocka_unit_test(min_p_drops_what_is_far_below),
        cmocka_unit_test(only_the_given_ids_are_drawn),
        cmocka_unit_test(a_seed_is_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
