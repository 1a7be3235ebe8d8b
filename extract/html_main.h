/* html_main.h: which part of a page is its content.
 *
 * Menus, banners, comments and footers are told from an article by what their class and id say,
 * by how much of their text is links, and by where the paragraphs are: each paragraph gives its
 * ancestors points for its length and its commas, the best ancestor is the content, its siblings
 * join when they look alike, and what does not look like text is taken out of it (html_clean.h,
 * html_cards.h).
 * Sentences between the title and the content begin it (html_lead.h); the title itself is the
 * document's (html_title.h). */
#ifndef EXTRACT_HTML_MAIN_H
#define EXTRACT_HTML_MAIN_H

#include "extract/html_tree.h"

/* Sets keep on the nodes whose text is content and drop on what is left out, below body.  True
 * when a main part was found or the page is too simple to have another; false when all visible text
 * is kept because none stood out. */
bool main_choose(xmlNode *body);

#endif
