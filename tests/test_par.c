/* test_par.c: every index once, on any number of threads, many loops in a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>

#include "base/par.h"

struct job {
    _Atomic int seen[3000];
    size_t n, grain;
    int threads;
    _Atomic int bad;
};

static void visit(void *ctx, size_t first, size_t last, int worker)
{
    struct job *j = ctx;
    if (worker < 0 || worker >= j->threads || first >= last || last > j->n) j->bad++;
    if (j->threads > 1 && last - first > j->grain) j->bad++;
    for (size_t i = first; i < last; i++) j->seen[i]++;
}

static void every_index_once(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 63, 64, 65, 1000, 2999};
    static struct job j;
    for (int threads = 1; threads <= 5; threads++) {
        struct par *p;
        assert_int_equal(par_open(&p, threads, NULL), OK);
        assert_int_equal(par_threads(p), threads);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (size_t grain = 0; grain <= 65; grain += 13) {
                j = (struct job){.n = sizes[s], .grain = grain ? grain : 1, .threads = threads};
                par_for(p, j.n, grain, visit, &j);
                assert_int_equal(j.bad, 0);
                for (size_t i = 0; i < 3000; i++) assert_int_equal(j.seen[i], i < j.n);
            }
        par_close(p);
    }
    par_close(NULL);
}

static void count(void *ctx, size_t first, size_t last, int worker)
{
    (void)worker;
    atomic_fetch_add((_Atomic size_t *)ctx, last - first);
}

/* A wake-up lost between two loops would hang here. */
static void many_short_loops(void **state)
{
    (void)state;
    struct par *p;
    assert_int_equal(par_open(&p, 3, NULL), OK);
    _Atomic size_t total = 0;
    for (int i = 0; i < 20000; i++) par_for(p, 7, 1, count, &total);
    assert_int_equal(total, 7 * 20000);
    par_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_once),
        cmocka_unit_test(many_short_loops),
    };
    return cmocka_run_group_tests_name("par", tests, NULL, NULL);
}
