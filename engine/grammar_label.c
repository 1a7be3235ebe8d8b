#include "engine/grammar_label.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tokenizer.h"

#define END (-1) /* the branch that ends the label, in struct branch */

struct node {
    size_t lo, hi; /* entries that share the first `depth` tokens */
    size_t depth;
    double logp;   /* of those tokens */
    double bound;  /* logp + largest bias below */
    bool complete; /* the end was chosen too: entry lo is a candidate */
};

struct branch {
    struct node node;
    int32_t token; /* END or the token that leads there */
};

static int compare(const void *pa, const void *pb)
{
    const struct label_entry *a = pa, *b = pb;
    size_t n = a->n < b->n ? a->n : b->n;
    for (size_t i = 0; i < n; i++)
        if (a->ids[i] != b->ids[i]) return a->ids[i] < b->ids[i] ? -1 : 1;
    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    return a->choice < b->choice ? -1 : a->choice > b->choice;
}

static bool same(const struct label_entry *a, const struct label_entry *b)
{
    return a->n == b->n && memcmp(a->ids, b->ids, a->n * sizeof *a->ids) == 0;
}

void grammar_label_init(struct labels *l, struct arena *a, const struct tokenizer *t,
                        const struct choice *choices, size_t n, const char *follow)
{
    struct tokens ids = {0};
    *l = (struct labels){.v = NEW(a, struct label_entry, n), .entry_of = NEW(a, size_t, n)};
    tokenizer_encode_text(t, follow, strlen(follow), &ids);
    l->end = ids.n ? ids.v[0] : END;
    for (size_t i = 0; i < n; i++) {
        char text[24];
        int len = snprintf(text, sizeof text, "%d", choices[i].label);
        ids.n = 0;
        tokenizer_encode_text(t, text, (size_t)len, &ids);
        int32_t *copy = NEW(a, int32_t, ids.n);
        if (ids.n) memcpy(copy, ids.v, ids.n * sizeof *copy);
        l->v[i] = (struct label_entry){copy, ids.n, i, choices[i].bias};
        l->entry_of[i] = SIZE_MAX;
    }
    tokens_free(&ids);
    if (n) qsort(l->v, n, sizeof *l->v, compare);
    for (size_t i = 0; i < n; i++)
        if (!l->n || !same(&l->v[l->n - 1], &l->v[i])) l->v[l->n++] = l->v[i];
    for (size_t i = 0; i < l->n; i++) l->entry_of[l->v[i].choice] = i;
}

/* ------------------------------------------------------------------ branches of a node */

static double largest_bias(const struct labels *l, size_t lo, size_t hi)
{
    double top = -INFINITY;
    for (size_t i = lo; i < hi; i++)
        if (l->v[i].bias > top) top = l->v[i].bias;
    return top;
}

/* The branches of a node, without probabilities; room for one more than it has entries. */
static size_t branches(const struct labels *l, const struct node *at, struct branch *out)
{
    size_t n = 0, i = at->lo;
    if (i < at->hi && l->v[i].n == at->depth) {
        out[n++] = (struct branch){{i, i + 1, at->depth, at->logp, 0, true}, END};
        i++;
    }
    while (i < at->hi) {
        int32_t token = l->v[i].ids[at->depth];
        size_t j = i + 1;
        while (j < at->hi && l->v[j].ids[at->depth] == token) j++;
        out[n++] = (struct branch){{i, j, at->depth + 1, at->logp, 0, false}, token};
        i = j;
    }
    return n;
}

/* Adds each branch's share of the probability, renormalised over the branches. */
static void weigh(const struct labels *l, struct branch *b, size_t n, const float *logits)
{
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t id = b[i].token == END ? l->end : b[i].token;
        b[i].node.bound = (double)logits[id];
        if (b[i].node.bound > top) top = b[i].node.bound;
    }
    for (size_t i = 0; i < n; i++) sum += exp(b[i].node.bound - top);
    for (size_t i = 0; i < n; i++) b[i].node.logp += b[i].node.bound - top - log(sum);
}

