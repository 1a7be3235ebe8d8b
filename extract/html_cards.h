/* html_cards.h: rows of cards, each of which calls out another page. */
#ifndef EXTRACT_HTML_CARDS_H
#define EXTRACT_HTML_CARDS_H

#include "extract/html_tree.h"

/* Drops the cards below body: three or more boxes side by side that are built alike, each with a heading
 * that is a link to another page of the site and at most two sentences, in a box that has no paragraph of
 * text itself.  They stay where the rest of the page does not say twice as much: then it is about what they
 * say.  Sums are known, and out of date afterwards where true is returned.  Linear but for boxes within
 * boxes. */
bool cards_drop(xmlNode *body);

#endif
