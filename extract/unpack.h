/* unpack.h: the members of an archive: zip, 7z, tar, each also compressed with gzip, bzip2, xz or
 * zstd; and a file that is only compressed. */
#ifndef EXTRACT_UNPACK_H
#define EXTRACT_UNPACK_H

#include <stddef.h>

#include "base/err.h"

/* Sends them to fd (ingest/members.h), as far as its limits and the file's damage allow.  Links,
 * devices, encrypted members, names that lead out of the archive and what no reader reads are left
 * out with their reason.  An error means that nothing was sent: E_FORMAT, no such file. */
enum err unpack(int fd, const char *name, const void *bytes, size_t n, struct errinfo *e);

#endif
