/* html_stream.c: see html_stream.h. */
#include "extract/html_stream.h"

#include <stdlib.h>
#include <string.h>

#include "extract/html_tree.h"

enum { DEPTH = 1000 }; /* of a place below which nothing is moved there */

struct part {
    xmlNode *box, *place;
    long number;
};

/* The number of an id like "S:1f", or -1. */
static long number_of(const xmlNode *n, const char *letters)
{
    const char *id = tree_attr(n, "id");
    char *end;
    if (!*id || !strchr(letters, *id) || id[1] != ':') return -1;
    if (!strchr("0123456789abcdef", id[2]) || !id[2]) return -1;
    long number = strtol(id + 2, &end, 16);
    return *end || number < 0 ? -1 : number;
}

static int by_number(const void *a, const void *b)
{
    const struct part *p = a, *q = b;
    return (p->number > q->number) - (p->number < q->number);
}

static size_t find_parts(struct part part[STREAM_PARTS], xmlNode *root)
{
    size_t n_parts = 0;
    for (xmlNode *n = root; n && n_parts < STREAM_PARTS; n = tree_next(n, root, false)) {
        if (n->type != XML_ELEMENT_NODE || !tree_has_attr(n, "hidden")) continue;
        long number = number_of(n, "S");
        if (number >= 0) part[n_parts++] = (struct part){.box = n, .number = number};
    }
    qsort(part, n_parts, sizeof *part, by_number);
    return n_parts;
}

static void find_places(struct part *part, size_t n_parts, xmlNode *root)
{
    for (xmlNode *n = root; n; n = tree_next(n, root, false)) {
        if (n->type != XML_ELEMENT_NODE || strcmp((const char *)n->name, "template") != 0) continue;
        struct part key = {.number = number_of(n, "BP")};
        struct part *p = key.number < 0 ? NULL : bsearch(&key, part, n_parts, sizeof key, by_number);
        if (p && !p->place) p->place = n;
    }
}

/* A part may keep the place of others, but not its own. */
static bool may_move(const struct part *p)
{
    int depth = 0;
    const xmlNode *up = p->place;
    while (up && up != p->box && depth++ < DEPTH) up = up->parent;
    return p->place && !up;
}

void stream_settle(xmlNode *root)
{
    struct part part[STREAM_PARTS];
    size_t n_parts = find_parts(part, root);
    if (!n_parts) return;
    find_places(part, n_parts, root);
    for (size_t i = 0; i < n_parts; i++) {
        xmlUnsetProp(part[i].box, (const xmlChar *)"hidden");
        if (!may_move(&part[i])) continue;
        xmlUnlinkNode(part[i].box);
        xmlAddNextSibling(part[i].place, part[i].box);
    }
}
