/* test_base.c: the floor: errors, arenas, buffers, UTF-8, JSON, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

/* ------------------------------------------------------------------ err */

static void err_keeps_the_first_cause(void **state)
{
    (void)state;
    struct errinfo e = {0};
    assert_int_equal(err_set(&e, E_IO, "%s: first", "a"), E_IO);
    assert_int_equal(err_set(&e, E_FORMAT, "second"), E_IO);
    assert_string_equal(e.msg, "a: first");
    err_clear(&e);
    assert_int_equal(err_set(&e, E_FORMAT, "second"), E_FORMAT);
    assert_int_equal(err_set(NULL, E_LIMIT, "nobody listens"), E_LIMIT);
}

static void err_message_is_one_line(void **state)
{
    (void)state;
    struct errinfo e = {0};
    char huge[2000];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    huge[3] = '\n';
    huge[4] = 27; /* an escape sequence in a file name must not reach the terminal */
    err_set(&e, E_IO, "%s", huge);
    assert_null(strchr(e.msg, '\n'));
    assert_null(strchr(e.msg, 27));
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
}

/* ------------------------------------------------------------------ mem */

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    unsigned char *last = NULL;
    for (size_t n = 0; n < 300; n++) {
        unsigned char *p = mem_take(a, n * 17, n % 3 ? 1 : 41);
        size_t bytes = n * 17 * (n % 3 ? 1 : 41);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < bytes; i++) assert_int_equal(p[i], 0);
        memset(p, 0xff, bytes);
        assert_ptr_not_equal(p, last);
        last = p;
    }
    arena_reset(a);
    unsigned char *again = mem_take(a, 64, 1);
    for (size_t i = 0; i < 64; i++) assert_int_equal(again[i], 0);
    assert_string_equal(mem_copy(a, "abcdef", 3), "abc");
    arena_free(a);
    arena_free(NULL);
}

static void calls_are_counted(void **state)
{
    (void)state;
    size_t before = mem_calls();
    void *p = mem_alloc(3, 5);
    p = mem_grow(p, 100, 5);
    mem_free(p);
    assert_int_equal(mem_calls() - before, 2);
}

/* ------------------------------------------------------------------ str */

static void buffers_stay_terminated(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int i = 0; i < 1000; i++) {
        buf_addf(&b, "%d,", i);
        assert_int_equal(b.s[b.n], '\0');
        assert_int_equal(strlen(b.s), b.n);
    }
    buf_clear(&b);
    assert_int_equal(b.n, 0);
    buf_add_json(&b, "a\"b\\c\n\x01\xff" "é", 10);
    assert_string_equal(b.s, "\"a\\\"b\\\\c\\n\\u0001\xef\xbf\xbd" "é\"");
    buf_free(&b);
    assert_null(b.s);
}

static void suffixes_are_compared_in_either_case(void **state)
{
    (void)state;
    static const char *const some[] = {".md", ".tar.gz", NULL};
    assert_true(str_has_suffix("a/B.TXT", ".txt"));
    assert_false(str_has_suffix(".txt", ".txt")); /* a name of its own */
    assert_false(str_has_suffix("", ".txt"));
    assert_false(str_has_suffix("a.txt~", ".txt"));
    assert_false(str_has_suffix("a\x0etxt", ".txt"));
    assert_true(str_has_any_suffix("x.Tar.Gz", some));
    assert_false(str_has_any_suffix("x.gz", some));
}

static void utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10ffff; cp += cp < 0x3000 ? 1 : 97) {
        if (cp >= 0xd800 && cp <= 0xdfff) continue;
        char s[4];
        uint32_t back;
        size_t n = utf8_put(cp, s);
        assert_int_equal(utf8_next(s, n, &back), n);
        assert_int_equal(back, cp);
        assert_int_equal(utf8_back(s, n), n);
        assert_int_equal(utf8_check(s, n), n);
        assert_int_equal(utf8_count(s, n), 1);
        /* cut short it is no character */
        if (n > 1) assert_int_equal(utf8_check(s, n - 1), 0);
    }
}

