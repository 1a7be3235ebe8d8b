/* extract_check.h: documents read through deepread-extract, and how much of a known text they hold.
 */
#ifndef TESTS_EXTRACT_CHECK_H
#define TESTS_EXTRACT_CHECK_H

#include "tests/ingest_check.h"

struct got {
    struct arena *a;
    struct docset set;
    struct errinfo e;
    struct doc *d; /* the only document, NULL after an error */
    enum err r;
};

/* The program beside the one under test. */
static inline const char *extract_program(void)
{
    static char path[512];
    const char *build = getenv("DEEPREAD_BUILD");
    snprintf(path, sizeof path, "%s/deepread-extract", build ? build : "build");
    return path;
}

static inline struct got get(const char *path, struct ingest_options o)
{
    struct got g = {.a = arena_new()};
    o.extract_path = extract_program();
    g.r = ingest_path(&g.set, g.a, path, &o, NULL, NULL, &g.e);
    if (g.set.n) g.d = g.set.v[0];
    if (g.r)
        assert_null(strchr(g.e.msg, '\n'));
    else
        assert_non_null(g.d);
    return g;
}

static inline void drop(struct got *g)
{
    arena_free(g->a);
}

/* Hashes of runs of three words (letters and digits; every character beyond Latin is a word). */
static inline size_t shingles(const char *s, size_t n, uint64_t **out)
{
    uint64_t *v = malloc((n + 4) * sizeof *v), w[3] = {0};
    size_t words = 0, k = 0;
    uint64_t h = 0;
    for (size_t i = 0; i <= n;) {
        uint32_t cp = ' ';
        size_t len = i < n ? utf8_next(s + i, n - i, &cp) : 1;
        bool plain = (cp >= '0' && cp <= '9') || ((cp | 32) >= 'a' && (cp | 32) <= 'z') ||
                     (cp >= 0xC0 && cp < 0x250);
        bool far = cp >= 0x370 && !(cp >= 0x2000 && cp < 0x2E80) &&
                   !(cp >= 0x3000 && cp < 0x3040) && cp < 0xFE00;
        if ((!plain && h) || far) {
            if (h) {
                w[0] = w[1], w[1] = w[2], w[2] = h;
                if (++words >= 3) v[k++] = w[0] * 31 + w[1] * 17 + w[2];
            }
            h = 0;
        }
        if (plain) h = (h ^ (cp | 0x100)) * 1099511628211u + 1;
        if (far) h = cp * 2654435761u + 1;
        i += len;
    }
    *out = v;
    return k;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The share of the runs of words of `truth` that `text` has, and the other way round, as F1. */
static inline double shared_text(struct str truth, struct str text)
{
    uint64_t *a, *b;
    size_t na = shingles(truth.s, truth.n, &a), nb = shingles(text.s, text.n, &b), hit = 0;
    qsort(a, na, sizeof *a, by_hash);
    qsort(b, nb, sizeof *b, by_hash);
    for (size_t i = 0, j = 0; i < na && j < nb;) {
        if (a[i] == b[j])
            hit++, i++, j++;
        else if (a[i] < b[j])
            i++;
        else
            j++;
    }
    free(a);
    free(b);
    return na + nb ? 2.0 * (double)hit / (double)(na + nb) : 1;
}

#endif
