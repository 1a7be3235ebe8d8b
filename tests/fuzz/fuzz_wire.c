/* fuzz_wire.c: any bytes as the answer of deepread-extract: an error, or a document that keeps
 * what ingest.h promises. */
#include <assert.h>
#include <string.h>

#include "ingest/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The source that the seeds were made from; spans that claim to be verbatim are held to it. */
static const char source[] = "<p>One &amp; two</p><p>three</p>";

static void check(const struct doc *d)
{
    size_t at = 0;
    assert(utf8_check(d->text.s, d->text.n) == d->text.n && strlen(d->text.s) == d->text.n);
    for (size_t i = 0; i < d->n_spans; i++) {
        const struct span *s = &d->spans[i];
        assert(s->text == at && s->len > 0 && s->page <= d->n_pages);
        at += s->len;
        if (s->byte == SPAN_NO_BYTES) continue;
        assert(s->byte + s->byte_len <= sizeof source - 1);
        assert(!s->verbatim || !memcmp(d->text.s + s->text, source + s->byte, s->byte_len));
    }
    assert(at == d->text.n);
    for (size_t i = 0; i < d->n_headings; i++)
        assert(d->headings[i].text + d->headings[i].len <= d->text.n);
    for (size_t i = 0; i < d->text.n; i++) {
        struct place p = doc_place(d, i, 7);
        assert(p.byte0 == SPAN_NO_BYTES || p.byte0 <= p.byte1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new();
    struct wire_about about = {"x", NULL, "html", source, sizeof source - 1, NULL};
    struct errinfo e = {0};
    struct doc *d;
    if (wire_parse(&d, a, &about, data, n, &e)) {
        assert(e.msg[0] && !d);
    } else {
        check(d);
        struct buf again = {0}; /* what was taken is sent and taken again */
        wire_put(&again, d);
        assert(wire_parse(&d, a, &about, again.s, again.n, &e) == OK);
        buf_free(&again);
    }
    arena_free(a);
    return 0;
}
