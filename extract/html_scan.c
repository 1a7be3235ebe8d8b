/* html_scan.c: see html_scan.h. */
#include "extract/html_scan.h"

#include <libxml/HTMLparser.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "extract/html_entity.h"
#include "extract/html_math.h"
#include "extract/html_stream.h"

#define MARK_BASE  0x100000u
#define MARK_RADIX 0x8000u

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void add_mark(struct html_scan *o, size_t at, size_t len, bool coded)
{
    if (o->n_marks == MARK_RADIX * MARK_RADIX) return;
    if (o->n_marks == o->cap) {
        o->cap = o->cap ? 2 * o->cap : 1024;
        o->mark = mem_grow(o->mark, o->cap, sizeof *o->mark);
    }
    buf_add_utf8(&o->copy, MARK_BASE + (uint32_t)(o->n_marks / MARK_RADIX));
    buf_add_utf8(&o->copy, MARK_BASE + (uint32_t)(o->n_marks % MARK_RADIX));
    o->mark[o->n_marks++] = (struct html_mark){at, (uint32_t)len, coded};
}

size_t scan_mark(const char *s, size_t n, size_t *index)
{
    uint32_t a, b;
    if (n < 8 || (unsigned char)s[0] != SCAN_MARK) return 0;
    if (utf8_next(s, n, &a) != 4 || utf8_next(s + 4, n - 4, &b) != 4) return 0;
    if (a < MARK_BASE || a >= MARK_BASE + MARK_RADIX || b < MARK_BASE ||
        b >= MARK_BASE + MARK_RADIX)
        return 0;
    *index = (size_t)(a - MARK_BASE) * MARK_RADIX + (b - MARK_BASE);
    return 8;
}

void scan_free(struct html_scan *s)
{
    buf_free(&s->copy);
    mem_free(s->mark);
    *s = (struct html_scan){0};
}

/* ------------------------------------------------------------------ character references */

static const uint16_t windows_1252[32] = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

static uint32_t tidy(uint32_t cp)
{
    if (cp >= 128 && cp < 160) return windows_1252[cp - 128];
    if (cp == 0 || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000) || cp >= MARK_BASE) return 0xFFFD;
    return cp < 32 && cp != '\n' && cp != '\t' ? ' ' : cp;
}

/* The reference at s[0] == '&': its length and character, or 0. */
static size_t reference(const char *s, size_t n, uint32_t *cp)
{
    size_t i = 1;
    if (n > 3 && s[1] == '#') {
        bool hex = (s[2] | 32) == 'x';
        uint32_t v = 0;
        size_t start = i = hex ? 3 : 2;
        for (; i < n && i - start < 10; i++) {
            char c = (char)(s[i] | 32);
            uint32_t d = is_digit(s[i])                ? (uint32_t)(s[i] - '0')
                         : hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                                                       : 99;
            if (d == 99) break;
            v = v > 0x110000 ? v : v * (hex ? 16 : 10) + d;
        }
        if (i == start) return 0;
        *cp = tidy(v);
        return i + (i < n && s[i] == ';');
    }
    char name[HTML_ENTITY_MAX];
    while (i < n && i < sizeof name && (is_alpha(s[i]) || is_digit(s[i]))) i++;
    if (i == 1) return 0;
    memcpy(name, s + 1, i - 1);
    name[i - 1] = 0;
    bool shut = i < n && s[i] == ';';
    if (shut && (*cp = html_entity(name))) return i + 1;
    const htmlEntityDesc *d = htmlEntityLookup((const xmlChar *)name);
    while (!shut && (!d || d->value > 255) && i > 3) { /* the old ones go without ";" */
        name[--i - 1] = 0;
        d = htmlEntityLookup((const xmlChar *)name);
    }
    if (!d || (!shut && d->value > 255)) return 0;
    *cp = d->value;
    return i + shut;
}

static void add_escaped(struct buf *b, uint32_t cp)
{
    if (cp == '<')
        buf_addz(b, "&lt;");
    else if (cp == '>')
        buf_addz(b, "&gt;");
    else if (cp == '&')
        buf_addz(b, "&amp;");
    else
        buf_add_utf8(b, cp);
}

/* ------------------------------------------------------------------ text */

enum { SOFT_HYPHEN = 0xAD };

static bool is_soft_hyphen(const char *s, size_t n)
{
    return n >= 2 && (unsigned char)s[0] == 0xC2 && (unsigned char)s[1] == SOFT_HYPHEN;
}

