/* html_tree.c: see html_tree.h. */
#include "extract/html_tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "extract/html_math.h"
#include "extract/html_scan.h"

/* In the order of enum html_tag, which is the order of strcmp. */
static const char *const tag_names[] = {
    "",       "a",        "address",    "article", "aside",   "blockquote", "body",  "br",
    "button", "caption",  "code",       "dd",      "details", "dialog",     "div",   "dl",
    "dt",     "fieldset", "figcaption", "figure",  "footer",  "form",       "h1",    "h2",
    "h3",     "h4",       "h5",         "h6",      "head",    "header",     "hr",    "img",
    "input",  "kbd",      "label",      "li",      "main",    "nav",        "ol",    "p",
    "pre",    "section",  "summary",    "table",   "tbody",   "td",         "tfoot", "th",
    "thead",  "title",    "tr",         "tt",      "ul",      SCAN_ALT};

static int by_name(const void *key, const void *entry)
{
    return strcmp(key, *(const char *const *)entry);
}

static enum html_tag tag_of(const xmlNode *n)
{
    const char *const *hit = bsearch(n->name, tag_names, sizeof tag_names / sizeof *tag_names,
                                     sizeof *tag_names, by_name);
    return hit ? (enum html_tag)(hit - tag_names) : TAG_OTHER;
}

bool tree_is_block(enum html_tag t)
{
    switch (t) {
    case TAG_OTHER:
    case TAG_A:
    case TAG_BR:
    case TAG_BUTTON:
    case TAG_CODE:
    case TAG_IMG:
    case TAG_INPUT:
    case TAG_KBD:
    case TAG_LABEL:
    case TAG_TT:
    case TAG_ALT:
    case TAG_TITLE: return false;
    default: return true;
    }
}

int tree_heading_level(enum html_tag t)
{
    return t >= TAG_H1 && t <= TAG_H6 ? (int)(t - TAG_H1) + 1 : 0;
}

/* ------------------------------------------------------------------ walking */

xmlNode *tree_next(xmlNode *n, const xmlNode *root, bool over)
{
    if (!over && n->type == XML_ELEMENT_NODE && n->children) return n->children;
    while (n && n != root && !n->next) n = n->parent;
    return !n || n == root ? NULL : n->next;
}

xmlNode *tree_next_kept(xmlNode *n, const xmlNode *root)
{
    const struct html_facts *f = tree_facts(n);
    return tree_next(n, root, !f || f->drop);
}

bool tree_is_in(const xmlNode *n, const xmlNode *up)
{
    while (n && n != up) n = n->parent;
    return n;
}

bool tree_inside(const xmlNode *n, enum html_tag a, enum html_tag b)
{
    for (n = n->parent; n && n->_private; n = n->parent)
        if (tree_facts(n)->tag == a || tree_facts(n)->tag == b) return true;
    return false;
}

bool tree_in_data_table(const xmlNode *n)
{
    for (; n && n->_private; n = n->parent)
        if (tree_facts(n)->tag == TAG_TABLE && tree_facts(n)->data_table) return true;
    return false;
}

/* ------------------------------------------------------------------ attributes */

const char *tree_attr(const xmlNode *n, const char *name)
{
    if (n->type != XML_ELEMENT_NODE) return "";
    for (const xmlAttr *a = n->properties; a; a = a->next)
        if (*a->name == (xmlChar)*name && !strcmp((const char *)a->name, name))
            return a->children && a->children->content ? (const char *)a->children->content : "";
    return "";
}

const xmlNode *tree_head(const xmlNode *n)
{
    while (n->parent && n->parent->_private) n = n->parent;
    for (n = n->children; n && (!n->_private || tree_facts(n)->tag != TAG_HEAD);) n = n->next;
    return n;
}

bool tree_says_article(const xmlNode *n)
{
    const xmlNode *head = tree_head(n);
    for (const xmlNode *c = head ? head->children : NULL; c; c = c->next)
        if (!strcmp(tree_attr(c, "property"), "og:type") && !strcmp(tree_attr(c, "content"), "article"))
            return true;
    return false;
}

bool tree_has_attr(const xmlNode *n, const char *name)
{
    for (const xmlAttr *a = n->properties; a; a = a->next)
        if (!strcmp((const char *)a->name, name)) return true;
    return false;
}

/* A style attribute in lower case and without blanks. */
struct style {
    char s[512];
};

static void read_style(struct style *out, const xmlNode *n)
{
    size_t k = 0;
    for (const char *s = tree_attr(n, "style"); *s && k + 1 < sizeof out->s; s++)
        if (*s != ' ' && *s != '\t' && *s != '\n')
            out->s[k++] = *s >= 'A' && *s <= 'Z' ? (char)(*s | 32) : *s;
    out->s[k] = 0;
}

static bool style_hides(const struct style *style)
{
    if (!*style->s) return false;
    return strstr(style->s, "display:none") || strstr(style->s, "visibility:hidden");
}

/* Whether the letters of an element have no size, or one that nobody can read.  A size that depends
 * on the parent's keeps that of the parent; where a style sheet may give another one, it does. */
