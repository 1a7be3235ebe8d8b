/* skeleton.h: what a file of source code declares, for a file that is too long to be read whole. */
#ifndef INGEST_SKELETON_H
#define INGEST_SKELETON_H

#include "ingest/ingest.h"

/* A shorter document: the lines that declare something (functions, types, classes) with the rest of
 * a signature that goes on, the comment right above and, in Python, the first string of the body.  Its places are
 * those of `d`, with a blank line where something was left out.  NULL when `d` is no code, is of a
 * language without a row in skeleton.c, declares nothing, or would not get shorter.
 * Patterns match line by line; a line longer than 400 bytes declares nothing.  Memory: arena. */
struct doc *skeleton_of(struct arena *a, const struct doc *d);

#endif
