/* html_clean.c: see html_clean.h. */
#include "extract/html_clean.h"

#include <string.h>

#include "extract/html_caption.h"
#include "extract/html_names.h"
#include "extract/html_phrases.h"

void clean_find_tables(xmlNode *body)
{
    for (xmlNode *t = body; t; t = tree_next_kept(t, body)) {
        struct html_facts *f = tree_facts(t);
        if (!f || f->tag != TAG_TABLE) continue;
        int rows = 0, cells = 0;
        bool data = *tree_attr(t, "summary"), nested = false;
        for (xmlNode *n = tree_next(t, t, false); n; n = tree_next(n, t, false)) {
            const struct html_facts *g = tree_facts(n);
            if (!g || n->type != XML_ELEMENT_NODE) continue;
            rows += g->tag == TAG_TR;
            cells += g->tag == TAG_TD || g->tag == TAG_TH;
            nested |= g->tag == TAG_TABLE;
            data |= g->tag == TAG_CAPTION || g->tag == TAG_TH || g->tag == TAG_THEAD ||
                    g->tag == TAG_TFOOT;
        }
        bool layout = !strcmp(tree_attr(t, "role"), "presentation") || nested;
        f->data_table =
            !layout && (data || (rows > 1 && cells >= 2 * rows && (rows >= 10 || cells > 10)));
    }
}

static bool in_data_table(const xmlNode *n)
{
    for (; n && n->_private; n = n->parent)
        if (tree_facts(n)->tag == TAG_TABLE && tree_facts(n)->data_table) return true;
    return false;
}

static bool may_be_clutter(enum html_tag t)
{
    return t == TAG_FORM || t == TAG_FIELDSET || t == TAG_TABLE || t == TAG_UL || t == TAG_OL ||
           t == TAG_DIV;
}

/* A box, list or form inside the content that is no text. */
static bool is_clutter(const xmlNode *n, const struct html_facts *f, bool weights)
{
    const struct html_sums *s = &f->sum;
    bool list = f->tag == TAG_UL || f->tag == TAG_OL;
    int weight = weights ? names_weight(n) : 0;
    float density = tree_link_density(n);
    if ((f->tag == TAG_TABLE && f->data_table) || names_say_body(n)) return false;
    if (in_data_table(n) || tree_inside(n, TAG_CODE, TAG_PRE)) return false;
    if (weight < 0) return true;
    if (s->commas >= 10) return false;
    if (!list) list = (float)s->list_chars > 0.9f * (float)s->chars;
    bool figure = tree_inside(n, TAG_FIGURE, TAG_FIGURE);
    float headings = s->chars ? (float)s->heading_chars / (float)s->chars : 0;
    if (!figure && s->img > 1 && (float)s->p / (float)s->img < 0.5f) return s->chars < 300;
    if (!list && s->li - 100 > s->p) return true;
    if (s->input > s->p / 3) return true;
    if (!list && !figure && headings < 0.9f && s->chars < 25 && (s->img == 0 || s->img > 2) &&
        density > 0)
        return true;
    /* Prose with many links in it, as in manuals, is more than a box of links. */
    bool prose = s->p > 0 && s->chars - s->link_chars > 120;
    if (!list && weight < 25 && density > (prose ? 0.4f : 0.2f)) return true;
    return weight >= 25 && density > 0.5f;
}

/* Whether text is left between a heading and the next one of its rank or the end; *lost: something
 * there was taken out. */
static bool introduces(xmlNode *h, xmlNode *root, bool *lost)
{
    int level = tree_heading_level(tree_facts(h)->tag);
    for (xmlNode *n = tree_next(h, root, true), *next; n; n = next) {
        const struct html_facts *f = tree_facts(n);
        bool over = !f || f->drop;
        if (f && f->drop && !f->hidden) *lost = true;
        int other = f && !over ? tree_heading_level(f->tag) : 0;
        if (other && other <= level) return false;
        if (other)
            over = true;
        else if (f && !over && n->type != XML_ELEMENT_NODE && f->sum.chars > 0)
            return true;
        next = tree_next(n, root, over);
    }
    return false;
}

/* A heading of nothing but what was taken out goes with it. */
static void drop_empty_headings(xmlNode *root)
{
    for (xmlNode *n = root; n; n = tree_next_kept(n, root)) {
        struct html_facts *f = tree_facts(n);
        bool lost = false;
        if (!f || f->drop || !tree_heading_level(f->tag) || n == root) continue;
        if (!introduces(n, root, &lost) && lost) f->drop = true;
    }
}

/* ------------------------------------------------------------------ pointers to other pages */

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

