/* pdf_join.c: see pdf_join.h. */
#include "extract/pdf_join.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "extract/pdf_hangul.h"
#include "extract/pdf_hyphen.h"
#include "extract/pdf_text.h"

#define FULL      2.0f /* sizes */
#define LONG_WORD 6.0f /* sizes */

bool line_is_full(const struct pdf_line *l)
{
    return l->right - line_end(&l->at) < FULL * l->at.size;
}

/* Names and items of lists, one a line, stay apart.  Words that no blank parts may be long, and
 * leave so much of a wide line free. */
static bool phrase_goes_on(const struct pdf_line *a, const struct pdf_line *b)
{
    float most =
        fmaxf(FULL * a->at.size, fminf(LONG_WORD * a->at.size, 0.15f * (a->right - a->left)));
    return text_joins_phrase(a->text, b->text) && a->filled && a->right - line_end(&a->at) < most &&
           fabsf(line_start(&b->at) - b->left) < 0.5f * b->at.size;
}

static enum join plain_join(const struct manner *m, const struct pdf_line *a,
                            const struct pdf_line *b)
{
    uint32_t first = text_first(b->text);
    if (text_joins_tight(a->text, b->text) || phrase_goes_on(a, b)) return JOIN_TIGHT;
    if (m->hangul && hangul_is(first) && hangul_is(text_last(a->text)))
        return hangul_goes_on(m->hangul, text_last(a->text), first) ? JOIN_TIGHT : JOIN_SPACE;
    bool goes_on = text_is_letter(first) || (first >= '0' && first <= '9');
    if (!text_ends_dash(a->text) || a->at.mono || !goes_on) return JOIN_SPACE;
    if (!text_end_hyphen(a->text) || !text_is_lower(first)) return JOIN_TIGHT; /* "1992-" "93" */
    switch (hyphen_kind(m->hyphens, a->text, b->text)) {
    case HYPHEN_SPLITS: return JOIN_HYPHEN;
    case HYPHEN_WAITS: return JOIN_SPACE;
    default: return JOIN_TIGHT;
    }
}

/* A line of text without the indent that a new paragraph would have here. */
static bool not_begun(const struct manner *m, const struct pdf_line *b)
{
    return m->indents && fabsf(line_start(&b->at) - b->left) < 0.4f * b->at.size &&
           fabsf(b->at.size - m->body) < 0.3f && !b->at.mono;
}

/* A line of a table of contents: dots, and the number of a page behind them. */
static bool is_entry(struct str s)
{
    size_t i = s.n;
    while (i > 0 && (g_ascii_isalnum(s.s[i - 1]) || s.s[i - 1] == ' ')) i--;
    return i < s.n && s.n - i < 9 && i > 3 && !memcmp(s.s + i - 3, "...", 3);
}

/* Over the end of a column or page: only where a sentence goes on. */
enum join join_over_break(const struct manner *m, const struct pdf_line *a,
                          const struct pdf_line *b)
{
    uint32_t first = text_first(b->text);
    if (!line_same_size(&a->at, &b->at) || a->at.turn != b->at.turn || text_starts_item(b->text) ||
        a->at.tabular || b->at.tabular || a->at.bold != b->at.bold)
        return JOIN_PARA;
    if (is_entry(a->text)) return is_entry(b->text) ? JOIN_LINE : JOIN_PARA;
    if (not_begun(m, b) && a->right - line_end(&a->at) < 1.5f * a->at.size)
        return plain_join(m, a, b);
    if (text_ends_sentence(a->text) || !text_is_lower(first)) return JOIN_PARA;
    if (text_is_spaceless(first) && a->right - line_end(&a->at) > 2 * a->at.size) return JOIN_PARA;
    return plain_join(m, a, b);
}

/* The first word of b would have had room behind a: somebody ended the line on purpose. */
static bool broken_on_purpose(const struct pdf_line *a, const struct pdf_line *b)
{
    float room = a->right - line_end(&a->at);
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
    float sa = line_start(&a->at), sb = line_start(&b->at), em = 0.75f * b->at.size;
    if (centred(a, b) || a->at.cap) return false;
    if (sb > sa + em) return sa < a->left + em && sa > a->left - em; /* b indented, a not */
    if (sb < sa - em) return sb < b->left - em;                      /* b hangs out        */
    return false;
}

static enum join join_in_region(const struct manner *m, const struct pdf_line *a,
                                const struct pdf_line *b)
{
    float size = fmaxf(a->at.size, b->at.size), dv = b->at.v1 - a->at.v1;
    float gap = b->at.v0 - a->at.v1;
    if (a->at.tabular && b->at.tabular) return JOIN_LINE;
    if (a->at.tabular || b->at.tabular || !line_same_size(&a->at, &b->at)) return JOIN_PARA;
    if (dv <= 0) return join_over_break(m, a, b);
    if (a->at.size >= 1.12f * m->body && dv < 1.7f * size && a->at.font == b->at.font &&
        a->at.bold == b->at.bold && !text_ends_sentence(a->text))
        return plain_join(m, a, b); /* a heading of several lines */
    if ((dv > 1.28f * b->leading && gap > 0.2f * size) || gap > 1.4f * size) return JOIN_PARA;
    bool on_purpose = broken_on_purpose(a, b);
    if (on_purpose && not_begun(m, b) && a->at.bold == b->at.bold &&
        a->right - line_end(&a->at) < 0.25f * (a->right - a->left))
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
    return plain_join(m, a, b);
}

enum join join_of(const struct manner *m, const struct placed *p, const struct placed *q)
{
    const struct pdf_line *a = p->line, *b = q->line;
    if (p->page == q->page && a->at.row == b->at.row) {
        if (a->at.tabular && a->at.cell != b->at.cell) return JOIN_CELL;
        return a->at.tabular ? plain_join(m, a, b) : JOIN_SPACE;
    }
    if (p->page != q->page || a->at.region != b->at.region || a->at.turn != b->at.turn)
        return join_over_break(m, a, b);
    return join_in_region(m, a, b);
}

bool join_finds_indents(const struct pdf_doc *d, float body)
{
    size_t indents = 0, gaps = 0;
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 1; i < d->v[p].n; i++) {
            const struct pdf_line *a = &d->v[p].v[i - 1], *b = &d->v[p].v[i];
            if (a->at.region != b->at.region || a->at.row == b->at.row || a->at.tabular ||
                b->at.tabular || fabsf(a->at.size - body) > 0.3f || fabsf(b->at.size - body) > 0.3f)
                continue;
            float dv = b->at.v1 - a->at.v1, em = 0.75f * body;
            float in = line_start(&b->at) - b->left;
            if (dv > 0 && in > em && in < 4 * em && fabsf(line_start(&a->at) - b->left) < em)
                indents++;
            else if (dv > 1.28f * b->leading)
                gaps++;
        }
    return indents >= 4 && indents > 2 * gaps;
}
