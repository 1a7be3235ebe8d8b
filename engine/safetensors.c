#include "engine/safetensors.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"

#define HEADER_BYTES 100000000u  /* the format's own limit */
#define INDEX_BYTES (256u << 20) /* of model.safetensors.index.json; the 671B model has 9 MB */
#define MAX_SHARDS 4096

struct entry {
    const char *name; /* in the arena */
    struct tensor t;
};

struct safetensors {
    struct arena *arena;
    struct mapping *files; /* what close unmaps */
    size_t n_files;
    struct entry *v; /* by name */
    size_t n, cap;
};

/* One file being read. */
struct file {
    const char *name;
    const char *data; /* after the header */
    uint64_t bytes;   /* of data */
    uint64_t start;   /* of data in the file, for messages */
    json_t *header;
    struct errinfo *e;
};

/* ------------------------------------------------------------------ one header entry */

static enum dtype dtype_of(const char *s)
{
    for (int t = DT_F32; t < DT_OTHER; t++)
        if (!strcmp(s, dtype_name((enum dtype)t))) return (enum dtype)t;
    return DT_OTHER;
}

static enum err read_shape(const struct file *f, const char *name, json_t *shape, struct tensor *t)
{
    if (!json_is_array(shape))
        return err_set(f->e, E_FORMAT, "%s: tensor '%.120s' has no shape", f->name, name);
    if (json_array_size(shape) > 4)
        return err_set(f->e, E_UNSUPPORTED,
                       "%s: tensor '%.120s' has %zu dimensions, at most 4 are implemented",
                       f->name, name, json_array_size(shape));
    t->ndim = (int)json_array_size(shape);
    for (int i = 0; i < t->ndim; i++) {
        json_t *d = json_array_get(shape, (size_t)i);
        if (!json_is_integer(d) || json_integer_value(d) < 0)
            return err_set(f->e, E_FORMAT, "%s: tensor '%.120s': dimension %d is no size", f->name,
                           name, i);
        t->shape[i] = (uint64_t)json_integer_value(d);
    }
    return OK;
}

static enum err read_offsets(const struct file *f, const char *name, json_t *o, uint64_t *begin,
                             uint64_t *end)
{
    json_t *a = json_array_get(o, 0), *b = json_array_get(o, 1);
    if (json_array_size(o) != 2 || !json_is_integer(a) || !json_is_integer(b) ||
        json_integer_value(a) < 0 || json_integer_value(b) < json_integer_value(a))
        return err_set(f->e, E_FORMAT, "%s: tensor '%.120s' has no valid data_offsets", f->name,
                       name);
    *begin = (uint64_t)json_integer_value(a);
    *end = (uint64_t)json_integer_value(b);
    if (*end > f->bytes)
        return err_set(f->e, E_FORMAT,
                       "%s: truncated: tensor '%.120s' ends at byte %llu, the file has %llu",
                       f->name, name, (unsigned long long)*end + f->start,
                       (unsigned long long)f->bytes + f->start);
    return OK;
}

static enum err read_entry(const struct file *f, const char *name, json_t *o, struct tensor *t)
{
    uint64_t begin = 0, end = 0, need;
    const char *type = json_string_value(json_object_get(o, "dtype"));
    *t = (struct tensor){0};
    if (!type)
        return err_set(f->e, E_FORMAT, "%s: tensor '%.120s' has no dtype", f->name, name);
    TRY(read_shape(f, name, json_object_get(o, "shape"), t));
    TRY(read_offsets(f, name, json_object_get(o, "data_offsets"), &begin, &end));
    t->type = dtype_of(type);
    t->data = f->data + begin;
    t->bytes = end - begin;
    if (t->type == DT_OTHER) return OK; /* of unknown size; no weight may have it */
    if (!tensor_bytes(t->shape, t->ndim, t->type, &need))
        return err_set(f->e, E_FORMAT, "%s: tensor '%.120s': its shape overflows", f->name, name);
    if (need != t->bytes)
        return err_set(f->e, E_FORMAT,
                       "%s: tensor '%.120s' of type %s needs %llu bytes by its shape, its offsets "
                       "give %llu",
                       f->name, name, type, (unsigned long long)need,
                       (unsigned long long)t->bytes);
    return OK;
}

/* ------------------------------------------------------------------ one file */

