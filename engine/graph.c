#include "engine/graph.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"

#define CREW_MOST 8 /* threads */
#define CREW_ROWS 8 /* from so many on */

/* ------------------------------------------------------------------ working memory */

/* Attention and feed-forward never run at once: their buffers share one place. */
static size_t lay_out(struct graph *g, const struct model *m, size_t T, size_t n, char *base)
{
    const struct config *c = &m->config;
    struct scratch s = {base, 0};
    size_t D = (size_t)c->D, f = sizeof(float);
    g->x = scratch_take(&s, T, D, f);
    g->r = scratch_take(&s, T, D, f);
    g->norm = scratch_take(&s, T, D, f);
    g->sel = scratch_take(&s, T, (size_t)m->K_most, sizeof(int32_t));
    g->last = scratch_take(&s, n, D, f);
    g->logits = scratch_take(&s, n, (size_t)c->V, f);
    struct scratch attn = s, ffn = s;
    attn_buffers_init(&g->attn, m, T, &attn);
    ffn_buffers_init(&g->ffn, c, T, &ffn);
    return attn.used > ffn.used ? attn.used : ffn.used;
}

size_t graph_bytes(const struct model *m, size_t T, size_t n)
{
    struct graph measured;
    return lay_out(&measured, m, T, n, NULL);
}

/* What several sequences leave to the host is much for one thread.  Where the host computes, its threads are
 * the device's. */
static void open_crew(struct graph *g)
{
    struct errinfo none = {0};
    int cores = sys_cores(), asked = g->m->threads;
    int most = asked > 0 && asked < cores ? asked : cores, threads = most < CREW_MOST ? most : CREW_MOST;
    if (g->n >= CREW_ROWS && !g->m->b->host_memory && par_open(&g->crew, threads, &none)) g->crew = NULL;
}

/* False: there is none, and the graph is empty. */
static bool take_memory(struct graph *g, const struct model *m, size_t T, size_t n)
{
    struct graph fresh = {.m = m, .T = T, .n = n, .bytes = graph_bytes(m, T, n)};
    fresh.memory = m->b->alloc(m->d, fresh.bytes);
    if (!fresh.memory) return false;
    lay_out(&fresh, m, T, n, fresh.memory);
    fresh.ids = mem_alloc(T, sizeof *fresh.ids);
    open_crew(&fresh);
    *g = fresh;
    return true;
}

void graph_each(struct par *crew, size_t n, par_body *body, void *ctx)
{
    if (crew) par_for(crew, n, CREW_ROWS / 2, body, ctx);
    else body(ctx, 0, n, 0);
}

enum err graph_reserve(struct graph *g, const struct model *m, size_t T, size_t n,
                       struct errinfo *e)
{
    size_t old_T = g->T, old_n = g->n;
    if (T <= old_T && n <= old_n) return OK;
    if (T < old_T) T = old_T;
    if (n < old_n) n = old_n;
    graph_free(g);
    if (take_memory(g, m, T, n)) return OK;
    if (old_T) take_memory(g, m, old_T, old_n);
    return err_set(e, E_LIMIT, "no memory to read %zu tokens at once (%zu MB)", T,
                   graph_bytes(m, T, n) >> 20);
}

void graph_free(struct graph *g)
{
    if (g->memory) g->m->b->release(g->m->d, g->memory, g->bytes);
    par_close(g->crew);
    mem_free(g->ids);
    *g = (struct graph){0};
}

/* ------------------------------------------------------------------ for tests */

/* x, and r added where there is one, as the probe wants it. */
static void show_hidden(const struct graph *g, const struct graph_probe *probe, int layer,
                        size_t pos0, size_t T, const float *x, const float *r)
{
    if (!probe || !probe->hidden) return;
    const struct model *m = g->m;
    size_t n = T * (size_t)m->config.D;
    float *sum = mem_alloc(n, sizeof *sum), *add = mem_alloc(n, sizeof *add);
    m->b->download(m->d, sum, x, n * sizeof *sum);
    if (r) m->b->download(m->d, add, r, n * sizeof *add);
    for (size_t i = 0; r && i < n; i++) sum[i] += add[i];
    probe->hidden(probe->ctx, layer, pos0, T, sum);
    mem_free(sum);
    mem_free(add);
}

