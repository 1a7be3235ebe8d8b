/* html_lead.c: see html_lead.h. */
#include "extract/html_lead.h"

#include <string.h>

#include "extract/html_caption.h"
#include "extract/html_names.h"
#include "extract/html_saying.h"

/* ------------------------------------------------------------------ what the head describes */

xmlNode *lead_title(xmlNode *root)
{
    for (xmlNode *n = root; n; n = tree_next_kept(n, root)) {
        const struct html_facts *f = tree_facts(n);
        if (f && !f->drop && f->tag == TAG_H1 && f->sum.chars > 0) return n;
    }
    return NULL;
}

/* What the head of the page says that it is about. */
struct described {
    struct saying words;
    int chars;
    const char *some; /* a piece of the words that what says the same has as well; in `words` */
    size_t n_some;
};

static bool read_description(struct described *d, const xmlNode *body)
{
    enum { LEAST_WORDS = 60, LONGEST = 1 << 20 }; /* bytes: less may be the name of a section */
    const xmlNode *head = tree_head(body);
    const char *said = "";
    size_t longest = 0;
    for (const xmlNode *c = head ? head->children : NULL; c; c = c->next) {
        bool names_it = !strcmp(tree_attr(c, "name"), "description") ||
                        !strcmp(tree_attr(c, "property"), "og:description");
        const char *content = names_it ? tree_attr(c, "content") : "";
        size_t bytes = strlen(content);
        if (bytes > longest) said = content, longest = bytes;
    }
    saying_of_text(&d->words, said);
    size_t n = strlen(d->words.s);
    if (n < LEAST_WORDS) return false;
    d->chars = (int)(longest < LONGEST ? longest : LONGEST);
    d->some = strchr(d->words.s + n / 3, ' ');
    if (!d->some) return false;
    d->n_some = strlen(d->some) < n / 4 ? strlen(d->some) : n / 4;
    return true;
}

static bool says_it(const xmlNode *n, const struct described *d)
{
    struct saying here;
    saying_of(&here, n);
    return memmem(here.s, strlen(here.s), d->some, d->n_some) &&
           saying_most(saying_share_of(&d->words, &here));
}

/* What is laid over the page, asks for something or stands beside the article may say what the page is about,
 * and is no lead of it. */
static bool is_beside(const xmlNode *n, const xmlNode *root)
{
    const struct html_facts *f = tree_facts(n);
    const char *role = tree_attr(n, "role");
    switch (f->tag) {
    case TAG_NAV:
    case TAG_ASIDE:
    case TAG_FOOTER:
    case TAG_TABLE:
    case TAG_DIALOG:
    case TAG_ALT: return true;
    case TAG_FORM: return 2 * f->sum.chars < tree_facts(root)->sum.chars; /* some hold all of a page */
    default: break;
    }
    if (n == root || n->type != XML_ELEMENT_NODE) return false;
    if (!strcmp(role, "dialog") || !strcmp(role, "alertdialog")) return true;
    return (names_of(n) & NAMED_POPUP) && (names_of(n) & (NAMED_NEVER | NAMED_UNLIKELY | NAMED_FRAME));
}

/* The first and smallest block from n on, below root, that says what the head describes. */
static xmlNode *find_said(xmlNode *n, const xmlNode *root, const struct described *d)
{
    enum { MORE = 300, LEAST = 40 }; /* characters */
    xmlNode *said = NULL;
    for (bool over; n; n = tree_next(n, root, over)) {
        const struct html_facts *f = tree_facts(n);
        over = !f || f->hidden || f->sum.chars < LEAST;
        if (said && n == tree_next(said, root, true)) return said;
        bool beside = !over && is_beside(n, root);
        over |= beside;
        bool matters = beside ? said != NULL : !over && tree_is_block(f->tag);
        if (!matters || f->sum.chars > 2 * d->chars + MORE) continue;
        if (says_it(n, d)) said = beside ? NULL : n; /* what holds it said it with that alone */
    }
    return said;
}

static void mark(xmlNode *lead, const xmlNode *body)
{
    if (tree_link_density(lead) > 0.2f) return;
    for (xmlNode *n = lead; n != body; n = n->parent) tree_facts(n)->lead = true;
}

