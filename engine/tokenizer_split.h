/* tokenizer_split.h: the pre-tokenizer sequence: where a text is cut into the pieces that merges
 * stay inside of.  Internal to the tokenizer.
 *
 * Every stage cuts each piece of the stage before on its own, so a pattern that looks around sees
 * the ends of its piece, not the rest of the text.  Digits is a stage with the pattern \p{N};
 * ByteLevel is one with the GPT-2 pattern (use_regex), or none. */
#ifndef ENGINE_TOKENIZER_SPLIT_H
#define ENGINE_TOKENIZER_SPLIT_H

#include <jansson.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

struct split; /* read-only once made */

/* From the value of "pre_tokenizer" (null: one piece).  E_UNSUPPORTED for types, behaviours and
 * pattern syntax that are not known, E_FORMAT for what is damaged; `file` is for messages.  Sets
 * *byte_level when a ByteLevel stage was seen.  Free with split_free. */
enum err split_new(struct split **out, const json_t *pre, bool *byte_level, const char *file,
                   struct errinfo *e);
void split_free(struct split *s); /* NULL is fine */

/* What one thread needs while it splits. */
struct split_work;
struct split_work *split_work_new(const struct split *s);
void split_work_free(struct split_work *w); /* NULL is fine */

/* Calls emit for each piece of s[0,n), well-formed UTF-8, in order.  A pattern that exceeds its
 * match limits leaves the rest of its piece whole. */
typedef void split_emit(void *ctx, const char *s, size_t n);
void split_text(const struct split *sp, struct split_work *w, const char *s, size_t n,
                split_emit *emit, void *ctx);

#endif
