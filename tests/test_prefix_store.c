/* test_prefix_store.c: the folder of the prefix cache: several processes in it, what is evicted,
 * what list, show, prune and clear do. */
#include "tests/prefix_check.h"

#include <sys/file.h>
#include <sys/wait.h>

static struct model *limited(const char *name, size_t max_bytes)
{
    struct prefix_options p = {.dir = in_dir(name), .max_bytes = max_bytes};
    return cached_model(FIXTURE, "cpu", &p, (struct model_options){0});
}

static size_t block_bytes(const struct model *m, size_t tokens)
{
    return PREFIX_BLOCK_DATA + tokens / KV_PAGE * m->kv.page_bytes;
}

/* Reads a prompt in a session of its own. */
static struct prefix_report run(struct model *m, const int32_t *ids, size_t n)
{
    struct session *s = new_session(m);
    struct prefix_report r;
    session_set_label(s, "a document");
    read_prompt(s, ids, n);
    session_prefix(s, &r);
    snprintf(last_notice, sizeof last_notice, "%s", r.notice ? r.notice : "");
    r.notice = r.notice ? last_notice : NULL;
    session_free(s);
    return r;
}

static size_t list_entries(const char *name, struct arena *a, struct prefix_entry **v)
{
    struct errinfo e = {0};
    size_t n, bytes;
    if (prefix_list(v, &n, &bytes, a, in_dir(name), &e)) fail_msg("%s", e.msg);
    return n;
}

/* ------------------------------------------------------------------ several processes */

/* Reads two prompts again and again; the cache is cleared under it meanwhile by another one. */
static void reader(int which, const int32_t *a, const int32_t *b, const float *want)
{
    struct model *m = fixture("crowd");
    for (int i = 0; i < 6; i++) {
        struct session *s = new_session(m);
        struct prefix_removed r;
        read_prompt(s, i % 2 ? b : a, LENGTH);
        if (memcmp(session_logits(s), want + (i % 2) * 1024, 1024 * sizeof *want)) _exit(3);
        if (which == 2 && i % 2 && prefix_clear(&r, in_dir("crowd"), NULL)) _exit(4);
        if (which == 1 && i == 3 && prefix_prune(&r, in_dir("crowd"), 0, NULL)) _exit(5);
        session_free(s);
    }
    model_close(m);
    _exit(0);
}

static void several_at_once(void **state)
{
    (void)state;
    int32_t *a = prompt_new(LENGTH, 1), *b = prompt_new(LENGTH, 1);
    float want[2 * 1024];
    for (size_t i = 700; i < LENGTH; i++) b[i] = (b[i] + 3) % 1024; /* they share a block */
    struct model *plain = fixture(NULL);
    struct session *s = new_session(plain);
    read_prompt(s, a, LENGTH);
    memcpy(want, session_logits(s), sizeof want / 2);
    read_prompt(s, b, LENGTH);
    memcpy(want + 1024, session_logits(s), sizeof want / 2);
    session_free(s);
    model_close(plain);
    pid_t pid[3];
    fflush(stdout);
    for (int i = 0; i < 3; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0) reader(i, a, b, want);
    }
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_int_equal(status, 0);
    }
    struct prefix_removed r;
    assert_int_equal(prefix_prune(&r, in_dir("crowd"), 0, NULL), OK);
    assert_int_equal(r.damaged + r.unfinished, 0);
    assert_int_equal(count_files("crowd", ".tmp"), 0);
    mem_free(a);
    mem_free(b);
}

