/* err.h: the one way to fail.
 *
 * Every function that can fail returns an enum err and fills *e; 0 is success, always.
 * bool answers a question; a finder returns NULL for "not there", which is no error.
 * The code says what kind of thing went wrong; which exit code that becomes is decided in cli/,
 * by the stage that failed (model, input, output), not here. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err {
    OK = 0,
    E_USAGE,       /* the caller asked for something that makes no sense: wrong option, bad glob   */
    E_IO,          /* the system refused: open, read, write, map                                   */
    E_FORMAT,      /* bytes from outside are not what their format promises                        */
    E_UNSUPPORTED, /* well-formed, and not something this program handles: architecture, file type */
    E_EMPTY,       /* nothing to read in it: no text layer, empty file, tree without text          */
    E_LOCKED,      /* needs a password                                                             */
    E_LIMIT,       /* does not fit: context, memory, size, time                                    */
    E_DEVICE,      /* the machine: the compute device or its library; a part of the program that
                      is not there or does not start; no descriptors or processes left             */
    E_INTR         /* interrupted by the user; what was finished before it stays valid             */
};

struct errinfo {
    enum err code;
    char msg[480]; /* one line, no newline, names thing, place, expected and found */
};

/* Records a failure and returns its code, so that reporting and failing is one statement.
 * Keeps the first cause: a second call on the same *e changes nothing and returns the first
 * code.  e may be NULL when nobody wants the text. */
enum err err_set(struct errinfo *e, enum err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Forgets what is recorded, so that *e can serve the next attempt. */
void err_clear(struct errinfo *e);

/* Hands a failure to the caller.  The only macro of the program that hides control flow. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err try_r_ = (call);                                                                  \
        if (try_r_) return try_r_;                                                                 \
    } while (0)

#endif
