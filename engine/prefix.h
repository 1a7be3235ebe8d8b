/* prefix.h: the prefix cache: the state of prompts' beginnings, kept on disk between runs.  With
 * engine.h and generate.h the public face of engine/.
 *
 * What a token leaves in the KV depends on the tokens before it and on nothing after it, so what
 * was read once need not be read again: another question about the same documents, a run that was
 * killed, a source tree of which one file was edited go on where they differ.  The state is the
 * one that a cold run computes, bit for bit: entries are found by what they were computed from
 * (tokens, weights, configuration, layout of the state, arithmetic, program), and by nothing else.
 *
 * A prompt is stored in blocks of 512 tokens, one file each, as they are read; a block is named by
 * its tokens and the block before it, so prompts with a common beginning share its blocks.  Nobody
 * waits for anybody: files appear whole (rename), are never changed, and every checksum is verified
 * before a byte is used.  What cannot be read, or written, costs one notice and never the run. */
#ifndef ENGINE_PREFIX_H
#define ENGINE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* Prompts below this many tokens are neither stored nor looked for: two cores read them in about
 * two seconds, and their state takes 17 MB of disk (deepread-150m). */
#define PREFIX_FLOOR 1024

enum prefix_mode {
    PREFIX_AUTO,   /* use what is stored, store what is new                                */
    PREFIX_OFF,    /* neither                                                              */
    PREFIX_ONLY,   /* like AUTO; E_LIMIT where more than PREFIX_FLOOR tokens are not stored */
    PREFIX_REFRESH /* use nothing, store everything anew                                   */
};

struct prefix_options {
    const char *dir;      /* made when something is stored; NULL: no cache                  */
    enum prefix_mode mode;
    bool no_store;        /* use what is stored, add nothing                                */
    size_t max_bytes;     /* 0: 10 GiB, and at most half of what the disk has left for it   */
};

/* What the cache did for a session so far. */
struct prefix_report {
    size_t loaded, stored; /* tokens                                                         */
    const char *notice;    /* the first thing that went wrong, one line; NULL: nothing did   */
};

/* ------------------------------------------------------------------ looking after it */

/* A stored prompt: the blocks from the first token to a last block that no other one follows. */
struct prefix_entry {
    char id[9];           /* of its last block: the first digits of the file's own key */
    const char *model;    /* as the model's card calls it         */
    const char *label;    /* what the run that wrote it had read  */
    size_t tokens, blocks;
    size_t bytes;         /* of all its blocks, those shared with others too */
    int64_t used;         /* seconds since 1970                   */
    bool whole;           /* false: blocks before these are gone  */
    size_t damaged;       /* blocks that failed a checksum; only prefix_show looks */
};

/* All entries, latest use first, and the bytes of all files.  A folder that is not there is an
 * empty one.  Reads the blocks' heads, not their data. */
enum err prefix_list(struct prefix_entry **out, size_t *n, size_t *bytes, struct arena *a,
                     const char *dir, struct errinfo *e);
/* The entries whose id starts with `id`, their data verified. */
enum err prefix_show(struct prefix_entry **out, size_t *n, struct arena *a, const char *dir,
                     const char *id, struct errinfo *e);

struct prefix_removed {
    size_t damaged, unreachable, unfinished, old; /* files */
    size_t bytes, left;                           /* bytes removed and kept */
};
/* Removes what is of no use: files of interrupted writing, blocks that fail a checksum, blocks
 * whose beginning is gone; then the longest unused ones until max_bytes (0: the default) hold the
 * rest.
 * Cost: reads everything. */
enum err prefix_prune(struct prefix_removed *out, const char *dir, size_t max_bytes,
                      struct errinfo *e);
/* Removes every entry. */
enum err prefix_clear(struct prefix_removed *out, const char *dir, struct errinfo *e);

#endif
