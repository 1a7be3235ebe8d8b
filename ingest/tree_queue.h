/* tree_queue.h: what a walk finds, on its way from the thread that walks a folder to the one that
 * reads the files, in order.
 *
 * Names, sizes and rules are half of the work on a tree of small files, and their first bytes are the
 * other half: done at once they take half as long. */
#ifndef INGEST_TREE_QUEUE_H
#define INGEST_TREE_QUEUE_H

#include <dirent.h>

#include "ingest/tree.h"

struct tree_queue;

struct tree_queue *tree_queue_new(void);
/* After the last of tree_queue_next. */
void tree_queue_free(struct tree_queue *q);

/* ------------------------------------------------------------------ the thread that walks
 *
 * Waits while the reader is some hundreds of files behind.  Strings are copied. */

void tree_queue_file(struct tree_queue *q, const struct tree_file *f);
void tree_queue_left_out(struct tree_queue *q, enum ledger_status status, const char *path,
                         const char *reason, size_t bytes);
/* Takes over an open folder: it is closed when its files have been read. */
void tree_queue_close(struct tree_queue *q, DIR *folder);
void tree_queue_end(struct tree_queue *q);
/* Whether the reader wants no more. */
bool tree_queue_stopped(const struct tree_queue *q);

/* ------------------------------------------------------------------ the thread that reads */

struct tree_find {
    struct tree_file file;
    const char *reason; /* why it is left out; NULL: it is to be read */
    enum ledger_status status;
};
/* Waits for the next find; false behind the last one.  It is valid until the next call. */
bool tree_queue_next(struct tree_queue *q, struct tree_find *out);
/* What was found already still comes. */
void tree_queue_stop(struct tree_queue *q);

#endif
