/* ingest_check.h: what every document must hold, checked against the bytes it came from. */
#ifndef TESTS_INGEST_CHECK_H
#define TESTS_INGEST_CHECK_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ingest/ingest.h"

/* Clean UTF-8: no control characters but \n and \t, and no mark at the start. */
static inline void check_text(const struct doc *d)
{
    assert_int_equal(utf8_check(d->text.s, d->text.n), d->text.n);
    assert_int_equal(strlen(d->text.s), d->text.n);
    for (size_t i = 0; i < d->text.n; i++) {
        unsigned char c = (unsigned char)d->text.s[i];
        assert_true(c >= 0x20 || c == '\n' || c == '\t');
        assert_int_not_equal(c, 0x7f);
    }
    assert_false(d->text.n >= 3 && memcmp(d->text.s, "\xef\xbb\xbf", 3) == 0);
}

/* Spans in order, without holes, inside the source, equal to it where they say so. */
static inline void check_spans(const struct doc *d, const char *source, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < d->n_spans; i++) {
        const struct span *s = &d->spans[i];
        assert_int_equal(s->text, at);
        assert_true(s->len > 0);
        at += s->len;
        assert_true(s->page <= d->n_pages);
        if (s->byte == SPAN_NO_BYTES) {
            assert_false(s->verbatim);
            continue;
        }
        assert_true(s->byte <= n && s->byte_len <= n - s->byte);
        if (!s->verbatim) continue;
        assert_true(s->byte_len <= s->len);
        assert_memory_equal(d->text.s + s->text, source + s->byte, s->byte_len);
    }
    assert_int_equal(at, d->text.n);
    for (size_t i = 0; i < d->n_headings; i++)
        assert_true(d->headings[i].text + d->headings[i].len <= d->text.n);
}

/* Lines of the spans of a text that was read from start to end: counted in the source itself. */
static inline void check_lines(const struct doc *d, const char *source)
{
    uint32_t line = 1;
    size_t at = 0;
    for (size_t i = 0; i < d->n_spans; i++) {
        for (; at < d->spans[i].byte; at++) line += source[at] == '\n';
        assert_int_equal(d->spans[i].line, line);
    }
}

/* A whole file; the caller frees out->s with buf_free. */
static inline void read_all(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    *out = (struct buf){0};
    assert_int_equal(sys_read_all(fd, (size_t)1 << 30, out, path, NULL), OK);
    close(fd);
}

/* A folder of its own below /tmp, removed by drop_folder. */
static inline char *make_folder(void)
{
    char *dir = strdup("/tmp/deepread-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return dir;
}

static inline void drop_folder(char *dir)
{
    char cmd[256];
    snprintf(cmd, sizeof cmd, "chmod -R u+rwX %s && rm -rf %s", dir, dir);
    assert_int_equal(system(cmd), 0);
    free(dir);
}

static inline void write_file(const char *dir, const char *name, const char *s, size_t n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    for (char *p = path + strlen(dir) + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(path, 0777);
        *p = '/';
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(s, 1, n, f), n);
    fclose(f);
}

static inline void write_text(const char *dir, const char *name, const char *s)
{
    write_file(dir, name, s, strlen(s));
}

#endif
