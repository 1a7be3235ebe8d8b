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

/* ------------------------------------------------------------------ tables */

static void csv_cells_and_quotes(void **state)
{
    (void)state;
    static const char source[] = "Name;Age;City\r\n\"Ann \"\"X\"\" Lee\";30;Oslo\r\n;;Rome\r\n"
                                 "Bob;;\"two\nlines; x\"\r\n\r\nlast\r\n";
    struct result r = run("csv", source, NULL);
    expect_text(&r, "Name | Age | City\nAnn \"X\" Lee | 30 | Oslo\n| | Rome\nBob |  | two lines; x\nlast");
    assert_int_equal(expect_exact(&r, source, "Oslo").line0, 2);
    assert_int_equal(expect_exact(&r, source, "lines; x").line0, 5);
    assert_int_equal(expect_exact(&r, source, "last").line0, 7);
    assert_int_equal(r.d->kind, DOC_CODE);
    done(&r);
    r = run("csv", "a\tb, c\n1\t2, 3\n", NULL);
    expect_text(&r, "a | b, c\n1 | 2, 3");
    done(&r);
    r = run("csv", "a,\"never closed\nb,c\n", NULL);
    expect_text(&r, "a | never closed\nb | c");
    done(&r);
}

/* ------------------------------------------------------------------ reStructuredText, AsciiDoc */

static void rst_without_comments(void **state)
{
    (void)state;
    static const char source[] = "Title\n=====\n\n.. a comment\n   that goes on\n\n   and on\n\nText.\n\n"
                                 "Section\n-------\n\n.. note:: shown\n.. _target: x\n..\n  gone\n\nWord\n\n    code  here\n";
    struct result r = run("rst", source, NULL);
    expect_text(&r, "Title\n=====\n\nText.\n\nSection\n-------\n\n.. note:: shown\n.. _target: x\n\nWord\n\n    code  here");
    assert_int_equal(r.d->n_headings, 2);
    assert_string_equal(r.d->title, "Title");
    struct place p = expect_exact(&r, source, "code  here");
    assert_int_equal(p.line0, 21);
    assert_int_equal(p.col0, 5);
    done(&r);
}

static void asciidoc_headings_and_blocks(void **state)
{
    (void)state;
    static const char source[] = "= The Title\n:toc:\nAuthor <a@b.c>\n\n// comment\n== Part\n\nText :not: attr.\n\n"
                                 "----\n// kept\n== kept\n----\n////\ngone\n////\n* item\n";
    struct result r = run("asciidoc", source, NULL);
    expect_text(&r, "The Title\nAuthor <a@b.c>\n\nPart\n\nText :not: attr.\n\n// kept\n== kept\n* item");
    assert_int_equal(r.d->n_headings, 2);
    assert_int_equal(r.d->headings[1].level, 2);
    assert_string_equal(r.d->title, "The Title");
    assert_int_equal(expect_exact(&r, source, "* item").line0, 17);
    done(&r);
}

/* ------------------------------------------------------------------ manual pages */

