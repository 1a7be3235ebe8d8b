/* test_model.c: opening model folders: the good ones, and every kind of bad one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/sys.h"
#include "engine/model.h"

#define MODEL "models/deepread-150m"
#define FIXTURE "tests/data/moe-fixture"
#define FIRST "model-00001-of-00002.safetensors"
#define SECOND "model-00002-of-00002.safetensors"

static const char *const files[] = {"config.json", FIRST, SECOND, "model.safetensors.index.json",
                                    "deepread.json", "tokenizer.json"};

/* ------------------------------------------------------------------ a folder to spoil */

struct folder {
    char path[64];
};

static void path_in(char out[160], const struct folder *f, const char *name)
{
    snprintf(out, 160, "%s/%s", f->path, name);
}

static void write_in(const struct folder *f, const char *name, const char *s, size_t n)
{
    char path[160];
    struct errinfo e = {0};
    path_in(path, f, name);
    if (sys_write_file(path, s, n, &e)) fail_msg("%s", e.msg);
}

/* A copy of the fixture's file, cut to at most `limit` bytes. */
static void copy_in(const struct folder *f, const char *name, size_t limit)
{
    char from[160];
    struct mapping m;
    struct errinfo e = {0};
    snprintf(from, sizeof from, "%s/%s", FIXTURE, name);
    if (sys_map(&m, from, &e)) fail_msg("%s", e.msg);
    write_in(f, name, m.p, m.n < limit ? m.n : limit);
    sys_unmap(&m);
}

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    if (!f) return -1;
    strcpy(f->path, "/tmp/deepread-test-XXXXXX");
    if (!mkdtemp(f->path)) return -1;
    for (size_t i = 0; i < 4; i++) copy_in(f, files[i], SIZE_MAX);
    *state = f;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *f = *state;
    char path[160];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        path_in(path, f, files[i]);
        unlink(path);
    }
    rmdir(f->path);
    free(f);
    return 0;
}

static void remove_in(const struct folder *f, const char *name)
{
    char path[160];
    path_in(path, f, name);
    assert_int_equal(unlink(path), 0);
}

static void set_field(const struct folder *f, const char *key, const char *value)
{
    char path[160];
    json_t *o;
    struct errinfo e = {0};
    path_in(path, f, "config.json");
    if (json_parse_file(&o, path, 1 << 20, &e)) fail_msg("%s", e.msg);
    if (value) json_object_set_new(o, key, json_loads(value, JSON_DECODE_ANY, NULL));
    else json_object_del(o, key);
    char *s = json_dumps(o, 0);
    write_in(f, "config.json", s, strlen(s));
    free(s);
    json_decref(o);
}

/* Changes bytes of a file of the folder: the first occurrence of `from` after `after`. */
static void patch(const struct folder *f, const char *name, const char *after, const char *from,
                  const char *to)
{
    char path[160];
    struct mapping m;
    struct errinfo e = {0};
    path_in(path, f, name);
    if (sys_map(&m, path, &e)) fail_msg("%s", e.msg);
    char *copy = malloc(m.n);
    assert_non_null(copy);
    memcpy(copy, m.p, m.n);
    char *at = memmem(copy, m.n, after, strlen(after));
    if (at) at = memmem(at, m.n - (size_t)(at - copy), from, strlen(from));
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    size_t n = m.n;
    sys_unmap(&m);
    write_in(f, name, copy, n);
    free(copy);
}

/* Opening fails with this code and a line that holds both strings; nothing is left behind. */
static void refuses(const char *dir, enum err want, const char *says, const char *too)
{
    struct model *m;
    struct errinfo e = {0};
    struct model_options o = {.backend = "ref"};
    enum err got = model_open_weights(&m, dir, &o, &e);
    if (got != want || !strstr(e.msg, says) || !strstr(e.msg, too))
        fail_msg("code %d instead of %d: '%s' should say '%s' and '%s'", got, want, e.msg, says,
                 too);
    assert_null(m);
}

/* ------------------------------------------------------------------ good ones */

