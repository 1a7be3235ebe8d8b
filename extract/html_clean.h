/* html_clean.h: takes out of the chosen part of a page what is no text.
 *
 * Boxes of links, forms, buttons to share and captions that only adorn stand inside articles. */
#ifndef EXTRACT_HTML_CLEAN_H
#define EXTRACT_HTML_CLEAN_H

#include "extract/html_tree.h"

/* Sets data_table on the tables below body that hold data and do not only lay out.  Sums are known.
 */
void clean_find_tables(xmlNode *body);

/* Sets drop below root, which stays.  `weights`: names count; `clutter`: what looks like no text
 * goes. Sums and data tables are known; sums are out of date afterwards. */
void clean_part(xmlNode *root, bool weights, bool clutter);

#endif
