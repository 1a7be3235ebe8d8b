#include "ingest/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/glob.h"
#include "ingest/ignore.h"
#include "ingest/tree_queue.h"

#define MAX_DEPTH 128
#define MAX_FILE ((size_t)64 << 20)

struct seen { /* a folder or file that was visited, when links are followed */
    dev_t dev;
    ino_t ino;
    bool used;
};

struct walk {
    const struct ingest_options *o;
    const char *root;
    struct arena *own; /* globs, rules */
    struct tree_queue *to;
    struct ignore *ignore;
    struct globs include, exclude;
    struct errinfo e; /* why it ended early */
    struct buf path;   /* operand/rel */
    size_t root_len;   /* path.s + root_len is rel */
    size_t max_file;
    size_t n_files;    /* found so far */
    int depth;
    struct seen *seen; /* open addressing */
    size_t n_seen, cap_seen;
};

/* One name of a folder. */
struct entry {
    char *name;
    struct stat st;
    bool is_folder, linked, broken;
};

static const char *rel_of(const struct walk *w)
{
    return w->path.s + w->root_len;
}

static void leave_out(struct walk *w, enum ledger_status status, const char *reason, size_t bytes)
{
    tree_queue_left_out(w->to, status, w->path.s, reason, bytes);
}

/* ------------------------------------------------------------------ seen before */

static struct seen *slot_of(struct seen *v, size_t cap, dev_t dev, ino_t ino)
{
    uint64_t h = ((uint64_t)ino * 0x9e3779b97f4a7c15u) ^ ((uint64_t)dev * 0xc2b2ae3d27d4eb4fu);
    size_t i = (size_t)(h >> 20) & (cap - 1);
    while (v[i].used && (v[i].dev != dev || v[i].ino != ino)) i = (i + 1) & (cap - 1);
    return &v[i];
}

/* Remembers a file or folder; true when it was here before. */
static bool seen_before(struct walk *w, const struct stat *st)
{
    if (w->n_seen * 2 >= w->cap_seen) {
        size_t cap = w->cap_seen ? w->cap_seen * 2 : 256;
        struct seen *v = mem_alloc(cap, sizeof *v);
        for (size_t i = 0; i < w->cap_seen; i++)
            if (w->seen[i].used) *slot_of(v, cap, w->seen[i].dev, w->seen[i].ino) = w->seen[i];
        mem_free(w->seen);
        w->seen = v;
        w->cap_seen = cap;
    }
    struct seen *s = slot_of(w->seen, w->cap_seen, st->st_dev, st->st_ino);
    if (s->used) return true;
    *s = (struct seen){st->st_dev, st->st_ino, true};
    w->n_seen++;
    return false;
}

/* ------------------------------------------------------------------ rules */

/* The last glob that covers the file.  A path may be meant from the root or as it is shown; a name is
 * one below the root, not one on the way there. */
static const struct glob *last_glob(const struct walk *w, const struct globs *gs, bool is_folder)
{
    const char *shown = w->path.s;
    while (*shown == '/') shown++;
    for (size_t i = gs->n; i-- > 0;) {
        const struct glob *g = &gs->v[i];
        if (glob_covers(g, rel_of(w), is_folder)) return g;
        if (g->anchored && w->root_len && glob_covers(g, shown, is_folder)) return g;
    }
    return NULL;
}

static bool has_negated(const struct globs *gs)
{
    for (size_t i = 0; i < gs->n; i++)
        if (gs->v[i].negated) return true;
    return false;
}

/* Why the file or folder at w->path is left out by its name, or NULL. */
static const char *rule_for(struct walk *w, const struct entry *f)
{
    if (strcmp(f->name, ".git") == 0) return "version control";
    if (f->name[0] == '.' && !w->o->hidden) return "hidden";
    const struct glob *g = last_glob(w, &w->exclude, f->is_folder);
    if (g && !g->negated && !(f->is_folder && has_negated(&w->exclude))) return "excluded";
    if (!w->ignore) return NULL;
    const char *why = ignore_why(w->ignore, rel_of(w), f->is_folder);
    if (why && f->is_folder && ignore_has_tracked(w->ignore, rel_of(w))) return NULL;
    return why;
}

static bool is_included(const struct walk *w)
{
    if (w->include.n == 0) return true;
    const struct glob *g = last_glob(w, &w->include, false);
    return g ? !g->negated : !w->include.positive;
}

