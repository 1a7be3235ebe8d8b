/* read_pptx.c: PowerPoint slides: the title first, then the shapes in their order, then the
 * speaker's notes.  A place is a slide.  Hidden slides are left out and counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/extract.h"
#include "extract/numerals.h"
#include "extract/office.h"
#include "ingest/pen.h"
#include "ingest/pages.h"

enum { SLIDES_MAX = 16384, LEVELS = 9 };

enum placeholder { SHAPE_FREE, SHAPE_TITLE, SHAPE_BODY, SHAPE_FURNITURE };

struct pptx {
    struct pen pen;
    struct arena *a;
    const struct zip *z;
    const struct office_rels *rels; /* of the slide */
    const char **id;                /* of slides, in their order */
    size_t n_slides, hidden;
    enum placeholder shape;
    bool titles;        /* this pass writes titles, and nothing else */
    int count[LEVELS];  /* of numbered paragraphs                    */
    bool in_notes;      /* this part holds what the speaker says */
    bool notes;         /* and nothing of it is written yet      */
    bool was_item, broken, show_hidden;
};

static void walk(struct pptx *d, struct pull *p);

/* ------------------------------------------------------------------ paragraphs */

struct look { /* of a paragraph: a:pPr */
    int level;
    bool bullet, none;
    char number[24]; /* "arabicPeriod", "" */
};

static struct look paragraph_look(struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    long level = strtol(pull_attr(p, "lvl"), NULL, 10);
    struct look l = {.level = level < 0 || level >= LEVELS ? 0 : (int)level};
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "buChar") || pull_is(p, "buBlip")) l.bullet = true;
        else if (pull_is(p, "buNone")) l.none = true;
        else if (pull_is(p, "buAutoNum"))
            snprintf(l.number, sizeof l.number, "%s", pull_attr(p, "type"));
    }
    return l;
}

/* What the kind of numbering makes of the next number: "arabicPeriod", "alphaLcParenR". */
static void number_mark(struct pptx *d, const struct look *l, char mark[PEN_MARK_MAX])
{
    char text[24];
    enum numerals kind = !strncmp(l->number, "alpha", 5)   ? NUMERALS_LETTERS
                         : !strncmp(l->number, "roman", 5) ? NUMERALS_ROMAN
                                                           : NUMERALS_DECIMAL;
    numerals_put(text, sizeof text, ++d->count[l->level], kind, strstr(l->number, "Lc") != NULL);
    bool both = strstr(l->number, "ParenBoth"), right = strstr(l->number, "ParenR");
    snprintf(mark, PEN_MARK_MAX, "%s%s%s ", both ? "(" : "", text,
             both || right ? ")" : strstr(l->number, "Plain") ? "" : ".");
}

static void paragraph_start(struct pptx *d, const struct look *l)
{
    char mark[PEN_MARK_MAX] = "";
    bool item = *l->number || l->bullet || (d->shape == SHAPE_BODY && !l->none);
    item &= d->pen.cell == 0 && d->shape != SHAPE_TITLE && !d->in_notes;
    for (int i = l->level + 1; i < LEVELS; i++) d->count[i] = 0;
    if (item && *l->number) number_mark(d, l, mark);
    else if (item) snprintf(mark, sizeof mark, "- ");
    else if (d->notes) snprintf(mark, sizeof mark, "Notes: ");
    d->notes = false;
    if (!*l->number) d->count[l->level] = 0;
    bool goes_on = item ? d->was_item : d->shape == SHAPE_FREE || d->shape == SHAPE_TITLE;
    pen_gap(&d->pen, goes_on ? d->shape == SHAPE_TITLE ? PEN_SPACE : PEN_LINE : PEN_PARA);
    d->was_item = item;
    d->pen.indent = item ? l->level + 1 : 0;
    pen_mark(&d->pen, mark);
}

static void read_text(struct pptx *d, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    while (pull_inside(p, depth, &ev))
        if (ev == PULL_TEXT) pen_text(&d->pen, p->text.s, p->text.n);
}

