/* prefix.c: what the cache on disk costs and brings: writing a prompt's state, and the second
 * question.
 *
 *   build/bench/prefix [-m DIR] [-t THREADS] [-n LENGTHS] [-q TOKENS] [-d FOLDER] [--read]
 *
 * For each length: a prompt's state is written as while reading it (checksums included), then a
 * fresh session, as of another run, is brought to that prompt and a question of TOKENS (24) after
 * it; the time until the reply's first token can be chosen is printed (the best of five), its parts
 * beside it.  "cpu" is the processor time of all threads, which other programs on the machine
 * disturb less.
 *
 * The state itself is arbitrary bytes unless --read is given, so that 128K tokens take seconds:
 * neither writing nor loading looks at what it means.  With --read it is computed, and the time of
 * both together is printed.  Files come from the page cache. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "engine/prefix_root.h"
#include "engine/session.h"

struct options {
    const char *dir, *lengths, *folder;
    struct model_options model;
    size_t question;
    bool read;
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void make_tokens(int32_t *ids, size_t n, uint32_t x)
{
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        ids[i] = (int32_t)(1000 + x / 7 % 1000);
    }
}

/* Small positive numbers in every precision. */
static void fill(void *p, size_t n, uint32_t x)
{
    unsigned char *b = p;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        b[i] = (unsigned char)(0x28 + (x >> 24) % 8);
    }
}

/* The state of n tokens, made up. */
static enum err pretend(struct session *s, const int32_t *ids, size_t n, struct errinfo *e)
{
    TRY(kv_reserve(&s->kv, n, e));
    for (size_t i = 0; i < s->kv.n_pages; i++)
        fill(s->kv.memory[i], s->kv.layout->page_bytes, (uint32_t)i + 1);
    kv_advance(&s->kv, n);
    tokens_append(&s->tokens, ids, n);
    return OK;
}

static enum err write_state(struct model *m, const struct options *o, const int32_t *ids, size_t n,
                            struct errinfo *e)
{
    struct session *s;
    TRY(session_new(&s, m, e));
    double start = sys_seconds(), cpu = cpu_seconds();
    enum err r;
    if (o->read) {
        r = session_sync(s, ids, n, e);
    } else {
        r = pretend(s, ids, n, e);
        start = sys_seconds();
        cpu = cpu_seconds();
        prefix_chain_begin(s->prefix, prefix_root(m), ids, n);
        prefix_chain_store(s->prefix, &s->kv);
        prefix_chain_end(s->prefix, &s->kv);
    }
    printf("%8zu %9.3f %9.3f ", n, sys_seconds() - start, cpu_seconds() - cpu);
    if (!r && s->prefix->notice.code) r = err_set(e, E_IO, "%s", s->prefix->notice.msg);
    session_free(s);
    return r;
}

static enum err second_question(struct model *m, const struct options *o, int32_t *ids, size_t n,
                                struct errinfo *e)
{
    double best = 1e9, load = 0, rest = 0, best_cpu = 1e9;
    size_t computed = 0;
    for (int i = 0; i < 5; i++) {
        struct session *s;
        TRY(session_new(&s, m, e));
        s->prefix->writable = false; /* each of them finds what the first one found */
        make_tokens(ids + n, o->question, 77u + (uint32_t)i);
        double t0 = sys_seconds(), c0 = cpu_seconds();
        enum err r = session_sync(s, ids, n + o->question, e);
        double t1 = sys_seconds(), cpu = cpu_seconds() - c0;
        if (cpu < best_cpu) best_cpu = cpu;
        if (!r && t1 - t0 < best) {
            best = t1 - t0;
            computed = session_computed(s);
            /* The same pass once more, now that all is in memory: what is left is loading. */
            session_rewind(s, n + o->question - computed);
            t0 = sys_seconds();
            r = session_sync(s, ids, n + o->question, e);
            rest = sys_seconds() - t0;
            load = best - rest;
        }
        session_free(s);
        if (r) return r;
    }
    printf("%12.3f %9.3f %9.3f %9.3f %8zu %8zu\n", best, best_cpu, load, rest, computed,
           sys_peak_memory() >> 20);
    fflush(stdout);
    return OK;
}

static enum err run(const struct options *o, struct errinfo *e)
{
    struct prefix_options cache = {.dir = o->folder, .max_bytes = (size_t)64 << 30};
    struct model_options mo = o->model;
    struct model *m;
    struct buf about = {0};
    mo.prefix = &cache;
    double start = sys_seconds();
    TRY(model_open(&m, o->dir, &mo, e));
    model_describe(m, &about);
    printf("%s\nopened in %.2f s, cache in %s, question of %zu tokens\n\n"
           "%8s %9s %9s %12s %9s %9s %9s %8s %8s\n",
           about.s, sys_seconds() - start, o->folder, o->question, "tokens",
           o->read ? "read s" : "write s", "cpu", "1st token s", "cpu", "load s", "compute s",
           "computed", "peak MiB");
    enum err r = OK;
    for (const char *p = o->lengths; !r && *p;) {
        char *end;
        size_t n = strtoul(p, &end, 10);
        if (end == p || !n) {
            r = err_set(e, E_USAGE, "lengths: '%s' is not a list like 8192,32768", o->lengths);
            break;
        }
        p = *end == ',' ? end + 1 : end;
        int32_t *ids = malloc((n + o->question) * sizeof *ids);
        make_tokens(ids, n, 12345);
        r = write_state(m, o, ids, n, e);
        if (!r) r = second_question(m, o, ids, n, e);
        free(ids);
    }
    buf_free(&about);
    model_close(m);
    return r;
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/deepread-bench-XXXXXX";
    struct options o = {.dir = "models/deepread-150m", .lengths = "8192,32768,131000",
                        .question = 24};
    struct prefix_removed removed;
    struct errinfo e = {0};
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(a, "--read")) o.read = true;
        else if (!strcmp(a, "-m")) o.dir = v, i++;
        else if (!strcmp(a, "-t")) o.model.threads = atoi(v), i++;
        else if (!strcmp(a, "-n")) o.lengths = v, i++;
        else if (!strcmp(a, "-q")) o.question = strtoul(v, NULL, 10), i++;
        else if (!strcmp(a, "-d")) o.folder = v, i++;
        else {
            fprintf(stderr, "prefix: unknown option '%s'; see the head of bench/prefix.c\n", a);
            return 2;
        }
    }
    bool own = !o.folder;
    if (own) o.folder = mkdtemp(folder);
    enum err r = o.folder ? run(&o, &e) : err_set(&e, E_IO, "%s: cannot make", folder);
    if (own && o.folder) {
        prefix_clear(&removed, o.folder, NULL);
        char path[64];
        snprintf(path, sizeof path, "%s/CACHEDIR.TAG", folder);
        remove(path);
        snprintf(path, sizeof path, "%s/kv", folder);
        remove(path);
        remove(folder);
    }
    if (r) fprintf(stderr, "prefix: %s\n", e.msg);
    return r ? 1 : 0;
}
