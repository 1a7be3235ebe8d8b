/* bm25.c: how well each chunk matches the question by words.
 *
 * The definition that retrieval_weight was measured with, found by matching the training vectors:
 *
 *   bm25(c) = sum over the words w of the question (a word that stands there twice counts twice)
 *             idf(w) * f * (k1 + 1) / (f + k1 * (1 - b + b * words(c) / mean words))
 *   idf(w)  = ln(1 + (N - n(w) + 0.5) / (n(w) + 0.5))         f = how often w stands in c
 *
 * over the N chunks shown, names of documents not included; z is taken with the population's
 * deviation.  A word is a run of a-z, 0-9 and _ (ASCII case folded) or one CJK character; other
 * characters only separate, letters like e-acute too.  That would leave a question in Greek or
 * Russian without words, so a question that holds such letters is matched with all letters as
 * parts of words. */
#include "prompts/prompts.h"

#include <math.h>
#include <string.h>

#define K1 1.2
#define B 0.75

/* A word as its hash: two words of the question that collide would be counted as one, which at 64
 * bits does not happen. */
struct words {
    const char *s;
    size_t n, i;
    bool all_letters;
};

/* Letters beyond ASCII and CJK, by block: everything but the blocks of punctuation and symbols.
 * Good enough to match words with themselves. */
static bool is_other_letter(uint32_t c)
{
    if (c < 0xaa || c == 0xd7 || c == 0xf7 || c == 0xfffd) return false;
    if (c < 0xc0) return c == 0xaa || c == 0xb5 || c == 0xba;
    if (c >= 0x2000 && c <= 0x2bff) return false;
    if (c >= 0x3000 && c <= 0x303f) return false;
    if (c >= 0xe000 && c <= 0xf8ff) return false;
    if (c >= 0xfe10 && c <= 0xfe6f) return false;
    if (c >= 0xff00 && c <= 0xffef) return false;
    if (c >= 0x1f000) return false;
    return !utf8_is_space(c) && !utf8_is_cjk(c);
}

/* Lower case of the bicameral blocks that occur in running text; others as they are. */
static uint32_t fold(uint32_t c)
{
    if (c >= 'A' && c <= 'Z') return c + 32;
    if (c < 0xc0) return c;
    if (c <= 0xde) return c == 0xd7 ? c : c + 32;
    if (c >= 0x100 && c <= 0x137) return c | 1;
    if (c >= 0x139 && c <= 0x148) return c + (c & 1);
    if (c >= 0x14a && c <= 0x177) return c | 1;
    if (c >= 0x179 && c <= 0x17e) return c + (c & 1);
    if (c >= 0x391 && c <= 0x3a9) return c + 32;
    if (c >= 0x410 && c <= 0x42f) return c + 32;
    if (c >= 0x400 && c <= 0x40f) return c + 80;
    if (c >= 0x460 && c <= 0x481) return c | 1;
    if (c >= 0x531 && c <= 0x556) return c + 48;
    if (c >= 0x1e00 && c <= 0x1eff) return c | 1;
    return c;
}

static uint64_t mix(uint64_t h, uint32_t c)
{
    return (h ^ c) * 0x100000001b3ull;
}

/* The next word's hash, never 0; 0 at the end. */
static uint64_t next_word(struct words *w)
{
    const uint64_t empty = 0xcbf29ce484222325ull;
    uint64_t h = empty;
    while (w->i < w->n) {
        uint32_t c;
        size_t len = utf8_next(w->s + w->i, w->n - w->i, &c);
        bool alone = c >= 0x80 && utf8_is_cjk(c);
        bool part = c < 0x80 ? (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                                   c == '_'
                             : w->all_letters && !alone && is_other_letter(c);
        if (h != empty && !part) break; /* the character that ends the word is looked at again */
        w->i += len;
        if (part || alone) h = mix(h, fold(c));
        if (alone) break;
    }
    return h == empty ? 0 : h | (h == 0);
}

/* ------------------------------------------------------------------ the question */

struct query {
    uint64_t *slot;      /* open addressing: hashes, 0 empty                  */
    uint32_t *of_slot;   /* the slot's word, an index into times, chunks, tf  */
    size_t mask;
    size_t n;            /* different words                                   */
    double *times;       /* how often each stands in the question             */
    double *chunks;      /* in how many chunks it stands                      */
    uint32_t *tf;        /* how often it stands in the chunk being read       */
};

static bool has_other_letters(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += utf8_next(s + i, n - i, &c);
        if (c >= 0x80 && is_other_letter(c)) return true;
    }
    return false;
}

