#include "engine/graph.h"

#include <assert.h>

#include "base/mem.h"
#include "base/sys.h"

/* ------------------------------------------------------------------ working memory */

/* Attention and feed-forward never run at once: their buffers share one place. */
static size_t lay_out(struct graph *g, const struct model *m, size_t T, char *base)
{
    const struct config *c = &m->config;
    struct scratch s = {base, 0};
    size_t D = (size_t)c->D, f = sizeof(float);
    g->x = scratch_take(&s, T, D, f);
    g->r = scratch_take(&s, T, D, f);
    g->norm = scratch_take(&s, T, D, f);
    g->sel = scratch_take(&s, T, (size_t)m->K_most, sizeof(int32_t));
    g->logits = scratch_take(&s, 1, (size_t)c->V, f);
    struct scratch attn = s, ffn = s;
    attn_buffers_init(&g->attn, m, T, &attn);
    ffn_buffers_init(&g->ffn, c, T, &ffn);
    return attn.used > ffn.used ? attn.used : ffn.used;
}

size_t graph_bytes(const struct model *m, size_t T)
{
    struct graph measured;
    return lay_out(&measured, m, T, NULL);
}

enum err graph_reserve(struct graph *g, const struct model *m, size_t T, struct errinfo *e)
{
    if (T <= g->T) return OK;
    struct graph fresh = {.m = m, .T = T};
    fresh.bytes = lay_out(&fresh, m, T, NULL);
    fresh.memory = m->b->alloc(m->d, fresh.bytes);
    if (!fresh.memory)
        return err_set(e, E_LIMIT, "no memory to read %zu tokens at once (%zu MB)", T,
                       fresh.bytes >> 20);
    lay_out(&fresh, m, T, fresh.memory);
    graph_free(g);
    *g = fresh;
    return OK;
}

void graph_free(struct graph *g)
{
    if (g->memory) g->m->b->release(g->m->d, g->memory, g->bytes);
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

/* Scores of one row, left in g->logits. */
static void head(const struct graph *g, size_t row)
{
    const struct model *m = g->m;
    size_t D = (size_t)m->config.D, V = (size_t)m->config.V;
    m->b->linear(m->d, &(struct linear_args){.w = m->weights.head, .x = g->norm + row * D,
                                             .y = g->logits, .T = 1, .ldx = D, .ldy = V});
}

static void fetch_logits(const struct graph *g, float *logits)
{
    const struct model *m = g->m;
    m->b->download(m->d, logits, g->logits, (size_t)m->config.V * sizeof *logits);
}

static void show_logits(const struct graph *g, const struct graph_probe *probe, size_t pos0,
                        size_t T)
{
    if (!probe || !probe->logits) return;
    float *row = mem_alloc((size_t)g->m->config.V, sizeof *row);
    for (size_t t = 0; t < T; t++) {
        if (!probe->wants(probe->ctx, pos0 + t)) continue;
        head(g, t);
        fetch_logits(g, row);
        probe->logits(probe->ctx, pos0 + t, row);
    }
    mem_free(row);
}

/* Last norm and head.  Without a probe only the last row is of use. */
static void finish(const struct graph *g, size_t pos0, size_t T, bool logits,
                   const struct graph_probe *probe)
{
    const struct model *m = g->m;
    size_t D = (size_t)m->config.D, first = probe ? 0 : T - 1;
    if (!logits && !probe) return;
    m->b->rmsnorm(m->d, g->norm + first * D, D, g->x + first * D, D, g->r + first * D,
                  m->weights.norm, T - first, m->config.D, m->config.rms_eps);
    show_hidden(g, probe, m->config.L, pos0, T, g->norm, NULL);
    show_logits(g, probe, pos0, T);
    if (logits) head(g, T - 1);
}

/* store_only: nothing reads what the layer computes, only what it leaves in the cache. */
static void layer(struct graph *g, const struct kv *kv, int i, const struct pass *p, bool store_only,
                  const struct graph_probe *probe)
{
    const struct model *m = g->m;
    const struct layer_weights *l = &m->weights.layers[i];
    size_t D = (size_t)m->config.D, T = p->T;
    m->b->rmsnorm(m->d, g->norm, D, g->x, D, i ? g->r : NULL, l->in_norm, T, m->config.D,
                  m->config.rms_eps);
    attn_forward(&(struct attn_args){.m = m, .kv = kv, .b = &g->attn, .probe = probe, .x = g->norm,
                                     .y = g->r, .sel = g->sel, .T = T, .pos0 = p->pos0, .K = p->K,
                                     .layer = i, .store_only = store_only});
    if (store_only) return;
    m->b->rmsnorm(m->d, g->norm, D, g->x, D, g->r, l->post_norm, T, m->config.D,
                  m->config.rms_eps);
    ffn_forward(m, i, &g->ffn, g->norm, g->r, T);
}

/* Everything behind the embedding. */
static enum err compute(struct graph *g, const struct kv *kv, const struct pass *p,
                        const struct graph_probe *probe, struct errinfo *e)
{
    int last = g->m->config.L - 1;
    for (int i = 0; i <= last; i++) {
        if (sys_interrupted()) return err_set(e, E_INTR, "interrupted");
        layer(g, kv, i, p, i == last && !p->logits && !probe, probe);
        if (i < last) show_hidden(g, probe, i + 1, p->pos0, p->T, g->x, g->r);
    }
    finish(g, p->pos0, p->T, p->logits, probe);
    return OK;
}

/* The same, played back where the device has it. */
static enum err replay(struct graph *g, const struct kv *kv, const struct pass *p,
                       struct errinfo *e)
{
    const struct backend *b = g->m->b;
    if (b->pass_begin(g->m->d, p)) return OK;
    enum err r = compute(g, kv, p, NULL, e);
    bool computed = b->pass_end(g->m->d, !r);
    return r || computed ? r : compute(g, kv, p, NULL, e);
}

enum err graph_forward(struct graph *g, struct kv *kv, const int32_t *ids, size_t T, int K,
                       float *logits, const struct graph_probe *probe, struct errinfo *e)
{
    const struct model *m = g->m;
    assert(T >= 1 && T <= g->T && K <= m->K_most);
    TRY(kv_reserve(kv, T, e));
    struct pass p = {.kv = kv_view(kv, 0), .memory = g->memory, .bytes = g->bytes, .T = T,
                     .pos0 = kv->n, .K = K, .logits = logits != NULL};
    m->b->embed(m->d, g->x, m->weights.embed, ids, T);
    show_hidden(g, probe, 0, kv->n, T, g->x, NULL);
    if (m->b->pass_begin && !probe)
        TRY(replay(g, kv, &p, e));
    else
        TRY(compute(g, kv, &p, probe, e));
    if (logits) fetch_logits(g, logits);
    TRY(m->b->sync(m->d, e));
    kv_advance(kv, T);
    return OK;
}
