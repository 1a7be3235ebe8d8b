/* pdf_wrap.c: see pdf_wrap.h. */
#include "extract/pdf_wrap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "extract/pdf_bands.h"
#include "extract/pdf_grid.h"

#define NONE SIZE_MAX

enum {
    MAX_HEAD = 7,    /* rows of a head                                            */
    MAX_BETWEEN = 6, /* rows of one cell that may stand between two rows of cells */
    MAX_CELLS = 4000 /* of a table that is looked at for its lines               */
};
#define WHOLE 0.9f /* of a table's width: what text behind it takes at least */

/* Whether a line is drawn between what stands from v0 to v1 and the cell below. */
static bool is_parted(float v0, float v1, const struct cell *below)
{
    return below->line_above > 0.5f * (v0 + v1);
}

/* The same for a row and all of the next one. */
static bool rows_parted(const struct cells *w, size_t row)
{
    const struct cell_row *a = &w->r[row], *b = &w->r[row + 1];
    size_t i = b->from;
    while (i < b->to && is_parted(a->v0, a->v1, &w->c[i])) i++;
    return i == b->to;
}

static size_t last_line(const struct cells *w, size_t c)
{
    while (w->c[c].next != NONE) c = w->c[c].next;
    return c;
}

static void tie(struct cells *w, size_t above, size_t below)
{
    w->c[above].next = below;
    for (size_t i = below; i != NONE; i = w->c[i].next) w->c[i].top = w->c[above].top;
}

/* ------------------------------------------------------------------ heads */

/* Numbers behind the first cell: the body has begun. */
static bool is_body(const struct cells *w, const struct cell_row *r)
{
    size_t numbers = 0, all = r->to - r->from - 1;
    for (size_t i = r->from + 1; i < r->to; i++) numbers += cell_is_number(&w->c[i]);
    return all && 10 * numbers >= 7 * all;
}

static bool aligned(const struct cell *a, const struct cell *b)
{
    float off = fmaxf(1, 0.3f * a->size);
    return fabsf(a->u0 - b->u0) < off || fabsf(a->u1 - b->u1) < off ||
           fabsf(a->u0 + a->u1 - b->u0 - b->u1) < fmaxf(2, a->size);
}

/* The cell of the rows up to `end` that goes on with c, or NONE. */
static size_t goes_on(const struct cells *w, size_t c, size_t end)
{
    const struct cell *a = &w->c[c];
    for (size_t k = a->row + 1; k < end && k <= a->row + 3; k++) {
        size_t below, above;
        size_t hit = cells_facing(w, &w->r[k], a, &below);
        if (!below) continue;
        if (hit == NONE) return NONE;
        const struct cell *b = &w->c[hit];
        float gap = b->v0 - a->v1;
        bool close = gap < TABLE_CLOSE * fminf(a->size, b->size) && gap > -0.5f * a->size &&
                     fabsf(a->size - b->size) <= 0.1f * a->size;
        if (!close || !aligned(a, b) || is_parted(a->v0, a->v1, b) ||
            cells_facing(w, &w->r[a->row], b, &above) == NONE)
            return NONE;
        return hit;
    }
    return NONE;
}