/* ------------------------------------------------------------------ the pass */

/* What graph_forward was asked for. */
struct request {
    const struct part *parts;
    size_t n, T;
    int K;
    size_t wanted; /* parts whose logits are */
    const struct graph_probe *probe;
};

/* Scores of n normalised rows, left in g->logits. */
static void head(const struct graph *g, const float *rows, size_t n)
{
    const struct model *m = g->m;
    size_t D = (size_t)m->config.D, V = (size_t)m->config.V;
    m->b->linear(m->d, &(struct linear_args){.w = m->weights.head, .x = rows, .y = g->logits,
                                             .T = n, .ldx = D, .ldy = V});
}

static void fetch_logits(const struct graph *g, size_t i, float *logits)
{
    const struct model *m = g->m;
    size_t V = (size_t)m->config.V;
    m->b->download(m->d, logits, g->logits + i * V, V * sizeof *logits);
}

/* Rows of logits on their way to the parts that want one. */
struct fetch {
    struct par *crew;
    float *to[PARTS_MOST];
    size_t bytes, first;
    const char *from; /* of row `first` */
};

static void copy_rows(void *ctx, size_t first, size_t last, int worker)
{
    const struct fetch *f = ctx;
    (void)worker;
    for (size_t i = first; i < last; i++) memcpy(f->to[f->first + i], f->from + i * f->bytes, f->bytes);
}

static void got_rows(void *ctx, size_t first, size_t k, const void *at)
{
    struct fetch *f = ctx;
    f->first = first;
    f->from = at;
    graph_each(f->crew, k, copy_rows, f);
}

/* The rows in g->logits, in order, to the parts that want one. */
static void fetch_all(const struct graph *g, const struct part *parts, size_t n)
{
    const struct model *m = g->m;
    struct fetch f = {.crew = g->crew, .bytes = (size_t)m->config.V * sizeof *g->logits};
    size_t wanted = 0;
    for (size_t i = 0; i < n; i++)
        if (parts[i].logits) f.to[wanted++] = parts[i].logits;
    if (m->b->download_each)
        m->b->download_each(m->d, g->logits, f.bytes, wanted, got_rows, &f);
    else
        for (size_t i = 0; i < wanted; i++) fetch_logits(g, i, f.to[i]);
}

static void show_logits(const struct graph *g, const struct request *q)
{
    const struct graph_probe *probe = q->probe;
    size_t D = (size_t)g->m->config.D, pos0 = q->parts->kv->n;
    if (!probe->logits) return;
    float *row = mem_alloc((size_t)g->m->config.V, sizeof *row);
    for (size_t t = 0; t < q->T; t++) {
        if (!probe->wants(probe->ctx, pos0 + t)) continue;
        head(g, g->norm + t * D, 1);
        fetch_logits(g, 0, row);
        probe->logits(probe->ctx, pos0 + t, row);
    }
    mem_free(row);
}

/* The last norm of T rows from `row` on. */
static void last_norm(const struct graph *g, float *y, size_t row, size_t T)
{
    const struct model *m = g->m;
    size_t D = (size_t)m->config.D;
    m->b->rmsnorm(m->d, y, D, g->x + row * D, D, g->r + row * D, m->weights.norm, T, m->config.D,
                  m->config.rms_eps);
}

/* Last norm and head.  Without a probe only the last row of a part is of use. */
static void finish(const struct graph *g, const struct request *q)
{
    const struct model *m = g->m;
    size_t D = (size_t)m->config.D, wanted = 0, end = 0;
    if (q->probe) {
        last_norm(g, g->norm, 0, q->T);
        show_hidden(g, q->probe, m->config.L, q->parts->kv->n, q->T, g->norm, NULL);
        show_logits(g, q);
    }
    bool all = q->wanted == q->T && !q->probe; /* each row is the last of a part */
    if (all) last_norm(g, g->last, 0, q->T);
    for (size_t i = 0; i < q->n && !all; i++) {
        end += q->parts[i].T;
        if (!q->parts[i].logits) continue;
        float *to = g->last + wanted++ * D;
        if (q->probe) m->b->copy_rows(m->d, to, D, g->norm + (end - 1) * D, D, 1, m->config.D);
        else last_norm(g, to, end - 1, 1);
    }
    head(g, g->last, q->wanted);
}

