/* test_session.c: what must be the same however tokens are grouped, dropped, shared or spread over
 * threads.  Everything is compared bit for bit, on both fixtures and both backends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "engine/sampler.h"
#include "engine/session.h"

#define TOKENS 135 /* beyond index_topk (64) and into the third page */

/* ------------------------------------------------------------------ a model and its tokens */

struct subject {
    const char *dir, *backend;
    enum weight_type weights;
    enum kv_type kv;
    bool dense;
};

static const struct subject subjects[] = {
    {"tests/data/moe-fixture", "ref", WEIGHT_AUTO, KV_F32, false},
    {"tests/data/glm-fixture", "ref", WEIGHT_AUTO, KV_BF16, false},
    {"tests/data/moe-fixture", "cpu", WEIGHT_F32, KV_F32, false},
    {"tests/data/glm-fixture", "cpu", WEIGHT_F32, KV_F32, false},
    {"tests/data/moe-fixture", "cpu", WEIGHT_AUTO, KV_AUTO, false},
    {"tests/data/glm-fixture", "cpu", WEIGHT_AUTO, KV_AUTO, false},
    {"tests/data/moe-fixture", "cpu", WEIGHT_AUTO, KV_AUTO, true},
    {"tests/data/glm-fixture", "cpu", WEIGHT_AUTO, KV_INT8, false},
};
#define SUBJECTS (sizeof subjects / sizeof subjects[0])

static struct model *open_options(const struct subject *s, struct model_options o)
{
    struct errinfo e = {0};
    struct model *m;
    o.backend = s->backend;
    o.weights = s->weights;
    o.kv = s->kv;
    if (model_open_weights(&m, s->dir, &o, &e)) fail_msg("%s", e.msg);
    return m;
}

static struct model *open_with(const struct subject *s, int threads, bool dense)
{
    return open_options(s, (struct model_options){.threads = threads, .dense = dense || s->dense});
}

static int32_t token_at(size_t i)
{
    return (int32_t)((i * 2654435761u >> 7) % 1024);
}

static void make_tokens(int32_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) ids[i] = token_at(i);
}

static struct session *session_on(struct model *m, size_t chunk)
{
    struct errinfo e = {0};
    struct session *s;
    if (session_new(&s, m, &e)) fail_msg("%s", e.msg);
    session_set_chunk(s, chunk);
    return s;
}

static void sync_to(struct session *s, const int32_t *ids, size_t n)
{
    struct errinfo e = {0};
    if (session_sync(s, ids, n, &e)) fail_msg("%s", e.msg);
    assert_int_equal(session_length(s), n);
    assert_memory_equal(session_tokens(s), ids, n * sizeof *ids);
    assert_non_null(session_logits(s));
}

static void append_to(struct session *s, const int32_t *ids, size_t n)
{
    struct errinfo e = {0};
    if (session_append(s, ids, n, &e)) fail_msg("%s", e.msg);
}

static void same_logits(const struct session *a, const struct session *b, const char *what)
{
    const float *x = session_logits(a), *y = session_logits(b);
    for (int i = 0; i < a->m->config.V; i++) {
        assert_true(isfinite(x[i]));
        if (memcmp(&x[i], &y[i], sizeof x[i]))
            fail_msg("%s: logit %d is %.9g and %.9g", what, i, (double)x[i], (double)y[i]);
    }
}

/* Largest difference, relative to the largest logit. */
static double difference(const struct session *a, const struct session *b)
{
    const float *x = session_logits(a), *y = session_logits(b);
    double diff = 0, most = 0;
    for (int i = 0; i < a->m->config.V; i++) {
        diff = fmax(diff, fabs((double)x[i] - (double)y[i]));
        most = fmax(most, fabs((double)x[i]));
    }
    return diff / most;
}

/* ------------------------------------------------------------------ identities */

static void any_chunk_size(const struct subject *u)
{
    static const size_t chunks[] = {1, 7, 64, 512};
    struct model *m = open_with(u, 2, false);
    int32_t ids[TOKENS + 8];
    struct session *want = session_on(m, 512);
    make_tokens(ids, TOKENS);
    sync_to(want, ids, TOKENS);
    for (size_t i = 0; i < 3; i++) {
        struct session *s = session_on(m, chunks[i]);
        sync_to(s, ids, TOKENS);
        same_logits(s, want, "chunks");
        session_free(s);
    }
    session_free(want);
    model_close(m);
}

