/* pdf_hidden.h: text that no reader of the page can see. */
#ifndef EXTRACT_PDF_HIDDEN_H
#define EXTRACT_PDF_HIDDEN_H

#include "extract/pdf_outline.h"
#include "extract/words.h"

/* Takes words out of the page that nobody can see and returns how many:
 *
 *   too small to read (below one point), or outside the page
 *   painted without a mark (rendering mode 3, transparent), but for the words that a text
 *   recognition laid over the picture of a scanned page
 *   white or nearly white, where nothing shows in their box when the page is drawn: white on a dark
 *   ground shows
 *
 * A page of nothing but hidden words keeps them.
 * Cost: a second run over the page when something on it leaves no mark, drawing it when something
 * is white; else nothing. */
size_t hidden_drop(struct words_page *page, struct outline *o, uint32_t number);

#endif
