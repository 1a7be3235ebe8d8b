#include "prompts/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "prompts/words.h"

/* ------------------------------------------------------------------ sets of hashes */

struct set { /* sorted */
    uint64_t *v;
    size_t n, cap;
};

static void set_add(struct set *s, uint64_t h)
{
    if (s->n == s->cap) {
        s->cap = 2 * s->cap + 64;
        s->v = mem_grow(s->v, s->cap, sizeof *s->v);
    }
    s->v[s->n++] = h;
}

static int compare(const void *pa, const void *pb)
{
    uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
    return a < b ? -1 : a > b;
}

/* Sorts, drops what stands twice, and moves the set into the arena. */
static void set_freeze(struct set *s, struct arena *a)
{
    size_t n = 0;
    if (s->n) qsort(s->v, s->n, sizeof *s->v, compare);
    for (size_t i = 0; i < s->n; i++)
        if (!n || s->v[n - 1] != s->v[i]) s->v[n++] = s->v[i];
    uint64_t *copy = NEW(a, uint64_t, n);
    if (n) memcpy(copy, s->v, n * sizeof *copy);
    mem_free(s->v);
    *s = (struct set){copy, n, n};
}

static bool set_has(const struct set *s, uint64_t h)
{
    return s->n && bsearch(&h, s->v, s->n, sizeof *s->v, compare) != NULL;
}

/* ------------------------------------------------------------------ what the documents hold */

