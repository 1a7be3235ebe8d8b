/* mem.h: host memory.
 *
 * A lifetime is an arena: options and model facts live until exit, documents until the next set
 * of documents, prompt pieces and replies until the next question.  Running out of host memory
 * ends the program with one message and exit code 6: no function here returns NULL.
 * Large buffers whose refusal is an ordinary error (KV pages, weights) come from the backend
 * (engine/backend.h), not from here. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

struct arena; /* blocks of memory released together */

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is fine */
void arena_reset(struct arena *a); /* everything taken from it is gone; its blocks are kept */

/* count * size bytes, zeroed, aligned for any type.  The product is checked. */
void *mem_take(struct arena *a, size_t count, size_t size);
/* A NUL-terminated copy of n bytes. */
char *mem_copy(struct arena *a, const char *s, size_t n);

#define NEW(a, type, n) ((type *)mem_take((a), (n), sizeof(type)))

/* Growing arrays outside an arena: malloc, realloc and free with the same policy. */
void *mem_alloc(size_t count, size_t size);                   /* zeroed; free with mem_free */
void *mem_grow(void *p, size_t count, size_t size);           /* realloc; new part not zeroed */
void mem_free(void *p);

/* Number of mem_take, mem_alloc and mem_grow calls so far in this process; tests use the
 * difference to show that a loop allocates nothing. */
size_t mem_calls(void);

#endif
