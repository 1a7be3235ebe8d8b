#include "ingest/text_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/mem.h"
#include "ingest/wire.h"

#define BUDGET_MOST ((size_t)512 << 20)
#define HEX (SYS_SHA256_HEX - 1)

/* Before the answer: magic with a version, then the checksum of the key and the answer. */
static const char magic[8] = {'d', 'r', 't', 'e', 'x', 't', 0, 1};
#define HEADER (sizeof magic + 8)

/* ------------------------------------------------------------------ names and sums */

struct name {
    char s[HEX + 6];
};

static struct name name_of(const struct text_key *k, const char *suffix)
{
    struct name n;
    snprintf(n.s, sizeof n.s, "%s%s", k->hex, suffix);
    return n;
}

/* False: not a name of ours. */
static bool read_name(const char *s, struct text_key *k, bool *unfinished)
{
    if (strlen(s) < HEX || strspn(s, "0123456789abcdef") != HEX) return false;
    memcpy(k->hex, s, HEX);
    k->hex[HEX] = '\0';
    *unfinished = strcmp(s + HEX, ".tmp") == 0;
    return *unfinished || strcmp(s + HEX, ".text") == 0;
}

struct text_key text_key_of(const void *source, size_t n, const char *settings)
{
    struct text_key k;
    struct sha256_ctx c;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&c);
    sha256_update(&c, strlen(settings) + 1, (const uint8_t *)settings);
    if (n) sha256_update(&c, n, source);
    sha256_digest(&c, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(k.hex + 2 * i, 3, "%02x", digest[i]);
    return k;
}

static void put_sum(char out[8], const struct text_key *k, const char *answer, size_t n)
{
    uint64_t sum = XXH3_64bits_withSeed(answer, n, XXH3_64bits(k->hex, HEX));
    for (int i = 0; i < 8; i++) out[i] = (char)(sum >> (8 * i));
}

static bool is_good(const struct text_key *k, const char *s, size_t n)
{
    char sum[8];
    if (n < HEADER || memcmp(s, magic, sizeof magic) != 0) return false;
    put_sum(sum, k, s + HEADER, n - HEADER);
    return memcmp(sum, s + sizeof magic, sizeof sum) == 0;
}

/* ------------------------------------------------------------------ the folder */

