/* mime.h: the syntax of mail: header fields and their parameters, encoded words, the transfer
 * encodings with the way back to the bytes, and where the parts of a multipart end.
 *
 * Own code and not a library: GMime decodes a part as a whole and does not tell which bytes a
 * decoded character came from. */
#ifndef EXTRACT_MIME_H
#define EXTRACT_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* A header block and the body behind it, as offsets of the source. */
struct mime_part {
    size_t from, body, to; /* header [from, body), body [body, to)   */
};

/* Finds the blank line that ends the header of s[from, to). */
struct mime_part mime_part_at(const char *s, size_t from, size_t to);

/* The value of the first field of that name, unfolded only by its caller: offsets of the source
 * without blanks around.  False when there is none. */
bool mime_field(const char *s, const struct mime_part *p, const char *name, struct mime_part *value);
/* A field's value in UTF-8 with encoded words decoded, on one line; appended. */
void mime_text(struct buf *out, const char *s, size_t from, size_t to);
/* A parameter (`charset`) of a field's value, decoded (RFC 2231 too), appended. */
void mime_param(struct buf *out, const char *s, size_t from, size_t to, const char *name);

/* Decoded bytes and where they came from. */
struct mime_piece {
    size_t at, len;        /* in the decoded bytes                */
    size_t byte, byte_len; /* in the source                       */
    bool same;             /* the bytes are those of the source   */
};
struct mime_body {
    struct buf bytes;
    struct mime_piece *v;
    size_t n, cap;
};
/* encoding: "base64", "quoted-printable", else as they are.  What cannot be decoded is passed by. */
void mime_decode(struct mime_body *out, const char *s, size_t from, size_t to, const char *encoding);
void mime_body_free(struct mime_body *b);
/* The source bytes of decoded [at, at+n). */
struct mime_piece mime_origin(const struct mime_body *b, size_t at, size_t n);

/* Joins the lines that are one paragraph (RFC 3676, format=flowed): one that ends with a blank goes on
 * below, where as many > stand before that; a blank that was put before a line to keep its first
 * character goes.  del_space: the blanks at such ends go, too. */
void mime_flow(struct mime_body *b, bool del_space);

/* The next part of a multipart body: *at is where to look from, and behind the part afterwards.
 * False behind the last. */
bool mime_next_part(const char *s, size_t *at, size_t to, struct str boundary, size_t *part_from,
                    size_t *part_to);

#endif
