#include "engine/weights.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

struct loader {
    struct weights *w;
    const struct safetensors *s;
    const struct config *c;
    enum attention attention;
    const char *dir;     /* for messages */
    struct arena *arena; /* until the matrix at hand is converted */
    struct errinfo *e;
};

/* ------------------------------------------------------------------ finding, checking */

static void add_shape(struct buf *b, const uint64_t *shape, int ndim)
{
    buf_addc(b, '[');
    for (int i = 0; i < ndim; i++) buf_addf(b, "%s%" PRIu64, i ? ", " : "", shape[i]);
    buf_addc(b, ']');
}

static enum err wrong_shape(const struct loader *k, const char *name, const struct tensor *t,
                            const uint64_t *want, int ndim)
{
    struct buf b = {0};
    add_shape(&b, t->shape, t->ndim);
    buf_addz(&b, ", config.json asks for ");
    add_shape(&b, want, ndim);
    enum err r = err_set(k->e, E_FORMAT, "%s: tensor '%s' is %s", k->dir, name, b.s);
    buf_free(&b);
    return r;
}

/* A checkpoint tensor of exactly this shape. */
static enum err find(const struct loader *k, const char *name, const uint64_t *shape, int ndim,
                     struct tensor *out)
{
    const struct tensor *t = safetensors_find(k->s, name);
    if (!t) return err_set(k->e, E_FORMAT, "%s: the weights lack tensor '%s'", k->dir, name);
    bool same = t->ndim == ndim;
    for (int i = 0; same && i < ndim; i++) same = t->shape[i] == shape[i];
    if (!same) return wrong_shape(k, name, t, shape, ndim);
    *out = *t;
    return OK;
}

/* Scales may lie at any byte of their file; a matrix wants them as aligned floats. */
static enum err attach_scale(const struct loader *k, const char *name, struct tensor *t)
{
    char scale_name[256];
    struct tensor scale;
    if (k->c->fp8_block == 0)
        return err_set(k->e, E_FORMAT,
                       "%s: tensor '%s' is FP8, but config.json has no 'quantization_config'",
                       k->dir, name);
    uint64_t b = (uint64_t)k->c->fp8_block;
    uint64_t shape[2] = {(t->shape[0] + b - 1) / b, (t->shape[1] + b - 1) / b};
    snprintf(scale_name, sizeof scale_name, "%s_scale_inv", name);
    TRY(find(k, scale_name, shape, 2, &scale));
    if (scale.type != DT_F32)
        return err_set(k->e, E_UNSUPPORTED, "%s: tensor '%s' is %s, expected F32", k->dir,
                       scale_name, dtype_name(scale.type));
    float *copy = mem_take(k->arena, scale.bytes / sizeof(float), sizeof(float));
    memcpy(copy, scale.data, scale.bytes);
    t->scale = copy;
    t->block = (uint32_t)b;
    return OK;
}

static enum err find_matrix(const struct loader *k, const char *name, uint64_t rows, uint64_t cols,
                            struct tensor *t)
{
    uint64_t shape[2] = {rows, cols};
    TRY(find(k, name, shape, 2, t));
    if (t->type == DT_F8_E4M3) return attach_scale(k, name, t);
    if (t->type == DT_F32 || t->type == DT_BF16 || t->type == DT_F16) return OK;
    return err_set(k->e, E_UNSUPPORTED, "%s: tensor '%s' is %s, expected FP8, BF16, F16 or F32",
                   k->dir, name, dtype_name(t->type));
}

/* ------------------------------------------------------------------ converting */

static enum err convert(struct loader *k, struct weight **out, const struct tensor *t, size_t G,
                        const uint64_t *row0, uint64_t rows, bool transposed, bool exact)
{
    struct weights *w = k->w;
    TRY(w->b->weight_new(w->d, out, t, G, row0, rows, transposed, exact, k->e));
    w->bytes += w->b->weight_bytes(*out);
    return OK;
}

/* [rows, cols] of tensor `name`; exact keeps f32. */
static enum err matrix(struct loader *k, const char *name, int rows, int cols, bool exact,
                       struct weight **out)
{
    struct tensor t;
    enum err r = find_matrix(k, name, (uint64_t)rows, (uint64_t)cols, &t);
    if (!r) r = convert(k, out, &t, 1, NULL, (uint64_t)rows, false, exact);
    if (!r) safetensors_release(k->s, &t);
    arena_reset(k->arena);
    return r;
}

/* Experts prefix.{0..E-1}.suffix stacked. */
static enum err experts(struct loader *k, const char *prefix, const char *suffix, int rows,
                        int cols, struct weight **out)
{
    size_t E = (size_t)k->c->E;
    struct tensor *t = NEW(k->arena, struct tensor, E);
    enum err r = OK;
    for (size_t i = 0; !r && i < E; i++) {
        char name[200];
        snprintf(name, sizeof name, "%s%zu.%s", prefix, i, suffix);
        r = find_matrix(k, name, (uint64_t)rows, (uint64_t)cols, &t[i]);
    }
    if (!r) r = convert(k, out, t, E, NULL, (uint64_t)rows, false, false);
    for (size_t i = 0; !r && i < E; i++) safetensors_release(k->s, &t[i]);
    arena_reset(k->arena);
    return r;
}

