#include "engine/prefix_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/mem.h"
#include "engine/backend.h"

#define BUDGET_DEFAULT ((size_t)10 << 30)
#define RESERVE_MOST   ((size_t)1 << 30) /* of the disk is never taken: 1 GiB, or a twentieth */

/* ------------------------------------------------------------------ names */

#define HEX  (2 * sizeof(struct prefix_key))
#define STEM (2 * HEX + 1)

struct name {
    char s[STEM + 5];
};

static void add_hex(char *out, const struct prefix_key *k)
{
    for (size_t i = 0; i < sizeof k->b; i++) snprintf(out + 2 * i, 3, "%02x", k->b[i]);
}

static struct name name_of(const struct prefix_key *parent, const struct prefix_key *key,
                           const char *suffix)
{
    struct name n;
    add_hex(n.s, parent);
    n.s[HEX] = '-';
    add_hex(n.s + HEX + 1, key);
    snprintf(n.s + STEM, sizeof n.s - STEM, "%s", suffix);
    return n;
}

static bool read_hex(const char *s, struct prefix_key *k)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < HEX; i++) {
        const char *d = s[i] ? strchr(digits, s[i]) : NULL;
        if (!d) return false;
        k->b[i / 2] = (uint8_t)(k->b[i / 2] << 4 | (d - digits));
    }
    return true;
}

/* False: not a name of ours. */
static bool read_name(const char *s, struct prefix_item *item)
{
    *item = (struct prefix_item){0};
    if (strlen(s) < STEM || !read_hex(s, &item->parent) || s[HEX] != '-' ||
        !read_hex(s + HEX + 1, &item->key))
        return false;
    item->unfinished = !strcmp(s + STEM, ".tmp");
    return item->unfinished || !strcmp(s + STEM, ".kv");
}

/* ------------------------------------------------------------------ the folder */

