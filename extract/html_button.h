/* html_button.h: where a button ends that the page does not close where it should.
 *
 * libxml2 leaves a button open whose end it meets in a block that nobody closed, and the page behind it
 * would be in the button: of such a one only the text is copied. */
#ifndef EXTRACT_HTML_BUTTON_H
#define EXTRACT_HTML_BUTTON_H

#include "extract/html_tag.h"

/* At the tag of a button that ends at src[e].  Cost: linear for all buttons of a page. */
void button_enter(struct html_scan *o, const char *src, size_t e, size_t n);
/* At the tag t, where it ends. */
void button_leave(struct html_scan *o, const struct tag *t);

#endif