/* Copies the text src[i, end), with marks. */
static void copy_text(struct html_scan *o, const char *src, size_t i, size_t end)
{
    size_t from = i;
    while (i < end && is_blank(src[i])) i++;
    buf_add(&o->copy, src + from, i - from);
    if (i == end) return; /* blanks alone stay bare: a mark would make text of them */
    bool fresh = true;    /* a mark is due */
    while (i < end) {
        uint32_t cp;
        size_t k = 0;
        if (src[i] == '&')
            k = reference(src + i, end - i, &cp);
        else if ((unsigned char)src[i] == 0xF4)
            cp = 0xFFFD, k = 4;
        else if (is_soft_hyphen(src + i, end - i))
            cp = SOFT_HYPHEN, k = 2;
        else if ((unsigned char)src[i] < 32 && !is_blank(src[i]))
            cp = ' ', k = 1;
        else if (src[i] == 127)
            cp = ' ', k = 1;
        if (k && cp == SOFT_HYPHEN) { /* a place to break a word, and no part of it */
            i += k;
            fresh = true;
            continue;
        }
        if (k) {
            add_mark(o, i, k, true);
            add_escaped(&o->copy, cp);
            i += k;
            fresh = true;
            continue;
        }
        if (fresh) add_mark(o, i, 0, false);
        fresh = false;
        size_t j = i + 1;
        while (j < end && src[j] != '&' && src[j] != '<' && (unsigned char)src[j] != 0xF4 &&
               src[j] != 127 && !is_soft_hyphen(src + j, end - j) &&
               ((unsigned char)src[j] >= 32 || is_blank(src[j])))
            j++;
        if (src[i] == '<' || src[i] == '&') {
            buf_addz(&o->copy, src[i] == '<' ? "&lt;" : "&amp;");
            i++;
        }
        buf_add(&o->copy, src + i, j - i);
        i = j;
    }
}

/* ------------------------------------------------------------------ tags */

/* The end of the tag that starts at src[i] == '<': one past its '>', or n. */
static size_t tag_end(const char *src, size_t i, size_t n)
{
    char quote = 0;
    for (bool value = false; i < n; i++) {
        if (quote) {
            if (src[i] == quote) quote = 0;
        } else if (src[i] == '>') {
            return i + 1;
        } else if ((src[i] == '"' || src[i] == '\'') && value) {
            quote = src[i];
        }
        value = src[i] == '=' || (value && is_blank(src[i]));
    }
    return n;
}

static size_t tag_name(const char *s, size_t n, char *out, size_t max)
{
    size_t k = 0;
    while (k < n && k + 1 < max && !is_blank(s[k]) && s[k] != '>' && s[k] != '/') {
        out[k] = is_alpha(s[k]) ? (char)(s[k] | 32) : s[k];
        k++;
    }
    out[k] = 0;
    return k;
}

static size_t tag_length(const char *s, size_t n)
{
    size_t k = 0;
    while (k < n && !is_blank(s[k]) && s[k] != '>' && s[k] != '/') k++;
    return k;
}

/* Elements whose content is not parsed or never shown. */
static const char *const skipped[] = {"script",  "style",    "template", "noscript", "iframe",
                                      "noembed", "noframes", "svg",      "textarea", "select",
                                      "object",  "canvas",   "audio",    "video"};

/* Elements that say how text looks and nothing about it.  Pages that never close them would make
 * trees of great depth. */
static const char *const looks[] = {"b", "big", "em", "font", "small", "strong", "u"};
/* Those of `skipped` that leave nothing on the page, not even a gap. */
static const char *const unseen[] = {"script",   "style",   "template",
                                     "noscript", "noembed", "noframes"};

static bool in_list(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(name, list[i])) return true;
    return false;
}

/* Whether the tag at src[i] == '<' ends a drawing that nobody closed, as HTML has it: a block of a page
 * stands in none. */
static bool breaks_out(const char *src, size_t i, size_t n)
{
    static const char *const blocks[] = {
        "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5",
        "h6", "hr", "img", "li", "menu", "ol", "p", "pre", "span", "table", "ul"};
    char name[16];
    if (i + 1 >= n || !is_alpha(src[i + 1])) return false;
    tag_name(src + i + 1, n - i - 1, name, sizeof name);
    return in_list(name, blocks, sizeof blocks / sizeof *blocks);
}

