/* pdf_ocr.h: the words of a page that is a picture. */
#ifndef EXTRACT_PDF_OCR_H
#define EXTRACT_PDF_OCR_H

#include "extract/ocr.h"
#include "extract/pdf_outline.h"
#include "extract/words.h"

/* Draws page `number` (from 1) and recognises its text.  *out gets the words, and keeps its width,
 * height and label; its memory is released by words_page_free as before.  Words that were barely
 * recognised are left out; a page of mostly such words is a picture without text: false, as when it
 * cannot be drawn or is not done by `deadline` (sys_seconds), and *out is as it was.
 * A page may be turned by quarters: where its lines run up or down, or its letters are not sure, it
 * is read in the other directions too, which costs as much again each. */
bool ocr_page(struct words_page *out, struct ocr *ocr, struct outline *o, uint32_t number,
              double deadline);

#endif
