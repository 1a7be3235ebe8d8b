/* prefix_check.h: models, prompts and folders for the tests of the prefix cache.  A cache has a
 * folder of its own below the test's scratch folder. */
#ifndef TESTS_PREFIX_CHECK_H
#define TESTS_PREFIX_CHECK_H

#include "tests/scratch.h"

#include <dirent.h>
#include <math.h>

#include "base/mem.h"
#include "engine/prefix_root.h"
#include "engine/session.h"

#define FIXTURE "tests/data/moe-fixture"
#define LENGTH 1400 /* two whole blocks and one of 376 tokens, its last page filled in part */

/* A prompt of n tokens; another seed differs from the first token on. */
static inline int32_t *prompt_new(size_t n, unsigned seed)
{
    int32_t *ids = mem_alloc(n, sizeof *ids);
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)((i * 2654435761u + seed * 40503u) >> 7) & 1023;
    return ids;
}

static inline struct model *cached_model(const char *folder, const char *backend,
                                         struct prefix_options *p, struct model_options o)
{
    struct errinfo e = {0};
    struct model *m;
    o.backend = backend;
    o.threads = 2;
    o.prefix = p;
    if (model_open_weights(&m, folder, &o, &e)) fail_msg("%s", e.msg);
    return m;
}

/* The fixture on the cpu backend with its cache in `name`; NULL: without one. */
static inline struct model *fixture(const char *name)
{
    struct prefix_options p = {.dir = name ? in_dir(name) : NULL};
    return cached_model(FIXTURE, "cpu", &p, (struct model_options){0});
}

static inline struct session *new_session(struct model *m)
{
    struct errinfo e = {0};
    struct session *s;
    if (session_new(&s, m, &e)) fail_msg("%s", e.msg);
    return s;
}

static inline void read_prompt(struct session *s, const int32_t *ids, size_t n)
{
    struct errinfo e = {0};
    if (session_sync(s, ids, n, &e)) fail_msg("%s", e.msg);
    assert_int_equal(session_length(s), n);
    assert_memory_equal(session_tokens(s), ids, n * sizeof *ids);
}

static inline void same_logits(const struct session *a, const struct session *b)
{
    const float *x = session_logits(a), *y = session_logits(b);
    assert_non_null(x);
    assert_non_null(y);
    for (int i = 0; i < a->m->config.V; i++)
        if (memcmp(&x[i], &y[i], sizeof *x) || !isfinite(x[i]))
            fail_msg("logit %d is %.9g and %.9g", i, (double)x[i], (double)y[i]);
}

/* Reads the prompt in a session of its own and wants the logits of `want`, then 10 tokens more.
 * Returns what the cache did; the notice is copied. */
static char last_notice[512];
static inline struct prefix_report check_run(struct model *m, const int32_t *ids, size_t n,
                                             struct session *want)
{
    struct session *s = new_session(m);
    struct prefix_report r;
    struct errinfo e = {0};
    read_prompt(s, ids, n);
    session_prefix(s, &r);
    snprintf(last_notice, sizeof last_notice, "%s", r.notice ? r.notice : "");
    assert_int_equal(session_computed(s) + r.loaded, n);
    read_prompt(want, ids, n);
    same_logits(s, want);
    assert_int_equal(session_append(s, ids, 10, &e), OK); /* into pages of a file, and beyond */
    assert_int_equal(session_append(want, ids, 10, &e), OK);
    same_logits(s, want);
    session_rewind(want, n);
    session_free(s);
    return r;
}

/* The path of block `block` of a stored prompt of n tokens; where it is a last, shorter one, of any
 * block that follows the one before. */
static inline bool block_path(char *path, size_t size, const char *name, const struct model *m,
                              const int32_t *ids, size_t n, size_t block)
{
    const size_t whole = PREFIX_BLOCK_TOKENS;
    struct prefix_key keys[2] = {prefix_root(m)};
    char stem[66] = "", folder[600];
    for (size_t i = 0; i < block; i++)
        keys[0] = prefix_key_next(&keys[0], ids + i * whole, whole);
    bool last = (block + 1) * whole > n;
    if (!last) keys[1] = prefix_key_next(&keys[0], ids + block * whole, whole);
    for (size_t i = 0; i < 32; i++)
        snprintf(stem + 2 * i + (i >= 16), 3, "%02x", keys[i / 16].b[i % 16]);
    stem[32] = '-';
    snprintf(folder, sizeof folder, "%s/kv", in_dir(name));
    DIR *d = opendir(folder);
    assert_non_null(d);
    bool found = false;
    for (struct dirent *f; !found && (f = readdir(d));)
        if (!strncmp(f->d_name, stem, last ? 33 : 65) && strstr(f->d_name, ".kv")) {
            snprintf(path, size, "%s/%s", folder, f->d_name);
            found = true;
        }
    closedir(d);
    return found;
}

/* Files in a cache whose names end in `suffix`. */
static inline size_t count_files(const char *name, const char *suffix)
{
    char folder[600];
    size_t n = 0;
    snprintf(folder, sizeof folder, "%s/kv", in_dir(name));
    DIR *d = opendir(folder);
    for (struct dirent *f; d && (f = readdir(d));) {
        size_t k = strlen(f->d_name), l = strlen(suffix);
        n += k > l && !strcmp(f->d_name + k - l, suffix);
    }
    if (d) closedir(d);
    return n;
}

#endif
