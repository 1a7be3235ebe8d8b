#include "engine/config.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "engine/engine.h"

#define REQUIRED INT_MIN /* as a fallback: the field must be there */
#define CONFIG_BYTES (16u << 20) /* a config.json is a few KB */

struct reader {
    json_t *o;
    const char *name;
    struct errinfo *e;
};

/* ------------------------------------------------------------------ single fields */

/* NULL for absent and for null: both mean "the default". */
static json_t *field(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    return json_is_null(v) ? NULL : v;
}

/* A whole number within lo..hi; `fallback` where the field is missing. */
static enum err read_int(const struct reader *r, const char *key, int lo, int hi, int fallback,
                         int *out)
{
    json_t *v = field(r->o, key);
    if (!v && fallback != REQUIRED) {
        *out = fallback;
        return OK;
    }
    if (!v)
        return err_set(r->e, E_FORMAT, "%s: '%s' is missing, expected a number from %d to %d",
                       r->name, key, lo, hi);
    if (!json_is_integer(v))
        return err_set(r->e, E_FORMAT, "%s: '%s' is not a whole number", r->name, key);
    json_int_t x = json_integer_value(v);
    if (x < lo || x > hi)
        return err_set(r->e, E_FORMAT, "%s: '%s' is %lld, expected %d to %d", r->name, key,
                       (long long)x, lo, hi);
    *out = (int)x;
    return OK;
}

static enum err read_real(const struct reader *r, json_t *o, const char *key, double lo, double hi,
                          double fallback, float *out)
{
    json_t *v = field(o, key);
    double x = v ? json_number_value(v) : fallback;
    if (v && !json_is_number(v))
        return err_set(r->e, E_FORMAT, "%s: '%s' is not a number", r->name, key);
    if (!(x >= lo && x <= hi))
        return err_set(r->e, E_FORMAT, "%s: '%s' is %g, expected %g to %g", r->name, key, x, lo,
                       hi);
    *out = (float)x;
    return OK;
}

static enum err read_bool(const struct reader *r, const char *key, bool fallback, bool *out)
{
    json_t *v = field(r->o, key);
    if (v && !json_is_boolean(v))
        return err_set(r->e, E_FORMAT, "%s: '%s' is neither true nor false", r->name, key);
    *out = v ? json_is_true(v) : fallback;
    return OK;
}

/* A setting of which only one value is implemented; absent counts as that value. */
static enum err must_be(const struct reader *r, json_t *o, const char *key, const char *value)
{
    json_t *v = field(o, key);
    if (!v) return OK;
    const char *s = json_string_value(v);
    if (!s) return err_set(r->e, E_FORMAT, "%s: '%s' is not a string", r->name, key);
    if (strcmp(s, value))
        return err_set(r->e, E_UNSUPPORTED, "%s: '%s' is '%.60s', only '%s' is implemented",
                       r->name, key, s, value);
    return OK;
}

/* ------------------------------------------------------------------ architecture, sizes */

static enum err read_architecture(const struct reader *r, struct config *c)
{
    const char *s = json_string_value(field(r->o, "model_type"));
    if (!s) return err_set(r->e, E_FORMAT, "%s: 'model_type' is missing or no string", r->name);
    if (strcmp(s, "deepseek_v32") && strcmp(s, "glm_moe_dsa"))
        return err_set(r->e, E_UNSUPPORTED,
                       "%s: architecture '%.60s' is not supported, only deepseek_v32 and "
                       "glm_moe_dsa are",
                       r->name, s);
    strcpy(c->model_type, s);
    return OK;
}

