/* crew.h: processes that help one reader.  They are made before it shuts itself in, shut
 * themselves in like it, and sleep until it tells them to begin.
 *
 * What the reader may take is what it and its crew may take together.  Memory: each process has an
 * equal part, and the reader, which only waits for the others, is held to its own.  CPU time: the
 * reader adds up.  A process that needs more than its part, or crashes, just ends: the reader then
 * ends the others and does their work itself, with all there is, so that the outcome does not
 * depend on how many there were. */
#ifndef EXTRACT_CREW_H
#define EXTRACT_CREW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "extract/sandbox.h"

enum { CREW_MOST = 8 };

struct crew;

/* What a process of the crew sees of it. */
struct crew_post {
    int number, of;          /* from 0                                   */
    int order;               /* as crew_begin was called                 */
    int fd;                  /* to the reader; writing fails when it has no use for more */
    const atomic_bool *stop; /* nothing more is wanted                   */
};

/* The process ends when this returns. */
typedef void crew_work(void *ctx, const struct crew_post *post);

/* Makes n processes, at most CREW_MOST.  To be called before sandbox_enter(need).  NULL: n is less
 * than 2, or the system refuses. */
struct crew *crew_new(int n, enum sandbox_need need, crew_work *work, void *ctx);
int crew_size(const struct crew *c);

/* Lets them begin.  False: this process holds more than its part already. */
bool crew_begin(struct crew *c, int order);
/* Reads n bytes of what a process says.  False: it has ended, or this process holds more than its
 * part: go on alone. */
bool crew_read(struct crew *c, int number, void *out, size_t n);
/* Returns when all have ended.  NULL is fine. */
void crew_end(struct crew *c);

#endif
