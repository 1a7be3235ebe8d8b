/* test_pdf_heads.c: running heads, footers and numbers of PDF pages, and what only looks like them. */
#include "tests/pdf_make.h"

/* Running heads and numbers go; what stands on one page only stays. */
static void test_furniture(void **state)
{
    (void)state;
    struct pdf p;
    char s[120];
    begin(&p);
    for (int i = 0; i < 5; i++) {
        struct buf b = {0};
        line(&b, "F", 9, 72, 40, "Annals of Testing, volume 7");
        if (i == 2) line(&b, "F", 9, 400, 40, "only once");
        for (int k = 0; k < 20; k++) {
            snprintf(s, sizeof s, "page %c has a line of text number %d with some words", 'a' + i,
                     k);
            line(&b, "F", 10, 72, 100 + 14 * k, s);
        }
        snprintf(s, sizeof s, "- %d -", i + 7);
        line(&b, "F", 9, 290, 770, s);
        page(&p, b.s);
        buf_free(&b);
    }
    finish(&p, "/PageLabels<</Nums[0<</S/D/St 7>>]>>", dir, "heads.pdf");
    struct got g = get(in_dir("heads.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_false(holds(&g, "Annals"));
    assert_false(holds(&g, "- 9 -"));
    assert_true(holds(&g, "only once"));
    assert_true(holds(&g, "page e has a line of text number 19"));
    assert_int_equal(g.d->n_pages, 5);
    assert_string_equal(g.d->pages[2].label, "9");
    drop(&g);

    g = get(in_dir("heads.pdf"), (struct ingest_options){.pages = "2,4-"});
    assert_int_equal(g.r, OK);
    assert_int_equal(g.d->n_pages, 5);
    assert_false(holds(&g, "page a has") || holds(&g, "page c has"));
    assert_true(holds(&g, "page b has") && holds(&g, "page d has") && holds(&g, "page e has"));
    for (size_t i = 0; i < g.d->n_spans; i++) assert_true(g.d->spans[i].page != 1);
    drop(&g);
    each_page_alone("heads.pdf");
    g = get(in_dir("heads.pdf"), (struct ingest_options){.pages = "6-"});
    assert_int_equal(g.r, E_USAGE);
    drop(&g);
}

/* Heads that change sides and words: the number of the page beside them, or in one line with them, tells
 * what they are.  The last page has little else. */
static void test_numbered_heads(void **state)
{
    (void)state;
    static const char *const chapter[] = {"The first chapter", "Of rivers", "Of hills"};
    struct pdf p;
    char s[120];
    begin(&p);
    for (int i = 0; i < 6; i++) {
        struct buf b = {0};
        snprintf(s, sizeof s, "%d", i + 31);
        line(&b, "F", 9, i % 2 ? 72 : 500, 40, s);
        line(&b, "F", 9, i % 2 ? 400 : 72, 40, i % 2 ? "A book about the land" : chapter[i / 2]);
        snprintf(s, sizeof s, i % 2 ? "%d of the county records" : "Records of the county, %d", i + 31);
        line(&b, "F", 9, 72, 770, s);
        for (int k = 0; k < (i < 5 ? 20 : 1); k++) {
            snprintf(s, sizeof s, "page %c has text %d", 'a' + i, 7 * k + 3 * i);
            line(&b, "F", 10, 72, 100 + 14 * k, s);
        }
        page(&p, b.s);
        buf_free(&b);
    }
    finish(&p, "", dir, "numbered.pdf");
    struct got g = get(in_dir("numbered.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_false(holds(&g, "A book about") || holds(&g, "county"));
    assert_false(holds(&g, "The first chapter") || holds(&g, "Of rivers") || holds(&g, "Of hills"));
    assert_true(holds(&g, "page a has text 0") && holds(&g, "page f has text 15"));
    drop(&g);
}

/* Pages with a line of `size` at the upper edge and one in the row of the page's number at the
 * lower edge, either of which may be NULL: all of them are in the text, and no number. */
static void check_kept(const char *const *head, const char *const *foot, int pages, double size)
{
    struct pdf p;
    char s[120];
    begin(&p);
    for (int i = 0; i < pages; i++) {
        struct buf b = {0};
        if (head) line(&b, "F", size, 72, 52, head[i]);
        for (int k = 0; k < 30; k++) {
            snprintf(s, sizeof s, "page %c has text %d of the same kind", 'a' + i, 7 * k + 3 * i);
            line(&b, "F", 10, 72, 90 + 14 * k, s);
        }
        snprintf(s, sizeof s, "%d", i + 1);
        if (foot) line(&b, "F", 10, 72, 760, foot[i]), line(&b, "F", 10, 520, 760, s);
        page(&p, b.s);
        buf_free(&b);
    }
    finish(&p, "", dir, "kept.pdf");
    struct got g = get(in_dir("kept.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    for (int i = 0; i < pages; i++) {
        snprintf(s, sizeof s, "\n%d\n", i + 1);
        assert_false(foot && holds(&g, s));
        bool kept = (!head || holds(&g, head[i])) && (!foot || holds(&g, foot[i]));
        if (!kept) print_message("page %d of %d at %g points\n", i + 1, pages, size);
        assert_true(kept);
    }
    drop(&g);
}

/* Text at the edges of pages that says something else on each: that its numbers count up with the
 * pages, or that it stands beside their number, is chance. */
static void test_no_heads(void **state)
{
    (void)state;
    static const char *const years[] = {"Audited revenue of the group in 2023",
                                        "Expected losses of all branches in 2024"};
    static const char *const parts[] = {"Anamnesis of the patient 1", "Findings 2", "Therapy 3"};
    static const char *const sections[] = {"1 Introduction to the plant",
                                           "2 Safety of the operators", "3 Maintenance of pumps",
                                           "4 Spare parts and orders", "5 Warranty and contacts"};
    static const char *const bill[] = {"Total: 1,204.33 EUR, due on 3 May",
                                       "IBAN DE02 1203 0000 0000 2020 51"};
    static const char *const notes[] = {"See Smith, On Pumps, p. 12.", "The contract ends in May.",
                                        "No warranty on seals.", "Call Anna at 4711.",
                                        "Prices include tax."};
    static const double sizes[] = {10, 11, 12, 12.4, 13};
    check_kept(years, NULL, 2, 10);
    check_kept(parts, NULL, 3, 10);
    check_kept(NULL, bill, 2, 10);
    check_kept(NULL, notes, 5, 10);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_kept(sections, NULL, 5, sizes[i]);
        check_kept(sections, notes, 5, sizes[i]);
    }
}

/* Two pages with a line at the upper edge, `white` points above the text, and one at the lower. */
static struct got get_two(const char *const head[2], const char *const foot[2], double white)
{
    struct pdf p;
    char s[120];
    begin(&p);
    for (int i = 0; i < 2; i++) {
        struct buf b = {0};
        line(&b, "F", 10, 72, 50, head[i]);
        for (int k = 0; k < 30; k++) {
            snprintf(s, sizeof s, "page %c has text %d of the same kind", 'a' + i, 7 * k + 3 * i);
            line(&b, "F", 10, 72, 60 + white + 14 * k, s);
        }
        line(&b, "F", 10, 72, 770, foot[i]);
        page(&p, b.s);
        buf_free(&b);
    }
    finish(&p, "", dir, "two.pdf");
    struct got g = get(in_dir("two.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    return g;
}

/* What two pages have in common is a head or a foot where white parts it from the text, and only the
 * number of the page differs: else it may be of two letters, or two bills. */
static void test_two_pages(void **state)
{
    (void)state;
    static const char *const sir[] = {"Dear Sir or Madam,", "Dear Sir or Madam,"};
    static const char *const bills[] = {"Bill number 1001", "Bill number 1007"};
    static const char *const same[] = {"Quarterly letter, part 4", "Quarterly letter, part 4"};
    static const char *const foot[] = {"Page 1 of 2", "Page 2 of 2"};
    struct got g = get_two(sir, foot, 10);
    assert_true(holds(&g, "Dear Sir or Madam,\n\npage a") && holds(&g, "Dear Sir or Madam,\n\npage b"));
    assert_false(holds(&g, "of 2"));
    drop(&g);
    g = get_two(bills, foot, 30);
    assert_true(holds(&g, "1001") && holds(&g, "1007") && !holds(&g, "of 2"));
    drop(&g);
    g = get_two(same, foot, 30);
    assert_false(holds(&g, "Quarterly") || holds(&g, "of 2"));
    drop(&g);
}

/* A chapter's title beside the number of a page, as its running head, which no other page has: it
 * stands in large letters on the page. */
static void test_title_as_head(void **state)
{
    (void)state;
    static const char *const chapter[] = {"Of rivers", "Of hills", "Of plains", "Of woods"};
    struct pdf p;
    char s[120];
    begin(&p);
    for (int i = 0; i < 4; i++) {
        struct buf b = {0};
        snprintf(s, sizeof s, "%d", i + 1);
        line(&b, "F", 9, 500, 40, s);
        line(&b, "F", 9, 72, 40, i == 3 ? "Seen by nobody" : chapter[i]);
        line(&b, "B", 16, 72, 90, chapter[i]);
        for (int k = 0; k < 20; k++) {
            snprintf(s, sizeof s, "page %c has text %d", 'a' + i, 7 * k + 3 * i);
            line(&b, "F", 10, 72, 130 + 14 * k, s);
        }
        page(&p, b.s);
        buf_free(&b);
    }
    finish(&p, "", dir, "titles.pdf");
    struct got g = get(in_dir("titles.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    for (int i = 0; i < 4; i++) {
        const char *at = strstr(g.d->text.s, chapter[i]);
        assert_non_null(at);
        assert_null(strstr(at + 1, chapter[i]));
    }
    assert_int_equal(g.d->n_headings, 4);
    drop(&g);
}

/* The same of titles in two lines: the head says both in one. */
static void test_long_title_as_head(void **state)
{
    (void)state;
    static const char *const title[][2] = {{"Of rivers and of what", "they carry to the sea"},
                                           {"Of hills and of those", "who live behind them"},
                                           {"Of plains that nobody", "has crossed on foot"}};
    struct pdf p;
    char s[120];
    begin(&p);
    for (int i = 0; i < 3; i++) {
        struct buf b = {0};
        snprintf(s, sizeof s, "%d", i + 1);
        line(&b, "F", 9, 500, 40, s);
        snprintf(s, sizeof s, "%s %s", title[i][0], title[i][1]);
        line(&b, "F", 9, 72, 40, s);
        line(&b, "B", 16, 72, 90, title[i][0]);
        line(&b, "B", 16, 72, 109, title[i][1]);
        for (int k = 0; k < 20; k++) {
            snprintf(s, sizeof s, "page %c has text %d", 'a' + i, 7 * k + 3 * i);
            line(&b, "F", 10, 72, 150 + 14 * k, s);
        }
        page(&p, b.s);
        buf_free(&b);
    }
    finish(&p, "", dir, "long_titles.pdf");
    struct got g = get(in_dir("long_titles.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    for (int i = 0; i < 3; i++) {
        const char *at = strstr(g.d->text.s, title[i][1]);
        assert_non_null(at);
        assert_null(strstr(at + 1, title[i][1]));
    }
    drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_furniture),
        cmocka_unit_test(test_numbered_heads),
        cmocka_unit_test(test_no_heads),
        cmocka_unit_test(test_two_pages),
        cmocka_unit_test(test_title_as_head),
        cmocka_unit_test(test_long_title_as_head),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
