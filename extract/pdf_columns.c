/* pdf_columns.c: see pdf_columns.h. */
#include "extract/pdf_columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/floats.h"
#include "extract/pdf_grid.h"

/* The widest gap between words of a line, in font sizes. */
#define JUSTIFIED 1.1f

enum { MAX_DEPTH = 16, MAX_EDGES = 48, MIN_LINES = 3, MANY_LINES = 7, MIN_CHARS = 13 };

struct cutter {
    const struct piece *p;
    bool rtl;
    float gutter; /* the least width of a strip, in font sizes */
    size_t *order;
    int *region;
    size_t done;
    int regions;
    float *edges; /* scratch: 2 * n */
    size_t *part; /* scratch: n     */
    struct arena *scratch;
};

/* A strip at u = x between the pieces idx[from..to), none of which crosses it. */
struct gutter {
    float x, score;
    bool lists; /* on both sides: no rows of cells */
    size_t from, to;
};

static float middle(const struct piece *p)
{
    return 0.5f * (p->v0 + p->v1);
}

static int by_middle(const void *a, const void *b, void *ctx)
{
    const struct piece *p = ctx;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    float d = middle(&p[i]) - middle(&p[j]);
    if (d == 0) d = p[i].u0 - p[j].u0;
    if (d == 0) return i < j ? -1 : i > j;
    return d < 0 ? -1 : 1;
}

/* Positions where three edges or more stand in one line, best supported first; returns how many.
 * The strip lies left of left edges (*sign -1) and right of right edges (+1). */
static size_t aligned_edges(struct cutter *c, const size_t *idx, size_t n, float out[MAX_EDGES],
                            float sign[MAX_EDGES])
{
    float count[MAX_EDGES];
    size_t n_out = 0;
    for (int right = 0; right < 2; right++) {
        size_t edges = 0;
        for (size_t i = 0; i < n; i++) {
            const struct piece *p = &c->p[idx[i]];
            c->edges[edges++] = right ? p->u1 : p->u0;
            if (p->bullet && !right) c->edges[edges++] = p->u0; /* two tell a list */
        }
        floats_sort(c->edges, edges);
        for (size_t i = 0, j; i < edges; i = j) {
            for (j = i + 1; j < edges && c->edges[j] - c->edges[i] < 3; j++) {
            }
            if (j - i < MIN_LINES) continue;
            float k = (float)(j - i), x = right ? c->edges[j - 1] + 1 : c->edges[i] - 1;
            if (n_out == MAX_EDGES && k <= count[n_out - 1]) continue;
            size_t at = n_out < MAX_EDGES ? n_out++ : n_out - 1;
            for (; at > 0 && count[at - 1] < k; at--) {
                count[at] = count[at - 1];
                out[at] = out[at - 1];
                sign[at] = sign[at - 1];
            }
            count[at] = k;
            out[at] = x;
            sign[at] = right ? 1 : -1;
        }
    }
    return n_out;
}

/* One side of a candidate strip. */
struct side {
    size_t pieces, n;         /* n: lines, or parts of them with a wide gap before */
    size_t bullets;
    bool listed;              /* a bullet comes first                              */
    float end, mid;           /* of the last piece                                 */
    float top, bottom, inner; /* inner: the edge that faces the strip */
    double chars, size, width;
};

static void side_add(struct side *s, const struct piece *p, float inner, float sign)
{
    if (!s->n || p->v0 < s->top) s->top = p->v0;
    if (!s->n || p->v1 > s->bottom) s->bottom = p->v1;
    if (!s->n || sign * inner > sign * s->inner) s->inner = inner;
    /* Justified text in a narrow column has gaps that part pieces, though not lines. */
    bool goes_on = s->n && fabsf(middle(p) - s->mid) < 0.1f * p->size && p->u0 > s->end &&
                   p->u0 - s->end < JUSTIFIED * p->size;
    s->n += !goes_on;
    if (!s->pieces++) s->listed = p->bullet;
    s->bullets += p->bullet;
    s->end = p->u1, s->mid = middle(p);
    s->chars += fmax(p->chars, 2 * (p->u1 - p->u0) / p->size); /* Han: as wide as two letters */
    s->size += p->size;
    s->width += p->u1 - p->u0;
}

/* By its pieces, or, where there are more lines than a formula or a list has, by its lines. */
static bool reads_like_text(const struct side *s)
{
    if (s->pieces >= MIN_LINES && s->chars / (double)s->pieces >= MIN_CHARS) return true;
    return s->n >= MANY_LINES && s->chars / (double)s->n >= MIN_CHARS;
}

/* A list of two items or more. */
static bool is_list(const struct side *s)
{
    return s->listed && s->bullets > 1;
}

/* What the strip at x is worth between two crossing pieces; 0 when it is no gutter. */
static float strip_score(const struct cutter *c, const struct side *l, const struct side *r)
{
    bool lists = is_list(l) && is_list(r);
    if (!lists && (!reads_like_text(l) || !reads_like_text(r))) return 0;
    float size = (float)((l->size + r->size) / (double)(l->pieces + r->pieces));
    float gap = r->inner - l->inner;
    if (gap < c->gutter * size) return 0;
    float shared = fminf(l->bottom, r->bottom) - fmaxf(l->top, r->top);
    if (shared < 2.2f * size) return 0;
    return shared * (1 + fminf(gap / size, 3) * 0.1f);
}

