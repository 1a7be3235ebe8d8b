/* test_pdf_bombs.c: pages that swell to gigabytes: what came before on them is kept, and so are the
 * other pages. */
#include "tests/pdf_pack.h"

/* Seconds by the clock, of which a page may take three of the processor's: however busy the
 * machine. */
enum { LONG = 300 };

#define FORM "/Type/XObject/Subtype/Form/BBox[0 0 600 800]"

/* Adds a page of a line, what `draws` draws, and another line; and a page that is as others are. */
static void finish_bomb(struct pdf *p, const char *resources, const char *draws, const char *name)
{
    struct buf b = {0};
    line(&b, "F", 10, 72, 100, "These words come before.");
    buf_addz(&b, draws);
    line(&b, "F", 10, 72, 120, "These words come after.");
    p->resources = resources;
    page(p, b.s);
    buf_clear(&b);
    line(&b, "F", 10, 72, 100, "This is another page.");
    p->resources = NULL;
    page(p, b.s);
    buf_free(&b);
    finish(p, "", dir, name);
}

static void check_bomb(const char *name)
{
    struct got g = get(in_dir(name), (struct ingest_options){.jobs = 1, .timeout_s = LONG});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(holds(&g, "These words come before."));
    assert_true(holds(&g, "This is another page."));
    assert_int_equal(g.d->pages_unread, 1);
    assert_true(g.d->pages[0].unread);
    assert_non_null(strstr(g.d->note, "page 1: only what came before"));
    drop(&g);
}

/* Blanks for ever, packed twice, behind the words of a page: no operator ends them. */
static void test_page(void **state)
{
    (void)state;
    struct pdf p;
    char contents[40];
    struct buf b = {0};
    begin(&p);
    line(&b, "F", 10, 72, 100, "These words come before.");
    snprintf(contents, sizeof contents, "%d 0 R", add_blanks(&p, "", b.s));
    page_on(&p, 600, 800, PDF_FONTS, contents);
    buf_clear(&b);
    line(&b, "F", 10, 72, 100, "This is another page.");
    page(&p, b.s);
    buf_free(&b);
    finish(&p, "", dir, "blanks.pdf");
    check_bomb("blanks.pdf");
}

/* The same in a form, before and among its operators, and in an image among them. */
static void test_forms(void **state)
{
    static const char *const before[] = {"", "BI /W 40000 /H 40000 /BPC 8 /CS /G ID "};
    (void)state;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        struct pdf p;
        char form[80];
        begin(&p);
        snprintf(form, sizeof form, "/XObject<</X %d 0 R>>", add_blanks(&p, FORM, before[i]));
        finish_bomb(&p, form, "/X Do\n/X Do\n/X Do\n/X Do\n/X Do\n", "form.pdf");
        check_bomb("form.pdf");
    }
}

/* Masks that have masks, ten at each level, which no device is asked about. */
static void test_masks(void **state)
{
    enum { LEVELS = 10 };
    static const char times[] = "/G gs /G gs /G gs /G gs /G gs /G gs /G gs /G gs /G gs /G gs ";
    (void)state;
    struct pdf p;
    char own[120] = "", entries[300];
    begin(&p);
    for (int i = 0; i < LEVELS; i++) {
        snprintf(entries, sizeof entries, FORM "/Group<</S/Transparency>>/Resources<<%s>>", own);
        object(&p, p.n + 1);
        stream_of(&p, entries, i ? times : "", i ? sizeof times - 1 : 0);
        snprintf(own, sizeof own, "/ExtGState<</G<</SMask<</S/Luminosity/G %d 0 R>>>>>>", p.n);
    }
    finish_bomb(&p, own, "/G gs\n", "masks.pdf");
    check_bomb("masks.pdf");
}

