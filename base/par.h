/* par.h: a pool of threads for loops.
 *
 * OpenMP's runtime spins for milliseconds at the end of each loop; with another program on the
 * same cores a forward pass of some four hundred short loops then stands still most of the time
 * (measured: three quarters of all cycles).  Here a thread that waits spins for some tens of
 * microseconds, the distance between two loops of a token, and then sleeps. */
#ifndef BASE_PAR_H
#define BASE_PAR_H

#include <stddef.h>

#include "base/err.h"

struct par;

/* A pool that runs loops on `threads` threads (the caller is one of them).  E_LIMIT when the
 * system refuses a thread. */
enum err par_open(struct par **out, int threads, struct errinfo *e);
void par_close(struct par *p); /* NULL is fine */
int par_threads(const struct par *p);

/* Calls body(ctx, first, last, worker) for disjoint ranges that cover [0, n), each of at most
 * `grain` indices, and returns when all are done.  worker is 0 .. threads-1, the same within one
 * call of body, so that it can pick scratch memory.  Ranges are handed out in order to whoever is
 * free: results must not depend on who computes them.  One range only: the caller runs it alone.
 * Not to be called from within a body. */
typedef void par_body(void *ctx, size_t first, size_t last, int worker);
void par_for(struct par *p, size_t n, size_t grain, par_body *body, void *ctx);

#endif
