#include "ingest/pool.h"

#include <string.h>

#include "ingest/text_cache.h"

enum { TICK_MS = 100, MOST_JOBS = 256 };

/* A document at work. */
struct slot {
    struct extraction x;
    struct arena *a;
    pool_done *done;
    void *ctx;
    struct text_key key;
};

struct pool {
    const struct ingest_options *o;
    struct text_cache cache;
    struct buf stamp;         /* of the program; empty: no cache */
    struct extractor *server; /* NULL: not started yet */
    struct slot *slots;       /* [jobs], the first n are in use */
    size_t jobs, n;
    bool stopped;
};

struct pool *pool_new(const struct ingest_options *o)
{
    struct pool *p = mem_alloc(1, sizeof *p);
    p->o = o;
    p->jobs = o->jobs > 0 ? (size_t)o->jobs : (size_t)sys_cores();
    if (p->jobs > MOST_JOBS) p->jobs = MOST_JOBS;
    p->slots = mem_alloc(p->jobs, sizeof *p->slots);
    text_cache_open(&p->cache, o->cache ? o->cache : &(struct text_cache_options){0});
    return p;
}

void pool_free(struct pool *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->n; i++) extraction_end(&p->slots[i].x);
    extractor_close(p->server);
    text_cache_close(&p->cache);
    buf_free(&p->stamp);
    mem_free(p->slots);
    mem_free(p);
}

/* ------------------------------------------------------------------ the cache */

static bool is_cached(const struct pool *p)
{
    return p->cache.dir && !p->o->password;
}

/* Members of an archive are no text, and are not kept. */
static bool is_kept(const struct pool *p, const struct wire_about *about)
{
    return is_cached(p) && !about->members;
}

/* An answer after an accident, or when time ran out, may be another one the next time. */
static bool is_lasting(const struct extraction *x, const struct doc *d)
{
    return x->ocr != OCR_FAILED && !(d && d->pages_unread);
}

/* All that the answer depends on beside the bytes. */
static struct text_key key_of(struct pool *p, const struct wire_about *about)
{
    struct buf b = {0};
    if (!p->stamp.n && !extractor_stamp(&p->stamp, p->o->extract_path)) buf_addz(&p->stamp, " ?");
    buf_addf(&b, "%s %s wire %d\n", EXTRACTOR_PROGRAM, p->stamp.s, WIRE_VERSION);
    extraction_settings(&b, p->o, about->format);
    struct text_key k = text_key_of(about->source, about->n_source, b.s);
    buf_free(&b);
    return k;
}

/* An answer that is there and, as always, checked against the bytes. */
static bool take_cached(struct pool *p, const struct slot *s, const struct wire_about *about)
{
    struct buf answer = {0};
    struct doc *d = NULL;
    bool there = text_cache_get(&p->cache, &s->key, &answer) &&
                 wire_parse(&d, s->a, about, answer.s, answer.n, NULL) == OK;
    buf_free(&answer);
    if (there) s->done(s->ctx, d, &(struct errinfo){0});
    return there;
}

/* ------------------------------------------------------------------ at work */

static void finish(struct pool *p, size_t i)
{
    struct errinfo why = {0};
    struct doc *d = NULL;
    enum err r = OK;
    if (extraction_asks(&p->slots[i].x)) {
        r = extraction_again(&p->slots[i].x, p->server, p->o, &why);
        if (!r) return;
    }
    struct slot s = p->slots[i];
    p->slots[i] = p->slots[--p->n];
    if (!r) r = extraction_result(&s.x, &d, s.a, &why);
    if (!r && is_kept(p, &s.x.about) && is_lasting(&s.x, d))
        text_cache_put(&p->cache, &s.key, s.x.answer.s, s.x.answer.n);
    extraction_end(&s.x);
    s.done(s.ctx, d, &why);
}

/* Waits until something happens, and finishes what has ended. */
static void step(struct pool *p, int wait_ms)
{
    struct pollfd fds[MOST_JOBS * EXTRACTION_FDS];
    size_t n = p->n;
    for (size_t i = 0; i < n; i++) extraction_watch(&p->slots[i].x, fds + i * EXTRACTION_FDS);
    if (poll(fds, n * EXTRACTION_FDS, wait_ms) <= 0)
        for (size_t i = 0; i < n * EXTRACTION_FDS; i++) fds[i].revents = 0;
    for (size_t i = n; i-- > 0;) /* from the end: finishing moves the last one into the gap */
        if (extraction_step(&p->slots[i].x, fds + i * EXTRACTION_FDS)) finish(p, i);
}

/* What no document that is at work has been promised; one at the least.  Only a PDF is read by
 * several. */
static int free_jobs(const struct pool *p, const char *format)
{
    size_t busy = 0;
    if (strcmp(format, "pdf") != 0) return 1;
    for (size_t i = 0; i < p->n; i++) busy += (size_t)p->slots[i].x.jobs;
    return busy < p->jobs ? (int)(p->jobs - busy) : 1;
}

static enum err start(struct pool *p, struct slot *s, const struct wire_about *about,
                      struct errinfo *why)
{
    struct errinfo e = {0};
    enum err r = p->server ? OK : extractor_open(&p->server, p->o->extract_path, &e);
    if (r) return err_set(why, r, "%s: %s", about->name, e.msg);
    return extraction_start(&s->x, p->server, p->o, free_jobs(p, about->format), about, why);
}

static void tell_stopped(pool_done *done, void *ctx)
{
    struct errinfo why = {0};
    err_set(&why, E_INTR, "not read: another input failed");
    done(ctx, NULL, &why);
}

void pool_add(struct pool *p, struct arena *a, const struct wire_about *about, pool_done *done,
              void *ctx)
{
    struct errinfo why = {0};
    struct slot fresh = {.a = a, .done = done, .ctx = ctx};
    if (is_kept(p, about)) {
        fresh.key = key_of(p, about);
        if (take_cached(p, &fresh, about)) return;
    }
    while (p->n == p->jobs && !p->stopped) step(p, TICK_MS);
    if (p->stopped) {
        tell_stopped(done, ctx);
        return;
    }
    struct slot *s = &p->slots[p->n];
    *s = fresh;
    enum err r = start(p, s, about, &why);
    if (!r) {
        p->n++;
        return;
    }
    if (r == E_DEVICE) { /* the next document tries it anew */
        extractor_close(p->server);
        p->server = NULL;
    }
    done(ctx, NULL, &why);
}

void pool_wait(struct pool *p)
{
    while (p->n > 0 && !p->stopped) step(p, TICK_MS);
    while (p->n > 0) {
        struct slot s = p->slots[--p->n];
        extraction_end(&s.x);
        tell_stopped(s.done, s.ctx);
    }
}

void pool_poll(struct pool *p)
{
    if (p->n > 0) step(p, 0);
}

void pool_stop(struct pool *p)
{
    p->stopped = true;
}
