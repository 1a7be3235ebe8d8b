/* html_main.c: see html_main.h. */
#include "extract/html_main.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "extract/html_cards.h"
#include "extract/html_clean.h"
#include "extract/html_lead.h"
#include "extract/html_names.h"
#include "extract/html_talk.h"
#include "extract/html_title.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { ENOUGH = 500 }; /* characters of a main part that needs no second try     */
/* A page with less text and fewer blocks than this needs no choice, only cleaning. */
enum { SMALL = 2500, SIMPLE = 25 };
enum { LEAST = 140 }; /* below this a page has no main part                     */

/* How strictly what surrounds the content is taken away; each try drops one. */
struct rules {
    bool unlikely; /* drop elements whose names speak against them beforehand   */
    bool weights;  /* let names weigh                                           */
    bool clean;    /* take lists, forms and boxes of links out of the content   */
};

static const char *const roles[] = {"menu",   "menubar",     "complementary", "navigation",
                                    "alert",  "alertdialog", "dialog",        "search",
                                    "banner", "contentinfo"};

/* ------------------------------------------------------------------ what is no candidate */

static bool has_role(const xmlNode *n)
{
    const char *r = tree_attr(n, "role");
    for (size_t i = 0; *r && i < COUNT(roles); i++)
        if (!strcasecmp(r, roles[i])) return true;
    return false;
}

/* What a name says against half of the page, or against the box of its title or lead, it says of
 * something else.  `own`: the page's characters that are in no link. */
static bool name_is_wrong(xmlNode *n, int own)
{
    enum { TITLE_BOX = 1500 };
    const struct html_sums *s = &tree_facts(n)->sum;
    bool list = tree_facts(n)->tag == TAG_UL || tree_facts(n)->tag == TAG_OL;
    return (!list && 2 * (s->chars - s->link_chars) > own) ||
           (s->chars < TITLE_BOX && (tree_facts(n)->lead || lead_title(n)));
}

/* Whether the page says that n is in its main part. */
static bool is_in_main(const xmlNode *n)
{
    for (n = n->parent; n && n->_private; n = n->parent)
        if (tree_facts(n)->tag == TAG_MAIN || tree_facts(n)->tag == TAG_ARTICLE || names_say_body(n)) return true;
    return false;
}

static bool is_prose(const xmlNode *n)
{
    enum { PROSE = 150 };
    const struct html_sums *s = &tree_facts(n)->sum;
    return s->p > 0 && s->chars - s->link_chars >= PROSE && 20 * s->link_chars <= s->chars && s->input == 0 &&
           is_in_main(n);
}

static bool speaks_against(xmlNode *n, const struct html_facts *f, const struct rules *r, int own)
{
    if (f->tag == TAG_BODY || f->tag == TAG_A) return false;
    if (f->tag == TAG_NAV || f->tag == TAG_FOOTER || f->tag == TAG_ASIDE)
        return true;
    if (!r->unlikely || f->said || names_say_body(n)) return false;
    if (has_role(n)) return true;
    if (!strcmp((const char *)n->name, "span")) return false; /* "comment" is a colour of code */
    if (tree_heading_level(f->tag)) return false;             /* "header" is one of a section  */
    bool unlikely = (names_of(n) & NAMED_UNLIKELY) || ((names_of(n) & NAMED_FRAME) && !is_prose(n));
    return unlikely && !(names_of(n) & NAMED_PLACE) &&
           !tree_inside(n, TAG_TABLE, TAG_CODE) && !name_is_wrong(n, own);
}

static bool is_byline(const xmlNode *n, const struct html_facts *f)
{
    if (f->sum.chars == 0 || f->sum.chars >= 100 || tree_heading_level(f->tag)) return false;
    return !strcmp(tree_attr(n, "rel"), "author") || (names_of(n) & NAMED_BYLINE);
}

/* What is said only to those who hear a page and tells them how to get along in it: a short line.  The data
 * of a chart, a heading and what names a cell are text, and within a line it may be part of it:
 * "20<span class=sr-only> minutes</span>". */
static bool is_unseen(const xmlNode *n, const struct html_facts *f)
{
    enum { LINE = 60 };
    bool line = f->tag == TAG_A || f->tag == TAG_DIV || f->tag == TAG_P || f->tag == TAG_BUTTON ||
                f->tag == TAG_LABEL;
    return line && (names_of(n) & NAMED_UNSEEN) && f->sum.chars < LINE && !f->sum.heading_chars &&
           !f->sum.li && !tree_inside(n, TAG_TD, TAG_TH) && !tree_inside(n, TAG_DT, TAG_DD);
}

