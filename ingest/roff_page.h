/* roff_page.h: a manual page while it is read: lines, words of macros, text with escapes. */
#ifndef INGEST_ROFF_PAGE_H
#define INGEST_ROFF_PAGE_H

#include "ingest/slice.h"

enum { ROFF_WORDS = 64 };

/* A word of a macro's line: where its characters stand, without quotes. */
struct roff_word {
    size_t from, to;
};

struct roff_page {
    struct slice s;
    size_t at;         /* where the next line starts                                     */
    bool fill;         /* lines flow into paragraphs; else (.nf) they stand as they are  */
    bool join;         /* no blank before the next text: \c came                         */
    bool tag;          /* the next line is the tag of a paragraph (.TP)                  */
    bool body;         /* the tag was written: the next text is its paragraph            */
    int indent;        /* of relative margins and lists                                  */
    char name[64];     /* mdoc: what .Nm stands for                                      */
    char list[8];      /* mdoc: marks of the list: "-", "1", "" for tags                 */
    int item;          /* mdoc: number of the last one                                   */
};

/* The words of a macro's line text[from, to), quotes taken off. */
size_t roff_words(const struct roff_page *p, size_t from, size_t to, struct roff_word w[ROFF_WORDS]);
bool roff_is(const struct roff_page *p, struct roff_word w, const char *what);
/* A line of text: escapes resolved. */
void roff_text(struct roff_page *p, size_t from, size_t to);
/* What is asked for before the next text; paragraphs and headings end tags. */
void roff_gap(struct roff_page *p, enum pen_gap g);
void roff_heading(struct roff_page *p, size_t from, size_t to, int level);

/* mdoc(7): true when the macro whose words these are (w[0] its name) was one of its. */
bool roff_mdoc(struct roff_page *p, const struct roff_word *w, size_t n, size_t end);

#endif
