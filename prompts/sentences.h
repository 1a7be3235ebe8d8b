/* sentences.h: a text cut into sentences, for people's prose in many languages. */
#ifndef PROMPTS_SENTENCES_H
#define PROMPTS_SENTENCES_H

#include "base/str.h"

/* The sentence that begins at or after *i: without the white space around it; *i moves behind it.
 * False when only white space is left.
 *
 * A sentence ends at a line end, at 。！？, or at . ! ? with what closes after it and white space;
 * a full stop after a known abbreviation or an initial, or before a small letter, ends none. */
bool sentences_next(struct str text, size_t *i, struct str *out);

#endif
