/* pdf_stream.h: where each word of a page stands in its content stream.
 *
 * poppler's list of words is in an order of its own; only its plain text can be had in the order of
 * the content stream.  The two are matched here.  That order says two things: words that do not
 * follow each other in it are rarely neighbours on a line, however near they stand (narrow
 * gutters), and it is the author's reading order in files of many producers. */
#ifndef EXTRACT_PDF_STREAM_H
#define EXTRACT_PDF_STREAM_H

#include "base/mem.h"
#include "extract/words.h"

/* Sets word.stream to the offset of the word in `stream` with white space left out, or -1 where
 * it was not found.  Returns the share of words found.  Cost: n log n, with at most 48 places
 * tried for a word. */
float stream_match(struct words_page *page, const char *stream, struct arena *scratch);

/* Both are known, and b does not come directly after a. */
static inline bool stream_apart(const struct word *a, const struct word *b)
{
    return a->stream >= 0 && b->stream >= 0 && b->stream != a->stream + (long)a->n;
}

#endif
