/* archive.h: archives, whose members are documents of their own (members.h). */
#ifndef INGEST_ARCHIVE_H
#define INGEST_ARCHIVE_H

#include "ingest/item.h"

/* Reads the members of an archive, or what is compressed in a file; the item ends there. */
void archive_read(struct item *it);

#endif
