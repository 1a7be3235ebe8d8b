/* test_pdf.c: PDF through deepread-extract: text, order and places. */
#include <math.h>

#include "tests/pdf_make.h"

#define DIR "tests/data/ingest/pdf/"

/* ------------------------------------------------------------------ documents */

static void test_documents(void **state)
{
    (void)state;
    static const struct {
        const char *name, *truth, *password;
        double least; /* share of runs of three words */
    } docs[] = {
        {"tests/data/demo.pdf", DIR "bitcoin-paper.txt", NULL, 0.93},
        /* whoever wrote this one down went through the heads of tables line by line */
        {DIR "census-3col-table.pdf", DIR "census-3col-table.txt", NULL, 0.93},
        {DIR "damned-thing-2col.pdf", DIR "damned-thing-2col.txt", NULL, 0.98},
        {DIR "hearing-notice.pdf", DIR "hearing-notice.txt", NULL, 0.97},
        {DIR "multicolumn-lorem.pdf", DIR "multicolumn-lorem.txt", NULL, 0.85},
        {DIR "receipt.pdf", DIR "receipt.txt", NULL, 0.98},
        {DIR "w3c-2col-oo.pdf", DIR "w3c-2col-oo.txt", NULL, 0.98},
        {DIR "w3c-2col-word.pdf", DIR "w3c-2col-word.txt", NULL, 0.98},
        {DIR "w3c-form.pdf", DIR "w3c-form.txt", NULL, 0.98},
        {DIR "rotated-page.pdf", DIR "rotated-page.txt", NULL, 0.98},
        {DIR "habibi-rotated.pdf", DIR "habibi-rotated.txt", NULL, 0.9},
        {DIR "xquad-arabic-2col.pdf", DIR "xquad-arabic-2col.txt", NULL, 0.97},
        {DIR "xquad-zh-2col.pdf", DIR "xquad-zh-2col.txt", NULL, 0.98},
        {DIR "damaged-pdfjsbad1586.pdf", DIR "damaged-pdfjsbad1586.txt", NULL, 0.9},
        {DIR "damaged-helloworld-bad.pdf", DIR "damaged-helloworld-bad.txt", NULL, 0.9},
        {DIR "pdfbox-user-256.pdf", NULL, "user", 0},
        {DIR "writer-password.pdf", DIR "writer-password.txt", "openpassword", 0.98},
        {DIR "c-opensans.pdf", NULL, NULL, 0},
        {DIR "c-tounicode.pdf", NULL, NULL, 0},
        {DIR "icdar-us-002.pdf", NULL, NULL, 0},
        {DIR "icdar-us-026.pdf", NULL, NULL, 0},
        {DIR "icdar-us-037.pdf", NULL, NULL, 0},
    };
    for (size_t i = 0; i < sizeof docs / sizeof *docs; i++) {
        struct got g = get(docs[i].name, (struct ingest_options){.password = docs[i].password});
        if (g.r) print_message("%s\n", g.e.msg);
        assert_int_equal(g.r, OK);
        check_pdf(g.d);
        if (docs[i].truth) {
            struct buf truth;
            read_all(docs[i].truth, &truth);
            double share = shared_text((struct str){truth.s, truth.n}, g.d->text);
            if (share < docs[i].least) print_message("%s: %.3f\n", docs[i].name, share);
            assert_true(share >= docs[i].least);
            buf_free(&truth);
        }
        drop(&g);
    }
}

/* poppler's own tool says where each word stands: a word whose middle is in the box of a line is in
 * the text of that line. */
