#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/ingest.h"
#include "ingest/item.h"
#include "ingest/pages.h"
#include "ingest/read_text.h"
#include "ingest/sniff.h"
#include "ingest/tree.h"

/* Failing to open says something of the file, or of this process. */
static enum err open_error(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOMEM ? E_DEVICE : E_IO;
}

static enum err load(struct buf *bytes, int fd, const char *name, const struct ingest_options *o,
                     struct errinfo *e)
{
    struct errinfo why = {0};
    enum err r = sys_read_all(fd, item_max_file(o), bytes, name, &why);
    if (r == E_LIMIT)
        return err_set(e, E_LIMIT, "%s: larger than %zu bytes, the limit for one file "
                       "(--max-file-size)", name, item_max_file(o));
    return r ? err_set(e, r, "%s", why.msg) : OK;
}

/* ------------------------------------------------------------------ files named directly */

static void read_named(struct item *it, int fd)
{
    struct errinfo why = {0};
    if (load(&it->bytes, fd, it->name, it->r->o, &why)) item_end(it, NULL, &why);
    else item_read(it, NULL);
}

static void read_stdin(struct reading *r, struct errinfo *why)
{
    const char *name = r->o->stdin_name ? r->o->stdin_name : "stdin";
    struct item *it = item_begin(r, item_name(r->a, name), NULL);
    it->why = why;
    read_named(it, STDIN_FILENO);
}

/* "./" is not shown. */
static const char *shown_path(const char *path)
{
    while (path[0] == '.' && path[1] == '/' && path[2]) path += 2;
    return path;
}

/* A path that leads through a file: into an archive.  Opens the archive and cuts `path` behind its
 * name: what is asked for inside it begins at *inside of what was the path.  -1: errno. */
static int open_around(char *path, size_t *inside)
{
    for (char *slash; (slash = strrchr(path, '/')) && slash > path;) {
        *slash = '\0';
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOTDIR) continue;
        *inside = (size_t)(slash - path) + 1;
        return fd;
    }
    errno = ENOTDIR;
    return -1;
}

static int open_archive(struct item *it)
{
    struct reading *r = it->r;
    char *path = mem_copy(r->a, it->path, strlen(it->path));
    size_t inside;
    int fd = open_around(path, &inside);
    if (fd < 0) return -1;
    inside += strspn(it->path + inside, "/");
    it->only = item_name(r->a, it->path + inside); /* members are known by what is shown of them */
    it->path = path;
    it->name = it->inner = item_name(r->a, shown_path(path));
    return fd;
}

static void read_file(struct reading *r, const char *path, struct errinfo *why)
{
    struct errinfo e = {0};
    struct item *it = item_begin(r, item_name(r->a, shown_path(path)), path);
    int fd;
    it->why = why;
    do fd = open(path, O_RDONLY | O_CLOEXEC); /* waits for the writer of a pipe */
    while (fd < 0 && errno == EINTR && !sys_interrupted());
    if (fd < 0 && errno == ENOTDIR) fd = open_archive(it);
    if (fd >= 0) {
        read_named(it, fd);
        close(fd);
        return;
    }
    if (errno == EINTR) err_set(&e, E_INTR, "%s: interrupted", it->name);
    else err_set(&e, open_error(errno), "%s: %s", it->name, strerror(errno));
    item_end(it, NULL, &e);
}

/* ------------------------------------------------------------------ folders */

static void skip(struct folder *f, enum ledger_status status, const struct tree_file *t,
                 const char *reason)
{
    ledger_add(f->ledger, f->a, status, t->path, reason, t->bytes);
    f->left_out++;
}

/* Rules that need the content; true when the file is left out, else *reader reads it. */
static bool left_out(struct folder *f, const struct tree_file *t, const char *s, size_t n,
                     const struct reader **reader)
{
    if (n == 0) {
        skip(f, LEDGER_SKIPPED, t, "empty");
        return true;
    }
    struct verdict v = item_judge(t->path, s, n);
    *reader = v.reader;
    if (v.reader && v.reader->members && !sniff_compressed(t->path, (const unsigned char *)s, n)) {
        skip(f, LEDGER_SKIPPED, t, "archive: read when named");
        return true;
    }
    const char *why = v.reader ? v.generated : item_unread(&v, f->a);
    if (why) skip(f, LEDGER_SKIPPED, t, why);
    return why != NULL;
}

