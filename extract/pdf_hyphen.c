/* pdf_hyphen.c: see pdf_hyphen.h. */
#include "extract/pdf_hyphen.h"

#include <glib.h>
#include <string.h>

#include "extract/pdf_text.h"

struct hyphens {
    uint64_t *slot; /* open addressing; 0 free */
    size_t mask;
};

#define START 1469598103934665603u
#define PRIME 1099511628211u

static uint64_t mix(uint64_t h, uint32_t cp)
{
    return (h ^ g_unichar_tolower(cp)) * PRIME;
}
static bool is_hyphen(uint32_t cp)
{
    return cp == '-' || cp == 0x2010;
}

static void put(struct hyphens *h, uint64_t key)
{
    size_t i = key & h->mask;
    while (h->slot[i] && h->slot[i] != key) i = (i + 1) & h->mask;
    h->slot[i] = key;
}

static bool has(const struct hyphens *h, uint64_t key)
{
    for (size_t i = key & h->mask; h->slot[i]; i = (i + 1) & h->mask)
        if (h->slot[i] == key) return true;
    return false;
}

/* The words of a line that are whole: not the last one when the line ends in a hyphen. */
static void take_line(struct hyphens *h, struct str s)
{
    uint64_t word = START, pair = 0; /* pair: the word before, and a hyphen */
    size_t letters = 0;
    for (size_t i = 0; i < s.n;) {
        uint32_t cp;
        i += utf8_next(s.s + i, s.n - i, &cp);
        if (text_is_letter(cp)) {
            word = mix(word, cp);
            if (pair) pair = mix(pair, cp);
            letters++;
            continue;
        }
        if (letters && !(is_hyphen(cp) && i == s.n)) put(h, word);
        if (letters && pair) put(h, pair);
        pair = letters && is_hyphen(cp) ? mix(word, '-') : 0;
        word = START;
        letters = 0;
    }
    if (letters) put(h, word);
    if (letters && pair) put(h, pair);
}

struct hyphens *hyphen_collect(const struct pdf_doc *d, struct arena *a)
{
    struct hyphens *h = NEW(a, struct hyphens, 1);
    size_t bytes = 0, size = 1024;
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 0; i < d->v[p].n; i++) bytes += d->v[p].v[i].text.n + 1;
    while (size < 2 * bytes) size *= 2; /* two keys at most for two bytes */
    h->slot = NEW(a, uint64_t, size);
    h->mask = size - 1;
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 0; i < d->v[p].n; i++) take_line(h, d->v[p].v[i].text);
    return h;
}

static bool is_conjunction(struct str b)
{
    static const char *const words[] = {"and ",  "or ",  "to ", "und ",
                                        "oder ", "bis ", "et ", "ou "};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (b.n > n && !memcmp(b.s, words[i], n)) return true;
    }
    return false;
}

enum hyphen hyphen_kind(const struct hyphens *h, struct str a, struct str b)
{
    size_t end = a.n - text_end_hyphen(a), start = end;
    while (start > 0) { /* the letters before the hyphen */
        uint32_t cp;
        size_t k = utf8_back(a.s, start);
        utf8_next(a.s + start - k, k, &cp);
        if (!text_is_letter(cp)) break;
        start -= k;
    }
    uint64_t joined = START, pair;
    uint32_t cp;
    for (size_t i = start; i < end;) {
        i += utf8_next(a.s + i, end - i, &cp);
        joined = mix(joined, cp);
    }
    pair = mix(joined, '-');
    for (size_t i = 0; i < b.n;) {
        i += utf8_next(b.s + i, b.n - i, &cp);
        if (!text_is_letter(cp)) break;
        joined = mix(joined, cp);
        pair = mix(pair, cp);
    }
    if (has(h, joined)) return HYPHEN_SPLITS;
    return has(h, pair) ? HYPHEN_JOINS : is_conjunction(b) ? HYPHEN_WAITS : HYPHEN_SPLITS;
}
