/* lang_index.h: the words of the table of languages, found without reading the table. */
#ifndef INGEST_LANG_INDEX_H
#define INGEST_LANG_INDEX_H

#include "ingest/lang.h"

enum lang_field {
    LANG_SUFFIX,
    LANG_NAME,
    LANG_PROGRAM,
    LANG_SHARED /* suffixes of several languages */
};

/* The first row that lists s[0..n), letters of either case; NULL: none does.  Names with a star are
 * not looked at.  Any thread; the index is made at the first call.  Cost: one hash. */
const struct lang *lang_index_find(enum lang_field field, const char *s, size_t n);

#endif
