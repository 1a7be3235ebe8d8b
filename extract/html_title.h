/* html_title.h: the heading that says the title of the page once more.
 *
 * The title of a page is that of the document, and not part of its text: most pages write it above
 * what is chosen as their main part, where it is left out, others inside it. */
#ifndef EXTRACT_HTML_TITLE_H
#define EXTRACT_HTML_TITLE_H

#include "extract/html_tree.h"

/* Sets drop on the heading that begins what is kept below body, when it and the title in the head of
 * the page, which is the document's (doc_set_title), say the same: "Heading | Site".  On a page
 * without h1 an h2 may be it, but not for a small part of the title.  Linear. */
void title_drop(xmlNode *body);

#endif
