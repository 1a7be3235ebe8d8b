/* pdf_join.h: what stands between two lines of a document. */
#ifndef EXTRACT_PDF_JOIN_H
#define EXTRACT_PDF_JOIN_H

#include <math.h>

#include "extract/pdf_page.h"

struct hyphens;
struct hangul;

/* How a document is written. */
struct manner {
    const struct hyphens *hyphens;
    const struct hangul *hangul; /* NULL: lines of hangul end where words do     */
    float body;                  /* size of most of the text                     */
    bool indents;                /* paragraphs begin with an indent, not a gap   */
};

/* A line where it is read. */
struct placed {
    const struct pdf_page *page;
    const struct pdf_line *line;
};

enum join { JOIN_TIGHT, JOIN_HYPHEN, JOIN_SPACE, JOIN_CELL, JOIN_LINE, JOIN_PARA };

/* What stands between a and b, which is read next; wherever it is. */
enum join join_of(const struct manner *m, const struct placed *a, const struct placed *b);
/* The same as if the end of a column or page stood between them. */
enum join join_over_break(const struct manner *m, const struct pdf_line *a,
                          const struct pdf_line *b);

/* Whether the document, whose `body` is known, begins its paragraphs with an indent. */
bool join_finds_indents(const struct pdf_doc *d, float body);

/* Where a line starts and ends in its own direction. */
static inline float line_start(const struct line *l)
{
    return l->rtl ? -l->u1 : l->u0;
}
static inline float line_end(const struct line *l)
{
    return l->rtl ? -l->u0 : l->u1;
}

static inline bool line_same_size(const struct line *a, const struct line *b)
{
    return fabsf(a->size - b->size) <= 0.1f * fmaxf(a->size, b->size);
}

/* The line ends so near to the right end of its block that it reaches it. */
bool line_is_full(const struct pdf_line *l);

#endif
