/* pdf_wrap.c: see pdf_wrap.h. */
#include "extract/pdf_wrap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "extract/pdf_grid.h"

#define NONE SIZE_MAX

enum {
    MAX_HEAD = 7,    /* rows of a head                                            */
    MAX_LINES = 12,  /* of one cell                                               */
    MAX_BETWEEN = 6, /* rows of one cell that may stand between two rows of cells */
    MAX_CELLS = 4000 /* of a table that is looked at for its lines               */
};
#define CLOSE   0.5f  /* font sizes between two lines of one cell, at most */
#define WHOLE   0.9f  /* of a table's width: what text behind it takes at least */
#define SPACE   0.25f /* font sizes between two words */
#define SEVERAL 4     /* font sizes: a cell as wide may hold several words */

/* One line of a cell. */
struct cell {
    size_t from, to; /* slots                                           */
    size_t row;
    float u0, u1, v0, v1, size;
    float line_above, line_below; /* v of the lines drawn there; -INFINITY, INFINITY: none */
    float line_right;             /* u of the line drawn behind it; INFINITY: none */
    float first;                  /* width of the first word                       */
    int chars, letters, digits;
    bool lower, caption;
    size_t next;  /* the line of the same cell below, or NONE        */
    size_t top;   /* the first line of the cell                      */
    size_t moved; /* of a first line: the row it goes to, or NONE    */
};

struct row {
    size_t from, to; /* cells                        */
    float v0, v1, size;
    bool tabular;
    size_t into; /* the row that it becomes part of */
};

struct wrap {
    const struct piece *p;
    struct slot *s;
    struct cell *c;
    struct row *r;
    size_t n_cells, n_rows;
    struct arena *scratch;
};

/* ------------------------------------------------------------------ slots to cells and rows */

static void add_to_cell(struct cell *c, const struct piece *p)
{
    if (p->u1 >= c->u1) c->line_right = p->line_right;
    c->u0 = fminf(c->u0, p->u0), c->u1 = fmaxf(c->u1, p->u1);
    c->v0 = fminf(c->v0, p->v0), c->v1 = fmaxf(c->v1, p->v1);
    c->size = fmaxf(c->size, p->size);
    c->chars += p->chars;
    c->letters += p->letters;
    c->digits += p->digits;
}

static void make_cells(struct wrap *w, size_t n)
{
    w->c = NEW(w->scratch, struct cell, n + 1);
    w->r = NEW(w->scratch, struct row, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct piece *p = &w->p[w->s[i].piece];
        bool new_row = i == 0 || w->s[i].row != w->s[i - 1].row;
        if (new_row) {
            w->r[w->n_rows] = (struct row){.from = w->n_cells, .into = w->n_rows};
            w->n_rows++;
        }
        struct row *r = &w->r[w->n_rows - 1];
        if (new_row || w->s[i].apart) {
            w->c[w->n_cells] = (struct cell){.from = i,
                                             .row = w->n_rows - 1,
                                             .u0 = p->u0,
                                             .u1 = p->u1,
                                             .v0 = p->v0,
                                             .v1 = p->v1,
                                             .line_above = p->line_above,
                                             .line_below = p->line_below,
                                             .first = p->first,
                                             .lower = p->lower,
                                             .caption = p->caption,
                                             .next = NONE,
                                             .top = w->n_cells,
                                             .moved = NONE};
            w->n_cells++;
        }
        struct cell *c = &w->c[w->n_cells - 1];
        add_to_cell(c, p);
        c->to = i + 1;
        r->to = w->n_cells;
        r->v0 = new_row ? p->v0 : fminf(r->v0, p->v0);
        r->v1 = new_row ? p->v1 : fmaxf(r->v1, p->v1);
        r->size = fmaxf(r->size, p->size);
        r->tabular |= w->s[i].tabular;
    }
}

/* A number, or a sign in its place: "*****", but neither "(kg)" nor "(%)". */
static bool is_number(const struct cell *c)
{
    return 2 * c->letters < c->chars && (c->digits || !c->letters);
}

