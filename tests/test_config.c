/* test_config.c: config.json of both architectures: what is read, and what is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "engine/config.h"
#include "engine/engine.h"

#define MODEL "models/deepread-150m/config.json"
#define MOE "tests/data/moe-fixture/config.json"
#define GLM "tests/data/glm-fixture/config.json"

static void read_config(struct config *c, const char *path)
{
    struct errinfo e = {0};
    if (config_read(c, path, &e)) fail_msg("%s", e.msg);
}

/* The file at `path` with one field set to the JSON `value` (NULL: removed), parsed. */
static enum err with_field(struct config *c, const char *path, const char *key, const char *value,
                           struct errinfo *e)
{
    json_t *o;
    *e = (struct errinfo){0};
    assert_int_equal(json_parse_file(&o, path, 1 << 20, e), OK);
    if (value)
        json_object_set_new(o, key, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_del(o, key);
    char *s = json_dumps(o, 0);
    enum err r = config_parse(c, s, strlen(s), "config.json", e);
    free(s);
    json_decref(o);
    return r;
}

/* ------------------------------------------------------------------ what is read */

static void the_model(void **state)
{
    (void)state;
    struct config c;
    read_config(&c, MODEL);
    assert_string_equal(c.model_type, "deepseek_v32");
    assert_int_equal(c.V, 49152);
    assert_int_equal(c.D, 576);
    assert_int_equal(c.L, 30);
    assert_int_equal(c.K, 512);
    assert_true(c.tied);
    assert_int_equal(c.fp8_block, 128);
    assert_int_equal(c.max_positions, 131072);
    assert_int_equal(c.n_eos, 1);
    assert_int_equal(c.eos[0], 2);
    int full = 0;
    for (int l = 0; l < c.L; l++) {
        full += c.full[l];
        assert_true(c.full[l] == (l == 0 || l % 4 == 1));
        assert_true(c.has_indexer[l]);
        assert_false(c.moe[l]);
    }
    assert_int_equal(full, 9);
}

static void experts_and_lists(void **state)
{
    (void)state;
    struct config c;
    read_config(&c, MOE);
    assert_int_equal(c.E, 8);
    assert_int_equal(c.A, 3);
    assert_int_equal(c.n_group, 4);
    assert_int_equal(c.topk_group, 2);
    assert_false(c.moe[0]);
    assert_true(c.moe[1] && c.moe[3]);
    assert_false(c.yarn);
    for (int l = 0; l < c.L; l++) assert_true(c.full[l] && c.has_indexer[l]);
    read_config(&c, GLM);
    assert_string_equal(c.model_type, "glm_moe_dsa");
    assert_true(c.indexer_interleaved);
    assert_int_equal(c.n_eos, 2);
    assert_int_equal(c.eos[1], 2);
    assert_true(c.rope_theta == 8000000);
    const bool full[] = {true, true, false, false, true, false};
    for (int l = 0; l < c.L; l++) {
        assert_true(c.full[l] == full[l]);
        assert_true(c.has_indexer[l] == full[l]);
        assert_true(c.moe[l] == (l > 0));
    }
}

static void sharing_without_a_list(void **state)
{
    (void)state;
    struct config c;
    struct errinfo e;
    assert_int_equal(with_field(&c, MODEL, "indexer_types", NULL, &e), OK);
    for (int l = 0; l < c.L; l++) assert_true(c.full[l] == (l == 0 || l % 4 == 1));
    assert_int_equal(with_field(&c, MOE, "index_topk_pattern", "\"FSFS\"", &e), OK);
    assert_true(c.full[0] && !c.full[1] && c.full[2] && !c.full[3]);
    /* a layer for next-token prediction may follow */
    assert_int_equal(with_field(&c, MOE, "index_topk_pattern", "\"FSFSF\"", &e), OK);
    assert_int_equal(with_field(&c, MOE, "index_topk_pattern", "\"FSF\"", &e), E_FORMAT);
    assert_int_equal(with_field(&c, MOE, "index_topk_pattern", "\"FSXS\"", &e), E_FORMAT);
    assert_int_equal(with_field(&c, MOE, "index_topk_pattern", "\"SFFF\"", &e), E_FORMAT);
    assert_int_equal(with_field(&c, MOE, "index_topk_freq", "2", &e), OK);
    assert_true(c.full[0] && c.full[1] && !c.full[2] && c.full[3]);
    assert_int_equal(with_field(&c, MOE, "mlp_layer_types",
                                "[\"sparse\",\"dense\",\"dense\",\"sparse\"]", &e), OK);
    assert_true(c.moe[0] && !c.moe[1] && !c.moe[2] && c.moe[3]);
}

static void sharing_by_option(void **state)
{
    (void)state;
    struct config c;
    struct errinfo e = {0};
    read_config(&c, MODEL);
    assert_int_equal(config_set_index_share(&c, INDEX_SHARE_OFF, &e), OK);
    for (int l = 0; l < c.L; l++) assert_true(c.full[l]);
    assert_int_equal(config_set_index_share(&c, 3, &e), OK);
    for (int l = 0; l < c.L; l++) assert_true(c.full[l] == (l == 0 || l % 3 == 1));
    assert_int_equal(config_set_index_share(&c, 1000000, &e), OK);
    assert_true(c.full[0] && !c.full[29]);
    assert_int_equal(config_set_index_share(&c, -1, &e), E_USAGE);
    read_config(&c, GLM);
    err_clear(&e);
    assert_int_equal(config_set_index_share(&c, INDEX_SHARE_CONFIG, &e), OK);
    assert_int_equal(config_set_index_share(&c, INDEX_SHARE_OFF, &e), E_USAGE);
    assert_non_null(strstr(e.msg, "layer 2"));
}

/* ------------------------------------------------------------------ RoPE */

static void set_deepseek(struct config *c)
{
    *c = (struct config){.N = 128, .P = 64, .rope_theta = 10000, .yarn = true, .yarn_factor = 40,
                         .yarn_original = 4096, .yarn_beta_fast = 32, .yarn_beta_slow = 1,
                         .yarn_mscale = 1, .yarn_mscale_all_dim = 1};
}

static void close_to(float got, double want)
{
    if (fabs((double)got - want) > 1e-6 * fabs(want))
        fail_msg("%.9g instead of %.9g", (double)got, want);
}

static void yarn_as_published(void **state)
{
    (void)state;
    struct config c;
    float inv_freq[32], amplitude;
    set_deepseek(&c);
    config_rope(&c, inv_freq, &amplitude);
    close_to(amplitude, 1);
    close_to(inv_freq[0], 1);
    close_to(inv_freq[10], 0.0562341325);
    close_to(inv_freq[11], 0.0390069266);
    close_to(inv_freq[16], 5.5e-3);
    close_to(inv_freq[22], 1.77827941e-4);
    close_to(inv_freq[31], 3.33380358e-6);
    close_to(config_softmax_scale(&c), 0.135233779);
    c.yarn_mscale_all_dim = 0; /* then cos and sin carry it, and the softmax does not */
    config_rope(&c, inv_freq, &amplitude);
    close_to(amplitude, 1.368887945);
    close_to(config_softmax_scale(&c), 1 / sqrt(192));
}

static void plain_rope(void **state)
{
    (void)state;
    struct config c = {.N = 128, .P = 64, .rope_theta = 10000};
    float inv_freq[32], amplitude;
    config_rope(&c, inv_freq, &amplitude);
    close_to(amplitude, 1);
    close_to(inv_freq[1], 0.749894209);
    close_to(inv_freq[8], 0.1);
    close_to(config_softmax_scale(&c), 1 / sqrt(192));
}

/* ------------------------------------------------------------------ what is refused */

static void refusals_name_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
        enum err want;
    } rows[] = {
        {"model_type", "\"llama\"", E_UNSUPPORTED},
        {"model_type", NULL, E_FORMAT},
        {"vocab_size", NULL, E_FORMAT},
        {"vocab_size", "0", E_FORMAT},
        {"vocab_size", "-5", E_FORMAT},
        {"vocab_size", "4194305", E_FORMAT},
        {"vocab_size", "1e3", E_FORMAT},
        {"vocab_size", "\"49152\"", E_FORMAT},
        {"hidden_size", "9223372036854775807", E_FORMAT},
        {"num_hidden_layers", "513", E_FORMAT},
        {"num_hidden_layers", "0", E_FORMAT},
        {"num_attention_heads", "0", E_FORMAT},
        {"kv_lora_rank", "1000000", E_FORMAT},
        {"q_lora_rank", "null", E_FORMAT},
        {"qk_rope_head_dim", "33", E_FORMAT},
        {"qk_rope_head_dim", "66", E_FORMAT}, /* above index_head_dim */
        {"index_topk", "0", E_FORMAT},
        {"index_topk", "true", E_FORMAT},
        {"max_position_embeddings", "99999999", E_FORMAT},
        {"bos_token_id", "1024", E_FORMAT},
        {"eos_token_id", "1024", E_FORMAT},
        {"eos_token_id", "[1, -1]", E_FORMAT},
        {"eos_token_id", "[1, 2, 3, 4, 5, 6, 7, 8, 9]", E_FORMAT},
        {"hidden_act", "\"gelu\"", E_UNSUPPORTED},
        {"hidden_act", "7", E_FORMAT},
        {"attention_bias", "true", E_UNSUPPORTED},
        {"attention_bias", "1", E_FORMAT},
        {"rms_norm_eps", "-1", E_FORMAT},
        {"rope_interleave", "false", E_UNSUPPORTED},
        {"indexer_rope_interleave", "true", E_UNSUPPORTED},
        {"scoring_func", "\"softmax\"", E_UNSUPPORTED},
        {"topk_method", "\"greedy\"", E_UNSUPPORTED},
        {"n_routed_experts", "0", E_FORMAT},
        {"n_routed_experts", "5000", E_FORMAT},
        {"n_shared_experts", "0", E_FORMAT},
        {"num_experts_per_tok", "5", E_FORMAT}, /* two groups of two stay open */
        {"n_group", "3", E_FORMAT},
        {"n_group", "8", E_FORMAT}, /* a group's score needs two experts */
        {"topk_group", "5", E_FORMAT},
        {"moe_intermediate_size", NULL, E_FORMAT},
        {"intermediate_size", NULL, E_FORMAT},
        {"routed_scaling_factor", "-2.5", E_FORMAT},
        {"moe_layer_freq", "0", E_FORMAT},
        {"mlp_layer_types", "[\"dense\"]", E_FORMAT},
        {"mlp_layer_types", "[\"dense\",\"dense\",\"dense\",3]", E_FORMAT},
        {"indexer_types", "\"full\"", E_FORMAT},
        {"indexer_types", "[\"shared\",\"full\",\"full\",\"full\"]", E_FORMAT},
        {"index_topk_freq", "0", E_FORMAT},
        {"rope_theta", "0", E_FORMAT},
        {"rope_scaling", "{\"type\":\"linear\",\"factor\":2}", E_UNSUPPORTED},
        {"rope_scaling", "{\"type\":\"yarn\",\"factor\":2}", E_FORMAT},
        {"rope_scaling", "{\"type\":\"yarn\",\"original_max_position_embeddings\":4096}", E_FORMAT},
        {"rope_scaling", "[]", E_FORMAT},
        {"quantization_config", "{\"quant_method\":\"awq\"}", E_UNSUPPORTED},
        {"quantization_config", "{\"weight_block_size\":[128,64]}", E_UNSUPPORTED},
        {"quantization_config", "{\"weight_block_size\":[0,0]}", E_UNSUPPORTED},
        {"quantization_config", "3", E_FORMAT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config c;
        struct errinfo e;
        enum err got = with_field(&c, MOE, rows[i].key, rows[i].value, &e);
        if (got != rows[i].want)
            fail_msg("%s = %s: code %d instead of %d (%s)", rows[i].key,
                     rows[i].value ? rows[i].value : "(absent)", got, rows[i].want, e.msg);
        if (strncmp(e.msg, "config.json: ", 13)) fail_msg("without the file: %s", e.msg);
    }
}

