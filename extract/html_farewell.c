/* html_farewell.c: see html_farewell.h. */
#include "extract/html_farewell.h"

#include <string.h>

enum { NAME = 25 }; /* bytes of the name of a person or a site, at most */

/* "network.example/name": the page of one person or site among many.  The title of an article is
 * longer, or has hyphens. */
static bool is_profile(const char *address, const struct site *site)
{
    const char *host = link_host(address), *name = host + strcspn(host, "/");
    size_t n;
    if (!*host || *name != '/' || link_home(address, site)) return false;
    n = strcspn(++name, "/-?#=.");
    return n > 1 && n <= NAME && (!name[n] || (name[n] == '/' && !name[n + 1]));
}

static bool same_host(const char *a, const char *b)
{
    size_t n = strcspn(a, "/");
    return n == strcspn(b, "/") && !strncmp(a, b, n);
}

static bool is_italic(const xmlNode *n)
{
    return !strcmp((const char *)n->name, "i") || !strcmp((const char *)n->name, "em");
}

bool farewell_says(xmlNode *n, const struct site *site)
{
    enum { LONG = 250 };
    const char *first = NULL;
    int italic = 0, ways = 0;
    bool two = false;
    if (!tree_facts(n)->sum.link_chars || tree_facts(n)->sum.chars > LONG) return false;
    for (xmlNode *c = n, *next; c; c = next) {
        bool leans =
            c->_private && c->type == XML_ELEMENT_NODE && is_italic(c) && !tree_facts(c)->drop;
        next = tree_next_kept(c, n);
        if (leans) italic += tree_facts(c)->sum.chars;
        if (!c->_private || tree_facts(c)->tag != TAG_A || tree_facts(c)->drop) continue;
        const char *to = tree_attr(c, "href");
        bool profile = is_profile(to, site);
        ways += profile || !strncmp(to, "mailto:", 7);
        if (!profile) continue;
        two |= first && !same_host(first, link_host(to));
        first = link_host(to);
    }
    return two || (ways && 10 * italic >= 9 * tree_facts(n)->sum.chars);
}