/* A table of the characters of a font that fills the memory or takes all time. */
static void test_table(void **state)
{
    (void)state;
    struct pdf p;
    char entries[300], form[80];
    begin(&p);
    int table =
        add_blanks(&p, "", "begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange ");
    object(&p, p.n + 1);
    buf_addf(&p.b, "<</Type/Font/Subtype/Type1/BaseFont/E/ToUnicode %d 0 R>>\nendobj\n", table);
    snprintf(entries, sizeof entries, FORM "/Resources<</Font<</E %d 0 R>>>>", p.n);
    object(&p, p.n + 1);
    stream_of(&p, entries, "", 0);
    snprintf(form, sizeof form, "/XObject<</X %d 0 R>>", p.n);
    finish_bomb(&p, form, "/X Do\n", "table.pdf");
    check_bomb("table.pdf");
}

/* The document's memory in the tests of it: far less than what the array takes. */
enum { SMALL = 250 << 20 };

/* An object: `before`, and behind it an array of 30 million arrays.  Returns its number. */
static int add_arrays(struct pdf *p, const char *before)
{
    enum { TIMES = 3000, PART = 10000 };
    struct buf part = {0}, head = {0};
    for (int i = 0; i < PART; i++) buf_addz(&part, "[] ");
    buf_addf(&head, "%s[", before);
    struct buf once = pack((struct str){head.s, head.n}, (struct str){part.s, part.n}, TIMES);
    struct buf twice = pack((struct str){once.s, once.n}, (struct str){"", 0}, 0);
    object(p, p->n + 1);
    stream_of(p, "/Filter[/FlateDecode/FlateDecode]", twice.s, twice.n);
    buf_free(&part), buf_free(&head), buf_free(&once), buf_free(&twice);
    return p->n;
}

static void add_other_pages(struct pdf *p, int n)
{
    struct buf b = {0};
    line(&b, "F", 10, 72, 100, "This is another page.");
    for (int i = 0; i < n; i++) page(p, b.s);
    buf_free(&b);
}

/* The first page fills the memory: it alone is cut short, however many come after it. */
static void check_memory(struct pdf *p, const char *name, const char *last)
{
    enum { OTHERS = 5 };
    add_other_pages(p, OTHERS);
    finish(p, "", dir, name);
    struct got g = get(in_dir(name), (struct ingest_options){
                                         .jobs = 1, .memory = SMALL, .timeout_s = LONG});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_int_equal(g.d->pages_unread, 1);
    assert_true(g.d->pages[0].unread);
    assert_non_null(strstr(g.d->note, "page 1: only what came before"));
    assert_true(holds(&g, last));
    assert_int_equal(g.d->n_pages, OTHERS + 1);
    for (size_t i = 1; i <= OTHERS; i++) assert_false(g.d->pages[i].unread);
    drop(&g);
}

static void test_memory(void **state)
{
    (void)state;
    struct pdf p;
    struct buf b = {0};
    char contents[40];
    begin(&p);
    line(&b, "F", 10, 72, 100, "These words come before.");
    snprintf(contents, sizeof contents, "%d 0 R", add_arrays(&p, b.s));
    page_on(&p, 600, 800, PDF_FONTS, contents);
    buf_free(&b);
    check_memory(&p, "memory.pdf", "These words come before.");
}

/* A gigabyte of blanks behind more words than poppler brings into order: it is met when the page is read
 * once more. */
static void test_crowded(void **state)
{
    enum { WORDS = 30000 };
    (void)state;
    struct pdf p;
    struct buf b = {0};
    char contents[80];
    begin(&p);
    buf_addz(&b, "BT /F 6 Tf\n");
    for (int i = 1; i <= WORDS; i++)
        buf_addf(&b, "1 0 0 1 %d %d Tm (w%d) Tj\n", 30 + i % 72 * 36, 14390 - i / 72 * 10, i);
    buf_addz(&b, "(These words come before.) Tj ET");
    int words = add_packed(&p, "", (struct str){b.s, b.n}), blanks = add_blanks(&p, "", "");
    snprintf(contents, sizeof contents, "[%d 0 R %d 0 R]", words, blanks);
    page_on(&p, 2700, 14400, PDF_FONTS, contents);
    buf_free(&b);
    add_other_pages(&p, 1);
    finish(&p, "", dir, "crowded.pdf");
    check_bomb("crowded.pdf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_crowded),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
