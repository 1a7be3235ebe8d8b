/* schema.h: a JSON schema compiled to the grammar of a reply.
 *
 * The subset: an object whose properties are all required, in their order; an array of such
 * objects; strings; strings that may be null; one integer property marked "x-label": true (the
 * chunk cited) and a string marked "x-quote": true (a quotation from that chunk, after its
 * label); "maxItems", "minItems", "maxLength".  A string may carry "x-free": true (free text: kept
 * from running in circles) and "x-lines": N.  Anything else is refused by name and place.
 *
 * The grammar is a list of pieces in the order of the reply:
 *
 *   ask   {"citations":[  ( {"chunk": LABEL ,"quote":" QUOTE "} )*  ],"answer":" TEXT "}
 *                                                                  ],"answer":null}
 *
 * LITERAL pieces are the whole run of structure between two values, so that structure and values
 * are tokenised separately, exactly as in training (tests/data/prompt-vectors.jsonl, "pieces"):
 * items of a list are preceded by `{...` and separated by the piece `,`. */
#ifndef ENGINE_SCHEMA_H
#define ENGINE_SCHEMA_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum value_kind { VALUE_LABEL, VALUE_QUOTE, VALUE_TEXT };

struct schema_value {
    enum value_kind kind;
    const char *field;      /* property name                                         */
    bool nullable;          /* strings: null may stand instead                       */
    bool free_text;         /* kept from running in circles                          */
    size_t max_length;      /* code points, 0: the caller's limit                    */
    size_t max_lines;       /* strings: lines at most, 0: any number                 */
};

/* The reply is one object: a run of members, each a value or a list of objects of values. */
struct schema_member {
    const char *list;       /* name of the list, NULL for a plain value */
    struct schema_value *values;
    size_t n_values;        /* 1 for a plain value */
    size_t min_items, max_items; /* max_items 0: no limit */
};

struct schema {
    struct schema_member *members;
    size_t n_members;
};

/* Lives in the arena.  E_FORMAT not JSON, E_UNSUPPORTED outside the subset. */
enum err schema_compile(struct schema **out, struct arena *a, struct str json, const char *name,
                        struct errinfo *e);

#endif