static void one_more_token(const struct subject *u)
{
    static const size_t lengths[] = {2, 64, 65, 129, TOKENS};
    struct model *m = open_with(u, 2, false);
    int32_t ids[TOKENS];
    make_tokens(ids, TOKENS);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct session *whole = session_on(m, 512), *step = session_on(m, 512);
        sync_to(whole, ids, lengths[i]);
        sync_to(step, ids, lengths[i] - 1);
        append_to(step, ids + lengths[i] - 1, 1);
        same_logits(step, whole, "prefill and a step");
        session_free(whole);
        session_free(step);
    }
    model_close(m);
}

static void rewound_and_extended(const struct subject *u)
{
    static const size_t lengths[] = {0, 63, 64, TOKENS - 1};
    struct model *m = open_with(u, 2, false);
    int32_t ids[TOKENS], other[TOKENS];
    make_tokens(ids, TOKENS);
    struct session *s = session_on(m, 512);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct session *fresh = session_on(m, 512);
        memcpy(other, ids, sizeof other);
        for (size_t t = lengths[i]; t < TOKENS; t++) other[t] = (ids[t] + 1) % 1024;
        sync_to(s, ids, TOKENS);
        session_rewind(s, lengths[i]);
        assert_null(session_logits(s));
        sync_to(s, other, TOKENS);
        sync_to(fresh, other, TOKENS);
        same_logits(s, fresh, "rewound");
        session_free(fresh);
    }
    session_free(s);
    model_close(m);
}

/* Chosen rows are read absorbed and all rows expanded: the same numbers up to rounding, of the state
 * above all.  (In the same form they are the same bits: test_op_mla.c.) */
static void sparse_is_dense_below_top_k(const struct subject *u)
{
    if (u->dense) return;
    struct model *sparse = open_with(u, 2, false), *dense = open_with(u, 2, true);
    size_t K = (size_t)sparse->config.K;
    int32_t ids[TOKENS];
    make_tokens(ids, TOKENS);
    struct session *a = session_on(sparse, 512), *b = session_on(dense, 512);
    sync_to(a, ids, K - 1);
    sync_to(b, ids, K - 1);
    double close = sparse->kv.type == KV_F32 ? 1e-4 : 0.1;
    assert_int_equal(dense->attention, u->kv == KV_INT8 ? ATTEND_ALL : ATTEND_EXPANDED);
    assert_true(difference(a, b) <= close);
    append_to(a, ids + K - 1, 1);
    append_to(b, ids + K - 1, 1);
    assert_true(difference(a, b) <= close);
    append_to(a, ids + K, TOKENS - K);
    append_to(b, ids + K, TOKENS - K);
    assert_true(difference(a, b) > close);
    session_free(a);
    session_free(b);
    model_close(sparse);
    model_close(dense);
}

static void any_number_of_threads(const struct subject *u)
{
    struct model *one = open_with(u, 1, false), *many = open_with(u, 0, false);
    int32_t ids[TOKENS];
    make_tokens(ids, TOKENS);
    struct session *a = session_on(one, 512), *b = session_on(many, 512);
    sync_to(a, ids, TOKENS - 1);
    sync_to(b, ids, TOKENS - 1);
    same_logits(a, b, "threads, prefill");
    append_to(a, ids + TOKENS - 1, 1);
    append_to(b, ids + TOKENS - 1, 1);
    same_logits(a, b, "threads, one token");
    session_free(a);
    session_free(b);
    model_close(one);
    model_close(many);
}

