#include "extract/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "extract/gunzip.h"
#include "extract/member_name.h"
#include "ingest/members.h"
#include "ingest/formats.h"
#include "ingest/magic.h"

enum { BLOCK = 1 << 16 };

struct unpacking {
    struct archive *ar;
    int fd;
    size_t source;   /* bytes of the archive      */
    size_t total;    /* bytes unpacked so far     */
    size_t members;
    bool single;     /* a compressed file         */
    enum gunzip gz;  /* of what the bytes at hand were unpacked from */
    const char *end; /* why it ends early         */
    struct member_names names;
    char why[160];
};

static struct archive *open_archive(const void *bytes, size_t n, bool raw)
{
    struct archive *ar = archive_read_new();
    if (!ar) return NULL;
    archive_read_support_filter_gzip(ar);
    archive_read_support_filter_bzip2(ar);
    archive_read_support_filter_xz(ar);
    archive_read_support_filter_zstd(ar);
    if (raw) {
        archive_read_support_format_raw(ar);
        archive_read_support_format_empty(ar); /* which raw is not */
    } else {
        archive_read_support_format_zip(ar);
        archive_read_support_format_tar(ar);
        archive_read_support_format_7zip(ar);
    }
    if (archive_read_open_memory(ar, bytes, n) == ARCHIVE_OK) return ar;
    archive_read_free(ar);
    return NULL;
}

/* ------------------------------------------------------------------ names */

/* The path of a member as it is shown: no "./" in front, no slash at either end.  NULL: it leads
 * out of the archive, or there is none. */
static const char *clean_path(struct buf *out, const char *path)
{
    buf_clear(out);
    while (path && *path) {
        size_t n = strcspn(path, "/");
        if (n == 2 && !memcmp(path, "..", 2)) return NULL;
        if (n > 1 || (n == 1 && *path != '.')) {
            if (out->n) buf_addc(out, '/');
            buf_add(out, path, n);
        }
        path += n + (path[n] == '/');
    }
    return out->n && out->n < 4000 ? out->s : NULL;
}

static const char *path_of(const struct unpacking *u, struct archive_entry *entry, struct buf *own)
{
    const char *path = archive_entry_pathname_utf8(entry);
    if (!path) path = archive_entry_pathname(entry);
    return path ? member_name(&u->names, own, path) : NULL;
}

/* ------------------------------------------------------------------ members */

static bool is_over(struct unpacking *u, size_t more)
{
    size_t total = u->total + more;
    if (total > MEMBERS_BYTES) {
        snprintf(u->why, sizeof u->why, "the rest is left out: it unpacks to more than %zu MiB",
                 MEMBERS_BYTES >> 20);
        u->end = u->why;
    } else if (total > MEMBERS_FREE && total / MEMBERS_RATIO > u->source) {
        snprintf(u->why, sizeof u->why, "the rest is left out: it unpacks to more than %d times its size",
                 MEMBERS_RATIO);
        u->end = u->why;
    }
    return u->end != NULL;
}

/* Whether something reads what begins like this; else *reason says what it is. */
static bool is_readable(const char *path, const struct buf *b, const char **reason)
{
    const char *kind = magic_of(b->s, b->n);
    *reason = kind && !formats_know_binary(path, b->s, b->n) ? kind : NULL;
    return !*reason;
}

/* The data of the member at hand, until there are `most` bytes or a little more, or to its end.
 * False: damaged; what came before that is kept, therefore blocks and no archive_read_data. */
static bool read_data(struct unpacking *u, struct buf *b, size_t most)
{
    const void *block;
    size_t k;
    la_int64_t at;
    int r = ARCHIVE_OK;
    while (b->n < most && (r = archive_read_data_block(u->ar, &block, &k, &at)) >= ARCHIVE_WARN &&
           r != ARCHIVE_EOF) {
        while (at > 0 && b->n < (size_t)at && b->n < most) buf_addc(b, '\0'); /* a hole */
        buf_add(b, block, k);
    }
    return r >= ARCHIVE_WARN;
}

static enum err send_left_out(struct unpacking *u, const char *path, const char *reason,
                              struct errinfo *e)
{
    return members_send(u->fd, MEMBERS_LEFT_OUT, path, reason, strlen(reason), e);
}

static enum err send_member(struct unpacking *u, const char *path, struct errinfo *e)
{
    struct buf b = {0};
    const char *reason = NULL;
    char binary[96];
    bool whole = read_data(u, &b, BLOCK);
    if (whole && b.n && !is_readable(path, &b, &reason)) {
        snprintf(binary, sizeof binary, "binary: %s", reason);
        reason = binary;
    }
    if (whole && !reason) whole = read_data(u, &b, MEMBERS_ONE_MAX + 1);
    if (!reason && b.n > MEMBERS_ONE_MAX) reason = "larger than 64 MiB";
    enum err r = OK;
    if (is_over(u, b.n)) r = OK;
    else if (reason) r = send_left_out(u, path, reason, e);
    else if (!whole && !b.n) r = send_left_out(u, path, "damaged", e);
    else r = members_send(u->fd, MEMBERS_ONE, path, b.s ? b.s : "", b.n, e);
    u->total += b.n;
    if (!whole && !u->end) u->end = "damaged: the rest cannot be unpacked";
    buf_free(&b);
    return r;
}