static bool common(const struct cell *a, const struct cell *b)
{
    return fminf(a->u1, b->u1) > fmaxf(a->u0, b->u0);
}

/* The only cell of the row that stands over or under c, or NONE; *n says how many do. */
static size_t facing(const struct wrap *w, const struct row *r, const struct cell *c, size_t *n)
{
    size_t hit = NONE;
    *n = 0;
    for (size_t i = r->from; i < r->to; i++)
        if (common(&w->c[i], c)) hit = i, ++*n;
    return *n == 1 ? hit : NONE;
}

static float gap_below(const struct wrap *w, size_t row)
{
    const struct row *a = &w->r[row], *b = &w->r[row + 1];
    return (b->v0 - a->v1) / fmaxf(fminf(a->size, b->size), 1);
}

/* Whether a line is drawn between what stands from v0 to v1 and the cell below. */
static bool is_parted(float v0, float v1, const struct cell *below)
{
    return below->line_above > 0.5f * (v0 + v1);
}

/* The same for a row and all of the next one. */
static bool rows_parted(const struct wrap *w, size_t row)
{
    const struct row *a = &w->r[row], *b = &w->r[row + 1];
    size_t i = b->from;
    while (i < b->to && is_parted(a->v0, a->v1, &w->c[i])) i++;
    return i == b->to;
}

/* Whether all cells of the next row stand between the two lines that one of this row stands
 * between: then none is drawn between the rows. */
static bool in_one_band(const struct wrap *w, size_t row)
{
    const struct row *a = &w->r[row], *b = &w->r[row + 1];
    for (size_t i = b->from; i < b->to; i++) {
        const struct cell *y = &w->c[i];
        size_t k = a->from;
        while (k < a->to &&
               (w->c[k].line_above != y->line_above || w->c[k].line_below != y->line_below))
            k++;
        if (k == a->to || isinf(y->line_above) || isinf(y->line_below)) return false;
    }
    return true;
}

static size_t last_line(const struct wrap *w, size_t c)
{
    while (w->c[c].next != NONE) c = w->c[c].next;
    return c;
}

static void tie(struct wrap *w, size_t above, size_t below)
{
    w->c[above].next = below;
    for (size_t i = below; i != NONE; i = w->c[i].next) w->c[i].top = w->c[above].top;
}

/* ------------------------------------------------------------------ heads */

/* Numbers behind the first cell: the body has begun. */
static bool is_body(const struct wrap *w, const struct row *r)
{
    size_t numbers = 0, all = r->to - r->from - 1;
    for (size_t i = r->from + 1; i < r->to; i++) numbers += is_number(&w->c[i]);
    return all && 10 * numbers >= 7 * all;
}

static bool aligned(const struct cell *a, const struct cell *b)
{
    float off = fmaxf(1, 0.3f * a->size);
    return fabsf(a->u0 - b->u0) < off || fabsf(a->u1 - b->u1) < off ||
           fabsf(a->u0 + a->u1 - b->u0 - b->u1) < fmaxf(2, a->size);
}

/* The cell of the rows up to `end` that goes on with c, or NONE. */
static size_t goes_on(const struct wrap *w, size_t c, size_t end)
{
    const struct cell *a = &w->c[c];
    for (size_t k = a->row + 1; k < end && k <= a->row + 3; k++) {
        size_t below, above;
        size_t hit = facing(w, &w->r[k], a, &below);
        if (!below) continue;
        if (hit == NONE) return NONE;
        const struct cell *b = &w->c[hit];
        float gap = b->v0 - a->v1;
        bool close = gap < CLOSE * fminf(a->size, b->size) && gap > -0.5f * a->size &&
                     fabsf(a->size - b->size) <= 0.1f * a->size;
        if (!close || !aligned(a, b) || is_parted(a->v0, a->v1, b) ||
            facing(w, &w->r[a->row], b, &above) == NONE)
            return NONE;
        return hit;
    }
    return NONE;
}

