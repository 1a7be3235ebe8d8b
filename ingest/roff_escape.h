/* roff_escape.h: the escape sequences of roff, which man pages are written in. */
#ifndef INGEST_ROFF_ESCAPE_H
#define INGEST_ROFF_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* The escape at s[0] == '\\': its length.  *means is what it stands for: "" for what only says how
 * text looks, NULL for \c, which joins what follows. */
size_t roff_escape(const char *s, size_t n, const char **means);

#endif
