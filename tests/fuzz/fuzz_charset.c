/* fuzz_charset.c: any bytes through the text reader: an error, or a text whose every character
 * leads back to its bytes.  The first byte chooses the encoding that is forced, if any. */
#include <assert.h>
#include <string.h>

#include "ingest/read_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct doc *d, const char *source, size_t n)
{
    size_t at = 0;
    assert(utf8_check(d->text.s, d->text.n) == d->text.n && strlen(d->text.s) == d->text.n);
    assert(!memchr(d->text.s, '\r', d->text.n));
    for (size_t i = 0; i < d->n_spans; i++) {
        const struct span *s = &d->spans[i];
        assert(s->text == at && s->len > 0 && s->line >= 1);
        assert(s->byte <= n && s->byte_len <= n - s->byte);
        assert(!s->verbatim || !memcmp(d->text.s + at, source + s->byte, s->byte_len));
        at += s->len;
    }
    assert(at == d->text.n);
    for (size_t i = 0; i < d->text.n; i += 3) {
        struct place p = doc_place(d, i, 5);
        assert(p.byte0 <= p.byte1 && p.byte1 <= n && p.line0 >= 1 && p.line0 <= p.line1);
    }
    for (size_t i = 0; i < d->n_headings; i++)
        assert(d->headings[i].text + d->headings[i].len <= d->text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const forced[] = {NULL, "utf-8", "utf-16", "gb18030", "hz", "iso-2022-jp",
                                         "shift_jis", "euc-kr", "utf-32", "latin1", "big5"};
    static const struct reader *const readers[] = {&read_text_plain, &read_text_markdown,
                                                   &read_text_code};
    if (n == 0) return 0;
    struct ingest_options o = {.encoding = forced[data[0] % (sizeof forced / sizeof *forced)]};
    const char *s = (const char *)data + 1;
    struct arena *a = arena_new();
    for (int i = 0; i < 3; i++) {
        struct errinfo e = {0};
        struct doc_builder *b = doc_new(a, "x", readers[i]->name);
        if (readers[i]->read(b, &o, "x.c", s, n - 1, &e)) assert(e.msg[0]);
        else check(doc_freeze(b, NULL, s, n - 1), s, n - 1);
    }
    arena_free(a);
    return 0;
}
