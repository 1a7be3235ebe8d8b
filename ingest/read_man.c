#include "ingest/read_man.h"

#include <stdio.h>
#include <string.h>

#include "ingest/roff_escape.h"
#include "ingest/roff_page.h"

/* ------------------------------------------------------------------ lines and words */

bool roff_is(const struct roff_page *p, struct roff_word w, const char *what)
{
    return w.to - w.from == strlen(what) && !memcmp(p->s.text.s + w.from, what, w.to - w.from);
}

size_t roff_words(const struct roff_page *p, size_t from, size_t to, struct roff_word w[ROFF_WORDS])
{
    const char *t = p->s.text.s;
    size_t n = 0;
    while (n < ROFF_WORDS) {
        while (from < to && (t[from] == ' ' || t[from] == '\t')) from++;
        if (from >= to || (t[from] == '\\' && from + 1 < to && t[from + 1] == '"')) break;
        bool quoted = t[from] == '"';
        size_t i = from += quoted;
        for (; i < to; i++) {
            if (t[i] == '\\' && i + 1 < to) i++;
            else if (quoted ? t[i] == '"' : t[i] == ' ' || t[i] == '\t') break;
        }
        w[n++] = (struct roff_word){from, i < to ? i : to};
        from = i + (quoted && i < to);
    }
    return n;
}

/* ------------------------------------------------------------------ text */

void roff_gap(struct roff_page *p, enum pen_gap g)
{
    pen_gap(&p->s.pen, g);
    p->join = false;
    if (g >= PEN_PARA) p->body = false;
}

void roff_text(struct roff_page *p, size_t from, size_t to)
{
    const char *t = p->s.text.s;
    p->s.pen.pre = !p->fill;
    for (size_t i = from, plain = from; i <= to;) {
        if (i < to && t[i] != '\\') {
            i++;
            continue;
        }
        slice_text(&p->s, plain, i);
        if (i >= to) break;
        const char *means;
        char room[ROFF_ROOM];
        size_t k = roff_escape(t + i, to - i, room, &means);
        if (!means) p->join = true;
        else if (*means) slice_as(&p->s, i, i + k, means);
        plain = i += k;
    }
    p->s.pen.pre = false;
}

void roff_heading(struct roff_page *p, size_t from, size_t to, int level)
{
    p->fill = true;
    p->tag = p->body = false;
    roff_gap(p, PEN_PARA);
    pen_heading_open(&p->s.pen);
    roff_text(p, from, to);
    pen_heading_close(&p->s.pen, level);
    pen_gap(&p->s.pen, PEN_LINE);
}

/* Behind a piece of text: a tag ends its line, what flows goes on. */
static void end_piece(struct roff_page *p)
{
    if (p->tag) {
        p->tag = false;
        p->body = true;
        pen_gap(&p->s.pen, PEN_LINE);
    } else if (p->join) {
        p->join = false;
    } else {
        pen_gap(&p->s.pen, p->fill ? PEN_SPACE : PEN_LINE);
    }
}

/* .BR a b: one font after the other, without blanks; .B a b: with. */
static void put_fonts(struct roff_page *p, const struct roff_word *w, size_t n, bool blanks)
{
    for (size_t i = 1; i < n; i++) {
        if (blanks && i > 1) pen_gap(&p->s.pen, PEN_SPACE);
        roff_text(p, w[i].from, w[i].to);
    }
    if (n > 1) end_piece(p);
}

/* ------------------------------------------------------------------ blocks that are not text */

/* Passes lines up to one that begins with `end` ("..", ".TE"); returns where that line starts. */
static size_t pass_until(struct roff_page *p, const char *end)
{
    size_t k = strlen(end);
    while (p->at < p->s.text.n) {
        size_t from = p->at;
        p->at = slice_line_end(&p->s, from);
        if (p->at - from >= k && !memcmp(p->s.text.s + from, end, k)) return from;
    }
    return p->s.text.n;
}

/* A condition that does not hold: its line, or its braces. */
static void pass_branch(struct roff_page *p, size_t from, size_t to)
{
    int depth = 0;
    for (;;) {
        const char *t = p->s.text.s;
        for (size_t i = from; i + 1 < to; i++) {
            if (t[i] != '\\') continue;
            depth += t[i + 1] == '{';
            depth -= t[i + 1] == '}';
            i++;
        }
        if (depth <= 0 || p->at >= p->s.text.n) return;
        from = p->at;
        to = p->at = slice_line_end(&p->s, from);
    }
}

