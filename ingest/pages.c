#include "ingest/pages.h"

#include <stddef.h>

/* Reads one item of the list at *s and moves *s behind it and its comma. */
static bool next_item(const char **s, uint32_t *from, uint32_t *to)
{
    uint32_t v[2] = {0, 0};
    bool digits[2] = {false, false}, dash = false;
    const char *p = *s;
    while (*p == ' ') p++;
    for (; *p && *p != ',' && *p != ' '; p++) {
        if (*p == '-' && !dash) {
            dash = true;
        } else if (*p >= '0' && *p <= '9' && v[dash] < 100000000) {
            v[dash] = v[dash] * 10 + (uint32_t)(*p - '0');
            digits[dash] = true;
        } else {
            return false;
        }
    }
    while (*p == ' ') p++;
    if (!digits[0] && !digits[1]) return false;
    *from = digits[0] ? v[0] : 1;
    *to = digits[1] ? v[1] : dash ? UINT32_MAX : v[0];
    if (*from < 1 || *from > *to || (*p && *p != ',')) return false;
    if (*p == ',' && !p[1]) return false;
    *s = *p ? p + 1 : p;
    return true;
}

enum err pages_check(const char *range, struct errinfo *e)
{
    if (!range) return OK;
    const char *s = range;
    uint32_t from, to;
    do {
        if (!next_item(&s, &from, &to))
            return err_set(e, E_USAGE,
                           "--pages: expected page numbers like 1-4,9,20-, found \"%s\"", range);
    } while (*s);
    return OK;
}

bool pages_has(const char *range, uint32_t page)
{
    if (!range) return true;
    if (pages_check(range, NULL)) return false;
    uint32_t from, to;
    while (*range && next_item(&range, &from, &to))
        if (page >= from && page <= to) return true;
    return false;
}

bool pages_bounds(const char *range, uint32_t count, uint32_t *first, uint32_t *last)
{
    *first = 1;
    *last = count;
    if (!range) return count > 0;
    if (pages_check(range, NULL)) return false;
    uint32_t from, to, lo = UINT32_MAX, hi = 0;
    while (*range && next_item(&range, &from, &to)) {
        if (from > count) continue;
        if (to > count) to = count;
        if (from < lo) lo = from;
        if (to > hi) hi = to;
    }
    *first = lo;
    *last = hi;
    return hi > 0;
}
