/* pdf_flow.c: see pdf_flow.h. */
#include "extract/pdf_flow.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/floats.h"
#include "extract/pdf_hangul.h"
#include "extract/pdf_hyphen.h"
#include "extract/pdf_text.h"

/* ------------------------------------------------------------------ measuring */

/* Where a line starts and ends in its own direction. */
static float start_of(const struct line *l)
{
    return l->rtl ? -l->u1 : l->u0;
}
static float end_of(const struct line *l)
{
    return l->rtl ? -l->u0 : l->u1;
}

static bool same_size(const struct line *a, const struct line *b)
{
    return fabsf(a->size - b->size) <= 0.1f * fmaxf(a->size, b->size);
}

/* The value with the most others within 2 points above it; v is sorted. */
static float mode_of(const float *v, size_t n)
{
    float best = v[0];
    size_t best_n = 0;
    for (size_t i = 0, j = 0; i < n; i++) {
        while (j < n && v[j] - v[i] <= 2) j++;
        if (j - i > best_n) best_n = j - i, best = v[i];
    }
    return best;
}

/* The smallest of the sorted values that is no exception: one in eight is about the same. */
static float least_usual(const float *v, size_t n)
{
    size_t need = n / 8 > 1 ? n / 8 : 1;
    for (size_t i = 0, j = 0; i < n; i++) {
        while (j < n && v[j] - v[i] <= 1.2f) j++;
        if (j - i >= need) return v[i + (j - i) / 2];
    }
    return v[n / 2];
}

/* left of lines that no wide gap parts: lists and quotations have their own. */
static void measure_left(struct pdf_line *v, size_t n, float *tmp)
{
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n; j++) {
            float d = v[j].at.v1 - v[j - 1].at.v1;
            if (d < -0.5f * v[j].at.size || d > 1.15f * v[j].leading) break;
        }
        for (size_t k = i; k < j; k++) tmp[k - i] = start_of(&v[k].at);
        floats_sort(tmp, j - i);
        float left = mode_of(tmp, j - i);
        for (size_t k = i; k < j; k++) v[k].left = left;
    }
}

#define FULL 2.0f /* sizes: a line that ends so near to the right end reaches it     */
#define WIDE 8.0f /* sizes: of lines of running text; names, one a line, are narrower */

static bool is_full(const struct pdf_line *l)
{
    return l->right - end_of(&l->at) < FULL * l->at.size;
}

static void measure_filled(struct pdf_line *v, size_t n)
{
    enum { SEVERAL = 3 };
    size_t full = 0;
    for (size_t i = 0; i < n; i++) full += is_full(&v[i]);
    for (size_t i = 0; i < n; i++)
        v[i].filled =
            full >= SEVERAL && 3 * full >= n && v[i].right - v[i].left > WIDE * v[i].at.size;
}

static void measure_block(struct pdf_line *v, size_t n, float *tmp)
{
    float right = end_of(&v[0].at), leading = 0;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) right = fmaxf(right, end_of(&v[i].at));
    for (size_t i = 1; i < n; i++) {
        float d = v[i].at.v1 - v[i - 1].at.v1;
        if (v[i].at.row != v[i - 1].at.row && d > 0.5f * v[i].at.size && d < 3 * v[i].at.size)
            tmp[k++] = d;
    }
    if (k) {
        floats_sort(tmp, k);
        leading = least_usual(tmp, k);
    }
    for (size_t i = 0; i < n; i++) {
        v[i].right = right;
        v[i].leading = leading > 0 ? leading : 1.25f * v[i].at.size;
    }
    measure_left(v, n, tmp);
    measure_filled(v, n);
}

/* Code is indented from the line that stands furthest out. */
static void measure_code(struct pdf_page *p)
{
    for (size_t i = 0, j; i < p->n; i = j) {
        j = i + 1;
        if (!p->v[i].at.mono) continue;
        float left = p->v[i].at.u0;
        for (; j < p->n && p->v[j].at.mono && p->v[j].at.region == p->v[i].at.region; j++)
            left = fminf(left, p->v[j].at.u0);
        for (size_t k = i; k < j; k++) p->v[k].left = left;
    }
}