static bool is_tiny(const xmlNode *n, const struct style *style, bool parent)
{
    const char *at = *style->s ? strstr(style->s, "font-size:") : NULL;
    if (!at) return parent && !tree_has_attr(n, "class");
    char *unit;
    double size = strtod(at += 10, &unit);
    if (unit == at) return false;
    bool absolute = !strncmp(unit, "px", 2) || !strncmp(unit, "pt", 2);
    if (size == 0 || (absolute && size <= 1)) return true;
    return parent && (*unit == '%' || !strncmp(unit, "em", 2));
}

/* The brackets of a reading, for browsers that cannot place it. */
static bool is_reading_bracket(const xmlNode *n)
{
    return !strcmp((const char *)n->name, "rp");
}

bool tree_is_reading(const xmlNode *n)
{
    return n->type == XML_ELEMENT_NODE && !strcmp((const char *)n->name, "rt");
}

/* Whether the text is a single arrow, or ^, that leads back. */
static bool is_arrow(const char *s)
{
    static const char *const arrows[] = {"\xe2\x86\xa9", "\xe2\x86\xb5", "\xe2\x86\x91", "\xe2\xa4\xb4",
                                         "\xe2\x8f\x8e", "^"};
    s += strspn(s, " \t\r\n");
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++) {
        size_t n = strlen(arrows[i]);
        if (strncmp(s, arrows[i], n) != 0) continue;
        s += n;
        if (!strncmp(s, "\xef\xb8\x8e", 3) || !strncmp(s, "\xef\xb8\x8f", 3)) s += 3; /* how it is drawn */
        return !s[strspn(s, " \t\r\n")];
    }
    return false;
}

/* A link from a note back to where it is referred to says nothing, but where it is the note's number. */
static bool is_back_link(const xmlNode *n)
{
    char text[24] = "";
    size_t len = 0, mark, index;
    if (!strchr(tree_attr(n, "href"), '#')) return false;
    for (const xmlNode *k = n->children; k; k = k->next) {
        const char *s = k->type == XML_TEXT_NODE && k->content ? (const char *)k->content : "";
        if (k->children) return false;
        for (size_t i = 0, all = strlen(s); i < all; i += mark ? mark : 1) {
            mark = scan_mark(s + i, all - i, &index);
            if (mark) continue;
            if (len + 1 == sizeof text) return false;
            text[len++] = s[i];
        }
    }
    bool said = !strcmp(tree_attr(n, "role"), "doc-backlink") ||
                !strcmp(tree_attr(n, "epub:type"), "backlink");
    return said ? !strpbrk(text, "0123456789") : is_arrow(text);
}

/* Whether the text of an element ends with a question mark; a drawing may stand behind it. */
static bool is_question(const xmlNode *root)
{
    char last = 0;
    for (const xmlNode *n = root; n; n = tree_next((xmlNode *)(uintptr_t)n, root, false)) {
        size_t k = n->type != XML_ELEMENT_NODE && n->content ? strlen((const char *)n->content) : 0;
        while (k && strchr(" \t\r\n", n->content[k - 1])) k--;
        if (k) last = (char)n->content[k - 1];
    }
    return last == '?';
}

/* Whether a button is the heading of what it unfolds. */
static bool is_heading(const xmlNode *button)
{
    enum { NEAR = 3 };
    const xmlNode *up = button->parent;
    for (int i = 0; i < NEAR && up && up->_private; i++, up = up->parent)
        if (tree_heading_level(tree_facts(up)->tag) || tree_facts(up)->tag == TAG_DT) return true;
    return tree_has_attr(button, "aria-expanded") && is_question(button);
}

/* A part of the text that the reader unfolds. */
static bool is_panel(const xmlNode *n)
{
    const char *role = tree_attr(n, "role");
    return !strcasecmp(role, "region") || !strcasecmp(role, "tabpanel");
}

static bool invisible(const xmlNode *n, enum html_tag t, const struct style *style, bool show)
{
    if (t == TAG_HEAD || (t == TAG_BUTTON && !is_heading(n))) return true;
    if (t == TAG_OTHER && math_is_unseen(n)) return true;
    if (t == TAG_OTHER && is_reading_bracket(n)) return true;
    if (t == TAG_A && is_back_link(n)) return true;
    if (show) return false;
    if (t == TAG_OTHER && tree_is_reading(n)) return true;
    if (t == TAG_DIALOG && !tree_has_attr(n, "open")) return true;
    if (t == TAG_BODY || !n->properties) return false;
    if ((tree_has_attr(n, "hidden") || style_hides(style)) && !is_panel(n)) return true;
    /* A page saved while a dialogue was open hides its main part from screen readers only. */
    return t != TAG_MAIN && t != TAG_ARTICLE && !is_panel(n) && !strcasecmp(tree_attr(n, "aria-hidden"), "true");
}

/* ------------------------------------------------------------------ facts */

static bool is_comma(uint32_t cp)
{
    return cp == ',' || cp == 0x60C || cp == 0x3001 || cp == 0xFF0C || cp == 0xFE50;
}