/* Ties the lines of the head's cells; rows of numbers over numbers are no lines of cells. */
static void tie_head(struct wrap *w, size_t from, size_t end)
{
    for (size_t k = from; k + 1 < end; k++) {
        const struct row *r = &w->r[k];
        size_t ties = 0, numbers = 0;
        for (int pass = 0; pass < 2; pass++)
            for (size_t i = r->from; i < r->to; i++) {
                size_t below = goes_on(w, i, end);
                if (below == NONE) continue;
                if (pass && 2 * numbers < ties) tie(w, i, below);
                if (pass) continue;
                ties++;
                numbers += is_number(&w->c[i]) && is_number(&w->c[below]);
            }
    }
}

/* The columns' heads: whole cells with nothing of the head under them. */
struct leaf {
    float u0, u1;
    size_t top;
    bool under;   /* a heading stands over it, or in the middle over it and others */
    size_t owner; /* the heading that stands over it, or NONE                      */
};

static int by_left(const void *a, const void *b)
{
    const struct leaf *x = a, *y = b;
    if (x->u0 != y->u0) return x->u0 < y->u0 ? -1 : 1;
    return x->top < y->top ? -1 : x->top > y->top;
}

/* How many cells of the head stand under the last line of the cell. */
static size_t count_below(const struct wrap *w, size_t last, size_t end)
{
    size_t all = 0, n;
    for (size_t k = w->c[last].row + 1; k < end && all < 2; k++) {
        facing(w, &w->r[k], &w->c[last], &n);
        if (n > all) all = n;
    }
    return all;
}

static size_t find_leaves(const struct wrap *w, size_t from, size_t end, struct leaf *v)
{
    size_t n = 0;
    for (size_t i = w->r[from].from; i < w->r[end - 1].to; i++) {
        if (w->c[i].top != i || count_below(w, last_line(w, i), end)) continue;
        v[n] = (struct leaf){w->c[i].u0, w->c[i].u1, i, false, NONE};
        for (size_t k = w->c[i].next; k != NONE; k = w->c[k].next) {
            v[n].u0 = fminf(v[n].u0, w->c[k].u0);
            v[n].u1 = fmaxf(v[n].u1, w->c[k].u1);
        }
        n++;
    }
    qsort(v, n, sizeof *v, by_left);
    return n;
}

static bool is_heading(const struct wrap *w, size_t i, size_t end)
{
    return w->c[i].next == NONE && count_below(w, i, end) > 0;
}

/* Twice how far c stands from the middle over the columns from a to b. */
static float off_middle(const struct cell *c, const struct leaf *a, const struct leaf *b)
{
    return fabsf(a->u0 + b->u1 - c->u0 - c->u1);
}

/* Marks the columns that heading h spans: those under it, and as many of nobody's on its sides as
 * keep it in the middle of them; as exactly in the middle where it is so of several already. */
static void cover(const struct wrap *w, struct leaf *v, size_t n, size_t h)
{
    const struct cell *c = &w->c[h];
    size_t first = 0, last, lo, hi;
    while (first < n && v[first].owner != h) first++;
    if (first == n) return;
    for (last = first; last + 1 < n && v[last + 1].owner == h; last++) {
    }
    lo = first, hi = last;
    float most = 2 * c->size, now = off_middle(c, &v[first], &v[last]);
    if (last > first && now < 0.5f * c->size) most = now + 0.3f * c->size;
    for (size_t i = first + 1; i-- > 0 && (i == first || v[i].owner == NONE);)
        for (size_t k = last; k < n && (k == last || v[k].owner == NONE); k++)
            if (k - i > hi - lo && off_middle(c, &v[i], &v[k]) < most) lo = i, hi = k;
    for (size_t i = lo; i <= hi; i++) v[i].under = true;
}

