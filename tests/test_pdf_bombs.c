/* test_pdf_bombs.c: pages that swell to gigabytes: what came before on them is kept, and so are the
 * other pages. */
#include "tests/pdf_pack.h"

/* Seconds by the clock, of which a page may take three of the processor's, and the later ones half a
 * second: however busy the machine. */
enum { LONG = 300 };

#define FORM "/Type/XObject/Subtype/Form/BBox[0 0 600 800]"

static void add_other_pages(struct pdf *p, int n)
{
    struct buf b = {0};
    line(&b, "F", 10, 72, 100, "This is another page.");
    for (int i = 0; i < n; i++) page(p, b.s);
    buf_free(&b);
}

/* Adds a page of a line, what `draws` draws, and another line. */
static void add_bomb(struct pdf *p, const char *resources, const char *draws)
{
    struct buf b = {0};
    line(&b, "F", 10, 72, 100, "These words come before.");
    buf_addz(&b, draws);
    line(&b, "F", 10, 72, 120, "These words come after.");
    p->resources = resources;
    page(p, b.s);
    p->resources = NULL;
    buf_free(&b);
}

/* Blanks for ever, packed twice, behind the words of a page: no operator ends them. */
static void add_endless(struct pdf *p)
{
    char contents[40];
    struct buf b = {0};
    line(&b, "F", 10, 72, 100, "These words come before.");
    snprintf(contents, sizeof contents, "%d 0 R", add_blanks(p, "", b.s));
    page_on(p, 600, 800, PDF_FONTS, contents);
    buf_free(&b);
}

/* The same in a form: before its operators, and in an image among them. */
static void add_form(struct pdf *p, const char *before)
{
    char form[80];
    snprintf(form, sizeof form, "/XObject<</X %d 0 R>>", add_blanks(p, FORM, before));
    add_bomb(p, form, "/X Do\n/X Do\n/X Do\n/X Do\n/X Do\n");
}

/* Masks that have masks, ten at each level, which no device is asked about. */
static void add_masks(struct pdf *p)
{
    enum { LEVELS = 10 };
    static const char times[] = "/G gs /G gs /G gs /G gs /G gs /G gs /G gs /G gs /G gs /G gs /G gs ";
    char own[120] = "", entries[300];
    for (int i = 0; i < LEVELS; i++) {
        snprintf(entries, sizeof entries, FORM "/Group<</S/Transparency>>/Resources<<%s>>", own);
        object(p, p->n + 1);
        stream_of(p, entries, i ? times : "", i ? sizeof times - 1 : 0);
        snprintf(own, sizeof own, "/ExtGState<</G<</SMask<</S/Luminosity/G %d 0 R>>>>>>", p->n);
    }
    add_bomb(p, own, "/G gs\n");
}

/* A table of the characters of a font that fills the memory or takes all time. */
static void add_table(struct pdf *p)
{
    char entries[300], form[80];
    int table =
        add_blanks(p, "", "begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange ");
    object(p, p->n + 1);
    buf_addf(&p->b, "<</Type/Font/Subtype/Type1/BaseFont/E/ToUnicode %d 0 R>>\nendobj\n", table);
    snprintf(entries, sizeof entries, FORM "/Resources<</Font<</E %d 0 R>>>>", p->n);
    object(p, p->n + 1);
    stream_of(p, entries, "", 0);
    snprintf(form, sizeof form, "/XObject<</X %d 0 R>>", p->n);
    add_bomb(p, form, "/X Do\n");
}

/* More words than poppler brings into order, and the object `behind` them: it is met when the page is read
 * once more. */
static void add_crowded(struct pdf *p, int behind)
{
    enum { WORDS = 30000 };
    struct buf b = {0};
    char contents[80];
    buf_addz(&b, "BT /F 6 Tf\n");
    for (int i = 1; i <= WORDS; i++)
        buf_addf(&b, "1 0 0 1 %d %d Tm (w%d) Tj\n", 30 + i % 72 * 36, 14390 - i / 72 * 10, i);
    buf_addz(&b, "(These words come before.) Tj ET");
    snprintf(contents, sizeof contents, "[%d 0 R %d 0 R]",
             add_packed(p, "", (struct str){b.s, b.n}), behind);
    page_on(p, 2700, 14400, PDF_FONTS, contents);
    buf_free(&b);
}

static bool page_holds(const struct doc *d, size_t number, const char *s)
{
    for (size_t i = 0; i < d->n_spans; i++)
        if (d->spans[i].page == number &&
            memmem(d->text.s + d->spans[i].text, d->spans[i].len, s, strlen(s)))
            return true;
    return false;
}

/* Of each bomb there is what came before, and every other page is there.  The first three take three
 * seconds each, and no one of those behind them does. */
static void test_bombs(void **state)
{
    enum { BOMBS = 6 };
    (void)state;
    struct pdf p;
    begin(&p);
    for (int i = 0; i < BOMBS; i++) {
        switch (i) {
        case 0: add_crowded(&p, add_blanks(&p, "", "")); break;
        case 1: add_endless(&p); break;
        case 2: add_form(&p, ""); break;
        case 3: add_form(&p, "BI /W 40000 /H 40000 /BPC 8 /CS /G ID "); break;
        case 4: add_masks(&p); break;
        default: add_table(&p);
        }
        add_other_pages(&p, 1);
    }
    finish(&p, "", dir, "bombs.pdf");
    struct got g = get(in_dir("bombs.pdf"), (struct ingest_options){.jobs = 1, .timeout_s = LONG});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_int_equal(g.d->n_pages, 2 * BOMBS);
    for (size_t i = 0; i < 2 * BOMBS; i++) {
        assert_int_equal(g.d->pages[i].unread, i % 2 == 0);
        assert_true(page_holds(g.d, i + 1, i % 2 ? "another page." : "come before."));
        assert_false(page_holds(g.d, i + 1, "come after."));
    }
    assert_non_null(strstr(g.d->note, "pages 1, 3, 5, 7, 9")); /* the table may be out of memory first */
    assert_non_null(strstr(g.d->note, ": only what came before reading them took too long (--doc-timeout)"));
    assert_non_null(strstr(g.d->note, "after 3 pages that took too long each had 0.5 seconds"));
    drop(&g);
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

#ifdef __SANITIZE_ADDRESS__ /* no limit of memory is set: it is the time that ends */
#define MEMORY_ENDS "page 1: only what came before reading them took too long"
#else
#define MEMORY_ENDS                                                                                \
    "page 1: only what came before reading them took more memory than there is (--doc-memory)"
#endif

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
    assert_non_null(strstr(g.d->note, MEMORY_ENDS));
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

/* There is memory left for bringing the words into order that came before. */
static void test_crowded_memory(void **state)
{
    (void)state;
    struct pdf p;
    begin(&p);
    add_crowded(&p, add_arrays(&p, ""));
    check_memory(&p, "crowded.pdf", "These words come before.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_crowded_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
