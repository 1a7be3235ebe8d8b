#include "base/par.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

/* About 50 microseconds of pauses: longer than the serial work between two loops of a forward
 * pass, shorter than what another process would miss. */
enum { SPINS = 2000 };

struct worker {
    struct par *pool;
    pthread_t thread;
    int index;
};

/* A number to wait for a change of.  Who waits says so before he looks at the number for the last
 * time; who changes it looks for sleepers afterwards: one of the two sees the other. */
struct gate {
    _Atomic uint32_t word;
    _Atomic uint32_t sleepers;
};

struct par {
    int threads;
    struct worker *workers;      /* threads - 1: the caller is worker 0 */
    struct gate round;           /* a new loop begins when it changes */
    /* A worker that wakes late must not hold up a loop that is already done: it may touch the
     * loop's fields only between adding itself to `active` and seeing `open` set; the caller closes
     * first and then waits for those inside.  Both sides are sequentially consistent. */
    _Atomic int open;
    struct gate active;
    _Atomic int quit;
    /* the loop at hand */
    _Atomic size_t next;
    size_t n, grain;
    par_body *body;
    void *ctx;
};

/* Sleeps while the word is as seen. */
static void sleep_at(struct gate *g, uint32_t seen)
{
    atomic_fetch_add(&g->sleepers, 1);
    syscall(SYS_futex, &g->word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    atomic_fetch_sub(&g->sleepers, 1);
}

/* The word has changed.  A system call costs more than a short loop: only where one sleeps. */
static void wake(struct gate *g)
{
    if (atomic_load(&g->sleepers))
        syscall(SYS_futex, &g->word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Waits until the word differs from `seen` and returns what it holds then. */
static uint32_t wait_change(struct gate *g, uint32_t seen)
{
    for (int i = 0; i < SPINS; i++) {
        uint32_t now = atomic_load_explicit(&g->word, memory_order_acquire);
        if (now != seen) return now;
        pause_briefly();
    }
    uint32_t now;
    while ((now = atomic_load_explicit(&g->word, memory_order_acquire)) == seen) sleep_at(g, seen);
    return now;
}

static void take_ranges(struct par *p, int worker)
{
    for (;;) {
        size_t first = atomic_fetch_add_explicit(&p->next, p->grain, memory_order_relaxed);
        if (first >= p->n) return;
        size_t last = p->n - first < p->grain ? p->n : first + p->grain;
        p->body(p->ctx, first, last, worker);
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct par *p = w->pool;
    uint32_t round = 0;
    for (;;) {
        round = wait_change(&p->round, round);
        if (atomic_load_explicit(&p->quit, memory_order_relaxed)) return NULL;
        atomic_fetch_add(&p->active.word, 1);
        if (atomic_load(&p->open)) take_ranges(p, w->index);
        if (atomic_fetch_sub(&p->active.word, 1) == 1) wake(&p->active);
    }
}

void par_for(struct par *p, size_t n, size_t grain, par_body *body, void *ctx)
{
    if (n == 0) return;
    if (grain == 0) grain = 1;
    if (n <= grain || p->threads == 1) {
        body(ctx, 0, n, 0);
        return;
    }
    p->n = n;
    p->grain = grain;
    p->body = body;
    p->ctx = ctx;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    atomic_store(&p->open, 1);
    atomic_fetch_add(&p->round.word, 1);
    wake(&p->round);
    take_ranges(p, 0);
    atomic_store(&p->open, 0);
    for (uint32_t inside; (inside = atomic_load(&p->active.word)) != 0;)
        wait_change(&p->active, inside);
}

static void stop(struct par *p, int running)
{
    atomic_store(&p->quit, 1);
    atomic_fetch_add(&p->round.word, 1);
    wake(&p->round);
    for (int i = 0; i < running; i++) pthread_join(p->workers[i].thread, NULL);
    mem_free(p->workers);
    mem_free(p);
}

enum err par_open(struct par **out, int threads, struct errinfo *e)
{
    struct par *p = mem_alloc(1, sizeof *p);
    p->threads = threads < 1 ? 1 : threads;
    p->workers = mem_alloc((size_t)p->threads, sizeof *p->workers);
    for (int i = 0; i + 1 < p->threads; i++) {
        p->workers[i] = (struct worker){.pool = p, .index = i + 1};
        int why = pthread_create(&p->workers[i].thread, NULL, work, &p->workers[i]);
        if (why) {
            stop(p, i);
            return err_set(e, E_LIMIT, "thread %d of %d: %s", i + 2, threads, strerror(why));
        }
    }
    *out = p;
    return OK;
}

void par_close(struct par *p)
{
    if (p) stop(p, p->threads - 1);
}

int par_threads(const struct par *p)
{
    return p->threads;
}
