#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/charset.h"
#include "ingest/formats.h"
#include "ingest/ingest.h"
#include "ingest/lang.h"
#include "ingest/magic.h"
#include "ingest/members.h"
#include "ingest/pages.h"
#include "ingest/pool.h"
#include "ingest/read_text.h"
#include "ingest/sniff.h"
#include "ingest/tree.h"

#define MAX_FILE ((size_t)64 << 20)
#define HEAD ((size_t)64 << 10) /* bytes that decide what a file is */

/* ------------------------------------------------------------------ formats */

static enum err reader_named(const struct reader **out, const char *name, struct errinfo *e)
{
    struct buf known = {0};
    *out = formats_find(name);
    for (size_t i = 0; formats_row(i); i++)
        buf_addf(&known, "%s%s", i ? ", " : "", formats_row(i)->name);
    enum err r = *out ? OK : err_set(e, E_USAGE, "--from: expected one of %s, found \"%.60s\"",
                                     known.s, name);
    buf_free(&known);
    return r;
}

static bool is_wide(const char *charset)
{
    return strncmp(charset, "utf-16", 6) == 0 || strncmp(charset, "utf-32", 6) == 0;
}

/* The head of a file with UTF-16 or UTF-32 folded to one byte a character, so that every sniffer
 * sees "<html". */
static size_t fold_wide(const char *charset, size_t bom, const char *s, size_t n, char *out)
{
    if (!is_wide(charset)) {
        memcpy(out, s, n);
        return n;
    }
    size_t unit = charset[4] == '1' ? 2 : 4, k = 0;
    size_t low = charset[strlen(charset) - 2] == 'b' ? unit - 1 : 0;
    for (size_t i = bom; i + unit <= n; i += unit) {
        size_t zeros = 0;
        for (size_t z = 0; z < unit; z++) zeros += s[i + z] == 0;
        out[k++] = zeros == unit - 1 && s[i + low] > 0 ? s[i + low] : '?';
    }
    return k;
}

struct verdict {
    const struct reader *reader; /* NULL: nothing reads it */
    const char *looks_like;      /* then: "a PNG image", "binary data" */
    const char *generated;       /* "minified", "lock file", ..., or NULL */
};

/* What a file is, from its name and first bytes; a zero byte further on makes it binary too. */
static struct verdict judge(const char *name, const char *s, size_t n)
{
    struct verdict v = {0};
    struct arena *scratch = arena_new();
    struct charset cs;
    size_t all = n;
    if (n > HEAD) n = HEAD;
    charset_detect(&cs, scratch, s, n, NULL, NULL);
    if (!cs.binary && !is_wide(cs.name) && memchr(s + n, 0, all - n)) cs.binary = true;
    char *plain = mem_take(scratch, n + 1, 1);
    size_t len = cs.binary ? 0 : fold_wide(cs.name, cs.bom, s, n, plain);
    int best = 0;
    const struct reader *r;
    for (size_t i = 0; (r = formats_row(i)); i++) {
        if (cs.binary && !r->binary) continue;
        const char *seen = r->binary ? s : plain;
        int score = r->sniff(name, (const unsigned char *)seen, r->binary ? all : len);
        if (score > best) {
            best = score;
            v.reader = r;
        }
    }
    const char *magic = magic_of(s, n);
    if (v.reader && !v.reader->binary && magic && cs.binary) v.reader = NULL;
    if (!v.reader) v.looks_like = magic ? magic : "binary data";
    const char *slash = strrchr(name, '/');
    if (v.reader && !v.reader->binary)
        v.generated = magic_generated(slash ? slash + 1 : name, plain, len,
                                      v.reader == &read_text_code);
    arena_free(scratch);
    return v;
}

/* ------------------------------------------------------------------ one document */

/* What all operands of a call share. */
struct reading {
    struct docset *set;
    struct arena *a;
    const struct ingest_options *o;
    ingest_tick *tick;
    void *ctx;
    struct pool *pool;
    struct errinfo interrupted;
};

struct folder;

/* One input on its way: its bytes, and the places kept for it in documents and ledger. */
struct item {
    struct reading *r;
    const char *name; /* shown */
    const char *path; /* NULL: standard input */
    struct buf bytes;
    size_t doc, entry;
    const char *inner; /* its name without that of a compression: what tells its kind */
    const char *only;  /* of an archive: the member or folder asked for, or NULL      */
    int depth;         /* of archives around it                                       */
    struct folder *folder; /* that it is in, or */
    struct errinfo *why;   /* where the failure of a file goes that was named */
};

