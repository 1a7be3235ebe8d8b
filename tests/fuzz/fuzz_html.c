/* fuzz_html.c: a page of hostile bytes becomes a document that keeps its promises, or an error. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "extract/extract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new();
    struct errinfo e = {0};
    struct ingest_options o = {0};
    struct doc_builder *b = doc_new(a, "fuzz", "html");
    enum err r = read_html(b, &o, "fuzz", data, n, &e);
    if (!r) {
        const struct doc *d = doc_freeze(b, NULL, data, n);
        size_t at = 0;
        if (utf8_check(d->text.s, d->text.n) != d->text.n) abort();
        for (size_t i = 0; i < d->n_spans; i++) {
            const struct span *s = &d->spans[i];
            if (s->text != at || !s->len || s->byte > n || s->byte_len > n - s->byte) abort();
            if (s->verbatim && memcmp(d->text.s + s->text, data + s->byte, s->byte_len)) abort();
            at += s->len;
        }
        if (at != d->text.n) abort();
    } else if (!e.msg[0]) {
        abort();
    }
    arena_free(a);
    return 0;
}
