/* html_pointers.h: what stands between the paragraphs of a text and leads away from it. */
#ifndef EXTRACT_HTML_POINTERS_H
#define EXTRACT_HTML_POINTERS_H

#include "extract/html_tree.h"

/* Sets drop below root, where it has prose: links to other pages that stand alone, "Read also:
 * ...", such a line and the links below it, lists of titles that nothing announces; and what only
 * asks for something or says nothing ("Subscribe to our ...", "Advertisement").  Sums and data
 * tables are known. */
void pointers_drop(xmlNode *root);

/* Whether n is nothing but links to other pages. */
bool pointers_only(xmlNode *n);

#endif