/* store_only: nothing reads what the layer computes, only what it leaves in the cache. */
static void layer(struct graph *g, int i, const struct request *q, bool store_only)
{
    const struct model *m = g->m;
    const struct layer_weights *l = &m->weights.layers[i];
    size_t D = (size_t)m->config.D, T = q->T;
    m->b->rmsnorm(m->d, g->norm, D, g->x, D, i ? g->r : NULL, l->in_norm, T, m->config.D,
                  m->config.rms_eps);
    attn_forward(&(struct attn_args){.m = m, .parts = q->parts, .n = q->n, .b = &g->attn,
                                     .probe = q->probe, .x = g->norm, .y = g->r, .sel = g->sel,
                                     .T = T, .K = q->K, .layer = i, .store_only = store_only});
    if (store_only) return;
    m->b->rmsnorm(m->d, g->norm, D, g->x, D, g->r, l->post_norm, T, m->config.D,
                  m->config.rms_eps);
    ffn_forward(m, i, &g->ffn, g->norm, g->r, T);
}

/* Everything behind the embedding. */
static enum err compute(struct graph *g, const struct request *q, struct errinfo *e)
{
    int last = g->m->config.L - 1;
    bool whole = q->wanted || q->probe;
    for (int i = 0; i <= last; i++) {
        if (sys_interrupted()) return err_set(e, E_INTR, "interrupted");
        layer(g, i, q, i == last && !whole);
        if (i < last) show_hidden(g, q->probe, i + 1, q->parts->kv->n, q->T, g->x, g->r);
    }
    if (whole) finish(g, q);
    return OK;
}

/* The same, played back where the device has it. */
static enum err replay(struct graph *g, const struct request *q, struct errinfo *e)
{
    const struct backend *b = g->m->b;
    struct pass_part parts[PARTS_MOST];
    for (size_t i = 0; i < q->n; i++)
        parts[i] = (struct pass_part){kv_view(q->parts[i].kv, 0), q->parts[i].T, q->parts[i].kv->n};
    struct pass p = {.parts = parts, .memory = g->memory, .bytes = g->bytes, .n = q->n, .T = q->T,
                     .K = q->K, .wanted = q->wanted};
    if (b->pass_begin(g->m->d, &p)) return OK;
    enum err r = compute(g, q, e);
    bool computed = b->pass_end(g->m->d, !r);
    return r || computed ? r : compute(g, q, e);
}

/* Room in each kv, and the tokens of all parts in one list. */
static enum err gather(struct graph *g, struct request *q, struct errinfo *e)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct part *p = &q->parts[i];
        assert(p->T >= 1 && p->T <= g->T - q->T);
        TRY(kv_reserve(p->kv, p->T, e));
        memcpy(g->ids + q->T, p->ids, p->T * sizeof *p->ids);
        q->T += p->T;
        q->wanted += p->logits != NULL;
    }
    return OK;
}

enum err graph_forward(struct graph *g, const struct part *parts, size_t n, int K,
                       const struct graph_probe *probe, struct errinfo *e)
{
    const struct model *m = g->m;
    struct request q = {.parts = parts, .n = n, .K = K, .probe = probe};
    assert(n >= 1 && n <= g->n && n <= PARTS_MOST && (n == 1 || !probe) && K <= m->K_most);
    TRY(gather(g, &q, e));
    m->b->embed(m->d, g->x, m->weights.embed, g->ids, q.T);
    show_hidden(g, probe, 0, parts->kv->n, q.T, g->x, NULL);
    if (m->b->pass_begin && !probe)
        TRY(replay(g, &q, e));
    else
        TRY(compute(g, &q, e));
    fetch_all(g, parts, n);
    TRY(m->b->sync(m->d, e));
    for (size_t i = 0; i < n; i++) kv_advance(parts[i].kv, parts[i].T);
    return OK;
}
