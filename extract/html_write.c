/* html_write.c: see html_write.h. */
#include "extract/html_write.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "extract/html_list.h"
#include "extract/html_math.h"

/* How far up an element looks for the cell, item or table that it is in. */
enum { CLIMB = 64 };
enum { MATH_SIGNS_MAX = 32 };
enum { INDENT_MAX = 7 }; /* steps of two blanks before the items of lists in lists */

/* What must stand before the next text; the stronger one wins. */
enum gap { GAP_NONE, GAP_SPACE, GAP_CELL, GAP_LINE, GAP_PARA };

struct writer {
    struct doc_builder *b;
    const struct html_scan *scan;
    const struct html_source *src;
    const size_t *line; /* byte offsets (of utf8) at which lines start */
    size_t n_lines;
    enum gap gap;
    char mark_of[LIST_MARK_MAX]; /* before the first text of an item, or ""  */
    int indent;                  /* depth of lists                              */
    int cell;                    /* inside how many cells of tables with rows   */
    int pre;                     /* inside how many pre                         */
    int math;                    /* inside how many formulas                    */
    char signs[MATH_SIGNS_MAX];  /* before the next text of a formula, or ""    */
    char line_end;               /* of the page: \n, or \r                      */
    size_t line_ends;            /* of pre, not yet written                     */
    bool any;                    /* something was written                       */
    size_t at;                   /* where in utf8 the next byte of text stands  */
    bool traced;                 /* `at` is known                               */
    size_t mark;                 /* the mark it follows                         */
};

/* ------------------------------------------------------------------ places */

static uint32_t line_of(const size_t *line, size_t n_lines, size_t at)
{
    size_t lo = 0, hi = n_lines;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (line[mid] <= at)
            lo = mid;
        else
            hi = mid;
    }
    return (uint32_t)(lo + 1);
}

static const struct html_piece *piece_at(const struct html_source *s, size_t at)
{
    size_t lo = 0, hi = s->n_pieces;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->piece[mid].at <= at)
            lo = mid;
        else
            hi = mid;
    }
    return &s->piece[lo];
}

/* The source bytes of utf8[at, at+n). */
static void find_bytes(const struct html_source *s, size_t at, size_t n, struct span *out)
{
    if (!s->piece) {
        out->byte = s->bom + at;
        out->byte_len = n;
        return;
    }
    const struct html_piece *p = piece_at(s, at), *q = piece_at(s, n ? at + n - 1 : at);
    out->byte = p->byte;
    out->byte_len = q->byte + q->byte_len - p->byte;
    if (p == q && p->len == p->byte_len) { /* one byte for each: the place is exact */
        out->byte = p->byte + (at - p->at);
        out->byte_len = n;
    }
}

/* ------------------------------------------------------------------ text */

/* Writes what stands between the last text and the next one, which comes from `next`. */
static void close_gap(struct writer *w, const struct span *next)
{
    enum gap g = w->gap;
    w->gap = GAP_NONE;
    if (w->any) {
        if (g == GAP_SPACE) doc_add_made(w->b, " ");
        if (g == GAP_CELL) doc_add_made(w->b, " | ");
        if (g == GAP_LINE) doc_add_made(w->b, "\n");
        if (g == GAP_PARA) doc_add_made(w->b, "\n\n");
    }
    if (!*w->mark_of && !*w->signs) return;
    char lead[2 * INDENT_MAX + LIST_MARK_MAX + MATH_SIGNS_MAX];
    int blanks = 2 * (w->indent > INDENT_MAX ? INDENT_MAX : w->indent > 0 ? w->indent - 1 : 0);
    snprintf(lead, sizeof lead, "%*s%s%s", *w->mark_of && w->any ? blanks : 0, "", w->mark_of,
             w->signs);
    doc_add_lead(w->b, lead, next);
    *w->mark_of = *w->signs = '\0';
}

/* Writes s[0..n), which stands at utf8[at..), or is what the coded mark stands for. */
static void put(struct writer *w, const char *s, size_t n, size_t at, bool coded)
{
    struct span sp = {0};
    size_t len = coded ? w->scan->mark[w->mark].len : n;
    if (at > w->src->n) at = w->src->n;
    if (len > w->src->n - at) len = w->src->n - at;
    find_bytes(w->src, at, len, &sp);
    sp.line = w->src->lines ? line_of(w->src->lines, w->src->n_lines, sp.byte)
                            : line_of(w->line, w->n_lines, at);
    sp.verbatim = !coded && sp.byte_len == n && sp.byte <= w->src->n_bytes &&
                  n <= w->src->n_bytes - sp.byte && !memcmp(w->src->bytes + sp.byte, s, n);
    sp.page = w->src->page;
    if (w->src->inside) sp.byte = SPAN_NO_BYTES;
    close_gap(w, &sp);
    w->any = true;
    doc_add(w->b, s, n, &sp);
}