static void shared_prefix(const struct subject *u)
{
    static const size_t lengths[] = {1, 64, 100};
    struct model *m = open_with(u, 2, false);
    int32_t ids[TOKENS], other[TOKENS];
    make_tokens(ids, TOKENS);
    struct session *first = session_on(m, 512), *fresh = session_on(m, 512);
    sync_to(fresh, ids, TOKENS);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t n = lengths[i];
        struct session *second = session_on(m, 512), *alone = session_on(m, 512);
        memcpy(other, ids, sizeof other);
        for (size_t t = n; t < TOKENS; t++) other[t] = (ids[t] + 5) % 1024;
        sync_to(first, ids, 101);
        session_share(second, first, n);
        assert_int_equal(session_length(second), n);
        sync_to(second, other, TOKENS); /* writes beside what the first one holds */
        sync_to(first, ids, TOKENS);
        sync_to(alone, other, TOKENS);
        same_logits(second, alone, "on a shared prefix");
        same_logits(first, fresh, "whose prefix is shared");
        session_rewind(first, 0); /* dropping the owner leaves the other whole */
        append_to(second, ids, 1);
        append_to(alone, ids, 1);
        same_logits(second, alone, "after the owner has gone");
        session_free(second);
        session_free(alone);
    }
    session_free(first);
    session_free(fresh);
    model_close(m);
}

#define REPLY_K 100

/* m reads with the session's replies from 0; `all` is the same model with REPLY_K for every token. */
static void reply_from_the_start(const struct subject *u, struct model *m, const int32_t *ids)
{
    struct model *all = open_with(u, 2, false);
    all->config.K = all->K_most = REPLY_K;
    struct session *a = session_on(m, 512), *b = session_on(all, 512);
    session_set_reply(a, 0);
    sync_to(a, ids, TOKENS);
    sync_to(b, ids, TOKENS);
    same_logits(a, b, "a reply from the start");
    session_free(a);
    session_free(b);
    model_close(all);
}

/* Documents are read as without a reply, however its tokens are grouped; those select more. */
static void reply_selects_more(const struct subject *u)
{
    static const size_t from = 90, chunks[] = {1, 7, 64};
    if (u->dense) return;
    struct model *m = open_options(u, (struct model_options){.threads = 2, .reply_top_k = REPLY_K});
    int32_t ids[TOKENS];
    make_tokens(ids, TOKENS);
    struct session *want = session_on(m, 512), *plain = session_on(m, 512);
    session_set_reply(want, from);
    sync_to(want, ids, from);
    sync_to(plain, ids, from);
    same_logits(want, plain, "the documents before a reply");
    sync_to(want, ids, TOKENS);
    sync_to(plain, ids, TOKENS);
    assert_true(difference(want, plain) > 1e-6);
    for (size_t i = 0; i < 3; i++) {
        struct session *s = session_on(m, chunks[i]);
        session_set_reply(s, from);
        sync_to(s, ids, TOKENS - 2);
        append_to(s, ids + TOKENS - 2, 2);
        same_logits(s, want, "a reply in other chunks");
        session_free(s);
    }
    session_set_reply(plain, from); /* what it holds of the reply was read in another way */
    assert_int_equal(session_length(plain), from);
    sync_to(plain, ids, TOKENS);
    same_logits(plain, want, "a reply said later");
    reply_from_the_start(u, m, ids);
    session_free(want);
    session_free(plain);
    model_close(m);
}

/* ------------------------------------------------------------------ several at once */

#define SIDES 5

/* Each side's prefix, of which `shared` tokens are the first one's, and what is then appended. */
static const struct {
    size_t shared, length, n[3];
} sides[SIDES] = {{0, 100, {1, 1, 9}}, {100, 100, {5, 1, 1}}, {63, 70, {2, 1, 60}}, {0, 3, {70, 1, 1}},
                  {64, 130, {1, 1, 0}}};

/* Session i of the sides: its tokens differ from the others' behind what they share. */
static struct session *side_on(struct model *m, size_t i, const struct session *first, int32_t *ids)
{
    struct session *s = session_on(m, 64);
    make_tokens(ids, 2 * TOKENS);
    for (size_t t = sides[i].shared; t < 2 * TOKENS; t++) ids[t] = (ids[t] + 17 * (int32_t)i) % 1024;
    if (i == 3) session_set_reply(s, 3);
    if (first && sides[i].shared) session_share(s, first, sides[i].shared);
    sync_to(s, ids, sides[i].length);
    return s;
}