static void utf8_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3(", "\xe2\x28\xa1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t cp;
        assert_int_equal(utf8_next(bad[i], strlen(bad[i]), &cp), 1);
        assert_int_equal(cp, 0xfffd);
        assert_int_equal(utf8_check(bad[i], strlen(bad[i])), 0);
    }
    assert_int_equal(utf8_check("ab\xe2\x82\xac" "c\xff", 7), 6);
}

/* ------------------------------------------------------------------ json */

static void json_errors_name_the_place(void **state)
{
    (void)state;
    struct errinfo e = {0};
    json_t *j;
    assert_int_equal(json_parse(&j, "{\"a\":1,}", 8, "x.json", &e), E_FORMAT);
    assert_non_null(strstr(e.msg, "x.json"));
    assert_non_null(strstr(e.msg, "line 1"));
    err_clear(&e);
    assert_int_equal(json_parse(&j, "{\"a\":1,\"a\":2}", 13, "x.json", &e), E_FORMAT);
    err_clear(&e);
    assert_int_equal(json_parse(&j, NULL, 0, "empty", &e), E_FORMAT);
    assert_int_equal(json_parse(&j, "[1,2]", 5, "ok", NULL), OK);
    json_decref(j);
}

/* ------------------------------------------------------------------ sys */

static char *scratch(void)
{
    char *dir = strdup("/tmp/deepread-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return dir;
}

static int files_in(const char *dir)
{
    DIR *d = opendir(dir);
    int n = 0;
    for (struct dirent *f; (f = readdir(d));) n += f->d_name[0] != '.';
    closedir(d);
    return n;
}

static void files_are_replaced_whole_or_not_at_all(void **state)
{
    (void)state;
    char *dir = scratch(), path[256], below[300];
    struct errinfo e = {0};
    struct mapping m;
    snprintf(path, sizeof path, "%s/f", dir);
    assert_int_equal(sys_write_file(path, "one", 3, &e), OK);
    assert_int_equal(sys_write_file(path, "second", 6, &e), OK);
    assert_int_equal(sys_map(&m, path, &e), OK);
    assert_int_equal(m.n, 6);
    assert_memory_equal(m.p, "second", 6);
    sys_unmap(&m);
    assert_int_equal(files_in(dir), 1);
    /* into a folder that is not there, and onto a folder */
    snprintf(below, sizeof below, "%s/no/f", dir);
    assert_int_equal(sys_write_file(below, "x", 1, &e), E_IO);
    assert_non_null(strstr(e.msg, below));
    err_clear(&e);
    assert_int_equal(sys_write_file(dir, "x", 1, &e), E_IO);
    assert_int_equal(sys_write_file("/dev/full", "x", 1, NULL), E_IO);
    assert_int_equal(sys_write_file("/dev/null", "x", 1, NULL), OK);
    assert_int_equal(files_in(dir), 1);
    unlink(path);
    rmdir(dir);
    free(dir);
}

static void maps_files_only(void **state)
{
    (void)state;
    struct errinfo e = {0};
    struct mapping m;
    assert_int_equal(sys_map(&m, "/tmp", &e), E_IO);
    assert_non_null(strstr(e.msg, "folder"));
    err_clear(&e);
    assert_int_equal(sys_map(&m, "/nowhere/at/all", &e), E_IO);
    assert_int_equal(sys_map(&m, "/dev/null", NULL), E_IO);
    sys_unmap(&m);
}

static void folders_are_made_on_the_way(void **state)
{
    (void)state;
    char *dir = scratch(), path[256];
    struct errinfo e = {0};
    snprintf(path, sizeof path, "%s/a/b/c", dir);
    assert_int_equal(sys_make_dirs(path, &e), OK);
    assert_int_equal(sys_make_dirs(path, &e), OK);
    assert_int_equal(sys_make_dirs("/dev/null/x", &e), E_IO);
    for (int i = 0; i < 4; i++) {
        rmdir(path);
        *strrchr(path, '/') = '\0';
    }
    free(dir);
}

static void reads_to_a_limit(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(write(fd[1], "hello", 5), 5);
    close(fd[1]);
    struct buf b = {0};
    struct errinfo e = {0};
    assert_int_equal(sys_read_all(fd[0], 4, &b, "pipe", &e), E_LIMIT);
    close(fd[0]);
    buf_free(&b);
}

static void sha256_of_known_strings(void **state)
{
    (void)state;
    char hex[SYS_SHA256_HEX];
    sys_sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sys_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void a_signal_sets_the_flag(void **state)
{
    (void)state;
    sys_catch_interrupt();
    assert_false(sys_interrupted());
    raise(SIGTERM);
    assert_true(sys_interrupted());
    assert_int_equal(sys_interrupt_signal(), SIGTERM);
    sys_interrupt(0);
    assert_false(sys_interrupted());
}

/* Standard error goes into a pipe meanwhile. */
struct listening {
    int kept, end;
};

static struct listening listen_to_stderr(void)
{
    int ends[2];
    struct listening l = {.kept = dup(STDERR_FILENO)};
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    l.end = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    return l;
}

enum { HEARD = 2 * SYS_STATUS + 1 };

/* What came since the last time, or "". */
static void hear(const struct listening *l, char out[HEARD])
{
    ssize_t n = read(l->end, out, HEARD - 1);
    out[n > 0 ? n : 0] = '\0';
}

static void stop_listening(const struct listening *l)
{
    dup2(l->kept, STDERR_FILENO);
    close(l->kept);
    close(l->end);
}

static void the_status_is_a_whole_line(void **state)
{
    (void)state;
    struct buf b = {0};
    char lines[HEARD], text[HEARD];
    for (int i = 0; i < SYS_STATUS; i++) buf_addz(&b, "é");
    sys_catch_status();
    struct listening l = listen_to_stderr();
    sys_set_status("one", 3);
    raise(SIGUSR1);
    sys_set_status("two\n", 4);
    raise(SIGUSR1);
    hear(&l, lines);
    sys_set_status(b.s, b.n);
    raise(SIGUSR1);
    hear(&l, text);
    struct str cut = str_of(text);
    stop_listening(&l);
    assert_string_equal(lines, "one\ntwo\n");
    assert_int_equal(cut.n, SYS_STATUS - 1); /* an odd number of bytes has half an é */
    assert_int_equal(cut.s[cut.n - 1], '\n');
    assert_int_equal(utf8_check(cut.s, cut.n), cut.n);
    buf_free(&b);
}

static void *ask_status(void *asked)
{
    pthread_sigmask(SIG_UNBLOCK, asked, NULL);
    raise(SIGUSR1); /* to this thread */
    return NULL;
}

/* Whichever thread gets the signal, the one that may change the line writes it. */
static void the_status_is_written_by_one_thread(void **state)
{
    (void)state;
    pthread_t thread;
    sigset_t asked;
    char early[HEARD], late[HEARD];
    sigemptyset(&asked);
    sigaddset(&asked, SIGUSR1);
    sys_catch_status();
    sys_set_status("here\n", 5);
    struct listening l = listen_to_stderr();
    pthread_sigmask(SIG_BLOCK, &asked, NULL);
    int started = pthread_create(&thread, NULL, ask_status, &asked);
    if (!started) pthread_join(thread, NULL);
    hear(&l, early);
    pthread_sigmask(SIG_UNBLOCK, &asked, NULL);
    hear(&l, late);
    stop_listening(&l);
    assert_int_equal(started, 0);
    assert_string_equal(early, "");
    assert_string_equal(late, "here\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_keeps_the_first_cause),
        cmocka_unit_test(err_message_is_one_line),
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(calls_are_counted),
        cmocka_unit_test(buffers_stay_terminated),
        cmocka_unit_test(suffixes_are_compared_in_either_case),
        cmocka_unit_test(utf8_round_trip),
        cmocka_unit_test(utf8_refuses),
        cmocka_unit_test(json_errors_name_the_place),
        cmocka_unit_test(files_are_replaced_whole_or_not_at_all),
        cmocka_unit_test(maps_files_only),
        cmocka_unit_test(folders_are_made_on_the_way),
        cmocka_unit_test(reads_to_a_limit),
        cmocka_unit_test(sha256_of_known_strings),
        cmocka_unit_test(a_signal_sets_the_flag),
        cmocka_unit_test(the_status_is_a_whole_line),
        cmocka_unit_test(the_status_is_written_by_one_thread),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