void flow_measure(struct pdf_page *p, struct arena *scratch)
{
    float *tmp = NEW(scratch, float, p->n + 1);
    for (size_t i = 0, j; i < p->n; i = j) {
        for (j = i + 1; j < p->n && p->v[j].at.region == p->v[i].at.region &&
                        same_size(&p->v[j].at, &p->v[i].at);
             j++) {
        }
        measure_block(p->v + i, j - i, tmp);
    }
    measure_code(p);
}

/* ------------------------------------------------------------------ joining */

static bool is_digit(uint32_t cp)
{
    return cp >= '0' && cp <= '9';
}

#define MAX_HEADING 160 /* characters */
#define MAX_NOTE    40  /* lines of footnotes on a page that are moved */
#define MAX_SIDE    12  /* lines of a side note                        */
#define MAX_MARK    12  /* bytes of a number or word in the margin     */
#define BOX         3   /* font sizes between two paragraphs of a box  */

struct flow {
    struct doc_builder *b;
    const struct pdf_doc *d;
    const struct hyphens *hyphens;
    const struct hangul *hangul; /* NULL: lines of hangul end where words do */
    bool indents;   /* paragraphs begin with an indent, and not with a gap */
    float body;     /* size of most of the text */
    float sizes[8]; /* of headings, largest first */
    size_t n_sizes;
    /* The paragraph being written. */
    size_t start;
    float size;
    int lines;
    uint32_t page;
    int letters;
    bool bold, plain, item;
    bool fresh; /* the next line starts a line of the text */
    struct str last;
    struct heading title; /* the largest heading of the first pages */
    float title_size;
    uint32_t title_page;
};

enum join { JOIN_TIGHT, JOIN_HYPHEN, JOIN_SPACE, JOIN_CELL, JOIN_LINE, JOIN_PARA };

/* Names and items of lists, one a line, stay apart. */
static bool phrase_goes_on(const struct pdf_line *a, const struct pdf_line *b)
{
    return text_joins_phrase(a->text, b->text) && a->filled && is_full(a) &&
           fabsf(start_of(&b->at) - b->left) < 0.5f * b->at.size;
}

static enum join plain_join(const struct flow *f, const struct pdf_line *a,
                            const struct pdf_line *b)
{
    uint32_t first = text_first(b->text);
    if (text_joins_tight(a->text, b->text) || phrase_goes_on(a, b)) return JOIN_TIGHT;
    if (f->hangul && hangul_is(first) && hangul_is(text_last(a->text)))
        return hangul_goes_on(f->hangul, text_last(a->text), first) ? JOIN_TIGHT : JOIN_SPACE;
    if (!text_ends_dash(a->text) || a->at.mono || !(text_is_letter(first) || is_digit(first)))
        return JOIN_SPACE;
    if (!text_end_hyphen(a->text) || !text_is_lower(first)) return JOIN_TIGHT; /* "1992-" "93" */
    switch (hyphen_kind(f->hyphens, a->text, b->text)) {
    case HYPHEN_SPLITS: return JOIN_HYPHEN;
    case HYPHEN_WAITS: return JOIN_SPACE;
    default: return JOIN_TIGHT;
    }
}

/* A line of text without the indent that a new paragraph would have here. */
static bool not_begun(const struct flow *f, const struct pdf_line *b)
{
    return f->indents && fabsf(start_of(&b->at) - b->left) < 0.4f * b->at.size &&
           fabsf(b->at.size - f->body) < 0.3f && !b->at.mono;
}

/* A line of a table of contents: dots, and the number of a page behind them. */
static bool is_entry(struct str s)
{
    size_t i = s.n;
    while (i > 0 && (g_ascii_isalnum(s.s[i - 1]) || s.s[i - 1] == ' ')) i--;
    return i < s.n && s.n - i < 9 && i > 3 && !memcmp(s.s + i - 3, "...", 3);
}