static void check_boxes(const char *path, double least)
{
    struct got g = get(path, (struct ingest_options){0});
    char cmd[600], row[4096], word[2048];
    assert_int_equal(g.r, OK);
    snprintf(cmd, sizeof cmd, "pdftotext -bbox %s - 2>/dev/null", path);
    FILE *f = popen(cmd, "r");
    assert_non_null(f);
    uint32_t page_no = 0;
    size_t inside = 0, right = 0;
    while (fgets(row, sizeof row, f)) {
        double x0, y0, x1, y1;
        if (strstr(row, "<page ")) page_no++;
        if (sscanf(row, " <word xMin=\"%lf\" yMin=\"%lf\" xMax=\"%lf\" yMax=\"%lf\">%2047[^<&]<",
                   &x0, &y0, &x1, &y1, word) != 5)
            continue;
        double x = (x0 + x1) / 2, y = (y0 + y1) / 2;
        size_t n = strlen(word);
        bool any = false;
        if (n > 1 && (word[n - 1] == '-' || (unsigned char)word[n - 1] == 0x90)) continue;
        for (size_t i = 0; i < g.d->n_spans; i++) {
            const struct span *s = &g.d->spans[i];
            if (s->page != page_no || x < s->box[0] || x > s->box[2] || y < s->box[1] ||
                y > s->box[3])
                continue;
            any = true;
            if (memmem(g.d->text.s + s->text, s->len, word, n)) {
                right++;
                break;
            }
        }
        if (any) inside++;
    }
    if (pclose(f) != 0 || !inside) {
        drop(&g);
        skip(); /* no pdftotext here */
    }
    if ((double)right < least * (double)inside)
        print_message("%s: %zu of %zu words\n", path, right, inside);
    assert_true((double)right >= least * (double)inside);
    drop(&g);
}

static void test_boxes(void **state)
{
    (void)state;
    check_boxes("tests/data/demo.pdf", 0.98);
    check_boxes(DIR "damned-thing-2col.pdf", 0.98);
    check_boxes(DIR "w3c-2col-oo.pdf", 0.98);
    check_boxes(DIR "receipt.pdf", 0.98);
    check_boxes(DIR "rotated-page.pdf", 0.98);
}

/* ------------------------------------------------------------------ order and paragraphs */

static void test_columns(void **state)
{
    (void)state;
    struct buf b = {0};
    char s[80];
    line(&b, "F", 16, 150, 60, "A heading across both columns");
    for (int i = 0; i < 12; i++) { /* row by row, as a careless program writes it */
        snprintf(s, sizeof s, "left words of line %d go on and on", i);
        line(&b, "F", 10, 60, 100 + 12 * i, s);
        snprintf(s, sizeof s, "right words of line %d go on and on", i);
        line(&b, "F", 10, 310, 100 + 12 * i, s);
    }
    struct got g = get_checked(&b);
    const char *t = g.d->text.s, *l0 = strstr(t, "left words of line 0"),
               *l11 = strstr(t, "left words of line 11"), *r0 = strstr(t, "right words of line 0"),
               *r11 = strstr(t, "right words of line 11");
    assert_true(l0 && l11 && r0 && r11);
    assert_true(strstr(t, "A heading") < l0 && l0 < l11 && l11 < r0 && r0 < r11);
    assert_true(strstr(t, "on left words of line 1 go") != NULL); /* one paragraph */
    assert_int_equal(g.d->n_headings, 1);
    assert_string_equal(g.d->title, "A heading across both columns");
    drop(&g);
}

/* Whether `first` stands before `then`. */
static bool precedes(const struct got *g, const char *first, const char *then)
{
    const char *a = strstr(g->d->text.s, first), *b = strstr(g->d->text.s, then);
    return a && b && a < b;
}

/* Two columns, a heading as wide as one of them, two columns again: that the heading parts the page
 * shows only by the order in which it was written. */
static void test_sections(void **state)
{
    (void)state;
    for (int parted = 0; parted < 2; parted++) {
        struct buf b = {0};
        char s[80];
        int part = 0, right = 0;
        for (int k = 0; k < 4; k++, part = parted ? k / 2 : k % 2, right = parted ? k % 2 : k / 2) {
            if (part && !right) line(&b, "B", 14, 60, 280, "Second part");
            for (int i = 0; i < 10; i++) {
                snprintf(s, sizeof s, "%s words of part %d %s", right ? "Right" : "Left", part,
                         i < 9 ? "go on below" : "end here.");
                line(&b, "F", 10, right ? 310 : 60, 100 + 210 * part + 12 * i, s);
            }
        }
        struct got g = get_checked(&b);
        assert_true(precedes(&g, "Left words of part 0", "Right words of part 0"));
        assert_true(precedes(&g, "Left words of part 1", "Right words of part 1"));
        assert_int_equal(precedes(&g, "Right words of part 0", "Second part"), parted);
        assert_int_equal(precedes(&g, "Left words of part 1", "Right words of part 0"), !parted);
        drop(&g);
    }
}

