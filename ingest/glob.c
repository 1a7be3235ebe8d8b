#include "ingest/glob.h"

#include <string.h>

#include "base/str.h"

#define MAX_BRACES 1024 /* steps in writing out the braces of one pattern */

/* ------------------------------------------------------------------ one part of a path */

struct named_class {
    const char *name;
    const char *ranges; /* pairs of ends */
};

static bool in_class(const char *name, size_t n, uint32_t c)
{
    static const struct named_class classes[] = {
        {"alpha", "azAZ"}, {"digit", "09"}, {"alnum", "azAZ09"}, {"upper", "AZ"}, {"lower", "az"},
        {"space", "  \t\r"}, {"blank", "  \t\t"}, {"xdigit", "09afAF"}, {"punct", "!/:@[`{~"},
        {"print", " ~"}, {"graph", "!~"}, {"cntrl", "\1\37\177\177"},
    };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (strlen(classes[i].name) != n || memcmp(classes[i].name, name, n) != 0) continue;
        for (const char *r = classes[i].ranges; *r; r += 2)
            if (c >= (unsigned char)r[0] && c <= (unsigned char)r[1]) return true;
    }
    return false;
}

/* One character of a pattern, escaped or not; moves *p behind it. */
static uint32_t pattern_char(const char **p)
{
    if (**p == '\\' && (*p)[1]) (*p)++;
    uint32_t cp;
    *p += utf8_next(*p, strlen(*p), &cp);
    return cp;
}

/* Whether c is in the bracket expression at *p (behind its [); moves *p behind its end.  The
 * pattern was checked: the end is there. */
static bool bracket(const char **p, uint32_t c)
{
    bool negated = **p == '!' || **p == '^', in = false, first = true;
    if (negated) (*p)++;
    while (**p && (first || **p != ']')) {
        first = false;
        if ((*p)[0] == '[' && (*p)[1] == ':') {
            const char *end = strstr(*p + 2, ":]");
            if (end) {
                in |= in_class(*p + 2, (size_t)(end - *p) - 2, c);
                *p = end + 2;
                continue;
            }
        }
        uint32_t lo = pattern_char(p), hi = lo;
        if ((*p)[0] == '-' && (*p)[1] && (*p)[1] != ']') {
            (*p)++;
            hi = pattern_char(p);
        }
        in |= c >= lo && c <= hi;
    }
    if (**p) (*p)++;
    return in != negated;
}

/* Whether one character of the pattern at *p (no star) takes the character c. */
static bool takes(const char **p, uint32_t c)
{
    if (**p == '?') {
        (*p)++;
        return true;
    }
    if (**p == '[') {
        (*p)++;
        return bracket(p, c);
    }
    return pattern_char(p) == c;
}

/* Matches s[0..n) against one part.  Only the last star ever needs another try. */
static bool part_matches(const char *p, const char *s, size_t n)
{
    const char *star = NULL;
    size_t i = 0, from = 0;
    for (;;) {
        if (*p == '*') {
            while (*p == '*') p++;
            if (!*p) return true;
            star = p;
            from = i;
            continue;
        }
        if (i == n && !*p) return true;
        if (i < n && *p) {
            uint32_t c;
            size_t len = utf8_next(s + i, n - i, &c);
            if (takes(&p, c)) {
                i += len;
                continue;
            }
        }
        if (!star || from >= n) return false;
        uint32_t c;
        from += utf8_next(s + from, n - from, &c);
        i = from;
        p = star;
    }
}

/* ------------------------------------------------------------------ whole paths */

static bool is_any_folders(const char *part)
{
    return part && strcmp(part, "**") == 0;
}

/* Matches parts against s[0..n).  Only the last ** ever needs another try. */
static bool parts_match(const char *const *parts, const char *s, size_t n)
{
    const char *const *again = NULL;
    size_t from = 0, i = 0;
    for (;;) {
        if (is_any_folders(*parts)) {
            while (is_any_folders(*parts)) parts++;
            if (!*parts) return i < n; /* a/ ** takes what is in a, not a */
            again = parts;
            from = i;
            continue;
        }
        const char *slash = i < n ? memchr(s + i, '/', n - i) : NULL;
        size_t len = slash ? (size_t)(slash - s) - i : n - i;
        if (*parts && i < n && part_matches(*parts, s + i, len)) {
            parts++;
            i += len;
            if (i == n) {
                if (!*parts) return true;
            } else {
                i++;
                if (*parts) continue;
            }
        }
        if (!again) return false;
        slash = memchr(s + from, '/', n - from);
        if (!slash) return false;
        from = (size_t)(slash - s) + 1;
        i = from;
        parts = again;
    }
}

static bool match_n(const struct glob *g, const char *path, size_t n, bool is_folder)
{
    if (g->folder && !is_folder) return false;
    if (!g->anchored) {
        const char *slash = memrchr(path, '/', n);
        size_t base = slash ? (size_t)(slash - path) + 1 : 0;
        return part_matches(g->parts[0], path + base, n - base);
    }
    return parts_match(g->parts, path, n);
}

bool glob_match(const struct glob *g, const char *path, bool is_folder)
{
    return match_n(g, path, strlen(path), is_folder);
}

