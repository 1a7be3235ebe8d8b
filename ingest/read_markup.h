/* read_markup.h: reStructuredText and AsciiDoc: read as they stand, as Markdown is, without what
 * is a comment. */
#ifndef INGEST_READ_MARKUP_H
#define INGEST_READ_MARKUP_H

#include "ingest/formats.h"

extern const struct reader read_rst, read_asciidoc;

#endif
