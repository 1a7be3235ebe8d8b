/* prefix_root.h: the key of everything that a token's state depends on besides the tokens.
 *
 * Tokenizer and prompt set are not in it: they decide which tokens there are, and the tokens are in
 * every block's key. */
#ifndef ENGINE_PREFIX_ROOT_H
#define ENGINE_PREFIX_ROOT_H

#include "engine/prefix_block.h"
#include "engine/safetensors.h"

struct model;

/* The checkpoint: config.json and the tensors' names, types, shapes and bytes.  Of more than 1 GiB
 * of tensors the first bytes of each stand for the rest, with sizes and times of the files.
 * Cost: reads them once. */
enum err prefix_root_checkpoint(struct prefix_key *out, const struct safetensors *s,
                                const char *dir, struct errinfo *e);
/* Adds the program itself and its C library: a new build may compute other bits. */
struct prefix_key prefix_root_program(const struct prefix_key *checkpoint);
/* Of a model as it is now: those, and layers that select, layout of the state, arithmetic of the
 * backend.  Cheap: a few thousand bytes are hashed. */
struct prefix_key prefix_root(const struct model *m);

#endif