/* A name that speaks against half of the page speaks of something else. */
static bool never_text(const xmlNode *n, const struct html_facts *f, int all)
{
    return ((names_of(n) & NAMED_NEVER) || is_unseen(n, f)) && 2 * f->sum.chars < all && !f->lead && !f->said &&
           !names_say_body(n) && !tree_inside(n, TAG_PRE, TAG_CODE);
}

static void drop_unlikely(xmlNode *body, const struct rules *r)
{
    int all = tree_facts(body)->sum.chars, own = all - tree_facts(body)->sum.link_chars;
    for (xmlNode *n = body; n; n = tree_next_kept(n, body)) {
        struct html_facts *f = tree_facts(n);
        if (!f || n->type != XML_ELEMENT_NODE || f->drop || n == body) continue;
        f->drop = speaks_against(n, f, r, own) ||
                  (r->unlikely && (is_byline(n, f) || never_text(n, f, all)));
    }
}

/* ------------------------------------------------------------------ points */

static bool is_article(const xmlNode *n)
{
    return tree_facts(n)->tag == TAG_ARTICLE || names_say_body(n);
}

static float first_points(const xmlNode *n, const struct html_facts *f, const struct rules *r)
{
    float p = (float)(r->weights ? names_weight(n) : 0);
    switch (f->tag) {
    case TAG_ARTICLE: p += 10; break;
    case TAG_MAIN: p += 5; break;
    case TAG_DIV: p += 5; break;
    case TAG_PRE:
    case TAG_TD:
    case TAG_BLOCKQUOTE: p += 3; break;
    case TAG_ADDRESS:
    case TAG_OL:
    case TAG_UL:
    case TAG_DL:
    case TAG_DD:
    case TAG_DT:
    case TAG_LI:
    case TAG_FORM: p -= 3; break;
    case TAG_H1:
    case TAG_H2:
    case TAG_H3:
    case TAG_H4:
    case TAG_H5:
    case TAG_H6:
    case TAG_TH: p -= 5; break;
    default: break;
    }
    if (names_say_body(n)) p += 30;
    return p;
}

static bool counts_as_paragraph(const struct html_facts *f)
{
    switch (f->tag) {
    case TAG_P:
    case TAG_TD:
    case TAG_PRE:
    case TAG_SECTION:
    case TAG_H2:
    case TAG_H3:
    case TAG_H4:
    case TAG_H5:
    case TAG_H6: return true;
    case TAG_DIV:
    case TAG_BLOCKQUOTE: return f->sum.blocks == 0;
    default: return false;
    }
}

/* Text that stands in a div beside blocks is a paragraph too: "text<br><br>text<ul>". */
static int loose_chars(const xmlNode *n)
{
    int chars = 0;
    for (const xmlNode *c = n->children; c; c = c->next) {
        const struct html_facts *g = tree_facts(c);
        if (g && !g->drop && !tree_is_block(g->tag) && g->tag != TAG_A) chars += g->sum.chars;
    }
    return chars;
}

static void give_points(xmlNode *n, float points, const struct rules *r)
{
    int level = 0;
    for (xmlNode *up = n; up && up->_private && level < 5; up = up->parent, level++) {
        struct html_facts *f = tree_facts(up);
        if (!f->scored) {
            f->scored = true;
            f->score = first_points(up, f, r);
        }
        f->score += points / (level == 0 ? 1 : level == 1 ? 2 : (float)level * 3);
        if (f->tag == TAG_BODY) break;
    }
}

static void score_all(xmlNode *body, const struct rules *r)
{
    for (xmlNode *n = body; n; n = tree_next_kept(n, body)) {
        struct html_facts *f = tree_facts(n);
        if (!f || f->drop || n->type != XML_ELEMENT_NODE || n == body) continue;
        int loose = f->tag == TAG_DIV && f->sum.blocks ? loose_chars(n) : 0;
        if (counts_as_paragraph(f) && f->sum.chars >= 25)
            give_points(n->parent, 2 + (float)f->sum.commas + fminf((float)f->sum.chars / 100, 3),
                        r);
        else if (loose >= 80)
            give_points(n, 2 + fminf((float)loose / 100, 3) * (1 + (float)loose / 400), r);
    }
    for (xmlNode *n = body; n; n = tree_next_kept(n, body)) {
        struct html_facts *f = tree_facts(n);
        if (f && f->scored && n->type == XML_ELEMENT_NODE) f->score *= 1 - tree_link_density(n);
    }
}

/* ------------------------------------------------------------------ the best ancestor */

enum { TOPS = 5 };

