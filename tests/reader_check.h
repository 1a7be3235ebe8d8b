/* reader_check.h: readers of deepread-extract called on archives made in memory. */
#ifndef TESTS_READER_CHECK_H
#define TESTS_READER_CHECK_H

#include "tests/archive_make.h"
#include "tests/extract_check.h"

#include "extract/extract.h"

typedef enum err reader(struct doc_builder *b, const struct ingest_options *o, const char *name,
                        const void *bytes, size_t n, struct errinfo *e);

struct result {
    struct arena *a;
    struct doc *d;
    struct errinfo e;
    enum err r;
};

static inline struct result run(reader *read, const char *format, struct buf *file,
                         const struct ingest_options *o)
{
    static const struct ingest_options none;
    struct result out = {.a = arena_new()};
    struct doc_builder *b = doc_new(out.a, "x", format);
    out.r = read(b, o ? o : &none, "x", file->s ? file->s : "", file->n, &out.e);
    if (!out.r) {
        out.d = doc_freeze(b, NULL, file->s, file->n);
        check_text(out.d);
        check_spans(out.d, file->s, file->n);
    } else {
        assert_true(out.e.msg[0] && !strchr(out.e.msg, '\n'));
    }
    buf_free(file);
    return out;
}

static inline void done(struct result *r)
{
    arena_free(r->a);
}

static inline void expect_text(struct result *r, const char *text)
{
    if (r->r) print_message("# %s\n", r->e.msg);
    assert_int_equal(r->r, OK);
    assert_string_equal(r->d->text.s, text);
}

/* The place of a word in the text. */
static inline struct place place_of(const struct result *r, const char *word)
{
    const char *at = strstr(r->d->text.s, word);
    assert_non_null(at);
    return doc_place(r->d, (size_t)(at - r->d->text.s), strlen(word));
}

#endif
