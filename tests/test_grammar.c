/* test_grammar.c: the parts of constrained decoding: labels, text, runs and sentences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "engine/grammar_circle.h"
#include "engine/grammar_label.h"
#include "engine/grammar_text.h"
#include "engine/tokenizer.h"
#include "tests/fake_session.h"

static struct tokenizer *tok;

/* A session over a prompt of one token. */
static struct session *session_at_prompt(uint64_t seed)
{
    struct session *s = fake_new(tokenizer_size(tok), seed);
    int32_t bos = 0;
    assert_int_equal(session_append(s, &bos, 1, NULL), OK);
    return s;
}

/* ------------------------------------------------------------------ labels */

/* The search finds what trying every label finds, for many biases and for labels of several
 * lengths that are prefixes of each other. */
static void the_best_label_is_found_exactly(void **state)
{
    (void)state;
    enum { N = 120 };
    struct choice c[N];
    struct arena *a = arena_new();
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct session *s = session_at_prompt(seed);
        struct errinfo e = {0};
        double all[N], top = -INFINITY;
        size_t want = 0, best, done, most = 0;
        for (size_t i = 0; i < N; i++) {
            double bias = (double)(fake_hash(seed, i) % 1000) / 200;
            c[i] = (struct choice){(int)(i * (seed % 3 + 1)) + 1, STR("x"), false, bias};
        }
        assert_int_equal(generate_label_scores(s, tok, c, N, ",\"quote\":\"", all, &e), OK);
        double sum = 0;
        for (size_t i = 0; i < N; i++) sum += exp(all[i]);
        assert_float_equal(sum, 1, 1e-6);
        assert_non_null(session_logits(s));
        for (size_t i = 0; i < N; i++) {
            if (all[i] + c[i].bias <= top) continue;
            top = all[i] + c[i].bias;
            want = i;
        }
        struct labels l;
        double logp;
        grammar_label_init(&l, a, tok, c, N, ",\"quote\":\"");
        size_t before = s->appends;
        assert_int_equal(grammar_label_search(&l, a, s, &best, &logp, &done, &e), OK);
        most = s->appends - before;
        assert_int_equal(l.v[best].choice, want);
        assert_float_equal(logp, all[want], 1e-6);
        assert_true(most < N);
        assert_int_equal(session_length(s), 1 + done);
        fake_free(s);
    }
    arena_free(a);
}

/* Other tokenizers join digits: labels of one, two and three tokens, some the beginning of others.
 */
static void labels_may_be_any_tokens(void **state)
{
    (void)state;
    static const int32_t ids[][3] = {{100}, {100, 5}, {100, 5, 7}, {200, 300}, {300}, {300, 5}};
    static const size_t length[] = {1, 2, 3, 2, 1, 2};
    enum { N = 6 };
    struct arena *a = arena_new();
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct session *s = session_at_prompt(seed);
        struct label_entry v[N];
        struct labels l = {v, N, 50, NULL};
        struct errinfo e = {0};
        double all[N], logp, top = -INFINITY;
        size_t best, done, want = 0;
        for (size_t i = 0; i < N; i++)
            v[i] = (struct label_entry){ids[i], length[i], i, (double)(fake_hash(seed, i) % 4)};
        if (seed % 5 == 0) v[seed % N].bias = -INFINITY;
        assert_int_equal(grammar_label_all(&l, a, s, all, &e), OK);
        for (size_t i = 0; i < N; i++) {
            if (all[i] + v[i].bias <= top) continue;
            top = all[i] + v[i].bias;
            want = i;
        }
        assert_int_equal(grammar_label_search(&l, a, s, &best, &logp, &done, &e), OK);
        assert_int_equal(best, want);
        assert_float_equal(logp, all[want], 1e-9);
        assert_in_range(done, 0, length[best]);
        assert_memory_equal(session_tokens(s) + 1, ids[best], done * sizeof(int32_t));
        fake_free(s);
        arena_reset(a);
    }
    arena_free(a);
}

/* ------------------------------------------------------------------ text */

static bool is_text(const char *s)
{
    struct text_state st = {0};
    return grammar_text_feed(&st, s, strlen(s)) && grammar_text_clean(&st);
}

static void text_is_the_inside_of_a_string(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\\\"",
                                       "\\\\",
                                       "\\n\\t",
                                       "caf\xc3\xa9",
                                       "\xf0\x9f\x98\x80",
                                       "\x7f",
                                       "\xef\xbf\xbd",
                                       "\xed\x9f\xbf"};
    static const char *const bad[] = {
        "\"",   "\n",       "\x01",         "\\",           "\\u0041",          "\\x",
        "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80",
        "\x80", "\xc3\x28", "a\\"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(is_text(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(is_text(bad[i]));
}

/* Every token said to be possible is, and no other one is. */
static void allowed_tokens_are_those_that_fit(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        size_t max_lines;
    } cases[] = {{"", 0}, {"a", 1}, {"a\\", 0}, {"a\\", 1}, {"\xe4", 0}, {"\xe4\xba", 2}};
    struct arena *a = arena_new();
    struct text_tokens c;
    size_t V = tokenizer_size(tok);
    int32_t *ids = NEW(a, int32_t, V);
    bool *in = NEW(a, bool, V);
    grammar_text_classify(&c, a, tok);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct text_state st = {0};
        assert_true(grammar_text_feed(&st, cases[k].before, strlen(cases[k].before)));
        size_t n = grammar_text_allowed(&c, &st, cases[k].max_lines, false, ids);
        memset(in, 0, V);
        for (size_t i = 0; i < n; i++) in[ids[i]] = true;
        assert_true(n > 0);
        for (size_t i = 0; i < V; i++) {
            struct text_state next = st;
            struct str s = tokenizer_bytes(tok, (int32_t)i);
            bool fits = s.n && !tokenizer_is_special(tok, (int32_t)i) &&
                        grammar_text_feed(&next, s.s, s.n) &&
                        (!cases[k].max_lines || next.newlines < cases[k].max_lines);
            assert_int_equal(in[i], fits);
        }
        n = grammar_text_allowed(&c, &st, 0, true, ids);
        for (size_t i = 0; k == 0 && i < n; i++)
            assert_int_not_equal(tokenizer_bytes(tok, ids[i]).s[0], ' ');
    }
    arena_free(a);
}

