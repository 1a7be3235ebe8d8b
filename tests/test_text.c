/* test_text.c: plain text, Markdown and code: headings, titles, kinds, and provenance of every
 * text in tests/data. */
#include <ftw.h>

#include "ingest/read_text.h"
#include "tests/ingest_check.h"

static struct doc *read_as(struct arena *a, const struct reader *r, const char *name, const char *s,
                           size_t n)
{
    struct ingest_options o = {0};
    struct errinfo e = {0};
    struct doc_builder *b = doc_new(a, name, r->name);
    enum err got = r->read(b, &o, name, s, n, &e);
    if (got) print_error("%s\n", e.msg);
    assert_int_equal(got, OK);
    struct doc *d = doc_freeze(b, name, s, n);
    check_text(d);
    check_spans(d, s, n);
    return d;
}

static struct doc *read_z(struct arena *a, const struct reader *r, const char *name, const char *s)
{
    return read_as(a, r, name, s, strlen(s));
}

/* Headings as "1:Title|2:Part". */
static void assert_headings(const struct doc *d, const char *expect)
{
    struct buf b = {0};
    buf_addz(&b, "");
    for (size_t i = 0; i < d->n_headings; i++)
        buf_addf(&b, "%s%d:%.*s", i ? "|" : "", d->headings[i].level, (int)d->headings[i].len,
                 d->text.s + d->headings[i].text);
    assert_string_equal(b.s, expect);
    buf_free(&b);
}

static void markdown(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    const struct reader *md = &read_text_markdown;
    struct doc *d = read_z(a, md, "a.md",
                           "# Top #\n\ntext\n\nUnder\n-----\n```\n# no\n```\n### Deep\n");
    assert_headings(d, "1:Top|2:Under|3:Deep");
    assert_string_equal(d->title, "Top");
    assert_int_equal(d->kind, DOC_PROSE);
    assert_null(d->lang);
    d = read_z(a, md, "a.md", "---\nauthor: X\ntitle: \"The name\"\n---\n# Other\n");
    assert_string_equal(d->title, "The name");
    assert_headings(d, "1:Other");
    d = read_z(a, md, "a.md", "Title\n=====\nSecond\n===\n#not\n####### seven\n#\n    # code\n");
    assert_headings(d, "1:Title|1:Second");
    d = read_z(a, md, "a.md", "~~~~\n# a\n~~~\n# b\n~~~~\n# c\n");
    assert_headings(d, "1:c");
    d = read_z(a, md, "a.md", "---\nnever closed\n# x\n");
    assert_headings(d, "1:x");
    d = read_z(a, md, "a.md", "# C#\n## issue #12 #\n");
    assert_headings(d, "1:C#|2:issue #12");
    d = read_z(a, md, "a.md", "| a | b |\n|---|---|\n\n---\n> q\n---\n* * *\n");
    assert_headings(d, "");
    assert_null(d->title);
    arena_free(a);
}

static void plain(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct doc *d = read_z(a, &read_text_plain, "a.rst",
                           "Title\n=====\n\nPart\n----\n\nx\n\nMore\n====\n");
    assert_headings(d, "1:Title|2:Part|1:More");
    assert_string_equal(d->title, "Title");
    d = read_z(a, &read_text_plain, "a.txt", "Just\nlines --\n--\n");
    assert_headings(d, "");
    d = read_z(a, &read_text_plain, "a.txt", "ends in a cut \xe2\x82");
    assert_string_equal(d->text.s, "ends in a cut ");
    assert_non_null(strstr(d->note, "middle of a character"));
    d = read_z(a, &read_text_plain, "a.txt",
               "some caf\xc3\xa9 and na\xc3\xafve, \xc3\xbc\xc3\xb6\xc3\xa4\xc3\x9f "
               "\xe2\x80\x9cquotes\xe2\x80\x9d "
               "\xc3\xa0\xc3\xa8\xc3\xac\xc3\xb2 then one \xff byte");
    assert_string_equal(d->charset, "utf-8");
    assert_non_null(strstr(d->note, "1 byte is"));
    assert_non_null(strstr(d->text.s, "one \xef\xbf\xbd byte"));
    d = read_z(a, &read_text_plain, "a.txt", "\xef\xbb\xbfmarked");
    assert_string_equal(d->text.s, "marked");
    assert_int_equal(doc_place(d, 0, 1).byte0, 3);
    assert_int_equal(doc_place(d, 0, 1).col0, 1);
    arena_free(a);
}

