/* pdf_table.c: see pdf_table.h. */
#include "extract/pdf_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/floats.h"

/* Rows on each side that vote on a strip; more tell nothing new. */
enum { AROUND = 12, BEGIN = 3 };

enum {
    SPACES = 3, /* gaps between words that tell how wide a space is      */
    RUN = 8,    /* words looked at for where a cell begins or ends       */
    BETWEEN = 6 /* rows of one cell between two of a table, at most      */
};
#define SPACE      0.25f /* font sizes, where none is seen                     */
#define MOST_SPACE 0.4f  /* wider ones are justified                           */
#define USUAL      1.2f  /* times a space: what may stand between two words    */
#define TIGHT      0.15f /* font sizes: less is no gap                         */
#define NARROW     0.45f /* font sizes: such a gap needs more rows that agree  */

struct row {
    size_t from, to; /* slots                                 */
    size_t w0, w1;   /* words                                 */
    int cells;       /* by wide gaps and borders alone        */
    bool ruled;      /* by a border                           */
    float v0, v1, size;
    int table; /* number of the table it is in, 0 none  */
};

/* A word of a row; words of a row are sorted by u0. */
struct place {
    float u0, u1;
    float reach; /* the largest u1 of the row so far */
};

/* The rows of a region. */
struct table {
    const struct piece *p;
    struct slot *s;
    struct row *v;
    size_t n;
    struct place *w;
    float space;  /* between two words, font sizes */
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

/* Whether the row runs across most gaps between cells of another. */
static bool is_text(const struct table *r, const struct row *cells, const struct row *w)
{
    size_t gaps = 0, across = 0;
    for (size_t i = cells->from + 1; i < cells->to; i++) {
        if (!r->s[i].apart) continue;
        float u0 = r->p[r->s[i - 1].piece].u1, u1 = r->p[r->s[i].piece].u0;
        size_t k = w->from;
        while (k < w->to && (r->p[r->s[k].piece].u0 >= u0 || r->p[r->s[k].piece].u1 <= u1)) k++;
        gaps++;
        across += k < w->to;
    }
    return 2 * across > gaps;
}

/* Numbers the tables: rows of cells that follow each other, perhaps with one row of a single cell
 * between (a wrapped cell, a subheading), or several that are close (lines of the longest cell). */
static void find_runs(struct table *r)
{
    int table = 0;
    for (size_t i = 0, j; i < r->n; i = j) {
        j = i + 1;
        if (r->v[i].cells < 2) continue;
        bool text = false;
        size_t last = i, multi = 1;
        for (; j < r->n; j++) {
            const struct row *a = &r->v[j - 1], *b = &r->v[j];
            float white = b->v0 - a->v1, size = fmaxf(a->size, b->size);
            if (b->cells < 2) text |= is_text(r, &r->v[last], b);
            bool near = white < (text || b->cells < 2 ? TABLE_CLOSE : 2 * TABLE_CLOSE) * size;
            if (white > 3.2f * size || j - last > (near ? BETWEEN : 2u)) break;
            if (b->cells >= 2) last = j, text = false, multi++;
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

/* The white of a row around u = x, between its words before[-1] and before[0]. */
struct white {
    float u0, u1;
    size_t before; /* index of the word behind it */
};

/* How the row stands to the strip at u = x: 1 leaves it free with text on both sides, -1 runs
 * across it, 0 tells nothing. */
static int vote(const struct table *r, const struct row *w, float x, struct white *at)
{
    size_t lo = w->w0, hi = w->w1;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (r->w[mid].u0 < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo > w->w0 && r->w[lo - 1].reach > x) return -1;
    if (lo == w->w0 || lo == w->w1) return 0;
    *at = (struct white){r->w[lo - 1].reach, r->w[lo].u0, lo};
    return 1;
}

static float usual_gap(const struct table *r, const struct row *w)
{
    return USUAL * r->space * w->size;
}

/* Where the words end, and where they begin, that stand beside the white with usual gaps. */
static float run_right(const struct table *r, const struct row *w, size_t from)
{
    size_t i = from;
    while (i + 1 < w->w1 && i - from < RUN && r->w[i + 1].u0 - r->w[i].reach < usual_gap(r, w)) i++;
    return r->w[i].reach;
}

static float run_left(const struct table *r, const struct row *w, size_t from)
{
    size_t i = from;
    while (i > w->w0 && from - i < RUN && r->w[i].u0 - r->w[i - 1].reach < usual_gap(r, w)) i--;
    return r->w[i].u0;
}

/* Whether what stands on either side of both whites stands over or under each other. */
static bool faces(const struct table *r, const struct row *a, const struct white *x,
                  const struct row *b, const struct white *y)
{
    return run_right(r, a, x->before) > y->u1 && run_right(r, b, y->before) > x->u1 &&
           run_left(r, a, x->before - 1) < y->u0 && run_left(r, b, y->before - 1) < x->u0;
}

/* What the rows around say of a strip. */
struct poll {
    size_t free;    /* cells on both sides, in the same columns            */
    size_t narrow;  /* white there is no wider than between words          */
    size_t across;  /* a word runs across it                               */
    size_t aligned; /* of those free or narrow: the white begins or ends where this row's does */
};

/* `words`: white that begins and ends where this row's does tells nothing: rows may begin with the
 * same words. */
static struct poll ask(const struct table *r, size_t row, const struct white *gap, float x,
                       bool words)
{
    const struct row *w = &r->v[row];
    float near = fmaxf(0.5f, 0.06f * w->size);
    size_t from = row > AROUND ? row - AROUND : 0;
    struct poll p = {0};
    for (size_t i = from; i < r->n && i <= row + AROUND; i++) {
        const struct row *o = &r->v[i];
        struct white at;
        if (i == row || o->table != w->table) continue;
        int v = vote(r, o, x, &at);
        p.across += v < 0;
        if (v <= 0) continue;
        bool begins = fabsf(at.u1 - gap->u1) < near, ends = fabsf(at.u0 - gap->u0) < near;
        bool narrow = at.u1 - at.u0 < usual_gap(r, o) || (words && begins && ends);
        if (!narrow && !faces(r, w, gap, o, &at)) continue;
        p.free += !narrow;
        p.narrow += narrow;
        p.aligned += begins || ends;
    }
    return p;
}

/* Whether at least `least` rows of the table around leave the strip free, and few do not. */
static bool is_free(const struct poll *p, size_t least)
{
    return p->free >= least && p->across * 4 <= p->free && p->narrow <= 2 * p->free;
}

/* The same for any strip of the gap: numbers that end at one place leave it free there only.  A gap
 * that is no wider than between words has to begin or end where most others do. */
static bool has_border(const struct table *r, size_t row, const struct white *gap, size_t least,
                       bool words)
{
    const struct row *w = &r->v[row];
    float wide = gap->u1 - gap->u0, in = fminf(0.1f * w->size, 0.5f * wide);
    bool usual = wide < usual_gap(r, w);
    const float x[3] = {0.5f * (gap->u0 + gap->u1), gap->u0 + in, gap->u1 - in};
    for (int i = 0; i < 3; i++) {
        struct poll p = ask(r, row, gap, x[i], words);
        if (!is_free(&p, usual ? BEGIN : least)) continue;
        if (!usual || (p.across * 6 <= p.free && 2 * p.aligned >= p.free + p.narrow)) return true;
    }
    return false;
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

/* The white before slot i, which is not the first of its row. */
static struct white white_before(const struct table *r, const struct row *w, size_t i)
{
    struct white at;
    float u0 = r->p[r->s[i - 1].piece].u1, u1 = r->p[r->s[i].piece].u0;
    if (vote(r, w, 0.5f * (u0 + u1), &at) <= 0) return (struct white){u0, u1, w->w0 + 1};
    return at;
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
        struct white at = white_before(r, w, i);
        struct poll p = ask(r, row, &at, 0.5f * (at.u0 + at.u1), false);
        gaps++;
        borders += is_free(&p, 2);
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

/* Rows between two of one table that have a gap where its columns are parted: lines of cells. */
static void adopt_within(struct table *r)
{
    size_t last = 0;
    for (size_t k = 1; k < r->n; k++) {
        if (!r->v[k].table) continue;
        bool same = r->v[last].table == r->v[k].table && k - last <= AROUND;
        for (size_t m = last + 1; same && m < k; m++) {
            struct row *w = &r->v[m];
            if (w->w1 - w->w0 < 2 || is_leader(r, w)) continue;
            bool any = false;
            w->table = r->v[k].table;
            for (size_t i = w->w0 + 1; i < w->w1 && !any; i++) {
                struct white at = {r->w[i - 1].reach, r->w[i].u0, i};
                if (at.u1 - at.u0 < usual_gap(r, w)) continue;
                struct poll p = ask(r, m, &at, 0.5f * (at.u0 + at.u1), false);
                any = p.free >= BEGIN && !p.across;
            }
            if (!any) w->table = 0;
        }
        last = k;
    }
}

/* ------------------------------------------------------------------ words */

static int by_left(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->u0 < y->u0 ? -1 : x->u0 > y->u0;
}

static void make_words(struct table *r, size_t n, struct arena *scratch)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++) all += r->s[i].n_words;
    r->w = NEW(scratch, struct place, all + 1);
    all = 0;
    for (size_t k = 0; k < r->n; k++) {
        struct row *w = &r->v[k];
        w->w0 = all;
        for (size_t i = w->from; i < w->to; i++)
            for (size_t m = 0; m < r->s[i].n_words; m++)
                r->w[all++] = (struct place){.u0 = r->s[i].word[m].u0, .u1 = r->s[i].word[m].u1};
        w->w1 = all;
        qsort(r->w + w->w0, w->w1 - w->w0, sizeof *r->w, by_left);
        for (size_t i = w->w0; i < w->w1; i++)
            r->w[i].reach = i > w->w0 ? fmaxf(r->w[i].u1, r->w[i - 1].reach) : r->w[i].u1;
    }
}

/* The space between words, in font sizes: the middle one of those between two words of letters. */
static float find_space(const struct table *r, size_t n, struct arena *scratch)
{
    size_t gaps = 0, all = 0;
    for (size_t i = 0; i < n; i++) all += r->s[i].n_words;
    float *v = NEW(scratch, float, all + 1);
    for (size_t i = 0; i < n; i++)
        for (size_t m = 1; m < r->s[i].n_words; m++) {
            const struct extent *a = &r->s[i].word[m - 1], *b = &r->s[i].word[m];
            float gap = (b->u0 - a->u1) / fmaxf(r->p[r->s[i].piece].size, 1);
            if (a->letters && b->letters && !a->digits && !b->digits && gap > 0.1f) v[gaps++] = gap;
        }
    return gaps < SPACES ? SPACE : fminf(floats_middle(v, gaps), MOST_SPACE);
}

/* Marks the words of slot i behind which a border runs, however close. */
static void cut_words(struct table *r, size_t row, size_t i)
{
    struct slot *s = &r->s[i];
    float size = r->p[s->piece].size, end = s->word[0].u1;
    for (size_t m = 1; m < s->n_words && !r->p[s->piece].fixed; m++) {
        struct extent *a = &s->word[m - 1];
        const struct extent *b = &s->word[m];
        struct white at;
        bool signs = !a->letters && !a->digits && !b->letters && !b->digits; /* lead the eye */
        float gap = b->u0 - end;
        if (!signs && gap > TIGHT * size && vote(r, &r->v[row], 0.5f * (end + b->u0), &at) > 0)
            a->cut = has_border(r, row, &at, gap < NARROW * size ? 4 : 2, a->letters || b->letters);
        end = fmaxf(end, b->u1);
    }
}

/* Parts the slots of a row of a table, and their words. */
static void part_row(struct table *r, size_t k)
{
    const struct row *w = &r->v[k];
    for (size_t i = w->from; i < w->to; i++) {
        r->s[i].tabular = true;
        cut_words(r, k, i);
        if (i == w->from || r->s[i].apart || r->within[i]) continue;
        if (is_sign(r, i - 1) && is_sign(r, i)) continue; /* they lead the eye */
        struct white at = white_before(r, w, i);
        if (gap_before(r, i) > 0.3f * size_at(r, i))
            r->s[i].apart = has_border(r, k, &at, 2, false);
    }
}

void table_find(const struct piece *p, struct slot *s, size_t n, struct arena *scratch)
{
    struct table r = {
        .p = p, .s = s, .v = NEW(scratch, struct row, n + 1), .within = NEW(scratch, bool, n + 1)};
    make_rows(&r, n);
    find_runs(&r);
    join_framed(&r);
    make_words(&r, n, scratch);
    r.space = find_space(&r, n, scratch);
    adopt_near(&r);
    adopt_within(&r);
    for (size_t k = 0; k < r.n; k++)
        if (r.v[k].table) part_row(&r, k);
}
