#include "engine/attn.h"

#include "base/mem.h"
#include "engine/graph.h"

#define LATENT_EPS 1e-6f /* of the latents' norms and the indexer's, whatever rms_norm_eps says */

void attn_buffers_init(struct attn_buffers *b, const struct model *m, size_t T, struct scratch *s)
{
    const struct config *c = &m->config;
    size_t f = sizeof(float), H = (size_t)c->H, row = (size_t)(c->R + c->P);
    b->qa = scratch_take(s, T, (size_t)c->Q, f);
    b->cq = scratch_take(s, T, (size_t)c->Q, f);
    b->q = scratch_take(s, T, H * (size_t)(c->N + c->P), f);
    b->u = scratch_take(s, T, row, f);
    b->latent = scratch_take(s, T, row, f);
    b->o = scratch_take(s, T, H * (size_t)c->W, f);
    if (m->attention == ATTEND_EXPANDED) {
        b->expanded = scratch_take(s, T, (size_t)config_expanded_width(c), f);
        return;
    }
    b->qabs = scratch_take(s, T, H * row, f);
    b->att = scratch_take(s, T, H * (size_t)c->R, f);
    if (m->attention != ATTEND_CHOSEN) return;
    b->iq = scratch_take(s, T, (size_t)(c->J * c->C), f);
    b->iw = scratch_take(s, T, (size_t)c->J, f);
    b->ik = scratch_take(s, T, (size_t)c->C, f);
    b->ik_n = scratch_take(s, T, (size_t)c->C, f);
}

/* y [T, out] = W x [T, in] */
static void project(const struct attn_args *a, const struct weight *w, const float *x, size_t in,
                    float *y, size_t out)
{
    a->m->b->linear(a->m->d, &(struct linear_args){.w = w, .x = x, .y = y, .T = a->T, .ldx = in,
                                                   .ldy = out});
}

static void rotate(const struct attn_args *a, float *x, size_t ld, int heads, size_t stride,
                   enum rope_pairing pairing)
{
    const struct model *m = a->m;
    struct rope_args part[PARTS_MOST];
    for (size_t i = 0; i < a->n; x += a->parts[i++].T * ld)
        part[i] = (struct rope_args){.x = x, .T = a->parts[i].T, .ld = ld, .stride = stride,
                                     .pos0 = a->parts[i].kv->n, .heads = heads, .P = m->config.P,
                                     .inv_freq = m->inv_freq, .amplitude = m->amplitude,
                                     .pairing = pairing};
    m->b->rope(m->d, part, a->n);
}

/* Rows of the new tokens into the cache. */
static void store_rows(const struct attn_args *a, const float *rows, int width, int split,
                       bool to_index)
{
    const struct model *m = a->m;
    struct kv_store_args part[PARTS_MOST];
    size_t ld = (size_t)width;
    for (size_t i = 0; i < a->n; rows += a->parts[i++].T * ld)
        part[i] = (struct kv_store_args){.kv = kv_view(a->parts[i].kv, a->layer), .rows = rows,
                                         .T = a->parts[i].T, .ld = ld, .pos0 = a->parts[i].kv->n,
                                         .width = width, .split = split, .to_index = to_index};
    m->b->kv_store(m->d, part, a->n);
}

/* latent = [normalised latent | rotated rope key]: what the absorbed form keeps of a token. */
static void make_latent(const struct attn_args *a, const struct layer_weights *l)
{
    const struct model *m = a->m;
    const struct config *c = &m->config;
    struct attn_buffers *b = a->b;
    size_t R = (size_t)c->R, row = (size_t)(c->R + c->P);
    project(a, l->kv_a, a->x, (size_t)c->D, b->u, row);
    m->b->rmsnorm(m->d, b->latent, row, b->u, row, NULL, l->kv_norm, a->T, c->R, LATENT_EPS);
    m->b->copy_rows(m->d, b->latent + R, row, b->u + R, row, a->T, c->P);
    rotate(a, b->latent + R, row, 1, row, ROPE_INTERLEAVED);
}

/* expanded[t] = [W_UK[h] latent | W_UV[h] latent for each head | rope key]. */
static void expand_latent(const struct attn_args *a, const struct layer_weights *l)
{
    const struct model *m = a->m;
    const struct config *c = &m->config;
    struct attn_buffers *b = a->b;
    size_t R = (size_t)c->R, row = (size_t)(c->R + c->P), width = (size_t)config_expanded_width(c);
    m->b->linear(m->d, &(struct linear_args){.w = l->kv_b, .x = b->latent, .y = b->expanded,
                                             .T = a->T, .ldx = row, .ldy = width});
    m->b->copy_rows(m->d, b->expanded + width - c->P, width, b->latent + R, row, a->T, c->P);
}

