#include "ingest/lang.h"

#include <string.h>
#include <strings.h>

#include "ingest/lang_index.h"
#include "ingest/lang_rules.h"
#include "ingest/lang_table.h"

#define HEAD 8192 /* bytes of content that are looked at */

const struct lang *lang_row(size_t i)
{
    if (i < lang_table_count) return &lang_table_rows[i];
    return i - lang_table_count < lang_rare_count ? &lang_rare_rows[i - lang_table_count] : NULL;
}

/* The first row with a name that ends in a star and that s[0..n) starts with, letters of either
 * case. */
static const struct lang *by_name_start(const char *s, size_t n)
{
    for (size_t i = 0; i < lang_table_count; i++) { /* no rare language has such a name */
        const struct lang *l = &lang_table_rows[i];
        for (const char *star = strchr(l->names, '*'); star; star = strchr(star + 1, '*')) {
            const char *word = star;
            while (word > l->names && word[-1] != ' ') word--;
            size_t k = (size_t)(star - word);
            if (k <= n && !strncasecmp(word, s, k)) return l;
        }
    }
    return NULL;
}

const struct lang *lang_called(const char *name)
{
    const struct lang *l;
    for (size_t i = 0; (l = lang_row(i)); i++)
        if (strcmp(l->name, name) == 0) return l;
    return NULL;
}

const struct lang *lang_named(const char *name, size_t n)
{
    const struct lang *row;
    for (size_t i = 0; (row = lang_row(i)); i++)
        if (strlen(row->name) == n && strncasecmp(row->name, name, n) == 0) return row;
    char dotted[32];
    if (n + 2 > sizeof dotted) return NULL;
    dotted[0] = '.';
    memcpy(dotted + 1, name, n);
    const struct lang *l = lang_index_find(LANG_SUFFIX, dotted, n + 1);
    return l ? l : lang_index_find(LANG_PROGRAM, name, n);
}

/* ------------------------------------------------------------------ the first lines */

/* The interpreter of a #! line without folder, "env" and its options, and version. */
static const struct lang *by_shebang(const char *s, size_t n)
{
    if (n < 3 || s[0] != '#' || s[1] != '!') return NULL;
    const char *end = memchr(s, '\n', n);
    if (!end) end = s + n;
    const char *p = s + 2;
    while (p < end) {
        while (p < end && (*p == ' ' || *p == '\t' || *p == '\r')) p++;
        const char *word = p;
        while (p < end && *p != ' ' && *p != '\t' && *p != '\r') p++;
        const char *base = word;
        for (const char *q = word; q < p; q++)
            if (*q == '/') base = q + 1;
        size_t len = (size_t)(p - base);
        if (len == 0) return NULL;
        bool skip =
            (len == 3 && memcmp(base, "env", 3) == 0) || *word == '-' || memchr(base, '=', len);
        if (skip) continue;
        const struct lang *l = lang_index_find(LANG_PROGRAM, base, len); /* perl6 */
        if (l) return l;
        while (len > 1 && ((base[len - 1] >= '0' && base[len - 1] <= '9') || base[len - 1] == '.'))
            len--;
        if (len > 1 && base[len - 1] == '-') len--;
        return lang_index_find(LANG_PROGRAM, base, len);
    }
    return NULL;
}

/* An Emacs mode (-*- c++ -*-) in the first two lines, or a Vim file type in the first five. */
static const struct lang *by_modeline(const char *s, size_t n)
{
    size_t line = 0;
    for (size_t i = 0; i < n && line < 5; line++) {
        const char *nl = memchr(s + i, '\n', n - i);
        size_t len = nl ? (size_t)(nl - s) - i : n - i;
        const char *at = line < 2 ? memmem(s + i, len, "-*-", 3) : NULL, *end = s + i + len;
        if (at) {
            at += 3;
            const char *mode = memmem(at, (size_t)(end - at), "mode:", 5);
            if (!mode) mode = memmem(at, (size_t)(end - at), "Mode:", 5);
            if (mode) at = mode + 5;
        } else if (memmem(s + i, len, "vim:", 4)) {
            at = memmem(s + i, len, "ft=", 3);
            const char *full = memmem(s + i, len, "filetype=", 9);
            at = full ? full + 9 : at ? at + 3 : NULL;
        }
        if (at) {
            while (at < end && *at == ' ') at++;
            size_t k = 0;
            while (at + k < end && !strchr(" ;:\r\t", at[k])) k++;
            const struct lang *l = k ? lang_named(at, k) : NULL;
            if (l) return l;
        }
        i += len + 1;
    }
    return NULL;
}

