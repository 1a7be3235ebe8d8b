/* tessdata.h: the languages that tesseract has data for on this machine (Debian: tesseract-ocr, and
 * tesseract-ocr-LANG for each language). */
#ifndef INGEST_TESSDATA_H
#define INGEST_TESSDATA_H

#include <stddef.h>

#include "base/str.h"

enum { TESSDATA_AT_ONCE = 3, TESSDATA_NAME = 64 };
#define TESSDATA_NAMES ((size_t)TESSDATA_AT_ONCE * (TESSDATA_NAME + 1))

/* The folder that has all of `langs` ("eng+deu", at most TESSDATA_AT_ONCE), which `out` gets; NULL
 * takes those of the first folder that has any, English first.  NULL: none has.  Cost: reads
 * folders. */
const char *tessdata_find(const char *langs, char out[TESSDATA_NAMES]);

/* Appends the names of all that are installed, "deu, eng"; "in FOLDER: deu, eng; in FOLDER: fra"
 * where a second folder has others; nothing where there are none. */
void tessdata_list(struct buf *out);

#endif
