#include "base/mem.h"
#include "engine/engine.h"

static void make_room(struct tokens *t, size_t n)
{
    if (t->cap - t->n >= n) return;
    size_t cap = t->cap ? 2 * t->cap : 64;
    if (cap < t->n + n) cap = t->n + n;
    t->v = mem_grow(t->v, cap, sizeof *t->v);
    t->cap = cap;
}

void tokens_add(struct tokens *t, int32_t id)
{
    make_room(t, 1);
    t->v[t->n++] = id;
}

void tokens_append(struct tokens *t, const int32_t *ids, size_t n)
{
    make_room(t, n);
    for (size_t i = 0; i < n; i++) t->v[t->n++] = ids[i];
}

void tokens_free(struct tokens *t)
{
    mem_free(t->v);
    *t = (struct tokens){0};
}
