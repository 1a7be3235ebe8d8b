/* Spreadsheets and slides. */
#include "tests/reader_check.h"

#include "extract/xlsx_format.h"

#define R "xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'"
#define XLSX(sheet1, sheet2, extra) \
    {"[Content_Types].xml", "<Types/>", 0}, \
    {"xl/workbook.xml", "<workbook " R ">" extra "<sheets><sheet name='One' r:id='a'/>" \
        "<sheet name='Secret' state='hidden' r:id='b'/></sheets></workbook>", 0}, \
    {"xl/_rels/workbook.xml.rels", "<Relationships><Relationship Id='a' Type='x/worksheet' " \
        "Target='worksheets/s1.xml'/><Relationship Id='b' Type='x/worksheet' Target='worksheets/s2.xml'/>" \
        "<Relationship Id='c' Type='x/sharedStrings' Target='strings.xml'/>" \
        "<Relationship Id='d' Type='x/styles' Target='styles.xml'/></Relationships>", 0}, \
    {"xl/strings.xml", "<sst><si><t>Name</t></si><si><r><t>Ann </t></r><r><t>Lee</t></r><rPh><t>x</t></rPh>" \
        "</si></sst>", 0}, \
    {"xl/styles.xml", "<styleSheet><numFmts><numFmt numFmtId='170' formatCode='0.0'/>"                  \
        "<numFmt numFmtId='164' formatCode='[$-409]d/m/yy;@'/><numFmt numFmtId='164' formatCode='0.0%'/></numFmts>" \
        "<cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='10'/><xf numFmtId='22'/></cellXfs>" \
        "</styleSheet>", 0}, \
    {"xl/worksheets/s1.xml", "<worksheet>" sheet1 "</worksheet>", 0}, \
    {"xl/worksheets/s2.xml", "<worksheet>" sheet2 "</worksheet>", 0}
#define S1 "<cols><col min='4' max='4' hidden='1'/></cols><sheetData>" \
    "<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row>" \
    "<row r='3'><c r='A3' s='1'><v>45356</v></c><c r='B3' s='2'><v>0.125</v></c>" \
    "<c r='C3' s='3'><v>45356.604166666664</v></c><c r='D3'><v>1</v></c><c r='F3'><v>0.30000000000000004</v></c>" \
    "<c r='ZZ3' t='inlineStr'><is><t>far</t></is></c></row>" \
    "<row r='4' hidden='1'><c r='A4'><v>9</v></c></row>" \
    "<row r='5'><c r='B5' t='b'><v>1</v></c><c r='C5' t='e'><v>#N/A</v></c><c r='E5'><f>A1+1</f></c></row>" \
    "</sheetData><mergeCells><mergeCell ref='A3:A6'/></mergeCells>"

static void xlsx_rows_and_addresses(void **state)
{
    (void)state;
    struct buf f = ZIP(XLSX(S1, "<sheetData><row><c><v>1</v></c></row></sheetData>", ""));
    struct result r = run(read_xlsx, "xlsx", &f, NULL);
    expect_text(&r, "One\nA1:B1: Name | Ann Lee\n"
                    "A3:F3: 2024-03-05 | 12.5% | 2024-03-05 14:30:00 |  |  | 0.3\nZZ3: far\n"
                    "A5:E5: 2024-03-05 | TRUE | #N/A |  | =A1+1");
    assert_string_equal(r.d->note, "left out hidden sheets: \"Secret\"; left out 1 hidden row; "
                                   "left out 1 hidden column");
    struct place p = place_of(&r, "far");
    assert_int_equal(p.page, 1);
    assert_int_equal(p.line0, 3);
    assert_string_equal(p.page_label, "One");
    assert_string_equal(p.units.page, "sheet");
    assert_string_equal(p.units.line, "row");
    assert_int_equal(r.d->n_headings, 1);
    done(&r);
}

