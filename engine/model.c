#include "engine/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/sys.h"
#include "engine/graph.h"
#include "engine/prefix_root.h"

#define CARD_BYTES (1u << 20)
#define EXPANDED_MOST 8 /* widths of an absorbed row that an expanded one may have */

/* ------------------------------------------------------------------ the card */

static void card_defaults(struct model_card *card, const char *dir, const struct config *c)
{
    char *real = realpath(dir, NULL);
    const char *path = real ? real : dir, *slash = strrchr(path, '/');
    *card = (struct model_card){.context = c->max_positions, .review_floor = -INFINITY,
                                .reply_top_k = (size_t)c->K};
    snprintf(card->name, sizeof card->name, "%s", slash && slash[1] ? slash + 1 : path);
    snprintf(card->prompts, sizeof card->prompts, "instruct");
    free(real);
}

static enum err card_string(json_t *o, const char *path, const char *key, char *out, size_t size,
                            struct errinfo *e)
{
    json_t *v = json_object_get(o, key);
    if (!v) return OK;
    const char *s = json_string_value(v);
    if (!s || !*s || strlen(s) >= size)
        return err_set(e, E_FORMAT, "%s: '%s' is not a string of 1 to %zu bytes", path, key,
                       size - 1);
    memcpy(out, s, strlen(s) + 1);
    return OK;
}

static enum err card_number(json_t *o, const char *path, const char *key, double *out,
                            struct errinfo *e)
{
    json_t *v = json_object_get(o, key);
    if (!v) return OK;
    if (!json_is_number(v)) return err_set(e, E_FORMAT, "%s: '%s' is not a number", path, key);
    *out = json_number_value(v);
    return OK;
}

static enum err card_count(json_t *o, const char *path, const char *key, size_t most, size_t *out,
                           struct errinfo *e)
{
    json_t *v = json_object_get(o, key);
    if (!v) return OK;
    json_int_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < 1 || (uint64_t)n > most)
        return err_set(e, E_FORMAT, "%s: '%s' is not a whole number from 1 to %zu", path, key, most);
    *out = (size_t)n;
    return OK;
}

static enum err card_fields(struct model_card *card, json_t *o, const char *path,
                            const struct config *c, struct errinfo *e)
{
    if (!json_is_object(o)) return err_set(e, E_FORMAT, "%s: not a JSON object", path);
    TRY(card_string(o, path, "name", card->name, sizeof card->name, e));
    TRY(card_string(o, path, "prompts", card->prompts, sizeof card->prompts, e));
    TRY(card_number(o, path, "retrieval_weight", &card->retrieval_weight, e));
    TRY(card_number(o, path, "review_floor", &card->review_floor, e));
    TRY(card_number(o, path, "support_floor", &card->support_floor, e));
    TRY(card_count(o, path, "reply_top_k", REPLY_TOP_K_MOST, &card->reply_top_k, e));
    return card_count(o, path, "context", c->max_positions, &card->context, e);
}

static enum err card_read(struct model_card *card, const char *dir, const struct config *c,
                          struct errinfo *e)
{
    struct buf path = {0};
    json_t *o = NULL;
    card_defaults(card, dir, c);
    buf_addf(&path, "%s/deepread.json", dir);
    enum err r = OK;
    if (access(path.s, F_OK) == 0) {
        r = json_parse_file(&o, path.s, CARD_BYTES, e);
        if (!r) r = card_fields(card, o, path.s, c, e);
        json_decref(o);
    }
    buf_free(&path);
    return r;
}

/* ------------------------------------------------------------------ opening */

static enum err read_config(struct config *c, const char *dir, struct errinfo *e)
{
    struct stat st;
    if (stat(dir, &st) != 0)
        return err_set(e, E_IO, "%s: no such model folder", dir);
    if (!S_ISDIR(st.st_mode))
        return err_set(e, E_IO, "%s: not a folder; a model is a folder with config.json, "
                       "tokenizer.json and safetensors files", dir);
    struct buf path = {0};
    buf_addf(&path, "%s/config.json", dir);
    enum err r = access(path.s, F_OK) == 0
                     ? config_read(c, path.s, e)
                     : err_set(e, E_IO, "%s: not a model folder: it has no config.json", dir);
    buf_free(&path);
    return r;
}

