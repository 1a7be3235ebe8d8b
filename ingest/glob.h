/* glob.h: patterns of file names as in -i and -e; close to those of ignore files (rule.h).
 *
 *   *      anything but a slash        ?      one character but a slash
 *   [a-z]  one of these; [!a-z] or [^a-z] none of these; [[:alpha:]] and its like
 *   **     as a whole part of a path: any number of folders
 *   \x     x itself
 *
 * A pattern without a slash (but at its end) matches a name at any depth; one with a slash matches
 * from the root, with ./ in front or not.  A slash at the end asks for a folder.  Matching takes time linear in the length
 * of pattern times path, whatever the pattern. */
#ifndef INGEST_GLOB_H
#define INGEST_GLOB_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

struct glob {
    const char *const *parts; /* between slashes, NULL-terminated */
    bool negated;             /* started with !                    */
    bool folder;              /* ended with /                      */
    bool anchored;            /* holds a slash                     */
};

/* E_USAGE for an empty pattern, a bracket or a brace without its end, a backslash at the end. */
enum err glob_compile(struct glob *g, struct arena *a, const char *pattern, struct errinfo *e);
/* Whether path ("a/b.c", relative to the pattern's root) matches. */
bool glob_match(const struct glob *g, const char *path, bool is_folder);
/* Whether the path or a folder above it matches: what is in a matching folder is matched too. */
bool glob_covers(const struct glob *g, const char *path, bool is_folder);

/* A list of patterns of which the last that matches decides. */
struct globs {
    struct glob *v;
    size_t n, cap;
    bool positive; /* has a pattern without ! */
};
/* Adds a pattern of the command line: {a,b} stands for either, ! in front takes matches away. */
enum err globs_add(struct globs *gs, struct arena *a, const char *pattern, struct errinfo *e);
/* The last pattern that covers the path, or NULL. */
const struct glob *globs_last(const struct globs *gs, const char *path, bool is_folder);

#endif