static void hidden_cells_are_shown_when_asked_for(void **state)
{
    (void)state;
    struct ingest_options all = {.show_hidden = true};
    struct buf f = ZIP(XLSX(S1, "<sheetData><row><c><v>1</v></c></row></sheetData>", ""));
    struct result r = run(read_xlsx, "xlsx", &f, &all);
    expect_text(&r, "One\nA1:B1: Name | Ann Lee\n"
                    "A3:F3: 2024-03-05 | 12.5% | 2024-03-05 14:30:00 | 1 |  | 0.3\nZZ3: far\n"
                    "A4: 9\nA5:E5: 2024-03-05 | TRUE | #N/A |  | =A1+1\n\nSecret\nA1: 1");
    assert_null(r.d->note);
    done(&r);
}

/* References that no sheet has: the next place is taken, and nothing is out of bounds. */
static void xlsx_absurd_references(void **state)
{
    (void)state;
    struct buf f = ZIP(XLSX("<sheetData><row r='99999999999'><c r='ZZZZ1'><v>1</v></c><c r='XFE1'><v>2</v></c>"
        "<c r='A0'><v>3</v></c><c r=''><v>4</v></c><c r='A1'><v>5</v></c><c t='s'><v>77</v></c>"
        "<c t='s'><v>-1</v></c></row><row r='-5'><c r='A'><v>6</v></c></row></sheetData>"
        "<mergeCells><mergeCell ref='A1:ZZZZZZ99'/><mergeCell ref='B2'/></mergeCells>", "", ""));
    struct result r = run(read_xlsx, "xlsx", &f, NULL);
    expect_text(&r, "One\nA1: 1\nA1:D1: 5 | 2 | 3 | 4\nA2: 6");
    done(&r);
}

static void xlsx_dates_from_1904(void **state)
{
    (void)state;
    struct buf f = ZIP(XLSX("<sheetData><row><c s='1'><v>43894</v></c></row></sheetData>", "",
                            "<workbookPr date1904='1'/>"));
    struct result r = run(read_xlsx, "xlsx", &f, NULL);
    expect_text(&r, "One\nA1: 2024-03-05");
    done(&r);
}