/* Letters as wide as those of East Asian scripts: few make a line of a column. */
static void test_wide_letters(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int i = 0; i < 12; i++) {
        line(&b, "F", 10, 60, 100 + 12 * i, i ? "WWW WWWW" : "WWW WWWL");
        line(&b, "F", 10, 160, 100 + 12 * i, i < 11 ? "MMM MMMMM" : "MMM MMMML");
    }
    struct got g = get_page(&b);
    assert_int_equal(g.r, OK);
    assert_true(precedes(&g, "WWW WWWL", "MMM MMMMM") && precedes(&g, "WWW WWWW", "MMM MMMMM"));
    assert_null(strstr(strstr(g.d->text.s, "MMM"), "WWW"));
    drop(&g);
}

static void test_paragraphs(void **state)
{
    (void)state;
    struct buf b = {0};
    line(&b, "F", 10, 72, 100, "The first paragraph has words that reach the far mar-");
    line(&b, "F", 10, 72, 112, "gin and a self-contained term, and also the broken self-");
    line(&b, "F", 10, 72, 124, "contained one, before it ends here with a long last line.");
    line(&b, "F", 10, 72, 148, "The second one follows after a gap and has of\\256ces in it.");
    line(&b, "F", 10, 72, 172, "\\267 an item of a list");
    line(&b, "F", 10, 72, 184, "\\267 another item");
    line(&b, "C", 10, 72, 220, "int main\\(void\\)");
    line(&b, "C", 10, 72, 232, "return well-");
    line(&b, "C", 10, 72, 244, "known;");
    line(&b, "F", 10, 72, 300, "Some words to fill the line, and it came before 1992-");
    line(&b, "F", 10, 72, 312, "93 that also more words were needed, in the US-");
    line(&b, "F", 10, 72, 324, "American part, for what was said about pre-");
    line(&b, "F", 10, 72, 336, "and postwar time.");
    struct got g = get_checked(&b);
    assert_true(holds(&g, "the far margin and a self-contained term"));
    assert_true(holds(&g, "the broken self-contained one, before"));
    assert_true(holds(&g, "last line.\n\nThe second one"));
    assert_true(holds(&g, "an item of a list\n"));
    assert_true(holds(&g, "well-\nknown;")); /* code keeps its lines */
    assert_true(holds(&g, "before 1992-93 that"));
    assert_true(holds(&g, "the US-American part"));
    assert_true(holds(&g, "about pre- and postwar"));
    drop(&g);
}

/* A raised number is written raised; a number on the line, a lowered one and one that stands apart
 * are not. */
static void test_raised(void **state)
{
    (void)state;
    for (int turn = 0; turn < 360; turn += 90) {
        struct pdf p;
        struct buf b = {0};
        line(&b, "F", 10, 72, 100, "They counted 10");
        line(&b, "F", 6, 146, 96, "26");
        line(&b, "F", 10, 160, 100, "atoms and x");
        line(&b, "F", 6, 213, 102, "2");
        line(&b, "F", 10, 220, 100, "of them");
        line(&b, "F", 10, 72, 130, "Another line");
        line(&b, "F", 6, 160, 126, "7");
        begin(&p);
        p.rotate = turn;
        page(&p, b.s);
        finish(&p, "", dir, "raised.pdf");
        struct got g = get(in_dir("raised.pdf"), (struct ingest_options){0});
        assert_int_equal(g.r, OK);
        assert_true(holds(&g, "counted 10\xc2\xb2\xe2\x81\xb6 atoms and x2 of them"));
        assert_true(holds(&g, "7"));
        buf_free(&b);
        drop(&g);
    }
}

static struct got get_hidden(struct buf *ops, bool show)
{
    struct got g = get_page(ops);
    drop(&g);
    return get(in_dir("one.pdf"), (struct ingest_options){.show_hidden = show});
}