static void the_model(void **state)
{
    (void)state;
    struct model *m;
    struct errinfo e = {0};
    struct buf b = {0};
    struct model_options o = {.backend = "cpu"};
    if (model_open(&m, MODEL, &o, &e)) fail_msg("%s", e.msg);
    assert_non_null(model_tokenizer(m));
    assert_string_equal(model_card(m)->name, "deepread-150m");
    assert_string_equal(model_card(m)->prompts, "compact");
    assert_int_equal(model_card(m)->context, 131072);
    assert_true(model_card(m)->retrieval_weight == 1.5);
    assert_int_equal(model_card(m)->reply_top_k, 2048);
    assert_int_equal(m->reply_K, 2048);
    assert_int_equal(m->K_most, 2048);
    assert_int_equal(model_eos(m, 0), 2);
    assert_int_equal(model_eos(m, 1), -1);
    assert_int_equal(model_kv_bytes(m, 0), 0);
    assert_int_equal(model_kv_bytes(m, 1), model_kv_bytes(m, 64));
    assert_int_equal(model_kv_bytes(m, 65), 2 * model_kv_bytes(m, 64));
    /* 30 layers of 256 + 32 in two bytes each, and 9 index keys of 64 bytes and a scale */
    assert_int_equal(model_kv_bytes(m, 64), 64 * (30 * 288 * 2 + 9 * 68));
    assert_true(model_weight_bytes(m) > 170000000 && model_weight_bytes(m) < 200000000);
    model_describe(m, &b);
    assert_non_null(strstr(b.s, "name: deepread-150m\n"));
    assert_non_null(strstr(b.s, "9 layers select, 21 share"));
    assert_non_null(strstr(b.s, "backend: cpu"));
    assert_non_null(strstr(b.s, "f16 cache, int8 index keys\n"));
    buf_free(&b);
    model_close(m);
    model_close(NULL);
}

/* One scale for a key serves where that was measured: 64 elements. */
static void wide_index_keys_are_as_latents(void **state)
{
    static const enum kv_type types[] = {KV_F32, KV_BF16, KV_F16, KV_INT8};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        enum kv_type narrow = types[i] == KV_F32 ? KV_F32 : KV_INT8;
        assert_int_equal(cpu_backend.index_type(NULL, types[i], 2, 64), narrow);
        assert_int_equal(cpu_backend.index_type(NULL, types[i], 2, 65), types[i]);
        assert_int_equal(cpu_backend.index_type(NULL, types[i], 64, 128), types[i]);
    }
}

/* No layer selects, and none is said to keep index keys. */
static void dense_has_no_index_keys(void **state)
{
    struct model *m;
    struct errinfo e = {0};
    struct buf b = {0};
    struct model_options o = {.backend = "cpu", .threads = 1, .dense = true};
    (void)state;
    if (model_open_weights(&m, FIXTURE, &o, &e)) fail_msg("%s", e.msg);
    model_describe(m, &b);
    assert_non_null(strstr(b.s, " cache\n"));
    assert_null(strstr(b.s, "index keys"));
    buf_free(&b);
    model_close(m);
}

static void card_defaults(void **state)
{
    const struct folder *f = *state;
    struct model *m;
    struct errinfo e = {0};
    struct model_options o = {.backend = "ref"};
    if (model_open_weights(&m, f->path, &o, &e)) fail_msg("%s", e.msg);
    assert_string_equal(model_card(m)->name, strrchr(f->path, '/') + 1);
    assert_string_equal(model_card(m)->prompts, "instruct");
    assert_int_equal(model_card(m)->context, 4096);
    assert_true(model_card(m)->retrieval_weight == 0);
    assert_int_equal(model_card(m)->reply_top_k, m->config.K);
    assert_true(model_card(m)->support_floor == 0);
    assert_true(isinf(model_card(m)->review_floor) && model_card(m)->review_floor < 0);
    model_close(m);
}

static void dense_needs_no_indexer(void **state)
{
    const struct folder *f = *state;
    struct model *m;
    struct errinfo e = {0};
    struct model_options o = {.backend = "ref", .dense = true};
    if (model_open_weights(&m, f->path, &o, &e)) fail_msg("%s", e.msg);
    /* keys and values of four heads, and the rope key */
    assert_int_equal(model_kv_bytes(m, 64), 64 * 4 * 4 * (4 * (48 + 40) + 32));
    model_close(m);
}

static void tokenizer_alone(void **state)
{
    (void)state;
    struct tokenizer *t;
    struct model_card card;
    struct errinfo e = {0};
    if (model_open_tokenizer(&t, &card, MODEL "/", &e)) fail_msg("%s", e.msg);
    assert_int_equal(tokenizer_size(t), 49152);
    assert_string_equal(card.name, "deepread-150m");
    tokenizer_close(t);
    assert_int_equal(model_open_tokenizer(&t, &card, FIXTURE, &e), E_IO);
    assert_non_null(strstr(e.msg, "moe-fixture/tokenizer.json"));
    assert_null(t);
}

/* ------------------------------------------------------------------ bad ones */

static void missing(void **state)
{
    const struct folder *f = *state;
    refuses("/no/such/folder", E_IO, "/no/such/folder", "no such model folder");
    refuses(FIXTURE "/config.json", E_IO, "config.json", "not a folder");
    remove_in(f, SECOND);
    refuses(f->path, E_IO, SECOND, f->path);
    remove_in(f, "model.safetensors.index.json");
    refuses(f->path, E_IO, "holds no weights", f->path);
    remove_in(f, "config.json");
    refuses(f->path, E_IO, "no config.json", f->path);
}

