#include "extract/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <strings.h>

enum { BLOCK = 1 << 16 };

/* Unpacks one member up to the limit; what could not be read leaves it short. */
static enum err take_member(struct zip *z, struct archive *ar, struct zip_member *m, size_t *left,
                            const char *name, struct errinfo *e)
{
    struct buf b = {0};
    char block[BLOCK];
    la_ssize_t k;
    while ((k = archive_read_data(ar, block, sizeof block)) > 0) {
        if ((size_t)k > *left) {
            buf_free(&b);
            return err_set(e, E_LIMIT, "%s: its members unpack to more than %zu MiB", name,
                           ZIP_BYTES_MAX >> 20);
        }
        *left -= (size_t)k;
        buf_add(&b, block, (size_t)k);
    }
    m->whole = k == 0;
    if (!m->whole) z->damaged = true;
    buf_addz(&b, ""); /* never NULL */
    m->s = b.s;
    m->n = b.n;
    return OK;
}

static struct zip_member *add_member(struct zip *z, struct arena *a, const char *name)
{
    if (z->n == z->cap) {
        z->cap = z->cap ? 2 * z->cap : 64;
        z->v = mem_grow(z->v, z->cap, sizeof *z->v);
    }
    struct zip_member *m = &z->v[z->n++];
    *m = (struct zip_member){.name = mem_copy(a, name, strlen(name))};
    return m;
}

static const char *name_of(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname_utf8(entry);
    return name ? name : archive_entry_pathname(entry);
}

static enum err take_members(struct zip *z, struct arena *a, struct archive *ar, const char *name,
                             bool (*wanted)(const char *), struct errinfo *e)
{
    struct archive_entry *entry;
    size_t left = ZIP_BYTES_MAX, seen = 0;
    int r;
    while ((r = archive_read_next_header(ar, &entry)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
        const char *member = name_of(entry);
        if (++seen > ZIP_MEMBERS_MAX)
            return err_set(e, E_LIMIT, "%s: more than %d members", name, ZIP_MEMBERS_MAX);
        if (!member || (wanted && !wanted(member))) continue;
        if (archive_entry_is_data_encrypted(entry))
            return err_set(e, E_LOCKED, "%s: is encrypted", name);
        TRY(take_member(z, ar, add_member(z, a, member), &left, name, e));
    }
    if (r != ARCHIVE_EOF) z->damaged = true;
    return OK;
}

enum err zip_open(struct zip *z, struct arena *a, const char *name, const void *bytes, size_t n,
                  bool (*wanted)(const char *member), struct errinfo *e)
{
    *z = (struct zip){0};
    struct archive *ar = archive_read_new();
    if (!ar) return err_set(e, E_LIMIT, "%s: out of memory", name);
    archive_read_support_format_zip(ar);
    enum err r = OK;
    if (archive_read_open_memory(ar, bytes, n) != ARCHIVE_OK)
        r = err_set(e, E_FORMAT, "%s: is no zip file", name);
    if (!r) r = take_members(z, a, ar, name, wanted, e);
    if (!r && z->n == 0 && z->damaged)
        r = err_set(e, E_FORMAT, "%s: damaged: nothing in it can be unpacked", name);
    archive_read_free(ar);
    return r;
}

void zip_close(struct zip *z)
{
    for (size_t i = 0; i < z->n; i++) mem_free((void *)(uintptr_t)z->v[i].s);
    mem_free(z->v);
    *z = (struct zip){0};
}

const struct zip_member *zip_find(const struct zip *z, const char *member)
{
    for (size_t i = 0; i < z->n; i++)
        if (strcasecmp(z->v[i].name, member) == 0) return &z->v[i];
    return NULL;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Adds one step of a path; ".." takes the last one back. */
static void add_step(struct buf *out, const char *s, size_t n)
{
    if (n == 0 || (n == 1 && s[0] == '.')) return;
    if (n == 2 && s[0] == '.' && s[1] == '.') {
        while (out->n && out->s[out->n - 1] != '/') out->n--;
        if (out->n) out->n--;
        return;
    }
    if (out->n) buf_addc(out, '/');
    for (size_t i = 0; i < n; i++) {
        int h = s[i] == '%' && i + 2 < n ? hex(s[i + 1]) : -1;
        int l = h >= 0 ? hex(s[i + 2]) : -1;
        if (l >= 0 && (h | l)) {
            buf_addc(out, (char)(h << 4 | l));
            i += 2;
        } else {
            buf_addc(out, s[i]);
        }
    }
}

static void add_path(struct buf *out, const char *s, size_t n)
{
    for (size_t i = 0, j; i <= n; i = j + 1) {
        for (j = i; j < n && s[j] != '/'; j++) continue;
        add_step(out, s + i, j - i);
    }
}

const char *zip_resolve(struct arena *a, const char *from, const char *ref)
{
    struct buf out = {0};
    const char *slash = strrchr(from, '/');
    if (*ref != '/' && slash) add_path(&out, from, (size_t)(slash - from));
    add_path(&out, ref, strcspn(ref, "#"));
    const char *path = mem_copy(a, out.s ? out.s : "", out.n);
    buf_free(&out);
    return path;
}
