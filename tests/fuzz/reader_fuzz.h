/* reader_fuzz.h: what a document of hostile bytes must hold, whatever the reader. */
#ifndef TESTS_FUZZ_READER_FUZZ_H
#define TESTS_FUZZ_READER_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/ingest.h"

typedef enum err fuzz_reader(struct doc_builder *b, const struct ingest_options *o,
                             const char *name, const void *bytes, size_t n, struct errinfo *e);

static inline void fuzz_check(const struct doc *d, const uint8_t *data, size_t n)
{
    size_t at = 0;
    if (utf8_check(d->text.s, d->text.n) != d->text.n) abort();
    for (size_t i = 0; i < d->n_spans; i++) {
        const struct span *s = &d->spans[i];
        if (s->text != at || !s->len || s->page > d->n_pages) abort();
        at += s->len;
        if (s->byte == SPAN_NO_BYTES) continue;
        if (s->byte > n || s->byte_len > n - s->byte) abort();
        if (s->verbatim && memcmp(d->text.s + s->text, data + s->byte, s->byte_len)) abort();
    }
    if (at != d->text.n) abort();
    for (size_t i = 0; i < d->n_headings; i++)
        if (d->headings[i].text + d->headings[i].len > d->text.n) abort();
}

/* A document that keeps its promises, or an error with its reason. */
static inline void fuzz_read(fuzz_reader *read, const char *format, const uint8_t *data, size_t n)
{
    struct arena *a = arena_new();
    struct errinfo e = {0};
    struct ingest_options o = {0};
    struct doc_builder *b = doc_new(a, "fuzz", format);
    enum err r = read(b, &o, "fuzz", data, n, &e);
    if (!r) fuzz_check(doc_freeze(b, NULL, data, n), data, n);
    else if (!e.msg[0]) abort();
    arena_free(a);
}

#endif