/* ------------------------------------------------------------------ circles */

/* Tokens that may not follow a text. */
static size_t banned_after(const char *text, int32_t *out)
{
    struct tokens t = {0};
    tokenizer_encode_text(tok, text, strlen(text), &t);
    size_t n = grammar_circle_banned(tok, t.v, t.n, out, 8);
    tokens_free(&t);
    return n;
}

static void runs_are_not_said_again(void **state)
{
    (void)state;
    int32_t ban[8];
    static const char eight[] = "one two three four five six seven eight nine. Then two three four "
                                "five six seven eight";
    assert_int_equal(banned_after("", ban), 0);
    assert_int_equal(banned_after(eight, ban), 1);
    assert_true(str_eq(tokenizer_bytes(tok, ban[0]), STR(" nine")));
    assert_int_equal(banned_after("one two three four five six. Then two three four", ban), 0);
    assert_int_equal(banned_after("x for the car for the car for the", ban), 1);
    assert_true(str_eq(tokenizer_bytes(tok, ban[0]), STR(" car")));
    assert_int_equal(banned_after("x for the car for the car", ban), 0);
    assert_int_equal(banned_after("it is very very", ban), 1);
    /* 计算理论 twice is no circle, nine characters twice are one. */
    assert_int_equal(banned_after("计算理论的，计算理", ban), 0);
    assert_int_equal(banned_after("计算机科学中计算理论，计算机科学中计算理", ban), 1);
    assert_int_equal(banned_after("1000000", ban), 0); /* digits, points and dashes may repeat */
    assert_int_equal(banned_after("0.0.0.0", ban), 0);
    assert_int_equal(banned_after("a ---", ban), 0);
}

/* What is left of a text when its last sentence repeats an earlier one. */
static size_t cut(const char *s)
{
    return grammar_circle_cut(s, strlen(s));
}

static void sentences_that_repeat_are_found(void **state)
{
    (void)state;
    static const char again[] =
        "The seller bears the costs of delay. Buyers wait. The Seller bears "
        "the costs of delay!";
    static const char other[] =
        "It returns 1 when the flag x is set. It returns 0 when the flag x is set.";
    static const char near[] =
        "This is a list of all the known names of things in the park. This is a "
        "list of all the known names of animals in the park.";
    assert_int_equal(cut(""), 0);
    assert_int_equal(cut("One sentence."), 13);
    assert_int_equal(cut(again), strlen("The seller bears the costs of delay. Buyers wait."));
    assert_int_equal(cut(other), strlen(other));
    assert_int_equal(cut(near), strstr(near, " This is a list of all the known names of a") - near);
    assert_int_equal(cut("Yes. No. Yes."), 13);              /* one word is no repetition */
    assert_int_equal(cut("Do this. Do that. Do this."), 17); /* two are, when equal */
    assert_int_equal(cut("- a b\\n- c d\\n- a b"), 12);
    assert_int_equal(
        cut("\xe4\xba\x9a\xe9\xa9\xac\xe3\x80\x82\xe4\xba\x9a\xe9\xa9\xac\xe3\x80\x82"), 9);
}

static void sentences_end_at_stops(void **state)
{
    (void)state;
    assert_true(grammar_circle_ends("Done.", 5, true));
    assert_false(grammar_circle_ends("Done.", 5, false)); /* 3.14 */
    assert_true(grammar_circle_ends("Done.\\\"", 7, true));
    assert_true(grammar_circle_ends("(Done.)", 7, true));
    assert_false(grammar_circle_ends("Done", 4, true));
    assert_true(grammar_circle_ends("\xe4\xba\x9a\xe3\x80\x82", 6, false));
}

static int open_tokenizer(void **state)
{
    (void)state;
    struct errinfo e = {0};
    if (!tokenizer_open(&tok, "models/deepread-150m/tokenizer.json", &e)) return 0;
    print_error("%s\n", e.msg);
    return 1;
}

static int close_tokenizer(void **state)
{
    (void)state;
    tokenizer_close(tok);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_label_is_found_exactly),
        cmocka_unit_test(labels_may_be_any_tokens),
        cmocka_unit_test(text_is_the_inside_of_a_string),
        cmocka_unit_test(allowed_tokens_are_those_that_fit),
        cmocka_unit_test(runs_are_not_said_again),
        cmocka_unit_test(sentences_that_repeat_are_found),
        cmocka_unit_test(sentences_end_at_stops),
    };
    return cmocka_run_group_tests(tests, open_tokenizer, close_tokenizer);
}
