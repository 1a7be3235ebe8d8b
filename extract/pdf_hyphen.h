/* pdf_hyphen.h: whether a hyphen at the end of a line belongs to the word.
 *
 * "well-" and "known" may be "well-known" or, in another document, "wellknown".  The document's
 * own words decide: how it writes the word where no line ends inside it. */
#ifndef EXTRACT_PDF_HYPHEN_H
#define EXTRACT_PDF_HYPHEN_H

#include "extract/pdf_page.h"

struct hyphens; /* hashes of all words and of all pairs joined by a hyphen */

struct hyphens *hyphen_collect(const struct pdf_doc *d, struct arena *a);
/* `a` ends with a hyphen, `b` is what follows.  True when the hyphen stays. */
bool hyphen_stays(const struct hyphens *h, struct str a, struct str b);

#endif
