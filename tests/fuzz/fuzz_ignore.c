/* fuzz_ignore.c: any bytes as a file of rules (up to a zero byte) against any path (the rest), as a
 * walk asks: folder by folder.  What a rule leaves out has a reason, and the same answer twice. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "ingest/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char root[] = "/tmp/deepread-fuzz-XXXXXX", rules[64];

static void remove_root(void)
{
    unlink(rules);
    rmdir(root);
}

static bool make_root(void)
{
    static bool made;
    if (made) return true;
    made = mkdtemp(root) != NULL;
    snprintf(rules, sizeof rules, "%s/.ignore", root);
    if (made) atexit(remove_root);
    return made;
}

static bool write_rules(const uint8_t *data, size_t n)
{
    FILE *f = fopen(rules, "wb");
    if (!f) return false;
    bool ok = fwrite(data, 1, n, f) == n;
    return fclose(f) == 0 && ok;
}

/* One slash where there are several: a walk knows no folder without a name, which here would be
 * the root and its rules again. */
static void join_slashes(char *path)
{
    char *to = path;
    for (const char *from = path; *from; from++)
        if (*from != '/' || to == path || to[-1] != '/') *to++ = *from;
    *to = '\0';
}

/* Asks for each folder on the way and enters it, as tree.c does, until one is left out. */
static void walk(struct ignore *ig, char *path)
{
    int entered = 0;
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const char *why = ignore_why(ig, path, true);
        assert(!why || !strcmp(why, "rule .ignore"));
        if (!why) ignore_enter(ig, path), entered++;
        *slash = '/';
        if (why) break;
    }
    const char *once = ignore_why(ig, path, false);
    assert(once == ignore_why(ig, path, false));
    while (entered--) ignore_leave(ig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *end = n ? memchr(data, 0, n) : NULL;
    size_t k = end ? (size_t)(end - data) : n;
    if (!make_root() || !write_rules(data, k)) return 0;
    struct arena *a = arena_new();
    if (end && memmem(end, n - k, "..", 2)) end = NULL; /* a walk stays below its root */
    char *path = end ? mem_copy(a, (const char *)end + 1, n - k - 1) : mem_copy(a, "a/b/c.o", 7);
    join_slashes(path);
    struct ignore *ig = ignore_open(a, root);
    ignore_enter(ig, "");
    walk(ig, path);
    ignore_leave(ig);
    ignore_close(ig);
    arena_free(a);
    return 0;
}
