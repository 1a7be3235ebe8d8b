/* test_opt.c: the option tables and their parser. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/opt.h"
#include "cli/options.h"

struct target {
    bool flag, other;
    int count, set, choice;
    long number;
    size_t size;
    double real;
    const char *text;
    struct opt_list list;
};

#define AT(f) .offset = offsetof(struct target, f)
static const char *const names[] = {"red", "green", NULL};
static const struct opt rows[] = {
    {.letter = 'f', .name = "flag", .kind = OPT_FLAG, AT(flag), .help = "a flag"},
    {.letter = 'o', .name = "other", .kind = OPT_FLAG, AT(other), .help = "another flag"},
    {.letter = 'v', .name = "more", .kind = OPT_COUNT, AT(count), .help = "counted"},
    {.letter = 's', .name = "seven", .kind = OPT_SET, AT(set), .help = "sets 7", .value = 7},
    {.letter = 'n', .name = "number", .kind = OPT_INT, AT(number), .arg = "N", .help = "a number",
     .min = -5, .max = 5, .env = "DEEPREAD_TEST_NUMBER"},
    {.letter = 'z', .name = "size", .kind = OPT_SIZE, AT(size), .arg = "SIZE", .help = "a size"},
    {.name = "real", .kind = OPT_REAL, AT(real), .arg = "X", .help = "a real", .min = 0, .max = 1},
    {.letter = 't', .name = "text", .kind = OPT_STR, AT(text), .arg = "TEXT", .help = "a text"},
    {.letter = 'l', .name = "list", .kind = OPT_LIST, AT(list), .arg = "X", .help = "a list"},
    {.letter = 'c', .name = "choice", .kind = OPT_ENUM, AT(choice), .help = "a colour",
     .names = names},
    {0}};
static const struct opt_group group = {"Test", rows};
static const struct opt_group *const groups[] = {&group, NULL};

/* Everything a case needs; released by the next call. */
static struct {
    struct arena *a;
    struct target t;
    struct errinfo e;
    char *operands[32];
    int n;
} g;

