/* test_source.c: operands to documents: what is recognised, what is refused and how it is said. */
#include <signal.h>
#include <sys/wait.h>

#include "extract/serve.h"
#include "ingest/pages.h"
#include "tests/ingest_check.h"
#include "tests/scratch.h"

struct got {
    struct arena *a;
    struct docset set;
    struct errinfo e;
    size_t ticks;
};

static void tick(void *ctx, const char *path, size_t done)
{
    (void)path;
    (void)done;
    ((struct got *)ctx)->ticks++;
}

static enum err ingest(struct got *g, const char *path, struct ingest_options o)
{
    *g = (struct got){.a = arena_new()};
    enum err r = ingest_path(&g->set, g->a, path, &o, tick, g, &g->e);
    if (r) {
        assert_int_equal(g->e.code, r);
        assert_true(g->e.msg[0]);
        assert_null(strchr(g->e.msg, '\n'));
    }
    return r;
}

static void done(struct got *g)
{
    arena_free(g->a);
}

/* One file with these bytes ends in this error, one ledger entry and these words. */
static void assert_refused(const char *name, const char *s, size_t n, enum err code,
                           const char *says)
{
    struct got g;
    write_file(dir, name, s, n);
    assert_int_equal(ingest(&g, in_dir(name), (struct ingest_options){0}), code);
    if (!strstr(g.e.msg, says)) fail_msg("'%s' does not say '%s'", g.e.msg, says);
    assert_non_null(strstr(g.e.msg, name));
    assert_int_equal(g.set.n, 0);
    assert_int_equal(g.set.ledger.n, 1);
    assert_int_equal(g.set.ledger.v[0].status, LEDGER_UNREADABLE);
    assert_null(strstr(g.set.ledger.v[0].reason, in_dir(name)));
    assert_int_equal(g.ticks, 1);
    done(&g);
}
#define REFUSED(name, lit, code, says) assert_refused(name, lit, sizeof(lit) - 1, code, says)

static void bad_inputs(void **state)
{
    (void)state;
    REFUSED("empty.txt", "", E_EMPTY, "is empty");
    REFUSED("blank.txt", " \n\t \xc2\xa0\n\r\n", E_EMPTY, "no text");
    REFUSED("mark.txt", "\xef\xbb\xbf", E_EMPTY, "no text");
    REFUSED("a.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", E_UNSUPPORTED, "a PNG image");
    REFUSED("prog", "\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0", E_UNSUPPORTED, "ELF");
    REFUSED("a.rar", "Rar!\x1a\7\1\0", E_UNSUPPORTED, "RAR archive");
    REFUSED("noise.txt", "\1\2\3\4\5\6\7\10\16\17", E_UNSUPPORTED, "binary");
}

static void not_there(void **state)
{
    (void)state;
    struct got g;
    assert_int_equal(ingest(&g, in_dir("missing.txt"), (struct ingest_options){0}), E_IO);
    assert_non_null(strstr(g.e.msg, "No such file"));
    assert_int_equal(g.set.ledger.n, 1);
    done(&g);
    write_text(dir, "bare/.git/HEAD", "x");
    write_text(dir, "bare/e.txt", "");
    assert_int_equal(ingest(&g, in_dir("bare"), (struct ingest_options){0}), E_EMPTY);
    assert_non_null(strstr(g.e.msg, "its 1 file cannot be read"));
    done(&g);
    mkdir(in_dir("void"), 0777);
    assert_int_equal(ingest(&g, in_dir("void"), (struct ingest_options){0}), E_EMPTY);
    assert_non_null(strstr(g.e.msg, "no files"));
    done(&g);
    write_text(dir, "x.txt", "0123456789\n");
    assert_int_equal(ingest(&g, in_dir("x.txt"), (struct ingest_options){.max_file = 10}), E_LIMIT);
    assert_non_null(strstr(g.e.msg, "larger than 10 bytes"));
    done(&g);
    struct ingest_options small = {.max_file = 1 << 20};
    assert_int_equal(ingest(&g, "/dev/zero", small), E_LIMIT);
    done(&g);
    assert_int_equal(ingest(&g, in_dir("x.txt"), (struct ingest_options){.pages = "0"}), E_USAGE);
    done(&g);
    assert_int_equal(ingest(&g, in_dir("x.txt"), (struct ingest_options){.from = "dvi"}), E_USAGE);
    assert_non_null(strstr(g.e.msg, "markdown"));
    done(&g);
    assert_int_equal(ingest(&g, in_dir("x.txt"), (struct ingest_options){.encoding = "klingon"}),
                     E_UNSUPPORTED);
    done(&g);
}

