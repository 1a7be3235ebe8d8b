/* lang_rules.h: what tells languages apart that share a suffix.
 *
 * The suffixes, the names and what the patterns look for follow GitHub Linguist
 * (lib/linguist/heuristics.yml and languages.yml), which is
 * Copyright (c) 2017 GitHub, Inc., under the MIT licence: the text of LICENSE with that line. */
#ifndef INGEST_LANG_RULES_H
#define INGEST_LANG_RULES_H

#include <stddef.h>

#include "ingest/lang.h"

/* Steps that one question may take, of matching and of bytes passed over, of some 10 ns each.
 * Of Linguist's samples the longest takes 240000, and all but a few less than 100000. */
enum { LANG_STEPS_MAX = 300000 };

/* The language that the start of a file s[0..n) speaks for among those with a suffix, or NULL when
 * nothing there tells.  The first rule of that suffix whose pattern is found decides.  Cost: a
 * search for each rule of the suffix; when all of them together have taken LANG_STEPS_MAX, the
 * patterns left count as not found.  Patterns are compiled once.  `steps`, if given, receives the
 * steps taken: at most LANG_STEPS_MAX + n + 1. */
const struct lang *lang_by_rule(const char *suffix, const char *s, size_t n, size_t *steps);

/* `suffixes` are separated by blanks.  The pattern is one of PCRE2, with ^ and $ at each line; an
 * empty one always decides. */
struct lang_rule {
    const char *suffixes, *lang, *pattern;
};
enum { LANG_RULES_MAX = 512 }; /* a row more does not compile */
extern const struct lang_rule lang_rules[];
extern const size_t lang_rules_count;

#endif
