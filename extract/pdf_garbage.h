/* pdf_garbage.h: text whose characters nobody can tell: fonts without a table to Unicode. */
#ifndef EXTRACT_PDF_GARBAGE_H
#define EXTRACT_PDF_GARBAGE_H

#include "base/mem.h"
#include "extract/words.h"

/* Takes out the words of every font of the page that mostly gives characters which stand for
 * nothing: private use, control characters, replacement characters, code points without a
 * character.  Returns how many words; *all tells that nothing readable is left of the page.
 * A font with fewer than 8 such characters, or with words of one or two, is left alone: symbols and
 * bullets are often private.
 * Cost: linear. */
size_t garbage_drop(struct words_page *page, struct arena *scratch, bool *all);

#endif
