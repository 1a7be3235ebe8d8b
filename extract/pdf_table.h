/* pdf_table.h: which gaps of a row are borders between cells.  Pure geometry. */
#ifndef EXTRACT_PDF_TABLE_H
#define EXTRACT_PDF_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "extract/pdf_columns.h"

/* A piece of a row.  Pieces are sorted by row, then by u0. */
struct slot {
    size_t piece; /* index of its struct piece                                        */
    float u0;
    int row;
    /* Set by table_find. */
    bool apart;   /* a cell or a column of its own: not joined with the one before it */
    bool tabular; /* of a row of a table                                              */
    int cell;     /* set by wrap_join: lines of a row with the same number are one cell */
};

/* Gaps wider than TABLE_LOOSE font sizes always part; justified text is as wide as that.  Narrower
 * ones part in a table where the rows around leave the same strip free.  Text in a fixed-width
 * font is no table: it keeps its blanks. */
#define TABLE_LOOSE 1.7f

/* What was found in the rows of one region; borrows p and s. */
struct table;

/* Looks at the rows of one region, top to bottom.  A table is a run of rows with two cells or more,
 * or one row with three. */
const struct table *table_find(const struct piece *p, struct slot *s, size_t n,
                               struct arena *scratch);

/* Whether the gap (u0, u1) between two words of slot i's piece is a border that stands too close to
 * the words to part pieces: the rows around leave it free. */
bool table_parts(const struct table *t, size_t i, float u0, float u1);

/* The same where the gap is no wider than a space: cells of the rows around begin at u1, too. */
bool table_begins(const struct table *t, size_t i, float u0, float u1);

#endif