/* Over the end of a column or page: only where a sentence goes on. */
static enum join join_over_break(const struct flow *f, const struct pdf_line *a,
                                 const struct pdf_line *b)
{
    uint32_t first = text_first(b->text);
    if (!same_size(&a->at, &b->at) || a->at.turn != b->at.turn || text_starts_item(b->text) ||
        a->at.tabular || b->at.tabular || a->at.bold != b->at.bold)
        return JOIN_PARA;
    if (is_entry(a->text)) return is_entry(b->text) ? JOIN_LINE : JOIN_PARA;
    if (not_begun(f, b) && a->right - end_of(&a->at) < 1.5f * a->at.size)
        return plain_join(f, a, b);
    if (text_ends_sentence(a->text) || !text_is_lower(first)) return JOIN_PARA;
    if (text_is_spaceless(first) && a->right - end_of(&a->at) > 2 * a->at.size) return JOIN_PARA;
    return plain_join(f, a, b);
}

/* The first word of b would have had room behind a: somebody ended the line on purpose. */
static bool broken_on_purpose(const struct pdf_line *a, const struct pdf_line *b)
{
    float room = a->right - end_of(&a->at);
    if (text_is_spaceless(text_first(b->text))) return room > 2.5f * a->at.size;
    const char *space = memchr(b->text.s, ' ', b->text.n);
    size_t word = utf8_count(b->text.s, space ? (size_t)(space - b->text.s) : b->text.n);
    float width = b->at.chars ? (b->at.u1 - b->at.u0) * (float)word / (float)b->at.chars : 0;
    return room > width + 0.9f * a->at.size;
}

static bool centred(const struct pdf_line *a, const struct pdf_line *b)
{
    float d = (a->at.u0 + a->at.u1) - (b->at.u0 + b->at.u1);
    return fabsf(d) < 4 && fabsf(a->at.u0 - b->at.u0) > 3;
}

/* A new paragraph that shows by its first line's indent, or by hanging out. */
static bool indented(const struct pdf_line *a, const struct pdf_line *b)
{
    float sa = start_of(&a->at), sb = start_of(&b->at), em = 0.75f * b->at.size;
    if (centred(a, b) || a->at.cap) return false;
    if (sb > sa + em) return sa < a->left + em && sa > a->left - em; /* b indented, a not */
    if (sb < sa - em) return sb < b->left - em;                      /* b hangs out        */
    return false;
}

static enum join join_in_region(const struct flow *f, const struct pdf_line *a,
                                const struct pdf_line *b)
{
    float size = fmaxf(a->at.size, b->at.size), dv = b->at.v1 - a->at.v1;
    float gap = b->at.v0 - a->at.v1;
    if (a->at.tabular && b->at.tabular) return JOIN_LINE;
    if (a->at.tabular || b->at.tabular || !same_size(&a->at, &b->at)) return JOIN_PARA;
    if (dv <= 0) return join_over_break(f, a, b);
    if (a->at.size >= 1.12f * f->body && dv < 1.7f * size && a->at.font == b->at.font &&
        a->at.bold == b->at.bold && !text_ends_sentence(a->text))
        return plain_join(f, a, b); /* a heading of several lines */
    if ((dv > 1.28f * b->leading && gap > 0.2f * size) || gap > 1.4f * size) return JOIN_PARA;
    bool on_purpose = broken_on_purpose(a, b);
    if (on_purpose && not_begun(f, b) && a->at.bold == b->at.bold &&
        a->right - end_of(&a->at) < 0.25f * (a->right - a->left))
        on_purpose = false; /* a word that would not be parted */
    uint32_t first = text_first(b->text);
    if (a->at.bold != b->at.bold && (on_purpose || !text_is_lower(first))) return JOIN_PARA;
    if (a->at.mono && b->at.mono) return JOIN_LINE;
    if (text_starts_item(b->text) || is_entry(a->text)) return JOIN_LINE;
    bool flows = g_unichar_islower(first) && !text_ends_sentence(a->text);
    if (!flows && indented(a, b) && !text_starts_item(a->text)) return JOIN_PARA;
    if (on_purpose && !text_ends_dash(a->text)) {
        if (text_ends_sentence(a->text) && !centred(a, b)) return JOIN_PARA;
        if (!text_is_lower(first) || text_is_spaceless(first)) return JOIN_LINE;
    }
    return plain_join(f, a, b);
}

