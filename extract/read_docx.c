/* read_docx.c: Word documents.
 *
 *   zip, office     the members
 *   docx_styles     headings, lists
 *   read_docx       paragraphs, tables, notes -> the document
 *
 * What a reader of the page sees: insertions are in, deletions and hidden text out.  Notes and text
 * boxes follow the paragraph (the table) that they belong to.  A place is a paragraph, counted over
 * all that have text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/aside.h"
#include "extract/docx_styles.h"
#include "extract/extract.h"
#include "extract/numerals.h"
#include "extract/office.h"
#include "ingest/pen.h"

enum { NOTES_MAX = 100000 };

struct note {
    const char *id;
    size_t from, to; /* in the text of the aside */
};

struct notes {
    struct note *v;
    size_t n, cap;
    int shown; /* number of the last one that was referred to */
    enum numerals numerals;
};

struct docx {
    struct pen *pen; /* writes into the document, or aside */
    struct pen body;
    struct aside aside;
    struct arena *a;
    struct docx_styles *styles;
    struct notes foot, end;
    uint32_t paragraph;
    bool was_item, was_code, joined, titled;
    bool broken;     /* a part ended early */
    bool show_hidden;
    size_t hidden;   /* characters         */
};

static void walk(struct docx *d, struct pull *p);
static void read_element(struct docx *d, struct pull *p);

/* ------------------------------------------------------------------ notes and boxes */

static bool in_body(const struct docx *d)
{
    return d->pen == &d->body;
}

/* Reads what is inside an element into the aside. */
static void walk_aside(struct docx *d, struct pull *p, size_t *from, size_t *to)
{
    struct pen *before = d->pen;
    d->pen = &d->aside.pen;
    pen_gap(d->pen, PEN_PARA);
    *from = doc_length(d->aside.b);
    walk(d, p);
    *to = doc_length(d->aside.b);
    d->pen = before;
}

static void write_asides(struct docx *d)
{
    if (in_body(d) && d->pen->cell == 0 && aside_write(&d->aside, d->pen)) d->was_item = false;
}

static void read_notes(struct docx *d, struct notes *notes, const struct zip_member *m,
                       const char *element)
{
    struct pull p;
    enum pull_event ev;
    if (!m) return;
    pull_open(&p, m->s, m->n);
    while ((ev = pull_next(&p)) != PULL_END && notes->n < NOTES_MAX) {
        if (ev != PULL_OPEN || !pull_is(&p, element) || pull_has(&p, "type")) continue;
        if (notes->n == notes->cap) {
            notes->cap = notes->cap ? 2 * notes->cap : 32;
            notes->v = mem_grow(notes->v, notes->cap, sizeof *notes->v);
        }
        struct note *n = &notes->v[notes->n++];
        const char *id = pull_attr(&p, "id");
        n->id = mem_copy(d->a, id, strlen(id));
        walk_aside(d, &p, &n->from, &n->to);
    }
    d->broken |= p.broken;
    pull_close(&p);
}

static void refer(struct docx *d, struct notes *notes, const char *id)
{
    char number[24], mark[32];
    for (size_t i = 0; i < notes->n; i++) {
        if (strcmp(notes->v[i].id, id)) continue;
        numerals_put(number, sizeof number, ++notes->shown, notes->numerals, true);
        snprintf(mark, sizeof mark, "[%s]", number);
        pen_textz(d->pen, mark);
        snprintf(mark, sizeof mark, "[%s] ", number);
        const struct note *n = &notes->v[i];
        if (in_body(d)) aside_queue(&d->aside, n->from, n->to, mark, &d->pen->at);
        return;
    }
}

/* ------------------------------------------------------------------ paragraphs */

static bool is_on(const struct pull *p)
{
    const char *v = pull_attr(p, "val");
    return strcmp(v, "0") && strcmp(v, "false") && strcmp(v, "off");
}

