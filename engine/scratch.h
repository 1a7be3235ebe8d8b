/* scratch.h: carving the working memory of a forward pass out of one allocation. */
#ifndef ENGINE_SCRATCH_H
#define ENGINE_SCRATCH_H

#include <stddef.h>

/* With base NULL it only measures: pointers are NULL and `used` grows all the same. */
struct scratch {
    char *base;
    size_t used;
};

#define SCRATCH_ALIGN 64

/* rows * width elements of `size` bytes, on a cache line.  Sizes are limited by config.c so that
 * no product overflows. */
static inline void *scratch_take(struct scratch *s, size_t rows, size_t width, size_t size)
{
    char *p = s->base ? s->base + s->used : NULL;
    s->used += (rows * width * size + SCRATCH_ALIGN - 1) / SCRATCH_ALIGN * SCRATCH_ALIGN;
    return p;
}

#endif