static void refusals_say_what_was_found(void **state)
{
    (void)state;
    struct config c;
    struct errinfo e;
    with_field(&c, MOE, "model_type", "\"llama\"", &e);
    assert_non_null(strstr(e.msg, "'llama'"));
    assert_non_null(strstr(e.msg, "deepseek_v32"));
    with_field(&c, MOE, "vocab_size", "-5", &e);
    assert_non_null(strstr(e.msg, "'vocab_size' is -5"));
    with_field(&c, MOE, "rope_scaling", "{\"type\":\"linear\",\"factor\":2}", &e);
    assert_non_null(strstr(e.msg, "'linear'"));
}

static void absent_means_default(void **state)
{
    (void)state;
    struct config c;
    struct errinfo e;
    assert_int_equal(with_field(&c, MOE, "bos_token_id", "null", &e), OK);
    assert_int_equal(c.bos, -1);
    assert_int_equal(with_field(&c, MOE, "eos_token_id", NULL, &e), OK);
    assert_int_equal(c.n_eos, 0);
    assert_int_equal(with_field(&c, MOE, "quantization_config", NULL, &e), OK);
    assert_int_equal(c.fp8_block, 0);
    assert_int_equal(with_field(&c, MOE, "rms_norm_eps", NULL, &e), OK);
    close_to(c.rms_eps, 1e-6);
    assert_int_equal(with_field(&c, GLM, "rope_parameters",
                                "{\"rope_type\":\"yarn\",\"rope_theta\":5000,\"factor\":4,"
                                "\"original_max_position_embeddings\":1024}", &e), OK);
    assert_true(c.yarn && c.rope_theta == 5000 && c.yarn_mscale == 1 && c.yarn_mscale_all_dim == 0);
}

static void not_json(void **state)
{
    (void)state;
    struct config c;
    struct errinfo e = {0};
    assert_int_equal(config_parse(&c, "", 0, "x", &e), E_FORMAT);
    err_clear(&e);
    assert_int_equal(config_parse(&c, "[]", 2, "x", &e), E_FORMAT);
    err_clear(&e);
    assert_int_equal(config_parse(&c, "{\"model_type\":", 14, "x", &e), E_FORMAT);
    err_clear(&e);
    assert_int_equal(config_read(&c, "tests/data/no-such-file", &e), E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model),
        cmocka_unit_test(experts_and_lists),
        cmocka_unit_test(sharing_without_a_list),
        cmocka_unit_test(sharing_by_option),
        cmocka_unit_test(yarn_as_published),
        cmocka_unit_test(plain_rope),
        cmocka_unit_test(refusals_name_the_field),
        cmocka_unit_test(refusals_say_what_was_found),
        cmocka_unit_test(absent_means_default),
        cmocka_unit_test(not_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
