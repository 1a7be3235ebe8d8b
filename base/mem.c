#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)1 << 16)
#define ALIGN _Alignof(max_align_t)

/* Arenas are chains of blocks; the newest is the one that is filled.  Something larger than a
 * block gets a block of its own. */
struct block {
    struct block *next;
    size_t used, cap;
    max_align_t data[];
};

struct arena {
    struct block *first; /* newest */
};

/* Diagnostic only: nothing in the program reads it but tests. */
static atomic_size_t calls;

static _Noreturn void out_of_memory(size_t bytes)
{
    char line[96];
    int n = snprintf(line, sizeof line, "deepread: out of memory (%zu bytes asked for)\n", bytes);
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0) _exit(6);
    _exit(6);
}

static size_t product(size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n) || n > PTRDIFF_MAX - 4096) out_of_memory(SIZE_MAX);
    return n;
}

static struct block *block_new(size_t cap)
{
    struct block *b = malloc(sizeof *b + cap);
    if (!b) out_of_memory(cap);
    *b = (struct block){.cap = cap};
    return b;
}

struct arena *arena_new(void)
{
    struct arena *a = calloc(1, sizeof *a);
    if (!a) out_of_memory(sizeof *a);
    return a;
}

void arena_free(struct arena *a)
{
    if (!a) return;
    for (struct block *b = a->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

void arena_reset(struct arena *a)
{
    /* One block of the usual size stays; outsized ones go back to the system. */
    struct block *keep = NULL;
    for (struct block *b = a->first, *next; b; b = next) {
        next = b->next;
        if (!keep && b->cap == BLOCK_BYTES) {
            keep = b;
            keep->next = NULL;
            keep->used = 0;
        } else {
            free(b);
        }
    }
    a->first = keep;
}

void *mem_take(struct arena *a, size_t count, size_t size)
{
    size_t n = product(count, size);
    n = (n + ALIGN - 1) / ALIGN * ALIGN;
    if (n == 0) n = ALIGN;
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    struct block *b = a->first;
    if (!b || b->cap - b->used < n) {
        struct block *fresh = block_new(n > BLOCK_BYTES / 4 ? n : BLOCK_BYTES);
        if (b && fresh->cap != BLOCK_BYTES) { /* keep filling the block in use */
            fresh->next = b->next;
            b->next = fresh;
        } else {
            fresh->next = b;
            a->first = fresh;
        }
        b = fresh;
    }
    char *p = (char *)b->data + b->used;
    b->used += n;
    return memset(p, 0, n);
}

char *mem_copy(struct arena *a, const char *s, size_t n)
{
    char *p = mem_take(a, n + 1, 1);
    if (n) memcpy(p, s, n);
    return p;
}

void *mem_alloc(size_t count, size_t size)
{
    size_t n = product(count, size);
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    void *p = calloc(1, n ? n : 1);
    if (!p) out_of_memory(n);
    return p;
}

void *mem_grow(void *p, size_t count, size_t size)
{
    size_t n = product(count, size);
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    void *q = realloc(p, n ? n : 1);
    if (!q) out_of_memory(n);
    return q;
}

void mem_free(void *p)
{
    free(p);
}

size_t mem_calls(void)
{
    return atomic_load_explicit(&calls, memory_order_relaxed);
}
