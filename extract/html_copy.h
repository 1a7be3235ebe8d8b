/* html_copy.h: what of a page goes into the copy that libxml2 reads (html_scan.h). */
#ifndef EXTRACT_HTML_COPY_H
#define EXTRACT_HTML_COPY_H

#include "extract/html_scan.h"

/* The text src[i, end), with marks, its character references decoded. */
void copy_text(struct html_scan *o, const char *src, size_t i, size_t end);

/* The tag src[i, end) with its first attributes; control characters inside become spaces. */
void copy_tag(struct html_scan *o, const char *src, size_t i, size_t end, bool is_root);

/* What stands in words for the picture whose tag is src[i, end): a formula is text, a description is kept
 * apart from it. */
void copy_alt(struct html_scan *o, const char *src, size_t i, size_t end);

/* The words or the TeX that a formula in MathML carries; `name`: of its tag src[i, end).  Returns where it
 * ends, or 0 when it carries none. */
size_t copy_math(struct html_scan *o, const char *src, size_t i, size_t end, size_t n, const char *name);

#endif
