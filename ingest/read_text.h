/* read_text.h: plain text, Markdown and source code: what is read in this process. */
#ifndef INGEST_READ_TEXT_H
#define INGEST_READ_TEXT_H

#include "ingest/formats.h"

/* Adds all bytes as the text that they are, in o->encoding or what is detected, and says the charset
 * and what was ill-formed.  E_UNSUPPORTED: binary. */
enum err read_text_bytes(struct doc_builder *b, const struct ingest_options *o, const char *name,
                         const char *s, size_t n, struct errinfo *e);

/* Finds headings that are underlined in the text so far: the order of the marks gives the levels. */
void read_text_underlined(struct doc_builder *b);

extern const struct reader read_text_plain, read_text_markdown, read_text_code;

#endif
