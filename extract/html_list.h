/* html_list.h: what stands before the items of lists. */
#ifndef EXTRACT_HTML_LIST_H
#define EXTRACT_HTML_LIST_H

#include "extract/html_tree.h"

#define LIST_MARK_MAX 32

/* The mark of a list item and a space, NUL-terminated: "- ", and in an ordered list its number, by
 * start, reversed, value and type, as browsers count: "5. ", "c. ", "IV. ".  Call it once for each
 * item that is shown, in the order of the page. */
void list_mark(char out[LIST_MARK_MAX], const xmlNode *li);

#endif
