#include "ingest/read_markup.h"

#include <string.h>

#include "ingest/read_text.h"
#include "ingest/slice.h"

/* A line of the source without its line end. */
struct line {
    size_t from, to, next;
    size_t indent;
};

static struct line line_at(const struct slice *s, size_t at)
{
    struct line l = {.from = at, .next = slice_line_end(s, at)};
    l.to = l.next > at && s->text.s[l.next - 1] == '\n' ? l.next - 1 : l.next;
    while (l.from + l.indent < l.to && strchr(" \t", s->text.s[l.from + l.indent])) l.indent++;
    return l;
}

static bool is_blank(const struct line *l)
{
    return l->from + l->indent == l->to;
}

static bool starts(const struct slice *s, const struct line *l, const char *what)
{
    size_t k = strlen(what), at = l->from + l->indent;
    return l->to - at >= k && !memcmp(s->text.s + at, what, k);
}

/* Lines stand as they are; those left out leave nothing. */
static void put_line(struct slice *s, const struct line *l)
{
    s->pen.pre = true;
    if (!is_blank(l)) slice_text(s, l->from, l->to);
    s->pen.pre = false;
    pen_gap(&s->pen, is_blank(l) ? PEN_PARA : PEN_LINE);
}

/* ------------------------------------------------------------------ reStructuredText */

/* ".. " and no directive (name::), target (_name:), footnote or citation ([1]), substitution (|x|). */
static bool is_comment(const struct slice *s, const struct line *l)
{
    size_t at = l->from + l->indent + 2;
    if (!starts(s, l, "..") || (at < l->to && s->text.s[at] != ' ')) return false;
    while (at < l->to && s->text.s[at] == ' ') at++;
    if (at == l->to) return true;
    if (strchr("_[|", s->text.s[at])) return false;
    return !memmem(s->text.s + at, l->to - at, "::", 2);
}

static void put_rst(struct slice *s)
{
    for (size_t at = 0; at < s->text.n;) {
        struct line l = line_at(s, at);
        at = l.next;
        if (!is_comment(s, &l)) {
            put_line(s, &l);
            continue;
        }
        while (at < s->text.n) { /* what is indented deeper belongs to the comment */
            struct line m = line_at(s, at);
            if (!is_blank(&m) && m.indent <= l.indent) break;
            at = m.next;
        }
        pen_gap(&s->pen, PEN_PARA);
    }
}

/* ------------------------------------------------------------------ AsciiDoc */

/* A delimiter of four or more of one mark: a block that ends at the same line. */
static char delimiter(const struct slice *s, const struct line *l)
{
    char c = l->to - l->from >= 4 ? s->text.s[l->from] : '\0';
    if (!c || !strchr("-./+_=*", c)) return '\0';
    for (size_t i = l->from; i < l->to; i++)
        if (s->text.s[i] != c && s->text.s[i] != ' ') return '\0';
    return c;
}

static bool is_attribute(const struct slice *s, const struct line *l)
{
    const char *p = s->text.s + l->from;
    const char *colon = l->to - l->from > 2 && *p == ':' ? memchr(p + 1, ':', l->to - l->from - 1) : NULL;
    return colon && colon > p + 1 && !memchr(p, ' ', (size_t)(colon - p));
}

/* "== Title": its level is the number of signs; one is the document's title. */
static bool put_heading(struct slice *s, const struct line *l, bool *titled)
{
    size_t level = 0, at = l->from;
    while (at < l->to && s->text.s[at] == '=') at++, level++;
    if (!level || level > 6 || at == l->to || s->text.s[at] != ' ') return false;
    pen_gap(&s->pen, PEN_LINE);
    pen_heading_open(&s->pen);
    slice_text(s, at, l->to);
    pen_heading_close(&s->pen, (int)level);
    pen_gap(&s->pen, PEN_LINE);
    if (level == 1 && !*titled) doc_set_title(s->pen.b, s->text.s + at, l->to - at);
    *titled |= level == 1;
    return true;
}

static void put_asciidoc(struct slice *s)
{
    char inside = '\0'; /* of which block that is not parsed */
    bool titled = false;
    for (size_t at = 0; at < s->text.n;) {
        struct line l = line_at(s, at);
        char mark = delimiter(s, &l);
        at = l.next;
        if (inside) {
            if (mark == inside) inside = '\0';
            else if (inside != '/') put_line(s, &l);
            continue;
        }
        if (mark && strchr("-./+", mark)) {
            inside = mark;
            pen_gap(&s->pen, PEN_LINE);
        } else if (!mark && starts(s, &l, "//") && !l.indent) {
            pen_gap(&s->pen, PEN_LINE);
        } else if (is_attribute(s, &l)) {
            pen_gap(&s->pen, PEN_LINE);
        } else if (!put_heading(s, &l, &titled)) {
            put_line(s, &l);
        }
    }
}

/* ------------------------------------------------------------------ readers */

static enum err read_with(void (*put)(struct slice *s), struct doc_builder *b,
                          const struct ingest_options *o, const char *name, const void *bytes,
                          size_t n, struct errinfo *e)
{
    struct arena *a = arena_new();
    struct slice s;
    doc_set_kind(b, DOC_PROSE, NULL);
    enum err r = slice_open(&s, a, b, o, name, bytes, n, e);
    if (!r) put(&s);
    arena_free(a);
    return r;
}

static enum err read_rst_bytes(struct doc_builder *b, const struct ingest_options *o,
                               const char *name, const void *bytes, size_t n, struct errinfo *e)
{
    TRY(read_with(put_rst, b, o, name, bytes, n, e));
    read_text_underlined(b);
    return OK;
}

static enum err read_asciidoc_bytes(struct doc_builder *b, const struct ingest_options *o,
                                    const char *name, const void *bytes, size_t n,
                                    struct errinfo *e)
{
    return read_with(put_asciidoc, b, o, name, bytes, n, e);
}

static const char *const rst_suffixes[] = {".rst", ".rest", NULL};
static const char *const adoc_suffixes[] = {".adoc", ".asciidoc", NULL};

static int sniff_rst(const char *name, const unsigned char *head, size_t n)
{
    (void)head, (void)n;
    return str_has_any_suffix(name, rst_suffixes) ? 85 : 0;
}

static int sniff_asciidoc(const char *name, const unsigned char *head, size_t n)
{
    (void)head, (void)n;
    return str_has_any_suffix(name, adoc_suffixes) ? 85 : 0;
}

const struct reader read_rst = {"rst", rst_suffixes, sniff_rst, .read = read_rst_bytes,
                                .title = "reStructuredText"};
const struct reader read_asciidoc = {"asciidoc", adoc_suffixes, sniff_asciidoc,
                                     .read = read_asciidoc_bytes, .title = "AsciiDoc"};
