/* html_cards.c: see html_cards.h. */
#include "extract/html_cards.h"

#include <string.h>

#include "extract/html_links.h"

enum { CARDS = 3 };    /* so many side by side are a row                      */
enum { LITTLE = 500 }; /* characters of a card that are in no link, at most   */

static int own_chars(const xmlNode *n)
{
    return tree_facts(n)->sum.chars - tree_facts(n)->sum.link_chars;
}

/* Whether n is built like a card: what its headings say is a link, and not much is said besides. */
static bool is_built_so(const xmlNode *n)
{
    const struct html_facts *f = tree_facts(n);
    if (!f || f->drop || n->type != XML_ELEMENT_NODE) return false;
    bool box =
        f->tag == TAG_ARTICLE || f->tag == TAG_DIV || f->tag == TAG_LI || f->tag == TAG_SECTION;
    const struct html_sums *s = &f->sum;
    return box && s->heading_chars && 10 * s->linked_heading_chars >= 9 * s->heading_chars &&
           own_chars(n) <= LITTLE && s->chars <= 3 * LITTLE;
}

/* Whether the headings of a card lead to other pages of the site, or it is an article of its own.
 */
static bool leads_away(xmlNode *card, const struct site *site)
{
    bool article = tree_facts(card)->tag == TAG_ARTICLE, home = true;
    for (xmlNode *n = card; n; n = tree_next_kept(n, card)) {
        if (!n->_private || n->type != XML_ELEMENT_NODE) continue;
        const struct html_facts *f = tree_facts(n);
        article |= f->tag == TAG_ARTICLE;
        bool title = f->tag == TAG_A && f->sum.chars &&
                     (f->sum.heading_chars || tree_heading_level(tree_facts(n->parent)->tag));
        if (!title) continue;
        const char *to = tree_attr(n, "href");
        if (!*to || *to == '#') return false;
        home &= link_home(to, site);
    }
    return home || article;
}

static bool is_alike(const xmlNode *a, const xmlNode *b)
{
    return tree_facts(a)->tag == tree_facts(b)->tag &&
           !strcmp(tree_attr(a, "class"), tree_attr(b, "class"));
}

/* How many cards from n on are built alike; *last is the last of them. */
static int row_of(xmlNode *n, xmlNode **last)
{
    int cards = 0;
    for (xmlNode *c = n; c; c = c->next) {
        if (!c->_private || tree_facts(c)->drop || tree_facts(c)->sum.chars == 0) continue;
        if (!is_alike(n, c) || !is_built_so(c)) break;
        cards++;
        *last = c;
    }
    return cards;
}

static bool is_row(xmlNode *n, const struct site *site, xmlNode **last)
{
    if (!is_built_so(n) || row_of(n, last) < CARDS) return false;
    for (xmlNode *c = n; c; c = c->next) {
        if (c->_private && !tree_facts(c)->drop && tree_facts(c)->sum.chars && !leads_away(c, site))
            return false;
        if (c == *last) return true;
    }
    return false;
}

/* Characters of the cards below body, and how many are in no link; `drop`: they are dropped. */
struct amount {
    int chars, own;
};

static struct amount walk(xmlNode *body, const struct site *site, bool drop)
{
    struct amount cards = {0};
    for (xmlNode *n = body, *last, *next; n; n = next) {
        bool row = n != body && is_row(n, site, &last);
        next = row ? tree_next(last, body, true) : tree_next_kept(n, body);
        for (xmlNode *c = n; row && c; c = c == last ? NULL : c->next) {
            if (!c->_private || c->type != XML_ELEMENT_NODE || tree_facts(c)->drop) continue;
            cards.chars += tree_facts(c)->sum.chars;
            cards.own += own_chars(c);
            tree_facts(c)->drop = drop;
        }
    }
    return cards;
}

bool cards_drop(xmlNode *body)
{
    enum { LEAST = 140 }; /* characters of a page that says something itself */
    struct site site;
    site_read(&site, body);
    struct amount cards = walk(body, &site, false);
    int rest = own_chars(body) - cards.own;
    if (cards.chars == 0 || 2 * rest < cards.chars || rest < LEAST) return false;
    walk(body, &site, true);
    return true;
}