static void number_formats(void **state)
{
    (void)state;
    static const struct { const char *code; unsigned shows; } cases[] = {
        {"General", XLSX_NUMBER}, {"0.00", XLSX_NUMBER}, {"#,##0.00 \"days\"", XLSX_NUMBER},
        {"yyyy-mm-dd", XLSX_DATE}, {"mmm yy", XLSX_DATE}, {"mmmm", XLSX_DATE}, {"h:mm AM/PM", XLSX_TIME},
        {"[h]:mm", XLSX_TIME}, {"mm:ss.0", XLSX_TIME}, {"d.m.yy hh:mm", XLSX_DATE | XLSX_TIME},
        {"0%", XLSX_PERCENT}, {"[Magenta]0.0", XLSX_NUMBER}, {"\"y\"0", XLSX_NUMBER}, {"", XLSX_NUMBER},
        {"[", XLSX_NUMBER}, {"\"", XLSX_NUMBER}, {"\\", XLSX_NUMBER},
    };
    static const struct { const char *stored; unsigned shows; const char *text; } values[] = {
        {"1", XLSX_DATE, "1900-01-01"}, {"59", XLSX_DATE, "1900-02-28"}, {"61", XLSX_DATE, "1900-03-01"},
        {"0.999999999", XLSX_TIME, "24:00:00"}, {"1.5", XLSX_TIME, "36:00:00"},
        {"-1", XLSX_DATE, "-1"}, {"1e300", XLSX_DATE, "1e+300"}, {"nan", XLSX_NUMBER, "nan"},
        {"text", XLSX_DATE, "text"}, {"0.1", XLSX_PERCENT, "10%"}, {"1234567", XLSX_NUMBER, "1234567"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(xlsx_code_shows(cases[i].code), cases[i].shows);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct buf out = {0};
        xlsx_number(&out, values[i].stored, (struct xlsx_look){values[i].shows, NULL}, false);
        assert_string_equal(out.s, values[i].text);
        buf_free(&out);
    }
}

/* What a format sets around a number, by its sign; the digits are those of the number. */
static void numbers_with_literals(void **state)
{
    (void)state;
    static const struct { const char *code, *stored, *text; } v[] = {
        {"0.0\" kg\"", "12.5", "12.5 kg"},         {"\"Q\"0", "3", "Q3"},
        {"\"Q\"0", "-3", "-Q3"},                   {"#,##0\\ \"\xe2\x82\xac\"", "1234.5", "1234.5 \xe2\x82\xac"},
        {"[$\xe2\x82\xac-407]\\ #,##0.00", "7", "\xe2\x82\xac 7"}, {"[$-409]0.00", "7", "7"},
        {"$#,##0;($#,##0)", "-7", "($7)"},         {"$#,##0;($#,##0)", "7", "$7"},
        {"0;[Red]\\-0\" m\"", "-7", "-7 m"},       {"0.00_);(0.00)", "2", "2"},
        {"_(* #,##0_);_(* (#,##0);_(* \"-\"??_);_(@_)", "0", "-"},
        {"0;-0;\"none\"", "0", "none"},            {"0;0;0\" x\"", "0", "0 x"},
        {"0.0,\"k\"", "1234567", "1234567"},       {"[>100]\"big\";0", "5", "5"},
        {"0.0E+0", "1500", "1500"},                {";;;", "5", "5"},
        {"000-00-0000", "123456789", "123456789"}, {"General\" x\"", "5", "5"},
        {"\"abc", "5", "abc"},                      {"0\" a\";[>9]0\" b\"", "5", "5"},
        {"[>99]0.0,\"k\";0\" kg\"", "-5", "-5"},     {"[Red][<0]0;0;0;[=1]0\" x\"", "5", "5"},
        {"\"[>1]\"0", "5", "[>1]5"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct buf out = {0};
        struct xlsx_look look = {xlsx_code_shows(v[i].code), v[i].code};
        xlsx_number(&out, v[i].stored, look, false);
        assert_string_equal(out.s, v[i].text);
        buf_free(&out);
    }
}

/* A code above the 255 characters of Excel is not set around each number: many would fill the memory. */
static void endless_code(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct buf xml = {0};
    buf_addz(&xml, "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='0\"kg\"'/>"
                   "<numFmt numFmtId='165' formatCode='0.0%\"");
    for (int i = 0; i < 4096; i++) buf_addz(&xml, "kg");
    buf_addz(&xml, "\"'/></numFmts><cellXfs><xf numFmtId='164'/><xf numFmtId='165'/></cellXfs></styleSheet>");
    struct xlsx_formats *f = xlsx_formats_read(a, &(struct zip_member){.s = xml.s, .n = xml.n});
    assert_string_equal(xlsx_look(f, 0).code, "0\"kg\"");
    assert_null(xlsx_look(f, 1).code);
    assert_int_equal(xlsx_look(f, 1).shows, XLSX_PERCENT);
    buf_free(&xml);
    arena_free(a);
}

/* ------------------------------------------------------------------ OpenDocument */

#define ODF "xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' " \
            "xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0' " \
            "xmlns:style='urn:oasis:names:tc:opendocument:xmlns:style:1.0' " \
            "xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0' " \
            "xmlns:draw='urn:oasis:names:tc:opendocument:xmlns:drawing:1.0' " \
            "xmlns:presentation='urn:oasis:names:tc:opendocument:xmlns:presentation:1.0'"
#define CONTENT(styles, xml) {"content.xml", "<office:document-content " ODF ">" \
    "<office:automatic-styles>" styles "</office:automatic-styles><office:body>" xml \
    "</office:body></office:document-content>", 0}
#define CELL(text) "<table:table-cell><text:p>" text "</text:p></table:table-cell>"

static void ods_repeats_and_hides(void **state)
{
    (void)state;
    struct buf f = ZIP(CONTENT(
        "<style:style style:name='H'><style:table-properties table:display='false'/></style:style>",
        "<office:spreadsheet><table:table table:name='T'>"
        "<table:table-column table:number-columns-repeated='2'/>"
        "<table:table-column table:visibility='collapse'/><table:table-column/>"
        "<table:table-row>" CELL("a<text:s/>b") "<table:table-cell table:number-columns-repeated='2'>"
        "<text:p>x</text:p></table:table-cell>" CELL("d") "</table:table-row>"
        "<table:table-row table:number-rows-repeated='1048000'><table:table-cell/></table:table-row>"
        "<table:table-row table:number-rows-repeated='2'><table:table-cell><text:p>r</text:p>"
        "<text:p>s</text:p><office:annotation><text:p>no</text:p></office:annotation>"
        "</table:table-cell></table:table-row>"
        "<table:table-row table:visibility='filter'>" CELL("filtered") "</table:table-row></table:table>"
        "<table:table table:name='Gone' table:style-name='H'><table:table-row>" CELL("gone")
        "</table:table-row></table:table></office:spreadsheet>"));
    struct result r = run(read_ods, "ods", &f, NULL);
    expect_text(&r, "T\nA1:D1: a b | x |  | d\nA1048002: r s\nA1048003: r s");
    assert_string_equal(r.d->note, "left out hidden sheets: \"Gone\"; left out 1 hidden row; "
                                   "left out 1 hidden column; left out 1 comment");
    done(&r);
}

static void odp_slides(void **state)
{
    (void)state;
    struct buf f = ZIP(CONTENT("", "<office:presentation><draw:page draw:name='p1'>"
        "<draw:frame presentation:class='title'><draw:text-box><text:p>Title</text:p></draw:text-box></draw:frame>"
        "<draw:frame><draw:text-box><text:list><text:list-item><text:p>point</text:p></text:list-item>"
        "</text:list></draw:text-box></draw:frame>"
        "<draw:frame presentation:class='footer'><draw:text-box><text:p>foot</text:p></draw:text-box></draw:frame>"
        "<presentation:notes><draw:frame presentation:class='notes'><draw:text-box><text:p>Say this.</text:p>"
        "</draw:text-box></draw:frame></presentation:notes></draw:page></office:presentation>"));
    struct result r = run(read_odp, "odp", &f, NULL);
    expect_text(&r, "Title\n\n- point\n\nNotes: Say this.");
    assert_int_equal(place_of(&r, "point").page, 1);
    assert_string_equal(place_of(&r, "point").units.page, "slide");
    assert_int_equal(r.d->n_headings, 1);
    done(&r);
}

/* ------------------------------------------------------------------ PowerPoint */

#define A "xmlns:a='a' xmlns:p='p' " R
#define SHAPE(ph, paras) "<p:sp><p:nvSpPr><p:nvPr>" ph "</p:nvPr></p:nvSpPr><p:txBody>" paras \
    "</p:txBody></p:sp>"
#define P(pr, text) "<a:p>" pr "<a:r><a:rPr/><a:t>" text "</a:t></a:r></a:p>"
#define SLIDE(n, attr, shapes) {"ppt/slides/s" n ".xml", "<p:sld " A " " attr "><p:cSld><p:spTree>" shapes \
    "</p:spTree></p:cSld></p:sld>", 0}

