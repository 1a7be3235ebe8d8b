#include "engine/tokenizer_impl.h"

#define MAX_FILE ((size_t)256 << 20)
#define MAX_PIECE ((size_t)1 << 31)

/* ------------------------------------------------------------------ opening */

static enum err from_json(struct tokenizer **out, const json_t *root, const char *file,
                          struct errinfo *e)
{
    struct arena *a = arena_new();
    struct tokenizer *t = NEW(a, struct tokenizer, 1);
    t->arena = a;
    enum err r = tokenizer_load(t, root, file, e);
    if (r) {
        tokenizer_close(t);
        t = NULL;
    }
    *out = t;
    return r;
}

enum err tokenizer_open_bytes(struct tokenizer **out, const char *s, size_t n, const char *file,
                              struct errinfo *e)
{
    json_t *root = NULL;
    *out = NULL;
    TRY(json_parse(&root, s, n, file, e));
    enum err r = from_json(out, root, file, e);
    json_decref(root);
    return r;
}

enum err tokenizer_open(struct tokenizer **out, const char *path, struct errinfo *e)
{
    json_t *root = NULL;
    *out = NULL;
    TRY(json_parse_file(&root, path, MAX_FILE, e));
    enum err r = from_json(out, root, path, e);
    json_decref(root);
    return r;
}

void tokenizer_close(struct tokenizer *t)
{
    if (!t) return;
    split_free(t->split);
    arena_free(t->arena); /* t lives there too */
}

/* ------------------------------------------------------------------ text */

struct encoding {
    const struct tokenizer *t;
    struct tokens *out;
};

static void encode_piece(void *ctx, const char *s, size_t n)
{
    const struct encoding *c = ctx;
    int32_t id = vocab_find(&c->t->vocab, s, n);
    if (id >= 0 && c->t->whole[id]) {
        tokens_add(c->out, id);
        return;
    }
    for (; n > MAX_PIECE; s += MAX_PIECE, n -= MAX_PIECE)
        bpe_encode(&c->t->bpe, s, MAX_PIECE, c->out);
    bpe_encode(&c->t->bpe, s, n, c->out);
}

/* The pipeline is made for characters, so bytes that are none go around it: a run of them is a
 * piece, and the text ends and starts again there. */
void tokenizer_encode_text(const struct tokenizer *t, const char *s, size_t n, struct tokens *out)
{
    struct encoding c = {t, out};
    if (n == 0) return;
    struct split_work *w = split_work_new(t->split);
    for (size_t i = 0; i < n;) {
        size_t good = utf8_check(s + i, n - i), bad = 0;
        split_text(t->split, w, s + i, good, encode_piece, &c);
        i += good;
        uint32_t cp;
        while (i + bad < n && (unsigned char)s[i + bad] >= 0x80 &&
               utf8_next(s + i + bad, n - i - bad, &cp) == 1)
            bad++;
        if (bad) encode_piece(&c, s + i, bad);
        i += bad;
    }
    split_work_free(w);
}

enum err tokenizer_encode(const struct tokenizer *t, const struct seg *segs, size_t n,
                          struct tokens *out, struct errinfo *e)
{
    struct buf joined = {0};
    enum err r = OK;
    for (size_t i = 0; i < n && !r;) {
        if (segs[i].kind == SEG_CONTROL) {
            struct str s = segs[i++].s;
            int32_t id = tokenizer_special(t, s.s, s.n);
            if (id < 0)
                r = err_set(e, E_FORMAT, "the tokenizer has no special token '%.*s'",
                            (int)(s.n < 100 ? s.n : 100), s.s);
            else
                tokens_add(out, id);
            continue;
        }
        size_t end = i + 1;
        while (end < n && segs[end].kind == SEG_TEXT) end++;
        if (end == i + 1) {
            tokenizer_encode_text(t, segs[i].s.s, segs[i].s.n, out);
        } else {
            buf_clear(&joined);
            for (size_t k = i; k < end; k++) buf_add(&joined, segs[k].s.s, segs[k].s.n);
            tokenizer_encode_text(t, joined.s, joined.n, out);
        }
        i = end;
    }
    buf_free(&joined);
    return r;
}

/* ------------------------------------------------------------------ tokens */

size_t tokenizer_size(const struct tokenizer *t)
{
    return t->vocab.n;
}

int32_t tokenizer_special(const struct tokenizer *t, const char *content, size_t n)
{
    const struct vocab *v = &t->vocab;
    for (size_t i = 0; i < v->n_added; i++)
        if (str_eq(v->bytes[v->added_ids[i]], (struct str){content, n})) return v->added_ids[i];
    return -1;
}

bool tokenizer_is_special(const struct tokenizer *t, int32_t id)
{
    return id >= 0 && (size_t)id < t->vocab.n && t->vocab.added[id];
}

struct str tokenizer_bytes(const struct tokenizer *t, int32_t id)
{
    return id >= 0 && (size_t)id < t->vocab.n ? t->vocab.bytes[id] : STR("");
}

size_t tokenizer_prefixes(const struct tokenizer *t, const char *s, size_t n, int32_t *out,
                          size_t cap)
{
    return vocab_prefixes(&t->vocab, s, n, out, cap);
}
