/* test_lang.c: languages by name, first line and content. */
#include "ingest/lang.h"
#include "ingest/lang_rules.h"
#include "tests/ingest_check.h"

static const char *of(const char *name, const char *head)
{
    const struct lang *l = lang_of(name, head, head ? strlen(head) : 0);
    return l ? l->name : "none";
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(of("a/b.d/main.c", NULL), "c");
    assert_string_equal(of("X.CPP", NULL), "c++");
    assert_string_equal(of("Makefile", NULL), "makefile");
    assert_string_equal(of("src/Makefile.am", NULL), "makefile");
    assert_string_equal(of("Dockerfile.dev", NULL), "dockerfile");
    assert_string_equal(of("CMakeLists.txt", NULL), "cmake");
    assert_string_equal(of("README", NULL), "text");
    assert_string_equal(of("README.md", NULL), "markdown");
    assert_string_equal(of("README.de.txt", NULL), "text");
    assert_string_equal(of(".gitignore", NULL), "ignore list");
    assert_string_equal(of("x.html.erb", NULL), "html+erb");
    assert_string_equal(of("unknown.zzz", "words"), "none");
    assert_string_equal(of("", ""), "none");
    assert_string_equal(of(".", NULL), "none");
    assert_true(lang_of("a.md", NULL, 0)->prose);
    assert_false(lang_of("a.py", NULL, 0)->prose);
}

static void first_lines(void **state)
{
    (void)state;
    assert_string_equal(of("run", "#!/bin/sh\n"), "shell");
    assert_string_equal(of("run", "#! /usr/bin/env -S FOO=1 python3.11 -u\n"), "python");
    assert_string_equal(of("run", "#!/usr/bin/env node"), "javascript");
    assert_string_equal(of("run", "#!"), "none");
    assert_string_equal(of("run", "#!/usr/bin/env\n"), "none");
    assert_string_equal(of("x", "/* -*- mode: c++; tab-width: 4 -*- */\n"), "c++");
    assert_string_equal(of("x", "# -*- ruby -*-\n"), "ruby");
    assert_string_equal(of("x", "one\n# vim: set ft=perl :\n"), "perl");
    assert_string_equal(of("x", "# vim: ft="), "none");
}

static void shared(void **state)
{
    (void)state;
    assert_string_equal(of("a.h", "int f(void);\n"), "c");
    assert_string_equal(of("a.h", "namespace x {\n"), "c++");
    assert_string_equal(of("a.h", "@interface X\n"), "objective-c");
    assert_string_equal(of("a.m", "function y = f(x)\n"), "matlab");
    assert_string_equal(of("a.m", "#import <X.h>\n"), "objective-c");
    assert_string_equal(of("a.pl", ":- module(x, []).\n"), "prolog");
    assert_string_equal(of("a.pl", "use strict;\n"), "perl");
    assert_string_equal(of("a.ts", "<?xml?><!DOCTYPE TS>\n"), "xml");
    assert_string_equal(of("a.ts", "const x = 1;\n"), "typescript");
    assert_string_equal(of("a.v", "Require Import X.\n"), "rocq prover");
    assert_string_equal(of("a.v", "module m(input a);\n"), "verilog");
}

/* What the start of a text tells about a suffix of several languages. */
static void rules(void **state)
{
    (void)state;
    assert_string_equal(of("a.m", ":- module x.\n"), "mercury");
    assert_string_equal(of("a.m", "a ; start\n q\n"), "m");
    assert_string_equal(of("a.m", "BeginPackage[\"x`\"]\n"), "wolfram language");
    assert_string_equal(of("a.t", "use Test::More;\nmy $x = 1;\n"), "perl");
    assert_string_equal(of("a.t", "#!/usr/bin/env perl6\nuse v6;\n"), "raku");
    assert_string_equal(of("a.pl", "#!/usr/bin/perl\nprint 1;\n"), "perl");
    assert_string_equal(of("a.md", "(define_insn \"x\")\n"), "gcc machine description");
    assert_string_equal(of("a.md", "# Title\n"), "markdown");
    assert_string_equal(of("a.fs", "module A\nlet x = 1\n"), "f#");
    assert_string_equal(of("a.fs", ": square dup * ;\n"), "forth");
    assert_string_equal(of("a.cls", "public class A {\n}\n"), "apex");
    assert_string_equal(of("a.cls", "\\ProvidesClass{a}\n"), "tex");
    assert_string_equal(of("a.inc", "<?php echo 1;\n"), "php");
    assert_string_equal(of("a.inc", "#declare X = 1;\n"), "pov-ray sdl");
    assert_string_equal(of("a.r", "x <- 1\n"), "r");
    assert_string_equal(of("a.r", "REBOL [Title: \"x\"]\n"), "rebol");
    assert_string_equal(of("a.pro", "SOURCES += a.c\n"), "qmake");
    assert_string_equal(of("a.pro", "p(X) :- q(X).\n"), "prolog");
    assert_string_equal(of("a.sql", "CREATE TABLE t (a INT);\n"), "sql");
    assert_string_equal(of("a.sql", "SELECT 1\nGO\n"), "tsql");
    assert_string_equal(of("a.yaml", "swagger: '2.0'\n"), "oasv2-yaml");
    assert_string_equal(of("a.1", ".TH A 1\n.SH NAME\na\n"), "roff manpage");
    assert_string_equal(of("a.1", "words\n"), "text");
    assert_string_equal(of("a.gf", "abstract A = {}\n"), "grammatical framework");
    assert_string_equal(of("PKGBUILD", "x"), "shell");
}

