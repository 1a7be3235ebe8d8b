/* html_title.c: see html_title.h. */
#include "extract/html_title.h"

#include <string.h>

#include "extract/html_scan.h"

enum { LONGEST = 400 }; /* bytes of a title that are looked at */
enum { NEAR = 400 };    /* characters that may stand before the heading */

/* The text below root as " word word ": ASCII in small letters, signs left out, but for those that
 * part a title, which are a word each: " words of it | name of the site ". */
struct words {
    char s[LONGEST + 8];
};

/* A colon parts a title before a blank, a dash behind one: not in "9:30", "well-known". */
static bool is_parting(uint32_t cp, char before, char behind)
{
    if (cp == '|' || cp == '_' || cp == 0xB7 || cp == 0xBB || cp == 0x2022) return true;
    if (cp == ':') return behind == ' ';
    return before == ' ' && (cp == '-' || cp == 0x2013 || cp == 0x2014);
}

static bool is_sign(uint32_t cp)
{
    if (cp < 0x80) return !((cp | 32) >= 'a' && (cp | 32) <= 'z') && !(cp >= '0' && cp <= '9');
    return cp < 0xC0 || (cp >= 0x2000 && cp < 0x2E80);
}

static void read_words(struct words *w, const xmlNode *root)
{
    size_t k = 0, index, len;
    w->s[k++] = ' ';
    for (const xmlNode *n = root; n; n = tree_next((xmlNode *)(uintptr_t)n, root, false)) {
        if (n->type == XML_ELEMENT_NODE || !n->content) continue;
        const char *s = (const char *)n->content;
        for (size_t i = 0, size = strlen(s); i < size && k < LONGEST; i += len) {
            uint32_t cp;
            if ((len = scan_mark(s + i, size - i, &index)) != 0) continue;
            len = utf8_next(s + i, size - i, &cp);
            if (!is_sign(cp)) {
                k += utf8_put(cp >= 'A' && cp <= 'Z' ? cp | 32 : cp, w->s + k);
                continue;
            }
            bool parts = is_parting(cp, w->s[k - 1], s[i + len]);
            if (w->s[k - 1] != ' ') w->s[k++] = ' ';
            if (parts && k > 1 && w->s[k - 2] != '|') w->s[k++] = '|', w->s[k++] = ' ';
        }
    }
    if (w->s[k - 1] != ' ') w->s[k++] = ' ';
    w->s[k] = '\0';
}

/* Letters of the words of a, and those of them that are in words that b has as well. */
struct share {
    size_t all, same;
};

static void add_word(struct share *of, const char *w, size_t n, const struct words *b)
{
    char word[LONGEST + 8];
    memcpy(word, w - 1, n + 2);
    word[n + 2] = '\0';
    of->all += n;
    if (strstr(b->s, word)) of->same += n;
}

static bool is_most(struct share of)
{
    return of.all > 0 && 10 * of.same >= 9 * of.all;
}

/* Whether nine letters of ten of the heading are in words of the title, and as many of the title,
 * or of one of its parts, in words of the heading.  `whole`: a small part of it is not enough. */
static bool say_the_same(const struct words *heading, const struct words *title, bool whole)
{
    struct share ours = {0}, theirs = {0}, part = {0};
    bool covered = false;
    for (const char *w = heading->s + 1; *w; w += strcspn(w, " ") + 1)
        if (*w != '|') add_word(&ours, w, strcspn(w, " "), title);
    for (const char *w = title->s + 1; *w; w += strcspn(w, " ") + 1) {
        if (*w == '|') {
            covered |= is_most(part);
            part = (struct share){0};
            continue;
        }
        add_word(&theirs, w, strcspn(w, " "), heading);
        add_word(&part, w, strcspn(w, " "), heading);
    }
    covered |= is_most(part);
    return is_most(ours) && (covered || 3 * theirs.same >= 2 * theirs.all) &&
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

static bool has_h1(const xmlNode *body)
{
    for (xmlNode *n = (xmlNode *)(uintptr_t)body; n; n = tree_next(n, body, false))
        if (n->_private && tree_facts(n)->tag == TAG_H1 && !tree_facts(n)->hidden) return true;
    return false;
}

void title_drop(xmlNode *body)
{
    struct words title, heading;
    const xmlNode *said = find_title(body);
    int before = 0; /* characters of what is kept */
    if (!said || !tree_says_article(body)) return;
    read_words(&title, said);
    enum html_tag level = has_h1(body) ? TAG_H1 : TAG_H2;
    const xmlNode *kept = NULL; /* the outermost kept node that we are in */
    for (xmlNode *n = body; n && before < NEAR; n = tree_next_kept(n, body)) {
        struct html_facts *f = tree_facts(n);
        if (kept && !is_below(n, kept)) kept = NULL;
        if (!kept && f && f->keep) kept = n;
        if (!kept || !f || f->drop) continue;
        if (n->type != XML_ELEMENT_NODE) before += f->sum.chars;
        if (f->tag != level) continue;
        read_words(&heading, n);
        if (!say_the_same(&heading, &title, level == TAG_H2)) continue;
        f->drop = true;
        return;
    }
}