static void pptx_slides_notes_and_tables(void **state)
{
    (void)state;
    const struct part v[] = {
        {"[Content_Types].xml", "<Types/>", 0},
        {"ppt/presentation.xml", "<p:presentation " A "><p:sldIdLst><p:sldId id='256' r:id='b'/>"
            "<p:sldId id='257' r:id='a'/><p:sldId id='258' r:id='c'/></p:sldIdLst></p:presentation>", 0},
        {"ppt/_rels/presentation.xml.rels", "<Relationships><Relationship Id='a' Type='x/slide' "
            "Target='slides/s1.xml'/><Relationship Id='b' Type='x/slide' Target='slides/s2.xml'/>"
            "<Relationship Id='c' Type='x/slide' Target='slides/s3.xml'/></Relationships>", 0},
        SLIDE("1", "", "<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody>" P("", "a") P("", "b")
            "</a:txBody></a:tc><a:tc hMerge='1'><a:txBody>" P("", "no") "</a:txBody></a:tc><a:tc><a:txBody>"
            P("", "c") "</a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>"),
        SLIDE("2", "", SHAPE("<p:ph idx='1'/>", P("", "one") P("<a:pPr lvl='1'/>", "two")
            P("<a:pPr><a:buNone/></a:pPr>", "plain") P("<a:pPr><a:buAutoNum type='arabicPeriod'/></a:pPr>", "n")
            P("<a:pPr><a:buAutoNum type='arabicPeriod'/></a:pPr>", "m"))
            SHAPE("<p:ph type='title'/>", P("", "The") P("", "title"))
            SHAPE("<p:ph type='sldNum'/>", P("", "7")) SHAPE("", P("", "free") P("", "lines"))),
        SLIDE("3", "show='0'", SHAPE("", P("", "hidden"))),
        {"ppt/slides/_rels/s2.xml.rels", "<Relationships><Relationship Id='n' Type='x/notesSlide' "
            "Target='../notes/n.xml'/></Relationships>", 0},
        {"ppt/notes/n.xml", "<p:notes " A "><p:cSld><p:spTree>" SHAPE("<p:ph type='body'/>", P("", "Speak."))
            "</p:spTree></p:cSld></p:notes>", 0},
    };
    struct buf f = archive_make("zip", "none", v, sizeof v / sizeof *v);
    struct result r = run(read_pptx, "pptx", &f, NULL);
    expect_text(&r, "The title\n\n- one\n  - two\n\nplain\n\n1. n\n2. m\n\nfree\nlines\n\nNotes: Speak.\n\n"
                    "a b | c");
    assert_int_equal(place_of(&r, "one").page, 1);
    assert_int_equal(place_of(&r, "a b").page, 2);
    assert_string_equal(r.d->note, "left out 1 hidden slide");
    assert_int_equal(r.d->n_headings, 1);
    done(&r);
}

