/* ocr.h: text from pictures by tesseract, when it is installed (Debian: tesseract-ocr, and
 * tesseract-ocr-LANG for each language).
 *
 * The library is loaded only when a document needs it, before the process shuts itself in, together
 * with all data that it will need.  Pixels are a document's, so they are looked at after.  It must
 * not start threads there: OMP_THREAD_LIMIT=1 has to be in the environment when the program starts
 * (ingest/extractor.c sees to that). */
#ifndef EXTRACT_OCR_H
#define EXTRACT_OCR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Whether data for the languages are there: of `langs` ("eng+deu"), or any when NULL.  Costs
 * reading a folder; whether the library can be loaded is not tried. */
bool ocr_is_there(const char *langs);
/* "tesseract, eng+deu", or what is missing.  Cost: loads the library and its data. */
void ocr_describe(struct buf *out);

struct ocr;

/* NULL when the library or the data are not there, or are of no use.  langs as above; NULL takes
 * the languages that are installed, English first, at most three. */
struct ocr *ocr_open(const char *langs);
void ocr_close(struct ocr *o);                  /* NULL is fine */
const char *ocr_languages(const struct ocr *o); /* "eng+deu" */

/* Pixels from the top left. */
struct ocr_word {
    int x0, y0, x1, y1;
    float baseline; /* under its middle                           */
    float height;   /* of its line, from the top of the highest letter to the lowest */
    int confidence; /* 0 to 100                                   */
    size_t text, n; /* UTF-8 in the buffer given to ocr_read      */
};

/* Recognises a gray picture of 8 bits.  *words is to be freed with mem_free, text is
 * appended.  False when nothing could be done within `seconds`. */
bool ocr_read(struct ocr *o, const unsigned char *gray, int width, int height, int dpi,
              double seconds, struct ocr_word **words, size_t *n, struct buf *text);

#endif
