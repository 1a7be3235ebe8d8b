/* test_doc.c: the builder's promises and the places it leads back to. */
#include "tests/ingest_check.h"

static struct span at(size_t byte, uint32_t line, bool verbatim)
{
    return (struct span){.byte = byte, .line = line, .verbatim = verbatim};
}

/* A document read verbatim from one string. */
static struct doc *whole(struct arena *a, const char *s, size_t n)
{
    struct doc_builder *b = doc_new(a, "x", "text");
    doc_add(b, s, n, &(struct span){.line = 1, .verbatim = true});
    struct doc *d = doc_freeze(b, "x", s, n);
    check_text(d);
    check_spans(d, s, n);
    return d;
}

static void assert_reads(const char *source, size_t n, const char *expect)
{
    struct arena *a = arena_new();
    assert_string_equal(whole(a, source, n)->text.s, expect);
    arena_free(a);
}
#define READS(lit, expect) assert_reads(lit, sizeof(lit) - 1, expect)

static void cleaning(void **state)
{
    (void)state;
    READS("", "");
    READS("plain\n\ttext", "plain\n\ttext");
    READS("a\r\nb\r\n", "a\nb\n");
    READS("a\rb\r", "a\nb\n");
    READS("a\r\r\nb", "a\n\nb");
    READS("page one\n\fpage two", "page one\n\npage two");
    READS("page one\fpage two", "page one\n\npage two");
    READS("\fstart", "start");
    READS("nul\0here", "nulhere");
    READS("bell\a, delete\177", "bell, delete");
    READS("\33[1;31mred\33[0m \33x", "red x");
    READS("b\bbo\bol\bld _\bu", "bold u");
    READS("\b\n\bx", "\nx");
    READS("bad \xff\xfe end", "bad \xef\xbf\xbd\xef\xbf\xbd end");
    READS("\xc3", "\xef\xbf\xbd");
    READS("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    READS("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    READS("c1 \xc2\x9b control", "c1  control");
}

/* What was made up belongs to the text that it leads, and a range that starts in what was made up
 * behind a text did not come from there. */
static void made_up(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    const char *s = "one\n\n\nitem\ncell";
    struct doc_builder *b = doc_new(a, "x", "html");
    doc_add_lead(b, "1. ", &(struct span){.byte = 0, .line = 1});
    doc_add(b, s, 3, &(struct span){.byte = 0, .line = 1, .verbatim = true});
    doc_add_made(b, "\n");
    doc_add_lead(b, "  2. ", &(struct span){.byte = 6, .line = 4});
    doc_add(b, s + 6, 4, &(struct span){.byte = 6, .line = 4, .verbatim = true});
    doc_add_made(b, " | ");
    doc_add(b, s + 11, 4, &(struct span){.byte = 11, .line = 5, .verbatim = true});
    struct doc *d = doc_freeze(b, "x", s, strlen(s));
    check_text(d);
    check_spans(d, s, strlen(s));
    assert_string_equal(d->text.s, "1. one\n  2. item | cell");
    static const struct { const char *text; size_t byte0, byte1; uint32_t line; } v[] = {
        {"1. one", 0, 3, 1}, {"2. item", 6, 10, 4}, {"| cell", 11, 15, 5}, {"2.", 6, 6, 4},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        size_t off = (size_t)(strstr(d->text.s, v[i].text) - d->text.s);
        struct place p = doc_place(d, off, strlen(v[i].text));
        assert_int_equal(p.byte0, v[i].byte0);
        assert_int_equal(p.byte1, v[i].byte1);
        assert_int_equal(p.line0, v[i].line);
        assert_int_equal(p.line1, v[i].line);
    }
    arena_free(a);
}

static void places(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    const char *s = "one\r\ntwo three\r\nfour\r\n";
    struct doc *d = whole(a, s, strlen(s));
    size_t off = (size_t)(strstr(d->text.s, "three") - d->text.s);
    struct place p = doc_place(d, off, 5);
    assert_int_equal(p.byte0, strstr(s, "three") - s);
    assert_int_equal(p.byte1, p.byte0 + 5);
    assert_int_equal(p.line0, 2);
    assert_int_equal(p.line1, 2);
    assert_int_equal(p.col0, 5);
    p = doc_place(d, off, 6); /* with its line end */
    assert_int_equal(p.line1, 2);
    p = doc_place(d, 0, d->text.n);
    assert_int_equal(p.byte0, 0);
    assert_int_equal(p.line0, 1);
    assert_int_equal(p.line1, 3);
    assert_int_equal(p.col0, 1);
    p = doc_place(d, d->text.n, 1);
    assert_true(p.byte0 == SPAN_NO_BYTES);
    assert_int_equal(p.line0, 0);
    p = doc_place(d, 4, SIZE_MAX);
    assert_int_equal(p.line0, 2);
    assert_int_equal(p.line1, 3);
    arena_free(a);
}

/* Every character of a text of many spans leads back to its byte, line and column. */
static void every_place(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct buf b = {0};
    for (int i = 0; i < 900; i++)
        buf_addf(&b, "line %d \xc3\xa9%s%.*s%s", i, i % 7 ? "" : "\1", i % 60,
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                 i % 3 ? "\n" : "\r\n");
    struct doc *d = whole(a, b.s, b.n);
    check_lines(d, b.s);
    assert_true(d->n_spans > 300);
    size_t byte = 0, line_start = 0;
    uint32_t line = 1;
    for (size_t i = 0; i < d->text.n; i++) {
        while (b.s[byte] == '\r' || b.s[byte] == '\1') byte++;
        struct place p = doc_place(d, i, 1);
        assert_int_equal(p.byte0, byte);
        assert_int_equal(p.byte1, byte + 1);
        assert_int_equal(p.line0, line);
        assert_int_equal(p.col0, byte - line_start + 1);
        if (b.s[byte] == '\n') {
            line++;
            line_start = byte + 1;
        }
        byte++;
    }
    buf_free(&b);
    arena_free(a);
}

static void joining(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    const char *s = "alpha beta gamma";
    struct doc_builder *b = doc_new(a, "x", "html");
    doc_add_made(b, "dropped");
    struct span here = at(0, 1, true);
    doc_add(b, s, 6, &here);
    here.byte = 6;
    doc_add(b, s + 6, 4, &here); /* goes on: the same span */
    doc_add_made(b, "\n\n");
    here.byte = 10;
    doc_add(b, s + 10, 6, &here);
    struct doc *d = doc_freeze(b, NULL, s, strlen(s));
    check_spans(d, s, strlen(s));
    assert_string_equal(d->text.s, "alpha beta\n\n gamma");
    assert_int_equal(d->n_spans, 2);
    assert_int_equal(d->spans[0].byte_len, 10);
    assert_int_equal(d->spans[0].len, 12);
    struct place p = doc_place(d, 11, 1); /* a made up character */
    assert_int_equal(p.byte0, 10);
    assert_int_equal(p.byte1, 10);
    assert_null(d->path);
    arena_free(a);
}

static void mapped(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct doc_builder *b = doc_new(a, "p", "pdf");
    doc_page(b, "iv", 612, 792, false);
    doc_page(b, NULL, 612, 792, true);
    struct span s = {.byte = SPAN_NO_BYTES, .line = 3, .page = 1, .box = {10, 20, 30, 40}};
    doc_add(b, "first line", 10, &s);
    doc_add_made(b, " ");
    s = (struct span){.byte = SPAN_NO_BYTES, .line = 4, .page = 1, .box = {5, 41, 50, 60}};
    doc_add(b, "second line", 11, &s);
    doc_add_made(b, "\n\n");
    s = (struct span){.byte = SPAN_NO_BYTES, .line = 1, .page = 2, .box = {1, 1, 2, 2}};
    doc_add(b, "next page", 9, &s);
    doc_heading(b, 11, 11, 2);
    doc_heading(b, 0, 10, 1);
    doc_heading(b, 20, 1000, 1);
    doc_set_title(b, "  A\n\ttitle \x01 \xff", 14);
    doc_set_note(b, "one");
    doc_set_note(b, "two");
    struct doc *d = doc_freeze(b, "p.pdf", "%PDF", 4);
    check_text(d);
    check_spans(d, "%PDF", 4);
    assert_int_equal(d->pages_without_text, 1);
    assert_string_equal(d->title, "A title \xef\xbf\xbd");
    assert_string_equal(d->note, "one; two");
    assert_int_equal(d->headings[0].text, 0);
    struct place p = doc_place(d, 6, 12);
    assert_int_equal(p.page, 1);
    assert_string_equal(p.page_label, "iv");
    assert_int_equal(p.line0, 3);
    assert_int_equal(p.line1, 4);
    assert_true(p.box[0] == 5 && p.box[1] == 20 && p.box[2] == 50 && p.box[3] == 60);
    assert_true(p.byte0 == SPAN_NO_BYTES);
    p = doc_place(d, 15, 15); /* over two pages: the place is on the first */
    assert_int_equal(p.page, 1);
    assert_int_equal(p.line1, 4);
    p = doc_place(d, d->text.n - 1, 1);
    assert_int_equal(p.page, 2);
    assert_null(p.page_label);
    arena_free(a);
}

/* Tiny pieces must not cost many times their text. */
static void dense(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    size_t n = 1 << 20;
    char *s = malloc(n);
    for (size_t i = 0; i < n; i++) s[i] = i & 1 ? '\n' : '\r';
    struct doc *d = whole(a, s, n);
    assert_int_equal(d->text.n, n / 2);
    assert_true(d->n_spans <= n / 16 + 65536);
    struct place p = doc_place(d, d->text.n - 1, 1);
    assert_true(p.byte1 - p.byte0 <= 256);
    assert_int_equal(p.line0, n / 2);
    memset(s, 0xff, n);
    d = whole(a, s, n);
    assert_true(d->n_spans < n / 32);
    for (size_t i = 0; i < n; i++) s[i] = "a\xff"[i & 1];
    d = whole(a, s, n);
    assert_true(d->n_spans <= n / 4 + 65536);
    free(s);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleaning), cmocka_unit_test(places), cmocka_unit_test(every_place),
        cmocka_unit_test(joining),  cmocka_unit_test(mapped), cmocka_unit_test(dense),
        cmocka_unit_test(made_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
