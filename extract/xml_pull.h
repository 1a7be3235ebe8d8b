/* xml_pull.h: hostile XML as a stream of events: libxml2's reader without what a document could
 * do harm with.  Nothing is loaded, no entity of the document's own is expanded (a document that
 * declares one is refused), nesting is limited, and the tree is never in memory. */
#ifndef EXTRACT_XML_PULL_H
#define EXTRACT_XML_PULL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum pull_event {
    PULL_OPEN,  /* an element starts: name, depth, attributes                */
    PULL_CLOSE, /* an element ends (also one without content): name, depth   */
    PULL_TEXT,  /* characters, references decoded: text; white space counts  */
    PULL_END    /* of the document, or of what can be read of it: see broken */
};

struct pull {
    void *reader;     /* xmlTextReader                                   */
    const char *name; /* of the element, without prefix                  */
    const char *space; /* its namespace, "" when it has none             */
    struct str text;  /* valid until the next event                      */
    int depth;        /* of the element: 0 the root                      */
    bool broken;      /* ended early: not well-formed, or refused        */
    bool close;       /* the element just opened ends at once            */
};

/* The bytes are borrowed until pull_close. */
void pull_open(struct pull *p, const char *bytes, size_t n);
void pull_close(struct pull *p); /* zeroed is fine */

enum pull_event pull_next(struct pull *p);
/* The next event, from inside the element that opened at `depth`; false when it has closed. */
bool pull_inside(struct pull *p, int depth, enum pull_event *ev);
/* After PULL_OPEN: passes by everything up to and including its end. */
void pull_skip(struct pull *p);

bool pull_is(const struct pull *p, const char *name);
/* After PULL_OPEN: the attribute of that local name, "" when there is none; borrowed until the
 * next event.  An attribute that refers to a relationship (r:id) is found by pull_ref only. */
const char *pull_attr(const struct pull *p, const char *name);
const char *pull_ref(const struct pull *p, const char *name);
bool pull_has(const struct pull *p, const char *name);

#endif
