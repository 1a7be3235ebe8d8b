/* formats.h: the table of what deepread reads: one row a format. */
#ifndef INGEST_FORMATS_H
#define INGEST_FORMATS_H

#include "ingest/ingest.h"

/* Recognises and reads one format.  A format is one file and one row of the table in formats.c. */
struct reader {
    const char *name;                    /* as in --from NAME                                 */
    const char *const *suffixes;         /* NULL-terminated, with the dot, lower case         */
    /* 0 no .. 100 certain, from the name and the first bytes. */
    int (*sniff)(const char *name, const unsigned char *head, size_t n);
    /* Parsed by deepread-extract in a process of its own (hostile formats), or here. */
    bool apart;
    enum err (*read)(struct doc_builder *b, const struct ingest_options *o, const char *name,
                     const void *bytes, size_t n, struct errinfo *e); /* NULL when apart */
    const char *title; /* in messages and in lists: "PDF", "Word document"                     */
    bool binary;       /* no text: sniff sees the bytes as they are, else as one byte a character */
    struct units units;
    bool members;      /* an archive: its members are documents                               */
    bool attachments;  /* mail: what is attached to it is documents behind it                 */
};

/* Whether there may be other documents in what it reads. */
static inline bool reader_holds(const struct reader *r)
{
    return r->members || r->attachments;
}

/* The rows in the order of lists; NULL after the last. */
const struct reader *formats_row(size_t i);
/* By name, in any case of letters; NULL when there is none. */
const struct reader *formats_find(const char *name);
/* Whether a binary format knows a file by its first bytes. */
bool formats_know_binary(const char *name, const char *head, size_t n);

#endif