/* Ties the lines of the head's cells; rows of numbers over numbers are no lines of cells. */
static void tie_head(struct cells *w, size_t from, size_t end)
{
    for (size_t k = from; k + 1 < end; k++) {
        const struct cell_row *r = &w->r[k];
        size_t ties = 0, numbers = 0;
        for (int pass = 0; pass < 2; pass++)
            for (size_t i = r->from; i < r->to; i++) {
                size_t below = goes_on(w, i, end);
                if (below == NONE) continue;
                if (pass && 2 * numbers < ties) tie(w, i, below);
                if (pass) continue;
                ties++;
                numbers += cell_is_number(&w->c[i]) && cell_is_number(&w->c[below]);
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
static size_t count_below(const struct cells *w, size_t last, size_t end)
{
    size_t all = 0, n;
    for (size_t k = w->c[last].row + 1; k < end && all < 2; k++) {
        cells_facing(w, &w->r[k], &w->c[last], &n);
        if (n > all) all = n;
    }
    return all;
}

static size_t find_leaves(const struct cells *w, size_t from, size_t end, struct leaf *v)
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

static bool is_heading(const struct cells *w, size_t i, size_t end)
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
static void cover(const struct cells *w, struct leaf *v, size_t n, size_t h)
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
static size_t find_headings(const struct cells *w, size_t from, size_t end, struct leaf *v,
                            size_t n)
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
static void level_leaves(struct cells *w, size_t from, size_t end)
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
        if (cells_gap_below(w, k) > 2 * TABLE_CLOSE) return;
    for (size_t i = 0; i < n; i++) {
        size_t to = top != NONE && under && !v[i].under ? top : low;
        w->c[v[i].top].moved = to;
        w->r[to].tabular = true;
    }
}

/* ------------------------------------------------------------------ bodies */

/* The gap that lines of one row have at most, where rows stand clearly further apart; or -1. */
static float row_gap(const struct cells *w, size_t from, size_t end)
{
    size_t n = end - from - 1, close = 0, two = 0, groups = 0, uneven = 0;
    float *g = NEW(w->scratch, float, n + 1);
    for (size_t i = 0; i < n; i++) g[i] = cells_gap_below(w, from + i);
    float most = grid_line_gap(g, n);
    for (size_t k = from, j; k < end; k = j) {
        bool even = true;
        for (j = k + 1; j < end && cells_gap_below(w, j - 1) <= most; j++) {
            close++;
            two += cells_two_rows(w, &w->r[j - 1], &w->r[j]);
            even &= cells_same_columns(w, &w->r[j - 1], &w->r[j]);
        }
        groups += j > k + 1;
        uneven += j > k + 1 && !even;
    }
    return 8 * two > close || 2 * uneven < groups ? -1 : most;
}

/* Makes one row of the rows [from, end), each of whose cells faces at most one cell above it. */
static void join_rows(struct cells *w, size_t from, size_t end)
{
    if (end - from < 2 || end - from > BANDS_MAX_LINES) return;
    for (size_t k = from; k + 1 < end; k++)
        for (size_t below = k + 1; below < end; below++)
            if (cells_two_rows(w, &w->r[k], &w->r[below])) return;
    for (size_t k = from + 1; k < end; k++) {
        for (size_t i = w->r[k].from; i < w->r[k].to; i++)
            for (size_t up = k; up-- > from;) {
                size_t n, hit = cells_facing(w, &w->r[up], &w->c[i], &n);
                if (!n) continue;
                if (hit != NONE && w->c[hit].next == NONE) tie(w, hit, i);
                break;
            }
        w->r[k].into = from;
    }
}

static bool join_bands(struct cells *w, size_t from, size_t end, bands_find *find, size_t least)
{
    size_t *band = NEW(w->scratch, size_t, end - from + 1);
    if (end <= from || w->r[end - 1].to - w->r[from].from > MAX_CELLS) return false;
    if (!find(w, from, end, band) || !bands_are_rows(w, from, end, band, least)) return false;
    for (size_t k = from; k < end; k = band[k - from]) join_rows(w, k, band[k - from]);
    return true;
}

/* True: bands tell all lines of the cells. */
static bool join_body(struct cells *w, size_t from, size_t end)
{
    if (join_bands(w, from, end, bands_of_lines, 2) ||
        join_bands(w, from, end, bands_of_writing, 2))
        return true;
    float most = end - from > 3 ? row_gap(w, from, end) : -1;
    if (most < 0 &&
        (join_bands(w, from, end, bands_of_white, 3) || join_bands(w, from, end, bands_of_text, 3)))
        return true;
    for (size_t i = from, j; i < end; i = j) {
        for (j = i + 1; j < end && cells_gap_below(w, j - 1) <= most; j++) {
        }
        join_rows(w, i, j);
    }
    return false;
}

/* Whether `below`, which begins with a small letter, is the next line of the cell of `above`. */
static bool is_next_line(const struct cells *w, size_t above, size_t below)
{
    const struct cell *x = &w->c[above], *y = &w->c[below], *first = &w->c[x->top];
    bool under = y->u0 > first->u0 - 0.2f * x->size && y->u0 < first->u0 + 3 * x->size;
    return under && y->lower && !cell_is_number(x) && x->next == NONE && y->top == below &&
           fabsf(x->size - y->size) <= 0.1f * x->size;
}

/* Row k + 1 is one line more of a cell whose last line so far is in row k. */
static bool join_below(struct cells *w, size_t k)
{
    struct cell_row *b = &w->r[k + 1];
    size_t into = w->r[k].into, y = b->from, over = 0, x = NONE;
    const struct cell_row *r = &w->r[into];
    if (r->to - r->from < 2) return false;
    for (size_t i = r->from; i < r->to; i++) {
        size_t last = last_line(w, i);
        if (!cells_overlap(&w->c[last], &w->c[y])) continue;
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
static void join_above(struct cells *w, size_t k)
{
    struct cell_row *a = &w->r[k];
    if (!is_next_line(w, a->from, w->r[k + 1].from)) return;
    tie(w, a->from, w->r[k + 1].from);
    a->into = w->r[k + 1].into;
}

/* Cells that go on in a line of their own; first cells also in the line that has the others. */
static void join_lines(struct cells *w, size_t from, size_t end)
{
    for (size_t k = from; k + 1 < end; k++) {
        const struct cell_row *b = &w->r[k + 1];
        if (b->to - b->from == 1 && b->into == k + 1 && cells_gap_below(w, k) <= TABLE_CLOSE)
            join_below(w, k);
    }
    for (size_t k = end - 1; k-- > from;) {
        const struct cell_row *a = &w->r[k], *b = &w->r[k + 1];
        bool more = b->to - b->from > 1 || b->into != k + 1;
        if (a->to - a->from == 1 && a->into == k && more && cells_gap_below(w, k) <= TABLE_CLOSE)
            join_above(w, k);
    }
}

/* ------------------------------------------------------------------ tables */

/* Where the rows of a table begin and end. */
struct width {
    float u0, u1;
};

/* Makes it as wide as the rows [from, end). */
static void widen(struct width *t, const struct cells *w, size_t from, size_t end)
{
    for (size_t i = w->r[from].from; i < w->r[end - 1].to; i++)
        t->u0 = fminf(t->u0, w->c[i].u0), t->u1 = fmaxf(t->u1, w->c[i].u1);
}

/* Whether the row is one line that begins where the table does and is nearly as wide: text behind
 * it. */
static bool is_text(const struct cells *w, const struct width *t, const struct cell_row *r)
{
    const struct cell *c = &w->c[r->from];
    if (r->to - r->from > 1) return false;
    return c->u0 < t->u0 + c->size && c->u1 - c->u0 > WHOLE * (t->u1 - t->u0);
}

/* Whether the row, which is not the first, is the caption of another table: it stands alone, and
 * apart from what is above. */
static bool is_caption(const struct cells *w, size_t k)
{
    const struct cell_row *r = &w->r[k];
    return r->to - r->from == 1 && w->c[r->from].caption && cells_gap_below(w, k - 1) > TABLE_CLOSE;
}

/* The row after the table that the row `from` begins: rows of cells, and between and behind them
 * lines of a cell that goes on. */
static size_t table_end(const struct cells *w, size_t from)
{
    size_t end = from + 1, between = 0, n;
    struct width width = {INFINITY, -INFINITY};
    widen(&width, w, from, end);
    for (size_t k = from + 1; k < w->n_rows; k++) {
        const struct cell_row *r = &w->r[k];
        float gap = cells_gap_below(w, k - 1);
        if (gap > 3.2f) break;
        if (is_text(w, &width, r) || is_caption(w, k)) break;
        if (r->tabular) {
            widen(&width, w, end, k + 1);
            end = k + 1, between = 0;
        } else if (r->to - r->from != 1 || ++between > MAX_BETWEEN) {
            break;
        }
    }
    while (end < w->n_rows && !w->r[end].tabular && w->r[end].to - w->r[end].from == 1 &&
           cells_gap_below(w, end - 1) < TABLE_CLOSE &&
           cells_facing(w, &w->r[end - 1], &w->c[w->r[end].from], &n) != NONE)
        end++;
    return end;
}

/* Whether the row begins the body: a line is drawn above it, and none above the next one, which has
 * the same columns.  Above it, no lines are drawn around several rows of the head. */
static bool is_under_line(const struct cells *w, size_t from, size_t row, size_t end)
{
    for (size_t k = from + 1; k < row; k++)
        if (rows_parted(w, k - 1) && !rows_parted(w, k)) return false;
    return row > from && row + 1 < end && rows_parted(w, row - 1) && cells_in_one_band(w, row) &&
           w->r[row].to - w->r[row].from > 1 && cells_same_columns(w, &w->r[row], &w->r[row + 1]);
}

/* Whether a cell of one row runs across several of the other. */
static bool runs_across(const struct cells *w, const struct cell_row *a, const struct cell_row *b)
{
    size_t n = 0;
    for (size_t i = a->from; i < a->to && n < 2; i++) cells_facing(w, b, &w->c[i], &n);
    return n > 1;
}

/* The row that the table begins with whose first row of cells is `row`: lines of cells that begin
 * above the middle of others overlap with them, or stand in one band.  Not above row `least`. */
static size_t table_begin(const struct cells *w, size_t row, size_t least)
{
    size_t from = row;
    while (from > least &&
           (cells_gap_below(w, from - 1) < -0.2f || cells_in_one_band(w, from - 1)) &&
           !runs_across(w, &w->r[from - 1], &w->r[row]))
        from--;
    return from;
}

/* The row that the head begins with which goes on in row `row`: lines over one column, no caption.
 */
static size_t head_begin(const struct cells *w, size_t row)
{
    size_t from = row;
    for (int k = 0; k < 3 && from > 0; k++) {
        const struct cell_row *r = &w->r[from - 1];
        if (r->tabular || r->to - r->from > 1 || cells_gap_below(w, from - 1) > TABLE_CLOSE ||
            rows_parted(w, from - 1))
            break;
        if (w->c[r->from].caption) return row;
        from--;
    }
    return from;
}

/* Whether the row of numbers `row` goes on in the next one: years, and under them what they count
 * in; nothing stands under the first cell. */
static bool has_units(const struct cells *w, size_t row, size_t end)
{
    if (row + 1 >= end || cells_gap_below(w, row) > TABLE_CLOSE || rows_parted(w, row))
        return false;
    const struct cell_row *r = &w->r[row], *b = &w->r[row + 1];
    size_t n;
    if (b->to - b->from < 2 || cells_overlap(&w->c[b->from], &w->c[r->from])) return false;
    for (size_t i = b->from; i < b->to; i++)
        if (w->c[i].digits || cells_facing(w, r, &w->c[i], &n) == NONE) return false;
    return true;
}

static void one_table(struct cells *w, size_t from, size_t end)
{
    size_t body = from;
    while (body < end && body - from <= MAX_HEAD &&
           (!is_body(w, &w->r[body]) || has_units(w, body, end)) &&
           !is_under_line(w, from, body, end))
        body++;
    if (body < end && body - from <= MAX_HEAD) {
        from = head_begin(w, from);
        size_t head = body; /* a line between head and body is a subheading */
        while (head > from + 1 && w->r[head - 1].to - w->r[head - 1].from == 1 &&
               cells_gap_below(w, head - 2) > TABLE_CLOSE)
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
static size_t row_of(const struct cells *w, const struct cell *c)
{
    size_t moved = w->c[c->top].moved;
    return moved != NONE ? moved : w->r[w->c[last_line(w, c->top)].row].into;
}

static void place(struct cells *w, size_t n)
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
    struct cells w = {.p = p, .s = s, .scratch = scratch};
    bool any = false;
    for (size_t i = 0; i < n; i++) any |= s[i].tabular;
    if (!any) return 0;
    cells_make(&w, n);
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