static int open_entry(const struct tree_file *t)
{
    /* Not blocking: the file may have become a pipe meanwhile. */
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (t->linked ? 0 : O_NOFOLLOW);
    return openat(t->folder, t->base, flags);
}

static void list_used(struct ledger *l, struct arena *a, const char *path, const char *head,
                      size_t n, size_t bytes, const struct reader *r)
{
    ledger_add(l, a, LEDGER_USED, path, NULL, bytes);
    item_describe(&l->v[l->n - 1], path, head, n, r);
}

static enum err read_tree_file(void *ctx, const struct tree_file *t, struct errinfo *e);

static enum err list_file(void *ctx, const struct tree_file *t, struct errinfo *e)
{
    struct folder *f = ctx;
    const struct reader *reader;
    if (!f->head) f->head = mem_alloc(ITEM_HEAD, 1);
    int fd = open_entry(t);
    ssize_t n = fd < 0 ? -1 : pread(fd, f->head, ITEM_HEAD, 0);
    if (n < 0) {
        skip(f, LEDGER_UNREADABLE, t, strerror(errno));
    } else if (!left_out(f, t, f->head, (size_t)n, &reader)) {
        if (reader_holds(reader)) { /* opened to list what it holds */
            close(fd);
            return read_tree_file(f, t, e);
        }
        list_used(f->ledger, f->a, t->path, f->head, (size_t)n, t->bytes, reader);
        f->used++;
    }
    if (fd >= 0) close(fd);
    return OK;
}

/* Whether the first bytes of a long file leave it out already: then the rest is not read. */
static bool left_out_early(struct folder *f, const struct tree_file *t, int fd)
{
    const struct reader *reader;
    if (t->bytes <= ITEM_HEAD) return false;
    char *head = mem_alloc(ITEM_HEAD, 1);
    bool out = pread(fd, head, ITEM_HEAD, 0) == (ssize_t)ITEM_HEAD &&
               left_out(f, t, head, ITEM_HEAD, &reader);
    mem_free(head);
    return out;
}

/* The bytes of a file.  False: it was left out, and said so. */
static bool load_entry(struct folder *f, const struct tree_file *t, struct buf *bytes,
                       const struct reader **reader)
{
    struct errinfo why = {0};
    int fd = open_entry(t);
    if (fd < 0) err_set(&why, open_error(errno), "%s", strerror(errno));
    if (fd >= 0 && left_out_early(f, t, fd)) {
        close(fd);
        return false;
    }
    if (!why.code) load(bytes, fd, t->path, f->r->o, &why);
    if (fd >= 0) close(fd);
    if (!why.code) return !left_out(f, t, bytes->s, bytes->n, reader);
    skip(f, LEDGER_UNREADABLE, t, item_reason(&why, t->path));
    if (why.code == E_DEVICE && !f->device.code) f->device = why;
    if (why.code == E_INTR && !f->r->ended.code) f->r->ended = why;
    struct errinfo full = {0};
    err_set(&full, why.code, "%s: %s", t->path, item_reason(&why, t->path));
    item_fail_fast(f->r, &full);
    return false;
}

static enum err read_tree_file(void *ctx, const struct tree_file *t, struct errinfo *e)
{
    struct folder *f = ctx;
    struct reading *r = f->r;
    const struct reader *reader = NULL;
    struct buf bytes = {0};
    if (r->o->fail_fast) pool_poll(r->pool);
    if (r->ended.code) return err_set(e, r->ended.code, "%s", r->ended.msg);
    if (load_entry(f, t, &bytes, &reader)) {
        struct item *it = item_begin(r, item_name(r->a, t->path),
                                     mem_copy(r->a, t->path, strlen(t->path)));
        it->folder = f;
        it->bytes = bytes;
        item_read(it, r->o->from ? NULL : reader);
    } else {
        buf_free(&bytes);
        if (r->tick) r->tick(r->ctx, t->path, r->set->ledger.n);
    }
    const struct errinfo *i = &r->ended;
    return i->code ? err_set(e, i->code, "%s", i->msg) : OK;
}

