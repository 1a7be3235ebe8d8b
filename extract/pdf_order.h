/* pdf_order.h: which reading order of a page to believe. */
#ifndef EXTRACT_PDF_ORDER_H
#define EXTRACT_PDF_ORDER_H

#include "extract/pdf_layout.h"

/* Lays the page out by geometry, and where that contradicts poppler's own order also by the
 * content stream; keeps what reads better: sentences that go on in small letters, hyphens that
 * find the rest of their word, lines that follow below each other. */
void order_page(struct layout *out, struct arena *a, struct words_doc *d, int index,
                struct words_page *page);

/* How well the lines of a layout follow each other, per line; about 0.5 for good order. */
float order_score(const struct layout *l, const struct words_page *page);

#endif
