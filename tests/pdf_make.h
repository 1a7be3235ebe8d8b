/* pdf_make.h: small PDF files made for tests, and what is asked of every one that is read. */
#ifndef TESTS_PDF_MAKE_H
#define TESTS_PDF_MAKE_H

#include "tests/extract_check.h"
#include "tests/scratch.h"

struct pdf {
    struct buf b;
    size_t at[256]; /* offsets of objects 1.. */
    int n;          /* objects so far         */
    int page[128], pages;
    /* Of the pages to come: */
    const char *resources; /* beside their fonts; NULL: none */
    int rotate;            /* degrees clockwise              */
};

static inline void object(struct pdf *p, int number)
{
    p->at[number] = p->b.n;
    buf_addf(&p->b, "%d 0 obj\n", number);
    if (number > p->n) p->n = number;
}

/* `entries` go into its dictionary. */
static inline void stream_of(struct pdf *p, const char *entries, const char *s, size_t n)
{
    buf_addf(&p->b, "<<%s/Length %zu>>\nstream\n", entries, n);
    buf_add(&p->b, s, n);
    buf_addz(&p->b, "\nendstream\nendobj\n");
}

static inline void stream(struct pdf *p, const char *s, size_t n)
{
    stream_of(p, "", s, n);
}

/* Objects 1 and 2 are written at the end: catalogue and page tree.  3, 4, 5, 6: fonts; the last one
 * says that its letters are characters of private use. */
static inline void begin(struct pdf *p)
{
    static const char table[] = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap "
                                "1 begincodespacerange <00> <FF> endcodespacerange "
                                "1 beginbfrange <20> <7E> <E020> endbfrange endcmap end end";
    *p = (struct pdf){.n = 7};
    buf_addz(&p->b, "%PDF-1.4\n");
    object(p, 3), buf_addz(&p->b, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n");
    object(p, 4), buf_addz(&p->b, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>\nendobj\n");
    object(p, 5), buf_addz(&p->b, "<</Type/Font/Subtype/Type1/BaseFont/Courier>>\nendobj\n");
    object(p, 6);
    buf_addz(&p->b, "<</Type/Font/Subtype/Type1/BaseFont/Odd/ToUnicode 7 0 R>>\nendobj\n");
    object(p, 7);
    stream(p, table, sizeof table - 1);
}

/* A page of width x height points that draws `contents`; `fonts` is its font dictionary. */
static inline void page_on(struct pdf *p, int width, int height, const char *fonts,
                           const char *contents)
{
    int number = p->n + 1;
    object(p, number);
    buf_addf(&p->b,
             "<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Rotate %d/Contents %s/Resources<<%s"
             "/Font<<%s>>>>>>\nendobj\n",
             width, height, p->rotate, contents, p->resources ? p->resources : "", fonts);
    p->page[p->pages++] = number;
}

/* The same from the text operators in `s`. */
static inline void page_of(struct pdf *p, int width, int height, const char *fonts, const char *s)
{
    char contents[24];
    object(p, p->n + 1);
    stream(p, s, strlen(s));
    snprintf(contents, sizeof contents, "%d 0 R", p->n);
    page_on(p, width, height, fonts, contents);
}

#define PDF_FONTS "/F 3 0 R/B 4 0 R/C 5 0 R/G 6 0 R"

static inline void page(struct pdf *p, const char *s)
{
    page_of(p, 600, 800, PDF_FONTS, s);
}

static inline void finish(struct pdf *p, const char *catalogue, const char *dir, const char *name)
{
    object(p, 2);
    buf_addf(&p->b, "<</Type/Pages/Count %d/Kids[", p->pages);
    for (int i = 0; i < p->pages; i++) buf_addf(&p->b, "%d 0 R ", p->page[i]);
    buf_addz(&p->b, "]>>\nendobj\n");
    object(p, 1);
    buf_addf(&p->b, "<</Type/Catalog/Pages 2 0 R%s>>\nendobj\n", catalogue);
    size_t xref = p->b.n;
    buf_addf(&p->b, "xref\n0 %d\n0000000000 65535 f \n", p->n + 1);
    for (int i = 1; i <= p->n; i++) buf_addf(&p->b, "%010zu 00000 n \n", p->at[i]);
    buf_addf(&p->b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%zu\n%%%%EOF\n", p->n + 1, xref);
    write_file(dir, name, p->b.s, p->b.n);
    buf_free(&p->b);
}

/* Text operators: a line of `font` in `size` at x, y from the top left. */
static inline void line(struct buf *b, const char *font, double size, double x, double y, const char *s)
{
    buf_addf(b, "BT /%s %g Tf 1 0 0 1 %g %g Tm (%s) Tj ET\n", font, size, x, 800 - y, s);
}

/* One page from text operators, read. */
static inline struct got get_page(struct buf *ops)
{
    struct pdf p;
    begin(&p);
    page(&p, ops->s);
    finish(&p, "", dir, "one.pdf");
    buf_free(ops);
    return get(in_dir("one.pdf"), (struct ingest_options){0});
}

static inline bool holds(const struct got *g, const char *s)
{
    return g->d && memmem(g->d->text.s, g->d->text.n, s, strlen(s));
}

/* What every document holds. */
static inline void check_pdf(const struct doc *d)
{
    check_text(d);
    check_spans(d, "", 0);
    assert_string_equal(d->format, "pdf");
    for (size_t i = 0; i < d->n_spans; i++) {
        const struct span *s = &d->spans[i];
        assert_int_equal(s->byte, SPAN_NO_BYTES);
        assert_true(s->page >= 1 && s->page <= d->n_pages && s->line >= 1);
        const struct page *p = &d->pages[s->page - 1];
        assert_true(s->box[0] >= 0 && s->box[1] >= 0 && s->box[0] <= s->box[2]);
        assert_true(s->box[1] <= s->box[3] && s->box[2] <= p->width && s->box[3] <= p->height);
    }
    assert_null(strstr(d->text.s, "\n\n\n"));
}

/* One page from text operators, which is read and holds what every document does. */
static inline struct got get_checked(struct buf *ops)
{
    struct got g = get_page(ops);
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    return g;
}

/* The text of a page is the same whichever pages are asked for. */
static inline void each_page_alone(const char *name)
{
    struct got all = get(in_dir(name), (struct ingest_options){0});
    assert_int_equal(all.r, OK);
    for (size_t i = 1; i <= all.d->n_pages; i++) {
        char pages[16];
        struct buf want = {0};
        for (size_t k = 0; k < all.d->n_spans; k++)
            if (all.d->spans[k].page == i)
                buf_add(&want, all.d->text.s + all.d->spans[k].text, all.d->spans[k].len);
        snprintf(pages, sizeof pages, "%zu", i);
        struct got one = get(in_dir(name), (struct ingest_options){.pages = pages});
        assert_int_equal(one.r, OK);
        check_pdf(one.d);
        size_t n = want.n, m = one.d->text.n; /* but for what joins it to the next page */
        while (n && (want.s[n - 1] == ' ' || want.s[n - 1] == '\n')) n--;
        while (m && one.d->text.s[m - 1] == '\n') m--;
        assert_int_equal(m, n);
        assert_memory_equal(one.d->text.s, want.s, n);
        buf_free(&want);
        drop(&one);
    }
    drop(&all);
}

#endif
