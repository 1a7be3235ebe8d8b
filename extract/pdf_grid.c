/* pdf_grid.c: see pdf_grid.h. */
#include "extract/pdf_grid.h"

#include <math.h>
#include <stdlib.h>

#include "extract/floats.h"

enum { MIN_ROWS = 3, MIN_TEXT = 13 /* characters of a line of a column, at least */ };
#define MAX_HEIGHT  4.5f  /* of a row, in font sizes, on average */
#define MAX_RULED   16.0f /* of any between two lines that are drawn */
#define MAX_CELLS   6.0f  /* of one that was written cell by cell, on average */
#define LINES_APART 0.6f  /* font sizes, at most       */
#define ROWS_APART  0.12f /* more than that, at least  */
#define HOLE        0.9f  /* font sizes between two lines of a column with one left out, at least */
#define JUSTIFIED   1.1f  /* the widest gap between words of a line */
#define SPACE       0.25f /* between two words */

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
    float first; /* width of its first word */
    bool begins; /* a cell, or a paragraph, by what stands above it */
    float top;   /* the line drawn above it */
    float room;  /* to the end of the longest part that starts where it does */
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

/* Its place beside a border at x. */
static struct part part_of(const struct piece *q, float x)
{
    return (struct part){
        .u0 = q->u0, .u1 = q->u1, .v0 = q->v0, .v1 = q->v1, .size = q->size, .right = q->u0 >= x};
}

