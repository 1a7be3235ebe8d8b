/* graph.h: one forward pass, the same for every backend. */
#ifndef ENGINE_GRAPH_H
#define ENGINE_GRAPH_H

#include "base/par.h"
#include "engine/attn.h"
#include "engine/ffn.h"

/* Working memory for up to T tokens of up to n sequences a pass. */
struct graph {
    const struct model *m;
    void *memory;      /* of the device */
    size_t bytes, T, n;
    float *x;          /* [T, D]: the residual stream */
    float *r;          /* [T, D]: what the last half layer adds to it */
    float *norm;       /* [T, D] */
    int32_t *sel;      /* [T, K]: rows chosen by the last layer that selected; room for K = model's K_most */
    float *last;       /* [n, D]: rows whose logits are wanted, normalised */
    float *logits;     /* [n, V]: theirs */
    int32_t *ids;      /* [T], host */
    struct par *crew;  /* threads of the host for what is done to each row of logits; NULL: none */
    struct attn_buffers attn;
    struct ffn_buffers ffn;
};

/* Tests look into a pass of one part.  Each call may be NULL; arrays are host memory, valid during the call. */
struct graph_probe {
    void *ctx;
    /* State after `layer` layers: 0 the embedding, L after the last norm.  [T, D]. */
    void (*hidden)(void *ctx, int layer, size_t pos0, size_t T, const float *x);
    /* Of a layer that selects: q [T, J, C], w [T, J], sel [T, K]; its keys are in the kv.  What it
     * writes into sel is what the pass goes on with. */
    void (*select)(void *ctx, int layer, size_t pos0, size_t T, const struct kv *kv,
                   const float *q, const float *w, int32_t *sel);
    /* Logits of one position, [V], for each position that `wants` them. */
    bool (*wants)(void *ctx, size_t pos);
    void (*logits)(void *ctx, size_t pos, const float *row);
};

/* Bytes that a graph of T tokens of n sequences takes. */
size_t graph_bytes(const struct model *m, size_t T, size_t n);
/* The graph grows to T tokens and n sequences, without room for both sizes at once; E_LIMIT leaves it as
 * it was, or empty.  Zero-initialise it before. */
enum err graph_reserve(struct graph *g, const struct model *m, size_t T, size_t n,
                       struct errinfo *e);
void graph_free(struct graph *g);
/* body for rows 0 .. n-1, by the crew; NULL: by the caller. */
void graph_each(struct par *crew, size_t n, par_body *body, void *ctx);

/* Appends the tokens of n parts (1 .. g->n, of different kv; at most g->T tokens in all) to their kv;
 * each attends to K of those before it (at most the model's K_most).  E_INTR between layers, E_LIMIT
 * memory, E_DEVICE: every kv then holds what it held.  A token's results do not depend on how tokens
 * are grouped, nor on the other parts.  The weights are read once for all. */
enum err graph_forward(struct graph *g, const struct part *parts, size_t n, int K,
                       const struct graph_probe *probe, struct errinfo *e);

#endif
