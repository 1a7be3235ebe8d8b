/* kv.h: what a session remembers of its tokens: per layer the latent with its rope key, and index
 * keys in layers that select.
 *
 * Pages of KV_PAGE tokens hold all layers.  A page belongs to every kv that counts it: kv_share
 * lets several timelines stand on one prefix, and who writes into a shared page gets
 * a copy first. */
#ifndef ENGINE_KV_H
#define ENGINE_KV_H

#include "base/sys.h"
#include "engine/backend.h"
#include "engine/config.h"

/* Where a layer's rows lie within a page, in bytes. */
struct kv_layout {
    enum kv_type type, index_type;            /* of latents, of index keys */
    int width, index_width;                   /* elements of a row: R+P or H (N+W) + P; C */
    size_t page_bytes;
    size_t latent_offset[CONFIG_MAX_LAYERS];
    size_t index_offset[CONFIG_MAX_LAYERS];   /* of selecting layers only */
};

/* Layers that do not select keep no index keys; without ATTEND_CHOSEN none does.  With
 * ATTEND_EXPANDED the latent's place is taken by the keys and values of all heads. */
void kv_layout_init(struct kv_layout *l, const struct config *c, enum kv_type type,
                    enum kv_type index_type, enum attention attention);
size_t kv_layout_bytes(const struct kv_layout *l, size_t tokens);

struct kv_page;

/* A mapped file that pages stand on instead of memory of their own.  It lives as long as a page
 * counts it, or whoever made it (users 1 at the start; kv_source_drop). */
struct kv_source {
    struct mapping map; /* private: what is written into it stays in this process */
    int users;          /* atomic */
};
void kv_source_drop(struct kv_source *s);

struct kv {
    const struct kv_layout *layout;
    const struct backend *b;
    struct device *d;
    struct kv_page **page; /* page[i] counts its users; memory[i] is its memory, for kv_view */
    void **memory;
    size_t n_pages, cap;
    size_t n;              /* tokens held */
};

void kv_init(struct kv *kv, const struct kv_layout *l, const struct backend *b, struct device *d);
void kv_free(struct kv *kv);

/* Makes room for tokens n .. n+more-1 and this kv the only owner of the pages they fall into.
 * E_LIMIT when memory is short; what is held stays. */
enum err kv_reserve(struct kv *kv, size_t more, struct errinfo *e);
void kv_advance(struct kv *kv, size_t more); /* the rows reserved have been written */
void kv_rewind(struct kv *kv, size_t n);     /* drops what stands after n tokens; keeps memory */
/* Makes `to` hold the first n tokens of `from` (same layout and device) without copying them.
 * A page may be counted from several threads; one kv belongs to one thread. */
void kv_share(struct kv *to, const struct kv *from, size_t n);

/* Replaces what stands from token `at` on (a multiple of KV_PAGE, at most n) by `tokens` tokens
 * whose pages follow one another from byte `offset` of the source, aligned to 64.  Nothing is
 * copied where the device computes in host memory.  E_LIMIT when memory is short: then the kv
 * holds `at` tokens and perhaps some pages more. */
enum err kv_put(struct kv *kv, size_t at, size_t tokens, struct kv_source *source, size_t offset,
                struct errinfo *e);
/* The bytes of page i in host memory: its own, or a copy in `copy` (page_bytes).  Rows that hold no
 * token are zeros. */
const void *kv_page_bytes(const struct kv *kv, size_t i, void *copy);

struct kv_view kv_view(const struct kv *kv, int layer);

#endif
