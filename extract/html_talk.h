/* html_talk.h: pages that are what people say to each other, as those of forums: what each of them says is
 * the content, however short it is and however much stands beside it about who said it. */
#ifndef EXTRACT_HTML_TALK_H
#define EXTRACT_HTML_TALK_H

#include "extract/html_tree.h"

/* Whether the page is one of which posts are a good part; then `said` is set.  On every page of a forum, what
 * names say against comments and answers is forgotten.  Before names count, after tree_sum.  Cost: linear. */
bool talk_find(xmlNode *body);

/* The smallest part of such a page with best and all posts that are not dropped, and what stands behind the last
 * of them is dropped; NULL, and nothing is, when none of them is in best.  Cost: linear in the page, times its depth. */
xmlNode *talk_widen(xmlNode *best, xmlNode *body);

#endif
