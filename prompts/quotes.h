/* quotes.h: where a quotation stands in a document's text. */
#ifndef PROMPTS_QUOTES_H
#define PROMPTS_QUOTES_H

#include "prompts/prompts.h"

/* Looks for `quote` in the chunk text[start, end): first at the bytes [q0, q1) of the chunk, when
 * q1 > 0, then anywhere in it (a quote may run over the chunk's end).  *from, *to: the bytes of
 * `text` found; the whole chunk when the quote is not there (MATCH_UNVERIFIED).
 * Cost: O(chunk * quote) at worst. */
enum quote_match quotes_find(struct str text, size_t start, size_t end, struct str quote, size_t q0,
                             size_t q1, size_t *from, size_t *to);

#endif
