/* test_pdf_ocr.c: pages that are pictures: what is recognised in them, where it stands, and what is
 * said where nothing can be. */
#include <errno.h>
#include <unistd.h>

#include "extract/ocr.h"
#include "ingest/text_cache.h"
#include "tests/pdf_make.h"

enum { DPI = 150 };

static const char *const lines[] = {"The harbour master counted seventeen boats",
                                    "before the storm",
                                    "reached the outer wall on Thursday evening."};

/* Text operators of a page with the three lines. */
static struct buf print_lines(const char *font)
{
    struct buf b = {0};
    for (int i = 0; i < 3; i++) line(&b, font, 14, 72, 120 + 20 * i, lines[i]);
    return b;
}

/* Draws page 1 of a file in the folder, as a gray picture of 8 bits. */
static bool draw(const char *name, struct buf *pixels, int *w, int *h)
{
    char command[1200], path[512];
    snprintf(path, sizeof path, "%s", in_dir(name));
    snprintf(command, sizeof command, "pdftoppm -r %d -gray -singlefile %s %s 2>/dev/null", DPI,
             path, in_dir("drawn"));
    if (system(command) != 0) return false;
    struct buf all;
    int end = 0;
    read_all(in_dir("drawn.pgm"), &all);
    bool good = sscanf(all.s, "P5 %d %d 255%n", w, h, &end) == 2 &&
                all.n == (size_t)end + 1 + (size_t)*w * (size_t)*h;
    if (good) buf_add(pixels, all.s + end + 1, (size_t)*w * (size_t)*h);
    buf_free(&all);
    return good;
}

/* A page that is nothing but a picture of the lines, turned clockwise by quarters.  False: there is
 * nothing here to draw it. */
static bool page_of_turned(struct pdf *p, int turn)
{
    static const char *const operators[] = {
        "q 600 0 0 800 0 0 cm /I Do Q\n", "q 0 -600 800 0 0 600 cm /I Do Q\n",
        "q -600 0 0 -800 600 800 cm /I Do Q\n", "q 0 600 -800 0 800 0 cm /I Do Q\n"};
    static char resources[80];
    struct pdf drawn;
    struct buf ops = print_lines("F"), pixels = {0};
    int w, h;
    begin(&drawn);
    page(&drawn, ops.s);
    finish(&drawn, "", dir, "drawn.pdf");
    buf_free(&ops);
    if (!draw("drawn.pdf", &pixels, &w, &h)) return false;
    int image = p->n + 1;
    object(p, image);
    buf_addf(&p->b, "<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8", w, h);
    buf_addf(&p->b, "/ColorSpace/DeviceGray/Length %zu>>\nstream\n", pixels.n);
    buf_add(&p->b, pixels.s, pixels.n);
    buf_addz(&p->b, "\nendstream\nendobj\n");
    buf_free(&pixels);
    snprintf(resources, sizeof resources, "/XObject<</I %d 0 R>>", image);
    p->resources = resources;
    page_of(p, turn & 1 ? 800 : 600, turn & 1 ? 600 : 800, PDF_FONTS, operators[turn]);
    p->resources = NULL;
    return true;
}

static bool page_of_picture(struct pdf *p)
{
    return page_of_turned(p, 0);
}

/* Writes picture.pdf: one page; and mixed.pdf: text, picture, text. */
static void make_pictures(void)
{
    struct pdf p;
    struct buf ops = {0};
    begin(&p);
    if (!page_of_picture(&p)) skip();
    finish(&p, "", dir, "picture.pdf");
    line(&ops, "F", 14, 72, 100, "Here the page has text of its own.");
    begin(&p);
    page(&p, ops.s);
    page_of_picture(&p);
    page(&p, ops.s);
    finish(&p, "", dir, "mixed.pdf");
    buf_free(&ops);
}

static bool is_installed(void)
{
    struct ocr *o = ocr_open("eng");
    bool is = o != NULL;
    ocr_close(o);
    if (!is) print_message("# tesseract-ocr is not installed: nothing is recognised\n");
    return is;
}

static struct got read_with(const char *name, struct ingest_options o)
{
    if (o.ocr && !o.ocr_lang) o.ocr_lang = "eng";
    return get(in_dir(name), o);
}

/* A box of the page as it is in the picture, which was turned clockwise by quarters. */
static void turn_box_back(float box[4], int turn)
{
    for (; turn > 0; turn--) {
        float height = turn & 1 ? 800 : 600; /* of the picture once it is turned back */
        float b[4] = {box[1], height - box[2], box[3], height - box[0]};
        memcpy(box, b, sizeof b);
    }
}

