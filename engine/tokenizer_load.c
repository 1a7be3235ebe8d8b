#include <string.h>

#include "engine/tokenizer_impl.h"

#define MAX_TOKEN_BYTES (((size_t)1 << 24) - 2) /* of all ordinary tokens: vocab.c's node numbers */
#define MAX_MERGES ((size_t)1 << 23)

struct loader {
    struct tokenizer *t;
    const char *file;
    struct errinfo *e;
    int16_t byte_of[0x144]; /* character of the GPT-2 byte alphabet -> byte, -1: none */
    struct buf scratch[2];
};

/* ------------------------------------------------------------------ the byte alphabet
 *
 * Vocabulary names spell bytes as printable characters: those that are printable in Latin-1 as
 * themselves, the other 68 as U+0100 and up in the order of their value. */

static void init_alphabet(struct loader *l)
{
    int other = 0x100;
    memset(l->byte_of, 0xff, sizeof l->byte_of);
    for (int b = 0; b < 256; b++) {
        bool itself = (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
        l->byte_of[itself ? b : other++] = (int16_t)b;
    }
}

/* Appends the bytes that a name spells; false when it has a character that spells none. */
static bool spell(const struct loader *l, struct buf *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += utf8_next(s + i, n - i, &c);
        if (c >= sizeof l->byte_of / sizeof *l->byte_of || l->byte_of[c] < 0) return false;
        buf_addc(out, (char)l->byte_of[c]);
    }
    return true;
}

/* ------------------------------------------------------------------ what is not implemented */

static bool is_absent(const json_t *v)
{
    return !v || json_is_null(v) || json_is_false(v) ||
           (json_is_string(v) && json_string_length(v) == 0) ||
           (json_is_number(v) && json_number_value(v) == 0);
}

static enum err check_model(const struct loader *l, const json_t *root, const json_t *model)
{
    static const char *const absent[] = {"dropout", "unk_token", "continuing_subword_prefix",
                                         "end_of_word_suffix", "byte_fallback"};
    const json_t *norm = json_object_get(root, "normalizer");
    const char *type = json_string_value(json_object_get(norm, "type"));
    bool empty = type && strcmp(type, "Sequence") == 0 &&
                 json_array_size(json_object_get(norm, "normalizers")) == 0;
    if (!is_absent(norm) && !empty)
        return err_set(l->e, E_UNSUPPORTED, "%s: normalizer '%.60s' is not handled", l->file,
                       type ? type : "(none)");
    if (!json_is_object(model))
        return err_set(l->e, E_FORMAT, "%s: no \"model\" object", l->file);
    type = json_string_value(json_object_get(model, "type"));
    if (!type || strcmp(type, "BPE") != 0)
        return err_set(l->e, E_UNSUPPORTED, "%s: model type '%.60s', expected BPE", l->file,
                       type ? type : "(none)");
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        if (!is_absent(json_object_get(model, absent[i])))
            return err_set(l->e, E_UNSUPPORTED, "%s: model.%s is not handled", l->file, absent[i]);
    return OK;
}

/* ------------------------------------------------------------------ vocabulary */

static enum err read_id(const struct loader *l, const json_t *v, const char *name, size_t *id)
{
    json_int_t i = json_integer_value(v);
    if (!json_is_integer(v) || i < 0 || i >= (json_int_t)VOCAB_MAX_IDS)
        return err_set(l->e, E_FORMAT, "%s: token '%.60s' has no id from 0 to %zu", l->file, name,
                       VOCAB_MAX_IDS - 1);
    *id = (size_t)i;
    return OK;
}

