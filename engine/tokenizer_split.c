#include "engine/tokenizer_split.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "engine/pattern.h"

#define MAX_STAGES 16
#define GPT2_PATTERN                                                                               \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

enum behavior { ISOLATED, REMOVED, MERGED_WITH_PREVIOUS, MERGED_WITH_NEXT, CONTIGUOUS };

struct stage {
    pcre2_code *code;   /* NULL: no cutting, only prefix_space */
    bool jit;
    enum behavior behavior;
    bool invert;        /* what the pattern does not match counts as the match */
    bool prefix_space;  /* ByteLevel add_prefix_space: a piece that has none gets one */
};

struct split {
    struct stage v[MAX_STAGES];
    size_t n;
};

struct split_work {
    pcre2_match_data *match[MAX_STAGES];
    pcre2_match_context *limits;
    struct buf prefixed[MAX_STAGES];
};

/* ------------------------------------------------------------------ from tokenizer.json */

static enum err add_stage(struct split *s, const char *pattern, size_t n, struct stage st,
                          const char *file, struct errinfo *e)
{
    if (s->n == MAX_STAGES)
        return err_set(e, E_UNSUPPORTED, "%s: pre_tokenizer has more than %d stages", file,
                       MAX_STAGES);
    if (pattern) TRY(pattern_compile(&st.code, &st.jit, pattern, n, file, e));
    s->v[s->n++] = st;
    return OK;
}

static enum err get_flag(bool *out, const json_t *o, const char *key, bool missing,
                         const char *file, struct errinfo *e)
{
    const json_t *v = json_object_get(o, key);
    if (v && !json_is_boolean(v))
        return err_set(e, E_FORMAT, "%s: pre_tokenizer: '%s' must be true or false", file, key);
    *out = v ? json_is_true(v) : missing;
    return OK;
}

static enum err add_split(struct split *s, const json_t *o, const char *file, struct errinfo *e)
{
    static const char *const names[] = {"Isolated", "Removed", "MergedWithPrevious",
                                        "MergedWithNext", "Contiguous"};
    struct stage st = {0};
    TRY(get_flag(&st.invert, o, "invert", false, file, e));
    const char *behavior = json_string_value(json_object_get(o, "behavior"));
    size_t k = 0;
    while (k < 5 && (!behavior || strcmp(names[k], behavior) != 0)) k++;
    if (k == 5)
        return err_set(e, E_UNSUPPORTED, "%s: Split behavior '%.40s' is not known", file,
                       behavior ? behavior : "(none)");
    st.behavior = (enum behavior)k;
    const json_t *pattern = json_object_get(o, "pattern");
    const json_t *regex = json_object_get(pattern, "Regex");
    const json_t *string = json_object_get(pattern, "String");
    if (json_is_string(regex))
        return add_stage(s, json_string_value(regex), json_string_length(regex), st, file, e);
    if (!json_is_string(string))
        return err_set(e, E_FORMAT, "%s: Split has no pattern {\"Regex\"} or {\"String\"}", file);
    struct buf quoted = {0};
    pattern_quote(&quoted, json_string_value(string), json_string_length(string));
    enum err r = add_stage(s, quoted.n ? quoted.s : NULL, quoted.n, st, file, e);
    buf_free(&quoted);
    return r;
}

static enum err add_pre(struct split *s, const json_t *o, bool *byte_level, int depth,
                        const char *file, struct errinfo *e)
{
    const char *type = json_string_value(json_object_get(o, "type"));
    struct stage st = {0};
    bool flag = false;
    if (type && strcmp(type, "Sequence") == 0 && depth < 4) {
        const json_t *list = json_object_get(o, "pretokenizers");
        for (size_t i = 0; i < json_array_size(list); i++)
            TRY(add_pre(s, json_array_get(list, i), byte_level, depth + 1, file, e));
        return OK;
    }
    if (type && strcmp(type, "Digits") == 0) {
        TRY(get_flag(&flag, o, "individual_digits", false, file, e));
        st.behavior = flag ? ISOLATED : CONTIGUOUS;
        return add_stage(s, "\\p{N}", 5, st, file, e);
    }
    if (type && strcmp(type, "ByteLevel") == 0) {
        *byte_level = true;
        TRY(get_flag(&st.prefix_space, o, "add_prefix_space", true, file, e));
        TRY(get_flag(&flag, o, "use_regex", true, file, e));
        if (!flag && !st.prefix_space) return OK;
        return add_stage(s, flag ? GPT2_PATTERN : NULL, strlen(GPT2_PATTERN), st, file, e);
    }
    if (type && strcmp(type, "Split") == 0) return add_split(s, o, file, e);
    return err_set(e, E_UNSUPPORTED, "%s: pre_tokenizer '%.60s' is not known", file,
                   type ? type : "(none)");
}

enum err split_new(struct split **out, const json_t *pre, bool *byte_level, const char *file,
                   struct errinfo *e)
{
    struct split *s = mem_alloc(1, sizeof *s);
    *byte_level = false;
    enum err r = OK;
    if (pre && !json_is_null(pre)) r = add_pre(s, pre, byte_level, 0, file, e);
    if (r) {
        split_free(s);
        s = NULL;
    }
    *out = s;
    return r;
}

