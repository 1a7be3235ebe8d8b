/* gemm.c: matrix products: blocking and threads.  The tiles are in gemm.inc, gemm_int.inc and
 * gemm_amx.inc.
 *
 * Work is cut into units of (job, block of rows, run of panels).  A block of rows fits L2, a
 * panel L1; the weights of a run of panels stream through L2 once per block of rows.  Units are
 * handed out dynamically: who computes one never changes its bits. */
#include "engine/cpu/cpu.h"

#define L2_BYTES (256u << 10) /* of activations; every x86 with AVX2 has that much L2 */

struct plan {
    size_t rows, panels;  /* of one unit */
    size_t panel_units;   /* per job and block of rows */
};

/* For jobs of up to `rows` rows.  A unit's blocks of rows are whole tiles of mr, `fit` rows at most. */
static struct plan plan_units(const struct device *d, const struct weight *w, size_t mr, size_t fit,
                              size_t rows, size_t jobs)
{
    struct plan p;
    fit = fit / mr * mr;
    p.rows = fit < mr ? mr : fit > 20 * mr ? 20 * mr : fit;
    /* Blocks of rows of about equal size: a last block of one row would be slow. */
    size_t blocks = (rows + p.rows - 1) / p.rows;
    if (blocks) p.rows = cpu_round_up((rows + blocks - 1) / blocks, mr);
    /* At least eight units a thread where there is that much: with four the last one of a small matrix
     * was a tenth of its time.  One row of floats takes four panels at once. */
    size_t want = 8 * (size_t)d->threads, have = jobs * (blocks ? blocks : 1);
    size_t cuts = have >= want ? 1 : (want + have - 1) / have;
    p.panels = (w->panels + cuts - 1) / cuts;
    p.panels = cpu_round_up(p.panels ? p.panels : 1, w->most > 0 ? 1 : 4);
    p.panel_units = (w->panels + p.panels - 1) / p.panels;
    return p;
}

/* How a job of so many rows is computed. */
struct way {
    const struct cpu_eight *eight; /* 8-bit packs: their kernels */
    size_t row_bytes;              /* of a row as these read it */
    struct plan plan;
};

struct product {
    struct device *d;
    const struct weight *w;
    const struct gemm_job *jobs;
    size_t n, ldx, ldy;
    bool accumulate;
    size_t many_from; /* rows of a job that goes the way of many */
    struct way few, many;
    char *prepared;   /* 8-bit packs: the rows of all jobs; NULL where units prepare theirs ... */
    char *local;      /* ... in a slice of `local_bytes` for each thread */
    size_t local_bytes;
};

static const struct way *way_of(const struct product *g, const struct gemm_job *j)
{
    return j->rows >= g->many_from ? &g->many : &g->few;
}

/* Of its rows when they are prepared. */
static size_t job_bytes(const struct product *g, const struct gemm_job *j)
{
    const struct way *way = way_of(g, j);
    return cpu_round_up(cpu_round_up(j->rows, way->eight->together) * way->row_bytes, CPU_ALIGN);
}

/* Rows [row, row + n) of a job in the form that the 8-bit products read; dst: where row `first` of it, which
 * begins a piece, goes. */
static void prepare(const struct product *g, const struct gemm_job *j, char *dst, size_t first, size_t row, size_t n)
{
    const struct way *way = way_of(g, j);
    const float *x = j->x + row * g->ldx;
    bool apart = g->ldx > g->w->I;
    for (size_t t = row - first; t < row - first + n; t++, x += g->ldx) {
        for (size_t i = 0; apart && i < g->w->I; i += 16) __builtin_prefetch(x + 2 * g->ldx + i);
        size_t in = t % way->eight->together;
        way->eight->row(dst + (t - in) * way->row_bytes, in, x, g->w);
    }
}

/* prepared: the unit's first row; NULL with floats. */
static void run_unit(const struct product *g, const struct gemm_job *j, const char *prepared,
                     size_t row, size_t rows, size_t panel)
{
    const struct weight *w = g->w;
    const struct way *way = way_of(g, j);
    size_t lanes2 = (size_t)w->lanes2, left = w->O - panel * lanes2;
    struct gemm_block b = {
        .x = prepared ? prepared : (const char *)(j->x + row * g->ldx),
        .ldx = prepared ? way->row_bytes : g->ldx,
        .w = (const char *)w->data + j->g * w->group_bytes + panel * w->panel_bytes,
        .y = j->y + row * g->ldy + panel * lanes2,
        .ldy = g->ldy,
        .rows = rows,
        .I = w->I,
        .panels = cpu_min(way->plan.panels, w->panels - panel),
        .panel_bytes = w->panel_bytes,
        .kblock = w->kblock,
        .scale_bytes = w->scale_bytes,
        .accumulate = g->accumulate,
    };
    b.columns = cpu_min(b.panels * lanes2, left);
    switch (w->pack) {
    case PACK_F32: g->d->k.gemm_f32(&b); break;
    case PACK_BF16: g->d->k.gemm_bf16(&b); break;
    case PACK_E4M3: way->eight->gemm_e4m3(&b); break;
    case PACK_INT8: way->eight->gemm_int8(&b); break;
    }
}

static size_t units_of(const struct product *g, const struct gemm_job *j)
{
    const struct plan *p = &way_of(g, j)->plan;
    return j->rows ? (j->rows + p->rows - 1) / p->rows * p->panel_units : 0;
}