static void side_by_side(const struct subject *u)
{
    size_t reply_K = u->dense ? 0 : REPLY_K; /* of side 3, which then needs passes of its own */
    struct model *m = open_options(u, (struct model_options){.threads = 2, .dense = u->dense,
                                                             .reply_top_k = reply_K});
    int32_t ids[SIDES][2 * TOKENS];
    struct session *s[SIDES], *alone[SIDES];
    struct errinfo e[SIDES] = {0};
    size_t at[SIDES];
    for (size_t i = 0; i < SIDES; i++) {
        s[i] = side_on(m, i, i ? s[0] : NULL, ids[i]);
        alone[i] = side_on(m, i, NULL, ids[i]);
        at[i] = sides[i].length;
    }
    for (size_t round = 0; round < 3; round++) {
        struct append v[SIDES];
        for (size_t i = 0; i < SIDES; i++)
            v[i] = (struct append){.s = s[i], .ids = ids[i] + at[i], .n = sides[i].n[round], .e = &e[i]};
        session_append_all(v, SIDES);
        for (size_t i = 0; i < SIDES; i++) {
            if (v[i].code) fail_msg("%s", e[i].msg);
            append_to(alone[i], ids[i] + at[i], sides[i].n[round]);
            at[i] += sides[i].n[round];
            assert_int_equal(session_length(s[i]), at[i]);
            assert_memory_equal(session_tokens(s[i]), ids[i], at[i] * sizeof **ids);
            same_logits(s[i], alone[i], "side by side");
        }
    }
    for (size_t i = 0; i < SIDES; i++) {
        session_free(s[i]);
        session_free(alone[i]);
    }
    model_close(m);
}

/* Who cannot go on is told so; the others do. */
static void some_are_refused(void **state)
{
    (void)state;
    struct model *m = open_with(&subjects[4], 2, false);
    struct session *s[4], *alone = session_on(m, 512);
    int32_t *ids = mem_alloc(4097, sizeof *ids), bad = 1024;
    struct errinfo e[4] = {0};
    make_tokens(ids, 4097);
    for (size_t i = 0; i < 4; i++) {
        s[i] = session_on(m, 512);
        sync_to(s[i], ids, 10);
    }
    sync_to(alone, ids, 12);
    struct append v[4] = {{.s = s[0], .ids = ids, .n = 4087, .e = &e[0]},
                          {.s = s[1], .ids = ids + 10, .n = 2, .e = &e[1]},
                          {.s = s[2], .ids = &bad, .n = 1, .e = &e[2]},
                          {.s = s[3], .ids = ids, .n = 0, .e = &e[3]}};
    session_append_all(v, 4);
    assert_int_equal(v[0].code, E_LIMIT);
    assert_int_equal(e[0].code, E_LIMIT);
    assert_int_equal(v[1].code, OK);
    assert_int_equal(v[2].code, E_USAGE);
    assert_int_equal(v[3].code, OK);
    same_logits(s[1], alone, "beside refused ones");
    assert_int_equal(session_length(s[0]), 10);
    assert_int_equal(session_length(s[2]), 10);
    assert_non_null(session_logits(s[0]));
    sys_interrupt(SIGINT);
    v[1].ids = v[2].ids = ids;
    v[1].n = v[2].n = 1;
    err_clear(&e[2]);
    session_append_all(v + 1, 2);
    sys_interrupt(0);
    assert_int_equal(v[1].code, E_INTR);
    assert_int_equal(v[2].code, E_INTR);
    assert_int_equal(session_length(s[1]), 12);
    for (size_t i = 0; i < 4; i++) session_free(s[i]);
    session_free(alone);
    mem_free(ids);
    model_close(m);
}

/* ------------------------------------------------------------------ the rest of the contract */

