/* html_write.h: from the chosen nodes of a page to the document. */
#ifndef EXTRACT_HTML_WRITE_H
#define EXTRACT_HTML_WRITE_H

#include "extract/html_scan.h"
#include "extract/html_tree.h"
#include "ingest/ingest.h"

/* Where a piece of the UTF-8 page came from.  The source itself, when it is UTF-8. */
struct html_source {
    const char *utf8; /* the page as scanned                                       */
    size_t n;
    const char *bytes; /* the source                                                */
    size_t n_bytes;
    const struct html_piece *piece; /* sorted by `at`; NULL: utf8 is bytes + bom              */
    size_t n_pieces;
    size_t bom;
    uint32_t page; /* of every place, 0 without                                 */
    bool inside;   /* bytes are those of a member of the source: places have none */
    const size_t *lines; /* where lines of `bytes` start; NULL: lines are those of utf8 */
    size_t n_lines;
    bool show_hidden; /* as in ingest_options */
};
struct html_piece {
    size_t at, len;        /* in utf8  */
    size_t byte, byte_len; /* in bytes */
};

/* Writes what is kept below root: paragraphs and headings with a blank line between them, list
 * items as "- " or, of an ordered list, with their number or letter, rows of tables as lines with
 * " | " between cells, pre with its own lines and blanks, links as their text.  White space is
 * collapsed elsewhere.  Formulas: html_math.h.  Returns the characters that were left out of what
 * is kept because nobody sees them. */
size_t html_write(struct doc_builder *b, xmlNode *root, const struct html_scan *scan,
                  const struct html_source *src);

#endif