/* Format, language and charset of one file with these bytes. */
static void assert_reads(const char *name, const char *s, size_t n, const char *expect)
{
    struct got g;
    write_file(dir, name, s, n);
    enum err r = ingest(&g, in_dir(name), (struct ingest_options){0});
    if (r) fail_msg("%s", g.e.msg);
    const struct doc *d = g.set.v[0];
    char got[200];
    snprintf(got, sizeof got, "%s %s %s", d->format, d->lang ? d->lang : "-", d->charset);
    assert_string_equal(got, expect);
    assert_string_equal(d->path, in_dir(name));
    assert_string_equal(d->name, in_dir(name));
    assert_int_equal(d->source_bytes, n);
    assert_int_equal(g.set.ledger.v[0].status, LEDGER_USED);
    check_text(d);
    check_spans(d, s, n);
    done(&g);
}
#define READS(name, lit, expect) assert_reads(name, lit, sizeof(lit) - 1, expect)

static void recognition(void **state)
{
    (void)state;
    READS("a.txt", "words\n", "text - utf-8");
    READS("a", "words\n", "text - utf-8");
    READS("README", "# words\n", "text - utf-8");
    READS("a.md", "# words\n", "markdown - utf-8");
    READS("b.md", "<p align=center>logo</p>\n\n# words\n", "markdown - utf-8");
    READS("a.py", "x = 1\n", "code python utf-8");
    READS("tool", "#!/bin/sh\necho\n", "code shell utf-8");
    READS("a.php", "<html><?php echo 1 ?></html>\n", "code php utf-8");
    READS("a.pdf", "not a PDF at all\n", "text - utf-8");
    READS("mark.c", "static const char mark[] = \"%PDF-1.4\";\n", "code c utf-8");
    /* What speaks of PDF, or shows one: it has a name that says that it is text, or ends as text. */
    READS("note.txt", "Its first line:\n%PDF-1.4\nand so on.\n", "text - utf-8");
    READS("note.md", "# Example\n\n%PDF-1.4\n1 0 obj\n<<>>\nendobj\n", "markdown - utf-8");
    READS("note", "Its first line:\n%PDF-1.4\nand so on.\n", "text - utf-8");
    READS("manual", "A file begins:\n%PDF-1.4\n1 0 obj\n<<>>\nendobj\n\nand so on.\n", "text - utf-8");
    READS("manual2", "It begins\n%PDF-1.4\n1 0 obj\n...\nand ends\nstartxref\n977\n%%EOF\n", "text - utf-8");
    READS("manual3", "It begins\n%PDF-1.4\n1 0 obj\n...\nstartxref\n99999999999999999999\n%%EOF\n", "text - utf-8");
    READS("letter", "From: a\nSubject: caf\xc3\xa9\n\n%PDF-1.4\n1 0 obj\n<<>>\n", "text - utf-8");
    READS("cut.txt", "caf\xc3\xa9 \xe2\x82", "text - utf-8");
    READS("w.txt", "\xff\xfeh\0i\0\n\0", "text - utf-16le");
    READS("l.txt", "Le gar\xe7on a mang\xe9 une cr\xe8me br\xfbl\xe9" "e hier.\n",
          "text - windows-1252");
}

/* This program, started as deepread-extract: says what it was asked for.  It never ends with RTF. */
static int say_format(int argc, char **argv)
{
    while (argc > 1 && strcmp(argv[1], "rtf") == 0) pause();
    fprintf(stderr, "asked for %s\n", argc > 1 ? argv[1] : "nothing");
    return 1;
}

