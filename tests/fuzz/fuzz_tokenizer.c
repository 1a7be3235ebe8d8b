/* fuzz_tokenizer.c: a tokenizer.json, then behind its last line end a text to encode with it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tokenizer_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void encode(const struct tokenizer *t, const char *s, size_t n)
{
    struct tokens ids = {0};
    int32_t out[8];
    tokenizer_encode_text(t, s, n, &ids);
    for (size_t i = 0; i < ids.n; i++) {
        assert(ids.v[i] >= 0 && (size_t)ids.v[i] < tokenizer_size(t));
        assert(!tokenizer_is_special(t, ids.v[i]));
    }
    for (size_t i = 0; i < n; i++) {
        size_t found = tokenizer_prefixes(t, s + i, n - i, out, 8);
        for (size_t k = 0; k < found; k++) {
            struct str b = tokenizer_bytes(t, out[k]);
            assert(b.n <= n - i && memcmp(b.s, s + i, b.n) == 0);
        }
    }
    tokens_free(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct tokenizer *t = NULL;
    struct errinfo e = {0};
    const char *s = (const char *)data, *nl = n ? memrchr(s, '\n', n) : NULL;
    size_t head = nl ? (size_t)(nl - s) + 1 : n;
    enum err r = tokenizer_open_bytes(&t, s, head, "fuzz", &e);
    assert((r == OK) == (t != NULL) && (r == OK || e.msg[0]));
    if (t) encode(t, s + head, n - head);
    tokenizer_close(t);
    return 0;
}
