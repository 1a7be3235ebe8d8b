/* pen.h: writes running text into a document.  What stands between two pieces of text (a space, a
 * bar between cells, a line end, a blank line) is asked for at any time and written when the next
 * piece comes: the strongest that was asked for, and nothing at the end.  The same habits as in
 * what is made of HTML (extract/html_write.h). */
#ifndef INGEST_PEN_H
#define INGEST_PEN_H

#include "ingest/ingest.h"

enum pen_gap { PEN_NONE, PEN_SPACE, PEN_TAB, PEN_CELL, PEN_LINE, PEN_PARA };
enum { PEN_MARK_MAX = 96 };

struct pen {
    struct doc_builder *b;
    struct span at;     /* where the next text comes from; bytes: SPAN_NO_BYTES by default       */
    enum pen_gap gap;
    bool any;           /* something was written                                                */
    bool pre;           /* blanks and line ends stand as they are                               */
    bool verbatim;      /* bytes of `at` are the text's: they move on with it                   */
    int cell;           /* > 0 inside a cell: its text stays on one line                        */
    int indent;         /* depth of lists, for the mark                                         */
    char mark[PEN_MARK_MAX]; /* before the next text, or ""                                     */
    size_t heading;     /* where a heading starts, SIZE_MAX outside one                         */
};

void pen_init(struct pen *p, struct doc_builder *b);
/* Asks for what stands before the next text. */
void pen_gap(struct pen *p, enum pen_gap g);
/* Text: white space is collapsed unless pre. */
void pen_text(struct pen *p, const char *s, size_t n);
void pen_textz(struct pen *p, const char *z);
/* What stands before the next text and is none of the source: "- ", "3. ".  Cut at PEN_MARK_MAX. */
void pen_mark(struct pen *p, const char *mark);
/* Between the two is a heading. */
void pen_heading_open(struct pen *p);
void pen_heading_close(struct pen *p, int level);

#endif
