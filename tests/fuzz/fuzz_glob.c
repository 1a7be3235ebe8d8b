/* fuzz_glob.c: any pattern (the first line) against any path (the rest): no crash, no long wait,
 * and a folder that matches covers what is in it. */
#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "ingest/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new();
    const uint8_t *nl = n ? memchr(data, '\n', n) : NULL;
    size_t k = nl ? (size_t)(nl - data) : n;
    const char *pattern = mem_copy(a, (const char *)data, k);
    const char *path = nl ? mem_copy(a, (const char *)nl + 1, n - k - 1) : "a/b.c";
    struct glob g;
    struct globs gs = {0};
    struct errinfo e = {0};
    if (!glob_compile(&g, a, pattern, &e)) {
        bool folder = glob_match(&g, path, true);
        assert(!glob_match(&g, path, false) || folder);
        struct buf below = {0};
        buf_addf(&below, "%s/x", path);
        assert(!folder || glob_covers(&g, below.s, false));
        buf_free(&below);
    } else {
        assert(e.code == E_USAGE && e.msg[0]);
    }
    err_clear(&e);
    if (!globs_add(&gs, a, pattern, &e)) globs_last(&gs, path, false);
    arena_free(a);
    return 0;
}
