/* engine.h: the public face of engine/: tokens to tokens.  With generate.h, batch.h and prefix.h the
 * only engine headers that cli/ includes.
 *
 * A session is one token timeline (its KV state).  Sessions of one model may share a prefix and do
 * share working memory: a model and its sessions belong to one thread, which spreads each pass over
 * the backend's own.  Where several sessions are decoded at once (batch.h) each is lent to a thread,
 * but computing stays with that one.  No tensor appears here. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* ------------------------------------------------------------------ models */

struct model;
struct tokenizer;
struct prefix_options;
struct prefix_report;

enum weight_type { WEIGHT_AUTO, WEIGHT_F32, WEIGHT_BF16, WEIGHT_INT8, WEIGHT_FP8 };
/* E4M3: of index keys alone, where the backend says so (backend.h); never asked for. */
enum kv_type { KV_AUTO, KV_F32, KV_BF16, KV_F16, KV_INT8, KV_E4M3 };

struct model_options {
    const char *backend;     /* "auto", "ref", "cpu", "cuda"; NULL: auto                        */
    int threads;             /* 0: all cores                                                    */
    enum weight_type weights;/* what the backend computes with; AUTO: its own choice            */
    enum kv_type kv;         /* of latents.  AUTO: f16 on cpu, 8 bits where memory is short
                              * (session_fit); f32 on ref.  Index keys: as the backend thinks fit */
    bool dense;              /* --attn dense: every earlier token instead of the indexer's top-k */
    /* --index-share: INDEX_SHARE_CONFIG follows config.json, INDEX_SHARE_OFF lets every layer
     * select, n > 1 lets every n-th layer select (offset as in config.json, else 2). */
    int index_share;
    size_t reply_top_k;      /* session_set_reply; 0: as deepread.json says                     */
    const struct prefix_options *prefix; /* the cache on disk (prefix.h); NULL: none; is copied */
};
#define INDEX_SHARE_CONFIG 0
#define INDEX_SHARE_OFF 1

/* What deepread.json beside the weights says; defaults where the file is missing. */
struct model_card {
    char name[64];           /* folder name without the file */
    char prompts[32];        /* "instruct"      */
    size_t context;          /* tokens; config's max_position_embeddings */
    double retrieval_weight; /* 0               */
    double review_floor;     /* -INFINITY       */
    double support_floor;    /* 0               */
    size_t reply_top_k;      /* config's index_topk: see session_set_reply */
};

/* Opens a folder in Hugging Face layout.  E_IO missing, E_FORMAT damaged or truncated,
 * E_UNSUPPORTED another architecture (named), E_DEVICE the backend, E_LIMIT memory.
 * Cost: weights are mapped and converted once. */
enum err model_open(struct model **out, const char *dir, const struct model_options *o,
                    struct errinfo *e);
void model_close(struct model *m); /* NULL is fine */
const struct tokenizer *model_tokenizer(const struct model *m);
const struct model_card *model_card(const struct model *m);
/* A description for `deepread model info`: lines "key: value". */
void model_describe(const struct model *m, struct buf *out);
/* Bytes of KV state for n tokens, and of weights as loaded. */
size_t model_kv_bytes(const struct model *m, size_t n);
size_t model_weight_bytes(const struct model *m);
/* What is left for state and working memory where the model computes; 0: unknown. */
size_t model_free_memory(const struct model *m);
int model_eos(const struct model *m, size_t i); /* i-th end token, -1 past the last */
/* Reads config, card and tokenizer only, for commands that run no model (plan, text). */
enum err model_open_tokenizer(struct tokenizer **out, struct model_card *card, const char *dir,
                              struct errinfo *e);

/* ------------------------------------------------------------------ the machine */

/* For `deepread doctor`: lines "key: value" about processor and memory, about each backend under
 * these options (of which threads, weights, kv and backend count), and which would be chosen.
 * Cost: opens a device of each.  Returns why none would be chosen: E_USAGE, E_DEVICE. */
enum err doctor_describe(const struct model_options *o, struct buf *out, struct errinfo *e);

/* ------------------------------------------------------------------ tokens */

struct tokens { /* growing list of ids; zero-initialise, free with tokens_free */
    int32_t *v;
    size_t n, cap;
};
void tokens_add(struct tokens *t, int32_t id);
void tokens_append(struct tokens *t, const int32_t *ids, size_t n);
void tokens_free(struct tokens *t);

