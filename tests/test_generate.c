/* test_generate.c: decoding under a grammar, with a session that says what the test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>

#include "base/json.h"
#include "base/sys.h"
#include "engine/generate.h"
#include "engine/tokenizer.h"
#include "tests/fake_session.h"
#include "tests/vectors.h"

static struct tokenizer *tok;

static const char *const schemas[] = {"prompts/schema/answer.json", "prompts/schema/summarize.json",
                                      "prompts/schema/review.json"};

static struct schema *schema_of(struct arena *a, const char *path)
{
    struct mapping m = {0};
    struct errinfo e = {0};
    struct schema *s = NULL;
    if (sys_map(&m, path, &e)) fail_msg("%s", e.msg);
    if (schema_compile(&s, a, (struct str){m.p, m.n}, path, &e)) fail_msg("%s", e.msg);
    sys_unmap(&m);
    return s;
}

static const char *schema_for(const char *task)
{
    return schemas[strcmp(task, "answer") == 0 ? 0 : strcmp(task, "summarize") == 0 ? 1 : 2];
}

/* A session over a prompt of one token. */
static struct session *session_at_prompt(uint64_t seed)
{
    struct session *s = fake_new(tokenizer_size(tok), seed);
    int32_t bos = 0;
    assert_int_equal(session_append(s, &bos, 1, NULL), OK);
    return s;
}

static struct choice *choices_of(const struct vectors_prompt *p)
{
    struct choice *c = NEW(p->a, struct choice, p->n_chunks);
    for (size_t i = 0; i < p->n_chunks; i++) {
        const struct chunk *k = &p->chunks[i];
        const struct doc *d = p->docs[k->doc];
        c[i] = (struct choice){
            k->label, {d->text.s + k->start, k->end - k->start}, d->kind == DOC_CODE, 0};
    }
    return c;
}

static void script_pieces(struct tokens *t, const json_t *pieces, struct buf *json)
{
    for (size_t i = 0; i < json_array_size(pieces); i++) {
        const char *p = json_string_value(json_array_get(pieces, i));
        tokenizer_encode_text(tok, p, strlen(p), t);
        buf_addz(json, p);
    }
}

/* ------------------------------------------------------------------ checks on every reply */

/* White space collapsed (prose) as the decoder writes quotes. */
static void collapse(struct buf *out, struct str s)
{
    uint32_t cp;
    bool space = false;
    for (size_t i = 0, n; i < s.n; i += n) {
        n = utf8_next(s.s + i, s.n - i, &cp);
        if (!utf8_is_space(cp))
            buf_add(out, s.s + i, n);
        else if (!space)
            buf_addc(out, ' ');
        space = utf8_is_space(cp);
    }
}

static void check_quote(const struct value *v, const struct choice *c, size_t n)
{
    size_t k = 0;
    while (k < n && c[k].label != v->label) k++;
    assert_in_range(k, 0, n - 1);
    assert_true(v->q0 < v->q1 && v->q1 <= c[k].text.n);
    assert_true(utf8_count(v->text.s, v->text.n) <= 240); /* as the schemas say */
    struct str at = {c[k].text.s + v->q0, v->q1 - v->q0};
    if (c[k].one_line) {
        assert_null(memchr(at.s, '\n', at.n));
        assert_true(str_eq(at, v->text));
        return;
    }
    struct buf b = {0};
    collapse(&b, at);
    assert_true(str_eq((struct str){b.s, b.n}, v->text));
    buf_free(&b);
}

static void check_values(const struct generated *g, const struct choice *c, size_t n)
{
    for (size_t i = 0; i < g->n_values; i++) {
        const struct value *v = &g->values[i];
        assert_int_equal(utf8_check(v->text.s, v->text.n), v->text.n);
        assert_false(isnan(v->logp));
        assert_true(v->logp <= 1e-6 && v->open_logp <= 1e-6);
        if (v->kind == VALUE_QUOTE) check_quote(v, c, n);
        for (size_t j = 0; v->kind == VALUE_QUOTE && j < i; j++) {
            const struct value *w = &g->values[j];
            if (w->kind != VALUE_QUOTE || w->list != v->list || w->label != v->label) continue;
            assert_false(w->q0 <= v->q0 && v->q0 < w->q1);
            assert_false(str_eq(w->text, v->text));
        }
    }
}

