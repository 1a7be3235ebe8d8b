/* tokenizer.h: byte-level BPE straight from tokenizer.json.
 *
 * The pre-tokenizer sequence (Digits, Split, ByteLevel with or without its own GPT-2 pattern) is
 * read from the file, never assumed; patterns run through PCRE2 JIT.  Text never makes a special
 * token.  Anything in tokenizer.json that is not implemented is refused by name. */
#ifndef ENGINE_TOKENIZER_H
#define ENGINE_TOKENIZER_H

#include "engine/engine.h"

/* E_IO, E_FORMAT (damaged), E_UNSUPPORTED (normalizer, model type or pre-tokenizer not known). */
enum err tokenizer_open(struct tokenizer **out, const char *path, struct errinfo *e);
void tokenizer_close(struct tokenizer *t);

size_t tokenizer_size(const struct tokenizer *t); /* ids are 0 .. size-1 */
/* Ids of one text, appended; special tokens disabled.  Ill-formed UTF-8 is encoded byte by byte. */
void tokenizer_encode_text(const struct tokenizer *t, const char *s, size_t n, struct tokens *out);
/* Id of an added token by its exact content, -1 when there is none. */
int32_t tokenizer_special(const struct tokenizer *t, const char *content, size_t n);
bool tokenizer_is_special(const struct tokenizer *t, int32_t id);
/* The bytes of a token (not NUL-terminated, may end inside a character).  Special tokens give
 * their content. */
struct str tokenizer_bytes(const struct tokenizer *t, int32_t id);
/* All ordinary tokens whose bytes are a prefix of s[0,n), shortest first; at most cap ids into
 * out, returns how many.  Walks a trie of the vocabulary: O(longest match). */
size_t tokenizer_prefixes(const struct tokenizer *t, const char *s, size_t n, int32_t *out,
                          size_t cap);

#endif
