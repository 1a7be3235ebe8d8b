/* pdf_bands.c: see pdf_bands.h. */
#include "extract/pdf_bands.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "extract/pdf_grid.h"

#define NONE SIZE_MAX

enum { MAX_LINES = BANDS_MAX_LINES };
#define SPACE   0.25f /* font sizes between two words */
#define SEVERAL 4     /* font sizes: a cell as wide may hold several words */

/* Where the row after `k` begins by the lines that are drawn. */
static size_t ruled_end(const struct cells *w, size_t k, size_t end)
{
    for (k++; k < end && cells_in_one_band(w, k - 1); k++) {
    }
    return k;
}

/* Whether the first word of the line below has no room behind c in its column, so that the text
 * goes on there. */
static bool is_full(const struct cells *w, const struct cell *c, const struct cell *below,
                    size_t from, size_t end)
{
    float right = c->line_right - 0.2f * c->size, needs = c->u1 + SPACE * c->size + below->first;
    if (right < INFINITY) return needs > right;
    float widest = c->u1;
    for (size_t i = w->r[from].from; i < w->r[end - 1].to; i++) {
        const struct cell *x = &w->c[i];
        bool only = w->r[x->row].to - w->r[x->row].from == 1;
        if (!only && cells_overlap(x, c)) widest = fmaxf(widest, x->u1);
    }
    for (size_t i = w->r[from].from; i < w->r[end - 1].to; i++)
        if (w->c[i].u0 >= widest) right = fminf(right, w->c[i].u0 - c->size);
    return needs > fminf(right, widest + SPACE * c->size);
}

/* The only cell that stands under c in the next of the rows up to `end` that has any there; or
 * NONE. */
static size_t line_below(const struct cells *w, const struct cell *c, size_t end)
{
    for (size_t k = c->row + 1; k < end; k++) {
        size_t n, hit = cells_facing(w, &w->r[k], c, &n);
        if (n) return hit;
    }
    return NONE;
}

/* Lines of the rows of one band that go on below, or seem to. */
struct lines {
    size_t all, full;
};

static void count_lines(const struct cells *w, size_t from, size_t end, size_t table,
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

/* By the white between the lines of each column: rows are further apart than lines of one cell,
 * which may stand beside the middle of others. */
bool bands_of_white(const struct cells *w, size_t from, size_t end, size_t *band)
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

/* The only cell over y in the rows from `top` to that of y, or NONE; *n as of facing. */
static size_t cell_above(const struct cells *w, const struct cell *y, size_t top, size_t *n)
{
    *n = 0;
    for (size_t k = y->row; k-- > top;) {
        size_t hit = cells_facing(w, &w->r[k], y, n);
        if (*n) return hit;
    }
    return NONE;
}

/* The first cell over y in the rows from `top` to that of y, which has one. */
static size_t cell_top(const struct cells *w, const struct cell *y, size_t top)
{
    size_t n, hit = NONE;
    for (size_t k = top; k < y->row && hit == NONE; k++) hit = cells_facing(w, &w->r[k], y, &n);
    return hit;
}

/* Whether row k, below the row `top` and what goes on from there, begins a row: a column begins or
 * begins again, or the line over its text had room for it. */
static bool begins_row(const struct cells *w, size_t top, size_t k, size_t from, size_t end)
{
    const struct cell_row *r = &w->r[k];
    size_t n;
    bool first = false, sentences = true; /* those that begin large go on small */
    for (size_t i = r->from; i < r->to; i++) {
        const struct cell *y = &w->c[i];
        size_t hit = cell_above(w, y, top, &n);
        if (n != 1) return true;
        const struct cell *x = &w->c[hit];
        first |= w->c[hit].u0 <= w->c[w->r[top].from].u1;
        if (x->row + 1 != k || (cell_is_number(x) && cell_is_number(y))) return true;
        bool goes_on = y->lower && r->to - r->from == 1 && !first; /* however much room there was */
        if (!goes_on && !is_full(w, x, y, from, end)) return true;
        sentences &= y->lower && !w->c[cell_top(w, y, top)].lower;
    }
    return first && r->to - r->from > 1 && !sentences;
}

/* By what the lines of each column say: text goes on below a line that is full, and a row begins in
 * all columns at once. */
bool bands_of_text(const struct cells *w, size_t from, size_t end, size_t *band)
{
    size_t numbers = 0, all = w->r[end - 1].to - w->r[from].from;
    for (size_t i = 0; i < all; i++) numbers += cell_is_number(&w->c[w->r[from].from + i]);
    if (3 * numbers > all) return false; /* lines that stand alone are subheadings */
    for (size_t k = from, j; k < end; k = j) {
        for (j = k + 1;
             j < end && cells_gap_below(w, j - 1) <= TABLE_CLOSE && !begins_row(w, k, j, from, end);
             j++) {
        }
        for (size_t i = k; i < j; i++) band[i - from] = j;
    }
    return true;
}

/* A line of a cell, as it comes in the content stream. */
struct written {
    long stream;
    size_t cell;
};

static int by_stream(const void *a, const void *b)
{
    const struct written *x = a, *y = b;
    if (x->stream != y->stream) return x->stream < y->stream ? -1 : 1;
    return x->cell < y->cell ? -1 : x->cell > y->cell;
}

/* The lines' order in the content stream; false where it is not known. */
static bool sort_written(const struct cells *w, struct written *v, size_t first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct cell *c = &w->c[first + i];
        v[i] = (struct written){LONG_MAX, first + i};
        for (size_t k = c->from; k < c->to; k++) {
            long at = w->p[w->s[k].piece].stream;
            if (at < 0) return false;
            if (at < v[i].stream) v[i].stream = at;
        }
    }
    qsort(v, n, sizeof *v, by_stream);
    return true;
}

