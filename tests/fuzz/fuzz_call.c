/* fuzz_call.c: any bytes as the command line of deepread-extract, one argument a line, and as a
 * request to its server: refused, or a call whose parts are its arguments' own. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "extract/call.h"
#include "ingest/pages.h"
#include "ingest/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MOST = 64 };

static bool is_part(const char *s, const char *text, size_t n)
{
    return s >= text && s <= text + n;
}

static void check(const struct call *c, const char *text, size_t n)
{
    assert(is_part(c->format, text, n));
    assert(!c->o.pages || is_part(c->o.pages, text, n));
    assert(!c->o.encoding || is_part(c->o.encoding, text, n));
    assert(is_part(c->name, text, n) || !strcmp(c->name, "document"));
    assert(c->password_fd == -1 || c->password_fd >= 3);
    uint32_t first, last;
    for (uint32_t count = 1; count < 1000; count = 3 * count + 1)
        if (!pages_check(c->o.pages, NULL) && pages_bounds(c->o.pages, count, &first, &last))
            assert(first >= 1 && first <= last && last <= count);
}

static void try_request(const uint8_t *data, size_t n)
{
    char *bytes = malloc(n + 1), *argv[REQUEST_ARGUMENTS + 2] = {"deepread-extract"};
    struct request r;
    struct call c;
    if (!bytes) return;
    if (n) memcpy(bytes, data, n);
    if (request_parse(&r, bytes, n, NULL) == OK) {
        assert(r.argc <= REQUEST_ARGUMENTS && !r.argv[r.argc]);
        for (int i = 0; i < r.argc; i++) assert(is_part(r.argv[i] + strlen(r.argv[i]), bytes, n));
        memcpy(argv + 1, r.argv, sizeof r.argv);
        if (call_take(&c, r.argc + 1, argv)) check(&c, bytes, n);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    try_request(data, n);
    char *text = malloc(n + 1), *argv[MOST + 1] = {"deepread-extract"};
    int argc = 1;
    if (!text) return 0;
    if (n) memcpy(text, data, n);
    text[n] = '\0';
    for (char *p = text, *end; argc < MOST; p = end + 1) {
        argv[argc++] = p;
        end = p + strcspn(p, "\n");
        if (end >= text + n || !*end) break;
        *end = '\0';
    }
    struct call c;
    if (call_take(&c, argc, argv)) check(&c, text, n);
    free(text);
    return 0;
}
