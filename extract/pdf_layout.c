/* pdf_layout.c: see pdf_layout.h. */
#include "extract/pdf_layout.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "extract/floats.h"
#include "extract/pdf_columns.h"
#include "extract/pdf_slant.h"
#include "extract/pdf_table.h"
#include "extract/pdf_text.h"
#include "extract/pdf_wrap.h"

/* Pieces are made with gaps below TIGHT font sizes, so that a narrow gutter keeps them apart;
 * afterwards pieces of one region are joined over wider gaps (pdf_table.h). */
#define TIGHT 0.62f
/* The least gutter, in font sizes.  A word gap in unjustified text is 0.25 wide: narrower gutters
 * show only by the content stream, which does not run across them. */
#define GUTTER        0.42f
#define GUTTER_STREAM 0.12f

/* Smaller fonts are no reader's. */
#define TINY 1.0f
/* A letter this much larger than the text beside it opens a paragraph of several lines. */
#define CAP 1.7f

enum { BUCKETS = 1024, MAX_OPEN = 48 };

enum { MOST_BARS = 64 }; /* lines looked at for the one above a piece, or below it */

#define NONE SIZE_MAX

/* A word in turned coordinates. */
struct item {
    float u0, v0, u1, v1, size;
    size_t word, next; /* next item of the same piece, by u */
    int chars, letters, digits;
};

struct work {
    const struct words_page *page;
    struct arena *a;
    struct item *item;
    size_t n_items;
    struct piece *piece;
    size_t *first, *last; /* items of a piece                                   */
    size_t *body;         /* its last item that is no superscript and no symbol */
    size_t n_pieces;
    bool *cut; /* behind this item a border runs through its piece       */
    bool rtl;
    struct rule *rule,
        *bar; /* lines along v and along u, turned as the text is; none at an angle */
    size_t n_rules, n_bars;
    enum layout_order by;
};

/* ------------------------------------------------------------------ turning */

static void turn_word(const struct words_page *p, const struct word *w, int turn, struct item *o)
{
    switch (turn) {
    case 1: o->u0 = w->y0, o->u1 = w->y1, o->v0 = p->width - w->x1, o->v1 = p->width - w->x0; break;
    case 2:
        o->u0 = p->width - w->x1, o->u1 = p->width - w->x0, o->v0 = p->height - w->y1,
        o->v1 = p->height - w->y0;
        break;
    case 3:
        o->u0 = p->height - w->y1, o->u1 = p->height - w->y0, o->v0 = w->x0, o->v1 = w->x1;
        break;
    default: o->u0 = w->x0, o->u1 = w->x1, o->v0 = w->y0, o->v1 = w->y1;
    }
}

static int by_at(const void *a, const void *b)
{
    const struct rule *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* The n lines, with their places counted from the other side where `size` is not 0, and their ends
 * where `length` is not. */
static struct rule *turn_lines(struct arena *a, const struct rule *v, size_t n, float size,
                               float length)
{
    struct rule *out = NEW(a, struct rule, n + 1);
    for (size_t i = 0; i < n; i++) {
        out[i] = v[i];
        if (size > 0) out[i].at = size - v[i].at;
        if (length > 0) out[i].from = length - v[i].to, out[i].to = length - v[i].from;
    }
    if (size > 0) qsort(out, n, sizeof *out, by_at);
    return out;
}

/* The lines of the page as the text sees them.  Text at an angle has none. */
static void turn_rules(struct work *k, int turn, float tilt)
{
    const struct words_page *p = k->page;
    bool side = turn & 1;
    k->n_rules = k->n_bars = 0;
    if (tilt != 0) return;
    k->n_rules = side ? p->n_bars : p->n_rules;
    k->n_bars = side ? p->n_rules : p->n_bars;
    float width = turn == 1 || turn == 2 ? p->width : 0, height = turn > 1 ? p->height : 0;
    struct rule *upright = turn_lines(k->a, p->rule, p->n_rules, width, height);
    struct rule *level = turn_lines(k->a, p->bar, p->n_bars, height, width);
    k->rule = side ? level : upright;
    k->bar = side ? upright : level;
}

static bool usable(const struct word *w)
{
    return isfinite(w->x0) && isfinite(w->x1) && isfinite(w->y0) && isfinite(w->y1) &&
           w->x1 >= w->x0 && w->y1 >= w->y0 && !(w->size > 0 && w->size < TINY) &&
           fabsf(w->x0) < 1e6f && fabsf(w->x1) < 1e6f && fabsf(w->y0) < 1e6f && fabsf(w->y1) < 1e6f;
}

/* Letters that read right to left minus those that read left to right. */
static int rtl_balance(const char *s, size_t n)
{
    int sum = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += utf8_next(s + i, n - i, &cp);
        if (text_is_rtl(cp))
            sum++;
        else if ((cp | 32) - 'a' < 26 || (cp >= 0xC0 && cp < 0x590))
            sum--;
    }
    return sum;
}

