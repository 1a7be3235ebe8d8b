/* rule.h: a line of an ignore file, exactly as git reads it: byte by byte, and what is no pattern
 * matches nothing.  (Patterns of the command line are kinder: glob.h.)
 *
 *   *  ?  [a-z]   as in glob.h, but of bytes; [!a-z] or [^a-z], [[:alpha:]] and its like
 *   ** /, / **    folders, any number; elsewhere two stars are one
 *   \x            x itself
 *   !x  x/  /x    takes matches away; asks for a folder; a slash but at the end: from the folder on
 *                 that holds the ignore file
 *
 * Source: gitignore(5), and trees at random beside git (it differs from its own manual where
 * brackets or backslashes are malformed, and in core.ignoreCase). */
#ifndef INGEST_RULE_H
#define INGEST_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct rule_token;

struct rule {
    const struct rule_token *v;
    bool negated;  /* started with !              */
    bool folder;   /* ended with /                */
    bool anchored; /* holds another slash         */
    bool fold;     /* takes letters in either case */
};

/* Reads a line of n bytes; false for one that matches nothing (blank, a comment).  `fold`: letters of
 * ASCII are the same in either case (core.ignoreCase). */
bool rule_parse(struct rule *out, struct arena *a, const char *s, size_t n, bool fold);

/* Whether path ("a/b.c", from the folder of the ignore file) matches itself; what is in a folder
 * that matches does not.  Takes time linear in the length of rule times path. */
bool rule_match(const struct rule *r, const char *path, bool is_folder);

#endif