/* Appends the ids of the segments.  Neighbouring SEG_TEXT segments are encoded as one text.
 * E_FORMAT when a control token is not in the vocabulary. */
enum err tokenizer_encode(const struct tokenizer *t, const struct seg *segs, size_t n,
                          struct tokens *out, struct errinfo *e);

/* ------------------------------------------------------------------ sessions */

struct session;

/* Called between chunks of a prefill with tokens done and total; may be NULL. */
typedef void session_tick(void *ctx, size_t done, size_t total);

enum err session_new(struct session **out, struct model *m, struct errinfo *e);
/* A session beside s, of its model, without the cache on disk; what it stands on comes from
 * session_share. */
struct session *session_new_beside(const struct session *s);
void session_free(struct session *s);
void session_set_tick(struct session *s, session_tick *tick, void *ctx);
/* Tokens per forward pass of a prefill (0: what the backend wishes, else 512).  Results do not depend on it. */
void session_set_chunk(struct session *s, size_t tokens);

/* Tokens from position `from` on are of the question and the reply (SIZE_MAX, as at the start: none
 * is).  Where the indexer selects, such a token attends to reply_top_k of those before it instead of the
 * index_topk that the model reads documents with: they are few, and much hangs on each.  The cache on
 * disk holds the tokens before `from` only, which are the same whatever is asked.  What the state holds
 * behind the smaller of the old and the new `from` is dropped. */
#define REPLY_TOP_K_MOST 65536
void session_set_reply(struct session *s, size_t from);

/* What a session of n tokens takes, in bytes: weights as loaded, the state, and the working memory
 * of a pass (the backend's own few MB a thread left out). */
struct memory_need {
    size_t weights, state, scratch;
    const char *kv; /* precision of the state: "f16" */
};
void session_need(const struct session *s, size_t n, struct memory_need *out);
/* What n sessions take together that stand on the first `shared` tokens of s, which holds no more, each
 * with `own` tokens behind them: an upper bound. */
void session_need_many(const struct session *s, size_t shared, size_t own, size_t n,
                       struct memory_need *out);
/* Of that, in bytes, what is still to be taken once s holds the shared tokens. */
size_t session_need_beside(const struct session *s, size_t own, size_t n);
/* Where n tokens do not fit into `available` bytes beside the weights, and no precision was asked
 * for, the state is kept in the backend's smallest one.  Nothing happens once a token has been
 * read.  No other session of the model may hold tokens. */
void session_fit(struct session *s, size_t n, size_t available);

/* Makes the state equal to `want`: keeps the common prefix (from memory, else from the cache on
 * disk), drops what differs, computes the rest in chunks and stores it.  Afterwards session_logits
 * is the distribution of the next token.
 * E_LIMIT if want exceeds the context or memory, E_INTR between chunks (the state is then a
 * shorter prefix of want, and a later call goes on from there). */
enum err session_sync(struct session *s, const int32_t *want, size_t n, struct errinfo *e);
/* Appends tokens to the state: all of them, or none where it fails.  Cost: one forward pass for each
 * chunk of them. */
enum err session_append(struct session *s, const int32_t *ids, size_t n, struct errinfo *e);
/* Drops everything after the first n tokens; logits are invalid until the next append or sync.
 * Costs nothing. */
void session_rewind(struct session *s, size_t n);
/* Makes `to` stand on the first n tokens of `from` (same model) without copying them.  Costs nothing. */
void session_share(struct session *to, const struct session *from, size_t n);
size_t session_length(const struct session *s);
const int32_t *session_tokens(const struct session *s);
/* Logits after the last token, [V] f32, valid until the next call on this session. */
const float *session_logits(const struct session *s);
size_t session_computed(const struct session *s); /* tokens computed so far, for --stats */
size_t session_context(const struct session *s);  /* most tokens it can hold */

/* The cache on disk, where the model was opened with one: what it did so far, what is said of an
 * entry's origin when it is listed (up to 255 bytes), and how many of n tokens it holds. */
void session_prefix(const struct session *s, struct prefix_report *out);
void session_set_label(struct session *s, const char *label);
size_t session_stored(struct session *s, const int32_t *ids, size_t n);

#endif
