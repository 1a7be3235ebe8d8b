/* html_caption.h: which captions explain a figure, and which only adorn an article.
 *
 * A picture of an agency adorns an article, and its caption says who owns it.  So do the few pictures of
 * an article of news, say what they may, unless the caption has a number by which the text speaks of it.
 * Every other caption explains a figure, and is text. */
#ifndef EXTRACT_HTML_CAPTION_H
#define EXTRACT_HTML_CAPTION_H

#include "extract/html_tree.h"

/* Whether a short piece of the text below n says at its start or its end who owns a picture. */
bool caption_has_owner(xmlNode *n);

/* Which captions of a text stand beside it. */
struct captions {
    bool aside; /* those that are called so                                                   */
    bool boxes; /* boxes of nothing but a picture and a line as well, which are no series     */
};

/* Which captions below root stand beside the text: the page says that it is an article of a site
 * (tree_says_article), and little of it is captions.  Sums are known.  Linear. */
struct captions captions_aside(xmlNode *root);

/* Whether n is a caption, or a box of nothing but a picture and its caption, that adorns.  `c`: what
 * captions_aside says of the text that it is in. */
bool caption_adorns(xmlNode *n, struct captions c);

#endif
