#include "ingest/pen.h"

#include <stdio.h>
#include <string.h>

enum { INDENT_MAX = 7 }; /* steps of two blanks before the items of lists in lists */

void pen_init(struct pen *p, struct doc_builder *b)
{
    *p = (struct pen){.b = b, .at = {.byte = SPAN_NO_BYTES}, .heading = SIZE_MAX};
}

void pen_gap(struct pen *p, enum pen_gap g)
{
    if (p->cell > 0 && g > PEN_SPACE && g != PEN_CELL) g = PEN_SPACE;
    if (p->gap < g) p->gap = g;
}

void pen_mark(struct pen *p, const char *mark)
{
    snprintf(p->mark, sizeof p->mark, "%s", mark);
}

/* What was asked for, then the mark. */
static void settle(struct pen *p)
{
    static const char *const between[] = {"", " ", "\t", " | ", "\n", "\n\n"};
    if (p->any) doc_add_made(p->b, between[p->gap]);
    p->gap = PEN_NONE;
    if (p->heading == SIZE_MAX - 1) p->heading = doc_length(p->b);
    if (*p->mark) {
        char lead[2 * INDENT_MAX + PEN_MARK_MAX];
        int deep = p->indent > INDENT_MAX ? INDENT_MAX : p->indent > 0 ? p->indent - 1 : 0;
        snprintf(lead, sizeof lead, "%*s%s", p->any ? 2 * deep : 0, "", p->mark);
        lead[utf8_check(lead, strlen(lead))] = '\0'; /* a cut character */
        doc_add_lead(p->b, lead, &p->at);
    }
    *p->mark = '\0';
    p->any = true;
}

static void put(struct pen *p, const char *s, size_t n)
{
    settle(p);
    struct span at = p->at;
    at.verbatim = p->verbatim;
    doc_add(p->b, s, n, &at);
}

static size_t blank(const char *s, size_t n)
{
    if ((unsigned char)*s < 0x80)
        return *s == ' ' || *s == '\n' || *s == '\t' || *s == '\r' || *s == '\f' || *s == '\v';
    uint32_t cp;
    size_t k = utf8_next(s, n, &cp);
    return cp == 0xa0 || cp == 0x2028 || cp == 0x2029 ? k : 0;
}

/* A run of text up to white space that is not a single blank. */
static size_t run_length(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        if (!blank(s + i, n - i)) i++;
        else if (s[i] == ' ' && i + 1 < n && !blank(s + i + 1, n - i - 1)) i++;
        else break;
    }
    return i;
}

/* Moves the place behind n bytes of the source. */
static void advance(struct pen *p, size_t n)
{
    if (!p->verbatim) return;
    p->at.byte += n;
    p->at.byte_len -= n < p->at.byte_len ? n : p->at.byte_len;
}

void pen_text(struct pen *p, const char *s, size_t n)
{
    if (p->pre && n) {
        put(p, s, n);
        advance(p, n);
        return;
    }
    for (size_t i = 0, k; i < n; i += k) {
        k = blank(s + i, n - i);
        if (k) {
            if (p->gap < PEN_SPACE) p->gap = PEN_SPACE;
        } else {
            k = run_length(s + i, n - i);
            put(p, s + i, k);
        }
        advance(p, k);
    }
}

void pen_textz(struct pen *p, const char *z)
{
    pen_text(p, z, strlen(z));
}

void pen_heading_open(struct pen *p)
{
    p->heading = SIZE_MAX - 1;
}

void pen_heading_close(struct pen *p, int level)
{
    size_t end = doc_length(p->b);
    if (p->heading < SIZE_MAX - 1 && end > p->heading)
        doc_heading(p->b, p->heading, end - p->heading, level < 1 ? 1 : level > 9 ? 9 : level);
    p->heading = SIZE_MAX;
}
