#include "engine/decode_value.h"

#include <math.h>
#include <string.h>

#include "engine/grammar_circle.h"

#define LONG_WORD 64 /* bytes */
/* What a start inside a sentence must be ahead by, in nats, of the best start of one: of the quotes
 * in the training data 95% begin a sentence, a line or a chunk.  Over 24 questions of the
 * development set 0 to 4 choose the same quotes; without a limit 2 change for the worse. */
#define HANDICAP 2.0f

/* The value's text: what json holds from `from` on, decoded. */
static struct str decoded(struct decoder *d, size_t from)
{
    struct buf b = {0};
    if (d->json.n > from) grammar_text_unescape(&b, d->json.s + from, d->json.n - from);
    struct str out = {mem_copy(d->a, b.s, b.n), b.n};
    buf_free(&b);
    return out;
}

/* Appends one chosen token to session and reply. */
static void say(struct decoder *d, int32_t id)
{
    struct str s = tokenizer_bytes(d->t, id);
    tokens_add(&d->pending, id);
    buf_add(&d->json, s.s, s.n);
    d->sampled++;
}

/* ------------------------------------------------------------------ labels */

enum err decode_value_label(struct decoder *d, const struct labels *l, struct value *v, bool *done)
{
    const float *logits = NULL;
    size_t best, spoken;
    *done = false;
    if (!decoder_alive(d)) return OK;
    TRY(decoder_logits(d, &logits));
    if (!logits) return OK;
    enum err r = grammar_label_search(l, d->a, d->s, &best, &v->logp, &spoken, d->e);
    if (r == E_INTR) decoder_interrupt(d);
    if (r == E_INTR || (!r && best == SIZE_MAX)) return OK;
    TRY(r);
    const struct label_entry *entry = &l->v[best];
    v->label = d->o->choices[entry->choice].label;
    v->bias = entry->bias;
    tokens_append(&d->pending, entry->ids + spoken, entry->n - spoken);
    d->sampled += entry->n;
    size_t from = d->json.n;
    buf_addf(&d->json, "%d", v->label);
    v->text = decoded(d, from);
    *done = true;
    return OK;
}

/* ------------------------------------------------------------------ quotes */

/* Chooses the next token of a quote among n ids (n_first of them preferred), or its end; greedy.
 * *logp: renormalised over them, without the preference. */
static int32_t pick(struct decoder *d, const float *logits, size_t n, size_t n_first, int32_t end,
                    double *logp, bool *first)
{
    if (end >= 0) d->ids[n++] = end;
    int32_t id = sampler_argmax(logits, d->ids, n);
    if (n_first) {
        int32_t start = sampler_argmax(logits, d->ids, n_first);
        *first = logits[start] + HANDICAP >= logits[id];
        if (*first) id = start;
    }
    *logp += logits[id] - decoder_log_sum(logits, d->ids, n, -1);
    return id;
}

/* A quote so far: where it could have ended last. */
struct ending {
    struct mark mark;
    size_t q0, q1;
    bool any;
};

static bool note_ending(struct decoder *d, const struct quote *q, struct ending *end)
{
    size_t q0, q1;
    if (!grammar_quote_can_end(q, &q0, &q1)) return false;
    *end = (struct ending){decoder_mark(d), q0, q1, true};
    return true;
}

