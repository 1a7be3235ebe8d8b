/* test_text_cache.c: answers kept by content: found again, never wrong, never too many. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "ingest/pool.h"
#include "ingest/text_cache.h"
#include "tests/extract_check.h"

static char *dir;

static int setup(void **state)
{
    (void)state;
    dir = make_folder();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    drop_folder(dir);
    return 0;
}

static struct text_cache cache(struct text_cache_options o)
{
    struct text_cache c;
    o.dir = dir;
    text_cache_open(&c, &o);
    return c;
}

static bool finds(struct text_cache *c, const struct text_key *k, const char *answer)
{
    struct buf b = {0};
    bool there = text_cache_get(c, k, &b);
    if (there) {
        assert_int_equal(b.n, strlen(answer));
        assert_memory_equal(b.s, answer, b.n);
    }
    buf_free(&b);
    return there;
}

static char *path_of(const struct text_key *k, const char *suffix)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/text/%s%s", dir, k->hex, suffix);
    return path;
}

static void keys(void **state)
{
    (void)state;
    struct text_key a = text_key_of("source", 6, "pdf"), b = text_key_of("source", 6, "pdf");
    assert_string_equal(a.hex, b.hex);
    b = text_key_of("sourcf", 6, "pdf");
    assert_string_not_equal(a.hex, b.hex);
    b = text_key_of("source", 6, "html");
    assert_string_not_equal(a.hex, b.hex);
    b = text_key_of("fsource", 7, "pd"); /* what is settings and what is source is no matter of luck */
    assert_string_not_equal(a.hex, b.hex);
}

