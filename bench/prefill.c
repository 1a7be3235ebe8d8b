/* prefill.c: a whole model through engine/engine.h: tokens per second of reading and of writing.
 *
 *   build/bench/prefill [-m DIR] [-b BACKEND] [-t THREADS] [-w f32|bf16] [-n LENGTHS] [-d DECODE]
 *                       [--dense] [--csv]
 *
 * For each length: a fresh session reads that many tokens, then writes DECODE tokens greedily.
 * The tokens are arbitrary words of the vocabulary: speed does not depend on them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "engine/engine.h"
#include "engine/sampler.h"
#include "engine/tokenizer.h"

struct options {
    const char *dir, *lengths;
    struct model_options model;
    size_t decode;
    bool csv;
};

struct result {
    size_t n;
    double prefill, decode; /* seconds */
};

static enum err measure(struct result *r, struct model *m, const struct options *o,
                        struct errinfo *e)
{
    struct session *s = NULL;
    size_t V = tokenizer_size(model_tokenizer(m));
    int32_t *ids = malloc(r->n * sizeof *ids);
    uint32_t x = 12345;
    for (size_t i = 0; i < r->n; i++) {
        x = x * 1664525u + 1013904223u;
        ids[i] = (int32_t)(1000 + x / 7 % 1000 % V);
    }
    enum err f = session_new(&s, m, e);
    double t0 = sys_seconds();
    if (!f) f = session_sync(s, ids, r->n, e);
    double t1 = sys_seconds();
    for (size_t i = 0; !f && i < o->decode; i++) {
        int32_t id = sampler_argmax(session_logits(s), NULL, V);
        f = session_append(s, &id, 1, e);
    }
    r->prefill = t1 - t0;
    r->decode = sys_seconds() - t1;
    session_free(s);
    free(ids);
    return f;
}

static enum err run(const struct options *o, struct errinfo *e)
{
    struct model *m = NULL;
    struct buf about = {0};
    double t0 = sys_seconds();
    TRY(model_open(&m, o->dir, &o->model, e));
    model_describe(m, &about);
    if (o->csv)
        printf("tokens,prefill_s,prefill_tokens_s,decode_tokens_s,peak_mib\n");
    else
        printf("%s\nopened in %.2f s, weights %zu MiB\n\n%8s %10s %12s %12s %10s\n", about.s,
               sys_seconds() - t0, model_weight_bytes(m) >> 20, "tokens", "prefill s",
               "prefill t/s", "decode t/s", "peak MiB");
    enum err f = OK;
    const char *p = o->lengths;
    while (!f && *p) {
        char *end;
        struct result r = {.n = strtoul(p, &end, 10)};
        if (end == p || r.n == 0) {
            f = err_set(e, E_USAGE, "lengths: '%s' is not a list like 1024,8192", o->lengths);
            break;
        }
        p = *end == ',' ? end + 1 : end;
        f = measure(&r, m, o, e);
        if (f) break;
        printf(o->csv ? "%zu,%.3f,%.1f,%.2f,%zu\n" : "%8zu %10.2f %12.1f %12.2f %10zu\n", r.n,
               r.prefill, (double)r.n / r.prefill, r.decode > 0 ? (double)o->decode / r.decode : 0,
               sys_peak_memory() >> 20);
        fflush(stdout);
    }
    buf_free(&about);
    model_close(m);
    return f;
}

int main(int argc, char **argv)
{
    struct options o = {.dir = "models/deepread-150m", .lengths = "1024,8192,32768", .decode = 32};
    struct errinfo e = {0};
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(a, "--csv")) o.csv = true;
        else if (!strcmp(a, "--dense")) o.model.dense = true;
        else if (!strcmp(a, "-m")) o.dir = v, i++;
        else if (!strcmp(a, "-b")) o.model.backend = v, i++;
        else if (!strcmp(a, "-t")) o.model.threads = atoi(v), i++;
        else if (!strcmp(a, "-n")) o.lengths = v, i++;
        else if (!strcmp(a, "-d")) o.decode = strtoul(v, NULL, 10), i++;
        else if (!strcmp(a, "-w"))
            o.model.weights = !strcmp(v, "f32") ? WEIGHT_F32 : WEIGHT_BF16, i++;
        else {
            fprintf(stderr, "prefill: unknown option '%s'; see the head of bench/prefill.c\n", a);
            return 2;
        }
    }
    if (run(&o, &e)) {
        fprintf(stderr, "prefill: %s\n", e.msg);
        return 1;
    }
    return 0;
}
