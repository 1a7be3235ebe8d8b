/* read_odt.c: OpenDocument texts and slides.
 *
 * What a reader of the page sees: text that was deleted with tracked changes, hidden text and
 * comments are out.  Notes and text boxes follow the paragraph (the table) that they belong to.  A
 * place is a paragraph, counted over all that have text, or a slide. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/aside.h"
#include "extract/extract.h"
#include "extract/odf_styles.h"
#include "extract/office.h"
#include "ingest/pen.h"
#include "ingest/pages.h"

enum { LISTS_MAX = 10, BLANKS_MAX = 1000, REPEAT_MAX = 64 };

struct odt {
    struct pen *pen; /* writes into the document, or aside */
    struct pen body;
    struct aside aside;
    struct arena *a;
    struct odf_styles *styles;
    const struct zip *z;
    uint32_t paragraph;
    int list;               /* depth of lists */
    int count[LISTS_MAX];   /* per depth      */
    const char *list_style; /* of the list that we are in */
    bool item;              /* the next paragraph starts an item */
    bool was_item, was_code, titled, broken;
    bool slides;            /* of a presentation */
    bool notes;             /* the next paragraph is the first of the speaker's notes */
    const char *pages;
    bool show_hidden;
    size_t comments, hidden;
};

static void walk(struct odt *d, struct pull *p);

static bool in_body(const struct odt *d)
{
    return d->pen == &d->body;
}

static void write_asides(struct odt *d)
{
    if (in_body(d) && d->pen->cell == 0 && aside_write(&d->aside, d->pen)) d->was_item = false;
}

static long attr_number(const struct pull *p, const char *name, long otherwise, long most)
{
    const char *s = pull_attr(p, name);
    long v = *s ? strtol(s, NULL, 10) : otherwise;
    return v < 0 ? 0 : v > most ? most : v;
}

/* ------------------------------------------------------------------ paragraphs */

static void start_mark(struct odt *d, bool code)
{
    char mark[PEN_MARK_MAX] = "";
    bool item = d->list > 0 && d->pen->cell == 0;
    pen_gap(d->pen, PEN_PARA);
    bool goes_on = (item && d->was_item) || (code && d->was_code);
    if (goes_on && d->pen->gap == PEN_PARA) d->pen->gap = PEN_LINE;
    d->was_code = code;
    d->was_item = item;
    if (item && d->item)
        odf_list_mark(d->styles, d->list_style, d->list > LISTS_MAX ? LISTS_MAX : d->list,
                      d->count, mark);
    else if (d->notes) snprintf(mark, sizeof mark, "Notes: ");
    d->item = d->notes = false;
    d->pen->indent = d->list;
    pen_mark(d->pen, mark);
}

static void read_paragraph(struct odt *d, struct pull *p)
{
    struct odf_style s = odf_style_of(d->styles, pull_attr(p, "style-name"));
    int level = pull_is(p, "h") ? (int)attr_number(p, "outline-level", 1, 9) : 0;
    bool body = in_body(d) && !d->slides;
    size_t from = doc_length(d->pen->b);
    if (s.hidden && !d->show_hidden) {
        d->hidden++;
        pull_skip(p);
        return;
    }
    start_mark(d, s.code);
    d->pen->pre = s.code;
    if (level && body) pen_heading_open(d->pen);
    if (body) d->pen->at.line = d->paragraph + 1;
    walk(d, p);
    struct str t = doc_text(d->pen->b);
    if (level && body) pen_heading_close(d->pen, level);
    if (body && t.n > from) d->paragraph++;
    if (body && s.title && !d->titled && t.n > from) {
        doc_set_title(d->pen->b, t.s + from, t.n - from);
        d->titled = true;
    }
    d->pen->pre = false;
    *d->pen->mark = '\0';
    pen_gap(d->pen, PEN_PARA);
    write_asides(d);
}

static void read_blanks(struct odt *d, const struct pull *p)
{
    long n = attr_number(p, "c", 1, BLANKS_MAX);
    if (!d->pen->pre) pen_gap(d->pen, PEN_SPACE);
    else for (; n > 0; n--) pen_text(d->pen, " ", 1);
}

/* ------------------------------------------------------------------ lists, tables, notes */

static void read_list(struct odt *d, struct pull *p)
{
    const char *style = pull_attr(p, "style-name"), *before = d->list_style;
    bool goes_on = !strcmp(pull_attr(p, "continue-numbering"), "true") ||
                   *pull_attr(p, "continue-list");
    if (*style) d->list_style = mem_copy(d->a, style, strlen(style));
    d->list++;
    if (d->list <= LISTS_MAX && !goes_on)
        d->count[d->list - 1] = odf_list_start(d->styles, d->list_style, d->list) - 1;
    walk(d, p);
    d->list--;
    d->list_style = before;
    d->item = false;
}

