/* lang_table.h: the data of lang.c. */
#ifndef INGEST_LANG_TABLE_H
#define INGEST_LANG_TABLE_H

#include "ingest/lang.h"

/* First row wins; a language without suffix of its own is found by content, name or program. */
extern const struct lang lang_table_rows[];
extern const size_t lang_table_count;

/* A suffix that several languages share: the first row with a mark that stands in the text wins,
 * and none leaves what the rows say.  Marks are separated by |; ^ asks for the start of a line. */
struct lang_shared {
    const char *suffix, *lang, *marks;
};
extern const struct lang_shared lang_table_shared[];
extern const size_t lang_table_shared_count;

#endif
