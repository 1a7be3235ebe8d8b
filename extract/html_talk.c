/* html_talk.c: see html_talk.h. */
#include "extract/html_talk.h"

#include <string.h>
#include <strings.h>

#include "extract/html_names.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { SHARE = 8 }; /* one in so many characters of a page of posts is of a post, at least (seen: a tenth on the
                     * front page of a forum, a sixth in a thread of one short post) */

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

/* What schema.org's types say that the page is, or a part of it. */
struct types {
    bool asks, forum;
};

static void add_type(struct types *t, const xmlNode *n)
{
    const char *type = tree_attr(n, "itemtype");
    if (!*type) return;
    t->asks |= strstr(type, "/QAPage") != NULL;
    t->forum |= strstr(type, "/DiscussionForumPosting") != NULL;
}

static struct types types_of(xmlNode *body)
{
    struct types t = {0};
    if (body->parent) add_type(&t, body->parent);
    for (xmlNode *n = body; n; n = tree_next(n, body, false)) add_type(&t, n);
    return t;
}

/* ------------------------------------------------------------------ what is said */

/* `typed`: what only names call a post is none. */
static bool is_post(const xmlNode *n, bool typed)
{
    if (n->type != XML_ELEMENT_NODE || tree_facts(n)->sum.chars == 0) return false;
    return strstr(tree_attr(n, "itemprop"), "text") || (!typed && (names_of(n) & NAMED_POST));
}

/* Comments on an answer to a question, and what stands beside a thread, are no posts of it. */
static bool is_beside(const xmlNode *n)
{
    enum html_tag t = tree_facts(n)->tag;
    return t == TAG_ASIDE || t == TAG_NAV || t == TAG_FOOTER || (names_of(n) & NAMED_NEVER);
}

/* Posts that were marked, and how many characters of them are in no link. */
struct said {
    int posts, chars;
};

/* Marks posts and what they are in. */
static struct said mark_posts(xmlNode *body, bool typed)
{
    struct said said = {0};
    for (xmlNode *n = body, *next; n; n = next) {
        bool over = !n->_private || tree_facts(n)->hidden || (n->type == XML_ELEMENT_NODE && is_beside(n));
        bool post = !over && is_post(n, typed);
        next = tree_next(n, body, over || post);
        if (post) said.posts++, said.chars += tree_own_chars(n);
        for (xmlNode *up = n; post && up != body && !tree_facts(up)->said; up = up->parent)
            tree_facts(up)->said = true;
    }
    return said;
}

static void unmark_posts(xmlNode *body)
{
    for (xmlNode *n = body; n; n = tree_next(n, body, false))
        if (n->_private) tree_facts(n)->said = false;
}

bool talk_find(xmlNode *body)
{
    struct types types = types_of(body);
    if (!types.asks && !types.forum && !says_forum(body) && !says_forum(body->parent) && !is_made_by_forum(body))
        return false;
    for (xmlNode *n = types.asks ? NULL : body; n; n = tree_next(n, body, false))
        if (n->type == XML_ELEMENT_NODE && n->_private) names_forget(n);
    struct said said = mark_posts(body, true);
    if (said.posts < 2) said = mark_posts(body, false); /* the page's words are for the first post at most */
    if (said.posts > 0 && SHARE * (long)said.chars >= tree_own_chars(body)) return true;
    unmark_posts(body); /* the front page of a forum, with some of what is new: its lists are the page */
    return false;
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
    if (!among) return NULL; /* all posts stand beside it: the page only shows the newest of each thread */
    drop_behind(last, tree_is_in(last, all) ? all : body);
    return all;
}