static enum err open_folder(struct prefix_store *s, struct errinfo *e)
{
    struct stat st;
    s->fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->fd < 0)
        return errno == ENOENT ? OK : err_set(e, E_IO, "%s: %s", s->dir, strerror(errno));
    if (fstat(s->fd, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
        return OK;
    close(s->fd);
    s->fd = -1;
    return err_set(e, E_IO, "%s: belongs to another user or can be written by others", s->dir);
}

enum err prefix_store_open(struct prefix_store *s, const char *dir, size_t max_bytes,
                           struct errinfo *e)
{
    struct buf b = {0};
    buf_addf(&b, "%s/kv", dir);
    *s = (struct prefix_store){
        .dir = b.s, .fd = -1, .max_bytes = max_bytes, .since = prefix_store_now()};
    return open_folder(s, e);
}

enum err prefix_store_retry(struct prefix_store *s, struct errinfo *e)
{
    return s->fd >= 0 ? OK : open_folder(s, e);
}

void prefix_store_close(struct prefix_store *s)
{
    if (s->dir && s->fd >= 0) close(s->fd);
    mem_free(s->dir);
    *s = (struct prefix_store){.fd = -1};
}

static void tag_cache(const struct prefix_store *s)
{
    struct buf dir = {0};
    buf_add(&dir, s->dir, strlen(s->dir) - strlen("/kv"));
    sys_tag_cache(dir.s);
    buf_free(&dir);
}

static enum err make_folder(struct prefix_store *s, struct errinfo *e)
{
    if (s->fd >= 0) return OK;
    TRY(sys_make_private_dirs(s->dir, e));
    tag_cache(s);
    TRY(open_folder(s, e));
    return s->fd >= 0 ? OK : err_set(e, E_IO, "%s: cannot open", s->dir);
}

/* ------------------------------------------------------------------ reading */

/* A good file's bytes: E_IO and E_FORMAT as prefix_block_parse. */
static enum err map_block(int fd, const char *name, struct prefix_file *f, struct errinfo *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return err_set(e, E_IO, "%s: %s", name, strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return err_set(e, E_FORMAT, "%s: not a file of this user", name);
    if (st.st_size < PREFIX_BLOCK_DATA)
        return err_set(e, E_FORMAT, "%s: truncated: %lld bytes", name, (long long)st.st_size);
    TRY(sys_map_private(&f->map, fd, (size_t)st.st_size, name, e));
    enum err r = prefix_block_parse(&f->block, f->map.p, f->map.n, f->map.n, name, e);
    if (r) sys_unmap(&f->map);
    return r;
}

bool prefix_store_get(struct prefix_store *s, const struct prefix_key *parent,
                      const struct prefix_key *key, struct prefix_file *f, struct errinfo *bad)
{
    struct name name = name_of(parent, key, ".kv");
    struct errinfo e = {0};
    *f = (struct prefix_file){0};
    if (s->fd < 0) return false;
    int fd = openat(s->fd, name.s, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return false;
    if (fd < 0) err_set(&e, E_IO, "%s: %s", name.s, strerror(errno));
    if (!e.code) map_block(fd, name.s, f, &e);
    if (fd >= 0) close(fd);
    if (!e.code &&
        !(prefix_key_equal(&f->block.parent, parent) && prefix_key_equal(&f->block.key, key))) {
        err_set(&e, E_FORMAT, "%s: holds another block", name.s);
        sys_unmap(&f->map);
    }
    if (!e.code) return true;
    err_set(bad, e.code, "%s", e.msg);
    if (e.code == E_FORMAT) prefix_store_remove(s, parent, key);
    return false;
}

bool prefix_store_has(const struct prefix_store *s, const struct prefix_key *parent,
                      const struct prefix_key *key)
{
    struct name name = name_of(parent, key, ".kv");
    return s->fd >= 0 && faccessat(s->fd, name.s, R_OK, 0) == 0;
}

/* A stream of the folder's names from the start; NULL: none. */
static DIR *list_names(const struct prefix_store *s)
{
    int fd = s->fd < 0 ? -1 : openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !d) close(fd);
    return d;
}

size_t prefix_store_children(const struct prefix_store *s, const struct prefix_key *parent,
                             struct prefix_key **keys)
{
    struct prefix_item item;
    size_t n = 0, cap = 0;
    DIR *d = list_names(s);
    *keys = NULL;
    for (struct dirent *f; d && (f = readdir(d));) {
        if (!read_name(f->d_name, &item) || item.unfinished ||
            !prefix_key_equal(&item.parent, parent))
            continue;
        if (n == cap) *keys = mem_grow(*keys, cap = 2 * cap + 8, sizeof **keys);
        (*keys)[n++] = item.key;
    }
    if (d) closedir(d);
    return n;
}

/* ------------------------------------------------------------------ all files */

static int by_use(const void *a, const void *b)
{
    const struct prefix_item *x = a, *y = b;
    if (x->used != y->used) return x->used < y->used ? -1 : 1;
    return memcmp(&x->key, &y->key, sizeof x->key);
}

static int64_t ns_of(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t prefix_store_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return ns_of(t);
}

size_t prefix_store_scan(struct prefix_store *s, struct prefix_item **items)
{
    struct prefix_item item;
    struct stat st;
    size_t n = 0, cap = 0;
    DIR *d = list_names(s);
    *items = NULL;
    s->held = 0;
    s->counted = true;
    for (struct dirent *f; d && (f = readdir(d));) {
        if (!read_name(f->d_name, &item) ||
            fstatat(s->fd, f->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        item.bytes = (size_t)st.st_size;
        item.used = ns_of(st.st_mtim);
        s->held += item.bytes;
        if (n == cap) *items = mem_grow(*items, cap = 2 * cap + 64, sizeof **items);
        (*items)[n++] = item;
    }
    if (d) closedir(d);
    if (n) qsort(*items, n, sizeof **items, by_use);
    return n;
}

static void remove_name(struct prefix_store *s, const char *name)
{
    if (s->fd >= 0) unlinkat(s->fd, name, 0);
}

void prefix_store_remove(struct prefix_store *s, const struct prefix_key *parent,
                         const struct prefix_key *key)
{
    remove_name(s, name_of(parent, key, ".kv").s);
}

void prefix_store_remove_item(struct prefix_store *s, const struct prefix_item *item)
{
    remove_name(s, name_of(&item->parent, &item->key, item->unfinished ? ".tmp" : ".kv").s);
    s->held -= s->held < item->bytes ? s->held : item->bytes;
}

void prefix_store_touch(struct prefix_store *s, const struct prefix_key *parent,
                        const struct prefix_key *key, int64_t when)
{
    struct timespec t[2] = {{.tv_nsec = UTIME_OMIT},
                            {when / 1000000000, (long)(when % 1000000000)}};
    if (s->fd >= 0) utimensat(s->fd, name_of(parent, key, ".kv").s, t, AT_SYMLINK_NOFOLLOW);
}

/* ------------------------------------------------------------------ room */

size_t prefix_store_budget(struct prefix_store *s)
{
    struct statvfs v;
    size_t most = s->max_bytes ? s->max_bytes : BUDGET_DEFAULT;
    if (s->fd < 0 || fstatvfs(s->fd, &v) != 0) return most;
    size_t left = (size_t)v.f_bavail * v.f_frsize, all = (size_t)v.f_blocks * v.f_frsize;
    size_t reserve = all / 20 < RESERVE_MOST ? all / 20 : RESERVE_MOST;
    size_t room = s->held + (left > reserve ? left - reserve : 0);
    if (!s->max_bytes && room / 2 < most) most = room / 2;
    return room < most ? room : most;
}

/* Evicts until `more` bytes fit, down to nine tenths so that the next block need not. */
static enum err make_room(struct prefix_store *s, size_t more, struct errinfo *e)
{
    struct prefix_item *items = NULL;
    if (!s->counted) {
        prefix_store_scan(s, &items);
        mem_free(items);
    }
    size_t budget = prefix_store_budget(s);
    if (more <= budget && s->held <= budget - more) return OK;
    size_t n = prefix_store_scan(s, &items), goal = budget - budget / 10;
    for (size_t i = 0; i < n && s->held + more > goal; i++) {
        if (items[i].used >= s->since) break;
        if (items[i].unfinished)
            prefix_store_remove_unfinished(s, &items[i]);
        else
            prefix_store_remove_item(s, &items[i]);
    }
    mem_free(items);
    if (more <= budget && s->held <= budget - more) return OK;
    return err_set(e, E_LIMIT,
                   "%s: %zu MiB may be used here (--cache-max, free space), and all of "
                   "it is in use",
                   s->dir, budget >> 20);
}

/* ------------------------------------------------------------------ writing */

static uint64_t sum_of(const struct prefix_block *b, const void *const *pages)
{
    XXH3_state_t *x = XXH3_createState();
    if (!x) abort();
    XXH3_64bits_reset(x);
    for (size_t i = 0; i < prefix_block_pages(b); i++)
        XXH3_64bits_update(x, pages[i], b->page_bytes);
    uint64_t sum = XXH3_64bits_digest(x);
    XXH3_freeState(x);
    return sum;
}

/* True: the .tmp file is ours to write and still stands under its name. */
static bool lock_unfinished(const struct prefix_store *s, int fd, const char *name)
{
    struct stat a, b;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
    return fstat(fd, &a) == 0 && fstatat(s->fd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
           a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

bool prefix_store_remove_unfinished(struct prefix_store *s, const struct prefix_item *item)
{
    struct name name = name_of(&item->parent, &item->key, ".tmp");
    int fd = openat(s->fd, name.s, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return false;
    bool ours = lock_unfinished(s, fd, name.s);
    if (ours) prefix_store_remove_item(s, item);
    close(fd);
    return ours;
}

static enum err write_block(struct prefix_store *s, int fd, const struct prefix_block *b,
                            const void *const *pages, struct errinfo *e)
{
    char head[PREFIX_BLOCK_DATA];
    prefix_block_head(b, head);
    bool ok = ftruncate(fd, 0) == 0 && sys_write_all(fd, head, sizeof head);
    for (size_t i = 0; ok && i < prefix_block_pages(b); i++)
        ok = sys_write_all(fd, pages[i], b->page_bytes);
    return ok ? OK : err_set(e, E_IO, "%s: cannot write: %s", s->dir, strerror(errno));
}

enum err prefix_store_put(struct prefix_store *s, struct prefix_block *b, const void *const *pages,
                          struct errinfo *e)
{
    struct name tmp = name_of(&b->parent, &b->key, ".tmp");
    struct name name = name_of(&b->parent, &b->key, ".kv");
    size_t bytes = prefix_block_bytes(b);
    TRY(make_folder(s, e));
    TRY(make_room(s, bytes, e));
    int fd = openat(s->fd, tmp.s, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return err_set(e, E_IO, "%s: cannot write: %s", s->dir, strerror(errno));
    enum err r = OK;
    if (lock_unfinished(s, fd, tmp.s)) { /* else another process is writing it */
        b->sum = sum_of(b, pages);
        r = write_block(s, fd, b, pages, e);
        if (!r && renameat(s->fd, tmp.s, s->fd, name.s) != 0)
            r = err_set(e, E_IO, "%s: cannot rename: %s", s->dir, strerror(errno));
        if (r)
            remove_name(s, tmp.s);
        else
            s->held += bytes;
    }
    close(fd);
    return r;
}
