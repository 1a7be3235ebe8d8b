/* grammar_circle.h: free text does not run in circles.
 *
 * Three rules.  A token that would complete a run of 8 tokens already in the value is not allowed
 * (a run of 8 characters where tokens are parts of characters: three Chinese ones are no circle).
 * Nor is one that would complete the third copy in a row of a shorter run that holds a word (seen:
 * "for the driver for the driver for the driver"; in none of 15,884 sentences that people wrote).
 * A sentence that says again what an earlier one of the value says ends the value before it.
 *
 * What counts as saying again: the words of the sentence (runs of letters, digits and _ in lower
 * case, CJK characters one by one) stand, counted, in one earlier sentence to CIRCLE_SHARE, every
 * one of its words that holds a digit among them; sentences below CIRCLE_MIN words must be equal
 * word for word.  Of 31,220 sentences that people wrote (answers, abstracts, summaries of code)
 * this takes 9 for repetitions (share 0.85: 18; 1: 2): they differ in one word of ten or twenty,
 * which is what a small model writes when it says something again. */
#ifndef ENGINE_GRAMMAR_CIRCLE_H
#define ENGINE_GRAMMAR_CIRCLE_H

#include "engine/tokenizer.h"

#define CIRCLE_RUN 8
#define CIRCLE_SHARE 0.9
#define CIRCLE_MIN 5

/* Stores in out the tokens that may not follow v[0,n) by the first two rules; at most cap of them
 * (the rest is lost), returns how many. */
size_t grammar_circle_banned(const struct tokenizer *t, const int32_t *v, size_t n, int32_t *out,
                             size_t cap);

/* s: the inside of a JSON string.  True when a sentence ends at s[n], if what follows is the end of
 * the value or white space (`apart`), or anything else. */
bool grammar_circle_ends(const char *s, size_t n, bool apart);
/* Where s[0, n) must be cut because its last sentence says again what an earlier one says; n when
 * it does not. */
size_t grammar_circle_cut(const char *s, size_t n);

#endif