/* By the order in which the lines were written, cell after cell: a row begins where it goes back to
 * the left, or down from a column to another; and where a line that begins large stands under one
 * that had room for it, with nothing else in the row.  That cells were written so is seen where it
 * goes up to the next one. */
bool bands_of_writing(const struct cells *w, size_t from, size_t end, size_t *band)
{
    size_t first = w->r[from].from, n = w->r[end - 1].to - first, up = 0;
    struct written *v = NEW(w->scratch, struct written, n + 1);
    float low = -INFINITY;
    if (!sort_written(w, v, first, n)) return false;
    for (size_t k = from; k < end; k++) band[k - from] = k + 1;
    size_t begin = from, last = from; /* rows of the band */
    bool alone = true;                /* it has cells of one column only */
    for (size_t i = 0; i < n; i++) {
        const struct cell *y = &w->c[v[i].cell], *x = i ? &w->c[v[i - 1].cell] : y;
        bool under = cells_overlap(x, y), below = y->v0 > low - 0.3f * y->size;
        alone &= under;
        bool new_cell = alone && x->row < y->row && !y->lower && !is_full(w, x, y, from, end);
        bool begins = i && below && (!under || new_cell);
        up += i && y->v0 < x->v0 - 0.5f * y->size;
        if (begins) {
            if (y->row <= last) return false;
            for (size_t k = begin; k <= last; k++) band[k - from] = last + 1;
            begin = last + 1, alone = true;
        }
        if (y->row < begin) return false;
        if (y->row > last) last = y->row;
        low = fmaxf(begins ? -INFINITY : low, y->v1);
    }
    for (size_t k = begin; k < end; k++) band[k - from] = end;
    return up >= 2;
}

/* Whether the bands are rows, `least` or more, of which some take several lines: lines that are
 * full and go on below, not rows of their own that are set in groups. */
bool bands_are_rows(const struct cells *w, size_t from, size_t end, const size_t *band,
                    size_t least)
{
    size_t rows = 0, groups = 0, uneven = 0, two = 0, pairs = 0;
    struct lines lines = {0};
    for (size_t k = from, j; k < end; k = j, rows++) {
        bool even = true;
        j = band[k - from];
        if (j - k > MAX_LINES) return false;
        for (size_t i = k; i + 1 < j; i++, pairs++) {
            two += cells_two_rows(w, &w->r[i], &w->r[i + 1]);
            even &= cells_same_columns(w, &w->r[i], &w->r[i + 1]);
        }
        count_lines(w, k, j, from, end, &lines);
        groups += j > k + 1;
        uneven += j > k + 1 && !even;
    }
    return rows >= least && groups && 2 * uneven >= groups && 2 * lines.full >= lines.all &&
           8 * two <= pairs;
}

/* Whether the first column of the band of rows [k, j) holds several cells below each other. */
static bool is_several(const struct cells *w, size_t k, size_t j, size_t from, size_t end)
{
    const struct cell *first = &w->c[w->r[k].from];
    for (size_t i = k + 1; i < j; i++) {
        const struct cell *y = &w->c[w->r[i].from];
        if (!cells_overlap(first, y)) continue;
        if (first->row + 1 != i || (!y->lower && !is_full(w, first, y, from, end))) return true;
        first = y;
    }
    return false;
}

/* Whether the bands are few and not rows, but the head and the body. */
static bool are_parts(const struct cells *w, size_t from, size_t end, const size_t *band)
{
    size_t rows = 0, several = 0;
    for (size_t k = from; k < end; k = band[k - from], rows++)
        several += is_several(w, k, band[k - from], from, end);
    return rows <= 3 && several;
}

/* Whether a line is drawn above row k, which is not the first: over all of its cells over which one
 * stands anywhere. */
static bool is_drawn(const struct cells *w, size_t k)
{
    const struct cell_row *above = &w->r[k - 1], *r = &w->r[k];
    float mid = 0.5f * (above->v0 + above->v1);
    size_t lines = 0, under = 0;
    for (size_t i = r->from; i < r->to; i++) {
        lines += !isinf(w->c[i].line_above);
        under += !isinf(w->c[i].line_above) && w->c[i].line_above > mid;
    }
    return lines && under == lines;
}

/* What no line reaches over stands in no band; lines tell only where they are what ends most of
 * them. */
bool bands_of_lines(const struct cells *w, size_t from, size_t end, size_t *band)
{
    size_t ends = 0, drawn = 0;
    for (size_t k = from, j; k < end; k = j) {
        j = ruled_end(w, k, end);
        for (size_t i = k; i < j; i++) band[i - from] = j;
        if (j == end) break;
        ends++;
        drawn += is_drawn(w, j);
    }
    return 4 * drawn >= 3 * ends && !are_parts(w, from, end, band);
}