/* Which columns headings span; returns the row of the topmost heading, or NONE. */
static size_t find_headings(const struct wrap *w, size_t from, size_t end, struct leaf *v, size_t n)
{
    size_t top = NONE;
    for (size_t i = w->r[from].from; i < w->r[end - 1].to; i++) {
        if (!is_heading(w, i, end)) continue;
        if (top == NONE) top = w->c[i].row;
        for (size_t k = 0; k < n; k++)
            if (v[k].u1 > w->c[i].u0 && v[k].u0 < w->c[i].u1) v[k].owner = i;
    }
    for (size_t i = w->r[from].from; i < w->r[end - 1].to; i++)
        if (is_heading(w, i, end)) cover(w, v, n, i);
    return top;
}

/* The heads of the columns stand in one row, that of the lowest; but those that no heading spans go
 * up beside the headings. */
static void level_leaves(struct wrap *w, size_t from, size_t end)
{
    size_t cells = w->r[end - 1].to - w->r[from].from, low = 0;
    struct leaf *v = NEW(w->scratch, struct leaf, cells + 1);
    size_t n = find_leaves(w, from, end, v), under = 0;
    size_t top = find_headings(w, from, end, v, n);
    for (size_t i = 0; i < n; i++) under += v[i].under;
    for (size_t i = 0; i < n; i++) {
        size_t row = w->c[last_line(w, v[i].top)].row;
        if (row > low) low = row;
    }
    for (size_t k = from; k < low; k++)
        if (gap_below(w, k) > 2 * CLOSE) return;
    for (size_t i = 0; i < n; i++) {
        size_t to = top != NONE && under && !v[i].under ? top : low;
        w->c[v[i].top].moved = to;
        w->r[to].tabular = true;
    }
}

/* ------------------------------------------------------------------ bodies */

/* Two rows are not one when both have a number in the same column, or one a heading over columns.
 */
static bool two_rows(const struct wrap *w, const struct row *a, const struct row *b)
{
    size_t n;
    for (size_t i = a->from; i < a->to; i++) {
        size_t hit = facing(w, b, &w->c[i], &n);
        if (n > 1) return true;
        if (hit != NONE && is_number(&w->c[i]) && is_number(&w->c[hit])) return true;
    }
    for (size_t i = b->from; i < b->to; i++) {
        facing(w, a, &w->c[i], &n);
        if (n > 1) return true;
    }
    return false;
}

/* Rows whose cells are all in the same columns are rows of their own, set in groups. */
static bool same_columns(const struct wrap *w, const struct row *a, const struct row *b)
{
    size_t n, same = 0;
    for (size_t i = a->from; i < a->to; i++) same += facing(w, b, &w->c[i], &n) != NONE;
    return same == a->to - a->from && same == b->to - b->from;
}

/* The gap that lines of one row have at most, where rows stand clearly further apart; or -1. */
static float row_gap(const struct wrap *w, size_t from, size_t end)
{
    size_t n = end - from - 1, close = 0, two = 0, groups = 0, uneven = 0;
    float *g = NEW(w->scratch, float, n + 1);
    for (size_t i = 0; i < n; i++) g[i] = gap_below(w, from + i);
    float most = grid_line_gap(g, n);
    for (size_t k = from, j; k < end; k = j) {
        bool even = true;
        for (j = k + 1; j < end && gap_below(w, j - 1) <= most; j++) {
            close++;
            two += two_rows(w, &w->r[j - 1], &w->r[j]);
            even &= same_columns(w, &w->r[j - 1], &w->r[j]);
        }
        groups += j > k + 1;
        uneven += j > k + 1 && !even;
    }
    return 8 * two > close || 2 * uneven < groups ? -1 : most;
}

/* Makes one row of the rows [from, end), each of whose cells faces at most one cell above it. */
static void join_rows(struct wrap *w, size_t from, size_t end)
{
    if (end - from < 2 || end - from > MAX_LINES) return;
    for (size_t k = from; k + 1 < end; k++)
        for (size_t below = k + 1; below < end; below++)
            if (two_rows(w, &w->r[k], &w->r[below])) return;
    for (size_t k = from + 1; k < end; k++) {
        for (size_t i = w->r[k].from; i < w->r[k].to; i++)
            for (size_t up = k; up-- > from;) {
                size_t n, hit = facing(w, &w->r[up], &w->c[i], &n);
                if (!n) continue;
                if (hit != NONE && w->c[hit].next == NONE) tie(w, hit, i);
                break;
            }
        w->r[k].into = from;
    }
}

