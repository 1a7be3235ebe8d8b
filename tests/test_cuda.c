/* test_cuda.c: the CUDA backend as a library: found or not, opened or refused, always with a reason; and that
 * passes it plays back are what they were.  What it computes the op tests check, where there is a device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "engine/backend_plugin.h"
#include "engine/session.h"
#include "tests/session_over.h"

/* The table, or NULL and the reason said. */
static const struct backend *table(void)
{
    const struct backend *be = NULL;
    struct errinfo e = {0};
    if (!backend_find(&be, "cuda", &e)) {
        assert_string_equal(be->name, "cuda");
        return be;
    }
    assert_int_equal(e.code, E_DEVICE);
    assert_non_null(strstr(e.msg, BACKEND_PLUGIN));
    assert_null(be);
    print_message("# SKIP %s\n", e.msg);
    return NULL;
}

/* Opens a device, or says which of driver, device and architecture is missing. */
static void a_missing_device_is_named(void **state)
{
    (void)state;
    const struct backend *be = table();
    struct device *d = (struct device *)&d;
    struct errinfo e = {0};
    struct device_options o = {0};
    if (!be) return;
    if (be->open(&d, &o, &e)) {
        print_message("# %s\n", e.msg);
        assert_int_equal(e.code, E_DEVICE);
        assert_null(d);
        assert_non_null(strstr(e.msg, "'cuda'"));
        assert_true(strstr(e.msg, "driver") || strstr(e.msg, "GPU") || strstr(e.msg, "compute"));
        return;
    }
    struct buf text = {0};
    be->describe(d, &text);
    print_message("# %s\n", text.s);
    assert_non_null(strstr(text.s, "multiprocessors"));
    assert_int_equal(be->kv_type(d), KV_F16);
    assert_int_equal(be->sync(d, &e), OK);
    buf_free(&text);
    be->close(d);
}

static void int8_is_refused_by_name(void **state)
{
    (void)state;
    const struct backend *be = table();
    struct device *d;
    struct errinfo e = {0};
    struct device_options o = {.weights = WEIGHT_INT8};
    if (!be) return;
    assert_int_equal(be->open(&d, &o, &e), E_USAGE);
    assert_non_null(strstr(e.msg, "int8"));
}

/* Loading it again gives the same table. */
static void it_is_loaded_once(void **state)
{
    (void)state;
    assert_ptr_equal(table(), table());
}

/* "auto" never fails: without a device it is the CPU. */
static void auto_always_computes(void **state)
{
    (void)state;
    const struct backend *be;
    struct device *d;
    struct errinfo e = {0};
    struct device_options o = {0};
    assert_int_equal(backend_find(&be, "auto", &e), OK);
    assert_int_equal(be->open(&d, &o, &e), OK);
    print_message("# auto: %s\n", be->name);
    be->close(d);
}

/* ------------------------------------------------------------------ passes */

/* From token `from` on `step` at a time, as replies are written: recorded and played back.  At every
 * token the logits are those of one pass over everything. */
static void step_by_step(const struct model_options *o, const char *dir, size_t from, size_t n,
                         size_t step)
{
    struct errinfo e = {0};
    struct model *m;
    if (model_open_weights(&m, dir, o, &e)) fail_msg("%s", e.msg);
    size_t V = (size_t)m->config.V, bytes = V * sizeof(float);
    int32_t *ids = malloc(n * sizeof *ids);
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)((i * 2654435761u >> 7) % V);
    struct session *s = session_over(m, ids, from, 64), *fork;
    for (size_t at = from; at + step <= n; at += step) {
        if (session_append(s, ids + at, step, &e)) fail_msg("%s", e.msg);
        if (at % 3 && at + 2 * step <= n) continue;
        fork = session_over(m, ids, at + step, 1000);
        if (memcmp(session_logits(s), session_logits(fork), bytes))
            fail_msg("%s: %zu tokens, %zu at a time: other logits than in one pass", dir, at + step, step);
        session_free(fork);
    }
    /* Taken back and written again, over the same pages. */
    session_rewind(s, from + step);
    if (session_append(s, ids + from + step, step, &e)) fail_msg("%s", e.msg);
    fork = session_over(m, ids, from + 2 * step, 1000);
    assert_memory_equal(session_logits(s), session_logits(fork), bytes);
    session_free(fork);
    session_free(s);
    model_close(m);
    free(ids);
}