static void truncated(void **state)
{
    const struct folder *f = *state;
    copy_in(f, FIRST, 1000000);
    refuses(f->path, E_FORMAT, "truncated", FIRST);
    copy_in(f, FIRST, 5000);
    refuses(f->path, E_FORMAT, "truncated", "the header ends at byte");
    copy_in(f, FIRST, 3);
    refuses(f->path, E_FORMAT, "too short", FIRST);
    copy_in(f, "config.json", 100);
    refuses(f->path, E_FORMAT, "config.json", "JSON");
}

static void another_architecture(void **state)
{
    const struct folder *f = *state;
    set_field(f, "model_type", "\"qwen3\"");
    refuses(f->path, E_UNSUPPORTED, "'qwen3'", "config.json");
}

static void wrong_shapes(void **state)
{
    const struct folder *f = *state;
    set_field(f, "vocab_size", "1000");
    refuses(f->path, E_FORMAT, "'model.embed_tokens.weight' is [1024, 192]", "[1000, 192]");
    set_field(f, "vocab_size", "1024");
    set_field(f, "kv_lora_rank", "81");
    refuses(f->path, E_FORMAT, "kv_a_proj_with_mqa", "[113, 192]");
    set_field(f, "kv_lora_rank", "80");
    set_field(f, "num_hidden_layers", "5");
    refuses(f->path, E_FORMAT, "lack tensor 'model.layers.4.", f->path);
    set_field(f, "num_hidden_layers", "4");
    set_field(f, "quantization_config", NULL);
    refuses(f->path, E_FORMAT, "is FP8", "quantization_config");
    set_field(f, "quantization_config", "{\"weight_block_size\":[64,64]}");
    refuses(f->path, E_FORMAT, "_scale_inv' is", f->path);
}

static void wrong_types(void **state)
{
    const struct folder *f = *state;
    patch(f, FIRST, "model.layers.0.self_attn.o_proj.weight\"", "F8_E4M3", "F8_E5M2");
    refuses(f->path, E_UNSUPPORTED, "'model.layers.0.self_attn.o_proj.weight'", "FP8");
    copy_in(f, FIRST, SIZE_MAX);
    patch(f, FIRST, "model.layers.0.mlp.up_proj.weight_scale_inv\"", "F32", "I32");
    refuses(f->path, E_UNSUPPORTED, "up_proj.weight_scale_inv' is I32", "F32");
    copy_in(f, FIRST, SIZE_MAX);
    patch(f, FIRST, "model.layers.0.self_attn.indexer.k_norm.bias\"", "F32", "I32");
    refuses(f->path, E_UNSUPPORTED, "k_norm.bias' is I32", "F32");
}

static void bad_cards(void **state)
{
    const struct folder *f = *state;
    static const char *const cards[] = {
        "[]", "{\"name\":", "{\"name\":3}", "{\"prompts\":\"\"}", "{\"context\":0}",
        "{\"context\":4097}", "{\"reply_top_k\":0}", "{\"reply_top_k\":65537}", "{\"context\":1.5}", "{\"retrieval_weight\":\"1\"}",
        "{\"name\":\"a name of more than sixty-three bytes, longer than any name taken\"}",
    };
    for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++) {
        write_in(f, "deepread.json", cards[i], strlen(cards[i]));
        refuses(f->path, E_FORMAT, "deepread.json", f->path);
    }
}

static void bad_options(void **state)
{
    const struct folder *f = *state;
    struct model *m;
    struct errinfo e = {0};
    struct model_options o = {.backend = "tpu"};
    assert_int_equal(model_open_weights(&m, f->path, &o, &e), E_USAGE);
    assert_non_null(strstr(e.msg, "'tpu'"));
    err_clear(&e);
    o.backend = "cuda";
    if (model_open_weights(&m, f->path, &o, &e)) /* a machine may have a device */
        assert_int_equal(e.code, E_DEVICE);
    else
        model_close(m);
    err_clear(&e);
    o = (struct model_options){.backend = "ref", .weights = WEIGHT_INT8};
    assert_int_equal(model_open_weights(&m, f->path, &o, &e), E_DEVICE);
    err_clear(&e);
    o = (struct model_options){.backend = "ref", .index_share = -3};
    assert_int_equal(model_open_weights(&m, f->path, &o, &e), E_USAGE);
    err_clear(&e);
    o = (struct model_options){.backend = "ref", .index_share = INDEX_SHARE_OFF};
    assert_int_equal(model_open_weights(&m, "tests/data/glm-fixture", &o, &e), E_USAGE);
    assert_non_null(strstr(e.msg, "indexer"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model), cmocka_unit_test(wide_index_keys_are_as_latents), cmocka_unit_test(dense_has_no_index_keys),
        IN_FOLDER(card_defaults), IN_FOLDER(dense_needs_no_indexer),
        cmocka_unit_test(tokenizer_alone), IN_FOLDER(missing), IN_FOLDER(truncated),
        IN_FOLDER(another_architecture), IN_FOLDER(wrong_shapes), IN_FOLDER(wrong_types),
        IN_FOLDER(bad_cards), IN_FOLDER(bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