static void code(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct doc *d = read_z(a, &read_text_code, "src/kv.c", "int x;\r\n\tint y;\r\n");
    assert_int_equal(d->kind, DOC_CODE);
    assert_string_equal(d->lang, "c");
    assert_string_equal(d->text.s, "int x;\n\tint y;\n");
    d = read_z(a, &read_text_code, "run", "#!/usr/bin/env python3\nprint()\n");
    assert_string_equal(d->lang, "python");
    d = read_z(a, &read_text_code, "notes.txt", "x\n");
    assert_null(d->lang);
    arena_free(a);
}

/* A line of ten megabytes, and its last word. */
static void one_line(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    size_t n = 10u << 20;
    char *s = malloc(n);
    for (size_t i = 0; i < n; i++) s[i] = i % 7 ? 'a' + (char)(i % 26) : ' ';
    struct doc *d = read_as(a, &read_text_plain, "one.txt", s, n);
    assert_int_equal(d->text.n, n);
    struct place p = doc_place(d, n - 5, 5);
    assert_int_equal(p.line0, 1);
    assert_int_equal(p.byte0, n - 5);
    assert_int_equal(p.col0, n - 4);
    free(s);
    arena_free(a);
}

static size_t checked;

/* Reads one file of tests/data as text and looks every span up in its bytes. */
static int check_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)ftw;
    if (kind != FTW_F || st->st_size == 0 || st->st_size > 4 << 20) return 0;
    struct arena *a = arena_new();
    struct docset set = {0};
    struct ingest_options o = {.from = "text"};
    struct errinfo e = {0};
    enum err r = ingest_path(&set, a, path, &o, NULL, NULL, &e);
    assert_true(r == OK || r == E_UNSUPPORTED || r == E_EMPTY);
    if (r == OK) {
        struct buf source;
        read_all(path, &source);
        const struct doc *d = set.v[0];
        check_text(d);
        check_spans(d, source.s, source.n);
        if (strcmp(d->charset, "utf-8") == 0 && memchr(source.s, '\n', source.n))
            check_lines(d, source.s);
        for (size_t i = 0; i < d->text.n; i += 97) {
            struct place p = doc_place(d, i, 13);
            assert_true(p.byte0 < p.byte1 && p.byte1 <= source.n);
            assert_true(p.line0 >= 1 && p.line0 <= p.line1);
        }
        buf_free(&source);
        checked++;
    }
    arena_free(a);
    return 0;
}

static void all_data(void **state)
{
    (void)state;
    assert_int_equal(nftw("tests/data", check_file, 16, FTW_PHYS), 0);
    assert_true(checked > 20);
}

/* A lone \r starts a line of the text everywhere, and ends one of the source only in a file that
 * has no other line ends: lines and bytes agree, whatever the encoding. */
static void lone_returns(void **state)
{
    (void)state;
    static const struct { const char *bytes; size_t n; const char *encoding; } v[] = {
        {"one\rtwo\r\rthree\rx", 16, NULL},
        {"one\rtwo\r\rthree\rx", 16, "macintosh"},
        {"o\0n\0e\0\r\0t\0w\0o\0\r\0\r\0t\0h\0r\0e\0e\0\r\0x\0", 32, "utf-16le"},
        {"one\rtwo\nthr\ree\nx", 16, NULL},
        {"one\rtwo\nthr\ree\n\x8ex", 17, "macintosh"},
        {"o\0n\0e\0\r\0t\0w\0o\0\n\0t\0h\0r\0\r\0e\0e\0\n\0x\0", 32, "utf-16le"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct arena *a = arena_new();
        struct ingest_options o = {.encoding = v[i].encoding};
        struct doc_builder *b = doc_new(a, "returns.txt", "text");
        assert_int_equal(read_text_plain.read(b, &o, "returns.txt", v[i].bytes, v[i].n, NULL), OK);
        struct doc *d = doc_freeze(b, "returns.txt", v[i].bytes, v[i].n);
        check_text(d);
        check_spans(d, v[i].bytes, v[i].n);
        bool old = i < 3;
        size_t two = (size_t)(strstr(d->text.s, "two") - d->text.s);
        size_t x = (size_t)(strrchr(d->text.s, 'x') - d->text.s);
        assert_int_equal(doc_place(d, two, 3).line0, old ? 2 : 1);
        assert_int_equal(doc_place(d, x, 1).line0, old ? 5 : 3);
        size_t e = (size_t)(strrchr(d->text.s, 'e') - d->text.s);
        assert_int_equal(doc_place(d, 0, e).line1, old ? 4 : 2);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown), cmocka_unit_test(plain),    cmocka_unit_test(code),
        cmocka_unit_test(one_line), cmocka_unit_test(all_data), cmocka_unit_test(lone_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
