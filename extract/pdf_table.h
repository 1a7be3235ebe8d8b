/* pdf_table.h: which gaps of a row are borders between cells.  Pure geometry. */
#ifndef EXTRACT_PDF_TABLE_H
#define EXTRACT_PDF_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "extract/pdf_columns.h"

/* A word of a piece. */
struct extent {
    float u0, u1;
    bool letters, digits; /* has some                                       */
    bool cut;             /* set by table_find: a border runs behind it     */
};

/* A piece of a row.  Pieces are sorted by row, then by u0. */
struct slot {
    size_t piece; /* index of its struct piece                                        */
    float u0;
    int row;
    struct extent *word; /* n_words, by u0; at least one                              */
    size_t n_words;
    /* Set by table_find. */
    bool apart;   /* a cell or a column of its own: not joined with the one before it */
    bool tabular; /* of a row of a table                                              */
    int cell;     /* set by wrap_join: lines of a row with the same number are one cell */
};

/* Gaps wider than TABLE_LOOSE font sizes always part; justified text is as wide as that.  Narrower
 * ones, down to that of a space, part in a table where the rows around leave the same strip free.
 * Text in a fixed-width font is no table: it keeps its blanks. */
#define TABLE_LOOSE 1.7f

#define TABLE_CLOSE 0.5f /* font sizes between two lines of one cell, at most */

/* Looks at the rows of one region, top to bottom.  A table is a run of rows with two cells or more,
 * or one row with three.
 * Cost: for each gap between words a search in each of the 24 rows around. */
void table_find(const struct piece *p, struct slot *s, size_t n, struct arena *scratch);

#endif
