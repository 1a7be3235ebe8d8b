/* extraction.h: one document in a process of deepread-extract: started, listened to, judged. */
#ifndef INGEST_EXTRACTION_H
#define INGEST_EXTRACTION_H

#include <poll.h>
#include <sys/types.h>

#include "ingest/extractor.h"
#include "ingest/wire.h"

enum { EXTRACTION_TAIL = 512, EXTRACTION_FDS = 3 };

/* Zero-initialise nothing: extraction_start sets it up, extraction_end lets it go. */
struct extraction {
    struct wire_about about;
    int jobs; /* processes that may read it */
    enum ocr_use ocr;
    bool apart; /* pages that break the reader are to cost themselves only */
    pid_t pid;
    int timeout_s;
    double deadline;
    bool alive;          /* not reaped yet */
    int ended;           /* becomes readable when the process has ended; -1: it was reaped, or the
                            kernel (before 5.3) has no such thing and it is asked at each step */
    int out, err;        /* what it says: message and reason; -1: closed */
    struct buf answer;
    char tail[EXTRACTION_TAIL]; /* of the reason */
    size_t n_tail;
    bool timed_out, too_long, interrupted;
    int status;
};

/* Hands the bytes of a document, about->source, to a process of its own; about->format names the
 * reader.  What `about` points to must live until extraction_end.  Limits: memory (o->memory),
 * CPU time and wall time (o->timeout_s), WIRE_LIMIT on the answer.  Messages start with
 * about->name.  The document may be read by `jobs` processes.
 *   E_DEVICE  the process cannot be made   E_USAGE  a password that is too long */
enum err extraction_start(struct extraction *x, struct extractor *server,
                          const struct ingest_options *o, int jobs,
                          const struct wire_about *about, struct errinfo *e);

/* After extraction_step said true: whether the document is to be read once more, because pages of it
 * are pictures, because recognising their text broke down, or because a page of a PDF broke the
 * reader. */
bool extraction_asks(const struct extraction *x);
/* Reads it once more; what is left of its time is the same.  Errors as extraction_start. */
enum err extraction_again(struct extraction *x, struct extractor *server,
                          const struct ingest_options *o, struct errinfo *e);

/* Appends all that the text depends on beside the bytes and the program. */
void extraction_settings(struct buf *out, const struct ingest_options *o, const char *format);

/* What to wait for: EXTRACTION_FDS entries, closed ones with fd -1. */
void extraction_watch(const struct extraction *x, struct pollfd fds[EXTRACTION_FDS]);
/* Takes what came.  True when the process has ended and all was read, or it had to be killed: out
 * of time, too long an answer, the user's interrupt. */
bool extraction_step(struct extraction *x, const struct pollfd fds[EXTRACTION_FDS]);

/* The document, after extraction_step said true.
 *   E_FORMAT  it crashed, or its answer makes no sense
 *   E_LIMIT   it ran out of time or memory
 *   E_INTR    the user interrupted
 *   others    as the program reports them: E_LOCKED, E_EMPTY, ... */
enum err extraction_result(struct extraction *x, struct doc **out, struct arena *a,
                           struct errinfo *e);
/* Kills what still runs and releases everything. */
void extraction_end(struct extraction *x);

#endif