/* w:pPr, which comes first in a paragraph.  *joins: its end is deleted. */
static void paragraph_style(struct docx *d, struct pull *p, struct docx_style *s, bool *joins)
{
    int depth = p->depth, num = -1, level = -1, outline = -1;
    enum pull_event ev;
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        const char *val = pull_attr(p, "val");
        if (pull_is(p, "pStyle")) *s = docx_style_of(d->styles, val);
        else if (pull_is(p, "numId")) num = atoi(val);
        else if (pull_is(p, "ilvl")) level = atoi(val);
        else if (pull_is(p, "outlineLvl")) outline = atoi(val);
        else if (pull_is(p, "del") || pull_is(p, "moveFrom")) *joins = true;
        else if (pull_is(p, "pPrChange") || pull_is(p, "sectPr")) pull_skip(p);
    }
    if (num >= 0) s->num = num;
    if (level >= 0) s->level = level;
    if (outline >= 0 && outline < 9) s->heading = outline + 1;
    s->hidden = false; /* that is of its mark */
}

static void paragraph_start(struct docx *d, const struct docx_style *s, bool item)
{
    char mark[PEN_MARK_MAX] = "";
    d->pen->pre = s->code;
    pen_gap(d->pen, d->joined ? PEN_NONE : PEN_PARA);
    bool goes_on = (item && d->was_item) || (s->code && d->was_code);
    if (goes_on && d->pen->gap == PEN_PARA) d->pen->gap = PEN_LINE;
    d->was_code = s->code;
    if (s->num > 0) docx_list_mark(d->styles, s->num, s->level < 0 ? 0 : s->level, mark);
    d->pen->indent = item ? (s->level < 0 ? 0 : s->level) + 1 : 0;
    if (d->pen->cell == 0) pen_mark(d->pen, mark);
    else *d->pen->mark = '\0';
    if (s->heading && in_body(d)) pen_heading_open(d->pen);
    if (in_body(d)) d->pen->at.line = d->paragraph + 1;
}

static void paragraph_end(struct docx *d, const struct docx_style *s, size_t from)
{
    bool body = in_body(d);
    struct str t = doc_text(d->pen->b);
    d->pen->pre = false;
    *d->pen->mark = '\0';
    if (body && s->heading) pen_heading_close(d->pen, s->heading);
    if (body && t.n > from) d->paragraph++;
    if (body && s->title && !d->titled && t.n > from) {
        doc_set_title(d->pen->b, t.s + from, t.n - from);
        d->titled = true;
    }
    if (!d->joined) pen_gap(d->pen, PEN_PARA);
    write_asides(d);
}

static void read_paragraph(struct docx *d, struct pull *p)
{
    int depth = p->depth;
    struct docx_style s = {.num = -1, .level = -1};
    enum pull_event ev;
    bool joins = false, item = false, started = false;
    size_t from = doc_length(d->pen->b);
    while (pull_inside(p, depth, &ev)) {
        if (ev == PULL_OPEN && pull_is(p, "pPr") && !started) {
            paragraph_style(d, p, &s, &joins);
            continue;
        }
        if (ev != PULL_OPEN) continue;
        if (!started) {
            item = s.num > 0 && !s.heading && d->pen->cell == 0;
            paragraph_start(d, &s, item);
            started = true;
        }
        read_element(d, p);
    }
    if (!started && !joins) paragraph_start(d, &s, false); /* an empty item counts, too */
    else d->was_item = item;
    d->joined = joins;
    paragraph_end(d, &s, from);
}

/* ------------------------------------------------------------------ runs */

static bool run_hidden(struct docx *d, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    bool hidden = false;
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "vanish")) hidden = is_on(p);
        else if (pull_is(p, "rStyle")) hidden |= docx_style_of(d->styles, pull_attr(p, "val")).hidden;
        else if (pull_is(p, "rPrChange")) pull_skip(p);
    }
    return hidden && !d->show_hidden;
}

static void read_text(struct docx *d, struct pull *p, bool hidden)
{
    int depth = p->depth;
    enum pull_event ev;
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_TEXT) continue;
        if (hidden) d->hidden += utf8_count(p->text.s, p->text.n);
        else pen_text(d->pen, p->text.s, p->text.n);
    }
}

static void read_symbol(struct docx *d, const struct pull *p)
{
    char c[4];
    unsigned long cp = strtoul(pull_attr(p, "char"), NULL, 16);
    bool own = cp >= 0xe000 && cp < 0xf900; /* of a font without Unicode: a tick, a bullet */
    if (cp >= 0x20 && cp < 0x110000 && !own && (cp < 0xd800 || cp > 0xdfff))
        pen_text(d->pen, c, utf8_put((uint32_t)cp, c));
}

