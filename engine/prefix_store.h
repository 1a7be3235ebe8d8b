/* prefix_store.h: the folder of the prefix cache: files found, written, removed.
 *
 *   DIR/CACHEDIR.TAG                    backup programs pass over such a folder
 *   DIR/kv/PARENT-KEY.kv                one block each (prefix_block.h), keys in hexadecimal
 *   DIR/kv/PARENT-KEY.tmp               being written, locked by its writer; a leftover otherwise
 *
 * Folders are 0700, files 0600.  The modification time of a file is its last use.
 *
 * Any number of processes use one folder.  A file appears by rename, whole, and is never written
 * again: who reads it, or has it mapped, keeps what he has when another one removes it.  The lock
 * on a .tmp file keeps two processes from writing one block.  Nothing is synced to the disk: after
 * a power cut a file may be short or hold zeros, and then its checksums say so. */
#ifndef ENGINE_PREFIX_STORE_H
#define ENGINE_PREFIX_STORE_H

#include "base/sys.h"
#include "engine/prefix_block.h"

struct prefix_store {
    char *dir;        /* of the files */
    int fd;           /* of dir; -1: there is none */
    size_t max_bytes; /* 0: the default */
    size_t held;      /* bytes in the folder */
    bool counted;     /* held is known */
    int64_t since;    /* ns since 1970: what was used later is not evicted */
};

/* dir: the cache's folder, without /kv.  A folder that is not there is no error; one that belongs
 * to somebody else, or that others may write to, is (E_IO). */
enum err prefix_store_open(struct prefix_store *s, const char *dir, size_t max_bytes,
                           struct errinfo *e);
/* Opens a folder that appeared since.  Errors as above. */
enum err prefix_store_retry(struct prefix_store *s, struct errinfo *e);
void prefix_store_close(struct prefix_store *s); /* zeroed is fine */

/* A block that was found: its head is good, its pages are not verified yet. */
struct prefix_file {
    struct mapping map; /* private and writable; free with sys_unmap */
    struct prefix_block block;
};

/* False: there is none.  One that is damaged is removed and said in *bad. */
bool prefix_store_get(struct prefix_store *s, const struct prefix_key *parent,
                      const struct prefix_key *key, struct prefix_file *f, struct errinfo *bad);
bool prefix_store_has(const struct prefix_store *s, const struct prefix_key *parent,
                      const struct prefix_key *key);
/* The keys of all blocks that follow `parent`, to be freed with mem_free. */
size_t prefix_store_children(const struct prefix_store *s, const struct prefix_key *parent,
                             struct prefix_key **keys);
/* Writes a block: head and pages.  b->sum is set here.  Makes folder and room for it first.
 * E_IO: the system refused; E_LIMIT: the budget holds no more beside what is in use. */
enum err prefix_store_put(struct prefix_store *s, struct prefix_block *b, const void *const *pages,
                          struct errinfo *e);
void prefix_store_remove(struct prefix_store *s, const struct prefix_key *parent,
                         const struct prefix_key *key);
/* Notes a use at a time (ns since 1970). */
void prefix_store_touch(struct prefix_store *s, const struct prefix_key *parent,
                        const struct prefix_key *key, int64_t when);
int64_t prefix_store_now(void);

struct prefix_item { /* a file, by its name alone */
    struct prefix_key parent, key;
    size_t bytes;
    int64_t used;    /* ns since 1970 */
    bool unfinished; /* a .tmp file */
};
/* All files, longest unused first, to be freed with mem_free. */
size_t prefix_store_scan(struct prefix_store *s, struct prefix_item **items);
void prefix_store_remove_item(struct prefix_store *s, const struct prefix_item *item);
/* Removes an unfinished file unless somebody is writing it. */
bool prefix_store_remove_unfinished(struct prefix_store *s, const struct prefix_item *item);
/* Most bytes that the files may take now. */
size_t prefix_store_budget(struct prefix_store *s);

#endif