static const char *special_kind(mode_t m)
{
    return S_ISFIFO(m) ? "named pipe" : S_ISSOCK(m) ? "socket" : "device";
}

/* ------------------------------------------------------------------ folders */

static int by_path(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    const unsigned char *s = (const unsigned char *)x->name, *t = (const unsigned char *)y->name;
    while (*s && *s == *t) s++, t++;
    /* A folder's name goes on with a slash in the paths below it. */
    int c = *s ? *s : x->is_folder ? '/' : 0, d = *t ? *t : y->is_folder ? '/' : 0;
    return c - d;
}

static bool read_entry(const struct walk *w, int folder, const char *name, struct entry *out)
{
    *out = (struct entry){0};
    if (fstatat(folder, name, &out->st, AT_SYMLINK_NOFOLLOW) != 0) return false;
    out->linked = S_ISLNK(out->st.st_mode);
    if (out->linked && w->o->follow) out->broken = fstatat(folder, name, &out->st, 0) != 0;
    out->is_folder = S_ISDIR(out->st.st_mode);
    out->name = mem_alloc(strlen(name) + 1, 1);
    memcpy(out->name, name, strlen(name));
    return true;
}

/* All names of an open folder, sorted. */
static struct entry *read_folder(const struct walk *w, DIR *d, size_t *n)
{
    struct entry *v = NULL;
    size_t cap = 0;
    *n = 0;
    for (struct dirent *de; (de = readdir(d));) {
        if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0) continue;
        if (*n == cap) {
            cap = cap ? cap * 2 : 32;
            v = mem_grow(v, cap, sizeof *v);
        }
        if (read_entry(w, dirfd(d), de->d_name, &v[*n])) (*n)++;
    }
    if (*n) qsort(v, *n, sizeof *v, by_path);
    return v;
}

static enum err walk_folder(struct walk *w, int folder);

static enum err enter(struct walk *w, int above, const struct entry *f)
{
    if (w->o->max_depth && w->depth + 1 >= w->o->max_depth) {
        leave_out(w, LEDGER_IGNORED, "deeper than --max-depth", 0);
        return OK;
    }
    if (w->depth >= MAX_DEPTH) {
        leave_out(w, LEDGER_SKIPPED, "too many folders in one another", 0);
        return OK;
    }
    if (w->o->follow && seen_before(w, &f->st)) {
        leave_out(w, LEDGER_SKIPPED, "read already (symbolic link)", 0);
        return OK;
    }
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (w->o->follow ? 0 : O_NOFOLLOW);
    int fd = openat(above, f->name, flags);
    if (fd < 0) {
        leave_out(w, LEDGER_UNREADABLE, strerror(errno), 0);
        return OK;
    }
    if (w->ignore) ignore_enter(w->ignore, rel_of(w));
    w->depth++;
    enum err r = walk_folder(w, fd);
    w->depth--;
    if (w->ignore) ignore_leave(w->ignore);
    return r;
}

static void one_file(struct walk *w, int folder, const struct entry *f)
{
    size_t bytes = (size_t)f->st.st_size;
    if (!S_ISREG(f->st.st_mode)) {
        leave_out(w, LEDGER_SKIPPED, special_kind(f->st.st_mode), 0);
    } else if (!is_included(w)) {
        leave_out(w, LEDGER_IGNORED, "not included", bytes);
    } else if (bytes > w->max_file) {
        char why[64];
        snprintf(why, sizeof why, "larger than %zu bytes", w->max_file);
        leave_out(w, LEDGER_SKIPPED, why, bytes);
    } else if (w->o->follow && seen_before(w, &f->st)) {
        leave_out(w, LEDGER_SKIPPED, "read already (link)", bytes);
    } else {
        struct tree_file t = {w->path.s, rel_of(w), folder, f->name, bytes, f->linked};
        tree_queue_file(w->to, &t);
        w->n_files++;
    }
}

static enum err one_entry(struct walk *w, int folder, const struct entry *f)
{
    if (sys_interrupted() || tree_queue_stopped(w->to))
        return err_set(&w->e, E_INTR, "interrupted while reading %s", w->path.s);
    const char *why = rule_for(w, f);
    if (why) {
        leave_out(w, LEDGER_IGNORED, why, S_ISREG(f->st.st_mode) ? (size_t)f->st.st_size : 0);
        return OK;
    }
    if (f->broken || S_ISLNK(f->st.st_mode)) {
        leave_out(w, LEDGER_SKIPPED, f->broken ? "broken symbolic link" : "symbolic link", 0);
        return OK;
    }
    if (f->is_folder) return enter(w, folder, f);
    one_file(w, folder, f);
    return OK;
}