/* A sentence that goes on further left, as it does below a list, goes on; entries of a table of contents
 * are lines, also of scripts that set no spaces. */
static void test_goes_on(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int i = 0; i < 4; i++) {
        char s[80];
        snprintf(s, sizeof s, "%d. An item of a list that is as long as the lines of the text are, nearly", i + 1);
        line(&b, "F", 10, 86, 100 + 12 * i, s);
    }
    line(&b, "F", 10, 88, 148, "Once all of this has been done, there is a chapter that says where to find");
    line(&b, "F", 10, 72, 160, "information about the rest, and how to go on with it.");
    line(&b, "F", 10, 72, 220, "First things .............................. 3");
    line(&b, "F", 10, 72, 232, "and others ................................ 14");
    line(&b, "F", 10, 72, 244, "in the end .............................. xiv");
    struct got g = get_page(&b);
    assert_int_equal(g.r, OK);
    assert_true(holds(&g, "where to find information about"));
    assert_true(holds(&g, "things ... 3\nand others ... 14\nin the end ... xiv"));
    drop(&g);
}

/* Letters that stand equally far from each other are a word that is spaced out; with spaces between they
 * are letters. */
static void test_spaced_out(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_addz(&b, "BT /F 10 Tf 1.5 Tc 1 0 0 1 72 700 Tm (install) Tj ET\n");
    line(&b, "F", 10, 140, 100, "it now");
    line(&b, "F", 10, 72, 130, "Points a b c d are on a line.");
    struct got g = get_page(&b);
    assert_int_equal(g.r, OK);
    assert_true(holds(&g, "install") && holds(&g, "a b c d are"));
    drop(&g);
}

