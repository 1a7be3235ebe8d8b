/* member_name.h: names of archive members in UTF-8.
 *
 * A zip file marks a name that is UTF-8.  Without the mark it is in the code page of whoever packed
 * it: by the format's rule 437 (Latin letters of DOS), in practice also those of Windows in Russia,
 * China, Japan or Korea.  All names of a file share one. */
#ifndef EXTRACT_MEMBER_NAME_H
#define EXTRACT_MEMBER_NAME_H

#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"

struct member_names {
    const char *charset; /* of names that are not UTF-8; NULL: they stay as they are */
};

/* Looks at all names in the list at the end of a zip file; other archives have no such rule. */
void member_names_open(struct member_names *m, struct arena *a, const void *archive, size_t n);
/* The name in UTF-8: raw itself where it is that, else in out. */
const char *member_name(const struct member_names *m, struct buf *out, const char *raw);

#endif