/* The JSON text says what the values say, member by member. */
static void check_json(const struct generated *g, const struct schema *sc)
{
    struct errinfo e = {0};
    json_t *root = NULL;
    if (json_parse(&root, g->json.s, g->json.n, "reply", &e)) fail_msg("%s\n%s", e.msg, g->json.s);
    assert_int_equal(json_object_size(root), sc->n_members);
    size_t seen = 0;
    for (size_t i = 0; i < g->n_values; i++) {
        const struct value *v = &g->values[i];
        json_t *o = root;
        if (v->list) o = json_array_get(json_object_get(root, v->list), v->item);
        json_t *x = json_object_get(o, v->field);
        assert_non_null(x);
        seen++;
        if (v->is_null)
            assert_true(json_is_null(x));
        else if (v->kind == VALUE_LABEL)
            assert_int_equal(json_integer_value(x), v->label);
        else
            assert_true(str_eq((struct str){json_string_value(x), json_string_length(x)}, v->text));
    }
    size_t count = 0;
    for (size_t m = 0; m < sc->n_members; m++)
        count += sc->members[m].list ? json_array_size(json_object_get(root, sc->members[m].list)) *
                                           sc->members[m].n_values
                                     : 1;
    assert_int_equal(seen, count);
    json_decref(root);
}

static void keep(void *ctx, const char *s, size_t n)
{
    buf_add(ctx, s, n);
}

/* Decodes and checks all that must always hold. */
static struct generated decode(struct session *s, struct generate_options *o, struct arena *a,
                               enum err want)
{
    struct generated g;
    struct errinfo e = {0};
    struct buf said = {0};
    o->emit = keep;
    o->ctx = &said;
    enum err r = generate(s, tok, o, a, &g, &e);
    if (r != want) fail_msg("generate: %d %s", r, e.msg);
    check_json(&g, o->schema);
    check_values(&g, o->choices, o->n_choices);
    assert_true(str_eq((struct str){said.s, said.n}, g.json));
    buf_free(&said);
    return g;
}

/* ------------------------------------------------------------------ the replies of training */

/* With a model that wants exactly the tokens of the training reply, the reply comes out to the
 * byte: the pieces are tokenised as in training and everything people quoted can be quoted. */
static void training_replies_can_be_said(void **state)
{
    (void)state;
    json_t *all = vectors_open(VECTORS_DIR "prompt-vectors.jsonl");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *v = json_array_get(all, i);
        struct vectors_prompt p = vectors_prompt_new(v);
        struct session *s = session_at_prompt(i);
        struct buf want = {0};
        struct tokens script = {0};
        script_pieces(&script, json_object_get(v, "pieces"), &want);
        const json_t *ids = json_object_get(v, "reply_ids");
        assert_int_equal(json_array_size(ids), script.n + 1); /* and the end of the turn */
        for (size_t k = 0; k < script.n; k++)
            assert_int_equal(json_integer_value(json_array_get(ids, k)), script.v[k]);
        s->script = script.v;
        s->n_script = script.n;
        s->at = 1;
        struct generate_options o = {.schema = schema_of(p.a, schema_for(vectors_text(v, "task"))),
                                     .choices = choices_of(&p),
                                     .n_choices = p.n_chunks};
        struct generated g = decode(s, &o, p.a, OK);
        assert_string_equal(g.json.s, want.s);
        assert_int_equal(session_length(s), 1 + script.n);
        assert_memory_equal(session_tokens(s) + 1, script.v, script.n * sizeof *script.v);
        for (size_t k = 0; k < g.n_values; k++) {
            assert_false(g.values[k].truncated);
            assert_true(g.values[k].logp > -1e-3);
        }
        assert_int_equal(g.tokens_sampled + g.tokens_forced, script.n);
        tokens_free(&script);
        buf_free(&want);
        fake_free(s);
        vectors_prompt_free(&p);
    }
    json_decref(all);
}

/* ------------------------------------------------------------------ always valid */

