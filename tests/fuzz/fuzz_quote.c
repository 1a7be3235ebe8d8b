/* fuzz_quote.c: quotations of any bytes: whatever way is walked, what may be quoted stands at the
 * place given, is well-formed JSON text and is never blank. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/grammar_quote.h"
#include "engine/grammar_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The quote decoded is the text at its place, white space aside. */
static void check(const struct quote *q, struct str text, bool code, size_t q0, size_t q1)
{
    struct text_state st = {0};
    struct buf b = {0};
    const char *s = q->s + q->at[0] - q->length;
    assert(q0 < q1 && q1 <= text.n);
    assert(grammar_text_feed(&st, s, q->length) && grammar_text_clean(&st));
    grammar_text_unescape(&b, s, q->length);
    size_t i = 0, j = q0;
    uint32_t x, y;
    while (i < b.n && j < q1) {
        size_t k = utf8_next(b.s + i, b.n - i, &x), l = utf8_next(text.s + j, q1 - j, &y);
        i += k;
        j += l;
        assert(x == y || (!code && x == ' ' && utf8_is_space(y)));
        while (!code && x == ' ' && j < q1) {
            l = utf8_next(text.s + j, q1 - j, &y);
            if (!utf8_is_space(y)) break;
            j += l;
        }
    }
    assert(i == b.n && j == q1);
    assert(!utf8_is_space((unsigned char)b.s[0]));
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2) return 0;
    struct arena *a = arena_new();
    struct str text = {(const char *)data + 2, n - 2};
    struct quote q;
    uint32_t rng = data[1] + 1u;
    grammar_quote_init(&q, a, text, data[0] & 1);
    if (data[0] & 2) grammar_quote_exclude(&q, n / 4, n / 2);
    for (int walks = 0; walks < 8; walks++) {
        if (!grammar_quote_start(&q)) break;
        while (q.n_at) {
            rng = rng * 1664525u + 1013904223u;
            uint32_t at = q.at[(rng >> 8) % q.n_at];
            if (at >= q.n || q.s[at] == '\n') break;
            size_t q0, q1, len = 1 + (rng >> 28) % 3;
            while (len > 1 && (at + len > q.n || memchr(q.s + at, '\n', len))) len--;
            char token[4];
            memcpy(token, q.s + at, len);
            grammar_quote_advance(&q, (struct str){token, len}, false);
            if (grammar_quote_can_end(&q, &q0, &q1) && q.n_at == 1)
                check(&q, text, data[0] & 1, q0, q1);
        }
    }
    arena_free(a);
    return 0;
}
