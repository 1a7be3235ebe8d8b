/* pdf_grid.h: rows of cells that take several lines, told from columns of text.  Pure geometry. */
#ifndef EXTRACT_PDF_GRID_H
#define EXTRACT_PDF_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "extract/pdf_columns.h"

/* The largest of the n values that lines of one row are apart, where rows are clearly further
 * apart; negative when the values show no such thing.  In font sizes; sorts them. */
float grid_line_gap(float *gaps, size_t n);

/* The same, where there may be several tables: of the smallest gaps, those before the first step. */
float grid_first_gap(float *gaps, size_t n);

/* Whether the pieces, of which none crosses the strip at u = x, are a table: lines that are drawn, or
 * white bands, across both sides cut them into rows, most of them with text on both sides; where
 * there is only white, of a few lines each. */
bool grid_at(const struct piece *p, const size_t *idx, size_t n, float x, struct arena *scratch);

/* Whether one side of the strip leaves lines blank while a cell on the other side goes on, again and
 * again, and both sides begin anew at one height below: rows of cells that take several lines, with
 * no white between them.  Paragraphs in columns of text do not begin side by side. */
bool grid_aligned(const struct piece *p, const size_t *idx, size_t n, float x,
                  struct arena *scratch);

/* Whether what stands left of the strip is names of groups: few lines, each of which begins beside
 * one that begins on the right, where most do: rows whose first cell is left blank where it would
 * say the same again. */
bool grid_groups(const struct piece *p, const size_t *idx, size_t n, float x,
                 struct arena *scratch);

/* Whether the content stream goes to and fro across the strip, row by row, between pieces of which
 * few are as long as their column has room: cells were written so, columns of text are not. */
bool grid_written(const struct piece *p, const size_t *idx, size_t n, float x,
                  struct arena *scratch);

/* Whether the content stream goes from one side of the strip to the other and back, and each time
 * back to below all of what it wrote, and up at times to go across: cells of several lines. */
bool grid_cells(const struct piece *p, const size_t *idx, size_t n, float x,
                struct arena *scratch);

#endif