static void sync_keeps_the_common_prefix(void **state)
{
    (void)state;
    struct model *m = open_with(&subjects[0], 2, false);
    int32_t ids[TOKENS];
    struct session *s = session_on(m, 512);
    struct errinfo e = {0};
    make_tokens(ids, TOKENS);
    assert_null(session_logits(s));
    assert_int_equal(session_sync(s, ids, 0, &e), OK);
    assert_null(session_logits(s));
    sync_to(s, ids, 100);
    assert_int_equal(session_computed(s), 100);
    sync_to(s, ids, 100); /* nothing to do */
    assert_int_equal(session_computed(s), 100);
    sync_to(s, ids, 110);
    assert_int_equal(session_computed(s), 110);
    sync_to(s, ids, 70); /* one token again, for its logits */
    assert_int_equal(session_computed(s), 111);
    ids[60] = (ids[60] + 1) % 1024;
    sync_to(s, ids, 70);
    assert_int_equal(session_computed(s), 121);
    sync_to(s, session_tokens(s), 70); /* its own list */
    assert_int_equal(session_sync(s, ids, 0, &e), OK);
    assert_int_equal(session_length(s), 0);
    session_free(s);
    session_free(NULL);
    model_close(m);
}

static void refusals(void **state)
{
    (void)state;
    struct model *m = open_with(&subjects[0], 2, false);
    struct session *s = session_on(m, 512);
    struct errinfo e = {0};
    int32_t *ids = mem_alloc(4097, sizeof *ids);
    assert_int_equal(session_context(s), 4096);
    make_tokens(ids, 4097);
    sync_to(s, ids, 10);
    assert_int_equal(session_sync(s, ids, 4097, &e), E_LIMIT);
    assert_non_null(strstr(e.msg, "4097"));
    assert_non_null(strstr(e.msg, "4096"));
    err_clear(&e);
    assert_int_equal(session_append(s, ids, 4087, &e), E_LIMIT);
    err_clear(&e);
    ids[3] = 1024;
    assert_int_equal(session_append(s, ids, 5, &e), E_USAGE);
    assert_non_null(strstr(e.msg, "1024"));
    err_clear(&e);
    ids[3] = -1;
    assert_int_equal(session_sync(s, ids, 5, &e), E_USAGE);
    assert_int_equal(session_length(s), 10); /* none of it changed the state */
    assert_non_null(session_logits(s));
    mem_free(ids);
    session_free(s);
    model_close(m);
}

struct ticks {
    size_t calls, done, total;
    bool interrupt;
};

static void on_tick(void *ctx, size_t done, size_t total)
{
    struct ticks *t = ctx;
    assert_true(done > t->done && done <= total);
    t->calls++;
    t->done = done;
    t->total = total;
    if (t->interrupt && t->calls == 2) sys_interrupt(SIGINT);
}

static void ticks(void **state)
{
    (void)state;
    struct model *m = open_with(&subjects[0], 2, false);
    int32_t ids[TOKENS];
    struct session *s = session_on(m, 40);
    struct ticks t = {0};
    make_tokens(ids, TOKENS);
    session_set_tick(s, on_tick, &t);
    sync_to(s, ids, TOKENS);
    assert_int_equal(t.calls, 4);
    assert_int_equal(t.done, TOKENS);
    assert_int_equal(t.total, TOKENS);
    session_free(s);
    model_close(m);
}

static void decoding_allocates_nothing(void **state)
{
    (void)state;
    struct model *m = open_with(&subjects[2], 2, false);
    int32_t ids[TOKENS];
    struct session *s = session_on(m, 512);
    make_tokens(ids, TOKENS);
    sync_to(s, ids, 64);
    append_to(s, ids, 1); /* takes the second page */
    size_t before = mem_calls();
    for (int i = 0; i < 60; i++) append_to(s, &ids[i], 1);
    assert_int_equal(mem_calls(), before);
    session_free(s);
    model_close(m);
}



static void rows_lie_where_the_layout_says(void **state)
{
    (void)state;
    struct model *m = open_with(&subjects[1], 2, false);
    const struct kv_layout *l = &m->kv;
    size_t seen_at = 0;
    for (int i = 0; i < m->config.L; i++) {
        assert_int_equal(l->latent_offset[i], seen_at);
        seen_at += 64 * 112 * 2;
        if (!m->config.full[i]) continue;
        assert_int_equal(l->index_offset[i], seen_at);
        seen_at += 64 * 64 * 2;
    }
    assert_int_equal(l->page_bytes, seen_at);
    assert_int_equal(model_kv_bytes(m, 129), 3 * seen_at);
    model_close(m);
}

