/* html_copy.c: see html_copy.h. */
#include "extract/html_copy.h"

#include <libxml/HTMLparser.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "extract/html_entity.h"
#include "extract/html_tag.h"

#define MARK_BASE  0x100000u
#define MARK_RADIX 0x8000u

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
void copy_text(struct html_scan *o, const char *src, size_t i, size_t end)
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
void copy_tag(struct html_scan *o, const char *src, size_t i, size_t end, bool is_root)
{
    size_t at = o->copy.n;
    end = attributes_end(src, i, end, is_root && o->roots++ >= ROOTS_MAX ? 0 : ATTRIBUTES_MAX);
    buf_add(&o->copy, src + i, end - i);
    for (; at < o->copy.n; at++)
        if ((unsigned char)o->copy.s[at] < 32 && !is_blank(o->copy.s[at])) o->copy.s[at] = ' ';
    if (o->copy.n && o->copy.s[o->copy.n - 1] != '>') buf_addc(&o->copy, '>');
}

/* ------------------------------------------------------------------ text in attributes */

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
    if (!tag_attribute(src, i, end, "class", &from, &to)) return false;
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
void copy_alt(struct html_scan *o, const char *src, size_t i, size_t end)
{
    size_t from, to;
    if (!tag_attribute(src, i, end, "alt", &from, &to)) return;
    if (has_math_class(src, i, end) || is_formula(src, from, to)) {
        copy_formula(o, src, from, to);
    } else if (is_description(src, from, to)) {
        buf_addz(&o->copy, "<" SCAN_ALT ">");
        copy_text(o, src, from, to);
        buf_addz(&o->copy, "</" SCAN_ALT ">");
    }
}

/* A formula in MathML that carries its own words or TeX is these; returns its end, or 0. */
size_t copy_math(struct html_scan *o, const char *src, size_t i, size_t end, size_t n,
                        const char *name)
{
    size_t from, to;
    bool found = tag_attribute(src, i, end, "alttext", &from, &to) && from < to;
    if (!found && i < o->plain_math) return 0;
    size_t stop = tag_element_end(src, end, n, name), after = stop < n ? tag_end(src, stop, n) : n;
    for (size_t k = end; !found && k < stop;) {
        k = tag_find(src, k, stop, "<annotation");
        size_t e = k < stop ? tag_end(src, k, stop) : stop;
        if (k < stop && memmem(src + k, e - k, "tex", 3)) {
            from = e;
            to = tag_find(src, e, stop, "</annotation");
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
