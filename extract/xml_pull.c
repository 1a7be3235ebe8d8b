#include "extract/xml_pull.h"

#include <limits.h>
#include <string.h>

#include <libxml/xmlreader.h>

/* "<!ENTITY" cannot stand in well-formed text; UTF-16 spells it with zeros between. */
static bool declares_entities(const char *s, size_t n)
{
    static const char wide[] = "<\0!\0E\0N\0T\0I\0T\0Y";
    return memmem(s, n, "<!ENTITY", 8) || memmem(s, n, wide, sizeof wide - 1);
}

/* Encodings of their own kind would hide a declaration from the search above. */
static bool known_encoding(const char *s, size_t n)
{
    const char *end = n > 5 && !memcmp(s, "<?xml", 5) ? memchr(s, '>', n < 512 ? n : 512) : NULL;
    const char *at = end ? memmem(s, (size_t)(end - s), "encoding", 8) : NULL;
    if (!at) return true;
    static const char *const known[] = {"utf-8", "UTF-8", "utf-16", "UTF-16", "us-ascii", "ASCII",
                                        "US-ASCII", "ISO-8859-1", "iso-8859-1", "windows-125"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (memmem(at, (size_t)(end - at), known[i], strlen(known[i]))) return true;
    return false;
}

static void quiet(void *ctx, const char *msg, xmlParserSeverities severity,
                  xmlTextReaderLocatorPtr where)
{
    (void)ctx, (void)msg, (void)severity, (void)where;
}

void pull_open(struct pull *p, const char *bytes, size_t n)
{
    *p = (struct pull){.name = "", .space = ""};
    if (n > INT_MAX || declares_entities(bytes, n) || !known_encoding(bytes, n)) {
        p->broken = true;
        return;
    }
    int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA |
                  XML_PARSE_COMPACT;
    p->reader = xmlReaderForMemory(bytes, (int)n, NULL, NULL, options);
    if (p->reader) xmlTextReaderSetErrorHandler(p->reader, quiet, NULL);
    else p->broken = true;
}

void pull_close(struct pull *p)
{
    if (p->reader) xmlFreeTextReader(p->reader);
    *p = (struct pull){.name = "", .space = ""};
}

static void take_name(struct pull *p)
{
    const char *space = (const char *)xmlTextReaderConstNamespaceUri(p->reader);
    const char *name = (const char *)xmlTextReaderConstLocalName(p->reader);
    p->name = name ? name : "";
    p->space = space ? space : "";
    p->depth = xmlTextReaderDepth(p->reader);
}

enum pull_event pull_next(struct pull *p)
{
    if (p->close) {
        p->close = false;
        return PULL_CLOSE;
    }
    int r = 0;
    while (p->reader && (r = xmlTextReaderRead(p->reader)) == 1) {
        switch (xmlTextReaderNodeType(p->reader)) {
        case XML_READER_TYPE_ELEMENT:
            take_name(p);
            p->close = xmlTextReaderIsEmptyElement(p->reader) == 1;
            return PULL_OPEN;
        case XML_READER_TYPE_END_ELEMENT: take_name(p); return PULL_CLOSE;
        case XML_READER_TYPE_TEXT:
        case XML_READER_TYPE_CDATA:
        case XML_READER_TYPE_WHITESPACE:
        case XML_READER_TYPE_SIGNIFICANT_WHITESPACE: {
            const char *s = (const char *)xmlTextReaderConstValue(p->reader);
            p->text = str_of(s);
            return PULL_TEXT;
        }
        default: break;
        }
    }
    if (r < 0) p->broken = true;
    p->depth = -1;
    return PULL_END;
}

bool pull_inside(struct pull *p, int depth, enum pull_event *ev)
{
    *ev = pull_next(p);
    return *ev != PULL_END && !(*ev == PULL_CLOSE && p->depth <= depth);
}

void pull_skip(struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    while (pull_inside(p, depth, &ev)) continue;
}

bool pull_is(const struct pull *p, const char *name)
{
    return strcmp(p->name, name) == 0;
}

static bool is_relation(const xmlAttr *a)
{
    const char *space = a->ns && a->ns->href ? (const char *)a->ns->href : "";
    return strstr(space, "/relationships") != NULL;
}

static const char *find_attr(const struct pull *p, const char *name, bool relation)
{
    const xmlNode *n = p->reader ? xmlTextReaderCurrentNode(p->reader) : NULL;
    if (!n || n->type != XML_ELEMENT_NODE) return NULL;
    for (const xmlAttr *a = n->properties; a; a = a->next)
        if (is_relation(a) == relation && !strcmp((const char *)a->name, name))
            return a->children && a->children->content ? (const char *)a->children->content : "";
    return NULL;
}

const char *pull_attr(const struct pull *p, const char *name)
{
    const char *v = find_attr(p, name, false);
    return v ? v : "";
}

const char *pull_ref(const struct pull *p, const char *name)
{
    const char *v = find_attr(p, name, true);
    return v ? v : "";
}

bool pull_has(const struct pull *p, const char *name)
{
    return find_attr(p, name, false) != NULL;
}
