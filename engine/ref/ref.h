/* ref.h: inside of the reference backend: each operation of engine/backend.h in plain scalar f32,
 * as close to its comment there as C allows.  Slow on purpose: this is what fast backends are
 * compared with. */
#ifndef ENGINE_REF_REF_H
#define ENGINE_REF_REF_H

#include "engine/backend.h"

struct device {
    int threads;
    enum kv_type kv;
};

struct weight {
    size_t G, O, I;
    float *data; /* [G, O, I] */
};

/* sum of a[i] * b[i], from the left */
float ref_dot(const float *a, const float *b, size_t n);

#define REF_TOGETHER 8

/* out[k] = ref_dot(a, b[k], n) for k < count <= REF_TOGETHER, to the bit.  Eight sums go side by side: one alone
 * waits for each of its additions, which made reading with this backend three times slower. */
void ref_dots(float *out, const float *a, const float *const *b, size_t count, size_t n);

/* Turns n logits into weights that sum to 1. */
void ref_softmax(float *x, size_t n);

/* A block of rows that begins at `offset` in each page; `split` elements are the first part. */
struct ref_rows {
    size_t offset;
    enum kv_type type;
    int width, split;
};

/* Row `pos`: the row itself or, where it must be converted, `copy` [width] filled with it. */
const float *ref_kv_row(const struct kv_view *kv, const struct ref_rows *r, size_t pos,
                        float *copy);

/* linear.c */
enum err ref_weight_new(struct device *d, struct weight **out, const struct tensor *t, size_t G,
                        const uint64_t *row0, uint64_t rows, bool transposed, bool exact,
                        struct errinfo *e);
void ref_weight_free(struct device *d, struct weight *w);
size_t ref_weight_bytes(const struct weight *w);
void ref_embed(struct device *d, float *x, const struct weight *table, const int32_t *ids,
               size_t T);
void ref_linear(struct device *d, const struct linear_args *a);
/* norm.c */
void ref_rmsnorm(struct device *d, float *y, size_t ldy, float *x, size_t ldx, const float *r,
                 const float *w, size_t T, int n, float eps);
void ref_layernorm(struct device *d, float *y, const float *x, const float *w, const float *b,
                   size_t T, int n, float eps);
void ref_rope(struct device *d, const struct rope_args *a, size_t n);
/* kv.c */
void ref_kv_store(struct device *d, const struct kv_store_args *a, size_t n);
/* indexer.c, mla.c, moe.c */
void ref_index_select(struct device *d, const struct index_args *a, size_t n);
void ref_mla_attend(struct device *d, const struct mla_args *a, size_t n);
void ref_mha_attend(struct device *d, const struct mha_args *a, size_t n);
void ref_swiglu(struct device *d, float *h, const float *g, const float *u, size_t n);
void ref_route(struct device *d, const struct route_args *a);
void ref_experts(struct device *d, const struct experts_args *a);

#endif
