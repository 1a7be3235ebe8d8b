/* test_cli.c: the program as a process: what its JSON promises, signals, pipes.  Runs the real
 * model on documents of a few lines. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/sys.h"

#define DATA "tests/cli/data/"

static char program[512], cache[] = "/tmp/deepread-test-XXXXXX";

static int setup(void **state)
{
    (void)state;
    const char *build = getenv("DEEPREAD_BUILD");
    snprintf(program, sizeof program, "%s/deepread", build ? build : "build");
    setenv("DEEPREAD_THREADS", "1", 1);
    if (!mkdtemp(cache)) return -1;
    setenv("DEEPREAD_CACHE_DIR", cache, 1); /* not the user's */
    return access(program, X_OK);
}

static int teardown(void **state)
{
    char cmd[64];
    (void)state;
    snprintf(cmd, sizeof cmd, "rm -rf %s", cache);
    return system(cmd);
}

/* A running program: standard output and error on pipes, standard input empty. */
struct child {
    pid_t pid;
    int out, err;
};

static struct child start(const char *const *argv)
{
    int out[2], err[2];
    assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
    struct child c = {fork(), out[0], err[0]};
    assert_true(c.pid >= 0);
    if (c.pid == 0) {
        int null = open("/dev/null", O_RDONLY);
        signal(SIGINT, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        dup2(null, STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        execv(program, (char **)argv);
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    return c;
}

/* Waits for a piece of text on standard error, so that a signal hits the right moment. */
static void wait_for(struct child *c, const char *text)
{
    struct buf seen = {0};
    char block[256];
    while (!seen.s || !strstr(seen.s, text)) {
        ssize_t n = read(c->err, block, sizeof block);
        if (n <= 0) fail_msg("no \"%s\" in: %s", text, seen.s ? seen.s : "");
        buf_add(&seen, block, (size_t)n);
    }
    buf_free(&seen);
}

/* Reads both pipes to their ends and returns the exit code, or 128 + signal. */
static int finish(struct child *c, struct buf *out, struct buf *err)
{
    struct pollfd p[2] = {{c->out, POLLIN, 0}, {c->err, POLLIN, 0}};
    struct buf *to[2] = {out, err};
    char block[4096];
    while (p[0].fd >= 0 || p[1].fd >= 0) {
        assert_true(poll(p, 2, 120000) > 0);
        for (int i = 0; i < 2; i++) {
            if (p[i].fd < 0 || !p[i].revents) continue;
            ssize_t n = read(p[i].fd, block, sizeof block);
            if (n > 0) {
                buf_add(to[i], block, (size_t)n);
            } else {
                close(p[i].fd);
                p[i].fd = -1;
            }
        }
    }
    int status;
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define RUN(out, err, ...) run(out, err, (const char *[]){program, __VA_ARGS__, NULL})
static int run(struct buf *out, struct buf *err, const char *const *argv)
{
    struct child c = start(argv);
    return finish(&c, out, err);
}

static json_t *parsed(const struct buf *b)
{
    json_t *j = NULL;
    struct errinfo e = {0};
    if (json_parse(&j, b->s ? b->s : "", b->n, "output", &e)) fail_msg("%s", e.msg);
    return j;
}

/* A citation of a text file names bytes that are its quote, and the file's own hash. */
static void check_citation(const json_t *c, const char *path)
{
    struct mapping m;
    char sha[SYS_SHA256_HEX];
    assert_int_equal(sys_map(&m, path, NULL), OK);
    sys_sha256_hex(m.p, m.n, sha);
    assert_string_equal(json_string_value(json_object_get(c, "sha256")), sha);
    assert_string_equal(json_string_value(json_object_get(c, "path")), path);
    const json_t *bytes = json_object_get(c, "bytes"), *quote = json_object_get(c, "quote");
    size_t from = (size_t)json_integer_value(json_array_get(bytes, 0));
    size_t to = (size_t)json_integer_value(json_array_get(bytes, 1));
    assert_true(from < to && to <= m.n);
    assert_string_equal(json_string_value(json_object_get(c, "match")), "exact");
    assert_int_equal(json_string_length(quote), to - from);
    assert_memory_equal(json_string_value(quote), m.p + from, to - from);
    sys_unmap(&m);
}

static void a_quote_stands_at_its_bytes(void **state)
{
    (void)state;
    struct buf out = {0}, err = {0};
    const char *path = DATA "lease.txt";
    assert_int_equal(RUN(&out, &err, "ask", "--json", "When does the lease end?", path), 0);
    assert_int_equal(err.n, 0);
    json_t *j = parsed(&out);
    const json_t *list = json_object_get(j, "citations");
    assert_true(json_array_size(list) > 0);
    for (size_t i = 0; i < json_array_size(list); i++)
        check_citation(json_array_get(list, i), path);
    json_decref(j);
    buf_free(&out);
    buf_free(&err);
}

static void many_questions_make_a_list(void **state)
{
    (void)state;
    struct buf out = {0}, err = {0};
    assert_int_equal(RUN(&out, &err, "ask", "--json", "-Q", DATA "questions.txt",
                         DATA "lease.txt"), 0);
    json_t *j = parsed(&out);
    assert_int_equal(json_array_size(j), 2);
    /* The documents are read for the first question only. */
    const json_t *usage = json_object_get(json_array_get(j, 1), "usage");
    json_int_t prompt = json_integer_value(json_object_get(usage, "prompt_tokens"));
    json_int_t cached = json_integer_value(json_object_get(usage, "cached_tokens"));
    assert_true(cached > 0 && cached < prompt && prompt - cached < 30);
    json_decref(j);
    buf_free(&out);
    buf_free(&err);
}

static void a_review_is_json_too(void **state)
{
    (void)state;
    struct buf out = {0}, err = {0};
    assert_int_equal(RUN(&out, &err, "review", "--json", DATA "tree"), 0);
    json_t *j = parsed(&out);
    assert_true(json_is_array(json_object_get(j, "findings")));
    const json_t *used = json_object_get(json_object_get(j, "ledger"), "used");
    assert_int_equal(json_integer_value(used), 2);
    json_decref(j);
    buf_free(&out);
    buf_free(&err);
}

static void an_interrupt_while_reading_writes_nothing(void **state)
{
    (void)state;
    struct buf out = {0}, err = {0};
    const char *const argv[] = {program, "summarize", "--progress=always", "tests/data/demo.pdf",
                                NULL};
    struct child c = start(argv);
    wait_for(&c, "prefill");
    kill(c.pid, SIGINT);
    assert_int_equal(finish(&c, &out, &err), 130);
    assert_int_equal(out.n, 0);
    assert_non_null(strstr(err.s, "interrupted"));
    buf_free(&out);
    buf_free(&err);
}

static void an_interrupt_between_questions_keeps_what_is_done(void **state)
{
    (void)state;
    struct buf out = {0}, err = {0};
    const char *const argv[] = {program, "ask", "--json", "--stats", "-Q", DATA "questions.txt",
                                DATA "lease.txt", NULL};
    struct child c = start(argv);
    wait_for(&c, "forced"); /* the statistics of the first question */
    kill(c.pid, SIGTERM);
    int code = finish(&c, &out, &err);
    json_t *j = parsed(&out); /* closed, whatever the moment */
    assert_true(json_array_size(j) >= 1);
    assert_true(code == 143 || (code == 0 && json_array_size(j) == 2));
    json_decref(j);
    buf_free(&out);
    buf_free(&err);
}

static void a_reader_that_left_ends_it_silently(void **state)
{
    (void)state;
    struct buf out = {0}, err = {0};
    const char *const argv[] = {program, "text", DATA "lease.txt", NULL};
    struct child c = start(argv);
    close(c.out);
    c.out = open("/dev/null", O_RDONLY);
    int code = finish(&c, &out, &err);
    /* The text may have fitted into the pipe before it was closed. */
    assert_true(code == 128 + SIGPIPE || code == 0);
    assert_int_equal(err.n, 0);
    buf_free(&out);
    buf_free(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_stands_at_its_bytes),
        cmocka_unit_test(many_questions_make_a_list),
        cmocka_unit_test(a_review_is_json_too),
        cmocka_unit_test(an_interrupt_while_reading_writes_nothing),
        cmocka_unit_test(an_interrupt_between_questions_keeps_what_is_done),
        cmocka_unit_test(a_reader_that_left_ends_it_silently),
    };
    return cmocka_run_group_tests_name("cli", tests, setup, teardown);
}