static enum err count_ids(const struct loader *l, json_t *vocab, const json_t *added, size_t *n)
{
    const char *key;
    json_t *v;
    size_t id = 0;
    *n = 0;
    json_object_foreach(vocab, key, v)
    {
        TRY(read_id(l, v, key, &id));
        if (id >= *n) *n = id + 1;
    }
    for (size_t i = 0; i < json_array_size(added); i++) {
        const json_t *o = json_array_get(added, i);
        const char *content = json_string_value(json_object_get(o, "content"));
        if (!content || !*content)
            return err_set(l->e, E_FORMAT, "%s: added token %zu has no content", l->file, i);
        TRY(read_id(l, json_object_get(o, "id"), content, &id));
        if (id >= *n) *n = id + 1;
    }
    return *n ? OK : err_set(l->e, E_FORMAT, "%s: an empty vocabulary", l->file);
}

static void set_bytes(struct vocab *v, struct arena *a, size_t id, const char *s, size_t n)
{
    v->bytes[id] = (struct str){mem_copy(a, s, n), n};
}

static enum err read_vocab(struct loader *l, json_t *vocab, const json_t *added)
{
    struct vocab *v = &l->t->vocab;
    struct arena *a = l->t->arena;
    const char *key;
    json_t *value;
    size_t n, klen, total = 0;
    TRY(count_ids(l, vocab, added, &n));
    vocab_init(v, a, n);
    v->added_ids = NEW(a, int32_t, json_array_size(added) + 1);
    for (size_t i = 0; i < json_array_size(added); i++) {
        const json_t *o = json_array_get(added, i), *content = json_object_get(o, "content");
        size_t id = (size_t)json_integer_value(json_object_get(o, "id"));
        if (!v->added[id]) v->added_ids[v->n_added++] = (int32_t)id;
        v->added[id] = true;
        set_bytes(v, a, id, json_string_value(content), json_string_length(content));
    }
    json_object_keylen_foreach(vocab, key, klen, value)
    {
        size_t id = (size_t)json_integer_value(value);
        if (v->added[id]) continue;
        if (v->bytes[id].n)
            return err_set(l->e, E_FORMAT, "%s: two tokens have the id %zu", l->file, id);
        buf_clear(&l->scratch[0]);
        v->ordinary[id] = klen > 0 && spell(l, &l->scratch[0], key, klen);
        if (v->ordinary[id])
            set_bytes(v, a, id, l->scratch[0].s, l->scratch[0].n);
        else
            set_bytes(v, a, id, key, klen);
        total += v->bytes[id].n;
    }
    if (total > MAX_TOKEN_BYTES)
        return err_set(l->e, E_UNSUPPORTED, "%s: tokens of %zu bytes in all, at most %zu", l->file,
                       total, MAX_TOKEN_BYTES);
    int32_t twice = vocab_index(v, a);
    if (twice >= 0)
        return err_set(l->e, E_FORMAT, "%s: token %d has the bytes of another one", l->file, twice);
    return OK;
}

/* ------------------------------------------------------------------ merges */

/* "left right" or ["left", "right"]. */
static bool merge_sides(const json_t *m, struct str side[2])
{
    if (json_is_array(m) && json_array_size(m) == 2) {
        for (size_t k = 0; k < 2; k++) {
            const json_t *s = json_array_get(m, k);
            side[k] = (struct str){json_string_value(s), json_string_length(s)};
        }
        return side[0].s && side[1].s;
    }
    const char *s = json_string_value(m), *gap = s ? strchr(s, ' ') : NULL;
    if (!gap) return false;
    side[0] = (struct str){s, (size_t)(gap - s)};
    side[1] = str_of(gap + 1);
    return true;
}

static bool names_added(const struct loader *l, const char *s, size_t n)
{
    return tokenizer_special(l->t, s, n) >= 0;
}

