/* pdf_pack.h: packed streams in PDF files made for tests. */
#ifndef TESTS_PDF_PACK_H
#define TESTS_PDF_PACK_H

#include <zlib.h>

#include "tests/pdf_make.h"

/* Packs `s`, and n times `again` behind it. */
static inline struct buf pack(struct str s, struct str again, size_t n)
{
    struct buf out = {0};
    char part[4096];
    z_stream z = {0};
    int done = Z_OK;
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15, 8, n ? Z_RLE : Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)s.s, z.avail_in = (uInt)s.n;
    while (done != Z_STREAM_END) {
        if (!z.avail_in && n) z.next_in = (Bytef *)again.s, z.avail_in = (uInt)again.n, n--;
        z.next_out = (Bytef *)part, z.avail_out = sizeof part;
        done = deflate(&z, n || z.avail_in ? Z_NO_FLUSH : Z_FINISH);
        assert_int_not_equal(done, Z_STREAM_ERROR);
        buf_add(&out, part, sizeof part - z.avail_out);
    }
    deflateEnd(&z);
    return out;
}

/* An object of its own: a packed stream; `entries` go into its dictionary.  Returns its number. */
static inline int add_packed(struct pdf *p, const char *entries, struct str s)
{
    char all[300];
    struct buf packed = pack(s, (struct str){"", 0}, 0);
    object(p, p->n + 1);
    snprintf(all, sizeof all, "%s/Filter/FlateDecode", entries);
    stream_of(p, all, packed.s, packed.n);
    buf_free(&packed);
    return p->n;
}

/* The same, packed twice: `before`, and a gigabyte of blanks behind it. */
static inline int add_blanks(struct pdf *p, const char *entries, const char *before)
{
    enum { BLANKS = 1 << 30, PART = 1 << 20 };
    char all[300], *part = malloc(PART);
    memset(part, ' ', PART);
    struct buf once = pack(str_of(before), (struct str){part, PART}, BLANKS / PART);
    struct buf twice = pack((struct str){once.s, once.n}, (struct str){"", 0}, 0);
    object(p, p->n + 1);
    snprintf(all, sizeof all, "%s/Filter[/FlateDecode/FlateDecode]", entries);
    stream_of(p, all, twice.s, twice.n);
    buf_free(&once), buf_free(&twice);
    free(part);
    return p->n;
}

#endif
