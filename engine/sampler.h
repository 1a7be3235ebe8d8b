/* sampler.h: the next token from logits; a pure function of logits, options and the generator. */
#ifndef ENGINE_SAMPLER_H
#define ENGINE_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

struct sampling {
    float temperature;  /* 0: greedy */
    float top_p;        /* 0 or 1: off */
    float min_p;        /* 0: off */
    uint64_t seed;
};

struct rng {
    uint64_t state;
};
void rng_seed(struct rng *r, uint64_t seed);
double rng_uniform(struct rng *r); /* [0, 1) */

/* The id of the highest logit among ids[0, n) (ids NULL: among 0 .. n-1); equal logits: the lower
 * id.  n > 0. */
int32_t sampler_argmax(const float *logits, const int32_t *ids, size_t n);
/* Whether the V logits of a pass can be a model's: an infinity or NaN among them, or equal ones alone, cannot. */
enum soundness { SOUND, ALL_THE_SAME, NO_NUMBERS };
enum soundness sampler_soundness(const float *logits, size_t V);
/* Draws one of ids[0, n).  scratch: room for n floats and n int32, see sampler_scratch. */
int32_t sampler_pick(const float *logits, const int32_t *ids, size_t n, const struct sampling *o,
                     struct rng *r, void *scratch);
size_t sampler_scratch(size_t n); /* bytes */

#endif
