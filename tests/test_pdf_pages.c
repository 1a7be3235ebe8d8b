/* test_pdf_pages.c: pages of a PDF beside each other: what one leaves behind, whichever are asked
 * for. */
#include "tests/pdf_make.h"

static struct place place_in(const struct got *g, const char *s)
{
    const char *at = memmem(g->d->text.s, g->d->text.n, s, strlen(s));
    assert_non_null(at);
    return doc_place(g->d, (size_t)(at - g->d->text.s), strlen(s));
}

/* A document whose pages try to reach into the next one: the same name for another font, a font
 * that only other pages name, one without a number of its own, content that is hidden or stands for
 * other text and never ends. */
static void make_reaching(const char *name)
{
    static const char *const fonts[] = {
        PDF_FONTS, "/F 5 0 R", "/B 4 0 R", "/F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        PDF_FONTS, PDF_FONTS,  PDF_FONTS};
    static const char *const before[] = {"",
                                         "",
                                         "",
                                         "",
                                         "/OC /L BDC /OC /L BDC\n",
                                         "/Span<</ActualText(Swallowed)>> BDC\n",
                                         "q q 0 0 m W\n"};
    struct pdf p;
    begin(&p);
    object(&p, 8);
    buf_addz(&p.b, "<</Type/OCG/Name(layer)>>\nendobj\n");
    for (int i = 0; i < 14; i++) {
        struct buf b = {0};
        char s[80];
        int k = i % 7;
        p.resources = k == 4 ? "/Properties<</L 8 0 R>>" : NULL;
        if (k != 1) buf_addz(&b, "BT /B 10 Tf 1 0 0 1 72 740 Tm (Upright) Tj ET\n");
        buf_addz(&b, before[k]);
        snprintf(s, sizeof s, "Page %d says so in a font of its own.", i + 1);
        line(&b, "F", 10, 72, 100, s);
        page_of(&p, 600, i == 7 ? 900 : 800, fonts[k], b.s);
        buf_free(&b);
    }
    finish(&p, "/OCProperties<</OCGs[8 0 R]/D<</OFF[8 0 R]>>>>", dir, name);
}

static void test_reaching(void **state)
{
    (void)state;
    make_reaching("reaching.pdf");
    struct got g = get(in_dir("reaching.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    for (int i = 0; i < 14; i++) {
        char s[80];
        int k = i % 7;
        snprintf(s, sizeof s, "Page %d says so", i + 1);
        /* 2: the page names no such font; 4: a layer that is off; 5: no end, no text */
        assert_int_equal(holds(&g, s), k != 2 && k != 4 && k != 5);
    }
    assert_false(holds(&g, "Swallowed"));
    struct place one = place_in(&g, "Page 1 says"), two = place_in(&g, "Page 2 says"),
                 eight = place_in(&g, "Page 8 says");
    assert_true(two.box[2] > one.box[2] + 20); /* the same name is a wider font there */
    assert_float_equal(eight.box[1], one.box[1] + 100, 0.01); /* a higher page */
    drop(&g);
    each_page_alone("reaching.pdf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reaching),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
