/* read_html.c: from the bytes of a page to a document.
 *
 *   html_scan    bytes -> marked copy, so that text nodes can be traced
 *   libxml2      marked copy -> tree
 *   html_stream  parts of the page that came late are put in their places
 *   html_tree    facts about the nodes
 *   html_main    which nodes are the content
 *   html_lead    the sentences before it that begin it
 *   html_clean   what is taken out of it
 *   html_write   nodes -> the document */
#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "extract/extract.h"
#include "extract/html_main.h"
#include "extract/html_scan.h"
#include "extract/html_stream.h"
#include "extract/html_tree.h"
#include "extract/html_write.h"
#include "extract/read_html.h"
#include "ingest/charset.h"

/* A page nested deeper than this is written whole: the choice of the main part looks at ancestors
 * of everything. */
enum { DEEP = 800 };

/* ------------------------------------------------------------------ to UTF-8 */

struct converted {
    struct buf utf8;
    struct html_piece *piece;
    size_t n, cap;
};

static void take_piece(void *ctx, const char *utf8, size_t n, size_t byte, size_t byte_len)
{
    struct converted *c = ctx;
    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 256;
        c->piece = mem_grow(c->piece, c->cap, sizeof *c->piece);
    }
    c->piece[c->n++] = (struct html_piece){c->utf8.n, n, byte, byte_len};
    buf_add(&c->utf8, utf8, n);
}

/* A declared charset that lies is worse than none: bytes that are UTF-8 win over it. */
static enum err find_charset(struct charset *cs, struct arena *a, const struct ingest_options *o,
                             const char *bytes, size_t n, struct errinfo *e)
{
    char declared[SCAN_CHARSET_MAX];
    struct errinfo ignored = {0};
    if (o->encoding) return charset_detect(cs, a, bytes, n, o->encoding, e);
    scan_charset(declared, bytes, n);
    bool wide = !strncasecmp(declared, "utf-16", 6) || !strncasecmp(declared, "utf-32", 6);
    if (*declared && !wide && /* a meta that could be read is not in UTF-16 */
        charset_detect(cs, a, bytes, n, declared, &ignored) == OK && cs->name && !cs->binary) {
        return OK;
    }
    return charset_detect(cs, a, bytes, n, NULL, e);
}

/* ------------------------------------------------------------------ the tree */

static xmlNode *find_element(xmlNode *root, const char *name)
{
    for (xmlNode *n = root; n; n = tree_next(n, root, false))
        if (n->type == XML_ELEMENT_NODE && !strcmp((const char *)n->name, name)) return n;
    return NULL;
}

static xmlDoc *parse(const struct buf *copy)
{
    if (copy->n > INT_MAX || !copy->n) return NULL;
    htmlParserCtxt *ctxt = htmlCreateMemoryParserCtxt(copy->s, (int)copy->n);
    if (!ctxt) return NULL;
    htmlCtxtUseOptions(ctxt, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                 HTML_PARSE_NONET | HTML_PARSE_COMPACT | HTML_PARSE_IGNORE_ENC);
    ctxt->options |= XML_PARSE_HUGE; /* else all that is nested deeper than 256 gets lost */
    xmlSwitchEncoding(ctxt, XML_CHAR_ENCODING_UTF8);
    htmlParseDocument(ctxt);
    xmlDoc *doc = ctxt->myDoc;
    htmlFreeParserCtxt(ctxt);
    return doc;
}

/* The text below a node without marks, white space collapsed. */
static void plain_text(struct buf *out, xmlNode *root)
{
    for (xmlNode *n = root; n; n = tree_next(n, root, false)) {
        if (n->type == XML_ELEMENT_NODE || !n->content) continue;
        const char *s = (const char *)n->content;
        size_t len = strlen(s), i = 0, index;
        while (i < len) {
            uint32_t cp;
            size_t k = scan_mark(s + i, len - i, &index);
            if (!k) {
                k = utf8_next(s + i, len - i, &cp);
                if (!utf8_is_space(cp))
                    buf_add(out, s + i, k);
                else if (out->n && out->s[out->n - 1] != ' ')
                    buf_addc(out, ' ');
            }
            i += k;
        }
    }
}

static void set_title(struct doc_builder *b, xmlNode *root)
{
    static const char *const places[] = {"title", "h1"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct buf t = {0};
        xmlNode *n = find_element(root, places[i]);
        if (n) plain_text(&t, n);
        if (t.n && t.n < 1000) {
            doc_set_title(b, t.s, t.n);
            buf_free(&t);
            return;
        }
        buf_free(&t);
    }
}

