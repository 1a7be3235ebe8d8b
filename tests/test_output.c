/* test_output.c: results as text, Markdown, grep lines and JSON, from results made by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "cli/jsonw.h"
#include "cli/output.h"

static struct doc paper = {.name = "a b/paper.pdf", .format = "pdf", .sha256 = "00ff",
                           .n_pages = 3, .pages_without_text = 1,
                           .pages_unread = 1,
                           .pages = (struct page[]){{0}, {.no_text = true}, {.unread = true}}};
static struct doc code = {.name = "kv.c", .format = "code", .kind = DOC_CODE, .sha256 = "11ee"};
static struct doc *docs[] = {&paper, &code};

static struct cited cited[] = {
    {.doc = &paper, .label = 3,
     .c = {.quote = STR("The lease\n ends\x1b[31m in \"May\"."), .match = MATCH_NORMALISED,
           .score = -0.5, .retrieval = 0.25,
           .place = {.page = 2, .page_label = "iv", .line0 = 8, .line1 = 9,
                     .byte0 = SPAN_NO_BYTES, .byte1 = SPAN_NO_BYTES, .box = {72, 310, 520, 336}}}},
    {.doc = &code, .label = 7,
     .c = {.quote = STR("int n = *p;"), .match = MATCH_EXACT, .score = 0,
           .place = {.line0 = 120, .line1 = 120, .col0 = 5, .byte0 = 1000, .byte1 = 1011}}}};
static struct sentence sentences[] = {
    {.text = STR("It ends in *May*."), .support = 1, .citation = 0},
    {.text = STR("It cost 9 pounds."), .support = 0.25, .invented = true, .invented_what = "9",
     .dropped = true, .citation = -1}};
static struct finding findings[] = {
    {.citation = 1, .category = STR("bounds"), .message = STR("p may be null"),
     .suggestion = STR("check p"), .score = -1.5, .severity = "error"}};
static struct ledger_entry entries[] = {
    {.path = "a b/paper.pdf", .status = LEDGER_USED},
    {.path = "x.bin", .reason = "binary", .status = LEDGER_SKIPPED},
    {.path = "y.pdf", .reason = "needs a \"password\"", .status = LEDGER_UNREADABLE}};
static struct ledger ledger = {.v = entries, .n = 3};
static struct run_facts facts = {.model = "m", .backend = "ref", .options = STR("attn=sparse")};

static struct result made(enum task task)
{
    struct result r = {.task = task, .ledger = &ledger, .docs = docs, .n_docs = 2, .run = &facts,
                       .citations = cited, .n_citations = 2};
    if (task == TASK_REVIEW) {
        r.findings = findings;
        r.n_findings = 1;
    } else {
        r.sentences = sentences;
        r.n_sentences = 2;
        r.n_dropped = 1;
        r.text = "When?";
    }
    if (task == TASK_SUMMARIZE) r.title = STR("Of leases");
    return r;
}

static struct look look = {.cite = CITE_QUOTE};

static void expect(struct buf *b, const char *want)
{
    assert_string_equal(b->s ? b->s : "", want);
    buf_free(b);
}

static void text_shows_places_and_leaves_out_what_is_unsupported(void **state)
{
    (void)state;
    struct buf b = {0};
    struct result r = made(TASK_ANSWER);
    output_text(&b, &r, &look);
    expect(&b, "It ends in *May*. [1]\n\n"
               "[1] a b/paper.pdf p.2 (iv) l.8-9 \"The lease ends\\x1b[31m in \"May\".\"\n"
               "[2] kv.c:120 \"int n = *p;\"\n");
    r.keep = true;
    struct look brief = {.cite = CITE_PAGE};
    output_text(&b, &r, &brief);
    expect(&b, "It ends in *May*. [1] It cost 9 pounds. (unsupported)\n\n"
               "[1] a b/paper.pdf p.2 (iv)\n[2] kv.c:120\n");
    r.n_sentences = 1;
    brief.cite = CITE_NONE;
    output_text(&b, &r, &brief);
    expect(&b, "It ends in *May*.\n");
}

static void text_says_no(void **state)
{
    (void)state;
    struct buf b = {0};
    struct result r = made(TASK_ANSWER);
    r.no_answer = true;
    r.n_citations = r.n_sentences = 0;
    output_text(&b, &r, &look);
    expect(&b, "Not in the input.\n");
    assert_int_equal(result_status(&r), RESULT_UNSUPPORTED);
}

static void text_of_a_summary_has_its_title(void **state)
{
    (void)state;
    struct buf b = {0};
    struct result r = made(TASK_SUMMARIZE);
    r.n_citations = 1;
    output_text(&b, &r, &look);
    expect(&b, "Of leases\n\nIt ends in *May*. [1]\n\n"
               "[1] a b/paper.pdf p.2 (iv) l.8-9 \"The lease ends\\x1b[31m in \"May\".\"\n");
}

static void findings_stand_at_their_place(void **state)
{
    (void)state;
    struct buf b = {0};
    struct result r = made(TASK_REVIEW);
    output_text(&b, &r, &look);
    expect(&b, "kv.c:120:5: error: p may be null [bounds]\n    int n = *p;\n"
               "    suggestion: check p\n");
    output_grep(&b, &r);
    expect(&b, "kv.c:120:5: error: p may be null\n");
    r.n_findings = 0;
    output_text(&b, &r, &look);
    expect(&b, "");
}

static void grep_lines_open_in_an_editor(void **state)
{
    (void)state;
    struct buf b = {0};
    struct result r = made(TASK_ANSWER);
    output_grep(&b, &r);
    expect(&b, "a b/paper.pdf#page=2: The lease ends\\x1b[31m in \"May\".\n"
               "kv.c:120:5: int n = *p;\n");
}

static void markdown_escapes_its_own_marks(void **state)
{
    (void)state;
    struct buf b = {0};
    struct result r = made(TASK_ANSWER);
    output_markdown(&b, &r, &look, 0);
    expect(&b, "It ends in \\*May\\*.[^1]\n\nSee also: kv.c[^2].\n\n"
               "[^1]: a b/paper.pdf p.2 (iv) l.8-9 \"The lease ends\\\\x1b\\[31m in \"May\".\"\n"
               "[^2]: kv.c:120 \"int n = \\*p;\"\n");
    struct sentence evil = {.text = STR("# <b>[x](http://e)![y](z)`c`"), .citation = -1};
    r.sentences = &evil;
    r.n_sentences = 1;
    r.n_citations = 0;
    output_markdown(&b, &r, &look, 1);
    expect(&b, "\\# \\<b>\\[x\\](http://e)!\\[y\\](z)\\`c\\`\n");
    evil.text = STR("12. &lt; a~b costs $5 or 3^2");
    output_markdown(&b, &r, &look, 0);
    expect(&b, "12\\. \\&lt; a\\~b costs \\$5 or 3\\^2\n");
    /* Notes of several results in one file are counted through. */
    r = made(TASK_ANSWER);
    output_markdown(&b, &r, &look, 2);
    assert_non_null(strstr(b.s, "\\*May\\*.[^3]\n\nSee also: kv.c[^4].\n\n[^3]: a b/paper.pdf"));
    buf_free(&b);
}

