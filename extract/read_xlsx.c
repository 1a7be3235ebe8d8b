/* read_xlsx.c: Excel workbooks: each sheet under its name, rows as sheet.h writes them, with the
 * values that the program computed last (a formula that never was computed stands as it is).  A place
 * is a sheet and a row.  Hidden sheets, rows and columns are left out and named in the note. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/extract.h"
#include "extract/office.h"
#include "extract/sheet.h"
#include "extract/xlsx_format.h"
#include "ingest/pages.h"

enum { SHEETS_MAX = 4096, STRINGS_MAX = 1 << 24 };

struct tab { /* a sheet of the workbook */
    const char *name, *id;
    bool hidden;
};

struct xlsx {
    struct sheet out;
    struct arena *a;
    const struct zip *z;
    struct tab *tab;
    size_t n_tabs;
    struct xlsx_formats *formats;
    struct buf strings;  /* shared ones, one after the other  */
    size_t *string;      /* n_strings + 1 offsets             */
    size_t n_strings, cap_strings;
    bool base1904, broken, show_hidden;
    bool column_hidden[SHEET_COLUMNS + 1];
    size_t hidden_rows, hidden_columns, comments;
    struct buf value, formula, hidden_names;
};

/* ------------------------------------------------------------------ shared strings */

/* The text of runs below the element at hand, without how it is pronounced. */
static void add_runs(struct buf *out, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    bool text = false;
    while (pull_inside(p, depth, &ev)) {
        if (ev == PULL_OPEN && (pull_is(p, "rPh") || pull_is(p, "phoneticPr"))) {
            pull_skip(p);
            continue;
        }
        if (ev == PULL_TEXT && text) buf_add(out, p->text.s, p->text.n);
        else if (ev != PULL_TEXT) text = ev == PULL_OPEN && pull_is(p, "t");
    }
}

static void end_string(struct xlsx *x)
{
    if (x->n_strings + 1 >= x->cap_strings) {
        x->cap_strings = x->cap_strings ? 2 * x->cap_strings : 1024;
        x->string = mem_grow(x->string, x->cap_strings, sizeof *x->string);
    }
    x->string[x->n_strings] = x->strings.n;
}

static void read_strings(struct xlsx *x, const struct zip_member *m)
{
    struct pull p;
    enum pull_event ev;
    end_string(x);
    if (!m) return;
    pull_open(&p, m->s, m->n);
    while ((ev = pull_next(&p)) != PULL_END && x->n_strings < STRINGS_MAX) {
        if (ev != PULL_OPEN || !pull_is(&p, "si")) continue;
        add_runs(&x->strings, &p);
        x->n_strings++;
        end_string(x);
    }
    x->broken |= p.broken;
    pull_close(&p);
}

/* ------------------------------------------------------------------ cells */

/* "BC12": column 55, row 12.  False for what no sheet has. */
static bool parse_ref(const char *s, uint32_t *column, uint32_t *row)
{
    uint32_t c = 0, r = 0;
    size_t n = 0;
    while (*s == '$') s++;
    for (; ((*s | 32) >= 'a' && (*s | 32) <= 'z') && n < 4; s++, n++)
        c = c * 26 + (uint32_t)((*s | 32) - 'a') + 1;
    while (*s == '$') s++;
    for (n = 0; *s >= '0' && *s <= '9' && n < 8; s++, n++) r = r * 10 + (uint32_t)(*s - '0');
    *column = c;
    *row = r;
    return c >= 1 && c <= SHEET_COLUMNS && r >= 1 && r <= SHEET_ROWS && (*s == '\0' || *s == ':');
}

static void shared_value(struct xlsx *x)
{
    char *end;
    unsigned long i = strtoul(x->value.s ? x->value.s : "", &end, 10);
    buf_clear(&x->value);
    if (i < x->n_strings)
        buf_add(&x->value, x->strings.s + x->string[i], x->string[i + 1] - x->string[i]);
}