static void set_note(struct doc_builder *b, bool main_found, size_t hidden)
{
    struct buf note = {0};
    if (!main_found) buf_addz(&note, "no main part stood out: all visible text was taken");
    if (hidden)
        buf_addf(&note, "%sleft out %zu hidden character%s", note.n ? "; " : "", hidden,
                 hidden == 1 ? "" : "s");
    if (note.n) doc_set_note(b, note.s);
    buf_free(&note);
}

static enum err write_page(struct doc_builder *b, const struct html_source *src, bool show,
                           const char *name, struct errinfo *e)
{
    struct html_scan scan = {0};
    struct arena *a = arena_new();
    enum err r = OK;
    scan_page(&scan, src->utf8, src->n);
    xmlDoc *doc = parse(&scan.copy);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    if (root) {
        xmlNode *body = find_element(root, "body");
        if (!body) body = root;
        set_title(b, root);
        stream_settle(root);
        int depth = tree_prepare(root, show, a);
        tree_sum(root);
        bool found = depth <= DEEP && main_choose(body);
        if (depth > DEEP) tree_facts(body)->keep = true;
        set_note(b, found, html_write(b, body, &scan, src));
    }
    if (!doc_length(b)) r = err_set(e, E_EMPTY, "%s: no text is visible on this page", name);
    xmlFreeDoc(doc);
    arena_free(a);
    scan_free(&scan);
    return r;
}

/* The page in UTF-8, with the way back.  `c` holds its text: take_free. */
static enum err take_page(struct html_source *src, struct converted *c, struct doc_builder *b,
                          const struct ingest_options *o, const char *name, struct errinfo *e)
{
    struct charset cs = {0};
    struct arena *a = arena_new();
    size_t bad = 0;
    enum err r = find_charset(&cs, a, o, src->bytes, src->n_bytes, e);
    if (!r && (cs.binary || !cs.name))
        r = err_set(e, E_UNSUPPORTED, "%s: binary, not a page", name);
    if (!r) r = charset_convert(&cs, src->bytes, src->n_bytes, take_piece, c, &bad, e);
    if (!r) {
        doc_set_charset(b, cs.name);
        src->utf8 = c->utf8.s ? c->utf8.s : "";
        src->n = c->utf8.n;
        src->piece = c->piece;
        src->n_pieces = c->n;
        src->bom = cs.bom;
        if (c->utf8.n == src->n_bytes - cs.bom && src->n_bytes > cs.bom &&
            !memcmp(c->utf8.s, src->bytes + cs.bom, c->utf8.n))
            src->piece = NULL; /* it was UTF-8: places are exact without a table */
    }
    arena_free(a);
    return r;
}

static void take_free(struct converted *c)
{
    buf_free(&c->utf8);
    mem_free(c->piece);
}

enum err read_html(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e)
{
    struct converted c = {0};
    struct html_source src = {.bytes = bytes, .n_bytes = n};
    enum err r = take_page(&src, &c, b, o, name, e);
    if (!r) r = write_page(b, &src, o->show_hidden, name, e);
    take_free(&c);
    return r;
}

/* ------------------------------------------------------------------ parts of other documents */

size_t read_html_part(struct doc_builder *b, const struct html_source *src, bool xml)
{
    struct html_scan scan = {.xml = xml};
    struct arena *a = arena_new();
    scan_page(&scan, src->utf8, src->n);
    xmlDoc *doc = parse(&scan.copy);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    xmlNode *body = root ? find_element(root, "body") : NULL;
    size_t hidden = 0;
    if (root) {
        if (!body) body = root;
        tree_prepare(root, src->show_hidden, a);
        tree_sum(root);
        tree_facts(body)->keep = true;
        hidden = html_write(b, body, &scan, src);
    }
    xmlFreeDoc(doc);
    arena_free(a);
    scan_free(&scan);
    return hidden;
}

enum err read_html_member(struct doc_builder *b, const struct ingest_options *o, const char *bytes,
                          size_t n, uint32_t page, const char *name, size_t *hidden,
                          struct errinfo *e)
{
    struct converted c = {0};
    struct ingest_options none = {0};
    struct html_source src = {.bytes = bytes, .n_bytes = n, .page = page, .inside = true,
                              .show_hidden = o->show_hidden};
    enum err r = take_page(&src, &c, b, &none, name, e);
    if (!r) *hidden += read_html_part(b, &src, true);
    take_free(&c);
    return r;
}
