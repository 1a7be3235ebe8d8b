/* test_cuda.c: the CUDA backend as a library: found or not, opened or refused, always with a reason.
 * What it computes the op tests check, where there is a device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/str.h"
#include "engine/backend_plugin.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_device_is_named),
        cmocka_unit_test(int8_is_refused_by_name),
        cmocka_unit_test(it_is_loaded_once),
        cmocka_unit_test(auto_always_computes),
    };
    return cmocka_run_group_tests_name("cuda", tests, NULL, NULL);
}