/* Three texts of different lengths, a token of each in a pass, as replies are written together: recorded and
 * played back.  The logits are those that each has alone. */
static void side_by_side(const struct model_options *o, const char *dir, size_t from, size_t steps)
{
    enum { N = 3 };
    struct errinfo e = {0};
    struct model *m;
    if (model_open_weights(&m, dir, o, &e)) fail_msg("%s", e.msg);
    size_t V = (size_t)m->config.V, bytes = V * sizeof(float);
    int32_t *ids[N];
    struct session *s[N];
    for (size_t i = 0; i < N; i++) {
        size_t n = from * (i + 1) + steps;
        ids[i] = malloc(n * sizeof *ids[i]);
        for (size_t k = 0; k < n; k++) ids[i][k] = (int32_t)(((k + 7 * i) * 2654435761u >> 7) % V);
        s[i] = session_over(m, ids[i], from * (i + 1), 64);
    }
    for (size_t at = 0; at < steps; at++) {
        struct append a[N];
        for (size_t i = 0; i < N; i++)
            a[i] = (struct append){.s = s[i], .ids = ids[i] + from * (i + 1) + at, .n = 1, .e = &e};
        session_append_all(a, N);
        for (size_t i = 0; i < N; i++) {
            if (a[i].code) fail_msg("%s", e.msg);
            if (at % 5 != i) continue;
            struct session *alone = session_over(m, ids[i], from * (i + 1) + at + 1, 1000);
            if (memcmp(session_logits(s[i]), session_logits(alone), bytes))
                fail_msg("%s: text %zu, step %zu: other logits than alone", dir, i, at);
            session_free(alone);
        }
    }
    for (size_t i = 0; i < N; i++) {
        session_free(s[i]);
        free(ids[i]);
    }
    model_close(m);
}

static void need_device(void)
{
    const struct backend *be = table();
    struct device_options o = {0};
    struct device *d;
    struct errinfo e = {0};
    if (!be || be->open(&d, &o, &e)) skip();
    be->close(d);
}

static void several_are_as_each_alone(void **state)
{
    (void)state;
    struct model_options own = {.backend = "cuda"}, dense = {.backend = "cuda", .dense = true};
    need_device();
    side_by_side(&own, "tests/data/moe-fixture", 45, 24);
    side_by_side(&own, "tests/data/glm-fixture", 45, 24);
    side_by_side(&dense, "tests/data/moe-fixture", 60, 9);
    side_by_side(&own, "models/deepread-150m", 250, 20);
}

static void steps_are_as_one_pass(void **state)
{
    (void)state;
    static const char *const model = "models/deepread-150m", *const moe = "tests/data/moe-fixture",
                      *const glm = "tests/data/glm-fixture";
    struct model_options own = {.backend = "cuda"}, dense = {.backend = "cuda", .dense = true};
    struct model_options exact = {.backend = "cuda", .weights = WEIGHT_F32, .kv = KV_F32};
    need_device();
    step_by_step(&own, moe, 50, 140, 1);
    step_by_step(&own, glm, 50, 140, 2);
    step_by_step(&exact, moe, 60, 80, 1);
    step_by_step(&dense, moe, 60, 140, 1);
    step_by_step(&own, model, 505, 530, 1); /* over index_topk, and a page */
    step_by_step(&own, model, 4085, 4120, 5); /* over the positions that a recording is made for */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_device_is_named),
        cmocka_unit_test(int8_is_refused_by_name),
        cmocka_unit_test(it_is_loaded_once),
        cmocka_unit_test(auto_always_computes),
        cmocka_unit_test(steps_are_as_one_pass),
        cmocka_unit_test(several_are_as_each_alone),
    };
    return cmocka_run_group_tests_name("cuda", tests, NULL, NULL);
}