static void a_block_being_written_is_left_to_its_writer(void **state)
{
    (void)state;
    struct model *m = fixture("writer"), *other;
    int32_t *ids = prompt_new(LENGTH, 1);
    char path[900], tmp[900];
    run(m, ids, LENGTH);
    assert_true(block_path(path, sizeof path, "writer", m, ids, LENGTH, 1));
    snprintf(tmp, sizeof tmp, "%.*s.tmp", (int)strlen(path) - 3, path);
    assert_int_equal(rename(path, tmp), 0);
    int fd = open(tmp, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    struct prefix_report r = run(m, ids, LENGTH);
    assert_int_equal(r.loaded, 512 + 375);
    assert_null(r.notice);
    assert_int_equal(count_files("writer", ".kv"), 2);
    struct prefix_removed removed;
    assert_int_equal(prefix_prune(&removed, in_dir("writer"), 0, NULL), OK);
    assert_int_equal(removed.unfinished, 0);
    close(fd); /* its writer has died */
    other = fixture("writer");
    assert_int_equal(run(other, ids, LENGTH).stored, 512 + 376); /* prune took the last one too */
    assert_int_equal(count_files("writer", ".tmp"), 0);
    assert_int_equal(count_files("writer", ".kv"), 3);
    model_close(other);
    model_close(m);
    mem_free(ids);
}

/* What a session has mapped outlives the files. */
static void files_may_go_while_they_are_used(void **state)
{
    (void)state;
    struct model *m = fixture("gone"), *plain = fixture(NULL);
    int32_t *ids = prompt_new(LENGTH, 1);
    struct session *s = new_session(m), *want = new_session(plain);
    struct prefix_removed r;
    run(m, ids, LENGTH);
    read_prompt(s, ids, LENGTH);
    assert_int_equal(prefix_clear(&r, in_dir("gone"), NULL), OK);
    assert_int_equal(r.old, 3);
    assert_int_equal(r.left, 0);
    read_prompt(want, ids, LENGTH);
    assert_int_equal(session_append(s, ids, 200, NULL), OK);
    assert_int_equal(session_append(want, ids, 200, NULL), OK);
    same_logits(s, want);
    session_free(s);
    session_free(want);
    model_close(m);
    model_close(plain);
    mem_free(ids);
}

/* ------------------------------------------------------------------ eviction */

static void the_longest_unused_goes_first(void **state)
{
    (void)state;
    struct model *m = fixture("evict");
    size_t room = 3 * block_bytes(m, 1024) + block_bytes(m, 512);
    model_close(m);
    m = limited("evict", room);
    int32_t *ids[4];
    for (unsigned i = 0; i < 4; i++) ids[i] = prompt_new(1024, i + 1);
    for (int i = 0; i < 3; i++) assert_int_equal(run(m, ids[i], 1024).stored, 1024);
    assert_int_equal(run(m, ids[0], 1024).loaded, 1023); /* used again */
    sleep(1); /* what was used within the last second is not evicted */
    assert_int_equal(run(m, ids[3], 1024).stored, 1024);
    sleep(1);
    assert_int_equal(run(m, ids[3], 1024).loaded, 1023);
    assert_int_equal(run(m, ids[0], 1024).loaded, 1023);
    assert_int_equal(run(m, ids[1], 1024).loaded < 1023, true);
    for (int i = 0; i < 4; i++) mem_free(ids[i]);
    model_close(m);
}

static void the_end_of_a_prompt_goes_before_its_beginning(void **state)
{
    (void)state;
    struct model *m = fixture("ends");
    size_t room = 4 * block_bytes(m, 512) + block_bytes(m, 512) / 2;
    model_close(m);
    m = limited("ends", room);
    int32_t *first = prompt_new(2048, 1), *second = prompt_new(1024, 2);
    assert_int_equal(run(m, first, 2048).stored, 2048);
    sleep(1);
    assert_int_equal(run(m, second, 1024).stored, 1024);
    struct prefix_report r = run(m, first, 2048);
    assert_true(r.loaded == 512 || r.loaded == 1024); /* what is left is a beginning */
    mem_free(first);
    mem_free(second);
    model_close(m);
}

static void a_prompt_larger_than_the_budget(void **state)
{
    (void)state;
    struct model *m = fixture("small");
    size_t room = 2 * block_bytes(m, 512) + 1000;
    model_close(m);
    m = limited("small", room);
    int32_t *ids = prompt_new(2048, 1);
    struct prefix_report r = run(m, ids, 2048);
    assert_int_equal(r.stored, 1024); /* its own beginning is not thrown out for its end */
    assert_non_null(strstr(r.notice, "all of it is in use"));
    assert_int_equal(run(m, ids, 2048).loaded, 1024);
    struct session *s = new_session(m); /* one that does not fit, then one that does */
    int32_t *other = prompt_new(1024, 2);
    read_prompt(s, ids, 2048);
    sleep(2);
    read_prompt(s, other, 1024);
    session_free(s);
    assert_int_equal(run(m, other, 1024).loaded, 1023);
    mem_free(other);
    mem_free(ids);
    model_close(m);
}

/* ------------------------------------------------------------------ looking after it */

static void list_and_show(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct prefix_entry *v;
    struct errinfo e = {0};
    size_t n;
    assert_int_equal(list_entries("list", a, &v), 0); /* no folder yet */
    struct model *m = fixture("list");
    int32_t *one = prompt_new(LENGTH, 1), *two = prompt_new(1100, 2);
    run(m, one, LENGTH);
    one[1000] ^= 1;
    run(m, one, LENGTH); /* shares a block with the first */
    run(m, two, 1100);
    assert_int_equal(list_entries("list", a, &v), 3);
    size_t shared = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_true(v[i].whole);
        assert_string_equal(v[i].label, "a document");
        assert_string_equal(v[i].model, "moe-fixture");
        assert_int_equal(strlen(v[i].id), 8);
        assert_int_equal(v[i].blocks, 3);
        if (v[i].tokens == LENGTH) shared++;
        else assert_int_equal(v[i].tokens, 1100);
    }
    assert_int_equal(shared, 2);
    char id[9], path[900];
    snprintf(id, sizeof id, "%.6s", v[0].id);
    assert_int_equal(prefix_show(&v, &n, a, in_dir("list"), id, &e), OK);
    assert_int_equal(n, 1);
    assert_int_equal(v[0].damaged, 0);
    assert_int_equal(prefix_show(&v, &n, a, in_dir("list"), "", &e), OK);
    assert_int_equal(n, 3);
    assert_true(block_path(path, sizeof path, "list", m, two, 1100, 0)); 
    int fd = open(path, O_RDWR);
    char byte = 0;
    assert_int_equal(pread(fd, &byte, 1, 100000), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, 100000), 1);
    close(fd);
    assert_int_equal(prefix_show(&v, &n, a, in_dir("list"), "", &e), OK);
    size_t damaged = 0;
    for (size_t i = 0; i < n; i++) damaged += v[i].damaged;
    assert_int_equal(damaged, 1);
    arena_free(a);
    mem_free(one);
    mem_free(two);
    model_close(m);
}

