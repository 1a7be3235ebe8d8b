/* html_tag.h: reads the tags of a page, byte by byte.
 *
 * Everywhere src is the page, n its length, and i where something stands in it. */
#ifndef EXTRACT_HTML_TAG_H
#define EXTRACT_HTML_TAG_H

#include "extract/html_scan.h"

static inline bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* A tag, as it stands. */
struct tag {
    char name[16]; /* small letters, cut off                                             */
    size_t name_at, end;
    bool close, empty; /* empty: "<i/>" in XHTML                                         */
    bool skip;         /* what is in the element is not parsed, or never shown           */
};

/* False: src[i] == '<' begins no tag.  Cost: linear in the tag; that of a noscript, once for each, in what
 * is in it. */
bool tag_read(struct tag *t, struct html_scan *o, const char *src, size_t i, size_t n);

/* Tags that leave no trace in the copy: what they end was left out, they only say how text looks, or what
 * follows them is part of the page and libxml2 would leave it. */
bool tag_is_ignored(const struct tag *t);

/* One past the comment, the declaration or the end tag without a name at src[i] == '<', or i. */
size_t tag_over_comment(const char *src, size_t i, size_t n);

/* Where what begins with the tag t and is left out ends. */
size_t tag_skipped_end(const struct tag *t, const char *src, size_t n);

/* One past the '>' of the tag at src[i] == '<', or n. */
size_t tag_end(const char *src, size_t i, size_t n);
/* The name at s in small letters, NUL-terminated, cut off at max; returns its length. */
size_t tag_name(const char *s, size_t n, char *out, size_t max);
/* The length of the name at s. */
size_t tag_length(const char *s, size_t n);
/* Where "</name" that ends an element whose content begins at i stands, or n.  Elements of that name inside
 * count, except in those whose content is raw. */
size_t tag_element_end(const char *src, size_t i, size_t n, const char *name);

/* The value src[*from, *to) of an attribute of the tag src[i, end); false when it has none. */
bool tag_attribute(const char *src, size_t i, size_t end, const char *name, size_t *from, size_t *to);

bool tag_is_void(const char *name);    /* it has no end tag                              */
bool tag_is_in_line(const char *name); /* no word ends at its tags                       */
bool tag_is_root(const char *name);    /* html, body                                     */
bool tag_in_list(const char *name, const char *const *list, size_t n);

/* Where `what` stands in src[i, n), or n. */
size_t tag_find(const char *src, size_t i, size_t n, const char *what);

#endif
