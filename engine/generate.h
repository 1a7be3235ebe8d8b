/* generate.h: a reply decoded under a grammar, so that it is always complete and valid.
 *
 *   - Structure costs nothing: where one continuation is possible its tokens are appended in one
 *     forward pass and not sampled.
 *   - A label is one of those shown.  Its score is the model's log-probability (digits and the
 *     first token of the piece that follows, each renormalised over what can come next among the
 *     labels shown) plus the label's bias; the best label is found exactly.
 *   - A quote is a run of the cited text: white space compared loosely in prose, one line in code.
 *   - Free text does not run in circles: a token that would complete a run of 8 tokens already in
 *     the value (or the third copy in a row of a shorter one) is not allowed, and a sentence that
 *     says again what stands there ends the value.
 *   - A value ends when the first token of the closing piece scores highest among what is allowed. */
#ifndef ENGINE_GENERATE_H
#define ENGINE_GENERATE_H

#include "engine/engine.h"
#include "engine/sampler.h"
#include "engine/schema.h"

/* A chunk that can be cited. */
struct choice {
    int label;
    struct str text;   /* the bytes that a quote must come from */
    bool one_line;     /* code: a quote stays within one line   */
    double bias;       /* added to the label's log-probability; 0 without a retrieval term */
};

/* One value of the reply, in order. */
struct value {
    const char *field, *list; /* from the schema; list NULL for a plain member */
    size_t item;              /* index in the list                             */
    enum value_kind kind;
    bool is_null, truncated;
    struct str text;          /* decoded from JSON                             */
    int label;                /* VALUE_LABEL; VALUE_QUOTE: the label quoted    */
    size_t q0, q1;            /* VALUE_QUOTE: bytes of the choice's text       */
    double logp;              /* sum over the value's tokens and its end       */
    double open_logp;         /* first value of a list item: log-probability of opening the item
                                 rather than closing the list, renormalised over the two         */
    double bias;              /* VALUE_LABEL: the chosen label's bias          */
};

struct generate_options {
    const struct schema *schema;
    const struct choice *choices;
    size_t n_choices;
    struct sampling sampling;     /* for TEXT values; labels, quotes and structure are greedy */
    size_t max_tokens;            /* of the whole reply; structure is always completed */
    size_t max_text_tokens;       /* of one TEXT value   */
    size_t max_quote_tokens;      /* of one QUOTE value  */
    /* Called with the JSON text as it grows; may be NULL. */
    void (*emit)(void *ctx, const char *s, size_t n);
    void *ctx;
};

struct generated {
    struct value *values;  /* memory of the arena given */
    size_t n_values;
    struct str json;       /* the whole reply */
    size_t tokens_sampled, tokens_forced;
    bool interrupted;      /* closed early; values decoded so far stand */
};

/* Decodes one reply from the session's present state (the prompt must have been synced).
 * E_INTR: *out holds the reply closed early.  The session then holds prompt and reply. */
enum err generate(struct session *s, const struct tokenizer *t, const struct generate_options *o,
                  struct arena *a, struct generated *out, struct errinfo *e);

/* Log-probability of every choice's label at the session's present state; `follow` is the piece
 * after the label (",\"quote\":\"").  logp [n_choices].  The state is restored.  Exact and slow
 * (one forward pass per distinct digit prefix): for tests and --stats. */
enum err generate_label_scores(struct session *s, const struct tokenizer *t,
                               const struct choice *choices, size_t n, const char *follow,
                               double *logp, struct errinfo *e);

#endif
