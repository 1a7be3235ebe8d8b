/* pdf_table.c: see pdf_table.h. */
#include "extract/pdf_table.h"

#include <math.h>
#include <string.h>

/* Rows on each side that vote on a strip; more tell nothing new. */
enum { AROUND = 12, BEGIN = 3 };

struct row {
    size_t from, to; /* slots                                 */
    int cells;       /* by wide gaps and borders alone        */
    bool ruled;      /* by a border                           */
    float v0, v1, size;
    int table; /* number of the table it is in, 0 none  */
};

/* The rows of a region. */
struct table {
    const struct piece *p;
    struct slot *s;
    struct row *v;
    size_t n;
    bool *within; /* per slot: it goes on with a cell between two borders, however wide the gap */
};

static float gap_before(const struct table *r, size_t i)
{
    return r->p[r->s[i].piece].u0 - r->p[r->s[i - 1].piece].u1;
}

static float size_at(const struct table *r, size_t i)
{
    return fmaxf(r->p[r->s[i].piece].size, r->p[r->s[i - 1].piece].size);
}

static void make_rows(struct table *r, size_t n)
{
    for (size_t i = 0, j; i < n; i = j) {
        const struct piece *p = &r->p[r->s[i].piece];
        struct row w = {.from = i, .cells = 1, .v0 = p->v0, .v1 = p->v1, .size = p->size};
        for (j = i + 1; j < n && r->s[j].row == r->s[i].row; j++) {
            const struct piece *q = &r->p[r->s[j].piece];
            bool fixed = q->fixed && r->p[r->s[j - 1].piece].fixed;
            r->s[j].apart = q->ruled || (!fixed && gap_before(r, j) > TABLE_LOOSE * size_at(r, j));
            w.cells += r->s[j].apart;
            w.ruled |= q->ruled;
            w.v0 = fminf(w.v0, q->v0), w.v1 = fmaxf(w.v1, q->v1);
            w.size = fmaxf(w.size, q->size);
        }
        w.to = j;
        r->v[r->n++] = w;
    }
}

/* Numbers the tables: rows of cells that follow each other, perhaps with one row of a single cell
 * between (a wrapped cell, a subheading). */
static void find_runs(struct table *r)
{
    int table = 0;
    for (size_t i = 0, j; i < r->n; i = j) {
        j = i + 1;
        if (r->v[i].cells < 2) continue;
        size_t last = i, multi = 1;
        for (; j < r->n; j++) {
            const struct row *a = &r->v[j - 1], *b = &r->v[j];
            float white = b->v0 - a->v1, size = fmaxf(a->size, b->size);
            if (white > 3.2f * size || j - last > (white < 0.5f * size ? 6u : 2u)) break;
            if (b->cells >= 2) last = j, multi++;
        }
        j = last + 1;
        if (multi < 2 && (r->v[i].cells < 3 || r->v[i].ruled)) continue;
        table++;
        for (size_t k = i; k <= last; k++)
            if (r->v[k].cells >= 2) r->v[k].table = table;
    }
}

/* The slot behind the cell between borders that slot i begins; *parts: how many its gaps make of
 * it. */
static size_t framed_end(const struct table *r, const struct row *w, size_t i, size_t *parts)
{
    size_t j = i + 1;
    for (*parts = 1; j < w->to && !r->p[r->s[j].piece].ruled; j++) *parts += r->s[j].apart;
    return j;
}

static size_t count_borders(const struct table *r, const struct row *w)
{
    size_t n = 0;
    for (size_t i = w->from; i < w->to; i++) n += r->p[r->s[i].piece].ruled;
    return n;
}

/* Justified text in a narrow cell has gaps as wide as those between columns.  Where borders part
 * all columns of a table, few of its rows have a gap between two of them: it parts nothing. */
static void join_framed(struct table *r)
{
    enum { FRAMED = 32 };
    size_t borders = 0, rows = 0, wide[FRAMED] = {0}, parts, j;
    for (size_t from = 0, to; from < r->n; from = to) {
        to = from + 1;
        if (!r->v[from].table || !(borders = count_borders(r, &r->v[from])) || borders >= FRAMED)
            continue;
        while (to < r->n && to - from < 4 * AROUND &&
               (!r->v[to].table || r->v[to].table == r->v[from].table))
            to++;
        rows = 0;
        memset(wide, 0, sizeof wide);
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = from; k < to; k++) {
                const struct row *w = &r->v[k];
                if (w->table != r->v[from].table || count_borders(r, w) != borders) continue;
                rows += !pass;
                size_t column = 0;
                for (size_t i = w->from; i < w->to; i = j, column++) {
                    j = framed_end(r, w, i, &parts);
                    if (!pass)
                        wide[column] += parts > 1;
                    else if (parts > 1 && 3 * wide[column] <= rows)
                        for (size_t s = i + 1; s < j; s++)
                            r->s[s].apart = false, r->within[s] = true;
                }
            }
    }
}

/* How the row stands to the strip at u = x: 1 leaves it free with text on both sides, -1 runs
 * across it, 0 tells nothing. */
static int vote(const struct table *r, const struct row *w, float x)
{
    bool left = false, right = false;
    for (size_t i = w->from; i < w->to; i++) {
        const struct piece *p = &r->p[r->s[i].piece];
        if (p->u0 < x && p->u1 > x) return -1;
        left |= p->u1 <= x;
        right |= p->u0 >= x;
    }
    return left && right;
}

