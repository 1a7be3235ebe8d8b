/* synthetic.h: a model of DeepSeek-V3.2's layers with random FP8 weights, made in memory, for timing where no
 * checkpoint is at hand.  Layer 0 is dense, the rest have 256 experts, or fewer: what one of several cards
 * holds that share them.  Where they share their tokens too, evenly, as many rows meet its experts as when each of
 * its own tokens chose eight of them; what travels between the cards is not there.  The vocabulary is
 * shortened to 16,384 words (embedding and head belong to no layer); all experts of a layer hold the same
 * numbers, at their own places in memory. */
#ifndef BENCH_SYNTHETIC_H
#define BENCH_SYNTHETIC_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/graph.h"
#include "engine/model.h"

#define SYNTHETIC_BLOCK 128
#define SYNTHETIC_EXPERTS 256
#define SYNTHETIC_GROUPS 8
#define SYNTHETIC_CHOSEN 8 /* of a token */

static const char synthetic_config[] =
    "{\"architectures\": [\"DeepseekV32ForCausalLM\"], \"model_type\": \"deepseek_v32\","
    "\"vocab_size\": 16384, \"hidden_size\": 7168, \"intermediate_size\": 18432,"
    "\"moe_intermediate_size\": 2048, \"num_hidden_layers\": %d, \"first_k_dense_replace\": 1,"
    "\"moe_layer_freq\": 1, \"num_nextn_predict_layers\": 0, \"num_attention_heads\": 128,"
    "\"num_key_value_heads\": 128, \"q_lora_rank\": 1536, \"kv_lora_rank\": 512,"
    "\"qk_nope_head_dim\": 128, \"qk_rope_head_dim\": 64, \"v_head_dim\": 128,"
    "\"index_n_heads\": 64, \"index_head_dim\": 128, \"index_topk\": 2048,"
    "\"n_routed_experts\": %d, \"n_shared_experts\": 1, \"num_experts_per_tok\": 8,"
    "\"n_group\": %d, \"topk_group\": %d, \"topk_method\": \"noaux_tc\","
    "\"scoring_func\": \"sigmoid\", \"norm_topk_prob\": true, \"routed_scaling_factor\": 2.5,"
    "\"hidden_act\": \"silu\", \"rms_norm_eps\": 1e-6, \"rope_theta\": 10000,"
    "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 40,"
    "\"original_max_position_embeddings\": 4096, \"beta_fast\": 32, \"beta_slow\": 1,"
    "\"mscale\": 1.0, \"mscale_all_dim\": 1.0}, \"max_position_embeddings\": 163840,"
    "\"attention_bias\": false, \"attention_dropout\": 0.0, \"tie_word_embeddings\": false,"
    "\"bos_token_id\": 0, \"eos_token_id\": 1, \"torch_dtype\": \"bfloat16\","
    "\"quantization_config\": {\"quant_method\": \"fp8\", \"fmt\": \"e4m3\","
    "\"activation_scheme\": \"dynamic\", \"weight_block_size\": [128, 128]}}";

/* Where the numbers come from: bytes and scales that every matrix reads from their beginning. */
struct synthetic {
    struct model *m;
    uint8_t *bytes;
    float *scale;
    uint32_t seed;
    struct errinfo *e;
};

static struct tensor synthetic_tensor(struct synthetic *k, int rows, int cols)
{
    size_t blocks = (((size_t)rows + SYNTHETIC_BLOCK - 1) / SYNTHETIC_BLOCK) *
                    (((size_t)cols + SYNTHETIC_BLOCK - 1) / SYNTHETIC_BLOCK);
    for (size_t i = 0; i < blocks; i++) k->scale[i] = 0.5f / sqrtf((float)cols);
    return (struct tensor){.type = DT_F8_E4M3, .ndim = 2, .shape = {(uint64_t)rows, (uint64_t)cols},
                           .data = k->bytes + k->seed++ % 64 * 16, .bytes = (uint64_t)rows * (uint64_t)cols,
                           .scale = k->scale, .block = SYNTHETIC_BLOCK};
}

static enum err synthetic_matrix(struct synthetic *k, struct weight **w, int rows, int cols, bool exact)
{
    struct model *m = k->m;
    struct tensor t = synthetic_tensor(k, rows, cols);
    TRY(m->b->weight_new(m->d, w, &t, 1, NULL, (uint64_t)rows, false, exact, k->e));
    m->weights.bytes += m->b->weight_bytes(*w);
    return m->b->sync(m->d, k->e);
}

/* G matrices [rows, cols] (or transposed) that begin `apart` rows apart in one tensor, or are each the
 * whole of one. */
static enum err synthetic_stack(struct synthetic *k, struct weight **w, int G, int rows, int cols, int apart,
                                int first, bool transposed)
{
    struct model *m = k->m;
    struct tensor *t = malloc((size_t)G * sizeof *t);
    uint64_t *row0 = malloc((size_t)G * sizeof *row0);
    struct tensor one = synthetic_tensor(k, apart ? G * apart : rows, cols);
    for (int g = 0; g < G; g++) {
        t[g] = one;
        row0[g] = (uint64_t)(g * apart + first);
    }
    enum err r = m->b->weight_new(m->d, w, t, (size_t)G, row0, (uint64_t)rows, transposed, false, k->e);
    free(t);
    free(row0);
    if (r) return r;
    m->weights.bytes += m->b->weight_bytes(*w);
    return m->b->sync(m->d, k->e);
}

