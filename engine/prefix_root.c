#include "engine/prefix_root.h"

#include <dirent.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/sys.h"
#include "engine/model.h"

#define READ_WHOLE ((uint64_t)1 << 30) /* bytes of tensors */
#define SAMPLE     4096                /* bytes of each tensor of a larger checkpoint */

static void add_digest(struct buf *b, const void *p, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(p, n);
    buf_add(b, (const char *)&h, sizeof h);
}

/* ------------------------------------------------------------------ the checkpoint */

static enum err add_file(struct buf *b, const char *dir, const char *name, struct errinfo *e)
{
    struct buf path = {0};
    struct mapping m;
    buf_addf(&path, "%s/%s", dir, name);
    enum err r = sys_map(&m, path.s, e);
    if (!r) add_digest(b, m.p, m.n);
    if (!r) sys_unmap(&m);
    buf_free(&path);
    return r;
}

static void add_tensors(struct buf *b, const struct safetensors *s, bool whole)
{
    for (size_t i = 0; i < safetensors_count(s); i++) {
        const char *name = safetensors_name(s, i);
        const struct tensor *t = safetensors_find(s, name);
        buf_addf(b, "%s %d", name, (int)t->type);
        for (int k = 0; k < t->ndim; k++) buf_addf(b, " %llu", (unsigned long long)t->shape[k]);
        add_digest(b, t->data, whole || t->bytes < SAMPLE ? (size_t)t->bytes : SAMPLE);
    }
}

static uint64_t bytes_of(const struct safetensors *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < safetensors_count(s); i++)
        sum += safetensors_find(s, safetensors_name(s, i))->bytes;
    return sum;
}

static int is_tensors(const struct dirent *f)
{
    size_t n = strlen(f->d_name), k = strlen(".safetensors");
    return n > k && !strcmp(f->d_name + n - k, ".safetensors");
}

static void add_times(struct buf *b, const char *dir)
{
    struct dirent **f;
    struct stat st;
    int n = scandir(dir, &f, is_tensors, alphasort);
    for (int i = 0; i < n; i++) {
        struct buf path = {0};
        buf_addf(&path, "%s/%s", dir, f[i]->d_name);
        if (stat(path.s, &st) == 0)
            buf_addf(b, "%s %lld %lld.%09ld\n", f[i]->d_name, (long long)st.st_size,
                     (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        buf_free(&path);
        free(f[i]);
    }
    if (n >= 0) free(f);
}

enum err prefix_root_checkpoint(struct prefix_key *out, const struct safetensors *s,
                                const char *dir, struct errinfo *e)
{
    struct buf b = {0};
    bool whole = bytes_of(s) <= READ_WHOLE;
    enum err r = add_file(&b, dir, "config.json", e);
    if (!whole) add_times(&b, dir);
    add_tensors(&b, s, whole);
    *out = prefix_key_of(b.s, b.n);
    buf_free(&b);
    return r;
}

/* ------------------------------------------------------------------ the rest */

static void add_layout(struct buf *b, const struct model *m)
{
    const struct kv_layout *l = &m->kv;
    buf_addf(b, "layout %d %d %d %d %zu\n", (int)l->type, (int)l->index_type, l->width,
             l->index_width, l->page_bytes);
    for (int i = 0; i < m->config.L; i++)
        buf_addf(b, "%d %zu %zu\n", m->config.full[i], l->latent_offset[i], l->index_offset[i]);
}

struct prefix_key prefix_root_program(const struct prefix_key *checkpoint)
{
    struct buf b = {0};
    struct mapping m;
    char exe[4096];
    sys_exe_path(exe, sizeof exe);
    buf_add(&b, (const char *)checkpoint->b, sizeof checkpoint->b);
    /* The link leads to what runs, also where that was replaced meanwhile; without /proc its name
     * does. */
    if (!sys_map(&m, "/proc/self/exe", NULL) || !sys_map(&m, exe, NULL)) {
        add_digest(&b, m.p, m.n);
        sys_unmap(&m);
    }
    buf_addf(&b, "%s glibc %s\n", DEEPREAD_VERSION, gnu_get_libc_version());
    struct prefix_key key = prefix_key_of(b.s, b.n);
    buf_free(&b);
    return key;
}

struct prefix_key prefix_root(const struct model *m)
{
    struct buf b = {0};
    buf_addf(&b, "prefix cache %d\n", PREFIX_VERSION);
    buf_add(&b, (const char *)m->prefix_base.b, sizeof m->prefix_base.b);
    buf_addf(&b, "\nattention %d backend %s: ", (int)m->attention, m->b->name);
    if (m->b->arithmetic)
        m->b->arithmetic(m->d, &b);
    else
        m->b->describe(m->d, &b);
    buf_addc(&b, '\n');
    add_layout(&b, m);
    struct prefix_key key = prefix_key_of(b.s, b.n);
    buf_free(&b);
    return key;
}
