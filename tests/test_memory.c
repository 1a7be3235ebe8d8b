/* test_memory.c: the memory of the CPU backend, pieces of regions among it, and who releases it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/cpu/cpu.h"
#include "engine/kv.h"

#define PIECES 400

/* From a page of a small state to more than a region holds. */
static size_t bytes_of(size_t i)
{
    static const size_t sizes[] = {1, 4096, 65535, 65536, 100001, 1180672, 2 << 20, 8 << 20, (8 << 20) + 1, 40 << 20};
    return i % 40 == 39 ? sizes[7 + i % 3] : sizes[i % 7];
}

static void fill(unsigned char *p, size_t n, size_t i)
{
    memset(p, (int)(i % 251), n < 512 ? n : 512);
    p[n - 1] = (unsigned char)(i % 251);
}

static void assert_filled(const unsigned char *p, size_t n, size_t i)
{
    for (size_t k = 0; k < n && k < 512; k++) assert_int_equal(p[k], i % 251);
    assert_int_equal(p[n - 1], i % 251);
}

static void pieces_lie_apart(void **state)
{
    (void)state;
    struct device_options o = {.threads = 1};
    struct device *d;
    unsigned char *p[PIECES];
    assert_int_equal(cpu_backend.open(&d, &o, NULL), OK);
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < PIECES; i++) {
            if (round && i % 3 != (size_t)round - 1) continue; /* the others stand since the round before */
            p[i] = cpu_alloc(d, bytes_of(i));
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] % CPU_ALIGN, 0);
            fill(p[i], bytes_of(i), i);
        }
        for (size_t i = 0; i < PIECES; i++) assert_filled(p[i], bytes_of(i), i);
        for (size_t i = (size_t)round % 3; i < PIECES; i += 3) cpu_release(d, p[i], bytes_of(i));
    }
    for (size_t i = 0; i < PIECES; i++) /* of the last round those of number 0 went already */
        if (i % 3) cpu_release(d, p[i], bytes_of(i));
    cpu_release(d, NULL, 100);
    cpu_release(d, NULL, 1 << 20);
    cpu_backend.close(d);
}

/* What is released serves the next of its size. */
static void pieces_serve_again(void **state)
{
    (void)state;
    struct device_options o = {.threads = 1};
    struct device *d;
    assert_int_equal(cpu_backend.open(&d, &o, NULL), OK);
    void *a = cpu_alloc(d, 1 << 20), *b = cpu_alloc(d, 1 << 20);
    cpu_release(d, a, 1 << 20);
    void *c = cpu_alloc(d, 1 << 20);
#ifndef __SANITIZE_ADDRESS__
    assert_ptr_equal(a, c);
#endif
    cpu_release(d, b, 1 << 20);
    cpu_release(d, c, 1 << 20);
    cpu_backend.close(d);
}

static size_t held; /* bytes */

static void *take_counted(struct device *d, size_t bytes)
{
    held += bytes;
    return cpu_alloc(d, bytes);
}

static void release_counted(struct device *d, void *p, size_t bytes)
{
    held -= bytes;
    cpu_release(d, p, bytes);
}

/* A page goes with the bytes it was taken with, also when the state is laid out anew beside it. */
static void pages_keep_their_size(void **state)
{
    (void)state;
    struct device_options o = {.threads = 1};
    struct backend b = cpu_backend;
    struct device *d;
    struct kv_layout layout = {.page_bytes = 1 << 17};
    struct kv kv;
    b.alloc = take_counted, b.release = release_counted;
    assert_int_equal(b.open(&d, &o, NULL), OK);
    kv_init(&kv, &layout, &b, d);
    assert_int_equal(kv_reserve(&kv, 3 * KV_PAGE, NULL), OK);
    assert_int_equal(held, 3 << 17);
    layout.page_bytes = 1 << 16;
    assert_int_equal(kv_reserve(&kv, 4 * KV_PAGE, NULL), OK);
    assert_int_equal(held, (3 << 17) + (1 << 16));
    kv_free(&kv);
    assert_int_equal(held, 0);
    b.close(d);
}

/* A folder like /sys/devices/system/node with processor c on node c % nodes, nodes up to two; removes it where !make. */
static void lay_nodes(const char *folder, int nodes, bool make)
{
    char path[256];
    if (make) mkdir(folder, 0700);
    for (int n = 0; n < nodes; n++) {
        snprintf(path, sizeof path, "%s/node%d", folder, n);
        if (make) mkdir(path, 0700);
        for (int c = n; c < CPU_SETSIZE; c += nodes) {
            snprintf(path, sizeof path, "%s/node%d/cpu%d", folder, n, c);
            if (make) mkdir(path, 0700);
            else rmdir(path);
        }
        snprintf(path, sizeof path, "%s/node%d", folder, n);
        if (!make) rmdir(path);
    }
    if (!make) rmdir(folder);
}

/* Only threads that one node does not hold spread over several. */
static void nodes_that_threads_need(void **state)
{
    char folder[] = "/tmp/nodes-XXXXXX";
    cpu_set_t set;
    int on[2] = {0, 0};
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    for (int c = 0; c < CPU_SETSIZE; c++) on[c % 2] += CPU_ISSET(c, &set) != 0;
    int most = on[0] > on[1] ? on[0] : on[1];
    assert_non_null(mkdtemp(folder));
    lay_nodes(folder, 2, true);
    assert_int_equal(cpu_nodes_of(folder, most), 0);
    assert_int_equal(cpu_nodes_of(folder, most + 1), on[0] && on[1] ? 3 : 0);
    lay_nodes(folder, 2, false);
    lay_nodes(folder, 1, true);
    assert_int_equal(cpu_nodes_of(folder, CPU_COUNT(&set) + 1), 0);
    lay_nodes(folder, 1, false);
    assert_int_equal(cpu_nodes_of(folder, 2), 0);
}

/* Where a piece lies: the pages go to the nodes in turn where there are any, and hold what was written. */
static void huge_pages_go_to_nodes_in_turn(void **state)
{
    (void)state;
    struct device_options o = {.threads = 1};
    struct device *d;
    _Alignas(4096) static char page[4096];
    if (cpu_policy_is_set() || !cpu_spread(page, sizeof page, 1)) skip(); /* numactl, or the first node is not to be had */
    for (uint64_t nodes = 0; nodes < 2; nodes++) {
        int mode = -1;
        assert_int_equal(cpu_backend.open(&d, &o, NULL), OK);
        cpu_memory_free(d->memory);
        d->memory = cpu_memory_new(nodes);
        for (size_t bytes = 1 << 20; bytes <= 16 << 20; bytes <<= 4) {
            unsigned char *p = cpu_alloc(d, bytes);
            fill(p, bytes, 7);
            assert_filled(p, bytes, 7);
            assert_int_equal(syscall(SYS_get_mempolicy, &mode, NULL, 0ul, p, (unsigned long)MPOL_F_ADDR), 0);
#ifndef __SANITIZE_ADDRESS__
            assert_int_equal(mode, nodes ? MPOL_INTERLEAVE : MPOL_DEFAULT);
#endif
            cpu_release(d, p, bytes);
        }
        cpu_backend.close(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_lie_apart),
        cmocka_unit_test(pieces_serve_again),
        cmocka_unit_test(pages_keep_their_size),
        cmocka_unit_test(nodes_that_threads_need),
        cmocka_unit_test(huge_pages_go_to_nodes_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
