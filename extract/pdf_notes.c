/* pdf_notes.c: see pdf_notes.h. */
#include "extract/pdf_notes.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "extract/pdf_text.h"

#define MAX_NOTE 40 /* lines of footnotes on a page that are moved */
#define MAX_SIDE 12 /* lines of a side note                        */
#define MAX_MARK 12 /* bytes of a number or word in the margin     */
#define BOX      3  /* font sizes between two paragraphs of a box  */

static bool is_note(const struct manner *m, const struct pdf_line *l)
{
    return l->at.size < 0.93f * m->body && !l->at.tabular;
}

/* "12 See ...", "* The ...": how a footnote begins. */
static bool starts_note(struct str s)
{
    uint32_t cp = text_first(s);
    return (cp >= '0' && cp <= '9') || cp == '*' || cp == 0x2020 || cp == 0x2021 || cp == 0xA7 ||
           text_raised_digit(cp) >= 0;
}

/* Footnotes at the foot of a column or page that stand inside a sentence go behind the paragraph
 * in which it ends. */
static void move_notes(const struct manner *m, struct placed *v, size_t n, struct arena *scratch)
{
    struct placed *tmp = NEW(scratch, struct placed, n + 1);
    for (size_t i = 1, j; i<n; i = j> i ? j : i + 1) {
        const struct pdf_line *before = v[i - 1].line;
        j = i;
        if (is_note(m, before) || !is_note(m, v[i].line) || !starts_note(v[i].line->text)) continue;
        while (j < n && is_note(m, v[j].line) && v[j].page == v[i].page) j++;
        if (j == n || j - i > MAX_NOTE) continue;
        bool over = v[j].page != v[i - 1].page || v[j].line->at.region != before->at.region;
        if (!over || join_over_break(m, before, v[j].line) == JOIN_PARA) continue;
        size_t end = j + 1; /* of the paragraph that goes on */
        while (end < n && join_of(m, &v[end - 1], &v[end]) < JOIN_LINE) end++;
        size_t notes = j - i;
        memcpy(tmp, v + i, notes * sizeof *v);
        memmove(v + i, v + j, (end - j) * sizeof *v);
        memcpy(v + i + (end - j), tmp, notes * sizeof *v);
        j = end;
    }
}

/* ------------------------------------------------------------------ notes that are called */

/* All lines in reading order. */
struct text {
    const struct manner *manner;
    const struct placed *v;
    size_t n;
};

/* The notes [from, to) go behind the paragraph of the line at `called`. */
struct note {
    size_t from, to, called;
};

static bool is_raised_digit(struct str s)
{
    return text_raised_digit(text_first(s)) >= 0;
}

/* The bytes of the first character. */
static size_t first_size(struct str s)
{
    uint32_t cp;
    return utf8_next(s.s, s.n, &cp);
}

/* What calls the note that begins so, at out: its number raised, or its sign.  "1.1 Details" is none. */
static struct str caller_of(struct str s, char out[16])
{
    size_t n = 0, digits = 0;
    for (; digits < s.n && digits < 4 && g_ascii_isdigit(s.s[digits]); digits++)
        n += utf8_put(text_raised((uint32_t)s.s[digits]), out + n);
    bool section = digits + 1 < s.n && s.s[digits] == '.' && g_ascii_isdigit(s.s[digits + 1]);
    if (digits) return (struct str){out, digits < 4 && !section ? n : 0};
    while (n < 12 && is_raised_digit((struct str){s.s + n, s.n - n}))
        n += first_size((struct str){s.s + n, s.n - n});
    uint32_t cp = text_first(s);
    if (!n && (cp == 0x2020 || cp == 0x2021 || cp == '*')) n = first_size(s);
    memcpy(out, s.s, n);
    return (struct str){out, n};
}

/* Whether a raised number behind this text may be an exponent: "512 km", "c", "10". */
static bool takes_power(struct str before)
{
    static const char *const units[] = {"m", "km", "cm", "mm", "dm", "nm", "ft", "yd", "ha", "s"};
    size_t at = before.n, letters = 0;
    while (at > 0) {
        size_t back = utf8_back(before.s, at);
        uint32_t cp;
        utf8_next(before.s + at - back, back, &cp);
        if (!text_is_letter(cp)) break;
        at -= back, letters++;
    }
    if (!letters) return before.n && g_ascii_isdigit(before.s[before.n - 1]);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (before.n - at == strlen(units[i]) && !memcmp(before.s + at, units[i], before.n - at))
            return true;
    return letters == 1;
}