/* The rows of a table (tbl): cells between tabs, or what tab(x) says, or T{ and T}. */
static void put_table(struct roff_page *p)
{
    size_t end = p->at;
    struct roff_page copy = *p;
    end = pass_until(&copy, ".TE");
    const char *t = p->s.text.s;
    char tab = '\t';
    bool format = true, block = false;
    pen_gap(&p->s.pen, PEN_PARA);
    for (size_t at = p->at, next; at < end; at = next) {
        next = slice_line_end(&p->s, at);
        size_t to = next > at && t[next - 1] == '\n' ? next - 1 : next;
        if (format) { /* options and formats: up to the line that ends with a dot */
            const char *o = memmem(t + at, to - at, "tab(", 4);
            if (o && o + 4 < t + to) tab = o[4];
            format = !(to > at && t[to - 1] == '.');
            continue;
        }
        if (to > at && t[at] == '.' && to - at > 1) continue;
        if (to - at == 1 && (t[at] == '_' || t[at] == '=')) continue;
        for (size_t i = at, j; i <= to; i = j + 1) {
            for (j = i; j < to && t[j] != tab; j++) continue;
            size_t from = i, stop = j;
            if (block && stop - from >= 2 && !memcmp(t + from, "T}", 2)) block = false, from += 2;
            bool opens = stop - from >= 2 && !memcmp(t + from, "T{", 2);
            if (opens) from += 2, block = true;
            p->s.pen.cell = 1;
            if (from < stop && !(stop - from == 1 && strchr("_=", t[from]))) roff_text(p, from, stop);
            p->s.pen.cell = 0;
            if (j < to) pen_gap(&p->s.pen, PEN_CELL);
        }
        p->s.pen.cell = block;
        pen_gap(&p->s.pen, block ? PEN_SPACE : PEN_LINE);
        p->s.pen.cell = 0;
    }
    p->at = copy.at;
    pen_gap(&p->s.pen, PEN_PARA);
}

/* ------------------------------------------------------------------ requests and man(7) */

/* "NAME(SECTION)" of .TH and .Dt. */
static void put_title(struct roff_page *p, const struct roff_word *w, size_t n)
{
    struct buf title = {0};
    if (n < 2) return;
    buf_add(&title, p->s.text.s + w[1].from, w[1].to - w[1].from);
    if (n > 2) buf_addf(&title, "(%.*s)", (int)(w[2].to - w[2].from), p->s.text.s + w[2].from);
    doc_set_title(p->s.pen.b, title.s ? title.s : "", title.n);
    buf_free(&title);
}

/* .IP tag: a short mark stands before the text, a word on a line of its own. */
static void put_item(struct roff_page *p, const struct roff_word *w, size_t n)
{
    roff_gap(p, PEN_PARA);
    if (n < 2 || w[1].from == w[1].to) return;
    p->fill = true;
    roff_text(p, w[1].from, w[1].to);
    size_t len = w[1].to - w[1].from;
    bool mark = len <= 3 || p->s.text.s[w[1].from] == '\\';
    pen_gap(&p->s.pen, mark ? PEN_SPACE : PEN_LINE);
}

static void put_link(struct roff_page *p, const struct roff_word *w, size_t n)
{
    if (n < 2) return;
    roff_text(p, w[1].from, w[1].to);
    end_piece(p);
}

/* .if and .ie: text for a terminal (n) is shown, what is for a printer (t) is not. */
static void take_condition(struct roff_page *p, const struct roff_word *w, size_t n, size_t to)
{
    bool holds = n > 1 && (roff_is(p, w[1], "n") || roff_is(p, w[1], "!t"));
    size_t rest = n > 1 ? w[1].to : to;
    if (!holds) pass_branch(p, rest, to);
}

static const char *const ignored[] = {
    "ad", "na", "hy", "nh", "ne", "ta", "ft", "ps", "vs", "ll", "in", "ti", "so", "ds", "nr", "rm", "rn",
    "tr", "ev", "fam", "lf", "mk", "rt", "bp", "pl", "po", "cs", "ss", "as", "de1", "PD", "HP", "DT", "IX",
    "UC", "AT", "do", "hla", "hcode", "cc", "ec", "eo", "pc", "nop", "am1", "warn", "it", "els", "tm", "mso",
    "color", "ie", "el", "if",
};

static bool one_of(const struct roff_page *p, struct roff_word w, const char *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (roff_is(p, w, v[i])) return true;
    return false;
}

/* Paragraphs and margins; true when it was one of these. */
static bool block_macro(struct roff_page *p, const struct roff_word *w, size_t n)
{
    static const char *const paragraphs[] = {"PP", "LP", "P", "sp", "HP"};
    if (one_of(p, w[0], paragraphs, 5)) roff_gap(p, PEN_PARA);
    else if (roff_is(p, w[0], "TP") || roff_is(p, w[0], "TQ")) {
        roff_gap(p, roff_is(p, w[0], "TP") ? PEN_PARA : PEN_LINE);
        p->tag = true;
    } else if (roff_is(p, w[0], "IP")) put_item(p, w, n);
    else if (roff_is(p, w[0], "br")) roff_gap(p, PEN_LINE);
    else if (roff_is(p, w[0], "RS")) p->indent++, roff_gap(p, PEN_LINE);
    else if (roff_is(p, w[0], "RE")) p->indent--, roff_gap(p, PEN_PARA);
    else if (roff_is(p, w[0], "nf") || roff_is(p, w[0], "EX")) p->fill = false, roff_gap(p, PEN_LINE);
    else if (roff_is(p, w[0], "fi") || roff_is(p, w[0], "EE")) p->fill = true, roff_gap(p, PEN_LINE);
    else if (roff_is(p, w[0], "TS")) put_table(p);
    else if (roff_is(p, w[0], "SY")) roff_gap(p, PEN_PARA), put_fonts(p, w, n, true);
    else if (roff_is(p, w[0], "YS")) roff_gap(p, PEN_PARA);
    else return false;
    return true;
}

