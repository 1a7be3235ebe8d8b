/* test_pdf_notes.c: footnotes and side notes go behind their paragraphs. */
#include "tests/pdf_make.h"

static void add_lines(struct buf *b, double x, double y, int lines, const char *word)
{
    char s[120];
    for (int i = 0; i < lines; i++) {
        snprintf(s, sizeof s, "%s number %c of lines that are of text and fill the width", word,
                 'a' + i);
        line(b, "F", 10, x, y + 12 * i, s);
    }
}

/* Whether the parts follow each other in the text. */
static bool in_order(const struct got *g, const char *const *part)
{
    const char *at = g->d->text.s;
    for (; *part && at; part++) at = strstr(at, *part);
    return at != NULL;
}

/* Two paragraphs that call a note each, by its number and by a sign. */
static void test_called(void **state)
{
    (void)state;
    static const char *const order[] = {"First",
                                        "which is noted.¹",
                                        "1 The first note",
                                        "Second",
                                        "so is this*.",
                                        "* The second note",
                                        "Third",
                                        NULL};
    struct buf b = {0};
    add_lines(&b, 72, 100, 4, "First");
    buf_addz(&b, "BT /F 10 Tf 1 0 0 1 72 652 Tm (which is noted.) Tj /F 6 Tf 4 Ts (1) Tj ET\n");
    add_lines(&b, 72, 180, 4, "Second");
    line(&b, "F", 10, 72, 228, "so is this*.");
    add_lines(&b, 72, 260, 4, "Third");
    line(&b, "F", 8, 72, 700, "1 The first note says something.");
    line(&b, "F", 8, 72, 710, "* The second note says more.");
    struct got g = get_page(&b);
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(in_order(&g, order));
    drop(&g);
}

/* What nothing calls stays at the foot of the page: 12 is not 2. */
static void test_uncalled(void **state)
{
    (void)state;
    static const char *const order[] = {"First", "that it is 10¹²", "Second", "2 Nobody", NULL};
    struct buf b = {0};
    add_lines(&b, 72, 100, 4, "First");
    buf_addz(&b, "BT /F 10 Tf 1 0 0 1 72 652 Tm (that it is 10) Tj /F 6 Tf 4 Ts (12) Tj ET\n");
    add_lines(&b, 72, 180, 4, "Second");
    line(&b, "F", 8, 72, 700, "2 Nobody calls this.");
    struct got g = get_page(&b);
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(in_order(&g, order));
    drop(&g);
}

/* Side notes left of the text, one beside the middle of a paragraph, which they do not
 * part. */
static void test_side(void **state)
{
    (void)state;
    static const char *const order[] = {"First number a",    "First number f",  "Beside the first",
                                        "in two lines",      "Second number a", "Second number f",
                                        "Beside the second", "Third number a",  NULL};
    struct buf b = {0};
    add_lines(&b, 200, 100, 6, "First");
    add_lines(&b, 200, 200, 6, "Second");
    add_lines(&b, 200, 300, 6, "Third");
    line(&b, "F", 8, 60, 124, "Beside the first");
    line(&b, "F", 8, 60, 134, "in two lines");
    line(&b, "F", 8, 60, 200, "Beside the second");
    struct got g = get_page(&b);
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(in_order(&g, order));
    assert_true(holds(&g, "fill the width First number b") &&
                holds(&g, "fill the width First number f"));
    drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_called),
        cmocka_unit_test(test_uncalled),
        cmocka_unit_test(test_side),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
