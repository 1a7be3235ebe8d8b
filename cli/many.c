/* many.c: job_run_many and job_plan_many: the replies of several texts side by side.
 *
 *   documents   read once, by the job's session
 *   questions   each in a session beside it that shares the documents' state, each on a thread
 *               (engine/batch.h); their tokens go through the model together
 *   results     told in the order of the texts, however they end */
#include "cli/report.h"
#include "cli/step.h"
#include "engine/batch.h"

_Static_assert(PARALLEL_MOST <= BATCH_MOST, "--parallel asks for more than a batch can do");

/* One text on its way.  There may be many thousands: what is large comes when it begins. */
struct entry {
    struct step s;
    struct result *r;
    size_t tokens;         /* of its part of the prompt */
    struct usage usage;    /* what is known before it is told */
    enum err code;
    struct errinfo e;
    enum stage stage;
    bool begun, ended;
};

struct many {
    struct job *j;
    struct entry *v;
    size_t n, told, running;
    size_t longest;        /* tokens of a question that is run, at most */
    size_t fit;            /* questions that are */
    job_told *tell;
    void *ctx;
    struct pace *pace;
    bool closed;           /* nothing more is told */
    enum err code;         /* why the run ends before all is told */
    struct errinfo *e;
};

/* ------------------------------------------------------------------ on the caller's thread */

static void entry_free(struct entry *x)
{
    tokens_free(&x->s.tokens);
    arena_free(x->s.a);
    *x = (struct entry){.ended = true};
}

/* Whether the question fits, once it is its turn: those before it are answered all the same. */
static bool begin(void *ctx, size_t i, struct session *s)
{
    struct many *m = ctx;
    struct entry *x = &m->v[i];
    struct job *j = m->j;
    j->stage = STAGE_RUN;
    x->s.a = arena_new();
    x->code = step_encode(&x->s, j, &x->e);
    if (!x->code) x->code = job_check_window(j, j->n_doc_tokens + x->tokens, &x->e);
    x->stage = j->stage;
    if (x->code) return false;
    session_share(s, j->session, j->n_doc_tokens);
    x->begun = true;
    m->pace->replies++;
    if (++m->running > m->pace->at_once) m->pace->at_once = m->running;
    return true;
}

/* Adds to a result what is known of its reply, and tells of it.  After an interruption all that were
 * begun are told of, after any other failure nothing more.  Why the run ends is the first failure, or
 * the listener's own. */
static void tell(struct many *m, size_t i)
{
    struct entry *x = &m->v[i];
    struct job *j = m->j;
    struct usage *u = &x->r->usage;
    j->stage = x->stage;
    u->prompt_tokens += x->usage.prompt_tokens;
    u->cached_tokens += x->usage.cached_tokens;
    u->prefill_seconds += x->usage.prefill_seconds;
    u->reply_seconds += x->usage.reply_seconds;
    if (!x->code || (x->code == E_INTR && x->s.out.json.n)) {
        struct errinfo why = {0};
        enum err checked = step_check(&x->s, j, x->r, &why);
        if (checked) {
            x->code = checked;
            x->e = why;
        }
    }
    m->pace->tokens += u->output_tokens;
    struct errinfo e = x->e;
    enum err code = m->tell(m->ctx, i, x->code, &e);
    m->closed = code && code != E_INTR;
    if (code && (!m->code || code != x->code)) {
        m->code = code;
        *m->e = e;
    }
    entry_free(x);
}

/* Whether those behind a text that ended so would fail, too.  That it is too long itself is its own
 * affair. */
static bool ends_all(const struct entry *x)
{
    return x->code && x->code != E_INTR && x->stage != STAGE_FIT;
}

static size_t done(void *ctx, size_t i)
{
    struct many *m = ctx;
    size_t wanted = m->n;
    m->v[i].ended = true;
    m->running -= m->v[i].begun;
    if (ends_all(&m->v[i])) wanted = i;
    while (!m->closed && m->told < m->n && m->v[m->told].ended) tell(m, m->told++);
    return m->closed ? 0 : wanted;
}

static void tick(void *ctx)
{
    struct many *m = ctx;
    term_progress(m->j->t, "writing", "answers", m->told, m->n, NULL);
}

/* ------------------------------------------------------------------ on a thread of its own */

static void run(void *ctx, size_t i, struct session *s)
{
    struct many *m = ctx;
    struct entry *x = &m->v[i];
    double start = sys_seconds();
    x->code = session_append(s, x->s.tokens.v, x->s.tokens.n, &x->e);
    double read = sys_seconds();
    x->usage.prefill_seconds += read - start;
    if (!x->code) x->code = step_decode(&x->s, m->j, s, &x->e);
    x->usage.reply_seconds = sys_seconds() - read;
}

/* ------------------------------------------------------------------ all together */

/* How many tokens each question has. */
static enum err count_questions(struct many *m, struct errinfo *e)
{
    struct arena *a = arena_new();
    enum err r = OK;
    for (size_t i = 0; i < m->n && !r; i++) {
        struct step s = m->v[i].s;
        s.a = a;
        r = step_encode(&s, m->j, e);
        m->v[i].tokens = s.tokens.n;
        tokens_free(&s.tokens);
        arena_reset(a);
    }
    arena_free(a);
    return r;
}