static void try_strip(struct cutter *c, const size_t *idx, size_t n, float x, float sign,
                      struct gutter *best)
{
    struct side l = {0}, r = {0};
    size_t from = 0;
    for (size_t i = 0; i <= n; i++) {
        const struct piece *p = i < n ? &c->p[idx[i]] : NULL;
        float strip = p ? c->gutter * p->size : 0;
        bool right = p && p->u0 >= x + (sign > 0 ? strip : 0);
        bool left = p && p->u1 <= x - (sign > 0 ? 0 : strip);
        if (left)
            side_add(&l, p, p->u1, 1);
        else if (right)
            side_add(&r, p, p->u0, -1);
        if (left || right) continue;
        float score = strip_score(c, &l, &r);
        if (score > best->score)
            *best = (struct gutter){0.5f * (l.inner + r.inner), score, is_list(&l) && is_list(&r),
                                    from, i};
        l = r = (struct side){0};
        from = i + 1;
    }
}

/* Lines that stand alone above or below both columns, on one side of the strip only and apart
 * from the rest, are no part of a column: a page number, a running head, a date. */
static void trim(struct cutter *c, const size_t *idx, struct gutter *g)
{
    while (g->to - g->from > 2 * MIN_LINES) {
        const struct piece *a = &c->p[idx[g->from]], *b = &c->p[idx[g->from + 1]];
        if (b->v0 - a->v1 < 0.9f * fmaxf(a->size, b->size)) break;
        g->from++;
    }
    while (g->to - g->from > 2 * MIN_LINES) {
        const struct piece *a = &c->p[idx[g->to - 1]], *b = &c->p[idx[g->to - 2]];
        if (a->v0 - b->v1 < 0.9f * fmaxf(a->size, b->size)) break;
        g->to--;
    }
}

static void emit(struct cutter *c, const size_t *idx, size_t n)
{
    if (!n) return;
    for (size_t i = 0; i < n; i++) {
        c->order[c->done] = idx[i];
        c->region[c->done++] = c->regions;
    }
    c->regions++;
}

/* Moves the pieces of idx[0..n) left of x to the front, keeping order; returns how many. */
static size_t split(struct cutter *c, size_t *idx, size_t n, float x)
{
    size_t nl = 0, nr = 0;
    for (size_t i = 0; i < n; i++) {
        bool right = c->p[idx[i]].u0 >= x;
        if (right != c->rtl)
            c->part[nr++] = idx[i];
        else
            idx[nl++] = idx[i];
    }
    memcpy(idx + nl, c->part, nr * sizeof *idx);
    return nl;
}

/* The best gutter; its score is 0 when there is none. */
static struct gutter find_gutter(struct cutter *c, const size_t *idx, size_t n)
{
    struct gutter g = {0};
    if (n < 4) return g;
    float edges[MAX_EDGES], sign[MAX_EDGES];
    size_t n_edges = aligned_edges(c, idx, n, edges, sign);
    for (size_t i = 0; i < n_edges; i++) try_strip(c, idx, n, edges[i], sign[i], &g);
    return g;
}

static bool is_grid(const struct cutter *c, const size_t *idx, size_t n, float x)
{
    return grid_at(c->p, idx, n, x, c->scratch) || grid_written(c->p, idx, n, x, c->scratch) ||
           grid_cells(c->p, idx, n, x, c->scratch) || grid_aligned(c->p, idx, n, x, c->scratch) ||
           grid_groups(c->p, idx, n, x, c->scratch);
}

static void cut(struct cutter *c, size_t *idx, size_t n, int depth)
{
    struct gutter g = {0};
    if (depth < MAX_DEPTH) g = find_gutter(c, idx, n);
    if (g.score > 0) trim(c, idx, &g);
    if (g.score > 0 && !g.lists && is_grid(c, idx + g.from, g.to - g.from, g.x)) {
        /* A table is read row by row; what stands around it may still have columns. */
        bool columns =
            find_gutter(c, idx, g.from).score > 0 || find_gutter(c, idx + g.to, n - g.to).score > 0;
        if (columns) {
            cut(c, idx, g.from, depth + 1);
            emit(c, idx + g.from, g.to - g.from);
            cut(c, idx + g.to, n - g.to, depth + 1);
            return;
        }
        g.score = 0;
    }
    size_t first = g.score > 0 ? split(c, idx + g.from, g.to - g.from, g.x) : 0;
    if (first == 0 || first == g.to - g.from) { /* no gutter, or trimmed to one side */
        emit(c, idx, n);
        return;
    }
    cut(c, idx, g.from, depth + 1);
    cut(c, idx + g.from, first, depth + 1);
    cut(c, idx + g.from + first, g.to - g.from - first, depth + 1);
    cut(c, idx + g.to, n - g.to, depth + 1);
}

int columns_order(const struct piece *p, size_t n, bool rtl, float gutter, size_t *order,
                  int *region, struct arena *scratch)
{
    struct cutter c = {
        .p = p, .rtl = rtl, .gutter = gutter, .order = order, .region = region, .scratch = scratch};
    c.edges = NEW(scratch, float, 2 * n + 1);
    c.part = NEW(scratch, size_t, n + 1);
    size_t *idx = NEW(scratch, size_t, n + 1);
    for (size_t i = 0; i < n; i++) idx[i] = i;
    qsort_r(idx, n, sizeof *idx, by_middle, (void *)p);
    cut(&c, idx, n, 0);
    return c.regions;
}
