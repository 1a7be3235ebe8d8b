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

/* sm90_mla_prefill.cu */
struct sm90_mla_args {
    const uint16_t *q, *rows;
    const int32_t *sel;
    uint16_t *out;
    size_t T, pos0;
    int K;
    float scale_log2; /* softmax scale times log2(e) */
};
void sm90_mla_prefill(struct device *d, const struct sm90_mla_args *a);

#endif
