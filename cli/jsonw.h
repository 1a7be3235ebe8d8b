/* jsonw.h: writes one JSON value into a buffer, compact or indented; commas are its business. */
#ifndef CLI_JSONW_H
#define CLI_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct jsonw {
    struct buf *out;
    bool pretty;
    bool inner_flat; /* set while a short list stays on one line */
    bool comma;      /* a value stands before, at this level     */
    int depth;
};

/* key: NULL inside a list and for the outermost value. */
void jsonw_open(struct jsonw *w, const char *key, char bracket); /* '{' or '[' */
void jsonw_close(struct jsonw *w, char bracket);                 /* '}' or ']' */
void jsonw_str(struct jsonw *w, const char *key, struct str s);
void jsonw_z(struct jsonw *w, const char *key, const char *z);   /* NULL: null */
void jsonw_int(struct jsonw *w, const char *key, int64_t x);
void jsonw_real(struct jsonw *w, const char *key, double x, int decimals); /* not finite: null */
void jsonw_bool(struct jsonw *w, const char *key, bool x);
void jsonw_null(struct jsonw *w, const char *key);
/* [a, b] on one line. */
void jsonw_pair(struct jsonw *w, const char *key, int64_t a, int64_t b);

#endif
