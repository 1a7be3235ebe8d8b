/* html_links.c: see html_links.h. */
#include "extract/html_links.h"

#include <string.h>
#include <strings.h>

/* "example.org/page" of "https://www.example.org/page". */
static const char *host_of(const char *address)
{
    const char *s = strstr(address, "//");
    if (!s) return "";
    return s + (strncmp(s + 2, "www.", 4) ? 2 : 6);
}

void site_read(struct site *site, const xmlNode *n)
{
    const xmlNode *head = tree_head(n);
    *site = (struct site){.host = "", .news = tree_says_article(n)};
    for (const xmlNode *c = head ? head->children : NULL; c; c = c->next) {
        if (!strcmp(tree_attr(c, "rel"), "canonical")) site->host = host_of(tree_attr(c, "href"));
        const char *what = tree_attr(c, "property"), *said = tree_attr(c, "content");
        if (!strcmp(what, "og:url") && !*site->host) site->host = host_of(said);
    }
}

/* Whether an address leads to the page's site: to its host, or one below it. */
bool link_home(const char *address, const struct site *site)
{
    if (!strchr(address, ':') && strncmp(address, "//", 2) != 0) return true;
    const char *host = host_of(address);
    size_t n = strcspn(host, "/?#"), own = strcspn(site->host, "/?#");
    if (!own || n < own || strncasecmp(host + n - own, site->host, own) != 0) return false;
    return n == own || host[n - own - 1] == '.';
}

bool links_home(xmlNode *n, const struct site *site)
{
    for (xmlNode *a = n; a; a = tree_next_kept(a, n))
        if (a->_private && tree_facts(a)->tag == TAG_A && !link_home(tree_attr(a, "href"), site))
            return false;
    return true;
}

bool links_stay(xmlNode *n)
{
    for (xmlNode *a = n; a; a = tree_next_kept(a, n)) {
        if (!a->_private || tree_facts(a)->tag != TAG_A) continue;
        const char *to = tree_attr(a, "href");
        if (!*to || strchr(to, '#') || !strncmp(to, "mailto:", 7) || !strncmp(to, "tel:", 4))
            return true;
    }
    return false;
}
