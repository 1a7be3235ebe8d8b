/* grammar_label.h: which of the labels shown, exactly and without trying all.
 *
 * Labels are token sequences; sorted, they are a trie whose nodes are ranges:
 *
 *     1  1 2  1 3  2        root [0,4)  -- "1" --> [0,3)  -- end --> 1
 *                                                         -- "2" --> 1 2
 *                           a step's log-probability is renormalised over the branches of its node,
 *                           "end" standing for the first token of the piece that follows
 *
 * The search takes the node with the highest bound first (log-probability so far plus the largest
 * bias below it), so a reply over a thousand labels costs a handful of forward passes. */
#ifndef ENGINE_GRAMMAR_LABEL_H
#define ENGINE_GRAMMAR_LABEL_H

#include "base/mem.h"
#include "engine/generate.h"

struct label_entry {
    const int32_t *ids; /* tokens of the number */
    size_t n;
    size_t choice; /* index into the choices */
    double bias;   /* -INFINITY: counted, never chosen */
};

struct labels {
    struct label_entry *v; /* sorted by tokens */
    size_t n;
    int32_t end;      /* first token of the piece that follows */
    size_t *entry_of; /* [n choices] index into v, SIZE_MAX for a label that stands twice */
};

/* Tokenises the labels of the choices; `follow` is the piece after a label. */
void grammar_label_init(struct labels *l, struct arena *a, const struct tokenizer *t,
                        const struct choice *choices, size_t n, const char *follow);

/* The label with the highest log-probability + bias; equal: the first in token order.
 * The session's logits must be those after the piece before the label; afterwards the session is
 * some tokens of that label further, *done of them (its logits are no longer valid then unless
 * they belong to that place).  *best: index into l->v, SIZE_MAX when every bias is -INFINITY. */
enum err grammar_label_search(const struct labels *l, struct arena *a, struct session *s,
                              size_t *best, double *logp, size_t *done, struct errinfo *e);
/* Log-probability of every choice; -INFINITY for a label that stands twice.  State restored. */
enum err grammar_label_all(const struct labels *l, struct arena *a, struct session *s, double *logp,
                           struct errinfo *e);

#endif
