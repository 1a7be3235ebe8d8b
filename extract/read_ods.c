/* read_ods.c: OpenDocument spreadsheets: each sheet under its name, rows as sheet.h writes them,
 * with the text that the cells show.  A place is a sheet and a row.  Hidden sheets, rows and columns
 * are left out and named in the note. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/extract.h"
#include "extract/odf_styles.h"
#include "extract/office.h"
#include "extract/sheet.h"
#include "ingest/pages.h"

/* Rows and cells with text that repeat are written so often at most. */
enum { REPEAT_MAX = 256, SHEETS_MAX = 4096 };

struct ods {
    struct sheet out;
    struct odf_styles *styles;
    const char *pages;
    uint32_t n_sheets, row, column;
    bool column_hidden[SHEET_COLUMNS + 1];
    size_t hidden_rows, hidden_columns, comments;
    struct buf value, hidden_names;
    bool broken, show_hidden;
};

static uint32_t attr_count(const struct pull *p, const char *name, uint32_t most)
{
    long v = strtol(pull_attr(p, name), NULL, 10);
    return v < 1 ? 1 : v > (long)most ? most : (uint32_t)v;
}

static bool is_hidden(const struct ods *x, const struct pull *p)
{
    const char *v = pull_attr(p, "visibility");
    return !x->show_hidden && *v && strcmp(v, "visible");
}

/* ------------------------------------------------------------------ cells */

/* The paragraphs of a cell, with a space between. */
static void read_value(struct ods *x, struct pull *p)
{
    int depth = p->depth, in = 0; /* in: how deep inside paragraphs */
    enum pull_event ev;
    buf_clear(&x->value);
    while (pull_inside(p, depth, &ev)) {
        if (ev == PULL_TEXT) {
            if (in) buf_add(&x->value, p->text.s, p->text.n);
        } else if (ev == PULL_CLOSE) {
            in -= in > 0;
        } else if (pull_is(p, "annotation")) {
            x->comments++;
            pull_skip(p);
        } else if (in || pull_is(p, "p")) {
            if (in++ == 0 && x->value.n) buf_addc(&x->value, ' ');
            if (pull_is(p, "s") || pull_is(p, "tab") || pull_is(p, "line-break"))
                buf_addc(&x->value, ' ');
        }
    }
}

static void read_cell(struct ods *x, struct pull *p, bool hidden)
{
    uint32_t repeat = attr_count(p, "number-columns-repeated", SHEET_COLUMNS);
    uint32_t rows = attr_count(p, "number-rows-spanned", SHEET_ROWS);
    bool covered = pull_is(p, "covered-table-cell");
    read_value(x, p);
    if (rows > 1 && x->value.n)
        sheet_merge(&x->out, x->column + 1, x->row, x->row + rows - 1);
    for (uint32_t i = 0; i < repeat && i < REPEAT_MAX && !hidden && !covered; i++) {
        uint32_t c = x->column + 1 + i;
        if (c > SHEET_COLUMNS || !x->value.n) break;
        if (!x->column_hidden[c]) sheet_cell(&x->out, c, x->value.s, x->value.n);
    }
    x->column = x->column + repeat > SHEET_COLUMNS ? SHEET_COLUMNS : x->column + repeat;
}

/* The row's cells are read once; a row that repeats is written again from the same cells. */
static void read_row(struct ods *x, struct pull *p)
{
    uint32_t repeat = attr_count(p, "number-rows-repeated", SHEET_ROWS);
    bool hidden = is_hidden(x, p);
    int depth = p->depth;
    enum pull_event ev;
    x->row++;
    x->column = 0;
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "table-cell") || pull_is(p, "covered-table-cell")) read_cell(x, p, hidden);
        else pull_skip(p);
    }
    if (hidden) x->hidden_rows += repeat;
    bool any = x->out.n > 0;
    for (uint32_t i = 0; any && i < repeat && i < REPEAT_MAX; i++) {
        size_t n = x->out.n;
        struct buf text = {0};
        buf_add(&text, x->out.text.s, x->out.text.n);
        sheet_row(&x->out, x->row + i);
        if (i + 1 < repeat) { /* put the cells back */
            x->out.n = n;
            buf_add(&x->out.text, text.s, text.n);
        }
        buf_free(&text);
    }
    x->out.n = 0;
    buf_clear(&x->out.text);
    x->row = repeat > SHEET_ROWS - x->row ? SHEET_ROWS - 1 : x->row + repeat - 1;
}