/* Brings the session to the tokens of a node: it stands *done tokens into entry `held`. */
static enum err go_to(const struct labels *l, const struct node *to, struct session *s, size_t base,
                      size_t *held, size_t *done, struct errinfo *e)
{
    const int32_t *want = l->v[to->lo].ids, *have = l->v[*held].ids;
    size_t same = 0;
    while (same < *done && same < to->depth && want[same] == have[same]) same++;
    /* Logits belong to the last token: when that stands already it is computed again. */
    if (same == to->depth && same > 0) same--;
    *held = to->lo;
    *done = same;
    session_rewind(s, base + same);
    if (to->depth == same) return OK;
    TRY(session_append(s, want + same, to->depth - same, e));
    *done = to->depth;
    return OK;
}

/* ------------------------------------------------------------------ search */

struct search {
    const struct labels *l;
    struct session *s;
    size_t base, held, done;
    struct node *open; /* nodes to look at, unordered */
    size_t n_open;
    struct branch *room;
};

static struct node take_best(struct search *q)
{
    size_t best = 0;
    for (size_t i = 1; i < q->n_open; i++) {
        const struct node *a = &q->open[i], *b = &q->open[best];
        if (a->bound > b->bound || (a->bound == b->bound && a->lo < b->lo)) best = i;
    }
    struct node n = q->open[best];
    q->open[best] = q->open[--q->n_open];
    return n;
}

/* Replaces a node by its branches.  One branch alone has probability 1 and needs no logits. */
static enum err expand(struct search *q, struct node at, struct errinfo *e)
{
    size_t n = branches(q->l, &at, q->room);
    if (n > 1) {
        if (at.depth) TRY(go_to(q->l, &at, q->s, q->base, &q->held, &q->done, e));
        weigh(q->l, q->room, n, session_logits(q->s));
    }
    for (size_t i = 0; i < n; i++) {
        struct node *b = &q->room[i].node;
        double bias = largest_bias(q->l, b->lo, b->hi);
        if (bias == -INFINITY) continue;
        b->bound = b->logp + bias;
        if (isnan(b->bound)) b->bound = b->logp = -INFINITY;
        q->open[q->n_open++] = *b;
    }
    return OK;
}

enum err grammar_label_search(const struct labels *l, struct arena *a, struct session *s,
                              size_t *best, double *logp, size_t *done, struct errinfo *e)
{
    /* Each node is split into disjoint ranges, and each entry adds at most its end. */
    struct search q = {.l = l, .s = s, .base = session_length(s)};
    *best = SIZE_MAX;
    *done = 0;
    if (!l->n || largest_bias(l, 0, l->n) == -INFINITY) return OK;
    q.open = NEW(a, struct node, 2 * l->n + 2);
    q.room = NEW(a, struct branch, l->n + 1);
    q.open[q.n_open++] = (struct node){0, l->n, 0, 0, INFINITY, false};
    struct node at = {0};
    while (q.n_open) {
        at = take_best(&q);
        if (at.complete) break;
        TRY(expand(&q, at, e));
    }
    const int32_t *want = l->v[at.lo].ids, *have = l->v[q.held].ids;
    while (*done < q.done && *done < l->v[at.lo].n && want[*done] == have[*done]) ++*done;
    session_rewind(s, q.base + *done);
    *best = at.lo;
    *logp = at.logp;
    return OK;
}

/* Depth first over the whole trie. */
static enum err walk(struct search *q, struct arena *a, struct node at, double *logp,
                     struct errinfo *e)
{
    struct branch *b = NEW(a, struct branch, at.hi - at.lo + 1);
    size_t n = branches(q->l, &at, b);
    if (n > 1) {
        if (at.depth) TRY(go_to(q->l, &at, q->s, q->base, &q->held, &q->done, e));
        weigh(q->l, b, n, session_logits(q->s));
    }
    for (size_t i = 0; i < n; i++) {
        if (b[i].node.complete)
            logp[q->l->v[b[i].node.lo].choice] = b[i].node.logp;
        else
            TRY(walk(q, a, b[i].node, logp, e));
    }
    return OK;
}

enum err grammar_label_all(const struct labels *l, struct arena *a, struct session *s, double *logp,
                           struct errinfo *e)
{
    struct search q = {.l = l, .s = s, .base = session_length(s)};
    for (size_t i = 0; i < l->n; i++) logp[l->v[i].choice] = -INFINITY;
    if (!l->n) return OK;
    TRY(walk(&q, a, (struct node){0, l->n, 0, 0, 0, false}, logp, e));
    if (!q.base) return OK;
    int32_t last = session_tokens(s)[q.base - 1]; /* its logits again */
    session_rewind(s, q.base - 1);
    return session_append(s, &last, 1, e);
}
