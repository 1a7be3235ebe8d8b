/* test_wire.c: documents over the wire to deepread-extract and back; hostile messages; programs
 * that crash, hang and lie. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "extract/serve.h"
#include "ingest/pool.h"
#include "ingest/wire.h"
#include "tests/ingest_check.h"

static const char source[] = "<p>One &amp; two</p><p>three</p>";

/* A document with everything in it. */
static struct doc *sample(struct arena *a)
{
    struct doc_builder *b = doc_new(a, "sender's name", "html");
    doc_page(b, "iv", 612, 792, false);
    doc_page(b, NULL, 612, 792, true);
    doc_add(b, source + 3, 4, &(struct span){.byte = 3, .line = 1, .verbatim = true});
    doc_add(b, "&", 1, &(struct span){.byte = 7, .byte_len = 5, .line = 1});
    doc_add(b, source + 12, 4, &(struct span){.byte = 12, .line = 1, .verbatim = true});
    doc_add_made(b, "\n\n");
    doc_add(b, source + 23, 5, &(struct span){.byte = 23, .line = 2, .verbatim = true});
    doc_add_made(b, "\n");
    doc_add_lead(b, "7. ", &(struct span){.byte = 28, .line = 2});
    doc_add(b, source + 28, 2, &(struct span){.byte = 28, .line = 2, .verbatim = true});
    doc_add_made(b, " ");
    doc_add(b, "ligature \xef\xac\x81", 12,
            &(struct span){.byte = SPAN_NO_BYTES, .line = 7, .page = 2, .box = {1, 2, 3, 4.5f}});
    doc_heading(b, 0, 9, 1);
    doc_heading(b, 11, 5, 2);
    doc_set_title(b, "A title", 7);
    doc_set_charset(b, "windows-1252");
    doc_set_note(b, "rebuilt");
    doc_set_kind(b, DOC_CODE, "c");
    return doc_freeze(b, NULL, source, sizeof source - 1);
}

static struct wire_about about_sample(void)
{
    return (struct wire_about){"page.html", "dir/page.html", "html", source, sizeof source - 1, NULL};
}

static void assert_same(const struct doc *d, const struct doc *s)
{
    assert_string_equal(d->text.s, s->text.s);
    assert_string_equal(d->title, s->title);
    assert_string_equal(d->charset, s->charset);
    assert_string_equal(d->note, s->note);
    assert_string_equal(d->lang, s->lang);
    assert_int_equal(d->kind, s->kind);
    assert_string_equal(d->sha256, s->sha256);
    assert_int_equal(d->n_spans, s->n_spans);
    for (size_t i = 0; i < d->n_spans; i++)
        assert_memory_equal(&d->spans[i], &s->spans[i], /* up to the padding */
                            offsetof(struct span, verbatim) + sizeof d->spans[i].verbatim);
    assert_int_equal(d->n_pages, s->n_pages);
    assert_string_equal(d->pages[0].label, "iv");
    assert_null(d->pages[1].label);
    assert_true(d->pages[1].no_text);
    assert_int_equal(d->pages_without_text, 1);
    assert_int_equal(d->n_headings, s->n_headings);
    for (size_t i = 0; i < d->n_headings; i++)
        assert_memory_equal(&d->headings[i], &s->headings[i], sizeof *d->headings);
}

static void round_trip(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct doc *s = sample(a), *d;
    struct buf b = {0};
    wire_put(&b, s);
    struct wire_about about = about_sample();
    struct errinfo e = {0};
    enum err r = wire_parse(&d, a, &about, b.s, b.n, &e);
    if (r) print_error("%s\n", e.msg);
    assert_int_equal(r, OK);
    assert_string_equal(d->name, "page.html");
    assert_string_equal(d->path, "dir/page.html");
    assert_same(d, s);
    check_text(d);
    check_spans(d, source, sizeof source - 1);
    buf_free(&b);
    arena_free(a);
}

static void errors(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct wire_about about = about_sample();
    for (enum err code = E_USAGE; code <= E_INTR; code++) {
        struct errinfo why = {0}, e = {0};
        err_set(&why, code, "page.html: needs a\npassword");
        struct buf b = {0};
        struct doc *d;
        wire_put_error(&b, &why);
        assert_int_equal(wire_parse(&d, a, &about, b.s, b.n, &e), code);
        assert_string_equal(e.msg, "page.html: needs a?password"); /* as err_set keeps it */
        buf_free(&b);
    }
    arena_free(a);
}

