#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/charset.h"
#include "ingest/extract_client.h"
#include "ingest/formats.h"
#include "ingest/ingest.h"
#include "ingest/lang.h"
#include "ingest/magic.h"
#include "ingest/pages.h"
#include "ingest/read_text.h"
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

/* The bytes of one input. */
struct source {
    const char *name; /* shown */
    const char *path; /* NULL: standard input */
    struct buf bytes;
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

static enum err read_here(struct doc **out, const struct reader *r, struct arena *a,
                          const struct source *s, const struct ingest_options *o,
                          struct errinfo *e)
{
    struct doc_builder *b = doc_new(a, s->name, r->name);
    TRY(r->read(b, o, s->name, s->bytes.s, s->bytes.n, e));
    *out = doc_freeze(b, s->path, s->bytes.s, s->bytes.n);
    return OK;
}

static enum err parse(struct doc **out, const struct reader *r, struct arena *a,
                      const struct source *s, const struct ingest_options *o, struct errinfo *e)
{
    if (r->apart) {
        struct wire_about about = {s->name, s->path, r->name, s->bytes.s, s->bytes.n};
        TRY(extract_client_run(out, a, o, &about, e));
    } else {
        TRY(read_here(out, r, a, s, o, e));
    }
    if (is_blank((*out)->text))
        return err_set(e, E_EMPTY, "%s: no text in it", s->name);
    return OK;
}

static enum err unsupported(const struct source *s, const char *looks_like, struct errinfo *e)
{
    return err_set(e, E_UNSUPPORTED, "%s: looks like %s, which deepread does not read (deepread help "
                   "formats)", s->name, looks_like);
}

/* Bytes to document, whatever they are. */
static enum err read_source(struct doc **out, struct arena *a, const struct source *s,
                            const struct ingest_options *o, struct errinfo *e)
{
    const struct reader *r = NULL;
    if (s->bytes.n == 0) return err_set(e, E_EMPTY, "%s: is empty", s->name);
    if (o->from) {
        TRY(reader_named(&r, o->from, e));
        return parse(out, r, a, s, o, e);
    }
    struct verdict v = judge(s->name, s->bytes.s, s->bytes.n);
    /* A charset that was named makes text of what does not look like it. */
    if (!v.reader && o->encoding && !magic_of(s->bytes.s, s->bytes.n)) v.reader = &read_text_plain;
    if (!v.reader) return unsupported(s, v.looks_like, e);
    return parse(out, v.reader, a, s, o, e);
}

static void add_doc(struct docset *set, struct arena *a, struct doc *d)
{
    if (set->n == set->cap) {
        size_t cap = set->cap ? set->cap * 2 : 16;
        struct doc **v = NEW(a, struct doc *, cap);
        if (set->n) memcpy(v, set->v, set->n * sizeof *v);
        set->v = v;
        set->cap = cap;
    }
    set->v[set->n++] = d;
}

/* The message without the name that starts it: the ledger has the name already. */
static const char *reason_of(const struct errinfo *e, const char *name)
{
    size_t n = strlen(name);
    bool named = strncmp(e->msg, name, n) == 0 && e->msg[n] == ':' && e->msg[n + 1] == ' ';
    return named ? e->msg + n + 2 : e->msg;
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

/* ------------------------------------------------------------------ files named directly */

static enum err load(struct source *s, int fd, const struct ingest_options *o, struct errinfo *e)
{
    struct errinfo why = {0};
    enum err r = sys_read_all(fd, max_file(o), &s->bytes, s->name, &why);
    if (r == E_LIMIT)
        return err_set(e, E_LIMIT, "%s: larger than %zu bytes, the limit for one file "
                       "(--max-file-size)", s->name, max_file(o));
    return r ? err_set(e, r, "%s", why.msg) : OK;
}

static enum err read_named(struct docset *set, struct arena *a, struct source *s, int fd,
                           const struct ingest_options *o, struct errinfo *e)
{
    struct errinfo why = {0};
    struct doc *d = NULL;
    enum err r = load(s, fd, o, &why);
    if (!r) r = read_source(&d, a, s, o, &why);
    const char *path = s->path ? s->path : s->name;
    if (r) {
        ledger_add(&set->ledger, a, LEDGER_UNREADABLE, path, reason_of(&why, s->name), s->bytes.n);
        return err_set(e, r, "%s", why.msg);
    }
    add_doc(set, a, d);
    ledger_add(&set->ledger, a, LEDGER_USED, path, NULL, s->bytes.n);
    return OK;
}

static enum err read_stdin(struct docset *set, struct arena *a, const struct ingest_options *o,
                           struct errinfo *e)
{
    struct source s = {.name = clean_name(a, o->stdin_name ? o->stdin_name : "stdin")};
    enum err r = read_named(set, a, &s, STDIN_FILENO, o, e);
    buf_free(&s.bytes);
    return r;
}

static enum err read_file(struct docset *set, struct arena *a, const char *path,
                          const struct ingest_options *o, struct errinfo *e)
{
    const char *shown = path;
    while (shown[0] == '.' && shown[1] == '/' && shown[2]) shown += 2;
    struct source s = {.name = clean_name(a, shown), .path = path};
    int fd;
    do fd = open(path, O_RDONLY | O_CLOEXEC); /* waits for the writer of a pipe */
    while (fd < 0 && errno == EINTR && !sys_interrupted());
    if (fd < 0 && errno == EINTR) return err_set(e, E_INTR, "%s: interrupted", s.name);
    if (fd < 0) {
        int why = errno;
        ledger_add(&set->ledger, a, LEDGER_UNREADABLE, path, strerror(why), 0);
        return err_set(e, open_error(why), "%s: %s", s.name, strerror(why));
    }
    enum err r = read_named(set, a, &s, fd, o, e);
    close(fd);
    buf_free(&s.bytes);
    return r;
}

/* ------------------------------------------------------------------ folders */

struct folder {
    struct docset *set; /* NULL: only list */
    struct ledger *ledger;
    struct arena *a;
    const struct ingest_options *o;
    ingest_tick *tick;
    void *ctx;
    size_t used, left_out;
    struct errinfo device; /* the first failure that was none of a file */
};

static void skip(struct folder *f, enum ledger_status status, const struct tree_file *t,
                 const char *reason)
{
    ledger_add(f->ledger, f->a, status, t->path, reason, t->bytes);
    f->left_out++;
}

/* Rules that need the content; true when the file is left out. */
static bool left_out(struct folder *f, const struct tree_file *t, const char *s, size_t n)
{
    if (n == 0) {
        skip(f, LEDGER_SKIPPED, t, "empty");
        return true;
    }
    struct verdict v = judge(t->path, s, n);
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
                      size_t n, size_t bytes)
{
    const struct reader *r = judge(path, head, n).reader;
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
    char *head = mem_alloc(HEAD, 1);
    int fd = open_entry(t);
    ssize_t n = fd < 0 ? -1 : pread(fd, head, HEAD, 0);
    if (n < 0) {
        skip(f, LEDGER_UNREADABLE, t, strerror(errno));
    } else if (!left_out(f, t, head, (size_t)n)) {
        list_used(f->ledger, f->a, t->path, head, (size_t)n, t->bytes);
        f->used++;
    }
    if (fd >= 0) close(fd);
    mem_free(head);
    return OK;
}

/* Whether the first bytes of a long file leave it out already: then the rest is not read. */
static bool left_out_early(struct folder *f, const struct tree_file *t, int fd)
{
    if (t->bytes <= HEAD) return false;
    char *head = mem_alloc(HEAD, 1);
    bool out = pread(fd, head, HEAD, 0) == (ssize_t)HEAD && left_out(f, t, head, HEAD);
    mem_free(head);
    return out;
}

static enum err read_entry(struct folder *f, const struct tree_file *t, struct source *s,
                           struct errinfo *why)
{
    int fd = open_entry(t);
    if (fd < 0) return err_set(why, open_error(errno), "%s", strerror(errno));
    bool early = left_out_early(f, t, fd);
    enum err r = early ? OK : load(s, fd, f->o, why);
    close(fd);
    if (r || early || left_out(f, t, s->bytes.s, s->bytes.n)) return r;
    struct doc *d = NULL;
    TRY(read_source(&d, f->a, s, f->o, why));
    add_doc(f->set, f->a, d);
    ledger_add(f->ledger, f->a, LEDGER_USED, t->path, NULL, s->bytes.n);
    f->used++;
    return OK;
}

static enum err read_tree_file(void *ctx, const struct tree_file *t, struct errinfo *e)
{
    struct folder *f = ctx;
    struct source s = {.name = clean_name(f->a, t->path),
                       .path = mem_copy(f->a, t->path, strlen(t->path))};
    struct errinfo why = {0};
    enum err r = read_entry(f, t, &s, &why);
    buf_free(&s.bytes);
    if (r == E_INTR) return err_set(e, r, "%s", why.msg);
    if (r == E_DEVICE && !f->device.code) f->device = why;
    if (r == E_EMPTY || r == E_UNSUPPORTED) skip(f, LEDGER_SKIPPED, t, reason_of(&why, s.name));
    else if (r) skip(f, LEDGER_UNREADABLE, t, reason_of(&why, s.name));
    if (f->tick) f->tick(f->ctx, t->path, f->set->ledger.n);
    return OK;
}

static enum err nothing_in(const struct folder *f, const char *path, struct errinfo *e)
{
    if (f->device.code) return err_set(e, f->device.code, "%s", f->device.msg);
    if (f->left_out == 0)
        return err_set(e, E_EMPTY, "%s: no files in it to read (see --hidden, --no-ignore, -i, -e)",
                       path);
    return err_set(e, E_EMPTY, "%s: none of its %zu files can be read", path, f->left_out);
}

static enum err read_tree(struct docset *set, struct arena *a, const char *path,
                          const struct ingest_options *o, ingest_tick *tick, void *ctx,
                          struct errinfo *e)
{
    struct folder f = {.set = set, .ledger = &set->ledger, .a = a, .o = o, .tick = tick,
                       .ctx = ctx};
    TRY(tree_walk(path, o, a, &set->ledger, read_tree_file, &f, e));
    return f.used ? OK : nothing_in(&f, path, e);
}

/* ------------------------------------------------------------------ the face */

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum err ingest_path(struct docset *set, struct arena *a, const char *path,
                     const struct ingest_options *o, ingest_tick *tick, void *ctx,
                     struct errinfo *e)
{
    const struct reader *forced;
    TRY(pages_check(o->pages, e));
    if (o->from) TRY(reader_named(&forced, o->from, e));
    if (is_folder(path)) return read_tree(set, a, path, o, tick, ctx, e);
    enum err r = strcmp(path, "-") == 0 ? read_stdin(set, a, o, e)
                                        : read_file(set, a, path, o, e);
    if (tick) tick(ctx, path, set->ledger.n);
    return r;
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
    if (n > 0) list_used(l, a, path, head, (size_t)n, (size_t)st.st_size);
    else ledger_add(l, a, LEDGER_USED, path, NULL, here ? 0 : (size_t)st.st_size);
    if (fd >= 0) close(fd);
    mem_free(head);
    return OK;
}

enum err ingest_list(struct ledger *l, struct arena *a, const char *path,
                     const struct ingest_options *o, struct errinfo *e)
{
    struct folder f = {.ledger = l, .a = a, .o = o};
    if (!is_folder(path)) return list_named(l, a, path, e);
    TRY(tree_walk(path, o, a, l, list_file, &f, e));
    return f.used ? OK : nothing_in(&f, path, e);
}
