/* pdf_grid.c: see pdf_grid.h. */
#include "extract/pdf_grid.h"

#include <math.h>
#include <stdlib.h>

#include "extract/floats.h"

enum { MIN_ROWS = 3, MIN_TEXT = 13 /* characters of a line of a column, at least */ };
#define MAX_HEIGHT  4.5f  /* of a row, in font sizes, on average */
#define MAX_RULED   16.0f /* of any between two lines that are drawn */
#define LINES_APART 0.6f  /* font sizes, at most       */
#define ROWS_APART  0.12f /* more than that, at least  */

float grid_line_gap(float *gaps, size_t n)
{
    float best = ROWS_APART;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) gaps[i] = fmaxf(gaps[i], 0); /* lines side by side, askew */
    floats_sort(gaps, n);
    for (size_t i = 1; i < n && gaps[i - 1] < LINES_APART; i++)
        if (gaps[i] - gaps[i - 1] > best) best = gaps[i] - gaps[i - 1], at = i;
    return at ? 0.5f * (gaps[at - 1] + gaps[at]) : -1;
}

float grid_first_gap(float *gaps, size_t n)
{
    floats_sort(gaps, n);
    for (size_t i = 1; i < n && gaps[i - 1] < LINES_APART; i++)
        if (gaps[i] - gaps[i - 1] > ROWS_APART) return 0.5f * (gaps[i - 1] + gaps[i]);
    return -1;
}

struct part {
    float u0, u1, v0, v1, size;
    bool right, lower, text;
    float top;  /* the line drawn above it */
    float room; /* to the end of the longest part that starts where it does */
};

static int by_left(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    return x->u0 < y->u0 ? -1 : x->u0 > y->u0;
}

static void measure_room(struct part *v, size_t n)
{
    qsort(v, n, sizeof *v, by_left);
    for (size_t i = 0, j; i < n; i = j) {
        float end = v[i].u1;
        for (j = i + 1; j < n && v[j].u0 - v[j - 1].u0 < 2; j++) end = fmaxf(end, v[j].u1);
        for (size_t k = i; k < j; k++) v[k].room = end - v[k].u0;
    }
}

static int by_top(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    if (x->v0 != y->v0) return x->v0 < y->v0 ? -1 : 1;
    return x->v1 < y->v1 ? -1 : x->v1 > y->v1;
}

/* The white above each part that is not beside what is above it, in font sizes. */
static float *whites(const struct part *v, size_t n, struct arena *scratch, size_t *n_white)
{
    float *g = NEW(scratch, float, n + 1), low = v[0].v1;
    *n_white = 0;
    for (size_t i = 1; i < n; i++) {
        float white = (v[i].v0 - low) / fmaxf(v[i].size, 1);
        if (white > -0.45f) g[(*n_white)++] = white;
        low = fmaxf(low, v[i].v1);
    }
    return g;
}

/* One row of the table that may be there. */
struct band {
    size_t lines[2]; /* on either side of the strip                           */
    size_t last;     /* lines with nothing of the band under them             */
    size_t full;     /* of these: those that leave no room: text that goes on */
    size_t small;    /* sides of the strip that begin with a small letter    */
    float height;
};

static void count_last(struct band *b, const struct part *v, size_t n)
{
    enum { MAX_PARTS = 64 };
    for (size_t i = 0; i < n; i++) {
        bool under = n > MAX_PARTS;
        for (size_t k = i + 1; k < n && !under; k++)
            under = v[k].u0 < v[i].u1 && v[k].u1 > v[i].u0 && v[k].v0 > v[i].v0 + 0.3f * v[i].size;
        if (under) continue;
        b->last++;
        b->full += v[i].u1 - v[i].u0 > 0.8f * v[i].room;
    }
}

/* Takes the parts from `i` on that no band of white divides; returns the part after them. */
static size_t take_band(struct band *b, const struct part *v, size_t n, size_t i, float most)
{
    float low = v[i].v1, side[2] = {-INFINITY, -INFINITY};
    size_t j = i;
    *b = (struct band){0};
    for (; j < n && (j == i || (v[j].v0 - low) / fmaxf(v[j].size, 1) <= most); j++) {
        low = fmaxf(low, v[j].v1);
        b->small += v[j].lower && !b->lines[v[j].right];
        b->lines[v[j].right] += v[j].v0 > side[v[j].right] - 0.5f * v[j].size;
        side[v[j].right] = fmaxf(side[v[j].right], v[j].v1);
    }
    b->height = low - v[i].v0;
    count_last(b, v + i, j - i);
    return j;
}

/* Whether lines that are drawn across the strip cut most of the parts, which are sorted, into rows.
 */
