#include "extract/sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { GAP_MAX = 3, MERGES_MAX = 4096 };

void sheet_init(struct sheet *s, struct doc_builder *b)
{
    *s = (struct sheet){0};
    pen_init(&s->pen, b);
}

static void drop_merges(struct sheet *s)
{
    for (size_t i = 0; i < s->n_merges; i++) mem_free(s->merge[i].text);
    s->n_merges = 0;
}

void sheet_free(struct sheet *s)
{
    drop_merges(s);
    mem_free(s->merge);
    mem_free(s->cell);
    buf_free(&s->text);
}

void sheet_begin(struct sheet *s, uint32_t page, const char *name)
{
    drop_merges(s);
    s->pen.at.page = page;
    s->pen.at.line = 0;
    pen_gap(&s->pen, PEN_PARA);
    pen_heading_open(&s->pen);
    pen_textz(&s->pen, name);
    pen_heading_close(&s->pen, 1);
    pen_gap(&s->pen, PEN_LINE);
}

static bool is_blank(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] > ' ') return false;
    return true;
}

void sheet_cell(struct sheet *s, uint32_t column, const char *text, size_t n)
{
    if (column < 1 || column > SHEET_COLUMNS || is_blank(text, n)) return;
    if (s->n == 4 * SHEET_COLUMNS) return; /* a row that names its cells again and again */
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->cell = mem_grow(s->cell, s->cap, sizeof *s->cell);
    }
    s->cell[s->n++] = (struct sheet_cell){column, s->text.n, n};
    buf_add(&s->text, text, n);
}

void sheet_merge(struct sheet *s, uint32_t column, uint32_t row0, uint32_t row1)
{
    if (row1 <= row0 || s->n_merges == MERGES_MAX) return;
    if (s->n_merges == s->cap_merges) {
        s->cap_merges = s->cap_merges ? 2 * s->cap_merges : 16;
        s->merge = mem_grow(s->merge, s->cap_merges, sizeof *s->merge);
    }
    s->merge[s->n_merges++] = (struct sheet_merge){.column = column, .row0 = row0, .row1 = row1};
}

/* ------------------------------------------------------------------ merged cells */

static const struct sheet_cell *cell_at(const struct sheet *s, size_t n, uint32_t column)
{
    for (size_t i = 0; i < n; i++)
        if (s->cell[i].column == column) return &s->cell[i];
    return NULL;
}

/* Keeps what stands in the first row of merged cells and shows it in the others. */
static void apply_merges(struct sheet *s, uint32_t row)
{
    size_t own = s->n;
    for (size_t i = 0; i < s->n_merges; i++) {
        struct sheet_merge *m = &s->merge[i];
        if (row < m->row0 || row > m->row1) continue;
        const struct sheet_cell *c = cell_at(s, own, m->column);
        if (row == m->row0 && c && !m->text) {
            m->text = mem_alloc(c->n + 1, 1);
            memcpy(m->text, s->text.s + c->text, c->n);
        } else if (row > m->row0 && !c && m->text && own) {
            sheet_cell(s, m->column, m->text, strlen(m->text));
        }
    }
}

/* ------------------------------------------------------------------ rows */

static int by_column(const void *a, const void *b)
{
    const struct sheet_cell *x = a, *y = b;
    return x->column != y->column ? (x->column > y->column) - (x->column < y->column)
                                  : (x->text > y->text) - (x->text < y->text);
}

static void put_column(char *out, uint32_t column)
{
    char back[8];
    size_t n = 0;
    for (; column > 0 && n < sizeof back; column = (column - 1) / 26)
        back[n++] = (char)('A' + (column - 1) % 26);
    while (n > 0) *out++ = back[--n];
    *out = '\0';
}

/* Cells [from, to) without wide gaps: their range, then each. */
static void write_range(struct sheet *s, size_t from, size_t to, uint32_t row)
{
    char first[9], last[9], mark[48];
    put_column(first, s->cell[from].column);
    put_column(last, s->cell[to - 1].column);
    if (to - from == 1) snprintf(mark, sizeof mark, "%s%u: ", first, row);
    else snprintf(mark, sizeof mark, "%s%u:%s%u: ", first, row, last, row);
    pen_gap(&s->pen, PEN_LINE);
    pen_mark(&s->pen, mark);
    for (size_t i = from; i < to; i++) {
        uint32_t empty = i > from ? s->cell[i].column - s->cell[i - 1].column : 1;
        for (; empty > 1; empty--) doc_add_made(s->pen.b, " | ");
        if (i > from) s->pen.gap = PEN_CELL;
        pen_text(&s->pen, s->text.s + s->cell[i].text, s->cell[i].n);
    }
    pen_gap(&s->pen, PEN_LINE);
}

void sheet_row(struct sheet *s, uint32_t row)
{
    if (s->n_merges) apply_merges(s, row);
    if (s->n > 1) qsort(s->cell, s->n, sizeof *s->cell, by_column);
    s->pen.at.line = row;
    for (size_t from = 0, to; from < s->n; from = to) {
        for (to = from + 1; to < s->n; to++) {
            uint32_t a = s->cell[to - 1].column, b = s->cell[to].column;
            if (b == a || b - a > GAP_MAX + 1) break;
        }
        write_range(s, from, to, row);
    }
    s->n = 0;
    buf_clear(&s->text);
}