static void count_signs(struct item *it, struct str s)
{
    it->letters = text_letters(s);
    for (size_t i = 0; i < s.n; i++) {
        it->digits += s.s[i] >= '0' && s.s[i] <= '9';
        it->letters += s.s[i] == '%';
    }
}

/* ------------------------------------------------------------------ words to pieces */

static int by_left(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->u0 != y->u0) return x->u0 < y->u0 ? -1 : 1;
    return x->word < y->word ? -1 : x->word > y->word;
}

/* The share of the lower box that both have in common across the line. */
static float overlap(float a0, float a1, float b0, float b1)
{
    float h = fminf(a1 - a0, b1 - b0);
    return h > 0 ? (fminf(a1, b1) - fmaxf(a0, b0)) / h : 0;
}

/* Open pieces, found by where their last word stands across the line. */
struct open_pieces {
    size_t head[BUCKETS];
    size_t *chain; /* per piece: the next one in its bucket */
    float low, step;
};

static size_t bucket_of(const struct open_pieces *o, float v)
{
    float b = (v - o->low) / o->step;
    return b <= 0 ? 0 : b >= BUCKETS - 1 ? BUCKETS - 1 : (size_t)b;
}

/* The first of n lines, which ascend, that is not before `at`. */
static size_t first_from(const struct rule *r, size_t n, float at)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t m = lo + (hi - lo) / 2;
        if (r[m].at < at)
            lo = m + 1;
        else
            hi = m;
    }
    return lo;
}

/* Whether a line across the text stands between two words of a line. */
static bool is_ruled(const struct work *k, const struct item *a, const struct item *b)
{
    const struct rule *r = k->rule;
    float slack = 0.1f * b->size, x0 = a->u1 - slack, x1 = b->u0 + slack;
    float mid = 0.5f * (fmaxf(a->v0, b->v0) + fminf(a->v1, b->v1));
    for (size_t i = first_from(r, k->n_rules, x0); i < k->n_rules && r[i].at <= x1; i++)
        if (r[i].from <= mid && r[i].to >= mid) return true;
    return false;
}

