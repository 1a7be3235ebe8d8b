/* test_pdf_damage.c: PDF that cannot be read, or only in part, and damaged files. */
#include "extract/pdf_repair.h"
#include "tests/pdf_make.h"

#define DIR "tests/data/ingest/pdf/"

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum err code;
        const char *says;
    } bad[] = {
        {DIR "writer-locked.pdf", E_LOCKED, "needs a password"},
        {DIR "pdfbox-user-256.pdf", E_LOCKED, "needs a password"},
        {DIR "imagemagick-images.pdf", E_EMPTY, "6 of 6 pages are images; use an OCR tool first"},
        {DIR "h-poppler-91414-54.pdf", E_FORMAT, "damaged beyond repair"},
        {DIR "h-redhat-1531897.pdf", E_FORMAT, "damaged beyond repair"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct got g = get(bad[i].name, (struct ingest_options){.timeout_s = 120});
        if (g.r != bad[i].code) print_message("%s: %d %s\n", bad[i].name, g.r, g.e.msg);
        assert_int_equal(g.r, bad[i].code);
        assert_non_null(strstr(g.e.msg, bad[i].says));
        assert_non_null(strstr(g.e.msg, bad[i].name));
        assert_int_equal(g.set.n, 0);
        drop(&g);
    }
    struct got g = get(DIR "writer-password.pdf", (struct ingest_options){.password = "wrong"});
    assert_int_equal(g.r, E_LOCKED);
    assert_null(strstr(g.e.msg, "wrong"));
    drop(&g);
}

