/* session.h: what stands behind `struct session`, for tests and for modules that share prefixes. */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "engine/graph.h"
#include "engine/prefix_chain.h"

typedef enum err session_append_fn(void *ctx, const int32_t *ids, size_t n, struct errinfo *e);

struct session {
    struct model *m;
    struct kv kv;
    struct tokens tokens;            /* as many as the kv holds */
    float *logits;                   /* [V], after the last token */
    bool has_logits;
    size_t reply_from;               /* tokens from here on attend to the model's reply_K */
    size_t chunk, computed;
    session_tick *tick;
    void *tick_ctx;
    const struct graph_probe *probe; /* NULL but in tests */
    struct prefix_chain *prefix;     /* NULL without a cache on disk */
    session_append_fn *append;       /* who does session_append for it (batch.c); NULL: itself */
    void *append_ctx;
};

/* From now on session_append is done by fn; NULL: by the session itself. */
void session_set_append(struct session *s, session_append_fn *fn, void *ctx);

/* What one session appends. */
struct append {
    struct session *s;
    const int32_t *ids;
    size_t n;
    struct errinfo *e;
    enum err code;       /* out, with *e */
    size_t before, done; /* while it goes on: the session's length at first, tokens appended */
};
/* session_append for n different sessions of one model, in as few passes as their tokens fill: the
 * weights are read once a pass.  Each succeeds or fails as it would alone; E_INTR and what goes
 * wrong with the device meet all that are in the pass. */
void session_append_all(struct append *v, size_t n);

#endif
