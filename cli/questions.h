/* questions.h: the file of -Q (--questions). */
#ifndef CLI_QUESTIONS_H
#define CLI_QUESTIONS_H

#include "base/err.h"
#include "base/mem.h"

/* One question per line (its end: \n, \r\n or \r), without the white space around it; blank lines and a byte order mark are
 * passed over.  path "-" is standard input.  Memory of the arena.  E_IO, E_LIMIT, E_FORMAT where it
 * is no UTF-8 text, E_EMPTY where it holds no question. */
enum err questions_read(struct arena *a, const char *path, const char *const **texts, size_t *n,
                        struct errinfo *e);

#endif