/* A name that can stand in a prompt and on a terminal. */
static const char *clean_name(struct arena *a, const char *path)
{
    size_t n = strlen(path), k = 0;
    char *out = mem_take(a, 3 * n + 1, 1);
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += utf8_next(path + i, n - i, &cp);
        if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) cp = 0xfffd;
        k += utf8_put(cp, out + k);
    }
    return out;
}

static bool is_blank(struct str t)
{
    for (size_t i = 0; i < t.n;) {
        uint32_t cp;
        i += utf8_next(t.s + i, t.n - i, &cp);
        if (!utf8_is_space(cp) && cp != 0xfeff && cp != 0x200b) return false;
    }
    return true;
}

static size_t keep_doc(struct reading *r)
{
    struct docset *set = r->set;
    if (set->n == set->cap) {
        size_t cap = set->cap ? set->cap * 2 : 16;
        struct doc **v = NEW(r->a, struct doc *, cap);
        if (set->n) memcpy(v, set->v, set->n * sizeof *v);
        set->v = v;
        set->cap = cap;
    }
    set->v[set->n] = NULL;
    return set->n++;
}

/* Places that were kept for what could not be read. */
static void close_gaps(struct docset *set, size_t first)
{
    size_t n = first;
    for (size_t i = first; i < set->n; i++)
        if (set->v[i]) set->v[n++] = set->v[i];
    set->n = n;
}

static struct item *begin_item(struct reading *r, const char *name, const char *path)
{
    struct item *it = mem_alloc(1, sizeof *it);
    struct ledger *l = &r->set->ledger;
    *it = (struct item){.r = r, .name = name, .inner = name, .path = path, .doc = keep_doc(r), .entry = l->n};
    ledger_add(l, r->a, LEDGER_USED, path ? path : name, NULL, 0);
    return it;
}

/* The message without the name that starts it: the ledger has the name already. */
static const char *reason_of(const struct errinfo *e, const char *name)
{
    size_t n = strlen(name);
    bool named = strncmp(e->msg, name, n) == 0 && e->msg[n] == ':' && e->msg[n + 1] == ' ';
    return named ? e->msg + n + 2 : e->msg;
}

static void count_used(struct folder *f);
static void count_failed(struct folder *f, const struct errinfo *why);

/* Enters what became of an item in the places that were kept for it. */
static void end_item(struct item *it, struct doc *d, const struct errinfo *why)
{
    struct reading *r = it->r;
    struct ledger_entry *l = &r->set->ledger.v[it->entry];
    bool nothing = why->code == E_EMPTY || why->code == E_UNSUPPORTED;
    r->set->v[it->doc] = d;
    if (!it->folder || !why->code) l->bytes = it->bytes.n;
    if (why->code) {
        const char *reason = reason_of(why, it->name);
        l->reason = mem_copy(r->a, reason, strlen(reason));
        l->status = it->folder && nothing ? LEDGER_SKIPPED : LEDGER_UNREADABLE;
    }
    if (why->code == E_INTR && !r->interrupted.code) r->interrupted = *why;
    if (it->folder && why->code) count_failed(it->folder, why);
    else if (it->folder) count_used(it->folder);
    else if (it->why) *it->why = *why;
    if (r->tick) r->tick(r->ctx, l->path, r->set->ledger.n);
    buf_free(&it->bytes);
    mem_free(it);
}

/* pool_done: a document without text is none. */
static void take_doc(void *ctx, struct doc *d, const struct errinfo *why)
{
    struct item *it = ctx;
    struct errinfo e = *why;
    if (!e.code && is_blank(d->text)) err_set(&e, E_EMPTY, "%s: no text in it", it->name);
    end_item(it, e.code ? NULL : d, &e);
}

static void read_here(struct item *it, const struct reader *reader)
{
    struct reading *r = it->r;
    struct errinfo why = {0};
    struct doc *d = NULL;
    struct doc_builder *b = doc_new(r->a, it->name, reader->name);
    if (!reader->read(b, r->o, it->inner, it->bytes.s, it->bytes.n, &why))
        d = doc_freeze(b, it->path, it->bytes.s, it->bytes.n);
    take_doc(it, d, &why);
}

static void read_apart(struct item *it, const struct reader *reader)
{
    struct wire_about about = {it->name, it->path, reader->name, it->bytes.s, it->bytes.n, NULL};
    pool_add(it->r->pool, it->r->a, &about, take_doc, it);
}