static void read_paragraph(struct pptx *d, struct pull *p)
{
    int depth = p->depth;
    struct look l = {0};
    enum pull_event ev;
    bool started = false;
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "pPr")) {
            l = paragraph_look(p);
        } else if (pull_is(p, "t")) {
            if (!started) paragraph_start(d, &l);
            started = true;
            read_text(d, p);
        } else if (pull_is(p, "br")) {
            pen_gap(&d->pen, PEN_LINE);
            pull_skip(p);
        } else if (pull_is(p, "fld") && !strncmp(pull_attr(p, "type"), "slidenum", 8)) {
            pull_skip(p);
        } else if (pull_is(p, "rPr") || pull_is(p, "endParaRPr")) {
            pull_skip(p);
        }
    }
    *d->pen.mark = '\0';
    if (started) pen_gap(&d->pen, d->shape == SHAPE_TITLE ? PEN_SPACE : PEN_LINE);
}

/* ------------------------------------------------------------------ shapes */

static enum placeholder placeholder_of(const char *type)
{
    if (!strcmp(type, "title") || !strcmp(type, "ctrTitle")) return SHAPE_TITLE;
    if (!strcmp(type, "sldNum") || !strcmp(type, "dt") || !strcmp(type, "ftr") ||
        !strcmp(type, "hdr") || !strcmp(type, "sldImg"))
        return SHAPE_FURNITURE;
    return !*type || !strcmp(type, "body") || !strcmp(type, "obj") ? SHAPE_BODY : SHAPE_FREE;
}

static void read_body(struct pptx *d, struct pull *p)
{
    if (d->shape == SHAPE_FURNITURE || (d->shape == SHAPE_TITLE) != d->titles) {
        pull_skip(p);
        return;
    }
    memset(d->count, 0, sizeof d->count);
    d->was_item = false;
    pen_gap(&d->pen, PEN_PARA);
    if (d->titles) pen_heading_open(&d->pen);
    walk(d, p);
    if (d->titles) pen_heading_close(&d->pen, 1);
    pen_gap(&d->pen, PEN_PARA);
}

static void read_table(struct pptx *d, struct pull *p)
{
    if (d->titles) {
        pull_skip(p);
        return;
    }
    pen_gap(&d->pen, PEN_PARA);
    walk(d, p);
    pen_gap(&d->pen, PEN_PARA);
}

static void read_cell(struct pptx *d, struct pull *p)
{
    bool covered = pull_has(p, "hMerge") || pull_has(p, "vMerge");
    if (covered) {
        pull_skip(p);
        return;
    }
    pen_gap(&d->pen, PEN_CELL);
    d->pen.cell++;
    walk(d, p);
    d->pen.cell--;
}

/* SmartArt: its text lives in a part of its own. */
static void read_diagram(struct pptx *d, struct pull *p)
{
    const struct zip_member *m = office_related(d->z, d->rels, pull_ref(p, "dm"), NULL);
    struct pull q;
    enum pull_event ev;
    if (d->titles || !m) return;
    pen_gap(&d->pen, PEN_PARA);
    pull_open(&q, m->s, m->n);
    while ((ev = pull_next(&q)) != PULL_END)
        if (ev == PULL_OPEN && pull_is(&q, "p")) read_paragraph(d, &q);
    pull_close(&q);
    pen_gap(&d->pen, PEN_PARA);
}

static void read_element(struct pptx *d, struct pull *p)
{
    if (pull_is(p, "sp")) {
        d->shape = SHAPE_FREE;
        walk(d, p);
        d->shape = SHAPE_FREE;
    }
    else if (pull_is(p, "ph")) d->shape = placeholder_of(pull_attr(p, "type"));
    else if (pull_is(p, "txBody") && d->pen.cell == 0) read_body(d, p);
    else if (pull_is(p, "p")) read_paragraph(d, p);
    else if (pull_is(p, "tbl")) read_table(d, p);
    else if (pull_is(p, "tr")) {
        pen_gap(&d->pen, PEN_LINE);
        walk(d, p);
        pen_gap(&d->pen, PEN_LINE);
    }
    else if (pull_is(p, "tc")) read_cell(d, p);
    else if (pull_is(p, "relIds")) read_diagram(d, p);
    else if (pull_is(p, "Fallback")) pull_skip(p);
    else walk(d, p);
}