/* The value of the cell at hand as text in x->value. */
static void read_value(struct xlsx *x, struct pull *p)
{
    char type[12];
    long style = strtol(pull_attr(p, "s"), NULL, 10);
    int depth = p->depth;
    enum pull_event ev;
    bool value = false, formula = false;
    snprintf(type, sizeof type, "%s", pull_attr(p, "t"));
    buf_clear(&x->value);
    buf_clear(&x->formula);
    while (pull_inside(p, depth, &ev)) {
        if (ev == PULL_OPEN && pull_is(p, "is")) add_runs(&x->value, p);
        else if (ev == PULL_TEXT && value) buf_add(&x->value, p->text.s, p->text.n);
        else if (ev == PULL_TEXT && formula) buf_add(&x->formula, p->text.s, p->text.n);
        else if (ev != PULL_TEXT) {
            value = ev == PULL_OPEN && pull_is(p, "v");
            formula = ev == PULL_OPEN && pull_is(p, "f");
        }
    }
    if (!x->value.n && x->formula.n) buf_addf(&x->value, "=%s", x->formula.s);
    else if (!x->value.n) return;
    else if (!strcmp(type, "s")) {
        shared_value(x);
    } else if (!strcmp(type, "b")) {
        bool yes = x->value.s[0] == '1';
        buf_clear(&x->value);
        buf_addz(&x->value, yes ? "TRUE" : "FALSE");
    } else if (!*type || !strcmp(type, "n")) {
        struct buf number = {0};
        xlsx_number(&number, x->value.s, xlsx_look(x->formats, style), x->base1904);
        buf_clear(&x->value);
        buf_add(&x->value, number.s, number.n);
        buf_free(&number);
    }
}

static void read_row(struct xlsx *x, struct pull *p, uint32_t *row)
{
    const char *r = pull_attr(p, "r");
    unsigned long said = strtoul(r, NULL, 10);
    const char *h = pull_attr(p, "hidden");
    bool hidden = !x->show_hidden && (!strcmp(h, "1") || !strcmp(h, "true"));
    int depth = p->depth;
    enum pull_event ev;
    uint32_t column = 0;
    *row = said >= 1 && said <= SHEET_ROWS ? (uint32_t)said : *row < SHEET_ROWS ? *row + 1 : *row;
    while (pull_inside(p, depth, &ev)) {
        uint32_t c, at;
        if (ev != PULL_OPEN || !pull_is(p, "c")) continue;
        column = parse_ref(pull_attr(p, "r"), &c, &at) ? c : column + 1;
        read_value(x, p);
        if (hidden || column > SHEET_COLUMNS || x->column_hidden[column]) continue;
        sheet_cell(&x->out, column, x->value.s ? x->value.s : "", x->value.n);
    }
    x->hidden_rows += hidden;
    sheet_row(&x->out, *row);
}

static void hide_columns(struct xlsx *x, const struct pull *p)
{
    const char *hidden = pull_attr(p, "hidden");
    long from = strtol(pull_attr(p, "min"), NULL, 10), to = strtol(pull_attr(p, "max"), NULL, 10);
    if (x->show_hidden || (strcmp(hidden, "1") && strcmp(hidden, "true"))) return;
    for (; from >= 1 && from <= to && from <= SHEET_COLUMNS; from++) {
        x->hidden_columns++;
        x->column_hidden[from] = true;
    }
}

/* ------------------------------------------------------------------ sheets */

/* Merged cells are said behind the rows. */
static void read_merges(struct xlsx *x, const struct zip_member *m)
{
    struct pull p;
    enum pull_event ev;
    pull_open(&p, m->s, m->n);
    while ((ev = pull_next(&p)) != PULL_END) {
        uint32_t c0, r0, c1, r1;
        if (ev == PULL_OPEN && pull_is(&p, "sheetData")) pull_skip(&p);
        if (ev != PULL_OPEN || !pull_is(&p, "mergeCell")) continue;
        const char *ref = pull_attr(&p, "ref"), *colon = strchr(ref, ':');
        if (colon && parse_ref(ref, &c0, &r0) && parse_ref(colon + 1, &c1, &r1))
            sheet_merge(&x->out, c0, r0, r1);
    }
    pull_close(&p);
}

static void read_sheet(struct xlsx *x, const struct zip_member *m)
{
    struct pull p;
    enum pull_event ev;
    uint32_t row = 0;
    memset(x->column_hidden, 0, sizeof x->column_hidden);
    read_merges(x, m);
    pull_open(&p, m->s, m->n);
    while ((ev = pull_next(&p)) != PULL_END) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(&p, "col")) hide_columns(x, &p);
        else if (pull_is(&p, "row")) read_row(x, &p, &row);
    }
    sheet_row(&x->out, row);
    x->broken |= p.broken;
    pull_close(&p);
}

