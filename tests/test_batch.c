/* test_batch.c: jobs side by side over one prefix: the same bits as alone, whatever ends, fails or is
 * interrupted beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "engine/batch.h"
#include "engine/session.h"

#define PREFIX 70 /* beyond index_topk (64), and not a whole number of pages */
#define MOST 96   /* tokens of a job */
#define JOBS 9

/* ------------------------------------------------------------------ jobs */

enum kind { GREEDY, NOTHING, NEVER_BEGUN, TOO_MUCH };

struct job {
    enum kind kind;
    size_t length; /* tokens that it writes */
    /* what came of it */
    int32_t out[MOST];
    size_t n;
    enum err code;
    struct errinfo e;
    bool begun, ended;
};

struct work {
    struct job job[JOBS];
    struct session *base;
    size_t passes, interrupt_at, refuse_at; /* passes after which that happens; 0: never */
    size_t wanted_after[JOBS];              /* what done returns for it; 0: all */
    size_t ended_at_first;                  /* jobs, when the first pass was done */
};

static void init_jobs(struct work *w)
{
    static const size_t lengths[JOBS] = {12, 1, 20, 0, 7, 16, 2, 0, 9};
    for (size_t i = 0; i < JOBS; i++) w->job[i] = (struct job){.length = lengths[i]};
    w->job[3].kind = NOTHING;
    w->job[7].kind = NEVER_BEGUN;
}

