/* zip_list.h: the names of a zip file's own members, without unpacking it.
 *
 * They stand in the list at its end.  A file that was cut off, and the first bytes of a long one,
 * have no list: then the header in front of each member tells.  Either way members of a zip file
 * that is stored inside are not taken for its own. */
#ifndef INGEST_ZIP_LIST_H
#define INGEST_ZIP_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct zip_list {
    const unsigned char *s, *at, *end; /* the file, what comes next, where to stop */
    bool is_list;                      /* else headers in front of members         */
};

struct zip_name {
    const char *s; /* into the file, not NUL-terminated                  */
    size_t n;
    bool utf8;     /* the file says so, or gives the name in UTF-8, too  */
};

/* Hostile bytes, which stay the caller's. */
void zip_list_open(struct zip_list *l, const void *bytes, size_t n);
/* False: there are no more. */
bool zip_list_next(struct zip_list *l, struct zip_name *out);

#endif
