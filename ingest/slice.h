/* slice.h: readers that leave marks out of a text: the source is brought to UTF-8 once, and slices
 * of that go into the document with the places that they had. */
#ifndef INGEST_SLICE_H
#define INGEST_SLICE_H

#include "ingest/pen.h"

struct slice {
    struct pen pen;
    struct str text;       /* of the source: UTF-8, \n line ends, no control characters */
    const struct doc *raw; /* with the places of its characters                         */
    size_t span;           /* where the last slice was                                  */
};

/* Reads the source as plain text is read; charset and notes go to b.  Memory: the arena. */
enum err slice_open(struct slice *s, struct arena *a, struct doc_builder *b,
                    const struct ingest_options *o, const char *name, const void *bytes, size_t n,
                    struct errinfo *e);

/* Writes text[from, to) with the pen.  No line ends inside, unless white space flows. */
void slice_text(struct slice *s, size_t from, size_t to);
/* Writes what text[from, to) stands for. */
void slice_as(struct slice *s, size_t from, size_t to, const char *means);

/* The end of the line that holds `at`: of its line end, or of the text. */
size_t slice_line_end(const struct slice *s, size_t at);

#endif
