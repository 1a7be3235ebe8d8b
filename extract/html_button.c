/* html_button.c: see html_button.h. */
#include "extract/html_button.h"

#include <string.h>

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
        if ((next = tag_over_comment(src, i, n)) > i) continue;
        next = i + 1;
        if (!tag_read(&t, o, src, i, n)) continue;
        next = t.end;
        if (tag_is_ignored(&t)) continue;
        if (t.skip) {
            next = tag_skipped_end(&t, src, n);
        } else if (!strcmp(t.name, "button")) {
            if (t.close || ended == n) *sound = !open.all, ended = i;
            return ended;
        } else if (!t.empty && !tag_is_void(t.name) && !count_tag(&open, &t)) {
            if (ended == n) *sound = !open.all, ended = i;
            last = !tag_is_in_line(t.name);
        }
    }
    return ended;
}

/* libxml2 leaves a button open whose end it meets in a block that nobody closed, and the page behind it would be
 * in the button: of one that is not sound only the text is copied. */
void button_enter(struct html_scan *o, const char *src, size_t e, size_t n)
{
    bool sound = true;
    size_t shown = o->shown, stop = button_end(o, src, e, n, &sound);
    o->shown = shown; /* button_end looked ahead */
    o->button = stop < n ? stop : 0;
    o->flat = !sound && stop < n;
}

void button_leave(struct html_scan *o, const struct tag *t)
{
    if (!t->close || strcmp(t->name, "button") != 0) buf_addz(&o->copy, "</button>");
    o->button = 0;
    o->flat = false;
}
