/* pdf_stream.c: see pdf_stream.h. */
#include "extract/pdf_stream.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TRIES = 48, CONTEXT = 5 };

struct start { /* a place where a run of the stream begins */
    uint32_t key;
    uint32_t at;
};

struct matcher {
    const struct words_page *page;
    char *text; /* the stream without white space */
    size_t n;
    unsigned char *used; /* per byte                       */
    struct start *start; /* sorted by key, then place      */
    size_t n_starts;
};

static uint32_t key_of(const char *s, size_t n)
{
    uint32_t k = 0;
    for (size_t i = 0; i < 3; i++) k = k << 8 | (i < n ? (unsigned char)s[i] : 0);
    return k;
}

static int by_key(const void *a, const void *b)
{
    const struct start *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void squeeze(struct matcher *m, const char *s, struct arena *a)
{
    size_t len = strlen(s);
    bool fresh = true;
    if (len > UINT32_MAX / 2) len = UINT32_MAX / 2;
    m->text = mem_take(a, len + 1, 1);
    m->used = mem_take(a, len + 1, 1);
    m->start = NEW(a, struct start, len / 2 + 2);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)s[i] <= ' ') {
            fresh = true;
            continue;
        }
        if (fresh) m->start[m->n_starts++].at = (uint32_t)m->n;
        fresh = false;
        m->text[m->n++] = s[i];
    }
    for (size_t i = 0; i < m->n_starts; i++)
        m->start[i].key = key_of(m->text + m->start[i].at, m->n - m->start[i].at);
    qsort(m->start, m->n_starts, sizeof *m->start, by_key);
}

static bool stands(const struct matcher *m, size_t at, const struct word *w)
{
    return w->n && at + w->n <= m->n && !m->used[at] &&
           !memcmp(m->text + at, m->page->text + w->text, w->n);
}

/* How many of the words that follow stand there too. */
static int context(const struct matcher *m, size_t at, size_t i)
{
    int k = 0;
    while (k < CONTEXT && i < m->page->n && stands(m, at, &m->page->v[i])) {
        at += m->page->v[i].n;
        i++, k++;
    }
    return k;
}

/* The best place for word i, or -1; `near` decides between equals. */
static long place(const struct matcher *m, size_t i, size_t near)
{
    const struct word *w = &m->page->v[i];
    struct start want = {key_of(m->page->text + w->text, w->n), (uint32_t)near};
    uint32_t mask = w->n >= 3 ? 0xFFFFFF : w->n == 2 ? 0xFFFF00 : 0xFF0000;
    size_t lo = 0, hi = m->n_starts;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (by_key(&m->start[mid], &want) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    long best = -1;
    int best_k = 0, tries = 0;
    for (size_t k = lo; k < m->n_starts && tries < MAX_TRIES; k++, tries++) {
        if ((m->start[k].key & mask) != want.key) break;
        int c = context(m, m->start[k].at, i);
        if (c > best_k) best_k = c, best = (long)m->start[k].at;
    }
    for (size_t k = lo; k-- > 0 && tries < 2 * MAX_TRIES; tries++) {
        if ((m->start[k].key & mask) != want.key) break;
        int c = context(m, m->start[k].at, i);
        if (c > best_k) best_k = c, best = (long)m->start[k].at;
    }
    return best;
}

float stream_match(struct words_page *page, const char *stream, struct arena *scratch)
{
    struct matcher m = {.page = page};
    size_t found = 0, next = 0;
    squeeze(&m, stream, scratch);
    for (size_t i = 0; i < page->n; i++) {
        struct word *w = &page->v[i];
        long at =
            stands(&m, next, w) && context(&m, next, i) >= 2 ? (long)next : place(&m, i, next);
        if (at < 0 && stands(&m, next, w)) at = (long)next;
        w->stream = at;
        if (at < 0) continue;
        memset(m.used + at, 1, w->n);
        next = (size_t)at + w->n;
        found++;
    }
    return page->n ? (float)found / (float)page->n : 0;
}
