/* extract.h: the readers of deepread-extract.  Each parses hostile bytes that are wholly in
 * memory, opens nothing, and returns an error instead of ending the process. */
#ifndef EXTRACT_EXTRACT_H
#define EXTRACT_EXTRACT_H

#include "ingest/ingest.h"

struct crew;
struct crew_post;
struct ocr;

/* PDF.  The options pages and password count.  Errors start with `name`:
 *   E_LOCKED needs a password (the empty one was tried)   E_EMPTY no page has text
 *   E_FORMAT damaged beyond repair                        E_USAGE no such page */
enum err read_pdf(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e);

/* The same with what was made ready before the process shut itself in. */
struct extract_aid {
    struct crew *crew; /* processes that read some of the pages, each by help_pdf; ends with the call.
                          The text does not depend on its size.  NULL: none */
    struct ocr *ocr;   /* recognises pages that are pictures; NULL: none */
    bool may_ask;      /* there would be one: ... */
    bool asks;         /* ... set where it is wanted; the document is of no use then */
    bool apart;        /* the crew is to read all pages: one of them breaks its reader.  Otherwise
                          one that takes too long may end the process with WIRE_EXIT_APART */
};
enum err read_pdf_with(struct extract_aid *aid, struct doc_builder *b,
                       const struct ingest_options *o, const char *name, const void *bytes,
                       size_t n, struct errinfo *e);

struct extract_input {
    const struct ingest_options *o;
    const void *bytes;
    size_t n;
    const struct extract_aid *aid;
};
void help_pdf(void *input, const struct crew_post *post);

/* HTML.  The option encoding counts.  E_EMPTY when no text is visible. */
enum err read_html(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e);

/* Office documents and e-books.  E_FORMAT when the main part is missing or nothing in it can be
 * read, E_LIMIT above the limits of zip.h, E_LOCKED encrypted, E_EMPTY no text. */
enum err read_docx(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e);
enum err read_odt(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e);
enum err read_epub(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e);
enum err read_pptx(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e);
enum err read_xlsx(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e);
enum err read_ods(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e);
enum err read_odp(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e);

/* A message, and a box of them (where --pages counts messages).  E_EMPTY when there is no text. */
enum err read_eml(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e);
enum err read_mbox(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e);

/* Sends what is attached to a message, or to those of a box, and is not part of its text. */
enum err unpack_mail(int fd, const char *name, const void *bytes, size_t n, struct errinfo *e);

/* E_FORMAT when it does not begin like RTF. */
enum err read_rtf(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e);

#endif