enum err decode_value_quote(struct decoder *d, const struct schema_value *sv, struct quote *q,
                            int32_t close, struct value *v, bool *done)
{
    size_t most = d->o->max_quote_tokens, from = d->json.n;
    struct text_state st = {0}; /* counts characters */
    struct ending end = {0};
    if (!grammar_quote_start(q)) return OK;
    for (size_t said = 0;; said++) {
        size_t n_first, n;
        bool over = (most && said >= most) || (sv->max_length && st.chars > sv->max_length);
        bool can_end = !(sv->max_length && st.chars > sv->max_length) && note_ending(d, q, &end);
        n = grammar_quote_allowed(q, d->t, d->seen, &d->stamp, d->ids, tokenizer_size(d->t),
                                  &n_first);
        if (!n && can_end) break;
        const float *logits = NULL;
        if (n && !over && decoder_alive(d)) TRY(decoder_logits(d, &logits));
        if (!logits) {
            v->truncated = !(sv->max_length && st.chars > sv->max_length);
            if (end.any) decoder_return(d, end.mark);
            break;
        }
        bool first = false;
        int32_t id = pick(d, logits, n, said ? 0 : n_first, can_end ? close : -1, &v->logp, &first);
        if (can_end && id == close) break;
        struct str bytes = tokenizer_bytes(d->t, id);
        say(d, id);
        grammar_text_feed(&st, bytes.s, bytes.n);
        grammar_quote_advance(q, bytes, first);
    }
    v->q0 = end.q0;
    v->q1 = end.q1;
    v->text = decoded(d, from);
    *done = end.any;
    return OK;
}

/* ------------------------------------------------------------------ free text */

struct text {
    const struct schema_value *sv;
    struct text_state state;
    size_t from; /* where it begins in json */
    size_t base; /* decoder_length there */
    int32_t close;
};

static const char *raw(const struct decoder *d, const struct text *t, size_t *n)
{
    *n = d->json.n - t->from;
    return *n ? d->json.s + t->from : "";
}

static bool is_blank(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\' && i + 1 < n && strchr("nrtbf", s[i + 1]))
            i++;
        else if (s[i] != ' ')
            return false;
    }
    return true;
}

/* Goes back to the first n bytes of the text; a token that straddles the cut goes. */
static void cut(struct decoder *d, struct text *t, size_t n)
{
    size_t k = d->text.n;
    while (k > 0 && d->ends[k - 1] > n) k--;
    decoder_return(d, (struct mark){t->from + n, t->base + k, d->n_values});
}

/* True when s[0, n) ends inside a word that may have been longer. */
static bool half_word(const char *s, size_t n)
{
    uint32_t cp;
    size_t last = utf8_back(s, n);
    utf8_next(s + n - last, last, &cp);
    if (cp < 0x80)
        return cp == '_' || (cp >= '0' && cp <= '9') || ((cp | 32) >= 'a' && (cp | 32) <= 'z');
    return !utf8_is_cjk(cp) && cp >= 0xc0 && (cp < 0x2000 || cp > 0x206f) && cp < 0xff00;
}

/* Where a text that is stopped can end: within its length limit, between characters, and before
 * the word that may be half said (unless that is long: then it is no word). */
static size_t tidy_end(const char *s, size_t n, size_t max_chars)
{
    struct text_state st = {0};
    size_t end = 0, space = 0;
    for (size_t i = 0; i < n && grammar_text_feed(&st, s + i, 1); i++) {
        if (max_chars && st.chars > max_chars) break;
        if (!grammar_text_clean(&st)) continue;
        end = i + 1;
        if (s[i] == ' ') space = i;
    }
    if (end && space && end - space < LONG_WORD && half_word(s, end)) end = space;
    while (end > 0 && s[end - 1] == ' ') end--;
    return end;
}

static void stop_text(struct decoder *d, struct text *t, struct value *v)
{
    size_t n, end;
    const char *s = raw(d, t, &n);
    end = tidy_end(s, n, t->sv->max_length);
    if (d->emitted > t->from + end) end = d->emitted - t->from;
    cut(d, t, end);
    v->truncated = true;
}

#define MAX_BANNED 64

/* What may come next, the closing token last when the text may end here.  banned: the tokens that
 * the rule of runs took away. */