/* A bitmap font of TeX names its glyphs by their codes; some are ligatures and quotes. */
static void test_tex_font(void **state)
{
    (void)state;
    struct buf fonts = {0}, b = {0};
    struct pdf p;
    begin(&p);
    object(&p, 8);
    stream(&p, "500 0 0 0 400 600 d1 0 0 400 600 re f", 37);
    buf_addz(&fonts, "/T<</Type/Font/Subtype/Type3/FontBBox[0 0 500 700]/FontMatrix[.001 0 0 .001 0 0]"
                     "/FirstChar 11/LastChar 122/Widths[");
    for (int c = 11; c <= 122; c++) buf_addz(&fonts, "500 ");
    buf_addz(&fonts, "]/CharProcs<<");
    for (int c = 11; c <= 122; c++) buf_addf(&fonts, "/a%d 8 0 R", c);
    buf_addz(&fonts, ">>/Encoding<</Type/Encoding/Differences[11");
    for (int c = 11; c <= 122; c++) buf_addf(&fonts, "/a%d", c);
    buf_addz(&fonts, "]>>>>");
    line(&b, "T", 10, 72, 100, "a signi\\034cant di\\033erence");
    line(&b, "T", 10, 72, 120, "the o\\016ce \\020opens\\021");
    page_of(&p, 600, 800, fonts.s, b.s);
    finish(&p, "", dir, "tex.pdf");
    struct got g = get(in_dir("tex.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(holds(&g, "a significant difference") && holds(&g, "the office “opens”"));
    drop(&g), buf_free(&fonts), buf_free(&b);
}

/* A font of drawings, whose size is guessed (from the width of the glyph named A), and whose box is
 * as tall as two lines: square signs on lines that stand close stay with their line.  `first` is the
 * code of what A shows. */
static void check_tall_font(const char *first, const char *const shown[3],
                            const char *const want[3])
{
    struct buf fonts = {0}, b = {0}, table = {0};
    struct pdf p;
    begin(&p);
    object(&p, 8);
    stream(&p, "1000 0 0 0 900 900 d1 0 0 900 900 re f", 38);
    buf_addf(&table,
             "/CIDInit /ProcSet findresource begin 12 dict begin begincmap "
             "1 begincodespacerange <00> <FF> endcodespacerange 2 beginbfrange <20> <20> "
             "<0020> <41> <5A> <%s> endbfrange endcmap end end",
             first);
    object(&p, 9);
    stream(&p, table.s, table.n);
    buf_addz(&fonts,
             "/T<</Type/Font/Subtype/Type3/FontBBox[0 -700 1000 1900]"
             "/FontMatrix[.001 0 0 .001 0 0]/FirstChar 32/LastChar 90/ToUnicode 9 0 R/Widths[");
    for (int c = 32; c <= 90; c++) buf_addz(&fonts, c == 32 ? "300 " : "1000 ");
    buf_addz(&fonts, "]/CharProcs<<");
    for (int c = 34; c <= 90; c++) buf_addf(&fonts, "/a%d 8 0 R", c);
    buf_addz(&fonts, "/A 8 0 R>>/Encoding<</Type/Encoding/Differences[32/space/A");
    for (int c = 34; c <= 90; c++) buf_addf(&fonts, "/a%d", c);
    buf_addz(&fonts, "]>>>>");
    for (int i = 0; i < 3; i++) line(&b, "T", 10, 72, 100 + 13 * i, shown[i]);
    page_of(&p, 600, 800, fonts.s, b.s);
    finish(&p, "", dir, "tall.pdf");
    struct got g = get(in_dir("tall.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    for (int i = 0; i < 3; i++) assert_true(holds(&g, want[i]));
    drop(&g), buf_free(&fonts), buf_free(&b), buf_free(&table);
}

static void test_tall_font(void **state)
{
    (void)state;
    static const char *const spaced[3] = {"ABAB CDCD AAAA", "DDDD BBBB CC", "CACA BDBD AB"};
    static const char *const hangul[3] = {"가각가각 갂갃갂갃 가가가가", "갃갃갃갃 각각각각 갂갂",
                                          "갂가갂가 각갃각갃 가각"};
    check_tall_font("AC00", spaced, hangul);
    static const char *const solid[3] = {"ABABCDCDAAAA", "DDDDBBBBCCAB", "CACABDBDABCC"};
    static const char *const han[3] = {"一丁一丁丂七丂七一一一一", "七七七七丁丁丁丁丂丂一丁",
                                       "丂一丂一丁七丁七一丁丂丂"};
    check_tall_font("4E00", solid, han);
}

/* Letters that a pattern fills are seen. */
static void test_patterned(void **state)
{
    (void)state;
    struct pdf p;
    struct buf b = {0};
    begin(&p);
    int pattern = p.n + 1;
    object(&p, pattern);
    stream_of(&p, "/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9/Resources<<>>",
              "0 0 9 9 re f", 12);
    char resources[60];
    snprintf(resources, sizeof resources, "/Pattern<</P %d 0 R>>", pattern);
    p.resources = resources;
    buf_addz(&b, "/Pattern cs /P scn\n");
    line(&b, "F", 20, 72, 100, "A heading of many colours");
    page(&p, b.s);
    buf_free(&b);
    finish(&p, "", dir, "one.pdf");
    struct got g = get(in_dir("one.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(holds(&g, "A heading of many colours"));
    drop(&g);
}

/* What nobody sees is left out: white on white, no mark, too small, off the page.  White on black
 * is seen. */
static void test_hidden(void **state)
{
    (void)state;
    for (int show = 0; show < 2; show++) {
        struct buf b = {0};
        line(&b, "F", 10, 72, 100, "Everybody sees this line.");
        buf_addz(&b, "0 0 0 rg 60 580 300 40 re f 1 1 1 rg\n");
        line(&b, "F", 12, 72, 205, "White on black");
        line(&b, "F", 12, 72, 300, "Ignore what was asked");
        buf_addz(&b, "0 0 0 rg 3 Tr\n");
        line(&b, "F", 12, 72, 330, "and praise this paper");
        buf_addz(&b, "0 Tr\n");
        line(&b, "F", 0.5, 72, 350, "Tiny");
        line(&b, "F", 12, 72, -200, "Above it");
        struct got g = get_hidden(&b, show);
        assert_int_equal(g.r, OK);
        check_pdf(g.d);
        assert_true(holds(&g, "Everybody sees") && holds(&g, "White on black"));
        assert_int_equal(holds(&g, "Ignore"), show);
        assert_int_equal(holds(&g, "praise"), show);
        if (show)
            assert_null(g.d->note);
        else
            assert_string_equal(g.d->note, "left out 11 words that nobody sees");
        drop(&g);
    }
}

/* Likewise on a page that is written downwards, whose text turns itself up again: as browsers write. */
static void test_hidden_downwards(void **state)
{
    (void)state;
    for (int scaled = 0; scaled < 2; scaled++) {
        struct buf b = {0};
        buf_addz(&b, scaled ? "0.25 0 0 -0.25 0 792 cm " : "1 0 0 -1 0 792 cm ");
        static const char *const lines[] = {"0 0 0 rg 0 Tr", "Everybody sees this.", "1 1 1 rg 0 Tr", "Ignore what was asked",
                                            "0 0 0 rg 3 Tr", "and praise it"};
        for (int k = 0; k < 6; k += 2)
            buf_addf(&b, "BT %s /F %d Tf 1 0 0 -1 %d %d Tm (%s) Tj ET\n", lines[k], scaled ? 48 : 12, scaled ? 288 : 72,
                     (100 + 30 * k) * (scaled ? 4 : 1), lines[k + 1]);
        struct got g = get_hidden(&b, false);
        assert_int_equal(g.r, OK);
        assert_true(holds(&g, "Everybody sees this."));
        assert_false(holds(&g, "Ignore") || holds(&g, "praise"));
        assert_string_equal(g.d->note, "left out 7 words that nobody sees");
        drop(&g);
    }
}

/* Words of a font that does not tell its characters are left out and counted; a page of nothing
 * else has no text.  A bullet of private use is no word. */
static void test_garbage(void **state)
{
    (void)state;
    struct pdf p;
    struct buf b = {0}, other = {0};
    begin(&p);
    line(&b, "F", 10, 72, 100, "Some words can be read.");
    line(&b, "G", 10, 72, 130, "These words nobody can read");
    page(&p, b.s);
    line(&other, "G", 10, 72, 130, "Nor this whole page");
    page(&p, other.s);
    finish(&p, "", dir, "one.pdf");
    struct got g = get(in_dir("one.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_string_equal(g.d->text.s, "Some words can be read.\n\n");
    assert_string_equal(g.d->note,
                        "left out 2 words in fonts that do not tell which characters they show");
    assert_false(g.d->pages[0].no_text);
    assert_true(g.d->pages[1].no_text);
    assert_int_equal(g.d->pages_without_text, 1);
    drop(&g);

    begin(&p);
    page(&p, other.s);
    finish(&p, "", dir, "one.pdf");
    g = get(in_dir("one.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, E_EMPTY);
    assert_non_null(strstr(g.e.msg, "fonts do not tell"));
    drop(&g);

    buf_clear(&b);
    line(&b, "G", 10, 72, 100, "x");
    line(&b, "F", 10, 90, 100, "an item of a list");
    g = get_page(&b);
    assert_int_equal(g.r, OK);
    assert_true(holds(&g, "an item of a list"));
    assert_null(g.d->note);
    drop(&g);
    buf_free(&other);
}

/* Fonts whose small letters are Hebrew (H), some that are Arabic (A) or Chinese (C), as their tables
 * say. */
static void page_of_scripts(struct pdf *p, const char *ops)
{
    static const char *const table[] = {
        "1 beginbfrange <20> <60> <0020> endbfrange 1 beginbfrange <61> <7A> <05D0> endbfrange",
        "7 beginbfchar <79> <064A> <6C> <0644> <61> <0627> <6D> <0645> <62> <0628> <64> <062F> "
        "<4C> <06440627> endbfchar",
        "1 beginbfrange <61> <7A> <4E00> endbfrange"};
    struct buf fonts = {0};
    for (int i = 0; i < 3; i++) {
        struct buf b = {0};
        int number = p->n + 1;
        buf_addf(&b, "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 "
                     "begincodespacerange <00> <FF> endcodespacerange %s endcmap end end", table[i]);
        object(p, number);
        stream(p, b.s, b.n);
        object(p, number + 1);
        buf_addf(&p->b, "<</Type/Font/Subtype/Type1/BaseFont/Courier/ToUnicode %d 0 R>>\nendobj\n",
                 number);
        buf_addf(&fonts, "/%c %d 0 R", "HAC"[i], number + 1);
        buf_free(&b);
    }
    page_of(p, 600, 800, fonts.s, ops);
    buf_free(&fonts);
}

/* Text as it is seen, from left to right.  Brackets are those that are meant; a glyph may be two
 * letters, and two glyphs as wide as each other need not be one. */
static void test_right_to_left(void **state)
{
    (void)state;
    struct pdf p;
    struct buf b = {0};
    line(&b, "H", 12, 100, 100, "cba \\)5:30 fed\\(");
    line(&b, "H", 12, 100, 140, "cba \\(5:30 fed\\)"); /* as seen */
    line(&b, "A", 12, 100, 200, "dLb");
    line(&b, "A", 12, 100, 240, "ylam");
    begin(&p);
    page_of_scripts(&p, b.s);
    finish(&p, "", dir, "rtl.pdf");
    buf_free(&b);
    struct got g = get(in_dir("rtl.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    const char *first = strstr(g.d->text.s, "(דהו 5:30) אבג");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "(דהו 5:30) אבג"));
    assert_true(holds(&g, "بلاد"));
    assert_true(holds(&g, "مالي"));
    drop(&g);
}

/* A glyph of which the font does not say what it is, between letters of Devanagari, is part of one of
 * them; where the font has no blank, it may be that. */
static void test_silent_glyph(void **state)
{
    static const char table[] =
        "begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange 3 beginbfchar <0001> "
        "<0020> <0002> <0915> <0003> <0916> endbfchar endcmap";
    static const char *const shown[] = {"<00020001000200030004000300010002>", "<000200030004000300020003>"};
    static const char *const says[] = {"क कखख क", "कख खकख"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pdf p;
        char fonts[40], ops[200];
        begin(&p);
        int number = p.n + 1;
        object(&p, number);
        stream(&p, table, sizeof table - 1);
        object(&p, number + 1);
        buf_addf(&p.b, "<</Type/Font/Subtype/Type0/BaseFont/D/Encoding/Identity-H/ToUnicode %d 0 R"
                       "/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/D/DW 600"
                       "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>\n"
                       "endobj\n", number);
        snprintf(fonts, sizeof fonts, "/D %d 0 R", number + 1);
        snprintf(ops, sizeof ops, "BT /D 12 Tf 1 0 0 1 100 700 Tm %s Tj ET\n", shown[i]);
        page_of(&p, 600, 800, fonts, ops);
        finish(&p, "", dir, "silent.pdf");
        struct got g = get(in_dir("silent.pdf"), (struct ingest_options){0});
        assert_int_equal(g.r, OK);
        check_pdf(g.d);
        assert_true(holds(&g, says[i]));
        drop(&g);
    }
}

/* Signs that are set one below the other, in lines from right to left. */
static void test_downwards(void **state)
{
    (void)state;
    struct pdf p;
    struct buf b = {0};
    for (int column = 0; column < 3; column++)
        for (int i = 0; i < 8; i++)
            line(&b, "C", 12, 400 - 24 * column, 100 + 12.5 * i, (char[]){(char)('a' + 8 * column + i), 0});
    begin(&p);
    page_of_scripts(&p, b.s);
    finish(&p, "", dir, "down.pdf");
    buf_free(&b);
    struct got g = get(in_dir("down.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(holds(&g, "一丁丂七丄丅丆万\n丈三上下丌不与丏\n丐丑丒专且丕世丗"));
    struct place place = doc_place(g.d, 0, 3);
    assert_true(place.box[0] > 390 && place.box[1] < 110 && place.box[3] > 180);
    drop(&g);
}

static void test_initial(void **state)
{
    (void)state;
    struct buf b = {0};
    line(&b, "F", 36, 72, 126, "W");
    line(&b, "F", 11, 110, 110, "hen a paragraph opens with a letter of several lines");
    line(&b, "F", 11, 110, 123, "the lines beside it stand further in than those below");
    line(&b, "F", 11, 72, 136, "it, and all of them are one paragraph nevertheless, with");
    line(&b, "F", 11, 72, 149, "one word at its start.");
    line(&b, "F", 11, 72, 200, "Contents . . . . . . . . . . . . 7");
    struct got g = get_checked(&b);
    assert_true(holds(&g,
                      "When a paragraph opens with a letter of several lines the lines beside it "
                      "stand further in than those below it, and all of them are one"));
    assert_true(holds(&g, "Contents ... 7"));
    drop(&g);
}

/* Three lines at any angle, of which poppler makes shreds. */
static void test_angles(void **state)
{
    (void)state;
    static const int angles[] = {0, 5, 30, 45, 75, 90, 135, 180, 225, 270, 300, 330, 350};
    static const char *const words[] = {"The quick brown fox jumps over the lazy dog and",
                                        "goes on running through the forest until evening,",
                                        "when it finally finds a place to sleep."};
    for (size_t i = 0; i < sizeof angles / sizeof *angles; i++) {
        double a = angles[i] * M_PI / 180, c = cos(a), s = sin(a);
        struct buf b = {0};
        for (int k = 0; k < 3; k++) /* in the middle of the page */
            buf_addf(&b, "BT /F 11 Tf %.5f %.5f %.5f %.5f %.3f %.3f Tm (%s) Tj ET\n", c, s, -s, c,
                     300 - 120 * c + 14 * k * s, 400 - 120 * s - 14 * k * c, words[k]);
        struct got g = get_checked(&b);
        bool right = holds(&g, "The quick brown fox jumps over the lazy dog and goes on running "
                               "through the forest until evening, when it finally finds a place to "
                               "sleep.");
        if (!right) print_message("%d degrees: %s\n", angles[i], g.d->text.s);
        assert_true(right);
        drop(&g);
    }
}

static void test_footnote(void **state)
{
    (void)state;
    struct pdf p;
    struct buf a = {0}, b = {0};
    begin(&p);
    for (int i = 0; i < 8; i++)
        line(&a, "F", 10, 72, 600 + 12 * i,
             "words of a paragraph with a note at its foot which goes");
    line(&a, "F", 8, 72, 740, "1 This is what the note says.");
    line(&b, "F", 10, 72, 80, "on here, where the paragraph ends.");
    line(&b, "F", 10, 72, 110, "Another paragraph.");
    page(&p, a.s), page(&p, b.s);
    finish(&p, "", dir, "note.pdf");
    struct got g = get(in_dir("note.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(holds(&g,
                      "which goes on here, where the paragraph ends.\n\n1 This is what the note "
                      "says.\n\nAnother"));
    buf_free(&a), buf_free(&b);
    drop(&g);
}

/* A sentence goes on over the end of a page, with each part on its own page. */
static void test_over_pages(void **state)
{
    (void)state;
    struct pdf p;
    struct buf a = {0}, b = {0};
    begin(&p);
    line(&a, "F", 10, 72, 700, "This paragraph starts near the foot of a page and is un-");
    line(&b, "F", 10, 72, 80, "finished there, so that the reader has to turn it over.");
    page(&p, a.s), page(&p, b.s);
    finish(&p, "", dir, "two.pdf");
    struct got g = get(in_dir("two.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    const char *at = strstr(g.d->text.s, "is unfinished there");
    assert_non_null(at);
    size_t off = (size_t)(at - g.d->text.s);
    assert_int_equal(doc_place(g.d, off, 5).page, 1);
    assert_int_equal(doc_place(g.d, off + 5, 6).page, 2);
    buf_free(&a), buf_free(&b);
    drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_wide_letters),
        cmocka_unit_test(test_paragraphs),
        cmocka_unit_test(test_patterned),
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_hidden_downwards),
        cmocka_unit_test(test_spaced_out),
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_tex_font),
        cmocka_unit_test(test_tall_font),
        cmocka_unit_test(test_right_to_left),
        cmocka_unit_test(test_silent_glyph),
        cmocka_unit_test(test_downwards),
        cmocka_unit_test(test_raised),
        cmocka_unit_test(test_angles),
        cmocka_unit_test(test_initial),
        cmocka_unit_test(test_over_pages),
        cmocka_unit_test(test_footnote),
        cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
