#include "ingest/archive.h"

#include <string.h>
#include <strings.h>

#include "ingest/members.h"

static void keep_reason(void *ctx, struct doc *d, const struct errinfo *why)
{
    (void)d;
    *(struct errinfo *)ctx = *why;
}

/* The members of an archive; they point into *answer.  What runs in the pool ends meanwhile. */
static enum err unpack(struct item *it, const char *kind, struct members *m, struct buf *answer,
                       struct errinfo *e)
{
    struct reading *r = it->r;
    struct errinfo why = {0};
    struct wire_about about = {it->name, it->path, kind, it->bytes.s, it->bytes.n, answer};
    if (it->depth >= MEMBERS_DEPTH)
        return err_set(e, E_UNSUPPORTED,
                       strcmp(kind, "archive") == 0
                           ? "%s: an archive in %d others is not unpacked"
                           : "%s: what is attached in %d archives is not unpacked",
                       it->name, it->depth);
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

/* What was asked for, and a member. */
struct asked {
    bool taken;         /* the member is that, in it, or around it                   */
    const char *inside; /* around it: what is asked for inside the member, else NULL */
    const char *below;  /* the member's path below what was asked for; "": it itself */
};

static struct asked ask(const struct item *it, const char *path)
{
    size_t n = strlen(path), k = it->only ? strlen(it->only) : 0;
    while (k && it->only[k - 1] == '/') k--;
    if (!k) return (struct asked){true, NULL, path};
    if (strncmp(path, it->only, k) == 0 && (!path[k] || path[k] == '/'))
        return (struct asked){true, NULL, path + k + (path[k] == '/')};
    if (k <= n || strncmp(path, it->only, n) != 0 || it->only[n] != '/')
        return (struct asked){0};
    return (struct asked){true, it->only + n + 1, ""};
}

/* What stands for `below`, the end of a member's path, in its name: a number changes the last part. */
static const char *name_below(const struct member *m, const char *below)
{
    return m->name + (below - m->path);
}

/* Why a member is not read, or NULL. */
static const char *member_reason(const struct item *it, const struct member *m,
                                 const struct reader **reader)
{
    if (m->reason) return m->reason;
    if (m->n == 0) return "empty";
    if (m->n > item_max_file(it->r->o)) return "larger than --max-file-size";
    struct verdict v = item_judge(m->name, m->s, m->n);
    *reader = v.reader;
    return v.reader ? v.generated : item_unread(&v, it->r->a);
}

/* Rules are for what is found in a folder and not for what was named.  *why: the reason why that
 * cannot be read. */
static void read_member(struct item *it, const struct member *m, const struct members_rules *rules,
                        struct folder *f, struct errinfo *why)
{
    struct reading *r = it->r;
    const struct reader *reader = NULL;
    const struct asked asked = ask(it, m->path);
    const char *path = joined(r->a, it->path ? it->path : it->name, m->path);
    if (!asked.taken) return;
    const char *rule = *asked.below ? members_rule(rules, name_below(m, asked.below)) : NULL;
    const char *reason = rule ? rule : member_reason(it, m, &reader);
    bool holds = reader && reader_holds(reader);
    if (asked.inside && !holds) return; /* nothing is inside it */
    if (reason) {
        ledger_add(f->ledger, r->a, rule ? LEDGER_IGNORED : LEDGER_SKIPPED, path,
                   mem_copy(r->a, reason, strlen(reason)), m->n);
        f->left_out++;
        if (!*asked.below) err_set(why, E_UNSUPPORTED, "%s/%s: %s", it->name, m->path, reason);
        return;
    }
    struct item *one = item_begin(r, joined(r->a, it->name, m->path), path);
    one->folder = f;
    one->depth = it->depth + 1;
    one->only = asked.inside;
    one->why = *asked.below ? NULL : why;
    struct ledger_entry *entry = &r->set->ledger.v[one->entry];
    if (asked.inside) entry->path = joined(r->a, path, asked.inside);
    if (m->which) {
        one->inner = joined(r->a, it->name, m->name);
        entry->reason = "another member has its name: told apart by a number";
    }
    buf_add(&one->bytes, m->s, m->n);
    item_read(one, reader);
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
    const struct reader *reader = bytes.n ? item_judge(it->inner, bytes.s, bytes.n).reader : NULL;
    if (reader) {
        item_read(it, reader);
        return;
    }
    err_set(&why, bytes.n ? E_UNSUPPORTED : E_EMPTY, "%s: what is compressed in it is %s", it->name,
            bytes.n ? "nothing that deepread reads" : "empty");
    item_end(it, NULL, &why);
}

/* What was read stays, and the rest is accounted for apart. */
static void note_rest_as(enum ledger_status status, const struct item *it, const char *reason)
{
    struct ledger *l = &it->r->set->ledger;
    ledger_add(l, it->r->a, status, it->path ? it->path : it->name, reason, 0);
    l->v[l->n - 1].rest = true;
}

static void note_rest(const struct item *it, const char *ended)
{
    note_rest_as(LEDGER_UNREADABLE, it, ended);
}

static void read_members(struct item *it, const struct members *m, struct errinfo *why)
{
    struct reading *r = it->r;
    struct members_rules rules;
    struct folder *f = NEW(r->a, struct folder, 1);
    struct errinfo named = {0};
    *f = (struct folder){.r = r, .ledger = &r->set->ledger, .a = r->a};
    if (members_rules(&rules, r->a, r->o, why)) return;
    for (size_t i = 0; i < m->n && !r->ended.code; i++)
        read_member(it, &m->v[i], &rules, f, &named);
    pool_wait(r->pool);
    if (m->ended && f->used) note_rest(it, m->ended);
    if (r->ended.code) *why = r->ended;
    else if (f->device.code) *why = f->device;
    else if (!f->used && named.code) *why = named;
    else if (!f->used && it->only && *it->only)
        err_set(why, E_IO, "%s: no member %s in it that can be read%s%s", it->name,
                it->only, m->ended ? "; " : "", m->ended ? m->ended : "");
    else if (!f->used && m->ended) err_set(why, E_FORMAT, "%s: %s", it->name, m->ended);
    else if (!f->used)
        err_set(why, E_EMPTY, m->n == 1 ? "%s: its %zu member cannot be read"
                                        : "%s: none of its %zu members can be read",
                it->name, m->n);
}

/* Each member is a document of its own behind those that were read before. */
void archive_read(struct item *it)
{
    struct errinfo why = {0};
    struct members m;
    struct buf answer = {0};
    enum err r = unpack(it, "archive", &m, &answer, &why);
    if (!r && m.n == 1 && !*m.v[0].path && !m.v[0].reason) {
        if (m.ended) note_rest(it, m.ended);
        read_compressed(it, &m.v[0], &answer);
        return;
    }
    if (!r) read_members(it, &m, &why);
    if (!why.code) it->r->set->ledger.v[it->entry].holds = true;
    buf_free(&answer);
    item_end(it, NULL, &why);
}

/* ------------------------------------------------------------------ mail */

/* Parts that are attached have the name of a file, or are binary and say so. */
bool archive_may_hold(const struct item *it)
{
    const char *s = it->bytes.s, *end = s + it->bytes.n;
    if (it->only && *it->only) return true;
    for (const char *p = s; (p = memchr(p, '=', (size_t)(end - p))); p++)
        if (p - s >= 8 && !strncasecmp(p - 8, "filename", 8)) return true;
    return memmem(s, it->bytes.n, "base64", 6) || memmem(s, it->bytes.n, "BASE64", 6);
}

/* A message is read and what is attached to it is not.  What stopped everything is said elsewhere,
 * and so is why none of several was read. */
static void note_attached(const struct item *it, const struct errinfo *why)
{
    if (!why->code || why->code == E_INTR || why->code == E_DEVICE || why->code == E_EMPTY) return;
    note_rest_as(why->code == E_UNSUPPORTED ? LEDGER_SKIPPED : LEDGER_UNREADABLE, it,
                 item_reason(why, it->name));
}

void archive_read_attached(struct item *it, const struct reader *reader)
{
    struct errinfo why = {0};
    struct members m = {0};
    struct buf answer = {0};
    struct item message = *it; /* which may end before its attachments */
    bool whole = !it->only || !*it->only;
    enum err r = unpack(it, "attachments", &m, &answer, &why);
    if (whole) item_read_alone(it, reader);
    if (!r && (m.n || m.ended || !whole)) read_members(&message, &m, &why);
    if (whole) note_attached(&message, &why);
    if (!whole && !why.code) it->r->set->ledger.v[it->entry].holds = true;
    if (!whole) item_end(it, NULL, &why);
    buf_free(&answer);
}
