/* support.h: is what a sentence says to be found in the documents?
 *
 * By words, not by meaning: the share of a sentence's content words that stand in its best chunk,
 * and each number and name in it that stands nowhere in the documents.  Words are runs of letters,
 * digits and _ in lower case without common English endings, CJK characters one by one; a name in
 * code counts with its parts (maxRetryCount: max, retry, count), a number whole (1,024 is 1024).
 * Words that say nothing ("the", "of", 的) do not count; a sentence without others ("Yes.") claims
 * nothing that could be looked up and has share 1. */
#ifndef PROMPTS_SUPPORT_H
#define PROMPTS_SUPPORT_H

#include "prompts/prompts.h"

struct support; /* lives in the arena given */

/* Reads the documents once: O(their text). */
struct support *support_new(struct arena *a, struct doc *const *docs, const struct chunk *chunks,
                            size_t n_chunks);
/* Fills in chunk, support, invented and invented_what of a sentence whose text is set.  prefer: a
 * chunk that wins over others that support it as well, SIZE_MAX none. */
void support_weigh(const struct support *s, struct arena *a, struct sentence *sentence,
                   size_t prefer);
/* Share of the sentence's content words in another text. */
double support_share(struct str sentence, struct str text, struct arena *a);

#endif