/* Words of one language that stand in files of another. */
static void confusions(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"a.pm", "package A;\n\n=head1 NAME\n\nmethod calls, and the\nrole of B\n", "perl"},
        {"a.pm", "=head1 A\n\nmethod calls\n\n=cut\n\nuse strict;\n", "perl"},
        {"a.pm", "role A {\n    method b { 1 }\n}\n", "raku"},
        {"a.t", "is(1, 1);\n{\n    local $x = 1;\n    my $y = 2;\n}\n", "perl"},
        {"a.t", "local x = 1\nterra f() end\n", "terra"},
        {"a.cls", "\\ProvidesExplClass{a}{2020/01/01}{1}{A}\n", "tex"},
        {"a.cls", "%% a class\n\\ProvidesClass{a}\nusing b.\n", "tex"},
        {"a.cls", "class a.B inherits a.C:\nend class.\n", "openedge abl"},
        {"a.sql", "CREATE FUNCTION f() RETURNS int LANGUAGE SQL\nAS 'SELECT 1';\n", "sql"},
        {"a.sql", "GRANT\nCONNECT TO SCHEMA b, c;\n", "sql"},
        {"a.sql", "SELECT 1 FROM pg_authid LEFT JOIN t;\nBEGIN ATOMIC\n", "sql"},
        {"a.sql", "CONNECT TO sample;\nSELECT 1;\n", "sqlpl"},
        {"a.sql", "CREATE PACKAGE p AS\n", "plsql"},
        {"a.ts", "function f<TS>(x: TS) {}\n", "typescript"},
        {"a.ts", "<?xml version=\"1.0\"?>\n<TS version=\"2\">\n", "xml"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(of(cases[i][0], cases[i][1]), cases[i][2]);
}

/* The most steps that any suffix with rules takes for 8 KB of `unit` over and over. */
static size_t worst_steps(const char *unit, size_t *sum)
{
    static char s[8192];
    size_t k = strlen(unit), worst = 0;
    for (size_t i = 0; i < sizeof s; i++) s[i] = unit[i % k];
    for (size_t i = 0; i < lang_rules_count; i++)
        for (const char *p = lang_rules[i].suffixes; *p; p += strspn(p, " ")) {
            char suffix[32];
            size_t len = strcspn(p, " "), steps;
            assert_true(len < sizeof suffix);
            snprintf(suffix, sizeof suffix, "%.*s", (int)len, p);
            lang_by_rule(suffix, s, sizeof s, &steps);
            if (steps > worst) worst = steps;
            *sum += steps;
            p += len;
        }
    return worst;
}

/* No text holds up the question for its language, whatever its suffix. */
static void hostile(void **state)
{
    (void)state;
    static const char *units[] = {"\n",    " ",    "\t",   ".",      "<",    "(",    "(*",
                                  "case ", "fun ", "a ",   "{",      "\r\n", "\n ",  "   \n",
                                  "#\n",   ";\n",  "- \n", "class ", "a.",   "\"",   "match ",
                                  "a\n",   "//\n", "%",    "\xff",   "[",    "a:\n", "local "};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t sum = 0, worst = worst_steps(units[i], &sum);
        if (worst > LANG_STEPS_MAX + 8192 + 1) print_message("%zu: %zu steps\n", i, worst);
        assert_true(worst <= LANG_STEPS_MAX + 8192 + 1);
        assert_true(sum > 8192); /* they were counted */
    }
    /* Twice the empty lines take twice the steps: no pattern goes on from each to the last. */
    static char s[8192];
    memset(s, '\n', sizeof s);
    size_t half, whole;
    for (size_t i = 0; i < lang_rules_count; i++) {
        char suffix[32] = "";
        strncat(suffix, lang_rules[i].suffixes, strcspn(lang_rules[i].suffixes, " "));
        lang_by_rule(suffix, s, 1000, &half);
        lang_by_rule(suffix, s, 2000, &whole);
        assert_true(whole <= half * 5 / 2 && whole < LANG_STEPS_MAX);
    }
    /* When the steps are used up, a rule without a pattern still decides. */
    const struct lang *l = lang_by_rule(".v", s, sizeof s, &whole);
    assert_true(whole > LANG_STEPS_MAX);
    assert_string_equal(l->name, "verilog");
}

