/* extract_client.h: runs deepread-extract, the program that parses hostile formats. */
#ifndef INGEST_EXTRACT_CLIENT_H
#define INGEST_EXTRACT_CLIENT_H

#include "ingest/wire.h"

/* Runs the program on the bytes of one document; about->format names the reader.  The program is
 * o->extract_path, else deepread-extract beside the running executable, else
 * ../libexec/deepread/deepread-extract from there.  Limits: memory (o->memory), CPU time and wall
 * time (o->timeout_s), WIRE_LIMIT on the answer.  The child is always reaped, and ends with this
 * process however that ends.
 *   E_IO      the program is not there or cannot be started
 *   E_FORMAT  it crashed, or its answer makes no sense
 *   E_LIMIT   it ran out of time or memory
 *   E_INTR    the user interrupted
 *   others    as the program reports them: E_LOCKED, E_EMPTY, ... */
enum err extract_client_run(struct doc **out, struct arena *a, const struct ingest_options *o,
                            const struct wire_about *about, struct errinfo *e);

/* Appends one line: what the program shuts itself into on this machine.  E_DEVICE when it is not
 * there or does not answer. */
enum err extract_client_describe(struct buf *out, struct errinfo *e);

#endif
