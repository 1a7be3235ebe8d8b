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

/* A unit's blocks of rows are whole tiles of mr, `fit` rows at most. */
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

struct product {
    struct device *d;
    const struct weight *w;
    const struct gemm_job *jobs;
    size_t n, ldx, ldy;
    bool accumulate;
    const struct cpu_eight *eight; /* 8-bit packs: their kernels */
    char *prepared;      /* 8-bit packs: the rows of all jobs, one after the other */
    size_t row_bytes;
    struct plan plan;
};

static void run_unit(const struct product *g, const struct gemm_job *j, size_t row_before,
                     size_t row, size_t panel)
{
    const struct weight *w = g->w;
    size_t lanes2 = (size_t)w->lanes2, left = w->O - panel * lanes2;
    struct gemm_block b = {
        .w = (const char *)w->data + j->g * w->group_bytes + panel * w->panel_bytes,
        .y = j->y + row * g->ldy + panel * lanes2,
        .ldy = g->ldy,
        .rows = cpu_min(g->plan.rows, j->rows - row),
        .I = w->I,
        .panels = cpu_min(g->plan.panels, w->panels - panel),
        .panel_bytes = w->panel_bytes,
        .kblock = w->kblock,
        .scale_bytes = w->scale_bytes,
        .accumulate = g->accumulate,
    };
    b.columns = cpu_min(b.panels * lanes2, left);
    if (g->prepared) {
        b.x = g->prepared + (row_before + row) * g->row_bytes;
        b.ldx = g->row_bytes;
    } else {
        b.x = j->x + row * g->ldx;
        b.ldx = g->ldx;
    }
    switch (w->pack) {
    case PACK_F32: g->d->k.gemm_f32(&b); break;
    case PACK_BF16: g->d->k.gemm_bf16(&b); break;
    case PACK_E4M3: g->eight->gemm_e4m3(&b); break;
    case PACK_INT8: g->eight->gemm_int8(&b); break;
    }
}

/* Unit u of all: finds its job by walking; jobs are few (heads) or have few units (experts). */
static void run_numbered(const struct product *g, size_t u)
{
    size_t before = 0;
    for (size_t i = 0; i < g->n; i++) {
        const struct gemm_job *j = &g->jobs[i];
        size_t units = (j->rows + g->plan.rows - 1) / g->plan.rows * g->plan.panel_units;
        if (u < units) {
            run_unit(g, j, before, u / g->plan.panel_units * g->plan.rows,
                     u % g->plan.panel_units * g->plan.panels);
            return;
        }
        u -= units;
        before += j->rows;
    }
}

static void run_units(void *ctx, size_t first, size_t last, int worker)
{
    (void)worker;
    for (size_t u = first; u < last; u++) run_numbered(ctx, u);
}

/* Rows [first, last), counted through all jobs. */
static void prepare_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct product *g = ctx;
    const struct gemm_job *j = g->jobs;
    size_t t = first, at = first;
    (void)worker;
    for (; t >= j->rows; j++) t -= j->rows;
    for (; at < last; at++, t++) {
        for (; t == j->rows; j++) t = 0;
        const float *x = j->x + t * g->ldx;
        for (size_t i = 0; i < g->w->I && g->ldx > g->w->I; i += 16) __builtin_prefetch(x + 2 * g->ldx + i);
        g->eight->row(g->prepared + at * g->row_bytes, x, g->w);
    }
}

/* Activations of all jobs in the form that the 8-bit products read, one after the other. */
static bool prepare_rows(struct product *g, size_t rows)
{
    struct device *d = g->d;
    g->row_bytes = g->eight->row_bytes(g->w);
    /* AMX tiles are loaded whole: a last one reads up to 15 rows further. */
    g->prepared = cpu_reserve(d, &d->rows, (rows + 15) * g->row_bytes);
    if (g->prepared) par_for(d->pool, rows, 65536 / (g->w->I + 1) + 1, prepare_range, g);
    return g->prepared;
}

void cpu_gemm(struct device *d, const struct weight *w, const struct gemm_job *jobs, size_t n,
              size_t ldx, size_t ldy, bool accumulate)
{
    struct product g = {.d = d, .w = w, .jobs = jobs, .n = n, .ldx = ldx, .ldy = ldy,
                        .accumulate = accumulate};
    size_t rows = 0, most = 0, units = 0;
    for (size_t i = 0; i < n; i++) {
        rows += jobs[i].rows;
        if (jobs[i].rows > most) most = jobs[i].rows;
    }
    if (rows == 0 || w->O == 0) return;
    size_t mr = (size_t)d->k.mr, fit = L2_BYTES / (w->I * sizeof(float) + 1);
    if (w->most > 0) {
        g.eight = d->k.tiles_from && most >= d->k.tiles_from ? &d->k.tiles : &d->k.eight;
        mr = (size_t)g.eight->mr;
        if (!prepare_rows(&g, rows)) return;
        if (g.eight->block_bytes) fit = g.eight->block_bytes / g.row_bytes;
    }
    g.plan = plan_units(d, w, mr, fit, most, n);
    for (size_t i = 0; i < n; i++)
        units += (jobs[i].rows + g.plan.rows - 1) / g.plan.rows * g.plan.panel_units;
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