static const char *guess(const char *s)
{
    const struct lang *l = lang_guess(s, strlen(s));
    return l ? l->name : "none";
}

static void by_content(void **state)
{
    (void)state;
    assert_string_equal(guess(""), "none");
    assert_string_equal(guess("A text.\n\nIt has (some) lines; they end; in points.\nAnd more.\n"),
                        "none");
    assert_string_equal(guess("#include <stdio.h>\n\nint main(void)\n{\n    return 0;\n}\n"), "c");
    assert_string_equal(guess("import os\n\ndef f(x):\n    return x\n\nclass A:\n    pass\n"),
                        "python");
    assert_string_equal(guess("diff --git a/x b/x\n--- a/x\n+++ b/x\n"), "diff");
    assert_string_equal(guess("commit 1\n\n    msg\n\ndiff --git a/x b/x\n"), "diff");
    assert_string_equal(guess("From 1a2b Mon Sep 17 00:00:00 2001\nFrom: a\n\n---\n\ndiff --git a/x b/x\n"), "diff");
    assert_string_equal(guess("--- x.c\t2024-01-01\n+++ y.c\t2024-01-02\n@@ -1 +1 @@\n-a\n+b\n"), "diff");
    assert_string_equal(guess("diff -ru x/a y/a\n--- x/a\n+++ y/a\n@@ -1 +1 @@\n-a\n+b\n"), "diff");
    assert_string_equal(guess("--- a note ---\nAnd what it says.\n"), "none");
    assert_string_equal(guess("\n{\"a\": 1}\n"), "json");
    assert_string_equal(guess("[link](x) says \"a\": 1\n"), "none");
    assert_string_equal(guess("# Title\n\ntext\n\n## Part\n"), "markdown");
    assert_string_equal(guess("<?xml version=\"1.0\"?><a/>"), "xml");
    assert_string_equal(guess("package main\n\nimport (\n\t\"fmt\"\n)\n\nfunc main() {\n}\n"),
                        "go");
    assert_string_equal(guess("One shall use std::vector here.\nAnd no more of it.\nNever.\n"),
                        "none");
}

static void named(void **state)
{
    (void)state;
    assert_string_equal(lang_named("C++", 3)->name, "c++");
    assert_string_equal(lang_named("js", 2)->name, "javascript");
    assert_string_equal(lang_named("bash", 4)->name, "shell");
    assert_null(lang_named("nosuchlanguage", 14));
    assert_null(lang_named("a name that is longer than any suffix can be", 44));
}

/* A name or suffix that stands twice would hide the second row. */
static void rows(void **state)
{
    (void)state;
    size_t n = 0;
    for (; lang_row(n); n++)
        for (size_t k = 0; k < n; k++)
            assert_string_not_equal(lang_row(k)->name, lang_row(n)->name);
    assert_true(n > 100);
}

static void samples(void **state)
{
    (void)state;
    char *dir = make_folder(), cmd[300], line[512];
    snprintf(cmd, sizeof cmd, "tar -xf tests/data/ingest/lang.tar -C %s", dir);
    assert_int_equal(system(cmd), 0);
    FILE *f = fopen("tests/data/ingest/lang.list", "r");
    assert_non_null(f);
    int good = 0, all = 0;
    while (fgets(line, sizeof line, f)) {
        char *tab = strchr(line, '\t'), path[1024];
        assert_non_null(tab);
        *tab++ = '\0';
        tab[strcspn(tab, "\n")] = '\0';
        snprintf(path, sizeof path, "%s/%s", dir, line);
        struct buf b;
        read_all(path, &b);
        const struct lang *l = lang_of(path, b.s, b.n);
        bool same = l && strcmp(l->name, tab) == 0;
        if (!same) print_message("%s: %s, not %s\n", line, l ? l->name : "none", tab);
        good += same;
        all++;
        buf_free(&b);
    }
    fclose(f);
    drop_folder(dir);
    assert_int_equal(all, 60);
    assert_true(good >= 57);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),      cmocka_unit_test(first_lines), cmocka_unit_test(shared),
        cmocka_unit_test(rules),      cmocka_unit_test(hostile),     cmocka_unit_test(confusions),
        cmocka_unit_test(named),      cmocka_unit_test(rows),        cmocka_unit_test(samples),
        cmocka_unit_test(by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
