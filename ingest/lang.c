#include "ingest/lang.h"

#include <string.h>
#include <strings.h>

#include "ingest/lang_table.h"

#define HEAD 8192 /* bytes of content that are looked at */

const struct lang *lang_row(size_t i)
{
    return i < lang_table_count ? &lang_table_rows[i] : NULL;
}

/* Whether s[0..n) is in a list separated by blanks, letters of either case; with `open` instead
 * whether it starts with one of those that end in a star. */
static bool listed(const char *list, const char *s, size_t n, bool open)
{
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, " ");
        bool star = len && p[len - 1] == '*';
        size_t take = star ? len - 1 : len;
        if (star == open && (open ? n >= take : n == take) && strncasecmp(p, s, take) == 0)
            return true;
        p += len;
        p += *p == ' ';
    }
    return false;
}

enum field { SUFFIX, NAME, NAME_START, PROGRAM };

static const struct lang *by_field(const char *s, size_t n, enum field field)
{
    for (size_t i = 0; i < lang_table_count; i++) {
        const struct lang *l = &lang_table_rows[i];
        const char *list = field == SUFFIX    ? l->suffixes
                           : field == PROGRAM ? l->programs
                                              : l->names;
        if (listed(list, s, n, field == NAME_START)) return l;
    }
    return NULL;
}

static const struct lang *exactly(const char *name)
{
    for (size_t i = 0; i < lang_table_count; i++)
        if (strcmp(lang_table_rows[i].name, name) == 0) return &lang_table_rows[i];
    return NULL;
}

const struct lang *lang_named(const char *name, size_t n)
{
    for (size_t i = 0; i < lang_table_count; i++) {
        const char *full = lang_table_rows[i].name;
        if (strlen(full) == n && strncasecmp(full, name, n) == 0) return &lang_table_rows[i];
    }
    char dotted[32];
    if (n + 2 > sizeof dotted) return NULL;
    dotted[0] = '.';
    memcpy(dotted + 1, name, n);
    const struct lang *l = by_field(dotted, n + 1, SUFFIX);
    return l ? l : by_field(name, n, PROGRAM);
}

/* ------------------------------------------------------------------ the first lines */

/* The interpreter of a #! line without folder, "env" and its options, and version. */
static const struct lang *by_shebang(const char *s, size_t n)
{
    if (n < 3 || s[0] != '#' || s[1] != '!') return NULL;
    const char *end = memchr(s, '\n', n);
    if (!end) end = s + n;
    const char *p = s + 2;
    while (p < end) {
        while (p < end && (*p == ' ' || *p == '\t' || *p == '\r')) p++;
        const char *word = p;
        while (p < end && *p != ' ' && *p != '\t' && *p != '\r') p++;
        const char *base = word;
        for (const char *q = word; q < p; q++)
            if (*q == '/') base = q + 1;
        size_t len = (size_t)(p - base);
        if (len == 0) return NULL;
        bool skip = (len == 3 && memcmp(base, "env", 3) == 0) || *word == '-' ||
                    memchr(base, '=', len);
        if (skip) continue;
        while (len > 1 && ((base[len - 1] >= '0' && base[len - 1] <= '9') || base[len - 1] == '.'))
            len--;
        if (len > 1 && base[len - 1] == '-') len--;
        return by_field(base, len, PROGRAM);
    }
    return NULL;
}

/* An Emacs mode (-*- c++ -*-) in the first two lines, or a Vim file type in the first five. */
static const struct lang *by_modeline(const char *s, size_t n)
{
    size_t line = 0;
    for (size_t i = 0; i < n && line < 5; line++) {
        const char *nl = memchr(s + i, '\n', n - i);
        size_t len = nl ? (size_t)(nl - s) - i : n - i;
        const char *at = line < 2 ? memmem(s + i, len, "-*-", 3) : NULL, *end = s + i + len;
        if (at) {
            at += 3;
            const char *mode = memmem(at, (size_t)(end - at), "mode:", 5);
            if (!mode) mode = memmem(at, (size_t)(end - at), "Mode:", 5);
            if (mode) at = mode + 5;
        } else if (memmem(s + i, len, "vim:", 4)) {
            at = memmem(s + i, len, "ft=", 3);
            const char *full = memmem(s + i, len, "filetype=", 9);
            at = full ? full + 9 : at ? at + 3 : NULL;
        }
        if (at) {
            while (at < end && *at == ' ') at++;
            size_t k = 0;
            while (at + k < end && !strchr(" ;:\r\t", at[k])) k++;
            const struct lang *l = k ? lang_named(at, k) : NULL;
            if (l) return l;
        }
        i += len + 1;
    }
    return NULL;
}

/* ------------------------------------------------------------------ shared suffixes */

static bool has(const char *s, size_t n, const char *what)
{
    return memmem(s, n, what, strlen(what)) != NULL;
}

/* Whether a line starts with `what`, after blanks. */
static bool has_line(const char *s, size_t n, const char *what)
{
    size_t len = strlen(what);
    for (size_t i = 0; i < n;) {
        size_t k = i;
        while (k < n && (s[k] == ' ' || s[k] == '\t')) k++;
        if (n - k >= len && memcmp(s + k, what, len) == 0) return true;
        const char *nl = memchr(s + i, '\n', n - i);
        if (!nl) return false;
        i = (size_t)(nl - s) + 1;
    }
    return false;
}


static bool any_mark(const char *marks, const char *s, size_t n)
{
    for (const char *p = marks; *p;) {
        size_t len = strcspn(p, "|");
        char one[64];
        if (len < sizeof one) {
            memcpy(one, p, len);
            one[len] = '\0';
            if (one[0] == '^' && one[1] ? has_line(s, n, one + 1) : has(s, n, one)) return true;
        }
        p += len;
        p += *p == '|';
    }
    return false;
}

static const struct lang *by_content(const char *suffix, const char *s, size_t n)
{
    for (size_t i = 0; i < lang_table_shared_count; i++) {
        if (strcasecmp(suffix, lang_table_shared[i].suffix) != 0) continue;
        if (!any_mark(lang_table_shared[i].marks, s, n)) continue;
        const struct lang *l = exactly(lang_table_shared[i].lang);
        if (l) return l;
    }
    return NULL;
}

/* ------------------------------------------------------------------ all together */

static const struct lang *by_suffix(const char *base, const char *head, size_t n)
{
    /* The longest suffix first: .html.erb before .erb. */
    for (const char *dot = strchr(base, '.'); dot; dot = strchr(dot + 1, '.')) {
        const struct lang *l = n ? by_content(dot, head, n) : NULL;
        if (!l) l = by_field(dot, strlen(dot), SUFFIX);
        if (l) return l;
    }
    return NULL;
}

const struct lang *lang_of(const char *name, const char *head, size_t n)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    if (!head) n = 0;
    if (n > HEAD) n = HEAD;
    const struct lang *l = n ? by_modeline(head, n) : NULL;
    if (!l) l = by_field(base, strlen(base), NAME);
    if (!l && n) l = by_shebang(head, n);
    if (!l) l = by_suffix(base, head, n);
    if (!l) l = by_field(base, strlen(base), NAME_START);
    return l;
}