static inline bool is_blank(const char *s, size_t n, size_t *len)
{
    if ((unsigned char)*s >= 0x80) {
        uint32_t cp;
        *len = utf8_next(s, n, &cp);
        return cp == 0xA0 || cp == 0x3000 || cp == 0x2028 || cp == 0x2029 ||
               (cp >= 0x2061 && cp <= 0x2064); /* signs of formulas that nobody sees */
    }
    *len = 1;
    return *s == ' ' || *s == '\n' || *s == '\t' || *s == '\r' || *s == '\f';
}

/* Text outside pre: white space is one space, at most.  A single blank inside is written as it
 * stands, so that a sentence on one line of the source is one verbatim span. */
static void put_flowing(struct writer *w, const char *s, size_t n, size_t at, bool coded)
{
    size_t i = 0, k;
    while (i < n) {
        if (is_blank(s + i, n - i, &k)) {
            if (w->gap < GAP_SPACE) w->gap = GAP_SPACE;
            i += k;
            continue;
        }
        size_t j = i + 1;
        while (j < n) {
            if (!is_blank(s + j, n - j, &k)) {
                j += k;
                continue;
            }
            if (s[j] != ' ' || j + 1 >= n || is_blank(s + j + 1, n - j - 1, &k)) break;
            j++;
        }
        put(w, s + i, j - i, coded ? at : at + i, coded);
        i = j;
    }
}

/* Text inside pre.  The line ends at its start and at its end are none of its text: those of the
 * end wait until more text follows. */
static void put_pre(struct writer *w, const char *s, size_t n, size_t at, bool coded)
{
    size_t i = 0, ends = 0, k = n;
    while (i < n && (s[i] == '\n' || s[i] == '\r')) i++;
    if (!w->any || w->gap >= GAP_LINE) {
        s += i, n -= i, k -= i;
        if (!coded) at += i;
    }
    while (k > 0 && (s[k - 1] == '\n' || s[k - 1] == '\r')) ends += s[--k] == w->line_end;
    if (k) {
        for (; w->line_ends; w->line_ends--) doc_add_made(w->b, "\n");
        put(w, s, k, at, coded);
    }
    w->line_ends += ends;
}

/* Blanks around the tokens of a formula only lay out its source. */
static void put_formula(struct writer *w, const char *s, size_t n, size_t at, bool coded)
{
    size_t i = 0, k;
    while (i < n && is_blank(s + i, n - i, &k)) i += k;
    enum gap g = w->gap;
    put_flowing(w, s + i, n - i, coded ? at : at + i, coded);
    w->gap = i < n ? GAP_NONE : g;
}

/* A text node: pieces between marks. */
static void write_text(struct writer *w, const xmlNode *node)
{
    bool formula = w->math && !math_is_words(node->parent);
    const char *s = node->content ? (const char *)node->content : "";
    size_t n = strlen(s), i = 0;
    while (i < n) {
        size_t index, k = scan_mark(s + i, n - i, &index);
        if (k) {
            w->traced = index < w->scan->n_marks;
            if (w->traced) w->mark = index, w->at = w->scan->mark[index].at;
            i += k;
            continue;
        }
        size_t j = i;
        do { /* to the next mark */
            const char *next = memchr(s + j, SCAN_MARK, n - j);
            j = next ? (size_t)(next - s) : n;
        } while (j < n && !scan_mark(s + j, n - j, &index) && ++j);
        bool coded = w->traced && w->scan->mark[w->mark].coded;
        if (formula)
            put_formula(w, s + i, j - i, w->at, coded);
        else if (w->pre)
            put_pre(w, s + i, j - i, w->at, coded);
        else
            put_flowing(w, s + i, j - i, w->at, coded);
        if (!coded) w->at += j - i;
        i = j;
    }
}

/* ------------------------------------------------------------------ elements */

/* A row of a table stays on one line, whatever is in its cells. */
static void need(struct writer *w, enum gap g)
{
    if (w->cell && g > GAP_SPACE && g != GAP_CELL) g = GAP_SPACE;
    if (w->gap < g) w->gap = g;
}