/* What stands behind n on the page, and is no part of the line that n is alone on. */
static xmlNode *next_block(xmlNode *n, const xmlNode *root)
{
    int chars = tree_facts(n)->sum.chars;
    while (n->parent != root && tree_facts(n->parent)->sum.chars == chars) n = n->parent;
    int passed = 0;
    for (n = n->next; n && passed++ < NEAR; n = n->next)
        if (has_text(n)) return n;
    return NULL;
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

/* Whether a link below n stays on its page, or is only a name for a place. */
static bool links_stay(xmlNode *n)
{
    for (xmlNode *a = n; a; a = tree_next_kept(a, n)) {
        if (!a->_private || tree_facts(a)->tag != TAG_A) continue;
        const char *to = tree_attr(a, "href");
        if (!*to || strchr(to, '#')) return true;
    }
    return false;
}

/* A paragraph that is a link to another page.  An address in letters is a source, and stays. */
static bool is_one_link(xmlNode *n)
{
    enum { SHORT = 20, LONG = 150 };
    const struct html_facts *f = tree_facts(n);
    return f->tag == TAG_P && f->sum.chars > SHORT && f->sum.chars <= LONG && is_links(n) &&
           !links_stay(n) && !phrase_has_address(n);
}

static bool is_first(const xmlNode *n)
{
    int passed = 0;
    for (n = n->prev; n && passed < NEAR; n = n->prev, passed++)
        if (has_text(n)) return false;
    return !n;
}

/* The largest box that begins with the line n, has links for the most part, and is small beside
 * the text; NULL when there is none. */
static xmlNode *box_of_links(xmlNode *n, const xmlNode *root, int own)
{
    xmlNode *box = NULL;
    for (; n->parent != root && is_first(n); n = n->parent) {
        const struct html_sums *s = &tree_facts(n->parent)->sum;
        if (2 * s->link_chars > s->chars && 4 * (s->chars - s->link_chars) < own) box = n->parent;
    }
    return box;
}

/* n is a line like "See also": what it points to goes with it, and it alone stays. */
static void drop_what_follows(xmlNode *n, const xmlNode *root, int own)
{
    struct html_facts *f = tree_facts(n);
    xmlNode *box = box_of_links(n, root, own);
    if (tree_link_density(n) > 0.4f) f->drop = true;
    for (xmlNode *m = next_block(n, root); m; m = next_block(m, root)) {
        if (!is_links(m) && !is_list_of_links(m) && tree_facts(m)->tag != TAG_ARTICLE) break;
        tree_facts(m)->drop = f->drop = true;
    }
    if (box) tree_facts(box)->drop = true;
}

/* Takes out what stands between the paragraphs of a text and leads away from it: a link, "Read
 * also: ...", or such a line and the links below it; and what asks for something. */
static void drop_pointers(xmlNode *root)
{
    enum { PROSE = 800, LINE = 250, LINES = 600 };
    const struct html_sums *all = &tree_facts(root)->sum;
    int own = all->chars - all->link_chars;
    if (own < PROSE) return;
    for (xmlNode *n = root; n; n = tree_next_kept(n, root)) {
        struct html_facts *f = tree_facts(n);
        if (!f || f->drop || n->type != XML_ELEMENT_NODE || n == root || !is_piece(f)) continue;
        if (f->sum.chars > LINES || in_data_table(n)) continue;
        bool heading = tree_heading_level(f->tag);
        enum phrase p = phrase_of(n);
        if (p == PHRASE_POINTS)
            drop_what_follows(n, root, own);
        else if (p == PHRASE_EMPTY || p == PHRASE_CALLS)
            f->drop = !heading && f->sum.chars <= LINE;
        else
            f->drop = is_one_link(n);
    }
}

void clean_part(xmlNode *root, bool weights, bool clutter)
{
    for (xmlNode *n = root; n; n = tree_next_kept(n, root)) {
        struct html_facts *f = tree_facts(n);
        if (!f || f->drop || n->type != XML_ELEMENT_NODE || n == root) continue;
        bool share = (names_of(n) & NAMED_SHARING) && f->sum.chars < 500;
        if (tree_heading_level(f->tag) && weights && names_weight(n) < 0)
            f->drop = true;
        else if (clutter && caption_adorns(n))
            f->drop = true;
        else if (f->tag == TAG_FOOTER || f->tag == TAG_ASIDE || f->tag == TAG_NAV || share)
            f->drop = true;
        else if (clutter && may_be_clutter(f->tag))
            f->drop = is_clutter(n, f, weights);
    }
    if (clutter) drop_pointers(root);
    if (clutter) drop_empty_headings(root);
}
