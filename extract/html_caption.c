/* html_caption.c: see html_caption.h. */
#include "extract/html_caption.h"

#include <string.h>
#include <strings.h>

#include "extract/html_names.h"
#include "extract/html_scan.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool is_caption(const xmlNode *n)
{
    return tree_facts(n)->tag == TAG_FIGCAPTION || (names_of(n) & NAMED_CAPTION);
}

/* One piece of text of a caption, without marks and the blanks and points around it. */
static void trim(const char *s, struct buf *out)
{
    size_t n = strlen(s), index, mark;
    out->n = 0;
    for (const char *end = s + n; s < end; s += mark ? mark : 1) {
        mark = scan_mark(s, (size_t)(end - s), &index);
        bool blank = !mark && strchr(" \n\t\r", *s);
        if (!blank && !mark) buf_addc(out, *s);
        if (blank && out->n && out->s[out->n - 1] != ' ') buf_addc(out, ' ');
    }
    while (out->n && strchr(" .)]", out->s[out->n - 1])) out->n--;
    buf_addc(out, '\0');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_capital(char c)
{
    return (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Whether s begins with a name or is short: "Jane Doe for the Agency", "supplied".  What explains a
 * picture has more small words than capital ones, or goes on in another sentence. */
static bool is_name(const char *s)
{
    enum { SHORT = 2 };
    int capital = 0, small = 0;
    s += strspn(s, " .:/");
    for (const char *w = s; *w; w += strcspn(w, " /"), w += strspn(w, " /")) {
        capital += is_capital(*w);
        small += *w >= 'a' && *w <= 'z';
        size_t n = strcspn(w, " /");
        if (n > 2 && strchr(".;|", w[n - 1]) && w[n]) return capital > 0 && small == 0;
    }
    if (!strncasecmp(s, "courtesy", 8)) return true;
    return capital + small <= SHORT || capital >= small;
}

/* "Photo: Jane Doe", "Photograph by Jane Doe", "AP Photo/Jane Doe", "Credit...Jane Doe". */
static bool is_label(const char *at)
{
    static const char *const labels[] = {"photo", "photos", "photograph",   "picture",
                                         "image", "credit", "foto",         "fotos",
                                         "bild",  "kuva",   "cr\303\251dit"};
    for (size_t i = 0; i < COUNT(labels); i++) {
        size_t n = strlen(labels[i]);
        if (strncasecmp(at, labels[i], n)) continue;
        const char *after = at + n + strspn(at + n, " ");
        bool parted = *after == ':' || *after == '/' || !strncmp(after, "...", 3);
        if (parted && is_name(after)) return true;
        if (!strncmp(after, "by ", 3) && is_capital(after[3])) return is_name(after + 3);
    }
    return !strncmp(at, "Courtesy ", 9) || !strncmp(at, "Image copyright", 15) ||
           !strncmp(at, "(c) 20", 6);
}

/* Whether the words that end at `end` spell an abbreviation out: "the Protection Agency (PA)". */
static bool spells_out(const char *s, const char *end, const char *name, size_t n)
{
    while (n--) {
        while (end > s && !is_letter(end[-1])) end--;
        while (end > s && is_letter(end[-1])) end--;
        if ((*end | 32) != (name[n] | 32)) return false;
    }
    return true;
}

/* An agency that ends a caption, or has a name behind a stroke. */
static bool is_agency(const char *s, const char *at)
{
    static const char *const names[] = {
        "Getty Images", "Getty",      "GETTY", "GETTY IMAGES", "Reuters",          "REUTERS",
        "AFP",          "AP",         "dpa",   "EPA",          "Associated Press", "Shutterstock",
        "iStock",       "iStock.com", "Alamy", "imago",        "picture alliance"};
    enum { NOTE = 8 }; /* ", File" */
    const char *before = at;
    while (before > s && before[-1] == ' ') before--;
    bool apart = before == s || !is_letter(before[-1]) ||
                 (before - s >= 4 && !strncmp(before - 4, " via", 4));
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t n = strlen(names[i]);
        if (strncmp(at, names[i], n)) continue;
        bool ends = !at[n] || (at[n] == ',' && strlen(at + n) <= NOTE);
        if (before > s && before[-1] == '(' && spells_out(s, before, names[i], n)) return false;
        if (at[n] == '/' || (ends && (apart || i == 0))) return true;
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

bool caption_has_owner(xmlNode *caption)
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

/* A figure that shows a picture, not data or a quotation. */
static bool is_picture(xmlNode *n)
{
    enum { SHORT = 600 };
    if (tree_facts(n)->tag != TAG_FIGURE || tree_facts(n)->sum.chars > SHORT) return false;
    for (xmlNode *c = n; c; c = tree_next_kept(c, n)) {
        enum html_tag t = c->_private ? tree_facts(c)->tag : TAG_OTHER;
        if (t == TAG_TABLE || t == TAG_PRE || t == TAG_BLOCKQUOTE || t == TAG_LI) return false;
    }
    return true;
}

/* "Figure 2. How it works", "Abb. 3: ...", "图2": a word and a number, by which the text speaks of it. */
static bool is_numbered(xmlNode *n)
{
    enum { WORD = 16 };
    struct buf piece = {0};
    for (xmlNode *c = n; c && piece.n < 2; c = tree_next(c, n, false))
        if (c->type != XML_ELEMENT_NODE && c->content) trim((const char *)c->content, &piece);
    const char *s = piece.n ? piece.s : "";
    size_t word = strcspn(s, " .0123456789"), gap = strspn(s + word, " ."), digits = word + gap;
    bool found = word && digits <= WORD && strspn(s + digits, "0123456789") &&
                 (gap || (unsigned char)*s >= 0x80);
    buf_free(&piece);
    return found;
}

/* "Kent 61.2 percent, Essex 58.9 percent, Surrey 66.0 percent": so many numbers are more than a date. */
static bool is_data(xmlNode *n)
{
    enum { NUMBERS = 3 };
    struct buf piece = {0};
    int numbers = 0;
    for (xmlNode *c = n; c && numbers < NUMBERS; c = tree_next_kept(c, n)) {
        if (c->type == XML_ELEMENT_NODE || !c->content) continue;
        trim((const char *)c->content, &piece);
        for (const char *s = piece.s; *(s += strcspn(s, "0123456789")); numbers++)
            s += strspn(s, "0123456789.,");
    }
    buf_free(&piece);
    return numbers >= NUMBERS;
}

static bool holds_caption(xmlNode *n)
{
    for (xmlNode *c = n; c; c = tree_next_kept(c, n))
        if (c->_private && c->type == XML_ELEMENT_NODE && is_caption(c)) return true;
    return false;
}

/* Whether the first picture below n stands apart from its words, and not in a line of them, as small
 * faces do.  A box that holds a quotation, or much besides, is none of a picture. */
static bool has_picture_apart(xmlNode *n)
{
    enum { FEW = 100 }; /* nodes */
    int left = FEW;
    for (xmlNode *c = n; c; c = tree_next_kept(c, n))
        if (!left-- || (c->_private && tree_facts(c)->tag == TAG_BLOCKQUOTE)) return false;
    for (xmlNode *c = n; c; c = tree_next_kept(c, n)) {
        if (!c->_private || tree_facts(c)->tag != TAG_IMG) continue;
        for (const xmlNode *b = c->parent->children; b; b = b->next)
            if (b->_private && b->type != XML_ELEMENT_NODE && tree_facts(b)->sum.chars > 0) return false;
        return true;
    }
    return false;
}

/* Whether n or what it is in names itself a step, a warning, a quotation. */
static bool is_note(const xmlNode *n)
{
    for (; n && n->_private && tree_facts(n)->tag != TAG_BODY; n = n->parent)
        if (names_of(n) & NAMED_NOTE) return true;
    return false;
}

/* A box of nothing but a picture and a line, which is its caption without being called one. */
static bool is_captioned(xmlNode *n)
{
    enum { LINE = 200 };
    const struct html_facts *f = tree_facts(n);
    const struct html_sums *s = &f->sum;
    return (f->tag == TAG_DIV || f->tag == TAG_FIGURE) && s->img > 0 && s->chars > 0 && s->chars <= LINE &&
           s->p <= 1 && !s->heading_chars && !s->li && 2 * s->link_chars < s->chars &&
           has_picture_apart(n) && !is_note(n);
}

struct captions captions_aside(xmlNode *root)
{
    enum { GALLERY = 10 }; /* with one part of so many in captions, a page is about its pictures */
    enum { SERIES = 3 };   /* so many boxes of a picture and a line are steps, or people */
    const struct html_sums *all = &tree_facts(root)->sum;
    int chars = 0, boxes = 0;
    if (!tree_says_article(root)) return (struct captions){0};
    for (xmlNode *n = root, *next; n; n = next) {
        const struct html_facts *f = n->type == XML_ELEMENT_NODE ? tree_facts(n) : NULL;
        bool caption = f && !f->drop && is_caption(n), box = f && !f->drop && !caption && is_captioned(n);
        boxes += box && !holds_caption(n);
        if (caption || box) chars += f->sum.chars;
        next = caption || box ? tree_next(n, root, true) : tree_next_kept(n, root);
    }
    bool aside = GALLERY * chars < all->chars - all->link_chars;
    return (struct captions){.aside = aside, .boxes = aside && boxes < SERIES};
}

bool caption_adorns(xmlNode *n, struct captions c)
{
    bool aside = (c.aside && is_caption(n)) || (c.boxes && is_captioned(n));
    if (aside && !is_numbered(n) && !is_data(n)) return true;
    return (is_caption(n) || is_picture(n)) && caption_has_owner(n);
}
