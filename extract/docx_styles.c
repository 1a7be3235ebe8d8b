#include "extract/docx_styles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "extract/numerals.h"
#include "extract/xml_pull.h"

enum { LEVELS = 9, TEXT_MAX = 32, CHAIN = 32, MAX_ROWS = 65536 };

struct style {
    const char *id, *based_on;
    struct docx_style says; /* heading, num, level: -1 says nothing */
};

struct level {
    char format[20], text[TEXT_MAX];
    int start, count;
};

struct list { /* w:abstractNum */
    int id;
    struct level level[LEVELS];
};

struct num {
    int id;
    size_t list;             /* index, SIZE_MAX none */
    int restart[LEVELS];     /* -1 none              */
    bool begun;
};

struct docx_styles {
    struct arena *a;
    struct style *style;
    struct list *list;
    struct num *num;
    size_t n_styles, n_lists, n_nums;
    size_t cap_styles, cap_lists, cap_nums;
};

static void *grow(struct arena *a, void *old, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return old;
    *cap = *cap ? 2 * *cap : 16;
    void *fresh = mem_take(a, *cap, size);
    if (n) memcpy(fresh, old, n * size);
    return fresh;
}

static const char *copy(struct arena *a, const char *s)
{
    return mem_copy(a, s, strlen(s));
}

static int number(const char *s, int low, int high)
{
    long v = strtol(s, NULL, 10);
    return v < low ? low : v > high ? high : (int)v;
}

static bool is_on(const struct pull *p)
{
    const char *v = pull_attr(p, "val");
    return strcmp(v, "0") && strcmp(v, "false") && strcmp(v, "off");
}

/* ------------------------------------------------------------------ styles */

/* Names are the same in every language of the program; ids are not. */
static void by_name(struct docx_style *s, const char *name)
{
    if (!strncasecmp(name, "heading ", 8) && name[8] >= '1' && name[8] <= '9')
        s->heading = name[8] - '0';
    s->title |= !strcasecmp(name, "Title");
    s->code |= strcasestr(name, "source code") || strcasestr(name, "preformatted") ||
               !strcasecmp(name, "code") || !strcasecmp(name, "verbatim") ||
               !strcasecmp(name, "plain text") || !strcasecmp(name, "macro");
}

static void read_style(struct docx_styles *t, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    if (t->n_styles >= MAX_ROWS) return;
    t->style = grow(t->a, t->style, t->n_styles, &t->cap_styles, sizeof *t->style);
    struct style *s = &t->style[t->n_styles++];
    *s = (struct style){.id = copy(t->a, pull_attr(p, "styleId")),
                        .says = {.heading = -1, .num = -1, .level = -1}};
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        const char *val = pull_attr(p, "val");
        if (pull_is(p, "name")) by_name(&s->says, val);
        else if (pull_is(p, "basedOn")) s->based_on = copy(t->a, val);
        else if (pull_is(p, "outlineLvl")) s->says.heading = (number(val, 0, 9) + 1) % 10;
        else if (pull_is(p, "numId")) s->says.num = number(val, 0, 1 << 30);
        else if (pull_is(p, "ilvl")) s->says.level = number(val, 0, LEVELS - 1);
        else if (pull_is(p, "vanish") && is_on(p)) s->says.hidden = true;
        else if (pull_is(p, "tblStylePr")) pull_skip(p);
    }
}

static const struct style *find_style(const struct docx_styles *t, const char *id)
{
    for (size_t i = 0; *id && i < t->n_styles; i++)
        if (!strcmp(t->style[i].id, id)) return &t->style[i];
    return NULL;
}

struct docx_style docx_style_of(const struct docx_styles *t, const char *id)
{
    struct docx_style out = {.heading = -1, .num = -1, .level = -1};
    const struct style *s = find_style(t, id);
    for (int i = 0; s && i < CHAIN; i++) {
        if (out.heading < 0) out.heading = s->says.heading;
        if (out.num < 0) out.num = s->says.num;
        if (out.level < 0) out.level = s->says.level;
        out.title |= s->says.title;
        out.code |= s->says.code;
        out.hidden |= s->says.hidden;
        s = s->based_on ? find_style(t, s->based_on) : NULL;
    }
    if (out.heading < 0) out.heading = 0;
    return out;
}

/* ------------------------------------------------------------------ numbering */

static void read_level(struct level *l, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        const char *val = pull_attr(p, "val");
        if (pull_is(p, "numFmt")) snprintf(l->format, sizeof l->format, "%s", val);
        else if (pull_is(p, "lvlText")) snprintf(l->text, sizeof l->text, "%s", val);
        else if (pull_is(p, "start")) l->start = number(val, 0, 1 << 20);
    }
}

