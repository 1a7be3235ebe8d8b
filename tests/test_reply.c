/* test_reply.c: what a finished reply is worth: quotes at their place, sentences weighed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "prompts/prompts.h"
#include "prompts/quotes.h"
#include "prompts/sentences.h"
#include "prompts/words.h"

/* ------------------------------------------------------------------ a document to cite */

#define TEXT                                                                                       \
    "The buyer, Acme Holdings, bears the cost of  delay.\nDelivery takes twenty-five days "        \
    "at 1,024 units a day.\n\n"                                                                    \
    "The seller ships version 0.2.2 of maxRetryCount.  It was built in Rotterdam."

static struct arena *a;
static struct doc *docs[1];
static struct chunk chunks[2];

static int set_up(void **state)
{
    (void)state;
    a = arena_new();
    struct doc_builder *b = doc_new(a, "terms/contract.txt", "text");
    doc_add(b, TEXT, sizeof TEXT - 1,
            &(struct span){.byte = 0, .byte_len = sizeof TEXT - 1, .line = 1, .verbatim = true});
    doc_set_title(b, "Terms of Delivery", 17);
    docs[0] = doc_freeze(b, "terms/contract.txt", TEXT, sizeof TEXT - 1);
    size_t cut = (size_t)(strstr(TEXT, "The seller") - TEXT);
    chunks[0] = (struct chunk){1, 0, 0, cut - 2};
    chunks[1] = (struct chunk){2, 0, cut, sizeof TEXT - 1};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static struct reply_value label(const char *list, size_t item, long number)
{
    return (struct reply_value){.field = "chunk",
                                .list = list,
                                .item = item,
                                .number = number,
                                .logp = -0.5,
                                .open_logp = -0.25,
                                .bias = 1.5};
}

static struct reply_value text(const char *list, size_t item, const char *field, const char *s)
{
    return (struct reply_value){
        .field = field, .list = list, .item = item, .text = str_of(s), .logp = -1};
}

static struct reply build(enum task t, const struct reply_value *v, size_t n,
                          const struct reply_options *o, enum err want)
{
    struct reply r;
    struct errinfo e = {0};
    enum err got = reply_build(&r, a, t, v, n, docs, chunks, 2, o, &e);
    if (got != want) fail_msg("reply_build: %d %s", got, e.msg);
    return r;
}

static const struct reply_options plain = {.review_floor = -INFINITY};

/* ------------------------------------------------------------------ quotes */

static void quotes_stand_at_their_place(void **state)
{
    (void)state;
    struct reply_value v[] = {
        label("citations", 0, 1),
        text("citations", 0, "quote", "bears the cost of delay."),
        label("citations", 1, 2),
        text("citations", 1, "quote", "The seller ships"),
        label("citations", 2, 1),
        text("citations", 2, "quote", "bears no cost"),
        label("citations", 3, 1),
        text("citations", 3, "quote", "delay. Delivery takes"),
        text(NULL, 0, "answer", "The buyer."),
    };
    v[1].q0 = (size_t)(strstr(TEXT, "bears") - TEXT);
    v[1].q1 = v[1].q0 + 25; /* two spaces in the text, one in the quote */
    struct reply r = build(TASK_ANSWER, v, 9, &plain, OK);
    assert_int_equal(r.n_citations, 4);
    assert_int_equal(r.citations[0].match, MATCH_NORMALISED);
    assert_int_equal(r.citations[0].start, v[1].q0);
    assert_int_equal(r.citations[0].end, v[1].q1);
    assert_int_equal(r.citations[0].place.line0, 1);
    assert_int_equal(r.citations[0].place.byte0, v[1].q0);
    assert_int_equal(r.citations[1].match, MATCH_EXACT);
    assert_int_equal(r.citations[1].chunk, 1);
    assert_int_equal(r.citations[1].start, chunks[1].start);
    assert_int_equal(r.citations[2].match, MATCH_UNVERIFIED);
    assert_int_equal(r.citations[2].start, chunks[0].start);
    assert_int_equal(r.citations[3].match, MATCH_NORMALISED);
    assert_true(r.citations[0].score == -0.5 && r.citations[0].retrieval == 1.5);
    assert_false(r.no_answer || r.truncated);
}

static void a_wrong_place_is_looked_up(void **state)
{
    (void)state;
    struct str t = STR("one two\n  three  four one two");
    size_t from, to;
    assert_int_equal(quotes_find(t, 0, t.n, STR("one two"), 22, 29, &from, &to), MATCH_EXACT);
    assert_int_equal(from, 22);
    assert_int_equal(quotes_find(t, 0, t.n, STR("one two"), 3, 9, &from, &to), MATCH_EXACT);
    assert_int_equal(from, 0);
    assert_int_equal(quotes_find(t, 0, t.n, STR("one two"), 3, 99999, &from, &to), MATCH_EXACT);
    assert_int_equal(quotes_find(t, 0, t.n, STR("two three four"), 0, 0, &from, &to),
                     MATCH_NORMALISED);
    assert_int_equal(from, 4);
    assert_int_equal(to, 21);
    assert_int_equal(quotes_find(t, 0, t.n, STR("twothree"), 0, 0, &from, &to), MATCH_UNVERIFIED);
    assert_int_equal(quotes_find(t, 0, t.n, STR(""), 0, 0, &from, &to), MATCH_UNVERIFIED);
    assert_int_equal(quotes_find(t, 0, t.n, STR("  "), 0, 0, &from, &to), MATCH_UNVERIFIED);
    /* Elsewhere in the document is not where the quote says it stands. */
    assert_int_equal(quotes_find(t, 8, 14, STR("one two"), 0, 0, &from, &to), MATCH_UNVERIFIED);
    assert_int_equal(from, 8);
    /* Over the end of its chunk it is. */
    assert_int_equal(quotes_find(t, 0, 9, STR("two three"), 0, 0, &from, &to), MATCH_NORMALISED);
}

static void what_was_not_shown_is_refused(void **state)
{
    (void)state;
    struct reply_value v[] = {label("citations", 0, 3), text("citations", 0, "quote", "x"),
                              text(NULL, 0, "answer", "x")};
    build(TASK_ANSWER, v, 3, &plain, E_FORMAT);
    v[0].number = 1;
    build(TASK_ANSWER, v, 3, &plain, OK);
    build(TASK_ANSWER, v, 2, &plain, E_FORMAT);     /* no answer */
    build(TASK_ANSWER, v + 1, 2, &plain, E_FORMAT); /* no label */
    v[0].item = SIZE_MAX / 2;
    build(TASK_ANSWER, v, 3, &plain, E_FORMAT);
    build(TASK_SUMMARIZE, v + 2, 1, &plain, E_FORMAT);
    build(TASK_REVIEW, NULL, 0, &plain, OK);
}

/* ------------------------------------------------------------------ sentences */

static void text_is_cut_into_sentences(void **state)
{
    (void)state;
    static const struct {
        const char *text, *cut;
    } cases[] = {
        {"", ""},
        {" \n ", ""},
        {"0.2.2", "0.2.2"},
        {"One. Two! Three?", "One.|Two!|Three?"},
        {"See Fig. 3 and e.g. this. Next.", "See Fig. 3 and e.g. this.|Next."},
        {"Pi is 3.14 here. \"So.\" He said so.", "Pi is 3.14 here.|\"So.\"|He said so."},
        {"by J. Smith. Done", "by J. Smith.|Done"},
        {"calls foo. bar goes on. End", "calls foo. bar goes on.|End"},
        {"- a\n- b\n\n", "- a|- b"},
        {"\xe4\xb8\x80\xe3\x80\x82\xe4\xba\x8c\xef\xbc\x81\xe4\xb8\x89",
         "\xe4\xb8\x80\xe3\x80\x82|\xe4\xba\x8c\xef\xbc\x81|\xe4\xb8\x89"},
        {"Wait... What?! Yes", "Wait...|What?!|Yes"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct buf b = {0};
        struct str s, t = str_of(cases[k].text);
        buf_addz(&b, "");
        for (size_t i = 0; sentences_next(t, &i, &s);)
            buf_addf(&b, "%s%.*s", b.n ? "|" : "", (int)s.n, s.s);
        assert_string_equal(b.s, cases[k].cut);
        buf_free(&b);
    }
}

static uint64_t stem(const char *s)
{
    struct word w;
    size_t i = 0;
    assert_true(words_next(str_of(s), &i, &w));
    return w.stem;
}

static void forms_of_a_word_have_one_stem(void **state)
{
    (void)state;
    assert_true(stem("uses") == stem("used") && stem("using") == stem("Use"));
    assert_true(stem("copies") == stem("copy") && stem("copied") == stem("copy"));
    assert_true(stem("added") == stem("add") && stem("adds") == stem("adding"));
    assert_true(stem("running") == stem("runs"));
    assert_true(stem("class") == stem("class") && stem("status") != stem("stat"));
    assert_true(stem("cost") != stem("coast"));
}

/* One sentence of an answer, with chunk 1 cited. */
static struct sentence said(const char *s, const struct reply_options *o)
{
    struct reply_value v[] = {label("citations", 0, 1),
                              text("citations", 0, "quote", "bears the cost of delay."),
                              text(NULL, 0, "answer", s)};
    struct reply r = build(TASK_ANSWER, v, 3, o, OK);
    assert_int_equal(r.n_sentences, 1);
    assert_int_equal(r.n_dropped, r.sentences[0].dropped);
    return r.sentences[0];
}

static void sentences_are_weighed(void **state)
{
    (void)state;
    const struct reply_options strict = {.compact = true, .support_floor = 0.3},
                               kept = {.compact = true,
                                       .keep_unsupported = true,
                                       .support_floor = 0.3},
                               large = {.support_floor = 0.3};
    static const struct {
        const char *text, *invented;
        double least, most;
        size_t chunk;
        bool dropped;
    } cases[] = {
        {"The buyer bears the cost.", NULL, 1, 1, 0, false},
        {"Costs of delays are borne by the buyer.", NULL, 0.7, 0.8, 0, false},
        {"0.2.2", NULL, 1, 1, 1, false},
        {"0.2", NULL, 1, 1, 1, false},
        {"1024", NULL, 1, 1, 0, false},
        {"It takes 25 days.", NULL, 0.6, 0.7, 0, false},
        {"It takes 26 days.", "26", 0.6, 0.7, 0, true},
        {"Retry counts ship.", NULL, 1, 1, 1, false},
        {"The seller is Globex.", "Globex", 0.5, 0.5, 1, true},
        {"It is called max_retries.", "max_retries", 0, 0.1, 0, true},
        {"Elephants walk quietly.", NULL, 0, 0, 0, true},
        {"Yes.", NULL, 1, 1, 0, false},
        {"terms/contract.txt", NULL, 1, 1, 0, false}, /* where something stands */
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct sentence s = said(cases[k].text, &strict);
        print_message("%s: %.2f %s\n", cases[k].text, s.support,
                      s.invented_what ? s.invented_what : "-");
        assert_in_range((int)(s.support * 1000), (int)(cases[k].least * 1000),
                        (int)(cases[k].most * 1000));
        if (cases[k].invented)
            assert_string_equal(s.invented_what, cases[k].invented);
        else
            assert_null(s.invented_what);
        assert_int_equal(s.chunk, cases[k].chunk);
        assert_int_equal(s.dropped, cases[k].dropped);
        assert_false(said(cases[k].text, &kept).dropped);
        assert_false(said(cases[k].text, &large).dropped);
    }
}

static void sentences_name_their_citation(void **state)
{
    (void)state;
    struct reply_value v[] = {
        label("citations", 0, 1),
        text("citations", 0, "quote", "Delivery takes"),
        label("citations", 1, 1),
        text("citations", 1, "quote", "bears the cost of delay."),
        text(NULL, 0, "answer",
             "The buyer bears the cost. The seller ships it. Delivery takes days."),
    };
    struct reply r = build(TASK_ANSWER, v, 5, &plain, OK);
    assert_int_equal(r.n_sentences, 3);
    assert_int_equal(r.sentences[0].citation, 1);
    assert_int_equal(r.sentences[1].citation, -1);
    assert_int_equal(r.sentences[2].citation, 0);
    for (size_t i = 0; i < 3; i++) assert_in_range(r.sentences[i].text.s - r.text.s, 0, r.text.n);
}

static void null_is_no_answer_unless_a_limit_forced_it(void **state)
{
    (void)state;
    struct reply_value v = text(NULL, 0, "answer", "");
    v.is_null = true;
    struct reply r = build(TASK_ANSWER, &v, 1, &plain, OK);
    assert_true(r.no_answer);
    assert_int_equal(r.n_sentences, 0);
    v.truncated = true;
    r = build(TASK_ANSWER, &v, 1, &plain, OK);
    assert_false(r.no_answer);
    assert_true(r.truncated);
}

/* ------------------------------------------------------------------ summaries, reviews */

static void titles_give_way_to_the_documents_own(void **state)
{
    (void)state;
    static const struct {
        const char *said, *want;
    } cases[] = {{"contract.txt", "Terms of Delivery"},        {"Contract", "Terms of Delivery"},
                 {"terms/contract.txt", "Terms of Delivery"},  {" ", "Terms of Delivery"},
                 {"Who pays for delay", "Who pays for delay"}, {"Contract law", "Contract law"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct reply_value v[] = {text(NULL, 0, "title", cases[k].said),
                                  text(NULL, 0, "summary", "The buyer pays.")};
        struct reply r = build(TASK_SUMMARIZE, v, 2, &plain, OK);
        assert_string_equal(r.title.s, cases[k].want);
    }
}

static size_t add_finding(struct reply_value *v, size_t item, const char *category, double logp,
                          const char *message)
{
    v[0] = label("findings", item, 1);
    v[0].logp = logp;
    v[1] = text("findings", item, "quote", "The buyer");
    v[2] = text("findings", item, "category", category);
    v[3] = text("findings", item, "message", message);
    v[4] = text("findings", item, "suggestion", "  x");
    return 5;
}

static void findings_pass_a_floor_and_limits(void **state)
{
    (void)state;
    struct reply_value v[20];
    size_t n = add_finding(v, 0, "typo", -0.5, "a");
    n += add_finding(v + n, 1, "bounds", -4, "b");
    n += add_finding(v + n, 2, "logic", -0.1, "c");
    n += add_finding(v + n, 3, "logic", -0.1, "");
    struct reply_options o = {.review_floor = -INFINITY};
    struct reply r = build(TASK_REVIEW, v, n, &o, OK);
    assert_int_equal(r.n_findings, 3);
    assert_string_equal(r.findings[0].severity, "info");
    assert_string_equal(r.findings[1].severity, "error");
    assert_string_equal(r.findings[2].severity, "warning");
    assert_float_equal(r.findings[1].score, -0.25 - 4 - 1, 1e-9);
    assert_string_equal(r.findings[0].suggestion.s, "  x");
    o.review_floor = -2;
    r = build(TASK_REVIEW, v, n, &o, OK);
    assert_int_equal(r.n_findings, 2);
    assert_int_equal(r.n_below_floor, 1);
    o.max_findings = 1;
    r = build(TASK_REVIEW, v, n, &o, OK);
    assert_int_equal(r.n_findings, 1);
    assert_string_equal(r.findings[0].message.s, "c");
    o = (struct reply_options){.review_floor = -INFINITY, .severity = "warning"};
    r = build(TASK_REVIEW, v, n, &o, OK);
    assert_int_equal(r.n_findings, 2);
    o.review_floor = 0;
    r = build(TASK_REVIEW, v, n, &o, OK);
    assert_int_equal(r.n_findings, 0);
    assert_int_equal(r.n_below_floor, 3);
    build(TASK_REVIEW, v, 4, &o, E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_stand_at_their_place),
        cmocka_unit_test(a_wrong_place_is_looked_up),
        cmocka_unit_test(what_was_not_shown_is_refused),
        cmocka_unit_test(text_is_cut_into_sentences),
        cmocka_unit_test(forms_of_a_word_have_one_stem),
        cmocka_unit_test(sentences_are_weighed),
        cmocka_unit_test(sentences_name_their_citation),
        cmocka_unit_test(null_is_no_answer_unless_a_limit_forced_it),
        cmocka_unit_test(titles_give_way_to_the_documents_own),
        cmocka_unit_test(findings_pass_a_floor_and_limits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
