/* pdf_columns.h: reading order of boxes on a plane.  Pure geometry: no text, no PDF.
 *
 * A page is cut where a column gutter stands: a vertical strip that no box crosses, with lines of
 * text on both sides.  What lies above the strip is read first, then its left side, then its right
 * side, then what lies below; each part is cut in the same way.  A part without a gutter is a
 * region and is read from top to bottom. */
#ifndef EXTRACT_PDF_COLUMNS_H
#define EXTRACT_PDF_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

/* A piece of one line: words with ordinary gaps between them. */
struct piece {
    float u0, v0, u1, v1; /* u along the line, v down the page, in points */
    float size;           /* of the font                                  */
    int chars;
    bool fixed;  /* of a fixed-width font: gaps are blanks       */
    long stream; /* for the caller's use                         */
    int letters, digits; /* of the characters; % counts as a letter */
    bool lower;  /* begins with a small letter                   */
    bool bullet; /* ... a bullet                                 */
    bool caption; /* ... "Table 3"                               */
    bool ruled;  /* a border parts it from what stands before it */
    float line_above, line_below; /* v of the lines drawn there; -INFINITY, INFINITY: none */
    float line_right;             /* u of the line drawn behind it; INFINITY: none           */
    float first;                  /* width of its first word                                 */
};

/* Puts the indices 0..n-1 of `p` in reading order into order[n], and the number of its region
 * (from 0, ascending along `order`) into region[n], which is indexed like `order`.
 * `rtl`: the right side of a gutter is read before the left.  `gutter`: the least width of a
 * strip, in font sizes.  Within a region the order is by the
 * middle of the box, top to bottom.  Returns the number of regions.
 * Cost: n log n times the number of gutters tried (at most 48 per cut, 16 cuts deep). */
int columns_order(const struct piece *p, size_t n, bool rtl, float gutter, size_t *order,
                  int *region, struct arena *scratch);

#endif
