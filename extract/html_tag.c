/* html_tag.c: see html_tag.h. */
#include "extract/html_tag.h"

#include <string.h>
#include <strings.h>

bool tag_in_list(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(name, list[i])) return true;
    return false;
}

size_t tag_find(const char *src, size_t i, size_t n, const char *what)
{
    const char *p = i < n ? memmem(src + i, n - i, what, strlen(what)) : NULL;
    return p ? (size_t)(p - src) : n;
}

/* The end of the tag that starts at src[i] == '<': one past its '>', or n. */
size_t tag_end(const char *src, size_t i, size_t n)
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

size_t tag_name(const char *s, size_t n, char *out, size_t max)
{
    size_t k = 0;
    while (k < n && k + 1 < max && !is_blank(s[k]) && s[k] != '>' && s[k] != '/') {
        out[k] = is_alpha(s[k]) ? (char)(s[k] | 32) : s[k];
        k++;
    }
    out[k] = 0;
    return k;
}

size_t tag_length(const char *s, size_t n)
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
    return tag_in_list(name, blocks, sizeof blocks / sizeof *blocks);
}

/* Where a part of a drawing in which a page may stand ends, when one begins at src[i] == '<'; else i. */
static size_t over_page_part(const char *src, size_t i, size_t n)
{
    static const char *const parts[] = {"foreignobject", "desc", "title"};
    char name[16], end[16];
    if (i + 1 >= n || !is_alpha(src[i + 1])) return i;
    tag_name(src + i + 1, n - i - 1, name, sizeof name);
    if (!tag_in_list(name, parts, sizeof parts / sizeof *parts)) return i;
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
size_t tag_element_end(const char *src, size_t i, size_t n, const char *name)
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
    size_t stop = tag_element_end(src, e, n, "noscript");
    if (stop == n || !is_text(src, e, stop)) return false;
    o->shown = stop;
    return true;
}

/* Whether what is in the element whose tag is src[i, e) is not parsed or never shown; in a book what is
 * there instead of it is. */
static bool is_skipped(struct html_scan *o, const char *name, const char *src, size_t i, size_t e, size_t n)
{
    static const char *const instead[] = {"noscript", "object", "canvas", "audio", "video"};
    if (o->xml && tag_in_list(name, instead, sizeof instead / sizeof *instead)) return false;
    if (!tag_in_list(name, skipped, sizeof skipped / sizeof *skipped)) return false;
    return strcmp(name, "noscript") || !shows_noscript(o, src, i, e, n);
}

/* XHTML's "<title/>" must not swallow what follows. */
static bool closes_itself(const struct html_scan *o, const char *src, size_t end)
{
    return o->xml && end >= 2 && src[end - 1] == '>' && src[end - 2] == '/';
}

bool tag_is_void(const char *name)
{
    static const char *const names[] = {"area",  "base", "br",   "col",   "embed",  "hr",    "img",
                                        "input", "link", "meta", "param", "source", "track", "wbr"};
    return tag_in_list(name, names, sizeof names / sizeof *names);
}

/* The value of an attribute of the tag src[i, end); false when it has none. */
bool tag_attribute(const char *src, size_t i, size_t end, const char *name, size_t *from,
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

/* One past the comment, the declaration or the end tag without a name at src[i] == '<', or i. */
size_t tag_over_comment(const char *src, size_t i, size_t n)
{
    if (n - i >= 4 && !memcmp(src + i, "<!--", 4)) {
        if (i + 4 < n && src[i + 4] == '>') return i + 5;
        size_t e = tag_find(src, i + 4, n, "-->"), f = tag_find(src, i + 4, e, "--!>");
        if (f < e) return f + 4;
        return e < n ? e + 3 : n;
    }
    bool declares = i + 1 < n && (src[i + 1] == '!' || src[i + 1] == '?');
    bool nameless = i + 2 < n && src[i + 1] == '/' && !is_alpha(src[i + 2]); /* "</ x>" */
    if (!declares && !nameless) return i;
    size_t e = tag_find(src, i, n, ">");
    return e < n ? e + 1 : n;
}

/* False: src[i] == '<' begins no tag. */
bool tag_read(struct tag *t, struct html_scan *o, const char *src, size_t i, size_t n)
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

bool tag_is_root(const char *name)
{
    return !strcmp(name, "html") || !strcmp(name, "body");
}

/* Tags that leave no trace in the copy: what they end was left out, they only say how text looks, or what
 * follows them is part of the page and libxml2 would leave it. */
bool tag_is_ignored(const struct tag *t)
{
    if ((t->skip && t->close) || tag_in_list(t->name, looks, sizeof looks / sizeof *looks)) return true;
    return t->close && tag_is_root(t->name);
}

/* Where what begins with the tag t and is left out ends. */
size_t tag_skipped_end(const struct tag *t, const char *src, size_t n)
{
    size_t e = t->end;
    bool drawing = src[e - 1] == '>' && src[e - 2] == '/' && !strcmp(t->name, "svg");
    return t->empty || drawing ? e : tag_element_end(src, e, n, t->name);
}

/* Elements in a line of text, at whose tags no word ends. */
bool tag_is_in_line(const char *name)
{
    static const char *const names[] = {"a",   "abbr", "bdi",  "bdo", "cite", "code", "data",
                                        "del", "dfn",  "i",    "ins", "kbd",  "label", "mark",
                                        "q",   "s",    "samp", "span", "sub", "sup",  "time",
                                        "tt",  "var",  "wbr"};
    return tag_in_list(name, names, sizeof names / sizeof *names);
}
