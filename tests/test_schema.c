/* test_schema.c: JSON schemas compiled, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "engine/schema.h"

static enum err compile(struct schema **s, struct arena *a, const char *json, struct errinfo *e)
{
    return schema_compile(s, a, str_of(json), "test.json", e);
}

static struct schema *read_schema(struct arena *a, const char *path)
{
    struct mapping m = {0};
    struct errinfo e = {0};
    struct schema *s = NULL;
    if (sys_map(&m, path, &e)) fail_msg("%s", e.msg);
    if (schema_compile(&s, a, (struct str){m.p, m.n}, path, &e)) fail_msg("%s", e.msg);
    sys_unmap(&m);
    return s;
}

static void the_schemas_of_the_program_compile(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct schema *s = read_schema(a, "prompts/schema/answer.json");
    assert_int_equal(s->n_members, 2);
    assert_string_equal(s->members[0].list, "citations");
    assert_int_equal(s->members[0].n_values, 2);
    assert_int_equal(s->members[0].values[0].kind, VALUE_LABEL);
    assert_string_equal(s->members[0].values[0].field, "chunk");
    assert_int_equal(s->members[0].values[1].kind, VALUE_QUOTE);
    assert_true(s->members[0].max_items > 0);
    assert_null(s->members[1].list);
    assert_string_equal(s->members[1].values[0].field, "answer");
    assert_true(s->members[1].values[0].nullable && s->members[1].values[0].free_text);

    s = read_schema(a, "prompts/schema/summarize.json");
    assert_int_equal(s->n_members, 3);
    assert_string_equal(s->members[2].values[0].field, "summary");
    assert_false(s->members[2].values[0].nullable);

    s = read_schema(a, "prompts/schema/review.json");
    assert_int_equal(s->n_members, 1);
    assert_int_equal(s->members[0].n_values, 5);
    assert_string_equal(s->members[0].values[4].field, "suggestion");
    assert_false(s->members[0].values[4].free_text);
    arena_free(a);
}

#define ITEM(properties, required)                                                                 \
    "{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\",\"items\":{\"type\":"          \
    "\"object\","                                                                                  \
    "\"properties\":{" properties "},\"required\":[" required "]}}},\"required\":[\"l\"]}"
#define ROOT(properties, required)                                                                 \
    "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "]}"
#define LABEL "\"c\":{\"type\":\"integer\",\"x-label\":true}"
#define QUOTE "\"q\":{\"type\":\"string\",\"x-quote\":true}"

static void limits_and_marks_are_read(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct errinfo e = {0};
    struct schema *s = NULL;
    assert_int_equal(compile(&s, a,
                             ROOT("\"t\":{\"type\":[\"null\",\"string\"],\"maxLength\":7,"
                                  "\"x-lines\":3,\"description\":\"d\"}",
                                  "\"t\""),
                             &e),
                     OK);
    assert_true(s->members[0].values[0].nullable);
    assert_int_equal(s->members[0].values[0].max_length, 7);
    assert_int_equal(s->members[0].values[0].max_lines, 3);
    assert_int_equal(compile(&s, a, ITEM(LABEL "," QUOTE, "\"q\",\"c\""), &e), OK);
    assert_int_equal(s->members[0].max_items, 0);
    arena_free(a);
}

static void what_is_outside_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        enum err code;
        const char *json, *says;
    } bad[] = {
        {E_FORMAT, "", "not valid JSON"},
        {E_FORMAT, "{\"type\":\"object\"", "not valid JSON"},
        {E_UNSUPPORTED, "[]", "expected an object"},
        {E_UNSUPPORTED, "{\"type\":\"string\"}", "must be \"object\""},
        {E_UNSUPPORTED, "{\"type\":\"object\",\"properties\":{},\"required\":[]}",
         "no \"properties\""},
        {E_UNSUPPORTED, ROOT("\"a\":{\"type\":\"string\"}", ""), "\"required\""},
        {E_UNSUPPORTED, ROOT("\"a\":{\"type\":\"string\"}", "\"b\""),
         "names what is no property: b"},
        {E_UNSUPPORTED, ROOT("\"a\":{\"type\":\"number\"}", "\"a\""),
         "not a type for this place: number"},
        {E_UNSUPPORTED, ROOT("\"a\":{\"type\":\"string\",\"pattern\":\"x\"}", "\"a\""),
         "a: keyword not supported: pattern"},
        {E_UNSUPPORTED, ROOT("\"a\":{\"anyOf\":[]}", "\"a\""), "keyword not supported: anyOf"},
        {E_UNSUPPORTED, ROOT("\"a\":{\"type\":\"string\",\"maxLength\":-1}", "\"a\""), "maxLength"},
        {E_UNSUPPORTED, ROOT("\"a\":{\"type\":\"string\",\"x-free\":1}", "\"a\""), "x-free"},
        {E_UNSUPPORTED, ROOT("\"a\\\"b\":{\"type\":\"string\"}", "\"a\\\"b\""), "property name"},
        {E_UNSUPPORTED, ROOT(LABEL, "\"c\""), "c: labels and quotes stand in lists only"},
        {E_UNSUPPORTED, ITEM(QUOTE, "\"q\""), "l.q: a quote stands once, after its label"},
        {E_UNSUPPORTED, ITEM(QUOTE "," LABEL, "\"q\",\"c\""),
         "a quote stands once, after its label"},
        {E_UNSUPPORTED, ITEM(LABEL ",\"d\":{\"type\":\"integer\",\"x-label\":true}", "\"c\",\"d\""),
         "a second label"},
        {E_UNSUPPORTED, ITEM("\"s\":{\"type\":[\"string\",\"null\"]}", "\"s\""),
         "only a plain string may be null"},
        {E_UNSUPPORTED, ITEM("\"s\":{\"type\":\"integer\"}", "\"s\""),
         "not a type for this place: integer"},
        {E_UNSUPPORTED, ITEM("\"s\":{\"type\":\"array\"}", "\"s\""),
         "not a type for this place: array"},
        {E_UNSUPPORTED,
         "{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\"}},\"required\":[\"l\"]}",
         "expected an object"},
        {E_UNSUPPORTED,
         "{\"type\":\"object\",\"additionalProperties\":true,\"properties\":"
         "{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"]}",
         "additionalProperties"},
    };
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct errinfo e = {0};
        struct schema *s = (struct schema *)"";
        enum err r = compile(&s, a, bad[i].json, &e);
        if (r != bad[i].code || !strstr(e.msg, bad[i].says))
            fail_msg("%s\n gives %d %s\n not %s", bad[i].json, r, e.msg, bad[i].says);
        assert_null(s);
        assert_non_null(strstr(e.msg, "test.json"));
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schemas_of_the_program_compile),
        cmocka_unit_test(limits_and_marks_are_read),
        cmocka_unit_test(what_is_outside_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
