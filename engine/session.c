#include "engine/session.h"

#include <math.h>
#include <assert.h>

#include "base/mem.h"
#include "base/sys.h"
#include "engine/prefix_root.h"

#define DEFAULT_CHUNK 512

enum err session_new(struct session **out, struct model *m, struct errinfo *e)
{
    (void)e; /* memory is taken when tokens arrive */
    struct session *s = mem_alloc(1, sizeof *s);
    s->m = m;
    session_set_chunk(s, 0);
    s->reply_from = SIZE_MAX;
    s->logits = mem_alloc((size_t)m->config.V, sizeof *s->logits);
    kv_init(&s->kv, &m->kv, m->b, m->d);
    if (m->prefix.dir) {
        s->prefix = mem_alloc(1, sizeof *s->prefix);
        prefix_chain_open(s->prefix, &m->prefix, m->card.name,
                          m->threads > 0 ? m->threads : sys_cores());
    }
    *out = s;
    return OK;
}

void session_free(struct session *s)
{
    if (!s) return;
    kv_free(&s->kv);
    graph_free(&s->graph);
    if (s->prefix) prefix_chain_close(s->prefix);
    mem_free(s->prefix);
    tokens_free(&s->tokens);
    mem_free(s->logits);
    mem_free(s);
}

void session_set_tick(struct session *s, session_tick *tick, void *ctx)
{
    s->tick = tick;
    s->tick_ctx = ctx;
}

void session_set_chunk(struct session *s, size_t tokens)
{
    size_t wished = s->m->b->chunk;
    s->chunk = tokens ? tokens : wished ? wished : DEFAULT_CHUNK;
}

void session_need(const struct session *s, size_t n, struct memory_need *out)
{
    size_t pass = n < s->chunk ? n : s->chunk;
    *out = (struct memory_need){.weights = s->m->weights.bytes,
                                .state = kv_layout_bytes(&s->m->kv, n),
                                .scratch = graph_bytes(s->m, pass),
                                .kv = kv_type_name(s->m->kv.type)};
}

void session_fit(struct session *s, size_t n, size_t available)
{
    struct memory_need need;
    enum kv_type smallest = s->m->b->kv_smallest;
    session_need(s, n, &need);
    if (need.state + need.scratch <= available || s->kv.n_pages > 0) return;
    if (s->m->kv_chosen || smallest == KV_AUTO || s->m->attention == ATTEND_EXPANDED) return;
    model_set_kv(s->m, smallest);
}

size_t session_context(const struct session *s)
{
    return s->m->card.context;
}

size_t session_length(const struct session *s)
{
    return s->tokens.n;
}

const int32_t *session_tokens(const struct session *s)
{
    return s->tokens.v;
}

const float *session_logits(const struct session *s)
{
    return s->has_logits ? s->logits : NULL;
}

size_t session_computed(const struct session *s)
{
    return s->computed;
}

void session_rewind(struct session *s, size_t n)
{
    if (n >= s->tokens.n) return;
    s->tokens.n = n;
    kv_rewind(&s->kv, n);
    s->has_logits = false;
}

void session_set_reply(struct session *s, size_t from)
{
    if (from == s->reply_from) return;
    session_rewind(s, from < s->reply_from ? from : s->reply_from);
    s->reply_from = from;
}

void session_share(struct session *to, const struct session *from, size_t n)
{
    assert(to->m == from->m && n <= from->tokens.n);
    to->tokens.n = 0;
    to->has_logits = false;
    to->reply_from = from->reply_from;
    tokens_append(&to->tokens, from->tokens.v, n);
    kv_share(&to->kv, &from->kv, n);
}

/* ------------------------------------------------------------------ computing */

static enum err check_tokens(const struct session *s, const int32_t *ids, size_t n,
                             struct errinfo *e)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= s->m->config.V)
            return err_set(e, E_USAGE, "token %zu is %d, the vocabulary is 0 to %d", i,
                           (int)ids[i], s->m->config.V - 1);
    return OK;
}

static enum err check_room(const struct session *s, size_t n, struct errinfo *e)
{
    if (n <= session_context(s)) return OK;
    return err_set(e, E_LIMIT, "%zu tokens do not fit: the model's context holds %zu", n,
                   session_context(s));
}

/* Damaged weights show here at the latest: no model says NaN, or the same of every token. */
static enum err check_logits(const struct session *s, struct errinfo *e)
{
    float low = s->logits[0], high = low;
    bool number = true;
    for (int i = 0; i < s->m->config.V; i++) {
        number &= isfinite(s->logits[i]);
        if (s->logits[i] < low) low = s->logits[i];
        if (s->logits[i] > high) high = s->logits[i];
    }
    if (number && low < high) return OK;
    return err_set(e, E_FORMAT, "%s: the model computes %s: its weights are damaged",
                   s->m->card.name, number ? "the same for every token" : "no numbers");
}