static void test_mixed_pages(void **state)
{
    (void)state;
    struct pdf p;
    struct buf b = {0};
    begin(&p);
    line(&b, "F", 10, 72, 100, "Only the second page has text.");
    page(&p, "q 100 0 0 100 72 600 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q\n");
    page(&p, b.s);
    page(&p, "\n");
    finish(&p, "", dir, "mixed.pdf");
    struct got g = get(in_dir("mixed.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    assert_true(g.d->pages[0].no_text);
    assert_false(g.d->pages[1].no_text || g.d->pages[2].no_text); /* the third is blank */
    assert_int_equal(g.d->pages_without_text, 1);
    buf_free(&b);
    drop(&g);
}

/* Writes the first `n` bytes of a file, after `junk` bytes of junk. */
static void damage(const char *from, size_t junk, double share)
{
    struct buf in, out = {0};
    read_all(from, &in);
    while (out.n < junk) buf_addz(&out, "junk before the header\n");
    buf_add(&out, in.s, (size_t)((double)in.n * share));
    write_file(dir, "damaged.pdf", out.s, out.n);
    buf_free(&in), buf_free(&out);
}

/* The file with each `what` in it replaced, read; it must say what the whole file says. */
static void check_edited(const char *from, const char *what, const char *by, const char *note)
{
    struct buf in, out = {0};
    size_t len = strlen(what);
    read_all(from, &in);
    for (size_t i = 0; i < in.n;) {
        bool hit = in.n - i >= len && !memcmp(in.s + i, what, len);
        buf_add(&out, hit ? by : in.s + i, hit ? strlen(by) : 1);
        i += hit ? len : 1;
    }
    write_file(dir, "damaged.pdf", out.s, out.n);
    struct got whole = get(from, (struct ingest_options){0});
    struct got g = get(in_dir("damaged.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    assert_int_equal(whole.r, OK);
    assert_true(shared_text(whole.d->text, g.d->text) > 0.995);
    assert_true(!note || (g.d->note && strstr(g.d->note, note)));
    drop(&g), drop(&whole);
    buf_free(&in), buf_free(&out);
}

/* Objects in streams whose length is gone or wrong, a root that is not there, a transfer as text. */
static void test_edited(void **state)
{
    (void)state;
    static const char *const files[] = {DIR "w3c-2col-word.pdf", DIR "damned-thing-2col.pdf"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        check_edited(files[i], "/Length ", "/Lenght ", NULL);
        check_edited(files[i], "/Length ", "/Length 1", NULL);
        check_edited(files[i], "/Root ", "/Root 99", "rebuilt");
        check_edited(files[i], "\n", "\r\n", "transfer");
    }
}

/* Lines that end in two characters each, as they were written: there is nothing to take back. */
static void test_line_ends(void **state)
{
    (void)state;
    static const char *const objects[] = {
        "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R"
        "/Resources<</Font<</F 4 0 R>>>>>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"};
    enum { N = sizeof objects / sizeof *objects };
    struct buf b = {0}, text = {0};
    size_t at[N + 1], table;
    for (int k = 0; k < 120; k++)
        buf_addf(&text,
                 "BT /F 5 Tf 72 %d Td (%d cr\xE8me br\xFBl\xE9"
                 "e, d\xE9j\xE0 \xE9t\xE9 \xEAtre \xE0 la carte) Tj ET\r\n",
                 760 - 6 * k, k);
    buf_addz(&b, "%PDF-1.4\r\n");
    for (int i = 0; i < N; i++) {
        at[i] = b.n;
        buf_addf(&b, "%d 0 obj\r\n%s\r\nendobj\r\n", i + 1, objects[i]);
    }
    at[N] = b.n;
    buf_addf(&b, "%d 0 obj\r\n<</Length %zu>>\r\nstream\r\n%s\r\nendstream\r\nendobj\r\n", N + 1,
             text.n, text.s);
    table = b.n;
    buf_addf(&b, "xref\r\n0 %d\r\n0000000000 65535 f\r\n", N + 2);
    for (int i = 0; i <= N; i++) buf_addf(&b, "%010zu 00000 n\r\n", at[i]);
    buf_addf(&b, "trailer\r\n<</Size %d/Root 1 0 R>>\r\nstartxref\r\n%zu\r\n%%%%EOF\r\n", N + 2,
             table);
    write_file(dir, "lines.pdf", b.s, b.n);
    struct buf undone = {0};
    assert_false(repair_newlines(&undone, b.s, b.n)); /* its table is where it says */
    struct got g = get(in_dir("lines.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(holds(&g, "119 crème brûlée, déjà été être à la carte"));
    assert_null(g.d->note);
    drop(&g);
    buf_free(&b), buf_free(&text), buf_free(&undone);
}

static void test_damage(void **state)
{
    (void)state;
    struct buf truth;
    read_all(DIR "damned-thing-2col.txt", &truth);
    damage(DIR "damned-thing-2col.pdf", 1400, 1);
    struct got g = get(in_dir("damaged.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    assert_true(shared_text((struct str){truth.s, truth.n}, g.d->text) > 0.98);
    assert_non_null(strstr(g.d->note, "before the header"));
    drop(&g), buf_free(&truth);

    read_all(DIR "xquad-arabic-2col.txt", &truth); /* its table, a stream at the end, is cut off */
    damage(DIR "xquad-arabic-2col.pdf", 0, 0.97);
    g = get(in_dir("damaged.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    assert_true(shared_text((struct str){truth.s, truth.n}, g.d->text) > 0.95);
    assert_string_equal(g.d->note, "rebuilt a damaged file");
    drop(&g), buf_free(&truth);

    for (int i = 1; i < 20; i++) { /* whatever is left: an answer, no crash */
        damage(i % 2 ? DIR "w3c-form.pdf" : DIR "xquad-arabic-2col.pdf", 0, 0.05 * i);
        g = get(in_dir("damaged.pdf"), (struct ingest_options){.timeout_s = 120});
        assert_true(g.r == OK || g.r == E_FORMAT || g.r == E_EMPTY || g.r == E_UNSUPPORTED);
        if (!g.r) check_pdf(g.d);
        drop(&g);
    }
}

/* A page in a font whose table of codes goes on from itself, or from another that goes on from a
 * third, and that from the other; `ops` go before its words.  Between pages that are as others are. */
static struct got get_circle(int tables, const char *ops)
{
    static const char codes[] = "begincmap 1 begincodespacerange <00> <FF> endcodespacerange "
                                "1 begincidrange <00> <FF> 0 endcidrange endcmap";
    static const char chars[] = "begincmap 1 begincodespacerange <00> <FF> endcodespacerange "
                                "1 beginbfrange <20> <7E> <0020> endbfrange endcmap";
    struct pdf p;
    struct buf b = {0};
    char entries[80], font[24];
    begin(&p);
    line(&b, "F", 10, 72, 100, "This is a page as others are.");
    page(&p, b.s);
    int first = p.n + 1;
    for (int i = 0; i < tables; i++) {
        int next = first + (i + 1 < tables ? i + 1 : tables / 2);
        snprintf(entries, sizeof entries, "/Type/CMap/CMapName/A/UseCMap %d 0 R", next);
        object(&p, first + i);
        stream_of(&p, entries, codes, sizeof codes - 1);
    }
    object(&p, p.n + 1);
    stream(&p, chars, sizeof chars - 1);
    object(&p, p.n + 1);
    buf_addf(&p.b,
             "<</Type/Font/Subtype/Type0/BaseFont/E/Encoding %d 0 R/ToUnicode %d 0 R"
             "/DescendantFonts[<</Type/Font/Subtype/CIDFontType0/BaseFont/E/DW 500/CIDSystemInfo"
             "<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>\nendobj\n",
             first, p.n - 1);
    snprintf(font, sizeof font, "/E %d 0 R/F 3 0 R", p.n);
    struct buf ops_of = {0};
    buf_addz(&ops_of, ops);
    line(&ops_of, "E", 10, 72, 100, "These words are in that font.");
    buf_addz(&ops_of, "0 g\n");
    line(&ops_of, "F", 10, 72, 120, "These words come after.");
    page_of(&p, 600, 800, font, ops_of.s);
    page(&p, b.s);
    finish(&p, "", dir, "circle.pdf");
    buf_free(&b), buf_free(&ops_of);
    return get(in_dir("circle.pdf"), (struct ingest_options){.jobs = 1});
}

/* poppler would follow such tables until its stack ends. */
static void test_circles(void **state)
{
    (void)state;
    for (int tables = 1; tables <= 3; tables++) {
        struct got g = get_circle(tables, "");
        assert_int_equal(g.r, OK);
        check_pdf(g.d);
        assert_true(holds(&g, "These words are in that font."));
        assert_true(holds(&g, "These words come after."));
        assert_null(g.d->note);
        drop(&g);
    }
}

/* Where it does, in drawing what may be hidden, that costs the page. */
static void test_sinking(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* ends such a process itself */
#endif
    struct got g = get_circle(1, "1 g\n");
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_int_equal(g.d->pages_unread, 1);
    assert_true(g.d->pages[1].unread && holds(&g, "This is a page as others are."));
    assert_non_null(strstr(g.d->note, "page 2: reading that took too long"));
    drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_mixed_pages),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_edited),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_circles),
        cmocka_unit_test(test_sinking),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
