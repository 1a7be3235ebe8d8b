/* safetensors.h: the tensors of a checkpoint, mapped.
 *
 * One file, or the shards that model.safetensors.index.json names: a tensor's weight and its scale
 * may lie in different shards.  Headers are hostile bytes: lengths, offsets, overlaps, holes and
 * the product of type and shape are checked before any tensor is handed out.
 * Source: huggingface/safetensors, the format's README. */
#ifndef ENGINE_SAFETENSORS_H
#define ENGINE_SAFETENSORS_H

#include "base/err.h"
#include "engine/tensor.h"

struct safetensors;

/* Opens the folder's model.safetensors.index.json, or else its model.safetensors.
 * E_IO missing, E_FORMAT damaged or truncated. */
enum err safetensors_open(struct safetensors **out, const char *dir, struct errinfo *e);
/* One file. */
enum err safetensors_open_file(struct safetensors **out, const char *path, struct errinfo *e);
/* One file's bytes, borrowed until close; `name` is what errors call them. */
enum err safetensors_open_bytes(struct safetensors **out, const char *p, size_t n,
                                const char *name, struct errinfo *e);
void safetensors_close(struct safetensors *s); /* NULL is fine */

/* A tensor by name, its bytes borrowed from the map; scale is never set here.  NULL: not there.
 * Cost: a binary search. */
const struct tensor *safetensors_find(const struct safetensors *s, const char *name);
size_t safetensors_count(const struct safetensors *s);
size_t safetensors_bytes(const struct safetensors *s); /* of all tensors */
/* The i-th name in byte order, i < count. */
const char *safetensors_name(const struct safetensors *s, size_t i);
/* The tensor's bytes will not be read again soon: their memory may go back to the system. */
void safetensors_release(const struct safetensors *s, const struct tensor *t);

#endif
