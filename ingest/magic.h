/* magic.h: what a file that is not text looks like, and what text nobody wrote. */
#ifndef INGEST_MAGIC_H
#define INGEST_MAGIC_H

#include <stdbool.h>
#include <stddef.h>

/* A noun for bytes of a known kind that deepread does not read ("a PNG image"), from the first bytes of
 * the file; NULL when nothing is recognised. */
const char *magic_of(const void *head, size_t n);

/* Why a text file of a folder is not worth reading: lock files, minified and generated code.
 * `name` is the file's name without folders, head its first bytes.  NULL when it is. */
const char *magic_generated(const char *name, const void *head, size_t n, bool is_code);

#endif