static enum err parse(const struct buf *b)
{
    struct arena *a = arena_new();
    struct wire_about about = about_sample();
    struct errinfo e = {0};
    struct doc *d;
    enum err r = wire_parse(&d, a, &about, b->s, b->n, &e);
    if (r == OK) {
        check_text(d);
        check_spans(d, source, sizeof source - 1);
    } else {
        assert_true(e.msg[0]);
        assert_null(strchr(e.msg, '\n'));
        assert_null(d);
    }
    arena_free(a);
    return r;
}

/* Every prefix, every byte changed: an error or a document that keeps the promises. */
static void hostile(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct buf b = {0};
    wire_put(&b, sample(a));
    size_t n = b.n;
    for (b.n = 0; b.n < n; b.n++) assert_int_equal(parse(&b), E_FORMAT);
    for (size_t i = 0; i < n; i++) {
        char old = b.s[i];
        static const unsigned char to[] = {0, 1, 0x7f, 0x80, 0xff};
        for (size_t k = 0; k < sizeof to; k++) {
            b.s[i] = (char)to[k];
            parse(&b);
        }
        b.s[i] = old;
    }
    buf_addc(&b, 'x');
    assert_int_equal(parse(&b), E_FORMAT);
    buf_free(&b);
    arena_free(a);
}

/* A span that is verbatim says what the source says, or the message is refused. */
static void lying_span(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct doc *d = sample(a);
    ((char *)(uintptr_t)d->text.s)[0] = 'o';
    struct buf b = {0};
    wire_put(&b, d);
    assert_int_equal(parse(&b), E_FORMAT);
    buf_free(&b);
    arena_free(a);
}

/* Spans that part a character, where the text as a whole is well-formed. */
static void parted_character(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct span v[2] = {{.len = 1, .byte = SPAN_NO_BYTES},
                        {.text = 1, .len = 1, .byte = SPAN_NO_BYTES}};
    struct doc d = {.text = STR("\xc3\xa9"), .spans = v, .n_spans = 2};
    struct buf b = {0};
    wire_put(&b, &d);
    assert_int_equal(parse(&b), E_FORMAT);
    buf_free(&b);
    arena_free(a);
}

/* ------------------------------------------------------------------ running programs */

struct run {
    struct arena *a;
    struct doc *d;
    struct errinfo e;
};

/* This program, started as deepread-extract: its reader is the shell script in --encoding. */
static int run_script_in_place(int argc, char **argv)
{
    const char *script = NULL, *rest[8] = {NULL};
    int n = 0;
    for (int i = 1; i < argc && n < 4; i++)
        if (strncmp(argv[i], "--encoding=", 11) == 0) script = argv[i] + 11;
        else rest[n++] = argv[i];
    if (script) execl("/bin/sh", "sh", "-c", script, "sh", rest[0], rest[1], rest[2], rest[3], NULL);
    return 99;
}

static void take_result(void *ctx, struct doc *d, const struct errinfo *why)
{
    struct run *r = ctx;
    r->d = d;
    r->e = *why;
}

/* Runs a shell script in the place of deepread-extract's reader. */
static enum err run_script(struct run *r, const char *script, struct ingest_options o)
{
    *r = (struct run){.a = arena_new()};
    if (!o.extract_path) o.extract_path = "/proc/self/exe";
    o.encoding = script;
    struct wire_about about = about_sample();
    about.format = "pdf";
    struct pool *p = pool_new(&o);
    pool_add(p, r->a, &about, take_result, r);
    pool_wait(p);
    pool_free(p);
    /* No child is left behind. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    return r->e.code;
}

static void run_end(struct run *r)
{
    arena_free(r->a);
}

static void assert_script(const char *script, int timeout_s, enum err code, const char *says)
{
    struct run r;
    assert_int_equal(run_script(&r, script, (struct ingest_options){.timeout_s = timeout_s}), code);
    if (!strstr(r.e.msg, says)) fail_msg("'%s' does not say '%s'", r.e.msg, says);
    assert_memory_equal(r.e.msg, "page.html: ", 11);
    run_end(&r);
}

static void crashes(void **state)
{
    (void)state;
    assert_script("kill -SEGV $$", 120, E_FORMAT, "the PDF reader crashed (signal 11)");
    /* A page of a PDF may have done that: it is read once more, and no more. */
    assert_script("case \"$*\" in *--apart*) exit 6; esac; kill -SEGV $$", 120, E_LIMIT, "memory");
    assert_script("case \"$*\" in *--apart*) exit 6; esac; exit 8", 120, E_LIMIT, "memory");
    assert_script("case \"$*\" in *--apart*) exit 6; esac; kill -ABRT $$", 120, E_FORMAT,
                  "crashed (signal 6)");
    assert_script("exit 8", 120, E_FORMAT, "status 8");
    assert_script("exit 0", 120, E_FORMAT, "without an answer");
    assert_script("exit 6", 120, E_LIMIT, "memory");
    assert_script("echo 'no such format' >&2; exit 2", 120, E_USAGE, "no such format");
    assert_script("echo first >&2; printf 'the\\033 last\\n' >&2; exit 9", 120, E_FORMAT,
                  "the? last");
    assert_script("echo garbage", 120, E_FORMAT, "no message");
    assert_script("echo 'GLib-ERROR: failed to allocate 99 bytes' >&2; kill -TRAP $$", 120, E_LIMIT,
                  "memory");
    assert_script("exec sleep 30", 1, E_LIMIT, "stopped after 1 second (--doc-timeout gives more)");
    assert_script("exec >&- 2>&-; sleep 30", 1, E_LIMIT, "stopped after 1 second (--doc-timeout gives more)");
    assert_script("head -c 3000000 /dev/zero >&2; exit 1", 120, E_FORMAT, "status 1");
}

