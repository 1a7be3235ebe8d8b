/* attach.h: hands on what is attached to a message, as members (ingest/members.h). */
#ifndef EXTRACT_ATTACH_H
#define EXTRACT_ATTACH_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct attach {
    int fd;
    size_t total, count; /* bytes and parts that were sent             */
    const char *end;     /* why the rest is left out, or NULL          */
    struct errinfo why;  /* the first failure to send                  */
};

/* Sends one part, decoded, when something here reads it; pictures and the like are passed by.
 * name: as the mail gives it, or "".  message: of a box, else 0; its folder. */
void attach_send(struct attach *x, uint32_t message, const char *name, const struct buf *bytes);

#endif
