#include "cli/pace.h"

#include "base/sys.h"
#include "engine/batch.h"

enum { PASSES = 6 }; /* of replies, the first of which warms up */

struct trial {
    struct session *base;
    const int32_t *ids;
    size_t n, passes;
    double first, last; /* sys_seconds: ends of the first and the last pass */
    enum err code;
    struct errinfo *e;
};

static enum err read_once(const struct trial *t, double *seconds)
{
    session_rewind(t->base, 0);
    double start = sys_seconds();
    TRY(session_append(t->base, t->ids, t->n, t->e));
    *seconds = sys_seconds() - start;
    return OK;
}

static bool begin(void *ctx, size_t i, struct session *s)
{
    const struct trial *t = ctx;
    (void)i;
    session_share(s, t->base, t->n);
    return true;
}

static void run(void *ctx, size_t i, struct session *s)
{
    const struct trial *t = ctx;
    struct errinfo e = {0};
    (void)i; /* what goes wrong shows in the number of passes */
    for (int k = 0; k < PASSES; k++)
        if (session_append(s, t->ids, 1, &e)) return;
}

static size_t done(void *ctx, size_t i)
{
    (void)ctx;
    (void)i;
    return SIZE_MAX;
}

static void tick(void *ctx)
{
    struct trial *t = ctx;
    t->last = sys_seconds();
    if (!t->passes++) t->first = t->last;
}

/* Seconds of a pass that appends one token to each of n replies; 0: unknown. */
static double reply_pass(struct trial *t, size_t n)
{
    struct session *s[BATCH_MOST];
    for (size_t i = 0; i < n; i++) s[i] = session_new_beside(t->base);
    batch_run(s, n, &(struct batch_work){.ctx = t, .n = n, .begin = begin, .run = run, .done = done,
                                         .tick = tick});
    for (size_t i = 0; i < n; i++) session_free(s[i]);
    return t->passes > 1 ? (t->last - t->first) / (double)(t->passes - 1) : 0;
}

static enum err measure(struct trial *t, struct plan *p, size_t to_read)
{
    double seconds;
    TRY(read_once(t, &seconds)); /* memory is taken and weights come in */
    TRY(read_once(t, &seconds));
    p->read_seconds = seconds / (double)t->n * (double)to_read;
    p->reply_seconds = reply_pass(t, p->at_once) * (double)plan_passes(p);
    if (sys_interrupted()) return err_set(t->e, E_INTR, "interrupted");
    return OK;
}

enum err pace_plan(struct job *j, struct plan *p, struct errinfo *e)
{
    size_t n = j->n_doc_tokens < PACE_TOKENS ? j->n_doc_tokens : PACE_TOKENS;
    struct trial t = {.ids = j->doc_tokens, .n = n, .e = e};
    if (!n) return OK;
    term_progress(j->t, "measuring", NULL, 0, 0, NULL);
    t.base = session_new_beside(j->session);
    p->paced = n;
    enum err r = measure(&t, p, j->n_doc_tokens - p->cached + p->question_tokens);
    session_free(t.base);
    return r;
}