/* Whether the text calls a note so: the number is not part of a longer one, and no exponent. */
static bool calls(struct str text, struct str caller)
{
    const char *end = text.s + text.n, *at = text.s;
    bool number = is_raised_digit(caller);
    while ((at = memmem(at, (size_t)(end - at), caller.s, caller.n))) {
        struct str before = {text.s, (size_t)(at - text.s)};
        struct str behind = {at + caller.n, (size_t)(end - at) - caller.n};
        if (before.n && before.s[before.n - 1] != ' ' && text_raised_digit(text_last(before)) < 0 &&
            !is_raised_digit(behind) && !(number && takes_power(before)))
            return true;
        at = behind.s;
    }
    return false;
}

/* The number that a caller in raised digits says; 0: it is a sign. */
static long number_of(struct str s)
{
    long value = 0;
    for (size_t k; is_raised_digit(s); s.s += k, s.n -= k) {
        k = first_size(s);
        value = 10 * value + text_raised_digit(text_first(s));
    }
    return value;
}

/* The numbers of the notes of a page ascend, and so do the lines that call them. */
struct calling {
    size_t begin; /* the first line of the page                      */
    size_t line;  /* the one that called the last note with a number */
    long last;    /* its number; 0: none yet                         */
};

/* The line above note i that calls it, on its page; SIZE_MAX: none.  A number is called where it
 * stands first, a sign by the nearest one. */
static size_t find_call(const struct text *t, size_t i, const struct calling *c)
{
    char caller[16];
    struct str call = caller_of(t->v[i].line->text, caller);
    if (!call.n) return SIZE_MAX;
    bool number = is_raised_digit(call);
    if (number && number_of(call) <= c->last) return SIZE_MAX;
    for (size_t k = number ? c->line : c->begin, o = 0; o < i - k; o++) {
        size_t at = number ? k + o : i - 1 - o;
        if (!is_note(t->manner, t->v[at].line) && calls(t->v[at].line->text, call)) return at;
    }
    return SIZE_MAX;
}

/* Whether b is the size of the text and stands beside the narrower note a. */
static bool is_beside(const struct manner *m, const struct line *a, const struct line *b)
{
    float over = fminf(a->v1, b->v1) - fmaxf(a->v0, b->v0);
    return fabsf(b->size - m->body) < 0.3f && !b->tabular && a->turn == b->turn &&
           a->tilt == b->tilt && over > 0.3f * (a->v1 - a->v0) &&
           (a->u1 < b->u0 || a->u0 > b->u1) && a->u1 - a->u0 < 0.6f * (b->u1 - b->u0);
}

/* The line of text beside which the side note [i, j) begins; SIZE_MAX: it stands in a column of
 * text, or under it. */
static size_t find_beside(const struct text *t, size_t i, size_t j)
{
    size_t begin = i, end = j, text = 0, under = 0, hit = SIZE_MAX;
    float u0 = t->v[i].line->at.u0, u1 = t->v[i].line->at.u1;
    for (size_t k = i; k < j; k++)
        u0 = fminf(u0, t->v[k].line->at.u0), u1 = fmaxf(u1, t->v[k].line->at.u1);
    while (begin > 0 && t->v[begin - 1].page == t->v[i].page) begin--;
    while (end < t->n && t->v[end].page == t->v[i].page) end++;
    for (size_t k = begin; k < end; k++) {
        const struct line *b = &t->v[k].line->at;
        if (is_note(t->manner, t->v[k].line)) continue;
        text++;
        under += b->u0 < u1 && b->u1 > u0;
        if (hit == SIZE_MAX && is_beside(t->manner, &t->v[i].line->at, b)) hit = k;
    }
    return 8 * under > text ? SIZE_MAX : hit;
}

/* Whether the note after the one called last begins with line k, though nothing may call it. */
static bool is_next_note(const struct text *t, size_t k, const struct calling *c)
{
    char caller[16];
    return c->last && text_ends_sentence(t->v[k - 1].line->text) &&
           number_of(caller_of(t->v[k].line->text, caller)) == c->last + 1;
}

/* The end of the note that begins at i: at a paragraph's, or where the next number stands. */
static size_t end_of_note(const struct text *t, size_t i, const struct calling *c)
{
    size_t j = i + 1;
    for (; j < t->n && is_note(t->manner, t->v[j].line) && t->v[j].page == t->v[i].page; j++) {
        enum join join = join_of(t->manner, &t->v[j - 1], &t->v[j]);
        if (join >= JOIN_LINE || t->v[j].line->at.region != t->v[i].line->at.region) break;
        if (is_next_note(t, j, c) || find_call(t, j, c) != SIZE_MAX) break;
    }
    return j;
}

