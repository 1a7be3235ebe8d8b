#include "ingest/pool.h"

#include <string.h>

enum { TICK_MS = 100, MOST_JOBS = 256 };

/* A document at work. */
struct slot {
    struct extraction x;
    struct arena *a;
    pool_done *done;
    void *ctx;
};

struct pool {
    const struct ingest_options *o;
    struct extractor *server; /* NULL: not started yet */
    struct slot *slots;       /* [jobs], the first n are in use */
    size_t jobs, n;
};

struct pool *pool_new(const struct ingest_options *o)
{
    struct pool *p = mem_alloc(1, sizeof *p);
    p->o = o;
    p->jobs = o->jobs > 0 ? (size_t)o->jobs : (size_t)sys_cores();
    if (p->jobs > MOST_JOBS) p->jobs = MOST_JOBS;
    p->slots = mem_alloc(p->jobs, sizeof *p->slots);
    return p;
}

void pool_free(struct pool *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->n; i++) extraction_end(&p->slots[i].x);
    extractor_close(p->server);
    mem_free(p->slots);
    mem_free(p);
}

static void finish(struct pool *p, size_t i)
{
    struct slot s = p->slots[i];
    struct errinfo why = {0};
    struct doc *d = NULL;
    p->slots[i] = p->slots[--p->n];
    extraction_result(&s.x, &d, s.a, &why);
    extraction_end(&s.x);
    s.done(s.ctx, d, &why);
}

/* Waits until something happens, and finishes what has ended. */
static void step(struct pool *p)
{
    struct pollfd fds[MOST_JOBS * EXTRACTION_FDS];
    size_t n = p->n;
    for (size_t i = 0; i < n; i++) extraction_watch(&p->slots[i].x, fds + i * EXTRACTION_FDS);
    if (poll(fds, n * EXTRACTION_FDS, TICK_MS) <= 0)
        for (size_t i = 0; i < n * EXTRACTION_FDS; i++) fds[i].revents = 0;
    for (size_t i = n; i-- > 0;) /* from the end: finishing moves the last one into the gap */
        if (extraction_step(&p->slots[i].x, fds + i * EXTRACTION_FDS)) finish(p, i);
}

static enum err start(struct pool *p, struct slot *s, const struct wire_about *about,
                      struct errinfo *why)
{
    struct errinfo e = {0};
    enum err r = p->server ? OK : extractor_open(&p->server, p->o->extract_path, &e);
    if (r) return err_set(why, r, "%s: %s", about->name, e.msg);
    return extraction_start(&s->x, p->server, p->o, about, why);
}

void pool_add(struct pool *p, struct arena *a, const struct wire_about *about, pool_done *done,
              void *ctx)
{
    struct errinfo why = {0};
    while (p->n == p->jobs) step(p);
    struct slot *s = &p->slots[p->n];
    *s = (struct slot){.a = a, .done = done, .ctx = ctx};
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
    while (p->n > 0) step(p);
}
