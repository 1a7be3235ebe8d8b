/* zip.h: the members of a zip file that is wholly in memory: office documents and e-books. */
#ifndef EXTRACT_ZIP_H
#define EXTRACT_ZIP_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* More than this is refused: E_LIMIT. */
#define ZIP_MEMBERS_MAX 65536
#define ZIP_BYTES_MAX ((size_t)256 << 20) /* of all members that are unpacked, together */

struct zip_member {
    const char *name; /* as stored: "word/document.xml" */
    const char *s;
    size_t n;
    bool whole;       /* false: it ends early, the file is damaged */
};

struct zip {
    struct zip_member *v; /* in the order of the file */
    size_t n, cap;
    bool damaged;         /* the file ends early: members may be missing */
};

/* Unpacks the members that `wanted` names (NULL: all).  Names are compared later as they are
 * stored, so a path that leads out of the archive leads nowhere.  Everything lives in the arena
 * but the bytes: zip_close.
 *   E_FORMAT no zip file, or not one member can be read   E_LIMIT more than the limits above
 *   E_LOCKED a wanted member is encrypted */
enum err zip_open(struct zip *z, struct arena *a, const char *name, const void *bytes, size_t n,
                  bool (*wanted)(const char *member), struct errinfo *e);
void zip_close(struct zip *z); /* zeroed is fine */

/* The member of that name, in any case of letters, or NULL. */
const struct zip_member *zip_find(const struct zip *z, const char *member);

/* What a reference inside `from` (a member) to `ref` names: "word/document.xml" and "../a.xml"
 * give "a.xml"; a leading slash counts from the root; percent signs are decoded, a fragment is cut. */
const char *zip_resolve(struct arena *a, const char *from, const char *ref);

#endif
