/* tokenizer_impl.h: the parts of a tokenizer; for tokenizer.c, tokenizer_load.c and fuzzing. */
#ifndef ENGINE_TOKENIZER_IMPL_H
#define ENGINE_TOKENIZER_IMPL_H

#include "base/json.h"
#include "engine/bpe.h"
#include "engine/tokenizer.h"
#include "engine/tokenizer_split.h"
#include "engine/vocab.h"

struct tokenizer {
    struct arena *arena; /* everything but `split` */
    struct vocab vocab;
    struct bpe bpe;
    struct split *split;
    bool *whole;         /* [vocab.n] a piece equal to this token is this token: what merging its
                            bytes gives, found out once; with ignore_merges all ordinary ones */
};

/* Fills *t, which is zero but for its arena, from a parsed tokenizer.json. */
enum err tokenizer_load(struct tokenizer *t, const json_t *root, const char *file,
                        struct errinfo *e);
/* tokenizer_open from memory. */
enum err tokenizer_open_bytes(struct tokenizer **out, const char *s, size_t n, const char *file,
                              struct errinfo *e);

#endif
