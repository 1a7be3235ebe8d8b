/* test_pdf_clusters.c: syllables of several glyphs, of scripts of India and of Thai. */
#include "tests/pdf_make.h"

/* ------------------------------------------------------------------ a font with its table of
 * characters */

static void put16(struct buf *b, unsigned v)
{
    buf_addc(b, (char)(v >> 8));
    buf_addc(b, (char)v);
}

static void put32(struct buf *b, size_t v)
{
    put16(b, (unsigned)(v >> 16));
    put16(b, (unsigned)v & 0xFFFF);
}

static void zeros(struct buf *b, size_t n)
{
    while (n--) buf_addc(b, 0);
}

enum { GLYPHS = 16 };

/* A segment for each glyph from 1 on that has a character; `chars` ascend and end with 0. */
static void put_cmap(struct buf *b, const unsigned *chars, const unsigned *glyphs)
{
    unsigned n = 1;
    while (chars[n - 1]) n++;
    put16(b, 0), put16(b, 1);
    put16(b, 3), put16(b, 1), put32(b, 12);
    put16(b, 4), put16(b, 16 + 8 * n), put16(b, 0), put16(b, 2 * n), zeros(b, 6);
    for (unsigned i = 0; i < n; i++) put16(b, chars[i] ? chars[i] : 0xFFFF);
    zeros(b, 2);
    for (unsigned i = 0; i < n; i++) put16(b, chars[i] ? chars[i] : 0xFFFF);
    for (unsigned i = 0; i < n; i++) put16(b, chars[i] ? (glyphs[i] - chars[i]) & 0xFFFF : 1);
    zeros(b, 2 * n);
}

static struct buf make_font(const unsigned *chars, const unsigned *glyphs)
{
    static const char *const names[] = {"cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp"};
    enum { TABLES = sizeof names / sizeof *names };
    struct buf table[TABLES] = {0}, out = {0};
    put_cmap(&table[0], chars, glyphs);
    zeros(&table[1], 4);
    put32(&table[2], 0x10000), zeros(&table[2], 14), put16(&table[2], 1000), zeros(&table[2], 34);
    zeros(&table[3], 34), put16(&table[3], GLYPHS);
    zeros(&table[4], 4 * GLYPHS);
    zeros(&table[5], 2 * (GLYPHS + 1));
    put32(&table[6], 0x10000), put16(&table[6], GLYPHS), zeros(&table[6], 26);
    put32(&out, 0x10000), put16(&out, TABLES), zeros(&out, 6);
    size_t at = 12 + 16 * TABLES;
    for (int i = 0; i < TABLES; i++) {
        buf_add(&out, names[i], 4), put32(&out, 0), put32(&out, at), put32(&out, table[i].n);
        at += table[i].n + (4 - table[i].n % 4) % 4;
    }
    for (int i = 0; i < TABLES; i++) {
        buf_add(&out, table[i].s, table[i].n);
        zeros(&out, (4 - table[i].n % 4) % 4);
        buf_free(&table[i]);
    }
    return out;
}

/* What is said of glyphs ("<0001> <0938>\n..."), how wide they are ("1 [250 600]"). */
struct said {
    const char *map, *widths;
    int n; /* lines of the map */
};

/* A font whose codes are its glyphs, embedded where `file` is given.  Returns its number. */
static int add_font(struct pdf *p, const struct said *said, const struct buf *file)
{
    struct buf map = {0};
    char embedded[40] = "";
    buf_addf(&map,
             "begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange %d beginbfchar\n%s\n"
             "endbfchar endcmap",
             said->n, said->map);
    int table = p->n + 1;
    object(p, table);
    stream(p, map.s, map.n);
    buf_free(&map);
    if (file) {
        object(p, p->n + 1);
        stream(p, file->s, file->n);
        snprintf(embedded, sizeof embedded, "/FontFile2 %d 0 R", p->n);
    }
    int descriptor = p->n + 1;
    object(p, descriptor);
    buf_addf(&p->b,
             "<</Type/FontDescriptor/FontName/S/Flags 4/FontBBox[0 -200 1000 900]/Ascent 900"
             "/Descent -200%s>>\nendobj\n",
             embedded);
    object(p, p->n + 1);
    buf_addf(&p->b,
             "<</Type/Font/Subtype/Type0/BaseFont/S/Encoding/Identity-H/ToUnicode %d 0 R"
             "/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/S/CIDToGIDMap/Identity"
             "/FontDescriptor %d 0 R/DW 600/W[%s]/CIDSystemInfo<</Registry(Adobe)"
             "/Ordering(Identity)/Supplement 0>>>>]>>\nendobj\n",
             table, descriptor, said->widths);
    return p->n;
}

