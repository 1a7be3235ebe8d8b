#include "engine/prefix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/prefix_store.h"

/* ------------------------------------------------------------------ the blocks as a tree */

/* All finished files of a folder, for finding a block by its key and by its parent's. */
struct tree {
    struct prefix_store store;
    struct prefix_item *items;  /* [n] by key */
    struct prefix_key *parents; /* [n] in order */
    size_t n, bytes;            /* bytes: of unfinished files too */
};

static int by_key(const void *a, const void *b)
{
    return memcmp(&((const struct prefix_item *)a)->key, &((const struct prefix_item *)b)->key,
                  sizeof(struct prefix_key));
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct prefix_key));
}

static enum err tree_open(struct tree *t, const char *dir, size_t max_bytes, struct errinfo *e)
{
    *t = (struct tree){.store = {.fd = -1}};
    TRY(prefix_store_open(&t->store, dir, max_bytes, e));
    size_t n = prefix_store_scan(&t->store, &t->items);
    for (size_t i = 0; i < n; i++)
        if (!t->items[i].unfinished) t->items[t->n++] = t->items[i];
    t->bytes = t->store.held;
    t->parents = mem_alloc(t->n + 1, sizeof *t->parents);
    for (size_t i = 0; i < t->n; i++) t->parents[i] = t->items[i].parent;
    if (t->n) qsort(t->items, t->n, sizeof *t->items, by_key);
    if (t->n) qsort(t->parents, t->n, sizeof *t->parents, compare_keys);
    return OK;
}

static void tree_close(struct tree *t)
{
    prefix_store_close(&t->store);
    mem_free(t->items);
    mem_free(t->parents);
}

static struct prefix_item *tree_find(const struct tree *t, const struct prefix_key *key)
{
    struct prefix_item wanted = {.key = *key};
    return t->n ? bsearch(&wanted, t->items, t->n, sizeof wanted, by_key) : NULL;
}

static bool is_last(const struct tree *t, const struct prefix_item *item)
{
    return !bsearch(&item->key, t->parents, t->n, sizeof item->key, compare_keys);
}

static bool get(struct tree *t, const struct prefix_item *item, struct prefix_file *f)
{
    return prefix_store_get(&t->store, &item->parent, &item->key, f, NULL);
}

/* ------------------------------------------------------------------ entries */

static void read_entry(struct prefix_entry *out, struct arena *a, const struct prefix_item *last,
                       const struct prefix_block *b)
{
    *out = (struct prefix_entry){.model = mem_copy(a, b->model.s, b->model.n),
                                 .label = mem_copy(a, b->label.s, b->label.n),
                                 .tokens = (size_t)b->pos + b->tokens,
                                 .used = last->used / 1000000000};
    for (size_t i = 0; i < 4; i++) snprintf(out->id + 2 * i, 3, "%02x", last->key.b[i]);
}

/* Walks from the last block to the first.  verify: the data too. */
static void walk(struct prefix_entry *out, struct tree *t, const struct prefix_item *last,
                 const struct prefix_key *root, bool verify)
{
    const struct prefix_item *at = last;
    while (at && out->blocks < t->n) { /* names that make a circle end here too */
        struct prefix_file f;
        out->blocks++;
        out->bytes += at->bytes;
        if (verify) {
            bool good = get(t, at, &f);
            if (!good || !prefix_block_intact(&f.block, f.map.p)) out->damaged++;
            if (good) sys_unmap(&f.map);
        }
        out->whole = prefix_key_equal(&at->parent, root);
        at = out->whole ? NULL : tree_find(t, &at->parent);
    }
}

static int latest_first(const void *a, const void *b)
{
    const struct prefix_entry *x = a, *y = b;
    if (x->used != y->used) return x->used > y->used ? -1 : 1;
    return strcmp(x->id, y->id);
}

/* The entries whose id starts with `id`. */
static size_t entries(struct tree *t, struct prefix_entry **out, struct arena *a, const char *id,
                      bool verify)
{
    size_t n = 0;
    *out = NEW(a, struct prefix_entry, t->n + 1);
    for (size_t i = 0; i < t->n; i++) {
        struct prefix_file f;
        struct prefix_entry *x = &(*out)[n];
        if (!is_last(t, &t->items[i]) || !get(t, &t->items[i], &f)) continue;
        read_entry(x, a, &t->items[i], &f.block);
        if (!strncmp(x->id, id, strlen(id))) {
            walk(x, t, &t->items[i], &f.block.root, verify);
            n++;
        }
        sys_unmap(&f.map);
    }
    if (n) qsort(*out, n, sizeof **out, latest_first);
    return n;
}

