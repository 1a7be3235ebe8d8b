#include "engine/batch.h"

#include <assert.h>
#include <pthread.h>

#include "base/sys.h"
#include "engine/session.h"

_Static_assert(BATCH_MOST <= PARTS_MOST, "all jobs meet in one pass");

enum slot_state { IDLE, RUNNING, WAITING, ENDED };

/* A session and the job that it is lent to. */
struct slot {
    struct batch *b;
    struct session *s;
    size_t job;
    enum slot_state state; /* while its job runs: with the lock held */
    pthread_t thread;
    pthread_cond_t computed;
    struct append append;  /* while WAITING */
};

struct batch {
    const struct batch_work *w;
    size_t n, next, wanted; /* slots; the next job to begin; jobs that are wanted */
    struct slot slot[BATCH_MOST];
    pthread_mutex_t lock;
    pthread_cond_t still;   /* no job is running */
    size_t running;         /* with the lock held */
};

/* ------------------------------------------------------------------ on a job's thread */

static void stop_running(struct slot *p, enum slot_state now)
{
    p->state = now;
    if (--p->b->running == 0) pthread_cond_signal(&p->b->still);
}

/* session_append of a session in a batch. */
static enum err append(void *ctx, const int32_t *ids, size_t n, struct errinfo *e)
{
    struct slot *p = ctx;
    struct batch *b = p->b;
    pthread_mutex_lock(&b->lock);
    p->append = (struct append){.s = p->s, .ids = ids, .n = n, .e = e};
    stop_running(p, WAITING);
    while (p->state == WAITING) pthread_cond_wait(&p->computed, &b->lock);
    enum err r = p->append.code;
    pthread_mutex_unlock(&b->lock);
    return r;
}

static void *run_job(void *ctx)
{
    struct slot *p = ctx;
    struct batch *b = p->b;
    b->w->run(b->w->ctx, p->job, p->s);
    pthread_mutex_lock(&b->lock);
    stop_running(p, ENDED);
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

/* ------------------------------------------------------------------ on the caller's thread */

static void finish_job(struct batch *b, size_t job)
{
    size_t wanted = b->w->done(b->w->ctx, job);
    if (wanted < b->wanted) b->wanted = wanted;
}

static bool next_job(struct batch *b, size_t *job)
{
    if (b->next >= b->wanted || sys_interrupted()) return false;
    *job = b->next++;
    return true;
}

/* Whether a job is in some slot. */
static bool any_begun(struct batch *b)
{
    bool any = false;
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->n; i++) any |= b->slot[i].state != IDLE;
    pthread_mutex_unlock(&b->lock);
    return any;
}

/* The next job begins in this slot.  Where the system refuses a thread the job runs here, alone; then
 * it is the turn of those that wait. */
static void begin_job(struct batch *b, struct slot *p)
{
    while (p->state == IDLE && next_job(b, &p->job)) {
        if (!b->w->begin(b->w->ctx, p->job, p->s)) {
            finish_job(b, p->job);
            continue;
        }
        pthread_mutex_lock(&b->lock);
        p->state = RUNNING;
        b->running++;
        pthread_mutex_unlock(&b->lock);
        session_set_append(p->s, append, p);
        if (!pthread_create(&p->thread, NULL, run_job, p)) return;
        session_set_append(p->s, NULL, NULL);
        run_job(p);
        p->state = IDLE;
        finish_job(b, p->job);
        if (any_begun(b)) return;
    }
}

static void wait_until_still(struct batch *b)
{
    pthread_mutex_lock(&b->lock);
    while (b->running) pthread_cond_wait(&b->still, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

/* Takes leave of the jobs that have ended; true when there was one. */
static bool collect(struct batch *b)
{
    bool any = false;
    for (size_t i = 0; i < b->n; i++) {
        struct slot *p = &b->slot[i];
        if (p->state != ENDED) continue;
        pthread_join(p->thread, NULL);
        session_set_append(p->s, NULL, NULL);
        p->state = IDLE;
        any = true;
        finish_job(b, p->job);
    }
    return any;
}

/* One pass for all that wait; false: nobody does. */
static bool compute(struct batch *b)
{
    struct append v[BATCH_MOST];
    struct slot *of[BATCH_MOST];
    size_t n = 0, waiting = 0;
    for (size_t i = 0; i < b->n; i++) {
        struct slot *p = &b->slot[i];
        if (p->state != WAITING) continue;
        waiting++;
        if (p->job >= b->wanted) {
            p->append.code = err_set(p->append.e, E_INTR, "not wanted any more");
            continue;
        }
        of[n] = p;
        v[n++] = p->append;
    }
    session_append_all(v, n);
    for (size_t i = 0; i < n; i++) of[i]->append = v[i];
    if (n && b->w->tick) b->w->tick(b->w->ctx);
    return waiting > 0;
}

static void go_on(struct batch *b)
{
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->n; i++) {
        if (b->slot[i].state != WAITING) continue;
        b->slot[i].state = RUNNING;
        b->running++;
        pthread_cond_signal(&b->slot[i].computed);
    }
    pthread_mutex_unlock(&b->lock);
}

/* While no job runs nobody else looks at the slots. */
static void run_all(struct batch *b)
{
    for (;;) {
        for (size_t i = 0; i < b->n; i++) begin_job(b, &b->slot[i]);
        wait_until_still(b);
        if (collect(b)) continue; /* what begins now joins the next pass */
        if (!compute(b)) return;
        go_on(b);
        wait_until_still(b);
    }
}

void batch_run(struct session *const *sessions, size_t n, const struct batch_work *w)
{
    struct batch b = {.w = w, .n = n, .wanted = w->n};
    assert(n >= 1 && n <= BATCH_MOST);
    pthread_mutex_init(&b.lock, NULL);
    pthread_cond_init(&b.still, NULL);
    for (size_t i = 0; i < n; i++) {
        b.slot[i] = (struct slot){.b = &b, .s = sessions[i]};
        pthread_cond_init(&b.slot[i].computed, NULL);
    }
    run_all(&b);
    for (size_t i = 0; i < n; i++) pthread_cond_destroy(&b.slot[i].computed);
    pthread_cond_destroy(&b.still);
    pthread_mutex_destroy(&b.lock);
}