static size_t best_few(xmlNode *body, xmlNode *top[TOPS])
{
    size_t n_top = 0;
    for (xmlNode *n = body; n; n = tree_next_kept(n, body)) {
        struct html_facts *f = tree_facts(n);
        if (!f || f->drop || !f->scored || n->type != XML_ELEMENT_NODE || f->score <= 0) continue;
        size_t at = n_top < TOPS ? n_top++ : TOPS - 1;
        if (at == TOPS - 1 && n_top == TOPS && top[at] && at + 1 == n_top &&
            tree_facts(top[at])->score >= f->score)
            continue;
        while (at > 0 && tree_facts(top[at - 1])->score < f->score) {
            top[at] = top[at - 1];
            at--;
        }
        top[at] = n;
    }
    return n_top;
}

/* Three of the best that score nearly alike speak for what they have in common. */
static xmlNode *common_ancestor(xmlNode *const top[TOPS], size_t n_top, const xmlNode *body)
{
    for (xmlNode *up = top[0]->parent; up && up != body; up = up->parent) {
        int votes = 0;
        for (size_t i = 1; i < n_top; i++)
            if (tree_facts(top[i])->score >= 0.75f * tree_facts(top[0])->score &&
                tree_is_in(top[i], up) && !tree_is_in(top[i], top[0]))
                votes++;
        if (votes >= 3) return up;
    }
    return top[0];
}

/* Goes up while that gains points, and through parents that hold nothing else. */
static xmlNode *climb(xmlNode *top, const xmlNode *body)
{
    float last = tree_facts(top)->score, least = last / 3;
    for (xmlNode *up = top->parent; up && up != body && up->_private; up = up->parent) {
        const struct html_facts *f = tree_facts(up);
        if (!f->scored) continue;
        if (f->score < least) break;
        if (f->score > last) {
            top = up;
            break;
        }
        last = f->score;
    }
    while (top != body && top->parent && top->parent->_private && top->parent != body &&
           tree_facts(top->parent)->sum.chars == tree_facts(top)->sum.chars)
        top = top->parent;
    return top;
}

/* Prose beside the best part that is no box of links and spoke against itself by no name belongs to
 * the page: an introduction above a large table, notes below it. */
static int prose_chars(xmlNode *root, const xmlNode *but)
{
    int chars = 0;
    for (xmlNode *n = root, *next; n; n = next) {
        const struct html_facts *f = tree_facts(n);
        bool over = n == but || !f || f->drop;
        if (!over && f->sum.chars > 80 && tree_is_block(f->tag)) {
            int loose = loose_chars(n);
            if (loose > 80 && tree_link_density(n) < 0.3f) chars += loose;
        }
        next = tree_next(n, root, over);
    }
    return chars;
}

/* A long table has points as well, but is part of a text. */
static xmlNode *out_of_tables(xmlNode *best, const xmlNode *body)
{
    for (xmlNode *up = best; up != body && up->parent; up = up->parent)
        if (tree_facts(up)->data_table) best = up->parent;
    return best;
}

/* Up to where most of what stands beside it is in, when that is half as much as it at least. */
static xmlNode *widen(xmlNode *best, xmlNode *body)
{
    int have = prose_chars(best, NULL);
    if (best == body || 2 * prose_chars(body, best) < have) return best;
    for (xmlNode *up = best->parent; up && up->_private && up != body->parent; up = up->parent)
        if (2 * prose_chars(up, best) > prose_chars(body, best)) return up;
    return best;
}

/* Whether the page itself says that this is an article, or part of one, or holds one that has most
 * of its prose: then what stands around it is not part of it.  A list of teasers has articles too,
 * but little of the page's prose in each. */
static bool in_article(xmlNode *best, const xmlNode *body)
{
    for (const xmlNode *n = best; n && n->_private; n = n->parent)
        if (is_article(n)) return 3 * tree_own_chars(n) >= tree_own_chars(body);
    for (xmlNode *n = best; n; n = tree_next_kept(n, best)) {
        const struct html_facts *f = tree_facts(n);
        if (!f || f->drop || n->type != XML_ELEMENT_NODE || !is_article(n)) continue;
        if (10 * tree_own_chars(n) >= 6 * tree_own_chars(best)) return true;
    }
    return false;
}

/* The outermost article that best is in or is, best itself where there is none. */
static xmlNode *article_around(xmlNode *best, const xmlNode *body)
{
    xmlNode *article = best;
    for (xmlNode *n = best; n && n != body; n = n->parent)
        if (is_article(n)) article = n;
    return article;
}

static bool ends_like_text(const xmlNode *n)
{
    for (const xmlNode *c = n->last; c; c = c->last) {
        if (c->type == XML_ELEMENT_NODE) continue;
        const char *s = c->content ? (const char *)c->content : "";
        size_t k = strlen(s);
        while (k && (s[k - 1] == ' ' || s[k - 1] == '\n')) k--;
        return k && strchr(".!?:", s[k - 1]);
    }
    return false;
}

