/* fuzz_item.c: any name (the first line) of any bytes (the rest): what kind of document that is.  It is
 * asked of every file, in deepread itself. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/item.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *nl = n ? memchr(data, '\n', n) : NULL;
    if (!nl) return 0;
    struct arena *a = arena_new();
    const char *name = item_name(a, mem_copy(a, (const char *)data, (size_t)(nl - data)));
    size_t left = n - (size_t)(nl + 1 - data);
    char *bytes = malloc(left ? left : 1); /* of this size, so that a look beyond is seen */
    if (!bytes) abort();
    memcpy(bytes, nl + 1, left);
    struct verdict v = item_judge(name, bytes, left), again = item_judge(name, bytes, left);
    assert(v.reader == again.reader && v.generated == again.generated);
    assert(!v.reader == !!v.looks_like && (v.reader || !v.generated));
    struct ledger_entry entry = {0};
    item_describe(&entry, name, bytes, left, v.reader);
    assert(!entry.format == !v.reader);
    free(bytes);
    arena_free(a);
    return 0;
}
