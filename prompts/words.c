#include "prompts/words.h"

#include <stdlib.h>
#include <string.h>

static bool is_letter(uint32_t c)
{
    if (c < 0x80) return (c | 32) >= 'a' && (c | 32) <= 'z';
    if (c < 0xc0) return c == 0xaa || c == 0xb5 || c == 0xba;
    if (c == 0xd7 || c == 0xf7 || c == 0xfffd || c >= 0x1f000) return false;
    /* Punctuation, symbols, private use, forms of punctuation. */
    if ((c >= 0x2000 && c <= 0x2bff) || (c >= 0x3000 && c <= 0x303f)) return false;
    if ((c >= 0xe000 && c <= 0xf8ff) || (c >= 0xfe10 && c <= 0xfe6f)) return false;
    return c < 0xff00 || c > 0xffef;
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* Lower case of the alphabets with two cases that running text is written in. */
static uint32_t fold(uint32_t c)
{
    if (c >= 'A' && c <= 'Z') return c + 32;
    if (c < 0xc0) return c;
    if (c <= 0xde) return c == 0xd7 ? c : c + 32;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) return c + (c & 1);
    if (c >= 0x100 && c <= 0x177) return c | 1;
    if (c >= 0x391 && c <= 0x3a9) return c + 32;
    if (c >= 0x410 && c <= 0x42f) return c + 32;
    if (c >= 0x400 && c <= 0x40f) return c + 80;
    return c;
}

static bool is_capital(uint32_t c)
{
    return is_letter(c) && fold(c) != c;
}

#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint64_t mix(uint64_t h, uint32_t c)
{
    return (h ^ c) * UINT64_C(0x100000001b3);
}

static uint64_t hash(const char *s, size_t n)
{
    uint64_t h = HASH_START;
    uint32_t c;
    for (size_t i = 0; i < n;) {
        i += utf8_next(s + i, n - i, &c);
        h = mix(h, fold(c));
    }
    return h;
}

/* ------------------------------------------------------------------ endings */

static bool drop(char *s, size_t *n, const char *ending, size_t least)
{
    size_t k = strlen(ending);
    if (*n < k + least || memcmp(s + *n - k, ending, k) != 0) return false;
    *n -= k;
    return true;
}

/* Forms of one English word get one stem: used, uses, using, use; copies, copy; added, add. */
static uint64_t stem_of(const char *word, size_t n)
{
    char s[32];
    if (n < 3 || n > sizeof s) return hash(word, n);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)word[i];
        if (!((c | 32) >= 'a' && (c | 32) <= 'z')) return hash(word, n);
        s[i] = (char)(c | 32);
    }
    if (drop(s, &n, "ies", 2) || drop(s, &n, "ied", 2))
        s[n++] = 'y';
    else if (!drop(s, &n, "ing", 2) && !drop(s, &n, "ed", 2) && s[n - 2] != 's' && s[n - 2] != 'u')
        drop(s, &n, "s", 3);
    drop(s, &n, "ly", 3);
    drop(s, &n, "e", 2);
    if (n > 2 && s[n - 1] == s[n - 2]) n--;
    return hash(s, n);
}

/* ------------------------------------------------------------------ words */

bool words_next(struct str t, size_t *i, struct word *w)
{
    uint32_t c = 0, before = 0;
    size_t at = *i, len = 0;
    for (; at < t.n; at += len) {
        len = utf8_next(t.s + at, t.n - at, &c);
        if (is_letter(c) || is_digit(c) || c == '_') break;
    }
    if (at >= t.n) return false;
    *w = (struct word){.s = t.s + at, .cjk = utf8_is_cjk(c), .capital = is_capital(c)};
    for (;;) {
        w->digit |= is_digit(c);
        w->letter |= is_letter(c);
        w->code |=
            c == '_' || (is_capital(c) && before && is_letter(before) && !is_capital(before));
        before = c;
        at += len;
        if (w->cjk || at >= t.n) break;
        len = utf8_next(t.s + at, t.n - at, &c);
        if (utf8_is_cjk(c) || !(is_letter(c) || is_digit(c) || c == '_')) break;
    }
    w->n = (size_t)(t.s + at - w->s);
    w->exact = hash(w->s, w->n);
    w->stem = stem_of(w->s, w->n);
    *i = at;
    return true;
}