/* kv_b_proj holds per head N rows of W_UK and W rows of W_UV: two stacks of H matrices.  W_UK is
 * used from the other side, q~ = W_UK^T q, hence transposed. */
static enum err split_kv_b(struct loader *k, const char *name, struct layer_weights *l)
{
    const struct config *c = k->c;
    size_t H = (size_t)c->H;
    uint64_t per_head = (uint64_t)(c->N + c->W);
    struct tensor *t = NEW(k->arena, struct tensor, H);
    uint64_t *row0 = NEW(k->arena, uint64_t, H);
    enum err r = find_matrix(k, name, H * per_head, (uint64_t)c->R, &t[0]);
    for (size_t h = 0; h < H; h++) {
        t[h] = t[0];
        row0[h] = h * per_head;
    }
    if (!r) r = convert(k, &l->uk, t, H, row0, (uint64_t)c->N, true, false);
    for (size_t h = 0; h < H; h++) row0[h] += (uint64_t)c->N;
    if (!r) r = convert(k, &l->uv, t, H, row0, (uint64_t)c->W, false, false);
    if (!r) safetensors_release(k->s, &t[0]);
    arena_reset(k->arena);
    return r;
}

static void keep_vector(struct weights *w, float *p, size_t n)
{
    if (w->n_vectors == w->cap_vectors) {
        w->cap_vectors = w->cap_vectors ? 2 * w->cap_vectors : 64;
        w->vectors = mem_grow(w->vectors, w->cap_vectors, sizeof *w->vectors);
    }
    w->vectors[w->n_vectors++] = (struct vector){p, n};
    w->bytes += n * sizeof *p;
}

/* A vector of n as f32 in device memory. */
static enum err vector(struct loader *k, const char *name, int n, float **out)
{
    struct weights *w = k->w;
    struct tensor t;
    uint64_t shape = (uint64_t)n;
    TRY(find(k, name, &shape, 1, &t));
    if (t.type != DT_F32 && t.type != DT_BF16 && t.type != DT_F16)
        return err_set(k->e, E_UNSUPPORTED, "%s: tensor '%s' is %s, expected BF16, F16 or F32",
                       k->dir, name, dtype_name(t.type));
    float *host = NEW(k->arena, float, shape), *p = w->b->alloc(w->d, shape * sizeof *p);
    if (!p)
        return err_set(k->e, E_LIMIT, "%s: no memory for tensor '%s', %zu bytes", k->dir, name,
                       (size_t)shape * sizeof *p);
    keep_vector(w, p, shape);
    tensor_row_f32(&t, 0, host);
    w->b->upload(w->d, p, host, shape * sizeof *p);
    arena_reset(k->arena);
    *out = p;
    return OK;
}

/* ------------------------------------------------------------------ layers */

/* The full name of a layer's tensor, in buf. */
static const char *name_of(char buf[160], int layer, const char *name)
{
    snprintf(buf, 160, "model.layers.%d.%s", layer, name);
    return buf;
}

static enum err load_indexer(struct loader *k, int i, struct layer_weights *l)
{
    const struct config *c = k->c;
    char s[160];
    TRY(matrix(k, name_of(s, i, "self_attn.indexer.wq_b.weight"), c->J * c->C, c->Q, false,
               &l->iq));
    TRY(matrix(k, name_of(s, i, "self_attn.indexer.wk.weight"), c->C, c->D, false, &l->ik));
    TRY(vector(k, name_of(s, i, "self_attn.indexer.k_norm.weight"), c->C, &l->ik_norm));
    TRY(vector(k, name_of(s, i, "self_attn.indexer.k_norm.bias"), c->C, &l->ik_bias));
    return matrix(k, name_of(s, i, "self_attn.indexer.weights_proj.weight"), c->J, c->D, true,
                  &l->iw);
}

static enum err load_attention(struct loader *k, int i, struct layer_weights *l)
{
    const struct config *c = k->c;
    char s[160];
    TRY(vector(k, name_of(s, i, "input_layernorm.weight"), c->D, &l->in_norm));
    TRY(matrix(k, name_of(s, i, "self_attn.q_a_proj.weight"), c->Q, c->D, false, &l->q_a));
    TRY(vector(k, name_of(s, i, "self_attn.q_a_layernorm.weight"), c->Q, &l->q_norm));
    TRY(matrix(k, name_of(s, i, "self_attn.q_b_proj.weight"), c->H * (c->N + c->P), c->Q, false,
               &l->q_b));
    TRY(matrix(k, name_of(s, i, "self_attn.kv_a_proj_with_mqa.weight"), c->R + c->P, c->D, false,
               &l->kv_a));
    TRY(vector(k, name_of(s, i, "self_attn.kv_a_layernorm.weight"), c->R, &l->kv_norm));
    name_of(s, i, "self_attn.kv_b_proj.weight");
    if (k->attention == ATTEND_EXPANDED)
        TRY(matrix(k, s, c->H * (c->N + c->W), c->R, false, &l->kv_b));
    else
        TRY(split_kv_b(k, s, l));
    return matrix(k, name_of(s, i, "self_attn.o_proj.weight"), c->D, c->H * c->W, false, &l->o);
}