static size_t count_comments(struct xlsx *x, const char *part)
{
    struct office_rels r = office_rels_of(x->z, x->a, part);
    const struct zip_member *m = office_related(x->z, &r, NULL, "comments");
    struct pull p;
    enum pull_event ev;
    size_t n = 0;
    if (!m) return 0;
    pull_open(&p, m->s, m->n);
    while ((ev = pull_next(&p)) != PULL_END) n += ev == PULL_OPEN && pull_is(&p, "comment");
    pull_close(&p);
    return n;
}

static void read_workbook(struct xlsx *x, const struct zip_member *m)
{
    struct pull p;
    enum pull_event ev;
    pull_open(&p, m->s, m->n);
    while ((ev = pull_next(&p)) != PULL_END && x->n_tabs < SHEETS_MAX) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(&p, "workbookPr")) {
            const char *v = pull_attr(&p, "date1904");
            x->base1904 = !strcmp(v, "1") || !strcmp(v, "true");
        } else if (pull_is(&p, "sheet")) {
            const char *name = pull_attr(&p, "name"), *id = pull_ref(&p, "id");
            const char *state = pull_attr(&p, "state");
            x->tab[x->n_tabs++] = (struct tab){mem_copy(x->a, name, strlen(name)),
                                               mem_copy(x->a, id, strlen(id)),
                                               *state && strcmp(state, "visible")};
        }
    }
    x->broken |= p.broken;
    pull_close(&p);
}

static enum err read_tabs(struct xlsx *x, const struct office_rels *rels, const char *pages,
                          const char *name, struct errinfo *e)
{
    uint32_t first, last;
    if (!pages_bounds(pages, (uint32_t)x->n_tabs, &first, &last) && pages)
        return err_set(e, E_USAGE, "%s: --pages %s: the workbook has %zu sheets", name, pages,
                       x->n_tabs);
    for (size_t i = 0; i < x->n_tabs; i++) doc_page(x->out.pen.b, x->tab[i].name, 0, 0, false);
    for (size_t i = 0; i < x->n_tabs; i++) {
        const struct zip_member *m = office_related(x->z, rels, x->tab[i].id, NULL);
        if (!m || !pages_has(pages, (uint32_t)i + 1)) continue;
        if (x->tab[i].hidden && !x->show_hidden) {
            buf_addf(&x->hidden_names, "%s\"%s\"", x->hidden_names.n ? ", " : "", x->tab[i].name);
            continue;
        }
        sheet_begin(&x->out, (uint32_t)i + 1, x->tab[i].name);
        read_sheet(x, m);
        x->comments += count_comments(x, m->name);
    }
    return OK;
}

static void set_notes(struct xlsx *x)
{
    struct doc_builder *b = x->out.pen.b;
    office_note_damage(b, x->z, x->broken);
    office_note_hidden_sheets(b, &x->hidden_names);
    office_note_left_out(b, x->hidden_rows, "hidden row");
    office_note_left_out(b, x->hidden_columns, "hidden column");
    office_note_left_out(b, x->comments, "comment");
}

static enum err read_parts(struct xlsx *x, const struct zip_member *main, const char *pages,
                           const char *name, struct errinfo *e)
{
    struct office_rels rels = office_rels_of(x->z, x->a, main->name);
    x->tab = NEW(x->a, struct tab, SHEETS_MAX);
    x->formats = xlsx_formats_read(x->a, office_related(x->z, &rels, NULL, "styles"));
    read_strings(x, office_related(x->z, &rels, NULL, "sharedStrings"));
    read_workbook(x, main);
    TRY(read_tabs(x, &rels, pages, name, e));
    set_notes(x);
    if (doc_length(x->out.pen.b)) return OK;
    return err_set(e, x->broken ? E_FORMAT : E_EMPTY, "%s: %s", name,
                   x->broken ? "damaged: no sheet can be read" : "no sheet with text in it");
}

enum err read_xlsx(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e)
{
    struct zip z = {0};
    struct arena *a = arena_new();
    const struct zip_member *main = NULL;
    enum err r = office_open(&z, a, name, bytes, n, e);
    if (!r) r = office_main(&main, &z, a, name, "xl/workbook.xml", e);
    if (!r) {
        struct xlsx *x = NEW(a, struct xlsx, 1);
        x->a = a;
        x->z = &z;
        x->show_hidden = o->show_hidden;
        sheet_init(&x->out, b);
        office_title(b, &z);
        r = read_parts(x, main, o->pages, name, e);
        sheet_free(&x->out);
        buf_free(&x->strings);
        buf_free(&x->value);
        buf_free(&x->formula);
        buf_free(&x->hidden_names);
        mem_free(x->string);
    }
    zip_close(&z);
    arena_free(a);
    return r;
}
