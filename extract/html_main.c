/* html_main.c: see html_main.h. */
#include "extract/html_main.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "extract/html_names.h"

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

/* ------------------------------------------------------------------ names */

static bool has_role(const xmlNode *n)
{
    const char *r = tree_attr(n, "role");
    for (size_t i = 0; *r && i < COUNT(roles); i++)
        if (!strcasecmp(r, roles[i])) return true;
    return false;
}

static int weight_of(const xmlNode *n, const struct rules *r)
{
    int bits = r->weights ? names_of(n) : 0;
    return 25 * (!!(bits & CLASS_GOOD) + !!(bits & ID_GOOD) - !!(bits & CLASS_BAD) -
                 !!(bits & ID_BAD));
}

static bool inside(const xmlNode *n, enum html_tag a, enum html_tag b)
{
    for (n = n->parent; n && n->_private; n = n->parent)
        if (tree_facts(n)->tag == a || tree_facts(n)->tag == b) return true;
    return false;
}

/* ------------------------------------------------------------------ what is no candidate */

static bool is_body_of_article(const xmlNode *n)
{
    return (names_of(n) & NAMED_CERTAIN) || !strcasecmp(tree_attr(n, "itemprop"), "articleBody");
}

static bool speaks_against(const xmlNode *n, const struct html_facts *f, const struct rules *r)
{
    if (f->tag == TAG_BODY || f->tag == TAG_A) return false;
    if (f->tag == TAG_NAV || f->tag == TAG_FOOTER || f->tag == TAG_ASIDE)
        return !(names_of(n) & NAMED_PERHAPS) || f->tag == TAG_NAV;
    if (!r->unlikely || is_body_of_article(n)) return false;
    if (has_role(n)) return true;
    if (!strcmp((const char *)n->name, "span")) return false; /* "comment" is a colour of code */
    return (names_of(n) & NAMED_UNLIKELY) && !(names_of(n) & NAMED_PERHAPS) &&
           !inside(n, TAG_TABLE, TAG_CODE);
}

static bool is_byline(const xmlNode *n, const struct html_facts *f)
{
    if (f->sum.chars == 0 || f->sum.chars >= 100 || tree_heading_level(f->tag)) return false;
    return !strcmp(tree_attr(n, "rel"), "author") || (names_of(n) & NAMED_BYLINE);
}

/* A name that speaks against half of the page speaks of something else. */
static bool never_text(const xmlNode *n, const struct html_facts *f, int all)
{
    return (names_of(n) & NAMED_NEVER) && 2 * f->sum.chars < all && !is_body_of_article(n) &&
           !inside(n, TAG_PRE, TAG_CODE);
}

static void drop_unlikely(xmlNode *body, const struct rules *r)
{
    int all = tree_facts(body)->sum.chars;
    for (xmlNode *n = body; n; n = tree_next_kept(n, body)) {
        struct html_facts *f = tree_facts(n);
        if (!f || n->type != XML_ELEMENT_NODE || f->drop || n == body) continue;
        f->drop =
            speaks_against(n, f, r) || (r->unlikely && (is_byline(n, f) || never_text(n, f, all)));
    }
}

/* ------------------------------------------------------------------ points */

static bool is_article(const xmlNode *n)
{
    return tree_facts(n)->tag == TAG_ARTICLE || is_body_of_article(n);
}

/* Characters that are in no link. */
static int own_chars(const xmlNode *n)
{
    return tree_facts(n)->sum.chars - tree_facts(n)->sum.link_chars;
}