static void missing(void **state)
{
    (void)state;
    struct run r;
    struct ingest_options o = {.extract_path = "/nonexistent/deepread-extract"};
    assert_int_equal(run_script(&r, "true", o), E_DEVICE);
    assert_non_null(strstr(r.e.msg, "/nonexistent/deepread-extract"));
    run_end(&r);
    o.extract_path = "/bin/true"; /* starts, and is no server */
    assert_int_equal(run_script(&r, "true", o), E_DEVICE);
    assert_memory_equal(r.e.msg, "page.html: ", 11);
    run_end(&r);
}

/* ------------------------------------------------------------------ several at once */

enum { MANY = 40 };

struct many {
    struct arena *a;
    int done, failed;
    char order[MANY + 1];
    const char *go; /* a file that is made when all but one are done; NULL: none */
};
struct one_of_many {
    struct many *m;
    char name;
};

static void take_one(void *ctx, struct doc *d, const struct errinfo *why)
{
    struct one_of_many *one = ctx;
    assert_null(d);
    if (why->code == E_LIMIT) one->m->failed++;
    one->m->order[one->m->done++] = one->name;
    int fd = one->m->go && one->m->done == MANY - 1 ? open(one->m->go, O_WRONLY | O_CREAT, 0600) : -1;
    if (fd >= 0) close(fd);
}

/* Four at a time: the slow one, which waits for all others, does not hold them up, and each is told
 * once. */
static void side_by_side(void **state)
{
    (void)state;
    char go[300], script[400], *dir = make_folder();
    snprintf(go, sizeof go, "%s/go", dir);
    snprintf(script, sizeof script, "test $2 = --pages=1 && until test -e %s; do sleep 0.02; done; exit 6", go);
    struct many m = {.a = arena_new(), .go = go};
    struct one_of_many v[MANY];
    struct ingest_options o = {.extract_path = "/proc/self/exe", .jobs = 4, .timeout_s = 60, .encoding = script};
    struct pool *p = pool_new(&o);
    for (int i = 0; i < MANY; i++) {
        struct wire_about about = about_sample();
        v[i] = (struct one_of_many){&m, i == 1 ? 's' : 'f'};
        o.pages = i == 1 ? "1" : "2";
        pool_add(p, m.a, &about, take_one, &v[i]);
    }
    pool_wait(p);
    assert_int_equal(m.done, MANY);
    assert_int_equal(m.failed, MANY);
    assert_int_equal(m.order[MANY - 1], 's');
    pool_free(p);
    drop_folder(dir);
    arena_free(m.a);
}

