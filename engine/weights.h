/* weights.h: the tensors of a checkpoint, checked against config.json and handed to a backend. */
#ifndef ENGINE_WEIGHTS_H
#define ENGINE_WEIGHTS_H

#include "engine/backend.h"
#include "engine/config.h"
#include "engine/safetensors.h"

/* Vectors are f32 in device memory; what a layer does not have is NULL.  Letters: config.h. */
struct layer_weights {
    float *in_norm, *post_norm;    /* [D] */
    struct weight *q_a;            /* [Q, D] */
    struct weight *q_b;            /* [H (N+P), Q], a head's rows are [nope | rope] */
    struct weight *kv_a;           /* [R+P, D] */
    float *q_norm, *kv_norm;       /* [Q], [R] */
    struct weight *uk;             /* H groups of [R, N]: W_UK transposed, for absorbed queries */
    struct weight *uv;             /* H groups of [W, R] */
    struct weight *kv_b;           /* [H (N+W), R], a head's rows are [W_UK | W_UV]; instead of uk
                                      and uv where attention is expanded */
    struct weight *o;              /* [D, H W] */
    struct weight *iq, *ik;        /* indexer: [J C, Q], [C, D] */
    float *ik_norm, *ik_bias;      /* [C] */
    struct weight *iw;             /* [J, D], f32 */
    struct weight *gate, *up, *down;       /* dense, or all shared experts: [F, D] x2, [D, F] */
    struct weight *router;                 /* [E, D], f32 */
    float *router_bias;                    /* [E] */
    struct weight *x_gate, *x_up, *x_down; /* E groups of the same shapes with F_moe */
};

struct weights {
    const struct backend *b;
    struct device *d;
    struct weight *embed;          /* [V, D] */
    struct weight *head;           /* [V, D]; the embedding itself when tied */
    float *norm;                   /* [D] */
    struct layer_weights *layers;  /* [L] */
    int L;
    size_t bytes;                  /* in device memory */
    /* sizes of the vectors, to give them back */
    struct vector {
        float *p;
        size_t n;
    } *vectors;
    size_t n_vectors, cap_vectors;
};

/* Converts what `attention` needs; indexers only in layers that select, and with ATTEND_CHOSEN.
 * E_FORMAT: a tensor is missing or has another shape, named; E_UNSUPPORTED: another type; E_LIMIT
 * memory; E_INTR.  `dir` is what errors call the checkpoint.  Cost: reads each weight once.
 * Free with weights_free, also after a failure. */
enum err weights_load(struct weights *w, const struct safetensors *s, const struct config *c,
                      const struct backend *b, struct device *d, enum attention attention,
                      const char *dir, struct errinfo *e);
void weights_free(struct weights *w); /* zeroed is fine */

#endif