static struct choice small[] = {
    {1, {"The cost of delay is borne by the buyer. It is 1,000 \"units\".", 62}, false, 0},
    {2, {"if (a < b) {\n\treturn \"x\\n\";\n}\n", 30}, true, 0},
    {12,
     {"\xe4\xba\x9a\xe9\xa9\xac\xe9\x80\x8a\xe6\xa3\xae\xe6\x9e\x97 10%\xe3\x80\x82 caf\xc3\xa9",
      27},
     false,
     0},
    {13, {" \n ", 3}, false, 0},
};
#define N_SMALL (sizeof small / sizeof *small)

static void any_limit_gives_valid_json(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    for (size_t k = 0; k < 3; k++)
        for (size_t max = 1; max <= 60; max++)
            for (uint64_t seed = 0; seed < 2; seed++) {
                struct session *s = session_at_prompt(seed * 1000 + max);
                struct generate_options o = {.schema = schema_of(a, schemas[k]),
                                             .choices = small,
                                             .n_choices = N_SMALL,
                                             .max_tokens = max,
                                             .max_text_tokens = seed ? 9 : 0,
                                             .max_quote_tokens = seed ? 5 : 0};
                if (seed) o.sampling = (struct sampling){1.0f, 0.9f, 0.0f, max};
                struct generated g = decode(s, &o, a, OK);
                assert_true(g.tokens_sampled + g.tokens_forced <= max + 64);
                assert_true(session_length(s) <= 1 + max + 64);
                fake_free(s);
                arena_reset(a);
            }
    arena_free(a);
}

static void a_full_context_closes_the_reply(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    for (size_t room = 1; room < 120; room += 7) {
        struct session *s = session_at_prompt(room);
        s->context = 1 + room;
        struct generate_options o = {
            .schema = schema_of(a, schemas[room % 3]), .choices = small, .n_choices = N_SMALL};
        decode(s, &o, a, OK);
        fake_free(s);
    }
    arena_free(a);
}

static void an_interruption_closes_the_reply(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    for (size_t at = 2; at < 40; at++) {
        struct session *s = session_at_prompt(at);
        s->fail_at = at;
        s->fail = E_INTR;
        struct generate_options o = {.schema = schema_of(a, schemas[at % 3]),
                                     .choices = small,
                                     .n_choices = N_SMALL,
                                     .max_tokens = 200};
        s->lift = -1;
        struct generated g;
        struct errinfo e = {0};
        enum err r = generate(s, tok, &o, a, &g, &e);
        if (r != OK) assert_int_equal(r, E_INTR);
        assert_int_equal(g.interrupted, r == E_INTR);
        check_json(&g, o.schema);
        check_values(&g, small, N_SMALL);
        fake_free(s);
    }
    arena_free(a);
}

static void other_failures_are_handed_on(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct session *s = session_at_prompt(1);
    struct generate_options o = {
        .schema = schema_of(a, schemas[0]), .choices = small, .n_choices = N_SMALL};
    struct generated g;
    struct errinfo e = {0};
    s->fail_at = 4;
    s->fail = E_DEVICE;
    assert_int_equal(generate(s, tok, &o, a, &g, &e), E_DEVICE);
    fake_free(s);
    arena_free(a);
}

static void nothing_to_cite_closes_lists(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct session *s = session_at_prompt(1);
    struct generate_options o = {
        .schema = schema_of(a, schemas[2]), .choices = small + 3, .n_choices = 1};
    struct generated g = decode(s, &o, a, OK);
    assert_string_equal(g.json.s, "{\"findings\":[]}");
    o.n_choices = 0;
    session_rewind(s, 1);
    g = decode(s, &o, a, OK);
    assert_string_equal(g.json.s, "{\"findings\":[]}");
    fake_free(s);
    arena_free(a);
}

