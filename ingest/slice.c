#include "ingest/slice.h"

#include <string.h>

#include "ingest/read_text.h"

enum err slice_open(struct slice *s, struct arena *a, struct doc_builder *b,
                    const struct ingest_options *o, const char *name, const void *bytes, size_t n,
                    struct errinfo *e)
{
    struct doc_builder *raw = doc_new(a, name, "text");
    TRY(read_text_bytes(raw, o, name, bytes, n, e));
    s->raw = doc_freeze(raw, NULL, bytes, n);
    s->text = s->raw->text;
    s->span = 0;
    doc_set_charset(b, s->raw->charset);
    if (s->raw->note) doc_set_note(b, s->raw->note);
    pen_init(&s->pen, b);
    return OK;
}

/* The span that holds `at`; slices mostly go forward. */
static const struct span *span_at(struct slice *s, size_t at)
{
    const struct span *v = s->raw->spans;
    size_t n = s->raw->n_spans, lo = 0, hi = n;
    if (s->span < n && v[s->span].text <= at) lo = s->span;
    if (lo + 1 < n && v[lo + 1].text > at) hi = lo + 1;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (v[mid].text <= at) lo = mid;
        else hi = mid;
    }
    s->span = lo;
    return &v[lo];
}

static uint32_t newlines(const char *p, size_t n)
{
    uint32_t count = 0;
    for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++) count++;
    return count;
}

/* The place of text[from, to) inside one span: all of its bytes, or exact ones. */
static struct span place_in(const struct slice *s, const struct span *in, size_t from, size_t to)
{
    struct span at = *in;
    size_t skip = from - in->text;
    at.verbatim = in->verbatim && skip + (to - from) <= in->byte_len;
    if (at.verbatim) {
        at.byte += skip;
        at.byte_len = to - from;
    }
    if (at.line) at.line += newlines(s->text.s + in->text, skip);
    return at;
}

void slice_text(struct slice *s, size_t from, size_t to)
{
    while (from < to) {
        const struct span *in = span_at(s, from);
        size_t end = in->text + in->len < to ? in->text + in->len : to;
        const char *nl = memchr(s->text.s + from, '\n', end - from);
        if (nl && (size_t)(nl - s->text.s) + 1 < end) end = (size_t)(nl - s->text.s) + 1;
        s->pen.at = place_in(s, in, from, end);
        s->pen.verbatim = s->pen.at.verbatim;
        pen_text(&s->pen, s->text.s + from, end - from);
        from = end;
    }
    s->pen.verbatim = false;
}

void slice_as(struct slice *s, size_t from, size_t to, const char *means)
{
    if (from >= to || from >= s->text.n) return;
    const struct span *first = span_at(s, from);
    struct span at = place_in(s, first, from, from + 1), last = at;
    if (to - from > 1) {
        const struct span *in = span_at(s, to - 1);
        last = place_in(s, in, to - 1, to);
    }
    if (at.byte != SPAN_NO_BYTES && last.byte != SPAN_NO_BYTES &&
        last.byte + last.byte_len >= at.byte)
        at.byte_len = last.byte + last.byte_len - at.byte;
    at.verbatim = false;
    s->pen.at = at;
    s->pen.verbatim = false;
    pen_text(&s->pen, means, strlen(means));
}

size_t slice_line_end(const struct slice *s, size_t at)
{
    const char *nl = at < s->text.n ? memchr(s->text.s + at, '\n', s->text.n - at) : NULL;
    return nl ? (size_t)(nl - s->text.s) + 1 : s->text.n;
}