/* Where a part of a drawing in which a page may stand ends, when one begins at src[i] == '<'; else i. */
static size_t over_page_part(const char *src, size_t i, size_t n)
{
    static const char *const parts[] = {"foreignobject", "desc", "title"};
    char name[16], end[16];
    if (i + 1 >= n || !is_alpha(src[i + 1])) return i;
    tag_name(src + i + 1, n - i - 1, name, sizeof name);
    if (!in_list(name, parts, sizeof parts / sizeof *parts)) return i;
    size_t stop = tag_end(src, i, n);
    if (src[stop - 2] == '/') return stop - 1;
    for (i = stop; i < n; i++) {
        const char *p = memchr(src + i, '<', n - i);
        if (!p) return n;
        i = (size_t)(p - src);
        if (n - i < 3 || src[i + 1] != '/') continue;
        tag_name(src + i + 2, n - i - 2, end, sizeof end);
        if (!strcmp(end, name) || !strcmp(end, "svg")) return i;
    }
    return n;
}

/* Where "</name" that ends an element stands, or n.  Elements of that name inside count, except
 * in those whose content is raw. */
static size_t element_end(const char *src, size_t i, size_t n, const char *name)
{
    size_t len = strlen(name), depth = 1;
    bool drawing = !strcmp(name, "svg");
    bool nests = drawing || !strcmp(name, "template") || !strcmp(name, "object");
    for (; i + len + 1 < n; i++) {
        const char *p = memchr(src + i, '<', n - i);
        if (!p) return n;
        i = (size_t)(p - src);
        if (drawing && breaks_out(src, i, n)) return i;
        if (drawing) i = over_page_part(src, i, n);
        if (n - i > len + 1 && src[i + 1] == '/' && !strncasecmp(src + i + 2, name, len) &&
            i + 2 + len <= n && (i + 2 + len == n || !is_alpha(src[i + 2 + len])) && !--depth)
            return i;
        if (nests && n - i > len + 1 && !strncasecmp(src + i + 1, name, len) &&
            !is_alpha(src[i + 1 + len])) {
            size_t e = tag_end(src, i, n);
            if (src[e - 1] != '>' || src[e - 2] != '/') depth++;
            i = e - 1;
        }
    }
    return n;
}

/* Whether src[i, end), which is there for readers without scripts, is a text that a script would write,
 * and not a line that asks for scripts or the picture that counts readers. */
static bool is_text(const char *src, size_t i, size_t end)
{
    enum { PARAGRAPHS = 3, BYTES = 1500 };
    size_t paragraphs = 0, bytes = 0;
    char name[16];
    while (i < end && (paragraphs < PARAGRAPHS || bytes < BYTES)) {
        if (src[i] != '<') {
            bytes += !is_blank(src[i++]);
            continue;
        }
        tag_name(src + i + 1, end - i - 1, name, sizeof name);
        if (!strcmp(name, "style")) return false;
        paragraphs += !strcmp(name, "p") || !strcmp(name, "br");
        i = tag_end(src, i, end);
    }
    return i < end;
}

/* The same for the noscript whose tag is src[i, e), or that ends with it. */
static bool shows_noscript(struct html_scan *o, const char *src, size_t i, size_t e, size_t n)
{
    if (i < o->shown) return true; /* one in another, looked at already */
    if (src[i + 1] == '/') return i == o->shown;
    size_t stop = element_end(src, e, n, "noscript");
    if (stop == n || !is_text(src, e, stop)) return false;
    o->shown = stop;
    return true;
}

/* Whether what is in the element whose tag is src[i, e) is not parsed or never shown; in a book what is
 * there instead of it is. */
static bool is_skipped(struct html_scan *o, const char *name, const char *src, size_t i, size_t e, size_t n)
{
    static const char *const instead[] = {"noscript", "object", "canvas", "audio", "video"};
    if (o->xml && in_list(name, instead, sizeof instead / sizeof *instead)) return false;
    if (!in_list(name, skipped, sizeof skipped / sizeof *skipped)) return false;
    return strcmp(name, "noscript") || !shows_noscript(o, src, i, e, n);
}

/* XHTML's "<title/>" must not swallow what follows. */
static bool closes_itself(const struct html_scan *o, const char *src, size_t end)
{
    return o->xml && end >= 2 && src[end - 1] == '>' && src[end - 2] == '/';
}

