/* roff_escape.h: the escape sequences of roff, which man pages are written in. */
#ifndef INGEST_ROFF_ESCAPE_H
#define INGEST_ROFF_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#define ROFF_ROOM 32

/* The escape at s[0] == '\\': its length.  *means is what it stands for, which may lie in `room`: "" for what only
 * says how text looks, U+FFFD for a sign that has no known name, NULL for \c, which joins what follows. */
size_t roff_escape(const char *s, size_t n, char room[ROFF_ROOM], const char **means);

#endif
