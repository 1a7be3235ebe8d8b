/* vocab.h: the bytes of each token, and the tokens of given bytes.  Internal to the tokenizer.
 *
 * Three kinds of id: ordinary (its bytes can be found), added (a control mark, never found in
 * text), and neither (a hole in the numbering, or a name that is not bytes; never found). */
#ifndef ENGINE_VOCAB_H
#define ENGINE_VOCAB_H

#include "base/mem.h"
#include "base/str.h"

#define VOCAB_MAX_IDS ((size_t)1 << 20)

struct vocab_slot { /* open addressing; id -1: empty */
    uint64_t head;  /* the first eight bytes, so that most look-ups touch nothing but the slot */
    uint32_t n;
    int32_t id;
};
struct vocab_edge { /* trie: node * 256 + byte -> node; 0: empty, the root is no one's child */
    uint32_t from, to;
};

struct vocab {
    size_t n;               /* ids are 0 .. n-1                              */
    struct str *bytes;      /* [n], memory of the arena                      */
    bool *added;            /* [n]                                           */
    int32_t *added_ids;     /* [n_added]                                     */
    size_t n_added;
    bool *ordinary;         /* [n]                                           */
    struct vocab_slot *slots;
    size_t slot_mask;
    struct vocab_edge *edges;
    size_t edge_mask;
    int32_t *node_id;       /* ordinary token that ends at a trie node, or -1 */
};

/* Makes room for n ids; the caller fills bytes, added and ordinary, then calls vocab_index once.
 * vocab_index returns the second of two ordinary tokens with equal bytes, -1 when there is none. */
void vocab_init(struct vocab *v, struct arena *a, size_t n);
int32_t vocab_index(struct vocab *v, struct arena *a);

/* The ordinary token with exactly these bytes, or -1. */
int32_t vocab_find(const struct vocab *v, const char *s, size_t n);
/* See tokenizer_prefixes. */
size_t vocab_prefixes(const struct vocab *v, const char *s, size_t n, int32_t *out, size_t cap);

#endif
