/* memory.c: the backend's memory, where the system allows it in huge pages.
 *
 * The rows that a token attends to lie scattered over a state of some hundred MB, and weights are read
 * once a token: in pages of 4 KB nearly every row and every fourth KB of weights is a walk through page
 * tables, in a virtual machine through two of them.
 *
 * Where the threads need several NUMA nodes, these huge pages go to the nodes in turn (nodes.c).
 *
 * Pages of the state and matrices are smaller than a huge page: what is PIECE_LEAST or larger is cut
 * from regions, one behind the other.  What is released is used again for the same size; a region
 * without pieces goes back to the system.  Under AddressSanitizer everything is a piece of its own, so
 * that its ends are watched. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "engine/cpu/cpu.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define REGION (16 * HUGE_PAGE)
#define PIECE_LEAST ((size_t)64 << 10)
#ifdef __SANITIZE_ADDRESS__
#define PIECE_MOST 0
#else
#define PIECE_MOST (REGION / 4)
#endif

/* A released piece, in its own memory. */
struct piece {
    struct piece *next;
    size_t bytes;
};

struct region {
    struct region *next;
    char *p;
    size_t used, pieces; /* bytes from the beginning on; how many of the pieces are in use */
    struct piece *free;
};

struct cpu_memory {
    uint64_t nodes;       /* that share it; 0: each page lies where it is touched first */
    pthread_mutex_t lock; /* pages of the state come and go from several threads */
    struct region *first;
};

struct cpu_memory *cpu_memory_new(uint64_t nodes)
{
    struct cpu_memory *m = mem_alloc(1, sizeof *m);
    m->nodes = nodes;
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

void cpu_memory_free(struct cpu_memory *m)
{
    for (struct region *r = m->first, *next; r; r = next) {
        next = r->next;
        free(r->p);
        mem_free(r);
    }
    pthread_mutex_destroy(&m->lock);
    mem_free(m);
}

/* `bytes` that begin on a huge page, or NULL.  Where there are none nothing is lost. */
static void *huge(const struct cpu_memory *m, size_t bytes)
{
    void *p = aligned_alloc(HUGE_PAGE, bytes);
    if (p) madvise(p, bytes, MADV_HUGEPAGE);
    if (p && m->nodes) (void)cpu_spread(p, bytes, m->nodes); /* refused: they lie where they are touched */
    return p;
}

/* A piece of this region, or NULL. */
static void *region_take(struct region *r, size_t bytes)
{
    struct piece **at = &r->free;
    while (*at && (*at)->bytes != bytes) at = &(*at)->next;
    void *p = *at;
    if (p) {
        *at = (*at)->next;
    } else if (REGION - r->used >= bytes) {
        p = r->p + r->used;
        r->used += bytes;
    }
    if (p) r->pieces++;
    return p;
}

static void *take_piece(struct cpu_memory *m, size_t bytes)
{
    void *p = NULL;
    pthread_mutex_lock(&m->lock);
    for (struct region *r = m->first; r && !p; r = r->next) p = region_take(r, bytes);
    char *fresh = p ? NULL : huge(m, REGION);
    if (fresh) {
        struct region *r = mem_alloc(1, sizeof *r);
        *r = (struct region){.next = m->first, .p = fresh};
        m->first = r;
        p = region_take(r, bytes);
    }
    pthread_mutex_unlock(&m->lock);
    return p;
}

static void release_piece(struct cpu_memory *m, void *p, size_t bytes)
{
    struct piece *piece = p;
    pthread_mutex_lock(&m->lock);
    struct region **at = &m->first, *r;
    while ((uintptr_t)p - (uintptr_t)(*at)->p >= REGION) at = &(*at)->next;
    r = *at;
    *piece = (struct piece){r->free, bytes};
    r->free = piece;
    if (--r->pieces == 0) {
        *at = r->next;
        free(r->p);
        mem_free(r);
    }
    pthread_mutex_unlock(&m->lock);
}

/* What is taken for so many bytes; 0: more than there can be. */
static size_t rounded(size_t bytes)
{
    size_t to = bytes > PIECE_MOST && PIECE_MOST ? HUGE_PAGE : CPU_ALIGN, n;
    if (__builtin_add_overflow(bytes, to - 1, &n)) return 0;
    return n < to ? to : n - n % to;
}

static bool is_piece(size_t n)
{
    return n >= PIECE_LEAST && n <= PIECE_MOST;
}

void *cpu_alloc(struct device *d, size_t bytes)
{
    size_t n = rounded(bytes);
    if (!n) return NULL;
    if (is_piece(n)) return take_piece(d->memory, n);
    return n > PIECE_MOST && PIECE_MOST ? huge(d->memory, n) : aligned_alloc(CPU_ALIGN, n);
}

void cpu_release(struct device *d, void *p, size_t bytes)
{
    if (p && is_piece(rounded(bytes))) release_piece(d->memory, p, rounded(bytes));
    else free(p);
}