/* Takes over the open folder; w->path names it. */
static enum err walk_folder(struct walk *w, int folder)
{
    DIR *d = fdopendir(folder);
    if (!d) {
        leave_out(w, LEDGER_UNREADABLE, strerror(errno), 0);
        close(folder);
        return OK;
    }
    size_t n, len = w->path.n, before = w->n_files;
    struct entry *v = read_folder(w, d, &n);
    enum err r = OK;
    for (size_t i = 0; i < n; i++) {
        if (!r) {
            if (len && w->path.s[len - 1] != '/') buf_addc(&w->path, '/');
            buf_addz(&w->path, v[i].name);
            if (w->depth == 0) w->root_len = w->path.n - strlen(v[i].name);
            r = one_entry(w, folder, &v[i]);
            w->path.n = len;
            if (w->path.s) w->path.s[len] = '\0';
        }
        mem_free(v[i].name);
    }
    mem_free(v);
    if (w->n_files > before) tree_queue_close(w->to, d); /* they are opened through it */
    else closedir(d);
    return r;
}

/* ------------------------------------------------------------------ the whole */

static enum err add_globs(struct walk *w, struct globs *gs, const char *const *v)
{
    for (; v && *v; v++) TRY(globs_add(gs, w->own, *v, &w->e));
    return OK;
}

/* "./src/" is shown as "src", "." as nothing at all. */
static void set_root(struct walk *w, const char *root)
{
    while (root[0] == '.' && root[1] == '/') {
        root += 2;
        while (*root == '/') root++;
    }
    if (strcmp(root, ".") == 0) root = "";
    size_t n = strlen(root);
    while (n > 1 && root[n - 1] == '/') n--;
    buf_add(&w->path, root, n);
}

static enum err walk_root(struct walk *w)
{
    TRY(add_globs(w, &w->include, w->o->include));
    TRY(add_globs(w, &w->exclude, w->o->exclude));
    int fd = open(w->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return err_set(&w->e, E_IO, "%s: %s", w->root, strerror(errno));
    struct stat st;
    if (w->o->follow && fstat(fd, &st) == 0) seen_before(w, &st);
    if (!w->o->no_ignore) {
        w->ignore = ignore_open(w->own, w->root);
        ignore_enter(w->ignore, "");
    }
    enum err r = walk_folder(w, fd);
    ignore_close(w->ignore);
    return r;
}

static void *walk_thread(void *ctx)
{
    struct walk *w = ctx;
    walk_root(w);
    tree_queue_end(w->to);
    return NULL;
}

/* Signals are for the thread that called: one that interrupts it must reach it. */
static int start(pthread_t *thread, struct walk *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int why = pthread_create(thread, NULL, walk_thread, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return why;
}

enum err tree_walk(const char *root, const struct ingest_options *o, struct arena *a,
                   struct ledger *l, tree_visit *visit, void *ctx, struct errinfo *e)
{
    struct walk w = {.o = o, .root = root, .own = arena_new(), .to = tree_queue_new(),
                     .max_file = o->max_file ? o->max_file : MAX_FILE};
    pthread_t thread;
    struct tree_find f;
    enum err r = OK;
    set_root(&w, root);
    int why = start(&thread, &w);
    if (why) r = err_set(e, E_DEVICE, "%s: no thread to walk it: %s", root, strerror(why));
    while (!why && tree_queue_next(w.to, &f)) {
        if (!r && sys_interrupted()) /* all may be found already, which the thread will not see */
            r = err_set(e, E_INTR, "interrupted while reading %s", f.file.path);
        if (r) tree_queue_stop(w.to);
        else if (f.reason) ledger_add(l, a, f.status, f.file.path, f.reason, f.file.bytes);
        else r = visit(ctx, &f.file, e);
    }
    if (!why) pthread_join(thread, NULL);
    if (!r && w.e.code) r = err_set(e, w.e.code, "%s", w.e.msg);
    tree_queue_free(w.to);
    buf_free(&w.path);
    mem_free(w.seen);
    arena_free(w.own);
    return r;
}
