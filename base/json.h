/* json.h: jansson with this program's error convention.  Reading only; JSON is written with
 * buf_add_json (base/str.h). */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>

#include "base/err.h"

/* Parses n bytes; `name` is what an error calls them.  E_FORMAT names line, column and byte.
 * Objects keep the order of their keys; a key that stands twice is refused.
 * The caller releases *out with json_decref. */
enum err json_parse(json_t **out, const char *s, size_t n, const char *name, struct errinfo *e);

/* Reads a file of at most `limit` bytes and parses it. */
enum err json_parse_file(json_t **out, const char *path, size_t limit, struct errinfo *e);

#endif
