/* read_html.h: pages that are part of another document: chapters of a book, bodies of mail.  All
 * that is visible is content: there is no choice of a main part. */
#ifndef EXTRACT_READ_HTML_H
#define EXTRACT_READ_HTML_H

#include "extract/html_write.h"

/* Adds the page behind what is in the document.  xml: see html_scan.h.  Returns the hidden
 * characters that were left out. */
size_t read_html_part(struct doc_builder *b, const struct html_source *src, bool xml);

/* The same for a chapter in any encoding, as part `page` of the document; places have no bytes,
 * lines are those of the member.  Of the options only show_hidden counts.
 * *hidden grows by the hidden characters that were left out. */
enum err read_html_member(struct doc_builder *b, const struct ingest_options *o, const char *bytes,
                          size_t n, uint32_t page, const char *name, size_t *hidden,
                          struct errinfo *e);

#endif
