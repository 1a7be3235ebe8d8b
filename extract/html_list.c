/* html_list.c: see html_list.h. */
#include "extract/html_list.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole number as HTML reads it: blanks, a sign, digits, and whatever follows. */
static bool attr_number(const xmlNode *n, const char *name, int *out)
{
    const char *s = tree_attr(n, name);
    char *end;
    errno = 0;
    long v = strtol(s, &end, 10);
    if (end == s || errno || v < INT_MIN / 2 || v > INT_MAX / 2) return false;
    *out = (int)v;
    return true;
}

static int items_in(const xmlNode *list)
{
    int n = 0;
    for (const xmlNode *c = list->children; c; c = c->next)
        n += c->_private && tree_facts(c)->tag == TAG_LI && !tree_facts(c)->drop;
    return n;
}

static int next_number(const xmlNode *list, const xmlNode *li)
{
    struct html_facts *f = tree_facts(list);
    bool down = tree_has_attr(list, "reversed");
    if (!f->counted && !attr_number(list, "start", &f->item)) f->item = down ? items_in(list) : 1;
    f->counted = true;
    attr_number(li, "value", &f->item);
    int number = f->item;
    if (down ? number > INT_MIN : number < INT_MAX) f->item += down ? -1 : 1;
    return number;
}

/* 1 a, 26 z, 27 aa. */
static void put_letters(char *out, size_t max, int v, char first)
{
    char back[16];
    size_t n = 0, k = 0;
    for (; v > 0 && n < sizeof back; v = (v - 1) / 26) back[n++] = (char)(first + (v - 1) % 26);
    while (n > 0 && k + 1 < max) out[k++] = back[--n];
    out[k] = '\0';
}

static void put_roman(char *out, size_t max, int v, bool lower)
{
    static const struct { int value; const char *sign; } signs[] = {
        {1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"},
        {40, "XL"},  {10, "X"},   {9, "IX"},  {5, "V"},    {4, "IV"},  {1, "I"},
    };
    size_t k = 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        for (; v >= signs[i].value; v -= signs[i].value)
            for (const char *p = signs[i].sign; *p && k + 1 < max; p++)
                out[k++] = lower ? (char)(*p | 32) : *p;
    out[k] = '\0';
}

void list_mark(char out[LIST_MARK_MAX], const xmlNode *li)
{
    const xmlNode *list = li->parent;
    if (!list || !list->_private || tree_facts(list)->tag != TAG_OL) {
        memcpy(out, "- ", 3);
        return;
    }
    int number = next_number(list, li);
    const char *type = tree_attr(li, "type");
    if (!*type) type = tree_attr(list, "type");
    char kind = type[0] && !type[1] ? type[0] : '1', text[LIST_MARK_MAX - 3];
    if ((kind == 'a' || kind == 'A') && number > 0)
        put_letters(text, sizeof text, number, kind);
    else if ((kind == 'i' || kind == 'I') && number > 0 && number < 4000)
        put_roman(text, sizeof text, number, kind == 'i');
    else
        snprintf(text, sizeof text, "%d", number);
    snprintf(out, LIST_MARK_MAX, "%s. ", text);
}
