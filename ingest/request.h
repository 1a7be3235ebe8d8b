/* request.h: what deepread asks of a running `deepread-extract --serve`: one document.
 *
 * Standard input of the server is a socket of whole messages (SOCK_SEQPACKET).  A request is
 *
 *     magic    8 bytes "drcall\0\1" (the last byte is the version)
 *     u64      bytes of memory that the reader may take of its own
 *     u64      bytes of the document, which is mapped on top
 *     u32      seconds of CPU time
 *     bytes    the arguments of the call in ingest/wire.h, from FORMAT on, each ended by a NUL
 *
 * and carries open descriptors (SCM_RIGHTS): the document, the write ends of the pipes for the
 * message and for the reason, and where there is a password the pipe that holds it.  The reply is
 * u32 process id and u32 errno: 0, or why there is no process.  All numbers are little-endian.
 *
 * The process is a child of the one that asks (CLONE_PARENT), which waits for it and kills it.
 * The server ends when the socket is closed at the other side; it never looks at a document. */
#ifndef INGEST_REQUEST_H
#define INGEST_REQUEST_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define REQUEST_VERSION 1
#define REQUEST_BYTES (96 << 10) /* longer ones are refused */
enum { REQUEST_ARGUMENTS = 16, REQUEST_FDS_LEAST = 3, REQUEST_FDS = 4, REQUEST_REPLY = 8 };

struct request {
    uint64_t memory, document;
    uint32_t seconds;
    int argc;
    char *argv[REQUEST_ARGUMENTS + 1]; /* argv[0] is the first argument; ends with NULL */
};

/* Appends the message.  E_LIMIT: longer than REQUEST_BYTES. */
enum err request_put(struct buf *out, const struct request *r, struct errinfo *e);
/* The arguments stay inside `bytes`.  E_FORMAT. */
enum err request_parse(struct request *r, char *bytes, size_t n, struct errinfo *e);

void request_put_reply(char out[REQUEST_REPLY], int32_t pid, int32_t why);
/* False: no such reply. */
bool request_parse_reply(const char *bytes, size_t n, int32_t *pid, int32_t *why);

#endif
