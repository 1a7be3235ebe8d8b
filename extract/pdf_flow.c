/* pdf_flow.c: see pdf_flow.h. */
#include "extract/pdf_flow.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "extract/floats.h"
#include "extract/pdf_hangul.h"
#include "extract/pdf_hyphen.h"
#include "extract/pdf_join.h"
#include "extract/pdf_notes.h"
#include "extract/pdf_text.h"

/* ------------------------------------------------------------------ measuring */

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
        for (size_t k = i; k < j; k++) tmp[k - i] = line_start(&v[k].at);
        floats_sort(tmp, j - i);
        float left = mode_of(tmp, j - i);
        for (size_t k = i; k < j; k++) v[k].left = left;
    }
}

#define WIDE 8.0f /* sizes: of lines of running text; names, one a line, are narrower */

static void measure_filled(struct pdf_line *v, size_t n)
{
    enum { SEVERAL = 3 };
    size_t full = 0;
    for (size_t i = 0; i < n; i++) full += line_is_full(&v[i]);
    for (size_t i = 0; i < n; i++)
        v[i].filled =
            full >= SEVERAL && 3 * full >= n && v[i].right - v[i].left > WIDE * v[i].at.size;
}

static void measure_block(struct pdf_line *v, size_t n, float *tmp)
{
    float right = line_end(&v[0].at), leading = 0;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) right = fmaxf(right, line_end(&v[i].at));
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
                        line_same_size(&p->v[j].at, &p->v[i].at);
             j++) {
        }
        measure_block(p->v + i, j - i, tmp);
    }
    measure_code(p);
}

/* ------------------------------------------------------------------ headings */

#define MAX_HEADING 160 /* characters */

struct flow {
    struct doc_builder *b;
    const struct pdf_doc *d;
    struct manner manner;
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
        if (chars[s] > best) best = chars[s], f->manner.body = 0.5f * (float)s;
    for (int s = STEPS - 1; s > 0 && f->n_sizes < 8; s--)
        if (chars[s] > 0 && 0.5f * (float)s >= 1.12f * f->manner.body)
            f->sizes[f->n_sizes++] = 0.5f * (float)s;
    qsort(f->sizes, f->n_sizes, sizeof *f->sizes, by_size_down);
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
    bool large = f->size >= 1.12f * f->manner.body;
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

static void write_line(struct flow *f, const struct placed *now, enum join next)
{
    const struct pdf_page *p = now->page;
    const struct pdf_line *l = now->line;
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

void flow_write(struct doc_builder *b, const struct pdf_doc *d, struct arena *scratch)
{
    struct flow f = {.b = b, .d = d, .fresh = true};
    size_t n = 0, lines = 0;
    f.manner.hyphens = hyphen_collect(d, scratch);
    f.manner.hangul = hangul_collect(d, scratch);
    survey_sizes(&f, d, scratch);
    f.manner.indents = join_finds_indents(d, f.manner.body);
    for (size_t p = 0; p < d->n; p++) lines += d->v[p].n;
    struct placed *v = NEW(scratch, struct placed, lines + 1);
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 0; i < d->v[p].n; i++) {
            const struct pdf_line *l = &d->v[p].v[i];
            if (!l->drop && l->text.n && !d->v[p].context) v[n++] = (struct placed){&d->v[p], l};
        }
    notes_place(&f.manner, v, n, scratch);
    for (size_t i = 0; i < n; i++)
        write_line(&f, &v[i], i + 1 < n ? join_of(&f.manner, &v[i], &v[i + 1]) : JOIN_PARA);
    if (f.title.len) doc_set_title(b, doc_text(b).s + f.title.text, f.title.len);
}