/* A shorter line is the second half of a title.  A sign of Chinese says as much as three letters. */
static bool is_long(const xmlNode *n)
{
    enum { LONG = 170 };
    struct saying here;
    int letters = 0;
    saying_of(&here, n);
    for (size_t i = 0, size = strlen(here.s); i < size;) {
        uint32_t cp;
        i += utf8_next(here.s + i, size - i, &cp);
        letters += cp < 0x2E80 ? 1 : 3;
    }
    return letters > LONG;
}

/* Whether n is in a box whose name speaks against it.  What is said there and elsewhere is a teaser there. */
static bool in_teaser(const xmlNode *n, const xmlNode *body)
{
    int all = tree_facts(body)->sum.chars;
    for (; n != body; n = n->parent)
        if ((names_of(n) & NAMED_NEVER) && 2 * tree_facts(n)->sum.chars < all) return true;
    return false;
}

void lead_find(xmlNode *body)
{
    enum { TIMES = 2 };
    struct described d;
    xmlNode *said[TIMES], *from = body;
    int times = 0;
    bool plain = false;
    if (!read_description(&d, body)) return;
    for (; from && times < TIMES && (said[times] = find_said(from, body, &d)); times++) {
        from = tree_next(said[times], body, true);
        plain |= !in_teaser(said[times], body);
    }
    for (int i = 0; i < times; i++)
        if (is_long(said[i]) && !(plain && in_teaser(said[i], body))) mark(said[i], body);
}

/* Whether n is what says the same as the head, and not only holds it. */
static bool is_said(const xmlNode *n)
{
    if (!tree_facts(n)->lead) return false;
    for (const xmlNode *c = n->children; c; c = c->next)
        if (c->_private && tree_facts(c)->lead) return false;
    return true;
}

/* ------------------------------------------------------------------ what stands below the title */

/* Sentences that begin an article: their names say so, or they are a paragraph below the title. */
static bool is_lead(xmlNode *n, const xmlNode *root, bool titled)
{
    enum { LEAST_LEAD = 40, LEAST_P = 60 };
    const struct html_facts *f = tree_facts(n);
    bool piece = f->tag == TAG_P || (tree_heading_level(f->tag) > 1) ||
                 (f->tag == TAG_DIV && f->sum.blocks == f->sum.p);
    if (!piece || f->sum.chars < LEAST_LEAD || tree_link_density(n) > 0.2f) return false;
    if (tree_inside(n, TAG_FIGURE, TAG_TABLE) || caption_has_owner(n)) return false;
    int names = 0;
    for (const xmlNode *up = n; up != root->parent; up = up->parent) names |= names_of(up);
    if (names & NAMED_CAPTION) return false;
    return (names & NAMED_LEAD) || (titled && f->tag == TAG_P && f->sum.chars > LEAST_P);
}

static void keep_leads_below(xmlNode *root, xmlNode *from, bool titled)
{
    for (xmlNode *n = from; n; n = tree_next_kept(n, root)) {
        struct html_facts *f = tree_facts(n);
        if (f && !f->drop && n->type == XML_ELEMENT_NODE && is_lead(n, root, titled))
            f->keep = true;
    }
}

/* What stands before n in the order of the page, and neither holds it nor is held by what does. */
static xmlNode *before(xmlNode *n, const xmlNode *body)
{
    while (n != body && !n->prev) n = n->parent;
    return n == body ? NULL : n->prev;
}

/* The description is said once: where the best part does, what stands before it is a teaser of it. */
static void keep_said(xmlNode *best, const xmlNode *body)
{
    for (xmlNode *n = before(best, body); n; n = before(n, body))
        for (xmlNode *c = n; c && n->_private && tree_facts(n)->lead; c = tree_next_kept(c, n))
            if (c->type == XML_ELEMENT_NODE && is_said(c)) tree_facts(c)->keep = true;
}

/* The lead of an article may stand before its best part, with the title. */
void lead_keep(xmlNode *best, const xmlNode *body)
{
    if (!tree_facts(best)->lead) keep_said(best, body);
    xmlNode *title = NULL, *top = NULL;
    for (xmlNode *n = before(best, body); n && !title; n = before(n, body))
        if (n->type == XML_ELEMENT_NODE && !tree_facts(n)->drop) title = lead_title(top = n);
    for (xmlNode *n = before(best, body); n && (!title || n != top); n = before(n, body))
        if (n->type == XML_ELEMENT_NODE && !tree_facts(n)->drop) keep_leads_below(n, n, title);
    if (title) keep_leads_below(top, title, true);
}