static void read_item(struct odt *d, struct pull *p)
{
    if (d->list >= 1 && d->list <= LISTS_MAX) {
        int *count = &d->count[d->list - 1];
        *count = (int)attr_number(p, "start-value", (long)*count + 1, 1 << 20);
        d->item = pull_is(p, "list-item");
    }
    walk(d, p);
}

static void read_cell(struct odt *d, struct pull *p)
{
    pen_gap(d->pen, PEN_CELL);
    d->pen->cell++;
    walk(d, p);
    d->pen->cell--;
}

static void read_table(struct odt *d, struct pull *p)
{
    if (!d->show_hidden && odf_style_of(d->styles, pull_attr(p, "style-name")).hidden) {
        d->hidden++;
        pull_skip(p);
        return;
    }
    d->was_item = false;
    pen_gap(d->pen, PEN_PARA);
    walk(d, p);
    pen_gap(d->pen, PEN_PARA);
    write_asides(d);
}

/* Reads what is inside an element into the aside, to be written with `mark`. */
static void read_aside(struct odt *d, struct pull *p, const char *mark)
{
    struct pen *before = d->pen;
    bool was_item = d->was_item;
    int list = d->list;
    size_t from = doc_length(d->aside.b);
    if (!in_body(d)) {
        walk(d, p);
        return;
    }
    d->pen = &d->aside.pen;
    d->list = 0;
    pen_gap(d->pen, PEN_PARA);
    walk(d, p);
    aside_queue(&d->aside, from, doc_length(d->aside.b), mark, &before->at);
    d->pen = before;
    d->was_item = was_item;
    d->list = list;
}

static void read_note(struct odt *d, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    struct buf number = {0}, mark = {0};
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "note-citation")) {
            for (int in = p->depth; pull_inside(p, in, &ev);)
                if (ev == PULL_TEXT && number.n < 16) buf_add(&number, p->text.s, p->text.n);
            buf_addf(&mark, "[%.*s]", (int)(number.n < 16 ? number.n : 16), number.s ? number.s : "");
            pen_text(d->pen, mark.s, mark.n);
            buf_addc(&mark, ' ');
        } else if (pull_is(p, "note-body")) {
            read_aside(d, p, mark.s ? mark.s : "");
        }
    }
    buf_free(&number);
    buf_free(&mark);
}

/* A formula is a document of its own in the file: its signs, without what a program notes beside. */
static void read_formula(struct odt *d, struct pull *p)
{
    const char *folder = zip_resolve(d->a, "", pull_attr(p, "href"));
    struct buf path = {0};
    buf_addf(&path, "%s/content.xml", folder);
    const struct zip_member *m = zip_find(d->z, path.s);
    struct pull q;
    enum pull_event ev;
    buf_free(&path);
    if (!m || !*folder) return;
    pull_open(&q, m->s, m->n);
    for (bool math = false; (ev = pull_next(&q)) != PULL_END;) {
        if (ev == PULL_OPEN && pull_is(&q, "math")) math = true;
        else if (ev == PULL_OPEN && (pull_is(&q, "annotation") || !math)) pull_skip(&q);
        else if (ev == PULL_TEXT && math) pen_text(d->pen, q.text.s, q.text.n);
    }
    pull_close(&q);
}

/* ------------------------------------------------------------------ slides */

static void read_slide(struct odt *d, struct pull *p)
{
    const char *name = pull_attr(p, "name");
    d->pen->at.page++;
    doc_page(d->pen->b, *name ? name : NULL, 0, 0, false);
    if (!pages_has(d->pages, d->pen->at.page)) {
        pull_skip(p);
        return;
    }
    pen_gap(d->pen, PEN_PARA);
    walk(d, p);
}

/* Titles are headings; what repeats on each slide is left out. */
static void read_frame(struct odt *d, struct pull *p)
{
    const char *class = pull_attr(p, "class");
    bool title = !strcmp(class, "title"), notes = !strcmp(class, "notes");
    if (!strcmp(class, "header") || !strcmp(class, "footer") || !strcmp(class, "date-time") ||
        !strcmp(class, "page-number")) {
        pull_skip(p);
        return;
    }
    d->was_item = false;
    pen_gap(d->pen, PEN_PARA);
    if (title) pen_heading_open(d->pen);
    d->notes = notes;
    walk(d, p);
    d->notes = false;
    if (title) pen_heading_close(d->pen, 1);
    pen_gap(d->pen, PEN_PARA);
}

/* ------------------------------------------------------------------ everything else */

