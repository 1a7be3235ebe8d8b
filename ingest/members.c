#include "ingest/members.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[8] = {'d', 'r', 't', 'r', 'e', 'e', 0, 1};

enum { RECORD = 16, PATH_MAX_BYTES = 4096 };

/* ------------------------------------------------------------------ sending */

static enum err send_all(int fd, const char *s, size_t n, struct errinfo *e)
{
    if (sys_write_all(fd, s, n)) return OK;
    return err_set(e, E_IO, "sending a member: %s", strerror(errno));
}

enum err members_send_start(int fd, struct errinfo *e)
{
    return send_all(fd, magic, sizeof magic, e);
}

static void put(char *out, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) out[i] = (char)(v >> (8 * i));
}

enum err members_send(int fd, enum members_kind kind, const char *path, const char *data, size_t n,
                      struct errinfo *e)
{
    char head[RECORD];
    put(head, (uint64_t)kind, 4);
    put(head + 4, strlen(path), 4);
    put(head + 8, n, 8);
    TRY(send_all(fd, head, sizeof head, e));
    TRY(send_all(fd, path, strlen(path), e));
    return send_all(fd, data, n, e);
}

/* ------------------------------------------------------------------ receiving */

static uint64_t get(const char *s, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++) v |= (uint64_t)(unsigned char)s[i] << (8 * i);
    return v;
}

/* Bytes of the sender as a line that can be shown. */
static const char *clean(struct arena *a, const char *s, size_t n)
{
    char *out = mem_take(a, 3 * n + 1, 1);
    size_t k = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += utf8_next(s + i, n - i, &cp);
        if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) cp = 0xfffd;
        k += utf8_put(cp, out + k);
    }
    return out;
}

static int by_path(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    return strcmp(x->path, y->path);
}

/* A path of a member, and how many have wanted it. */
struct taken {
    const char *path;
    size_t wanted;
};

static int by_taken(const void *a, const void *b)
{
    return strcmp(((const struct taken *)a)->path, ((const struct taken *)b)->path);
}

/* Takes a path.  Returns who has it already, or NULL. */
static struct taken *take_path(void **root, struct arena *a, const char *path)
{
    struct taken *fresh = NEW(a, struct taken, 1);
    *fresh = (struct taken){path, 1};
    struct taken *const *node = tsearch(fresh, root, by_taken);
    if (!node) abort();
    return *node == fresh ? NULL : *node;
}

/* "folder/2-name" */
static const char *numbered(struct arena *a, const char *path, size_t which)
{
    struct buf b = {0};
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    buf_add(&b, path, folder);
    buf_addf(&b, "%zu-%s", which, path + folder);
    const char *out = mem_copy(a, b.s, b.n);
    buf_free(&b);
    return out;
}

static void stays(void *taken)
{
    (void)taken;
}

/* Archives may hold several members of one name.  The first keeps it, and the others are told
 * apart, so that each can be asked for and cited.  Cost: of finding a free number, on average that
 * of one look. */
static void tell_apart(struct members *m, struct arena *a)
{
    void *root = NULL;
    for (size_t i = 0; i < m->n; i++)
        if (!m->v[i].reason) m->v[i].which = take_path(&root, a, m->v[i].path) != NULL;
    for (size_t i = 0; i < m->n; i++) {
        struct member *v = &m->v[i];
        if (!v->which) continue;
        struct taken *first = take_path(&root, a, v->path);
        do v->path = numbered(a, first->path, v->which = ++first->wanted);
        while (take_path(&root, a, v->path));
    }
    tdestroy(root, stays);
}

static enum err bad(const struct wire_about *about, size_t at, const char *expected,
                    struct errinfo *e)
{
    return err_set(e, E_FORMAT, "%s: bad answer of the reader: at byte %zu: expected %s",
                   about->name, at, expected);
}

/* No document may come where members are expected: only an error. */
static enum err read_error(struct arena *a, const struct wire_about *about,
                           const struct buf *answer, struct errinfo *e)
{
    struct doc *d;
    TRY(wire_parse(&d, a, about, answer->s, answer->n, e));
    return bad(about, 0, "the members of an archive", e);
}

enum err members_parse(struct members *out, struct arena *a, const struct wire_about *about,
                       const struct buf *answer, struct errinfo *e)
{
    const char *s = answer->s;
    size_t n = answer->n, at = sizeof magic;
    *out = (struct members){.v = NEW(a, struct member, MEMBERS_MAX)};
    if (n < sizeof magic || memcmp(s, magic, sizeof magic)) return read_error(a, about, answer, e);
    for (;;) {
        if (n - at < RECORD) return bad(about, at, "a record", e);
        uint64_t kind = get(s + at, 4), path = get(s + at + 4, 4), data = get(s + at + 8, 8);
        at += RECORD;
        if (kind > MEMBERS_END || path > PATH_MAX_BYTES || path > n - at || data > n - at - path)
            return bad(about, at, "a record", e);
        const char *name = clean(a, s + at, path), *bytes = s + at + path;
        at += path + data;
        if (kind == MEMBERS_END) {
            if (at != n) return bad(about, at, "the end", e);
            out->ended = data ? clean(a, bytes, data) : NULL;
            break;
        }
        if (out->n == MEMBERS_MAX) return bad(about, at, "fewer members", e);
        struct member *m = &out->v[out->n++];
        *m = (struct member){.path = name, .name = name};
        if (kind == MEMBERS_LEFT_OUT) m->reason = clean(a, bytes, data);
        else m->s = bytes, m->n = data;
    }
    tell_apart(out, a);
    if (out->n > 1) qsort(out->v, out->n, sizeof *out->v, by_path);
    return OK;
}

/* ------------------------------------------------------------------ rules */

static enum err add_globs(struct globs *g, struct arena *a, const char *const *patterns,
                          struct errinfo *e)
{
    for (; patterns && *patterns; patterns++) TRY(globs_add(g, a, *patterns, e));
    return OK;
}

enum err members_rules(struct members_rules *r, struct arena *a, const struct ingest_options *o,
                       struct errinfo *e)
{
    *r = (struct members_rules){.hidden = o->hidden, .max_depth = o->max_depth};
    TRY(add_globs(&r->include, a, o->include, e));
    return add_globs(&r->exclude, a, o->exclude, e);
}

static int depth_of(const char *path)
{
    int depth = 1;
    for (const char *s = path; (s = strchr(s, '/')); s++) depth++;
    return depth;
}

const char *members_rule(const struct members_rules *r, const char *path)
{
    bool dot = path[0] == '.' || strstr(path, "/.");
    if (dot && !r->hidden) return "hidden";
    if (r->max_depth && depth_of(path) > r->max_depth) return "deeper than --max-depth";
    const struct glob *g = globs_last(&r->exclude, path, false);
    if (g && !g->negated) return "excluded";
    g = globs_last(&r->include, path, false);
    bool included = r->include.n == 0 || (g ? !g->negated : !r->include.positive);
    return included ? NULL : "not included";
}