static void open_folder(struct text_cache *c)
{
    struct stat st;
    if (c->fd >= 0) return;
    c->fd = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->fd < 0) return;
    if (fstat(c->fd, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
        return;
    close(c->fd);
    c->fd = -1;
}

void text_cache_open(struct text_cache *c, const struct text_cache_options *o)
{
    struct buf b = {0};
    *c = (struct text_cache){.o = *o, .fd = -1};
    if (!o->dir) return;
    buf_addf(&b, "%s/text", o->dir);
    c->dir = b.s;
    open_folder(c);
}

void text_cache_close(struct text_cache *c)
{
    if (c->dir && c->fd >= 0) close(c->fd);
    mem_free(c->dir);
    *c = (struct text_cache){.fd = -1};
}

/* The bytes of a file, appended; false when it is not one that this user may have written. */
static bool read_file(const struct text_cache *c, const char *name, struct buf *out)
{
    struct stat st;
    int fd = openat(c->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return false;
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
              sys_read_all(fd, WIRE_LIMIT + HEADER, out, name, NULL) == OK;
    close(fd);
    return ok;
}

static bool is_there(const struct text_cache *c, const char *name)
{
    return c->fd >= 0 && faccessat(c->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool text_cache_get(struct text_cache *c, const struct text_key *k, struct buf *out)
{
    struct name name = name_of(k, ".text");
    struct buf b = {0};
    if (!c->dir || c->o.no_use || !is_there(c, name.s)) return false;
    bool good = read_file(c, name.s, &b) && is_good(k, b.s, b.n);
    if (good) {
        buf_add(out, b.s + HEADER, b.n - HEADER);
        utimensat(c->fd, name.s, NULL, AT_SYMLINK_NOFOLLOW);
    } else {
        unlinkat(c->fd, name.s, 0);
    }
    buf_free(&b);
    return good;
}

/* ------------------------------------------------------------------ all files */

struct file {
    struct text_key key;
    bool unfinished;
    size_t bytes;
    struct timespec used;
};

static int by_use(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec) return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec) return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->key.hex, y->key.hex);
}

/* All files, longest unused first, to be freed with mem_free. */
static size_t scan(struct text_cache *c, struct file **files)
{
    size_t n = 0, cap = 0;
    int fd = c->fd < 0 ? -1 : openat(c->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !d) close(fd);
    *files = NULL;
    c->held = 0;
    c->counted = true;
    for (struct dirent *f; d && (f = readdir(d));) {
        struct file one;
        struct stat st;
        if (!read_name(f->d_name, &one.key, &one.unfinished) ||
            fstatat(c->fd, f->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        one.bytes = (size_t)st.st_size;
        one.used = st.st_mtim;
        c->held += one.bytes;
        if (n == cap) *files = mem_grow(*files, cap = 2 * cap + 64, sizeof **files);
        (*files)[n++] = one;
    }
    if (d) closedir(d);
    if (n) qsort(*files, n, sizeof **files, by_use);
    return n;
}

/* True: the .tmp file is ours to write and still stands under its name. */
static bool lock_unfinished(const struct text_cache *c, int fd, const char *name)
{
    struct stat a, b;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) return false;
    return fstat(fd, &a) == 0 && fstatat(c->fd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
           a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* False for an unfinished file that somebody is writing. */
static bool remove_file(struct text_cache *c, const struct file *f)
{
    struct name name = name_of(&f->key, f->unfinished ? ".tmp" : ".text");
    int fd = -1;
    if (f->unfinished) {
        fd = openat(c->fd, name.s, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0 && !lock_unfinished(c, fd, name.s)) {
            close(fd);
            return false;
        }
    }
    bool gone = unlinkat(c->fd, name.s, 0) == 0;
    if (fd >= 0) close(fd);
    if (gone) c->held -= c->held < f->bytes ? c->held : f->bytes;
    return gone;
}

static size_t budget(size_t max_bytes)
{
    return max_bytes && max_bytes < BUDGET_MOST ? max_bytes : BUDGET_MOST;
}

/* Evicts until `more` bytes fit, down to nine tenths so that the next answer need not. */
static bool make_room(struct text_cache *c, size_t more)
{
    size_t most = budget(c->o.max_bytes), goal = most - most / 10;
    struct file *v = NULL;
    if (more > goal) return false;
    if (c->counted && c->held + more <= most) return true;
    size_t n = scan(c, &v);
    if (c->held + more > most)
        for (size_t i = 0; i < n && c->held + more > goal; i++) remove_file(c, &v[i]);
    mem_free(v);
    return c->held + more <= most;
}

/* ------------------------------------------------------------------ writing */

static bool write_answer(int fd, const struct text_key *k, const char *answer, size_t n)
{
    char head[HEADER];
    memcpy(head, magic, sizeof magic);
    put_sum(head + sizeof magic, k, answer, n);
    return ftruncate(fd, 0) == 0 && sys_write_all(fd, head, sizeof head) &&
           sys_write_all(fd, answer, n);
}

static void make_folder(struct text_cache *c)
{
    if (c->fd >= 0 || sys_make_private_dirs(c->dir, NULL)) return;
    sys_tag_cache(c->o.dir);
    open_folder(c);
}

void text_cache_put(struct text_cache *c, const struct text_key *k, const char *answer, size_t n)
{
    struct name tmp = name_of(k, ".tmp"), name = name_of(k, ".text");
    if (!c->dir || c->o.no_store) return;
    make_folder(c);
    if (c->fd < 0 || !make_room(c, n + HEADER)) return;
    int fd = openat(c->fd, tmp.s, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return;
    if (lock_unfinished(c, fd, tmp.s)) { /* else another process is writing it */
        if (write_answer(fd, k, answer, n) && renameat(c->fd, tmp.s, c->fd, name.s) == 0)
            c->held += n + HEADER;
        else
            unlinkat(c->fd, tmp.s, 0);
    }
    close(fd);
}

/* ------------------------------------------------------------------ looking after it */

static void open_at(struct text_cache *c, const char *dir, size_t max_bytes)
{
    text_cache_open(c, &(struct text_cache_options){.dir = dir, .max_bytes = max_bytes});
}

void text_cache_list(struct text_cache_sum *out, const char *dir)
{
    struct text_cache c;
    struct file *v;
    open_at(&c, dir, 0);
    *out = (struct text_cache_sum){.files = scan(&c, &v)};
    out->bytes = c.held;
    mem_free(v);
    text_cache_close(&c);
}

static bool is_damaged(const struct text_cache *c, const struct file *f)
{
    struct buf b = {0};
    bool good = read_file(c, name_of(&f->key, ".text").s, &b) && is_good(&f->key, b.s, b.n);
    buf_free(&b);
    return !good;
}

/* Removes what `max_bytes` and damage ask for; all of it where everything must go. */
static void tidy(struct text_cache_sum *out, const char *dir, size_t max_bytes, bool everything)
{
    struct text_cache c;
    struct file *v;
    open_at(&c, dir, max_bytes);
    *out = (struct text_cache_sum){0};
    size_t n = scan(&c, &v), before = c.held;
    out->files = n;
    for (size_t i = 0; i < n; i++) {
        bool damaged = !everything && !v[i].unfinished && is_damaged(&c, &v[i]);
        bool old = everything || c.held > budget(max_bytes);
        if (!(v[i].unfinished || damaged || old) || !remove_file(&c, &v[i])) continue;
        out->files--;
        if (v[i].unfinished) out->unfinished++;
        else if (damaged) out->damaged++;
        else out->old++;
    }
    out->bytes = c.held;
    out->removed = before - c.held;
    mem_free(v);
    text_cache_close(&c);
}

void text_cache_prune(struct text_cache_sum *out, const char *dir, size_t max_bytes)
{
    tidy(out, dir, max_bytes, false);
}

void text_cache_clear(struct text_cache_sum *out, const char *dir)
{
    tidy(out, dir, 0, true);
}