/* The three matrices of one SwiGLU of width F under `prefix`. */
static enum err load_mlp(struct loader *k, int i, const char *prefix, int F,
                         struct layer_weights *l)
{
    const struct config *c = k->c;
    char s[160], name[80];
    snprintf(name, sizeof name, "%sgate_proj.weight", prefix);
    TRY(matrix(k, name_of(s, i, name), F, c->D, false, &l->gate));
    snprintf(name, sizeof name, "%sup_proj.weight", prefix);
    TRY(matrix(k, name_of(s, i, name), F, c->D, false, &l->up));
    snprintf(name, sizeof name, "%sdown_proj.weight", prefix);
    return matrix(k, name_of(s, i, name), c->D, F, false, &l->down);
}

static enum err load_experts(struct loader *k, int i, struct layer_weights *l)
{
    const struct config *c = k->c;
    char s[160];
    TRY(matrix(k, name_of(s, i, "mlp.gate.weight"), c->E, c->D, true, &l->router));
    TRY(vector(k, name_of(s, i, "mlp.gate.e_score_correction_bias"), c->E, &l->router_bias));
    name_of(s, i, "mlp.experts.");
    TRY(experts(k, s, "gate_proj.weight", c->F_moe, c->D, &l->x_gate));
    TRY(experts(k, s, "up_proj.weight", c->F_moe, c->D, &l->x_up));
    TRY(experts(k, s, "down_proj.weight", c->D, c->F_moe, &l->x_down));
    return load_mlp(k, i, "mlp.shared_experts.", c->F_moe * c->E_shared, l);
}

static enum err load_layer(struct loader *k, int i)
{
    struct layer_weights *l = &k->w->layers[i];
    char s[160];
    if (sys_interrupted())
        return err_set(k->e, E_INTR, "%s: interrupted while loading layer %d", k->dir, i);
    TRY(load_attention(k, i, l));
    if (k->c->full[i] && k->attention == ATTEND_CHOSEN) TRY(load_indexer(k, i, l));
    TRY(vector(k, name_of(s, i, "post_attention_layernorm.weight"), k->c->D, &l->post_norm));
    return k->c->moe[i] ? load_experts(k, i, l) : load_mlp(k, i, "mlp.", k->c->F, l);
}

static enum err load_all(struct loader *k)
{
    const struct config *c = k->c;
    struct weights *w = k->w;
    TRY(matrix(k, "model.embed_tokens.weight", c->V, c->D, false, &w->embed));
    for (int i = 0; i < c->L; i++) TRY(load_layer(k, i));
    TRY(vector(k, "model.norm.weight", c->D, &w->norm));
    if (!c->tied) return matrix(k, "lm_head.weight", c->V, c->D, false, &w->head);
    w->head = w->embed;
    return OK;
}

enum err weights_load(struct weights *w, const struct safetensors *s, const struct config *c,
                      const struct backend *b, struct device *d, enum attention attention,
                      const char *dir, struct errinfo *e)
{
    struct loader k = {w, s, c, attention, dir, arena_new(), e};
    *w = (struct weights){.b = b, .d = d, .L = c->L};
    w->layers = mem_alloc((size_t)c->L, sizeof *w->layers);
    enum err r = load_all(&k);
    if (!r) r = b->sync(d, e);
    arena_free(k.arena);
    return r;
}

static void free_matrix(struct weights *w, struct weight *m)
{
    if (m) w->b->weight_free(w->d, m);
}

void weights_free(struct weights *w)
{
    for (int i = 0; w->layers && i < w->L; i++) {
        const struct layer_weights *l = &w->layers[i];
        struct weight *all[] = {l->q_a,  l->q_b, l->kv_a, l->uk,     l->uv,     l->kv_b, l->o,
                                l->iq,   l->ik,   l->iw,  l->gate, l->up,     l->down,   l->router,
                                l->x_gate, l->x_up, l->x_down};
        for (size_t j = 0; j < sizeof all / sizeof all[0]; j++) free_matrix(w, all[j]);
    }
    for (size_t i = 0; i < w->n_vectors; i++)
        w->b->release(w->d, w->vectors[i].p, w->vectors[i].n * sizeof *w->vectors[i].p);
    if (w->head != w->embed) free_matrix(w, w->head);
    free_matrix(w, w->embed);
    mem_free(w->vectors);
    mem_free(w->layers);
    *w = (struct weights){0};
}