/* NaN from a broken model is no reason for a crash or for broken JSON. */
static void nan_logits_give_valid_json(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct session *s = session_at_prompt(1);
    for (size_t i = 0; i < s->vocabulary; i++) s->noise[i] = NAN;
    s->valid = false;
    struct generate_options o = {.schema = schema_of(a, schemas[1]),
                                 .choices = small,
                                 .n_choices = N_SMALL,
                                 .max_tokens = 100};
    struct generated g;
    struct errinfo e = {0};
    assert_int_equal(generate(s, tok, &o, a, &g, &e), OK);
    check_json(&g, o.schema);
    fake_free(s);
    arena_free(a);
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct session *s = session_at_prompt(5);
    struct generate_options o = {.schema = schema_of(a, schemas[1]),
                                 .choices = small,
                                 .n_choices = N_SMALL,
                                 .max_tokens = 80,
                                 .sampling = {0.8f, 0.9f, 0.01f, 7}};
    struct generated g1 = decode(s, &o, a, OK);
    session_rewind(s, 1);
    struct generated g2 = decode(s, &o, a, OK);
    assert_true(str_eq(g1.json, g2.json));
    o.sampling.seed = 8;
    session_rewind(s, 1);
    struct generated g3 = decode(s, &o, a, OK);
    assert_false(str_eq(g1.json, g3.json));
    fake_free(s);
    arena_free(a);
}

/* ------------------------------------------------------------------ quotes */

/* What a quote from one chunk comes to when the model wants `wish`, said by its tokens. */
static struct str quote_of(struct arena *a, struct choice c, const char *wish)
{
    struct tokens script = {0};
    const char *pieces[] = {"{\"citations\":[",  "{\"chunk\":", "7", ",\"quote\":\"", wish, "\"}",
                            "],\"answer\":null}"};
    for (size_t i = 0; i < 7; i++)
        tokenizer_encode_text(tok, pieces[i], strlen(pieces[i]), &script);
    struct session *s = session_at_prompt(11);
    s->script = script.v;
    s->n_script = script.n;
    s->at = 1;
    c.label = 7;
    struct generate_options o = {.schema = schema_of(a, schemas[0]),
                                 .choices = &c,
                                 .n_choices = 1,
                                 .max_quote_tokens = 100,
                                 .max_tokens = 300};
    struct generated g = decode(s, &o, a, OK);
    tokens_free(&script);
    fake_free(s);
    return g.n_values > 2 ? g.values[1].text : (struct str){"", 0};
}

static void quotes_follow_the_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool one_line, can_be_said;
        const char *wish, *said;
    } cases[] = {
        {"One two.\n  Three\t four.", false, true, "Three four.", "Three four."},
        {"One two.\n  Three\t four.", false, true, "One two. Three four.", "One two. Three four."},
        {"One two.\n  Three\t four.", false, false, "One three", ""},
        {"\tif (a == \"}\") {\n\t\tb();\n", true, true, "if (a == \\\"}\\\") {",
         "if (a == \"}\") {"},
        {"\tif (a) {\n\t\tb();\n", true, true, "b();", "b();"},
        {"\tif (a) {\n\t\tb();\n", true, false, "if (a) { b();", ""},
        {"x\ty\n", true, true, "x\\ty", "x\ty"},
        {"a\\nb c", false, true, "a\\\\nb c", "a\\nb c"},
        {"\xe4\xba\x9a\xe9\xa9\xac\xe9\x80\x8a", false, true, "\xe9\xa9\xac", "\xe9\xa9\xac"},
        {"caf\xc3\xa9 latte", false, true, "caf\xc3\xa9", "caf\xc3\xa9"},
        {"undone", false, false, "done", ""}, /* not inside a word */
        {"undone", false, false, "un", ""},
        {"(a) b", false, true, "(a)", "(a)"},
        {"x, y", false, false, ", y", ""},
    };
    struct arena *a = arena_new();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct choice c = {7, str_of(cases[k].text), cases[k].one_line, 0};
        struct str s = quote_of(a, c, cases[k].wish);
        if (cases[k].can_be_said)
            assert_string_equal(s.s, cases[k].said);
        else
            assert_string_not_equal(s.s, cases[k].wish);
    }
    arena_free(a);
}

