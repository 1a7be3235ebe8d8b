/* pdf_wrap.h: rows of a table whose cells take several lines.  Geometry, and what pieces say of
 * their text. */
#ifndef EXTRACT_PDF_WRAP_H
#define EXTRACT_PDF_WRAP_H

#include "extract/pdf_table.h"

/* After table_find, over the same slots: lines that are one cell get one `cell`, the rows that they
 * stood in become one row, and the slots are sorted again by row, cell and line.
 *
 *   heads    lines that stack up over one column, aligned with each other, are one cell in the row
 *            of the last of them; where headings stand over several columns, the heads of the other
 *            columns go up to the row of these headings
 *   bodies   where lines are drawn between rows, or rows are set apart, and the lines of text within
 *            them are not, these are one row; else where lines are full and text goes on below;
 *            a first cell that goes on in the next line with a small letter is one cell
 *
 * Returns how many of the cells' lines go on from another line. */
size_t wrap_join(const struct piece *p, struct slot *s, size_t n, struct arena *scratch);

#endif
