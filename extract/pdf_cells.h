/* pdf_cells.h: the lines of a table's cells, and how they stand to each other.  Pure geometry. */
#ifndef EXTRACT_PDF_CELLS_H
#define EXTRACT_PDF_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "extract/pdf_table.h"

/* One line of a cell. */
struct cell {
    size_t from, to; /* slots                                           */
    size_t row;
    float u0, u1, v0, v1, size;
    float reach;                  /* the largest u1 of its row so far */
    float line_above, line_below; /* v of the lines drawn there; -INFINITY, INFINITY: none */
    float line_right;             /* u of the line drawn behind it; INFINITY: none */
    float first;                  /* width of the first word                       */
    int chars, letters, digits;
    bool lower, caption;
    size_t next;  /* the line of the same cell below, or SIZE_MAX        */
    size_t top;   /* the first line of the cell                      */
    size_t moved; /* of a first line: the row it goes to, or SIZE_MAX    */
};

struct cell_row {
    size_t from, to; /* cells                        */
    float v0, v1, size;
    bool tabular;
    size_t into; /* the row that it becomes part of */
};

struct cells {
    const struct piece *p;
    struct slot *s;
    struct cell *c;
    struct cell_row *r;
    size_t n_cells, n_rows;
    struct arena *scratch;
};

/* Fills in p, s and scratch's cells and rows from n slots, which table_find has parted. */
void cells_make(struct cells *w, size_t n);

/* A number, or a sign in its place: "*****", but neither "(kg)" nor "(%)". */
bool cell_is_number(const struct cell *c);

/* Whether one stands over or under the other. */
bool cells_overlap(const struct cell *a, const struct cell *b);

/* The only cell of the row that stands over or under c, or SIZE_MAX; *n says how many do.
 * Cost: a search in the row, whose cells are sorted. */
size_t cells_facing(const struct cells *w, const struct cell_row *r, const struct cell *c,
                    size_t *n);

/* The white under a row, in font sizes. */
float cells_gap_below(const struct cells *w, size_t row);

/* Two rows are not one when both have a number in the same column, or one a heading over columns.
 */
bool cells_two_rows(const struct cells *w, const struct cell_row *a, const struct cell_row *b);

/* Rows whose cells are all in the same columns are rows of their own, set in groups. */
bool cells_same_columns(const struct cells *w, const struct cell_row *a, const struct cell_row *b);

/* Whether all cells of the next row stand between the two lines that one of this row stands
 * between: then none is drawn between the rows. */
bool cells_in_one_band(const struct cells *w, size_t row);

#endif