/* Where the row after `k` begins by the lines that are drawn. */
static size_t ruled_end(const struct wrap *w, size_t k, size_t end)
{
    for (k++; k < end && in_one_band(w, k - 1); k++) {
    }
    return k;
}

/* Whether the first word of the line below has no room behind c in its column, so that the text
 * goes on there. */
static bool is_full(const struct wrap *w, const struct cell *c, const struct cell *below,
                    size_t from, size_t end)
{
    float right = c->line_right - 0.2f * c->size, needs = c->u1 + SPACE * c->size + below->first;
    if (right < INFINITY) return needs > right;
    float widest = c->u1;
    for (size_t i = w->r[from].from; i < w->r[end - 1].to; i++) {
        const struct cell *x = &w->c[i];
        bool only = w->r[x->row].to - w->r[x->row].from == 1;
        if (!only && common(x, c)) widest = fmaxf(widest, x->u1);
    }
    for (size_t i = w->r[from].from; i < w->r[end - 1].to; i++)
        if (w->c[i].u0 >= widest) right = fminf(right, w->c[i].u0 - c->size);
    return needs > fminf(right, widest + SPACE * c->size);
}

/* The only cell that stands under c in the next of the rows up to `end` that has any there; or
 * NONE. */
static size_t line_below(const struct wrap *w, const struct cell *c, size_t end)
{
    for (size_t k = c->row + 1; k < end; k++) {
        size_t n, hit = facing(w, &w->r[k], c, &n);
        if (n) return hit;
    }
    return NONE;
}

/* Lines of the rows of one band that go on below, or seem to. */
struct lines {
    size_t all, full;
};

static void count_lines(const struct wrap *w, size_t from, size_t end, size_t table,
                        size_t table_end, struct lines *l)
{
    for (size_t i = w->r[from].from; i < w->r[end - 1].to; i++) {
        const struct cell *c = &w->c[i];
        size_t below = line_below(w, c, end);
        if (below == NONE || c->u1 - c->u0 < SEVERAL * c->size) continue;
        l->all++;
        l->full += is_full(w, c, &w->c[below], table, table_end);
    }
}

/* Fills in where the bands begin that the rows [from, end) stand in: band[k] is the first row of
 * the one after the band of row from + k. */
typedef bool find_bands(const struct wrap *w, size_t from, size_t end, size_t *band);

static bool bands_of_lines(const struct wrap *w, size_t from, size_t end, size_t *band)
{
    for (size_t k = from, j; k < end; k = j) {
        j = ruled_end(w, k, end);
        for (size_t i = k; i < j; i++) band[i - from] = j;
    }
    return true;
}

/* By the white between the lines of each column: rows are further apart than lines of one cell,
 * which may stand beside the middle of others. */
static bool bands_of_white(const struct wrap *w, size_t from, size_t end, size_t *band)
{
    size_t first = w->r[from].from, n = w->r[end - 1].to - first, gaps = 0;
    size_t *below = NEW(w->scratch, size_t, n + 1);
    float *g = NEW(w->scratch, float, n + 1), *sorted = NEW(w->scratch, float, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct cell *c = &w->c[first + i];
        below[i] = line_below(w, c, end);
        if (below[i] == NONE) continue;
        g[i] = (w->c[below[i]].v0 - c->v1) / fmaxf(c->size, 1);
        sorted[gaps++] = g[i];
    }
    float most = grid_first_gap(sorted, gaps);
    if (most < 0) return false;
    for (size_t k = from; k < end; k++) band[k - from] = k + 1;
    for (size_t i = 0; i < n; i++) {
        if (below[i] == NONE || g[i] > most) continue;
        size_t *to = &band[w->c[first + i].row - from], row = w->c[below[i]].row;
        if (*to <= row) *to = row + 1;
    }
    for (size_t k = from, j; k < end; k = j) {
        j = k + 1;
        for (size_t i = k; i < j; i++)
            if (band[i - from] > j) j = band[i - from];
        for (size_t i = k; i < j; i++) band[i - from] = j;
    }
    return true;
}

