/* html_talk.c: see html_talk.h. */
#include "extract/html_talk.h"

#include <string.h>
#include <strings.h>

#include "extract/html_names.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ------------------------------------------------------------------ what kind of page it is */

static bool says_forum(const xmlNode *n)
{
    return n && n->_private && (names_of(n) & NAMED_FORUM);
}

static bool is_made_by_forum(const xmlNode *body)
{
    static const char *const programs[] = {"Discourse", "vBulletin", "phpBB", "MyBB", "Flarum", "NodeBB"};
    const xmlNode *head = tree_head(body);
    for (const xmlNode *c = head ? head->children : NULL; c; c = c->next) {
        if (strcasecmp(tree_attr(c, "name"), "generator") != 0) continue;
        for (size_t i = 0; i < COUNT(programs); i++)
            if (!strncasecmp(tree_attr(c, "content"), programs[i], strlen(programs[i]))) return true;
    }
    return false;
}

/* Whether the page or a part of it is of a type of schema.org. */
static bool has_type(const xmlNode *body, const char *type)
{
    if (body->parent && strstr(tree_attr(body->parent, "itemtype"), type)) return true;
    for (xmlNode *n = (xmlNode *)(uintptr_t)body; n; n = tree_next(n, body, false))
        if (strstr(tree_attr(n, "itemtype"), type)) return true;
    return false;
}

/* ------------------------------------------------------------------ what is said */

static bool is_post(const xmlNode *n)
{
    return n->type == XML_ELEMENT_NODE && tree_facts(n)->sum.chars > 0 &&
           (strstr(tree_attr(n, "itemprop"), "text") || names_say_post(n));
}

/* Comments on an answer to a question, and what stands beside a thread, are no posts of it. */
static bool is_beside(const xmlNode *n)
{
    enum html_tag t = tree_facts(n)->tag;
    return t == TAG_ASIDE || t == TAG_NAV || t == TAG_FOOTER || (names_of(n) & NAMED_NEVER);
}

static void mark_posts(xmlNode *body)
{
    for (xmlNode *n = body, *next; n; n = next) {
        bool over = !n->_private || tree_facts(n)->hidden || (n->type == XML_ELEMENT_NODE && is_beside(n));
        bool post = !over && is_post(n);
        next = tree_next(n, body, over || post);
        for (xmlNode *up = n; post && up != body && !tree_facts(up)->said; up = up->parent)
            tree_facts(up)->said = true;
    }
}

bool talk_find(xmlNode *body)
{
    bool asks = has_type(body, "/QAPage");
    if (!asks && !says_forum(body) && !says_forum(body->parent) && !is_made_by_forum(body) &&
        !has_type(body, "/DiscussionForumPosting"))
        return false;
    for (xmlNode *n = asks ? NULL : body; n; n = tree_next(n, body, false))
        if (n->type == XML_ELEMENT_NODE && n->_private) names_forget(n);
    mark_posts(body);
    return true;
}

/* ------------------------------------------------------------------ all of it */

/* Whether a post is among what stands beside n and before it. */
static bool follows_post(const xmlNode *n)
{
    while ((n = n->prev) && !(n->_private && tree_facts(n)->said)) {
    }
    return n;
}

/* Behind the last of the posts stand other threads, and what asks for an answer: from the row of posts up. */
static void drop_behind(xmlNode *last, const xmlNode *root)
{
    bool row = false;
    for (xmlNode *n = last; n != root; n = n->parent) {
        row |= follows_post(n);
        for (xmlNode *c = row ? n->next : NULL; c; c = c->next)
            if (c->_private) tree_facts(c)->drop = true;
    }
}

xmlNode *talk_widen(xmlNode *best, xmlNode *body)
{
    xmlNode *all = best, *last = NULL;
    bool among = false;
    for (xmlNode *n = body; n; n = tree_next_kept(n, body)) {
        const struct html_facts *f = tree_facts(n);
        if (!f || f->drop || !f->said || n == body) continue;
        among |= n == best || tree_is_in(n, best);
        last = n;
        while (all != body && !tree_is_in(n, all) && !tree_is_in(all, n)) all = all->parent;
    }
    if (!among) return best; /* all posts stand beside it: the page only shows the newest of each thread */
    drop_behind(last, tree_is_in(last, all) ? all : body);
    return all;
}