static enum err read_sizes(const struct reader *r, struct config *c)
{
    int positions;
    const struct {
        const char *key;
        int lo, hi, *out;
    } rows[] = {
        {"vocab_size", 1, 1 << 22, &c->V},
        {"hidden_size", 1, 1 << 16, &c->D},
        {"num_hidden_layers", 1, CONFIG_MAX_LAYERS, &c->L},
        {"num_attention_heads", 1, 1024, &c->H},
        {"q_lora_rank", 1, 1 << 16, &c->Q},
        {"kv_lora_rank", 1, 8192, &c->R},
        {"qk_rope_head_dim", 2, 1024, &c->P},
        {"qk_nope_head_dim", 1, 1024, &c->N},
        {"v_head_dim", 1, 1024, &c->W},
        {"index_n_heads", 1, 1024, &c->J},
        {"index_head_dim", 1, 1024, &c->C},
        {"index_topk", 1, 1 << 16, &c->K},
        {"max_position_embeddings", 1, 1 << 24, &positions}, /* exact as f32 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        TRY(read_int(r, rows[i].key, rows[i].lo, rows[i].hi, REQUIRED, rows[i].out));
    TRY(read_int(r, "bos_token_id", 0, c->V - 1, -1, &c->bos));
    c->max_positions = (size_t)positions;
    if (c->P % 2)
        return err_set(r->e, E_FORMAT, "%s: 'qk_rope_head_dim' is %d, expected an even number",
                       r->name, c->P);
    if (c->P > c->C)
        return err_set(r->e, E_FORMAT,
                       "%s: 'index_head_dim' is %d, smaller than 'qk_rope_head_dim', %d", r->name,
                       c->C, c->P);
    return OK;
}

static enum err read_switches(const struct reader *r, struct config *c)
{
    bool attention_bias, mlp_bias, interleaved;
    TRY(must_be(r, r->o, "hidden_act", "silu"));
    TRY(read_bool(r, "attention_bias", false, &attention_bias));
    TRY(read_bool(r, "mlp_bias", false, &mlp_bias));
    if (attention_bias || mlp_bias)
        return err_set(r->e, E_UNSUPPORTED, "%s: '%s' is true, biases are not implemented",
                       r->name, attention_bias ? "attention_bias" : "mlp_bias");
    TRY(read_bool(r, "rope_interleave", true, &interleaved));
    if (!interleaved)
        return err_set(r->e, E_UNSUPPORTED,
                       "%s: 'rope_interleave' is false, only true is implemented", r->name);
    TRY(read_bool(r, "tie_word_embeddings", false, &c->tied));
    TRY(read_bool(r, "indexer_rope_interleave", false, &c->indexer_interleaved));
    if (!strcmp(c->model_type, "deepseek_v32") && c->indexer_interleaved)
        return err_set(r->e, E_UNSUPPORTED,
                       "%s: 'indexer_rope_interleave' is true, which deepseek_v32 does not know",
                       r->name);
    return read_real(r, r->o, "rms_norm_eps", 0, 1, 1e-6, &c->rms_eps);
}

static enum err read_eos(const struct reader *r, struct config *c)
{
    json_t *v = field(r->o, "eos_token_id");
    size_t n = json_is_array(v) ? json_array_size(v) : v ? 1 : 0;
    if (n > CONFIG_MAX_EOS)
        return err_set(r->e, E_FORMAT, "%s: 'eos_token_id' lists %zu tokens, expected at most %d",
                       r->name, n, CONFIG_MAX_EOS);
    for (size_t i = 0; i < n; i++) {
        json_t *x = json_is_array(v) ? json_array_get(v, i) : v;
        if (!json_is_integer(x) || json_integer_value(x) < 0 || json_integer_value(x) >= c->V)
            return err_set(r->e, E_FORMAT,
                           "%s: 'eos_token_id' is no token id, expected 0 to %d", r->name,
                           c->V - 1);
        c->eos[i] = (int)json_integer_value(x);
    }
    c->n_eos = (int)n;
    return OK;
}

/* ------------------------------------------------------------------ layers */

/* List `key` of one string a layer: out[l] tells whether it is `yes` rather than `no`. */
static enum err read_layer_types(const struct reader *r, const struct config *c, const char *key,
                                 const char *yes, const char *no, bool *out)
{
    json_t *v = field(r->o, key);
    if (!json_is_array(v) || json_array_size(v) != (size_t)c->L)
        return err_set(r->e, E_FORMAT, "%s: '%s' is not a list of %d strings, one a layer",
                       r->name, key, c->L);
    for (int l = 0; l < c->L; l++) {
        const char *s = json_string_value(json_array_get(v, (size_t)l));
        if (!s || (strcmp(s, yes) && strcmp(s, no)))
            return err_set(r->e, E_FORMAT, "%s: '%s' holds '%.40s' for layer %d, expected '%s' or "
                           "'%s'", r->name, key, s ? s : "no string", l, yes, no);
        out[l] = !strcmp(s, yes);
    }
    return OK;
}

static enum err read_experts(const struct reader *r, struct config *c)
{
    TRY(must_be(r, r->o, "scoring_func", "sigmoid"));
    TRY(must_be(r, r->o, "topk_method", "noaux_tc"));
    TRY(read_int(r, "moe_intermediate_size", 1, 1 << 20, REQUIRED, &c->F_moe));
    TRY(read_int(r, "n_routed_experts", 1, 4096, REQUIRED, &c->E));
    TRY(read_int(r, "n_shared_experts", 1, 64, 1, &c->E_shared));
    TRY(read_int(r, "num_experts_per_tok", 1, 256, REQUIRED, &c->A));
    TRY(read_int(r, "n_group", 1, c->E, 1, &c->n_group));
    TRY(read_int(r, "topk_group", 1, c->n_group, c->n_group, &c->topk_group));
    TRY(read_bool(r, "norm_topk_prob", true, &c->norm_topk_prob));
    TRY(read_real(r, r->o, "routed_scaling_factor", 0, 1e6, 1, &c->routed_scaling));
    if (c->E % c->n_group || (c->n_group > 1 && c->E / c->n_group < 2))
        return err_set(r->e, E_FORMAT, "%s: 'n_group' is %d, which cannot divide %d experts",
                       r->name, c->n_group, c->E);
    int open = c->topk_group * (c->E / c->n_group);
    if (c->A > open)
        return err_set(r->e, E_FORMAT,
                       "%s: 'num_experts_per_tok' is %d, but 'topk_group' leaves %d experts",
                       r->name, c->A, open);
    return OK;
}

/* Which layers have experts, and the widths of both kinds. */
static enum err read_mlp(const struct reader *r, struct config *c)
{
    int dense_first, freq;
    TRY(read_int(r, "first_k_dense_replace", 0, INT_MAX, 0, &dense_first));
    TRY(read_int(r, "moe_layer_freq", 1, INT_MAX, 1, &freq));
    for (int l = 0; l < c->L; l++) c->moe[l] = l >= dense_first && l % freq == 0;
    if (field(r->o, "mlp_layer_types"))
        TRY(read_layer_types(r, c, "mlp_layer_types", "sparse", "dense", c->moe));
    bool any_dense = false, any_moe = false;
    for (int l = 0; l < c->L; l++) {
        any_moe = any_moe || c->moe[l];
        any_dense = any_dense || !c->moe[l];
    }
    if (any_dense) TRY(read_int(r, "intermediate_size", 1, 1 << 20, REQUIRED, &c->F));
    return any_moe ? read_experts(r, c) : OK;
}

static bool selects(int layer, int every, int offset)
{
    int past = layer - offset + 1;
    return (past > 0 ? past : 0) % every == 0;
}

/* index_topk_pattern: F or S a layer; layers for next-token prediction may follow. */
static enum err read_pattern(const struct reader *r, struct config *c)
{
    const char *s = json_string_value(field(r->o, "index_topk_pattern"));
    size_t n = s ? strlen(s) : 0;
    if (n < (size_t)c->L || strspn(s, "FS") != n)
        return err_set(r->e, E_FORMAT,
                       "%s: 'index_topk_pattern' is not a string of F and S, one a layer (%d)",
                       r->name, c->L);
    for (int l = 0; l < c->L; l++) c->full[l] = s[l] == 'F';
    return OK;
}

static enum err read_sharing(const struct reader *r, struct config *c)
{
    int freq;
    TRY(read_int(r, "index_topk_freq", 1, INT_MAX, 1, &freq));
    TRY(read_int(r, "index_skip_topk_offset", 0, CONFIG_MAX_LAYERS, 2, &c->skip_offset));
    for (int l = 0; l < c->L; l++) c->full[l] = selects(l, freq, c->skip_offset);
    if (field(r->o, "indexer_types"))
        TRY(read_layer_types(r, c, "indexer_types", "full", "shared", c->full));
    else if (field(r->o, "index_topk_pattern"))
        TRY(read_pattern(r, c));
    if (!c->full[0])
        return err_set(r->e, E_FORMAT, "%s: layer 0 shares a selection, but none stands before it",
                       r->name);
    bool all = !strcmp(c->model_type, "deepseek_v32");
    for (int l = 0; l < c->L; l++) c->has_indexer[l] = all || c->full[l];
    return OK;
}

enum err config_set_index_share(struct config *c, int share, struct errinfo *e)
{
    if (share == INDEX_SHARE_CONFIG) return OK;
    if (share < 0)
        return err_set(e, E_USAGE, "index sharing of %d layers makes no sense, expected 1 or more",
                       share);
    for (int l = 0; l < c->L; l++) {
        bool full = share == INDEX_SHARE_OFF || selects(l, share, c->skip_offset);
        if (full && !c->has_indexer[l])
            return err_set(e, E_USAGE,
                           "this index sharing needs an indexer in layer %d, the model has none "
                           "there",
                           l);
        c->full[l] = full;
    }
    c->full[0] = true; /* holds for every offset; said once more because all others lean on it */
    return OK;
}

/* ------------------------------------------------------------------ positions */

static enum err read_yarn(const struct reader *r, json_t *o, struct config *c)
{
    json_t *original = field(o, "original_max_position_embeddings");
    json_int_t n = json_integer_value(original);
    if (!json_is_integer(original) || n < 1 || n > 1 << 24)
        return err_set(r->e, E_FORMAT,
                       "%s: 'original_max_position_embeddings' of yarn is missing or not within 1 "
                       "to %d",
                       r->name, 1 << 24);
    c->yarn = true;
    c->yarn_original = (size_t)n;
    if (!field(o, "factor"))
        return err_set(r->e, E_FORMAT, "%s: 'factor' of yarn is missing", r->name);
    TRY(read_real(r, o, "factor", 1, 1e6, 1, &c->yarn_factor));
    TRY(read_real(r, o, "beta_fast", 1e-3, 1e6, 32, &c->yarn_beta_fast));
    TRY(read_real(r, o, "beta_slow", 1e-3, 1e6, 1, &c->yarn_beta_slow));
    TRY(read_real(r, o, "mscale", 0, 100, 1, &c->yarn_mscale));
    TRY(read_real(r, o, "mscale_all_dim", 0, 100, 0, &c->yarn_mscale_all_dim));
    if (field(o, "attention_factor") || json_is_false(field(o, "truncate")))
        return err_set(r->e, E_UNSUPPORTED, "%s: '%s' of yarn is not implemented", r->name,
                       field(o, "attention_factor") ? "attention_factor" : "truncate");
    return OK;
}

/* Old files have rope_theta and rope_scaling, newer ones rope_parameters with both inside. */
static enum err read_rope(const struct reader *r, struct config *c)
{
    const char *key = field(r->o, "rope_parameters") ? "rope_parameters" : "rope_scaling";
    json_t *o = field(r->o, key);
    if (o && !json_is_object(o))
        return err_set(r->e, E_FORMAT, "%s: '%s' is not an object", r->name, key);
    json_t *theta = o && field(o, "rope_theta") ? o : r->o;
    TRY(read_real(r, theta, "rope_theta", 1.001, 1e12, 10000, &c->rope_theta));
    if (!o) return OK;
    json_t *type = field(o, "rope_type") ? field(o, "rope_type") : field(o, "type");
    const char *s = type ? json_string_value(type) : "default";
    if (!s) return err_set(r->e, E_FORMAT, "%s: 'rope_type' is not a string", r->name);
    if (!strcmp(s, "default")) return OK;
    if (!strcmp(s, "yarn")) return read_yarn(r, o, c);
    return err_set(r->e, E_UNSUPPORTED,
                   "%s: 'rope_type' is '%.40s', only 'default' and 'yarn' are implemented", r->name,
                   s);
}

static float mscale(float factor, float m)
{
    return factor > 1 ? 0.1f * m * logf(factor) + 1.0f : 1.0f;
}

float config_softmax_scale(const struct config *c)
{
    float scale = 1.0f / sqrtf((float)(c->N + c->P));
    if (!c->yarn || c->yarn_mscale_all_dim == 0) return scale;
    float m = mscale(c->yarn_factor, c->yarn_mscale_all_dim);
    return scale * m * m;
}

/* The dimension (of P) that turns `turns` times over the original context. */
static double yarn_dimension(const struct config *c, double turns)
{
    double original = (double)c->yarn_original, theta = (double)c->rope_theta;
    return c->P * log(original / (turns * 2 * M_PI)) / (2 * log(theta));
}

void config_rope(const struct config *c, float *inv_freq, float *amplitude)
{
    *amplitude = 1;
    for (int i = 0; i < c->P / 2; i++)
        inv_freq[i] = 1.0f / powf(c->rope_theta, (float)(2 * i) / (float)c->P);
    if (!c->yarn) return;
    *amplitude = mscale(c->yarn_factor, c->yarn_mscale) /
                 mscale(c->yarn_factor, c->yarn_mscale_all_dim);
    double low = fmax(floor(yarn_dimension(c, (double)c->yarn_beta_fast)), 0);
    double high = fmin(ceil(yarn_dimension(c, (double)c->yarn_beta_slow)), c->P - 1);
    if (low == high) high += 0.001; /* as the other implementations do: no division by zero */
    for (int i = 0; i < c->P / 2; i++) {
        float ramp = (float)fmin(fmax((i - low) / (high - low), 0), 1);
        inv_freq[i] = inv_freq[i] * (1 - ramp) + inv_freq[i] / c->yarn_factor * ramp;
    }
}

/* ------------------------------------------------------------------ quantisation */

static enum err read_quantisation(const struct reader *r, struct config *c)
{
    json_t *o = field(r->o, "quantization_config");
    if (!o) return OK;
    if (!json_is_object(o))
        return err_set(r->e, E_FORMAT, "%s: 'quantization_config' is not an object", r->name);
    TRY(must_be(r, o, "quant_method", "fp8"));
    TRY(must_be(r, o, "fmt", "e4m3"));
    json_t *size = field(o, "weight_block_size");
    json_int_t rows = json_integer_value(json_array_get(size, 0));
    json_int_t cols = json_integer_value(json_array_get(size, 1));
    if (json_array_size(size) != 2 || rows != cols || rows < 1 || rows > 65536)
        return err_set(r->e, E_UNSUPPORTED,
                       "%s: 'weight_block_size' is not two equal numbers such as [128, 128]",
                       r->name);
    c->fp8_block = (int)rows;
    return OK;
}

/* ------------------------------------------------------------------ the whole */

static enum err read_all(const struct reader *r, struct config *c)
{
    if (!json_is_object(r->o))
        return err_set(r->e, E_FORMAT, "%s: not a JSON object", r->name);
    TRY(read_architecture(r, c));
    TRY(read_sizes(r, c));
    TRY(read_switches(r, c));
    TRY(read_eos(r, c));
    TRY(read_mlp(r, c));
    TRY(read_sharing(r, c));
    TRY(read_rope(r, c));
    return read_quantisation(r, c);
}

enum err config_parse(struct config *c, const char *s, size_t n, const char *name,
                      struct errinfo *e)
{
    struct reader r = {NULL, name, e};
    memset(c, 0, sizeof *c);
    TRY(json_parse(&r.o, s, n, name, e));
    enum err rc = read_all(&r, c);
    json_decref(r.o);
    return rc;
}

enum err config_read(struct config *c, const char *path, struct errinfo *e)
{
    struct reader r = {NULL, path, e};
    memset(c, 0, sizeof *c);
    TRY(json_parse_file(&r.o, path, CONFIG_BYTES, e));
    enum err rc = read_all(&r, c);
    json_decref(r.o);
    return rc;
}