bool glob_covers(const struct glob *g, const char *path, bool is_folder)
{
    for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/'))
        if (match_n(g, path, (size_t)(p - path), true)) return true;
    return glob_match(g, path, is_folder);
}

/* ------------------------------------------------------------------ compiling */

/* Where the bracket expression at p ends (behind its ]), or NULL. */
static const char *bracket_end(const char *p)
{
    p++;
    if (*p == '!' || *p == '^') p++;
    for (bool first = true; *p && (first || *p != ']'); first = false) {
        const char *named = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;
        if (named) p = named + 2;
        else if (*p == '\\' && p[1]) p += 2;
        else if (*p == '/') return NULL;
        else p++;
    }
    return *p ? p + 1 : NULL;
}

static enum err check(const char *pattern, struct errinfo *e)
{
    if (!*pattern || strcmp(pattern, "/") == 0)
        return err_set(e, E_USAGE, "an empty pattern matches nothing");
    for (const char *p = pattern; *p;) {
        if (*p == '\\') {
            if (!p[1]) return err_set(e, E_USAGE, "pattern '%s' ends in a backslash", pattern);
            p += 2;
        } else if (*p == '[') {
            p = bracket_end(p);
            if (!p) return err_set(e, E_USAGE, "pattern '%s': a [ without its ]", pattern);
        } else {
            p++;
        }
    }
    return OK;
}

enum err glob_compile(struct glob *g, struct arena *a, const char *pattern, struct errinfo *e)
{
    *g = (struct glob){0};
    if (*pattern == '!') {
        g->negated = true;
        pattern++;
    }
    TRY(check(pattern, e));
    char *p = mem_copy(a, pattern, strlen(pattern));
    size_t n = strlen(p);
    if (p[n - 1] == '/') {
        g->folder = true;
        p[--n] = '\0';
    }
    g->anchored = strchr(p, '/') != NULL;
    while (p[0] == '.' && p[1] == '/') p += 2;
    if (*p == '/') p++;
    size_t count = 1;
    for (const char *s = p; *s; s++) count += *s == '/';
    const char **parts = NEW(a, const char *, count + 1);
    size_t k = 0;
    for (char *s = p; s;) {
        char *slash = strchr(s, '/');
        if (slash) *slash++ = '\0';
        if (*s) parts[k++] = s; /* a//b is a/b */
        s = slash;
    }
    if (k == 0) return err_set(e, E_USAGE, "an empty pattern matches nothing");
    g->parts = parts;
    return OK;
}

static enum err add_one(struct globs *gs, struct arena *a, const char *pattern, struct errinfo *e)
{
    if (gs->n == gs->cap) {
        size_t cap = gs->cap ? gs->cap * 2 : 8;
        struct glob *v = NEW(a, struct glob, cap);
        if (gs->n) memcpy(v, gs->v, gs->n * sizeof *v);
        gs->v = v;
        gs->cap = cap;
    }
    TRY(glob_compile(&gs->v[gs->n], a, pattern, e));
    if (!gs->v[gs->n].negated) gs->positive = true;
    gs->n++;
    return OK;
}

/* The brace that closes the one at p, or NULL. */
static const char *brace_end(const char *p)
{
    int depth = 0;
    for (; *p; p++) {
        if (*p == '\\' && p[1]) p++;
        else if (*p == '{') depth++;
        else if (*p == '}' && --depth == 0) return p;
    }
    return NULL;
}

/* Writes the pattern out once for each alternative of its first brace, and so on. */
static enum err expand(struct globs *gs, struct arena *a, const char *pattern, int *left,
                       struct errinfo *e)
{
    if (--*left < 0)
        return err_set(e, E_USAGE, "pattern '%.100s': too many braces", pattern);
    const char *open = pattern;
    while (*open && *open != '{') open += *open == '\\' && open[1] ? 2 : 1;
    if (!*open) return add_one(gs, a, pattern, e);
    const char *close = brace_end(open);
    if (!close) return err_set(e, E_USAGE, "pattern '%s': a { without its }", pattern);
    for (const char *from = open + 1; from <= close;) {
        const char *to = from;
        for (int depth = 0; to < close && (depth > 0 || *to != ','); to++) {
            if (*to == '\\' && to + 1 < close) to++;
            else if (*to == '{') depth++;
            else if (*to == '}') depth--;
        }
        struct buf b = {0};
        buf_add(&b, pattern, (size_t)(open - pattern));
        buf_add(&b, from, (size_t)(to - from));
        buf_addz(&b, close + 1);
        enum err r = expand(gs, a, b.s, left, e);
        buf_free(&b);
        if (r) return r;
        from = to + 1;
    }
    return OK;
}

enum err globs_add(struct globs *gs, struct arena *a, const char *pattern, struct errinfo *e)
{
    int left = MAX_BRACES;
    if (strlen(pattern) > 4096) return err_set(e, E_USAGE, "a pattern of more than 4096 bytes");
    return expand(gs, a, pattern, &left, e);
}

const struct glob *globs_last(const struct globs *gs, const char *path, bool is_folder)
{
    for (size_t i = gs->n; i-- > 0;)
        if (glob_covers(&gs->v[i], path, is_folder)) return &gs->v[i];
    return NULL;
}
