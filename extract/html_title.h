/* html_title.h: the heading that says the title of an article once more.
 *
 * The title of an article is that of the document, and not part of its text: most sites write it above
 * what is chosen as the main part, where it is left out, others inside it.  Of other pages, manuals say,
 * the heading stays. */
#ifndef EXTRACT_HTML_TITLE_H
#define EXTRACT_HTML_TITLE_H

#include "extract/html_tree.h"

/* Where the page says that it is an article (tree_says_article): sets drop on the heading that begins
 * what is kept below body, when it and the title in the head of the page, which is the document's
 * (doc_set_title), say the same: "Heading | Site".  Where no h1 is kept (that of the site's name is not)
 * an h2 may be it, but not for a small part of the title.  Linear. */
void title_drop(xmlNode *body);

#endif