/* Merges that touch an added token are left out: text cannot get there. */
static enum err read_merge(struct loader *l, const json_t *m, size_t rank)
{
    struct str side[2];
    struct buf *one = &l->scratch[0], *both = &l->scratch[1];
    int32_t id[2];
    if (!merge_sides(m, side))
        return err_set(l->e, E_FORMAT, "%s: merge %zu is no pair of tokens", l->file, rank);
    buf_clear(both);
    for (size_t k = 0; k < 2; k++) {
        buf_clear(one);
        bool ok = spell(l, one, side[k].s, side[k].n);
        id[k] = ok ? vocab_find(&l->t->vocab, one->s, one->n) : -1;
        if (id[k] < 0 && names_added(l, side[k].s, side[k].n)) return OK;
        if (id[k] < 0)
            return err_set(l->e, E_FORMAT, "%s: merge %zu: '%.*s' is not in the vocabulary",
                           l->file, rank, (int)(side[k].n < 60 ? side[k].n : 60), side[k].s);
        buf_add(both, one->s, one->n);
    }
    int32_t merged = vocab_find(&l->t->vocab, both->s, both->n);
    if (merged >= 0) {
        bpe_add(&l->t->bpe, id[0], id[1], (uint32_t)rank, merged);
        return OK;
    }
    buf_clear(one);
    buf_add(one, side[0].s, side[0].n);
    buf_add(one, side[1].s, side[1].n);
    if (names_added(l, one->s, one->n)) return OK;
    return err_set(l->e, E_FORMAT, "%s: merge %zu: '%.80s' is not in the vocabulary", l->file, rank,
                   one->s);
}

static enum err read_merges(struct loader *l, const json_t *merges)
{
    struct tokenizer *t = l->t;
    size_t n = json_array_size(merges);
    if (!json_is_array(merges) || n > MAX_MERGES)
        return err_set(l->e, E_FORMAT, "%s: model.merges is no list of at most %zu pairs", l->file,
                       MAX_MERGES);
    bpe_init(&t->bpe, t->arena, n);
    for (size_t b = 0; b < 256; b++) {
        char c = (char)b;
        t->bpe.byte_id[b] = vocab_find(&t->vocab, &c, 1);
    }
    for (size_t i = 0; i < n; i++) TRY(read_merge(l, json_array_get(merges, i), i));
    return OK;
}

/* Which tokens a piece of the same bytes becomes; so encoding looks up most pieces in one step. */
static void find_whole(struct tokenizer *t, bool ignore_merges)
{
    struct tokens ids = {0};
    t->whole = NEW(t->arena, bool, t->vocab.n);
    for (size_t id = 0; id < t->vocab.n; id++) {
        struct str b = t->vocab.bytes[id];
        if (!t->vocab.ordinary[id]) continue;
        ids.n = 0;
        if (!ignore_merges) bpe_encode(&t->bpe, b.s, b.n, &ids);
        t->whole[id] = ignore_merges || (ids.n == 1 && ids.v[0] == (int32_t)id);
    }
    tokens_free(&ids);
}

/* ------------------------------------------------------------------ the whole */

static enum err load(struct loader *l, const json_t *root)
{
    const json_t *model = json_object_get(root, "model");
    json_t *vocab = json_object_get(model, "vocab");
    bool byte_level;
    TRY(check_model(l, root, model));
    TRY(split_new(&l->t->split, json_object_get(root, "pre_tokenizer"), &byte_level, l->file,
                  l->e));
    if (!byte_level)
        return err_set(l->e, E_UNSUPPORTED, "%s: no ByteLevel pre_tokenizer: not byte-level BPE",
                       l->file);
    if (!json_is_object(vocab))
        return err_set(l->e, E_FORMAT, "%s: no \"model.vocab\" object", l->file);
    TRY(read_vocab(l, vocab, json_object_get(root, "added_tokens")));
    TRY(read_merges(l, json_object_get(model, "merges")));
    find_whole(l->t, json_is_true(json_object_get(model, "ignore_merges")));
    return OK;
}

enum err tokenizer_load(struct tokenizer *t, const json_t *root, const char *file,
                        struct errinfo *e)
{
    struct loader l = {.t = t, .file = file, .e = e};
    init_alphabet(&l);
    enum err r = load(&l, root);
    buf_free(&l.scratch[0]);
    buf_free(&l.scratch[1]);
    return r;
}