/* Several places fit: the first one counts, and a sentence goes before the middle of one. */
static void quotes_take_the_first_place(void **state)
{
    (void)state;
    static const char text[] = "He said the cost is high. The cost is low. The cost is low.";
    struct arena *a = arena_new();
    struct choice c = {7, {text, sizeof text - 1}, false, 0};
    struct tokens script = {0};
    const char *pieces[] = {"{\"citations\":[",
                            "{\"chunk\":",
                            "7",
                            ",\"quote\":\"",
                            "The cost is low.",
                            "\"}",
                            ",",
                            "{\"chunk\":",
                            "7",
                            ",\"quote\":\"",
                            "the cost is high.",
                            "\"}"};
    for (size_t i = 0; i < 12; i++)
        tokenizer_encode_text(tok, pieces[i], strlen(pieces[i]), &script);
    struct session *s = session_at_prompt(11);
    s->script = script.v;
    s->n_script = script.n;
    s->at = 1;
    struct generate_options o = {
        .schema = schema_of(a, schemas[0]), .choices = &c, .n_choices = 1, .max_tokens = 120};
    struct generated g = decode(s, &o, a, OK);
    assert_int_equal(g.values[1].q0, 26);
    assert_int_equal(g.values[1].q1, 42);
    assert_string_equal(g.values[3].text.s, "the cost is high.");
    tokens_free(&script);
    fake_free(s);
    arena_free(a);
}

static void long_quotes_end_at_a_word(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct buf b = {0};
    for (int i = 0; i < 90; i++) buf_addf(&b, "%sabcdef%c", i ? " " : "", 'a' + i % 26);
    struct choice c = {7, {b.s, b.n}, false, 0};
    struct str s = quote_of(a, c, b.s);
    assert_in_range(s.n, 200, 240);
    assert_memory_equal(s.s, b.s, s.n);
    assert_int_equal(b.s[s.n], ' ');
    buf_free(&b);
    arena_free(a);
}

/* ------------------------------------------------------------------ text */

/* Decodes an answer by a script of its pieces; the reply's answer. */
static struct str answer_of(struct arena *a, const char *const *pieces, size_t n, bool *truncated)
{
    struct tokens script = {0};
    for (size_t i = 0; i < n; i++)
        tokenizer_encode_text(tok, pieces[i], strlen(pieces[i]), &script);
    struct session *s = session_at_prompt(3);
    s->script = script.v;
    s->n_script = script.n;
    s->at = 1;
    struct generate_options o = {.schema = schema_of(a, schemas[0]),
                                 .choices = small,
                                 .n_choices = N_SMALL,
                                 .max_tokens = 400,
                                 .max_text_tokens = 60};
    struct generated g = decode(s, &o, a, OK);
    const struct value *v = &g.values[g.n_values - 1];
    *truncated = v->truncated;
    tokens_free(&script);
    fake_free(s);
    return v->text;
}

static void a_sentence_said_again_ends_the_text(void **state)
{
    (void)state;
    static const char once[] =
        "The buyer bears the cost of delay. The seller bears all other costs.";
    static const char *const forever[] = {
        "{\"citations\":[", "],\"answer\":\"",
        "The buyer bears the cost of delay. The seller bears all other costs. The buyer bears the "
        "cost of delay. The seller bears all other costs. The buyer bears the cost of delay.",
        "\"}"};
    struct arena *a = arena_new();
    bool truncated;
    struct str s = answer_of(a, forever, 4, &truncated);
    assert_string_equal(s.s, once);
    assert_false(truncated);
    arena_free(a);
}

static void text_holds_escapes_and_no_control_characters(void **state)
{
    (void)state;
    static const char *const pieces[] = {"{\"citations\":[", "],\"answer\":\"",
                                         "say \\\"hi\\\" \\\\ and\\tgo \xe4\xba\x9a\xe9\xa9\xac",
                                         "\"}"};
    struct arena *a = arena_new();
    bool truncated;
    struct str s = answer_of(a, pieces, 4, &truncated);
    assert_string_equal(s.s, "say \"hi\" \\ and\tgo \xe4\xba\x9a\xe9\xa9\xac");
    arena_free(a);
}

static void a_limit_cuts_at_a_word(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct buf b = {0};
    for (int i = 0; i < 40; i++)
        buf_addf(&b, "%sword%c%c", i ? " " : "", 'a' + i % 26, 'a' + i / 3);
    const char *pieces[] = {"{\"citations\":[", "],\"answer\":\"", b.s, "\"}"};
    bool truncated;
    struct str s = answer_of(a, pieces, 4, &truncated);
    assert_true(truncated);
    assert_true(s.n > 20 && memcmp(s.s, b.s, s.n) == 0);
    assert_int_equal(b.s[s.n], ' ');
    buf_free(&b);
    arena_free(a);
}

