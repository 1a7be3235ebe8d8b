/* ignore.h: which files of a folder are left out by rules kept beside them.
 *
 * .gitignore, .git/info/exclude and the user's global excludes apply inside a Git work tree, as
 * git reads them (libgit2); files that git tracks are never left out by them.  .ignore and then
 * .deepreadignore apply everywhere, with the same syntax, and overrule .gitignore; rules deeper in
 * the tree overrule those above.  Rule files above the root count too. */
#ifndef INGEST_IGNORE_H
#define INGEST_IGNORE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

struct ignore;

/* root is an existing folder.  Memory from the arena; ignore_close releases libgit2's. */
struct ignore *ignore_open(struct arena *a, const char *root);
void ignore_close(struct ignore *ig); /* NULL is fine */

/* Before and after the files of a folder below the root; `rel` is its path from there ("" for the
 * root itself). */
void ignore_enter(struct ignore *ig, const char *rel);
void ignore_leave(struct ignore *ig);

/* The rule that leaves out `rel` ("rule .gitignore"), or NULL.  The folders above it were entered
 * and are not left out themselves. */
const char *ignore_why(struct ignore *ig, const char *rel, bool is_folder);
/* Whether something below the left-out folder `rel` must be read all the same, because git tracks
 * it. */
bool ignore_has_tracked(struct ignore *ig, const char *rel);

#endif