static enum err synthetic_vector(struct synthetic *k, float **v, int n, float value)
{
    struct model *m = k->m;
    struct weights *w = &m->weights;
    float *host = malloc((size_t)n * sizeof *host);
    for (int i = 0; i < n; i++) host[i] = value;
    *v = m->b->alloc(m->d, (size_t)n * sizeof *host);
    if (*v) m->b->upload(m->d, *v, host, (size_t)n * sizeof *host);
    enum err r = m->b->sync(m->d, k->e);
    free(host);
    if (!*v) return err_set(k->e, E_LIMIT, "no memory for a vector");
    w->vectors = mem_grow(w->vectors, w->n_vectors + 1, sizeof *w->vectors);
    w->vectors[w->n_vectors++] = (struct vector){*v, (size_t)n};
    return r;
}

static enum err synthetic_layer(struct synthetic *k, int i)
{
    const struct config *c = &k->m->config;
    struct layer_weights *l = &k->m->weights.layers[i];
    int F = c->moe[i] ? c->F_moe * c->E_shared : c->F;
    TRY(synthetic_vector(k, &l->in_norm, c->D, 1));
    TRY(synthetic_vector(k, &l->post_norm, c->D, 1));
    TRY(synthetic_vector(k, &l->q_norm, c->Q, 1));
    TRY(synthetic_vector(k, &l->kv_norm, c->R, 1));
    TRY(synthetic_vector(k, &l->ik_norm, c->C, 1));
    TRY(synthetic_vector(k, &l->ik_bias, c->C, 0));
    TRY(synthetic_matrix(k, &l->q_a, c->Q, c->D, false));
    TRY(synthetic_matrix(k, &l->q_b, c->H * (c->N + c->P), c->Q, false));
    TRY(synthetic_matrix(k, &l->kv_a, c->R + c->P, c->D, false));
    TRY(synthetic_stack(k, &l->uk, c->H, c->N, c->R, c->N + c->W, 0, true));
    TRY(synthetic_stack(k, &l->uv, c->H, c->W, c->R, c->N + c->W, c->N, false));
    TRY(synthetic_matrix(k, &l->o, c->D, c->H * c->W, false));
    TRY(synthetic_matrix(k, &l->iq, c->J * c->C, c->Q, false));
    TRY(synthetic_matrix(k, &l->ik, c->C, c->D, false));
    TRY(synthetic_matrix(k, &l->iw, c->J, c->D, true));
    TRY(synthetic_matrix(k, &l->gate, F, c->D, false));
    TRY(synthetic_matrix(k, &l->up, F, c->D, false));
    TRY(synthetic_matrix(k, &l->down, c->D, F, false));
    if (!c->moe[i]) return OK;
    TRY(synthetic_matrix(k, &l->router, c->E, c->D, true));
    TRY(synthetic_vector(k, &l->router_bias, c->E, 0));
    TRY(synthetic_stack(k, &l->x_gate, c->E, c->F_moe, c->D, 0, 0, false));
    TRY(synthetic_stack(k, &l->x_up, c->E, c->F_moe, c->D, 0, 0, false));
    return synthetic_stack(k, &l->x_down, c->E, c->D, c->F_moe, 0, 0, false);
}

static enum err synthetic_weights(struct synthetic *k)
{
    struct weights *w = &k->m->weights;
    const struct config *c = &k->m->config;
    *w = (struct weights){.b = k->m->b, .d = k->m->d, .L = c->L};
    w->layers = mem_alloc((size_t)c->L, sizeof *w->layers);
    TRY(synthetic_matrix(k, &w->embed, c->V, c->D, false));
    TRY(synthetic_matrix(k, &w->head, c->V, c->D, false));
    TRY(synthetic_vector(k, &w->norm, c->D, 1));
    for (int i = 0; i < c->L; i++) TRY(synthetic_layer(k, i));
    return OK;
}

/* e4m3 numbers of 2^-2 to 2^1, either sign: the largest matrix's, and some to begin at other places. */
static void synthetic_numbers(struct synthetic *k)
{
    size_t n = (size_t)18432 * 7168 + 65536;
    uint64_t x = 88172645463325252u;
    k->bytes = malloc(n);
    k->scale = malloc(n / SYNTHETIC_BLOCK);
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        k->bytes[i] = (uint8_t)((x >> 20 & 0x87) | (5 + (x >> 40) % 3) << 3);
    }
}

/* experts: at least SYNTHETIC_CHOSEN.  Fewer than all are one group. */
static enum err synthetic_open(struct model **out, int layers, int experts, const struct model_options *o,
                               struct errinfo *e)
{
    char text[4096];
    struct model *m = mem_alloc(1, sizeof *m);
    m->graph = mem_alloc(1, sizeof *m->graph);
    struct device_options device = {o->threads, o->weights, o->kv};
    struct synthetic k = {.m = m, .e = e};
    int groups = experts == SYNTHETIC_EXPERTS ? SYNTHETIC_GROUPS : 1;
    int n = snprintf(text, sizeof text, synthetic_config, layers, experts, groups, (groups + 1) / 2);
    *out = m;
    TRY(config_parse(&m->config, text, (size_t)n, "deepseek-v3.2", e));
    snprintf(m->card.name, sizeof m->card.name, "deepseek-v3.2, %d layers, random", layers);
    m->card.context = m->config.max_positions;
    TRY(backend_find(&m->b, o->backend, e));
    TRY(m->b->open(&m->d, &device, e));
    synthetic_numbers(&k);
    enum err r = synthetic_weights(&k);
    free(k.bytes);
    free(k.scale);
    config_rope(&m->config, m->inv_freq, &m->amplitude);
    m->softmax_scale = config_softmax_scale(&m->config);
    m->reply_K = m->K_most = m->config.K;
    m->index_scale = 1.0f / sqrtf((float)m->config.J) / sqrtf((float)m->config.C);
    if (!r) model_set_kv(m, m->b->kv_type(m->d));
    return r;
}

#endif
