/* bpe.h: byte-pair merges.  Internal to the tokenizer. */
#ifndef ENGINE_BPE_H
#define ENGINE_BPE_H

#include "base/mem.h"
#include "engine/engine.h"

struct bpe_merge { /* open addressing; key UINT64_MAX: empty */
    uint64_t key;  /* left id << 32 | right id               */
    uint32_t rank;
    int32_t id;
};

struct bpe {
    int32_t byte_id[256]; /* token of a single byte, -1: the vocabulary has none */
    struct bpe_merge *merges;
    size_t mask;
};

void bpe_init(struct bpe *b, struct arena *a, size_t n_merges);
/* The merge of rank `rank`; a pair that was there before gets the new rank.  At most n_merges. */
void bpe_add(struct bpe *b, int32_t left, int32_t right, uint32_t rank, int32_t id);

/* Appends the tokens of one piece: starts from its bytes (those without a token are dropped) and
 * merges the neighbouring pair of lowest rank, the leftmost of equals, until none is left.
 * O(n^2) up to 64 bytes, O(n log n) above, with about 28 bytes of memory per byte of the piece. */
void bpe_encode(const struct bpe *b, const char *s, size_t n, struct tokens *out);

#endif