/* What is apart goes to deepread-extract. */
static void apart(void **state)
{
    (void)state;
    static const struct { const char *name, *s, *format; } v[] = {
        {"p1", "%PDF-1.4\n\1\2\3\4\5\6\377", "pdf"},
        {"p2.txt", "junk before\n%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>", "pdf"},
        {"p3", "HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4\r\n7 0 obj<<\376", "pdf"},
        {"p5", "HTTP/1.1 200 OK\r\n\r\n%PDF-1.4\r\n7 0 obj<<>>\nstartxref\n10\n%%EOF\r\n\r\n", "pdf"},
        {"p6", "junk\n%PDF-1.4\n7 0 obj\nxref\nstartxref\n22\n%%EOF", "pdf"},
        {"p4.pdf", "x%PDF-1.4\n", "pdf"},
        {"m1.eml", "From: a\nSubject: b\n\n%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>", "eml"},
        {"m2", "Received: x\nFrom: a\nTo: b\nSubject: c\n\n%PDF-1.4\n1 0 obj\n<<>>\n", "eml"},
        {"m3", "From a\nReceived: x\nFrom: a\nTo: b\nSubject: c\n\n%PDF-1.4\n1 0 obj\n", "mbox"},
        {"h0", "<html><pre>\n%PDF-1.4\n1 0 obj\n<<>>\n</pre>", "html"},
        {"h1", "<!-- c -->\n<!DOCTYPE html>\n<p>x", "html"},
        {"h2.txt", "\xef\xbb\xbf<HTML>x", "html"},
        {"h3.html", "just words", "html"},
        {"h4.xhtml", "<?xml version='1.0'?><html/>", "html"},
        {"h5", "<div>fragment</div>", "html"},
    };
    static const char reader[] = "/proc/self/exe";
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct got g;
        char says[64];
        write_text(dir, v[i].name, v[i].s);
        struct ingest_options o = {.extract_path = reader};
        assert_int_equal(ingest(&g, in_dir(v[i].name), o), E_FORMAT);
        snprintf(says, sizeof says, "asked for %s", v[i].format);
        if (!strstr(g.e.msg, says)) fail_msg("%s: %s", v[i].name, g.e.msg);
        done(&g);
    }
    struct got g;
    write_file(dir, "wide", "\xff\xfe<\0h\0t\0m\0l\0>\0", 14);
    assert_int_equal(ingest(&g, in_dir("wide"), (struct ingest_options){.extract_path = reader}),
                     E_FORMAT);
    assert_non_null(strstr(g.e.msg, "asked for html"));
    done(&g);
}

/* The real program, where it was built: what comes back over the wire keeps every promise. */
static void real_reader(void **state)
{
    (void)state;
    static const char *const v[] = {
        "tests/data/demo.pdf", "tests/data/ingest/enc/w3c-meta-content-attribute.html",
        "tests/data/ingest/enc/w3c-UTF-8-BOM-vs-meta-content.html",
    };
    const char *build = getenv("DEEPREAD_BUILD");
    char program[300];
    snprintf(program, sizeof program, "%s/deepread-extract", build ? build : "build");
    if (access(program, X_OK) != 0) {
        print_message("%s is not built\n", program);
        skip();
    }
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct got g;
        struct buf source;
        read_all(v[i], &source);
        enum err r = ingest(&g, v[i], (struct ingest_options){.extract_path = program});
        if (r) fail_msg("%s", g.e.msg);
        const struct doc *d = g.set.v[0];
        check_text(d);
        check_spans(d, source.s, source.n);
        assert_string_equal(d->format, i == 0 ? "pdf" : "html");
        assert_true(i > 0 || (d->n_pages > 0 && doc_place(d, 0, 5).page == 1));
        char sha[SYS_SHA256_HEX];
        sys_sha256_hex(source.s, source.n, sha);
        assert_string_equal(d->sha256, sha);
        buf_free(&source);
        done(&g);
    }
}

static void forced(void **state)
{
    (void)state;
    struct got g;
    write_text(dir, "f.html", "<p>x</p>");
    assert_int_equal(ingest(&g, in_dir("f.html"), (struct ingest_options){.from = "text"}), OK);
    assert_string_equal(g.set.v[0]->text.s, "<p>x</p>");
    done(&g);
    write_text(dir, "f.txt", "caf\xe9\n");
    assert_int_equal(ingest(&g, in_dir("f.txt"), (struct ingest_options){.encoding = "cp850"}), OK);
    assert_string_equal(g.set.v[0]->text.s, "caf\xc3\x9a\n");
    assert_string_equal(g.set.v[0]->charset, "cp850");
    done(&g);
}

