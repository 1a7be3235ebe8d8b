/* pdf_hyphen.h: whether a hyphen at the end of a line belongs to the word.
 *
 * "well-" and "known" may be "well-known" or, in another document, "wellknown".  The document's
 * own words decide: how it writes the word where no line ends inside it. */
#ifndef EXTRACT_PDF_HYPHEN_H
#define EXTRACT_PDF_HYPHEN_H

#include "extract/pdf_page.h"

struct hyphens; /* hashes of all words and of all pairs joined by a hyphen */

struct hyphens *hyphen_collect(const struct pdf_doc *d, struct arena *a);
enum hyphen {
    HYPHEN_SPLITS, /* "reli-" "able": it goes                        */
    HYPHEN_JOINS,  /* "well-" "known": it stays, nothing follows it  */
    HYPHEN_WAITS   /* "pre-" "and post-": it stays, a blank follows  */
};
/* `a` ends with a hyphen, `b` begins with a small letter. */
enum hyphen hyphen_kind(const struct hyphens *h, struct str a, struct str b);

#endif