static enum err unsupported(const struct item *it, const char *looks_like, struct errinfo *e)
{
    return err_set(e, E_UNSUPPORTED, "%s: looks like %s, which deepread does not read (deepread help "
                   "formats)", it->name, looks_like);
}

static enum err choose_reader(const struct reader **out, const struct item *it, struct errinfo *e)
{
    const struct ingest_options *o = it->r->o;
    if (it->bytes.n == 0) return err_set(e, E_EMPTY, "%s: is empty", it->name);
    if (o->from) return reader_named(out, o->from, e);
    struct verdict v = judge(it->inner, it->bytes.s, it->bytes.n);
    /* A charset that was named makes text of what does not look like it. */
    bool text = !v.reader && o->encoding && !magic_of(it->bytes.s, it->bytes.n);
    *out = text ? &read_text_plain : v.reader;
    return *out ? OK : unsupported(it, v.looks_like, e);
}

static void read_archive(struct item *it);

/* Bytes to document; `reader` NULL: whatever they are.  The item ends here or in the pool. */
static void read_item(struct item *it, const struct reader *reader)
{
    struct errinfo why = {0};
    if (!reader && choose_reader(&reader, it, &why)) end_item(it, NULL, &why);
    else if (reader->members) read_archive(it);
    else if (reader->apart) read_apart(it, reader);
    else read_here(it, reader);
}

static size_t max_file(const struct ingest_options *o)
{
    return o->max_file ? o->max_file : MAX_FILE;
}

/* Failing to open says something of the file, or of this process. */
static enum err open_error(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOMEM ? E_DEVICE : E_IO;
}

static enum err load(struct buf *bytes, int fd, const char *name, const struct ingest_options *o,
                     struct errinfo *e)
{
    struct errinfo why = {0};
    enum err r = sys_read_all(fd, max_file(o), bytes, name, &why);
    if (r == E_LIMIT)
        return err_set(e, E_LIMIT, "%s: larger than %zu bytes, the limit for one file "
                       "(--max-file-size)", name, max_file(o));
    return r ? err_set(e, r, "%s", why.msg) : OK;
}

/* ------------------------------------------------------------------ files named directly */

static void read_named(struct item *it, int fd)
{
    struct errinfo why = {0};
    if (load(&it->bytes, fd, it->name, it->r->o, &why)) end_item(it, NULL, &why);
    else read_item(it, NULL);
}

static void read_stdin(struct reading *r, struct errinfo *why)
{
    const char *name = r->o->stdin_name ? r->o->stdin_name : "stdin";
    struct item *it = begin_item(r, clean_name(r->a, name), NULL);
    it->why = why;
    read_named(it, STDIN_FILENO);
}

/* A path that leads through a file: into an archive.  Opens the archive, and errno stays when there
 * is none. */
static int open_around(struct item *it)
{
    struct reading *r = it->r;
    char *path = mem_copy(r->a, it->path, strlen(it->path));
    size_t head = strlen(it->path) - strlen(it->name); /* "./" is not shown */
    for (char *slash; (slash = strrchr(path, '/')) && slash > path;) {
        *slash = '\0';
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOTDIR) continue;
        if (fd < 0) break;
        it->only = it->path + (slash - path) + 1;
        it->path = path;
        it->name = it->inner = clean_name(r->a, path + head);
        r->set->ledger.v[it->entry].path = path;
        return fd;
    }
    errno = ENOTDIR;
    return -1;
}

static void read_file(struct reading *r, const char *path, struct errinfo *why)
{
    const char *shown = path;
    struct errinfo e = {0};
    while (shown[0] == '.' && shown[1] == '/' && shown[2]) shown += 2;
    struct item *it = begin_item(r, clean_name(r->a, shown), path);
    int fd;
    it->why = why;
    do fd = open(path, O_RDONLY | O_CLOEXEC); /* waits for the writer of a pipe */
    while (fd < 0 && errno == EINTR && !sys_interrupted());
    if (fd < 0 && errno == ENOTDIR) fd = open_around(it);
    if (fd >= 0) {
        read_named(it, fd);
        close(fd);
        return;
    }
    if (errno == EINTR) err_set(&e, E_INTR, "%s: interrupted", it->name);
    else err_set(&e, open_error(errno), "%s: %s", it->name, strerror(errno));
    end_item(it, NULL, &e);
}

/* ------------------------------------------------------------------ folders */

struct folder {
    struct reading *r; /* NULL: only list */
    struct ledger *ledger;
    struct arena *a;
    size_t used, left_out;
    struct errinfo device; /* the first failure that was none of a file */
};

