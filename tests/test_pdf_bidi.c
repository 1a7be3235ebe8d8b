/* test_pdf_bidi.c: the order read from the order seen; marks and blanks of Arabic text. */
#include "extract/pdf_bidi.h"
#include "tests/pdf_make.h"

static void add_logical(struct buf *out, const char *seen, bool rtl, int turned)
{
    uint32_t c[128];
    size_t n = 0;
    struct arena *a = arena_new();
    for (size_t i = 0, end = strlen(seen); i < end; n++) i += utf8_next(seen + i, end - i, &c[n]);
    bidi_to_logical(c, n, rtl, &turned, a);
    buf_clear(out);
    for (size_t i = 0; i < n; i++) {
        char u[4];
        buf_add(out, u, utf8_put(c[i], u));
    }
    arena_free(a);
}

/* As UAX #9 shows it, from left to right, and as it is read. */
static void test_order(void **state)
{
    (void)state;
    static const struct {
        const char *seen, *read;
        bool rtl;
    } lines[] = {
        /* Arabic letters make numbers Arabic: no hyphens and no signs in them (W2, W4, W5) */
        {"د 13-05-2024 ب", "ب 2024-05-13 د", true},
        {"د 12/3/2020 ب", "ب 12/3/2020 د", true},
        {"د 1,250,000.5 ب", "ب 1,250,000.5 د", true},
        {"%50 ب", "ب 50%", true},
        {"٪٤٥ ب", "ب ٤٥٪", true},
        {"300$ ب", "ب $300", true},
        {"5- ب", "ب -5", true},
        {"3 2 1 ب", "ب 1 2 3", true},
        /* Hebrew ones do not */
        {"ד 2024-05-13 ב", "ב 2024-05-13 ד", true},
        {"50% ב", "ב 50%", true},
        {"₪20 ב", "ב ₪20", true},
        {"3 ,2 ,1 ב", "ב 1, 2, 3", true},
        {"4.5-ב", "ב-4.5", true},
        /* foreign phrases, and numbers beside them */
        {"ד Windows 10 ב", "ב Windows 10 ד", true},
        {"ד A-12 (see x) ב", "ב A-12 (see x) ד", true},
        {"ד (Windows) 2003 ב", "ב 2003 (Windows) ד", true},
        {"ד Windows-ב", "ב-Windows ד", true},
        {"[3 אב] ג", "ג [בא 3]", true},
        /* a line that reads from left to right */
        {"see דב 12 גב here 7", "see בג 12 בד here 7", false},
        {"see דב, 12 and גב", "see בד, 12 and בג", false},
        {"see ١٢ ب here", "see ب ١٢ here", false},
        /* a mark stands left of its letter */
        {"\xd8\xaf\xd9\x91\xd8\xa8", "\xd8\xa8\xd9\x91\xd8\xaf", true},
        {"", "", true},
        {"12", "12", true},
    };
    struct buf got = {0};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        add_logical(&got, lines[i].seen, lines[i].rtl, 0);
        assert_string_equal(got.s ? got.s : "", lines[i].read);
    }
    buf_free(&got);
}

/* A bracket without its partner is turned where the page's other lines say so. */
static void test_lone_bracket(void **state)
{
    (void)state;
    struct buf got = {0};
    uint32_t seen[] = {'(', 0x5D1, ')'}, meant[] = {')', 0x5D1, '('};
    int turned = 0;
    struct arena *a = arena_new();
    bidi_to_logical(seen, 3, true, &turned, a);
    assert_int_equal(turned, 1);
    assert_true(seen[0] == '(' && seen[2] == ')');
    bidi_to_logical(meant, 3, true, &turned, a);
    assert_int_equal(turned, 0);
    assert_true(meant[0] == '(' && meant[2] == ')');
    arena_free(a);
    add_logical(&got, "(ב", true, 1);
    assert_string_equal(got.s, "ב)");
    add_logical(&got, "(ב", true, -1);
    assert_string_equal(got.s, "ב(");
    buf_free(&got);
}

/* Font F is Helvetica; A: b is beh, d dal, r reh, f fatha. */
static struct got get_arabic(const char *ops)
{
    static const char table[] =
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> "
        "<FF> endcodespacerange 5 beginbfchar <20> <0020> <62> <0628> <64> <062F> <72> <0631> <66> "
        "<064E> endbfchar endcmap end end";
    struct pdf p;
    char font[32];
    begin(&p);
    int number = p.n + 1;
    object(&p, number);
    stream(&p, table, sizeof table - 1);
    object(&p, number + 1);
    buf_addf(&p.b, "<</Type/Font/Subtype/Type1/BaseFont/Courier/ToUnicode %d 0 R>>\nendobj\n",
             number);
    snprintf(font, sizeof font, "/F 3 0 R/A %d 0 R", number + 1);
    page_of(&p, 600, 800, font, ops);
    finish(&p, "", dir, "arabic.pdf");
    struct got g = get(in_dir("arabic.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    return g;
}

/* A mark is drawn over its letter, before it; or ActualText has both as they are read. */
static void test_marks(void **state)
{
    (void)state;
    struct got g = get_arabic("BT /A 12 Tf 1 0 0 1 300 700 Tm [(d)(f)600(b)(r)]TJ ET\n"
                              "BT /A 12 Tf 1 0 0 1 300 600 Tm (d) Tj /Span <</ActualText "
                              "<FEFF0628064E>>> BDC [(f)600(b)]TJ EMC (r) Tj ET\n");
    assert_true(holds(&g, "ر\xd8\xa8\xd9\x8e\xd8\xaf\n\nر\xd8\xa8\xd9\x8e\xd8\xaf"));
    drop(&g);
}

/* Blanks that are drawn part words, however narrow; what has none does not, unless it is wide. */
static void test_blanks(void **state)
{
    (void)state;
    struct got g =
        get_arabic("BT /A 12 Tf 1 0 0 1 300 700 Tm [(bb )550(dd )550(rr)-200(bb)]TJ ET\n");
    assert_true(holds(&g, "ببرر دد بب"));
    drop(&g);
    g = get_arabic("BT /A 12 Tf 1 0 0 1 300 700 Tm [(bb)-200(dd)-200(rr)]TJ ET\n");
    assert_true(holds(&g, "رر دد بب"));
    drop(&g);
}

/* A gap as wide as a blank parts words also where blanks are drawn. */
static void test_wide_gap(void **state)
{
    (void)state;
    struct got g =
        get_arabic("BT /A 12 Tf 1 0 0 1 300 700 Tm [(bb )550(dd)-300(rr )550(bb)]TJ ET\n");
    assert_true(holds(&g, "بب رر دد بب"));
    drop(&g);
}

/* Blanks of an English line say nothing about words from right to left that have none. */
static void test_mixed_blanks(void **state)
{
    (void)state;
    struct got g = get_arabic("BT /F 12 Tf 1 0 0 1 72 700 Tm (one two three four five six) Tj ET\n"
                              "BT /F 12 Tf 1 0 0 1 72 680 Tm (one two three four five six) Tj ET\n"
                              "BT /A 12 Tf 1 0 0 1 300 600 Tm [(bb)-300(dd)-300(rr)]TJ ET\n");
    assert_true(holds(&g, "رر دد بب"));
    drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_lone_bracket),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_blanks),
        cmocka_unit_test(test_wide_gap),
        cmocka_unit_test(test_mixed_blanks),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
