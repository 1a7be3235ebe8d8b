#include "ingest/read_tex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/slice.h"
#include "ingest/tex_table.h"

enum { DEPTH_MAX = 64, LISTS_MAX = 16, NOTES_MAX = 4096 };

struct pair { /* of braces */
    size_t open, close;
};

struct list {
    enum tex_block kind;
    int count;
};

struct tex {
    struct slice s;
    struct pair *pair; /* sorted by open; only those that close */
    size_t n_pairs;
    struct list list[LISTS_MAX];
    int lists, tables, depth;
    bool body;         /* behind \begin{document}, or there is none           */
    struct pair *note; /* what footnotes hold, up to the end of the paragraph */
    size_t n_notes;
    int notes;
    bool no_display, no_inline, titled; /* "\]", "\)" do not come any more    */
};

static void put(struct tex *t, size_t from, size_t to);

/* ------------------------------------------------------------------ braces */

static int by_open(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return (x->open > y->open) - (x->open < y->open);
}

/* All pairs in one pass, so that finding an argument costs little whatever the nesting. */
static void find_pairs(struct tex *t)
{
    const char *s = t->s.text.s;
    size_t n = t->s.text.n, deep = 0, cap = 0, cap_open = 0, *open = NULL;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\') {
            i++;
        } else if (s[i] == '%') {
            i = slice_line_end(&t->s, i) - 1;
        } else if (s[i] == '{') {
            if (deep == cap_open) open = mem_grow(open, cap_open = cap_open ? 2 * cap_open : 64, sizeof *open);
            open[deep++] = i;
        } else if (s[i] == '}' && deep) {
            if (t->n_pairs == cap) t->pair = mem_grow(t->pair, cap = cap ? 2 * cap : 256, sizeof *t->pair);
            t->pair[t->n_pairs++] = (struct pair){open[--deep], i};
        }
    }
    mem_free(open);
    if (t->n_pairs > 1) qsort(t->pair, t->n_pairs, sizeof *t->pair, by_open);
}

/* Where the group that opens at `at` closes; SIZE_MAX: nowhere. */
static size_t group_end(const struct tex *t, size_t at)
{
    struct pair key = {at, 0};
    const struct pair *p = t->n_pairs ? bsearch(&key, t->pair, t->n_pairs, sizeof key, by_open) : NULL;
    return p ? p->close : SIZE_MAX;
}

static size_t skip_blanks(const struct tex *t, size_t at, size_t to)
{
    size_t lines = 0, i = at;
    for (; i < to && strchr(" \t\n", t->s.text.s[i]) && t->s.text.s[i]; i++)
        if (t->s.text.s[i] == '\n' && ++lines > 1) return at; /* a paragraph ends: no argument */
    return i;
}

/* An argument in braces at `at`, inside them; false when there is none. */
static bool argument(const struct tex *t, size_t *at, size_t to, struct pair *arg)
{
    size_t i = skip_blanks(t, *at, to);
    size_t end = i < to && t->s.text.s[i] == '{' ? group_end(t, i) : SIZE_MAX;
    if (end == SIZE_MAX || end >= to) return false;
    *arg = (struct pair){i + 1, end};
    *at = end + 1;
    return true;
}

/* Options in brackets at `at` are passed. */
static size_t skip_options(const struct tex *t, size_t at, size_t to)
{
    const char *s = t->s.text.s;
    while (at < to && s[at] == '[') {
        size_t i = at + 1;
        for (int more = 0; i < to && i - at < 4096 && (s[i] != ']' || more > 0); i++) {
            if (s[i] == '\\') i++;
            else if (s[i] == '{') more++;
            else if (s[i] == '}') more--;
        }
        if (i >= to || s[i] != ']') return at;
        at = i + 1;
    }
    return at;
}

/* ------------------------------------------------------------------ blocks */

static void paragraph(struct tex *t)
{
    size_t n = t->n_notes;
    pen_gap(&t->s.pen, PEN_PARA);
    if (!n || t->tables || t->depth > 1) return;
    t->n_notes = 0;
    for (size_t i = 0; i < n; i++) {
        char mark[24];
        snprintf(mark, sizeof mark, "[%zu] ", (size_t)t->notes - n + i + 1);
        t->s.pen.gap = t->s.pen.gap == PEN_PARA && i ? PEN_LINE : PEN_PARA;
        t->s.pen.indent = 0;
        pen_mark(&t->s.pen, mark);
        put(t, t->note[i].open, t->note[i].close);
        *t->s.pen.mark = '\0';
        pen_gap(&t->s.pen, PEN_PARA);
    }
}

