/* archive_make.h: archives made in memory for tests. */
#ifndef TESTS_ARCHIVE_MAKE_H
#define TESTS_ARCHIVE_MAKE_H

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <string.h>

#include "base/str.h"

struct part {
    const char *name, *s;
    size_t n; /* 0: s is NUL-terminated */
};

static inline la_ssize_t archive_to_buf(struct archive *a, void *ctx, const void *s, size_t n)
{
    (void)a;
    buf_add(ctx, s, n);
    return (la_ssize_t)n;
}

static inline void archive_put(struct archive *a, const struct part *p)
{
    size_t n = p->n ? p->n : strlen(p->s);
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, p->name);
    archive_entry_set_size(e, (la_int64_t)n);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    if (archive_format(a) == ARCHIVE_FORMAT_ZIP) { /* as office programs and Info-ZIP do */
        bool store = !strcmp(p->name, "mimetype") || (n > 4 && !memcmp(p->s, "PK\3\4", 4));
        if (store) archive_write_zip_set_compression_store(a);
        else archive_write_zip_set_compression_deflate(a);
    }
    archive_write_header(a, e);
    archive_write_data(a, p->s, n);
    archive_entry_free(e);
}

/* format: "zip", "ustar", "pax"; filter: "none", "gzip", "xz", "zstd", "bzip2".  The caller frees
 * the result with buf_free. */
static inline struct buf archive_make(const char *format, const char *filter,
                                      const struct part *v, size_t n)
{
    struct buf out = {0};
    struct archive *a = archive_write_new();
    archive_write_set_format_by_name(a, format);
    if (strcmp(filter, "none")) archive_write_add_filter_by_name(a, filter);
    archive_write_set_bytes_per_block(a, 0);
    archive_write_open(a, &out, NULL, archive_to_buf, NULL);
    for (size_t i = 0; i < n; i++) archive_put(a, &v[i]);
    archive_write_close(a);
    archive_write_free(a);
    return out;
}

#define ZIP(...)                                                                                   \
    archive_make("zip", "none", (const struct part[]){__VA_ARGS__},                                \
                 sizeof((const struct part[]){__VA_ARGS__}) / sizeof(struct part))

#endif
