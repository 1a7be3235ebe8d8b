/* test_tree.c: what of a folder is read, in which order, and what the ledger says of the rest. */
#include <git2.h>
#include <signal.h>
#include <sys/resource.h>

#include "ingest/glob.h"
#include "ingest/rule.h"
#include "ingest/tree.h"
#include "tests/ingest_check.h"

/* ------------------------------------------------------------------ globs */

static bool matches(const char *pattern, const char *path, bool is_folder)
{
    struct arena *a = arena_new();
    struct glob g;
    assert_int_equal(glob_compile(&g, a, pattern, NULL), OK);
    bool m = glob_match(&g, path, is_folder);
    arena_free(a);
    return m;
}

static void globs(void **state)
{
    (void)state;
    static const struct { const char *pattern, *path; bool match; } v[] = {
        {"*.c", "a.c", true},           {"*.c", "x/y/a.c", true},       {"*.c", "a.h", false},
        {"*.c", ".c", true},            {"a*b*c", "aXbYc", true},       {"a*b*c", "aXbY", false},
        {"?", "\xc3\xa9", true},        {"?", "", false},               {"[a-c]x", "bx", true},
        {"[!a-c]x", "bx", false},       {"[^a-c]x", "dx", true},        {"[]]", "]", true},
        {"[]-a]", "^", true},           {"[[:digit:]]", "7", true},     {"[[:digit:]]", "x", false},
        {"[\\]]", "]", true},           {"\\*", "*", true},             {"\\*", "x", false},
        {"/a", "a", true},              {"/a", "x/a", false},           {"a/b", "a/b", true},
        {"a/b", "x/a/b", false},        {"**/b", "b", true},            {"**/b", "x/y/b", true},
        {"a/**", "a/x/y", true},        {"a/**", "a", false},           {"a/**/b", "a/b", true},
        {"a/**/b", "a/x/y/b", true},    {"a/**/b", "a/x/y/c", false},   {"a/*", "a/b", true},
        {"a/*", "a/b/c", false},        {"a/*/c", "a/b/c", true},       {"**/a/**/b", "x/a/y/b", true},
        {"a//b", "a/b", true},          {"**foo", "xfoo", true},        {"src/**/x", "src/x", true},
        {"*", "", true},                {"a**b", "aXb", true},          {"a/b*", "a/b", true},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        if (matches(v[i].pattern, v[i].path, false) != v[i].match)
            fail_msg("'%s' and '%s'", v[i].pattern, v[i].path);
    assert_false(matches("a/", "a", false));
    assert_true(matches("a/", "x/a", true));
    assert_true(matches("/a/", "a", true));
}

static void bad_globs(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "/", "!", "[a", "a\\", "[", "[[:alpha:]", "a[/]b", "{a,b",
                                      "///"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct arena *a = arena_new();
        struct globs gs = {0};
        struct errinfo e = {0};
        if (globs_add(&gs, a, bad[i], &e) != E_USAGE) fail_msg("'%s' was taken", bad[i]);
        assert_true(e.msg[0]);
        arena_free(a);
    }
}

static void braces(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct globs gs = {0};
    assert_int_equal(globs_add(&gs, a, "*.{c,h,in{l,c}}", NULL), OK);
    assert_int_equal(gs.n, 4);
    assert_non_null(globs_last(&gs, "x.c", false));
    assert_non_null(globs_last(&gs, "x/y.inl", false));
    assert_null(globs_last(&gs, "x.in", false));
    struct buf b = {0};
    for (int i = 0; i < 100; i++) buf_addz(&b, "{a,b}");
    assert_int_equal(globs_add(&gs, a, b.s, NULL), E_USAGE);
    buf_free(&b);
    gs = (struct globs){0};
    assert_int_equal(globs_add(&gs, a, "src", NULL), OK);
    assert_int_equal(globs_add(&gs, a, "!src/keep", NULL), OK);
    assert_false(globs_last(&gs, "src/x/y", false)->negated);
    assert_true(globs_last(&gs, "src/keep/y", false)->negated);
    arena_free(a);
}

