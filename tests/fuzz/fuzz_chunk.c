/* fuzz_chunk.c: chunks of any bytes: in order, apart, inside the text, within the limit, and with
 * nothing but white space between them. */
#include <assert.h>
#include <stdlib.h>

#include "ingest/ingest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void blank(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += utf8_next(s + i, n - i, &c);
        assert(utf8_is_space(c));
    }
}

static size_t characters(const char *s, size_t n)
{
    size_t count = 0;
    uint32_t c;
    for (size_t i = 0; i < n; count++) i += utf8_next(s + i, n - i, &c);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2) return 0;
    size_t limit = data[0];
    const char *s = (const char *)data + 2;
    struct doc d = {.kind = data[1] & 1 ? DOC_CODE : DOC_PROSE, .text = {s, n - 2}};
    struct chunk *v = NULL;
    size_t count = 0, at = 0;
    int label = 1;
    chunk_split(&d, 0, (struct chunk_limits){limit, limit}, &label, &v, &count);
    for (size_t i = 0; i < count; i++) {
        assert(v[i].label == (int)i + 1 && v[i].start >= at && v[i].end > v[i].start);
        assert(v[i].end <= d.text.n);
        assert(characters(s + v[i].start, v[i].end - v[i].start) <= (limit ? limit : 1));
        blank(s + at, v[i].start - at);
        at = v[i].end;
    }
    blank(s + at, d.text.n - at);
    assert(label == (int)count + 1);
    mem_free(v);
    return 0;
}