bool words_part(const struct word *w, size_t *i, struct word *part)
{
    size_t at = *i;
    while (at < w->n && w->s[at] == '_') at++;
    if (at >= w->n) return false;
    size_t from = at++;
    while (at < w->n && w->s[at] != '_') {
        bool upper = w->s[at] >= 'A' && w->s[at] <= 'Z';
        bool lower = w->s[at - 1] >= 'a' && w->s[at - 1] <= 'z';
        if (upper && lower) break;
        at++;
    }
    *part = (struct word){.s = w->s + from, .n = at - from};
    part->exact = hash(part->s, part->n);
    part->stem = stem_of(part->s, part->n);
    *i = at;
    return true;
}

uint64_t words_number(const char *s, size_t n)
{
    uint64_t h = HASH_START;
    for (size_t i = 0; i < n; i++)
        if (s[i] != ',') h = mix(h, (unsigned char)s[i]);
    return h;
}

/* ------------------------------------------------------------------ stop words */

/* Sorted, for bsearch. */
static const char *const stop_words[] = {
    "a",       "about",   "above",   "after",   "again",  "all",    "also",  "am",      "an",
    "and",     "any",     "are",     "aren",    "as",     "at",     "be",    "because", "been",
    "before",  "being",   "below",   "between", "both",   "but",    "by",    "can",     "cannot",
    "could",   "couldn",  "d",       "did",     "didn",   "do",     "does",  "doesn",   "doing",
    "don",     "down",    "during",  "each",    "either", "etc",    "ever",  "every",   "few",
    "for",     "from",    "further", "had",     "hadn",   "has",    "hasn",  "have",    "haven",
    "having",  "he",      "her",     "here",    "hers",   "him",    "his",   "how",     "however",
    "i",       "if",      "in",      "into",    "is",     "isn",    "it",    "its",     "itself",
    "ll",      "m",       "may",     "me",      "might",  "more",   "most",  "must",    "my",
    "no",      "nor",     "not",     "of",      "off",    "on",     "once",  "only",    "or",
    "other",   "our",     "out",     "over",    "own",    "re",     "s",     "same",    "shall",
    "she",     "should",  "shouldn", "so",      "some",   "such",   "t",     "than",    "that",
    "the",     "their",   "them",    "then",    "there",  "these",  "they",  "this",    "those",
    "through", "thus",    "to",      "too",     "under",  "until",  "up",    "upon",    "us",
    "ve",      "very",    "was",     "wasn",    "we",     "were",   "weren", "what",    "when",
    "where",   "whether", "which",   "while",   "who",    "whom",   "whose", "why",     "will",
    "with",    "within",  "without", "won",     "would",  "wouldn", "yes",   "you",     "your",
    "yours"};

static int compare(const void *key, const void *entry)
{
    return strcmp(key, *(const char *const *)entry);
}

bool words_is_stop(const struct word *w)
{
    char s[16];
    if (w->cjk) {
        static const char particles[] = "的了是在和与與及之也于於而其を は が の に で と も へ や";
        return memmem(particles, sizeof particles - 1, w->s, w->n) != NULL;
    }
    if (w->n >= sizeof s) return false;
    for (size_t i = 0; i < w->n; i++) {
        unsigned char c = (unsigned char)w->s[i];
        s[i] = (char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
    }
    s[w->n] = '\0';
    return bsearch(s, stop_words, sizeof stop_words / sizeof *stop_words, sizeof *stop_words,
                   compare) != NULL;
}