static void read_column(struct ods *x, const struct pull *p)
{
    uint32_t repeat = attr_count(p, "number-columns-repeated", SHEET_COLUMNS);
    bool hidden = is_hidden(x, p);
    for (uint32_t i = 0; i < repeat && x->column < SHEET_COLUMNS; i++) {
        x->column_hidden[++x->column] = hidden;
        x->hidden_columns += hidden;
    }
}

/* ------------------------------------------------------------------ sheets */

static void read_table(struct ods *x, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    const char *name = pull_attr(p, "name");
    bool hidden = !x->show_hidden &&
                  odf_style_of(x->styles, pull_attr(p, "style-name")).hidden;
    doc_page(x->out.pen.b, name, 0, 0, false);
    x->n_sheets++;
    if (hidden) buf_addf(&x->hidden_names, "%s\"%s\"", x->hidden_names.n ? ", " : "", name);
    if (hidden || !pages_has(x->pages, x->n_sheets)) {
        pull_skip(p);
        return;
    }
    sheet_begin(&x->out, x->n_sheets, name);
    memset(x->column_hidden, 0, sizeof x->column_hidden);
    x->row = x->column = 0;
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "table-column")) read_column(x, p);
        else if (pull_is(p, "table-row")) read_row(x, p);
        else if (pull_is(p, "shapes") || pull_is(p, "forms")) pull_skip(p);
    }
}

static void read_content(struct ods *x, const struct zip_member *content)
{
    struct pull p;
    enum pull_event ev;
    pull_open(&p, content->s, content->n);
    while ((ev = pull_next(&p)) != PULL_END && x->n_sheets < SHEETS_MAX) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(&p, "table")) read_table(x, &p);
        else if (pull_is(&p, "tracked-changes") || pull_is(&p, "automatic-styles")) pull_skip(&p);
    }
    x->broken = p.broken;
    pull_close(&p);
}

static void set_notes(struct ods *x, const struct zip *z)
{
    struct doc_builder *b = x->out.pen.b;
    office_note_damage(b, z, x->broken);
    office_note_hidden_sheets(b, &x->hidden_names);
    office_note_left_out(b, x->hidden_rows, "hidden row");
    office_note_left_out(b, x->hidden_columns, "hidden column");
    office_note_left_out(b, x->comments, "comment");
}

enum err read_ods(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e)
{
    struct zip z = {0};
    struct arena *a = arena_new();
    const struct zip_member *content = NULL;
    enum err r = office_open(&z, a, name, bytes, n, e);
    if (!r) r = office_content(&content, &z, name, e);
    if (!r) {
        const struct zip_member *styles[] = {content, zip_find(&z, "styles.xml")};
        struct ods *x = NEW(a, struct ods, 1);
        x->pages = o->pages;
        x->show_hidden = o->show_hidden;
        x->styles = odf_styles_read(a, styles, 2);
        sheet_init(&x->out, b);
        office_title(b, &z);
        read_content(x, content);
        set_notes(x, &z);
        if (!doc_length(b) && o->pages && x->n_sheets)
            r = err_set(e, E_USAGE, "%s: --pages %s: the workbook has %u sheets", name, o->pages,
                        x->n_sheets);
        else if (!doc_length(b))
            r = err_set(e, x->broken ? E_FORMAT : E_EMPTY, "%s: %s", name,
                        x->broken ? "damaged or encrypted: no sheet can be read"
                                  : "no sheet with text in it");
        sheet_free(&x->out);
        buf_free(&x->value);
        buf_free(&x->hidden_names);
    }
    zip_close(&z);
    arena_free(a);
    return r;
}