/* Strings that asciidoc's, docbook's and perl's pages define, and letters by name. */
static void man_strings(void **state)
{
    (void)state;
    struct result r = run("man", ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.SH NAME\nit\\*(Aqs \\*(C`code\\*(C' "
                                 "\\*(``so\\*('' \\(*a\\[*W]\\(ra\n", NULL);
    expect_text(&r, "NAME\nit's \"code\" \xe2\x80\x9cso\xe2\x80\x9d \xce\xb1\xce\xa9\xe2\x9f\xa9");
    done(&r);
}

/* Signs by number and with accents; one without a known name is seen to be missing. */
static void man_signs(void **state)
{
    (void)state;
    struct result r = run("man", ".SH NAME\nZ\\[u2011]9 \\[/L]\\[u00F3]d\\[u017A] \\[u0065_0301] \\N'65'\\[char66] \\[u6771] "
                                 "\\[nosuch]\\[uD800]\\[u110000]\\[u12\n", NULL);
    expect_text(&r, "NAME\nZ\xe2\x80\x91" "9 \xc5\x81\xc3\xb3" "d\xc5\xba e\xcc\x81 AB \xe6\x9d\xb1 "
                    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdu12");
    done(&r);
}

static void man_macros(void **state)
{
    (void)state;
    static const char source[] =
        ".\\\" comment\n.TH LS 1 2024\n.SH NAME\nls \\- list\n.SH \"SEE THIS\"\n.B ls\n.RI [ option ]...\n.PP\n"
        "First line\nsecond \\fIline\\fR \\(em \\(lqx\\(rq.\n.TP\n.BR \\-a \", \" \\-\\-all\ndo not ignore\n.IP \\(bu\nitem\n"
        ".nf\n  code  here\n.fi\n.if t hidden\n.if n .br\n.de XX\nmacro\n..\n.TS\ntab(|);\nl l.\na|b\n_\nc|T{\nlong\ncell\nT}\n.TE\nend\\c\ning\n";
    struct result r = run("man", source, NULL);
    expect_text(&r, "NAME\nls - list\n\nSEE THIS\nls [option]...\n\nFirst line second line \xe2\x80\x94 \xe2\x80\x9cx\xe2\x80\x9d.\n\n"
                    "-a, --all\ndo not ignore\n\n\xe2\x80\xa2 item\n  code  here\n\na | b\nc | long cell\n\nending");
    assert_string_equal(r.d->title, "LS(1)");
    assert_int_equal(r.d->n_headings, 2);
    assert_int_equal(expect_exact(&r, source, "do not ignore").line0, 13);
    assert_int_equal(expect_exact(&r, source, "code  here").line0, 17);
    done(&r);
}

static void mdoc_macros(void **state)
{
    (void)state;
    static const char source[] =
        ".Dd x\n.Dt FOO 8\n.Os\n.Sh NAME\n.Nm foo\n.Nd does it\n.Sh SYNOPSIS\n.Nm\n.Op Fl ab\n.Op Fl f Ar file\n.Sh DESC\n"
        "The\n.Nm\nreads\n.Pa /etc/x .\n.Bl -tag\n.It Fl a\nAll.\n.El\n.Bl -bullet\n.It\nOne\n.It\nTwo\n.El\nSee\n.Xr bar 1 ,\n.Dq quoted words .\n";
    struct result r = run("man", source, NULL);
    expect_text(&r, "NAME\nfoo \xe2\x80\x94 does it\n\nSYNOPSIS\nfoo [-ab] [-f file]\n\nDESC\nThe foo reads /etc/x.\n\n"
                    "-a\nAll.\n\n- One\n- Two\n\nSee bar(1), \xe2\x80\x9cquoted words\xe2\x80\x9d.");
    assert_string_equal(r.d->title, "FOO(8)");
    assert_int_equal(expect_exact(&r, source, "/etc/x").line0, 15);
    done(&r);
}

/* ------------------------------------------------------------------ LaTeX */

static void latex_text_without_commands(void **state)
{
    (void)state;
    static const char source[] =
        "\\documentclass{article}\\newcommand{\\x}[1]{gone}\\define{gone=\\{\\}}\n\\title{A \\emph{title}}% no\n\\begin{document}\n"
        "\\hypertarget{s}{%\n\\section*{One}\\label{s}}\nText\\footnote{A \\textbf{note}.} with $a_1^2$~and ``quotes''---\\\"o \\c{c} \\%.\n\n"
        "\\begin{itemize}\\item a\n\\item b\\begin{enumerate}\\item c\\end{enumerate}\\end{itemize}\n"
        "\\begin{tabular}{ll}\\hline a & b \\\\\nc & \\multicolumn{2}{l}{d} \\\\\\end{tabular}\n"
        "\\begin{verbatim}\nx  % y\n\\end{verbatim}\n\\begin{align*}z&=1\\end{align*}\n"
        "\\begin{tikzpicture}no\\end{tikzpicture}\\input{f} \\cite[p.1]{k} \\verb|a_b| \\url{http://x} \\unknown[o]{kept}\n"
        "\\end{document}\ngone\n";
    struct result r = run("latex", source, NULL);
    expect_text(&r, "A title\n\nOne\n\nText[1] with $a_1^2$ and \xe2\x80\x9cquotes\xe2\x80\x9d\xe2\x80\x94\xc3\xb6 \xc3\xa7 %.\n\n"
                    "[1] A note.\n\n- a\n- b\n  1. c\n\na | b\nc | d\n\nx  % y\n\n\\begin{align*}z&=1\\end{align*}\n"
                    "\\input{f}\n[k] a_b http://x kept");
    assert_string_equal(r.d->title, "A title");
    assert_int_equal(r.d->n_headings, 2);
    assert_int_equal(expect_exact(&r, source, "$a_1^2$").line0, 6);
    assert_int_equal(expect_exact(&r, source, "x  % y").line0, 13);
    done(&r);
}

static void markup_that_never_ends(void **state)
{
    (void)state;
    static const char *const tex[] = {
        "\\", "\\section{", "\\begin{", "\\begin{verbatim}x", "$a", "\\[x", "\\item[", "\\footnote{\\footnote{\\footnote{x}}}",
        "\\verb", "\\verb|", "\\newcommand", "\\def", "\\end{itemize}", "}}}{{{", "\\'", "\\v", "\\begin{tabular}", "%", "&",
    };
    static const char *const man[] = {
        ".", "'", "\\", ".TS", ".TS\ntab(", ".de", ".if", ".if t \\{", ".IP", ".TP", ".SH", ".B \"", "\\f", "\\f(", "\\*[", "\\s'",
        ".Bl", ".It", ".Op Op Op Op Op Op Op Op Op Op a", ".Fn", ".Nm", ".Xr", ".%", ".El", "\\c", ".TS\nl.\nT{\n",
    };
    for (size_t i = 0; i < sizeof tex / sizeof *tex; i++) {
        struct result r = run("latex", tex[i], NULL);
        assert_int_equal(r.r, OK);
        done(&r);
    }
    for (size_t i = 0; i < sizeof man / sizeof *man; i++) {
        struct result r = run("man", man[i], NULL);
        assert_int_equal(r.r, OK);
        done(&r);
    }
    struct buf deep = {0};
    for (int i = 0; i < 300000; i++) buf_addz(&deep, "\\section{\\(");
    struct result r = run("latex", deep.s, NULL);
    done(&r);
    buf_clear(&deep);
    for (int i = 0; i < 100000; i++) buf_addz(&deep, "\\emph{");
    for (int i = 0; i < 100000; i++) buf_addz(&deep, "}");
    r = run("latex", deep.s, NULL);
    done(&r);
    buf_free(&deep);
}

/* ------------------------------------------------------------------ which reader */

static void readers_by_name_and_content(void **state)
{
    (void)state;
    static const struct { const char *reader, *name, *head; bool reads; } cases[] = {
        {"man", "ls.1", ".TH LS 1\n", true}, {"man", "ls.1", "just text\n", false},
        {"man", "x", ".\\\" c\n.Dd now\n", true}, {"csv", "a.tsv", "x", true}, {"csv", "a.txt", "a,b", false},
        {"latex", "a.tex", "x", true}, {"latex", "x", "\\documentclass{a}\\begin{document}", true},
        {"rst", "a.rst", "x", true}, {"asciidoc", "a.adoc", "x", true}, {"ipynb", "a.ipynb", "{}", true},
        {"ipynb", "a.json", "{\"a\":1}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct reader *r = formats_find(cases[i].reader);
        int score = r->sniff(cases[i].name, (const unsigned char *)cases[i].head, strlen(cases[i].head));
        assert_int_equal(score > 0, cases[i].reads);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notebook_cells_and_what_they_print),
        cmocka_unit_test(notebook_of_version_three),
        cmocka_unit_test(notebook_that_is_none),
        cmocka_unit_test(csv_cells_and_quotes),
        cmocka_unit_test(rst_without_comments),
        cmocka_unit_test(asciidoc_headings_and_blocks),
        cmocka_unit_test(man_macros), cmocka_unit_test(man_strings), cmocka_unit_test(man_signs),
        cmocka_unit_test(mdoc_macros),
        cmocka_unit_test(latex_text_without_commands),
        cmocka_unit_test(markup_that_never_ends),
        cmocka_unit_test(readers_by_name_and_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