static bool is_void(const char *name)
{
    static const char *const names[] = {"area",  "base", "br",   "col",   "embed",  "hr",    "img",
                                        "input", "link", "meta", "param", "source", "track", "wbr"};
    return in_list(name, names, sizeof names / sizeof *names);
}

static size_t find(const char *src, size_t i, size_t n, const char *what)
{
    const char *p = i < n ? memmem(src + i, n - i, what, strlen(what)) : NULL;
    return p ? (size_t)(p - src) : n;
}

/* Where the tag src[i, end) has had `most` attributes, or end. */
static size_t attributes_end(const char *src, size_t i, size_t end, size_t most)
{
    char quote = 0;
    size_t n = 0;
    for (bool value = false, blank = false; i < end; i++) {
        char c = src[i];
        if (quote) {
            if (c == quote) quote = 0, blank = true;
            continue;
        }
        bool begins = blank && !value && !is_blank(c) && c != '=' && c != '>' && c != '/';
        if (begins && n++ == most) return i;
        if (value && (c == '"' || c == '\'')) quote = c;
        value = c == '=' || (value && is_blank(c));
        blank = is_blank(c) || c == '/';
    }
    return end;
}

/* libxml2 compares each attribute of an element with all before it, and so do those who look one
 * up; those of every html and body tag go to the same element. */
enum { ATTRIBUTES_MAX = 128, ROOTS_MAX = 4 };

/* Copies a tag with its first attributes; control characters inside become spaces. */
static void copy_tag(struct html_scan *o, const char *src, size_t i, size_t end, bool is_root)
{
    size_t at = o->copy.n;
    end = attributes_end(src, i, end, is_root && o->roots++ >= ROOTS_MAX ? 0 : ATTRIBUTES_MAX);
    buf_add(&o->copy, src + i, end - i);
    for (; at < o->copy.n; at++)
        if ((unsigned char)o->copy.s[at] < 32 && !is_blank(o->copy.s[at])) o->copy.s[at] = ' ';
    if (o->copy.n && o->copy.s[o->copy.n - 1] != '>') buf_addc(&o->copy, '>');
}

/* ------------------------------------------------------------------ text in attributes */

/* The value of an attribute of the tag src[i, end); false when it has none. */
static bool attribute(const char *src, size_t i, size_t end, const char *name, size_t *from,
                      size_t *to)
{
    size_t len = strlen(name);
    char quote = 0;
    for (size_t k = i + 1; k + len + 1 < end; k++) {
        char c = src[k];
        if (quote) {
            if (c == quote) quote = 0;
            continue;
        }
        if (c == '"' || c == '\'') {
            quote = c;
            continue;
        }
        if (!is_blank(src[k - 1]) || strncasecmp(src + k, name, len) != 0) continue;
        size_t v = k + len;
        while (v < end && is_blank(src[v])) v++;
        if (v >= end || src[v] != '=') continue;
        for (v++; v < end && is_blank(src[v]); v++) {
        }
        char q = v < end && (src[v] == '"' || src[v] == '\'') ? src[v] : 0;
        *from = q ? v + 1 : v;
        for (v = *from; v < end && (q ? src[v] != q : !is_blank(src[v]) && src[v] != '>'); v++) {
        }
        *to = v;
        return true;
    }
    return false;
}

/* A formula in TeX, as encyclopaedias and journals give it for its picture. */
static bool is_formula(const char *src, size_t from, size_t to)
{
    while (from < to && (is_blank(src[from]) || src[from] == '{' || src[from] == '$')) from++;
    return from < to && src[from] == '\\';
}

/* Words about a picture, and not the name of its file. */
static bool is_description(const char *src, size_t from, size_t to)
{
    static const char *const ends[] = {".jpg", ".jpeg", ".png", ".gif", ".svg", ".webp"};
    size_t words = 0;
    for (size_t k = from; k < to; k++)
        words += !is_blank(src[k]) && (k == from || is_blank(src[k - 1]));
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        size_t len = strlen(ends[k]);
        if (to - from >= len && !strncasecmp(src + to - len, ends[k], len)) return false;
    }
    return words >= 3;
}

/* "{\\displaystyle x^2}" says how large; x^2 is the formula. */
static void copy_formula(struct html_scan *o, const char *src, size_t from, size_t to)
{
    static const char wrap[] = "{\\displaystyle ";
    size_t len = sizeof wrap - 1;
    while (from < to && is_blank(src[from])) from++;
    while (from < to && is_blank(src[to - 1])) to--;
    if (to - from > len && !memcmp(src + from, wrap, len) && src[to - 1] == '}') from += len, to--;
    copy_text(o, src, from, to);
}

