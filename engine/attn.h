/* attn.h: the attention half of a layer: MLA in its absorbed form over the rows that the lightning
 * indexer chose, or over all rows in either form (enum attention).  Source: DeepSeek-V3.2-Exp report, section 2. */
#ifndef ENGINE_ATTN_H
#define ENGINE_ATTN_H

#include "engine/model.h"
#include "engine/scratch.h"

struct graph_probe;

/* What one sequence brings to a pass: its next tokens, behind those that its kv holds.  The rows of
 * a pass are those of its parts, one part after the other. */
struct part {
    struct kv *kv;
    const int32_t *ids;  /* [T], below V */
    size_t T;            /* at least 1 */
    float *logits;       /* host, [V]: receives those of the last token; NULL: not wanted */
};

struct attn_buffers {
    float *qa, *cq;    /* [T, Q]: query latent before and after its norm */
    float *q;          /* [T, H (N+P)] */
    float *u, *latent; /* [T, R+P]: kv_a's output; the latent, normalised, and its rope key */
    float *qabs;       /* [T, H, R+P]: absorbed query and its rope part */
    float *att;        /* [T, H, R] */
    float *expanded;   /* [T, H (N+W) + P]: instead of qabs and att with ATTEND_EXPANDED */
    float *o;          /* [T, H W] */
    float *iq, *iw;    /* [T, J, C], [T, J] */
    float *ik, *ik_n;  /* [T, C]: before and after the norm */
};

/* Lays the buffers of T tokens out in s. */
void attn_buffers_init(struct attn_buffers *b, const struct model *m, size_t T, struct scratch *s);

struct attn_args {
    const struct model *m;
    const struct part *parts;      /* [n], T rows in all; their pages are reserved */
    size_t n;
    struct attn_buffers *b;
    const struct graph_probe *probe; /* may be NULL; else there is one part */
    const float *x;                /* [T, D], normalised */
    float *y;                      /* [T, D] */
    int32_t *sel;                  /* [T, K]: written by layers that select, read by the others */
    size_t T;
    int K;                         /* rows that a layer selects for a token */
    int layer;
    bool store_only;               /* only the cache is wanted: y and sel stay as they are */
};

/* Stores the tokens' rows of this layer in their kv; y = attention of x. */
void attn_forward(const struct attn_args *a);

#endif
