/* crew.h: processes that help one reader.  They are made before it shuts itself in, shut
 * themselves in like it, and sleep until it tells them to begin.
 *
 * What the reader may take is what it and its crew may take together.  Memory: each process has an
 * equal part, and the reader, which only waits for the others, is held to its own.  CPU time: the
 * reader adds up.  A process that needs more than its part just ends: the reader then ends the
 * others and does their work itself, with all there is, so that the outcome does not depend on how
 * many there were.  One that crashes or is ended by its watch costs what it was at: another one,
 * made in reserve, takes its place behind that, and when there is none left the reader does.
 *
 * The time that all may take together is RLIMIT_CPU of the reader, in processor time and, from
 * crew_new on, by the clock too; without one it has no end. */
#ifndef EXTRACT_CREW_H
#define EXTRACT_CREW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "extract/sandbox.h"

enum { CREW_MOST = 8, CREW_RESERVE = 2 };

struct crew;

/* What a process of the crew sees of it. */
struct crew_post {
    int number, of;          /* from 0                                   */
    size_t from;             /* as crew_replace was called; 0            */
    int fd;                  /* to the reader; writing fails when it has no use for more */
    const atomic_bool *stop; /* nothing more is wanted                   */
    atomic_int *late;        /* crew_late                                */
};

/* The process ends when this returns. */
typedef void crew_work(void *ctx, const struct crew_post *post);

/* Makes n processes, at most CREW_MOST.  To be called before sandbox_enter(need).  NULL: n is less
 * than 2, or the system refuses. */
struct crew *crew_new(int n, enum sandbox_need need, crew_work *work, void *ctx);
int crew_size(const struct crew *c);

/* In a process of the crew, before each thing it is at: ends the process when that takes more
 * processor time than `grace` seconds and `share` of what is then left to all, so that however many
 * such things there are, something is left for the rest.  By the clock, for what sleeps, it may
 * take grace and all that is left, that is half of the time: a busy machine makes nothing late.
 * Looks every tenth of a second.  0: no watch. */
void crew_watch(double share, double grace);

/* The same for a reader that has no crew: its process ends with `status`, and only processor time
 * counts. */
void crew_watch_alone(double share, double grace, int status);

/* Lets them begin.  False: this process holds more than its part already. */
bool crew_begin(struct crew *c);
/* Reads n bytes of what a process says.  False: it has ended, or this process holds more than its
 * part.  If crew_lost then, leave out what it was at and crew_replace it; else crew_end and do all
 * that is left alone. */
bool crew_read(struct crew *c, int number, void *out, size_t n);
/* After crew_read said false: whether that process crashed or was ended by its watch, so that what
 * it was at is better left alone. */
bool crew_lost(const struct crew *c, int number);
/* Puts another process in the place of one that was lost, told where to go on.  False: there is
 * none left, and the rest of what this number was to do is the caller's, who asks crew_gone before
 * it reads; the other processes go on. */
bool crew_replace(struct crew *c, int number, size_t from);
bool crew_gone(const struct crew *c, int number);
/* The part of the time that is left to all, 0 to 1, as of the last crew_read. */
double crew_time_left(const struct crew *c);
/* How many things took all the time that they were given, of all processes: each adds those that it
 * ends itself, its watch the one that it ends it for.  Valid until crew_end. */
atomic_int *crew_late(struct crew *c);
/* Returns when all have ended.  NULL is fine. */
void crew_end(struct crew *c);

#endif
