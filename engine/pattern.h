/* pattern.h: patterns of tokenizer.json, written for Oniguruma (Ruby syntax), compiled by PCRE2.
 * Internal to the tokenizer. */
#ifndef ENGINE_PATTERN_H
#define ENGINE_PATTERN_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/err.h"
#include "base/str.h"

/* E_UNSUPPORTED for syntax that the two read differently and that is not translated (named in the
 * message), E_FORMAT for what does not compile.  *jit: machine code was made.  Free *out with
 * pcre2_code_free. */
enum err pattern_compile(pcre2_code **out, bool *jit, const char *s, size_t n, const char *file,
                         struct errinfo *e);

/* Appends s so that a pattern matches it literally. */
void pattern_quote(struct buf *out, const char *s, size_t n);

#endif