static bool is_left_out(struct odt *d, const struct pull *p)
{
    static const char *const names[] = {
        "tracked-changes", "hidden-text", "sequence-decls", "variable-decls", "user-field-decls",
        "forms", "ruby-text", "title", "desc", "shapes", "dde-connection-decls", "event-listeners",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (pull_is(p, names[i])) return true;
    if (pull_is(p, "annotation")) {
        d->comments++;
        return true;
    }
    bool hidden = (pull_is(p, "section") && !strcmp(pull_attr(p, "display"), "none")) ||
                  (pull_is(p, "hidden-paragraph") && !strcmp(pull_attr(p, "is-hidden"), "true"));
    hidden &= !d->show_hidden;
    d->hidden += hidden;
    return hidden;
}

static void read_span(struct odt *d, struct pull *p)
{
    bool hidden = !d->show_hidden && odf_style_of(d->styles, pull_attr(p, "style-name")).hidden;
    d->hidden += hidden;
    if (hidden) pull_skip(p);
    else walk(d, p);
}

static void read_element(struct odt *d, struct pull *p)
{
    if (is_left_out(d, p)) pull_skip(p);
    else if (d->slides && pull_is(p, "page")) read_slide(d, p);
    else if (d->slides && pull_is(p, "frame")) read_frame(d, p);
    else if (d->slides && pull_is(p, "text-box")) walk(d, p);
    else if (pull_is(p, "p") || pull_is(p, "h")) read_paragraph(d, p);
    else if (pull_is(p, "span")) read_span(d, p);
    else if (pull_is(p, "s")) read_blanks(d, p);
    else if (pull_is(p, "tab")) pen_gap(d->pen, PEN_TAB);
    else if (pull_is(p, "line-break")) {
        if (d->pen->pre) pen_text(d->pen, "\n", 1);
        else pen_gap(d->pen, PEN_LINE);
    }
    else if (pull_is(p, "list")) read_list(d, p);
    else if (pull_is(p, "list-item") || pull_is(p, "list-header")) read_item(d, p);
    else if (pull_is(p, "table")) read_table(d, p);
    else if (pull_is(p, "table-row")) {
        pen_gap(d->pen, PEN_LINE);
        walk(d, p);
        pen_gap(d->pen, PEN_LINE);
    }
    else if (pull_is(p, "table-cell")) read_cell(d, p);
    else if (pull_is(p, "note")) read_note(d, p);
    else if (pull_is(p, "object")) read_formula(d, p), walk(d, p);
    else if (pull_is(p, "text-box")) read_aside(d, p, "");
    else walk(d, p);
}

/* Reads all that is inside the element that has just opened.  Depth is bounded by the parser. */
static void walk(struct odt *d, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    bool text = strstr(p->space, ":text:") != NULL; /* white space between blocks is no harm */
    while (pull_inside(p, depth, &ev)) {
        if (ev == PULL_OPEN) read_element(d, p);
        else if (ev == PULL_TEXT && text) pen_text(d->pen, p->text.s, p->text.n);
    }
}

/* ------------------------------------------------------------------ the document */

static void read_content(struct odt *d, const struct zip *z, const struct zip_member *content)
{
    const struct zip_member *styles[] = {content, zip_find(z, "styles.xml")};
    struct pull p;
    enum pull_event ev;
    d->styles = odf_styles_read(d->a, styles, 2);
    pull_open(&p, content->s, content->n);
    while ((ev = pull_next(&p)) != PULL_END)
        if (ev == PULL_OPEN && pull_is(&p, "body")) walk(d, &p);
    d->broken = p.broken;
    pull_close(&p);
}

static enum err read_odf(struct doc_builder *b, const struct ingest_options *o, bool slides,
                         const char *name, const void *bytes, size_t n, struct errinfo *e)
{
    struct zip z = {0};
    struct arena *a = arena_new();
    enum err r = office_open(&z, a, name, bytes, n, e);
    const struct zip_member *content = NULL;
    if (!r) r = office_content(&content, &z, name, e);
    if (!r) {
        struct odt d = {.a = a, .z = &z, .list_style = "", .slides = slides,
                        .pages = slides ? o->pages : NULL, .show_hidden = o->show_hidden};
        d.pen = &d.body;
        pen_init(&d.body, b);
        aside_init(&d.aside, a);
        office_title(b, &z);
        read_content(&d, &z, content);
        office_note_damage(b, &z, d.broken);
        office_note_left_out(b, d.comments, "comment");
        office_note_left_out(b, d.hidden, "hidden passage");
        aside_free(&d.aside);
        if (!doc_length(b) && d.pages && d.body.at.page)
            r = err_set(e, E_USAGE, "%s: --pages %s: there are %u slides", name, d.pages,
                        d.body.at.page);
        else if (!doc_length(b))
            r = err_set(e, d.broken ? E_FORMAT : E_EMPTY, "%s: %s", name,
                        d.broken ? "damaged or encrypted: no text can be read" : "no text in it");
    }
    zip_close(&z);
    arena_free(a);
    return r;
}

enum err read_odt(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e)
{
    return read_odf(b, o, false, name, bytes, n, e);
}

enum err read_odp(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e)
{
    return read_odf(b, o, true, name, bytes, n, e);
}