static void prune(void **state)
{
    (void)state;
    struct model *m = fixture("prune");
    int32_t *one = prompt_new(LENGTH, 1), *two = prompt_new(2048, 2);
    struct prefix_removed r;
    char path[900], tmp[900];
    assert_int_equal(prefix_prune(&r, in_dir("prune"), 0, NULL), OK); /* no folder yet */
    run(m, one, LENGTH);
    run(m, two, 2048);
    write_text(dir, "prune/kv/notes.txt", "mine");
    assert_int_equal(prefix_prune(&r, in_dir("prune"), 0, NULL), OK);
    assert_int_equal(r.damaged + r.unreachable + r.unfinished + r.old, 0);
    assert_true(block_path(path, sizeof path, "prune", m, one, LENGTH, 2));
    snprintf(tmp, sizeof tmp, "%.*s.tmp", (int)strlen(path) - 3, path);
    assert_int_equal(rename(path, tmp), 0); /* a leftover */
    assert_true(block_path(path, sizeof path, "prune", m, one, LENGTH, 0));
    assert_int_equal(truncate(path, 50000), 0);
    assert_int_equal(prefix_prune(&r, in_dir("prune"), 0, NULL), OK);
    assert_int_equal(r.unfinished, 1);
    assert_int_equal(r.damaged, 1);
    assert_int_equal(r.unreachable, 1);
    assert_int_equal(r.left, 4 * block_bytes(m, 512));
    assert_int_equal(prefix_prune(&r, in_dir("prune"), 3 * block_bytes(m, 512) + 1, NULL), OK);
    assert_int_equal(r.old, 1);
    assert_int_equal(run(m, two, 2048).loaded, 1536); /* the last block was the oldest */
    assert_int_equal(prefix_clear(&r, in_dir("prune"), NULL), OK);
    assert_int_equal(count_files("prune", ".kv"), 0);
    assert_int_equal(access(in_dir("prune/kv/notes.txt"), F_OK), 0);
    mem_free(one);
    mem_free(two);
    model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_at_once),
        cmocka_unit_test(a_block_being_written_is_left_to_its_writer),
        cmocka_unit_test(files_may_go_while_they_are_used),
        cmocka_unit_test(the_longest_unused_goes_first),
        cmocka_unit_test(the_end_of_a_prompt_goes_before_its_beginning),
        cmocka_unit_test(a_prompt_larger_than_the_budget),
        cmocka_unit_test(list_and_show),
        cmocka_unit_test(prune),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
