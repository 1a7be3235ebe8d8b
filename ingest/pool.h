/* pool.h: documents parsed side by side, each in a process of its own (extraction.h).
 *
 * One thread: while it adds and waits it also listens to what runs.  Results come in any order;
 * who wants them in another one keeps a place for each. */
#ifndef INGEST_POOL_H
#define INGEST_POOL_H

#include "ingest/extraction.h"

struct pool;

/* Starts nothing yet.  At most o->jobs documents run at once (0: as many as there are cores); the
 * program is o->extract_path.  What o->cache holds is not parsed again, unless a password opens it:
 * such text is never stored.  `o` must outlive the pool. */
struct pool *pool_new(const struct ingest_options *o);
/* Kills what still runs, without a word to `done`, and ends the program.  NULL is fine. */
void pool_free(struct pool *p);

/* Called once for each document added: `d`, in the arena it was added with, or why there is none
 * (codes as extraction_start and extraction_result). */
typedef void pool_done(void *ctx, struct doc *d, const struct errinfo *why);

/* Begins with a document once there is room, and meanwhile finishes others.  What `about` points
 * to must live until `done` was called, which may be before this returns and may not add. */
void pool_add(struct pool *p, struct arena *a, const struct wire_about *about, pool_done *done,
              void *ctx);
/* Finishes what has ended by now. */
void pool_poll(struct pool *p);
/* Returns when all are done. */
void pool_wait(struct pool *p);
/* From now on nothing is parsed any more: pool_add, and pool_wait for what runs, give E_INTR to `done`
 * at once.  `done` may call it. */
void pool_stop(struct pool *p);

#endif