static enum err take_entry(struct unpacking *u, struct archive_entry *entry, struct errinfo *e)
{
    struct buf clean = {0}, own = {0};
    const char *raw = path_of(u, entry, &own), *path = u->single ? "" : clean_path(&clean, raw);
    const char *reason = NULL;
    enum err r = OK;
    if (++u->members > MEMBERS_MAX) {
        u->members--;
        u->end = "the rest is left out: more than 20000 members";
    } else if (archive_entry_filetype(entry) == AE_IFDIR) {
        u->members--;
    } else {
        if (!path) reason = "leading outside";
        else if (archive_entry_symlink(entry) || archive_entry_hardlink(entry)) reason = "link";
        else if (!u->single && archive_entry_filetype(entry) != AE_IFREG) reason = "special file";
        else if (archive_entry_is_data_encrypted(entry)) reason = "encrypted";
        if (!path) path = "(member)";
        r = reason ? send_left_out(u, path, reason, e) : send_member(u, path, e);
    }
    buf_free(&clean);
    buf_free(&own);
    return r;
}

/* All members from the first one on, whose header has been read. */
static enum err take_entries(struct unpacking *u, struct archive_entry *entry, int status,
                             struct errinfo *e)
{
    TRY(members_send_start(u->fd, e));
    while (!u->end && (status == ARCHIVE_OK || status == ARCHIVE_WARN)) {
        TRY(take_entry(u, entry, e));
        if (!u->end) status = archive_read_next_header(u->ar, &entry);
    }
    if (!u->end && (status != ARCHIVE_EOF || u->gz == GUNZIP_CUT))
        u->end = "damaged: the rest cannot be unpacked";
    const char *end = u->end ? u->end : "";
    return members_send(u->fd, MEMBERS_END, "", end, strlen(end), e);
}

static bool is_header(int status)
{
    return status == ARCHIVE_OK || status == ARCHIVE_WARN;
}

static bool is_compressed(const struct unpacking *u)
{
    return u->gz || archive_filter_count(u->ar) > 1;
}

/* Whether what was opened is what its first header says.  A zip file that is compressed once more is
 * handed on as the one file that it is: many documents are zip files. */
static bool is_taken(const struct unpacking *u)
{
    bool zip = (archive_format(u->ar) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;
    return is_compressed(u) ? u->single || !zip : !u->single;
}

/* A compressed file of nothing. */
static enum err send_empty(const struct unpacking *u, struct errinfo *e)
{
    TRY(members_send_start(u->fd, e));
    TRY(members_send(u->fd, MEMBERS_ONE, "", "", 0, e));
    return members_send(u->fd, MEMBERS_END, "", "", 0, e);
}

/* Finds out what the bytes are, and unpacks them. */
static enum err unpack_bytes(struct unpacking *all, const char *name, const void *bytes, size_t n,
                             struct errinfo *e)
{
    struct unpacking u = *all;
    struct archive_entry *entry = NULL;
    int status = ARCHIVE_FATAL;
    for (int raw = 0; raw < 2 && !is_header(status); raw++) {
        if (u.ar) archive_read_free(u.ar);
        u.ar = open_archive(bytes, n, raw);
        u.single = raw;
        if (u.ar) status = archive_read_next_header(u.ar, &entry);
        if (status == ARCHIVE_EOF) break;
        if (is_header(status) && !is_taken(&u)) status = ARCHIVE_FATAL;
    }
    enum err r = is_header(status) ? take_entries(&u, entry, status, e)
                 : status == ARCHIVE_EOF && u.single ? send_empty(&u, e)
                 : status == ARCHIVE_EOF
                     ? err_set(e, E_EMPTY, "%s: an archive without members", name)
                     : err_set(e, E_FORMAT, "%s: damaged, or no archive of a known kind", name);
    if (u.ar) archive_read_free(u.ar);
    return r;
}

enum err unpack(int fd, const char *name, const void *bytes, size_t n, struct errinfo *e)
{
    struct unpacking u = {.fd = fd, .source = n};
    struct buf unpacked = {0};
    struct arena *a = arena_new();
    member_names_open(&u.names, a, bytes, n);
    u.gz = gunzip(&unpacked, bytes, n, MEMBERS_BYTES);
    enum err r = u.gz ? unpack_bytes(&u, name, unpacked.s, unpacked.n, e)
                      : unpack_bytes(&u, name, bytes, n, e);
    buf_free(&unpacked);
    arena_free(a);
    return r;
}
