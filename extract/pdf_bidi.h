/* pdf_bidi.h: the order read, from the order seen. */
#ifndef EXTRACT_PDF_BIDI_H
#define EXTRACT_PDF_BIDI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* Brings the n characters of a line, given from left to right as seen, into the order in which they
 * are read: the Unicode Bidirectional Algorithm (UAX #9) backwards, for a line that as a whole
 * reads from right to left (rtl) or from left to right.  A mark stands left of its letter. Brackets
 * among what reads from right to left are turned where they else would shut before they open: some
 * producers store the bracket that is seen, others the one that is meant.  *turned counts the lines
 * of the page for which that is so, less those for which it is not: it decides where a line does
 * not tell. */
void bidi_to_logical(uint32_t *c, size_t n, bool rtl, int *turned, struct arena *scratch);

#endif
