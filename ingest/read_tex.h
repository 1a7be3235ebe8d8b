/* read_tex.h: LaTeX: the text of a document without its commands.  Math stands as it is written,
 * and so do the names of files that are to be read in its place (\input). */
#ifndef INGEST_READ_TEX_H
#define INGEST_READ_TEX_H

#include "ingest/formats.h"

extern const struct reader read_tex;

#endif