static size_t find(const struct query *q, uint64_t word)
{
    size_t i = (size_t)(word ^ word >> 32) & q->mask;
    while (q->slot[i] && q->slot[i] != word) i = (i + 1) & q->mask;
    return i;
}

static void query_init(struct query *q, struct arena *a, const char *s, size_t n, bool all_letters)
{
    size_t count = 0, cap = 16;
    for (struct words w = {s, n, 0, all_letters}; next_word(&w);) count++;
    while (cap < 2 * count) cap *= 2;
    *q = (struct query){.slot = NEW(a, uint64_t, cap), .of_slot = NEW(a, uint32_t, cap),
                        .mask = cap - 1};
    q->times = NEW(a, double, count + 1);
    q->chunks = NEW(a, double, count + 1);
    q->tf = NEW(a, uint32_t, count + 1);
    uint64_t word;
    for (struct words w = {s, n, 0, all_letters}; (word = next_word(&w));) {
        size_t i = find(q, word);
        if (!q->slot[i]) {
            q->slot[i] = word;
            q->of_slot[i] = (uint32_t)q->n++;
        }
        q->times[q->of_slot[i]] += 1;
    }
}

/* ------------------------------------------------------------------ the chunks */

struct hit { /* a word of the question in a chunk */
    uint32_t word, tf;
};

struct hits {
    struct hit *v;
    size_t n, cap;
};

/* Counts the words of one chunk and appends which of the question's stand in it. */
static size_t read_chunk(struct query *q, struct str text, bool all_letters, struct hits *hits)
{
    size_t count = 0, first = hits->n;
    uint64_t word;
    for (struct words w = {text.s, text.n, 0, all_letters}; (word = next_word(&w)); count++) {
        size_t i = find(q, word);
        if (!q->slot[i]) continue;
        uint32_t k = q->of_slot[i];
        if (q->tf[k]++ > 0) continue;
        if (hits->n == hits->cap) {
            hits->cap = hits->cap ? 2 * hits->cap : 64;
            hits->v = mem_grow(hits->v, hits->cap, sizeof(*hits->v));
        }
        hits->v[hits->n++].word = k;
        q->chunks[k] += 1;
    }
    for (size_t i = first; i < hits->n; i++) {
        hits->v[i].tf = q->tf[hits->v[i].word];
        q->tf[hits->v[i].word] = 0;
    }
    return count;
}

static void z_scores(const double *x, size_t n, double *z)
{
    double mean = 0, var = 0;
    for (size_t i = 0; i < n; i++) mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) var += (x[i] - mean) * (x[i] - mean) / (double)n;
    double sd = sqrt(var);
    for (size_t i = 0; i < n; i++) z[i] = sd > 1e-9 ? (x[i] - mean) / sd : 0;
}

void bm25_score(const char *question, struct doc *const *docs, const struct chunk *chunks,
                size_t n, double *bm25, double *z)
{
    if (n == 0) return;
    struct str qs = str_of(question);
    bool all_letters = has_other_letters(qs.s, qs.n);
    struct arena *a = arena_new();
    struct query q;
    query_init(&q, a, qs.s, qs.n, all_letters);
    struct hits hits = {0};
    size_t *last = NEW(a, size_t, n);
    double *length = NEW(a, double, n), mean = 0;
    for (size_t i = 0; i < n; i++) {
        struct str text = {docs[chunks[i].doc]->text.s + chunks[i].start,
                           chunks[i].end - chunks[i].start};
        length[i] = (double)read_chunk(&q, text, all_letters, &hits);
        last[i] = hits.n;
        mean += length[i] / (double)n;
    }
    for (size_t i = 0, h = 0; i < n; i++) {
        bm25[i] = 0;
        for (; h < last[i]; h++) {
            uint32_t w = hits.v[h].word;
            double f = hits.v[h].tf, df = q.chunks[w];
            double idf = log(1 + ((double)n - df + 0.5) / (df + 0.5));
            bm25[i] += q.times[w] * idf * f * (K1 + 1) / (f + K1 * (1 - B + B * length[i] / mean));
        }
    }
    z_scores(bm25, n, z);
    mem_free(hits.v);
    arena_free(a);
}