static void heading(struct tex *t, struct pair arg, int level)
{
    paragraph(t);
    pen_heading_open(&t->s.pen);
    put(t, arg.open, arg.close);
    pen_heading_close(&t->s.pen, level);
    pen_gap(&t->s.pen, PEN_PARA);
}

static void title(struct tex *t, struct pair arg)
{
    size_t from = doc_length(t->s.pen.b);
    heading(t, arg, 1);
    struct str all = doc_text(t->s.pen.b);
    if (!t->titled && all.n > from) doc_set_title(t->s.pen.b, all.s + from, all.n - from);
    t->titled = true;
}

static void note(struct tex *t, size_t at, size_t end, struct pair arg)
{
    char mark[24];
    if (t->n_notes == NOTES_MAX || t->depth >= DEPTH_MAX) return;
    snprintf(mark, sizeof mark, "[%d]", ++t->notes);
    slice_as(&t->s, at, end, mark);
    t->note[t->n_notes++] = arg;
}

static void item(struct tex *t, size_t *at, size_t to)
{
    char mark[PEN_MARK_MAX] = "- ";
    struct list *l = t->lists ? &t->list[t->lists - 1] : NULL;
    size_t after = skip_options(t, *at, to);
    pen_gap(&t->s.pen, PEN_LINE);
    if (t->s.pen.gap == PEN_PARA && l && l->count) t->s.pen.gap = PEN_LINE;
    if (l) l->count++;
    if (l && l->kind == TEX_NUMBERS) snprintf(mark, sizeof mark, "%d. ", l->count);
    t->s.pen.indent = t->lists;
    pen_mark(&t->s.pen, l && l->kind == TEX_TAGS ? "" : mark);
    if (l && l->kind == TEX_TAGS && after > *at + 2) {
        put(t, *at + 1, after - 1);
        pen_gap(&t->s.pen, PEN_SPACE);
    }
    *at = after;
}

/* The \end{name} behind `at`: where it starts, or the end of all. */
static size_t find_end(const struct tex *t, size_t at, const char *name, size_t len, size_t *behind)
{
    struct buf end = {0};
    buf_addf(&end, "\\end{%.*s}", (int)len, name);
    const char *p = memmem(t->s.text.s + at, t->s.text.n - at, end.s, end.n);
    size_t where = p ? (size_t)(p - t->s.text.s) : t->s.text.n;
    *behind = p ? where + end.n : where;
    buf_free(&end);
    return where;
}

static void put_verbatim(struct tex *t, size_t from, size_t to)
{
    pen_gap(&t->s.pen, PEN_PARA);
    for (size_t at = from, next; at < to; at = next) {
        next = slice_line_end(&t->s, at);
        if (next > to) next = to;
        size_t end = next > at && t->s.text.s[next - 1] == '\n' ? next - 1 : next;
        t->s.pen.pre = true;
        if (end > at) slice_text(&t->s, at, end);
        t->s.pen.pre = false;
        if (at > from || end > at) pen_gap(&t->s.pen, end > at ? PEN_LINE : PEN_PARA);
    }
    pen_gap(&t->s.pen, PEN_PARA);
}

static void begin(struct tex *t, size_t command, size_t *at, size_t to)
{
    struct pair name, arg;
    if (!argument(t, at, to, &name)) return;
    size_t len = name.close - name.open, behind, end;
    const char *word = t->s.text.s + name.open;
    const struct tex_environment *e = tex_environment(word, len);
    enum tex_block block = e ? e->block : TEX_PLAIN;
    if (block == TEX_VERBATIM || block == TEX_MATH || block == TEX_NOTHING) {
        end = find_end(t, *at, word, len, &behind);
        if (block == TEX_MATH) {
            pen_gap(&t->s.pen, PEN_LINE);
            slice_text(&t->s, command, behind);
            pen_gap(&t->s.pen, PEN_LINE);
        } else if (block == TEX_VERBATIM) {
            size_t body = skip_options(t, *at, to);
            for (int i = 0; i < e->args && argument(t, &body, to, &arg);) i++;
            put_verbatim(t, body, end);
        }
        *at = behind;
        return;
    }
    *at = skip_options(t, *at, to);
    int args = e ? e->args : 0;
    if (e && word[len - 1] == '*' && block == TEX_TABLE) args = 2; /* tabular*{width}{columns} */
    for (; args > 0 && argument(t, at, to, &arg); args--) continue;
    if (block == TEX_DOCUMENT) t->body = true;
    if (block == TEX_TABLE) t->tables++;
    bool list = block == TEX_BULLETS || block == TEX_NUMBERS || block == TEX_TAGS;
    if (list && t->lists < LISTS_MAX) t->list[t->lists++] = (struct list){block, 0};
    pen_gap(&t->s.pen, list && t->lists > 1 ? PEN_LINE : PEN_PARA);
}