static void null_stands_where_the_model_wants_it(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct tokens script = {0};
    tokenizer_encode_text(tok, "{\"citations\":[", 14, &script);
    tokenizer_encode_text(tok, "],\"answer\":null}", 16, &script);
    struct session *s = session_at_prompt(3);
    s->script = script.v;
    s->n_script = script.n;
    s->at = 1;
    struct generate_options o = {
        .schema = schema_of(a, schemas[0]), .choices = small, .n_choices = N_SMALL};
    struct generated g = decode(s, &o, a, OK);
    assert_string_equal(g.json.s, "{\"citations\":[],\"answer\":null}");
    assert_true(g.values[0].is_null);
    assert_false(g.values[0].truncated);
    tokens_free(&script);
    fake_free(s);
    arena_free(a);
}

/* ------------------------------------------------------------------ memory */

/* Memory is taken for values and pieces, not for tokens. */
static void tokens_take_no_memory(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    size_t calls[2];
    for (size_t k = 0; k < 2; k++) {
        struct session *s = session_at_prompt(2);
        tokens_append(&s->t, (const int32_t[4096]){0}, 4096); /* room, so that it does not grow */
        s->t.n = 1;
        struct generate_options o = {.schema = schema_of(a, schemas[1]),
                                     .choices = small,
                                     .max_text_tokens = k ? 400 : 100,
                                     .n_choices = 0};
        size_t before = mem_calls();
        struct generated g;
        struct errinfo e = {0};
        assert_int_equal(generate(s, tok, &o, a, &g, &e), OK);
        calls[k] = mem_calls() - before;
        print_message("%zu tokens, %zu calls\n", g.tokens_sampled, calls[k]);
        fake_free(s);
    }
    assert_true(calls[1] <= calls[0] + 12);
    arena_free(a);
}

/* ------------------------------------------------------------------ the user ends it */

static void ctrl_c_closes_the_reply(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct session *s = session_at_prompt(3);
    struct generate_options o = {
        .schema = schema_of(a, schemas[0]), .choices = small, .n_choices = N_SMALL};
    size_t before = s->appends;
    sys_interrupt(SIGINT);
    struct generated g = decode(s, &o, a, E_INTR);
    assert_string_equal(g.json.s, "{\"citations\":[],\"answer\":null}");
    assert_true(g.interrupted && g.values[0].truncated);
    assert_int_equal(s->appends, before);
    sys_interrupt(0);
    fake_free(s);
    arena_free(a);
}

static int open_tokenizer(void **state)
{
    (void)state;
    struct errinfo e = {0};
    if (!tokenizer_open(&tok, VECTORS_MODEL "tokenizer.json", &e)) return 0;
    print_error("%s\n", e.msg);
    return 1;
}

static int close_tokenizer(void **state)
{
    (void)state;
    tokenizer_close(tok);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_replies_can_be_said),
        cmocka_unit_test(any_limit_gives_valid_json),
        cmocka_unit_test(a_full_context_closes_the_reply),
        cmocka_unit_test(an_interruption_closes_the_reply),
        cmocka_unit_test(other_failures_are_handed_on),
        cmocka_unit_test(nothing_to_cite_closes_lists),
        cmocka_unit_test(nan_logits_give_valid_json),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(quotes_follow_the_text),
        cmocka_unit_test(quotes_take_the_first_place),
        cmocka_unit_test(long_quotes_end_at_a_word),
        cmocka_unit_test(a_sentence_said_again_ends_the_text),
        cmocka_unit_test(text_holds_escapes_and_no_control_characters),
        cmocka_unit_test(a_limit_cuts_at_a_word),
        cmocka_unit_test(null_stands_where_the_model_wants_it),
        cmocka_unit_test(tokens_take_no_memory),
        cmocka_unit_test(ctrl_c_closes_the_reply),
    };
    return cmocka_run_group_tests(tests, open_tokenizer, close_tokenizer);
}
