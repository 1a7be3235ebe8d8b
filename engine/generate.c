#include "engine/generate.h"

#include <math.h>
#include <string.h>

#include "engine/decode_value.h"

/* A list closes for good when no label is left, so these bound what a schema without maxItems and a
 * caller without limits can grow to. */
#define MAX_ITEMS 64
#define MAX_HEADS 2

/* The pieces that lead to member i after `tail`, which closes what stands before: one, or two where
 * null may stand instead of a string (then the null piece is the second). */
struct heads {
    struct piece p[MAX_HEADS];
    size_t n;
};

static struct heads heads_of(struct decoder *d, size_t i, const char *tail)
{
    const struct schema *sc = d->o->schema;
    struct heads h = {.n = 1};
    if (i == sc->n_members) {
        h.p[0] = decoder_piece(d, "%s}", tail);
        return h;
    }
    const struct schema_member *m = &sc->members[i];
    const char *name = m->list ? m->list : m->values[0].field, *lead = i ? ",\"" : "{\"";
    h.p[0] = decoder_piece(d, "%s%s%s\":%s", tail, lead, name, m->list ? "[" : "\"");
    if (!m->list && m->values[0].nullable) {
        h.p[1] = decoder_piece(d, "%s%s%s\":null%s", tail, lead, name,
                               i + 1 == sc->n_members ? "}" : "");
        h.n = 2;
    }
    return h;
}

/* ------------------------------------------------------------------ lists */

struct quoted { /* a quotation that stands in the list at hand */
    size_t choice, q0, q1;
};

struct list {
    const struct schema_member *m;
    struct labels labels;
    struct quoted *quoted;
    size_t n_quoted, cap_quoted;
    bool has_label;
};

static void list_init(struct list *l, struct decoder *d, const struct schema_member *m)
{
    const struct choice *c = d->o->choices;
    *l = (struct list){.m = m};
    for (size_t i = 0; i < m->n_values; i++) {
        if (m->values[i].kind != VALUE_LABEL) continue;
        bool last = i + 1 == m->n_values;
        const struct schema_value *next = last ? NULL : &m->values[i + 1];
        struct piece follow = last ? decoder_piece(d, "}")
                                   : decoder_piece(d, ",\"%s\":%s", next->field,
                                                   next->kind == VALUE_LABEL ? "" : "\"");
        grammar_label_init(&l->labels, d->a, d->t, c, d->o->n_choices, follow.text.s);
        l->has_label = true;
    }
    for (size_t i = 0; i < l->labels.n; i++)
        if (!grammar_quote_possible(c[l->labels.v[i].choice].text)) l->labels.v[i].bias = -INFINITY;
}

/* True while a label can still be cited. */
static bool list_open(const struct list *l)
{
    if (!l->has_label) return true;
    for (size_t i = 0; i < l->labels.n; i++)
        if (l->labels.v[i].bias != -INFINITY) return true;
    return false;
}

/* The automaton of a chunk, without what the list quotes from it already. */
static struct quote quote_of(const struct list *l, struct decoder *d, size_t choice)
{
    const struct choice *c = &d->o->choices[choice];
    struct quote q;
    grammar_quote_init(&q, d->a, c->text, c->one_line);
    for (size_t i = 0; i < l->n_quoted; i++)
        if (l->quoted[i].choice == choice)
            grammar_quote_exclude(&q, l->quoted[i].q0, l->quoted[i].q1);
    return q;
}

/* A quote stands: the next one from its chunk must start elsewhere, and a chunk that has no other
 * start is not offered again. */
static void list_note(struct list *l, struct decoder *d, size_t choice, const struct value *v)
{
    if (l->n_quoted == l->cap_quoted) {
        size_t cap = 2 * l->cap_quoted + 8;
        struct quoted *more = NEW(d->a, struct quoted, cap);
        if (l->n_quoted) memcpy(more, l->quoted, l->n_quoted * sizeof *more);
        l->quoted = more;
        l->cap_quoted = cap;
    }
    l->quoted[l->n_quoted++] = (struct quoted){choice, v->q0, v->q1};
    struct quote q = quote_of(l, d, choice);
    if (!grammar_quote_start(&q)) l->labels.v[l->labels.entry_of[choice]].bias = -INFINITY;
}

static size_t choice_of(const struct decoder *d, int label)
{
    size_t i = 0;
    while (d->o->choices[i].label != label) i++;
    return i;
}

/* The piece between value i - 1 and value i of an item (i == 0: its beginning, n_values: its end).
 */
static struct piece joint(struct decoder *d, const struct schema_member *m, size_t i)
{
    const char *tail = i && m->values[i - 1].kind != VALUE_LABEL ? "\"" : "";
    if (i == m->n_values) return decoder_piece(d, "%s}", tail);
    return decoder_piece(d, "%s%s%s\":%s", tail, i ? ",\"" : "{\"", m->values[i].field,
                         m->values[i].kind == VALUE_LABEL ? "" : "\"");
}

