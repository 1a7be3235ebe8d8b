/* pdf_flow.h: from lines to paragraphs, and from paragraphs to the document. */
#ifndef EXTRACT_PDF_FLOW_H
#define EXTRACT_PDF_FLOW_H

#include "extract/pdf_page.h"
#include "ingest/ingest.h"

/* Fills left, right, leading and tabular of every line of a page. */
void flow_measure(struct pdf_page *p, struct arena *scratch);

/* Writes all pages but the context: paragraphs with a blank line between them, lines of a paragraph joined by a
 * space or, after a hyphen that splits a word, by nothing; rows of tables line by line with " | "
 * between cells; one span for each line.  Headings by the outline, else by font size and weight;
 * the title is the largest one of the first two pages that have some. */
void flow_write(struct doc_builder *b, const struct pdf_doc *d, struct arena *scratch);

#endif
