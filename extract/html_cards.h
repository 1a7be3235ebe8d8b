/* html_cards.h: rows of cards, each of which calls out another page. */
#ifndef EXTRACT_HTML_CARDS_H
#define EXTRACT_HTML_CARDS_H

#include "extract/html_tree.h"

/* Drops the cards below body: boxes side by side that are built alike, each with a heading that is a link
 * to another page of the site and not much besides.  A page that is little else is about what they say:
 * they stay.  Sums are known, and out of date afterwards where true is returned. */
bool cards_drop(xmlNode *body);

#endif