static int by_address(const void *a, const void *b)
{
    const struct tensor *x = &((const struct entry *)a)->t, *y = &((const struct entry *)b)->t;
    if (x->data != y->data) return (const char *)x->data < (const char *)y->data ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes; /* empty ones first */
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* The tensors must cover the data exactly: no hole, no overlap, nothing behind the last. */
static enum err check_cover(const struct file *f, struct entry *v, size_t n)
{
    const char *at = f->data;
    if (n) qsort(v, n, sizeof *v, by_address);
    for (size_t i = 0; i < n; i++) {
        if ((const char *)v[i].t.data != at)
            return err_set(f->e, E_FORMAT, "%s: tensor '%.120s' begins at byte %llu, expected %llu",
                           f->name, v[i].name,
                           (unsigned long long)((const char *)v[i].t.data - f->data) + f->start,
                           (unsigned long long)(at - f->data) + f->start);
        at += v[i].t.bytes;
    }
    if (at != f->data + f->bytes)
        return err_set(f->e, E_FORMAT, "%s: its tensors end at byte %llu, the file has %llu",
                       f->name, (unsigned long long)(at - f->data) + f->start,
                       (unsigned long long)f->bytes + f->start);
    return OK;
}

static enum err open_header(struct file *f, const char *p, size_t n)
{
    uint64_t length = 0;
    if (n < 8)
        return err_set(f->e, E_FORMAT, "%s: %zu bytes, too short for a safetensors file", f->name,
                       n);
    for (int i = 7; i >= 0; i--) length = length << 8 | (unsigned char)p[i];
    if (length > HEADER_BYTES)
        return err_set(f->e, E_FORMAT,
                       "%s: not a safetensors file: its header would be %llu bytes long", f->name,
                       (unsigned long long)length);
    if (length > n - 8)
        return err_set(f->e, E_FORMAT,
                       "%s: truncated: the header ends at byte %llu, the file has %zu", f->name,
                       (unsigned long long)length + 8, n);
    f->data = p + 8 + length;
    f->bytes = n - 8 - length;
    f->start = 8 + length;
    TRY(json_parse(&f->header, p + 8, length, f->name, f->e));
    if (!json_is_object(f->header))
        return err_set(f->e, E_FORMAT, "%s: the header is not a JSON object", f->name);
    return OK;
}

/* Reads the header of one file into v, in the order of the data; *n of them. */
static enum err read_file(struct arena *a, struct file *f, const char *p, size_t bytes,
                          struct entry **v, size_t *n)
{
    *n = 0;
    TRY(open_header(f, p, bytes));
    size_t total = json_object_size(f->header);
    *v = NEW(a, struct entry, total + 1);
    const char *name;
    json_t *o;
    json_object_foreach(f->header, name, o)
    {
        if (!strcmp(name, "__metadata__")) continue;
        struct entry *entry = &(*v)[*n];
        TRY(read_entry(f, name, o, &entry->t));
        entry->name = mem_copy(a, name, strlen(name));
        ++*n;
    }
    return check_cover(f, *v, *n);
}

/* ------------------------------------------------------------------ the set of files */

static struct safetensors *set_new(size_t max_files)
{
    struct safetensors *s = mem_alloc(1, sizeof *s);
    s->arena = arena_new();
    s->files = NEW(s->arena, struct mapping, max_files);
    return s;
}

void safetensors_close(struct safetensors *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->n_files; i++) sys_unmap(&s->files[i]);
    mem_free(s->v);
    arena_free(s->arena);
    mem_free(s);
}

static void add(struct safetensors *s, const struct entry *entry)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 256;
        s->v = mem_grow(s->v, s->cap, sizeof *s->v);
    }
    s->v[s->n++] = *entry;
}

/* Adds the tensors of one file: all, or with a weight_map those that it places in `file`. */
static enum err add_file(struct safetensors *s, const char *p, size_t bytes, const char *name,
                         json_t *map, const char *file, struct errinfo *e)
{
    struct file f = {.name = name, .e = e};
    struct entry *v;
    size_t n;
    enum err r = read_file(s->arena, &f, p, bytes, &v, &n);
    for (size_t i = 0; !r && i < n; i++) {
        const char *where = map ? json_string_value(json_object_get(map, v[i].name)) : NULL;
        if (!map || (where && !strcmp(where, file))) add(s, &v[i]);
    }
    json_decref(f.header);
    return r;
}

static enum err finish(struct safetensors **out, struct safetensors *s, enum err r)
{
    if (!r && s->n) qsort(s->v, s->n, sizeof *s->v, by_name);
    if (r) safetensors_close(s);
    *out = r ? NULL : s;
    return r;
}

enum err safetensors_open_bytes(struct safetensors **out, const char *p, size_t n,
                                const char *name, struct errinfo *e)
{
    struct safetensors *s = set_new(1);
    return finish(out, s, add_file(s, p, n, name, NULL, NULL, e));
}

static enum err add_path(struct safetensors *s, const char *path, json_t *map, const char *file,
                         struct errinfo *e)
{
    struct mapping *m = &s->files[s->n_files];
    TRY(sys_map(m, path, e));
    s->n_files++;
    return add_file(s, m->p, m->n, path, map, file, e);
}

