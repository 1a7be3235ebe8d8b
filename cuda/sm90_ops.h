/* sm90_ops.h: kernels for DeepSeek-V3.2's widths on Hopper.  Contracts stand in the files' heads. */
#ifndef CUDA_SM90_OPS_H
#define CUDA_SM90_OPS_H

#include "cuda/cuda.h"

/* sm90_index.cu */
struct sm90_index_args {
    const uint8_t *q, *keys;
    const float *w, *kscale;
    float *out;
    size_t T, pos0, ld;
};
void sm90_index_scores(struct device *d, const struct sm90_index_args *a);

#endif