static enum err nothing_in(const struct folder *f, const char *path, struct errinfo *e)
{
    if (f->device.code) return err_set(e, f->device.code, "%s", f->device.msg);
    if (f->left_out == 0)
        return err_set(e, E_EMPTY, "%s: no files in it to read (see --hidden, --no-ignore, -i, -e)",
                       path);
    return err_set(e, E_EMPTY, f->left_out == 1 ? "%s: its %zu file cannot be read"
                                               : "%s: none of its %zu files can be read",
                   path, f->left_out);
}

/* ------------------------------------------------------------------ the face */

/* Places that were kept for what could not be read. */
static void close_gaps(struct docset *set, size_t first)
{
    size_t n = first;
    for (size_t i = first; i < set->n; i++)
        if (set->v[i]) set->v[n++] = set->v[i];
    set->n = n;
}

/* What is known of an operand when all has been read. */
struct operand {
    struct folder folder;
    struct errinfo why;
};

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Opening or reading it may wait for another program. */
static bool may_wait(const char *path)
{
    struct stat st;
    return strcmp(path, "-") == 0 ||
           (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

/* Whether what was begun before failed meanwhile. */
static bool has_ended(struct reading *r, const char *next)
{
    if (r->o->fail_fast && may_wait(next)) pool_wait(r->pool);
    else if (r->o->fail_fast) pool_poll(r->pool);
    return r->ended.code != OK;
}

static void read_operand(struct reading *r, const char *path, struct operand *op)
{
    if (strcmp(path, "-") == 0) {
        read_stdin(r, &op->why);
    } else if (!is_folder(path)) {
        read_file(r, path, &op->why);
    } else {
        op->folder = (struct folder){.r = r, .ledger = &r->set->ledger, .a = r->a};
        tree_walk(path, r->o, r->a, &r->set->ledger, read_tree_file, &op->folder, &op->why);
    }
    if (op->why.code == E_INTR && !r->ended.code) r->ended = op->why;
}

/* What failed otherwise than a document of the pool: parts of archives, folders. */
static void check_operand(struct reading *r, const char *path, struct operand *op, size_t first)
{
    const struct ledger *l = &r->set->ledger;
    struct folder *f = &op->folder;
    struct errinfo why = {0};
    for (size_t i = first; i < l->n && !why.code; i++)
        if (l->v[i].status == LEDGER_UNREADABLE)
            err_set(&why, E_FORMAT, "%s: %s", l->v[i].path, l->v[i].reason);
    if (f->r && !f->used && !why.code && !op->why.code) pool_wait(r->pool);
    if (f->r && !f->used && !why.code && !op->why.code) nothing_in(f, path, &why);
    if (op->why.code) why = op->why;
    if (why.code) item_fail_fast(r, &why);
}

static void read_operands(struct reading *r, char *const *paths, struct operand *ops, size_t n)
{
    for (size_t i = 0; i < n && !has_ended(r, paths[i]); i++) {
        size_t first = r->set->ledger.n;
        read_operand(r, paths[i], &ops[i]);
        if (r->o->fail_fast) check_operand(r, paths[i], &ops[i], first);
    }
    pool_wait(r->pool);
}

static void report(const struct reading *r, char *const *paths, struct operand *ops, size_t n,
                   ingest_failed *failed)
{
    for (size_t i = 0; i < n; i++) {
        struct folder *f = &ops[i].folder;
        if (f->r && !f->used && !ops[i].why.code) nothing_in(f, paths[i], &ops[i].why);
        if (ops[i].why.code) failed(r->ctx, paths[i], &ops[i].why);
    }
}

enum err ingest_paths(struct docset *set, struct arena *a, char *const *paths,
                      const struct ingest_options *o, ingest_tick *tick, ingest_failed *failed,
                      void *ctx, struct errinfo *e)
{
    const struct reader *forced;
    struct reading r = {.set = set, .a = a, .o = o, .tick = tick, .ctx = ctx};
    size_t n = 0, first = set->n;
    TRY(pages_check(o->pages, e));
    if (o->from) TRY(item_reader(&forced, o->from, e));
    while (paths[n]) n++;
    struct operand *ops = mem_alloc(n, sizeof *ops);
    r.pool = pool_new(o);
    read_operands(&r, paths, ops, n);
    pool_free(r.pool);
    close_gaps(set, first);
    if (!r.ended.code) report(&r, paths, ops, n, failed);
    mem_free(ops);
    return r.ended.code ? err_set(e, r.ended.code, "%s", r.ended.msg) : OK;
}

/* Who wants the failure of one operand. */
struct one {
    ingest_tick *tick;
    void *ctx;
    struct errinfo why;
};

static void tick_one(void *ctx, const char *path, size_t done)
{
    struct one *one = ctx;
    if (one->tick) one->tick(one->ctx, path, done);
}

static void keep_failure(void *ctx, const char *path, const struct errinfo *why)
{
    (void)path;
    struct one *one = ctx;
    one->why = *why;
}

enum err ingest_path(struct docset *set, struct arena *a, const char *path,
                     const struct ingest_options *o, ingest_tick *tick, void *ctx,
                     struct errinfo *e)
{
    struct one one = {.tick = tick, .ctx = ctx};
    char *paths[] = {mem_copy(a, path, strlen(path)), NULL};
    TRY(ingest_paths(set, a, paths, o, tick_one, keep_failure, &one, e));
    return one.why.code ? err_set(e, one.why.code, "%s", one.why.msg) : OK;
}

/* A file that is named, or leads into an archive, is read whatever it is. */
static enum err list_named_file(struct reading *r, const char *path, struct errinfo *e)
{
    char *around = mem_copy(r->a, path, strlen(path));
    size_t inside = 0;
    struct stat st = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOTDIR) fd = open_around(around, &inside);
    if (fd < 0) return err_set(e, open_error(errno), "%s: %s", path, strerror(errno));
    char *head = mem_alloc(ITEM_HEAD, 1);
    ssize_t n = pread(fd, head, ITEM_HEAD, 0);
    const struct reader *reader = n > 0 ? item_judge(around, head, (size_t)n).reader : NULL;
    bool members = reader && reader_holds(reader) && !r->o->from;
    bool nothing_inside = inside && path[inside] && !members;
    if (!nothing_inside && !members && fstat(fd, &st) == 0)
        list_used(&r->set->ledger, r->a, path, head, n > 0 ? (size_t)n : 0, (size_t)st.st_size,
                  reader);
    close(fd);
    mem_free(head);
    if (nothing_inside) return err_set(e, E_IO, "%s: %s", path, strerror(ENOTDIR));
    struct errinfo why = {0};
    if (members) read_file(r, path, &why);
    return why.code ? err_set(e, why.code, "%s", why.msg) : OK;
}

/* Nothing is taken from a pipe. */
static enum err list_named(struct reading *r, const char *path, struct errinfo *e)
{
    struct stat st;
    bool pipe = !strcmp(path, "-") || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
    if (!pipe) return list_named_file(r, path, e);
    ledger_add(&r->set->ledger, r->a, LEDGER_USED, path, NULL, 0);
    return OK;
}

static enum err list_folder(struct reading *r, const char *path, struct errinfo *e)
{
    struct folder f = {.r = r, .ledger = &r->set->ledger, .a = r->a};
    enum err code = tree_walk(path, r->o, r->a, f.ledger, list_file, &f, e);
    mem_free(f.head);
    TRY(code);
    return f.used ? OK : nothing_in(&f, path, e);
}

enum err ingest_list(struct ledger *l, struct arena *a, const char *path,
                     const struct ingest_options *o, struct errinfo *e)
{
    struct docset set = {.ledger = *l};
    struct reading r = {.set = &set, .a = a, .o = o, .list = true, .pool = pool_new(o)};
    enum err code = is_folder(path) ? list_folder(&r, path, e) : list_named(&r, path, e);
    pool_free(r.pool);
    *l = set.ledger;
    return code;
}