/* class="tex", "latex", "mwe-math-fallback-image". */
static bool has_math_class(const char *src, size_t i, size_t end)
{
    size_t from, to;
    if (!attribute(src, i, end, "class", &from, &to)) return false;
    for (size_t k = from, j; k < to; k = j + 1) {
        for (j = k; j < to && !is_blank(src[j]); j++) {
        }
        size_t n = j - k;
        if ((n == 3 && !memcmp(src + k, "tex", 3)) || (n == 5 && !memcmp(src + k, "latex", 5)) ||
            memmem(src + k, n, "math", 4))
            return true;
    }
    return false;
}

/* What stands for a picture in words: a formula is text, a description is kept apart from it. */
static void copy_alt(struct html_scan *o, const char *src, size_t i, size_t end)
{
    size_t from, to;
    if (!attribute(src, i, end, "alt", &from, &to)) return;
    if (has_math_class(src, i, end) || is_formula(src, from, to)) {
        copy_formula(o, src, from, to);
    } else if (is_description(src, from, to)) {
        buf_addz(&o->copy, "<" SCAN_ALT ">");
        copy_text(o, src, from, to);
        buf_addz(&o->copy, "</" SCAN_ALT ">");
    }
}

/* A formula in MathML that carries its own words or TeX is these; returns its end, or 0. */
static size_t copy_math(struct html_scan *o, const char *src, size_t i, size_t end, size_t n,
                        const char *name)
{
    size_t from, to;
    bool found = attribute(src, i, end, "alttext", &from, &to) && from < to;
    if (!found && i < o->plain_math) return 0;
    size_t stop = element_end(src, end, n, name), after = stop < n ? tag_end(src, stop, n) : n;
    for (size_t k = end; !found && k < stop;) {
        k = find(src, k, stop, "<annotation");
        size_t e = k < stop ? tag_end(src, k, stop) : stop;
        if (k < stop && memmem(src + k, e - k, "tex", 3)) {
            from = e;
            to = find(src, e, stop, "</annotation");
            found = to < stop;
        }
        k = e;
    }
    if (!found) {
        o->plain_math = stop; /* and so do those inside, and those that share its end */
        return 0;
    }
    copy_formula(o, src, from, to);
    return after;
}

/* What markup and button_end know of a tag. */
struct tag {
    char name[16];
    size_t name_at, end;
    bool close, empty; /* empty: "<i/>" in XHTML */
    bool skip;         /* is_skipped             */
};

/* One past the comment, the declaration or the end tag without a name at src[i] == '<', or i. */
static size_t over_comment(const char *src, size_t i, size_t n)
{
    if (n - i >= 4 && !memcmp(src + i, "<!--", 4)) {
        if (i + 4 < n && src[i + 4] == '>') return i + 5;
        size_t e = find(src, i + 4, n, "-->"), f = find(src, i + 4, e, "--!>");
        if (f < e) return f + 4;
        return e < n ? e + 3 : n;
    }
    bool declares = i + 1 < n && (src[i + 1] == '!' || src[i + 1] == '?');
    bool nameless = i + 2 < n && src[i + 1] == '/' && !is_alpha(src[i + 2]); /* "</ x>" */
    if (!declares && !nameless) return i;
    size_t e = find(src, i, n, ">");
    return e < n ? e + 1 : n;
}

/* False: src[i] == '<' begins no tag. */
static bool read_tag(struct tag *t, struct html_scan *o, const char *src, size_t i, size_t n)
{
    t->close = i + 1 < n && src[i + 1] == '/';
    t->name_at = i + 1 + t->close;
    if (t->name_at >= n || !is_alpha(src[t->name_at])) return false;
    t->end = tag_end(src, i, n);
    tag_name(src + t->name_at, n - t->name_at, t->name, sizeof t->name);
    t->skip = is_skipped(o, t->name, src, i, t->end, n);
    t->empty = !t->close && closes_itself(o, src, t->end);
    return true;
}

static bool is_root(const char *name)
{
    return !strcmp(name, "html") || !strcmp(name, "body");
}

/* Tags that leave no trace in the copy: what they end was left out, they only say how text looks, or what
 * follows them is part of the page and libxml2 would leave it. */