struct support {
    struct set *chunks; /* [n_chunks] stems */
    size_t n_chunks;
    struct set words; /* of the documents, their names and titles: whole words and stems */
    struct set numbers;
    bool nouns_capital; /* a language that writes nouns large: capitals make no name */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number: digits with . , or : between them, as in 1,024 or 0.2.2 or 10:30. */
static bool next_number(struct str t, size_t *i, struct str *out)
{
    size_t at = *i;
    while (at < t.n && !is_digit(t.s[at])) at++;
    if (at >= t.n) return false;
    size_t from = at;
    while (at < t.n && (is_digit(t.s[at]) || (strchr(".,:", t.s[at]) && t.s[at] && at + 1 < t.n &&
                                              is_digit(t.s[at + 1]))))
        at++;
    *out = (struct str){t.s + from, at - from};
    *i = at;
    return true;
}

/* Digits after a letter (utf8, v2) belong to a name. */
static bool joined(struct str t, struct str number)
{
    char before = number.s > t.s ? number.s[-1] : ' ';
    return before == '_' || ((before | 32) >= 'a' && (before | 32) <= 'z');
}

/* A number of a document counts whole and in every part of it: 0.2.2, 0.2, 2.2, 0 and 2. */
static void add_numbers(struct set *numbers, struct str t)
{
    struct str x;
    for (size_t i = 0; next_number(t, &i, &x);) {
        if (x.n > 64) x.n = 64;
        for (size_t from = 0; from < x.n; from++) {
            if (from && is_digit(x.s[from - 1])) continue;
            for (size_t to = from + 1; to <= x.n; to++)
                if (is_digit(x.s[to - 1]) && (to == x.n || !is_digit(x.s[to])))
                    set_add(numbers, words_number(x.s + from, to - from));
        }
    }
}

/* The value of an English number word, -1 for another word. */
static int number_word(const struct word *w)
{
    static const struct {
        const char *name;
        int value;
    } table[] = {
        {"zero", 0},     {"one", 1},      {"two", 2},        {"three", 3},     {"four", 4},
        {"five", 5},     {"six", 6},      {"seven", 7},      {"eight", 8},     {"nine", 9},
        {"ten", 10},     {"eleven", 11},  {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14},
        {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
        {"twenty", 20},  {"thirty", 30},  {"forty", 40},     {"fifty", 50},    {"sixty", 60},
        {"seventy", 70}, {"eighty", 80},  {"ninety", 90},    {"hundred", 100}, {"thousand", 1000}};
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (strlen(table[k].name) == w->n && strncasecmp(table[k].name, w->s, w->n) == 0)
            return table[k].value;
    return -1;
}

static void add_number(struct set *numbers, int value)
{
    char digits[16];
    int n = snprintf(digits, sizeof digits, "%d", value);
    set_add(numbers, words_number(digits, (size_t)n));
}

static void add_words(struct support *s, struct str t)
{
    struct word w, part;
    int tens = 0; /* of "twenty five", said before this word */
    for (size_t i = 0; words_next(t, &i, &w);) {
        set_add(&s->words, w.exact);
        set_add(&s->words, w.stem);
        int number = w.n <= 9 && !w.digit ? number_word(&w) : -1;
        if (number >= 0) add_number(&s->numbers, number);
        if (tens && number > 0 && number < 10) add_number(&s->numbers, tens + number);
        tens = number >= 20 && number < 100 ? number : 0;
        if (!w.code) continue;
        for (size_t j = 0; words_part(&w, &j, &part);) {
            set_add(&s->words, part.exact);
            set_add(&s->words, part.stem);
        }
    }
}

static bool is_plain_number(const struct word *w)
{
    return w->digit && !w->letter && !w->code;
}

/* What a sentence's content words are looked up in: stems, parts of names in code, numbers. */
static void add_stems(struct set *set, struct str t)
{
    struct word w, part;
    for (size_t i = 0; words_next(t, &i, &w);) {
        if (!is_plain_number(&w)) set_add(set, w.stem);
        if (!w.code) continue;
        for (size_t j = 0; words_part(&w, &j, &part);) set_add(set, part.stem);
    }
    add_numbers(set, t);
}

/* Share of capitals among words that follow a small-written word and a space: 5 to 15% in English,
 * above 25% in German. */
static bool writes_nouns_large(struct doc *const *docs, size_t n)
{
    size_t words = 0, capitals = 0;
    for (size_t d = 0; d < n; d++) {
        struct word w, before = {0};
        for (size_t i = 0; docs[d]->kind == DOC_PROSE && words_next(docs[d]->text, &i, &w);) {
            bool next = before.s && !before.capital && before.s + before.n + 1 == w.s &&
                        before.s[before.n] == ' ';
            if (next && w.letter && !w.digit && !w.cjk) {
                words++;
                capitals += w.capital;
            }
            before = w;
        }
    }
    return words >= 50 && capitals * 5 > words;
}

struct support *support_new(struct arena *a, struct doc *const *docs, const struct chunk *chunks,
                            size_t n_chunks)
{
    struct support *s = NEW(a, struct support, 1);
    size_t n_docs = 0;
    s->chunks = NEW(a, struct set, n_chunks);
    s->n_chunks = n_chunks;
    for (size_t c = 0; c < n_chunks; c++) {
        const struct doc *d = docs[chunks[c].doc];
        struct str t = {d->text.s + chunks[c].start, chunks[c].end - chunks[c].start};
        add_stems(&s->chunks[c], t);
        add_stems(&s->chunks[c], str_of(d->name)); /* shown above it: an answer may be a path */
        set_freeze(&s->chunks[c], a);
        if (chunks[c].doc < n_docs) continue;
        n_docs = chunks[c].doc + 1; /* chunks stand in the order of their documents */
        add_words(s, d->text);
        add_numbers(&s->numbers, d->text);
        struct str more[] = {str_of(d->name), str_of(d->title)};
        for (size_t i = 0; i < 2; i++) {
            add_words(s, more[i]);
            add_numbers(&s->numbers, more[i]);
        }
    }
    set_freeze(&s->words, a);
    set_freeze(&s->numbers, a);
    s->nouns_capital = writes_nouns_large(docs, n_docs);
    return s;
}

/* ------------------------------------------------------------------ the share */

/* The words of a sentence that count: stems of content words, and numbers whole. */
static struct set content(struct str sentence)
{
    struct set out = {0};
    struct word w;
    struct str number;
    for (size_t i = 0; words_next(sentence, &i, &w);)
        if (!is_plain_number(&w) && !words_is_stop(&w)) set_add(&out, w.stem);
    for (size_t i = 0; next_number(sentence, &i, &number);)
        if (!joined(sentence, number)) set_add(&out, words_number(number.s, number.n));
    return out;
}

static double share(const struct set *words, const struct set *in)
{
    size_t found = 0;
    for (size_t i = 0; i < words->n; i++) found += set_has(in, words->v[i]);
    return words->n ? (double)found / (double)words->n : 1;
}

double support_share(struct str sentence, struct str text, struct arena *a)
{
    struct set words = content(sentence), in = {0};
    add_stems(&in, text);
    set_freeze(&in, a);
    double x = share(&words, &in);
    mem_free(words.v);
    return x;
}

/* ------------------------------------------------------------------ numbers and names */

static const char *first_number(const struct support *s, struct arena *a, struct str t)
{
    struct str x;
    for (size_t i = 0; next_number(t, &i, &x);) {
        if (joined(t, x)) continue;
        if (!set_has(&s->numbers, words_number(x.s, x.n))) return mem_copy(a, x.s, x.n);
    }
    return NULL;
}

/* A word that the documents do not hold, as it is or inflected.  The parts of a name in code do not
 * make it known: max_retries is another name than maxRetryCount. */
static bool is_unknown(const struct support *s, const struct word *w)
{
    return !set_has(&s->words, w->exact) && !set_has(&s->words, w->stem);
}

static const char *first_name(const struct support *s, struct arena *a, struct str t)
{
    struct word w;
    bool first = true;
    for (size_t i = 0; words_next(t, &i, &w); first = false) {
        bool code = w.code || (w.digit && w.letter);
        bool name = w.capital && !first && !s->nouns_capital && !words_is_stop(&w);
        if ((code || name) && !w.cjk && is_unknown(s, &w)) return mem_copy(a, w.s, w.n);
    }
    return NULL;
}

void support_weigh(const struct support *s, struct arena *a, struct sentence *out, size_t prefer)
{
    struct set words = content(out->text);
    out->chunk = prefer < s->n_chunks ? prefer : 0;
    out->support = prefer < s->n_chunks ? share(&words, &s->chunks[prefer]) : -1;
    for (size_t c = 0; c < s->n_chunks; c++) {
        double x = share(&words, &s->chunks[c]);
        if (x <= out->support) continue;
        out->support = x;
        out->chunk = c;
    }
    if (out->support < 0) out->support = 0;
    mem_free(words.v);
    out->invented_what = first_number(s, a, out->text);
    if (!out->invented_what) out->invented_what = first_name(s, a, out->text);
    out->invented = out->invented_what != NULL;
}
