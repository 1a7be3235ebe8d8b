#include "engine/ffn.h"

/* The widest feed-forward of any layer. */
static size_t widest(const struct config *c)
{
    size_t shared = (size_t)c->F_moe * (size_t)c->E_shared, dense = (size_t)c->F;
    return shared > dense ? shared : dense;
}

void ffn_buffers_init(struct ffn_buffers *b, const struct config *c, size_t T, struct scratch *s)
{
    b->g = scratch_take(s, T, widest(c), sizeof(float));
    b->u = scratch_take(s, T, widest(c), sizeof(float));
    b->expert = scratch_take(s, T, (size_t)c->A, sizeof(int32_t));
    b->gate = scratch_take(s, T, (size_t)c->A, sizeof(float));
}

/* y = down(silu(gate x) * up x) */
static void swiglu(const struct model *m, const struct layer_weights *l, struct ffn_buffers *b,
                   const float *x, float *y, size_t T, size_t F)
{
    size_t D = (size_t)m->config.D;
    model_side(m, 1);
    m->b->linear(m->d, &(struct linear_args){.w = l->up, .x = x, .y = b->u, .T = T, .ldx = D,
                                             .ldy = F});
    model_side(m, 0);
    m->b->linear(m->d, &(struct linear_args){.w = l->gate, .x = x, .y = b->g, .T = T, .ldx = D,
                                             .ldy = F});
    model_join(m, 1);
    m->b->swiglu(m->d, b->g, b->g, b->u, T * F);
    m->b->linear(m->d, &(struct linear_args){.w = l->down, .x = b->g, .y = y, .T = T, .ldx = F,
                                             .ldy = D});
}

void ffn_forward(const struct model *m, int layer, struct ffn_buffers *b, const float *x, float *y,
                 size_t T)
{
    const struct config *c = &m->config;
    const struct layer_weights *l = &m->weights.layers[layer];
    if (!c->moe[layer]) {
        swiglu(m, l, b, x, y, T, (size_t)c->F);
        return;
    }
    model_side(m, 2); /* beside the shared experts */
    m->b->route(m->d, &(struct route_args){.x = x, .w = l->router, .bias = l->router_bias,
                                           .expert = b->expert, .gate = b->gate, .T = T,
                                           .D = c->D, .E = c->E, .A = c->A,
                                           .n_group = c->n_group, .topk_group = c->topk_group,
                                           .norm = c->norm_topk_prob,
                                           .scaling = c->routed_scaling});
    model_side(m, 0);
    /* The shared experts' output is added unscaled: it is what the routed ones are added to. */
    swiglu(m, l, b, x, y, T, (size_t)c->F_moe * (size_t)c->E_shared);
    model_side(m, 2);
    m->b->experts(m->d, &(struct experts_args){.x = x, .gate_w = l->x_gate, .up_w = l->x_up,
                                               .down_w = l->x_down, .expert = b->expert,
                                               .gate = b->gate, .y = y, .T = T, .D = c->D,
                                               .F = c->F_moe, .E = c->E, .A = c->A});
    model_join(m, 2);
}