static bool is_ignored(const struct tag *t)
{
    if ((t->skip && t->close) || in_list(t->name, looks, sizeof looks / sizeof *looks)) return true;
    return t->close && is_root(t->name);
}

/* Where what begins with the tag t and is left out ends. */
static size_t skipped_end(const struct tag *t, const char *src, size_t n)
{
    size_t e = t->end;
    bool drawing = src[e - 1] == '>' && src[e - 2] == '/' && !strcmp(t->name, "svg");
    return t->empty || drawing ? e : element_end(src, e, n, t->name);
}

/* ------------------------------------------------------------------ buttons */

/* Elements in a line of text, at whose tags no word ends. */
static bool is_in_line(const char *name)
{
    static const char *const names[] = {"a",   "abbr", "bdi",  "bdo", "cite", "code", "data",
                                        "del", "dfn",  "i",    "ins", "kbd",  "label", "mark",
                                        "q",   "s",    "samp", "span", "sub", "sup",  "time",
                                        "tt",  "var",  "wbr"};
    return in_list(name, names, sizeof names / sizeof *names);
}

/* How many elements of each name are open in a button. */
enum { OPEN_NAMES = 32 };
struct open_tags {
    size_t n, all;
    struct {
        char name[16];
        size_t count;
    } v[OPEN_NAMES];
};

/* False: an end tag of what is not open, or more names than are counted. */
static bool count_tag(struct open_tags *open, const struct tag *t)
{
    size_t k = 0;
    while (k < open->n && strcmp(open->v[k].name, t->name) != 0) k++;
    if (t->close) {
        if (k == open->n || !open->v[k].count) return false;
        open->v[k].count--;
        open->all--;
        return true;
    }
    if (k == OPEN_NAMES) return false;
    if (k == open->n) {
        memcpy(open->v[k].name, t->name, sizeof t->name);
        open->v[k].count = 0;
        open->n++;
    }
    open->v[k].count++;
    open->all++;
    return true;
}

/* Where the button ends in which src[i] stands: at its end tag, at another button, or at the end tag of what
 * was open before it; n: nowhere.  The end tag of an element in a line ends it only where no end tag of its
 * own follows.  *sound: whether all that was opened in it was closed there.  Cost: linear for all buttons
 * of a page: none looks beyond the next. */
static size_t button_end(struct html_scan *o, const char *src, size_t i, size_t n, bool *sound)
{
    struct open_tags open = {.n = 0};
    struct tag t;
    size_t ended = n, next;
    bool last = false;
    for (const char *p; !last && (p = i < n ? memchr(src + i, '<', n - i) : NULL); i = next) {
        i = (size_t)(p - src);
        if ((next = over_comment(src, i, n)) > i) continue;
        next = i + 1;
        if (!read_tag(&t, o, src, i, n)) continue;
        next = t.end;
        if (is_ignored(&t)) continue;
        if (t.skip) {
            next = skipped_end(&t, src, n);
        } else if (!strcmp(t.name, "button")) {
            if (t.close || ended == n) *sound = !open.all, ended = i;
            return ended;
        } else if (!t.empty && !is_void(t.name) && !count_tag(&open, &t)) {
            if (ended == n) *sound = !open.all, ended = i;
            last = !is_in_line(t.name);
        }
    }
    return ended;
}

/* libxml2 leaves a button open whose end it meets in a block that nobody closed, and the page behind it would be
 * in the button: of one that is not sound only the text is copied. */
static void enter_button(struct html_scan *o, const char *src, size_t e, size_t n)
{
    bool sound = true;
    size_t shown = o->shown, stop = button_end(o, src, e, n, &sound);
    o->shown = shown; /* button_end looked ahead */
    o->button = stop < n ? stop : 0;
    o->flat = !sound && stop < n;
}

static void leave_button(struct html_scan *o, const struct tag *t)
{
    if (!t->close || strcmp(t->name, "button") != 0) buf_addz(&o->copy, "</button>");
    o->button = 0;
    o->flat = false;
}

/* ------------------------------------------------------------------ the page */

/* What scripts would put into the place that a template keeps (html_stream.h). */
static bool is_place(struct html_scan *o, const char *src, size_t i, const struct tag *t)
{
    size_t from, to;
    if (strcmp(t->name, "template") != 0 || o->places == STREAM_PLACES) return false;
    if (!attribute(src, i, t->end, "id", &from, &to) || to - from <= 2) return false;
    if ((src[from] != 'B' && src[from] != 'P') || src[from + 1] != ':') return false;
    o->places++;
    return true;
}

