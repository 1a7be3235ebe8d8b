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
};

/* Gaps wider than TABLE_LOOSE font sizes always part; justified text is as wide as that.  Narrower
 * ones part in a table where the rows around leave the same strip free.  Text in a fixed-width
 * font is no table: it keeps its blanks. */
#define TABLE_LOOSE 1.7f

/* Looks at the rows of one region, top to bottom.  A table is a run of rows with two cells or more,
 * or one row with three. */
void table_find(const struct piece *p, struct slot *s, size_t n, struct arena *scratch);

#endif