static float first_points(const xmlNode *n, const struct html_facts *f, const struct rules *r)
{
    float p = (float)weight_of(n, r);
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
    if (is_body_of_article(n)) p += 30;
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

static bool is_ancestor(const xmlNode *up, const xmlNode *n)
{
    for (; n; n = n->parent)
        if (n == up) return true;
    return false;
}

/* Three of the best that score nearly alike speak for what they have in common. */
static xmlNode *common_ancestor(xmlNode *const top[TOPS], size_t n_top, const xmlNode *body)
{
    for (xmlNode *up = top[0]->parent; up && up != body; up = up->parent) {
        int votes = 0;
        for (size_t i = 1; i < n_top; i++)
            if (tree_facts(top[i])->score >= 0.75f * tree_facts(top[0])->score &&
                is_ancestor(up, top[i]) && !is_ancestor(top[0], top[i]))
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

static xmlNode *widen(xmlNode *best, xmlNode *body)
{
    int have = prose_chars(best, NULL);
    if (best == body || 4 * prose_chars(body, best) < have) return best;
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
        if (is_article(n)) return 3 * own_chars(n) >= own_chars(body);
    for (xmlNode *n = best; n; n = tree_next_kept(n, best)) {
        const struct html_facts *f = tree_facts(n);
        if (!f || f->drop || n->type != XML_ELEMENT_NODE || !is_article(n)) continue;
        if (10 * own_chars(n) >= 6 * own_chars(best)) return true;
    }
    return false;
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
    enum html_tag up = tree_facts(n->parent)->tag;
    if ((up == TAG_BODY || up == TAG_MAIN || up == TAG_ARTICLE) && f->sum.link_chars == 0)
        return true;
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

/* ------------------------------------------------------------------ cleaning */

static void find_data_tables(xmlNode *body)
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

/* A box, list or form inside the content that is no text. */
static bool is_clutter(const xmlNode *n, const struct html_facts *f, const struct rules *r)
{
    const struct html_sums *s = &f->sum;
    bool list = f->tag == TAG_UL || f->tag == TAG_OL;
    int weight = weight_of(n, r);
    float density = tree_link_density(n);
    if ((f->tag == TAG_TABLE && f->data_table) || is_body_of_article(n)) return false;
    if (in_data_table(n) || inside(n, TAG_CODE, TAG_PRE)) return false;
    if (weight < 0) return true;
    if (s->commas >= 10) return false;
    if (!list) list = (float)s->list_chars > 0.9f * (float)s->chars;
    bool figure = inside(n, TAG_FIGURE, TAG_FIGURE);
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

static bool is_caption(const xmlNode *n, const struct html_facts *f)
{
    return f->tag == TAG_FIGCAPTION || (names_of(n) & NAMED_CAPTION);
}

/* One piece of text of a caption, without the blanks and points around it. */
static void trim(const char *s, struct buf *out)
{
    out->n = 0;
    for (; *s; s++) {
        bool blank = strchr(" \n\t\r", *s);
        if (!blank) buf_addc(out, *s);
        if (blank && out->n && out->s[out->n - 1] != ' ') buf_addc(out, ' ');
    }
    while (out->n && strchr(" .)]", out->s[out->n - 1])) out->n--;
    buf_addc(out, '\0');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "Photo:", "Photograph by Jane Doe", "AP Photo/Jane Doe", "Credit...Jane Doe". */
static bool is_label(const char *at)
{
    static const char *const labels[] = {"photo", "photos", "photograph",   "picture",
                                         "image", "credit", "foto",         "fotos",
                                         "bild",  "kuva",   "cr\303\251dit"};
    for (size_t i = 0; i < COUNT(labels); i++) {
        size_t n = strlen(labels[i]);
        if (strncasecmp(at, labels[i], n)) continue;
        const char *after = at + n + strspn(at + n, " ");
        if (*after == ':' || *after == '/' || !strncmp(after, "...", 3)) return true;
        if (!strncmp(after, "by ", 3) && after[3] >= 'A' && after[3] <= 'Z') return true;
    }
    return !strncmp(at, "Courtesy ", 9) || !strncmp(at, "Image copyright", 15) ||
           !strncmp(at, "(c) 20", 6);
}

/* An agency that ends a caption, or has a name behind a stroke. */
static bool is_agency(const char *s, const char *at)
{
    static const char *const names[] = {
        "Getty Images", "Getty",      "GETTY", "GETTY IMAGES", "Reuters",          "REUTERS",
        "AFP",          "AP",         "dpa",   "EPA",          "Associated Press", "Shutterstock",
        "iStock",       "iStock.com", "Alamy", "imago",        "picture alliance"};
    const char *before = at;
    while (before > s && before[-1] == ' ') before--;
    bool apart = before == s || !is_letter(before[-1]) ||
                 (before - s >= 4 && !strncmp(before - 4, " via", 4));
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t n = strlen(names[i]);
        if (strncmp(at, names[i], n)) continue;
        if (at[n] == '/' || (!at[n] && (apart || i == 0))) return true;
    }
    return false;
}

static bool is_credit(const char *s)
{
    enum { LONG = 400, TAIL = 80 };
    const char *end = s + strlen(s);
    if (end - s > LONG) return false;
    for (const char *at = s; at < end; at++) {
        if (at != s && (end - at > TAIL || is_letter(at[-1]))) continue;
        if (is_label(at) || is_agency(s, at)) return true;
    }
    return strstr(s, "\xc2\xa9");
}

/* A picture of an agency adorns an article, and a piece of its caption says at its start or its end
 * who owns it.  Captions without that, and long pieces, explain figures, and are text. */
static bool has_credit(xmlNode *caption)
{
    struct buf piece = {0};
    bool found = false;
    for (xmlNode *n = caption; n && !found; n = tree_next(n, caption, false)) {
        if (n->type == XML_ELEMENT_NODE || !n->content) continue;
        trim((const char *)n->content, &piece);
        found = is_credit(piece.s);
    }
    buf_free(&piece);
    return found;
}

static void clean(xmlNode *root, const struct rules *r)
{
    for (xmlNode *n = root; n; n = tree_next_kept(n, root)) {
        struct html_facts *f = tree_facts(n);
        if (!f || f->drop || n->type != XML_ELEMENT_NODE || n == root) continue;
        int heading = tree_heading_level(f->tag);
        bool share = (names_of(n) & NAMED_SHARING) && f->sum.chars < 500;
        if (heading && weight_of(n, r) < 0)
            f->drop = true;
        else if (r->clean && is_caption(n, f) && has_credit(n))
            f->drop = true;
        else if (f->tag == TAG_FOOTER || f->tag == TAG_ASIDE || f->tag == TAG_NAV || share)
            f->drop = true;
        else if (r->clean && (f->tag == TAG_FORM || f->tag == TAG_FIELDSET || f->tag == TAG_TABLE ||
                              f->tag == TAG_UL || f->tag == TAG_OL || f->tag == TAG_DIV))
            f->drop = is_clutter(n, f, r);
    }
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

static int kept_chars(xmlNode *body, bool text_only)
{
    int chars = 0;
    for (xmlNode *n = body, *next; n; n = next) {
        struct html_facts *f = tree_facts(n);
        bool over = f && (f->keep || f->drop);
        if (f && f->keep && !f->drop) chars += f->sum.chars - (text_only ? f->sum.link_chars : 0);
        next = tree_next(n, body, over || !f);
    }
    return chars;
}

static int attempt(xmlNode *body, const struct rules *r)
{
    xmlNode *top[TOPS] = {0};
    reset(body);
    tree_sum(body);
    drop_unlikely(body, r);
    tree_sum(body);
    score_all(body, r);
    size_t n_top = best_few(body, top);
    const struct html_sums *all = &tree_facts(body)->sum;
    if (all->chars - all->link_chars < SMALL && all->blocks < SIMPLE) n_top = 0;
    xmlNode *best = n_top ? climb(common_ancestor(top, n_top, body), body) : body;
    if (!in_article(best, body)) best = widen(best, body);
    keep_around(best, body);
    find_data_tables(body);
    for (xmlNode *c = best->parent && best != body ? best->parent->children : best; c;
         c = c->next) {
        if (c->_private && tree_facts(c)->keep && !tree_facts(c)->drop) {
            clean(c, r);
            if (r->clean) drop_empty_headings(c);
        }
        if (best == body) break;
    }
    tree_sum(body);
    return kept_chars(body, false);
}

bool main_choose(xmlNode *body)
{
    static const struct rules tries[] = {
        {true, true, true}, {false, true, true}, {false, false, true}, {false, false, false}};
    int best = -1, most = 0, last = -1;
    reset(body);
    tree_sum(body);
    int all_text = tree_facts(body)->sum.chars - tree_facts(body)->sum.link_chars;
    while (++last < (int)COUNT(tries)) {
        int chars = attempt(body, &tries[last]);
        if (chars > most) most = chars, best = last;
        if (chars >= ENOUGH) break;
    }
    if (best >= 0 && most >= LEAST && (most >= ENOUGH || 4 * most > all_text)) {
        if (best != last) attempt(body, &tries[best]);
        return true;
    }
    reset(body);
    tree_sum(body);
    tree_facts(body)->keep = true;
    return tree_facts(body)->sum.blocks < SIMPLE; /* nothing to choose from */
}
