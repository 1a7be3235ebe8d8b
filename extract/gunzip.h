/* gunzip.h: what is packed in a gzip file, also in one that was cut off or damaged.
 *
 * libarchive hands on blocks of 64 KiB, and drops the one that it cannot finish. */
#ifndef EXTRACT_GUNZIP_H
#define EXTRACT_GUNZIP_H

#include <stddef.h>

#include "base/str.h"

#define GUNZIP_MAX ((size_t)32 << 20) /* larger files are left to libarchive: they lose little */

enum gunzip {
    GUNZIP_NONE, /* no gzip file, too large, or nothing came out: *out is empty */
    GUNZIP_CUT,  /* it does not come to its end */
    GUNZIP_WHOLE
};

/* Unpacks to *out, `most` bytes at most (else GUNZIP_NONE); buf_free it. */
enum gunzip gunzip(struct buf *out, const void *bytes, size_t n, size_t most);

#endif