/* Where the usual precision does not fit, 8 bits do, unless another one was asked for. */
static void memory_decides(void **state)
{
    (void)state;
    int32_t ids[TOKENS];
    make_tokens(ids, TOKENS);
    for (int chosen = 0; chosen < 2; chosen++) {
        struct subject u = subjects[5];
        if (chosen) u.kv = KV_F16;
        struct model *m = open_with(&u, 2, false), *small = open_with(&subjects[7], 2, false);
        struct session *s = session_on(m, 512), *want = session_on(small, 512);
        struct memory_need usual, need;
        session_need(s, TOKENS, &usual);
        assert_string_equal(usual.kv, "f16");
        assert_int_equal(usual.state, model_kv_bytes(m, TOKENS));
        session_fit(s, TOKENS, usual.state + usual.scratch);
        session_need(s, TOKENS, &need);
        assert_int_equal(need.state, usual.state);
        session_fit(s, TOKENS, usual.state + usual.scratch - 1);
        session_need(s, TOKENS, &need);
        if (chosen) {
            assert_int_equal(need.state, usual.state);
        } else {
            assert_string_equal(need.kv, "int8");
            assert_true(need.state < usual.state && need.scratch == usual.scratch);
            sync_to(s, ids, TOKENS);
            sync_to(want, ids, TOKENS);
            same_logits(s, want, "8 bits for want of memory");
        }
        session_free(s);
        session_free(want);
        model_close(m);
        model_close(small);
    }
}

static void interruption(void **state)
{
    (void)state;
    struct model *m = open_with(&subjects[0], 2, false);
    int32_t ids[TOKENS];
    struct session *s = session_on(m, 40), *fresh = session_on(m, 512);
    struct ticks t = {.interrupt = true};
    struct errinfo e = {0};
    make_tokens(ids, TOKENS);
    sync_to(fresh, ids, TOKENS);
    session_set_tick(s, on_tick, &t);
    assert_int_equal(session_sync(s, ids, TOKENS, &e), E_INTR);
    assert_int_equal(session_length(s), 80);
    assert_memory_equal(session_tokens(s), ids, 80 * sizeof *ids);
    err_clear(&e);
    assert_int_equal(session_append(s, ids, 1, &e), E_INTR);
    assert_int_equal(session_length(s), 80);
    sys_interrupt(0);
    session_set_tick(s, NULL, NULL);
    sync_to(s, ids, TOKENS); /* goes on from there */
    assert_int_equal(session_computed(s), TOKENS);
    same_logits(s, fresh, "interrupted and continued");
    session_free(s);
    session_free(fresh);
    model_close(m);
}

static void for_all(void (*identity)(const struct subject *))
{
    for (size_t i = 0; i < SUBJECTS; i++) {
        print_message("# %s on %s%s\n", subjects[i].dir, subjects[i].backend,
                      subjects[i].dense ? ", dense" : "");
        identity(&subjects[i]);
    }
}

#define IDENTITY(name)                                                                             \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        for_all(name);                                                                             \
    }
IDENTITY(any_chunk_size)
IDENTITY(one_more_token)
IDENTITY(rewound_and_extended)
IDENTITY(sparse_is_dense_below_top_k)
IDENTITY(reply_selects_more)
IDENTITY(any_number_of_threads)
IDENTITY(shared_prefix)
IDENTITY(side_by_side)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_chunk_size),
        cmocka_unit_test(test_one_more_token),
        cmocka_unit_test(test_rewound_and_extended),
        cmocka_unit_test(test_sparse_is_dense_below_top_k),
        cmocka_unit_test(test_reply_selects_more),
        cmocka_unit_test(test_any_number_of_threads),
        cmocka_unit_test(test_shared_prefix),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(some_are_refused),
        cmocka_unit_test(sync_keeps_the_common_prefix),
        cmocka_unit_test(refusals),
        cmocka_unit_test(ticks),
        cmocka_unit_test(decoding_allocates_nothing),
        cmocka_unit_test(rows_lie_where_the_layout_says),
        cmocka_unit_test(memory_decides),
        cmocka_unit_test(interruption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
