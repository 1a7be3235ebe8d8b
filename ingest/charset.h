/* charset.h: what encoding bytes are in, and their way to UTF-8 with the way back. */
#ifndef INGEST_CHARSET_H
#define INGEST_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct charset {
    const char *name; /* lower case: "utf-8", "utf-16le", "gb18030"; memory from the arena or static */
    size_t bom;       /* bytes of byte order mark to skip at the start                               */
    bool guessed;     /* neither a mark, nor well-formed UTF-8, nor named by somebody                 */
    bool binary;      /* no text in any encoding: then name is NULL.  A zero byte makes it so,
                         unless all of it reads as UTF-16 or UTF-32 or somebody named an encoding */
};

/* In this order: a byte order mark; `named` (--encoding or what a page declares; NULL: nobody
 * says); well-formed UTF-8, also cut off in its last character or with a few bad bytes;
 * UTF-16 and UTF-32 without a mark, where that is plain to see; HZ by its shifts; uchardet.
 * E_UNSUPPORTED when `named` is not an encoding that this system converts. */
enum err charset_detect(struct charset *out, struct arena *a, const void *bytes, size_t n,
                        const char *named, struct errinfo *e);

/* Receives a piece of UTF-8 that was made from source bytes [byte, byte+byte_len).  Pieces come in
 * order, touch each other and never cut a character. */
typedef void charset_emit(void *ctx, const char *utf8, size_t n, size_t byte, size_t byte_len);

/* Whether lines end in \r, as in old Macintosh files: there is one, and no \n. */
bool charset_cr_lines(const struct charset *cs, const void *bytes, size_t n);

/* Converts all bytes after the mark.  A piece ends after each line end and after 1 KiB of source
 * at the latest, so that its byte range is worth citing.  Bytes that mean nothing become U+FFFD;
 * *bad counts them.  Linear time. */
enum err charset_convert(const struct charset *cs, const void *bytes, size_t n,
                         charset_emit *emit, void *ctx, size_t *bad, struct errinfo *e);

#endif
