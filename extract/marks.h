/* marks.h: how the characters of a PDF page are painted: a C face for an output device of poppler's
 * own library, whose public interfaces tell neither the rendering mode nor what is off the page. */
#ifndef EXTRACT_MARKS_H
#define EXTRACT_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct marks_doc;

enum mark_kind {
    MARK_NONE,  /* no mark at all: rendering mode 3 or 7, or wholly transparent */
    MARK_WHITE, /* in white or nearly white                                     */
};

/* The middle of one character, in points from the top left of the page as shown. */
struct mark {
    float x, y;
    enum mark_kind kind;
};

struct marks_page {
    struct mark *v; /* of all characters only those that are of a kind */
    size_t n;
    size_t off; /* words that stand outside the page */
};

/* Opens n bytes, which must outlive the document; NULL when that does not work. */
struct marks_doc *marks_open(const void *bytes, size_t n, const char *password);
void marks_close(struct marks_doc *d); /* NULL is fine */

/* Runs page `number` (from 1).  Memory: one malloc, released by marks_free, which accepts a zeroed
 * page. */
void marks_read(struct marks_doc *d, int number, struct marks_page *out);
void marks_free(struct marks_page *p);

#ifdef __cplusplus
}
#endif

#endif