bool grid_at(const struct piece *p, const size_t *idx, size_t n, float x, struct arena *scratch)
{
    struct part *v = NEW(scratch, struct part, n + 1);
    size_t n_white, rows = 0, both = 0, tall = 0, uneven = 0, last = 0, full = 0, small = 0;
    float height = 0, sizes = 0;
    if (n < 2 * MIN_ROWS) return false;
    for (size_t i = 0; i < n; i++) {
        const struct piece *q = &p[idx[i]];
        v[i] = part_of(q, x);
        v[i].lower = q->lower;
        v[i].top = q->line_above;
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

/* Whether the part begins a cell or a paragraph: nothing stands close above it, or a line that had
 * room for its first word; `words`: or one word.  The parts are sorted by v0. */
static bool begins(const struct part *v, size_t i, bool words)
{
    enum { BACK = 64 };
    const struct part *above = NULL, *q = &v[i];
    for (size_t k = i; k-- > 0 && i - k < BACK;) {
        if (v[k].u0 >= q->u1 || v[k].u1 <= q->u0 || v[k].v1 > q->v0 + 0.4f * q->size) continue;
        if (!above || v[k].v1 > above->v1) above = &v[k];
    }
    if (!above || q->v0 - above->v1 > HOLE * q->size) return true;
    if (words && above->u1 - above->u0 < above->first + 1) return true;
    return above->u1 + SPACE * q->size + q->first < above->u0 + above->room - 1;
}

/* What the lines of both sides say. */
struct lines {
    size_t all;
    size_t tops;   /* all that stands in it begins, on both sides                           */
    size_t mixed;  /* one thing begins beside another that goes on                          */
    size_t blanks; /* of one side, beside lines of the other that go on; a top is below them */
    size_t other;  /* blanks that are not like this                                         */
};

/* The parts [i, j) of one line. */
struct one_line {
    size_t i, j;
    bool side[2], begins[2], goes_on[2];
};

static struct one_line take_line(const struct part *v, size_t n, size_t i)
{
    struct one_line l = {.i = i, .j = i};
    for (; l.j < n && v[l.j].v0 - v[i].v0 < 0.4f * v[i].size; l.j++) {
        const struct part *q = &v[l.j];
        l.side[q->right] = true;
        if (q->begins)
            l.begins[q->right] = true;
        else
            l.goes_on[q->right] = true;
    }
    return l;
}

static struct lines count_lines(const struct part *v, size_t n)
{
    struct lines sum = {0};
    float low[2] = {-INFINITY, -INFINITY};
    bool begun[2] = {false, false}, beside[2] = {false, false}; /* ... since the side's last line */
    struct one_line l;
    for (size_t i = 0; i < n; i = l.j, sum.all++) {
        l = take_line(v, n, i);
        bool both = l.side[0] && l.side[1], on = l.goes_on[0] || l.goes_on[1];
        bool top = both && !on;
        sum.tops += top;
        sum.mixed += both && on && (l.begins[0] || l.begins[1]);
        for (int s = 0; s < 2; s++) {
            if (!l.side[s]) {
                beside[s] = true, begun[s] |= l.begins[!s];
                continue;
            }
            bool blank = both && beside[s] && v[i].v0 - low[s] > HOLE * v[i].size;
            sum.blanks += blank && top && !begun[s];
            sum.other += blank && !(top && !begun[s]);
            begun[s] = beside[s] = false;
            for (size_t k = l.i; k < l.j; k++)
                if (v[k].right == (s > 0)) low[s] = fmaxf(low[s], v[k].v1);
        }
    }
    return sum;
}

/* Justified text in a narrow column has gaps that part its lines: joins them, and returns how many
 * parts are left. */
static size_t join_justified(struct part *v, size_t n)
{
    size_t out = 0;
    struct one_line l;
    qsort(v, n, sizeof *v, by_top);
    for (size_t i = 0; i < n; i = l.j) {
        l = take_line(v, n, i);
        qsort(v + i, l.j - i, sizeof *v, by_left);
        for (size_t k = i; k < l.j; k++) {
            struct part *a = &v[out - (out > 0)], *q = &v[k];
            if (k > i && a->right == q->right && q->u0 - a->u1 < JUSTIFIED * q->size) {
                a->u1 = fmaxf(a->u1, q->u1), a->v1 = fmaxf(a->v1, q->v1);
                continue;
            }
            v[out++] = *q;
        }
    }
    return out;
}

/* The parts beside x, by lines, each of which tells what it begins. */
static size_t make_lines(struct part *v, const struct piece *p, const size_t *idx, size_t n,
                         float x, bool words)
{
    for (size_t i = 0; i < n; i++) {
        v[i] = part_of(&p[idx[i]], x);
        v[i].first = p[idx[i]].first;
    }
    n = join_justified(v, n);
    measure_room(v, n);
    qsort(v, n, sizeof *v, by_top);
    for (size_t i = 0; i < n; i++) v[i].begins = begins(v, i, words);
    return n;
}

bool grid_aligned(const struct piece *p, const size_t *idx, size_t n, float x,
                  struct arena *scratch)
{
    enum { TOPS = 3, BLANKS = 2, MAX_LINES = 8 /* of a row, on average */ };
    struct part *v = NEW(scratch, struct part, n + 1);
    n = make_lines(v, p, idx, n, x, false);
    struct lines l = count_lines(v, n);
    return l.tops >= TOPS && l.tops >= 4 * l.mixed && l.blanks >= BLANKS &&
           l.blanks >= 2 * l.other && l.all <= MAX_LINES * l.tops;
}

/* Where the second column begins left of x: the second place where several pieces begin, with at
 * most one (a caption) that runs across; else x. */
static float second_column(const struct piece *p, const size_t *idx, size_t n, float x,
                           struct arena *scratch)
{
    enum { SEVERAL = 3 };
    float *u = NEW(scratch, float, n + 1);
    size_t all = 0, i = 0, j = 0, columns = 0, across = 0;
    for (size_t k = 0; k < n; k++)
        if (p[idx[k]].u0 < x) u[all++] = p[idx[k]].u0;
    floats_sort(u, all);
    for (; i < all; i = j) {
        for (j = i + 1; j < all && u[j] - u[j - 1] < 2; j++) {
        }
        if (j - i >= SEVERAL && columns++) break;
    }
    if (i == all) return x;
    for (size_t k = 0; k < n; k++) across += p[idx[k]].u0 < u[i] - 2 && p[idx[k]].u1 > u[i];
    return across > 1 ? x : u[i] - 1;
}

bool grid_groups(const struct piece *p, const size_t *idx, size_t n, float x, struct arena *scratch)
{
    enum { GROUPS = 3 };
    struct part *v = NEW(scratch, struct part, n + 1);
    size_t lines[2] = {0, 0}, begun = 0, groups = 0, tops = 0;
    bool in_group = false;
    struct one_line l;
    n = make_lines(v, p, idx, n, second_column(p, idx, n, x, scratch), true);
    for (size_t i = 0; i < n; i = l.j) {
        l = take_line(v, n, i);
        bool new_group = l.side[0] && (!in_group || l.begins[0]);
        lines[0] += l.side[0], lines[1] += l.side[1];
        begun += l.side[1] && !l.goes_on[1];
        groups += new_group;
        tops += new_group && l.begins[1] && !l.goes_on[0] && !l.goes_on[1];
        in_group = l.side[0];
    }
    return tops >= GROUPS && tops >= 2 * (groups - tops) && 2 * groups >= lines[0] &&
           3 * lines[0] <= 2 * lines[1] && 2 * begun >= lines[1];
}

/* A piece, as it comes in the content stream. */
struct written {
    long stream;
    bool right;
    size_t piece;
};

static int by_stream(const void *a, const void *b)
{
    const struct written *x = a, *y = b;
    return (x->stream > y->stream) - (x->stream < y->stream);
}

/* The pieces beside x in the order of the content stream; false where it is not known. */
static bool sort_written(struct written *w, const struct piece *p, const size_t *idx, size_t n,
                         float x)
{
    for (size_t i = 0; i < n; i++) {
        const struct piece *q = &p[idx[i]];
        if (q->stream < 0) return false;
        w[i] = (struct written){q->stream, q->u0 >= x, idx[i]};
    }
    qsort(w, n, sizeof *w, by_stream);
    return true;
}

/* Pieces of one side that were written after each other. */
struct run {
    float top, bottom, last; /* last: the top of its lowest piece */
};

static size_t take_run(const struct piece *p, const struct written *w, size_t n, size_t i,
                       struct run *r)
{
    size_t j = i;
    *r = (struct run){INFINITY, -INFINITY, -INFINITY};
    for (; j < n && w[j].right == w[i].right; j++) {
        const struct piece *q = &p[w[j].piece];
        r->top = fminf(r->top, q->v0), r->bottom = fmaxf(r->bottom, q->v1);
        r->last = fmaxf(r->last, q->v0);
    }
    return j;
}

bool grid_cells(const struct piece *p, const size_t *idx, size_t n, float x, struct arena *scratch)
{
    struct written *w = NEW(scratch, struct written, n + 1);
    size_t rows = 0, up = 0, other = 0;
    float low = -INFINITY, size = 0, height = 0;
    if (n < 2 * MIN_ROWS || !sort_written(w, p, idx, n, x)) return false;
    for (size_t i = 0; i < n; i++) size += p[idx[i]].size / (float)n;
    for (size_t i = 0; i < n;) {
        struct run a, b;
        i = take_run(p, w, n, i, &a);
        if (i == n) break;
        i = take_run(p, w, n, i, &b);
        rows++;
        up += b.top < a.last - HOLE * size;
        other += a.top < low - 0.3f * size || b.top > a.bottom;
        height += fmaxf(a.bottom, b.bottom) - fminf(a.top, b.top);
        low = fmaxf(a.bottom, b.bottom);
    }
    return rows > MIN_ROWS && 2 * up >= rows && rows >= 8 * other &&
           height < MAX_CELLS * size * (float)rows;
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
    if (n < 2 * MIN_ROWS || !sort_written(w, p, idx, n, x)) return false;
    for (size_t i = 0; i < n; i++) {
        const struct piece *q = &p[idx[i]];
        v[i] = (struct part){.u0 = q->u0,
                             .u1 = q->u1,
                             .v0 = q->v0,
                             .v1 = q->v1,
                             .size = q->size,
                             .right = q->u0 >= x,
                             .text = is_line(q)};
    }
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
