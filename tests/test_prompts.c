/* test_prompts.c: prompt sets and rendering: the vectors of training to the byte, overrides, bad
 * templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/schema.h"
#include "engine/tokenizer.h"
#include "prompts/prompts.h"
#include "tests/vectors.h"

static struct tokenizer *tokenizer;

static int setup(void **state)
{
    (void)state;
    struct errinfo e = {0};
    return tokenizer_open(&tokenizer, VECTORS_MODEL "tokenizer.json", &e);
}

static int teardown(void **state)
{
    (void)state;
    tokenizer_close(tokenizer);
    return 0;
}

static enum task task_of(const char *name)
{
    return strcmp(name, "answer") == 0      ? TASK_ANSWER
           : strcmp(name, "summarize") == 0 ? TASK_SUMMARIZE
                                            : TASK_REVIEW;
}

/* The text of all TEXT segments. */
static void join(struct buf *b, const struct segs *s)
{
    buf_addz(b, "");
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].kind == SEG_TEXT) buf_add(b, s->v[i].s.s, s->v[i].s.n);
}

static void check_ids(const struct tokens *got, const json_t *want)
{
    for (size_t i = 0; i < got->n && i < json_array_size(want); i++)
        assert_int_equal(got->v[i], json_integer_value(json_array_get(want, i)));
    assert_int_equal(got->n, json_array_size(want));
}

static void encode(struct tokens *out, const struct segs *s)
{
    struct errinfo e = {0};
    assert_int_equal(tokenizer_encode(tokenizer, s->v, s->n, out, &e), OK);
}

static void prompts_are_those_of_training(void **state)
{
    (void)state;
    json_t *all = vectors_open(VECTORS_DIR "prompt-vectors.jsonl");
    assert_int_equal(json_array_size(all), 40);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *v = json_array_get(all, i);
        struct vectors_prompt p = vectors_prompt_new(v);
        struct prompt_set *set;
        struct errinfo e = {0};
        assert_int_equal(prompt_set_open(&set, p.a, "compact", NULL, &e), OK);
        struct segs docs = {0}, task = {0}, both = {0};
        enum task t = task_of(vectors_text(v, "task"));
        render_documents(&docs, p.a, set, p.docs, p.chunks, p.n_chunks);
        render_task(&task, p.a, set, t, vectors_text(v, "text"));
        render_documents(&both, p.a, set, p.docs, p.chunks, p.n_chunks);
        render_task(&both, p.a, set, t, vectors_text(v, "text"));

        struct buf text = {0};
        join(&text, &both);
        assert_string_equal(text.s, vectors_text(v, "prompt"));
        buf_free(&text);
        struct tokens whole = {0}, parts = {0};
        encode(&whole, &both);
        check_ids(&whole, json_object_get(v, "prompt_ids"));
        /* The documents' tokens are a prefix that every task shares. */
        encode(&parts, &docs);
        encode(&parts, &task);
        check_ids(&parts, json_object_get(v, "prompt_ids"));
        tokens_free(&whole);
        tokens_free(&parts);
        vectors_prompt_free(&p);
    }
    json_decref(all);
}

static void reply_pieces_are_encoded_one_by_one(void **state)
{
    (void)state;
    json_t *all = vectors_open(VECTORS_DIR "prompt-vectors.jsonl");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *v = json_array_get(all, i), *pieces = json_object_get(v, "pieces");
        struct arena *a = arena_new();
        struct prompt_set *set;
        struct errinfo e = {0};
        assert_int_equal(prompt_set_open(&set, a, "compact", NULL, &e), OK);
        struct tokens ids = {0};
        for (size_t k = 0; k < json_array_size(pieces); k++) {
            const json_t *s = json_array_get(pieces, k);
            tokenizer_encode_text(tokenizer, json_string_value(s), json_string_length(s), &ids);
        }
        struct segs end = {0};
        render_turn_end(&end, a, set);
        assert_int_equal(end.n, 2);
        assert_int_equal(tokenizer_encode(tokenizer, end.v, 1, &ids, &e), OK);
        check_ids(&ids, json_object_get(v, "reply_ids"));
        tokens_free(&ids);
        arena_free(a);
    }
    json_decref(all);
}