/* Whether at least `least` rows of the table around leave the strip at x free, and few do not. */
static bool is_border(const struct table *r, size_t row, float x, size_t least)
{
    size_t from = row > AROUND ? row - AROUND : 0, free = 0, across = 0;
    for (size_t i = from; i < r->n && i <= row + AROUND; i++) {
        if (i == row || r->v[i].table != r->v[row].table) continue;
        int v = vote(r, &r->v[i], x);
        free += v > 0;
        across += v < 0;
    }
    return free >= least && across * 4 <= free;
}

/* The same for any strip of the gap from u0 to u1: numbers that end at one place leave it free
 * there only. */
static bool has_border(const struct table *r, size_t row, float u0, float u1, size_t least)
{
    float in = fminf(0.1f * r->v[row].size, 0.5f * (u1 - u0));
    return is_border(r, row, 0.5f * (u0 + u1), least) || is_border(r, row, u0 + in, least) ||
           is_border(r, row, u1 - in, least);
}

static bool is_sign(const struct table *r, size_t i)
{
    const struct piece *p = &r->p[r->s[i].piece];
    return !p->letters && !p->digits;
}

/* Most of the row is dots that lead the eye. */
static bool is_leader(const struct table *r, const struct row *w)
{
    size_t signs = 0;
    for (size_t i = w->from; i < w->to; i++) signs += is_sign(r, i);
    return 2 * signs > w->to - w->from;
}

/* A row without wide gaps, inside a table or close above it, belongs to it when its gaps lie in
 * strips that the table's rows leave free: the lines of a head. */
static void adopt(struct table *r, size_t row, int table)
{
    struct row *w = &r->v[row];
    size_t gaps = 0, borders = 0;
    if (is_leader(r, w)) return;
    w->table = table;
    for (size_t i = w->from + 1; i < w->to; i++) {
        float x = 0.5f * (r->p[r->s[i].piece].u0 + r->p[r->s[i - 1].piece].u1);
        gaps++;
        borders += is_border(r, row, x, 2);
    }
    if (borders < 2 || 3 * borders < 2 * gaps) w->table = 0;
}

/* Lines of a head above a table, and rows without wide gaps below it. */
static void adopt_near(struct table *r)
{
    for (size_t k = r->n; k-- > 0;) {
        if (r->v[k].table || r->v[k].to - r->v[k].from < 3) continue;
        size_t below = k + 1;
        while (below < r->n && below <= k + 2 && !r->v[below].table) below++;
        if (below >= r->n || !r->v[below].table) continue;
        if (r->v[k + 1].v0 - r->v[k].v1 < 1.2f * r->v[k].size) adopt(r, k, r->v[below].table);
    }
    for (size_t k = 1; k < r->n; k++) {
        if (r->v[k].table || r->v[k].to - r->v[k].from < 3) continue;
        size_t above = k > 1 && !r->v[k - 1].table ? k - 2 : k - 1;
        if (!r->v[above].table) continue;
        if (r->v[k].v0 - r->v[k - 1].v1 < 1.2f * r->v[k].size) adopt(r, k, r->v[above].table);
    }
}

/* The row of slot i. */
static size_t row_of(const struct table *r, size_t i)
{
    size_t lo = 0, hi = r->n;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->v[mid].from <= i)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

bool table_parts(const struct table *t, size_t i, float u0, float u1)
{
    size_t row = row_of(t, i);
    float size = t->p[t->s[i].piece].size;
    if (!t->v[row].table || u1 - u0 < 0.3f * size || t->p[t->s[i].piece].fixed) return false;
    return is_border(t, row, 0.5f * (u0 + u1), u1 - u0 < 0.45f * size ? 4 : 2);
}

bool table_begins(const struct table *t, size_t i, float u0, float u1)
{
    size_t row = row_of(t, i), from = row > AROUND ? row - AROUND : 0, begin = 0, others = 0;
    float size = t->p[t->s[i].piece].size, near = fmaxf(0.5f, 0.06f * size);
    if (!t->v[row].table || u1 - u0 < 0.15f * size || t->p[t->s[i].piece].fixed) return false;
    for (size_t k = from; k < t->n && k <= row + AROUND; k++) {
        if (k == row || t->v[k].table != t->v[row].table) continue;
        bool begins = false;
        for (size_t s = t->v[k].from + 1; s < t->v[k].to; s++)
            begins |= fabsf(t->p[t->s[s].piece].u0 - u1) < near;
        begin += begins;
        others += !begins;
    }
    return begin >= BEGIN && 2 * begin > others && is_border(t, row, 0.5f * (u0 + u1), BEGIN);
}

const struct table *table_find(const struct piece *p, struct slot *s, size_t n,
                               struct arena *scratch)
{
    struct table *r = NEW(scratch, struct table, 1);
    *r = (struct table){
        .p = p, .s = s, .v = NEW(scratch, struct row, n + 1), .within = NEW(scratch, bool, n + 1)};
    make_rows(r, n);
    find_runs(r);
    join_framed(r);
    adopt_near(r);
    for (size_t k = 0; k < r->n; k++) {
        const struct row *w = &r->v[k];
        if (!w->table) continue;
        for (size_t i = w->from; i < w->to; i++) {
            s[i].tabular = true;
            if (i == w->from || s[i].apart || r->within[i]) continue;
            if (is_sign(r, i - 1) && is_sign(r, i)) continue; /* they lead the eye */
            if (gap_before(r, i) > 0.3f * size_at(r, i))
                s[i].apart = has_border(r, k, p[s[i - 1].piece].u1, p[s[i].piece].u0, 2);
        }
    }
    return r;
}
