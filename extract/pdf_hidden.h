/* pdf_hidden.h: text that no reader of the page can see. */
#ifndef EXTRACT_PDF_HIDDEN_H
#define EXTRACT_PDF_HIDDEN_H

#include "extract/pdf_outline.h"
#include "extract/words.h"

/* Takes words out of the page that are written in the colour of what is behind them, and returns
 * how many.  Looked at are words in white or nearly white: the page is drawn, and where nothing
 * shows in the box of such a word, it is hidden (white on a dark ground is not).  A page of nothing
 * but hidden words keeps them.
 * Cost: a second run over the page, and drawing it when something on it is white. */
size_t hidden_drop(struct words_page *page, const struct outline *o, uint32_t number);

#endif