static void line_break(struct docx *d)
{
    if (d->pen->pre) pen_text(d->pen, "\n", 1);
    else pen_gap(d->pen, PEN_LINE);
}

static void read_run(struct docx *d, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    bool hidden = false;
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "rPr")) hidden = run_hidden(d, p);
        else if (pull_is(p, "t")) read_text(d, p, hidden);
        else if (hidden) pull_skip(p);
        else if (pull_is(p, "tab") || pull_is(p, "ptab")) pen_gap(d->pen, PEN_TAB);
        else if (pull_is(p, "br") || pull_is(p, "cr")) line_break(d);
        else if (pull_is(p, "noBreakHyphen")) pen_textz(d->pen, "-");
        else if (pull_is(p, "sym")) read_symbol(d, p);
        else if (pull_is(p, "footnoteReference")) refer(d, &d->foot, pull_attr(p, "id"));
        else if (pull_is(p, "endnoteReference")) refer(d, &d->end, pull_attr(p, "id"));
        else read_element(d, p);
    }
}

/* ------------------------------------------------------------------ tables */

/* Deleted by a tracked change. */
static bool row_deleted(struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    bool gone = false;
    while (pull_inside(p, depth, &ev)) gone |= ev == PULL_OPEN && pull_is(p, "del");
    return gone;
}

static void read_row(struct docx *d, struct pull *p, bool layout)
{
    int depth = p->depth;
    enum pull_event ev;
    pen_gap(d->pen, PEN_LINE);
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "trPr")) {
            if (!row_deleted(p)) continue;
            while (pull_inside(p, depth, &ev)) continue;
            return;
        }
        if (pull_is(p, "tc")) {
            pen_gap(d->pen, layout ? PEN_PARA : PEN_CELL);
            d->pen->cell += !layout;
            walk(d, p);
            d->pen->cell -= !layout;
        } else {
            read_element(d, p);
        }
    }
    pen_gap(d->pen, PEN_LINE);
}

/* A table of one column is a frame around paragraphs. */
static void read_table(struct docx *d, struct pull *p)
{
    int depth = p->depth, columns = 0;
    enum pull_event ev;
    pen_gap(d->pen, PEN_PARA);
    d->was_item = false;
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "gridCol")) columns++;
        else if (pull_is(p, "tr")) read_row(d, p, columns == 1);
        else if (pull_is(p, "tblPr")) pull_skip(p);
    }
    pen_gap(d->pen, PEN_PARA);
    write_asides(d);
}

/* ------------------------------------------------------------------ everything else */

/* What is not shown, or is shown by another element too. */
static bool is_left_out(const struct pull *p)
{
    static const char *const names[] = {
        "del", "moveFrom", "Fallback", "instrText", "delText", "sdtPr", "sectPr", "pPr", "rPr",
        "tcPr", "ctrlPr", "rt", "annotationRef", "tblGrid", "docPr", "numPicBullet", "fldData",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (pull_is(p, names[i])) return true;
    return false;
}

static void read_box(struct docx *d, struct pull *p)
{
    size_t from, to;
    if (!in_body(d)) { /* where it stands */
        walk(d, p);
        return;
    }
    walk_aside(d, p, &from, &to);
    aside_queue(&d->aside, from, to, "", &d->body.at);
}

/* The m:val of the property at hand when it is the named one: a sign of a formula. */
static void take_sign(struct pull *p, const char *property, char out[8])
{
    if (!pull_is(p, property)) return;
    snprintf(out, 8, "%.7s", pull_attr(p, "val"));
    out[utf8_check(out, strlen(out))] = '\0';
}

/* Something in brackets, with separators between its parts: m:d. */
static void read_delimited(struct docx *d, struct pull *p)
{
    char close[8] = ")";
    enum pull_event ev;
    bool any = false, open = false;
    for (int depth = p->depth; pull_inside(p, depth, &ev);) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "dPr")) {
            char begin[8] = "(";
            for (int inner = p->depth; pull_inside(p, inner, &ev);) {
                if (ev != PULL_OPEN) continue;
                take_sign(p, "begChr", begin);
                take_sign(p, "endChr", close);
            }
            pen_textz(d->pen, begin);
            open = true;
        } else if (pull_is(p, "e")) {
            if (!open) pen_textz(d->pen, "(");
            if (any) pen_textz(d->pen, "|");
            any = open = true;
            walk(d, p);
        } else {
            read_element(d, p);
        }
    }
    pen_textz(d->pen, close);
}