/* Brothers of the best that look like part of the same text. */
static bool belongs(const xmlNode *n, const xmlNode *top)
{
    const struct html_facts *f = tree_facts(n), *t = tree_facts(top);
    float bonus = 0, density = tree_link_density(n);
    const char *class = tree_attr(top, "class");
    if (n == top) return true;
    if (*class && !strcmp(class, tree_attr(n, "class"))) bonus = 0.2f * t->score;
    if (f->scored && f->score + bonus >= fmaxf(10, 0.2f * t->score)) return true;
    if (tree_heading_level(f->tag)) return f->sum.chars > 0 && n->next && density < 0.5f;
    if (f->tag != TAG_P) return false;
    return f->sum.chars > 80 ? density < 0.25f
                             : f->sum.chars > 0 && f->sum.link_chars == 0 && ends_like_text(n);
}

/* Marks the best part and its brothers; the parent becomes the root of what is kept. */
static void keep_around(xmlNode *top, const xmlNode *body)
{
    if (top == body || !top->parent || !top->parent->_private) {
        tree_facts(top)->keep = true;
        return;
    }
    for (xmlNode *c = top->parent->children; c; c = c->next) {
        struct html_facts *f = tree_facts(c);
        if (f && !f->drop && c->type == XML_ELEMENT_NODE && belongs(c, top)) f->keep = true;
    }
}

/* ------------------------------------------------------------------ trying */

/* Facts of one try, so that the next can start afresh and the best be restored. */
static void reset(xmlNode *body)
{
    for (xmlNode *n = body; n; n = tree_next(n, body, false)) {
        struct html_facts *f = tree_facts(n);
        if (!f) continue;
        f->drop = f->hidden;
        f->keep = f->scored = false;
        f->score = 0;
    }
}

/* What a try kept: characters, and how many of them are in no link. */
struct found {
    int chars, own;
};

static struct found kept(xmlNode *body)
{
    struct found got = {0};
    for (xmlNode *n = body, *next; n; n = next) {
        struct html_facts *f = tree_facts(n);
        bool over = f && (f->keep || f->drop);
        if (f && f->keep && !f->drop) got.chars += f->sum.chars, got.own += tree_own_chars(n);
        next = tree_next(n, body, over || !f);
    }
    return got;
}

/* Whether a laxer try is worth it: more text, or much more in all.  The link with the site's name in the
 * page's head is neither. */
static bool is_more(struct found lax, struct found strict)
{
    return lax.own > strict.own || 10 * (long)lax.chars > 11 * (long)strict.chars;
}

static struct found attempt(xmlNode *body, const struct rules *r, bool talk)
{
    xmlNode *top[TOPS] = {0};
    reset(body);
    tree_sum(body);
    drop_unlikely(body, r);
    tree_sum(body);
    if (r->unlikely && cards_drop(body)) tree_sum(body);
    clean_find_tables(body);
    score_all(body, r);
    size_t n_top = best_few(body, top);
    const struct html_sums *all = &tree_facts(body)->sum;
    if (all->chars - all->link_chars < SMALL && all->blocks < SIMPLE) n_top = 0;
    xmlNode *best = n_top ? climb(common_ancestor(top, n_top, body), body) : body;
    best = out_of_tables(best, body);
    xmlNode *posts = talk ? talk_widen(best, body) : NULL;
    best = posts ? posts : widen(best, in_article(best, body) ? article_around(best, body) : body);
    keep_around(best, body);
    lead_keep(best, body);
    for (xmlNode *c = best->parent && best != body ? best->parent->children : best; c;
         c = c->next) {
        if (c->_private && tree_facts(c)->keep && !tree_facts(c)->drop) {
            clean_part(c, r->weights, r->clean);
        }
        if (best == body) break;
    }
    tree_sum(body);
    return kept(body);
}

bool main_choose(xmlNode *body)
{
    static const struct rules tries[] = {
        {.unlikely = true, .weights = true, .clean = true}, {.weights = true, .clean = true}, {.clean = true}, {0}};
    int best = -1, last = -1;
    struct found most = {0}, got = {0};
    reset(body);
    tree_sum(body);
    bool talk = talk_find(body);
    lead_find(body);
    int all_text = tree_own_chars(body);
    while (got.chars < ENOUGH && ++last < (int)COUNT(tries)) {
        got = attempt(body, &tries[last], talk);
        if (is_more(got, most)) most = got, best = last;
    }
    /* The stricter of two tries that find about the same is as good as one that found enough. */
    bool enough = got.chars >= ENOUGH || 4 * (long)most.chars > all_text;
    if (best >= 0 && most.chars >= LEAST && enough) {
        if (best != last) attempt(body, &tries[best], talk);
        title_drop(body);
        return true;
    }
    reset(body);
    tree_sum(body);
    tree_facts(body)->keep = true;
    return tree_facts(body)->sum.blocks < SIMPLE; /* nothing to choose from */
}
