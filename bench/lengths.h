/* lengths.h: "1024,8192,32768" on a benchmark's command line. */
#ifndef BENCH_LENGTHS_H
#define BENCH_LENGTHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define LENGTHS_MAX 32

struct lengths {
    size_t v[LENGTHS_MAX], n; /* rising */
};

/* False for anything but rising whole numbers above 0 between commas. */
static inline bool lengths_parse(struct lengths *out, const char *s)
{
    out->n = 0;
    while (*s && out->n < LENGTHS_MAX) {
        char *end;
        size_t n = strtoul(s, &end, 10);
        if (end == s || n == 0 || (out->n && n <= out->v[out->n - 1])) return false;
        out->v[out->n++] = n;
        s = *end == ',' ? end + 1 : end;
    }
    return out->n > 0 && !*s;
}

#endif
