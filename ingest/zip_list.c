#include "ingest/zip_list.h"

#include <stdint.h>
#include <string.h>

/* APPNOTE.TXT of PKWARE, 6.3.10: sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16. */
enum {
    MEMBER = 30,         /* bytes of a member's header before its name   */
    ROW = 46,            /* of a row of the list, the same               */
    END = 22,            /* of the end record, before its comment        */
    END64 = 56,
    LOCATOR = 20,        /* of what stands between END64 and END         */
    COMMENT_MAX = 65535,
    SIZE_FOLLOWS = 1 << 3, UTF8 = 1 << 11, /* general purpose bits       */
    UNICODE_PATH = 0x7075, /* Info-ZIP's extra field                     */
};

static uint64_t get(const unsigned char *s, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++) v |= (uint64_t)s[i] << (8 * i);
    return v;
}

static bool is_mark(const unsigned char *s, const unsigned char *end, const char mark[4])
{
    return end - s >= 4 && memcmp(s, mark, 4) == 0;
}

/* ------------------------------------------------------------------ where the list is */

/* The list of `size` bytes that is said to begin at `at` and ends before `stop`.  Bytes in front of
 * the archive (a program that unpacks it) are not counted in what it says. */
static bool take_list(struct zip_list *l, const unsigned char *stop, uint64_t size, uint64_t at,
                      bool counted)
{
    uint64_t most = (uint64_t)(stop - l->s);
    if (size > most || (counted && at != most - size)) return false;
    const unsigned char *list = stop - size;
    if (size && !is_mark(list, stop, "PK\1\2")) return false;
    *l = (struct zip_list){l->s, list, stop, true};
    return true;
}

/* An end record at p.  Where something else follows it, the end of a zip file that is stored inside
 * this one looks the same, but counts from another beginning. */
static bool take_end(struct zip_list *l, const unsigned char *p, bool counted)
{
    const unsigned char *end64 = p - l->s >= LOCATOR + END64 ? p - LOCATOR - END64 : NULL;
    if (end64 && is_mark(end64 + END64, p, "PK\6\7") && is_mark(end64, p, "PK\6\6") &&
        take_list(l, end64, get(end64 + 40, 8), get(end64 + 48, 8), counted))
        return true;
    return take_list(l, p, get(p + 12, 4), get(p + 16, 4), counted);
}

static bool find_list(struct zip_list *l)
{
    size_t n = (size_t)(l->end - l->s);
    size_t first = n > END + COMMENT_MAX ? n - END - COMMENT_MAX : 0;
    if (n < END) return false;
    for (size_t at = n - END + 1; at-- > first;) {
        const unsigned char *p = l->s + at;
        if (!is_mark(p, l->end, "PK\5\6")) continue;
        if (take_end(l, p, get(p + 20, 2) != n - at - END)) return true;
    }
    return false;
}

void zip_list_open(struct zip_list *l, const void *bytes, size_t n)
{
    const unsigned char *s = bytes;
    *l = (struct zip_list){s, s, s + n, false};
    find_list(l);
}

/* ------------------------------------------------------------------ its rows */

static bool has_unicode_path(const unsigned char *extra, size_t n)
{
    for (size_t i = 0, len; n - i >= 4; i += 4 + len) {
        if (get(extra + i, 2) == UNICODE_PATH) return true;
        len = get(extra + i + 2, 2);
        if (len > n - i - 4) break;
    }
    return false;
}

/* A name of n bytes and behind it the extra fields, from s on. */
static bool take_name(struct zip_name *out, const unsigned char *s, const unsigned char *end,
                      size_t n, size_t extra, uint64_t bits)
{
    size_t left = (size_t)(end - s);
    if (n > left || extra > left - n) return false;
    *out = (struct zip_name){(const char *)s, n, bits & UTF8 || has_unicode_path(s + n, extra)};
    return true;
}

static bool next_row(struct zip_list *l, struct zip_name *out)
{
    const unsigned char *p = l->at;
    if (l->end - p < ROW || !is_mark(p, l->end, "PK\1\2")) return false;
    size_t n = get(p + 28, 2), extra = get(p + 30, 2), comment = get(p + 32, 2);
    if (!take_name(out, p + ROW, l->end, n, extra, get(p + 8, 2))) return false;
    size_t left = (size_t)(l->end - p) - ROW - n - extra;
    l->at = p + ROW + n + extra + (comment < left ? comment : left);
    return true;
}

/* The header in front of a member.  A size that stands behind the data is not known: then the next
 * header is looked for. */
static bool next_header(struct zip_list *l, struct zip_name *out)
{
    const unsigned char *p = l->at;
    if (l->end - p < MEMBER || !is_mark(p, l->end, "PK\3\4")) return false;
    uint64_t bits = get(p + 6, 2), size = get(p + 18, 4);
    size_t n = get(p + 26, 2), extra = get(p + 28, 2);
    if (!take_name(out, p + MEMBER, l->end, n, extra, bits)) return false;
    const unsigned char *data = p + MEMBER + n + extra;
    size_t left = (size_t)(l->end - data);
    if (bits & SIZE_FOLLOWS && !size) l->at = memmem(data, left, "PK\3\4", 4);
    else l->at = size < left ? data + size : l->end;
    if (!l->at) l->at = l->end;
    return true;
}

bool zip_list_next(struct zip_list *l, struct zip_name *out)
{
    return l->is_list ? next_row(l, out) : next_header(l, out);
}
