/* pdf_layout.h: from the words of a page to its lines in reading order. */
#ifndef EXTRACT_PDF_LAYOUT_H
#define EXTRACT_PDF_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "extract/words.h"

/* A line of one column, or one cell of a row.  Coordinates u (along the line) and v (across,
 * growing in reading direction) are those of the page turned so that its text stands upright;
 * box is on the page as shown. */
struct line {
    float u0, v0, u1, v1;
    float box[4];
    float size;      /* of most of its characters, points                           */
    int turn;        /* quarter turns of its text                                   */
    float tilt;      /* and radians on top of that, clockwise (pdf_slant.h)         */
    int font;        /* of most of its characters                                   */
    bool bold, mono; /* most of its characters are                                  */
    bool rtl;        /* reads from right to left                                    */
    bool vertical;
    bool cap;     /* begins with a letter that is several lines high             */
    bool tabular; /* a cell of a row of a table                                  */
    int chars;
    int region;         /* lines of a region follow each other; ascending              */
    int row;            /* lines with the same number stand side by side; ascending    */
    int cell;           /* of a row: lines with the same number are one cell            */
    const size_t *word; /* n indices into words_page.v, left to right as seen         */
    size_t n;
};

struct layout {
    struct line *v; /* in reading order */
    size_t n;
    bool columns;   /* a gutter was found: another order than top to bottom */
    size_t wrapped; /* lines of table cells that go on from another line     */
};

/* All memory is the arena's.  Words without a usable box are left out, and pages with more than
 * LAYOUT_MAX_WORDS keep only the first so many. */
#define LAYOUT_MAX_WORDS 200000
enum layout_order {
    LAYOUT_GEOMETRY, /* by gutters, then from top to bottom                                  */
    LAYOUT_APART,    /* the same, but words that the content stream keeps apart part a line:
                        gutters may be as narrow as spaces                                   */
    LAYOUT_STREAM,   /* pieces of such lines as they follow in the content stream            */
    LAYOUT_ROWS      /* the same, and what may be the rows of a table is one region          */
};
void layout_page(struct layout *out, struct arena *a, const struct words_page *page,
                 enum layout_order by);

#endif