/* Unit u of all: finds its job by walking; jobs are few (heads) or have few units (experts). */
static void run_numbered(const struct product *g, size_t u, char *local)
{
    const struct gemm_job *j = g->jobs;
    const char *prepared = g->prepared;
    for (size_t units; u >= (units = units_of(g, j)); j++) {
        u -= units;
        if (prepared) prepared += job_bytes(g, j);
    }
    const struct plan *p = &way_of(g, j)->plan;
    size_t row = u / p->panel_units * p->rows, rows = cpu_min(p->rows, j->rows - row);
    if (prepared) {
        prepared += row * way_of(g, j)->row_bytes;
    } else if (local) {
        prepare(g, j, local, row, row, rows);
        prepared = local;
    }
    run_unit(g, j, prepared, row, rows, u % p->panel_units * p->panels);
}

static void run_units(void *ctx, size_t first, size_t last, int worker)
{
    const struct product *g = ctx;
    char *local = g->local ? g->local + (size_t)worker * g->local_bytes : NULL;
    for (size_t u = first; u < last; u++) run_numbered(g, u, local);
}

/* Rows [first, last), counted through all jobs. */
static void prepare_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct product *g = ctx;
    const struct gemm_job *j = g->jobs;
    char *prepared = g->prepared; /* the first row of j */
    (void)worker;
    for (size_t t = first, left = last - first, n; left; left -= n, j++) {
        n = t < j->rows ? cpu_min(left, j->rows - t) : 0;
        if (n) prepare(g, j, prepared, 0, t, n);
        prepared += job_bytes(g, j);
        t = n ? 0 : t - j->rows;
    }
}

/* Of a unit's rows when they are prepared. */
static size_t unit_bytes(const struct way *way)
{
    return way->plan.rows ? cpu_round_up(way->plan.rows, way->eight->together) * way->row_bytes : 0;
}

/* Activations of all jobs in the form that the 8-bit products read; or room for a unit's rows, where no
 * other unit reads them: then they are written and read in the nearest cache. */
static bool prepare_rows(struct product *g, size_t rows)
{
    struct device *d = g->d;
    size_t few = unit_bytes(&g->few), many = unit_bytes(&g->many), bytes = 0;
    if (g->few.plan.panel_units <= 1 && g->many.plan.panel_units <= 1) {
        g->local_bytes = cpu_round_up(few > many ? few : many, CPU_ALIGN);
        g->local = cpu_reserve_local(d, g->local_bytes);
        return g->local;
    }
    for (size_t i = 0; i < g->n; i++) bytes += job_bytes(g, &g->jobs[i]);
    g->prepared = cpu_reserve(d, &d->rows, bytes);
    if (g->prepared) par_for(d->pool, rows, 65536 / (g->w->I + 1) + 1, prepare_range, g);
    return g->prepared;
}

/* eight: NULL for products of floats. */
static void choose_way(struct product *g, struct way *way, const struct cpu_eight *eight)
{
    size_t most = 0, mr = (size_t)g->d->k.mr, fit = L2_BYTES / (g->w->I * sizeof(float) + 1);
    for (size_t i = 0; i < g->n; i++)
        if (way_of(g, &g->jobs[i]) == way && g->jobs[i].rows > most) most = g->jobs[i].rows;
    if (eight) {
        way->eight = eight;
        way->row_bytes = eight->row_bytes(g->w);
        mr = (size_t)eight->mr;
        if (eight->block_bytes) fit = eight->block_bytes / way->row_bytes;
    }
    if (most) way->plan = plan_units(g->d, g->w, mr, fit, most, g->n);
}

void cpu_gemm(struct device *d, const struct weight *w, const struct gemm_job *jobs, size_t n,
              size_t ldx, size_t ldy, bool accumulate)
{
    struct product g = {.d = d, .w = w, .jobs = jobs, .n = n, .ldx = ldx, .ldy = ldy,
                        .accumulate = accumulate, .many_from = SIZE_MAX};
    size_t rows = 0, units = 0;
    bool eight = w->most > 0;
    for (size_t i = 0; i < n; i++) rows += jobs[i].rows;
    if (rows == 0 || w->O == 0) return;
    if (eight && d->k.tiles_from) g.many_from = d->k.tiles_from;
    choose_way(&g, &g.few, eight ? &d->k.eight : NULL);
    if (g.many_from < SIZE_MAX) choose_way(&g, &g.many, &d->k.tiles);
    if (eight && !prepare_rows(&g, rows)) return;
    for (size_t i = 0; i < n; i++) units += units_of(&g, &jobs[i]);
    /* Below this a second thread costs more than it saves (about 2 us to start one). */
    bool alone = rows * w->O * w->I < 100000;
    par_for(d->pool, units, alone ? units : 1, run_units, &g);
}

void cpu_linear(struct device *d, const struct linear_args *a)
{
    enum { MOST = 64 }; /* groups at a time */
    struct gemm_job jobs[MOST];
    for (size_t g = 0; g < a->w->G;) {
        size_t n = 0;
        for (; n < MOST && g < a->w->G; n++, g++)
            jobs[n] = (struct gemm_job){a->x + g * a->gx, a->y + g * a->gy, g, a->T};
        cpu_gemm(d, a->w, jobs, n, a->ldx, a->ldy, a->accumulate);
    }
}