void split_free(struct split *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) pcre2_code_free(s->v[i].code);
    mem_free(s);
}

/* ------------------------------------------------------------------ matching */

struct split_work *split_work_new(const struct split *s)
{
    struct split_work *w = mem_alloc(1, sizeof *w);
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].code) w->match[i] = pcre2_match_data_create(1, NULL);
    w->limits = pcre2_match_context_create(NULL);
    if (w->limits) pcre2_set_heap_limit(w->limits, 1u << 20); /* KiB, for the interpreter */
    return w;
}

void split_work_free(struct split_work *w)
{
    if (!w) return;
    for (size_t i = 0; i < MAX_STAGES; i++) {
        pcre2_match_data_free(w->match[i]);
        buf_free(&w->prefixed[i]);
    }
    pcre2_match_context_free(w->limits);
    mem_free(w);
}

/* The next match at or after *at; false when there is none.  The just-in-time code has a small
 * stack of its own; what does not fit there goes to the interpreter, which uses the heap. */
static bool next_match(const struct stage *st, struct split_work *w, pcre2_match_data *md,
                       const char *s, size_t n, size_t at, size_t *a, size_t *b)
{
    int r = PCRE2_ERROR_JIT_STACKLIMIT;
    PCRE2_SPTR u = (PCRE2_SPTR)s;
    if (!md) return false;
    if (st->jit) r = pcre2_jit_match(st->code, u, n, at, PCRE2_NO_UTF_CHECK, md, NULL);
    if (r == PCRE2_ERROR_JIT_STACKLIMIT)
        r = pcre2_match(st->code, u, n, at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, md, w->limits);
    if (r < 0) return false;
    PCRE2_SIZE *o = pcre2_get_ovector_pointer(md);
    *a = o[0];
    *b = o[1];
    return *a >= at && *b >= *a; /* \K in a lookaround could say otherwise */
}

/* Collects spans, matches and what lies between them, into pieces as the behaviour says. */
struct folder {
    const struct split *sp;
    struct split_work *w;
    size_t stage;
    const char *s;
    split_emit *emit;
    void *ctx;
    size_t a, b;    /* the piece being collected; empty: none */
    bool is_match;  /* what its last span was */
};

static void run_stage(const struct split *sp, struct split_work *w, size_t stage, const char *s,
                      size_t n, split_emit *emit, void *ctx);

static void flush(struct folder *f)
{
    if (f->b > f->a) run_stage(f->sp, f->w, f->stage + 1, f->s + f->a, f->b - f->a, f->emit, f->ctx);
    f->a = f->b;
}

static void span(struct folder *f, size_t a, size_t b, bool is_match)
{
    bool joins = false, open = f->b > f->a;
    switch (f->sp->v[f->stage].behavior) {
    case ISOLATED: break;
    case REMOVED:
        if (is_match) b = a;
        break;
    case MERGED_WITH_PREVIOUS: joins = open && is_match && !f->is_match; break;
    case MERGED_WITH_NEXT: joins = open && !is_match && f->is_match; break;
    case CONTIGUOUS: joins = open && is_match == f->is_match; break;
    }
    if (!joins) {
        flush(f);
        f->a = a;
    }
    f->b = b;
    f->is_match = is_match;
}

static void cut(struct folder *f, const struct stage *st, size_t n)
{
    size_t done = 0, at = 0, a, b, last_end = SIZE_MAX;
    pcre2_match_data *md = f->w->match[f->stage];
    while (at <= n && next_match(st, f->w, md, f->s, n, at, &a, &b)) {
        if (a == b && b == last_end) { /* an empty match right behind a match is none */
            do at++;
            while (at < n && ((unsigned char)f->s[at] & 0xc0) == 0x80);
            continue;
        }
        if (a > done) span(f, done, a, st->invert);
        if (b > a) span(f, a, b, !st->invert);
        else flush(f);
        done = at = last_end = b;
    }
    if (n > done) span(f, done, n, st->invert);
    flush(f);
}

static void run_stage(const struct split *sp, struct split_work *w, size_t stage, const char *s,
                      size_t n, split_emit *emit, void *ctx)
{
    if (stage == sp->n) {
        emit(ctx, s, n);
        return;
    }
    const struct stage *st = &sp->v[stage];
    if (st->prefix_space && s[0] != ' ') {
        struct buf *p = &w->prefixed[stage];
        buf_clear(p);
        buf_addc(p, ' ');
        buf_add(p, s, n);
        s = p->s;
        n = p->n;
    }
    struct folder f = {sp, w, stage, s, emit, ctx, 0, 0, false};
    if (st->code)
        cut(&f, st, n);
    else
        run_stage(sp, w, stage + 1, s, n, emit, ctx);
}

void split_text(const struct split *sp, struct split_work *w, const char *s, size_t n,
                split_emit *emit, void *ctx)
{
    if (n) run_stage(sp, w, 0, s, n, emit, ctx);
}