/* Whether the small lines a and b, neighbours in reading order, are paragraphs of one box. */
static bool in_one_box(const struct manner *m, const struct placed *a, const struct placed *b)
{
    const struct line *x = &a->line->at, *y = &b->line->at;
    return a->page == b->page && is_note(m, a->line) && is_note(m, b->line) && x->turn == y->turn &&
           x->u0 < y->u1 && y->u0 < x->u1 && y->v0 - x->v1 > -x->size &&
           y->v0 - x->v1 < BOX * x->size;
}

/* The line that the small lines [i, j) stand beside as a note of its own; SIZE_MAX: they are one of
 * several paragraphs of a box, or the number of a line or paragraph. */
static size_t find_side(const struct text *t, size_t i, size_t j)
{
    struct str s = t->v[i].line->text;
    if (j - i > MAX_SIDE || (j == i + 1 && !memchr(s.s, ' ', s.n) && s.n <= MAX_MARK))
        return SIZE_MAX;
    if ((i && in_one_box(t->manner, &t->v[i - 1], &t->v[i])) ||
        (j < t->n && in_one_box(t->manner, &t->v[j - 1], &t->v[j])))
        return SIZE_MAX;
    return find_beside(t, i, j);
}

static size_t find_notes(const struct text *t, struct note *note)
{
    size_t notes = 0, on_page = 0;
    struct calling c = {0};
    for (size_t i = 0, j; i < t->n; i = j) {
        j = i + 1;
        if (i && t->v[i].page != t->v[i - 1].page) on_page = 0, c = (struct calling){i, i, 0};
        if (!is_note(t->manner, t->v[i].line) || on_page >= MAX_NOTE) continue;
        size_t called = starts_note(t->v[i].line->text) ? find_call(t, i, &c) : SIZE_MAX;
        if (called != SIZE_MAX) {
            char caller[16];
            long number = number_of(caller_of(t->v[i].line->text, caller));
            if (number) c.line = called, c.last = number;
        }
        j = end_of_note(t, i, &c);
        if (called == SIZE_MAX) called = find_side(t, i, j);
        if (called == SIZE_MAX) continue;
        note[notes++] = (struct note){i, j, called};
        on_page += j - i;
    }
    return notes;
}

/* Footnotes and side notes go behind the paragraph that calls them or stands beside them. */
static void place_notes(const struct manner *manner, struct placed *v, size_t n,
                        struct arena *scratch)
{
    const struct text t = {manner, v, n};
    struct note *note = NEW(scratch, struct note, n + 1);
    size_t notes = find_notes(&t, note), rest = 0, out = 0;
    if (!notes) return;
    struct placed *text = NEW(scratch, struct placed, n + 1),
                  *all = NEW(scratch, struct placed, n + 1);
    size_t *at = NEW(scratch, size_t, n + 1), *head = NEW(scratch, size_t, n + 2);
    size_t *next = NEW(scratch, size_t, notes + 1), *end = NEW(scratch, size_t, n + 1);
    for (size_t i = 0, k = 0; i < n; i++) { /* the text without them, and where its lines are */
        if (k < notes && i == note[k].from)
            i = note[k++].to - 1;
        else
            at[i] = rest, text[rest++] = v[i];
    }
    for (size_t i = rest; i-- > 0;) { /* a table or a list is one block with what stands in it */
        bool last = i + 1 == rest || join_of(manner, &text[i], &text[i + 1]) == JOIN_PARA;
        end[i] = last ? i + 1 : end[i + 1];
    }
    for (size_t k = notes; k-- > 0;) { /* behind the paragraph, in order */
        size_t behind = end[at[note[k].called]];
        next[k] = head[behind], head[behind] = k + 1;
    }
    for (size_t i = 0; i <= rest; i++) {
        for (size_t k = head[i]; k; k = next[k - 1])
            for (size_t l = note[k - 1].from; l < note[k - 1].to; l++) all[out++] = v[l];
        if (i < rest) all[out++] = text[i];
    }
    memcpy(v, all, n * sizeof *v);
}

void notes_place(const struct manner *m, struct placed *v, size_t n, struct arena *scratch)
{
    place_notes(m, v, n, scratch);
    move_notes(m, v, n, scratch);
}