static bool font_macro(struct roff_page *p, const struct roff_word *w, size_t n)
{
    static const char *const together[] = {"BR", "IR", "RB", "RI", "BI", "IB"};
    static const char *const apart[] = {"B", "I", "SM", "SB", "R", "OP"};
    static const char *const links[] = {"UR", "MT", "UE", "ME"};
    if (one_of(p, w[0], together, 6)) put_fonts(p, w, n, false);
    else if (one_of(p, w[0], apart, 6)) put_fonts(p, w, n, true);
    else if (one_of(p, w[0], links, 4)) put_link(p, w, n);
    else return false;
    return true;
}

static void read_macro(struct roff_page *p, size_t from, size_t to)
{
    struct roff_word w[ROFF_WORDS];
    size_t n = roff_words(p, from + 1, to, w);
    if (!n) return;
    size_t rest = n > 1 ? w[1].from : to, end = n > 1 ? w[n - 1].to : to;
    if (roff_is(p, w[0], "TH")) put_title(p, w, n);
    else if (roff_is(p, w[0], "SH")) roff_heading(p, rest, end, 1);
    else if (roff_is(p, w[0], "SS")) roff_heading(p, rest, end, 2);
    else if (roff_is(p, w[0], "de") || roff_is(p, w[0], "am") || roff_is(p, w[0], "ig"))
        pass_until(p, "..");
    else if (roff_is(p, w[0], "EQ")) pass_until(p, ".EN");
    else if (roff_is(p, w[0], "if") || roff_is(p, w[0], "ie")) take_condition(p, w, n, to);
    else if (roff_is(p, w[0], "el")) pass_branch(p, w[0].to, to);
    else if (block_macro(p, w, n) || font_macro(p, w, n)) return;
    else if (roff_is(p, w[0], "Dt")) put_title(p, w, n);
    else if (!roff_mdoc(p, w, n, to) && !one_of(p, w[0], ignored, sizeof ignored / sizeof *ignored) &&
             w[0].to - w[0].from > 3)
        put_fonts(p, w, n, true); /* a macro of the page's own: its words are its text */
}

static void read_lines(struct roff_page *p)
{
    const char *t = p->s.text.s;
    while (p->at < p->s.text.n) {
        size_t from = p->at;
        p->at = slice_line_end(&p->s, from);
        size_t to = p->at > from && t[p->at - 1] == '\n' ? p->at - 1 : p->at;
        if (to > from && (t[from] == '.' || t[from] == '\'')) {
            read_macro(p, from, to);
        } else if (from == to) {
            roff_gap(p, p->fill ? PEN_PARA : PEN_PARA);
        } else {
            if (p->fill && t[from] == ' ') pen_gap(&p->s.pen, PEN_LINE);
            roff_text(p, from, to);
            end_piece(p);
        }
    }
}

/* ------------------------------------------------------------------ the reader */

static enum err read(struct doc_builder *b, const struct ingest_options *o, const char *name,
                     const void *bytes, size_t n, struct errinfo *e)
{
    struct arena *a = arena_new();
    struct roff_page p = {.fill = true};
    doc_set_kind(b, DOC_PROSE, NULL);
    enum err r = slice_open(&p.s, a, b, o, name, bytes, n, e);
    if (!r) read_lines(&p);
    arena_free(a);
    return r;
}

/* The first line that is no comment is one of these. */
static bool begins_page(const char *s, size_t n)
{
    static const char *const first[] = {".TH ", ".Dd", ".Dt ", ".SH ", ".Sh "};
    for (size_t i = 0, lines = 0; i < n && lines < 400; lines++) {
        const char *nl = memchr(s + i, '\n', n - i);
        size_t len = nl ? (size_t)(nl - s) - i : n - i;
        for (size_t k = 0; k < sizeof first / sizeof *first; k++)
            if (len >= strlen(first[k]) && !memcmp(s + i, first[k], strlen(first[k]))) return true;
        if (len && s[i] != '.' && s[i] != '\'' && s[i] != '\\' && lines < 1) return false;
        i += len + 1;
    }
    return false;
}

/* page.1, page.3pm, page.man */
static bool named_page(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name) return false;
    bool section = dot[1] >= '1' && dot[1] <= '9' && strlen(dot) <= 8;
    return section || !strcmp(dot, ".man") || !strcmp(dot, ".mdoc") || !strcmp(dot, ".n");
}

static int sniff(const char *name, const unsigned char *head, size_t n)
{
    bool page = begins_page((const char *)head, n);
    return !page ? 0 : named_page(name) ? 90 : 60;
}

static const char *const suffixes[] = {".1", ".2", ".3", ".4", ".5", ".6", ".7", ".8", ".man",
                                       ".mdoc", NULL};
const struct reader read_man = {"man", suffixes, sniff, .read = read, .title = "manual page"};