/* cq: the normalised latent of the queries. */
static void make_query_latent(const struct attn_args *a, const struct layer_weights *l)
{
    const struct model *m = a->m;
    size_t Q = (size_t)m->config.Q;
    struct attn_buffers *b = a->b;
    project(a, l->q_a, a->x, (size_t)m->config.D, b->qa, Q);
    m->b->rmsnorm(m->d, b->cq, Q, b->qa, Q, NULL, l->q_norm, a->T, m->config.Q, LATENT_EPS);
}

/* q [T, H, N+P], the rope part rotated; absorbed: qabs[t, h] = [W_UK[h]^T q_nope | q_rope], to meet latents. */
static void make_query(const struct attn_args *a, const struct layer_weights *l, bool absorbed)
{
    const struct model *m = a->m;
    const struct config *c = &m->config;
    struct attn_buffers *b = a->b;
    size_t Q = (size_t)c->Q, H = (size_t)c->H, N = (size_t)c->N, R = (size_t)c->R;
    size_t head = N + (size_t)c->P, row = R + (size_t)c->P;
    project(a, l->q_b, b->cq, Q, b->q, H * head);
    rotate(a, b->q + N, H * head, c->H, head, ROPE_INTERLEAVED);
    if (!absorbed) return;
    m->b->linear(m->d, &(struct linear_args){.w = l->uk, .x = b->q, .y = b->qabs, .T = a->T,
                                             .ldx = H * head, .ldy = H * row, .gx = head,
                                             .gy = row});
    m->b->copy_rows(m->d, b->qabs + R, row, b->q + N, head, a->T * H, c->P);
}

static void show_selection(const struct attn_args *a)
{
    const struct model *m = a->m;
    const struct config *c = &m->config;
    size_t n_q = a->T * (size_t)(c->J * c->C), n_w = a->T * (size_t)c->J;
    size_t n_sel = a->T * (size_t)a->K;
    float *q = mem_alloc(n_q, sizeof *q), *w = mem_alloc(n_w, sizeof *w);
    int32_t *sel = mem_alloc(n_sel, sizeof *sel);
    m->b->download(m->d, q, a->b->iq, n_q * sizeof *q);
    m->b->download(m->d, w, a->b->iw, n_w * sizeof *w);
    m->b->download(m->d, sel, a->sel, n_sel * sizeof *sel);
    const struct kv *kv = a->parts->kv;
    a->probe->select(a->probe->ctx, a->layer, kv->n, a->T, kv, q, w, sel);
    m->b->upload(m->d, a->sel, sel, n_sel * sizeof *sel);
    mem_free(q);
    mem_free(w);
    mem_free(sel);
}

static enum rope_pairing index_pairing(const struct config *c)
{
    return c->indexer_interleaved ? ROPE_INTERLEAVED : ROPE_HALVES;
}

/* The lightning indexer: query from the normalised query latent, key and head weights from the
 * normalised hidden state; [rope | nope] in each head. */
static void store_index_key(const struct attn_args *a, const struct layer_weights *l)
{
    const struct model *m = a->m;
    const struct config *c = &m->config;
    struct attn_buffers *b = a->b;
    size_t C = (size_t)c->C;
    project(a, l->ik, a->x, (size_t)c->D, b->ik, C);
    m->b->layernorm(m->d, b->ik_n, b->ik, l->ik_norm, l->ik_bias, a->T, c->C, LATENT_EPS);
    rotate(a, b->ik_n, C, 1, C, index_pairing(c));
    store_rows(a, b->ik_n, c->C, c->C, true);
}

/* The indexer's queries, from their latent. */
static void make_index_query(const struct attn_args *a, const struct layer_weights *l)
{
    const struct config *c = &a->m->config;
    size_t C = (size_t)c->C, J = (size_t)c->J;
    project(a, l->iq, a->b->cq, (size_t)c->Q, a->b->iq, J * C);
    rotate(a, a->b->iq, J * C, c->J, C, index_pairing(c));
}

static void make_index_weights(const struct attn_args *a, const struct layer_weights *l)
{
    const struct model *m = a->m;
    size_t J = (size_t)m->config.J;
    project(a, l->iw, a->x, (size_t)m->config.D, a->b->iw, J);
    m->b->scale(m->d, a->b->iw, m->index_scale, a->T * J);
}

static void index_parts(const struct attn_args *a, struct index_args *part)
{
    const struct model *m = a->m;
    const struct config *c = &m->config;
    for (size_t i = 0, row = 0; i < a->n; row += a->parts[i++].T)
        part[i] = (struct index_args){.kv = kv_view(a->parts[i].kv, a->layer),
                                      .q = a->b->iq + row * (size_t)(c->J * c->C),
                                      .w = a->b->iw + row * (size_t)c->J,
                                      .sel = a->sel + row * (size_t)a->K, .T = a->parts[i].T,
                                      .pos0 = a->parts[i].kv->n, .J = c->J, .C = c->C, .K = a->K};
}

