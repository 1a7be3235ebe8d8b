/* html_saying.c: see html_saying.h. */
#include "extract/html_saying.h"

#include <string.h>

#include "extract/html_scan.h"

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
    return cp < 0xC0 || (cp >= 0x2000 && cp < 0x2E80) || (cp >= 0x3000 && cp < 0x3005) ||
           (cp >= 0xFF01 && cp < 0xFF10);
}

/* Adds the words of s, of size bytes, at w->s + k; returns the new k. */
static size_t add_words(struct saying *w, size_t k, const char *s, size_t size)
{
    size_t index, len;
    for (size_t i = 0; i < size && k < SAYING_MAX; i += len) {
        uint32_t cp;
        if ((len = scan_mark(s + i, size - i, &index)) != 0) continue;
        len = utf8_next(s + i, size - i, &cp);
        if (cp == 0xAD) continue; /* where a word may be parted */
        if (!is_sign(cp)) {
            k += utf8_put(cp >= 'A' && cp <= 'Z' ? cp | 32 : cp, w->s + k);
            continue;
        }
        bool parts = is_parting(cp, w->s[k - 1], s[i + len]);
        if (w->s[k - 1] != ' ') w->s[k++] = ' ';
        if (parts && k > 1 && w->s[k - 2] != '|') w->s[k++] = '|', w->s[k++] = ' ';
    }
    return k;
}

static void end_words(struct saying *w, size_t k)
{
    if (w->s[k - 1] != ' ') w->s[k++] = ' ';
    w->s[k] = '\0';
}

void saying_of(struct saying *w, const xmlNode *root)
{
    size_t k = 1, left = SAYING_SOURCE;
    int nodes = SAYING_NODES;
    w->s[0] = ' ';
    for (const xmlNode *n = root; n && k < SAYING_MAX && left && nodes--;
         n = tree_next((xmlNode *)(uintptr_t)n, root, false)) {
        const char *s = n->type != XML_ELEMENT_NODE && n->content ? (const char *)n->content : "";
        size_t size = strnlen(s, left);
        k = add_words(w, k, s, size);
        left -= size;
    }
    end_words(w, k);
}

void saying_of_text(struct saying *w, const char *text)
{
    w->s[0] = ' ';
    end_words(w, add_words(w, 1, text, strnlen(text, SAYING_SOURCE)));
}

void saying_count(struct saying_share *of, const char *w, size_t n, const struct saying *b)
{
    char word[SAYING_MAX + 8];
    memcpy(word, w - 1, n + 2);
    word[n + 2] = '\0';
    of->all += n;
    if (strstr(b->s, word)) of->same += n;
}

struct saying_share saying_share_of(const struct saying *a, const struct saying *b)
{
    struct saying_share of = {0};
    for (const char *w = a->s + 1; *w; w += strcspn(w, " ") + 1)
        if (*w != '|') saying_count(&of, w, strcspn(w, " "), b);
    return of;
}

bool saying_most(struct saying_share of)
{
    return of.all > 0 && 10 * of.same >= 9 * of.all;
}
