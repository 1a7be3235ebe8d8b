/* pdf_hangul.c: see pdf_hangul.h. */
#include "extract/pdf_hangul.h"

#include <math.h>

#include "extract/pdf_text.h"

enum { FIRST = 0xAC00, SYLLABLES = 11172 };
enum { PAIRS = 1 << 16 }; /* that are counted; a power of two */
enum { LEAST = 8 };       /* ends of lines that tell          */

/* Of the ends of lines, the share that have to seem to stand within a word.  Of texts that were
 * broken anywhere it was 0.54 to 0.69, of those broken at blanks 0.08 to 0.28. */
#define BROKEN 0.42

/* Times seen before any is. */
#define PRIOR      2.0
#define PAIR_PRIOR 0.5
/* How much a pair counts beside its syllables, which it is not independent of. */
#define PAIR_WEIGHT 0.7

struct count {
    unsigned apart, together; /* with a blank between, without */
};

struct pair {
    uint32_t key; /* 0: free */
    struct count n;
};

struct hangul {
    struct count *last, *first; /* by syllable: before and behind the place between two */
    struct pair *pair;
    size_t pairs;
    struct count all;
};

bool hangul_is(uint32_t cp)
{
    return cp - FIRST < SYLLABLES;
}

static uint32_t key_of(uint32_t a, uint32_t b)
{
    return (a - FIRST) * SYLLABLES + (b - FIRST) + 1;
}

/* The place of a pair, or the free one where it would be: half of them stay free. */
static struct pair *find_pair(const struct hangul *h, uint32_t a, uint32_t b)
{
    uint32_t key = key_of(a, b);
    size_t at = (key * 2654435761u) >> 16;
    while (h->pair[at].key && h->pair[at].key != key) at = (at + 1) % PAIRS;
    return &h->pair[at];
}

/* The same, taken; NULL: there is no more room. */
static struct pair *add_pair(struct hangul *h, uint32_t a, uint32_t b)
{
    struct pair *p = find_pair(h, a, b);
    if (p->key) return p;
    if (h->pairs >= PAIRS / 2) return NULL;
    h->pairs++;
    p->key = key_of(a, b);
    return p;
}

static void add(struct count *c, bool apart)
{
    if (apart)
        c->apart++;
    else
        c->together++;
}

static void take_pair(struct hangul *h, uint32_t a, uint32_t b, bool apart)
{
    struct pair *p = add_pair(h, a, b);
    add(&h->last[a - FIRST], apart);
    add(&h->first[b - FIRST], apart);
    add(&h->all, apart);
    if (p) add(&p->n, apart);
}

static void take_line(struct hangul *h, struct str s)
{
    uint32_t before[2] = {0}, cp;
    for (size_t i = 0; i < s.n; before[0] = before[1], before[1] = cp) {
        i += utf8_next(s.s + i, s.n - i, &cp);
        if (!hangul_is(cp)) continue;
        if (hangul_is(before[1])) take_pair(h, before[1], cp, false);
        if (before[1] == ' ' && hangul_is(before[0])) take_pair(h, before[0], cp, true);
    }
}

/* The logarithm of how much more often the syllable has a blank beside it than others have. */
static double weigh(const struct hangul *h, const struct count *c)
{
    double all = (double)h->all.apart + h->all.together, share = h->all.apart / all;
    return log((c->apart + PRIOR * share) / (h->all.apart + PRIOR)) -
           log((c->together + PRIOR * (1 - share)) / (h->all.together + PRIOR));
}

bool hangul_goes_on(const struct hangul *h, uint32_t a, uint32_t b)
{
    const struct pair *p = find_pair(h, a, b);
    double sum = log((h->all.apart + PRIOR) / (h->all.together + PRIOR));
    sum += weigh(h, &h->last[a - FIRST]) + weigh(h, &h->first[b - FIRST]);
    if (p->key) sum += PAIR_WEIGHT * log((p->n.apart + PAIR_PRIOR) / (p->n.together + PAIR_PRIOR));
    return sum < 0;
}

/* Whether two lines follow each other in a paragraph, as far as it matters here. */
static bool are_neighbours(const struct pdf_line *a, const struct pdf_line *b)
{
    return a->at.region == b->at.region && a->at.row != b->at.row && !a->at.tabular &&
           !b->at.tabular && a->at.font == b->at.font && a->right - a->at.u1 < 2 * a->at.size;
}

static bool breaks_words(const struct hangul *h, const struct pdf_doc *d)
{
    size_t ends = 0, within = 0;
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 1; i < d->v[p].n; i++) {
            const struct pdf_line *a = &d->v[p].v[i - 1], *b = &d->v[p].v[i];
            uint32_t x = text_last(a->text), y = text_first(b->text);
            if (!hangul_is(x) || !hangul_is(y) || !are_neighbours(a, b)) continue;
            ends++;
            within += hangul_goes_on(h, x, y);
        }
    return ends >= LEAST && (double)within > BROKEN * (double)ends;
}

struct hangul *hangul_collect(const struct pdf_doc *d, struct arena *scratch)
{
    size_t lines = 0;
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 0; i < d->v[p].n; i++) lines += hangul_is(text_last(d->v[p].v[i].text));
    if (lines < LEAST) return NULL;
    struct hangul *h = NEW(scratch, struct hangul, 1);
    h->last = NEW(scratch, struct count, SYLLABLES);
    h->first = NEW(scratch, struct count, SYLLABLES);
    h->pair = NEW(scratch, struct pair, PAIRS);
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 0; i < d->v[p].n; i++) take_line(h, d->v[p].v[i].text);
    if (!h->all.apart || !h->all.together) return NULL;
    return breaks_words(h, d) ? h : NULL;
}
