/* wire.h: how deepread-extract hands a document to deepread.
 *
 * The call
 *
 *     deepread-extract FORMAT --name=NAME [--pages=RANGE] [--encoding=NAME] [--password-fd=N]
 *                      [--show-hidden] [--jobs=N] [--ocr=HOW] [--ocr-lang=LANGS] [--ocr-ms=N]
 *                      [--apart]
 *
 * FORMAT is a reader's name ("pdf", "html").  Standard input is the document, an open file that
 * can be mapped and sought, at offset 0; standard output is a pipe for one wire message; standard
 * error is kept for the reason when no message comes.  N is an open pipe that holds the password
 * and nothing else.  --jobs: processes that may read this one document, 1 when not given; the text
 * does not depend on it.  HOW is a word of wire_ocr_words, "off" when not given.  --ocr-ms: time for
 * recognising, most of the limit on CPU time when not given.  --apart: a page that breaks the reader
 * costs itself only, however short the document is.  NAME is what messages call the document.
 *
 * The program builds a struct doc (doc_new, doc_add, ..., doc_freeze), sends it with wire_send, or
 * sends its error with wire_send_error, and exits with 0 in both cases.  An error's message is
 * one line that starts with NAME, as everywhere.  Every other end is read from the exit status:
 * see wire_exit.
 *
 * The message.  All numbers are little-endian; a string is u32 length and bytes, and a length of
 * UINT32_MAX stands for NULL.
 *
 *     magic    8 bytes "drwire\0\2" (the last byte is the version)
 *     u32      0 a document, 1 an error
 *     u64      length of the body that follows
 *     body     error:    u32 enum err, string message
 *              document: title, charset, lang, note: strings
 *                        u32 kind
 *                        u64 count, then pages:    string label, f32 width, f32 height,
 *                                                  u32 of 1 no text, 2 recognised, 4 unread
 *                        u64 count, then headings: u64 text, u64 len, u32 level
 *                        u64 length, text
 *                        u64 count, then spans:    u64 len, u64 byte, u64 byte_len, u32 line,
 *                                                  u32 page, f32 box[4], u32 verbatim
 *
 * Name, path, hash and size are not sent: the receiver knows them. */
#ifndef INGEST_WIRE_H
#define INGEST_WIRE_H

#include "ingest/ingest.h"

#define WIRE_VERSION 2
#define WIRE_LIMIT ((size_t)512 << 20) /* longer messages are refused: E_LIMIT */

/* The words of --ocr, by enum ocr_use; NULL after the last. */
extern const char *const wire_ocr_words[];

/* Writes a message to fd, whole.  E_IO when the other side is gone (ignore SIGPIPE). */
enum err wire_send(int fd, const struct doc *d, struct errinfo *e);
enum err wire_send_error(int fd, const struct errinfo *why, struct errinfo *e);

/* The same into memory. */
void wire_put(struct buf *out, const struct doc *d);
void wire_put_error(struct buf *out, const struct errinfo *why);

/* Reads a message of hostile bytes.  The document is built anew through the builder, so whatever
 * comes out holds what ingest.h promises: spans in order and without holes, offsets inside text
 * and source, UTF-8.  A span that claims to be verbatim is compared with the source, a page number
 * with the number of pages.
 *   source, n_source   the bytes of the document, for the hash and for these checks
 * E_FORMAT for a message that is cut short or contradicts itself; the sender's own code and
 * message for an error; E_LIMIT above WIRE_LIMIT. */
struct wire_about {
    const char *name, *path, *format;
    const void *source;
    size_t n_source;
    struct buf *members; /* not NULL: the answer is kept here as it is (members.h) */
};
enum err wire_parse(struct doc **out, struct arena *a, const struct wire_about *about,
                    const void *bytes, size_t n, struct errinfo *e);

/* Exit statuses of deepread-extract when no message was sent. */
enum wire_exit {
    WIRE_EXIT_SENT = 0,      /* a message was sent                                   */
    WIRE_EXIT_USAGE = 2,     /* called in a wrong way, unknown FORMAT: E_USAGE       */
    WIRE_EXIT_SANDBOX = 3,   /* the sandbox could not be set up: E_UNSUPPORTED       */
    WIRE_EXIT_IMAGES = 7,    /* ask again with --ocr=images: pages are pictures     */
    WIRE_EXIT_MEMORY = 6,    /* out of memory, as base/mem.h ends a process: E_LIMIT */
    WIRE_EXIT_APART = 8,     /* ask again with --apart: a page took too long          */
    WIRE_EXIT_NO_PROGRAM = 127 /* could not be started: E_IO                         */
    /* any other: E_FORMAT with the last line of standard error */
};

#endif
