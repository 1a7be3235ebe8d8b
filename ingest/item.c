#include "ingest/item.h"

#include <stdio.h>
#include <string.h>

#include "ingest/archive.h"
#include "ingest/charset.h"
#include "ingest/lang.h"
#include "ingest/magic.h"
#include "ingest/read_text.h"

#define MAX_FILE ((size_t)64 << 20)
#define BINARY_DATA "binary data" /* of no kind that is known */

/* ------------------------------------------------------------------ which reader */

enum err item_reader(const struct reader **out, const char *name, struct errinfo *e)
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

struct verdict item_judge(const char *name, const char *s, size_t n)
{
    struct verdict v = {0};
    struct arena *scratch = arena_new();
    struct charset cs;
    size_t all = n;
    if (n > ITEM_HEAD) n = ITEM_HEAD;
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
    if (!v.reader) v.looks_like = magic ? magic : BINARY_DATA;
    const char *slash = strrchr(name, '/');
    if (v.reader && !v.reader->binary)
        v.generated = magic_generated(slash ? slash + 1 : name, plain, len,
                                      v.reader == &read_text_code);
    arena_free(scratch);
    return v;
}

const char *item_unread(const struct verdict *v, struct arena *a)
{
    struct buf b = {0};
    buf_addz(&b, "binary");
    if (strcmp(v->looks_like, BINARY_DATA) != 0) buf_addf(&b, ": %s", v->looks_like);
    const char *why = mem_copy(a, b.s, b.n);
    buf_free(&b);
    return why;
}

/* ------------------------------------------------------------------ one document */

