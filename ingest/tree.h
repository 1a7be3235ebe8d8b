/* tree.h: walks a folder in stable order and says which files are worth opening. */
#ifndef INGEST_TREE_H
#define INGEST_TREE_H

#include "ingest/ingest.h"

struct tree_file {
    const char *path; /* the operand joined with the path below it: what a person can open */
    const char *rel;  /* the path below the root                                          */
    int folder;       /* open folder and ...                                              */
    const char *base; /* ... the file's name in it: for openat                            */
    size_t bytes;
    bool linked;      /* a symbolic link that is followed                                 */
};
typedef enum err tree_visit(void *ctx, const struct tree_file *f, struct errinfo *e);

/* Calls visit for each regular file below `root` that no rule leaves out, in byte order of the
 * paths; what is left out is entered in the ledger with its rule.  An error of visit ends the
 * walk.  Strings are valid during the call only.  A thread of its own walks ahead; visit and the
 * ledger are the caller's.
 *   E_USAGE a bad glob   E_IO the root cannot be read   E_INTR the user interrupted
 *   E_DEVICE no thread is to be had */
enum err tree_walk(const char *root, const struct ingest_options *o, struct arena *a,
                   struct ledger *l, tree_visit *visit, void *ctx, struct errinfo *e);

#endif