/* The tokens of the longest question of at most `room` tokens; where all have more, of the shortest. */
static size_t longest_question(const struct many *m, size_t room)
{
    size_t most = 0, least = SIZE_MAX;
    for (size_t i = 0; i < m->n; i++) {
        size_t n = m->v[i].tokens;
        if (n < least) least = n;
        if (n <= room && n > most) most = n;
    }
    return most ? most : least;
}

/* Those that are too long take no place. */
static size_t most_at_once(const struct many *m)
{
    size_t n = m->j->o->parallel ? (size_t)m->j->o->parallel : PARALLEL_DEFAULT;
    return n < m->fit ? n : m->fit;
}

static void count_fit(struct many *m, size_t room, struct plan *p)
{
    for (size_t i = 0; i < m->n; i++) {
        bool fits = m->v[i].tokens <= room;
        *(fits ? &p->questions : &p->too_long) += 1;
        p->question_tokens += fits ? m->v[i].tokens : 0;
    }
    m->fit = p->questions;
}

/* The documents, as they fit beside the longest question, and what all takes: as many replies at once
 * as memory has room for, one at least. */
static enum err plan_all(struct many *m, struct plan *p, struct errinfo *e)
{
    struct job *j = m->j;
    j->stage = STAGE_RUN;
    TRY(count_questions(m, e));
    size_t room = job_most_prompt(j);
    TRY(job_fit_documents(j, longest_question(m, room), e));
    room -= room < j->n_doc_tokens ? room : j->n_doc_tokens;
    m->longest = longest_question(m, room);
    job_totals(j, j->n_doc_tokens + m->longest, p);
    count_fit(m, room, p);
    for (p->at_once = most_at_once(m); p->at_once; p->at_once--) {
        session_need_many(j->session, j->n_doc_tokens, m->longest + p->reply, p->at_once, &p->need);
        if (p->at_once == 1 || !plan_lacks_memory(p)) break;
    }
    return OK;
}

static enum err read_documents(struct many *m, struct errinfo *e)
{
    struct job *j = m->j;
    struct entry *first = &m->v[0];
    struct plan p;
    TRY(plan_all(m, &p, e));
    TRY(job_check_plan(j, &p, e));
    struct tokens documents = {.v = j->doc_tokens, .n = j->n_doc_tokens};
    TRY(job_read_prompt(j, &documents, &first->usage, e));
    first->usage.prompt_tokens += first->tokens;
    for (size_t i = 1; i < m->n; i++) {
        m->v[i].usage.prompt_tokens = j->n_doc_tokens + m->v[i].tokens;
        m->v[i].usage.cached_tokens = j->n_doc_tokens;
    }
    return OK;
}

/* How many sessions memory has room for beside the documents: one at least, which was counted with
 * them. */
static size_t sessions_at_once(const struct many *m)
{
    struct job *j = m->j;
    size_t most = most_at_once(m), n = most, own = m->longest + j->o->max_tokens;
    size_t free = model_free_memory(j->model);
    while (free && n > 1 && session_need_beside(j->session, own, n) > free) n--;
    if (n < most)
        term_detail(j->t, "%zu replies at once: %zu take %zu MiB, and %zu MiB are free", n, most,
                    session_need_beside(j->session, own, most) >> 20, free >> 20);
    return n;
}

static void answer(struct many *m)
{
    struct session *s[BATCH_MOST];
    size_t n = sessions_at_once(m);
    struct batch_work w = {.ctx = m, .n = m->n, .begin = begin, .run = run, .done = done, .tick = tick};
    double start = sys_seconds();
    for (size_t i = 0; i < n; i++) s[i] = session_new_beside(m->j->session);
    m->j->t->phase = NULL;
    batch_run(s, n, &w);
    m->pace->seconds += sys_seconds() - start;
    for (size_t i = 0; i < n; i++) session_free(s[i]);
}

static struct entry *new_entries(enum task task, const char *const *texts, size_t n)
{
    struct entry *v = mem_alloc(n, sizeof *v);
    for (size_t i = 0; i < n; i++) v[i].s = (struct step){.task = task, .text = texts[i]};
    return v;
}

enum err job_plan_many(struct job *j, enum task task, const char *const *texts, size_t n,
                       struct plan *p, struct errinfo *e)
{
    struct many m = {.j = j, .n = n};
    TRY(job_load_model(j, e));
    m.v = new_entries(task, texts, n);
    enum err r = plan_all(&m, p, e);
    mem_free(m.v);
    return r ? r : job_plan_documents(j, p, e);
}

enum err job_run_many(struct job *j, enum task task, const char *const *texts, size_t n,
                      struct result *results, job_told *told, void *ctx, struct pace *pace,
                      struct errinfo *e)
{
    struct many m = {.j = j, .n = n, .tell = told, .ctx = ctx, .pace = pace, .e = e};
    TRY(job_load_model(j, e));
    m.v = new_entries(task, texts, n);
    for (size_t i = 0; i < n; i++) m.v[i].r = &results[i];
    enum err code = read_documents(&m, e);
    if (!code) {
        answer(&m);
        code = m.code;
        if (!code && m.told < n) code = err_set(e, E_INTR, "interrupted");
    }
    for (size_t i = m.told; i < n; i++) entry_free(&m.v[i]);
    mem_free(m.v);
    return code;
}