static enum gap gap_around(const xmlNode *n, const struct html_facts *f)
{
    int climbed = 0;
    switch (f->tag) {
    case TAG_LI:
    case TAG_TR:
    case TAG_DT:
    case TAG_DD:
    case TAG_CAPTION:
    case TAG_SUMMARY:
    case TAG_FIGCAPTION: return GAP_LINE;
    case TAG_TBODY:
    case TAG_THEAD:
    case TAG_TFOOT: return GAP_LINE;
    case TAG_UL:
    case TAG_OL:
        return n->parent && n->parent->_private && tree_facts(n->parent)->tag == TAG_LI ? GAP_LINE
                                                                                        : GAP_PARA;
    case TAG_P:
    case TAG_DIV: /* inside a cell or an item they are no paragraphs of their own */
        for (const xmlNode *up = n->parent; up && up->_private && climbed++ < CLIMB;
             up = up->parent) {
            enum html_tag t = tree_facts(up)->tag;
            if (t == TAG_TD || t == TAG_TH) return up->children == n ? GAP_NONE : GAP_SPACE;
            if (t == TAG_LI || t == TAG_DD) return up->children == n ? GAP_NONE : GAP_LINE;
            if (t != TAG_DIV && t != TAG_P && t != TAG_OTHER) break;
        }
        return GAP_PARA;
    case TAG_TD:
    case TAG_TH: return GAP_NONE;
    default: return tree_is_block(f->tag) ? GAP_PARA : GAP_NONE;
    }
}

static bool layout_cell(const xmlNode *n)
{
    int climbed = 0;
    for (n = n->parent; n && n->_private && climbed++ < CLIMB; n = n->parent)
        if (tree_facts(n)->tag == TAG_TABLE)
            return tree_facts(n)->sum.blocks > 40 && !tree_facts(n)->data_table;
    return true;
}

/* A picture inside a sentence; those beside the text have captions, or adorn. */
static bool in_sentence(const xmlNode *n)
{
    int climbed = 0;
    for (n = n->parent; n && n->_private && climbed++ < CLIMB; n = n->parent) {
        const struct html_facts *f = tree_facts(n);
        if (tree_is_block(f->tag)) return f->tag == TAG_P && f->sum.chars > 0;
    }
    return false;
}

/* Signs that find no room belong to a formula that nobody wrote. */
static void open_formula(struct writer *w, const xmlNode *n)
{
    struct math_signs s = math_signs(n);
    if (math_is_formula(n)) w->math++;
    if (math_is_block(n)) need(w, GAP_LINE);
    if (s.apart_before) need(w, GAP_SPACE);
    if (strlen(w->signs) + strlen(s.before) < sizeof w->signs) strcat(w->signs, s.before);
}

static void close_formula(struct writer *w, const xmlNode *n)
{
    struct math_signs s = math_signs(n);
    if (*s.after && w->any) doc_add_made(w->b, s.after);
    if (s.apart_after) need(w, GAP_SPACE);
    if (!math_is_formula(n)) return;
    if (math_is_block(n)) need(w, GAP_LINE);
    w->math--;
    *w->signs = '\0';
}

/* A raised number that leads to a note (DPUB-ARIA, EPUB 3): bare it would be part of the word before
 * it. */
static bool is_note_number(const xmlNode *a)
{
    size_t digits = 0;
    if (strcmp(tree_attr(a, "role"), "doc-noteref") != 0 && !strstr(tree_attr(a, "epub:type"), "noteref"))
        return false;
    for (const xmlNode *n = a; n; n = tree_next((xmlNode *)(uintptr_t)n, a, false)) {
        const char *s = n->type == XML_ELEMENT_NODE || !n->content ? "" : (const char *)n->content;
        size_t len = strlen(s), index, k;
        for (size_t i = 0; i < len; i += k ? k : 1) {
            if ((k = scan_mark(s + i, len - i, &index)) != 0) continue;
            if (s[i] < '0' || s[i] > '9') return false;
            digits++;
        }
    }
    return digits > 0;
}

static void open_element(struct writer *w, const xmlNode *n, const struct html_facts *f,
                         size_t *heading)
{
    need(w, gap_around(n, f));
    if (w->math || (f->tag == TAG_OTHER && math_is_formula(n)))
        open_formula(w, n);
    else if (f->tag == TAG_OTHER && !w->gap && math_is_power(n, doc_text(w->b)))
        strcpy(w->signs, "^");
    if (tree_heading_level(f->tag)) {
        *heading = doc_length(w->b);
    } else if (f->tag == TAG_BR) {
        need(w, w->gap >= GAP_LINE ? GAP_PARA : GAP_LINE);
    } else if (f->tag == TAG_LI) {
        list_mark(w->mark_of, n);
    } else if (f->tag == TAG_UL || f->tag == TAG_OL) {
        w->indent++;
    } else if (f->tag == TAG_PRE) {
        w->pre++;
    } else if (f->tag == TAG_A && !w->math && is_note_number(n)) {
        strcpy(w->signs, "[");
    } else if (f->tag == TAG_OTHER && !w->math && tree_is_reading(n)) {
        strcpy(w->signs, "(");
    } else if (f->tag == TAG_ALT) {
        need(w, GAP_SPACE);
        strcpy(w->mark_of, "[");
    } else if (f->tag == TAG_TD || f->tag == TAG_TH) {
        const xmlNode *p = n->prev;
        while (p && (p->type != XML_ELEMENT_NODE || !p->_private || tree_facts(p)->drop))
            p = p->prev;
        bool layout = layout_cell(n);
        need(w, layout ? GAP_PARA : p && w->gap < GAP_LINE ? GAP_CELL : GAP_NONE);
        w->cell += !layout;
    }
}