static int32_t best_token(const struct session *s)
{
    const float *x = session_logits(s);
    int32_t best = 0;
    for (int32_t i = 1; i < s->m->config.V; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

/* Asks with as many tokens as its number says, then writes greedily; every fifth token is taken back
 * and written again, as decoding does. */
static void greedy(struct job *j, size_t number, struct session *s)
{
    int32_t ask[JOBS + 1];
    for (size_t i = 0; i <= number; i++) ask[i] = (int32_t)(100 * number + i);
    j->code = session_append(s, ask, number + 1, &j->e);
    while (!j->code && j->n < j->length) {
        int32_t id = best_token(s);
        j->out[j->n++] = id;
        j->code = session_append(s, &id, 1, &j->e);
        if (j->code || j->n % 5) continue;
        session_rewind(s, session_length(s) - 1);
        j->code = session_append(s, &id, 1, &j->e);
    }
}

static void run(void *ctx, size_t number, struct session *s)
{
    struct job *j = &((struct work *)ctx)->job[number];
    if (j->kind == GREEDY) greedy(j, number, s);
    if (j->kind == TOO_MUCH) {
        size_t n = session_context(s);
        int32_t *ids = mem_alloc(n, sizeof *ids);
        greedy(j, number, s);
        j->code = session_append(s, ids, n, &j->e);
        mem_free(ids);
    }
}

static bool begin(void *ctx, size_t number, struct session *s)
{
    struct work *w = ctx;
    w->job[number].begun = true;
    session_share(s, w->base, PREFIX);
    return w->job[number].kind != NEVER_BEGUN;
}

static size_t done(void *ctx, size_t number)
{
    struct work *w = ctx;
    assert_false(w->job[number].ended);
    w->job[number].ended = true;
    return w->wanted_after[number] ? w->wanted_after[number] : JOBS;
}

static bool refuse; /* pages of the state, until a job was told so */

static void tick(void *ctx)
{
    struct work *w = ctx;
    w->passes++;
    for (size_t i = 0; i < JOBS && w->passes == 1; i++) w->ended_at_first += w->job[i].ended;
    if (w->passes == w->interrupt_at) sys_interrupt(SIGINT);
    if (w->passes == w->refuse_at) refuse = true;
}

/* ------------------------------------------------------------------ a model and its sessions */

static const struct model_options models[] = {
    {.backend = "ref", .threads = 2},
    {.backend = "cpu", .threads = 2},
    {.backend = "cpu", .threads = 1, .kv = KV_INT8, .reply_top_k = 100},
};
#define MODELS (sizeof models / sizeof models[0])

static struct model *open_model(const struct model_options *o)
{
    struct errinfo e = {0};
    struct model *m;
    if (model_open_weights(&m, "tests/data/glm-fixture", o, &e)) fail_msg("%s", e.msg);
    return m;
}

static struct session *session_on(struct model *m)
{
    struct errinfo e = {0};
    struct session *s;
    if (session_new(&s, m, &e)) fail_msg("%s", e.msg);
    return s;
}

static struct session *read_prefix(struct model *m)
{
    struct session *s = session_on(m);
    struct errinfo e = {0};
    int32_t ids[PREFIX];
    for (size_t i = 0; i < PREFIX; i++) ids[i] = (int32_t)((i * 2654435761u >> 7) % 1024);
    session_set_reply(s, PREFIX);
    if (session_sync(s, ids, PREFIX, &e)) fail_msg("%s", e.msg);
    return s;
}

static void run_on(struct model *m, struct work *w, size_t slots, size_t jobs)
{
    struct session *s[BATCH_MOST];
    for (size_t i = 0; i < slots; i++) s[i] = session_on(m);
    w->base = read_prefix(m);
    batch_run(s, slots, &(struct batch_work){.ctx = w, .n = jobs, .begin = begin, .run = run,
                                             .done = done, .tick = tick});
    for (size_t i = 0; i < slots; i++) {
        assert_null(s[i]->append);
        session_free(s[i]);
    }
    session_free(w->base);
}

/* What the jobs write when each is alone. */
static void run_alone(struct model *m, struct work *w)
{
    struct session *s = session_on(m);
    w->base = read_prefix(m);
    for (size_t i = 0; i < JOBS; i++)
        if (begin(w, i, s)) run(w, i, s);
    session_free(s);
    session_free(w->base);
}

static void same_job(const struct job *got, const struct job *want)
{
    assert_int_equal(got->code, want->code);
    assert_int_equal(got->n, want->n);
    assert_memory_equal(got->out, want->out, want->n * sizeof *want->out);
}

/* ------------------------------------------------------------------ tests */

static void as_alone(void **state)
{
    static const size_t slots[] = {1, 3, 8, 16};
    (void)state;
    for (size_t k = 0; k < MODELS; k++) {
        struct model *m = open_model(&models[k]);
        struct work alone = {0};
        init_jobs(&alone);
        run_alone(m, &alone);
        assert_int_equal(alone.job[2].n, 20);
        for (size_t i = k ? 0 : 3; i < sizeof slots / sizeof *slots; i++) { /* ref is slow */
            struct work w = {0};
            init_jobs(&w);
            run_on(m, &w, slots[i], JOBS);
            for (size_t j = 0; j < JOBS; j++) {
                assert_true(w.job[j].begun && w.job[j].ended);
                same_job(&w.job[j], &alone.job[j]);
            }
            /* One pass is for all: a job's appends are its question, tokens and repetitions. */
            if (slots[i] == 16) assert_int_equal(w.passes, 1 + 20 + 20 / 5);
        }
        model_close(m);
    }
}

static void no_jobs(void **state)
{
    (void)state;
    struct model *m = open_model(&models[0]);
    struct work w = {0};
    run_on(m, &w, 3, 0);
    assert_int_equal(w.passes, 0);
    model_close(m);
}

/* The context ends in one of them. */
static void too_much(void **state)
{
    (void)state;
    struct model *m = open_model(&models[1]);
    struct work w = {0}, alone = {0};
    init_jobs(&w);
    init_jobs(&alone);
    w.job[4].kind = TOO_MUCH;
    run_alone(m, &alone);
    run_on(m, &w, 4, JOBS);
    assert_int_equal(w.job[4].code, E_LIMIT);
    assert_non_null(strstr(w.job[4].e.msg, "context"));
    w.job[4].code = OK;
    for (size_t j = 0; j < JOBS; j++) same_job(&w.job[j], &alone.job[j]);
    model_close(m);
}

static void interrupted(void **state)
{
    (void)state;
    struct model *m = open_model(&models[1]);
    struct work w = {.interrupt_at = 6};
    init_jobs(&w);
    run_on(m, &w, 3, JOBS);
    sys_interrupt(0);
    assert_int_equal(w.passes, 7); /* the last one was refused */
    assert_int_equal(w.job[0].code, E_INTR);
    assert_int_equal(w.job[2].code, E_INTR);
    assert_int_equal(w.job[1].code, OK);
    assert_false(w.job[JOBS - 1].begun);
    for (size_t j = 0; j < JOBS; j++) assert_true(w.job[j].begun == w.job[j].ended);
    model_close(m);
}

/* After job 1 those behind job 2 are not wanted: the ones that run end, no other begins.  (Job 6 takes
 * the place of job 3, which ends at once.) */
static void not_wanted(void **state)
{
    (void)state;
    struct model *m = open_model(&models[1]);
    struct work w = {.wanted_after = {[1] = 3}}, alone = {0};
    init_jobs(&w);
    init_jobs(&alone);
    run_alone(m, &alone);
    run_on(m, &w, 6, JOBS);
    for (size_t j = 0; j < 3; j++) same_job(&w.job[j], &alone.job[j]);
    assert_int_equal(w.job[5].code, E_INTR);
    assert_false(w.job[7].begun);
    for (size_t j = 0; j < JOBS; j++) assert_true(w.job[j].begun == w.job[j].ended);
    model_close(m);
}

static const struct backend *device;

/* Once. */
static void *alloc_or_not(struct device *d, size_t bytes)
{
    if (!refuse) return device->alloc(d, bytes);
    refuse = false;
    return NULL;
}

/* Who finds no page for its tokens fails alone. */
static void memory_refused(void **state)
{
    (void)state;
    struct model *m = open_model(&models[1]);
    struct work w = {.refuse_at = 60}, alone = {0};
    struct backend b = *m->b;
    init_jobs(&w);
    init_jobs(&alone);
    for (size_t j = 0; j < 3; j++) w.job[j].length = alone.job[j].length = 80; /* into the third page */
    run_alone(m, &alone);
    device = m->b;
    b.alloc = alloc_or_not;
    m->b = &b;
    run_on(m, &w, 3, 3);
    m->b = device;
    size_t failed = 0;
    for (size_t j = 0; j < 3; j++) {
        failed += w.job[j].code == E_LIMIT;
        if (!w.job[j].code) same_job(&w.job[j], &alone.job[j]);
        else assert_memory_equal(w.job[j].out, alone.job[j].out, w.job[j].n * sizeof *w.job[j].out);
    }
    assert_int_equal(failed, 1);
    assert_false(refuse);
    model_close(m);
}

static size_t held, most_held; /* bytes of the device */

static void *alloc_counted(struct device *d, size_t bytes)
{
    void *p = device->alloc(d, bytes);
    held += p ? bytes : 0;
    if (held > most_held) most_held = held;
    return p;
}

static void release_counted(struct device *d, void *p, size_t bytes)
{
    held -= p ? bytes : 0;
    device->release(d, p, bytes);
}

/* Sessions append more tokens together than the prefix has, then write one by one. */
static void write_beside(struct session *const *s, size_t n, size_t own)
{
    struct append v[JOBS];
    struct errinfo e = {0};
    int32_t ids[MOST] = {0};
    for (size_t done = 0; done < own; done += done ? 1 : own - 3) {
        size_t now = done ? 1 : own - 3;
        for (size_t i = 0; i < n; i++) v[i] = (struct append){.s = s[i], .ids = ids, .n = now, .e = &e};
        session_append_all(v, n);
        if (e.code) fail_msg("%s", e.msg);
    }
}

/* What is planned for several sessions is never less than what they take, whatever their number, and not
 * several times as much; what is said to be still to be taken, once the prefix is read, likewise. */
static void memory_planned(void **state)
{
    (void)state;
    for (size_t k = 0; k < MODELS; k++)
        for (size_t n = 1; n <= JOBS; n += 2) {
            struct model *m = open_model(&models[k]);
            struct backend b = *m->b;
            struct session *s[JOBS];
            struct memory_need need;
            device = m->b;
            b.alloc = alloc_counted;
            b.release = release_counted;
            m->b = &b;
            held = most_held = 0;
            struct session *base = read_prefix(m);
            size_t host = (n + 1) * (size_t)m->config.V * sizeof(float); /* logits, not the device's */
            session_need_many(base, PREFIX, MOST, n, &need);
            size_t rest = session_need_beside(base, MOST, n), before = held;
            for (size_t i = 0; i < n; i++) {
                s[i] = session_new_beside(base);
                session_share(s[i], base, PREFIX);
            }
            write_beside(s, n, MOST);
            size_t planned = need.state + need.scratch - host, taken = most_held;
            assert_true(taken <= planned && planned <= 2 * taken);
            assert_true(taken - before <= rest - (host - host / (n + 1)));
            for (size_t i = 0; i < n; i++) session_free(s[i]);
            session_free(base);
            m->b = device;
            model_close(m);
        }
}

static size_t threads_left = SIZE_MAX; /* before the system refuses one */

/* In place of the library's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    if (!threads_left) return EAGAIN;
    if (threads_left != SIZE_MAX) threads_left--;
    return create(thread, attr, start, arg);
}

/* What gets no thread runs alone, one job a slot between the passes of those that have one. */
static void threads_refused(void **state)
{
    static const size_t left[] = {0, 1, 2}, at_first[] = {0, 2, 1};
    (void)state;
    struct model *m = open_model(&models[2]);
    struct work alone = {0};
    init_jobs(&alone);
    run_alone(m, &alone);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        struct work w = {0};
        init_jobs(&w);
        threads_left = left[i];
        run_on(m, &w, 3, JOBS);
        threads_left = SIZE_MAX;
        assert_int_equal(w.ended_at_first, at_first[i]);
        for (size_t j = 0; j < JOBS; j++) {
            assert_true(w.job[j].ended);
            same_job(&w.job[j], &alone.job[j]);
        }
    }
    model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_alone),    cmocka_unit_test(no_jobs),    cmocka_unit_test(too_much),
        cmocka_unit_test(interrupted), cmocka_unit_test(not_wanted), cmocka_unit_test(memory_refused),
        cmocka_unit_test(memory_planned),
        cmocka_unit_test(threads_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
