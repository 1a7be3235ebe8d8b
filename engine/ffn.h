/* ffn.h: the feed-forward half of a layer: one SwiGLU, or routed experts and shared ones. */
#ifndef ENGINE_FFN_H
#define ENGINE_FFN_H

#include "engine/model.h"
#include "engine/scratch.h"

struct ffn_buffers {
    float *g, *u;      /* [T, F], F the widest of the model */
    int32_t *expert;   /* [T, A] */
    float *gate;       /* [T, A] */
};

void ffn_buffers_init(struct ffn_buffers *b, const struct config *c, size_t T, struct scratch *s);

/* y [T, D] = feed-forward of x [T, D] in this layer. */
void ffn_forward(const struct model *m, int layer, struct ffn_buffers *b, const float *x, float *y,
                 size_t T);

#endif
