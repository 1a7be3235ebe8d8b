/* html_scan.h: prepares a page for libxml2, so that every text node can be traced to its bytes.
 *
 * libxml2 tells the line of a text node, not its place.  Therefore the page is first cut into
 * tags and text, as browsers do, and copied with a mark before each piece of text.  A mark is two
 * characters of the last private plane; libxml2 carries them through like letters.  Character
 * references are decoded on the way (browsers' rule: numbers 128..159 are windows-1252), and what
 * is never text is left out: comments, scripts, style sheets, templates, frames, drawings, and tags
 * that only say how text looks.  What stands for readers without scripts is text where it is as long as
 * one: we are such a reader. */
#ifndef EXTRACT_HTML_SCAN_H
#define EXTRACT_HTML_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { SCAN_MARK = 0xF4 }; /* the first byte of each, and of nothing else in the copy */

/* From a mark to the next one the copy equals src from `at` on, unless `coded`: then src[at,
 * at+len) stands for it. */
struct html_mark {
    size_t at;
    uint32_t len;
    bool coded;
};

struct html_scan {
    struct buf copy;        /* UTF-8, for libxml2            */
    struct html_mark *mark; /* mem_grow                      */
    size_t n_marks, cap;
    size_t roots; /* html and body tags so far */
    size_t shown;      /* up to here what is there for readers without scripts is text, or 0 */
    size_t plain_math; /* a formula that begins before this carries no words of its own */
    size_t button;     /* where the button that we are in ends, or 0 */
    size_t places;     /* kept so far for what was sent late: html_stream.h */
    bool flat;         /* of that button only the text is copied */
    bool xml;     /* set before scanning a chapter of a book: "/>" closes, and what stands for
                     readers without scripts is text                                        */
};

/* src: well-formed UTF-8.  Cost: linear. */
void scan_page(struct html_scan *out, const char *src, size_t n);
void scan_free(struct html_scan *s); /* zeroed is fine */

/* The element that holds the words about a picture (its alt), behind the picture. */
#define SCAN_ALT "x-alt"

/* When a mark starts at s (n bytes available): its length, and *index.  Else 0. */
size_t scan_mark(const char *s, size_t n, size_t *index);

/* What the page says of its own charset in the first 4 KiB (meta), NUL-terminated; "" nothing. */
#define SCAN_CHARSET_MAX 41
void scan_charset(char out[SCAN_CHARSET_MAX], const char *src, size_t n);

#endif
