/* html_title.c: see html_title.h. */
#include "extract/html_title.h"

#include <string.h>

#include "extract/html_scan.h"

enum { LONGEST = 400 }; /* bytes of a title that are looked at */
enum { NEAR = 400 };    /* characters that may stand before the heading */

/* The text below root as " word word ": ASCII in small letters, signs left out. */
struct words {
    char s[LONGEST + 8];
};

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
            bool sign = cp < 0x80
                            ? !((cp | 32) >= 'a' && (cp | 32) <= 'z') && !(cp >= '0' && cp <= '9')
                            : cp < 0xC0 || (cp >= 0x2000 && cp < 0x2E80);
            if (!sign)
                k += utf8_put(cp >= 'A' && cp <= 'Z' ? cp | 32 : cp, w->s + k);
            else if (w->s[k - 1] != ' ')
                w->s[k++] = ' ';
        }
    }
    if (w->s[k - 1] != ' ') w->s[k++] = ' ';
    w->s[k] = '\0';
}

/* Whether nine letters of ten of the heading are in words that the title has as well. */
static bool says(const struct words *heading, const struct words *title)
{
    size_t all = 0, same = 0;
    for (const char *w = heading->s + 1; *w;) {
        char word[LONGEST + 8];
        size_t n = strcspn(w, " ");
        memcpy(word, w - 1, n + 2);
        word[n + 2] = '\0';
        all += n;
        if (strstr(title->s, word)) same += n;
        w += n + 1;
    }
    return all > 0 && 10 * same >= 9 * all;
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

void title_drop(xmlNode *body)
{
    struct words title, heading;
    const xmlNode *said = find_title(body);
    int before = 0; /* characters of what is kept */
    if (!said) return;
    read_words(&title, said);
    const xmlNode *kept = NULL; /* the outermost kept node that we are in */
    for (xmlNode *n = body; n && before < NEAR; n = tree_next_kept(n, body)) {
        struct html_facts *f = tree_facts(n);
        if (kept && !is_below(n, kept)) kept = NULL;
        if (!kept && f && f->keep) kept = n;
        if (!kept || !f || f->drop) continue;
        if (n->type != XML_ELEMENT_NODE) before += f->sum.chars;
        if (f->tag != TAG_H1 && f->tag != TAG_H2) continue;
        read_words(&heading, n);
        if (!says(&heading, &title)) continue;
        f->drop = true;
        return;
    }
}