static enum join join_of(const struct flow *f, const struct pdf_page *pa, const struct pdf_line *a,
                         const struct pdf_page *pb, const struct pdf_line *b)
{
    if (pa == pb && a->at.row == b->at.row) {
        if (a->at.tabular && a->at.cell != b->at.cell) return JOIN_CELL;
        return a->at.tabular ? plain_join(f, a, b) : JOIN_SPACE;
    }
    if (pa != pb || a->at.region != b->at.region || a->at.turn != b->at.turn)
        return join_over_break(f, a, b);
    return join_in_region(f, a, b);
}

/* ------------------------------------------------------------------ headings */

static int by_size_down(const void *a, const void *b)
{
    return floats_order(b, a);
}

/* The size that most characters have, and the larger ones that headings have. */
static void survey_sizes(struct flow *f, const struct pdf_doc *d, struct arena *scratch)
{
    enum { STEPS = 400 }; /* half points */
    double *chars = NEW(scratch, double, STEPS), best = 0;
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 0; i < d->v[p].n; i++) {
            const struct pdf_line *l = &d->v[p].v[i];
            int s = (int)lroundf(2 * fmaxf(0, fminf(l->at.size, STEPS / 2.0f - 1)));
            if (!l->drop) chars[s] += l->at.chars;
        }
    for (int s = 0; s < STEPS; s++)
        if (chars[s] > best) best = chars[s], f->body = 0.5f * (float)s;
    for (int s = STEPS - 1; s > 0 && f->n_sizes < 8; s--)
        if (chars[s] > 0 && 0.5f * (float)s >= 1.12f * f->body)
            f->sizes[f->n_sizes++] = 0.5f * (float)s;
    qsort(f->sizes, f->n_sizes, sizeof *f->sizes, by_size_down);
}

/* How the document begins its paragraphs. */
static void survey_indents(struct flow *f, const struct pdf_doc *d)
{
    size_t indents = 0, gaps = 0;
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 1; i < d->v[p].n; i++) {
            const struct pdf_line *a = &d->v[p].v[i - 1], *b = &d->v[p].v[i];
            if (a->at.region != b->at.region || a->at.row == b->at.row || a->at.tabular ||
                b->at.tabular || fabsf(a->at.size - f->body) > 0.3f ||
                fabsf(b->at.size - f->body) > 0.3f)
                continue;
            float dv = b->at.v1 - a->at.v1, em = 0.75f * f->body;
            float in = start_of(&b->at) - b->left;
            if (dv > 0 && in > em && in < 4 * em && fabsf(start_of(&a->at) - b->left) < em)
                indents++;
            else if (dv > 1.28f * b->leading)
                gaps++;
        }
    f->indents = indents >= 4 && indents > 2 * gaps;
}

static int level_of(const struct flow *f)
{
    int level = 1;
    for (size_t i = 0; i < f->n_sizes && f->sizes[i] > f->size + 0.3f; i++) level++;
    return level < 6 ? level : 6;
}

/* The level of the outline's entry for a paragraph on its page; 0 when it has none. */
static int outline_level(const struct flow *f, struct str text)
{
    const struct outline_entry *v = f->d->outline;
    size_t lo = 0, hi = f->d->n_outline;
    uint64_t key = hi ? outline_key(text) : 0;
    if (!key) return 0;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v[mid].page < f->page)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < f->d->n_outline && v[lo].page == f->page; lo++)
        if (v[lo].key == key) return v[lo].level;
    return 0;
}

