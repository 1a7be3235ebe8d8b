#include "engine/decoder.h"

#include <math.h>
#include <string.h>

#include "base/sys.h"

/* Tokens of the context left for closing a reply: no piece or run of pieces is longer. */
#define CLOSING 64

void decoder_init(struct decoder *d, struct session *s, const struct tokenizer *t,
                  const struct generate_options *o, struct arena *a, struct errinfo *e)
{
    size_t V = tokenizer_size(t), room = session_context(s);
    *d = (struct decoder){.s = s, .t = t, .o = o, .a = a, .e = e, .start = session_length(s)};
    room = room > d->start + CLOSING ? room - d->start - CLOSING : 0;
    d->budget = o->max_tokens && o->max_tokens < room ? o->max_tokens : room;
    d->ids = NEW(a, int32_t, V + 1);
    d->seen = NEW(a, uint32_t, V);
    d->scratch = mem_take(a, 1, sampler_scratch(V + 1));
    grammar_text_classify(&d->tokens, a, t);
    rng_seed(&d->rng, o->sampling.seed);
}

void decoder_free(struct decoder *d)
{
    buf_free(&d->json);
    tokens_free(&d->pending);
    tokens_free(&d->text);
    mem_free(d->ends);
}

struct piece decoder_piece(struct decoder *d, const char *fmt, ...)
{
    struct buf b = {0};
    struct tokens ids = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    tokenizer_encode_text(d->t, b.s, b.n, &ids);
    int32_t *copy = NEW(d->a, int32_t, ids.n);
    if (ids.n) memcpy(copy, ids.v, ids.n * sizeof *copy);
    struct piece p = {{mem_copy(d->a, b.s, b.n), b.n}, copy, ids.n};
    buf_free(&b);
    tokens_free(&ids);
    return p;
}

/* ------------------------------------------------------------------ going on */

size_t decoder_length(const struct decoder *d)
{
    return session_length(d->s) + d->pending.n;
}

void decoder_interrupt(struct decoder *d)
{
    d->stop = d->interrupted = true;
}

bool decoder_alive(struct decoder *d)
{
    if (sys_interrupted()) decoder_interrupt(d);
    if (decoder_length(d) - d->start >= d->budget) d->stop = true;
    return !d->stop;
}

static void take(struct decoder *d, const int32_t *ids, size_t n)
{
    tokens_append(&d->pending, ids, n);
    d->forced += n;
}

void decoder_force(struct decoder *d, struct piece p)
{
    take(d, p.ids, p.n);
    buf_add(&d->json, p.text.s, p.text.n);
}

enum err decoder_logits(struct decoder *d, const float **logits)
{
    *logits = NULL;
    if (!d->pending.n && !session_logits(d->s) && d->start) { /* the caller had rewound it */
        struct mark here = decoder_mark(d);
        int32_t last = session_tokens(d->s)[here.length - 1];
        session_rewind(d->s, here.length - 1);
        tokens_add(&d->pending, last);
    }
    if (d->pending.n) {
        enum err r = session_append(d->s, d->pending.v, d->pending.n, d->e);
        if (r == E_INTR) {
            decoder_interrupt(d);
            return OK;
        }
        if (r) return r;
        d->pending.n = 0;
    }
    *logits = session_logits(d->s);
    return OK;
}

/* The distinct tokens at position `at` of the pieces still possible; -1 for a piece that ended. */
static size_t next_tokens(const struct piece *p, const bool *out, size_t n, size_t at, int32_t *ids)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (out[i]) continue;
        int32_t id = at < p[i].n ? p[i].ids[at] : -1;
        size_t j = 0;
        while (j < found && ids[j] != id) j++;
        if (j == found) ids[found++] = id;
    }
    return found;
}

#define MAX_PIECES 8

enum err decoder_decide(struct decoder *d, const struct piece *pieces, size_t n, size_t fallback,
                        size_t *chosen, double *logp)
{
    bool out[MAX_PIECES] = {false}, first = true;
    int32_t ids[MAX_PIECES];
    size_t at = 0, left = n;
    *logp = 0;
    for (; left > 1; at++) {
        size_t kinds = next_tokens(pieces, out, n, at, ids);
        int32_t id = ids[0];
        if (kinds == 1 && id < 0) break; /* the same tokens twice: the first */
        if (kinds > 1) {
            const float *logits = NULL;
            bool ended = false; /* a piece that is the beginning of another cannot be scored */
            for (size_t i = 0; i < kinds; i++) ended |= ids[i] < 0;
            if (decoder_alive(d) && !ended) TRY(decoder_logits(d, &logits));
            if (!logits) break;
            id = sampler_argmax(logits, ids, kinds);
            if (first) *logp = logits[id] - decoder_log_sum(logits, ids, kinds, -1);
            first = false;
        }
        take(d, &id, 1);
        for (size_t i = 0; i < n; i++) {
            if (out[i] || (at < pieces[i].n && pieces[i].ids[at] == id)) continue;
            out[i] = true;
            left--;
        }
    }
    *chosen = 0;
    while (*chosen < n && out[*chosen]) ++*chosen;
    if (left > 1 && !out[fallback]) *chosen = fallback;
    const struct piece *p = &pieces[*chosen];
    if (at < p->n) take(d, p->ids + at, p->n - at);
    buf_add(&d->json, p->text.s, p->text.n);
    return OK;
}

double decoder_log_sum(const float *logits, const int32_t *ids, size_t n, int32_t also)
{
    float top = also >= 0 ? logits[also] : -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (logits[ids[i]] > top) top = logits[ids[i]];
    /* What lies 20 below the best adds 2e-9 of it: not worth its exponential. */
    for (size_t i = 0; i < n; i++)
        if (logits[ids[i]] > top - 20) sum += expf(logits[ids[i]] - top);
    if (also >= 0) sum += expf(logits[also] - top);
    return top + log(sum);
}

/* ------------------------------------------------------------------ going back */

struct mark decoder_mark(const struct decoder *d)
{
    return (struct mark){d->json.n, decoder_length(d), d->n_values};
}

void decoder_return(struct decoder *d, struct mark m)
{
    size_t n = session_length(d->s);
    if (m.length < n && m.length > 0) {
        int32_t last = session_tokens(d->s)[m.length - 1];
        session_rewind(d->s, m.length - 1);
        d->pending.n = 0;
        tokens_add(&d->pending, last); /* computed again when its logits are wanted */
    } else if (m.length - n < d->pending.n) {
        d->pending.n = m.length - n;
    }
    if (m.json < d->json.n) {
        d->json.n = m.json;
        d->json.s[m.json] = '\0';
    }
    d->n_values = m.n_values;
}

/* ------------------------------------------------------------------ results */

struct value *decoder_value(struct decoder *d, const struct schema_member *m,
                            const struct schema_value *v, size_t item)
{
    if (d->n_values == d->cap_values) {
        size_t cap = 2 * d->cap_values + 16;
        struct value *more = NEW(d->a, struct value, cap);
        if (d->n_values) memcpy(more, d->values, d->n_values * sizeof *more);
        d->values = more;
        d->cap_values = cap;
    }
    struct value *out = &d->values[d->n_values++];
    *out = (struct value){.field = v->field, .list = m->list, .item = item, .kind = v->kind};
    return out;
}

void decoder_emit(struct decoder *d)
{
    if (d->o->emit && d->json.n > d->emitted)
        d->o->emit(d->o->ctx, d->json.s + d->emitted, d->json.n - d->emitted);
    d->emitted = d->json.n;
}
