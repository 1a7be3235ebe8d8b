/* batch.h: jobs side by side, each over a session of its own: what they append goes through the
 * model together, so that the weights are read once for all.
 *
 *   caller   begin ......... pass ........ pass ........ done
 *   jobs     run: ... session_append (waits) ... session_append (waits) ... ended
 *
 * A job is straight-line code (generate) on a thread of its own.  Its session_append waits until
 * every job does, or has ended; then the caller's thread makes one pass for all of them.  So the
 * model is used by the caller's thread alone, and a job by its own: it touches its session and
 * nothing else that changes.  A job's results are the same bits whatever runs beside it. */
#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include "engine/engine.h"

#define BATCH_MOST 64 /* jobs at once */

/* begin and done may be called while other jobs run up to their first append: what a job reads until
 * then must not change. */
struct batch_work {
    void *ctx;
    size_t n; /* jobs 0 .. n-1, begun in this order */
    /* Readies a session, which holds what the job before it left; caller's thread.  False: the job
     * is not run, and done is called at once. */
    bool (*begin)(void *ctx, size_t job, struct session *s);
    /* The job, on its own thread.  Of the session it may call session_append, session_rewind and what
     * only reads.  E_INTR from session_append: interrupted, or not wanted any more. */
    void (*run)(void *ctx, size_t job, struct session *s);
    /* It has ended; caller's thread, in the order in which they end.  Returns how many jobs are
     * wanted from now on: those behind are not begun, and what they append fails with E_INTR. */
    size_t (*done)(void *ctx, size_t job);
    void (*tick)(void *ctx); /* after each pass, caller's thread; may be NULL */
};

/* Runs all jobs, at most n <= BATCH_MOST at once, on n sessions of one model; where one ends the next
 * begins.  After an interruption none is begun.  What fails fails in its job. */
void batch_run(struct session *const *sessions, size_t n, const struct batch_work *w);

#endif
