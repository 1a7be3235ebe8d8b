/* pdf_order.h: which reading order of a page to believe. */
#ifndef EXTRACT_PDF_ORDER_H
#define EXTRACT_PDF_ORDER_H

#include "extract/pdf_layout.h"

/* Lays the page out by geometry, and where that finds columns or contradicts poppler's own order also
 * by the content stream; keeps what reads better: sentences that go on in small letters, hyphens
 * that find the rest of their word, lines that follow below each other. */
void order_page(struct layout *out, struct arena *a, const struct words_page *page);

/* How well the lines of a layout follow each other, per line, by what they say and, if `places`, by
 * where they stand; about 1.2 for prose in good order. */
float order_score(const struct layout *l, const struct words_page *page, bool places);

#endif