static void end_block(struct tex *t, size_t *at, size_t to)
{
    struct pair name;
    if (!argument(t, at, to, &name)) return;
    const struct tex_environment *e = tex_environment(t->s.text.s + name.open, name.close - name.open);
    enum tex_block block = e ? e->block : TEX_PLAIN;
    bool list = block == TEX_BULLETS || block == TEX_NUMBERS || block == TEX_TAGS;
    if (block == TEX_DOCUMENT) t->body = false;
    if (block == TEX_TABLE && t->tables) t->tables--;
    if (list && t->lists) t->lists--;
    *t->s.pen.mark = '\0';
    if (list && t->lists) pen_gap(&t->s.pen, PEN_LINE);
    else paragraph(t);
}

/* ------------------------------------------------------------------ commands */

/* \newcommand{\x}[2][y]{...} and \def\x#1{...}: all that follows on from group to group. */
static void skip_definition(const struct tex *t, size_t *at, size_t to, bool def)
{
    struct pair arg;
    if (def) {
        while (*at < to && t->s.text.s[*at] != '{' && t->s.text.s[*at] != '\n') ++*at;
        argument(t, at, to, &arg);
        return;
    }
    if (*at < to && t->s.text.s[*at] == '*') ++*at;
    for (size_t i = *at;; *at = i) {
        i = skip_options(t, i, to);
        if (i == *at && !argument(t, &i, to, &arg)) {
            if (i >= to || t->s.text.s[i] != '\\') return; /* \newcommand\x{...} */
            for (i++; i < to && ((t->s.text.s[i] | 32) >= 'a' && (t->s.text.s[i] | 32) <= 'z'); i++) continue;
        }
    }
}

static void verb(struct tex *t, size_t *at, size_t to)
{
    const char *s = t->s.text.s;
    if (*at < to && s[*at] == '*') ++*at;
    if (*at >= to || s[*at] == '\n') return;
    char mark = s[*at] == '{' ? '}' : s[*at];
    size_t line = slice_line_end(&t->s, *at), from = *at + 1;
    const char *end = from < line ? memchr(s + from, mark, line - from) : NULL;
    if (!end) return;
    slice_text(&t->s, from, (size_t)(end - s));
    *at = (size_t)(end - s) + 1;
}

static void raw(struct tex *t, size_t command, size_t *at, size_t to, bool brackets)
{
    struct pair arg;
    *at = skip_options(t, *at, to);
    if (!argument(t, at, to, &arg)) return;
    if (brackets) slice_as(&t->s, command, arg.open, "[");
    slice_text(&t->s, arg.open, arg.close);
    if (brackets) slice_as(&t->s, arg.close, *at, "]");
}

