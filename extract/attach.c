#include "extract/attach.h"

#include <string.h>

#include "ingest/charset.h"
#include "ingest/formats.h"
#include "ingest/magic.h"
#include "ingest/members.h"

enum { HEAD = 1 << 16, NAME_MAX_BYTES = 200 };

/* Whether it is text, or some reader knows it by its first bytes. */
static bool is_readable(const char *name, const struct buf *b)
{
    size_t n = b->n < HEAD ? b->n : HEAD;
    const struct reader *r;
    struct charset cs;
    if (!b->n) return false;
    for (size_t i = 0; (r = formats_row(i)); i++)
        if (r->binary && r->sniff(name, (const unsigned char *)b->s, b->n) > 0) return true;
    if (magic_of(b->s, b->n)) return false;
    struct arena *a = arena_new();
    bool text = !charset_detect(&cs, a, b->s, n, NULL, NULL) && !cs.binary;
    arena_free(a);
    return text;
}

static bool was_sent(const struct attach *x, const char *path)
{
    size_t n = strlen(path);
    for (const char *p = x->names.s; p && (p = strstr(p, path)); p += n)
        if ((p == x->names.s || p[-1] == '\n') && p[n] == '\n') return true;
    return false;
}

/* The name without its folders, which no other part has. */
static void put_path(struct buf *out, const struct attach *x, uint32_t message, const char *name)
{
    struct buf file = {0};
    for (const char *p = name; *p; p++)
        if (*p == '/' || *p == '\\') name = p + 1;
    for (size_t n = 0; name[n] && n < NAME_MAX_BYTES; n++)
        buf_addc(&file, name[n] == '\n' ? '_' : name[n]);
    bool plain = !file.n || file.s[0] == '.';
    for (size_t again = 0; !out->n || was_sent(x, out->s); again++) {
        buf_clear(out);
        if (message) buf_addf(out, "%u/", message);
        if (again) buf_addf(out, "%zu-", again + 1);
        if (plain) buf_addf(out, "part-%zu", x->count + 1);
        if (file.n) buf_add(out, file.s, utf8_check(file.s, file.n));
    }
    buf_free(&file);
}

void attach_send(struct attach *x, uint32_t message, const char *name, const struct buf *bytes)
{
    if (x->end || x->why.code || !is_readable(name, bytes)) return;
    if (x->total + bytes->n > MEMBERS_BYTES || x->count + 1 >= MEMBERS_MAX) {
        x->end = "attachments are left out: there is too much of them";
        return;
    }
    struct buf path = {0};
    put_path(&path, x, message, name);
    if (bytes->n > MEMBERS_ONE_MAX) {
        static const char why[] = "larger than 64 MiB";
        members_send(x->fd, MEMBERS_LEFT_OUT, path.s, why, sizeof why - 1, &x->why);
    } else {
        members_send(x->fd, MEMBERS_ONE, path.s, bytes->s, bytes->n, &x->why);
    }
    buf_addf(&x->names, "%s\n", path.s);
    x->total += bytes->n;
    x->count++;
    buf_free(&path);
}
