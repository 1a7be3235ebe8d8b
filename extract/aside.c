#include "extract/aside.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { QUEUE_MAX = 65536 };

void aside_init(struct aside *s, struct arena *a)
{
    *s = (struct aside){.b = doc_new(a, "", "text")};
    pen_init(&s->pen, s->b);
}

void aside_free(struct aside *s)
{
    mem_free(s->v);
    s->v = NULL;
    s->n = s->cap = 0;
}

void aside_queue(struct aside *s, size_t from, size_t to, const char *mark, const struct span *at)
{
    if (to <= from || s->n == QUEUE_MAX) return;
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 16;
        s->v = mem_grow(s->v, s->cap, sizeof *s->v);
    }
    s->v[s->n] = (struct aside_text){.from = from, .to = to, .at = *at};
    snprintf(s->v[s->n++].mark, sizeof s->v->mark, "%s", mark);
}

/* Line by line: a line end of the text is none of the source's lines. */
static void write_lines(struct pen *p, const char *s, size_t n)
{
    p->pre = true;
    for (size_t i = 0, j; i < n; i = j + 1) {
        const char *nl = memchr(s + i, '\n', n - i);
        j = nl ? (size_t)(nl - s) : n;
        if (j > i) pen_text(p, s + i, j - i);
        pen_gap(p, PEN_LINE);
    }
    p->pre = false;
}

bool aside_write(struct aside *s, struct pen *p)
{
    struct str t = doc_text(s->b);
    struct span at = p->at;
    bool any = s->n > 0;
    p->indent = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct aside_text w = s->v[i];
        while (w.from < w.to && (t.s[w.from] == '\n' || t.s[w.from] == ' ')) w.from++;
        pen_gap(p, *w.mark ? PEN_LINE : PEN_PARA);
        pen_mark(p, w.mark);
        p->at = w.at;
        write_lines(p, t.s + w.from, w.to - w.from);
        if (!*w.mark) pen_gap(p, PEN_PARA);
    }
    if (any) pen_gap(p, PEN_PARA);
    s->n = 0;
    p->at = at;
    return any;
}
