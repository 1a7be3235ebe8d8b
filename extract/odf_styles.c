#include "extract/odf_styles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "extract/numerals.h"
#include "extract/xml_pull.h"

enum { LEVELS = 10, CHAIN = 32, ROWS_MAX = 65536 };

struct level {
    bool numbered;
    char format[4], before[16], after[16];
    int start, shown; /* shown: how many levels the number repeats */
};

struct row { /* a style or a list style */
    const char *name, *parent;
    struct odf_style says;
    struct level *level; /* of a list style, else NULL */
};

struct odf_styles {
    struct arena *a;
    struct row *v;
    size_t n, cap;
};

static const char *copy(struct arena *a, const char *s)
{
    return *s ? mem_copy(a, s, strlen(s)) : NULL;
}

static struct row *add_row(struct odf_styles *t, const struct pull *p)
{
    if (t->n >= ROWS_MAX) return NULL;
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        struct row *fresh = NEW(t->a, struct row, t->cap);
        if (t->n) memcpy(fresh, t->v, t->n * sizeof *fresh);
        t->v = fresh;
    }
    struct row *r = &t->v[t->n++];
    *r = (struct row){.name = copy(t->a, pull_attr(p, "name"))};
    return r;
}

static bool is_code(const char *name)
{
    return strcasestr(name, "preformatted") || strcasestr(name, "source_20_code") ||
           strcasestr(name, "source_20_text");
}

static void read_style(struct odf_styles *t, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    struct row *r = add_row(t, p);
    if (!r) return;
    r->parent = copy(t->a, pull_attr(p, "parent-style-name"));
    r->says.list = copy(t->a, pull_attr(p, "list-style-name"));
    r->says.code = r->name && is_code(r->name);
    r->says.title = r->name && !strcmp(r->name, "Title");
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "text-properties") || pull_is(p, "section-properties"))
            r->says.hidden |= !strcmp(pull_attr(p, "display"), "none");
        else if (pull_is(p, "table-properties"))
            r->says.hidden |= !strcmp(pull_attr(p, "display"), "false");
    }
}

static void read_list(struct odf_styles *t, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    struct row *r = add_row(t, p);
    if (!r) return;
    r->level = NEW(t->a, struct level, LEVELS);
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN || strncmp(p->name, "list-level-style-", 17)) continue;
        long at = strtol(pull_attr(p, "level"), NULL, 10);
        if (at < 1 || at > LEVELS) continue;
        struct level *l = &r->level[at - 1];
        const char *start = pull_attr(p, "start-value"), *shown = pull_attr(p, "display-levels");
        l->numbered = !strcmp(p->name, "list-level-style-number");
        snprintf(l->format, sizeof l->format, "%s", pull_attr(p, "num-format"));
        snprintf(l->before, sizeof l->before, "%s", pull_attr(p, "num-prefix"));
        snprintf(l->after, sizeof l->after, "%s", pull_attr(p, "num-suffix"));
        l->start = *start ? (int)(strtol(start, NULL, 10) & 0xfffff) : 1;
        l->shown = *shown ? (int)(strtol(shown, NULL, 10) % (LEVELS + 1)) : 1;
    }
}

struct odf_styles *odf_styles_read(struct arena *a, const struct zip_member *const *m, size_t n)
{
    struct odf_styles *t = NEW(a, struct odf_styles, 1);
    t->a = a;
    for (size_t i = 0; i < n; i++) {
        struct pull p;
        enum pull_event ev;
        if (!m[i]) continue;
        pull_open(&p, m[i]->s, m[i]->n);
        while ((ev = pull_next(&p)) != PULL_END) {
            if (ev != PULL_OPEN) continue;
            if (pull_is(&p, "style")) read_style(t, &p);
            else if (pull_is(&p, "list-style")) read_list(t, &p);
            else if (pull_is(&p, "body")) pull_skip(&p);
        }
        pull_close(&p);
    }
    return t;
}

static const struct row *find(const struct odf_styles *t, const char *name, bool list)
{
    for (size_t i = 0; name && *name && i < t->n; i++)
        if (t->v[i].name && !strcmp(t->v[i].name, name) && (t->v[i].level != NULL) == list)
            return &t->v[i];
    return NULL;
}

struct odf_style odf_style_of(const struct odf_styles *t, const char *name)
{
    struct odf_style out = {0};
    if (is_code(name)) out.code = true;
    if (!strcmp(name, "Title")) out.title = true;
    const struct row *r = find(t, name, false);
    for (int i = 0; r && i < CHAIN; i++) {
        out.hidden |= r->says.hidden;
        out.code |= r->says.code || (r->parent && is_code(r->parent));
        out.title |= r->says.title || (r->parent && !strcmp(r->parent, "Title"));
        if (!out.list) out.list = r->says.list;
        r = find(t, r->parent, false);
    }
    return out;
}

int odf_list_start(const struct odf_styles *t, const char *style, int depth)
{
    const struct row *r = find(t, style, true);
    return r && depth >= 1 && depth <= LEVELS && r->level[depth - 1].start
               ? r->level[depth - 1].start
               : 1;
}

void odf_list_mark(const struct odf_styles *t, const char *style, int depth, const int *count,
                   char out[PEN_MARK_MAX])
{
    const struct row *r = find(t, style, true);
    if (depth > LEVELS) depth = LEVELS;
    const struct level *l = r && depth >= 1 ? &r->level[depth - 1] : NULL;
    snprintf(out, PEN_MARK_MAX, "- ");
    if (!l || !l->numbered) return;
    *out = '\0';
    if (!*l->format) return;
    struct buf mark = {0};
    buf_addz(&mark, l->before);
    int first = l->shown > 0 && l->shown <= depth ? depth - l->shown : depth - 1;
    for (int i = first; i < depth; i++) {
        char text[32], kind = r->level[i].format[0];
        bool letters = (kind | 32) == 'a', roman = (kind | 32) == 'i';
        numerals_put(text, sizeof text, count[i],
                     letters ? NUMERALS_LETTERS : roman ? NUMERALS_ROMAN : NUMERALS_DECIMAL,
                     kind == 'a' || kind == 'i');
        buf_addf(&mark, "%s%s", i > first ? "." : "", text);
    }
    buf_addz(&mark, l->after);
    snprintf(out, PEN_MARK_MAX, "%s ", mark.s);
    buf_free(&mark);
}
