/* html_clean.c: see html_clean.h. */
#include "extract/html_clean.h"

#include <math.h>
#include <string.h>

#include "extract/html_caption.h"
#include "extract/html_names.h"
#include "extract/html_pointers.h"

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

static bool may_be_clutter(enum html_tag t)
{
    return t == TAG_FORM || t == TAG_FIELDSET || t == TAG_TABLE || t == TAG_UL || t == TAG_OL ||
           t == TAG_DIV;
}

/* A box, list or form inside the content that is no text.  `usual`: the share of links in all of it. */
static bool is_clutter(const xmlNode *n, const struct html_facts *f, bool weights, float usual)
{
    const struct html_sums *s = &f->sum;
    bool list = f->tag == TAG_UL || f->tag == TAG_OL;
    int weight = weights ? names_weight(n) : 0;
    float density = tree_link_density(n);
    if ((f->tag == TAG_TABLE && f->data_table) || names_say_body(n)) return false;
    if (tree_in_data_table(n) || tree_inside(n, TAG_CODE, TAG_PRE)) return false;
    bool long_prose = s->p > 0 && s->chars - s->link_chars > 200 && density < 0.2f;
    if (weight < 0 && ((names_of(n) & NAMED_NEVER) || !long_prose)) return true;
    if (s->commas >= 10) return false;
    if (!list) list = (float)s->list_chars > 0.9f * (float)s->chars;
    bool figure = tree_inside(n, TAG_FIGURE, TAG_FIGURE);
    float headings = s->chars ? (float)s->heading_chars / (float)s->chars : 0;
    if (!figure && s->img > 1 && (float)s->p / (float)s->img < 0.5f) return s->chars < 300;
    /* A form asks; an answer with a button or a box to tick beside it says something. */
    bool asks = s->p < 3 || s->chars - s->link_chars < 100 * s->input;
    if (s->input > s->p / 3 && asks) return true;
    if (!list && !figure && headings < 0.9f && s->chars < 25 && (s->img == 0 || s->img > 2) &&
        density > 0)
        return true;
    /* Prose with many links in it, as in manuals, is more than a box of links. */
    bool prose = s->p > 0 && s->chars - s->link_chars > 120;
    if (!list && weight < 25 && density > fmaxf(prose ? 0.5f : 0.2f, usual)) return true;
    return weight >= 25 && density > 0.5f;
}

/* Whether nearly all of what n says is a quotation, as of what somebody posted elsewhere. */
static bool is_quotation(const xmlNode *n)
{
    int most = tree_facts(n)->sum.chars * 9 / 10;
    for (const xmlNode *c = n->children; c;) {
        if (!c->_private || tree_facts(c)->drop || tree_facts(c)->sum.chars <= most) {
            c = c->next;
            continue;
        }
        if (tree_facts(c)->tag == TAG_BLOCKQUOTE) return true;
        c = c->children;
    }
    return false;
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

void clean_part(xmlNode *root, bool weights, bool clutter)
{
    struct captions captions = clutter ? captions_aside(root) : (struct captions){0};
    float usual = tree_link_density(root);
    for (xmlNode *n = root; n; n = tree_next_kept(n, root)) {
        struct html_facts *f = tree_facts(n);
        if (!f || f->drop || n->type != XML_ELEMENT_NODE || n == root) continue;
        bool share = (names_of(n) & NAMED_SHARING) && f->sum.chars < 500 && !is_quotation(n);
        if (f->lead || f->said) continue;
        if (clutter && caption_adorns(n, captions))
            f->drop = true;
        else if (f->tag == TAG_FOOTER || f->tag == TAG_ASIDE || f->tag == TAG_NAV || share)
            f->drop = true;
        else if (clutter && may_be_clutter(f->tag))
            f->drop = is_clutter(n, f, weights, usual);
    }
    if (clutter) pointers_drop(root);
    if (clutter) drop_empty_headings(root);
}
