/* grammar_text.h: the inside of a JSON string, byte by byte, and which tokens may stand there.
 *
 * Allowed: well-formed UTF-8 without control characters, and the escapes \" \\ \/ \b \f \n \r \t.
 * \u escapes are not: no text needs one, and half of a surrogate pair would be wrong.  An unescaped
 * quotation mark ends the value and belongs to the closing piece, so no other token may hold one. */
#ifndef ENGINE_GRAMMAR_TEXT_H
#define ENGINE_GRAMMAR_TEXT_H

#include "base/mem.h"
#include "engine/tokenizer.h"

struct text_state {
    bool escape;          /* after a backslash                                     */
    uint8_t more;         /* continuation bytes due of the character begun         */
    uint8_t lo, hi;       /* range of the next of them                             */
    size_t newlines;      /* \n and \r escapes so far                              */
    size_t chars;         /* code points so far, an escape counting as one         */
};

/* Feeds n bytes; false when they cannot stand here (the state is then undefined). */
bool grammar_text_feed(struct text_state *st, const char *s, size_t n);
/* True where the value may end: not inside an escape or a character. */
bool grammar_text_clean(const struct text_state *st);

/* What each token of a vocabulary can do inside a string, computed once: O(bytes of vocabulary). */
struct text_tokens {
    const struct tokenizer *t;
    const uint8_t *flags;  /* [n] */
    size_t n;
};
#define TEXT_PLAIN 1   /* may follow a clean state                    */
#define TEXT_ESCAPED 2 /* may follow a backslash                      */
#define TEXT_NEWLINE 4 /* holds a line end when it follows a clean state */
#define TEXT_BLANK 8   /* begins with white space                     */

void grammar_text_classify(struct text_tokens *out, struct arena *a, const struct tokenizer *t);
/* Stores the ids that may come next in out (room for all), returns how many.  max_lines: 0
 * for no limit.  first: white space may not lead. */
size_t grammar_text_allowed(const struct text_tokens *c, const struct text_state *st,
                            size_t max_lines, bool first, int32_t *out);

/* Decodes the inside of a JSON string; s must have passed grammar_text_feed and be clean. */
void grammar_text_unescape(struct buf *out, const char *s, size_t n);

#endif