/* The piece that the item continues, or NONE.  *ruled: a border parts it from one. */
static size_t find_piece(struct work *k, struct open_pieces *o, const struct item *it, bool *ruled)
{
    size_t best = NONE, seen = 0;
    float best_gap = 1e9f;
    size_t b0 = bucket_of(o, it->v0 - it->size), b1 = bucket_of(o, it->v1 + it->size);
    for (size_t b = b0; b <= b1; b++) {
        size_t *link = &o->head[b];
        while (*link != NONE && seen < MAX_OPEN) {
            size_t pc = *link;
            const struct item *l = &k->item[k->last[pc]];
            float size = fmaxf(l->size, it->size), gap = it->u0 - l->u1;
            if (gap > 1.5f * size + 8) { /* nothing further right can join it: close it */
                *link = o->chain[pc];
                continue;
            }
            seen++;
            link = &o->chain[pc];
            if (overlap(l->v0, l->v1, it->v0, it->v1) >= 0.5f && is_ruled(k, l, it)) {
                *ruled = true;
                continue;
            }
            if (gap > TIGHT * size || gap < -0.6f * size) continue;
            if (size > CAP * fminf(l->size, it->size)) continue;
            if (k->by != LAYOUT_GEOMETRY && (gap > 0.08f * size || gap < -0.3f * size) &&
                words_apart(&k->page->v[l->word], &k->page->v[it->word]))
                continue;
            const struct item *body = &k->item[k->body[pc]]; /* before a superscript */
            if (overlap(l->v0, l->v1, it->v0, it->v1) < 0.5f &&
                overlap(body->v0, body->v1, it->v0, it->v1) < 0.6f)
                continue;
            if (fabsf(gap) < best_gap) best = pc, best_gap = fabsf(gap);
        }
    }
    return best;
}

static void grow_piece(struct piece *p, const struct item *it)
{
    p->u0 = fminf(p->u0, it->u0), p->u1 = fmaxf(p->u1, it->u1);
    if (it->size > 0.72f * p->size) /* superscripts do not make a line taller */
        p->v0 = fminf(p->v0, it->v0), p->v1 = fmaxf(p->v1, it->v1);
    if (it->chars > 1 || p->chars == 0) p->size = fmaxf(p->size, it->size);
    p->chars += it->chars;
    p->letters += it->letters;
    p->digits += it->digits;
}

/* Whether a line begins before the item and does not end before it does: it is not what underlines
 * text that begins like it. */
static bool spans(const struct rule *r, const struct item *it)
{
    return r->from < it->u0 - 0.5f && r->to >= it->u1;
}

/* Sets where lines are drawn above and below the item. */
static void find_bars(const struct work *k, const struct item *it, struct piece *p)
{
    const struct rule *r = k->bar;
    size_t n = k->n_bars, lo = first_from(r, n, 0.5f * (it->v0 + it->v1));
    size_t below = lo, above = lo;
    p->line_above = -INFINITY, p->line_below = INFINITY;
    while (below < n && below - lo < MOST_BARS && !spans(&r[below], it)) below++;
    while (above > 0 && lo - above < MOST_BARS && !spans(&r[above - 1], it)) above--;
    if (below < n && below - lo < MOST_BARS) p->line_below = r[below].at;
    if (above > 0 && lo - above < MOST_BARS) p->line_above = r[above - 1].at;
}

/* Sets where a line is drawn behind the piece that ends with the item. */
static void find_right(const struct work *k, const struct item *it, struct piece *p)
{
    const struct rule *r = k->rule;
    size_t n = k->n_rules, from = first_from(r, n, it->u1 - 0.1f * it->size);
    float mid = 0.5f * (it->v0 + it->v1);
    p->line_right = INFINITY;
    for (size_t i = from; i < n && i - from < MOST_BARS; i++)
        if (r[i].from <= mid && r[i].to >= mid) {
            p->line_right = r[i].at;
            return;
        }
}

static void begin_piece(struct work *k, size_t pc, size_t first)
{
    const struct item *it = &k->item[first];
    const struct word *w = &k->page->v[it->word];
    uint32_t cp = text_first((struct str){k->page->text + w->text, w->n});
    k->piece[pc] = (struct piece){.u0 = it->u0,
                                  .v0 = it->v0,
                                  .u1 = it->u1,
                                  .v1 = it->v1,
                                  .size = it->size,
                                  .chars = it->chars,
                                  .fixed = w->mono,
                                  .stream = w->stream,
                                  .letters = it->letters,
                                  .digits = it->digits,
                                  .lower = g_unichar_islower(cp),
                                  .bullet = text_is_bullet(cp),
                                  .first = it->u1 - it->u0};
    find_bars(k, it, &k->piece[pc]);
    k->first[pc] = k->last[pc] = k->body[pc] = first;
}

