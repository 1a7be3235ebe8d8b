/* pdf_repair.h: a readable file from one whose table of objects is lost. */
#ifndef EXTRACT_PDF_REPAIR_H
#define EXTRACT_PDF_REPAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* The offset of "%PDF-", or 0 when there is none: what stands before it is junk that shifts every
 * offset in the file. */
size_t repair_skip_junk(const char *s, size_t n);

/* Copies the file into *out and appends a table of all objects found in it, those inside object
 * streams included, with the catalogue as its root.  Where that is lost, one is made for the page
 * tree, and where that is lost too, a tree of the pages in file order.  False without pages.
 * Encrypted files cannot be helped: what decrypts them stood in the table.  Memory: the file, and
 * REPAIR_INFLATE for one object stream at a time. */
#define REPAIR_INFLATE ((size_t)64 << 20)
bool repair_file(struct buf *out, const char *s, size_t n);

/* Undoes what a transfer as text did to a file with binary data: each end of line became two
 * characters.  False, and *out untouched, where one is alone, or the file still knows where its
 * table of objects is: nothing of the kind happened.  Where the file had such pairs before, these
 * bytes are lost. */
bool repair_newlines(struct buf *out, const char *s, size_t n);

#endif