static void run(struct tex *t, const struct tex_command *c, size_t command, size_t *at, size_t to)
{
    struct pair arg;
    bool found;
    switch (c->action) {
    case TEX_DROP:
        *at = skip_options(t, *at, to);
        for (int i = 0; i < c->arg && argument(t, at, to, &arg); i++) *at = skip_options(t, *at, to);
        break;
    case TEX_HEADING:
    case TEX_TITLE:
    case TEX_AUTHOR:
    case TEX_CAPTION:
    case TEX_NOTE:
        *at = skip_options(t, *at, to);
        found = argument(t, at, to, &arg);
        if (!found) break;
        if (c->action == TEX_HEADING) heading(t, arg, c->arg);
        else if (c->action == TEX_TITLE) title(t, arg);
        else if (c->action == TEX_NOTE) note(t, command, *at, arg);
        else {
            pen_gap(&t->s.pen, PEN_PARA);
            put(t, arg.open, arg.close);
            pen_gap(&t->s.pen, PEN_PARA);
        }
        break;
    case TEX_SIGN:
        slice_as(&t->s, command, *at, c->means);
        *at = *at < to && t->s.text.s[*at] == ' ' && *c->means != ' ' ? *at + 1 : *at;
        break;
    case TEX_RAW: raw(t, command, at, to, false); break;
    case TEX_CITE: raw(t, command, at, to, true); break;
    case TEX_ITEM:
        item(t, at, to);
        if (c->arg) argument(t, at, to, &arg);
        break;
    case TEX_PARAGRAPH: paragraph(t); break;
    case TEX_LINE: pen_gap(&t->s.pen, PEN_LINE); break;
    case TEX_BEGIN: begin(t, command, at, to); break;
    case TEX_END: end_block(t, at, to); break;
    case TEX_VERB: verb(t, at, to); break;
    case TEX_INPUT:
        pen_gap(&t->s.pen, PEN_LINE);
        if (argument(t, at, to, &arg)) slice_text(&t->s, command, *at);
        pen_gap(&t->s.pen, PEN_LINE);
        break;
    case TEX_DEFINE: skip_definition(t, at, to, strstr(c->name, "def") || !strcmp(c->name, "let")); break;
    case TEX_KEEP: break;
    }
}

/* \'e, \'{e}, \c{c}, \v s */
static bool accent(struct tex *t, size_t command, size_t *at, size_t to)
{
    const char *s = t->s.text.s;
    char mark = s[command + 1], c[5] = "";
    size_t i = *at;
    while (i < to && s[i] == ' ') i++;
    bool braces = i + 2 < to && s[i] == '{' && s[i + 2] == '}';
    size_t letter = braces ? i + 1 : i;
    if (letter < to && s[letter] == '\\' && letter + 1 < to) letter++; /* \'\i */
    uint32_t cp = letter < to ? tex_accent(mark, s[letter]) : 0;
    if (!cp) return false;
    c[utf8_put(cp, c)] = '\0';
    *at = letter + 1 + braces;
    slice_as(&t->s, command, *at, c);
    return true;
}

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* Math stands as it is, with its marks. */
static size_t math(struct tex *t, size_t at, const char *end, size_t skip, bool *none)
{
    const char *s = t->s.text.s;
    const char *p = none && *none ? NULL
                                  : memmem(s + at + skip, t->s.text.n - at - skip, end, strlen(end));
    if (!p) {
        if (none) *none = true;
        return at + skip;
    }
    size_t stop = (size_t)(p - s) + strlen(end);
    slice_text(&t->s, at, stop);
    return stop;
}

/* The character behind a backslash that is no letter. */
static size_t symbol(struct tex *t, size_t at, size_t to)
{
    const char *s = t->s.text.s;
    size_t next = at + 2;
    switch (s[at + 1]) {
    case '\\':
        if (next < to && s[next] == '*') next++;
        pen_gap(&t->s.pen, PEN_LINE);
        return skip_options(t, next, to);
    case '[': return math(t, at, "\\]", 2, &t->no_display);
    case '(': return math(t, at, "\\)", 2, &t->no_inline);
    case '%':
    case '&':
    case '_':
    case '#':
    case '$':
    case '{':
    case '}': slice_text(&t->s, at + 1, next); return next;
    case ' ':
    case '\n':
    case ',':
    case ';':
    case ':': pen_gap(&t->s.pen, PEN_SPACE); return next;
    default: accent(t, at, &next, to); return next;
    }
}

static size_t command(struct tex *t, size_t at, size_t to)
{
    const char *s = t->s.text.s;
    size_t end = at + 1;
    if (end >= to) return to;
    if (!is_letter(s[end])) return t->body ? symbol(t, at, to) : end + 1;
    while (end < to && is_letter(s[end])) end++;
    size_t len = end - at - 1;
    const struct tex_command *c = tex_command(s + at + 1, len);
    bool shown = t->body || (c && (c->action == TEX_TITLE || c->action == TEX_AUTHOR || c->action == TEX_BEGIN ||
                                   c->action == TEX_DEFINE || c->action == TEX_DROP));
    if (!shown) return end;
    if (len == 1 && accent(t, at, &end, to)) return end;
    if (end < to && s[end] == '*') end++;
    if (c) run(t, c, at, &end, to);
    else end = skip_options(t, end, to);
    while (end < to && s[end] == ' ' && !c) { /* a blank that ends a command is none */
        end++;
        if (end > at + len + 1) pen_gap(&t->s.pen, PEN_SPACE);
    }
    return end;
}