/* A pattern made to be slow must not be. */
static void slow_globs(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct buf p = {0}, s = {0};
    for (int i = 0; i < 200; i++) buf_addz(&p, "*a");
    buf_addz(&p, "b");
    for (int i = 0; i < 5000; i++) buf_addz(&s, "a");
    struct glob g;
    assert_int_equal(glob_compile(&g, a, p.s, NULL), OK);
    assert_false(glob_match(&g, s.s, false));
    buf_clear(&p);
    buf_clear(&s);
    for (int i = 0; i < 200; i++) buf_addz(&p, "**/a/");
    buf_addz(&p, "b");
    for (int i = 0; i < 2000; i++) buf_addz(&s, "a/");
    assert_int_equal(glob_compile(&g, a, p.s, NULL), OK);
    assert_false(glob_match(&g, s.s, false));
    buf_free(&p);
    buf_free(&s);
    arena_free(a);
}

/* ------------------------------------------------------------------ lines of ignore files */

static bool rule_takes(const char *line, const char *path, bool is_folder, bool fold)
{
    struct arena *a = arena_new();
    struct rule r;
    bool m = rule_parse(&r, a, line, strlen(line), fold) && rule_match(&r, path, is_folder);
    arena_free(a);
    return m;
}

/* Each row was asked of git 2.39 (check-ignore, ls-files -o). */
static void ignore_lines(void **state)
{
    (void)state;
    static const struct { const char *line, *path; bool takes; } v[] = {
        {"*.c", "a/x.c", true},        {"a/*", "a/b", true},          {"a/*/d", "a/b/c/d", false},
        {"/a", "a", true},             {"/a", "x/a", false},          {"**/b", "b", true},
        {"**/b", "x/y/b", true},       {"a/**/b", "a/b", true},       {"a/**/b", "a/x/y/b", true},
        {"a/**", "a/x/y", true},       {"a/**", "a", false},          {"a/**b/c", "a/xb/c", true},
        {"a/**b/c", "a/x/b/c", false}, {"x/*/b/**/c*d", "x/y/b/z/cd", true},
        {"a//b", "a/b", false},        {"//", "a", false},            {"!", "!", false},
        {"#x", "#x", false},           {"\\#x", "#x", true},          {"\\!x", "!x", true},
        {"x \\ ", "x  ", true},        {"x\\\\  ", "x\\", true},      {"x  ", "x", true},
        {"x\t", "x", false},           {"x\r", "x", true},            {"x\\", "x", false},
        /* bytes, not characters */
        {"?", "\xc3\xa9", false},      {"??", "\xc3\xa9", true},      {"[!a]", "\xc3\xa9", false},
        /* a bracket reaches over slashes, takes none, and needs its end */
        {"[a-/]", "a", true},          {"[a/b]", "b", true},          {"x[/]y", "x/y", false},
        {"[a-", "a", false},           {"*[a", "xa", false},          {"[]a]", "]", true},
        {"[a-]", "-", true},           {"[+--]", ",", true},          {"[a-c-e]", "-", true},
        {"[a-c-e]", "d", false},       {"[\\]]", "]", true},          {"[!]a]", "b", true},
        {"[[:alpha:]", "a", false},     {"[[:alpha:]]", "1", false},   {"[[:foo:]]", "f", false},
        {"[a[:foo:]]", "a", false},    {"x[[:]", "x:", true},           {"x[[::]]", "x:", false},
        {"[[:x]", "[", true},          {"x[a-[:d:]]", "xd]", true},
        {"[[:space:]]", "\v", false},  {"[[:space:]]", "\r", true},   {"[[:space:]]", "\n", true},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        if (rule_takes(v[i].line, v[i].path, false, false) != v[i].takes)
            fail_msg("'%s' and '%s'", v[i].line, v[i].path);
    assert_false(rule_takes("a/", "a", false, false));
    assert_true(rule_takes("a/", "x/a", true, false));
    assert_false(rule_takes("a/b/", "a/bc", true, false));
}

static void either_case(void **state)
{
    (void)state;
    static const struct { const char *line, *path; bool takes; } v[] = {
        {"foo", "FOO", true},      {"FOO*", "foobar", true}, {"a/B", "A/b", true},
        {"[a-c]", "B", true},      {"[A-C]", "b", true},     {"[A]", "a", false},
        {"[a]", "A", true},        {"\\A", "a", false},      {"\\a", "A", true},
        {"[[:upper:]]", "a", true}, {"*.\xc3\xa9", "x.\xc3\x89", false},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        if (rule_takes(v[i].line, v[i].path, false, true) != v[i].takes)
            fail_msg("'%s' and '%s'", v[i].line, v[i].path);
    }
    assert_false(rule_takes("foo", "FOO", false, false));
}

/* A line made to be slow must not be. */
static void slow_lines(void **state)
{
    (void)state;
    struct buf p = {0}, s = {0};
    for (int i = 0; i < 200; i++) buf_addz(&p, i % 2 ? "*a" : "**/a*/");
    buf_addz(&p, "b");
    for (int i = 0; i < 2000; i++) buf_addz(&s, i % 5 ? "aa" : "a/");
    assert_false(rule_takes(p.s, s.s, false, false));
    buf_free(&p);
    buf_free(&s);
}

/* ------------------------------------------------------------------ folders */

/* The paths with this status below dir, one a line, with the reason where there is one. */
static char *listing(const char *dir, const struct ingest_options *o, enum ledger_status status,
                     bool reasons)
{
    struct arena *a = arena_new();
    struct ledger l = {0};
    struct errinfo e = {0};
    enum err r = ingest_list(&l, a, dir, o, &e);
    if (r && r != E_EMPTY) fail_msg("%s", e.msg);
    struct buf b = {0};
    buf_addz(&b, "");
    size_t n = strlen(dir);
    for (size_t i = 0; i < l.n; i++) {
        if (l.v[i].status != status) continue;
        const char *rel = strncmp(l.v[i].path, dir, n) == 0 && l.v[i].path[n] == '/'
                              ? l.v[i].path + n + 1 : l.v[i].path;
        buf_addz(&b, rel);
        if (reasons) buf_addf(&b, " (%s)", l.v[i].reason);
        buf_addc(&b, '\n');
    }
    arena_free(a);
    return b.s;
}

static void assert_used(const char *dir, const struct ingest_options *o, const char *expect)
{
    char *got = listing(dir, o, LEDGER_USED, false);
    assert_string_equal(got, expect);
    mem_free(got);
}

static void assert_left(const char *dir, const struct ingest_options *o, enum ledger_status status,
                        const char *expect)
{
    char *got = listing(dir, o, status, true);
    assert_string_equal(got, expect);
    mem_free(got);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the lines of s in place. */
static void sort_lines(char *s)
{
    char *lines[1000], *copy = strdup(s), *save = NULL;
    size_t n = 0;
    for (char *l = strtok_r(copy, "\n", &save); l && n < 1000; l = strtok_r(NULL, "\n", &save))
        lines[n++] = l;
    qsort(lines, n, sizeof *lines, by_bytes);
    for (size_t i = 0; i < n; i++) s = stpcpy(stpcpy(s, lines[i]), "\n");
    free(copy);
}

/* Small repositories whose lists were made by git. */
static void git_trees(void **state)
{
    (void)state;
    static const char *const v[] = {"precedence-crlf", "project-jvm", "ripgrep-unit-b"};
    for (size_t i = 0; i < 3; i++) {
        char *dir = make_folder(), cmd[400], path[200];
        snprintf(cmd, sizeof cmd, "tar -xf tests/data/ingest/tree/%s.tar -C %s", v[i], dir);
        assert_int_equal(system(cmd), 0);
        struct buf truth;
        snprintf(path, sizeof path, "tests/data/ingest/tree/%s.list", v[i]);
        read_all(path, &truth);
        sort_lines(truth.s);
        struct ingest_options o = {.hidden = true};
        char *got = listing(dir, &o, LEDGER_USED, false);
        sort_lines(got);
        assert_string_equal(got, truth.s);
        mem_free(got);
        buf_free(&truth);
        drop_folder(dir);
    }
}

static void order_and_names(void **state)
{
    (void)state;
    char *dir = make_folder();
    write_text(dir, "b.c", "int b;\n");
    write_text(dir, "a.c", "int a;\n");
    write_text(dir, "a/z.c", "int z;\n");
    write_text(dir, "a-b/x.c", "int x;\n");
    write_text(dir, "B.c", "int B;\n");
    struct ingest_options o = {0};
    assert_used(dir, &o, "B.c\na-b/x.c\na.c\na/z.c\nb.c\n");
    /* Names are paths that can be opened from where the program runs. */
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(dir), 0);
    assert_used(".", &o, "B.c\na-b/x.c\na.c\na/z.c\nb.c\n");
    assert_used("./", &o, "B.c\na-b/x.c\na.c\na/z.c\nb.c\n");
    char *got = listing("./a//", &o, LEDGER_USED, false);
    assert_string_equal(got, "a/z.c\n");
    mem_free(got);
    got = listing("a", &o, LEDGER_USED, false);
    assert_string_equal(got, "z.c\n"); /* this listing cuts the folder off */
    mem_free(got);
    assert_int_equal(chdir(here), 0);
    drop_folder(dir);
}

static void rules(void **state)
{
    (void)state;
    char *dir = make_folder(), path[300];
    write_text(dir, "keep.c", "int x;\n");
    write_text(dir, "empty.c", "");
    write_text(dir, ".hidden.c", "int h;\n");
    write_text(dir, ".dots/x.c", "int h;\n");
    write_file(dir, "image.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    write_file(dir, "data.bin", "\0\1\2\3\4\5\6\7", 8);
    write_text(dir, "app.min.js", "var x;\n");
    write_text(dir, "yarn.lock", "# yarn\n");
    write_text(dir, "made.go", "// Code generated by x. DO NOT EDIT.\npackage x\n");
    write_text(dir, "long.txt", "0123456789012345678901234567890123456789\n");
    snprintf(path, sizeof path, "%s/pipe", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/link.c", dir);
    assert_int_equal(symlink("keep.c", path), 0);
    snprintf(path, sizeof path, "%s/broken.c", dir);
    assert_int_equal(symlink("nowhere", path), 0);
    struct ingest_options o = {.max_file = 38};
    /* made.go is larger than the limit here, see below */
    assert_left(dir, &o, LEDGER_SKIPPED,
                "app.min.js (minified)\nbroken.c (symbolic link)\ndata.bin (binary)\n"
                "empty.c (empty)\nimage.png (binary: a PNG image)\nlink.c (symbolic link)\n"
                "long.txt (larger than 38 bytes)\nmade.go (larger than 38 bytes)\n"
                "pipe (named pipe)\nyarn.lock (lock file)\n");
    assert_left(dir, &o, LEDGER_IGNORED, ".dots (hidden)\n.hidden.c (hidden)\n");
    o = (struct ingest_options){.hidden = true, .follow = true};
    assert_used(dir, &o, ".dots/x.c\n.hidden.c\nkeep.c\nlong.txt\n");
    assert_left(dir, &o, LEDGER_SKIPPED,
                "app.min.js (minified)\nbroken.c (broken symbolic link)\ndata.bin (binary)\n"
                "empty.c (empty)\nimage.png (binary: a PNG image)\nlink.c (read already (link))\n"
                "made.go (generated)\npipe (named pipe)\nyarn.lock (lock file)\n");
    drop_folder(dir);
}

static void include_exclude(void **state)
{
    (void)state;
    char *dir = make_folder();
    write_text(dir, "src/a.c", "x\n");
    write_text(dir, "src/a.h", "x\n");
    write_text(dir, "src/deep/b.c", "x\n");
    write_text(dir, "test/t.c", "x\n");
    write_text(dir, "doc.md", "x\n");
    const char *c[] = {"*.c", NULL}, *src[] = {"src/**/*.c", NULL}, *test[] = {"test", NULL};
    const char *folder[] = {"src/", NULL}, *not_c[] = {"!*.c", NULL};
    const char *all_but[] = {"src", "!src/deep", NULL};
    struct ingest_options o = {.include = c};
    assert_used(dir, &o, "src/a.c\nsrc/deep/b.c\ntest/t.c\n");
    o = (struct ingest_options){.include = src};
    assert_used(dir, &o, "src/a.c\nsrc/deep/b.c\n");
    o = (struct ingest_options){.include = c, .exclude = test};
    assert_used(dir, &o, "src/a.c\nsrc/deep/b.c\n");
    o = (struct ingest_options){.include = folder};
    assert_used(dir, &o, "src/a.c\nsrc/a.h\nsrc/deep/b.c\n");
    o = (struct ingest_options){.include = not_c};
    assert_used(dir, &o, "doc.md\nsrc/a.h\n");
    o = (struct ingest_options){.exclude = all_but};
    assert_used(dir, &o, "doc.md\nsrc/deep/b.c\ntest/t.c\n");
    o = (struct ingest_options){.max_depth = 1};
    assert_used(dir, &o, "doc.md\n");
    assert_left(dir, &o, LEDGER_IGNORED, "src (deeper than --max-depth)\ntest (deeper than --max-depth)\n");
    o.max_depth = 2;
    assert_used(dir, &o, "doc.md\nsrc/a.c\nsrc/a.h\ntest/t.c\n");
    o.max_depth = 3;
    assert_used(dir, &o, "doc.md\nsrc/a.c\nsrc/a.h\nsrc/deep/b.c\ntest/t.c\n");
    const char *bad[] = {"[", NULL};
    o = (struct ingest_options){.exclude = bad};
    struct ledger l = {0};
    struct arena *a = arena_new();
    assert_int_equal(ingest_list(&l, a, dir, &o, NULL), E_USAGE);
    arena_free(a);
    drop_folder(dir);
}

static void own_ignore_files(void **state)
{
    (void)state;
    char *dir = make_folder();
    write_text(dir, ".ignore", "\xef\xbb\xbf# comment\n*.log  \nsub/\n\\#x\n[broken\n");
    write_text(dir, ".deepreadignore", "!keep.log\r\nsecret*\r\n");
    write_text(dir, "a.log", "x\n");
    write_text(dir, "keep.log", "x\n");
    write_text(dir, "secret.txt", "x\n");
    write_text(dir, "sub/x.c", "x\n");
    write_text(dir, "deep/.ignore", "!a.log\nnothere\n");
    write_text(dir, "deep/a.log", "x\n");
    write_text(dir, "#x", "x\n");
    write_text(dir, "ok.txt", "x\n");
    struct ingest_options o = {0};
    assert_used(dir, &o, "deep/a.log\nkeep.log\nok.txt\n");
    assert_left(dir, &o, LEDGER_IGNORED,
                "#x (rule .ignore)\n.deepreadignore (hidden)\n.ignore (hidden)\n"
                "a.log (rule .ignore)\ndeep/.ignore (hidden)\nsecret.txt (rule .deepreadignore)\n"
                "sub (rule .ignore)\n");
    o.no_ignore = true;
    assert_used(dir, &o,
                "#x\na.log\ndeep/a.log\nkeep.log\nok.txt\nsecret.txt\nsub/x.c\n");
    char sub[300];
    snprintf(sub, sizeof sub, "%s/sub", dir); /* named: read, though a rule above leaves it out */
    o.no_ignore = false;
    assert_used(sub, &o, "x.c\n");
    drop_folder(dir);
}

/* Files that git tracks are read though a rule would leave them out; .git never is. */
static void tracked_files(void **state)
{
    (void)state;
    char *dir = make_folder();
    write_text(dir, ".gitignore", "build/\n*.log\n");
    write_text(dir, "build/kept.c", "int k;\n");
    write_text(dir, "build/made.c", "int m;\n");
    write_text(dir, "kept.log", "x\n");
    write_text(dir, "other.log", "x\n");
    write_text(dir, "a.c", "int a;\n");
    git_repository *repo = NULL;
    git_index *index = NULL;
    git_libgit2_init();
    assert_int_equal(git_repository_init(&repo, dir, 0), 0);
    assert_int_equal(git_repository_index(&index, repo), 0);
    assert_int_equal(git_index_add_bypath(index, "build/kept.c"), 0);
    assert_int_equal(git_index_add_bypath(index, "kept.log"), 0);
    assert_int_equal(git_index_write(index), 0);
    git_index_free(index);
    git_repository_free(repo);
    git_libgit2_shutdown();
    struct ingest_options o = {0};
    assert_used(dir, &o, "a.c\nbuild/kept.c\nkept.log\n");
    o.hidden = true;
    assert_used(dir, &o, ".gitignore\na.c\nbuild/kept.c\nkept.log\n");
    assert_left(dir, &o, LEDGER_IGNORED,
                ".git (version control)\nbuild/made.c (rule .gitignore)\n"
                "other.log (rule .gitignore)\n");
    /* A .gitignore above the folder that was named counts inside the work tree. */
    write_text(dir, "in/x.log", "x\n");
    write_text(dir, "in/x.c", "x\n");
    char sub[300];
    snprintf(sub, sizeof sub, "%s/in", dir);
    o.hidden = false;
    assert_used(sub, &o, "x.c\n");
    /* .ignore overrules .gitignore. */
    write_text(dir, ".ignore", "!other.log\na.c\n");
    assert_used(dir, &o, "build/kept.c\nin/x.c\nkept.log\nother.log\n");
    drop_folder(dir);
}

static git_repository *new_repository(const char *path)
{
    git_repository *repo = NULL;
    assert_int_equal(git_repository_init(&repo, path, 0), 0);
    return repo;
}

static void add_gitlink(git_repository *repo, const char *path)
{
    git_index *index = NULL;
    git_index_entry entry = {.mode = GIT_FILEMODE_COMMIT, .path = path};
    memset(entry.id.id, 0x5a, sizeof entry.id.id); /* some commit of it */
    assert_int_equal(git_repository_index(&index, repo), 0);
    assert_int_equal(git_index_add(index, &entry), 0);
    assert_int_equal(git_index_write(index), 0);
    git_index_free(index);
}

/* A submodule that is checked out (its .git is a file that leads into that of the tree) is part of the
 * tree, by its own rules, also below a folder that is left out; and so is a repository that merely
 * lies there. */
static void submodules(void **state)
{
    (void)state;
    char *dir = make_folder(), path[300];
    write_text(dir, ".gitignore", "*.log\nout/\n");
    write_text(dir, "a.c", "int a;\n");
    write_text(dir, "ext/lib/.gitignore", "*.tmp\n");
    write_text(dir, "ext/lib/l.c", "int l;\n");
    write_text(dir, "ext/lib/l.log", "of the library\n");
    write_text(dir, "ext/lib/l.tmp", "left out\n");
    write_text(dir, "nested/n.c", "int n;\n");
    write_text(dir, "nested/n.log", "of the other\n");
    write_text(dir, "out/lib/o.c", "int o;\n");
    write_text(dir, "out/x.c", "int x;\n");
    git_libgit2_init();
    git_repository *repo = new_repository(dir);
    static const char *const subs[] = {"ext/lib", "out/lib"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/.git/modules/%zu", dir, i);
        git_repository *sub = NULL;
        git_repository_init_options how = {.version = GIT_REPOSITORY_INIT_OPTIONS_VERSION};
        char work[300], file[100];
        snprintf(work, sizeof work, "%s/%s", dir, subs[i]);
        how.flags = GIT_REPOSITORY_INIT_MKPATH | GIT_REPOSITORY_INIT_NO_DOTGIT_DIR;
        how.workdir_path = work;
        assert_int_equal(git_repository_init_ext(&sub, path, &how), 0);
        git_repository_free(sub);
        snprintf(path, sizeof path, "%s/.git", subs[i]);
        snprintf(file, sizeof file, "gitdir: ../../.git/modules/%zu\n", i);
        write_text(dir, path, file);
        add_gitlink(repo, subs[i]);
    }
    git_repository_free(repo);
    snprintf(path, sizeof path, "%s/nested", dir);
    git_repository_free(new_repository(path));
    git_libgit2_shutdown();
    struct ingest_options o = {0};
    assert_used(dir, &o, "a.c\next/lib/l.c\next/lib/l.log\nnested/n.c\nnested/n.log\nout/lib/o.c\n");
    drop_folder(dir);
}

static void links(void **state)
{
    (void)state;
    char *dir = make_folder(), *away = make_folder(), path[300];
    write_text(away, "far.c", "int far;\n");
    write_text(dir, "a/x.c", "int x;\n");
    snprintf(path, sizeof path, "%s/a/loop", dir);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/away", dir);
    assert_int_equal(symlink(away, path), 0);
    struct ingest_options o = {0};
    assert_used(dir, &o, "a/x.c\n");
    assert_left(dir, &o, LEDGER_SKIPPED, "a/loop (symbolic link)\naway (symbolic link)\n");
    o.follow = true;
    assert_used(dir, &o, "a/x.c\naway/far.c\n");
    assert_left(dir, &o, LEDGER_SKIPPED, "a/loop (read already (symbolic link))\n");
    drop_folder(away);
    drop_folder(dir);
}

static void deep_and_unreadable(void **state)
{
    (void)state;
    char *dir = make_folder();
    struct buf b = {0};
    for (int i = 0; i < 140; i++) buf_addz(&b, "d/");
    buf_addz(&b, "x.c");
    write_text(dir, "ok.c", "int x;\n");
    write_text(dir, b.s, "int x;\n");
    struct ingest_options o = {0};
    assert_used(dir, &o, "ok.c\n");
    char *left = listing(dir, &o, LEDGER_SKIPPED, true);
    assert_non_null(strstr(left, "too many folders"));
    mem_free(left);
    buf_free(&b);
    drop_folder(dir);
    struct arena *a = arena_new();
    struct ledger l = {0};
    struct errinfo e = {0};
    assert_int_equal(ingest_list(&l, a, "/nonexistent-folder", &o, &e), E_IO);
    assert_non_null(strstr(e.msg, "/nonexistent-folder"));
    arena_free(a);
}

/* ------------------------------------------------------------------ the thread that walks ahead */

enum { MANY = 300 };

/* Folders with a file that is read and one that is not: more than may be open at once. */
static char *make_many(void)
{
    char *dir = make_folder(), name[40];
    write_text(dir, ".ignore", "*.o\n");
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "f%03d/a.c", i);
        write_text(dir, name, "int a;\n");
        snprintf(name, sizeof name, "f%03d/b.o", i);
        write_text(dir, name, "b\n");
    }
    return dir;
}

static void many_folders(void **state)
{
    (void)state;
    char *dir = make_many(), path[300];
    struct ingest_options o = {0};
    struct rlimit all, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
    few = all;
    few.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct arena *a = arena_new();
    struct ledger l = {0};
    assert_int_equal(ingest_list(&l, a, dir, &o, NULL), OK);
    setrlimit(RLIMIT_NOFILE, &all);
    assert_int_equal(l.n, 1 + 2 * MANY);
    for (size_t i = 0; i < MANY; i++) {
        const struct ledger_entry *v = &l.v[1 + 2 * i];
        snprintf(path, sizeof path, "%s/f%03zu/a.c", dir, i);
        assert_string_equal(v[0].path, path);
        assert_int_equal(v[0].status, LEDGER_USED);
        snprintf(path, sizeof path, "%s/f%03zu/b.o", dir, i);
        assert_string_equal(v[1].path, path);
        assert_string_equal(v[1].reason, "rule .ignore");
    }
    arena_free(a);
    drop_folder(dir);
}

static enum err refuse_tenth(void *ctx, const struct tree_file *f, struct errinfo *e)
{
    int *n = ctx;
    return ++*n == 10 ? err_set(e, E_LIMIT, "%s is one too many", f->rel) : OK;
}

/* What visit says ends the walk, and nothing that was found behind it is told. */
static void visit_ends_walk(void **state)
{
    (void)state;
    char *dir = make_many();
    struct ingest_options o = {0};
    struct arena *a = arena_new();
    struct ledger l = {0};
    struct errinfo e = {0};
    int n = 0;
    assert_int_equal(tree_walk(dir, &o, a, &l, refuse_tenth, &n, &e), E_LIMIT);
    assert_string_equal(e.msg, "f009/a.c is one too many");
    assert_int_equal(n, 10);
    assert_int_equal(l.n, 1 + 9);
    arena_free(a);
    drop_folder(dir);
}

static enum err interrupt_third(void *ctx, const struct tree_file *f, struct errinfo *e)
{
    int *n = ctx;
    (void)f, (void)e;
    if (++*n == 3) sys_interrupt(SIGINT);
    return OK;
}

/* A user who interrupts the reading of files that were all found already is heard, too. */
static void interruption_ends_walk(void **state)
{
    (void)state;
    char *dir = make_folder(), name[40];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "%02d.c", i);
        write_text(dir, name, "int a;\n");
    }
    struct ingest_options o = {0};
    struct arena *a = arena_new();
    struct ledger l = {0};
    struct errinfo e = {0};
    int n = 0;
    enum err r = tree_walk(dir, &o, a, &l, interrupt_third, &n, &e);
    sys_interrupt(0);
    assert_int_equal(r, E_INTR);
    assert_non_null(strstr(e.msg, "interrupted while reading"));
    assert_non_null(strstr(e.msg, "/03.c"));
    assert_int_equal(n, 3);
    arena_free(a);
    drop_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs),           cmocka_unit_test(bad_globs),
        cmocka_unit_test(braces),          cmocka_unit_test(slow_globs),
        cmocka_unit_test(ignore_lines),    cmocka_unit_test(either_case),
        cmocka_unit_test(slow_lines),
        cmocka_unit_test(git_trees),       cmocka_unit_test(order_and_names),
        cmocka_unit_test(rules),           cmocka_unit_test(include_exclude),
        cmocka_unit_test(own_ignore_files), cmocka_unit_test(tracked_files),
        cmocka_unit_test(submodules),
        cmocka_unit_test(links),           cmocka_unit_test(deep_and_unreadable),
        cmocka_unit_test(many_folders),    cmocka_unit_test(visit_ends_walk),
        cmocka_unit_test(interruption_ends_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
