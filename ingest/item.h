/* item.h: one input on its way from its bytes to its place among the documents; what source.c
 * (files, folders) and archive.c (members) have in common. */
#ifndef INGEST_ITEM_H
#define INGEST_ITEM_H

#include "ingest/formats.h"
#include "ingest/pool.h"

#define ITEM_HEAD ((size_t)64 << 10) /* bytes that decide what a file is */

/* What all operands of a call share. */
struct reading {
    struct docset *set;
    struct arena *a;
    const struct ingest_options *o;
    ingest_tick *tick;
    void *ctx;
    bool list; /* what would be read is entered in the ledger, and not read */
    struct pool *pool;
    struct errinfo ended; /* why nothing more is read: interrupted, or o->fail_fast */
};

/* A folder, or an archive: what became of its files. */
struct folder {
    struct reading *r;
    struct ledger *ledger;
    struct arena *a;
    size_t used, left_out;
    char *head; /* ITEM_HEAD bytes to look at files, or NULL; mem_free */
    struct errinfo device; /* the first failure that was none of a file */
};

/* One input: its bytes, and the places kept for it in documents and ledger. */
struct item {
    struct reading *r;
    const char *name; /* shown */
    const char *path; /* NULL: standard input */
    struct buf bytes;
    size_t doc, entry;
    const char *inner; /* its name without that of a compression: what tells its kind */
    const char *only;  /* of an archive: the member or folder asked for, as shown, or NULL */
    int depth;         /* of archives around it                                       */
    struct folder *folder; /* that it is in, or NULL */
    struct errinfo *why;   /* where the failure goes of what was named, or NULL */
};

struct item *item_begin(struct reading *r, const char *name, const char *path);
/* Bytes to document; `reader` NULL: whatever they are.  The item ends here or in the pool. */
void item_read(struct item *it, const struct reader *reader);
/* Says in the ledger's last entry what the first bytes of a file tell. */
void item_describe(struct ledger_entry *out, const char *name, const char *s, size_t n,
                   const struct reader *reader);
/* The same for what it is by itself, without what is in it or attached to it. */
void item_read_alone(struct item *it, const struct reader *reader);
/* With o->fail_fast: ends the reading, and what is parsed. */
void item_fail_fast(struct reading *r, const struct errinfo *why);
/* Enters what became of it in the places that were kept for it, and releases it. */
void item_end(struct item *it, struct doc *d, const struct errinfo *why);

struct verdict {
    const struct reader *reader; /* NULL: nothing reads it */
    const char *looks_like;      /* then: "a PNG image", "binary data" */
    const char *generated;       /* "minified", "lock file", ..., or NULL */
};
/* What a file is, from its name and first bytes; a zero byte further on makes it binary too. */
struct verdict item_judge(const char *name, const char *s, size_t n);
/* Why nothing reads it: "binary", "binary: a PNG image"; memory of the arena. */
const char *item_unread(const struct verdict *v, struct arena *a);

/* The reader that somebody named.  E_USAGE. */
enum err item_reader(const struct reader **out, const char *name, struct errinfo *e);
/* A name that can stand in a prompt and on a terminal. */
const char *item_name(struct arena *a, const char *path);
/* The message without the name that starts it: the ledger has the name already. */
const char *item_reason(const struct errinfo *e, const char *name);
size_t item_max_file(const struct ingest_options *o);

#endif