static void make_pieces(struct work *k)
{
    struct open_pieces o;
    float lo = 1e9f, hi = -1e9f;
    for (size_t i = 0; i < k->n_items; i++) {
        lo = fminf(lo, k->item[i].v0);
        hi = fmaxf(hi, k->item[i].v0);
    }
    o.low = lo, o.step = fmaxf((hi - lo) / BUCKETS, 1);
    for (size_t b = 0; b < BUCKETS; b++) o.head[b] = NONE;
    o.chain = NEW(k->a, size_t, k->n_items + 1);
    k->piece = NEW(k->a, struct piece, k->n_items + 1);
    k->first = NEW(k->a, size_t, k->n_items + 1);
    k->last = NEW(k->a, size_t, k->n_items + 1);
    k->body = NEW(k->a, size_t, k->n_items + 1);
    k->cut = NEW(k->a, bool, k->n_items + 1);
    k->n_pieces = 0;
    qsort(k->item, k->n_items, sizeof *k->item, by_left);
    for (size_t i = 0; i < k->n_items; i++) {
        struct item *it = &k->item[i];
        if (it->v1 - it->v0 > 1.4f * it->size) /* symbol fonts reach far down */
            it->v1 = it->v0 + 1.2f * it->size;
        it->next = NONE;
        bool ruled = false;
        size_t pc = find_piece(k, &o, it, &ruled);
        if (pc != NONE) {
            k->item[k->last[pc]].next = i;
            k->last[pc] = i;
            if (it->size >= 0.8f * k->piece[pc].size && it->chars > 1) k->body[pc] = i;
            grow_piece(&k->piece[pc], it);
            continue;
        }
        pc = k->n_pieces++;
        begin_piece(k, pc, i);
        k->piece[pc].ruled = ruled;
        size_t b = bucket_of(&o, 0.5f * (it->v0 + it->v1));
        o.chain[pc] = o.head[b];
        o.head[b] = pc;
    }
}

/* ------------------------------------------------------------------ pieces to lines */

struct seed { /* the piece that a row was begun with */
    float v0, v1, size;
    int id;
};

struct wide {
    size_t at; /* index into order */
    int chars;
};