static void one_long_line(void **state)
{
    (void)state;
    size_t n = 10u << 20;
    char *s = malloc(n);
    for (size_t i = 0; i < n; i++) s[i] = i % 6 ? 'a' + (char)(i % 25) : ' ';
    write_file(dir, "long.txt", s, n);
    struct got g;
    assert_int_equal(ingest(&g, in_dir("long.txt"), (struct ingest_options){0}), OK);
    assert_int_equal(g.set.v[0]->text.n, n);
    check_spans(g.set.v[0], s, n);
    done(&g);
    free(s);
}

/* Runs ingest_path on "-" with these bytes as standard input. */
static void from_stdin(void **state)
{
    (void)state;
    int old = dup(0), fd[2];
    static const char *const text[] = {"words\n", "#!/usr/bin/env python3\nx = 1\n"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(fd), 0);
        assert_int_equal(write(fd[1], text[i], strlen(text[i])), (ssize_t)strlen(text[i]));
        close(fd[1]);
        assert_int_equal(dup2(fd[0], 0), 0);
        close(fd[0]);
        struct got g;
        struct ingest_options o = {.stdin_name = i ? NULL : "notes.md"};
        assert_int_equal(ingest(&g, "-", o), OK);
        const struct doc *d = g.set.v[0];
        assert_null(d->path);
        assert_string_equal(d->name, i ? "stdin" : "notes.md");
        assert_string_equal(d->format, i ? "code" : "markdown");
        assert_string_equal(d->text.s, text[i]);
        done(&g);
    }
    assert_int_equal(dup2(old, 0), 0);
    close(old);
}

/* A pipe that is named is read like a file. */
static void named_pipe(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(in_dir("fifo"), O_WRONLY);
        ssize_t k = write(fd, "through a pipe\n", 15);
        _exit(k == 15 ? 0 : 1);
    }
    struct got g;
    assert_int_equal(ingest(&g, in_dir("fifo"), (struct ingest_options){0}), OK);
    assert_string_equal(g.set.v[0]->text.s, "through a pipe\n");
    done(&g);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* One bad file of a folder costs a line of the ledger; a bad name stays printable. */
static void folder(void **state)
{
    (void)state;
    write_text(dir, "t/a.c", "int a;\n");
    write_text(dir, "t/b.txt", "");
    write_text(dir, "t/c.txt", " \n ");
    write_file(dir, "t/d.bin", "\0\1\2\3", 4);
    write_text(dir, "t/e\xff\n.txt", "text\n");
    write_text(dir, "t/f.pdf", "%PDF-1.4\n");
    write_text(dir, "t/.hidden.txt", "named\n");
    struct got g;
    struct ingest_options o = {.extract_path = "/nonexistent"};
    assert_int_equal(ingest(&g, in_dir("t"), o), OK);
    assert_int_equal(g.set.n, 2);
    assert_non_null(strstr(g.set.v[0]->name, "/t/a.c"));
    assert_non_null(strstr(g.set.v[1]->name, "/t/e\xef\xbf\xbd\xef\xbf\xbd.txt"));
    assert_non_null(strstr(g.set.v[1]->path, "/t/e\xff\n.txt"));
    static const enum ledger_status expect[] = {LEDGER_IGNORED, LEDGER_USED, LEDGER_SKIPPED,
                                                LEDGER_SKIPPED, LEDGER_SKIPPED, LEDGER_USED,
                                                LEDGER_UNREADABLE};
    assert_int_equal(g.set.ledger.n, 7);
    for (size_t i = 0; i < 7; i++) assert_int_equal(g.set.ledger.v[i].status, expect[i]);
    assert_string_equal(g.set.ledger.v[2].reason, "empty");
    assert_string_equal(g.set.ledger.v[3].reason, "no text in it");
    assert_string_equal(g.set.ledger.v[4].reason, "binary");
    assert_non_null(strstr(g.set.ledger.v[6].reason, "cannot run /nonexistent"));
    done(&g);
    /* Named directly, a hidden file is read, and so is a lock file. */
    assert_int_equal(ingest(&g, in_dir("t/.hidden.txt"), o), OK);
    done(&g);
    write_text(dir, "yarn.lock", "# yarn lockfile v1\n");
    assert_int_equal(ingest(&g, in_dir("yarn.lock"), o), OK);
    done(&g);
}

