/* config.h: config.json of deepseek_v32 and glm_moe_dsa as a struct. */
#ifndef ENGINE_CONFIG_H
#define ENGINE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CONFIG_MAX_LAYERS 512
#define CONFIG_MAX_EOS 8

/* Which rows a token attends to, and in which form. */
enum attention {
    ATTEND_CHOSEN,   /* those that the indexer chose, absorbed */
    ATTEND_ALL,      /* every earlier row, absorbed: the state is as small as in ATTEND_CHOSEN */
    ATTEND_EXPANDED, /* every earlier row, expanded: less work, a wider state */
};

/* Letters used in every shape comment of the engine:
 *   T tokens in this call   S tokens in the cache   L layers      V vocabulary
 *   D model width           H attention heads       Q query latent R kv latent  P rope part
 *   N nope part             W value head width      J indexer heads             C indexer width
 *   K selected              E experts               A active experts            F feed-forward */
struct config {
    char model_type[32];
    int V, D, L, H, Q, R, P, N, W;
    int J, C, K;                     /* index_n_heads, index_head_dim, index_topk          */
    int F, F_moe;                    /* intermediate_size, moe_intermediate_size           */
    int E, E_shared, A;              /* n_routed_experts, n_shared_experts, num_experts_per_tok */
    int n_group, topk_group;
    bool norm_topk_prob;
    float routed_scaling;
    float rms_eps;                   /* block norms and last norm; latents and indexer use 1e-6 */
    bool tied;                       /* head shares the embedding */
    size_t max_positions;
    bool indexer_interleaved;        /* glm_moe_dsa with indexer_rope_interleave */
    bool moe[CONFIG_MAX_LAYERS];     /* layer has experts */
    bool full[CONFIG_MAX_LAYERS];    /* layer runs its indexer; others reuse the rows before */
    bool has_indexer[CONFIG_MAX_LAYERS]; /* what the checkpoint holds: equals full for
                                            glm_moe_dsa, all true for deepseek_v32 */
    int skip_offset;                 /* index_skip_topk_offset, 2 where it is missing */
    int eos[CONFIG_MAX_EOS], n_eos, bos;
    /* RoPE */
    float rope_theta;
    bool yarn;
    float yarn_factor, yarn_beta_fast, yarn_beta_slow, yarn_mscale, yarn_mscale_all_dim;
    size_t yarn_original;
    /* quantisation: 0 block means no FP8 */
    int fp8_block;
};

/* Reads and checks; names every field it refuses with what it found and what it expected.
 * E_UNSUPPORTED for another architecture or a setting that is not implemented. */
enum err config_read(struct config *c, const char *path, struct errinfo *e);
/* The same from n bytes; `name` is what errors call them. */
enum err config_parse(struct config *c, const char *s, size_t n, const char *name,
                      struct errinfo *e);
/* --index-share: rewrites c->full.  E_USAGE when the checkpoint lacks the indexers for it. */
enum err config_set_index_share(struct config *c, int share, struct errinfo *e);
/* Elements of a row of the state with ATTEND_EXPANDED: [H, N + W | P]. */
static inline int config_expanded_width(const struct config *c)
{
    return c->H * (c->N + c->W) + c->P;
}
float config_softmax_scale(const struct config *c);
/* inv_freq[P/2] and the amplitude of cos and sin (1 unless mscale differs from mscale_all_dim). */
void config_rope(const struct config *c, float *inv_freq, float *amplitude);

#endif
