/* html_links.h: where the links of a part of a page lead. */
#ifndef EXTRACT_HTML_LINKS_H
#define EXTRACT_HTML_LINKS_H

#include "extract/html_tree.h"

/* What the head says of the page. */
struct site {
    bool news;        /* it is an article of those that a site has many of          */
    const char *host; /* "example.org/..." of its own address; borrowed, or ""      */
};

void site_read(struct site *site, const xmlNode *n);

/* Whether an address leads to the site: to its host, or one below it. */
bool link_home(const char *address, const struct site *site);

/* Whether all links below n that are kept lead to pages of the site. */
bool links_home(xmlNode *n, const struct site *site);

/* Whether a link below n stays on its page, is only a name for a place, or leads to a person. */
bool links_stay(xmlNode *n);

#endif