static json_t *parsed(struct buf *b)
{
    json_t *j = NULL;
    struct errinfo e = {0};
    if (json_parse(&j, b->s, b->n, "output", &e)) fail_msg("%s\n%s", e.msg, b->s);
    buf_free(b);
    return j;
}

static const char *text_at(const json_t *j, const char *key)
{
    return json_string_value(json_object_get(j, key));
}

static void check_citations(const json_t *list)
{
    const json_t *c = json_array_get(list, 0);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(text_at(c, "path"), "a b/paper.pdf");
    assert_string_equal(text_at(c, "quote"), "The lease\n ends\x1b[31m in \"May\".");
    assert_string_equal(text_at(c, "match"), "normalised");
    assert_string_equal(text_at(c, "page_label"), "iv");
    assert_int_equal(json_integer_value(json_object_get(c, "page")), 2);
    assert_true(json_is_null(json_object_get(c, "bytes")));
    assert_int_equal(json_array_size(json_object_get(c, "bbox")), 4);
    assert_true(fabs(json_number_value(json_object_get(c, "support")) - exp(-0.5)) < 1e-3);
    c = json_array_get(list, 1);
    assert_true(json_is_null(json_object_get(c, "page")));
    assert_true(json_is_null(json_object_get(c, "bbox")));
    assert_int_equal(json_integer_value(json_array_get(json_object_get(c, "bytes"), 1)), 1011);
}

