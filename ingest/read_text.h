/* read_text.h: plain text, Markdown and source code: what is read in this process. */
#ifndef INGEST_READ_TEXT_H
#define INGEST_READ_TEXT_H

#include "ingest/formats.h"

extern const struct reader read_text_plain, read_text_markdown, read_text_code;

#endif
