/* html_list.c: see html_list.h. */
#include "extract/html_list.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/numerals.h"

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
    bool letters = (kind | 32) == 'a', roman = (kind | 32) == 'i';
    numerals_put(text, sizeof text, number,
                 letters ? NUMERALS_LETTERS : roman ? NUMERALS_ROMAN : NUMERALS_DECIMAL,
                 kind == 'a' || kind == 'i');
    snprintf(out, LIST_MARK_MAX, "%s. ", text);
}
