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
    struct got g = get_checked(&b);
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
    struct got g = get_checked(&b);
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
    struct got g = get_checked(&b);
    assert_true(in_order(&g, order));
    assert_true(holds(&g, "fill the width First number b") &&
                holds(&g, "fill the width First number f"));
    drop(&g);
}

/* Text before and behind what calls a note, and the note at the foot of the page. */
static struct got around(struct buf *b)
{
    add_lines(b, 72, 100, 4, "Before");
    add_lines(b, 72, 400, 4, "Behind");
    line(b, "F", 8, 72, 700, "* Seen from afar.");
    struct got g = get_page(b);
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    return g;
}

/* A note to a cell goes behind the whole table. */
static void test_in_table(void **state)
{
    (void)state;
    static const char *const cell[4][3] = {{"City", "People", "Area"},
                                           {"Oslo*", "709", "454"},
                                           {"Bergen", "291", "464"},
                                           {"Hamar", "32", "351"}};
    static const char *const order[] = {"Before number d", "Oslo*",         "Hamar | 32 | 351",
                                        "* Seen from",     "Behind number", NULL};
    struct buf b = {0};
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 3; c++) line(&b, "F", 10, 72 + 90 * c, 200 + 14 * r, cell[r][c]);
    struct got g = around(&b);
    assert_true(in_order(&g, order));
    assert_true(holds(&g, "Oslo* | 709 | 454\nBergen | 291 | 464\nHamar"));
    drop(&g);
}

/* The same in a list. */
static void test_in_list(void **state)
{
    (void)state;
    static const char *const order[] = {"Before number d", "1. ships*",   "3. lighthouses",
                                        "* Seen from",     "Behind number", NULL};
    struct buf b = {0};
    line(&b, "F", 10, 72, 200, "1. ships*");
    line(&b, "F", 10, 72, 212, "2. harbours");
    line(&b, "F", 10, 72, 224, "3. lighthouses");
    struct got g = around(&b);
    assert_true(in_order(&g, order));
    assert_true(holds(&g, "1. ships*\n2. harbours\n3. lighthouses"));
    drop(&g);
}

static void add_raised(struct buf *b, int y, const char *text, const char *raised)
{
    buf_addf(b, "BT /F 10 Tf 1 0 0 1 72 %d Tm (%s) Tj /F 6 Tf 4 Ts (%s) Tj 0 Ts ET\n", 800 - y,
             text, raised);
}

/* Powers call nothing, whether the number of a note stands before them or not at all. */
static void test_powers(void **state)
{
    (void)state;
    static const char *const order[] = {"First number", "First of all.", "1 The first", "Second of",
                                        "2 The second", "Third number",  "512 km²",     "q³",
                                        "3 Nobody",     NULL};
    struct buf b = {0};
    add_lines(&b, 72, 100, 4, "First");
    add_raised(&b, 148, "First of all.", "1");
    add_lines(&b, 72, 180, 4, "Second");
    add_raised(&b, 228, "Second of all.", "2");
    add_lines(&b, 72, 260, 4, "Third");
    add_raised(&b, 308, "an area of 512 km", "2");
    add_lines(&b, 72, 340, 4, "Fourth");
    add_raised(&b, 388, "a force of q", "3");
    add_lines(&b, 72, 420, 4, "Fifth");
    line(&b, "F", 8, 72, 700, "1 The first note.");
    line(&b, "F", 8, 72, 710, "2 The second note.");
    line(&b, "F", 8, 72, 720, "3 Nobody calls it.");
    struct got g = get_checked(&b);
    assert_true(in_order(&g, order));
    drop(&g);
}

/* The number of a section, in smaller letters, is not that of a note. */
static void test_section(void **state)
{
    (void)state;
    static const char *const order[] = {"First of all", "Second", "1.1 Details", "Third", NULL};
    struct buf b = {0};
    add_lines(&b, 72, 100, 4, "First");
    add_raised(&b, 148, "First of all.", "1");
    add_lines(&b, 72, 180, 4, "Second");
    line(&b, "B", 9, 72, 250, "1.1 Details of it");
    add_lines(&b, 72, 280, 4, "Third");
    struct got g = get_checked(&b);
    assert_true(in_order(&g, order));
    drop(&g);
}

/* A box of several paragraphs beside the text stays together. */
static void test_box(void **state)
{
    (void)state;
    static const char *const box[] = {"The box begins", "its second one", "its third one",
                                      "its last one"};
    struct buf b = {0};
    add_lines(&b, 200, 100, 6, "First");
    add_lines(&b, 200, 200, 6, "Second");
    add_lines(&b, 200, 300, 6, "Third");
    for (int i = 0; i < 4; i++) {
        line(&b, "F", 8, 60, 120 + 30 * i, box[i]);
        line(&b, "F", 8, 60, 130 + 30 * i, "and goes on here.");
    }
    struct got g = get_checked(&b);
    assert_true(holds(&g, "The box begins and goes on here.\n\nits second one and goes on here.\n\n"
                          "its third one and goes on here.\n\nits last one and goes on here."));
    drop(&g);
}

/* The number of a paragraph in the margin stays before it. */
static void test_margin_numbers(void **state)
{
    (void)state;
    static const char *const order[] = {"5",  "First number a", "10", "Second number a",
                                        "15", "Third number a", NULL};
    struct buf b = {0};
    add_lines(&b, 110, 100, 6, "First");
    add_lines(&b, 110, 200, 6, "Second");
    add_lines(&b, 110, 300, 6, "Third");
    line(&b, "F", 7, 72, 100, "5");
    line(&b, "F", 7, 72, 200, "10");
    line(&b, "F", 7, 72, 300, "15");
    struct got g = get_checked(&b);
    assert_true(in_order(&g, order));
    drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_called),
        cmocka_unit_test(test_uncalled),
        cmocka_unit_test(test_side),
        cmocka_unit_test(test_in_table),
        cmocka_unit_test(test_in_list),
        cmocka_unit_test(test_powers),
        cmocka_unit_test(test_section),
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_margin_numbers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