static void mla_parts(const struct attn_args *a, const int32_t *sel, struct mla_args *part)
{
    const struct model *m = a->m;
    const struct config *c = &m->config;
    size_t H = (size_t)c->H, R = (size_t)c->R, P = (size_t)c->P;
    for (size_t i = 0, row = 0; i < a->n; row += a->parts[i++].T)
        part[i] = (struct mla_args){.kv = kv_view(a->parts[i].kv, a->layer),
                                    .q = a->b->qabs + row * H * (R + P),
                                    .sel = sel ? sel + row * (size_t)a->K : NULL,
                                    .out = a->b->att + row * H * R, .T = a->parts[i].T,
                                    .pos0 = a->parts[i].kv->n, .H = c->H, .R = c->R, .P = c->P,
                                    .K = a->K, .scale = m->softmax_scale};
}

/* Rows are chosen where the layer selects, else those of before are attended to, or all. */
static void choose_and_attend(const struct attn_args *a, bool selects)
{
    const struct backend *b = a->m->b;
    struct device *d = a->m->d;
    struct index_args index[PARTS_MOST];
    struct mla_args mla[PARTS_MOST];
    if (selects) {
        index_parts(a, index);
        b->index_select(d, index, a->n);
        if (a->probe && a->probe->select) show_selection(a);
    }
    mla_parts(a, a->m->attention == ATTEND_CHOSEN ? a->sel : NULL, mla);
    b->mla_attend(d, mla, a->n);
}

/* The mean of latents over the rows in sel, or over all, through W_UV. */
static void attend_absorbed(const struct attn_args *a, const struct layer_weights *l, bool selects)
{
    const struct model *m = a->m;
    const struct config *c = &m->config;
    struct attn_buffers *b = a->b;
    size_t H = (size_t)c->H, R = (size_t)c->R, W = (size_t)c->W;
    choose_and_attend(a, selects);
    m->b->linear(m->d, &(struct linear_args){.w = l->uv, .x = b->att, .y = b->o, .T = a->T,
                                             .ldx = H * R, .ldy = H * W, .gx = R, .gy = W});
}

static void attend_expanded(const struct attn_args *a)
{
    const struct model *m = a->m;
    const struct config *c = &m->config;
    struct mha_args part[PARTS_MOST];
    size_t H = (size_t)c->H;
    for (size_t i = 0, row = 0; i < a->n; row += a->parts[i++].T)
        part[i] = (struct mha_args){.kv = kv_view(a->parts[i].kv, a->layer),
                                    .q = a->b->q + row * H * (size_t)(c->N + c->P),
                                    .out = a->b->o + row * H * (size_t)c->W, .T = a->parts[i].T,
                                    .pos0 = a->parts[i].kv->n, .H = c->H, .N = c->N, .P = c->P,
                                    .W = c->W, .scale = m->softmax_scale};
    m->b->mha_attend(m->d, part, a->n);
}

/* All that comes from the latent of the queries. */
static void make_queries(const struct attn_args *a, const struct layer_weights *l, bool selects, bool absorbed)
{
    model_side(a->m, 0);
    make_query_latent(a, l);
    model_side(a->m, 3);
    if (selects) make_index_query(a, l);
    model_side(a->m, 0);
    make_query(a, l, absorbed);
    model_join(a->m, 3);
}

void attn_forward(const struct attn_args *a)
{
    const struct model *m = a->m;
    const struct config *c = &m->config;
    const struct layer_weights *l = &m->weights.layers[a->layer];
    struct attn_buffers *b = a->b;
    bool expanded = m->attention == ATTEND_EXPANDED;
    bool selects = c->full[a->layer] && m->attention == ATTEND_CHOSEN;
    model_side(a->m, 1);
    make_latent(a, l);
    if (expanded) expand_latent(a, l);
    store_rows(a, expanded ? b->expanded : b->latent,
               expanded ? config_expanded_width(c) : c->R + c->P, c->R, false);
    model_side(a->m, 2);
    if (selects) store_index_key(a, l);
    if (selects && !a->store_only) make_index_weights(a, l);
    if (!a->store_only) make_queries(a, l, selects, !expanded);
    model_join(a->m, 1);
    model_join(a->m, 2);
    if (a->store_only) return;
    if (expanded) attend_expanded(a);
    else attend_absorbed(a, l, selects);
    project(a, l->o, b->o, (size_t)(c->H * c->W), a->y, (size_t)c->D);
}
