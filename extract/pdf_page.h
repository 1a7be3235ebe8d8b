/* pdf_page.h: what is known about the pages of a PDF between reading and writing. */
#ifndef EXTRACT_PDF_PAGE_H
#define EXTRACT_PDF_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "extract/pdf_layout.h"
#include "extract/pdf_outline.h"

struct pdf_line {
    struct line at;  /* at.word is gone: it belonged to the page's words; at.font is the same on
                        all pages (words_font_key)                                     */
    struct str text; /* logical order, plain forms, one line                           */
    uint32_t no;     /* 1-based; cells of one row share a number                       */
    bool drop;       /* repeats over pages: a running head, a footer, a page number    */
    /* The block of lines that it stands in. */
    float left, right; /* where most of its lines start; where the longest one ends      */
    float leading;     /* from line to line                                              */
    bool filled;       /* it is wide; three of its lines, and a third, reach its right end */
};

struct pdf_page {
    uint32_t number;   /* 1-based                                                        */
    const char *label; /* printed label or NULL                                          */
    float width, height;
    struct pdf_line *v; /* in reading order                                              */
    size_t n;
    bool context; /* read to tell what repeats around the pages asked for; not written */
    bool empty;   /* no text was found on it                                        */
    bool garbage; /* all its text is in fonts that do not tell the characters       */
    bool no_text; /* it is garbage, or empty with an image on it                    */
    bool wants_ocr;  /* its text could be recognised: ask                              */
    bool recognised; /* its text was recognised                                        */
    bool late;       /* there was no time left for that                                */
    bool unread;     /* reading it broke down, took too long or too much memory         */
    bool untried;    /* after such pages no time was left for it                        */
    bool cut;        /* it has more words than are read of one page                     */
    bool halted;     /* the same as unread, but what came before that is here           */
    bool no_memory;  /* unread or halted: for want of memory                            */
    bool hurried;    /* unread or halted: after many such it had less time              */
    /* Words left out of it: nobody can see them; nobody can tell their characters. */
    size_t n_hidden, n_garbage;
};

struct pdf_doc {
    struct pdf_page *v;
    size_t n;
    const struct outline_entry *outline; /* by page */
    size_t n_outline;
    size_t hidden;  /* words left out because nobody can see them         */
    size_t garbage; /* ... because nobody can tell their characters       */
};

#endif
