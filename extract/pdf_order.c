/* pdf_order.c: see pdf_order.h. */
#include "extract/pdf_order.h"

#include <math.h>
#include <stdlib.h>

#include "extract/pdf_text.h"

/* Of the steps from word to word, the share that is a step forwards in poppler's list too, or a
 * short one backwards: indices and exponents. */
enum { NEAR = 6 };

#define AGREED 0.985f
/* The stream's order has to be better by CLEARLY, for each line, or STRONGLY, where most lines seem
 * to be cells; where it could be that of columns, it is believed unless the text speaks against it
 * by more than SURE, of all steps. */
#define CLEARLY  0.02f
#define STRONGLY 0.25f
#define SURE     0.2f
enum { FEW = 4 }; /* lines of such a column */

static float agreement(const struct layout *l)
{
    size_t same = 0, all = 0, prev = SIZE_MAX;
    for (size_t i = 0; i < l->n; i++)
        for (size_t k = 0; k < l->v[i].n; k++) {
            size_t w = l->v[i].word[k];
            if (prev != SIZE_MAX) all++;
            if (prev != SIZE_MAX && w + NEAR > prev && w < prev + NEAR) same++;
            prev = w;
        }
    return all ? (float)same / (float)all : 1;
}

static struct str word_text(const struct words_page *page, const struct line *l, bool last)
{
    const struct word *w = &page->v[l->word[(last != l->rtl) ? l->n - 1 : 0]];
    return (struct str){page->text + w->text, w->n};
}

static float step_of_text(struct str a, struct str b)
{
    uint32_t first = text_first(b);
    bool lower = text_is_lower(first) && !text_is_spaceless(first);
    if (text_end_hyphen(a)) return lower ? 2 : -1;
    if (text_ends_sentence(a)) return lower ? -1 : 0.5f;
    return lower ? 1 : -0.3f;
}

/* Up: to the next column, or back. */
static bool is_back(const struct line *a, const struct line *b)
{
    bool over = b->u0 < a->u1 && b->u1 > a->u0;
    if (b->v0 >= a->v0 || a->row == b->row) return false;
    return over || (a->rtl ? b->u1 > a->u1 - a->size : b->u0 < a->u0 + a->size);
}

static float step_of_place(const struct line *a, const struct line *b)
{
    float size = fmaxf(a->size, b->size);
    if (a->row == b->row) return 0;
    bool over = b->u0 < a->u1 && b->u1 > a->u0;
    if (over && b->v0 > a->v0 && b->v0 - a->v1 < 1.6f * size) return 0.5f;
    if (b->v0 >= a->v0) return over ? 0.1f : -0.3f; /* further down */
    return is_back(a, b) ? -1 : 0;
}

float order_score(const struct layout *l, const struct words_page *page, bool places)
{
    float sum = 0;
    for (size_t i = 1; i < l->n; i++) {
        const struct line *a = &l->v[i - 1], *b = &l->v[i];
        if (a->turn != b->turn || !a->n || !b->n) continue;
        if (places) sum += step_of_place(a, b);
        if (a->row != b->row)
            sum += step_of_text(word_text(page, a, true), word_text(page, b, false));
    }
    return l->n > 1 ? sum / (float)(l->n - 1) : 0;
}

/* Blocks of several lines that go down their columns and on to the next; one step back is the way
 * from the foot of the page to its text. */
static bool is_orderly(const struct layout *l)
{
    size_t back = 0;
    for (size_t i = 1; i < l->n; i++) back += is_back(&l->v[i - 1], &l->v[i]);
    return back <= 1 && FEW * (size_t)(l->v[l->n - 1].region + 1) <= l->n;
}

static size_t count_cells(const struct layout *l)
{
    size_t cells = 0;
    for (size_t i = 0; i < l->n; i++) cells += l->v[i].tabular;
    return cells;
}

/* Producers write tables cell by cell or column by column: the rows show by geometry alone. */
static bool is_table(const struct layout *l)
{
    return 10 * l->wrapped > l->n || (!l->columns && 2 * count_cells(l) > l->n);
}

void order_page(struct layout *out, struct arena *a, const struct words_page *page)
{
    struct layout by_stream;
    layout_page(out, a, page, LAYOUT_GEOMETRY);
    if (out->n < 4 || page->v[0].stream < 0) return;
    bool agreed = agreement(out) > AGREED;
    if (agreed && (!out->columns || 5 * count_cells(out) > out->n)) return;
    if (!agreed) layout_page(out, a, page, LAYOUT_APART);
    if (is_table(out)) return;
    layout_page(&by_stream, a, page, LAYOUT_STREAM);
    bool orderly = is_orderly(&by_stream);
    float least = 2 * count_cells(out) > out->n ? STRONGLY
                  : orderly                     ? -SURE / (float)out->n
                                                : CLEARLY;
    if (order_score(&by_stream, page, !orderly) > order_score(out, page, !orderly) + least)
        layout_page(out, a, page, LAYOUT_ROWS);
}
