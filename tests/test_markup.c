/* Text-like formats that are read in this process: each place is exact. */
#include "tests/ingest_check.h"

#include "ingest/formats.h"

struct result {
    struct arena *a;
    struct doc *d;
    struct errinfo e;
    enum err r;
};

static struct result run(const char *format, const char *source, const struct ingest_options *o)
{
    static const struct ingest_options none;
    struct result out = {.a = arena_new()};
    const struct reader *r = formats_find(format);
    struct doc_builder *b = doc_new(out.a, "x", format);
    assert_non_null(r);
    out.r = r->read(b, o ? o : &none, "x", source, strlen(source), &out.e);
    if (out.r) return out;
    out.d = doc_freeze(b, NULL, source, strlen(source));
    check_text(out.d);
    check_spans(out.d, source, strlen(source));
    return out;
}

static void done(struct result *r)
{
    arena_free(r->a);
}

static void expect_text(struct result *r, const char *text)
{
    if (r->r) print_message("# %s\n", r->e.msg);
    assert_int_equal(r->r, OK);
    assert_string_equal(r->d->text.s, text);
}

static struct place place_of(const struct result *r, const char *word)
{
    const char *at = strstr(r->d->text.s, word);
    assert_non_null(at);
    return doc_place(r->d, (size_t)(at - r->d->text.s), strlen(word));
}

/* The bytes of the source at the place of a word are the word. */
static struct place expect_exact(const struct result *r, const char *source, const char *word)
{
    struct place p = place_of(r, word);
    assert_int_equal(p.byte1 - p.byte0, strlen(word));
    assert_memory_equal(source + p.byte0, word, strlen(word));
    return p;
}

/* ------------------------------------------------------------------ notebooks */

static const char notebook[] =
    "{\"metadata\":{\"kernelspec\":{\"name\":\"k\",\"language\":\"python\"}},\n\"nbformat\":4,\"cells\":[\n"
    "{\"cell_type\":\"markdown\",\"source\":[\"# The \\u00fc title\\n\",\"\\n\",\"text \\\"quoted\\\"\"]},\n"
    "{\"outputs\":[{\"output_type\":\"stream\",\"text\":[\"\\u001b[31mred\\u001b[0m\\n\",\"blue\"]},\n"
    "{\"output_type\":\"display_data\",\"data\":{\"image/png\":\"AAAA\",\"text/plain\":[\"<Figure 1>\"]}},\n"
    "{\"output_type\":\"error\",\"ename\":\"E\",\"evalue\":\"why\",\"traceback\":[\"long\"]}],\n"
    "\"cell_type\":\"code\",\"source\":\"a = 1\\nprint(a)\\n\"}]}";

static void notebook_cells_and_what_they_print(void **state)
{
    (void)state;
    struct result r = run("ipynb", notebook, NULL);
    expect_text(&r, "# The \xc3\xbc title\n\ntext \"quoted\"\n\na = 1\nprint(a)\n"
                    "\xe2\x87\x92 red\nblue\n\xe2\x87\x92 E: why");
    assert_string_equal(r.d->title, "The \xc3\xbc title");
    assert_string_equal(r.d->lang, "python");
    assert_int_equal(r.d->kind, DOC_CODE);
    struct place p = expect_exact(&r, notebook, "print(a)");
    assert_int_equal(p.page, 2);
    assert_int_equal(p.line0, 2);
    assert_int_equal(p.line1, 2);
    assert_string_equal(p.units.page, "cell");
    assert_int_equal(expect_exact(&r, notebook, "quoted").line0, 3);
    expect_exact(&r, notebook, "blue");
    done(&r);
    struct ingest_options first = {.pages = "1"};
    r = run("ipynb", notebook, &first);
    expect_text(&r, "# The \xc3\xbc title\n\ntext \"quoted\"");
    done(&r);
}

static void notebook_of_version_three(void **state)
{
    (void)state;
    static const char v3[] = "{\"nbformat\":3,\"worksheets\":[{\"cells\":["
        "{\"cell_type\":\"heading\",\"level\":2,\"source\":\"Head\"},"
        "{\"cell_type\":\"code\",\"input\":[\"x\"],\"language\":\"python\",\"outputs\":"
        "[{\"output_type\":\"pyout\",\"text\":[\"1\"]}]}]}]}";
    struct result r = run("ipynb", v3, NULL);
    expect_text(&r, "Head\n\nx\n\xe2\x87\x92 1");
    assert_int_equal(r.d->n_headings, 1);
    done(&r);
}

static void notebook_that_is_none(void **state)
{
    (void)state;
    struct result r = run("ipynb", "{\"cells\":[", NULL);
    assert_int_equal(r.r, E_FORMAT);
    assert_non_null(strstr(r.e.msg, "x: not a notebook: line 1 of its JSON: "));
    done(&r);
    r = run("ipynb", "[]", NULL);
    assert_int_equal(r.r, E_FORMAT);
    done(&r);
    static const char odd[] = "{\"cells\":[3,[],{\"source\":7,\"outputs\":[null,{\"data\":[]}]},"
                              "{\"source\":[1,\"ok\",[\"no\"]]}],\"cells\":{}}";
    r = run("ipynb", odd, NULL);
    expect_text(&r, "ok");
    done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notebook_cells_and_what_they_print),
        cmocka_unit_test(notebook_of_version_three),
        cmocka_unit_test(notebook_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
