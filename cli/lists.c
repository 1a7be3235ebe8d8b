#include "cli/lists.h"

#include <string.h>
#include <unistd.h>

#include "base/sys.h"

#define QUESTIONS_LIMIT ((size_t)1 << 20) /* bytes */
#define PATHS_LIMIT ((size_t)64 << 20)

static enum err read_file(const char *path, size_t limit, struct buf *out, struct errinfo *e)
{
    if (!strcmp(path, "-")) return sys_read_all(STDIN_FILENO, limit, out, "standard input", e);
    return sys_read_file(path, limit, out, e);
}

/* ------------------------------------------------------------------ questions */

/* Bytes that are UTF-8 and not NUL, which no text holds and UTF-16 is full of. */
static size_t text_bytes(const struct buf *b)
{
    const char *nul = b->n ? memchr(b->s, '\0', b->n) : NULL;
    size_t n = nul ? (size_t)(nul - b->s) : b->n;
    return n ? utf8_check(b->s, n) : 0;
}

/* Whether a line ends at byte i: with \n, \r\n, or \r as of old. */
static bool ends_line(const struct buf *b, size_t i)
{
    return b->s[i] == '\n' || (b->s[i] == '\r' && (i + 1 == b->n || b->s[i + 1] != '\n'));
}

/* The line of byte i, from 1. */
static size_t line_at(const struct buf *b, size_t i)
{
    size_t line = 1;
    for (size_t k = 0; k < i; k++) line += ends_line(b, k);
    return line;
}

static size_t split_lines(struct arena *a, const struct buf *b, const char ***texts)
{
    static const char mark[] = "\xef\xbb\xbf"; /* that editors of some systems begin a file with */
    size_t lines = 1, n = 0, at = b->n >= 3 && !memcmp(b->s, mark, 3) ? 3 : 0;
    for (size_t i = 0; i < b->n; i++) lines += ends_line(b, i);
    *texts = NEW(a, const char *, lines);
    while (at < b->n) {
        size_t from = at, to = at;
        while (to < b->n && !ends_line(b, to)) to++;
        at = to + 1;
        while (from < to && strchr(" \t\r", b->s[from])) from++;
        while (to > from && strchr(" \t\r", b->s[to - 1])) to--;
        if (from < to) (*texts)[n++] = mem_copy(a, b->s + from, to - from);
    }
    return n;
}

enum err questions_read(struct arena *a, const char *path, const char *const **texts, size_t *n,
                        struct errinfo *e)
{
    struct buf b = {0};
    const char **v = NULL;
    enum err r = read_file(path, QUESTIONS_LIMIT, &b, e);
    size_t valid = text_bytes(&b);
    if (!r && valid != b.n)
        r = err_set(e, E_FORMAT, "%s:%zu: questions must be UTF-8", path, line_at(&b, valid));
    if (!r) *n = split_lines(a, &b, &v);
    if (!r && !*n) r = err_set(e, E_EMPTY, "%s: holds no question", path);
    *texts = v;
    buf_free(&b);
    return r;
}

/* ------------------------------------------------------------------ paths */

enum err paths_read(struct arena *a, const char *path, char ***paths, size_t *n, struct errinfo *e)
{
    struct buf b = {0};
    enum err r = read_file(path, PATHS_LIMIT, &b, e);
    char end = b.n && memchr(b.s, '\0', b.n) ? '\0' : '\n';
    size_t most = 1;
    for (size_t i = 0; i < b.n; i++) most += b.s[i] == end;
    *paths = NEW(a, char *, most + 1);
    *n = 0;
    for (size_t from = 0, to; !r && from < b.n; from = to + 1) {
        const char *stop = memchr(b.s + from, end, b.n - from);
        to = stop ? (size_t)(stop - b.s) : b.n;
        size_t len = to - from;
        if (len && end == '\n' && b.s[to - 1] == '\r') len--;
        if (len) (*paths)[(*n)++] = mem_copy(a, b.s + from, len);
    }
    buf_free(&b);
    return r;
}