/* ------------------------------------------------------------------ marks in a text */

static bool starts(const char *s, size_t n, const char *what)
{
    size_t k = strlen(what);
    return n >= k && memcmp(s, what, k) == 0;
}

static bool has(const char *s, size_t n, const char *what)
{
    return memmem(s, n, what, strlen(what)) != NULL;
}

/* Whether a line starts with `what`, after blanks. */
static bool has_line(const char *s, size_t n, const char *what)
{
    size_t len = strlen(what);
    for (size_t i = 0; i < n;) {
        size_t k = i;
        while (k < n && (s[k] == ' ' || s[k] == '\t')) k++;
        if (n - k >= len && memcmp(s + k, what, len) == 0) return true;
        const char *nl = memchr(s + i, '\n', n - i);
        if (!nl) return false;
        i = (size_t)(nl - s) + 1;
    }
    return false;
}

static bool any_mark(const char *marks, const char *s, size_t n)
{
    for (const char *p = marks; *p;) {
        size_t len = strcspn(p, "|");
        char one[64];
        if (len < sizeof one) {
            memcpy(one, p, len);
            one[len] = '\0';
            if (one[0] == '^' && one[1] ? has_line(s, n, one + 1) : has(s, n, one)) return true;
        }
        p += len;
        p += *p == '|';
    }
    return false;
}

/* ------------------------------------------------------------------ by content alone */

/* Marks that hardly stand in prose: one of the sure ones tells, or several of the others, among
 * lines that look like code. */
static const struct {
    const char *lang, *sure, *marks;
} looks[] = {
    {"c++", "#include <iostream>|#include <vector>|#include <string>|std::", ""},
    {"c", "^#include <|^#include \"|^#ifndef |^#pragma once", ""},
    {"go", "^package main", "^package |^func |^import (| := "},
    {"rust", "", "^use std::|^fn |^pub fn |^impl |let mut |-> Result<"},
    {"java", "^import java.", "^public class |^package |private final |@Override"},
    {"c#", "", "^using System|^namespace |public class |private readonly "},
    {"python", "^if __name__ ==", "^def |^import |^from |^class |    self.|^    return |elif |^@"},
    {"ruby", "", "^require '|^def |^end|^class |attr_accessor"},
    {"perl", "^use strict;", "^my $|^sub |^package |@_"},
    {"javascript", "=> {|require('", "^const |^let |^function |^import |^export |console.log|);"},
    {"shell", "^#!/bin/", "^if [ |^fi|^done|^esac|; then|$(|^export "},
    {"sql", "", "^CREATE TABLE|^SELECT |^INSERT INTO|^select |^create table| FROM | WHERE "},
};

static size_t count_marks(const char *marks, const char *s, size_t n)
{
    size_t count = 0;
    for (const char *p = marks; *p;) {
        char one[64];
        size_t len = strcspn(p, "|");
        if (len > 0 && len < sizeof one) {
            memcpy(one, p, len);
            one[len] = '\0';
            count += any_mark(one, s, n);
        }
        p += len;
        p += *p == '|';
    }
    return count;
}

/* Share in percent of lines that are not blank and look like code: they end in punctuation that
 * ends statements, or are brackets only. */