static void round_trip(void **state)
{
    (void)state;
    struct text_cache c = cache((struct text_cache_options){0});
    struct text_key k = text_key_of("a", 1, "x"), other = text_key_of("b", 1, "x");
    struct stat st;
    assert_false(finds(&c, &k, ""));
    text_cache_put(&c, &k, "answer", 6);
    assert_true(finds(&c, &k, "answer"));
    assert_false(finds(&c, &other, ""));
    assert_int_equal(stat(path_of(&k, ".text"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    text_cache_put(&c, &k, "another", 7); /* the same key again replaces it */
    assert_true(finds(&c, &k, "another"));
    text_cache_close(&c);
    c = cache((struct text_cache_options){.no_use = true});
    assert_false(finds(&c, &k, ""));
    text_cache_put(&c, &other, "new", 3);
    text_cache_close(&c);
    c = cache((struct text_cache_options){.no_store = true});
    assert_true(finds(&c, &other, "new"));
    k = text_key_of("c", 1, "x");
    text_cache_put(&c, &k, "not", 3);
    assert_false(finds(&c, &k, ""));
    text_cache_close(&c);
    text_cache_open(&c, &(struct text_cache_options){0}); /* no folder, no cache */
    text_cache_put(&c, &k, "not", 3);
    assert_false(finds(&c, &k, ""));
    text_cache_close(&c);
}

static void write_at(const char *path, const char *s, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(s, 1, n, f), n);
    fclose(f);
}

/* Every prefix and every changed byte of a file: not found, and removed. */
static void damage(void **state)
{
    (void)state;
    struct text_cache c = cache((struct text_cache_options){0});
    struct text_key k = text_key_of("a", 1, "x"), other = text_key_of("b", 1, "x");
    struct buf good;
    text_cache_put(&c, &k, "answer", 6);
    read_all(path_of(&k, ".text"), &good);
    for (size_t n = 0; n < good.n; n++) {
        write_at(path_of(&k, ".text"), good.s, n);
        assert_false(finds(&c, &k, ""));
        assert_int_equal(access(path_of(&k, ".text"), F_OK), -1);
        good.s[n] ^= 1;
        write_at(path_of(&k, ".text"), good.s, good.n);
        good.s[n] ^= 1;
        assert_false(finds(&c, &k, ""));
        assert_int_equal(access(path_of(&k, ".text"), F_OK), -1);
    }
    write_at(path_of(&other, ".text"), good.s, good.n); /* another document's */
    assert_false(finds(&c, &other, ""));
    assert_int_equal(symlink("/etc/passwd", path_of(&k, ".text")), 0);
    assert_false(finds(&c, &k, ""));
    write_at(path_of(&k, ".text"), good.s, good.n);
    assert_true(finds(&c, &k, "answer"));
    buf_free(&good);
    text_cache_close(&c);
}

static void foreign_folder(void **state)
{
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s/text", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0777), 0);
    struct text_cache c = cache((struct text_cache_options){0});
    struct text_key k = text_key_of("a", 1, "x");
    text_cache_put(&c, &k, "answer", 6);
    assert_false(finds(&c, &k, ""));
    text_cache_close(&c);
    assert_int_equal(chmod(path, 0700), 0);
}

static void set_age(const struct text_key *k, int seconds)
{
    struct timespec t[2] = {{.tv_sec = time(NULL) - seconds}, {.tv_sec = time(NULL) - seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path_of(k, ".text"), t, 0), 0);
}

/* The longest unused goes first; looking at one is a use. */
static void eviction(void **state)
{
    (void)state;
    enum { N = 30, EACH = 1000 };
    char answer[EACH];
    struct text_key k[N];
    struct text_cache c = cache((struct text_cache_options){.max_bytes = 20 * (EACH + 16)});
    memset(answer, 'x', sizeof answer);
    for (int i = 0; i < N; i++) {
        char source = (char)('A' + i);
        k[i] = text_key_of(&source, 1, "x");
        text_cache_put(&c, &k[i], answer, sizeof answer);
        if (i < 20) set_age(&k[i], 1000 - i);
        struct buf b = {0};
        if (i == 19) assert_true(text_cache_get(&c, &k[0], &b));
        buf_free(&b);
    }
    struct text_cache_sum sum;
    text_cache_list(&sum, dir);
    assert_in_range(sum.files, 15, 20);
    assert_in_range(sum.bytes, 15 * EACH, 20 * (EACH + 16));
    assert_int_equal(access(path_of(&k[0], ".text"), F_OK), 0);
    assert_int_equal(access(path_of(&k[1], ".text"), F_OK), -1);
    assert_int_equal(access(path_of(&k[N - 1], ".text"), F_OK), 0);
    char *large = calloc(1, 21 * EACH);
    text_cache_put(&c, &k[1], large, 21 * EACH); /* more than all of it: not kept, nothing evicted */
    struct text_cache_sum after;
    text_cache_list(&after, dir);
    assert_int_equal(after.files, sum.files);
    free(large);
    text_cache_close(&c);
}

static void tidying(void **state)
{
    (void)state;
    struct text_cache c = cache((struct text_cache_options){0});
    struct text_key k[4];
    struct text_cache_sum sum;
    for (int i = 0; i < 4; i++) {
        char source = (char)('A' + i);
        k[i] = text_key_of(&source, 1, "x");
        text_cache_put(&c, &k[i], "answer", 6);
        set_age(&k[i], 100 - i);
    }
    write_at(path_of(&k[1], ".text"), "drtext", 6);
    write_at(path_of(&k[2], ".tmp"), "left over", 9);
    write_at(path_of(&k[3], ".tmp"), "at work", 7);
    int fd = open(path_of(&k[3], ".tmp"), O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    char other[512];
    snprintf(other, sizeof other, "%s/text/other", dir);
    write_at(other, "not ours", 8);
    text_cache_prune(&sum, dir, 0);
    assert_int_equal(sum.damaged, 1);
    assert_int_equal(sum.unfinished, 1);
    assert_int_equal(sum.old, 0);
    assert_int_equal(sum.files, 4); /* three answers and the one at work */
    text_cache_prune(&sum, dir, 2 * 22 + 7); /* files of 22 bytes */
    assert_int_equal(sum.old, 1);
    assert_int_equal(access(path_of(&k[0], ".text"), F_OK), -1);
    text_cache_clear(&sum, dir);
    assert_int_equal(sum.files, 1);
    close(fd);
    text_cache_clear(&sum, dir);
    assert_int_equal(sum.files, 0);
    assert_int_equal(access(other, F_OK), 0);
    text_cache_list(&sum, "/nonexistent");
    assert_int_equal(sum.files, 0);
    text_cache_close(&c);
}

static size_t count_files(void)
{
    struct text_cache_sum sum;
    text_cache_list(&sum, dir);
    return sum.files;
}

static void read_again(const char *path, struct ingest_options o, const char *text, size_t files)
{
    struct got g = get(path, o);
    assert_int_equal(g.r, OK);
    assert_string_equal(g.d->text.s, text);
    assert_int_equal(count_files(), files);
    drop(&g);
}

/* A document is parsed once for each set of options, and what is found again is the same. */
static void documents(void **state)
{
    (void)state;
    static const char page[] = "<html><head><title>T</title></head><body><p>Some words of a page, "
                               "enough of them.</p></body></html>";
    struct text_cache_options to = {.dir = dir};
    struct ingest_options o = {.cache = &to};
    char path[512];
    write_file(dir, "page.html", page, sizeof page - 1);
    snprintf(path, sizeof path, "%s/page.html", dir);
    struct got first = get(path, (struct ingest_options){0});
    assert_int_equal(first.r, OK);
    const char *text = first.d->text.s;
    read_again(path, o, text, 1);
    read_again(path, o, text, 1);
    struct got again = get(path, o);
    assert_int_equal(again.d->n_spans, first.d->n_spans);
    assert_string_equal(again.d->title, first.d->title);
    assert_string_equal(again.d->sha256, first.d->sha256);
    drop(&again);
    o.encoding = "utf-8";
    read_again(path, o, text, 2);
    o.encoding = NULL;
    o.show_hidden = true;
    read_again(path, o, text, 3);
    o.show_hidden = false;
    o.password = "secret"; /* never on disk */
    read_again(path, o, text, 3);
    o.password = NULL;
    struct text_key k;
    snprintf(path, sizeof path, "%s/text", dir); /* every answer replaced by one that is none */
    DIR *d = opendir(path);
    for (struct dirent *f; d && (f = readdir(d));) {
        if (strlen(f->d_name) < 64) continue;
        struct text_cache c = cache((struct text_cache_options){0});
        memcpy(k.hex, f->d_name, 64);
        k.hex[64] = 0;
        text_cache_put(&c, &k, "no message", 10);
        text_cache_close(&c);
    }
    if (d) closedir(d);
    snprintf(path, sizeof path, "%s/page.html", dir);
    read_again(path, o, text, 3);
    drop(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(damage, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(eviction, setup, teardown),
        cmocka_unit_test_setup_teardown(tidying, setup, teardown),
        cmocka_unit_test_setup_teardown(documents, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
