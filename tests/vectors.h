/* vectors.h: the prompt vectors of training: documents, where they were cut, the prompt, its ids,
 * a reply in its pieces.  Included by one test program each, after cmocka.h. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/sys.h"
#include "ingest/ingest.h"

#define VECTORS_DIR "tests/data/deepread-150m/"
#define VECTORS_MODEL "models/deepread-150m/"

/* A file of one JSON value a line, as an array; ends the program when it cannot be read. */
static inline json_t *vectors_open(const char *path)
{
    struct mapping m = {0};
    struct errinfo e = {0};
    json_t *all = json_array();
    if (sys_map(&m, path, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        exit(1);
    }
    for (const char *p = m.p, *end = m.p + m.n; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((nl ? nl : end) - p);
        json_error_t je;
        json_t *v = json_loadb(p, n, JSON_ALLOW_NUL, &je);
        if (!v) {
            fprintf(stderr, "%s: %s\n", path, je.text);
            exit(1);
        }
        json_array_append_new(all, v);
        p += n + 1;
    }
    sys_unmap(&m);
    return all;
}

static inline const char *vectors_text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key)); /* NULL for null */
}

struct vectors_prompt {
    struct arena *a;
    struct doc **docs;
    size_t n_docs;
    struct chunk *chunks; /* by chunk_split; labels from the vector's first_label on */
    size_t n_chunks;
    size_t *first_chunk;  /* [n_docs + 1] */
};

static inline struct vectors_prompt vectors_prompt_new(const json_t *v)
{
    struct vectors_prompt p = {.a = arena_new()};
    const json_t *docs = json_object_get(v, "docs");
    int label = (int)json_integer_value(json_object_get(v, "first_label"));
    p.n_docs = json_array_size(docs);
    p.docs = NEW(p.a, struct doc *, p.n_docs + 1);
    p.first_chunk = NEW(p.a, size_t, p.n_docs + 1);
    for (size_t i = 0; i < p.n_docs; i++) {
        const json_t *o = json_array_get(docs, i);
        struct doc *d = NEW(p.a, struct doc, 1);
        d->name = vectors_text(o, "name");
        d->kind = strcmp(vectors_text(o, "kind"), "code") == 0 ? DOC_CODE : DOC_PROSE;
        d->text = str_of(vectors_text(o, "text"));
        p.docs[i] = d;
        p.first_chunk[i] = p.n_chunks;
        chunk_split(d, i, CHUNK_LIMITS_DEFAULT, &label, &p.chunks, &p.n_chunks);
    }
    p.first_chunk[p.n_docs] = p.n_chunks;
    return p;
}

static inline void vectors_prompt_free(struct vectors_prompt *p)
{
    mem_free(p->chunks);
    arena_free(p->a);
}

#endif
