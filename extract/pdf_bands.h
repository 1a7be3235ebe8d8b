/* pdf_bands.h: which lines of a table's body make up one row. */
#ifndef EXTRACT_PDF_BANDS_H
#define EXTRACT_PDF_BANDS_H

#include "extract/pdf_cells.h"

#define BANDS_MAX_LINES 12 /* of one row */

/* Fills in where the bands begin that the rows [from, end) stand in: band[k] is the first row of
 * the one after the band of row from + k.  False where nothing tells. */
typedef bool bands_find(const struct cells *w, size_t from, size_t end, size_t *band);

bands_find bands_of_lines; /* by the lines that are drawn                                        */
bands_find bands_of_white; /* by the white between the lines of each column                      */
bands_find bands_of_writing; /* cells were written after each other, row by row                  */
bands_find bands_of_text;  /* text goes on below a line that is full; rows begin in all columns  */

/* Whether the bands are rows, `least` or more, of which some take several lines: lines that are
 * full and go on below, not rows of their own that are set in groups. */
bool bands_are_rows(const struct cells *w, size_t from, size_t end, const size_t *band,
                    size_t least);

#endif