/* A pool that is given up takes its processes along. */
static void given_up(void **state)
{
    (void)state;
    struct many m = {.a = arena_new()};
    struct one_of_many v[3];
    struct ingest_options o = {.extract_path = "/proc/self/exe", .jobs = 3,
                               .encoding = "exec sleep 30"};
    struct pool *p = pool_new(&o);
    for (int i = 0; i < 3; i++) {
        struct wire_about about = about_sample();
        v[i] = (struct one_of_many){&m, 'x'};
        pool_add(p, m.a, &about, take_one, &v[i]);
    }
    pool_free(p);
    assert_int_equal(m.done, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    arena_free(m.a);
}

/* ------------------------------------------------------------------ what is handed over */

/* What the program is given: arguments, the document, the password, and no other open file. */
static void arguments(void **state)
{
    (void)state;
    int extra = open("/dev/null", O_RDONLY); /* must not be inherited */
    assert_true(extra >= 0);
    struct run r;
    struct ingest_options o = {.pages = "1-3", .password = "s e\"cret"};
    const char *script = "echo \"$*\" $(cat <&3) $(cat) $(ls /proc/self/fd | wc -l) >&2; exit 1";
    assert_int_equal(run_script(&r, script, o), E_FORMAT);
    assert_non_null(strstr(r.e.msg, "pdf --pages=1-3 --name=page.html "
                                    "--password-fd=3 s e\"cret"));
    assert_non_null(strstr(r.e.msg, "<p>three</p> 5")); /* 0 1 2, the password, the folder read */
    assert_null(strstr(r.e.msg, "--password=s"));
    run_end(&r);
    close(extra);
}

static void answer(void **state)
{
    (void)state;
    struct run r;
    char path[300], script[400], *dir = make_folder();
    struct arena *a = arena_new();
    struct doc *s = sample(a);
    struct buf b = {0};
    wire_put(&b, s);
    write_file(dir, "answer", b.s, b.n);
    snprintf(path, sizeof path, "%s/answer", dir);
    snprintf(script, sizeof script, "cat %s", path);
    assert_int_equal(run_script(&r, script, (struct ingest_options){0}), OK);
    assert_same(r.d, s);
    run_end(&r);
    int fd[2];
    assert_int_equal(pipe(fd), 0); /* wire_send writes what wire_put makes */
    assert_int_equal(wire_send(fd[1], s, NULL), OK);
    close(fd[1]);
    struct buf got = {0};
    assert_int_equal(sys_read_all(fd[0], 1 << 20, &got, "pipe", NULL), OK);
    assert_int_equal(got.n, b.n);
    assert_memory_equal(got.s, b.s, b.n);
    close(fd[0]);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(fd), 0);
    close(fd[0]);
    struct errinfo why = {.code = E_EMPTY, .msg = "x"};
    assert_int_equal(wire_send_error(fd[1], &why, NULL), E_IO);
    close(fd[1]);
    buf_free(&got);
    buf_free(&b);
    drop_folder(dir);
    arena_free(a);
}

/* A request comes out as it went in; every prefix and every changed byte is refused or harmless. */
static void requests(void **state)
{
    (void)state;
    char format[] = "pdf", name[] = "--name=a b";
    struct request r = {1 << 20, 77, 9, 2, {format, name}}, got;
    struct buf b = {0};
    assert_int_equal(request_put(&b, &r, NULL), OK);
    char *copy = malloc(b.n);
    memcpy(copy, b.s, b.n);
    assert_int_equal(request_parse(&got, copy, b.n, NULL), OK);
    assert_int_equal(got.memory, r.memory);
    assert_int_equal(got.document, r.document);
    assert_int_equal(got.seconds, r.seconds);
    assert_int_equal(got.argc, 2);
    assert_string_equal(got.argv[0], "pdf");
    assert_string_equal(got.argv[1], "--name=a b");
    assert_null(got.argv[2]);
    copy[7] = 9; /* another version */
    assert_int_equal(request_parse(&got, copy, b.n, NULL), E_FORMAT);
    for (size_t n = 0; n < b.n; n++) {
        char *part = malloc(n + 1);
        memcpy(part, b.s, n);
        bool whole = n >= 28 && (n == 28 || !b.s[n - 1]);
        assert_int_equal(request_parse(&got, part, n, NULL), whole ? OK : E_FORMAT);
        free(part);
    }
    for (int i = 0; i < 20; i++) buf_add(&b, "x", 2);
    assert_int_equal(request_parse(&got, b.s, b.n, NULL), E_FORMAT);
    char *longest = malloc(REQUEST_BYTES + 1);
    memset(longest, 'x', REQUEST_BYTES);
    longest[REQUEST_BYTES] = 0;
    r.argv[1] = longest;
    assert_int_equal(request_put(&b, &r, NULL), E_LIMIT);
    char reply[REQUEST_REPLY];
    int32_t pid, why;
    request_put_reply(reply, 4711, 0);
    assert_true(request_parse_reply(reply, sizeof reply, &pid, &why));
    assert_int_equal(pid, 4711);
    assert_false(request_parse_reply(reply, sizeof reply - 1, &pid, &why));
    request_put_reply(reply, -1, 0);
    assert_false(request_parse_reply(reply, sizeof reply, &pid, &why));
    free(longest);
    free(copy);
    buf_free(&b);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--serve") == 0) return serve(0, run_script_in_place);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(errors),  cmocka_unit_test(hostile),
        cmocka_unit_test(lying_span), cmocka_unit_test(crashes), cmocka_unit_test(missing),
        cmocka_unit_test(arguments),  cmocka_unit_test(answer),  cmocka_unit_test(parted_character),
        cmocka_unit_test(side_by_side), cmocka_unit_test(given_up), cmocka_unit_test(requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
