/* test_pdf_thai.c: blanks where lines end, in scripts that part phrases and not words. */
#include "tests/pdf_make.h"

/* Font T: a to y are the first letters of Thai, z is the sign that a word is said twice. */
static struct got get_thai(const char *const *lines, size_t n, double leading)
{
    static const char table[] =
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> "
        "<FF> endcodespacerange 1 beginbfrange <61> <79> <0E01> endbfrange 2 beginbfchar <20> "
        "<0020> <7A> <0E46> endbfchar endcmap end end";
    struct pdf p;
    struct buf ops = {0};
    char font[32];
    begin(&p);
    int number = p.n + 1;
    object(&p, number);
    stream(&p, table, sizeof table - 1);
    object(&p, number + 1);
    buf_addf(&p.b,
             "<</Type/Font/Subtype/Type1/BaseFont/Thai/ToUnicode %d 0 R/FirstChar 32/LastChar 122"
             "/Widths[",
             number);
    for (int c = ' '; c <= 'z'; c++) buf_addz(&p.b, "500 ");
    buf_addz(&p.b, "]>>\nendobj\n");
    snprintf(font, sizeof font, "/T %d 0 R", number + 1);
    for (size_t i = 0; i < n; i++) line(&ops, "T", 12, 72, 100 + leading * (double)i, lines[i]);
    page_of(&p, 600, 800, font, ops.s);
    finish(&p, "", dir, "thai.pdf");
    buf_free(&ops);
    struct got g = get(in_dir("thai.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    return g;
}

/* Whether what stands between the letters a and b of the font, which meet nowhere else, is `s`. */
static bool parts(const struct got *g, char a, const char *s, char b)
{
    struct buf want = {0};
    char u[4];
    buf_add(&want, u, utf8_put(a == 'z' ? 0xE46 : (uint32_t)(0xE01 + a - 'a'), u));
    buf_addz(&want, s);
    buf_add(&want, u, utf8_put((uint32_t)(0xE01 + b - 'a'), u));
    bool found = holds(g, want.s);
    buf_free(&want);
    return found;
}

/* Lines of running text are one word after the other, but for a phrase that ends in the sign. */
static void test_running(void **state)
{
    static const char *const lines[] = {
        "aaaaaaaaaaaa aaaaaaaaaaaaaaaab",
        "cccccccccccccccccc cccccccccccz",
        "eeeeeeeeeeeee eeeeeeeeeeeeeef",
        "ggggggggggggggggggggggggg gggh",
        "iiiiiiiiiiiiiiij",
    };
    (void)state;
    struct got g = get_thai(lines, 5, 15);
    assert_true(parts(&g, 'b', "", 'c'));
    assert_true(parts(&g, 'z', " ", 'e'));
    assert_true(parts(&g, 'f', "", 'g'));
    assert_true(parts(&g, 'h', "", 'i'));
    drop(&g);
}

/* Names, one a line, are not glued: short ones, and long ones of which few reach the right end. */
static void test_names(void **state)
{
    static const char *const lines[2][6] = {
        {"aaaab", "ccccd", "eeef", "ggggh", "iiij", "kkkkl"},
        {"aaaaaaaaaaaab", "cccccccccccccccccccccd", "eeeeeeeeeeeeeeef", "ggggggggggggggggggggh",
         "iiiiiiiiiiiiiij", "kkkkkkkkkkkl"},
    };
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct got g = get_thai(lines[i], 6, 15);
        for (char c = 'b'; c < 'k'; c += 2) assert_false(parts(&g, c, "", (char)(c + 1)));
        drop(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_running),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
