/* sheet.h: writes the rows of spreadsheets: one line a row, its range of cells first, bars between
 * cells, as in tables elsewhere:
 *
 *     A5:D5: Ann | 30 |  | Oslo
 *
 * Where more than a few cells in between are empty, a range ends and another line begins. */
#ifndef EXTRACT_SHEET_H
#define EXTRACT_SHEET_H

#include "ingest/pen.h"

enum { SHEET_COLUMNS = 16384, SHEET_ROWS = 1048576 };

struct sheet_cell {
    uint32_t column; /* 1-based             */
    size_t text, n;  /* in `text` of the sheet */
};

/* Cells that are one: what stands in the first is shown in each of its rows. */
struct sheet_merge {
    uint32_t column, row0, row1;
    char *text; /* NULL until the first row was written; mem_free */
};

struct sheet {
    struct pen pen;
    struct buf text;            /* of the cells of this row */
    struct sheet_cell *cell;
    size_t n, cap;
    struct sheet_merge *merge;
    size_t n_merges, cap_merges;
};

void sheet_init(struct sheet *s, struct doc_builder *b);
void sheet_free(struct sheet *s);

/* Begins part `page` of the document, under its name. */
void sheet_begin(struct sheet *s, uint32_t page, const char *name);
/* Adds a cell to the row at hand; empty ones and absurd columns are passed over. */
void sheet_cell(struct sheet *s, uint32_t column, const char *text, size_t n);
/* Cells [column, ...] of rows row0 .. row1 are one. */
void sheet_merge(struct sheet *s, uint32_t column, uint32_t row0, uint32_t row1);
/* Writes the row. */
void sheet_row(struct sheet *s, uint32_t row);

#endif