static void parts_that_are_missing(void **state)
{
    (void)state;
    static const struct { reader *read; const char *format, *says; } cases[] = {
        {read_pptx, "pptx", "x: not what its name says: no ppt/presentation.xml in it"},
        {read_xlsx, "xlsx", "x: not what its name says: no xl/workbook.xml in it"},
        {read_ods, "ods", "x: not what its name says: no content.xml in it"},
        {read_odp, "odp", "x: not what its name says: no content.xml in it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf f = ZIP({"a.xml", "<x/>", 0});
        struct result r = run(cases[i].read, cases[i].format, &f, NULL);
        assert_int_equal(r.r, E_FORMAT);
        assert_string_equal(r.e.msg, cases[i].says);
        done(&r);
    }
    struct buf f = ZIP({"xl/workbook.xml", "<workbook " R "><sheets><sheet name='x' r:id='gone'/></sheets></workbook>", 0});
    struct result r = run(read_xlsx, "xlsx", &f, NULL);
    assert_int_equal(r.r, E_EMPTY);
    done(&r);
    f = ZIP({"ppt/presentation.xml", "<p " R "><sldId r:id='gone'/></p>", 0});
    r = run(read_pptx, "pptx", &f, NULL);
    assert_int_equal(r.r, E_FORMAT);
    done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_with_literals),
        cmocka_unit_test(xlsx_rows_and_addresses),
        cmocka_unit_test(hidden_cells_are_shown_when_asked_for),
        cmocka_unit_test(xlsx_absurd_references),
        cmocka_unit_test(xlsx_dates_from_1904),
        cmocka_unit_test(number_formats), cmocka_unit_test(endless_code),
        cmocka_unit_test(ods_repeats_and_hides),
        cmocka_unit_test(odp_slides),
        cmocka_unit_test(pptx_slides_notes_and_tables),
        cmocka_unit_test(parts_that_are_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
