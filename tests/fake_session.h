/* fake_session.h: a session without a model, for tests of decoding.  Defines the functions of
 * engine/engine.h that decoding calls, so that the linker takes these instead of engine/session.c.
 * Included by one source file of a test program. */
#ifndef TESTS_FAKE_SESSION_H
#define TESTS_FAKE_SESSION_H

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/engine.h"

/* What the logits after a token list are: noise that depends on the list, or (script) a high value
 * for the token that the script holds at this place, as long as the list follows it.
 * lift: a token whose logit is raised everywhere. */
struct session {
    struct tokens t;
    size_t vocabulary, context, appends;
    float *logits;
    bool valid;
    uint64_t seed;
    const int32_t *script;
    size_t n_script, at; /* the script begins at token `at` */
    int32_t lift;
    float lift_by;
    size_t fail_at; /* the append with this number (from 1) returns `fail` */
    enum err fail;
    float *noise;
};

static inline uint64_t fake_hash(uint64_t h, uint64_t x)
{
    h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 29);
}

static inline struct session *fake_new(size_t vocabulary, uint64_t seed)
{
    struct session *s = mem_alloc(1, sizeof *s);
    *s = (struct session){.vocabulary = vocabulary, .context = 1 << 20, .seed = seed, .lift = -1};
    s->logits = mem_alloc(vocabulary, sizeof(float));
    s->noise = mem_alloc(vocabulary, sizeof(float));
    uint64_t h = seed + 1;
    for (size_t i = 0; i < vocabulary; i++) {
        h = fake_hash(h, i);
        s->noise[i] = (float)(h >> 40) / (float)(1 << 22); /* 0 .. 4 */
    }
    return s;
}

static inline void fake_free(struct session *s)
{
    tokens_free(&s->t);
    mem_free(s->logits);
    mem_free(s->noise);
    mem_free(s);
}

static inline void fake_fill(struct session *s)
{
    uint64_t h = s->seed;
    for (size_t i = 0; i < s->t.n; i++) h = fake_hash(h, (uint64_t)s->t.v[i] + 1);
    size_t shift = h % s->vocabulary;
    memcpy(s->logits, s->noise + shift, (s->vocabulary - shift) * sizeof(float));
    memcpy(s->logits + s->vocabulary - shift, s->noise, shift * sizeof(float));
    if (s->lift >= 0) s->logits[s->lift] += s->lift_by;
    if (!s->script || s->t.n < s->at || s->t.n - s->at >= s->n_script) return;
    if (memcmp(s->t.v + s->at, s->script, (s->t.n - s->at) * sizeof *s->script) == 0)
        s->logits[s->script[s->t.n - s->at]] += 100;
}

enum err session_append(struct session *s, const int32_t *ids, size_t n, struct errinfo *e)
{
    if (n == 0) return OK;
    if (++s->appends == s->fail_at) return err_set(e, s->fail, "the fake session fails here");
    if (s->t.n + n > s->context) return err_set(e, E_LIMIT, "%zu tokens do not fit", s->t.n + n);
    tokens_append(&s->t, ids, n);
    fake_fill(s);
    s->valid = true;
    return OK;
}

void session_rewind(struct session *s, size_t n)
{
    if (n >= s->t.n) return;
    s->t.n = n;
    s->valid = false;
}

size_t session_length(const struct session *s)
{
    return s->t.n;
}

const int32_t *session_tokens(const struct session *s)
{
    return s->t.v;
}

const float *session_logits(const struct session *s)
{
    return s->valid ? s->logits : NULL;
}

size_t session_context(const struct session *s)
{
    return s->context;
}

#endif
