/* html_caption.h: which captions explain a figure, and which only adorn an article.
 *
 * A picture of an agency adorns an article, and its caption says who owns it.  A caption without
 * that explains a figure, and is text. */
#ifndef EXTRACT_HTML_CAPTION_H
#define EXTRACT_HTML_CAPTION_H

#include "extract/html_tree.h"

/* Whether n is a caption that names an owner. */
bool caption_adorns(xmlNode *n);

#endif