static enum err parse(int argc, const char *const *argv)
{
    arena_reset(g.a);
    g.t = (struct target){.choice = -1};
    g.e = (struct errinfo){0};
    return opt_parse(groups, &g.t, g.a, argc, (char **)argv, g.operands, &g.n, &g.e);
}
#define PARSE(...)                                                                                 \
    parse((int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                           \
          (const char *[]){__VA_ARGS__})

static int setup(void **state)
{
    (void)state;
    g.a = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(g.a);
    return 0;
}

static void no_argument_is_fine(void **state)
{
    (void)state;
    assert_int_equal(parse(0, NULL), OK);
    assert_int_equal(g.n, 0);
    assert_null(g.operands[0]);
}

static void short_options_bundle(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-fvvo"), OK);
    assert_true(g.t.flag);
    assert_true(g.t.other);
    assert_int_equal(g.t.count, 2);
    assert_int_equal(PARSE("-fn3"), OK); /* the rest of the bundle is the value */
    assert_true(g.t.flag);
    assert_int_equal(g.t.number, 3);
    assert_int_equal(PARSE("-fn", "4"), OK);
    assert_int_equal(g.t.number, 4);
    assert_int_equal(PARSE("-s"), OK);
    assert_int_equal(g.t.set, 7);
}

static void long_options_take_values_both_ways(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--number=-5", "--text", "--flag"), OK);
    assert_int_equal(g.t.number, -5);
    assert_string_equal(g.t.text, "--flag"); /* a value may look like an option */
    assert_false(g.t.flag);
    assert_int_equal(PARSE("--text="), OK);
    assert_string_equal(g.t.text, "");
}

static void operands_mix_with_options(void **state)
{
    (void)state;
    assert_int_equal(PARSE("one", "-f", "-", "two", "--", "-o", "--flag"), OK);
    assert_int_equal(g.n, 5);
    assert_string_equal(g.operands[0], "one");
    assert_string_equal(g.operands[1], "-");
    assert_string_equal(g.operands[3], "-o");
    assert_string_equal(g.operands[4], "--flag");
    assert_null(g.operands[5]);
    assert_false(g.t.other);
}

static void lists_keep_their_order(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-la", "--list=b", "-l", "c"), OK);
    assert_int_equal(g.t.list.n, 3);
    assert_string_equal(g.t.list.v[0], "a");
    assert_string_equal(g.t.list.v[2], "c");
    assert_null(g.t.list.v[3]);
}

static void sizes_have_suffixes(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-z", "32K"), OK);
    assert_int_equal(g.t.size, 32768);
    assert_int_equal(PARSE("-z1m"), OK);
    assert_int_equal(g.t.size, 1 << 20);
    assert_int_equal(PARSE("-z0"), OK);
    assert_int_equal(g.t.size, 0);
    const char *const wrong[] = {"", "K", "1KB", "-1", "1.5M", "99999999999999999999", " 1",
                                 "18446744073709551615G"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(PARSE("-z", wrong[i]), E_USAGE);
        assert_non_null(strstr(g.e.msg, "--size"));
    }
}

static void mistakes_name_the_option(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--flags"), E_USAGE);
    assert_non_null(strstr(g.e.msg, "did you mean --flag?"));
    assert_int_equal(PARSE("--nothing-like-it"), E_USAGE);
    assert_null(strstr(g.e.msg, "did you mean"));
    assert_int_equal(PARSE("-fx"), E_USAGE);
    assert_non_null(strstr(g.e.msg, "-x"));
    assert_int_equal(PARSE("--flag=1"), E_USAGE);
    assert_non_null(strstr(g.e.msg, "takes no value"));
    assert_int_equal(PARSE("-n"), E_USAGE);
    assert_non_null(strstr(g.e.msg, "needs a value"));
    assert_int_equal(PARSE("--number"), E_USAGE);
    assert_int_equal(PARSE("-n6"), E_USAGE);
    assert_non_null(strstr(g.e.msg, "from -5 to 5"));
    assert_int_equal(PARSE("-n", "3x"), E_USAGE);
    assert_int_equal(PARSE("-n", ""), E_USAGE);
    assert_int_equal(PARSE("--real=nan"), E_USAGE);
    assert_int_equal(PARSE("--real=1.01"), E_USAGE);
    assert_int_equal(PARSE("-c", "blue"), E_USAGE);
    assert_non_null(strstr(g.e.msg, "red|green"));
    assert_int_equal(PARSE("--fla"), E_USAGE); /* no abbreviations */
}

static void enums_are_indexes(void **state)
{
    (void)state;
    assert_int_equal(PARSE("-cgreen"), OK);
    assert_int_equal(g.t.choice, 1);
}

static void the_environment_comes_first(void **state)
{
    (void)state;
    setenv("DEEPREAD_TEST_NUMBER", "2", 1);
    g.t = (struct target){0};
    g.e = (struct errinfo){0};
    assert_int_equal(opt_environment(groups, &g.t, g.a, &g.e), OK);
    assert_int_equal(g.t.number, 2);
    setenv("DEEPREAD_TEST_NUMBER", "many", 1);
    assert_int_equal(opt_environment(groups, &g.t, g.a, &g.e), E_USAGE);
    assert_non_null(strstr(g.e.msg, "DEEPREAD_TEST_NUMBER"));
    unsetenv("DEEPREAD_TEST_NUMBER");
    g.t = (struct target){0};
    assert_int_equal(opt_environment(groups, &g.t, g.a, NULL), OK);
    assert_int_equal(g.t.number, 0);
}

static enum err check(const struct opt *table)
{
    const struct opt_group one = {"Test", table};
    const struct opt_group *const list[] = {&one, NULL};
    g.e = (struct errinfo){0};
    return opt_check(list, &g.e);
}

static void check_finds_what_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(check(rows), OK);
    struct opt bad[12];
    memcpy(bad, rows, sizeof rows);
    bad[1].letter = 'f';
    assert_int_equal(check(bad), E_USAGE);
    memcpy(bad, rows, sizeof rows);
    bad[1].name = "flag";
    assert_int_equal(check(bad), E_USAGE);
    memcpy(bad, rows, sizeof rows);
    bad[0].help = NULL;
    assert_int_equal(check(bad), E_USAGE);
    memcpy(bad, rows, sizeof rows);
    bad[9].names = NULL;
    assert_int_equal(check(bad), E_USAGE);
    memcpy(bad, rows, sizeof rows);
    bad[4].arg = NULL;
    assert_int_equal(check(bad), E_USAGE);
    memcpy(bad, rows, sizeof rows);
    bad[0].arg = "X";
    assert_int_equal(check(bad), E_USAGE);
}