/* Whether the bands are rows, `least` or more, of which some take several lines: lines that are
 * full and go on below, not rows of their own that are set in groups. */
static bool are_rows(const struct wrap *w, size_t from, size_t end, const size_t *band,
                     size_t least)
{
    size_t rows = 0, groups = 0, uneven = 0, two = 0, pairs = 0;
    struct lines lines = {0};
    for (size_t k = from, j; k < end; k = j, rows++) {
        bool even = true;
        j = band[k - from];
        if (j - k > MAX_LINES) return false;
        for (size_t i = k; i + 1 < j; i++, pairs++) {
            two += two_rows(w, &w->r[i], &w->r[i + 1]);
            even &= same_columns(w, &w->r[i], &w->r[i + 1]);
        }
        count_lines(w, k, j, from, end, &lines);
        groups += j > k + 1;
        uneven += j > k + 1 && !even;
    }
    return rows >= least && groups && 2 * uneven >= groups && 2 * lines.full >= lines.all &&
           8 * two <= pairs;
}

static bool join_bands(struct wrap *w, size_t from, size_t end, find_bands *find, size_t least)
{
    size_t *band = NEW(w->scratch, size_t, end - from + 1);
    if (end <= from || w->r[end - 1].to - w->r[from].from > MAX_CELLS) return false;
    if (!find(w, from, end, band) || !are_rows(w, from, end, band, least)) return false;
    for (size_t k = from; k < end; k = band[k - from]) join_rows(w, k, band[k - from]);
    return true;
}

/* True: bands tell all lines of the cells. */
static bool join_body(struct wrap *w, size_t from, size_t end)
{
    if (join_bands(w, from, end, bands_of_lines, 2)) return true;
    float most = end - from > 3 ? row_gap(w, from, end) : -1;
    if (most < 0 && join_bands(w, from, end, bands_of_white, 3)) return true;
    for (size_t i = from, j; i < end; i = j) {
        for (j = i + 1; j < end && gap_below(w, j - 1) <= most; j++) {
        }
        join_rows(w, i, j);
    }
    return false;
}

/* Whether `below`, which begins with a small letter, is the next line of the cell of `above`. */
static bool is_next_line(const struct wrap *w, size_t above, size_t below)
{
    const struct cell *x = &w->c[above], *y = &w->c[below], *first = &w->c[x->top];
    bool under = y->u0 > first->u0 - 0.2f * x->size && y->u0 < first->u0 + 3 * x->size;
    return under && y->lower && !is_number(x) && x->next == NONE && y->top == below &&
           fabsf(x->size - y->size) <= 0.1f * x->size;
}

/* Row k + 1 is one line more of a cell whose last line so far is in row k. */
static bool join_below(struct wrap *w, size_t k)
{
    struct row *b = &w->r[k + 1];
    size_t into = w->r[k].into, y = b->from, over = 0, x = NONE;
    const struct row *r = &w->r[into];
    if (r->to - r->from < 2) return false;
    for (size_t i = r->from; i < r->to; i++) {
        size_t last = last_line(w, i);
        if (!common(&w->c[last], &w->c[y])) continue;
        over++;
        if (w->c[last].row != k) return false;
        if (i + 1 == r->to || w->c[y].u1 <= w->c[i + 1].u0) x = last;
    }
    if (over != 1 || x == NONE || !is_next_line(w, x, y)) return false;
    tie(w, x, y);
    b->into = into;
    return true;
}

/* Row k is one line of a first cell that goes on in row k + 1, which has the other cells. */
static void join_above(struct wrap *w, size_t k)
{
    struct row *a = &w->r[k];
    if (!is_next_line(w, a->from, w->r[k + 1].from)) return;
    tie(w, a->from, w->r[k + 1].from);
    a->into = w->r[k + 1].into;
}

