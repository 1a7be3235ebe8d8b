/* pdf_strip.h: running heads, footers and page numbers. */
#ifndef EXTRACT_PDF_STRIP_H
#define EXTRACT_PDF_STRIP_H

#include "extract/pdf_page.h"

/* Sets drop on lines near the upper or lower edge that come back at the same height on other
 * pages with the same words (numbers may differ), that count the pages, that repeat a title or
 * change sides with the page's number beside it, or that stand where most pages have such a line.
 * A line that repeats nowhere stays, and so does one that stands close to the text: a head of a
 * table that goes on.  Cost: n log n in the number of pages. */
void strip_repeated(struct pdf_doc *d, struct arena *scratch);

#endif
