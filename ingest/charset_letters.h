/* charset_letters.h: what the bytes within words say of the code page.  In the right one they are small
 * letters, where others have signs and capitals. */
#ifndef INGEST_CHARSET_LETTERS_H
#define INGEST_CHARSET_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

/* Text of the first Macintoshes and of DOS: "macintosh" or "cp850"; NULL: it is neither.  `high`: how
 * many of the n bytes are not ASCII. */
const char *letters_old_western(const char *s, size_t n, size_t high);

/* Korean of the old two-byte code that spells syllables by their letters. */
bool letters_johab(const char *s, size_t n);

/* A near relative of the code page `guess` that fits better: Ukrainian KOI8 for the Russian one, those
 * of Central Europe for each other, the Baltic one; NULL: nothing speaks against the guess. */
const char *letters_settle(const char *guess, const char *s, size_t n);

#endif