/* The tables of the program, in the combinations that its commands use. */
static void every_table_is_sound(void **state)
{
    (void)state;
    const struct opt_group *const sets[][8] = {
        {&group_ask, &group_input, &group_result, &group_reply, &group_model, &group_machine,
         &group_general},
        {&group_summarize, &group_input, &group_result, &group_reply, &group_model, &group_machine,
         &group_general},
        {&group_review, &group_input, &group_result, &group_reply, &group_model, &group_machine,
         &group_general},
        {&group_plan, &group_ask, &group_input, &group_model, &group_machine, &group_general},
        {&group_text, &group_input, &group_general}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        g.e = (struct errinfo){0};
        if (opt_check(sets[i], &g.e)) fail_msg("%s", g.e.msg);
    }
}

static void help_and_manual_show_every_row(void **state)
{
    (void)state;
    const struct opt_group *const list[] = {&group_input, &group_model, NULL};
    struct buf help = {0}, roff = {0};
    opt_help(list, 80, &help);
    for (const struct opt *o = group_input.opts; o->name; o++) {
        struct buf name = {0};
        buf_addf(&name, "--%s", o->name);
        assert_non_null(strstr(help.s, name.s));
        buf_free(&name);
    }
    for (const char *line = help.s; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        assert_true(strcspn(line, "\n") <= 80);
    }
    opt_roff(&group_model, "ask", &roff);
    opt_roff(&group_machine, "ask", &roff);
    assert_non_null(strstr(roff.s, "\\-\\-kv\\-type"));
    assert_non_null(strstr(roff.s, "DEEPREAD_MODEL"));
    buf_free(&help);
    buf_free(&roff);
}

static void values_that_exclude_each_other(void **state)
{
    (void)state;
    struct options o = options_default();
    g.e = (struct errinfo){0};
    assert_int_equal(options_check(&o, &g.e), OK);
    o.output_dir = "x";
    assert_int_equal(options_check(&o, &g.e), E_USAGE);
    o = options_default();
    o.index_share = "off";
    g.e = (struct errinfo){0};
    assert_int_equal(options_check(&o, &g.e), OK);
    assert_int_equal(o.index_share_n, 1);
    o.index_share = "4";
    assert_int_equal(options_check(&o, &g.e), OK);
    assert_int_equal(o.index_share_n, 4);
    o.index_share = "some";
    assert_int_equal(options_check(&o, &g.e), E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_argument_is_fine),
        cmocka_unit_test(short_options_bundle),
        cmocka_unit_test(long_options_take_values_both_ways),
        cmocka_unit_test(operands_mix_with_options),
        cmocka_unit_test(lists_keep_their_order),
        cmocka_unit_test(sizes_have_suffixes),
        cmocka_unit_test(mistakes_name_the_option),
        cmocka_unit_test(enums_are_indexes),
        cmocka_unit_test(the_environment_comes_first),
        cmocka_unit_test(check_finds_what_is_wrong),
        cmocka_unit_test(every_table_is_sound),
        cmocka_unit_test(help_and_manual_show_every_row),
        cmocka_unit_test(values_that_exclude_each_other),
    };
    return cmocka_run_group_tests_name("opt", tests, setup, teardown);
}
