/* decoder.h: the state of one reply being decoded: what is said, what the session still has to be
 * told, where to go back to.  generate.c walks the schema, decode_value.c fills in the values.
 *
 *   session   ...prompt | tokens computed ]
 *   pending                               [ tokens decided, not computed yet: one forward pass
 *   json      the reply so far, always ahead of the session by exactly the pending tokens
 *
 * stop: nothing more is computed; what follows closes the reply in the shortest valid way. */
#ifndef ENGINE_DECODER_H
#define ENGINE_DECODER_H

#include "engine/generate.h"
#include "engine/grammar_text.h"
#include "engine/tokenizer.h"

struct piece { /* a run of structure, tokenised on its own */
    struct str text;
    const int32_t *ids;
    size_t n;
};

struct decoder {
    struct session *s;
    const struct tokenizer *t;
    const struct generate_options *o;
    struct arena *a;
    struct errinfo *e;
    struct buf json;
    size_t emitted; /* bytes of json given to o->emit */
    struct tokens pending;
    size_t start, budget; /* session length at the beginning; most tokens after it */
    bool stop, interrupted;
    size_t sampled, forced;
    struct value *values;
    size_t n_values, cap_values;
    struct text_tokens tokens;
    int32_t *ids;          /* [V + 1] what may come next */
    uint32_t *seen, stamp; /* [V] see grammar_quote_allowed */
    void *scratch;         /* for the sampler */
    struct rng rng;
    struct tokens text; /* of the TEXT value at hand, and where each ends in its bytes */
    size_t *ends, cap_ends;
};

/* A place to come back to. */
struct mark {
    size_t json, length, n_values;
};

void decoder_init(struct decoder *d, struct session *s, const struct tokenizer *t,
                  const struct generate_options *o, struct arena *a, struct errinfo *e);
void decoder_free(struct decoder *d); /* what is not in the arena */

struct piece decoder_piece(struct decoder *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Tokens decided so far, prompt included. */
size_t decoder_length(const struct decoder *d);
/* True while tokens may still be computed: sets stop when the budget is spent or the user
 * interrupted. */
bool decoder_alive(struct decoder *d);
/* The user wants it to end: nothing more is computed. */
void decoder_interrupt(struct decoder *d);
/* Appends tokens that need no logits. */
void decoder_force(struct decoder *d, struct piece p);
/* Computes what is pending; afterwards *logits are those of the next token.  An interruption is no
 * error here: it sets stop, and *logits is NULL. */
enum err decoder_logits(struct decoder *d, const float **logits);

/* Which of n > 0 pieces follows: the one whose first differing token scores higher; forced when
 * there is one.  After stop it is pieces[fallback].  *logp: of the first difference, renormalised
 * over the pieces; 0 without one. */
enum err decoder_decide(struct decoder *d, const struct piece *pieces, size_t n, size_t fallback,
                        size_t *chosen, double *logp);

struct mark decoder_mark(const struct decoder *d);
/* Forgets everything after the mark. */
void decoder_return(struct decoder *d, struct mark m);

/* The next value, to be filled in; valid until the next call. */
struct value *decoder_value(struct decoder *d, const struct schema_member *m,
                            const struct schema_value *v, size_t item);
/* Gives the reply so far to the caller's emit. */
void decoder_emit(struct decoder *d);

/* log(sum(exp(logits[ids]))) over n ids and `also` (-1: none). */
double decoder_log_sum(const float *logits, const int32_t *ids, size_t n, int32_t also);

#endif
