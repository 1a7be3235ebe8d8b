/* sniff.h: whether bytes look like a format: 0 no .. 100 certain (formats.h).  For formats whose
 * readers live in deepread-extract. */
#ifndef INGEST_SNIFF_H
#define INGEST_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

int sniff_pdf(const char *name, const unsigned char *head, size_t n);
int sniff_html(const char *name, const unsigned char *head, size_t n);
int sniff_docx(const char *name, const unsigned char *head, size_t n);
int sniff_odt(const char *name, const unsigned char *head, size_t n);
int sniff_epub(const char *name, const unsigned char *head, size_t n);
int sniff_pptx(const char *name, const unsigned char *head, size_t n);
int sniff_xlsx(const char *name, const unsigned char *head, size_t n);
int sniff_odp(const char *name, const unsigned char *head, size_t n);
int sniff_ods(const char *name, const unsigned char *head, size_t n);
int sniff_rtf(const char *name, const unsigned char *head, size_t n);
int sniff_eml(const char *name, const unsigned char *head, size_t n);
int sniff_mbox(const char *name, const unsigned char *head, size_t n);
int sniff_archive(const char *name, const unsigned char *head, size_t n);
/* Whether it is compressed and not named as an archive: "paper.txt.gz". */
bool sniff_compressed(const char *name, const unsigned char *head, size_t n);

#endif