enum err prefix_list(struct prefix_entry **out, size_t *n, size_t *bytes, struct arena *a,
                     const char *dir, struct errinfo *e)
{
    struct tree t;
    enum err r = tree_open(&t, dir, 0, e);
    *n = r ? 0 : entries(&t, out, a, "", false);
    *bytes = t.bytes;
    tree_close(&t);
    return r;
}

enum err prefix_show(struct prefix_entry **out, size_t *n, struct arena *a, const char *dir,
                     const char *id, struct errinfo *e)
{
    struct tree t;
    enum err r = tree_open(&t, dir, 0, e);
    *n = r ? 0 : entries(&t, out, a, id, true);
    tree_close(&t);
    return r;
}

/* ------------------------------------------------------------------ removing */

static void remove_one(struct tree *t, struct prefix_item *item, size_t *count,
                       struct prefix_removed *out)
{
    prefix_store_remove_item(&t->store, item);
    out->bytes += item->bytes;
    item->bytes = 0; /* gone */
    ++*count;
}

static void remove_unfinished(struct tree *t, struct prefix_removed *out)
{
    struct prefix_item *items;
    size_t n = prefix_store_scan(&t->store, &items);
    for (size_t i = 0; i < n; i++) {
        if (!items[i].unfinished || !prefix_store_remove_unfinished(&t->store, &items[i])) continue;
        out->unfinished++;
        out->bytes += items[i].bytes;
    }
    mem_free(items);
}

struct link { /* a block that is intact */
    struct prefix_item *item;
    struct prefix_key root;
    uint64_t pos;
};

static int by_pos(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    return x->pos < y->pos ? -1 : x->pos > y->pos;
}

/* Verifies every block; what has no way to its root is removed too. */
static void remove_useless(struct tree *t, struct prefix_removed *out)
{
    struct link *v = mem_alloc(t->n + 1, sizeof *v);
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        struct prefix_file f;
        bool good = get(t, &t->items[i], &f);
        if (good && prefix_block_intact(&f.block, f.map.p))
            v[n++] = (struct link){&t->items[i], f.block.root, f.block.pos};
        else
            remove_one(t, &t->items[i], &out->damaged, out);
        if (good) sys_unmap(&f.map);
    }
    if (n) qsort(v, n, sizeof *v, by_pos);
    for (size_t i = 0; i < n; i++) {
        const struct prefix_item *before = tree_find(t, &v[i].item->parent);
        bool first = prefix_key_equal(&v[i].item->parent, &v[i].root);
        if (first || (before && before->bytes)) continue;
        remove_one(t, v[i].item, &out->unreachable, out);
    }
    mem_free(v);
}

static void remove_old(struct tree *t, struct prefix_removed *out)
{
    struct prefix_item *items;
    size_t n = prefix_store_scan(&t->store, &items), budget = prefix_store_budget(&t->store);
    for (size_t i = 0; i < n && t->store.held > budget; i++)
        if (!items[i].unfinished) remove_one(t, &items[i], &out->old, out);
    mem_free(items);
}

enum err prefix_prune(struct prefix_removed *out, const char *dir, size_t max_bytes,
                      struct errinfo *e)
{
    struct tree t;
    *out = (struct prefix_removed){0};
    enum err r = tree_open(&t, dir, max_bytes, e);
    if (!r) {
        remove_unfinished(&t, out);
        remove_useless(&t, out);
        remove_old(&t, out);
        out->left = t.store.held;
    }
    tree_close(&t);
    return r;
}

enum err prefix_clear(struct prefix_removed *out, const char *dir, struct errinfo *e)
{
    struct tree t;
    *out = (struct prefix_removed){0};
    enum err r = tree_open(&t, dir, 0, e);
    if (!r) {
        remove_unfinished(&t, out);
        for (size_t i = 0; i < t.n; i++) remove_one(&t, &t.items[i], &out->old, out);
        out->left = t.store.held;
    }
    tree_close(&t);
    return r;
}
