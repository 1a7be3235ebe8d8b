/* model.h: what stands behind `struct model`, for the modules of engine/ that compute. */
#ifndef ENGINE_MODEL_H
#define ENGINE_MODEL_H

#include "engine/kv.h"
#include "engine/prefix.h"
#include "engine/prefix_block.h"
#include "engine/tokenizer.h"
#include "engine/weights.h"

struct graph;

#define MODEL_MAX_P 1024 /* config.c's limit of qk_rope_head_dim */

struct model {
    struct config config;
    struct model_card card;
    struct tokenizer *tokenizer;   /* NULL where it was not asked for */
    const struct backend *b;
    struct errinfo no_cuda;        /* why "auto" took the CPU */
    struct device *d;
    struct weights weights;
    struct kv_layout kv;
    struct graph *graph;           /* working memory of a pass, which its sessions share */
    float inv_freq[MODEL_MAX_P / 2], amplitude, softmax_scale;
    float index_scale;             /* J^-1/2 C^-1/2 */
    enum attention attention;
    int reply_K, K_most;           /* K of a reply's tokens; the larger of it and config.K */
    bool kv_chosen;                /* the state's precision was asked for */
    int threads;                   /* as asked for; 0: all cores */
    struct prefix_options prefix;  /* dir NULL: no cache; its own copy else */
    struct prefix_key prefix_base; /* where there is one: checkpoint and program */
};

/* What its device may do side by side (engine/backend.h). */
static inline void model_side(const struct model *m, int i)
{
    if (m->b->side) m->b->side(m->d, i);
}
static inline void model_join(const struct model *m, int i)
{
    if (m->b->join) m->b->join(m->d, i);
}

/* Lays the state out in this precision; no session may hold tokens. */
void model_set_kv(struct model *m, enum kv_type kv);

/* model_open without tokenizer.json, for checkpoints that have none (test fixtures). */
enum err model_open_weights(struct model **out, const char *dir, const struct model_options *o,
                            struct errinfo *e);

#endif