static void skip(struct folder *f, enum ledger_status status, const struct tree_file *t,
                 const char *reason)
{
    ledger_add(f->ledger, f->a, status, t->path, reason, t->bytes);
    f->left_out++;
}

static void count_used(struct folder *f)
{
    f->used++;
}

static void count_failed(struct folder *f, const struct errinfo *why)
{
    f->left_out++;
    if (why->code == E_DEVICE && !f->device.code) f->device = *why;
}

/* Rules that need the content; true when the file is left out, else *reader reads it. */
static bool left_out(struct folder *f, const struct tree_file *t, const char *s, size_t n,
                     const struct reader **reader)
{
    if (n == 0) {
        skip(f, LEDGER_SKIPPED, t, "empty");
        return true;
    }
    struct verdict v = judge(t->path, s, n);
    *reader = v.reader;
    if (v.reader && v.reader->members && !sniff_compressed(t->path, (const unsigned char *)s, n)) {
        skip(f, LEDGER_SKIPPED, t, "an archive: name it to read what is in it");
        return true;
    }
    if (!v.reader) {
        char why[96];
        bool plain = strcmp(v.looks_like, "binary data") == 0;
        snprintf(why, sizeof why, plain ? "binary" : "binary: %s", v.looks_like);
        skip(f, LEDGER_SKIPPED, t, why);
    } else if (v.generated) {
        skip(f, LEDGER_SKIPPED, t, v.generated);
    }
    return !v.reader || v.generated;
}

static int open_entry(const struct tree_file *t)
{
    /* Not blocking: the file may have become a pipe meanwhile. */
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (t->linked ? 0 : O_NOFOLLOW);
    return openat(t->folder, t->base, flags);
}

/* Lists a file and says in the ledger what its first bytes tell. */
static void list_used(struct ledger *l, struct arena *a, const char *path, const char *head,
                      size_t n, size_t bytes, const struct reader *r)
{
    const struct lang *lang = lang_of(path, head, n);
    if (!lang && r == &read_text_code) lang = lang_guess(head, n);
    ledger_add(l, a, LEDGER_USED, path, NULL, bytes);
    l->v[l->n - 1].format = r ? r->name : NULL;
    l->v[l->n - 1].lang = lang ? lang->name : NULL;
}

static enum err list_file(void *ctx, const struct tree_file *t, struct errinfo *e)
{
    (void)e;
    struct folder *f = ctx;
    const struct reader *reader;
    char *head = mem_alloc(HEAD, 1);
    int fd = open_entry(t);
    ssize_t n = fd < 0 ? -1 : pread(fd, head, HEAD, 0);
    if (n < 0) {
        skip(f, LEDGER_UNREADABLE, t, strerror(errno));
    } else if (!left_out(f, t, head, (size_t)n, &reader)) {
        list_used(f->ledger, f->a, t->path, head, (size_t)n, t->bytes, reader);
        f->used++;
    }
    if (fd >= 0) close(fd);
    mem_free(head);
    return OK;
}

/* Whether the first bytes of a long file leave it out already: then the rest is not read. */
static bool left_out_early(struct folder *f, const struct tree_file *t, int fd)
{
    const struct reader *reader;
    if (t->bytes <= HEAD) return false;
    char *head = mem_alloc(HEAD, 1);
    bool out = pread(fd, head, HEAD, 0) == (ssize_t)HEAD && left_out(f, t, head, HEAD, &reader);
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
    skip(f, LEDGER_UNREADABLE, t, reason_of(&why, t->path));
    if (why.code == E_DEVICE && !f->device.code) f->device = why;
    if (why.code == E_INTR && !f->r->interrupted.code) f->r->interrupted = why;
    return false;
}

static enum err read_tree_file(void *ctx, const struct tree_file *t, struct errinfo *e)
{
    struct folder *f = ctx;
    struct reading *r = f->r;
    const struct reader *reader = NULL;
    struct buf bytes = {0};
    if (load_entry(f, t, &bytes, &reader)) {
        struct item *it = begin_item(r, clean_name(r->a, t->path),
                                     mem_copy(r->a, t->path, strlen(t->path)));
        it->folder = f;
        it->bytes = bytes;
        read_item(it, r->o->from ? NULL : reader);
    } else {
        buf_free(&bytes);
        if (r->tick) r->tick(r->ctx, t->path, r->set->ledger.n);
    }
    const struct errinfo *i = &r->interrupted;
    return i->code ? err_set(e, i->code, "%s", i->msg) : OK;
}