static enum err read_tokenizer(struct tokenizer **out, const char *dir, const struct config *c,
                               struct errinfo *e)
{
    struct buf path = {0};
    buf_addf(&path, "%s/tokenizer.json", dir);
    *out = NULL;
    enum err r = tokenizer_open(out, path.s, e);
    if (!r && tokenizer_size(*out) > (size_t)c->V)
        r = err_set(e, E_FORMAT, "%s: %zu tokens, but config.json has a vocabulary of %d", path.s,
                    tokenizer_size(*out), c->V);
    if (r) {
        tokenizer_close(*out);
        *out = NULL;
    }
    buf_free(&path);
    return r;
}

/* Weights are kept in no less memory than the checkpoint's bytes. */
static enum err check_room(const struct model *m, const struct safetensors *s, const char *dir,
                           struct errinfo *e)
{
    size_t need = safetensors_bytes(s), left = model_free_memory(m);
    if (!left || need <= left) return OK;
    return err_set(e, E_LIMIT, "%s: the weights need at least %zu MiB of %s, %zu MiB are free; take a "
                   "smaller model, or a server with --remote", dir, need >> 20,
                   m->b->host_memory ? "memory" : "the device's memory", left >> 20);
}

static enum err open_weights(struct model *m, const char *dir, struct errinfo *e)
{
    struct safetensors *s;
    struct prefix_key checkpoint;
    TRY(safetensors_open(&s, dir, e));
    enum err r = check_room(m, s, dir, e);
    if (!r && m->prefix.dir) { /* made from the bytes that are loaded */
        r = prefix_root_checkpoint(&checkpoint, s, dir, e);
        if (!r) m->prefix_base = prefix_root_program(&checkpoint);
    }
    if (!r) r = weights_load(&m->weights, s, &m->config, m->b, m->d, m->attention, dir, e);
    safetensors_close(s);
    return r;
}

void model_set_kv(struct model *m, enum kv_type kv)
{
    const struct config *c = &m->config;
    enum kv_type index = m->b->index_type ? m->b->index_type(m->d, kv, c->J, c->C) : kv;
    kv_layout_init(&m->kv, c, kv, index, m->attention);
}

static void prepare(struct model *m)
{
    const struct config *c = &m->config;
    enum kv_type kv = m->b->kv_type(m->d);
    config_rope(c, m->inv_freq, &m->amplitude);
    m->softmax_scale = config_softmax_scale(c);
    m->index_scale = 1.0f / sqrtf((float)c->J) / sqrtf((float)c->C);
    model_set_kv(m, m->attention == ATTEND_EXPANDED && kv == KV_INT8 ? KV_F16 : kv);
}

static void choose_top_k(struct model *m, size_t asked)
{
    m->reply_K = (int)(asked ? asked : m->card.reply_top_k);
    m->K_most = m->reply_K > m->config.K ? m->reply_K : m->config.K;
}

static void take_prefix(struct model *m, const struct prefix_options *o)
{
    if (!o || !o->dir || o->mode == PREFIX_OFF) return;
    m->prefix = *o;
    m->prefix.dir = strdup(o->dir);
}

/* Expanded rows cost a third of the work and H (N+W) + P elements instead of R+P: worth it where
 * that is a few times as much (4 for deepread-150m), not where it is 57 times (DeepSeek-V3.2), nor
 * where a state in 8 bits was asked for to save memory. */
static enum attention dense_form(const struct config *c, const struct backend *b, enum kv_type kv)
{
    bool affordable = config_expanded_width(c) <= EXPANDED_MOST * (c->R + c->P);
    return b->mha_attend && affordable && kv != KV_INT8 ? ATTEND_EXPANDED : ATTEND_ALL;
}

static enum err open_into(struct model *m, const char *dir, const struct model_options *o,
                          bool with_tokenizer, struct errinfo *e)
{
    struct device_options device = {o->threads, o->weights, o->kv};
    if (o->reply_top_k > REPLY_TOP_K_MOST)
        return err_set(e, E_USAGE, "%zu rows for each token of a reply: at most %d", o->reply_top_k,
                       REPLY_TOP_K_MOST);
    m->threads = o->threads;
    take_prefix(m, o->prefix);
    TRY(read_config(&m->config, dir, e));
    TRY(config_set_index_share(&m->config, o->index_share, e));
    TRY(card_read(&m->card, dir, &m->config, e));
    if (with_tokenizer) TRY(read_tokenizer(&m->tokenizer, dir, &m->config, e));
    if (!o->backend || !strcmp(o->backend, "auto"))
        m->b = backend_best(&m->no_cuda);
    else
        TRY(backend_find(&m->b, o->backend, e));
    m->kv_chosen = o->kv != KV_AUTO;
    choose_top_k(m, o->reply_top_k);
    if (o->dense) m->attention = dense_form(&m->config, m->b, o->kv);
    TRY(m->b->open(&m->d, &device, e));
    TRY(open_weights(m, dir, e));
    prepare(m);
    return OK;
}