static void end_paragraph(struct flow *f)
{
    size_t len = doc_length(f->b) - f->start;
    bool large = f->size >= 1.12f * f->body;
    int level = 0;
    if (f->lines && f->plain && len < 2 * MAX_HEADING)
        level = outline_level(f, (struct str){doc_text(f->b).s + f->start, len});
    bool entry = f->last.n && memmem(f->last.s, f->last.n, "...", 3); /* of a table of contents */
    bool headlike = f->lines && f->plain && len < MAX_HEADING && !f->item && !entry &&
                    (f->letters > 1 || (f->letters == 1 && len > 1)) && text_last(f->last) != '.' &&
                    text_last(f->last) != ',' && text_last(f->last) != ';';
    if (!level && headlike && (large || (f->bold && f->lines <= 2))) level = level_of(f);
    if (level) doc_heading(f->b, f->start, len, level);
    if (headlike && large && f->size > 1.02f * f->title_size && f->letters > 3 &&
        (!f->title.len || f->page <= f->title_page + 1)) {
        f->title = (struct heading){f->start, len, 1};
        f->title_size = f->size;
        f->title_page = f->page;
    }
    f->lines = 0;
}

/* ------------------------------------------------------------------ writing */

static void write_line(struct flow *f, const struct pdf_page *p, const struct pdf_line *l,
                       enum join next)
{
    struct span at = {.byte = SPAN_NO_BYTES, .line = l->no, .page = p->number};
    memcpy(at.box, l->at.box, sizeof at.box);
    if (!f->lines) {
        f->start = doc_length(f->b);
        f->bold = f->plain = true;
        f->letters = 0;
        f->item = text_starts_item(l->text) && !text_is_letter(text_first(l->text)) &&
                  (unsigned char)*l->text.s >= 0x80; /* a bullet, not a number */
        f->size = l->at.size;
        f->page = p->number;
    }
    f->lines++;
    f->bold &= l->at.bold;
    f->plain &= !l->at.tabular && !l->at.mono;
    f->letters += text_letters(l->text);
    f->size = fminf(f->size, l->at.size);
    f->last = l->text;
    if (f->fresh && l->at.mono && !l->at.tabular && !l->at.rtl && l->at.chars > 0) {
        float width = (l->at.u1 - l->at.u0) / (float)utf8_count(l->text.s, l->text.n);
        int blanks = width > 0 ? (int)lroundf((l->at.u0 - l->left) / width) : 0;
        for (int i = 0; i < blanks && i < 80; i++) doc_add_made(f->b, " ");
    }
    f->fresh = next == JOIN_LINE || next == JOIN_PARA;
    size_t hyphen = next == JOIN_HYPHEN ? text_end_hyphen(l->text) : 0;
    doc_add(f->b, l->text.s, l->text.n - hyphen, &at);
    switch (next) {
    case JOIN_SPACE: doc_add_made(f->b, " "); break;
    case JOIN_CELL: doc_add_made(f->b, " | "); break;
    case JOIN_LINE: doc_add_made(f->b, "\n"); break;
    case JOIN_PARA:
        end_paragraph(f);
        doc_add_made(f->b, "\n\n");
        break;
    default: break;
    }
}

/* ------------------------------------------------------------------ footnotes */

struct placed {
    const struct pdf_page *page;
    const struct pdf_line *line;
};

static bool is_note(const struct flow *f, const struct pdf_line *l)
{
    return l->at.size < 0.93f * f->body && !l->at.tabular;
}

/* "12 See ...", "* The ...": how a footnote begins. */
static bool starts_note(struct str s)
{
    uint32_t cp = text_first(s);
    return (cp >= '0' && cp <= '9') || cp == '*' || cp == 0x2020 || cp == 0x2021 || cp == 0xA7 ||
           cp == 0xB9 || cp == 0xB2 || cp == 0xB3 || (cp >= 0x2070 && cp <= 0x2079);
}

/* Footnotes at the foot of a column or page that stand inside a sentence go behind the paragraph
 * in which it ends. */