/* The values of one item; its first piece was said.  *done false: it must be dropped. */
static enum err item(struct decoder *d, struct list *l, size_t index, double open_logp, bool *done)
{
    size_t choice = 0;
    int label = 0;
    for (size_t i = 0; i < l->m->n_values; i++) {
        const struct schema_value *sv = &l->m->values[i];
        struct value *v = decoder_value(d, l->m, sv, index);
        struct piece next = joint(d, l->m, i + 1);
        if (i == 0) v->open_logp = open_logp;
        v->label = label;
        *done = true;
        if (sv->kind == VALUE_LABEL) {
            TRY(decode_value_label(d, &l->labels, v, done));
            label = v->label;
            if (*done) choice = choice_of(d, label);
        } else if (sv->kind == VALUE_QUOTE) {
            struct quote q = quote_of(l, d, choice);
            *done = false;
            TRY(decode_value_quote(d, sv, &q, next.ids[0], v, done));
            if (*done) list_note(l, d, choice, v);
        } else {
            TRY(decode_value_text(d, sv, next.ids[0], v));
        }
        if (!*done) return OK;
        decoder_force(d, next);
    }
    return OK;
}

/* The list and the head of what follows it.  *null: that head was the null one. */
static enum err list(struct decoder *d, const struct schema_member *m, struct heads after,
                     bool *null)
{
    struct list l;
    struct piece first = joint(d, m, 0), comma = decoder_piece(d, ","), options[1 + MAX_HEADS];
    size_t most = m->max_items ? m->max_items : MAX_ITEMS, chosen = 0, count = 0;
    bool closed = false;
    list_init(&l, d, m);
    for (;; count++) {
        struct mark before = decoder_mark(d);
        bool open = !closed && count < most && list_open(&l) && decoder_alive(d), done = false;
        bool must = open && count < m->min_items;
        size_t n = 0;
        double open_logp = 0;
        if (open) options[n++] = count ? comma : first;
        for (size_t i = 0; !must && i < after.n; i++) options[n++] = after.p[i];
        TRY(decoder_decide(d, options, n, n - 1, &chosen, &open_logp));
        if (!open || chosen > 0) {
            *null = chosen - open == 1;
            return OK;
        }
        if (count) decoder_force(d, first);
        TRY(item(d, &l, count, open_logp, &done));
        if (!done) {
            decoder_return(d, before);
            closed = true; /* here, where this item would have begun */
            continue;
        }
        decoder_emit(d);
    }
}

/* ------------------------------------------------------------------ the reply */

static enum err members(struct decoder *d)
{
    const struct schema *sc = d->o->schema;
    struct heads h = heads_of(d, 0, "");
    size_t chosen = 0;
    double logp;
    bool null;
    TRY(decoder_decide(d, h.p, h.n, h.n - 1, &chosen, &logp));
    null = chosen == 1;
    for (size_t i = 0; i < sc->n_members; i++) {
        const struct schema_member *m = &sc->members[i];
        decoder_emit(d);
        if (m->list) {
            TRY(list(d, m, heads_of(d, i + 1, "]"), &null));
            continue;
        }
        struct value *v = decoder_value(d, m, m->values, 0);
        h = heads_of(d, i + 1, null ? "" : "\"");
        v->is_null = null;
        if (null)
            v->truncated = d->stop;
        else
            TRY(decode_value_text(d, m->values, h.p[0].ids[0], v));
        if (null && i + 1 == sc->n_members) break; /* its piece closed the object */
        TRY(decoder_decide(d, h.p, h.n, h.n - 1, &chosen, &logp));
        null = chosen == 1;
    }
    decoder_emit(d);
    return OK;
}

/* The session learns the rest of the reply, so that a conversation can go on from it. */
static enum err finish(struct decoder *d)
{
    const float *logits;
    struct errinfo ignored = {0}, *e = d->e;
    if (d->interrupted) return OK;
    if (decoder_length(d) > session_context(d->s)) return OK; /* no room, and nobody to miss it */
    d->e = &ignored;
    enum err r = decoder_logits(d, &logits);
    d->e = e;
    return r == E_LIMIT ? OK : r ? err_set(e, r, "%s", ignored.msg) : OK;
}

enum err generate(struct session *s, const struct tokenizer *t, const struct generate_options *o,
                  struct arena *a, struct generated *out, struct errinfo *e)
{
    struct decoder d;
    *out = (struct generated){0};
    decoder_init(&d, s, t, o, a, e);
    enum err r = members(&d);
    if (!r) r = finish(&d);
    if (!r) {
        out->values = d.values;
        out->n_values = d.n_values;
        out->json = (struct str){mem_copy(a, d.json.s, d.json.n), d.json.n};
        out->tokens_sampled = d.sampled;
        out->tokens_forced = d.forced;
        out->interrupted = d.interrupted;
    }
    if (!r && d.interrupted) r = err_set(e, E_INTR, "interrupted; the reply was closed early");
    decoder_free(&d);
    return r;
}

enum err generate_label_scores(struct session *s, const struct tokenizer *t,
                               const struct choice *choices, size_t n, const char *follow,
                               double *logp, struct errinfo *e)
{
    struct arena *a = arena_new();
    struct labels l;
    grammar_label_init(&l, a, t, choices, n, follow);
    for (size_t i = 0; i < n; i++) logp[i] = -INFINITY;
    enum err r = grammar_label_all(&l, a, s, logp, e);
    arena_free(a);
    return r;
}
