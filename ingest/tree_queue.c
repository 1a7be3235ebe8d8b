#include "ingest/tree_queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    FINDS = 128,    /* that are handed over at once: a thread is woken for less than each file */
    BATCHES = 8,
    MOST_OPEN = 32, /* folders of which the last file is still to be read */
};

/* A find whose strings stand in the batch's text. */
struct find {
    size_t path, rel, base, reason;
    int folder;
    size_t bytes;
    DIR *close; /* no find, but the end of this folder */
    enum ledger_status status;
    bool linked, left_out;
};

struct batch {
    struct find v[FINDS];
    size_t n;
    struct buf text; /* strings, each with its end */
};

struct tree_queue {
    struct batch batch[BATCHES]; /* a ring */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock: */
    size_t given, taken; /* batches so far */
    size_t open;         /* folders given to be closed */
    bool ended;
    atomic_bool stopped;
    size_t at; /* of the reader: finds of the batch at hand */
    bool holds; /* it has one                              */
};

struct tree_queue *tree_queue_new(void)
{
    struct tree_queue *q = mem_alloc(1, sizeof *q);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->changed, NULL);
    return q;
}

void tree_queue_free(struct tree_queue *q)
{
    for (size_t i = 0; i < BATCHES; i++) buf_free(&q->batch[i].text);
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
    mem_free(q);
}

/* ------------------------------------------------------------------ the thread that walks */

static size_t keep_string(struct batch *b, const char *s)
{
    size_t at = b->text.n;
    buf_add(&b->text, s, strlen(s) + 1);
    return at;
}

/* Hands over the batch that is being filled, and waits for room for another one. */
static void give(struct tree_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->given++;
    pthread_cond_broadcast(&q->changed);
    while (q->given - q->taken == BATCHES || q->open >= MOST_OPEN)
        pthread_cond_wait(&q->changed, &q->lock);
    pthread_mutex_unlock(&q->lock);
    struct batch *b = &q->batch[q->given % BATCHES];
    b->n = 0;
    buf_clear(&b->text);
}

static struct batch *being_filled(struct tree_queue *q)
{
    return &q->batch[q->given % BATCHES]; /* only this thread changes it */
}

static void add(struct tree_queue *q, const struct find *f)
{
    struct batch *b = being_filled(q);
    b->v[b->n++] = *f;
    if (b->n == FINDS) give(q);
}

void tree_queue_file(struct tree_queue *q, const struct tree_file *f)
{
    struct batch *b = being_filled(q);
    size_t path = keep_string(b, f->path);
    add(q, &(struct find){.path = path, .rel = path + (size_t)(f->rel - f->path),
                          .base = path + strlen(f->path) - strlen(f->base), .folder = f->folder,
                          .bytes = f->bytes, .linked = f->linked});
}

void tree_queue_left_out(struct tree_queue *q, enum ledger_status status, const char *path,
                         const char *reason, size_t bytes)
{
    struct batch *b = being_filled(q);
    size_t at = keep_string(b, path);
    add(q, &(struct find){.path = at, .rel = at, .base = at, .reason = keep_string(b, reason),
                          .bytes = bytes, .status = status, .left_out = true});
}

void tree_queue_close(struct tree_queue *q, DIR *folder)
{
    pthread_mutex_lock(&q->lock);
    bool many = ++q->open >= MOST_OPEN;
    pthread_mutex_unlock(&q->lock);
    size_t given = q->given;
    add(q, &(struct find){.close = folder});
    if (many && q->given == given) give(q);
}

void tree_queue_end(struct tree_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->given++;
    q->ended = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

bool tree_queue_stopped(const struct tree_queue *q)
{
    return atomic_load_explicit(&q->stopped, memory_order_relaxed);
}

/* ------------------------------------------------------------------ the thread that reads */

/* Gives back the batch at hand, and waits for the next one.  False: there is none. */
static bool take(struct tree_queue *q, size_t closed)
{
    pthread_mutex_lock(&q->lock);
    q->taken += q->holds;
    q->open -= closed;
    pthread_cond_broadcast(&q->changed);
    while (q->taken == q->given && !q->ended) pthread_cond_wait(&q->changed, &q->lock);
    q->holds = q->taken < q->given;
    pthread_mutex_unlock(&q->lock);
    q->at = 0;
    return q->holds;
}

static size_t close_folders(const struct batch *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (b->v[i].close) closedir(b->v[i].close), n++;
    return n;
}

bool tree_queue_next(struct tree_queue *q, struct tree_find *out)
{
    for (;;) {
        const struct batch *b = &q->batch[q->taken % BATCHES]; /* only this thread changes it */
        if (!q->holds || q->at == b->n) {
            if (!take(q, q->holds ? close_folders(b) : 0)) return false;
            continue;
        }
        const struct find *f = &b->v[q->at++];
        const char *s = b->text.s;
        if (f->close) continue;
        *out = (struct tree_find){{s + f->path, s + f->rel, f->folder, s + f->base, f->bytes, f->linked},
                                  f->left_out ? s + f->reason : NULL, f->status};
        return true;
    }
}

void tree_queue_stop(struct tree_queue *q)
{
    atomic_store_explicit(&q->stopped, true, memory_order_relaxed);
}
