/* html_caption.h: which captions explain a figure, and which only adorn an article.
 *
 * A picture of an agency adorns an article, and its caption says who owns it.  A caption without
 * that explains a figure, and is text. */
#ifndef EXTRACT_HTML_CAPTION_H
#define EXTRACT_HTML_CAPTION_H

#include "extract/html_tree.h"

/* Whether a short piece of the text below n says at its start or its end who owns a picture. */
bool caption_has_owner(xmlNode *n);

/* Whether n is a caption, or a figure of nothing but a picture and its caption, that does so. */
bool caption_adorns(xmlNode *n);

#endif
