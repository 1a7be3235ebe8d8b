/* html_farewell.h: how an article's author and site can be reached and followed. */
#ifndef EXTRACT_HTML_FAREWELL_H
#define EXTRACT_HTML_FAREWELL_H

#include "extract/html_links.h"

/* Whether the line n says so: it has two profiles in two networks, or one or an address for mail and is all
 * in italics.  Sums are known. */
bool farewell_says(xmlNode *n, const struct site *site);

#endif
