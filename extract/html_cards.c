/* html_cards.c: see html_cards.h. */
#include "extract/html_cards.h"

#include <string.h>

#include "extract/html_links.h"
#include "extract/html_names.h"

enum { CARDS = 3 };    /* so many side by side are a row                     */
enum { TEASER = 200 }; /* characters of a card that are in no link, at most  */
enum { PROSE = 50 };   /* characters in no link that make a paragraph a text */

/* Whether n is built like a card: what its headings say is a link, and a teaser and a date is all that
 * is said besides.  A step or a tip is a part of the text that it is in. */
static bool is_built_so(const xmlNode *n)
{
    const struct html_facts *f = tree_facts(n);
    if (!f || f->drop || n->type != XML_ELEMENT_NODE) return false;
    bool box =
        f->tag == TAG_ARTICLE || f->tag == TAG_DIV || f->tag == TAG_LI || f->tag == TAG_SECTION;
    const struct html_sums *s = &f->sum;
    return box && s->heading_chars && 10 * s->linked_heading_chars >= 9 * s->heading_chars &&
           tree_own_chars(n) <= TEASER && s->chars <= 3 * TEASER && s->p <= 2 &&
           !s->li && !(names_of(n) & NAMED_NOTE);
}

/* Whether all headings of a card lead to other pages of the site.  An address with a place in a page
 * ("/story#part") may be the page's own. */
static bool leads_away(xmlNode *card, const struct site *site)
{
    for (xmlNode *n = card; n; n = tree_next_kept(n, card)) {
        if (!n->_private || n->type != XML_ELEMENT_NODE) continue;
        const struct html_facts *f = tree_facts(n);
        bool title = f->tag == TAG_A && f->sum.chars &&
                     (f->sum.heading_chars || tree_heading_level(tree_facts(n->parent)->tag));
        const char *to = tree_attr(n, "href");
        if (title && (!*to || strchr(to, '#') || !link_home(to, site))) return false;
    }
    return true;
}

static bool is_alike(const xmlNode *a, const xmlNode *b)
{
    return tree_facts(a)->tag == tree_facts(b)->tag &&
           !strcmp(tree_attr(a, "class"), tree_attr(b, "class"));
}

static bool has_text(const xmlNode *n)
{
    return n->_private && !tree_facts(n)->drop && tree_facts(n)->sum.chars;
}

static bool is_prose(const xmlNode *n)
{
    const struct html_facts *f = tree_facts(n);
    return (f->tag == TAG_P || f->sum.blocks == 0) && !tree_heading_level(f->tag) &&
           tree_own_chars(n) > PROSE;
}

/* Boxes beside a paragraph, in the same box as it, are sections of its text. */
static bool has_prose(const xmlNode *box)
{
    for (const xmlNode *c = box->children; c; c = c->next)
        if (has_text(c) && is_prose(c)) return true;
    return false;
}

static void mark(xmlNode *first, const xmlNode *end)
{
    for (xmlNode *c = first; c != end; c = c->next)
        if (has_text(c)) tree_facts(c)->card = true;
}

/* Marks the rows of cards among the children of box. */
static void mark_rows(const xmlNode *box, const struct site *site)
{
    xmlNode *first = NULL;
    int cards = 0;
    bool text = has_prose(box);
    for (xmlNode *c = box->children; c; c = c->next) {
        if (c->_private) tree_facts(c)->card = false;
        if (text || !has_text(c)) continue;
        bool card = is_built_so(c) && leads_away(c, site);
        if (cards && card && is_alike(first, c)) {
            cards++;
            continue;
        }
        if (cards >= CARDS) mark(first, c);
        cards = card;
        first = card ? c : NULL;
    }
    if (cards >= CARDS) mark(first, NULL);
}

/* Characters of the cards below body, and how many are in no link; `drop`: they are dropped. */
struct amount {
    int chars, own;
};

static struct amount walk(xmlNode *body, bool drop)
{
    struct amount cards = {0};
    for (xmlNode *n = body, *next; n; n = next) {
        struct html_facts *f = tree_facts(n);
        bool card = f && f->card && !f->drop;
        next = card ? tree_next(n, body, true) : tree_next_kept(n, body);
        if (!card) continue;
        cards.chars += f->sum.chars;
        cards.own += tree_own_chars(n);
        f->drop = drop;
    }
    return cards;
}

bool cards_drop(xmlNode *body)
{
    enum { LEAST = 140 }; /* characters of a page that says something itself */
    struct site site;
    site_read(&site, body);
    tree_facts(body)->card = false;
    for (xmlNode *n = body; n; n = tree_next_kept(n, body))
        if (n->type == XML_ELEMENT_NODE && n->_private) mark_rows(n, &site);
    struct amount cards = walk(body, false);
    int rest = tree_own_chars(body) - cards.own;
    bool main_part = rest >= LEAST && rest >= 2 * cards.own && 2 * rest >= cards.chars;
    if (cards.chars == 0 || !main_part) return false;
    walk(body, true);
    return true;
}
