/* decode_value.h: one value of a reply. */
#ifndef ENGINE_DECODE_VALUE_H
#define ENGINE_DECODE_VALUE_H

#include "engine/decoder.h"
#include "engine/grammar_label.h"
#include "engine/grammar_quote.h"

/* Each fills in *v (from decoder_value) and adds the value to the reply.  `close` is the first
 * token of the piece that may follow.  *done is false when the decoder stopped before there was a
 * whole label, or enough of a quote to stand: then the caller drops the list item. */
enum err decode_value_label(struct decoder *d, const struct labels *l, struct value *v, bool *done);
enum err decode_value_quote(struct decoder *d, const struct schema_value *sv, struct quote *q,
                            int32_t close, struct value *v, bool *done);
/* A text that a limit or a stop ends early is cut at the last word and marked truncated. */
enum err decode_value_text(struct decoder *d, const struct schema_value *sv, int32_t close,
                           struct value *v);

#endif
