/* html_lead.h: the sentences that begin an article, apart from its body.
 *
 * They stand below the title, in the box of it, or have a box of their own, whose name may be that of a
 * teaser.  Most sites say them once more in the head of the page, as its description: what says the
 * same on the page is the lead, whatever it is called. */
#ifndef EXTRACT_HTML_LEAD_H
#define EXTRACT_HTML_LEAD_H

#include "extract/html_tree.h"

/* Sets lead on what the page's description says once more, and on all that holds it, below body.
 * Sums are known.
 * What is laid over the page or asks for something is none, nor what a box with such a name holds.
 * Cost: linear, and for each block of a length that fits no more than a saying is read of (html_saying.h). */
void lead_find(xmlNode *body);

/* The first h1 with text below root that is not dropped; NULL when there is none. */
xmlNode *lead_title(xmlNode *root);

/* Sets keep on the lead where it stands before the best part of body. */
void lead_keep(xmlNode *best, const xmlNode *body);

#endif
