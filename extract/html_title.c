/* html_title.c: see html_title.h. */
#include "extract/html_title.h"

#include <string.h>

#include "extract/html_saying.h"

enum { NEAR = 400 }; /* characters that may stand before the heading */

/* Whether nine letters of ten of the heading are in words of the title, and as many of the title,
 * or of one of its parts, in words of the heading.  `whole`: a small part of it is not enough. */
static bool say_the_same(const struct saying *heading, const struct saying *title, bool whole)
{
    struct saying_share ours = saying_share_of(heading, title), theirs = {0}, part = {0};
    bool covered = false;
    for (const char *w = title->s + 1; *w; w += strcspn(w, " ") + 1) {
        if (*w == '|') {
            covered |= saying_most(part);
            part = (struct saying_share){0};
            continue;
        }
        saying_count(&theirs, w, strcspn(w, " "), heading);
        saying_count(&part, w, strcspn(w, " "), heading);
    }
    covered |= saying_most(part);
    return saying_most(ours) && (covered || 3 * theirs.same >= 2 * theirs.all) &&
           (!whole || 2 * theirs.same >= theirs.all);
}

static const xmlNode *find_title(const xmlNode *body)
{
    const xmlNode *top = body;
    while (top->parent && top->parent->_private) top = top->parent;
    for (xmlNode *n = (xmlNode *)(uintptr_t)top; n && n != body; n = tree_next(n, top, false))
        if (n->_private && tree_facts(n)->tag == TAG_TITLE) return n;
    return NULL;
}

static bool is_below(const xmlNode *n, const xmlNode *up)
{
    while (n && n != up) n = n->parent;
    return n;
}

/* Whether an h1 is kept.  That of a site's name, above the article, is not. */
static bool has_h1(xmlNode *body)
{
    const xmlNode *kept = NULL; /* the outermost kept node that we are in */
    for (xmlNode *n = body; n; n = tree_next_kept(n, body)) {
        const struct html_facts *f = tree_facts(n);
        if (kept && !is_below(n, kept)) kept = NULL;
        if (!kept && f && f->keep) kept = n;
        if (kept && f && !f->drop && f->tag == TAG_H1) return true;
    }
    return false;
}

void title_drop(xmlNode *body)
{
    struct saying title, heading;
    const xmlNode *said = find_title(body);
    int before = 0; /* characters of what is kept */
    if (!said || !tree_says_article(body)) return;
    saying_of(&title, said);
    enum html_tag level = has_h1(body) ? TAG_H1 : TAG_H2;
    const xmlNode *kept = NULL; /* the outermost kept node that we are in */
    for (xmlNode *n = body; n && before < NEAR; n = tree_next_kept(n, body)) {
        struct html_facts *f = tree_facts(n);
        if (kept && !is_below(n, kept)) kept = NULL;
        if (!kept && f && f->keep) kept = n;
        if (!kept || !f || f->drop) continue;
        if (n->type != XML_ELEMENT_NODE) before += f->sum.chars;
        if (f->tag != level) continue;
        saying_of(&heading, n);
        if (!say_the_same(&heading, &title, level == TAG_H2)) continue;
        f->drop = true;
        return;
    }
}