static int by_chars(const void *a, const void *b)
{
    const struct wide *x = a, *y = b;
    if (x->chars != y->chars) return x->chars > y->chars ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* The row among seed[0..n), sorted by height, that p belongs to, or NONE. */
static size_t find_row(const struct seed *seed, size_t n, const struct piece *p, size_t *slot)
{
    float mid = 0.5f * (p->v0 + p->v1), best = -1e9f;
    size_t lo = 0, hi = n, found = NONE;
    while (lo < hi) {
        size_t m = lo + (hi - lo) / 2;
        if (seed[m].v0 + seed[m].v1 < 2 * mid)
            lo = m + 1;
        else
            hi = m;
    }
    *slot = lo;
    for (size_t i = lo > 3 ? lo - 3 : 0; i < n && i < lo + 3; i++) {
        float common = overlap(seed[i].v0, seed[i].v1, p->v0, p->v1);
        if (common >= 0.5f && p->size > CAP * seed[i].size) return i; /* the first that it spans */
        float off = fabsf(0.5f * (seed[i].v0 + seed[i].v1) - mid) / fmaxf(p->size, 1);
        if (common >= 0.5f && common - off > best) best = common - off, found = i;
    }
    return found;
}

/* Sets row[i], ascending down the page, for the pieces order[0..n).  Rows are begun with the
 * longest pieces: a tall bracket or a superscript joins the line that it overlaps most, and does
 * not tie two lines together. */
static void make_rows(const struct work *k, const size_t *order, size_t n, int *row, int *next_row)
{
    struct wide *v = NEW(k->a, struct wide, n + 1);
    struct seed *seed = NEW(k->a, struct seed, n + 1);
    int *rank = NEW(k->a, int, n + 1);
    size_t n_seeds = 0, at;
    for (size_t i = 0; i < n; i++) v[i] = (struct wide){i, k->piece[order[i]].chars};
    qsort(v, n, sizeof *v, by_chars);
    for (size_t i = 0; i < n; i++) {
        const struct piece *p = &k->piece[order[v[i].at]];
        size_t hit = find_row(seed, n_seeds, p, &at);
        if (hit == NONE) {
            memmove(seed + at + 1, seed + at, (n_seeds - at) * sizeof *seed);
            seed[at] = (struct seed){p->v0, p->v1, p->size, (int)n_seeds++};
            row[v[i].at] = seed[at].id;
        } else {
            row[v[i].at] = seed[hit].id;
        }
    }
    for (size_t i = 0; i < n_seeds; i++) rank[seed[i].id] = (int)i;
    for (size_t i = 0; i < n; i++) row[i] = *next_row + rank[row[i]];
    *next_row += (int)n_seeds;
}

static int by_row(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    if (x->u0 != y->u0) return x->u0 < y->u0 ? -1 : 1;
    return x->piece < y->piece ? -1 : x->piece > y->piece;
}

static int by_item(const void *a, const void *b)
{
    const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
    return by_left(x, y);
}

/* Facts that the majority of the characters decides. */
static void describe(const struct work *k, struct line *l)
{
    int bold = 0, mono = 0, rtl = 0, vertical = 0, best = 0;
    double sizes = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct word *w = &k->page->v[l->word[i]];
        int c = (int)utf8_count(k->page->text + w->text, w->n);
        l->chars += c;
        if (w->bold) bold += c;
        if (w->mono) mono += c;
        if (w->vertical) vertical += c;
        sizes += (double)w->size * c;
        if (c > best) best = c, l->font = w->font, l->size = w->size;
        rtl += rtl_balance(k->page->text + w->text, w->n);
    }
    if (l->chars && l->size < 0.7 * sizes / l->chars) l->size = (float)(sizes / l->chars);
    l->cap = l->n > 1 && k->page->v[l->word[0]].size > CAP * l->size;
    l->bold = 2 * bold > l->chars;
    l->mono = 2 * mono > l->chars;
    l->vertical = 2 * vertical > l->chars;
    l->rtl = rtl > 0 || (rtl == 0 && k->rtl);
}

/* Makes one line of the pieces slot[0..n), which stand side by side. */
static void make_line(struct work *k, const struct slot *slot, size_t n, struct line *l)
{
    size_t words = 0, at = 0;
    for (size_t s = 0; s < n; s++)
        for (size_t i = k->first[slot[s].piece]; i != NONE; i = k->item[i].next) words++;
    struct item **it = NEW(k->a, struct item *, words + 1);
    size_t *word = NEW(k->a, size_t, words + 1);
    const struct piece *p = &k->piece[slot[0].piece];
    l->u0 = p->u0, l->v0 = p->v0, l->u1 = p->u1, l->v1 = p->v1;
    for (size_t s = 0; s < n; s++) {
        p = &k->piece[slot[s].piece];
        l->u0 = fminf(l->u0, p->u0), l->v0 = fminf(l->v0, p->v0);
        l->u1 = fmaxf(l->u1, p->u1), l->v1 = fmaxf(l->v1, p->v1);
        for (size_t i = k->first[slot[s].piece]; i != NONE; i = k->item[i].next)
            it[at++] = &k->item[i];
    }
    qsort(it, words, sizeof *it, by_item);
    for (size_t i = 0; i < words; i++) {
        const struct word *w = &k->page->v[word[i] = it[i]->word];
        l->box[0] = i ? fminf(l->box[0], w->x0) : w->x0;
        l->box[1] = i ? fminf(l->box[1], w->y0) : w->y0;
        l->box[2] = i ? fmaxf(l->box[2], w->x1) : w->x1;
        l->box[3] = i ? fmaxf(l->box[3], w->y1) : w->y1;
    }
    l->word = word;
    l->n = words;
    describe(k, l);
}

