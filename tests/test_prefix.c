/* test_prefix.c: a prompt read with the cache on disk gives the bits of one read without it,
 * whatever became of the files in between. */
#include "tests/prefix_check.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/sys.h"

/* ------------------------------------------------------------------ the same bits */

static void round_trip_on(const char *folder, const char *backend, enum kv_type kv)
{
    char name[64];
    snprintf(name, sizeof name, "trip-%s-%d-%s", backend, (int)kv, strrchr(folder, '/') + 1);
    struct prefix_options p = {.dir = in_dir(name)};
    struct model_options o = {.kv = kv};
    struct model *cached = cached_model(folder, backend, &p, o);
    struct model *plain = cached_model(folder, backend, NULL, o);
    struct session *want = new_session(plain);
    int32_t *ids = prompt_new(LENGTH, 1);
    struct prefix_report r = check_run(cached, ids, LENGTH, want);
    assert_null(r.notice);
    assert_int_equal(r.loaded, 0);
    assert_int_equal(r.stored, LENGTH);
    r = check_run(cached, ids, LENGTH, want);
    assert_null(r.notice);
    assert_int_equal(r.loaded, LENGTH - 1);
    assert_int_equal(r.stored, 0);
    model_close(cached); /* another process: nothing is left but the files */
    cached = cached_model(folder, backend, &p, o);
    assert_int_equal(check_run(cached, ids, LENGTH, want).loaded, LENGTH - 1);
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

static void round_trip(void **state)
{
    (void)state;
    round_trip_on(FIXTURE, "cpu", KV_AUTO);
    round_trip_on(FIXTURE, "cpu", KV_F32);
    round_trip_on("tests/data/glm-fixture", "cpu", KV_AUTO);
    round_trip_on(FIXTURE, "ref", KV_BF16);
}

/* As with a GPU: pages go through upload and download. */
static void a_device_with_memory_of_its_own(void **state)
{
    (void)state;
    struct backend far = cpu_backend;
    struct model *near_model = fixture("far"), *far_model = fixture("far"), *plain = fixture(NULL);
    struct session *want = new_session(plain);
    int32_t *ids = prompt_new(LENGTH, 1);
    far.host_memory = false;
    far_model->b = &far;
    assert_int_equal(check_run(far_model, ids, LENGTH, want).stored, LENGTH);
    assert_int_equal(check_run(near_model, ids, LENGTH, want).loaded, LENGTH - 1);
    assert_int_equal(check_run(far_model, ids, LENGTH, want).loaded, LENGTH - 1);
    session_free(want);
    model_close(near_model);
    model_close(far_model);
    model_close(plain);
    mem_free(ids);
}

/* Nothing that happened to be in memory goes into a file. */
static void rows_without_a_token_are_zeros(void **state)
{
    (void)state;
    struct model *m = fixture("rows");
    struct session *s = new_session(m);
    int32_t *ids = prompt_new(LENGTH, 1);
    char path[900];
    struct buf b;
    read_prompt(s, ids, LENGTH);
    assert_true(block_path(path, sizeof path, "rows", m, ids, LENGTH, 2));
    read_all(path, &b);
    const struct kv_layout *l = &m->kv;
    const char *page = b.s + b.n - l->page_bytes; /* LENGTH % 64 rows of 64 are filled */
    size_t row = (l->index_offset[0] - l->latent_offset[0]) / KV_PAGE, at = 0, used = 0;
    for (size_t i = LENGTH % KV_PAGE * row; i < KV_PAGE * row; i++) assert_int_equal(page[i], 0);
    for (at = 0; at < LENGTH % KV_PAGE * row; at++) used += page[at] != 0;
    assert_true(used > at / 2);
    size_t last = l->index_offset[m->config.L - 1]; /* the last block reaches to the page's end */
    if (last) {
        row = (l->page_bytes - last) / KV_PAGE;
        for (size_t i = last + LENGTH % KV_PAGE * row; i < l->page_bytes; i++)
            assert_int_equal(page[i], 0);
    }
    buf_free(&b);
    session_free(s);
    model_close(m);
    mem_free(ids);
}

/* Lengths around blocks and pages; each stands on what the ones before it left. */
static void any_length(void **state)
{
    (void)state;
    static const size_t lengths[] = {1535, 1024, 1025, 1536, 1537, 1088, 1100, 2047, 2048, 2049,
                                     1599, 1600, 1601, 1536, 2048};
    struct model *cached = fixture("lengths"), *plain = fixture(NULL);
    struct session *want = new_session(plain);
    int32_t *ids = prompt_new(2100, 1);
    size_t stored = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct prefix_report r = check_run(cached, ids, lengths[i], want);
        size_t most = lengths[i] - 1 < stored ? lengths[i] - 1 : stored;
        assert_true(r.loaded + 63 >= most && r.loaded < lengths[i]);
        if (r.stored && lengths[i] > stored) stored = lengths[i];
    }
    assert_int_equal(stored, 2048);
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

/* What a question about the same documents, and an edited file of a tree, come to. */
static void what_is_before_a_difference_is_kept(void **state)
{
    (void)state;
    static const size_t at[] = {1380, 1100, 1024, 600, 512, 511, 64, 40};
    struct model *cached = fixture("edits"), *plain = fixture(NULL);
    struct session *want = new_session(plain);
    int32_t *ids = prompt_new(LENGTH, 1);
    check_run(cached, ids, LENGTH, want);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        ids[at[i]] ^= 1;
        struct prefix_report r = check_run(cached, ids, LENGTH, want);
        assert_int_equal(r.loaded, at[i] < 64 ? 0 : at[i]);
        ids[at[i]] ^= 1;
    }
    assert_int_equal(check_run(cached, ids, LENGTH, want).loaded, LENGTH - 1);
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

static void another_question_stores_little(void **state)
{
    (void)state;
    struct model *cached = fixture("questions"), *plain = fixture(NULL);
    struct session *want = new_session(plain);
    int32_t *ids = prompt_new(LENGTH + 200, 1);
    check_run(cached, ids, LENGTH, want);
    for (int q = 0; q < 3; q++) { /* 30 tokens of question */
        for (int i = LENGTH - 30; i < LENGTH; i++) ids[i] = (i + 7 * q) % 1024;
        assert_int_equal(check_run(cached, ids, LENGTH, want).stored, 0);
    }
    assert_int_equal(check_run(cached, ids, LENGTH + 200, want).stored, 512 + 64);
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

/* The tokens of a question select more rows than those of the documents: what is on disk must not
 * depend on where, in another prompt, the documents end. */
static void documents_are_stored_and_questions_are_not(void **state)
{
    (void)state;
    struct prefix_options p = {.dir = in_dir("replies")}, none = {0};
    struct model_options o = {.reply_top_k = 200};
    struct model *cached = cached_model(FIXTURE, "cpu", &p, o), *plain = cached_model(FIXTURE, "cpu", &none, o);
    static const size_t documents[] = {1200, 1200, 1030, 1399};
    int32_t *ids = prompt_new(LENGTH, 1);
    for (size_t i = 0; i < 4; i++) {
        struct session *s = new_session(cached), *want = new_session(plain);
        struct prefix_report r;
        session_set_reply(s, documents[i]);
        session_set_reply(want, documents[i]);
        read_prompt(s, ids, LENGTH);
        read_prompt(want, ids, LENGTH);
        same_logits(s, want);
        session_prefix(s, &r);
        if (i == 0) assert_int_equal(r.stored, 1200);
        if (i == 1) assert_true(r.stored == 0 && r.loaded >= 1199);
        if (i == 2) assert_true(r.stored == 0 && r.loaded <= 1030);
        if (i == 3) assert_true(r.loaded <= 1200);
        session_free(s);
        session_free(want);
    }
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

static void sessions_take_from_memory_first(void **state)
{
    (void)state;
    struct model *cached = fixture("memory"), *plain = fixture(NULL);
    struct session *s = new_session(cached), *want = new_session(plain);
    int32_t *ids = prompt_new(2000, 1);
    struct prefix_report r;
    check_run(cached, ids, 2000, want);
    read_prompt(s, ids, 1030); /* two blocks from disk; six tokens of the third are not worth it */
    session_prefix(s, &r);
    assert_int_equal(r.loaded, 1024);
    assert_int_equal(session_computed(s), 6);
    read_prompt(s, ids, 1050);
    assert_int_equal(session_computed(s), 26);
    read_prompt(s, ids, 2000); /* the rest, from the middle of a block on */
    session_prefix(s, &r);
    assert_int_equal(r.loaded, 1024 + (1999 - 1050));
    assert_int_equal(session_computed(s), 26 + 1);
    assert_int_equal(r.stored, 0);
    read_prompt(want, ids, 2000);
    same_logits(s, want);
    session_free(s);
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

static void short_prompts_are_left_alone(void **state)
{
    (void)state;
    struct model *cached = fixture("short"), *plain = fixture(NULL);
    struct session *want = new_session(plain);
    int32_t *ids = prompt_new(PREFIX_FLOOR, 1);
    check_run(cached, ids, PREFIX_FLOOR - 1, want);
    assert_int_not_equal(access(in_dir("short"), F_OK), 0);
    assert_int_equal(check_run(cached, ids, PREFIX_FLOOR, want).stored, PREFIX_FLOOR);
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

/* ------------------------------------------------------------------ cut short */

static void on_tick(void *ctx, size_t done, size_t total)
{
    int *sig = ctx;
    assert_true(done <= total);
    if (done != 1024) return;
    if (*sig == SIGKILL) kill(getpid(), SIGKILL);
    sys_interrupt(*sig);
}

static void interrupted_and_resumed(void **state)
{
    (void)state;
    struct model *cached = fixture("interrupted"), *plain = fixture(NULL);
    struct session *s = new_session(cached), *want = new_session(plain);
    int32_t *ids = prompt_new(LENGTH, 1);
    struct errinfo e = {0};
    int sig = SIGINT;
    session_set_tick(s, on_tick, &sig);
    assert_int_equal(session_sync(s, ids, LENGTH, &e), E_INTR);
    assert_int_equal(session_length(s), 1024);
    sys_interrupt(0);
    session_free(s);
    assert_int_equal(check_run(cached, ids, LENGTH, want).loaded, 1024);
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

/* Runs body in a child process and returns its wait status. */
static int in_child(void (*body)(const int32_t *ids, const char *name), const int32_t *ids,
                    const char *name)
{
    fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        body(ids, name);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void read_and_be_killed(const int32_t *ids, const char *name)
{
    struct session *s = new_session(fixture(name));
    int sig = SIGKILL;
    session_set_tick(s, on_tick, &sig);
    session_sync(s, ids, LENGTH, NULL);
}

static void killed_and_resumed(void **state)
{
    (void)state;
    int32_t *ids = prompt_new(LENGTH, 1);
    int status = in_child(read_and_be_killed, ids, "killed");
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    struct model *cached = fixture("killed"), *plain = fixture(NULL);
    struct session *want = new_session(plain);
    assert_int_equal(check_run(cached, ids, LENGTH, want).loaded, 1024);
    assert_string_equal(last_notice, "");
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

/* ------------------------------------------------------------------ damage */

static unsigned next_random(unsigned *x)
{
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8;
}

/* Cuts the file, or flips one bit of it. */
static void damage(const char *path, unsigned *random, bool cut)
{
    struct buf b;
    read_all(path, &b);
    size_t at = next_random(random) % b.n;
    if (next_random(random) % 2) at %= PREFIX_BLOCK_DATA; /* half of it in the head */
    if (!cut) b.s[at] ^= (char)(1 << next_random(random) % 8);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    size_t n = cut ? at : b.n;
    assert_int_equal(write(fd, b.s ? b.s : "", n), n);
    close(fd);
    buf_free(&b);
}

static void damaged_blocks_are_removed(void **state)
{
    (void)state;
    struct model *cached = fixture("damage"), *plain = fixture(NULL);
    struct session *want = new_session(plain);
    int32_t *ids = prompt_new(LENGTH, 1);
    unsigned random = 7; /* damages cut and flip, head and pages */
    check_run(cached, ids, LENGTH, want);
    for (unsigned i = 0; i < 12; i++) {
        char path[900];
        size_t block = i % 3;
        assert_true(block_path(path, sizeof path, "damage", cached, ids, LENGTH, block));
        damage(path, &random, i % 2);
        struct prefix_report r = check_run(cached, ids, LENGTH, want);
        /* The damaged block alone is computed again, and replaced. */
        assert_int_equal(r.loaded, block == 2 ? 1024 : LENGTH - 1 - 512);
        assert_int_equal(r.stored, block == 2 ? 376 : 512);
        assert_string_not_equal(last_notice, "");
        assert_int_equal(count_files("damage", ".kv"), 3);
    }
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

static void a_block_in_the_wrong_place_is_removed(void **state)
{
    (void)state;
    struct model *cached = fixture("misplaced"), *plain = fixture(NULL);
    struct session *want = new_session(plain);
    int32_t *ids = prompt_new(LENGTH, 1);
    char first[900], second[900];
    check_run(cached, ids, LENGTH, want);
    assert_true(block_path(first, sizeof first, "misplaced", cached, ids, LENGTH, 0));
    assert_true(block_path(second, sizeof second, "misplaced", cached, ids, LENGTH, 1));
    assert_int_equal(rename(second, first), 0);
    assert_int_equal(check_run(cached, ids, LENGTH, want).loaded, 375);
    assert_non_null(strstr(last_notice, "another block"));
    assert_int_equal(unlink(first), 0); /* what is no file at all */
    assert_int_equal(mkdir(first, 0700), 0);
    check_run(cached, ids, LENGTH, want);
    assert_int_equal(rmdir(first), 0);
    assert_int_equal(symlink(second, first), 0);
    check_run(cached, ids, LENGTH, want);
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

/* ------------------------------------------------------------------ another model */

/* A state whose index keys are of another type is another state, also where they take as many bytes. */
static void other_index_keys_find_nothing(void **state)
{
    (void)state;
    struct model *cached = fixture("keys"), *other = fixture("keys"), *plain = fixture(NULL);
    struct session *want = new_session(cached), *s = new_session(plain);
    int32_t *ids = prompt_new(LENGTH, 1);
    kv_layout_init(&cached->kv, &cached->config, KV_F16, KV_BF16, cached->attention);
    kv_layout_init(&other->kv, &other->config, KV_F16, KV_F16, other->attention);
    kv_layout_init(&plain->kv, &plain->config, KV_F16, KV_F16, plain->attention);
    assert_int_equal(cached->kv.page_bytes, other->kv.page_bytes);
    read_prompt(want, ids, LENGTH);
    struct prefix_report r = check_run(other, ids, LENGTH, s);
    assert_null(r.notice);
    assert_int_equal(r.loaded, 0);
    assert_int_equal(r.stored, LENGTH);
    assert_int_equal(check_run(other, ids, LENGTH, s).loaded, LENGTH - 1);
    assert_int_equal(check_run(cached, ids, LENGTH, want).loaded, LENGTH - 1);
    session_free(s);
    session_free(want);
    model_close(cached);
    model_close(other);
    model_close(plain);
    mem_free(ids);
}

static void copy_fixture(const char *name)
{
    char cmd[1200];
    snprintf(cmd, sizeof cmd, "cp -r %s %s", FIXTURE, in_dir(name));
    assert_int_equal(system(cmd), 0);
}

static void another_model_finds_nothing(void **state)
{
    (void)state;
    static const struct model_options others[] = {
        {.kv = KV_F32}, {.weights = WEIGHT_F32}, {.dense = true}, {.index_share = 2}};
    struct model *cached = fixture("models");
    struct session *want = new_session(cached);
    int32_t *ids = prompt_new(LENGTH, 1);
    read_prompt(want, ids, LENGTH);
    struct prefix_options p = {.dir = in_dir("models")};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct model *m = cached_model(FIXTURE, "cpu", &p, others[i]);
        struct session *s = new_session(m);
        struct prefix_report r;
        read_prompt(s, ids, LENGTH);
        session_prefix(s, &r);
        assert_int_equal(r.loaded, 0);
        session_free(s);
        model_close(m);
    }
    copy_fixture("weights"); /* one bit of one weight */
    char path[600];
    snprintf(path, sizeof path, "%s/model-00002-of-00002.safetensors", in_dir("weights"));
    int fd = open(path, O_RDWR);
    char byte;
    assert_int_equal(pread(fd, &byte, 1, 1700000), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 1700000), 1);
    close(fd);
    struct prefix_options same = {.dir = in_dir("models")};
    char folder[600];
    snprintf(folder, sizeof folder, "%s", in_dir("weights"));
    same.dir = in_dir("models");
    struct model *m = cached_model(folder, "cpu", &same, (struct model_options){0});
    assert_false(prefix_key_equal(&m->prefix_base, &cached->prefix_base));
    model_close(m);
    copy_fixture("copy"); /* the same model somewhere else is the same */
    snprintf(folder, sizeof folder, "%s", in_dir("copy"));
    same.dir = in_dir("models");
    m = cached_model(folder, "cpu", &same, (struct model_options){0});
    struct prefix_key roots[2] = {prefix_root(m), prefix_root(cached)};
    assert_true(prefix_key_equal(&roots[0], &roots[1]));
    model_close(m);
    session_free(want);
    model_close(cached);
    mem_free(ids);
}

/* ------------------------------------------------------------------ modes */

static struct model *with_mode(const char *name, enum prefix_mode mode, bool no_store)
{
    struct prefix_options p = {.dir = in_dir(name), .mode = mode, .no_store = no_store};
    return cached_model(FIXTURE, "cpu", &p, (struct model_options){0});
}

static void modes(void **state)
{
    (void)state;
    struct model *plain = fixture(NULL), *off = with_mode("modes", PREFIX_OFF, false);
    struct model *only = with_mode("modes", PREFIX_ONLY, false);
    struct model *look = with_mode("modes", PREFIX_AUTO, true);
    struct model *fresh = with_mode("modes", PREFIX_REFRESH, false), *cached = fixture("modes");
    struct session *want = new_session(plain), *s = new_session(only);
    int32_t *ids = prompt_new(LENGTH, 1);
    struct errinfo e = {0};
    assert_int_equal(check_run(off, ids, LENGTH, want).stored, 0);
    assert_int_equal(check_run(look, ids, LENGTH, want).stored, 0);
    assert_int_not_equal(access(in_dir("modes"), F_OK), 0);
    assert_int_equal(session_sync(s, ids, LENGTH, &e), E_LIMIT);
    assert_non_null(strstr(e.msg, "1400 of 1400 tokens are not in the cache"));
    assert_int_equal(check_run(cached, ids, LENGTH, want).stored, LENGTH);
    assert_int_equal(check_run(off, ids, LENGTH, want).loaded, 0);
    assert_int_equal(check_run(look, ids, LENGTH, want).loaded, LENGTH - 1);
    assert_int_equal(check_run(only, ids, LENGTH, want).loaded, LENGTH - 1);
    struct prefix_report r = check_run(fresh, ids, LENGTH, want);
    assert_int_equal(r.loaded, 0);
    assert_int_equal(r.stored, LENGTH);
    struct session *asks = new_session(cached);
    assert_int_equal(session_stored(asks, ids, LENGTH), 1024);
    assert_int_equal(session_length(asks), 0);
    session_free(asks);
    session_free(s);
    session_free(want);
    struct model *all[] = {plain, off, only, look, fresh, cached};
    for (size_t i = 0; i < 6; i++) model_close(all[i]);
    mem_free(ids);
}

/* ------------------------------------------------------------------ no place to write */

static void goes_on_uncached(const char *folder, const char *why)
{
    struct prefix_options p = {.dir = folder};
    struct model *cached = cached_model(FIXTURE, "cpu", &p, (struct model_options){0});
    struct model *plain = fixture(NULL);
    struct session *want = new_session(plain);
    int32_t *ids = prompt_new(LENGTH, 1);
    assert_int_equal(check_run(cached, ids, LENGTH, want).stored, 0);
    if (!strstr(last_notice, why)) fail_msg("expected \"%s\" in: %s", why, last_notice);
    session_free(want);
    model_close(cached);
    model_close(plain);
    mem_free(ids);
}

static void no_folder(void **state)
{
    (void)state;
    char folder[600];
    goes_on_uncached("/dev/null/cache", "Not a directory");
    goes_on_uncached("/proc/deepread", "cannot make folder");
    write_text(dir, "theirs/kv/x", "");
    snprintf(folder, sizeof folder, "%s", in_dir("theirs/kv"));
    chmod(folder, 0777);
    goes_on_uncached(in_dir("theirs"), "can be written by others");
    chmod(folder, 0555);
    if (geteuid()) goes_on_uncached(in_dir("theirs"), "cannot write: Permission denied");
}

/* A child's failed assertion is its exit code. */
static void small_files_only(const int32_t *ids, const char *name)
{
    struct rlimit small = {100000, 100000};
    (void)ids;
    sys_catch_interrupt();
    setrlimit(RLIMIT_FSIZE, &small);
    char folder[600];
    snprintf(folder, sizeof folder, "%s", in_dir(name));
    goes_on_uncached(folder, "File too large");
}

static void a_file_that_may_not_grow(void **state)
{
    (void)state;
    assert_int_equal(in_child(small_files_only, NULL, "limited"), 0);
    assert_int_equal(count_files("limited", ".kv") + count_files("limited", ".tmp"), 0);
}

#define NO_MOUNT 77
static void a_full_disk(const int32_t *ids, const char *name)
{
    char folder[600];
    (void)ids;
    snprintf(folder, sizeof folder, "%s", in_dir(name));
    mkdir(folder, 0700);
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", folder, "tmpfs", 0, "size=1m"))
        _exit(NO_MOUNT);
    goes_on_uncached(folder, "all of it is in use"); /* by what is there already: nothing fits */
    if (count_files(name, ".kv") + count_files(name, ".tmp")) _exit(2);
}

static void full_disk(void **state)
{
    (void)state;
    int status = in_child(a_full_disk, NULL, "full");
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_MOUNT) {
        print_message("no right to mount a small file system\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static int with_folder(void **state)
{
    signal(SIGXFSZ, SIG_IGN);
    return setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(a_device_with_memory_of_its_own),
        cmocka_unit_test(rows_without_a_token_are_zeros),
        cmocka_unit_test(any_length),
        cmocka_unit_test(what_is_before_a_difference_is_kept),
        cmocka_unit_test(another_question_stores_little),
        cmocka_unit_test(documents_are_stored_and_questions_are_not),
        cmocka_unit_test(sessions_take_from_memory_first),
        cmocka_unit_test(short_prompts_are_left_alone),
        cmocka_unit_test(interrupted_and_resumed),
        cmocka_unit_test(killed_and_resumed),
        cmocka_unit_test(damaged_blocks_are_removed),
        cmocka_unit_test(a_block_in_the_wrong_place_is_removed),
        cmocka_unit_test(another_model_finds_nothing),
        cmocka_unit_test(other_index_keys_find_nothing),
        cmocka_unit_test(modes),
        cmocka_unit_test(no_folder),
        cmocka_unit_test(a_file_that_may_not_grow),
        cmocka_unit_test(full_disk),
    };
    return cmocka_run_group_tests(tests, with_folder, teardown);
}
