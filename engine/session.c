#include "engine/session.h"

#include <assert.h>

#include "base/mem.h"
#include "base/sys.h"

#define DEFAULT_CHUNK 512

enum err session_new(struct session **out, struct model *m, struct errinfo *e)
{
    (void)e; /* memory is taken when tokens arrive */
    struct session *s = mem_alloc(1, sizeof *s);
    s->m = m;
    s->chunk = DEFAULT_CHUNK;
    s->logits = mem_alloc((size_t)m->config.V, sizeof *s->logits);
    kv_init(&s->kv, &m->kv, m->b, m->d);
    *out = s;
    return OK;
}

void session_free(struct session *s)
{
    if (!s) return;
    kv_free(&s->kv);
    graph_free(&s->graph);
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
    s->chunk = tokens ? tokens : DEFAULT_CHUNK;
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

void session_share(struct session *to, const struct session *from, size_t n)
{
    assert(to->m == from->m && n <= from->tokens.n);
    to->tokens.n = 0;
    to->has_logits = false;
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

/* One forward pass over n tokens that are known to be good. */
static enum err extend(struct session *s, const int32_t *ids, size_t n, bool last,
                       struct errinfo *e)
{
    TRY(graph_reserve(&s->graph, s->m, n, e));
    s->has_logits = false;
    TRY(graph_forward(&s->graph, &s->kv, ids, n, last ? s->logits : NULL, s->probe, e));
    tokens_append(&s->tokens, ids, n);
    s->computed += n;
    s->has_logits = last;
    return OK;
}

/* All n tokens, in chunks.  What is finished when a chunk fails stays. */
static enum err extend_all(struct session *s, const int32_t *ids, size_t n, struct errinfo *e)
{
    size_t done = 0;
    while (done < n) {
        size_t now = n - done < s->chunk ? n - done : s->chunk;
        if (sys_interrupted()) return err_set(e, E_INTR, "interrupted");
        TRY(extend(s, ids + done, now, done + now == n, e));
        done += now;
        if (s->tick && n > s->chunk) s->tick(s->tick_ctx, done, n);
    }
    return OK;
}

enum err session_append(struct session *s, const int32_t *ids, size_t n, struct errinfo *e)
{
    size_t before = s->tokens.n;
    if (n == 0) return OK;
    TRY(check_room(s, before + n, e));
    TRY(check_tokens(s, ids, n, e));
    enum err r = extend_all(s, ids, n, e);
    if (r) session_rewind(s, before);
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
    return extend_all(s, want + keep, n - keep, e);
}
