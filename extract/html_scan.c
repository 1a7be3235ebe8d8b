/* html_scan.c: see html_scan.h. */
#include "extract/html_scan.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "extract/html_button.h"
#include "extract/html_copy.h"
#include "extract/html_math.h"
#include "extract/html_stream.h"
#include "extract/html_tag.h"

void scan_free(struct html_scan *s)
{
    buf_free(&s->copy);
    mem_free(s->mark);
    *s = (struct html_scan){0};
}

/* Those of `skipped` that leave nothing on the page, not even a gap. */
static const char *const unseen[] = {"script",   "style",   "template",
                                     "noscript", "noembed", "noframes"};

/* What scripts would put into the place that a template keeps (html_stream.h). */
static bool is_place(struct html_scan *o, const char *src, size_t i, const struct tag *t)
{
    size_t from, to;
    if (strcmp(t->name, "template") != 0 || o->places == STREAM_PLACES) return false;
    if (!tag_attribute(src, i, t->end, "id", &from, &to) || to - from <= 2) return false;
    if ((src[from] != 'B' && src[from] != 'P') || src[from + 1] != ':') return false;
    o->places++;
    return true;
}

/* Leaves out what begins with the tag t at src[i]; returns where it ends. */
static size_t leave_out(struct html_scan *o, const char *src, size_t i, size_t n, const struct tag *t)
{
    size_t stop = tag_skipped_end(t, src, n);
    if (stop == t->end && (t->empty || !strcmp(t->name, "svg"))) return stop;
    if (is_place(o, src, i, t)) {
        copy_tag(o, src, i, t->end, false);
        buf_addz(&o->copy, "</template>");
    }
    if (!tag_in_list(t->name, unseen, sizeof unseen / sizeof *unseen)) buf_addc(&o->copy, ' ');
    return stop;
}

/* Handles the tag, comment or declaration at src[i] == '<'; returns where it ends, or i when the
 * character is ordinary text. */
static size_t markup(struct html_scan *o, const char *src, size_t i, size_t n)
{
    size_t e = tag_over_comment(src, i, n);
    if (e > i) {
        if (n - i > 9 && !strncasecmp(src + i, "<!doctype", 9)) copy_tag(o, src, i, e, false);
        return e;
    }
    struct tag t;
    if (!tag_read(&t, o, src, i, n)) return i;
    e = t.end;
    if (tag_is_ignored(&t)) return e;
    if (t.skip) return leave_out(o, src, i, n, &t);
    if (o->flat && i < o->button) {
        if (!tag_is_in_line(t.name)) buf_addc(&o->copy, ' ');
        return e;
    }
    if (o->button && i >= o->button) button_leave(o, &t);
    if (!t.close && !t.empty && !strcmp(t.name, "button")) button_enter(o, src, e, n);
    size_t math = !t.close && !strcmp(math_name(t.name), "math") ? copy_math(o, src, i, e, n, t.name) : 0;
    if (math) return math;
    copy_tag(o, src, i, e, tag_is_root(t.name));
    if (!t.close && !strcmp(t.name, "img")) copy_alt(o, src, i, e);
    if (t.empty && !tag_is_void(t.name)) {
        const char *name = src + t.name_at;
        buf_addf(&o->copy, "</%.*s>", (int)tag_length(name, n - t.name_at), name);
        return e;
    }
    if (t.close || strcmp(t.name, "title") != 0) return e;
    size_t stop = tag_element_end(src, e, n, t.name);
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
    for (size_t i = tag_find(src, 0, n, "<"); i < n; i = tag_find(src, i + 1, n, "<")) {
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