static void move_notes(struct flow *f, struct placed *v, size_t n, struct arena *scratch)
{
    struct placed *tmp = NEW(scratch, struct placed, n + 1);
    for (size_t i = 1, j; i<n; i = j> i ? j : i + 1) {
        const struct pdf_line *before = v[i - 1].line;
        j = i;
        if (is_note(f, before) || !is_note(f, v[i].line) || !starts_note(v[i].line->text)) continue;
        while (j < n && is_note(f, v[j].line) && v[j].page == v[i].page) j++;
        if (j == n || j - i > MAX_NOTE) continue;
        bool over = v[j].page != v[i - 1].page || v[j].line->at.region != before->at.region;
        if (!over || join_over_break(f, before, v[j].line) == JOIN_PARA) continue;
        size_t end = j + 1; /* of the paragraph that goes on */
        while (end < n &&
               join_of(f, v[end - 1].page, v[end - 1].line, v[end].page, v[end].line) < JOIN_LINE)
            end++;
        size_t notes = j - i;
        memcpy(tmp, v + i, notes * sizeof *v);
        memmove(v + i, v + j, (end - j) * sizeof *v);
        memcpy(v + i + (end - j), tmp, notes * sizeof *v);
        j = end;
    }
}

/* ------------------------------------------------------------------ notes that are called */

/* The notes [from, to) go behind the paragraph of the line at `called`. */
struct note {
    size_t from, to, called;
};

static bool is_raised_digit(const char *s, size_t n)
{
    uint32_t cp;
    if (!n) return false;
    utf8_next(s, n, &cp);
    return cp == 0xB9 || cp == 0xB2 || cp == 0xB3 || cp == 0x2070 || (cp >= 0x2074 && cp <= 0x2079);
}