static void json_is_valid_and_whole(void **state)
{
    (void)state;
    for (int pretty = 0; pretty < 2; pretty++) {
        struct buf b = {0};
        struct result r = made(TASK_ANSWER);
        output_json(&b, &r, &look, pretty);
        if (!pretty) assert_null(strchr(b.s, '\n'));
        json_t *j = parsed(&b);
        assert_string_equal(text_at(j, "status"), "ok");
        assert_string_equal(text_at(j, "command"), "ask");
        const json_t *second = json_array_get(json_object_get(j, "answer"), 1);
        assert_true(json_is_false(json_object_get(second, "supported")));
        assert_string_equal(text_at(second, "not_in_input"), "9");
        check_citations(json_object_get(j, "citations"));
        const json_t *l = json_object_get(j, "ledger");
        assert_int_equal(json_array_size(json_object_get(l, "skipped")), 1);
        assert_int_equal(json_array_size(json_object_get(l, "unreadable")), 1);
        const json_t *blank = json_array_get(json_object_get(l, "pages_without_text"), 0);
        assert_int_equal(json_integer_value(json_array_get(json_object_get(blank, "pages"), 0)), 2);
        const json_t *unread = json_array_get(json_object_get(l, "pages_unread"), 0);
        assert_string_equal(text_at(unread, "path"), "a b/paper.pdf");
        assert_int_equal(json_array_size(json_object_get(unread, "pages")), 1);
        assert_int_equal(json_integer_value(json_array_get(json_object_get(unread, "pages"), 0)), 3);
        assert_null(json_object_get(json_object_get(j, "usage"), "seconds"));
        json_decref(j);
    }
}

static void json_of_the_other_tasks(void **state)
{
    (void)state;
    struct buf b = {0};
    struct result r = made(TASK_SUMMARIZE);
    struct look timed = {.stats = true};
    output_json(&b, &r, &timed, true);
    json_t *j = parsed(&b);
    assert_string_equal(text_at(j, "title"), "Of leases");
    assert_int_equal(json_array_size(json_object_get(j, "key_points")), 2);
    assert_non_null(json_object_get(json_object_get(j, "usage"), "seconds"));
    json_decref(j);
    r = made(TASK_REVIEW);
    findings[0].score = -INFINITY; /* no number of JSON */
    output_json(&b, &r, &look, false);
    findings[0].score = -1.5;
    j = parsed(&b);
    const json_t *f = json_array_get(json_object_get(j, "findings"), 0);
    assert_string_equal(text_at(f, "severity"), "error");
    assert_true(json_is_null(json_object_get(f, "score")));
    json_decref(j);
}

static void results_are_merged_in_order(void **state)
{
    (void)state;
    struct chunk chunks[] = {{.label = 4, .doc = 1}};
    struct citation c = {.chunk = 0};
    struct finding f = {.citation = 0, .severity = "info"};
    struct reply reply = {.citations = &c, .n_citations = 1, .findings = &f, .n_findings = 1};
    struct result r = {.task = TASK_REVIEW};
    result_add(&r, &reply, docs, chunks);
    reply.truncated = true;
    result_add(&r, &reply, docs, chunks);
    assert_int_equal(r.n_findings, 2);
    assert_int_equal(r.findings[1].citation, 1);
    assert_int_equal(r.citations[1].label, 4);
    assert_ptr_equal(r.citations[1].doc, &code);
    assert_int_equal(result_status(&r), RESULT_TRUNCATED);
    result_free(&r);
}