/* ------------------------------------------------------------------ text */

/* What stands for other characters: its length, or 0. */
static size_t ligature(struct tex *t, size_t i, size_t to)
{
    static const struct { const char *written, *means; } all[] = {
        {"---", "\xe2\x80\x94"}, {"--", "\xe2\x80\x93"}, {"``", "\xe2\x80\x9c"}, {"''", "\xe2\x80\x9d"},
        {"~", " "},              {"`", "\xe2\x80\x98"},
    };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        size_t n = strlen(all[k].written);
        if (to - i < n || memcmp(t->s.text.s + i, all[k].written, n)) continue;
        slice_as(&t->s, i, i + n, all[k].means);
        return n;
    }
    return 0;
}

/* One character that means something; returns where to go on. */
static size_t special(struct tex *t, size_t i, size_t to)
{
    const char *s = t->s.text.s;
    switch (s[i]) {
    case '%': return slice_line_end(&t->s, i) < to ? slice_line_end(&t->s, i) : to;
    case '\\': return command(t, i, to);
    case '{':
    case '}': return i + 1;
    case '$':
        if (!t->body) return i + 1;
        return i + 1 < to && s[i + 1] == '$' ? math(t, i, "$$", 2, NULL) : math(t, i, "$", 1, NULL);
    case '&':
        if (t->tables) pen_gap(&t->s.pen, PEN_CELL);
        else if (t->body) slice_text(&t->s, i, i + 1);
        return i + 1;
    case '\n': {
        size_t k = i + 1;
        while (k < to && (s[k] == ' ' || s[k] == '\t')) k++;
        if (k < to && s[k] == '\n' && !t->tables) paragraph(t);
        else pen_gap(&t->s.pen, PEN_SPACE);
        return i + 1;
    }
    default: {
        size_t n = t->body ? ligature(t, i, to) : 0;
        if (!n && t->body) slice_text(&t->s, i, i + 1);
        return i + (n ? n : 1);
    }
    }
}

static void put(struct tex *t, size_t from, size_t to)
{
    const char *s = t->s.text.s;
    bool body = t->body;
    if (t->depth >= DEPTH_MAX) return;
    t->depth++;
    if (t->depth > 1) t->body = true; /* of a title in the preamble */
    for (size_t i = from; i < to;) {
        size_t j = i;
        while (j < to && !strchr("%\\{}$&\n~`'-", s[j])) j++;
        if (j > i && t->body) slice_text(&t->s, i, j);
        i = j < to ? special(t, j, to) : j;
    }
    t->depth--;
    if (t->depth > 0) t->body = body;
}

/* ------------------------------------------------------------------ the reader */

static enum err read(struct doc_builder *b, const struct ingest_options *o, const char *name,
                     const void *bytes, size_t n, struct errinfo *e)
{
    struct arena *a = arena_new();
    struct tex t = {.note = NEW(a, struct pair, NOTES_MAX)};
    doc_set_kind(b, DOC_PROSE, NULL);
    enum err r = slice_open(&t.s, a, b, o, name, bytes, n, e);
    if (!r) {
        t.body = !memmem(t.s.text.s, t.s.text.n, "\\begin{document}", 16);
        find_pairs(&t);
        put(&t, 0, t.s.text.n);
        t.depth = 1;
        paragraph(&t);
    }
    mem_free(t.pair);
    arena_free(a);
    return r;
}

static const char *const suffixes[] = {".tex", ".ltx", ".latex", NULL};

static int sniff(const char *name, const unsigned char *head, size_t n)
{
    if (str_has_any_suffix(name, suffixes)) return 85;
    const void *class = memmem(head, n < 4096 ? n : 4096, "\\documentclass", 14);
    return class && memmem(head, n, "\\begin{document}", 16) ? 55 : 0;
}

const struct reader read_tex = {"latex", suffixes, sniff, .read = read, .title = "LaTeX"};
