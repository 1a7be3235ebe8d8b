/* fuzz_pdf_layout.c: pages of words at hostile places: every word with a usable box comes out once,
 * rows and regions ascend, boxes are finite.  8 bytes a word: place, size, turn, what it says; or a
 * line, upright or level: place and length. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "extract/pdf_flow.h"
#include "extract/pdf_order.h"
#include "extract/pdf_strip.h"
#include "extract/pdf_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const says[] = {"word",
                                   "of",
                                   "end.",
                                   "co-",
                                   "\xd7\xa9\xd7\x9c",
                                   "\xe4\xb8\xad",
                                   "12",
                                   "(x)",
                                   "\xef\xac\x81",
                                   "\xe2\x80\xa2",
                                   "Upper",
                                   "a,b",
                                   "\xd8\xa8\xd9\x8e",
                                   "%(5-",
                                   "[\xd9\xa3"};

static int by_place(const void *a, const void *b)
{
    const struct rule *p = a, *q = b;
    return (p->at > q->at) - (p->at < q->at);
}

static void make_rule(struct words_page *p, const uint8_t *data)
{
    float x = (float)data[0] * 2.5f + (float)(data[1] & 15), y = (float)data[2] * 3.2f;
    bool level = data[5] & 1;
    struct rule *r = level ? &p->bar[p->n_bars++] : &p->rule[p->n_rules++];
    *r = level ? (struct rule){y, x, x} : (struct rule){x, y, y};
    r->to += 5 + 3 * (float)data[3];
    if (data[7] == 0xff) r->to = NAN;
    if (data[7] == 0xfe) r->from = -INFINITY;
    if (data[7] == 0xfd) r->at = 1e30f;
}

static void make_page(struct words_page *p, const uint8_t *data, size_t n)
{
    size_t count = n / 8, at = 0;
    *p = (struct words_page){.width = 612, .height = 792};
    p->v = calloc(count + 1, sizeof *p->v);
    p->rule = calloc(count + 1, sizeof *p->rule);
    p->bar = calloc(count + 1, sizeof *p->bar);
    p->text = calloc(8, count + 1);
    for (size_t i = 0; i < count; i++, data += 8) {
        if ((data[5] & 12) == 12) {
            make_rule(p, data);
            continue;
        }
        struct word *w = &p->v[p->n++];
        const char *s = says[data[6] % (sizeof says / sizeof *says)];
        float x = (float)data[0] * 2.5f + (float)(data[1] & 15), y = (float)data[2] * 3.2f;
        *w = (struct word){x,
                           y,
                           x + (float)data[3],
                           y + (float)(data[4] & 31),
                           .size = (float)(data[4] >> 3),
                           .turn = data[5] & 3,
                           .font = data[5] >> 4,
                           .bold = data[7] & 1,
                           .mono = data[7] & 2,
                           .space_after = data[7] & 4,
                           .stream = data[7] & 8 ? (long)(4 * i) : -1,
                           .text = at,
                           .n = strlen(s)};
        if (data[7] == 0xff) w->x1 = NAN;
        if (data[7] == 0xfe) w->y0 = INFINITY;
        if (data[7] == 0xfd) w->x0 = -1e30f;
        memcpy(p->text + at, s, w->n);
        at += w->n;
    }
    p->blank = calloc(p->n_bars + 1, sizeof *p->blank); /* where lines are */
    for (size_t i = 0; i < p->n_bars; i++) p->blank[p->n_blanks++] = p->bar[i];
    qsort(p->blank, p->n_blanks, sizeof *p->blank, by_place);
    qsort(p->rule, p->n_rules, sizeof *p->rule, by_place);
    qsort(p->bar, p->n_bars, sizeof *p->bar, by_place);
}

static void check(const struct layout *l, const struct words_page *p)
{
    unsigned char *seen = calloc(p->n + 1, 1);
    for (size_t i = 0; i < l->n; i++) {
        const struct line *v = &l->v[i];
        if (i && (v->region < v[-1].region || (v->region == v[-1].region && v->row < v[-1].row)))
            abort();
        for (int k = 0; k < 4; k++)
            if (!isfinite(v->box[k])) abort();
        for (size_t k = 0; k < v->n; k++)
            if (v->word[k] >= p->n || seen[v->word[k]]++) abort();
    }
    free(seen);
}

static void write_all(const struct layout *l, const struct words_page *p, struct arena *a)
{
    struct buf text = {0};
    int turned = 0;
    struct pdf_page pages[3] = {{.number = 1, .width = p->width, .height = p->height}};
    struct pdf_doc d = {.v = pages, .n = 3};
    pages[0].v = NEW(a, struct pdf_line, l->n + 1);
    for (size_t i = 0; i < l->n; i++) {
        buf_clear(&text);
        text_of_line(&text, p, &l->v[i], &turned, a);
        if (text.n && utf8_check(text.s, text.n) != text.n) abort();
        pages[0].v[i].at = l->v[i];
        pages[0].v[i].no = 1;
        pages[0].v[i].text = (struct str){mem_copy(a, text.s ? text.s : "", text.n), text.n};
    }
    pages[0].n = l->n;
    flow_measure(&pages[0], a);
    pages[1] = pages[2] = pages[0];
    pages[1].number = 2, pages[2].number = 3;
    strip_repeated(&d, a);
    struct doc_builder *b = doc_new(a, "fuzz", "pdf");
    for (int i = 0; i < 3; i++) doc_page(b, NULL, p->width, p->height, false);
    flow_write(b, &d, a);
    doc_freeze(b, NULL, "", 0);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct words_page p;
    struct arena *a = arena_new();
    if (n > 16384) n = 16384;
    make_page(&p, data, n);
    for (int by = LAYOUT_GEOMETRY; by <= LAYOUT_STREAM; by++) {
        struct layout l;
        layout_page(&l, a, &p, (enum layout_order)by);
        check(&l, &p);
        order_score(&l, &p, true);
        write_all(&l, &p, a);
    }
    words_page_free(&p);
    arena_free(a);
    return 0;
}