static void close_element(struct writer *w, const xmlNode *n, const struct html_facts *f,
                          size_t heading)
{
    int level = tree_heading_level(f->tag);
    if (w->math) close_formula(w, n);
    if (level && heading != SIZE_MAX && doc_length(w->b) > heading) {
        struct str t = doc_text(w->b);
        while (heading < t.n && t.s[heading] == '\n') heading++;
        if (t.n > heading) doc_heading(w->b, heading, t.n - heading, level);
    } else if (f->tag == TAG_UL || f->tag == TAG_OL) {
        w->indent--;
    } else if (f->tag == TAG_PRE) {
        w->pre--;
        w->line_ends = 0;
    } else if (!w->math && ((f->tag == TAG_A && is_note_number(n)) ||
                            (f->tag == TAG_OTHER && tree_is_reading(n)))) {
        if (!*w->signs) doc_add_made(w->b, tree_is_reading(n) ? ")" : "]");
        *w->signs = '\0';
    } else if (f->tag == TAG_ALT) {
        doc_add_made(w->b, "]");
        need(w, GAP_SPACE);
    } else if (f->tag == TAG_LI) {
        *w->mark_of = '\0';
    } else if (f->tag == TAG_TD || f->tag == TAG_TH) {
        w->cell -= !layout_cell(n);
    }
    if (f->tag != TAG_BR) need(w, gap_around(n, f));
}

static size_t *find_lines(const struct html_source *s, char end, size_t *n_lines)
{
    size_t cap = 1024, n = 1, *line = mem_alloc(cap, sizeof *line);
    for (size_t i = 0; i < s->n; i++) {
        const char *p = memchr(s->utf8 + i, end, s->n - i);
        if (!p) break;
        i = (size_t)(p - s->utf8);
        if (n == cap) line = mem_grow(line, cap *= 2, sizeof *line);
        line[n++] = i + 1;
    }
    *n_lines = n;
    return line;
}

/* What is still needed for a blank line behind a text. */
static enum gap gap_behind(struct str t)
{
    if (!t.n || t.s[t.n - 1] != '\n') return GAP_PARA;
    return t.n > 1 && t.s[t.n - 2] == '\n' ? GAP_NONE : GAP_LINE;
}

size_t html_write(struct doc_builder *b, xmlNode *root, const struct html_scan *scan,
                  const struct html_source *src)
{
    bool cr = src->n && memchr(src->utf8, '\r', src->n) && !memchr(src->utf8, '\n', src->n);
    struct writer w = {.b = b,
                       .scan = scan,
                       .src = src,
                       .line_end = cr ? '\r' : '\n',
                       .any = doc_length(b) > 0,
                       .gap = gap_behind(doc_text(b))};
    size_t n_lines, *lines = find_lines(src, w.line_end, &n_lines), heading = SIZE_MAX;
    doc_set_cr_lines(b, cr);
    const xmlNode *kept = NULL; /* the outermost kept node that we are in */
    size_t hidden = 0;
    w.line = lines;
    w.n_lines = n_lines;
    xmlNode *n = root;
    while (n) {
        struct html_facts *f = tree_facts(n);
        bool enter = false;
        if (f && !f->drop && (f->tag != TAG_ALT || (!*w.mark_of && in_sentence(n)))) {
            if (!kept && f->keep) kept = n;
            if (n->type != XML_ELEMENT_NODE) {
                if (kept) write_text(&w, n);
            } else {
                if (kept)
                    open_element(&w, n, f, &heading);
                else if (f->tag == TAG_LI)
                    list_mark(w.mark_of, n), *w.mark_of = '\0';
                enter = n->children != NULL;
                if (!enter && kept) close_element(&w, n, f, heading);
                if (!enter && kept == n) kept = NULL;
            }
        } else if (f && f->hidden && kept) {
            hidden += tree_hidden_chars(n);
        }
        if (enter) {
            n = n->children;
            continue;
        }
        while (n != root && !n->next) { /* leave elements that end here */
            n = n->parent;
            f = tree_facts(n);
            if (!f) break;
            if (kept) close_element(&w, n, f, heading);
            if (kept == n) kept = NULL;
        }
        n = n == root ? NULL : n->next;
    }
    mem_free(lines);
    return hidden;
}