/* One forward pass over n tokens that are known to be good, all of documents or all of a reply. */
static enum err extend(struct session *s, const int32_t *ids, size_t n, bool last,
                       struct errinfo *e)
{
    TRY(graph_reserve(&s->graph, s->m, n, e));
    s->has_logits = false;
    int K = s->tokens.n < s->reply_from ? s->m->config.K : s->m->reply_K;
    TRY(graph_forward(&s->graph, &s->kv, ids, n, K, last ? s->logits : NULL, s->probe, e));
    tokens_append(&s->tokens, ids, n);
    s->computed += n;
    if (last) TRY(check_logits(s, e));
    s->has_logits = last;
    return OK;
}

/* Tokens of the next pass: passes of a long text end at multiples of the chunk, so that blocks of
 * the cache are complete as soon as they can be, and where the reply's tokens begin. */
static size_t next_pass(const struct session *s, size_t left)
{
    size_t at = s->tokens.n, pass = left <= s->chunk ? left : s->chunk - at % s->chunk;
    return at < s->reply_from && pass > s->reply_from - at ? s->reply_from - at : pass;
}

/* What the cache on disk holds of the prompt behind the state. */
static enum err take_stored(struct session *s, struct errinfo *e)
{
    if (sys_interrupted()) return err_set(e, E_INTR, "interrupted");
    size_t n = prefix_chain_load(s->prefix, &s->kv);
    if (n < s->tokens.n) s->tokens.n = n;
    tokens_append(&s->tokens, s->prefix->ids + s->tokens.n, n - s->tokens.n);
    return OK;
}

/* All n tokens, in chunks.  What is finished when a chunk fails stays.
 * stored: they are the end of the prompt that the cache on disk was told of.  last: more does not
 * follow, so the last one's logits are wanted. */
static enum err extend_all(struct session *s, const int32_t *ids, size_t n, bool stored, bool last,
                           struct errinfo *e)
{
    size_t first = s->tokens.n, end = first + n, computed = 0;
    while (s->tokens.n < end) {
        if (stored) TRY(take_stored(s, e));
        size_t at = s->tokens.n, now = next_pass(s, end - at);
        if (stored && !computed) TRY(prefix_chain_allows(s->prefix, end - at, e));
        if (sys_interrupted()) return err_set(e, E_INTR, "interrupted");
        const int32_t *next = stored ? s->prefix->ids + at : ids + (at - first);
        TRY(extend(s, next, now, last && at + now == end, e));
        if (stored) prefix_chain_store(s->prefix, &s->kv);
        computed += now;
        if (s->tick && n > s->chunk) s->tick(s->tick_ctx, computed, computed + end - at - now);
    }
    return OK;
}

enum err session_append(struct session *s, const int32_t *ids, size_t n, struct errinfo *e)
{
    size_t before = s->tokens.n;
    if (n == 0) return OK;
    TRY(check_room(s, before + n, e));
    TRY(check_tokens(s, ids, n, e));
    enum err r = extend_all(s, ids, n, false, true, e);
    if (r) session_rewind(s, before);
    return r;
}

/* Of a prompt of n tokens those that are the same whatever is asked of the documents. */
static size_t shared_tokens(const struct session *s, size_t n)
{
    return n < s->reply_from ? n : s->reply_from;
}

/* The first n tokens of want, through the cache on disk. */
static enum err extend_stored(struct session *s, const int32_t *want, size_t n, bool last,
                              struct errinfo *e)
{
    size_t at = s->tokens.n;
    prefix_chain_begin(s->prefix, prefix_root(s->m), want, n);
    enum err r = extend_all(s, want + at, n - at, true, last, e);
    prefix_chain_end(s->prefix, &s->kv);
    return r;
}

enum err session_sync(struct session *s, const int32_t *want, size_t n, struct errinfo *e)
{
    size_t keep = 0;
    TRY(check_room(s, n, e));
    TRY(check_tokens(s, want, n, e));
    while (keep < n && keep < s->tokens.n && s->tokens.v[keep] == want[keep]) keep++;
    if (keep == n && s->tokens.n == n && (s->has_logits || n == 0)) return OK;
    if (keep == n && n > 0) keep--; /* the last token once more, for its logits */
    session_rewind(s, keep);
    size_t shared = shared_tokens(s, n);
    if (s->prefix && !s->probe && shared >= PREFIX_FLOOR && keep < shared) {
        TRY(extend_stored(s, want, shared, shared == n, e));
        keep = shared;
    }
    return extend_all(s, want + keep, n - keep, false, true, e);
}

/* ------------------------------------------------------------------ the cache on disk */

void session_prefix(const struct session *s, struct prefix_report *out)
{
    *out = (struct prefix_report){0};
    if (!s->prefix) return;
    out->loaded = s->prefix->loaded;
    out->stored = s->prefix->stored;
    if (s->prefix->notice.code) out->notice = s->prefix->notice.msg;
}

void session_set_label(struct session *s, const char *label)
{
    if (s->prefix) prefix_chain_set_label(s->prefix, label);
}

size_t session_stored(struct session *s, const int32_t *ids, size_t n)
{
    return s->prefix ? prefix_chain_count(s->prefix, prefix_root(s->m), ids, shared_tokens(s, n)) : 0;
}