static bool is_ruled(const struct part *v, size_t n)
{
    size_t rows = 0, inside = 0;
    for (size_t i = 0, j; i < n; i = j) {
        bool side[2] = {false, false};
        float low = v[i].v1;
        for (j = i; j < n && v[j].top == v[i].top; j++)
            side[v[j].right] = true, low = fmaxf(low, v[j].v1);
        bool text = low - v[i].v0 > MAX_RULED * v[i].size; /* under the last line of all */
        if (v[i].top == -INFINITY || !side[0] || !side[1] || text) continue;
        rows++;
        inside += j - i;
    }
    return rows >= MIN_ROWS && 10 * inside >= 8 * n;
}

bool grid_at(const struct piece *p, const size_t *idx, size_t n, float x, struct arena *scratch)
{
    struct part *v = NEW(scratch, struct part, n + 1);
    size_t n_white, rows = 0, both = 0, tall = 0, uneven = 0, last = 0, full = 0, small = 0;
    float height = 0, sizes = 0;
    if (n < 2 * MIN_ROWS) return false;
    for (size_t i = 0; i < n; i++) {
        const struct piece *q = &p[idx[i]];
        v[i] = (struct part){.u0 = q->u0,
                             .u1 = q->u1,
                             .v0 = q->v0,
                             .v1 = q->v1,
                             .size = q->size,
                             .right = q->u0 >= x,
                             .lower = q->lower,
                             .top = q->line_above};
        sizes += q->size;
    }
    measure_room(v, n);
    qsort(v, n, sizeof *v, by_top);
    if (is_ruled(v, n)) return true;
    float *g = whites(v, n, scratch, &n_white), most = grid_line_gap(g, n_white);
    if (most < 0) return false;
    for (size_t i = 0; i < n; rows++) {
        struct band b;
        i = take_band(&b, v, n, i, most);
        both += b.lines[0] && b.lines[1];
        tall += b.lines[0] > 1 || b.lines[1] > 1;
        uneven += b.lines[0] != b.lines[1];
        last += b.last, full += b.full, small += b.small;
        height += b.height;
    }
    bool goes_on = 10 * small > 12 * rows && 2 * full > last; /* 12: of 20 sides */
    return rows >= MIN_ROWS && !goes_on && 10 * both >= 6 * rows && 2 * uneven >= tall &&
           10 * full <= 7 * last && height / (float)rows < MAX_HEIGHT * sizes / (float)n;
}

/* A piece, as it comes in the content stream. */
struct written {
    long stream;
    bool right;
};

static int by_stream(const void *a, const void *b)
{
    const struct written *x = a, *y = b;
    return (x->stream > y->stream) - (x->stream < y->stream);
}

/* How many rows have parts on both sides; the parts are sorted by v0. */
static size_t count_both(const struct part *v, size_t n)
{
    size_t both = 0;
    for (size_t i = 0, j; i < n; i = j) {
        bool side[2] = {false, false};
        for (j = i; j < n && v[j].v0 - v[i].v0 < 0.5f * v[i].size; j++) side[v[j].right] = true;
        both += side[0] && side[1];
    }
    return both;
}

/* Whether it may be a line of a column of text, as pdf_columns.c sees them. */
static bool is_line(const struct piece *p)
{
    float chars = fmaxf((float)p->chars, 2 * (p->u1 - p->u0) / fmaxf(p->size, 1));
    return chars >= MIN_TEXT && 2 * p->letters > p->chars;
}

bool grid_written(const struct piece *p, const size_t *idx, size_t n, float x,
                  struct arena *scratch)
{
    struct part *v = NEW(scratch, struct part, n + 1);
    struct written *w = NEW(scratch, struct written, n + 1);
    size_t switches = 0, full = 0, parts[2] = {0}, text[2] = {0};
    if (n < 2 * MIN_ROWS) return false;
    for (size_t i = 0; i < n; i++) {
        const struct piece *q = &p[idx[i]];
        if (q->stream < 0) return false;
        w[i] = (struct written){q->stream, q->u0 >= x};
        v[i] = (struct part){.u0 = q->u0,
                             .u1 = q->u1,
                             .v0 = q->v0,
                             .v1 = q->v1,
                             .size = q->size,
                             .right = q->u0 >= x,
                             .text = is_line(q)};
    }
    qsort(w, n, sizeof *w, by_stream);
    for (size_t i = 1; i < n; i++) switches += w[i].right != w[i - 1].right;
    measure_room(v, n);
    for (size_t i = 0; i < n; i++) {
        full += v[i].text && v[i].u1 - v[i].u0 > 0.8f * v[i].room;
        parts[v[i].right]++;
        text[v[i].right] += v[i].text;
    }
    if (2 * text[0] > parts[0] && 2 * text[1] > parts[1]) return false; /* verse is set so, too */
    qsort(v, n, sizeof *v, by_top);
    size_t both = count_both(v, n);
    return both >= MIN_ROWS && 2 * switches >= 3 * both && 2 * full <= n;
}