/* Leaves out what begins with the tag t at src[i]; returns where it ends. */
static size_t leave_out(struct html_scan *o, const char *src, size_t i, size_t n, const struct tag *t)
{
    size_t stop = skipped_end(t, src, n);
    if (stop == t->end && (t->empty || !strcmp(t->name, "svg"))) return stop;
    if (is_place(o, src, i, t)) {
        copy_tag(o, src, i, t->end, false);
        buf_addz(&o->copy, "</template>");
    }
    if (!in_list(t->name, unseen, sizeof unseen / sizeof *unseen)) buf_addc(&o->copy, ' ');
    return stop;
}

/* Handles the tag, comment or declaration at src[i] == '<'; returns where it ends, or i when the
 * character is ordinary text. */
static size_t markup(struct html_scan *o, const char *src, size_t i, size_t n)
{
    size_t e = over_comment(src, i, n);
    if (e > i) {
        if (n - i > 9 && !strncasecmp(src + i, "<!doctype", 9)) copy_tag(o, src, i, e, false);
        return e;
    }
    struct tag t;
    if (!read_tag(&t, o, src, i, n)) return i;
    e = t.end;
    if (is_ignored(&t)) return e;
    if (t.skip) return leave_out(o, src, i, n, &t);
    if (o->flat && i < o->button) {
        if (!is_in_line(t.name)) buf_addc(&o->copy, ' ');
        return e;
    }
    if (o->button && i >= o->button) leave_button(o, &t);
    if (!t.close && !t.empty && !strcmp(t.name, "button")) enter_button(o, src, e, n);
    size_t math = !t.close && !strcmp(math_name(t.name), "math") ? copy_math(o, src, i, e, n, t.name) : 0;
    if (math) return math;
    copy_tag(o, src, i, e, is_root(t.name));
    if (!t.close && !strcmp(t.name, "img")) copy_alt(o, src, i, e);
    if (t.empty && !is_void(t.name)) {
        const char *name = src + t.name_at;
        buf_addf(&o->copy, "</%.*s>", (int)tag_length(name, n - t.name_at), name);
        return e;
    }
    if (t.close || strcmp(t.name, "title") != 0) return e;
    size_t stop = element_end(src, e, n, t.name);
    copy_text(o, src, e, stop);
    return stop;
}

void scan_page(struct html_scan *o, const char *src, size_t n)
{
    size_t text = 0, i = 0;
    while (i < n) {
        const char *p = memchr(src + i, '<', n - i);
        size_t lt = p ? (size_t)(p - src) : n;
        if (lt == n) break;
        size_t e;
        /* Text that stands before the tag is copied first; an ordinary '<' belongs to it. */
        bool tag = lt + 1 < n && (is_alpha(src[lt + 1]) || src[lt + 1] == '!' ||
                                  src[lt + 1] == '?' || src[lt + 1] == '/');
        if (!tag) {
            i = lt + 1;
            continue;
        }
        copy_text(o, src, text, lt);
        e = markup(o, src, lt, n);
        text = e > lt ? e : lt;
        i = e > lt ? e : lt + 1;
    }
    copy_text(o, src, text, n);
}

/* ------------------------------------------------------------------ charset */

void scan_charset(char out[SCAN_CHARSET_MAX], const char *src, size_t n)
{
    out[0] = 0;
    if (n > 4096) n = 4096;
    for (size_t i = find(src, 0, n, "<"); i < n; i = find(src, i + 1, n, "<")) {
        if (n - i < 6 || strncasecmp(src + i, "<meta", 5)) continue;
        size_t e = tag_end(src, i, n);
        for (size_t k = i; k + 7 < e; k++) {
            if (strncasecmp(src + k, "charset", 7)) continue;
            k += 7;
            while (k < e && is_blank(src[k])) k++;
            if (k >= e || src[k++] != '=') continue;
            while (k < e && (is_blank(src[k]) || src[k] == '"' || src[k] == '\'')) k++;
            size_t m = 0;
            while (k < e && m + 1 < SCAN_CHARSET_MAX &&
                   (is_alpha(src[k]) || is_digit(src[k]) || memchr("-_:.", src[k], 4)))
                out[m++] = src[k++];
            out[m] = 0;
            if (m) return;
        }
    }
}
