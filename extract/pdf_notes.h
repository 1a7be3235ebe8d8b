/* pdf_notes.h: footnotes and side notes among the lines of a document. */
#ifndef EXTRACT_PDF_NOTES_H
#define EXTRACT_PDF_NOTES_H

#include "base/mem.h"
#include "extract/pdf_join.h"

/* Moves the notes among n lines in reading order: those that the text calls, or that stand beside
 * it, behind the paragraph that does; those at the foot of a page inside a sentence behind the
 * paragraph in which it ends.  Cost: n, and the length of the text above the notes of a page for
 * each of them. */
void notes_place(const struct manner *m, struct placed *v, size_t n, struct arena *scratch);

#endif
