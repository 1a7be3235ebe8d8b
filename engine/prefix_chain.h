/* prefix_chain.h: the prefix cache as a session sees it: the blocks of one prompt, one after
 * another, taken from disk into the session's pages and written from them.
 *
 *   keys[0] = root,  keys[i + 1] = key of block i, which follows keys[i]
 *
 * Loading maps the files and puts their pages into the kv where they are: nothing is copied. */
#ifndef ENGINE_PREFIX_CHAIN_H
#define ENGINE_PREFIX_CHAIN_H

#include "engine/kv.h"
#include "engine/prefix.h"
#include "engine/prefix_store.h"

struct prefix_chain {
    const struct prefix_options *o;
    struct str model;
    int threads;               /* to verify checksums with */
    struct prefix_store store;
    bool usable, writable;     /* false once the folder, or writing to it, failed */
    bool full;                 /* the budget holds no more of this prompt */

    const int32_t *ids;        /* [n] the prompt, between begin and end */
    size_t n;
    struct prefix_key *keys;   /* [n_keys] */
    size_t n_keys, cap_keys;
    size_t known;              /* blocks from the first on that are on disk, or were given up */
    size_t searched;           /* blocks before this one were looked for among others' */
    bool used;                 /* in this prompt, files were read or written */

    char label[PREFIX_LABEL_BYTES];
    size_t loaded, stored;     /* tokens */
    struct errinfo notice;
};

/* The caller keeps what it gives.  A folder that cannot be used is a notice. */
void prefix_chain_open(struct prefix_chain *c, const struct prefix_options *o, const char *model,
                       int threads);
void prefix_chain_close(struct prefix_chain *c);
void prefix_chain_set_label(struct prefix_chain *c, const char *label); /* is cut where too long */

/* A prompt of n >= PREFIX_FLOOR tokens is to be read, by a model with this root. */
void prefix_chain_begin(struct prefix_chain *c, struct prefix_key root, const int32_t *ids,
                        size_t n);
/* Puts what is stored behind what the kv holds of the prompt, at most n - 1 tokens.  Returns the
 * tokens that the kv holds then. */
size_t prefix_chain_load(struct prefix_chain *c, struct kv *kv);
/* With PREFIX_ONLY: E_LIMIT when `left` tokens to compute are too many. */
enum err prefix_chain_allows(const struct prefix_chain *c, size_t left, struct errinfo *e);
/* Writes the blocks that the kv completed since. */
void prefix_chain_store(struct prefix_chain *c, const struct kv *kv);
/* The prompt was read, or was given up: the last, shorter block, and the times of use. */
void prefix_chain_end(struct prefix_chain *c, const struct kv *kv);

/* Tokens of the prompt that are on disk; looks at names only. */
size_t prefix_chain_count(struct prefix_chain *c, struct prefix_key root, const int32_t *ids,
                          size_t n);

#endif