/* What calls the note that begins so: its number raised, or its sign. */
static size_t caller_of(struct str s, char out[16])
{
    static const char *const raised[10] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    size_t n = 0, digits = 0;
    for (; digits < s.n && digits < 4 && g_ascii_isdigit(s.s[digits]); digits++) {
        size_t k = strlen(raised[s.s[digits] - '0']);
        memcpy(out + n, raised[s.s[digits] - '0'], k);
        n += k;
    }
    if (digits) return digits < 4 ? n : 0;
    for (; n < s.n && n < 12 && is_raised_digit(s.s + n, s.n - n);) {
        uint32_t cp;
        n += utf8_next(s.s + n, s.n - n, &cp);
    }
    uint32_t cp = text_first(s);
    if (!n && (cp == 0x2020 || cp == 0x2021 || cp == '*')) n = utf8_back(s.s, cp == '*' ? 1 : 3);
    memcpy(out, s.s, n);
    return n;
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
static bool calls(struct str text, const char *caller, size_t n)
{
    const char *end = text.s + text.n, *at = text.s;
    bool number = is_raised_digit(caller, n);
    while ((at = memmem(at, (size_t)(end - at), caller, n))) {
        struct str before = {text.s, (size_t)(at - text.s)};
        size_t back = before.n ? utf8_back(before.s, before.n) : 0;
        const char *behind = at + n;
        if (before.n && before.s[before.n - 1] != ' ' && !is_raised_digit(at - back, back) &&
            !is_raised_digit(behind, (size_t)(end - behind)) && !(number && takes_power(before)))
            return true;
        at = behind;
    }
    return false;
}

/* The number that a caller in raised digits says; 0: it is a sign. */
static long number_of(const char *s, size_t n)
{
    long value = 0;
    for (size_t i = 0; i < n && is_raised_digit(s + i, n - i);) {
        uint32_t cp;
        i += utf8_next(s + i, n - i, &cp);
        value = 10 * value + (cp == 0xB9 ? 1 : cp < 0xB9 ? (long)cp - 0xB0 : (long)cp - 0x2070);
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
static size_t find_call(const struct flow *f, const struct placed *v, size_t i,
                        const struct calling *c)
{
    char caller[16];
    size_t n = caller_of(v[i].line->text, caller);
    if (!n) return SIZE_MAX;
    bool number = is_raised_digit(caller, n);
    if (number && number_of(caller, n) <= c->last) return SIZE_MAX;
    for (size_t k = number ? c->line : c->begin, m = i - k, o = 0; o < m; o++) {
        size_t at = number ? k + o : i - 1 - o;
        if (!is_note(f, v[at].line) && calls(v[at].line->text, caller, n)) return at;
    }
    return SIZE_MAX;
}

/* Whether b is the size of the text and stands beside the narrower note a. */
static bool is_beside(const struct flow *f, const struct line *a, const struct line *b)
{
    float over = fminf(a->v1, b->v1) - fmaxf(a->v0, b->v0);
    return fabsf(b->size - f->body) < 0.3f && !b->tabular && a->turn == b->turn &&
           a->tilt == b->tilt && over > 0.3f * (a->v1 - a->v0) &&
           (a->u1 < b->u0 || a->u0 > b->u1) && a->u1 - a->u0 < 0.6f * (b->u1 - b->u0);
}

/* The line of text beside which the side note [i, j) begins; SIZE_MAX: it stands in a column of
 * text, or under it. */
static size_t find_beside(const struct flow *f, const struct placed *v, size_t n, size_t i,
                          size_t j)
{
    size_t begin = i, end = j, text = 0, under = 0, hit = SIZE_MAX;
    float u0 = v[i].line->at.u0, u1 = v[i].line->at.u1;
    for (size_t k = i; k < j; k++)
        u0 = fminf(u0, v[k].line->at.u0), u1 = fmaxf(u1, v[k].line->at.u1);
    while (begin > 0 && v[begin - 1].page == v[i].page) begin--;
    while (end < n && v[end].page == v[i].page) end++;
    for (size_t k = begin; k < end; k++) {
        const struct line *b = &v[k].line->at;
        if (is_note(f, v[k].line)) continue;
        text++;
        under += b->u0 < u1 && b->u1 > u0;
        if (hit == SIZE_MAX && is_beside(f, &v[i].line->at, b)) hit = k;
    }
    return 8 * under > text ? SIZE_MAX : hit;
}

/* Whether the note after the one called last begins with line k, though nothing may call it. */
static bool is_next_note(const struct placed *v, size_t k, const struct calling *c)
{
    char caller[16];
    return c->last && text_ends_sentence(v[k - 1].line->text) &&
           number_of(caller, caller_of(v[k].line->text, caller)) == c->last + 1;
}

/* The end of the note that begins at i: at a paragraph's, or where the next number stands. */
static size_t end_of_note(const struct flow *f, const struct placed *v, size_t n, size_t i,
                          const struct calling *c)
{
    size_t j = i + 1;
    for (; j < n && is_note(f, v[j].line) && v[j].page == v[i].page; j++) {
        enum join join = join_of(f, v[j - 1].page, v[j - 1].line, v[j].page, v[j].line);
        if (join >= JOIN_LINE || v[j].line->at.region != v[i].line->at.region) break;
        if (is_next_note(v, j, c) || find_call(f, v, j, c) != SIZE_MAX) break;
    }
    return j;
}

/* Whether the small lines a and b, neighbours in reading order, are paragraphs of one box. */
static bool in_one_box(const struct flow *f, const struct placed *a, const struct placed *b)
{
    const struct line *x = &a->line->at, *y = &b->line->at;
    return a->page == b->page && is_note(f, a->line) && is_note(f, b->line) && x->turn == y->turn &&
           x->u0 < y->u1 && y->u0 < x->u1 && y->v0 - x->v1 > -x->size &&
           y->v0 - x->v1 < BOX * x->size;
}

/* The line that the small lines [i, j) stand beside as a note of its own; SIZE_MAX: they are one of
 * several paragraphs of a box, or the number of a line or paragraph. */
static size_t find_side(const struct flow *f, const struct placed *v, size_t n, size_t i, size_t j)
{
    struct str s = v[i].line->text;
    if (j - i > MAX_SIDE || (j == i + 1 && !memchr(s.s, ' ', s.n) && s.n <= MAX_MARK))
        return SIZE_MAX;
    if ((i && in_one_box(f, &v[i - 1], &v[i])) || (j < n && in_one_box(f, &v[j - 1], &v[j])))
        return SIZE_MAX;
    return find_beside(f, v, n, i, j);
}

static size_t find_notes(const struct flow *f, const struct placed *v, size_t n, struct note *note)
{
    size_t notes = 0, on_page = 0;
    struct calling c = {0};
    for (size_t i = 0, j; i < n; i = j) {
        j = i + 1;
        if (i && v[i].page != v[i - 1].page) on_page = 0, c = (struct calling){i, i, 0};
        if (!is_note(f, v[i].line) || on_page >= MAX_NOTE) continue;
        size_t called = starts_note(v[i].line->text) ? find_call(f, v, i, &c) : SIZE_MAX;
        if (called != SIZE_MAX) {
            char caller[16];
            long number = number_of(caller, caller_of(v[i].line->text, caller));
            if (number) c.line = called, c.last = number;
        }
        j = end_of_note(f, v, n, i, &c);
        if (called == SIZE_MAX) called = find_side(f, v, n, i, j);
        if (called == SIZE_MAX) continue;
        note[notes++] = (struct note){i, j, called};
        on_page += j - i;
    }
    return notes;
}

/* Footnotes and side notes go behind the paragraph that calls them or stands beside them. */
static void place_notes(const struct flow *f, struct placed *v, size_t n, struct arena *scratch)
{
    struct note *note = NEW(scratch, struct note, n + 1);
    size_t notes = find_notes(f, v, n, note), m = 0, out = 0;
    if (!notes) return;
    struct placed *text = NEW(scratch, struct placed, n + 1),
                  *all = NEW(scratch, struct placed, n + 1);
    size_t *at = NEW(scratch, size_t, n + 1), *head = NEW(scratch, size_t, n + 2);
    size_t *next = NEW(scratch, size_t, notes + 1), *end = NEW(scratch, size_t, n + 1);
    for (size_t i = 0, k = 0; i < n; i++) { /* the text without them, and where its lines are */
        if (k < notes && i == note[k].from)
            i = note[k++].to - 1;
        else
            at[i] = m, text[m++] = v[i];
    }
    for (size_t i = m; i-- > 0;) { /* a table or a list is one block with what stands in it */
        bool last = i + 1 == m || join_of(f, text[i].page, text[i].line, text[i + 1].page,
                                          text[i + 1].line) == JOIN_PARA;
        end[i] = last ? i + 1 : end[i + 1];
    }
    for (size_t k = notes; k-- > 0;) { /* behind the paragraph, in order */
        size_t behind = end[at[note[k].called]];
        next[k] = head[behind], head[behind] = k + 1;
    }
    for (size_t i = 0; i <= m; i++) {
        for (size_t k = head[i]; k; k = next[k - 1])
            for (size_t l = note[k - 1].from; l < note[k - 1].to; l++) all[out++] = v[l];
        if (i < m) all[out++] = text[i];
    }
    memcpy(v, all, n * sizeof *v);
}

void flow_write(struct doc_builder *b, const struct pdf_doc *d, struct arena *scratch)
{
    struct flow f = {.b = b, .d = d, .fresh = true};
    size_t n = 0, lines = 0;
    f.hyphens = hyphen_collect(d, scratch);
    f.hangul = hangul_collect(d, scratch);
    survey_sizes(&f, d, scratch);
    survey_indents(&f, d);
    for (size_t p = 0; p < d->n; p++) lines += d->v[p].n;
    struct placed *v = NEW(scratch, struct placed, lines + 1);
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 0; i < d->v[p].n; i++) {
            const struct pdf_line *l = &d->v[p].v[i];
            if (!l->drop && l->text.n && !d->v[p].context) v[n++] = (struct placed){&d->v[p], l};
        }
    place_notes(&f, v, n, scratch);
    move_notes(&f, v, n, scratch);
    for (size_t i = 0; i < n; i++)
        write_line(&f, v[i].page, v[i].line,
                   i + 1 < n ? join_of(&f, v[i].page, v[i].line, v[i + 1].page, v[i + 1].line)
                             : JOIN_PARA);
    if (f.title.len) doc_set_title(b, doc_text(b).s + f.title.text, f.title.len);
}