static void read_list(struct docx_styles *t, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    if (t->n_lists >= MAX_ROWS) return;
    t->list = grow(t->a, t->list, t->n_lists, &t->cap_lists, sizeof *t->list);
    struct list *l = &t->list[t->n_lists++];
    *l = (struct list){.id = number(pull_attr(p, "abstractNumId"), -1, 1 << 30)};
    for (int i = 0; i < LEVELS; i++) l->level[i].start = 1;
    while (pull_inside(p, depth, &ev))
        if (ev == PULL_OPEN && pull_is(p, "lvl"))
            read_level(&l->level[number(pull_attr(p, "ilvl"), 0, LEVELS - 1)], p);
}

static size_t find_list(const struct docx_styles *t, int id)
{
    for (size_t i = 0; i < t->n_lists; i++)
        if (t->list[i].id == id) return i;
    return SIZE_MAX;
}

static void read_num(struct docx_styles *t, struct pull *p)
{
    int depth = p->depth, level = 0;
    enum pull_event ev;
    if (t->n_nums >= MAX_ROWS) return;
    t->num = grow(t->a, t->num, t->n_nums, &t->cap_nums, sizeof *t->num);
    struct num *n = &t->num[t->n_nums++];
    *n = (struct num){.id = number(pull_attr(p, "numId"), -1, 1 << 30), .list = SIZE_MAX};
    for (int i = 0; i < LEVELS; i++) n->restart[i] = -1;
    while (pull_inside(p, depth, &ev)) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(p, "abstractNumId"))
            n->list = find_list(t, number(pull_attr(p, "val"), -1, 1 << 30));
        else if (pull_is(p, "lvlOverride"))
            level = number(pull_attr(p, "ilvl"), 0, LEVELS - 1);
        else if (pull_is(p, "startOverride"))
            n->restart[level] = number(pull_attr(p, "val"), 0, 1 << 20);
    }
}

static struct num *find_num(struct docx_styles *t, int id)
{
    for (size_t i = 0; i < t->n_nums; i++)
        if (t->num[i].id == id) return &t->num[i];
    return NULL;
}

/* Counts one on, and the levels below from their start again. */
static void count(struct num *n, struct list *l, int level)
{
    if (!n->begun) {
        for (int i = 0; i < LEVELS; i++)
            if (n->restart[i] >= 0) l->level[i].count = 0, l->level[i].start = n->restart[i];
        n->begun = true;
    }
    for (int i = 0; i < level; i++) l->level[i].count += l->level[i].count == 0;
    if (l->level[level].count < 1 << 20) l->level[level].count++;
    for (int i = level + 1; i < LEVELS; i++) l->level[i].count = 0;
}

static void put_count(struct buf *out, const struct level *l)
{
    char text[TEXT_MAX];
    bool lower = !strncmp(l->format, "lower", 5);
    enum numerals kind = strstr(l->format, "Letter") ? NUMERALS_LETTERS
                         : strstr(l->format, "Roman") ? NUMERALS_ROMAN
                                                      : NUMERALS_DECIMAL;
    int v = l->start + (l->count ? l->count : 1) - 1;
    numerals_put(text, sizeof text, v, kind, lower);
    buf_addz(out, text);
}

void docx_list_mark(struct docx_styles *t, int num, int level, char out[PEN_MARK_MAX])
{
    struct num *n = find_num(t, num);
    *out = '\0';
    if (level < 0 || level >= LEVELS) level = 0;
    if (!n || n->list == SIZE_MAX) {
        if (num > 0) snprintf(out, PEN_MARK_MAX, "- ");
        return;
    }
    struct list *l = &t->list[n->list];
    const struct level *me = &l->level[level];
    count(n, l, level);
    if (!strcmp(me->format, "bullet") || !*me->format) {
        snprintf(out, PEN_MARK_MAX, "- ");
        return;
    }
    if (!strcmp(me->format, "none")) return;
    struct buf mark = {0};
    for (const char *s = me->text; *s; s++) {
        if (s[0] == '%' && s[1] >= '1' && s[1] <= '9') put_count(&mark, &l->level[*++s - '1']);
        else buf_addc(&mark, *s);
    }
    if (mark.n) snprintf(out, PEN_MARK_MAX, "%s ", mark.s);
    buf_free(&mark);
}

/* ------------------------------------------------------------------ both */

struct docx_styles *docx_styles_read(struct arena *a, const struct zip_member *styles,
                                     const struct zip_member *numbering)
{
    struct docx_styles *t = NEW(a, struct docx_styles, 1);
    struct pull p;
    enum pull_event ev;
    t->a = a;
    if (styles) {
        pull_open(&p, styles->s, styles->n);
        while ((ev = pull_next(&p)) != PULL_END)
            if (ev == PULL_OPEN && pull_is(&p, "style")) read_style(t, &p);
        pull_close(&p);
    }
    if (numbering) {
        pull_open(&p, numbering->s, numbering->n);
        while ((ev = pull_next(&p)) != PULL_END) {
            if (ev == PULL_OPEN && pull_is(&p, "abstractNum")) read_list(t, &p);
            else if (ev == PULL_OPEN && pull_is(&p, "num")) read_num(t, &p);
        }
        pull_close(&p);
    }
    return t;
}
