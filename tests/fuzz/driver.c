/* driver.c: runs a fuzz target over its seeds and over simple mutations of them, without a fuzzing
 * engine; the same target links with libFuzzer (clang -fsanitize=fuzzer) instead of this file.
 *
 *   fuzz_X FOLDER      TAP on stdout: one line per seed.  A finding is a crash or a sanitizer report.
 *
 * The mutations are a fixed sequence, so a failure repeats. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/sys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MUTATIONS = 300 };

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Flips bits, overwrites with telling bytes, cuts, repeats a part: one to four of these. */
static size_t mutate(uint8_t *b, size_t n, size_t cap, uint64_t *rng)
{
    static const uint8_t telling[] = {0x00, 0xff, 0x7f, 0x80, '"', '{', '[', '<', '\\', '\n', '0'};
    for (uint64_t k = 1 + next_random(rng) % 4; k > 0 && n > 0; k--) {
        size_t at = next_random(rng) % n;
        switch (next_random(rng) % 4) {
        case 0: b[at] ^= (uint8_t)(1u << next_random(rng) % 8); break;
        case 1: b[at] = telling[next_random(rng) % sizeof telling]; break;
        case 2: n = at; break;
        default: {
            size_t len = next_random(rng) % (n - at) + 1;
            if (len > cap - n) len = cap - n;
            memmove(b + at + len, b + at, n - at);
            n += len;
        }
        }
    }
    return n;
}

static int run_seed(const char *path)
{
    struct mapping m = {0};
    struct errinfo e = {0};
    if (sys_map(&m, path, &e)) {
        printf("# %s\n", e.msg);
        return 1;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)m.p, m.n);
    size_t cap = 2 * m.n + 64;
    uint8_t *b = malloc(cap);
    uint64_t rng = 0x9e3779b97f4a7c15u;
    for (int i = 0; b && i < MUTATIONS; i++) {
        if (m.n) memcpy(b, m.p, m.n);
        size_t n = mutate(b, m.n, cap, &rng);
        /* an exact copy, so that a read past the end is seen */
        uint8_t *exact = malloc(n ? n : 1);
        if (!exact) break;
        memcpy(exact, b, n);
        LLVMFuzzerTestOneInput(exact, n);
        free(exact);
    }
    free(b);
    sys_unmap(&m);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s SEEDS-FOLDER\n", argv[0]);
        return 2;
    }
    DIR *d = opendir(argv[1]);
    if (!d) {
        printf("not ok 1 - no seeds in %s\n", argv[1]);
        return 1;
    }
    char *names[512];
    int n = 0, bad = 0;
    for (struct dirent *f; n < 512 && (f = readdir(d));)
        if (f->d_name[0] != '.') names[n++] = strdup(f->d_name);
    closedir(d);
    qsort(names, (size_t)n, sizeof names[0], by_name);
    for (int i = 0; i < n; i++) {
        struct buf path = {0};
        buf_addf(&path, "%s/%s", argv[1], names[i]);
        int r = run_seed(path.s);
        printf("%s %d - %s\n", r ? "not ok" : "ok", i + 1, names[i]);
        fflush(stdout);
        bad |= r;
        buf_free(&path);
        free(names[i]);
    }
    return bad || n == 0;
}