static struct got get_shown(const struct said *said, const struct buf *file, const char *shown)
{
    struct pdf p;
    struct buf b = {0};
    char fonts[40];
    begin(&p);
    snprintf(fonts, sizeof fonts, "/S %d 0 R", add_font(&p, said, file));
    buf_addf(&b, "BT /S 12 Tf 1 0 0 1 72 700 Tm %s ET\n", shown);
    page_of(&p, 600, 800, fonts, b.s);
    buf_free(&b);
    finish(&p, "", dir, "one.pdf");
    return get(in_dir("one.pdf"), (struct ingest_options){0});
}

/* ------------------------------------------------------------------ */

/* The last glyph of a syllable says all of the first such syllable, the others nothing: 1 i, 2 a
 * wider i, 3 k, 4 s, 5 aa, 6 r as a hook, 7 st, which is one glyph. */
static void test_last_says_all(void **state)
{
    static const unsigned chars[] = {0x915, 0x938, 0x93E, 0x93F, 0}, glyphs[] = {3, 4, 5, 1};
    static const struct said said = {
        "<0003> <0915093F>\n<0004> <0938>\n<0005> <0915093E>\n"
        "<0006> <0930094D0938093E>\n<0007> <0938094D0924093F>\n<0008> <0020>",
        "1 [250 250 600 600 250 0 700 300]", 6};
    static const struct {
        const char *shown, *text;
    } rows[] = {
        {"<00010003>", "कि"},      {"<00020004>", "सि"},           {"<0004>", "स"},
        {"<00030005>", "का"},      {"<00040005>", "सा"},           {"<00030006>", "र्क"},
        {"<000300050006>", "र्का"}, {"<00010007>", "स्ति"},          {"<0007>", "स्त"},
        {"<00040003>", "सक"},      {"<0001000300020004>", "किसि"},
    };
    (void)state;
    struct buf file = make_font(chars, glyphs), all = {0}, want = {0};
    buf_addz(&all, "<");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_add(&all, rows[i].shown + 1, strlen(rows[i].shown) - 2);
        buf_addz(&all, "0008");
        buf_addf(&want, "%s%s", i ? " " : "", rows[i].text);
    }
    buf_addz(&all, "> Tj");
    struct got g = get_shown(&said, &file, all.s);
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    buf_addz(&want, "\n\n");
    assert_string_equal(g.d->text.s, want.s);
    drop(&g);
    buf_free(&file), buf_free(&all), buf_free(&want);
}

/* Marks of Thai that are drawn over the next letter stay on their own; am is one letter again, a
 * tone between its halves or not. */
static void test_thai(void **state)
{
    static const struct said said = {"<0001> <0E15>\n<0002> <0E31>\n<0003> <0E49>\n<0004> <0E07>\n"
                                     "<0005> <0E4D>\n<0006> <0E32>\n<0007> <0E19>",
                                     "1 [600 0 0 600 0 500 600]", 7};
    (void)state;
    struct got g =
        get_shown(&said, NULL,
                  "[<00010002> -60 <0003> 60 <00040001> 20 <00030005> -20 <0006000700050006>] TJ");
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_string_equal(g.d->text.s, "ตั้งต้ำนำ\n\n");
    drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_says_all),
        cmocka_unit_test(test_thai),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
