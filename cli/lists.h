/* lists.h: the files of -Q (--questions) and --files-from.  A path "-" is standard input; what is read
 * from them is the arena's. */
#ifndef CLI_LISTS_H
#define CLI_LISTS_H

#include "base/err.h"
#include "base/mem.h"

/* One question per line (its end: \n, \r\n or \r), without the white space around it; blank lines and a byte order mark are
 * passed over.  E_IO, E_LIMIT, E_FORMAT where it is no UTF-8 text, E_EMPTY where it holds no question. */
enum err questions_read(struct arena *a, const char *path, const char *const **texts, size_t *n,
                        struct errinfo *e);

/* Paths of any bytes, one a line (its end: \n or \r\n), or each ended by a NUL where there is one: what
 * `find -print0` and `git ls-files -z` write.  Empty ones are passed over; *n may be 0.  NULL after the
 * last.  E_IO, E_INTR, E_LIMIT. */
enum err paths_read(struct arena *a, const char *path, char ***paths, size_t *n, struct errinfo *e);

#endif