static enum err nothing_in(const struct folder *f, const char *path, struct errinfo *e)
{
    if (f->device.code) return err_set(e, f->device.code, "%s", f->device.msg);
    if (f->left_out == 0)
        return err_set(e, E_EMPTY, "%s: no files in it to read (see --hidden, --no-ignore, -i, -e)",
                       path);
    return err_set(e, E_EMPTY, "%s: none of its %zu files can be read", path, f->left_out);
}

/* ------------------------------------------------------------------ archives */

static void keep_reason(void *ctx, struct doc *d, const struct errinfo *why)
{
    (void)d;
    *(struct errinfo *)ctx = *why;
}

/* The members of an archive; they point into *answer.  What runs in the pool ends meanwhile. */
static enum err unpack(struct item *it, struct members *m, struct buf *answer, struct errinfo *e)
{
    struct reading *r = it->r;
    struct errinfo why = {0};
    struct wire_about about = {it->name, it->path, "archive", it->bytes.s, it->bytes.n, answer};
    if (it->depth >= MEMBERS_DEPTH)
        return err_set(e, E_UNSUPPORTED, "%s: an archive in %d others is not unpacked", it->name,
                       it->depth);
    pool_add(r->pool, r->a, &about, keep_reason, &why);
    pool_wait(r->pool);
    if (why.code) return err_set(e, why.code, "%s", why.msg);
    return members_parse(m, r->a, &about, answer, e);
}

static char *joined(struct arena *a, const char *folder, const char *path)
{
    struct buf b = {0};
    buf_addf(&b, "%s/%s", folder, path);
    char *out = mem_copy(a, b.s, b.n);
    buf_free(&b);
    return out;
}

/* Whether a member is asked for.  *rest: what is asked for inside it. */
static bool is_asked(const struct item *it, const char *path, const char **rest)
{
    size_t n = strlen(path), k = it->only ? strlen(it->only) : 0;
    *rest = NULL;
    while (k && it->only[k - 1] == '/') k--;
    if (!k || (strncmp(path, it->only, k) == 0 && (!path[k] || path[k] == '/'))) return true;
    if (k <= n || strncmp(path, it->only, n) != 0 || it->only[n] != '/') return false;
    *rest = it->only + n + 1;
    return true;
}

/* Why a member is not read, or NULL. */
static const char *member_reason(const struct item *it, const struct member *m,
                                 const struct reader **reader, char why[96])
{
    if (m->reason) return m->reason;
    if (m->n == 0) return "empty";
    if (m->n > max_file(it->r->o)) return "larger than --max-file-size";
    struct verdict v = judge(m->path, m->s, m->n);
    *reader = v.reader;
    snprintf(why, 96, strcmp(v.looks_like ? v.looks_like : "", "binary data") ? "binary: %s" : "binary",
             v.looks_like ? v.looks_like : "");
    return v.reader ? v.generated : why;
}

static void read_member(struct item *it, const struct member *m, const struct members_rules *rules,
                        struct folder *f)
{
    struct reading *r = it->r;
    const struct reader *reader = NULL;
    const char *rest, *path = joined(r->a, it->path ? it->path : it->name, m->path);
    char why[96];
    if (!is_asked(it, m->path, &rest)) return;
    const char *rule = it->only ? NULL : members_rule(rules, m->path);
    const char *reason = rule ? rule : member_reason(it, m, &reader, why);
    if (rest && (!reader || !reader->members)) return; /* nothing is inside it */
    if (reason) {
        ledger_add(f->ledger, r->a, rule ? LEDGER_IGNORED : LEDGER_SKIPPED, path,
                   mem_copy(r->a, reason, strlen(reason)), m->n);
        f->left_out++;
        return;
    }
    struct item *one = begin_item(r, joined(r->a, it->name, m->path), path);
    one->folder = f;
    one->depth = it->depth + 1;
    one->only = rest;
    buf_add(&one->bytes, m->s, m->n);
    read_item(one, reader);
}

/* "paper.txt" of "paper.txt.gz": what tells the kind of a compressed file. */
static const char *without_suffix(struct arena *a, const char *name)
{
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    bool suffix = dot && (slash ? dot > slash + 1 : dot > name);
    return suffix ? mem_copy(a, name, (size_t)(dot - name)) : name;
}

