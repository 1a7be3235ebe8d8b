/* str.h: views of bytes, a growing buffer, UTF-8. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed run of bytes, not NUL-terminated unless its owner says so. */
struct str {
    const char *s;
    size_t n;
};

#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})
struct str str_of(const char *z);            /* of a NUL-terminated string; NULL gives empty */
bool str_eq(struct str a, struct str b);

/* Whether a name ends in a suffix, ASCII letters of either case, with something before it; any: in one of
 * a list that NULL ends. */
bool str_has_suffix(const char *name, const char *suffix);
bool str_has_any_suffix(const char *name, const char *const *suffixes);

/* A prompt is a list of pieces.  User and document text is always SEG_TEXT and is encoded with
 * special tokens disabled: a PDF that spells an end-of-turn mark stays ordinary text. */
enum seg_kind { SEG_TEXT, SEG_CONTROL };
struct seg {
    enum seg_kind kind;
    struct str s; /* text, or the exact content of one special token */
};

/* A growing byte buffer.  Zero-initialise it; s is NULL only while nothing was ever added, and
 * is NUL-terminated otherwise (the NUL is not counted in n). */
struct buf {
    char *s;
    size_t n, cap;
};

void buf_add(struct buf *b, const char *s, size_t n);
void buf_addz(struct buf *b, const char *z);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap);
void buf_add_utf8(struct buf *b, uint32_t cp);
/* s as the inside of a JSON string: quotes, backslashes and control characters escaped, UTF-8
 * kept, ill-formed bytes as U+FFFD.  buf_add_json adds the surrounding quotes too. */
void buf_add_json_inner(struct buf *b, const char *s, size_t n);
void buf_add_json(struct buf *b, const char *s, size_t n);
void buf_clear(struct buf *b); /* n = 0, memory kept */
void buf_free(struct buf *b);

/* Decodes the character at s (n > 0 bytes available).  Returns its length, 1..4, and stores the
 * code point; an ill-formed sequence gives U+FFFD and length 1. */
size_t utf8_next(const char *s, size_t n, uint32_t *cp);
/* The length of the character that ends just before s[i], 1..4 (i > 0). */
size_t utf8_back(const char *s, size_t i);
size_t utf8_put(uint32_t cp, char out[4]);
/* Byte offset of the first ill-formed sequence, or n when the whole is well-formed. */
size_t utf8_check(const char *s, size_t n);
size_t utf8_count(const char *s, size_t n); /* code points */
bool utf8_is_space(uint32_t cp);            /* Unicode White_Space */
bool utf8_steers(uint32_t cp);               /* what a terminal would obey: C0, DEL, C1, and the marks
                                                that reorder what a person sees */
bool utf8_is_cjk(uint32_t cp);              /* Han, kana, hangul: scripts read without spaces */

#endif
