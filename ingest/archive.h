/* archive.h: archives, whose members are documents of their own (members.h). */
#ifndef INGEST_ARCHIVE_H
#define INGEST_ARCHIVE_H

#include "ingest/item.h"

/* Reads the members of an archive, or what is compressed in a file; the item ends there. */
void archive_read(struct item *it);

/* What is attached to a message is read behind it, as its members; `reader` reads the message. */
void archive_read_attached(struct item *it, const struct reader *reader);
/* Whether something may be attached, as far as is to be seen without parsing. */
bool archive_may_hold(const struct item *it);

#endif