/* Formulas: the signs that stand between their parts. */
static bool read_formula(struct docx *d, struct pull *p)
{
    if (!strstr(p->space, "/math")) return false;
    if (pull_is(p, "d")) {
        read_delimited(d, p);
    } else if (pull_is(p, "naryPr")) {
        char sign[8] = "\xe2\x88\xab";
        enum pull_event ev;
        for (int depth = p->depth; pull_inside(p, depth, &ev);)
            if (ev == PULL_OPEN) take_sign(p, "chr", sign);
        pen_textz(d->pen, sign);
    } else {
        return false;
    }
    return true;
}

static void read_element(struct docx *d, struct pull *p)
{
    static const struct { const char *name, *sign; } math[] = {
        {"den", "/"}, {"sup", "^"}, {"sub", "_"}, {"rad", "\xe2\x88\x9a"}};
    for (size_t i = 0; i < sizeof math / sizeof *math; i++)
        if (pull_is(p, math[i].name)) pen_textz(d->pen, math[i].sign);
    if (read_formula(d, p)) return;
    if (pull_is(p, "p")) read_paragraph(d, p);
    else if (pull_is(p, "r")) read_run(d, p);
    else if (pull_is(p, "t")) read_text(d, p, false);
    else if (pull_is(p, "tbl")) read_table(d, p);
    else if (pull_is(p, "txbxContent")) read_box(d, p);
    else if (is_left_out(p)) pull_skip(p);
    else walk(d, p);
}

/* Reads all that is inside the element that has just opened.  Depth is bounded by the parser. */
static void walk(struct docx *d, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    while (pull_inside(p, depth, &ev))
        if (ev == PULL_OPEN) read_element(d, p);
}

static size_t count_comments(const struct zip_member *m)
{
    size_t count = 0;
    struct pull p;
    enum pull_event ev;
    if (!m) return 0;
    pull_open(&p, m->s, m->n);
    while ((ev = pull_next(&p)) != PULL_END) count += ev == PULL_OPEN && pull_is(&p, "comment");
    pull_close(&p);
    return count;
}

static void read_parts(struct docx *d, const struct zip *z, const struct zip_member *main)
{
    struct pull p;
    enum pull_event ev;
    struct office_rels rels = office_rels_of(z, d->a, main->name);
    static const char *const types[] = {"styles", "numbering", "footnotes", "endnotes", "comments"};
    const struct zip_member *part[5];
    for (int i = 0; i < 5; i++) part[i] = office_part(z, d->a, main->name, &rels, types[i]);
    d->styles = docx_styles_read(d->a, part[0], part[1]);
    read_notes(d, &d->foot, part[2], "footnote");
    read_notes(d, &d->end, part[3], "endnote");
    if (d->foot.n) d->end.numerals = NUMERALS_ROMAN;
    d->pen = &d->body;
    d->was_item = d->joined = false;
    pull_open(&p, main->s, main->n);
    while ((ev = pull_next(&p)) != PULL_END)
        if (ev == PULL_OPEN && pull_is(&p, "body")) walk(d, &p);
    d->broken |= p.broken;
    pull_close(&p);
    office_note_damage(d->body.b, z, d->broken);
    office_note_left_out(d->body.b, count_comments(part[4]), "comment");
    office_note_left_out(d->body.b, d->hidden, "hidden character");
}

enum err read_docx(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e)
{
    struct zip z = {0};
    struct arena *a = arena_new();
    const struct zip_member *main = NULL;
    enum err r = office_open(&z, a, name, bytes, n, e);
    if (!r) r = office_main(&main, &z, a, name, "word/document.xml", e);
    if (!r) {
        struct docx d = {.a = a, .show_hidden = o->show_hidden};
        office_title(b, &z);
        pen_init(&d.body, b);
        aside_init(&d.aside, a);
        read_parts(&d, &z, main);
        aside_free(&d.aside);
        mem_free(d.foot.v);
        mem_free(d.end.v);
        if (!doc_length(b))
            r = err_set(e, d.broken ? E_FORMAT : E_EMPTY, "%s: %s", name,
                        d.broken ? "damaged: no text can be read" : "no text in it");
    }
    zip_close(&z);
    arena_free(a);
    return r;
}