/* Cells that go on in a line of their own; first cells also in the line that has the others. */
static void join_lines(struct wrap *w, size_t from, size_t end)
{
    for (size_t k = from; k + 1 < end; k++) {
        const struct row *b = &w->r[k + 1];
        if (b->to - b->from == 1 && b->into == k + 1 && gap_below(w, k) <= CLOSE) join_below(w, k);
    }
    for (size_t k = end - 1; k-- > from;) {
        const struct row *a = &w->r[k], *b = &w->r[k + 1];
        bool more = b->to - b->from > 1 || b->into != k + 1;
        if (a->to - a->from == 1 && a->into == k && more && gap_below(w, k) <= CLOSE)
            join_above(w, k);
    }
}

/* ------------------------------------------------------------------ tables */

/* Whether the row is one line that begins where the rows [from, end) do and is nearly as wide: text
 * behind a table. */
static bool is_text(const struct wrap *w, size_t from, size_t end, const struct row *r)
{
    float u0 = INFINITY, u1 = -INFINITY;
    if (r->to - r->from > 1) return false;
    for (size_t i = w->r[from].from; i < w->r[end - 1].to; i++)
        u0 = fminf(u0, w->c[i].u0), u1 = fmaxf(u1, w->c[i].u1);
    const struct cell *c = &w->c[r->from];
    return c->u0 < u0 + c->size && c->u1 - c->u0 > WHOLE * (u1 - u0);
}

/* The row after the table that the row `from` begins: rows of cells, and between and behind them
 * lines of a cell that goes on. */
static size_t table_end(const struct wrap *w, size_t from)
{
    size_t end = from + 1, between = 0, n;
    for (size_t k = from + 1; k < w->n_rows; k++) {
        const struct row *r = &w->r[k];
        float gap = gap_below(w, k - 1);
        if (gap > 3.2f) break;
        if (is_text(w, from, end, r)) break;
        if (r->tabular)
            end = k + 1, between = 0;
        else if (r->to - r->from != 1 || ++between > MAX_BETWEEN)
            break;
    }
    while (end < w->n_rows && !w->r[end].tabular && w->r[end].to - w->r[end].from == 1 &&
           gap_below(w, end - 1) < CLOSE &&
           facing(w, &w->r[end - 1], &w->c[w->r[end].from], &n) != NONE)
        end++;
    return end;
}

/* Whether the row begins the body: a line is drawn above it, and none above the next one, which has
 * the same columns.  Above it, no lines are drawn around several rows of the head. */
static bool is_under_line(const struct wrap *w, size_t from, size_t row, size_t end)
{
    for (size_t k = from + 1; k < row; k++)
        if (rows_parted(w, k - 1) && !rows_parted(w, k)) return false;
    return row > from && row + 1 < end && rows_parted(w, row - 1) && in_one_band(w, row) &&
           w->r[row].to - w->r[row].from > 1 && same_columns(w, &w->r[row], &w->r[row + 1]);
}

/* Whether a cell of one row runs across several of the other. */
static bool runs_across(const struct wrap *w, const struct row *a, const struct row *b)
{
    size_t n = 0;
    for (size_t i = a->from; i < a->to && n < 2; i++) facing(w, b, &w->c[i], &n);
    return n > 1;
}

/* The row that the table begins with whose first row of cells is `row`: lines of cells that begin
 * above the middle of others overlap with them, or stand in one band.  Not above row `least`. */
static size_t table_begin(const struct wrap *w, size_t row, size_t least)
{
    size_t from = row;
    while (from > least && (gap_below(w, from - 1) < -0.2f || in_one_band(w, from - 1)) &&
           !runs_across(w, &w->r[from - 1], &w->r[row]))
        from--;
    return from;
}

/* The row that the head begins with which goes on in row `row`: lines over one column, no caption.
 */
