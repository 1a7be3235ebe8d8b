/* extract.h: the readers of deepread-extract.  Each parses hostile bytes that are wholly in
 * memory, opens nothing, and returns an error instead of ending the process. */
#ifndef EXTRACT_EXTRACT_H
#define EXTRACT_EXTRACT_H

#include "ingest/ingest.h"

/* PDF.  The options pages and password count.  Errors start with `name`:
 *   E_LOCKED needs a password (the empty one was tried)   E_EMPTY no page has text
 *   E_FORMAT damaged beyond repair                        E_USAGE no such page */
enum err read_pdf(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e);

/* HTML.  The option encoding counts.  E_EMPTY when no text is visible. */
enum err read_html(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e);

#endif