/* Whether q goes on behind p or below it, so that both are of one region.  `rows`: also further to
 * the left, where the next row of cells begins. */
static bool goes_on(const struct piece *p, const struct piece *q, bool rows)
{
    float size = fmaxf(p->size, q->size);
    if (overlap(p->v0, p->v1, q->v0, q->v1) >= 0.5f) return q->u0 > p->u1 - 0.5f * size;
    if (q->v0 <= p->v0 || q->v0 - p->v1 >= 1.6f * size) return false;
    return q->u0 < p->u1 && (rows || q->u1 > p->u0);
}

struct streamed {
    long stream;
    size_t piece;
};

static int by_stream(const void *a, const void *b)
{
    const struct streamed *x = a, *y = b;
    if (x->stream != y->stream) return x->stream < y->stream ? -1 : 1;
    return x->piece < y->piece ? -1 : x->piece > y->piece;
}

/* The order of the content stream, cut into regions where it jumps.  A piece whose place is not
 * known follows the known one before it in the geometric order. */
static int stream_order(struct work *k, size_t *order, int *region)
{
    struct streamed *v = NEW(k->a, struct streamed, k->n_pieces + 1);
    long last = -1;
    int regions = 0;
    for (size_t i = 0; i < k->n_pieces; i++) {
        long s = k->piece[order[i]].stream;
        if (s >= 0) last = s;
        v[i] = (struct streamed){last, i};
    }
    size_t *geometric = NEW(k->a, size_t, k->n_pieces + 1);
    memcpy(geometric, order, k->n_pieces * sizeof *order);
    qsort(v, k->n_pieces, sizeof *v, by_stream);
    for (size_t i = 0; i < k->n_pieces; i++) {
        order[i] = geometric[v[i].piece];
        if (i && !goes_on(&k->piece[order[i - 1]], &k->piece[order[i]], k->by == LAYOUT_ROWS))
            regions++;
        region[i] = regions;
    }
    return regions + 1;
}

/* The items from `from` on make up piece pc, as far as they are linked. */
static void fill_piece(struct work *k, size_t pc, size_t from)
{
    bool ruled = k->piece[pc].ruled && k->first[pc] == from;
    begin_piece(k, pc, from);
    k->piece[pc].ruled = ruled;
    for (size_t i = k->item[from].next; i != NONE; i = k->item[i].next) {
        grow_piece(&k->piece[pc], &k->item[i]);
        k->last[pc] = i;
    }
}

/* Gives the region's slots their words. */
static void find_words(struct work *k, struct slot *s, size_t n)
{
    size_t words = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t at = k->first[s[i].piece]; at != NONE; at = k->item[at].next) words++;
    struct extent *v = NEW(k->a, struct extent, words + 1);
    for (size_t i = 0; i < n; i++) {
        s[i].word = v;
        for (size_t at = k->first[s[i].piece]; at != NONE; at = k->item[at].next, v++) {
            const struct item *it = &k->item[at];
            *v = (struct extent){.u0 = it->u0,
                                 .u1 = it->u1,
                                 .letters = it->letters > 0,
                                 .digits = it->digits > 0};
        }
        s[i].n_words = (size_t)(v - s[i].word);
    }
}

/* Marks the items behind which a border of the table runs through their piece. */
static size_t find_cuts(struct work *k, const struct slot *s, size_t n)
{
    size_t cuts = 0;
    for (size_t i = 0; i < n; i++) {
        const struct extent *w = s[i].word;
        for (size_t at = k->first[s[i].piece]; at != NONE; at = k->item[at].next, w++) {
            k->cut[at] = w->cut;
            cuts += w->cut;
        }
    }
    return cuts;
}