static size_t head_begin(const struct wrap *w, size_t row)
{
    size_t from = row;
    for (int k = 0; k < 3 && from > 0; k++) {
        const struct row *r = &w->r[from - 1];
        if (r->tabular || r->to - r->from > 1 || gap_below(w, from - 1) > CLOSE ||
            rows_parted(w, from - 1))
            break;
        if (w->c[r->from].caption) return row;
        from--;
    }
    return from;
}

static void one_table(struct wrap *w, size_t from, size_t end)
{
    size_t body = from;
    while (body < end && body - from <= MAX_HEAD && !is_body(w, &w->r[body]) &&
           !is_under_line(w, from, body, end))
        body++;
    if (body < end && body - from <= MAX_HEAD) {
        from = head_begin(w, from);
        size_t head = body; /* a line between head and body is a subheading */
        while (head > from + 1 && w->r[head - 1].to - w->r[head - 1].from == 1 &&
               gap_below(w, head - 2) > CLOSE)
            head--;
        tie_head(w, from, head);
        if (head > from) level_leaves(w, from, head);
        from = head;
    }
    if (from < end && !join_body(w, from, end)) join_lines(w, from, end);
}

/* ------------------------------------------------------------------ back to slots */

struct placed {
    struct slot s;
    size_t row, line;
    float u0; /* of the cell */
};

static int by_place(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    if (x->u0 != y->u0) return x->u0 < y->u0 ? -1 : 1;
    if (x->s.cell != y->s.cell) return x->s.cell < y->s.cell ? -1 : 1;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    if (x->s.u0 != y->s.u0) return x->s.u0 < y->s.u0 ? -1 : 1;
    return x->s.piece < y->s.piece ? -1 : x->s.piece > y->s.piece;
}

/* Where a cell goes: to the row of its last line, or what this row became part of. */
static size_t row_of(const struct wrap *w, const struct cell *c)
{
    size_t moved = w->c[c->top].moved;
    return moved != NONE ? moved : w->r[w->c[last_line(w, c->top)].row].into;
}

static void place(struct wrap *w, size_t n)
{
    struct placed *v = NEW(w->scratch, struct placed, n + 1);
    int *number = NEW(w->scratch, int, w->n_rows + 1);
    for (size_t k = 0; k < w->n_rows; k++) number[k] = w->s[w->c[w->r[k].from].from].row;
    for (size_t i = 0; i < w->n_cells; i++) {
        struct cell *c = &w->c[i];
        bool tied = c->top != i || c->next != NONE;
        float u0 = c->u0;
        for (size_t k = c->top; k != NONE; k = w->c[k].next) u0 = fminf(u0, w->c[k].u0);
        for (size_t k = c->from; k < c->to; k++) {
            size_t row = row_of(w, c);
            v[k] = (struct placed){w->s[k], row, c->row, u0};
            v[k].s.cell = (int)c->top;
            v[k].s.row = number[row];
            v[k].s.tabular |= tied || row != c->row || w->r[row].tabular;
            v[k].s.apart |= k == c->from;
        }
    }
    qsort(v, n, sizeof *v, by_place);
    for (size_t i = 0; i < n; i++) w->s[i] = v[i].s;
}

size_t wrap_join(const struct piece *p, struct slot *s, size_t n, struct arena *scratch)
{
    struct wrap w = {.p = p, .s = s, .scratch = scratch};
    bool any = false;
    for (size_t i = 0; i < n; i++) any |= s[i].tabular;
    if (!any) return 0;
    make_cells(&w, n);
    size_t i = 0, end = 0; /* of the table before */
    while (i < w.n_rows) {
        if (!w.r[i].tabular) {
            i++;
            continue;
        }
        size_t from = table_begin(&w, i, end);
        end = table_end(&w, i);
        one_table(&w, from, end);
        i = end;
    }
    place(&w, n);
    size_t wrapped = 0;
    for (size_t i = 0; i < w.n_cells; i++) wrapped += w.c[i].top != i;
    return wrapped;
}