static void count_text(const xmlNode *n, struct html_sums *s)
{
    const char *t = (const char *)n->content;
    size_t len = t ? strlen(t) : 0, i = 0, mark, index;
    bool space = true;
    while (i < len) {
        uint32_t cp = (unsigned char)t[i];
        if (cp >= 0x80 && (mark = scan_mark(t + i, len - i, &index)) != 0) {
            i += mark;
            continue;
        }
        i += cp < 0x80 ? 1 : utf8_next(t + i, len - i, &cp);
        bool blank = (cp <= ' ' || cp >= 0x7f) && utf8_is_space(cp);
        if (!blank || !space) s->chars++;
        space = blank;
        if (is_comma(cp)) s->commas++;
    }
    if (space && s->chars) s->chars--;
}

int tree_prepare(xmlNode *root, bool show, struct arena *a)
{
    int deepest = 0;
    struct style style;
    for (xmlNode *n = root; n; n = tree_next(n, root, false)) {
        if (n->type != XML_ELEMENT_NODE && n->type != XML_TEXT_NODE &&
            n->type != XML_CDATA_SECTION_NODE) {
            n->_private = NULL;
            continue;
        }
        struct html_facts *f = NEW(a, struct html_facts, 1);
        n->_private = f;
        const struct html_facts *up = n->parent ? tree_facts(n->parent) : NULL;
        f->depth = up ? up->depth + 1 : 0;
        if (f->depth > deepest) deepest = f->depth;
        f->tiny = up && up->tiny;
        if (n->type != XML_ELEMENT_NODE) {
            f->hidden = f->drop = f->tiny;
            continue;
        }
        f->tag = tag_of(n);
        read_style(&style, n);
        f->tiny = !show && is_tiny(n, &style, f->tiny);
        f->hidden = f->drop = invisible(n, f->tag, &style, show);
    }
    return deepest;
}

size_t tree_hidden_chars(const xmlNode *root)
{
    const struct html_facts *f = tree_facts(root);
    struct html_sums s = {0};
    if (f->tag == TAG_BUTTON || math_is_unseen(root) || is_reading_bracket(root) ||
        (f->tag == TAG_A && is_back_link(root)))
        return 0;
    for (const xmlNode *n = root; n; n = tree_next((xmlNode *)(uintptr_t)n, root, false))
        if (n->type != XML_ELEMENT_NODE && n->content) count_text(n, &s);
    return (size_t)s.chars;
}

static void add_sums(struct html_sums *to, const struct html_sums *s)
{
    to->chars += s->chars;
    to->link_chars += s->link_chars;
    to->heading_chars += s->heading_chars;
    to->linked_heading_chars += s->linked_heading_chars;
    to->list_chars += s->list_chars;
    to->commas += s->commas;
    to->p += s->p;
    to->img += s->img;
    to->li += s->li;
    to->input += s->input;
    to->blocks += s->blocks;
}

/* What the element itself adds to its parent's sums. */
static void close_element(xmlNode *n)
{
    struct html_facts *f = tree_facts(n), *up = n->parent ? tree_facts(n->parent) : NULL;
    if (!f || f->drop || !up) return;
    struct html_sums s = f->sum;
    if (f->tag == TAG_A) s.link_chars = s.chars, s.linked_heading_chars = s.heading_chars;
    if (tree_heading_level(f->tag)) s.heading_chars = s.chars, s.linked_heading_chars = s.link_chars;
    if (f->tag == TAG_UL || f->tag == TAG_OL) s.list_chars = s.chars;
    s.p += f->tag == TAG_P;
    s.img += f->tag == TAG_IMG;
    s.li += f->tag == TAG_LI;
    s.input += f->tag == TAG_INPUT;
    s.blocks += tree_is_block(f->tag);
    add_sums(&up->sum, &s);
}

static void sum_text(const xmlNode *n, struct html_facts *f)
{
    if (!f->summed) count_text(n, &f->sum);
    f->summed = true;
}

void tree_sum(xmlNode *root)
{
    for (xmlNode *n = root; n; n = tree_next(n, root, false)) {
        struct html_facts *f = tree_facts(n);
        if (!f || (f->summed && !f->drop)) continue;
        f->sum = (struct html_sums){0};
        f->summed = false;
    }
    xmlNode *n = root;
    while (n) {
        struct html_facts *f = tree_facts(n);
        if (f && !f->drop && n->type != XML_ELEMENT_NODE) sum_text(n, f);
        if (f && !f->drop && n->type == XML_ELEMENT_NODE && n->children && f->tag != TAG_ALT) {
            n = n->children;
            continue;
        }
        while (n && n != root) {
            close_element(n);
            if (n->next) break;
            n = n->parent;
        }
        n = !n || n == root ? NULL : n->next;
    }
}

float tree_link_density(const xmlNode *n)
{
    const struct html_sums *s = &tree_facts(n)->sum;
    return s->chars > 0 ? (float)s->link_chars / (float)s->chars : 0;
}

int tree_own_chars(const xmlNode *n)
{
    return tree_facts(n)->sum.chars - tree_facts(n)->sum.link_chars;
}