/* The lines, in their order and each where it is in the picture. */
static void check_turned(const struct got *g, uint32_t page_number, int turn)
{
    const char *from = g->d->text.s;
    for (int i = 0; i < 3; i++) {
        const char *at = strstr(from, lines[i]);
        if (!at) print_message("%s\n", g->d->text.s);
        assert_non_null(at);
        from = at;
        struct place p = doc_place(g->d, (size_t)(at - g->d->text.s), strlen(lines[i]));
        float baseline = 120 + 20 * (float)i;
        turn_box_back(p.box, turn);
        assert_int_equal(p.page, page_number);
        assert_true(p.recognised);
        assert_float_equal(p.box[0], 72, 3);
        assert_true(p.box[1] > baseline - 16 && p.box[1] < baseline - 6);
        assert_true(p.box[3] > baseline - 1 && p.box[3] < baseline + 7);
    }
}

static void check_places(const struct got *g, uint32_t page_number)
{
    check_turned(g, page_number, 0);
}

static void test_recognised(void **state)
{
    (void)state;
    if (!is_installed()) skip();
    make_pictures();
    struct got g = read_with("picture.pdf", (struct ingest_options){.ocr = OCR_AUTO});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    check_places(&g, 1);
    assert_true(g.d->pages[0].recognised && !g.d->pages[0].no_text);
    assert_string_equal(g.d->note, "page 1: text recognised in an image (tesseract, eng)");
    drop(&g);
    for (int jobs = 1; jobs <= 3; jobs += 2) {
        g = read_with("mixed.pdf", (struct ingest_options){.ocr = OCR_AUTO, .jobs = jobs});
        assert_int_equal(g.r, OK);
        check_pdf(g.d);
        check_places(&g, 2);
        assert_true(g.d->pages[1].recognised);
        assert_false(g.d->pages[0].recognised || g.d->pages[2].recognised);
        assert_int_equal(g.d->pages_without_text, 0);
        assert_string_equal(g.d->note, "page 2: text recognised in an image (tesseract, eng)");
        drop(&g);
    }
    g = read_with("mixed.pdf", (struct ingest_options){.ocr = OCR_FORCE});
    assert_int_equal(g.r, OK);
    check_places(&g, 2);
    assert_string_equal(g.d->note, "pages 1-3: text recognised in an image (tesseract, eng)");
    drop(&g);
    g = read_with("mixed.pdf", (struct ingest_options){.ocr = OCR_AUTO, .pages = "1,3"});
    assert_int_equal(g.r, OK);
    assert_null(g.d->note);
    drop(&g);
}

/* A scan that lies on its side or on its head, by itself or by its page's /Rotate. */
static void test_turned(void **state)
{
    static const struct {
        int picture, rotate, shown;
    } all[] = {{1, 0, 1}, {2, 0, 2}, {3, 0, 3}, {0, 90, 1}, {0, 180, 2}, {0, 270, 3}, {3, 90, 0}};
    (void)state;
    if (!is_installed()) skip();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct pdf p;
        begin(&p);
        p.rotate = all[i].rotate;
        if (!page_of_turned(&p, all[i].picture)) skip();
        finish(&p, "", dir, "turned.pdf");
        struct got g = read_with("turned.pdf", (struct ingest_options){.ocr = OCR_AUTO});
        assert_int_equal(g.r, OK);
        check_pdf(g.d);
        check_turned(&g, 1, all[i].shown);
        drop(&g);
    }
}

/* What no font tells can still be seen. */
static void test_garbage(void **state)
{
    (void)state;
    struct pdf p;
    struct buf ops = print_lines("G");
    if (!is_installed()) skip();
    begin(&p);
    page(&p, ops.s);
    finish(&p, "", dir, "garbage.pdf");
    buf_free(&ops);
    struct got g = read_with("garbage.pdf", (struct ingest_options){.ocr = OCR_AUTO});
    assert_int_equal(g.r, OK);
    check_places(&g, 1);
    assert_true(g.d->pages[0].recognised);
    drop(&g);
}

enum { PICTURES = 10 };

/* Writes a page of text and PICTURES that are pictures. */
static void make_many(const char *name)
{
    struct pdf p;
    struct buf ops = {0};
    line(&ops, "F", 14, 72, 100, "Here the page has text of its own.");
    begin(&p);
    page(&p, ops.s);
    buf_free(&ops);
    for (int i = 0; i < PICTURES; i++)
        if (!page_of_picture(&p)) skip();
    finish(&p, "", dir, name);
}

