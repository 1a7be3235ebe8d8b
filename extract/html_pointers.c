/* html_pointers.c: see html_pointers.h. */
#include "extract/html_pointers.h"

#include <string.h>

#include "extract/html_links.h"
#include "extract/html_phrases.h"

enum { NEAR = 64 }; /* neighbours without text that are passed */

/* A block of text without blocks in it. */
static bool is_piece(const struct html_facts *f)
{
    return (f->tag == TAG_P || f->tag == TAG_DIV || f->tag == TAG_BLOCKQUOTE ||
            tree_heading_level(f->tag)) &&
           f->sum.blocks == 0 && f->sum.chars > 0;
}

static bool has_text(const xmlNode *n)
{
    return n->_private && !tree_facts(n)->drop && tree_facts(n)->sum.chars > 0;
}

/* The nearest neighbour with text before n, or behind it. */
static xmlNode *neighbour(const xmlNode *n, bool behind)
{
    xmlNode *m = behind ? n->next : n->prev;
    for (int passed = 0; m && !has_text(m) && passed < NEAR; passed++)
        m = behind ? m->next : m->prev;
    return m && has_text(m) ? m : NULL;
}

/* What stands behind n on the page, and is no part of the line that n is alone on. */
static xmlNode *next_block(xmlNode *n, const xmlNode *root)
{
    int chars = tree_facts(n)->sum.chars;
    while (n->parent != root && tree_facts(n->parent)->sum.chars == chars) n = n->parent;
    return neighbour(n, true);
}

/* All but little of the text leads to other pages. */
static bool is_links(const xmlNode *n)
{
    const struct html_facts *f = tree_facts(n);
    return f->sum.link_chars > 0 && tree_link_density(n) > 0.8f;
}

/* Each item of a list has a link, and not much beside it. */
static bool is_list_of_links(const xmlNode *n)
{
    const struct html_facts *f = tree_facts(n);
    if ((f->tag != TAG_UL && f->tag != TAG_OL) || tree_link_density(n) < 0.4f) return false;
    for (const xmlNode *c = n->children; c; c = c->next)
        if (has_text(c) && tree_facts(c)->sum.link_chars == 0) return false;
    return true;
}

/* All but few of its letters are capitals: how sites call out another of their articles. */
static bool is_shouted(xmlNode *n)
{
    size_t capital = 0, small = 0;
    for (xmlNode *c = n; c; c = tree_next_kept(c, n)) {
        if (c->type == XML_ELEMENT_NODE) continue;
        for (const char *s = c->content ? (const char *)c->content : ""; *s; s++) {
            capital += *s >= 'A' && *s <= 'Z';
            small += *s >= 'a' && *s <= 'z';
        }
    }
    return capital > 10 * small;
}

/* A paragraph that is a link is part of the text, unless it shouts the title of another article of
 * the site.  An address in letters is a source. */
static bool leads_away(xmlNode *n, const struct site *site)
{
    enum { SHORT = 20, LONG = 150 };
    const struct html_facts *f = tree_facts(n);
    return site->news && f->tag == TAG_P && f->sum.chars > SHORT && f->sum.chars <= LONG &&
           is_links(n) && is_shouted(n) && !links_stay(n) && links_home(n, site) &&
           !phrase_has_address(n);
}

static bool is_beside_text(const xmlNode *n)
{
    const xmlNode *a = neighbour(n, false), *b = neighbour(n, true);
    return (a && !tree_is_block(tree_facts(a)->tag)) || (b && !tree_is_block(tree_facts(b)->tag));
}

/* A link that stands by itself between blocks, and is no title of an article. */
static bool is_block_link(xmlNode *n, const struct site *site)
{
    enum { SHORT = 20, LONG = 400 };
    const struct html_facts *f = tree_facts(n), *up = tree_facts(n->parent);
    if (f->tag != TAG_A || f->sum.chars < SHORT || f->sum.chars > LONG || links_stay(n))
        return false;
    if (!site->news || !links_home(n, site)) return false;
    bool box = up->tag == TAG_DIV || up->tag == TAG_ARTICLE || up->tag == TAG_SECTION ||
               up->tag == TAG_MAIN;
    if (!box || up->sum.blocks == f->sum.blocks || is_beside_text(n)) return false;
    for (xmlNode *c = n; c; c = tree_next_kept(c, n)) {
        int level = c->_private ? tree_heading_level(tree_facts(c)->tag) : 0;
        if (level == 1 || level == 2) return false;
    }
    return true;
}

static bool ends_sentence(const xmlNode *n)
{
    for (const xmlNode *c = n; c; c = c->last) {
        if (c->type == XML_ELEMENT_NODE) continue;
        const char *s = c->content ? (const char *)c->content : "";
        size_t k = strlen(s);
        while (k && strchr(" \n\r\t", s[k - 1])) k--;
        return k && strchr(".!?", s[k - 1]);
    }
    return false;
}

/* A list of titles of other pages behind a paragraph that does not announce it. */
static bool is_teaser_list(xmlNode *n, const struct site *site)
{
    enum { TITLE = 30 };
    const struct html_facts *f = tree_facts(n);
    if (f->tag != TAG_UL || f->sum.li == 0 || tree_link_density(n) < 0.9f) return false;
    if (f->sum.chars < TITLE * f->sum.li || links_stay(n) || phrase_has_address(n)) return false;
    if (!site->news || !links_home(n, site)) return false;
    const xmlNode *p = neighbour(n, false);
    return p && tree_facts(p)->tag == TAG_P && ends_sentence(p);
}

/* n is a line like "See also": what it points to goes with it, and it alone stays. */
static void drop_what_follows(xmlNode *n, const xmlNode *root)
{
    struct html_facts *f = tree_facts(n);
    if (tree_link_density(n) > 0.4f) f->drop = true;
    for (xmlNode *m = next_block(n, root); m; m = next_block(m, root)) {
        if (!is_links(m) && !is_list_of_links(m) && tree_facts(m)->tag != TAG_ARTICLE) break;
        tree_facts(m)->drop = f->drop = true;
    }
}

void pointers_drop(xmlNode *root)
{
    enum { PROSE = 800, LINE = 250, LINES = 600 };
    const struct html_sums *all = &tree_facts(root)->sum;
    int own = all->chars - all->link_chars;
    struct site site;
    if (own < PROSE) return;
    site_read(&site, root);
    for (xmlNode *n = root; n; n = tree_next_kept(n, root)) {
        struct html_facts *f = tree_facts(n);
        if (!f || f->drop || n->type != XML_ELEMENT_NODE || n == root) continue;
        if (is_block_link(n, &site) || (is_teaser_list(n, &site) && !tree_in_data_table(n)))
            f->drop = true;
        if (f->drop || !is_piece(f) || f->sum.chars > LINES || tree_in_data_table(n)) continue;
        bool heading = tree_heading_level(f->tag);
        enum phrase p = phrase_of(n);
        if (p == PHRASE_POINTS)
            drop_what_follows(n, root);
        else if (p == PHRASE_EMPTY || p == PHRASE_CALLS)
            f->drop = !heading && f->sum.chars <= LINE && (p == PHRASE_EMPTY || f->sum.link_chars);
        else
            f->drop = leads_away(n, &site);
    }
}
