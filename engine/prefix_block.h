/* prefix_block.h: one block of the prefix cache as a file.
 *
 *   0     "deepread"        64    first position (u64)   104   checksum of the head (u64)
 *   8     version (u32)     72    bytes of a page (u64)  112   16 bytes of zeros
 *   12    data offset (u32) 80    tokens (u32)           128   token ids (i32 each)
 *   16    root key          84    bytes of model (u32)         model, label
 *   32    parent's key      88    bytes of label (u32)         zeros
 *   48    own key           92    zero (u32)             4096  pages, as the KV layout has them
 *                           96    checksum of the pages (u64)
 *
 * Numbers in the machine's byte order: a foreign file fails the version already.  Checksums are
 * XXH3, keys are the first half of a SHA-256: documents are other people's, and two of them must
 * not come to one key on purpose.  A key is the hash of the parent's key and the block's ids; the
 * root stands for everything else that the state depends on (prefix_root.h). */
#ifndef ENGINE_PREFIX_BLOCK_H
#define ENGINE_PREFIX_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define PREFIX_VERSION 1
#define PREFIX_BLOCK_TOKENS 512 /* block i holds positions 512 i to 512 i + 511 */
#define PREFIX_BLOCK_DATA 4096  /* offset of the pages: a page of the machine */
#define PREFIX_MODEL_BYTES 64   /* most bytes of model and label */
#define PREFIX_LABEL_BYTES 256

struct prefix_key {
    uint8_t b[16];
};
bool prefix_key_equal(const struct prefix_key *a, const struct prefix_key *b);
struct prefix_key prefix_key_of(const void *bytes, size_t n);
/* Of the block that follows `parent`. */
struct prefix_key prefix_key_next(const struct prefix_key *parent, const int32_t *ids, size_t n);

struct prefix_block {
    struct prefix_key root, parent, key;
    uint64_t pos;            /* of the first token, a multiple of PREFIX_BLOCK_TOKENS */
    size_t tokens;           /* 1 to PREFIX_BLOCK_TOKENS; the last page may be filled in part */
    size_t page_bytes;
    const int32_t *ids;      /* [tokens] */
    struct str model, label; /* UTF-8 */
    uint64_t sum;            /* of the pages */
};

size_t prefix_block_pages(const struct prefix_block *b);
size_t prefix_block_bytes(const struct prefix_block *b); /* of the file */

/* The head of a file. */
void prefix_block_head(const struct prefix_block *b, char head[PREFIX_BLOCK_DATA]);
/* Reads a head: the first n bytes of a file of `file_bytes`; ids, model and label point into it.
 * E_FORMAT: not a block, of another version, damaged, or of a file with another length. */
enum err prefix_block_parse(struct prefix_block *b, const char *head, size_t n, size_t file_bytes,
                            const char *name, struct errinfo *e);
/* Whether the file's bytes (all of them) have the checksum that the head holds. */
bool prefix_block_intact(const struct prefix_block *b, const char *file);

#endif