/* Splits the pieces of the region's slots *s at such borders; returns how many slots there are. */
static size_t split_cells(struct work *k, struct slot **s, size_t n)
{
    size_t all = n, cuts = find_cuts(k, *s, n);
    if (!cuts) return n;
    struct slot *v = NEW(k->a, struct slot, n + cuts);
    memcpy(v, *s, n * sizeof *v);
    for (size_t i = 0; i < n; i++) {
        size_t at = k->first[v[i].piece], pc = v[i].piece;
        while (at != NONE) {
            size_t next = k->item[at].next;
            if (k->cut[at]) {
                k->item[at].next = NONE;
                fill_piece(k, pc, k->first[pc]);
                pc = k->n_pieces++;
                fill_piece(k, pc, next);
                v[all] = v[i];
                v[all].piece = pc, v[all].u0 = k->piece[pc].u0, v[all++].apart = true;
            }
            at = next;
        }
    }
    qsort(v, all, sizeof *v, by_row);
    *s = v;
    return all;
}

static bool is_caption(const struct work *k, size_t first)
{
    const struct word *a = &k->page->v[k->item[first].word], *b;
    struct str next = {0};
    if (k->item[first].next != NONE) {
        b = &k->page->v[k->item[k->item[first].next].word];
        next = (struct str){k->page->text + b->text, b->n};
    }
    return text_starts_caption((struct str){k->page->text + a->text, a->n}, next);
}

/* Marks the pieces that a border parts from the one before them in their row, however far, and
 * captions; finds the borders behind them. */
static void mark_ruled(struct work *k, const struct slot *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        find_right(k, &k->item[k->last[s[i].piece]], &k->piece[s[i].piece]);
        k->piece[s[i].piece].caption = is_caption(k, k->first[s[i].piece]);
    }
    for (size_t i = 1; i < n; i++) {
        struct piece *p = &k->piece[s[i].piece];
        const struct item *before = &k->item[k->last[s[i - 1].piece]],
                          *first = &k->item[k->first[s[i].piece]];
        if (s[i].row == s[i - 1].row && !p->ruled) p->ruled = is_ruled(k, before, first);
    }
}

/* Reads one direction of text: pieces, regions, rows, lines appended to *out. */
static void lay_turn(struct work *k, int turn, float tilt, struct layout *out, int *next_region,
                     int *next_row)
{
    turn_rules(k, turn, tilt);
    make_pieces(k);
    size_t n = k->n_pieces;
    size_t *order = NEW(k->a, size_t, n + 1);
    int *region = NEW(k->a, int, n + 1), *row = NEW(k->a, int, n + 1);
    float gutter = k->by == LAYOUT_GEOMETRY ? GUTTER : GUTTER_STREAM;
    int regions = columns_order(k->piece, n, k->rtl, gutter, order, region, k->a);
    if (k->by == LAYOUT_STREAM || k->by == LAYOUT_ROWS) regions = stream_order(k, order, region);
    if (regions > 1) out->columns = true;
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && region[j] == region[i]; j++) {
        }
        make_rows(k, order + i, j - i, row + i, next_row);
        struct slot *slot = NEW(k->a, struct slot, j - i + 1);
        for (size_t s = i; s < j; s++)
            slot[s - i] =
                (struct slot){.piece = order[s], .u0 = k->piece[order[s]].u0, .row = row[s]};
        qsort(slot, j - i, sizeof *slot, by_row);
        mark_ruled(k, slot, j - i);
        find_words(k, slot, j - i);
        table_find(k->piece, slot, j - i, k->a);
        size_t slots = split_cells(k, &slot, j - i);
        out->wrapped += wrap_join(k->piece, slot, slots, k->a);
        for (size_t s = 0, t; s < slots; s = t) {
            for (t = s + 1; t < slots && slot[t].row == slot[s].row && !slot[t].apart; t++) {
            }
            struct line *l = &out->v[out->n++];
            *l = (struct line){.turn = turn,
                               .tilt = tilt,
                               .region = *next_region,
                               .row = slot[s].row,
                               .cell = slot[s].cell,
                               .tabular = slot[s].tabular};
            make_line(k, slot + s, t - s, l);
        }
        ++*next_region;
    }
}

