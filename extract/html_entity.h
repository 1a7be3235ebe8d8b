/* html_entity.h: names of characters that HTML has and libxml2's table of HTML 4 has not. */
#ifndef EXTRACT_HTML_ENTITY_H
#define EXTRACT_HTML_ENTITY_H

#include <stdint.h>

#define HTML_ENTITY_MAX 24 /* bytes of a name and its NUL, at most */

/* The character of a name ("lpar"), or 0. */
uint32_t html_entity(const char *name);

#endif
