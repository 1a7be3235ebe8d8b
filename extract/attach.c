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
    struct charset cs;
    if (!b->n) return false;
    if (formats_know_binary(name, b->s, b->n)) return true;
    if (magic_of(b->s, b->n)) return false;
    struct arena *a = arena_new();
    bool text = !charset_detect(&cs, a, b->s, n, NULL, NULL) && !cs.binary;
    arena_free(a);
    return text;
}

/* The name without its folders; "_" for what is not shown of it, so that names that look alike are
 * told apart. */
static void add_file(struct buf *out, const char *name)
{
    for (const char *p = name; *p; p++)
        if (*p == '/' || *p == '\\') name = p + 1;
    size_t n = strlen(name), k;
    for (size_t i = 0; i < n && out->n < NAME_MAX_BYTES; i += k) {
        uint32_t cp;
        k = utf8_next(name + i, n - i, &cp);
        bool shown = cp >= 0x20 && (cp < 0x7f || cp >= 0xa0) && !(cp == 0xfffd && k == 1);
        buf_add(out, shown ? name + i : "_", shown ? k : 1);
    }
}

/* A path; of several parts with one name deepread tells the second and later ones apart. */
static void put_path(struct buf *out, const struct attach *x, uint32_t message, const char *name)
{
    struct buf file = {0};
    add_file(&file, name);
    if (message) buf_addf(out, "%u/", message);
    if (!file.n || file.s[0] == '.') buf_addf(out, "part-%zu", x->count + 1);
    buf_add(out, file.s, file.n);
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
    x->total += bytes->n;
    x->count++;
    buf_free(&path);
}
