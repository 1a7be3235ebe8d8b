/* html_pointers.h: what stands between the paragraphs of a text and leads away from it. */
#ifndef EXTRACT_HTML_POINTERS_H
#define EXTRACT_HTML_POINTERS_H

#include "extract/html_tree.h"

/* Sets drop below root, where it has prose: "Read also: ...", such a line and the links below it; what
 * only asks for something or says nothing ("Subscribe to our ...", "Advertisement"); and where the
 * head says that the page is an article of a site (og:type): links to the same site that stand alone
 * in no paragraph or shout, lists of titles that nothing announces.  Any other link that stands alone
 * may be a source, a download or a part of a law, and stays.  Sums and data tables are known. */
void pointers_drop(xmlNode *root);

#endif
