/* pdf_order.c: see pdf_order.h. */
#include "extract/pdf_order.h"

#include <math.h>
#include <stdlib.h>

#include "extract/pdf_stream.h"
#include "extract/pdf_text.h"

/* Of the steps from word to word, the share that is a step forwards in poppler's list too, or a
 * short one backwards: indices and exponents. */
enum { NEAR = 6 };

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

static float step_of_place(const struct line *a, const struct line *b)
{
    float size = fmaxf(a->size, b->size);
    if (a->row == b->row) return 0;
    bool over = b->u0 < a->u1 && b->u1 > a->u0;
    if (over && b->v0 > a->v0 && b->v0 - a->v1 < 1.6f * size) return 0.5f;
    if (b->v0 >= a->v0) return over ? 0.1f : -0.3f; /* further down          */
    return b->u0 > a->u0 + size ? 0 : -1;           /* up: to the next column, or back */
}

float order_score(const struct layout *l, const struct words_page *page)
{
    float sum = 0;
    for (size_t i = 1; i < l->n; i++) {
        const struct line *a = &l->v[i - 1], *b = &l->v[i];
        if (a->turn != b->turn || !a->n || !b->n) continue;
        sum += step_of_place(a, b);
        if (a->row != b->row)
            sum += step_of_text(word_text(page, a, true), word_text(page, b, false));
    }
    return l->n > 1 ? sum / (float)(l->n - 1) : 0;
}

/* Producers write tables cell by cell or column by column: the rows show by geometry alone. */
static bool is_table(const struct layout *l)
{
    size_t cells = 0;
    for (size_t i = 0; i < l->n; i++) cells += l->v[i].tabular;
    return 10 * l->wrapped > l->n || (!l->columns && 2 * cells > l->n);
}

void order_page(struct layout *out, struct arena *a, struct words_doc *d, int index,
                struct words_page *page)
{
    struct layout by_stream;
    layout_page(out, a, page, LAYOUT_GEOMETRY);
    if (out->n < 4 || agreement(out) > 0.985f) return;
    char *stream = words_stream(d, index);
    if (!stream) return;
    float found = stream_match(page, stream, a);
    free(stream);
    if (found < 0.9f) { /* another script or another cut into words: no evidence */
        for (size_t i = 0; i < page->n; i++) page->v[i].stream = -1;
        return;
    }
    layout_page(out, a, page, LAYOUT_GEOMETRY);
    if (is_table(out)) return;
    layout_page(&by_stream, a, page, LAYOUT_STREAM);
    if (order_score(&by_stream, page) > order_score(out, page) + 0.02f) *out = by_stream;
}
