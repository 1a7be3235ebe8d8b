/* cut_gzip.h: what a gzip file gives that was cut off or damaged.
 *
 * libarchive hands on blocks of 64 KiB, and drops the one that it cannot finish. */
#ifndef EXTRACT_CUT_GZIP_H
#define EXTRACT_CUT_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define CUT_GZIP_MAX ((size_t)32 << 20) /* larger files are not looked at: they lose little */

/* True when bytes are a gzip file that does not come to its end, and something came out: *out holds
 * it, `most` bytes at most; buf_free it.  Cost: as for unpacking. */
bool cut_gzip(struct buf *out, const void *bytes, size_t n, size_t most);

#endif