/* The number of pages that were not recognised because there was no time for it; all others were,
 * and what was not read to its end is not kept: the next run may have more time. */
static size_t read_in(int ms, const char *folder)
{
    char kept[600], texts[700];
    snprintf(kept, sizeof kept, "%s", in_dir(folder));
    snprintf(texts, sizeof texts, "%s/text", kept);
    struct text_cache_options cache = {.dir = kept};
    struct got g = read_with("many.pdf", (struct ingest_options){.ocr = OCR_IMAGES, .jobs = 4,
                                                                 .ocr_timed = true, .ocr_ms = ms, .cache = &cache});
    if (g.r) print_message("%s\n", g.e.msg);
    assert_int_equal(g.r, OK);
    assert_true(holds(&g, "text of its own"));
    size_t late = 0;
    for (int i = 1; i <= PICTURES; i++) {
        late += !g.d->pages[i].recognised;
        assert_int_equal(g.d->pages[i].unread, !g.d->pages[i].recognised);
    }
    assert_int_equal(g.d->pages_unread, late);
    if (late) assert_non_null(strstr(g.d->note, "no time was left"));
    bool none = rmdir(texts) == 0 || errno == ENOENT;
    assert_int_equal(none, late > 0);
    const struct ledger_entry *last = &g.set.ledger.v[g.set.ledger.n - 1];
    assert_int_equal(last->status, late ? LEDGER_UNREADABLE : LEDGER_USED);
    drop(&g);
    return late;
}

/* Pages for which no time is left do not cost the others: several processes spend it together. */
static void test_late(void **state)
{
    (void)state;
    if (!is_installed()) skip();
    make_many("many.pdf");
    assert_int_equal(read_in(0, "none"), PICTURES);
    read_in(2000, "some"); /* how many are read then is the machine's to say */
}

/* Without it, or without the language, or without memory for it: as if there were no such thing,
 * and a word about it. */
static void test_without(void **state)
{
    (void)state;
    make_pictures();
    struct got g = read_with("picture.pdf", (struct ingest_options){.ocr = OCR_OFF});
    assert_int_equal(g.r, E_EMPTY);
    assert_non_null(strstr(g.e.msg, "1 of 1 pages are images; use an OCR tool first"));
    drop(&g);
    for (int use = OCR_AUTO; use <= OCR_FORCE; use++) {
        struct ingest_options o = {.ocr = (enum ocr_use)use, .ocr_lang = "xyz"};
        g = read_with("picture.pdf", o);
        assert_int_equal(g.r, E_EMPTY);
        assert_non_null(strstr(g.e.msg, "install tesseract-ocr with the language of --ocr-lang"));
        drop(&g);
        g = read_with("mixed.pdf", o);
        assert_int_equal(g.r, OK);
        assert_true(g.d->pages[1].no_text && !g.d->pages[1].recognised);
        assert_non_null(strstr(g.d->note, "install tesseract-ocr"));
        drop(&g);
    }
#ifndef __SANITIZE_ADDRESS__ /* no limit on memory there */
    if (!is_installed()) skip();
    for (size_t mib = 30; mib <= 90; mib += 24) { /* it never costs the pages that have text */
        char kept[600], texts[700];
        snprintf(kept, sizeof kept, "%s%zu", in_dir("kept"), mib);
        snprintf(texts, sizeof texts, "%s/text", kept);
        struct text_cache_options cache = {.dir = kept};
        g = read_with("mixed.pdf", (struct ingest_options){.ocr = OCR_AUTO, .memory = mib << 20,
                                                           .cache = &cache});
        assert_int_equal(g.r, OK);
        assert_true(holds(&g, "text of its own"));
        assert_int_equal(g.d->pages[1].no_text, !g.d->pages[1].recognised);
        if (g.d->pages[1].no_text)
            assert_true(strstr(g.d->note, "recognising their text broke down") ||
                        strstr(g.d->note, "no text was recognised in them"));
        if (g.d->note && strstr(g.d->note, "broke down")) /* an accident is not kept */
            assert_true(rmdir(texts) == 0 || errno == ENOENT);
        else
            assert_true(rmdir(texts) != 0 && errno == ENOTEMPTY);
        drop(&g);
    }
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recognised),
        cmocka_unit_test(test_turned),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_without),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