static void read_compressed(struct item *it, const struct member *m, struct buf *answer)
{
    struct errinfo why = {0};
    struct buf bytes = {0};
    buf_add(&bytes, m->s, m->n);
    buf_free(answer);
    buf_free(&it->bytes);
    it->bytes = bytes;
    it->inner = without_suffix(it->r->a, it->inner);
    it->depth++;
    const struct reader *reader = bytes.n ? judge(it->inner, bytes.s, bytes.n).reader : NULL;
    if (reader) {
        read_item(it, reader);
        return;
    }
    err_set(&why, bytes.n ? E_UNSUPPORTED : E_EMPTY, "%s: what is compressed in it is %s", it->name,
            bytes.n ? "nothing that deepread reads" : "empty");
    end_item(it, NULL, &why);
}

static void read_members(struct item *it, const struct members *m, struct errinfo *why)
{
    struct reading *r = it->r;
    struct members_rules rules;
    struct folder *f = NEW(r->a, struct folder, 1);
    *f = (struct folder){.r = r, .ledger = &r->set->ledger, .a = r->a};
    if (members_rules(&rules, r->a, r->o, why)) return;
    for (size_t i = 0; i < m->n && !r->interrupted.code; i++) read_member(it, &m->v[i], &rules, f);
    pool_wait(r->pool);
    if (m->ended)
        ledger_add(f->ledger, r->a, LEDGER_UNREADABLE, it->path ? it->path : it->name, m->ended, 0);
    if (r->interrupted.code) *why = r->interrupted;
    else if (f->device.code) *why = f->device;
    else if (!f->used && it->only)
        err_set(why, E_IO, "%s: no member %s in it that can be read", it->name, it->only);
    else if (!f->used && m->ended) err_set(why, E_FORMAT, "%s: %s", it->name, m->ended);
    else if (!f->used)
        err_set(why, E_EMPTY, "%s: none of its %zu members can be read", it->name, m->n);
}

/* Each member is a document of its own behind those that were read before. */
static void read_archive(struct item *it)
{
    struct errinfo why = {0};
    struct members m;
    struct buf answer = {0};
    enum err r = unpack(it, &m, &answer, &why);
    if (!r && m.n == 1 && !*m.v[0].path && !m.v[0].reason) {
        if (m.ended)
            ledger_add(&it->r->set->ledger, it->r->a, LEDGER_UNREADABLE, it->name, m.ended, 0);
        read_compressed(it, &m.v[0], &answer);
        return;
    }
    if (!r) read_members(it, &m, &why);
    buf_free(&answer);
    end_item(it, NULL, &why);
}

/* ------------------------------------------------------------------ the face */

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
    if (op->why.code == E_INTR && !r->interrupted.code) r->interrupted = op->why;
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
    if (o->from) TRY(reader_named(&forced, o->from, e));
    while (paths[n]) n++;
    struct operand *ops = mem_alloc(n, sizeof *ops);
    r.pool = pool_new(o);
    for (size_t i = 0; i < n && !r.interrupted.code; i++) read_operand(&r, paths[i], &ops[i]);
    pool_wait(r.pool);
    pool_free(r.pool);
    close_gaps(set, first);
    if (!r.interrupted.code) report(&r, paths, ops, n, failed);
    mem_free(ops);
    return r.interrupted.code ? err_set(e, r.interrupted.code, "%s", r.interrupted.msg) : OK;
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

/* A file that is named is read whatever it is.  Nothing is taken from a pipe. */
static enum err list_named(struct ledger *l, struct arena *a, const char *path, struct errinfo *e)
{
    struct stat st = {0};
    bool here = strcmp(path, "-") == 0;
    if (!here && stat(path, &st) != 0) return err_set(e, E_IO, "%s: %s", path, strerror(errno));
    int fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char *head = mem_alloc(HEAD, 1);
    ssize_t n = fd < 0 ? 0 : pread(fd, head, HEAD, 0);
    if (n > 0) list_used(l, a, path, head, (size_t)n, (size_t)st.st_size,
                         judge(path, head, (size_t)n).reader);
    else ledger_add(l, a, LEDGER_USED, path, NULL, here ? 0 : (size_t)st.st_size);
    if (fd >= 0) close(fd);
    mem_free(head);
    return OK;
}

enum err ingest_list(struct ledger *l, struct arena *a, const char *path,
                     const struct ingest_options *o, struct errinfo *e)
{
    struct folder f = {.ledger = l, .a = a};
    if (!is_folder(path)) return list_named(l, a, path, e);
    TRY(tree_walk(path, o, a, l, list_file, &f, e));
    return f.used ? OK : nothing_in(&f, path, e);
}
