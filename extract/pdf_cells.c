/* pdf_cells.c: see pdf_cells.h. */
#include "extract/pdf_cells.h"

#include <math.h>

#define NONE SIZE_MAX

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

void cells_make(struct cells *w, size_t n)
{
    w->c = NEW(w->scratch, struct cell, n + 1);
    w->r = NEW(w->scratch, struct cell_row, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct piece *p = &w->p[w->s[i].piece];
        bool new_row = i == 0 || w->s[i].row != w->s[i - 1].row;
        if (new_row) {
            w->r[w->n_rows] = (struct cell_row){.from = w->n_cells, .into = w->n_rows};
            w->n_rows++;
        }
        struct cell_row *r = &w->r[w->n_rows - 1];
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
        bool alone = w->n_cells - 1 == r->from;
        c->reach = alone ? c->u1 : fmaxf(c->u1, w->c[w->n_cells - 2].reach);
    }
}

/* A number, or a sign in its place: "*****", but neither "(kg)" nor "(%)". */
bool cell_is_number(const struct cell *c)
{
    return 2 * c->letters < c->chars && (c->digits || !c->letters);
}

bool cells_overlap(const struct cell *a, const struct cell *b)
{
    return fminf(a->u1, b->u1) > fmaxf(a->u0, b->u0);
}

size_t cells_facing(const struct cells *w, const struct cell_row *r, const struct cell *c,
                    size_t *n)
{
    size_t hit = NONE, lo = r->from, hi = r->to;
    while (lo < hi) { /* the first that reaches behind where c begins */
        size_t mid = lo + (hi - lo) / 2;
        if (w->c[mid].reach <= c->u0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *n = 0;
    for (size_t i = lo; i < r->to && w->c[i].u0 < c->u1; i++)
        if (cells_overlap(&w->c[i], c)) hit = i, ++*n;
    return *n == 1 ? hit : NONE;
}

float cells_gap_below(const struct cells *w, size_t row)
{
    const struct cell_row *a = &w->r[row], *b = &w->r[row + 1];
    return (b->v0 - a->v1) / fmaxf(fminf(a->size, b->size), 1);
}

/* Whether all cells of the next row stand between the two lines that one of this row stands
 * between: then none is drawn between the rows. */
bool cells_in_one_band(const struct cells *w, size_t row)
{
    const struct cell_row *a = &w->r[row], *b = &w->r[row + 1];
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

/* Two rows are not one when both have a number in the same column, or one a heading over columns.
 */
bool cells_two_rows(const struct cells *w, const struct cell_row *a, const struct cell_row *b)
{
    size_t n;
    for (size_t i = a->from; i < a->to; i++) {
        size_t hit = cells_facing(w, b, &w->c[i], &n);
        if (n > 1) return true;
        if (hit != NONE && cell_is_number(&w->c[i]) && cell_is_number(&w->c[hit])) return true;
    }
    for (size_t i = b->from; i < b->to; i++) {
        cells_facing(w, a, &w->c[i], &n);
        if (n > 1) return true;
    }
    return false;
}

/* Rows whose cells are all in the same columns are rows of their own, set in groups. */
bool cells_same_columns(const struct cells *w, const struct cell_row *a, const struct cell_row *b)
{
    size_t n, same = 0;
    for (size_t i = a->from; i < a->to; i++) same += cells_facing(w, b, &w->c[i], &n) != NONE;
    return same == a->to - a->from && same == b->to - b->from;
}