static void interrupted(void **state)
{
    (void)state;
    write_text(dir, "i/a.c", "int a;\n");
    struct got g;
    sys_interrupt(SIGINT);
    assert_int_equal(ingest(&g, in_dir("i"), (struct ingest_options){0}), E_INTR);
    sys_interrupt(0);
    done(&g);
}

static void not_called(void *ctx, const char *path, const struct errinfo *why)
{
    (void)ctx;
    fail_msg("%s: %s", path, why->msg);
}

/* The first failure ends what is parsed beside it, which here would never end, and no more begins. */
static void fail_fast(void **state)
{
    (void)state;
    struct got g = {.a = arena_new()};
    struct ingest_options o = {.extract_path = "/proc/self/exe", .jobs = 2, .fail_fast = true};
    write_text(dir, "f/a.rtf", "{\\rtf1 long}");
    write_text(dir, "f/b.pdf", "%PDF-1.4\n");
    write_text(dir, "f/c.txt", "text");
    assert_int_equal(mkfifo(in_dir("f/pipe"), 0600), 0);
    char *paths[5] = {0};
    static const char *const names[] = {"f/a.rtf", "f/b.pdf", "f/pipe", "f/c.txt"};
    for (int i = 0; i < 4; i++) paths[i] = mem_copy(g.a, in_dir(names[i]), strlen(in_dir(names[i])));
    assert_int_not_equal(ingest_paths(&g.set, g.a, paths, &o, tick, not_called, &g, &g.e), OK);
    assert_non_null(strstr(g.e.msg, "f/b.pdf: "));
    assert_int_equal(g.set.n, 0);
    assert_int_equal(g.set.ledger.n, 2);
    assert_int_equal(g.set.ledger.v[0].status, LEDGER_UNREADABLE);
    assert_string_equal(g.set.ledger.v[0].reason, "not read: another input failed");
    done(&g);
}

static void page_ranges(void **state)
{
    (void)state;
    static const char *const good[] = {"1", "1-4,9,20-", "-3", "7-7", " 2 , 3 ", "1,1"};
    static const char *const bad[] = {"", "0", "a", "4-1", "1-2-3", "1,", ",1", "-", "1 2",
                                      "99999999999999999999"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(pages_check(good[i], NULL), OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (pages_check(bad[i], NULL) != E_USAGE) fail_msg("'%s' was taken", bad[i]);
    assert_int_equal(pages_check(NULL, NULL), OK);
    const char *r = "1-4,9,20-";
    assert_true(pages_has(r, 1) && pages_has(r, 4) && pages_has(r, 9) && pages_has(r, 99999));
    assert_false(pages_has(r, 5) || pages_has(r, 19) || pages_has(r, 0));
    assert_true(pages_has("-3", 2) && !pages_has("-3", 4) && pages_has(NULL, 5));
    uint32_t first, last;
    assert_true(pages_bounds(r, 10, &first, &last));
    assert_int_equal(first, 1);
    assert_int_equal(last, 9);
    assert_true(pages_bounds("5-", 7, &first, &last) && first == 5 && last == 7);
    assert_false(pages_bounds("5-", 4, &first, &last));
    assert_true(pages_bounds(NULL, 4, &first, &last) && first == 1 && last == 4);
    assert_false(pages_bounds(NULL, 0, &first, &last));
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--serve") == 0) return serve(0, say_format);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_inputs),    cmocka_unit_test(not_there),
        cmocka_unit_test(recognition),   cmocka_unit_test(apart),
        cmocka_unit_test(forced),        cmocka_unit_test(one_long_line),
        cmocka_unit_test(from_stdin),    cmocka_unit_test(named_pipe),
        cmocka_unit_test(folder),        cmocka_unit_test(interrupted),
        cmocka_unit_test(page_ranges),   cmocka_unit_test(real_reader),
        cmocka_unit_test(fail_fast),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