static size_t candidates(struct decoder *d, const struct text *t, bool can_end, int32_t *banned,
                         size_t *n_banned)
{
    size_t n =
        grammar_text_allowed(&d->tokens, &t->state, t->sv->max_lines, d->text.n == 0, d->ids);
    size_t bans = 0;
    if (t->sv->free_text) bans = grammar_circle_banned(d->t, d->text.v, d->text.n, banned, MAX_BANNED);
    size_t kept = bans ? 0 : n;
    for (size_t i = 0; bans && i < n; i++) {
        bool ban = false;
        for (size_t j = 0; j < bans && !ban; j++) ban = d->ids[i] == banned[j];
        if (!ban) d->ids[kept++] = d->ids[i];
    }
    if (can_end) d->ids[kept++] = t->close;
    *n_banned = bans;
    return kept;
}

/* Ends the text before its last sentence when that was said before.  A sentence that stands may be
 * shown, once it is `whole`. */
static bool ends_in_circle(struct decoder *d, struct text *t, bool whole)
{
    size_t n;
    const char *s = raw(d, t, &n);
    size_t end = n && grammar_text_clean(&t->state) ? grammar_circle_cut(s, n) : n;
    if (end < n)
        cut(d, t, end);
    else if (whole)
        decoder_emit(d);
    return end < n;
}

/* Free text, before `id` is said: true when the sentence that ends here was said before; then it
 * is gone. */
static bool goes_in_circles(struct decoder *d, struct text *t, int32_t id)
{
    size_t n;
    const char *s = raw(d, t, &n);
    struct str next = tokenizer_bytes(d->t, id);
    bool line = next.n > 1 && next.s[0] == '\\' && strchr("nr", next.s[1]);
    bool end = id == t->close || line;
    if (!end && !(n && grammar_circle_ends(s, n, next.n && next.s[0] == ' '))) return false;
    return ends_in_circle(d, t, grammar_text_clean(&t->state));
}

/* True when a token that is not allowed scores above all that are. */
static bool wants_one_of(const float *logits, const int32_t *ids, size_t n, const int32_t *banned,
                         size_t n_banned)
{
    int32_t ban = sampler_argmax(logits, banned, n_banned);
    return logits[ban] > logits[sampler_argmax(logits, ids, n)];
}

static void remember(struct decoder *d, int32_t id, size_t end)
{
    if (d->text.n == d->cap_ends) {
        d->cap_ends = 2 * d->cap_ends + 64;
        d->ends = mem_grow(d->ends, d->cap_ends, sizeof *d->ends);
    }
    d->ends[d->text.n] = end;
    tokens_add(&d->text, id);
}

enum err decode_value_text(struct decoder *d, const struct schema_value *sv, int32_t close,
                           struct value *v)
{
    struct text t = {sv, {0}, d->json.n, decoder_length(d), close};
    size_t most = d->o->max_text_tokens;
    d->text.n = 0;
    for (;;) {
        size_t n;
        const char *s = raw(d, &t, &n);
        bool over =
            (most && d->text.n >= most) || (sv->max_length && t.state.chars > sv->max_length);
        bool can_end = grammar_text_clean(&t.state) && !(sv->free_text && is_blank(s, n));
        int32_t banned[MAX_BANNED];
        size_t n_banned, found = candidates(d, &t, can_end, banned, &n_banned);
        const float *logits = NULL;
        if (found && !over && decoder_alive(d)) TRY(decoder_logits(d, &logits));
        if (!logits) {
            stop_text(d, &t, v);
            break;
        }
        /* A model that wants to complete a run again may be saying a whole sentence again. */
        if (n_banned && wants_one_of(logits, d->ids, found, banned, n_banned) &&
            ends_in_circle(d, &t, false))
            break;
        int32_t id = sampler_pick(logits, d->ids, found, &d->o->sampling, &d->rng, d->scratch);
        v->logp += logits[id] - decoder_log_sum(logits, d->ids, found, -1);
        if (sv->free_text && goes_in_circles(d, &t, id)) break;
        if (can_end && id == close) break;
        struct str bytes = tokenizer_bytes(d->t, id);
        say(d, id);
        grammar_text_feed(&t.state, bytes.s, bytes.n);
        remember(d, id, d->json.n - t.from);
    }
    v->text = decoded(d, t.from);
    return OK;
}