/* Both sets, all tasks: the documents' ids do not depend on what follows. */
static void documents_are_a_shared_prefix(void **state)
{
    (void)state;
    static const char *const texts[] = {"Why?", "\n\n.", NULL};
    struct arena *a = arena_new();
    struct errinfo e = {0};
    struct doc d = {.name = "x.c", .kind = DOC_CODE, .text = STR("int a;   ")};
    struct doc *docs[] = {&d};
    struct chunk c = {1, 0, 0, d.text.n};
    for (int which = 0; which < 2; which++) {
        struct prompt_set *set;
        assert_int_equal(prompt_set_open(&set, a, which ? "instruct" : "compact", NULL, &e), OK);
        struct segs part = {0};
        struct tokens prefix = {0};
        render_documents(&part, a, set, docs, &c, 1);
        encode(&prefix, &part);
        for (int t = 0; t < 9; t++) {
            struct segs all = {0};
            struct tokens ids = {0};
            render_documents(&all, a, set, docs, &c, 1);
            render_task(&all, a, set, (enum task)(t / 3), texts[t % 3]);
            encode(&ids, &all);
            assert_true(ids.n > prefix.n);
            assert_memory_equal(ids.v, prefix.v, prefix.n * sizeof *ids.v);
            tokens_free(&ids);
        }
        tokens_free(&prefix);
    }
    arena_free(a);
}

static void names_and_focus(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct errinfo e = {0};
    struct prompt_set *set;
    assert_int_equal(prompt_set_open(&set, a, "compact", NULL, &e), OK);
    assert_true(prompt_set_is_compact(set));
    struct doc d[2] = {{.name = "a\n[9] b", .title = "T\n[8] t", .kind = DOC_PROSE, .text = STR("One. Two.")},
                       {.name = "b.c", .kind = DOC_CODE, .text = STR("  x;")}};
    struct doc *docs[] = {&d[0], &d[1]};
    struct chunk c[] = {{4, 0, 0, 4}, {5, 0, 5, 9}, {6, 1, 0, 4}};
    struct segs s = {0};
    struct buf b = {0};
    render_documents(&s, a, set, docs, c, 3);
    render_task(&s, a, set, TASK_SUMMARIZE, "the {focus}");
    join(&b, &s);
    assert_string_equal(b.s, "# a [9] b\n[4] One.\n[5] Two.\n# b.c\n[6]\n  x;\n"
                             "\nTask: summarize\nFocus: the {focus}");
    buf_free(&b);
    s.n = 0;
    render_documents(&s, a, set, docs, c, 0);
    render_task(&s, a, set, TASK_SUMMARIZE, NULL);
    join(&b, &s);
    assert_string_equal(b.s, "\nTask: summarize");
    buf_free(&b);
    assert_int_equal(prompt_set_open(&set, a, "instruct", NULL, &e), OK);
    struct segs titled = {0};
    render_documents(&titled, a, set, docs, c, 3);
    join(&b, &titled);
    assert_string_equal(b.s, "# a [9] b: T [8] t\n[4] One.\n[5] Two.\n# b.c\n[6]\n  x;\n");
    buf_free(&b);
    /* Only marks of our own are control segments. */
    assert_int_equal(s.n, 5);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(s.v[i].kind, i == 2 ? SEG_TEXT : SEG_CONTROL);
    arena_free(a);
}

