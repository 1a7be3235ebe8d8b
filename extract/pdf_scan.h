/* pdf_scan.h: whether a PDF could show text that nobody sees. */
#ifndef EXTRACT_PDF_SCAN_H
#define EXTRACT_PDF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether some stream writes text in white or nearly white, in a rendering mode that leaves no mark
 * (3 or 7), or whether something is wholly transparent.  Goes through the operators of all streams
 * in file order, without regard to what uses them.  What cannot be looked into (encrypted, packed by
 * an old method) may.
 * Cost: unpacks every stream that is neither an image nor a font, once: a fraction of what running
 * the pages for it takes. */
bool scan_may_hide(const char *s, size_t n);

#endif
