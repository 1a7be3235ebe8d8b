/* pdf_hangul.h: whether a blank stands where a line of hangul ends.
 *
 * Browsers and some word processors break Korean text behind any syllable, others only where a
 * blank is; the page shows no difference.  The document itself tells how likely a word ends with
 * the one syllable and begins with the other. */
#ifndef EXTRACT_PDF_HANGUL_H
#define EXTRACT_PDF_HANGUL_H

#include <stdbool.h>

#include "base/mem.h"
#include "extract/pdf_page.h"

struct hangul; /* the arena's */

bool hangul_is(uint32_t cp); /* a syllable */

/* Counts which syllables stand beside each other within the lines of the document, and whether its
 * lines end within words.  NULL: they do not, or there is too little hangul to tell.  Cost: the
 * length of the text. */
struct hangul *hangul_collect(const struct pdf_doc *d, struct arena *scratch);

/* Whether a word goes on from a line that ends with the syllable a to one that begins with b. */
bool hangul_goes_on(const struct hangul *h, uint32_t a, uint32_t b);

#endif
