/* json_walk.h: walks JSON text and tells where each string stands, which jansson does not.  The
 * text was found to be JSON before (json_loadb); bytes that are not only end the walk early. */
#ifndef INGEST_JSON_WALK_H
#define INGEST_JSON_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_walk {
    const char *s;
    size_t n;
    size_t at; /* of the value that comes next, or of the comma or bracket behind the last one */
};

/* The kind of the value at hand: '{', '[', '"', or another first character; '\0' at the end. */
char walk_kind(struct json_walk *c);
/* Steps into the object or array at hand. */
void walk_enter(struct json_walk *c);
/* The next member of the object that was entered: its key as it stands between its quotes; the
 * value is at hand then.  False behind the last one. */
bool walk_member(struct json_walk *c, const char **key, size_t *len);
/* The next element of the array that was entered is at hand; false behind the last one. */
bool walk_element(struct json_walk *c);
/* Passes the value at hand. */
void walk_skip(struct json_walk *c);
/* Passes the string at hand: where it stands between its quotes. */
void walk_string(struct json_walk *c, size_t *from, size_t *to);

/* The escape at s[0] == '\\': its length (1 when it is none), and what it stands for. */
size_t walk_escape(const char *s, size_t n, uint32_t *cp);

#endif