static void statuses(void **state)
{
    (void)state;
    struct result r = made(TASK_ANSWER);
    assert_int_equal(result_status(&r), RESULT_OK);
    r.inputs_failed = true;
    assert_int_equal(result_status(&r), RESULT_PARTIAL);
    r.interrupted = true;
    assert_int_equal(result_status(&r), RESULT_PARTIAL);
    r = made(TASK_ANSWER);
    r.sentences = sentences + 1; /* the dropped one only */
    r.n_sentences = 1;
    assert_int_equal(result_status(&r), RESULT_UNSUPPORTED);
    r.truncated = true; /* behind a sentence */
    assert_int_equal(result_status(&r), RESULT_UNSUPPORTED);
    r.n_sentences = 0; /* before the first one: nothing was said yet */
    assert_int_equal(result_status(&r), RESULT_TRUNCATED);
    assert_string_equal(result_silence(&r), "Cut short before the first sentence; the nearest passages:\n");
    r.no_answer = true;
    assert_int_equal(result_status(&r), RESULT_UNSUPPORTED);
    r.n_sentences = 1;
    r.truncated = r.no_answer = false;
    r.keep = true;
    assert_int_equal(result_status(&r), RESULT_OK);
    assert_true(ledger_has_gap(&ledger, docs, 2));
    struct ledger whole = {.v = entries, .n = 1};
    assert_false(ledger_has_gap(&whole, docs + 1, 1));
    assert_true(ledger_has_gap(&whole, docs, 1)); /* a page without text */
}

static void values_are_harmless(void **state)
{
    (void)state;
    struct buf b = {0};
    output_value(&b, STR("  a\t\n b\x7f\xc2\x9b" "31m \xe2\x80\xae" "c\xff  "));
    expect(&b, "a b\\x7f\\x9b31m \\u202ec\xef\xbf\xbd");
    output_value(&b, STR(""));
    expect(&b, "");
    output_escaped(&b, STR(" x\n\ty\r"));
    expect(&b, " x\n\ty\\x0d");
}

static void nothing_is_still_json(void **state)
{
    (void)state;
    struct buf b = {0};
    struct jsonw w = {.out = &b, .pretty = true};
    jsonw_open(&w, NULL, '{');
    jsonw_open(&w, "empty", '[');
    jsonw_close(&w, ']');
    jsonw_pair(&w, "pair", -1, 2);
    jsonw_real(&w, "nan", NAN, 2);
    jsonw_z(&w, "ke\"y", NULL);
    jsonw_close(&w, '}');
    assert_string_equal(b.s, "{\n  \"empty\": [],\n  \"pair\": [-1, 2],\n  \"nan\": null,\n"
                             "  \"ke\\\"y\": null\n}");
    buf_free(&b);
}

static void places_by_what_their_format_counts(void **state)
{
    (void)state;
    static const struct { struct place place; const char *text; } cases[] = {
        {{.units = {"sheet", "row"}, .page = 2, .page_label = "Costs", .line0 = 5, .line1 = 5},
         " sheet 2 (Costs) row 5"},
        {{.units = {NULL, "paragraph"}, .line0 = 3, .line1 = 4}, " paragraph 3-4"},
        {{.units = {"slide", NULL}, .page = 7}, " slide 7"},
        {{.units = {"chapter", NULL}, .page = 1, .page_label = "a.xhtml", .line0 = 9, .line1 = 12},
         " chapter 1 (a.xhtml) l.9-12"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0};
        output_place(&b, &cases[i].place, CITE_QUOTE);
        assert_string_equal(b.s, cases[i].text);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_by_what_their_format_counts),
        cmocka_unit_test(text_shows_places_and_leaves_out_what_is_unsupported),
        cmocka_unit_test(text_says_no),
        cmocka_unit_test(text_of_a_summary_has_its_title),
        cmocka_unit_test(findings_stand_at_their_place),
        cmocka_unit_test(grep_lines_open_in_an_editor),
        cmocka_unit_test(markdown_escapes_its_own_marks),
        cmocka_unit_test(json_is_valid_and_whole),
        cmocka_unit_test(json_of_the_other_tasks),
        cmocka_unit_test(results_are_merged_in_order),
        cmocka_unit_test(statuses),
        cmocka_unit_test(values_are_harmless),
        cmocka_unit_test(nothing_is_still_json),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