enum err safetensors_open_file(struct safetensors **out, const char *path, struct errinfo *e)
{
    struct safetensors *s = set_new(1);
    return finish(out, s, add_path(s, path, NULL, NULL, e));
}

/* ------------------------------------------------------------------ shards */

/* A shard is a file of the model's own folder, nothing else. */
static bool is_plain_name(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n <= 255 && s[0] != '.' && !strchr(s, '/') && !strchr(s, '\\');
}

/* The different file names of a weight_map, in its order; E_FORMAT for anything but a name. */
static enum err shard_names(const char *path, json_t *map, const char **v, size_t *n,
                            struct errinfo *e)
{
    const char *tensor;
    json_t *value;
    *n = 0;
    json_object_foreach(map, tensor, value)
    {
        const char *file = json_string_value(value);
        if (!file || !is_plain_name(file))
            return err_set(e, E_FORMAT,
                           "%s: tensor '%.120s' lies in '%.120s', which is not the name of a file "
                           "beside it",
                           path, tensor, file ? file : "no string");
        size_t i = *n;
        while (i > 0 && strcmp(v[i - 1], file)) i--;
        if (i) continue;
        if (*n == MAX_SHARDS)
            return err_set(e, E_FORMAT, "%s: more than %d shards", path, MAX_SHARDS);
        v[(*n)++] = file;
    }
    if (*n == 0) return err_set(e, E_FORMAT, "%s: its weight_map is empty", path);
    return OK;
}

static enum err add_shards(struct safetensors *s, const char *dir, const char *path, json_t *index,
                           struct errinfo *e)
{
    json_t *map = json_object_get(index, "weight_map"), *value;
    if (!json_is_object(map))
        return err_set(e, E_FORMAT, "%s: has no 'weight_map'", path);
    const char **shard = NEW(s->arena, const char *, MAX_SHARDS), *tensor;
    size_t n;
    TRY(shard_names(path, map, shard, &n, e));
    for (size_t i = 0; i < n; i++) {
        struct buf file = {0};
        buf_addf(&file, "%s/%s", dir, shard[i]);
        enum err r = add_path(s, file.s, map, shard[i], e);
        buf_free(&file);
        if (r) return r;
    }
    if (s->n == json_object_size(map)) return OK;
    qsort(s->v, s->n, sizeof *s->v, by_name);
    json_object_foreach(map, tensor, value)
    {
        if (!safetensors_find(s, tensor))
            return err_set(e, E_FORMAT, "%s: places tensor '%.120s' in %.120s, which lacks it",
                           path, tensor, json_string_value(value));
    }
    return OK;
}

static enum err open_index(struct safetensors **out, const char *dir, const char *path,
                           struct errinfo *e)
{
    json_t *index;
    *out = NULL;
    TRY(json_parse_file(&index, path, INDEX_BYTES, e));
    struct safetensors *s = set_new(MAX_SHARDS);
    enum err r = finish(out, s, add_shards(s, dir, path, index, e));
    json_decref(index);
    return r;
}

enum err safetensors_open(struct safetensors **out, const char *dir, struct errinfo *e)
{
    struct buf index = {0}, single = {0};
    buf_addf(&index, "%s/model.safetensors.index.json", dir);
    buf_addf(&single, "%s/model.safetensors", dir);
    enum err r;
    *out = NULL;
    if (access(index.s, F_OK) == 0)
        r = open_index(out, dir, index.s, e);
    else if (access(single.s, F_OK) == 0)
        r = safetensors_open_file(out, single.s, e);
    else
        r = err_set(e, E_IO,
                    "%s: holds no weights: neither model.safetensors nor "
                    "model.safetensors.index.json",
                    dir);
    buf_free(&index);
    buf_free(&single);
    return r;
}

/* ------------------------------------------------------------------ looking up */

const struct tensor *safetensors_find(const struct safetensors *s, const char *name)
{
    struct entry key = {.name = name};
    const struct entry *hit = s->n ? bsearch(&key, s->v, s->n, sizeof *s->v, by_name) : NULL;
    return hit ? &hit->t : NULL;
}

size_t safetensors_count(const struct safetensors *s)
{
    return s->n;
}

size_t safetensors_bytes(const struct safetensors *s)
{
    size_t bytes = 0;
    for (size_t i = 0; i < s->n; i++) bytes += s->v[i].t.bytes;
    return bytes;
}

const char *safetensors_name(const struct safetensors *s, size_t i)
{
    return s->v[i].name;
}

void safetensors_release(const struct safetensors *s, const struct tensor *t)
{
    if (s->n_files) sys_map_release(t->data, t->bytes); /* borrowed bytes are not ours to drop */
}
