/* test_skeleton.c: what stays of a file of source code, and where its lines came from. */
#include "ingest/skeleton.h"
#include "tests/ingest_check.h"

static char *dir;

/* Reads the source as a file of that name; its skeleton must say `expect`, NULL for none. */
static void stays(const char *name, const char *source, const char *expect)
{
    struct docset set = {0};
    struct arena *a = arena_new();
    char path[300];
    write_text(dir, name, source);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    struct ingest_options o = {0};
    assert_int_equal(ingest_path(&set, a, path, &o, NULL, NULL, NULL), OK);
    struct doc *d = skeleton_of(a, set.v[0]);
    if (!expect) {
        assert_null(d);
    } else {
        assert_non_null(d);
        if (strcmp(d->text.s, expect) != 0) print_message("got:\n%s", d->text.s);
        assert_string_equal(d->text.s, expect);
        check_text(d);
        check_spans(d, source, strlen(source));
        assert_string_equal(d->sha256, set.v[0]->sha256);
        assert_string_equal(d->name, set.v[0]->name);
        /* lines are those of the source */
        for (size_t i = 0; i < d->n_spans; i++) {
            uint32_t line = 1;
            for (size_t k = 0; k < d->spans[i].byte; k++) line += source[k] == '\n';
            assert_int_equal(d->spans[i].line, line);
        }
    }
    arena_free(a);
}

static void languages(void **state)
{
    (void)state;
    stays("a.c",
          "#include <x.h>\n\n/* Adds.\n * Never fails. */\nstatic int add(int a,\n               "
          "int b)\n{\n"
          "    return a + b;\n}\n\nint x = 1;\nstruct p {\n    int y;\n};\n",
          "/* Adds.\n * Never fails. */\nstatic int add(int a,\n               int b)\n\nstruct p "
          "{\n");
    stays("a.py",
          "import os\n\nclass A:\n    \"\"\"A thing.\"\"\"\n\n    @prop\n    def f(self, x,\n      "
          "    y):\n"
          "        '''Does\n        it.'''\n        return 1\n",
          "class A:\n    \"\"\"A thing.\"\"\"\n\n    @prop\n    def f(self, x,\n          y):\n"
          "        '''Does\n        it.'''\n");
    stays("a.go", "package a\n\n// F runs.\nfunc F(x int) error {\n\treturn nil\n}\n",
          "// F runs.\nfunc F(x int) error {\n");
    stays("a.rs", "use a;\n\n/// Runs.\npub async fn run() {\n    go();\n}\n",
          "/// Runs.\npub async fn run() {\n");
    stays("a.js",
          "const a = 1;\nexport class B {\n  run(x) {\n    if (x) {\n      y();\n    }\n  }\n}\n"
          "const f = (x) => x;\n",
          "export class B {\n  run(x) {\n\nconst f = (x) => x;\n");
    stays("A.java",
          "package a;\n\npublic class A {\n    /** Gets. */\n    public int get(int i) {\n"
          "        return i;\n    }\n}\n",
          "public class A {\n    /** Gets. */\n    public int get(int i) {\n");
    stays("a.rb", "x = 1\n# Runs.\ndef run\n  go\nend\n", "# Runs.\ndef run\n");
    stays("a.sh", "set -e\n# Runs.\nrun() {\n    go\n}\nrun\n", "# Runs.\nrun() {\n");
}

/* Nothing declared, no code, nothing left out: no skeleton. */
static void none(void **state)
{
    (void)state;
    stays("b.c", "int x = 1;\nint y = 2;\n", NULL);
    stays("b.txt", "int main(void)\n{\n}\n", NULL);
    stays("b.h", "int f(void);\n", NULL);
    stays("b.json", "{\"a\": 1}\n", NULL);
}

/* Signatures that never end, and lines without end. */
static void hard(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_addz(&b, "int f(");
    for (int i = 0; i < 100; i++) buf_addf(&b, "int a%d,\n", i);
    buf_addz(&b, "int z);\n");
    char *expect = strdup(b.s);
    char *tenth = expect;
    for (int i = 0; i < 11; i++) tenth = strchr(tenth, '\n') + 1;
    *tenth = '\0';
    stays("c.c", b.s, expect);
    free(expect);
    buf_clear(&b);
    buf_addz(&b, "int g(");
    for (int i = 0; i < 1000; i++) buf_addz(&b, "int, ");
    buf_addz(&b, "int);\nint h(void) {\nint i;\nreturn i;\n}\n");
    stays("d.c", b.s, "int h(void) {\n");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(languages),
        cmocka_unit_test(none),
        cmocka_unit_test(hard),
    };
    dir = make_folder();
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    drop_folder(dir);
    return r;
}