static enum err open_model(struct model **out, const char *dir, const struct model_options *o,
                           bool with_tokenizer, struct errinfo *e)
{
    struct model_options defaults = {0};
    struct model *m = mem_alloc(1, sizeof *m);
    m->graph = mem_alloc(1, sizeof *m->graph);
    enum err r = open_into(m, dir, o ? o : &defaults, with_tokenizer, e);
    if (r) model_close(m);
    *out = r ? NULL : m;
    return r;
}

enum err model_open(struct model **out, const char *dir, const struct model_options *o,
                    struct errinfo *e)
{
    return open_model(out, dir, o, true, e);
}

enum err model_open_weights(struct model **out, const char *dir, const struct model_options *o,
                            struct errinfo *e)
{
    return open_model(out, dir, o, false, e);
}

enum err model_open_tokenizer(struct tokenizer **out, struct model_card *card, const char *dir,
                              struct errinfo *e)
{
    struct config *c = mem_alloc(1, sizeof *c);
    *out = NULL;
    enum err r = read_config(c, dir, e);
    if (!r) r = card_read(card, dir, c, e);
    if (!r) r = read_tokenizer(out, dir, c, e);
    mem_free(c);
    return r;
}

void model_close(struct model *m)
{
    if (!m) return;
    graph_free(m->graph);
    mem_free(m->graph);
    weights_free(&m->weights);
    if (m->d) m->b->close(m->d);
    if (m->tokenizer) tokenizer_close(m->tokenizer);
    free((char *)(uintptr_t)m->prefix.dir);
    mem_free(m);
}

/* ------------------------------------------------------------------ facts */

const struct tokenizer *model_tokenizer(const struct model *m)
{
    return m->tokenizer;
}

const struct model_card *model_card(const struct model *m)
{
    return &m->card;
}

size_t model_kv_bytes(const struct model *m, size_t n)
{
    return kv_layout_bytes(&m->kv, n);
}

size_t model_weight_bytes(const struct model *m)
{
    return m->weights.bytes;
}

size_t model_free_memory(const struct model *m)
{
    return m->b->free_memory ? m->b->free_memory(m->d) : sys_free_memory();
}

int model_eos(const struct model *m, size_t i)
{
    return i < (size_t)m->config.n_eos ? m->config.eos[i] : -1;
}

static void describe_layers(const struct model *m, struct buf *out)
{
    const struct config *c = &m->config;
    enum attention attention = m->attention;
    int full = 0, moe = 0;
    for (int l = 0; l < c->L; l++) {
        full += c->full[l];
        moe += c->moe[l];
    }
    buf_addf(out, "layers: %d\n", c->L);
    if (attention != ATTEND_CHOSEN)
        buf_addf(out, "attention: dense, %s\n",
                 attention == ATTEND_EXPANDED ? "expanded" : "absorbed");
    else
        buf_addf(out, "attention: sparse, top %d, in replies %d; %d layers select, %d share\n", c->K,
                 m->reply_K, full, c->L - full);
    if (moe)
        buf_addf(out, "experts: %d in %d layers, %d active, %d shared\n", c->E, moe, c->A,
                 c->E_shared);
}

void model_describe(const struct model *m, struct buf *out)
{
    const struct config *c = &m->config;
    buf_addf(out, "name: %s\narchitecture: %s\n", m->card.name, c->model_type);
    describe_layers(m, out);
    buf_addf(out, "width: %d\nheads: %d\nlatent: %d + %d\nvocabulary: %d\n", c->D, c->H, c->R, c->P,
             c->V);
    buf_addf(out, "context: %zu tokens\nprompts: %s\n", m->card.context, m->card.prompts);
    buf_addf(out, "weights: %.1f MB as loaded\n", (double)m->weights.bytes / 1e6);
    buf_addf(out, "state: %.1f MB per 1000 tokens\n",
             (double)m->kv.page_bytes / KV_PAGE / 1e3);
    buf_addz(out, "backend: ");
    m->b->describe(m->d, out);
    if (m->attention == ATTEND_CHOSEN) buf_addf(out, ", %s index keys", kv_type_name(m->kv.index_type));
    buf_addc(out, '\n');
    if (m->no_cuda.code) buf_addf(out, "not on a GPU: %s\n", m->no_cuda.msg);
}
