/* tokenizer_bench.c: how fast tokenizer.json is read and text is encoded, one thread.
 *
 *   tokenizer_bench [TOKENIZER.JSON [FILE...]]     default: the embedded model, and the documents of
 *                                                  the prompt vectors by kind
 *
 * Prints a table and writes build/bench_tokenizer.csv. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/sys.h"
#include "engine/tokenizer.h"

#define VECTORS "tests/data/deepread-150m/prompt-vectors.jsonl"
#define MODEL "models/deepread-150m/tokenizer.json"
#define LEAST_BYTES ((size_t)4 << 20)

static FILE *csv;

static void die(const struct errinfo *e)
{
    fprintf(stderr, "tokenizer_bench: %s\n", e->msg);
    exit(1);
}

/* Best of three. */
static void measure(const struct tokenizer *t, const char *name, struct str text)
{
    double best = 1e9;
    size_t n = 0;
    if (text.n == 0) return;
    for (int k = 0; k < 3; k++) {
        struct tokens ids = {0};
        double t0 = sys_seconds();
        tokenizer_encode_text(t, text.s, text.n, &ids);
        double dt = sys_seconds() - t0;
        if (dt < best) best = dt;
        n = ids.n;
        tokens_free(&ids);
    }
    double mb = (double)text.n / 1e6;
    printf("%-28s %8.2f MB %9zu tokens %6.2f bytes/token %8.1f MB/s\n", name, mb, n,
           n ? (double)text.n / (double)n : 0, mb / best);
    if (csv) fprintf(csv, "%s,%zu,%zu,%.6f\n", name, text.n, n, best);
}

static void repeat(struct buf *b)
{
    size_t n = b->n;
    char *one = mem_grow(NULL, n + 1, 1);
    if (n) memcpy(one, b->s, n);
    while (n && b->n < LEAST_BYTES) buf_add(b, one, n);
    mem_free(one);
}

/* The documents of the vectors, and texts that are all one piece. */
static void measure_defaults(const struct tokenizer *t)
{
    struct mapping m = {0};
    struct errinfo e = {0};
    struct buf kind[3] = {{0}};
    static const char *const names[] = {"prose", "code", "CJK"};
    if (sys_map(&m, VECTORS, &e)) die(&e);
    for (const char *p = m.p, *end = m.p + m.n; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((nl ? nl : end) - p);
        json_t *v = NULL;
        if (json_parse(&v, p, n, VECTORS, &e)) die(&e);
        json_t *docs = json_object_get(v, "docs");
        for (size_t i = 0; i < json_array_size(docs); i++) {
            json_t *o = json_array_get(docs, i);
            const char *text = json_string_value(json_object_get(o, "text"));
            size_t len = strlen(text);
            bool code = strcmp(json_string_value(json_object_get(o, "kind")), "code") == 0;
            int k = code ? 1 : utf8_count(text, len) * 3 < len * 2 ? 2 : 0;
            buf_add(&kind[k], text, len);
            buf_addc(&kind[k], '\n');
        }
        json_decref(v);
        p += n + 1;
    }
    sys_unmap(&m);
    for (int k = 0; k < 3; k++) {
        repeat(&kind[k]);
        measure(t, names[k], (struct str){kind[k].s, kind[k].n});
        buf_free(&kind[k]);
    }
    static const char *const runs[] = {"a", " ", "\xe6\xa3\xae\xe6\x9e\x97\xe4\xb8\xad", "\xff"};
    static const char *const run_names[] = {"1 MB of one letter", "1 MB of spaces",
                                            "1 MB of Han, no space", "1 MB ill-formed"};
    for (int k = 0; k < 4; k++) {
        struct buf b = {0};
        while (b.n < 1000000) buf_addz(&b, runs[k]);
        measure(t, run_names[k], (struct str){b.s, b.n});
        buf_free(&b);
    }
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : MODEL;
    struct tokenizer *t;
    struct errinfo e = {0};
    double t0 = sys_seconds();
    if (tokenizer_open(&t, path, &e)) die(&e);
    double load = sys_seconds() - t0;
    csv = fopen("build/bench_tokenizer.csv", "w");
    if (csv) fprintf(csv, "text,bytes,tokens,seconds\nload,0,0,%.6f\n", load);
    printf("%s: %zu ids, read in %.0f ms\n", path, tokenizer_size(t), load * 1e3);
    if (argc < 3) measure_defaults(t);
    for (int i = 2; i < argc; i++) {
        struct mapping m = {0};
        if (sys_map(&m, argv[i], &e)) die(&e);
        measure(t, argv[i], (struct str){m.p, m.n});
        sys_unmap(&m);
    }
    if (csv) fclose(csv);
    tokenizer_close(t);
    return 0;
}