const char *item_name(struct arena *a, const char *path)
{
    size_t n = strlen(path), k = 0;
    while (k < n && path[k] >= 0x20 && path[k] < 0x7f) k++;
    if (k == n) return mem_copy(a, path, n); /* nearly all */
    char *out = mem_take(a, 3 * n + 1, 1);
    k = 0;
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

struct item *item_begin(struct reading *r, const char *name, const char *path)
{
    struct item *it = mem_alloc(1, sizeof *it);
    struct ledger *l = &r->set->ledger;
    *it = (struct item){.r = r, .name = name, .inner = name, .path = path,
                        .doc = keep_doc(r), .entry = l->n};
    ledger_add(l, r->a, LEDGER_USED, path ? path : name, NULL, 0);
    return it;
}

const char *item_reason(const struct errinfo *e, const char *name)
{
    size_t n = strlen(name);
    bool named = strncmp(e->msg, name, n) == 0 && e->msg[n] == ':' && e->msg[n + 1] == ' ';
    return named ? e->msg + n + 2 : e->msg;
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

void item_fail_fast(struct reading *r, const struct errinfo *why)
{
    if (!r->o->fail_fast || r->ended.code) return;
    r->ended = *why;
    pool_stop(r->pool);
}

/* An entry of its own: the document is used all the same. */
static void note_missing(struct reading *r, const char *path, const char *reason)
{
    struct ledger *l = &r->set->ledger;
    ledger_add(l, r->a, LEDGER_UNREADABLE, path, mem_copy(r->a, reason, strlen(reason)), 0);
    l->v[l->n - 1].rest = true;
    struct errinfo why = {0};
    err_set(&why, E_FORMAT, "%s: %s", path, reason);
    item_fail_fast(r, &why);
}

static void note_unread(struct reading *r, const char *path, const struct doc *d)
{
    char reason[128];
    snprintf(reason, sizeof reason,
             "%zu of %zu pages not read: that took too long, or too much memory, or broke down",
             d->pages_unread, d->n_pages);
    note_missing(r, path, reason);
}

void item_end(struct item *it, struct doc *d, const struct errinfo *why)
{
    struct reading *r = it->r;
    struct ledger_entry *l = &r->set->ledger.v[it->entry];
    bool nothing = why->code == E_EMPTY || why->code == E_UNSUPPORTED;
    r->set->v[it->doc] = d;
    if (!it->folder || !why->code) l->bytes = it->bytes.n;
    if (why->code) {
        const char *reason = item_reason(why, it->name);
        l->reason = mem_copy(r->a, reason, strlen(reason));
        l->status = it->folder && nothing ? LEDGER_SKIPPED : LEDGER_UNREADABLE;
    }
    if (why->code == E_INTR && !r->ended.code) r->ended = *why;
    if (l->status == LEDGER_UNREADABLE) item_fail_fast(r, why);
    if (it->folder && why->code) count_failed(it->folder, why);
    else if (it->folder) count_used(it->folder);
    if (it->why) *it->why = *why;
    if (r->tick) r->tick(r->ctx, l->path, r->set->ledger.n);
    const char *path = l->path; /* the entry may move */
    if (d && d->pages_unread) note_unread(r, path, d);
    if (d && d->cut) note_missing(r, path, "damaged: text may be missing from its end");
    buf_free(&it->bytes);
    mem_free(it);
}

/* pool_done: a document without text is none. */
static void take_doc(void *ctx, struct doc *d, const struct errinfo *why)
{
    struct item *it = ctx;
    struct errinfo e = *why;
    if (!e.code && is_blank(d->text)) err_set(&e, E_EMPTY, "%s: no text in it", it->name);
    item_end(it, e.code ? NULL : d, &e);
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
    return err_set(e, E_UNSUPPORTED, "%s: looks like %s, which deepread does not read "
                   "(deepread help formats)", it->name, looks_like);
}

static enum err choose_reader(const struct reader **out, const struct item *it, struct errinfo *e)
{
    const struct ingest_options *o = it->r->o;
    if (it->bytes.n == 0) return err_set(e, E_EMPTY, "%s: is empty", it->name);
    if (o->from) return item_reader(out, o->from, e);
    struct verdict v = item_judge(it->inner, it->bytes.s, it->bytes.n);
    /* A charset that was named makes text of what does not look like it. */
    bool text = !v.reader && o->encoding && !magic_of(it->bytes.s, it->bytes.n);
    *out = text ? &read_text_plain : v.reader;
    return *out ? OK : unsupported(it, v.looks_like, e);
}

/* Only an archive has something inside it. */
static enum err check_inside(const struct reader *reader, const struct item *it, struct errinfo *e)
{
    if (!it->only || !*it->only || reader_holds(reader)) return OK;
    return err_set(e, E_IO, "%s: is no folder and no archive that %s could be in", it->name,
                   it->only);
}

void item_describe(struct ledger_entry *out, const char *name, const char *s, size_t n,
                   const struct reader *r)
{
    if (n > ITEM_HEAD) n = ITEM_HEAD;
    const struct lang *lang = !r || r->members ? NULL : lang_of(name, s, n);
    if (!lang && r == &read_text_code) lang = lang_guess(s, n);
    out->format = r ? r->name : NULL;
    out->lang = lang ? lang->name : NULL;
}

static void list_here(struct item *it, const struct reader *reader)
{
    struct ledger_entry *l = &it->r->set->ledger.v[it->entry];
    item_describe(l, it->inner, it->bytes.s, it->bytes.n, reader);
    item_end(it, NULL, &(struct errinfo){0});
}

void item_read_alone(struct item *it, const struct reader *reader)
{
    if (it->r->list) list_here(it, reader);
    else if (reader->apart) read_apart(it, reader);
    else read_here(it, reader);
}

void item_read(struct item *it, const struct reader *reader)
{
    struct errinfo why = {0};
    if ((!reader && choose_reader(&reader, it, &why)) || check_inside(reader, it, &why))
        item_end(it, NULL, &why);
    else if (reader->members) archive_read(it);
    else if (reader->attachments && archive_may_hold(it)) archive_read_attached(it, reader);
    else item_read_alone(it, reader);
}

size_t item_max_file(const struct ingest_options *o)
{
    return o->max_file ? o->max_file : MAX_FILE;
}