static size_t code_lines(const char *s, size_t n)
{
    size_t lines = 0, code = 0;
    for (size_t i = 0; i < n;) {
        const char *nl = memchr(s + i, '\n', n - i);
        size_t end = nl ? (size_t)(nl - s) : n, stop = end;
        while (stop > i && strchr(" \t\r", s[stop - 1]) && s[stop - 1]) stop--;
        if (stop > i) {
            lines++;
            code += s[stop - 1] && strchr(";{}()[]>\\", s[stop - 1]);
            code += s[i] == '#' || (stop - i > 2 && memcmp(s + i, "//", 2) == 0);
        }
        i = end + 1;
    }
    return lines >= 3 ? code * 100 / lines : 0;
}

static bool is_json(const char *s, size_t n)
{
    if (n < 2 || (s[0] != '{' && s[0] != '[')) return false;
    size_t i = 1;
    while (i < n && s[i] && strchr(" \t\r\n", s[i])) i++;
    if (i == n || !s[i] || !strchr(s[0] == '{' ? "\"}" : "\"{[-0123456789", s[i])) return false;
    return has(s, n, "\": ") || has(s, n, "\":\"") || has(s, n, "\":{") || has(s, n, "\":[");
}

/* Behind the first line of git show and git log -p, of git format-patch, of diff -u and of diff -ru. */
static bool is_diff(const char *s, size_t n)
{
    static const char *const git[] = {"commit ", "From "}, *const plain[] = {"--- ", "diff -"};
    bool changes = has_line(s, n, "+++ ") && has_line(s, n, "@@ -");
    for (size_t i = 0; i < 2; i++) {
        if (starts(s, n, git[i]) && has_line(s, n, "diff --git ")) return true;
        if (starts(s, n, plain[i]) && changes) return true;
    }
    return false;
}

/* What the very first characters say. */
static const char *by_start(const char *s, size_t n)
{
    static const struct {
        const char *start, *lang;
    } begins[] = {
        {"<?php", "php"},    {"<?xml", "xml"},   {"<svg", "xml"},        {"diff --git ", "diff"},
        {"Index: ", "diff"}, {"--- a/", "diff"}, {"%!PS", "postscript"},
    };
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (starts(s, n, begins[i].start)) return begins[i].lang;
    return is_diff(s, n) ? "diff" : is_json(s, n) ? "json" : NULL;
}

const struct lang *lang_guess(const char *s, size_t n)
{
    if (n > HEAD) n = HEAD;
    while (n && *s && strchr(" \t\r\n", *s)) s++, n--;
    const char *start = by_start(s, n);
    if (start) return lang_called(start);
    if (has_line(s, n, "```") || (has_line(s, n, "# ") && has_line(s, n, "## ")))
        return lang_called("markdown");
    size_t share = code_lines(s, n);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        bool indented = strcmp(looks[i].lang, "python") == 0; /* its lines end like any others */
        if (share < 10 && !indented) continue;
        if (any_mark(looks[i].sure, s, n)) return lang_called(looks[i].lang);
        size_t marks = count_marks(looks[i].marks, s, n);
        if (indented ? marks >= 3 : marks >= 2 && share >= 25) return lang_called(looks[i].lang);
    }
    return NULL;
}

/* ------------------------------------------------------------------ all together */

static const struct lang *by_suffix(const char *base, const char *head, size_t n)
{
    /* The longest suffix first: .html.erb before .erb. */
    for (const char *dot = strchr(base, '.'); dot; dot = strchr(dot + 1, '.')) {
        bool shared = n && lang_index_find(LANG_SHARED, dot, strlen(dot));
        const struct lang *l = shared ? lang_by_rule(dot, head, n, NULL) : NULL;
        if (!l) l = lang_index_find(LANG_SUFFIX, dot, strlen(dot));
        if (l) return l;
    }
    return NULL;
}

const struct lang *lang_of(const char *name, const char *head, size_t n)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    if (!head) n = 0;
    if (n > HEAD) n = HEAD;
    const struct lang *l = n ? by_modeline(head, n) : NULL;
    if (!l) l = lang_index_find(LANG_NAME, base, strlen(base));
    if (!l && n) l = by_shebang(head, n);
    if (!l) l = by_suffix(base, head, n);
    if (!l) l = by_name_start(base, strlen(base));
    return l;
}