/* Reads all that is inside the element that has just opened.  Depth is bounded by the parser. */
static void walk(struct pptx *d, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    while (pull_inside(p, depth, &ev))
        if (ev == PULL_OPEN) read_element(d, p);
}

/* ------------------------------------------------------------------ slides */

/* False for a hidden slide. */
static bool read_part(struct pptx *d, const struct zip_member *m)
{
    struct pull p;
    enum pull_event ev;
    bool shown = true;
    pull_open(&p, m->s, m->n);
    while (shown && (ev = pull_next(&p)) != PULL_END) {
        if (ev != PULL_OPEN) continue;
        const char *show = pull_attr(&p, "show");
        if (pull_is(&p, "sld")) shown = d->show_hidden || (strcmp(show, "0") && strcmp(show, "false"));
        else if (pull_is(&p, "spTree")) walk(d, &p);
    }
    d->broken |= p.broken;
    pull_close(&p);
    return shown;
}

static void read_slide(struct pptx *d, const struct zip_member *m)
{
    struct office_rels rels = office_rels_of(d->z, d->a, m->name);
    d->rels = &rels;
    pen_gap(&d->pen, PEN_PARA);
    d->titles = true;
    bool shown = read_part(d, m);
    d->titles = false;
    if (!shown) {
        d->hidden++;
        return;
    }
    read_part(d, m);
    const struct zip_member *notes = office_related(d->z, &rels, NULL, "notesSlide");
    if (!notes) return;
    pen_gap(&d->pen, PEN_PARA);
    d->in_notes = d->notes = true;
    read_part(d, notes);
    d->in_notes = d->notes = false;
}

static void find_slides(struct pptx *d, const struct zip_member *main)
{
    struct pull p;
    enum pull_event ev;
    d->id = NEW(d->a, const char *, SLIDES_MAX);
    pull_open(&p, main->s, main->n);
    while ((ev = pull_next(&p)) != PULL_END && d->n_slides < SLIDES_MAX) {
        if (ev != PULL_OPEN || !pull_is(&p, "sldId")) continue;
        const char *id = pull_ref(&p, "id");
        d->id[d->n_slides++] = mem_copy(d->a, id, strlen(id));
    }
    d->broken |= p.broken;
    pull_close(&p);
}

static enum err read_slides(struct pptx *d, const struct zip_member *main, const char *pages,
                            const char *name, struct errinfo *e)
{
    struct office_rels rels = office_rels_of(d->z, d->a, main->name);
    uint32_t first, last;
    find_slides(d, main);
    if (pages && !pages_bounds(pages, (uint32_t)d->n_slides, &first, &last))
        return err_set(e, E_USAGE, "%s: --pages %s: there are %zu slides", name, pages, d->n_slides);
    for (uint32_t i = 0; i < d->n_slides; i++) {
        const struct zip_member *m = office_related(d->z, &rels, d->id[i], NULL);
        doc_page(d->pen.b, NULL, 0, 0, false);
        d->pen.at.page = i + 1;
        if (!m) d->broken = true;
        else if (pages_has(pages, i + 1)) read_slide(d, m);
    }
    office_note_damage(d->pen.b, d->z, d->broken);
    office_note_left_out(d->pen.b, d->hidden, "hidden slide");
    if (doc_length(d->pen.b)) return OK;
    return err_set(e, d->broken ? E_FORMAT : E_EMPTY, "%s: %s", name,
                   d->broken ? "damaged: no slide can be read" : "no text on its slides");
}

enum err read_pptx(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e)
{
    struct zip z = {0};
    struct arena *a = arena_new();
    const struct zip_member *main = NULL;
    enum err r = office_open(&z, a, name, bytes, n, e);
    if (!r) r = office_main(&main, &z, a, name, "ppt/presentation.xml", e);
    if (!r) {
        struct pptx d = {.a = a, .z = &z, .show_hidden = o->show_hidden};
        pen_init(&d.pen, b);
        office_title(b, &z);
        r = read_slides(&d, main, o->pages, name, e);
    }
    zip_close(&z);
    arena_free(a);
    return r;
}
