/* grammar_quote.h: every quotation that a chunk allows, as an automaton.
 *
 * The chunk's text is written once as the inside of a JSON string, each byte with a map back to the
 * chunk: in prose a run of white space is one space; of code each line stands alone, without the
 * white space around it.
 *
 *     text     a "b"\n  c            prose, as written     a \"b\" c
 *     state    positions in it that the quote so far can have reached: {3} after `a \`
 *
 * A quote starts at the start of a word, ends at the end of one (scripts without spaces: between
 * any two characters), and is never blank.  A token may end inside a character or an escape, a
 * quote may not. */
#ifndef ENGINE_GRAMMAR_QUOTE_H
#define ENGINE_GRAMMAR_QUOTE_H

#include "base/mem.h"
#include "engine/tokenizer.h"

struct quote {
    char *s;         /* [n] the written form; a raw \n ends what a quote may cover */
    uint32_t *byte;  /* [n + 1] offset in the text of the character that s[i] belongs to */
    uint32_t *after; /* [n] offset in the text after that character                 */
    uint8_t *marks;  /* [n + 1] QUOTE_START, QUOTE_FIRST, QUOTE_END                 */
    size_t n;
    uint32_t *at; /* positions reached, ascending */
    size_t n_at;
    size_t length; /* bytes of the quote so far */
};
#define QUOTE_START 1 /* a quote may start here  */
#define QUOTE_END   2 /* a quote may end before s[i] */
#define QUOTE_FIRST 4 /* a sentence, a line or the chunk starts here */

/* Texts above 4 GiB are cut there.  Lives in the arena. */
void grammar_quote_init(struct quote *q, struct arena *a, struct str text, bool one_line);
/* True when some quote is possible at all, without building anything. */
bool grammar_quote_possible(struct str text);
/* No quote may start inside [q0, q1) of the text, nor where the same words stand again. */
void grammar_quote_exclude(struct quote *q, size_t q0, size_t q1);
/* Back to the beginning: false when no start is left. */
bool grammar_quote_start(struct quote *q);
/* Stores the tokens that can come next, each once; returns how many (at most cap).  At the start
 * of a quote those that begin a sentence, a line or the chunk come first, *n_first of them;
 * otherwise *n_first is the number of all.
 * seen [vocabulary] and *stamp belong together: seen[id] == *stamp marks an id as stored. */
size_t grammar_quote_allowed(const struct quote *q, const struct tokenizer *t, uint32_t *seen,
                             uint32_t *stamp, int32_t *out, size_t cap, size_t *n_first);
/* Goes on by the bytes of one allowed token.  first: of a quote that begins where a sentence, a
 * line or the chunk does. */
void grammar_quote_advance(struct quote *q, struct str token, bool first);
/* True when the quote may end here: gives the bytes [q0, q1) of the text that it covers, of the
 * first place when there are several. */
bool grammar_quote_can_end(const struct quote *q, size_t *q0, size_t *q1);

#endif