/* Upright text first, then what runs at an angle, one angle after the other. */
static void lay_tilts(struct work *k, int turn, struct layout *out, int *next_region, int *next_row)
{
    struct item *all = k->item;
    size_t n = k->n_items;
    struct slant *s = NEW(k->a, struct slant, n + 1);
    enum { FONTS = 4097 };
    float *least = NEW(k->a, float, FONTS);
    for (size_t i = 0; i < n; i++) {
        float *l = &least[k->page->v[all[i].word].font % FONTS], h = all[i].v1 - all[i].v0;
        if (*l == 0 || h / all[i].size < *l) *l = h / all[i].size;
    }
    for (size_t i = 0; i < n; i++) {
        const struct item *it = &all[i];
        float letter = least[k->page->v[it->word].font % FONTS] * it->size;
        s[i] = (struct slant){it->u0, it->v0, it->u1, it->v1, it->size, letter, it->chars, 0};
    }
    slant_find(s, n, k->a);
    k->item = NEW(k->a, struct item, n + 1);
    for (float tilt = 0;;) {
        float next = INFINITY;
        k->n_items = 0;
        for (size_t i = 0; i < n; i++) {
            if (s[i].angle == tilt) {
                struct item *it = &k->item[k->n_items++];
                *it = all[i];
                if (tilt == 0) continue;
                slant_turn(&s[i]);
                it->u0 = s[i].u0, it->u1 = s[i].u1, it->v0 = s[i].v0, it->v1 = s[i].v1;
                s[i].angle = NAN; /* done */
            } else if (s[i].angle != 0 && s[i].angle < next) {
                next = s[i].angle;
            }
        }
        if (k->n_items) lay_turn(k, turn, tilt, out, next_region, next_row);
        if (next == INFINITY) return;
        tilt = next;
    }
}

void layout_page(struct layout *out, struct arena *a, const struct words_page *page,
                 enum layout_order by)
{
    size_t n = page->n < LAYOUT_MAX_WORDS ? page->n : LAYOUT_MAX_WORDS;
    size_t of_turn[4] = {0};
    int rtl = 0, next_region = 0, next_row = 0;
    *out = (struct layout){.v = NEW(a, struct line, n + 1)};
    for (size_t i = 0; i < n; i++) {
        of_turn[page->v[i].turn & 3] += page->v[i].n;
        rtl += rtl_balance(page->text + page->v[i].text, page->v[i].n);
    }
    struct item *items = NEW(a, struct item, n + 1);
    for (int pass = 0; pass < 4; pass++) {
        int turn = 0;
        for (int t = 1; t < 4; t++)
            if (of_turn[t] > of_turn[turn]) turn = t;
        if (!of_turn[turn]) break;
        of_turn[turn] = 0;
        struct work k = {.page = page, .a = a, .item = items, .rtl = rtl > 0, .by = by};
        for (size_t i = 0; i < n; i++) {
            const struct word *w = &page->v[i];
            if ((w->turn & 3) != turn || !usable(w)) continue;
            struct item *it = &k.item[k.n_items++];
            turn_word(page, w, turn, it);
            it->size = w->size > 0.5f && w->size < 2000 ? w->size : fmaxf(it->v1 - it->v0, 1);
            it->word = i;
            it->chars = (int)utf8_count(page->text + w->text, w->n);
            count_signs(it, (struct str){page->text + w->text, w->n});
        }
        lay_tilts(&k, turn, out, &next_region, &next_row);
    }
}
