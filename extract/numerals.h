/* numerals.h: how the items of lists are counted. */
#ifndef EXTRACT_NUMERALS_H
#define EXTRACT_NUMERALS_H

#include <stdbool.h>
#include <stddef.h>

enum numerals { NUMERALS_DECIMAL, NUMERALS_LETTERS, NUMERALS_ROMAN };

/* v as text, cut at max: 27, "aa", "xxvii".  Letters and Roman numbers that do not exist (below 1;
 * 4000 and more) are decimal. */
void numerals_put(char *out, size_t max, int v, enum numerals kind, bool lower);

#endif