static void schemas_compile_and_are_shown_without_marks(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct errinfo e = {0};
    for (int which = 0; which < 2; which++) {
        struct prompt_set *set;
        assert_int_equal(prompt_set_open(&set, a, which ? "instruct" : "compact", NULL, &e), OK);
        for (int t = 0; t < 3; t++) {
            struct schema *s;
            assert_int_equal(
                schema_compile(&s, a, prompt_schema(set, (enum task)t), "schema", &e), OK);
            assert_non_null(s->members[0].list);
            assert_int_equal(s->members[0].values[0].kind, VALUE_LABEL);
            assert_int_equal(s->members[0].values[1].kind, VALUE_QUOTE);
            struct segs segs = {0};
            struct buf b = {0};
            render_task(&segs, a, set, (enum task)t, "LOOK");
            join(&b, &segs);
            assert_null(strstr(b.s, "x-"));
            if (which) assert_non_null(strstr(b.s, "\"additionalProperties\":false"));
            if (which) assert_non_null(strstr(b.s, "LOOK"));
            buf_free(&b);
        }
    }
    arena_free(a);
}

/* ------------------------------------------------------------------ overrides */

static char dir[64];

static void write_file(const char *name, const char *text)
{
    char path[128];
    struct errinfo e = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(sys_write_file(path, text, strlen(text), &e), OK);
}

static void remove_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(remove(path), 0);
}

static void a_folder_replaces_files(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct errinfo e = {0};
    struct prompt_set *set;
    struct segs s = {0};
    struct buf b = {0};
    char sub[96];
    snprintf(dir, sizeof dir, "/tmp/test_prompts.XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(sub, sizeof sub, "%s/compact", dir);
    assert_int_equal(mkdir(sub, 0700), 0);

    write_file("compact/answer.txt", "{\"q\": {question}}\nalways");
    write_file("compact/review.json", "{\"type\": \"mine\", \"x-label\": true}");
    assert_int_equal(prompt_set_open(&set, a, "compact", dir, &e), OK);
    render_task(&s, a, set, TASK_ANSWER, "Who?");
    render_task(&s, a, set, TASK_REVIEW, NULL);
    join(&b, &s);
    assert_string_equal(b.s, "{\"q\": Who?}\nalways\nTask: review");
    assert_true(str_eq(prompt_schema(set, TASK_REVIEW),
                       STR("{\"type\": \"mine\", \"x-label\": true}")));
    assert_non_null(strstr(prompt_schema(set, TASK_ANSWER).s, "citations"));

    write_file("compact/answer.txt", "one\ntwo {focus}\n");
    assert_int_equal(prompt_set_open(&set, a, "compact", dir, &e), E_FORMAT);
    assert_int_equal(strncmp(e.msg, dir, strlen(dir)), 0);
    assert_string_equal(e.msg + strlen(dir), "/compact/answer.txt:2: unknown variable {focus}; "
                                             "known here: {question}, {schema}");
    err_clear(&e);
    write_file("compact/answer.txt", "bad \xff");
    assert_int_equal(prompt_set_open(&set, a, "compact", dir, &e), E_FORMAT);
    err_clear(&e);
    remove_file("compact/answer.txt");
    write_file("compact/review.json", "{");
    assert_int_equal(prompt_set_open(&set, a, "compact", dir, &e), E_FORMAT);
    err_clear(&e);
    remove_file("compact/review.json");
    write_file("compact/answer.txt", "never asks");
    assert_int_equal(prompt_set_open(&set, a, "compact", dir, &e), E_FORMAT);
    err_clear(&e);
    /* The folder of another set, and so nothing that would be used. */
    assert_int_equal(prompt_set_open(&set, a, "instruct", dir, &e), E_USAGE);
    err_clear(&e);
    remove_file("compact/answer.txt");
    assert_int_equal(prompt_set_open(&set, a, "instruct", NULL, &e), OK);
    assert_string_equal(prompt_set_name(set), "instruct");

    assert_int_equal(rmdir(sub), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(prompt_set_open(&set, a, "instruct", dir, &e), E_IO);
    err_clear(&e);
    assert_int_equal(prompt_set_open(&set, a, "other", NULL, &e), E_USAGE);
    buf_free(&b);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts_are_those_of_training),
        cmocka_unit_test(reply_pieces_are_encoded_one_by_one),
        cmocka_unit_test(documents_are_a_shared_prefix),
        cmocka_unit_test(names_and_focus),
        cmocka_unit_test(schemas_compile_and_are_shown_without_marks),
        cmocka_unit_test(a_folder_replaces_files),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
