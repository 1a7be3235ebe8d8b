/* text_cache.h: what deepread-extract answered, kept on disk by content.
 *
 *   DIR/text/KEY.text   one answer (a wire message); the modification time is its last use
 *   DIR/text/KEY.tmp    being written, locked by its writer; a leftover otherwise
 *
 * KEY is the SHA-256, in hexadecimal, of all that the answer depends on: the document's bytes,
 * the format, the options that count, the program that parsed.  Folders are 0700, files 0600.
 *
 * Any number of processes use one folder.  A file appears by rename, whole, and is never written
 * again.  Nothing is synced to the disk: after a power cut a file may be short or hold zeros, and
 * then its checksum says so.  Whoever finds a damaged one removes it.  A cache that cannot be read
 * or written costs nothing but the time to parse. */
#ifndef INGEST_TEXT_CACHE_H
#define INGEST_TEXT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/sys.h"

#define TEXT_CACHE_SHARE 8 /* of the budget of a cache, one part is for text */

struct text_cache_options {
    const char *dir;   /* of the cache, made when something is stored; NULL: no cache */
    bool no_use;       /* nothing that is there is used ...                           */
    bool no_store;     /* ... and nothing is added                                    */
    size_t max_bytes;  /* 0: 512 MiB, which is the most                               */
};

struct text_cache {
    struct text_cache_options o;
    char *dir;     /* of the files */
    int fd;        /* of dir; -1: there is none */
    size_t held;   /* bytes in the folder */
    bool counted;  /* held is known */
};

/* A folder that is not there, belongs to somebody else or can be written by others is no cache. */
void text_cache_open(struct text_cache *c, const struct text_cache_options *o);
void text_cache_close(struct text_cache *c);

struct text_key {
    char hex[SYS_SHA256_HEX];
};
/* `settings`: format, options and program as one string. */
struct text_key text_key_of(const void *source, size_t n, const char *settings);

/* Appends the answer to *out.  False: there is none that is good. */
bool text_cache_get(struct text_cache *c, const struct text_key *k, struct buf *out);
/* Keeps an answer; the longest unused make room for it. */
void text_cache_put(struct text_cache *c, const struct text_key *k, const char *answer, size_t n);

/* ------------------------------------------------------------------ looking after it */

struct text_cache_sum {
    size_t files, bytes;               /* that are there (afterwards) */
    size_t damaged, unfinished, old;   /* files removed */
    size_t removed;                    /* bytes of these */
};
/* Counts.  A folder that is not there is an empty one. */
void text_cache_list(struct text_cache_sum *out, const char *dir);
/* Removes leftovers, what fails its checksum, and the longest unused down to max_bytes (0: the
 * default).  Reads everything. */
void text_cache_prune(struct text_cache_sum *out, const char *dir, size_t max_bytes);
/* Removes every file of the cache. */
void text_cache_clear(struct text_cache_sum *out, const char *dir);

#endif
