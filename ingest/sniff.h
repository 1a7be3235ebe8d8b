/* sniff.h: whether bytes look like a format: 0 no .. 100 certain (formats.h).  For formats whose
 * readers live in deepread-extract. */
#ifndef INGEST_SNIFF_H
#define INGEST_SNIFF_H

#include <stddef.h>

int sniff_pdf(const char *name, const unsigned char *head, size_t n);
int sniff_html(const char *name, const unsigned char *head, size_t n);

#endif
