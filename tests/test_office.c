/* Office documents and books: what is read of them, and what hostile ones cannot do. */
#include "tests/reader_check.h"

/* ------------------------------------------------------------------ Word */

#define TYPES {"[Content_Types].xml", "<Types/>", 0}
#define W "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' " \
          "xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math' xmlns:mc='mc' xmlns:wps='wps'"
#define BODY(xml) {"word/document.xml", "<w:document " W "><w:body>" xml "</w:body></w:document>", 0}
#define RUN(text) "<w:r><w:t xml:space='preserve'>" text "</w:t></w:r>"
#define PARA(text) "<w:p>" RUN(text) "</w:p>"
#define RELS {"word/_rels/document.xml.rels", \
    "<Relationships><Relationship Id='a' Type='x/styles' Target='styles.xml'/>" \
    "<Relationship Id='b' Type='x/numbering' Target='/word/numbering.xml'/>" \
    "<Relationship Id='c' Type='x/footnotes' Target='../word/footnotes.xml'/>" \
    "<Relationship Id='d' Type='x/comments' Target='comments.xml'/></Relationships>", 0}
#define STYLES {"word/styles.xml", "<w:styles " W ">" \
    "<w:style w:styleId='berschrift1'><w:name w:val='heading 1'/></w:style>" \
    "<w:style w:styleId='Titel'><w:name w:val='Title'/></w:style>" \
    "<w:style w:styleId='Unter'><w:basedOn w:val='berschrift1'/></w:style>" \
    "<w:style w:styleId='Code'><w:name w:val='Source Code'/></w:style>" \
    "<w:style w:styleId='Secret'><w:rPr><w:vanish/></w:rPr></w:style></w:styles>", 0}
#define NUMBERING {"word/numbering.xml", "<w:numbering " W "><w:abstractNum w:abstractNumId='4'>" \
    "<w:lvl w:ilvl='0'><w:start w:val='3'/><w:numFmt w:val='decimal'/><w:lvlText w:val='%1.'/></w:lvl>" \
    "<w:lvl w:ilvl='1'><w:start w:val='1'/><w:numFmt w:val='lowerLetter'/><w:lvlText w:val='%1%2)'/></w:lvl>" \
    "</w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='4'/></w:num></w:numbering>", 0}
#define ITEM(level, text) "<w:p><w:pPr><w:numPr><w:ilvl w:val='" level "'/><w:numId w:val='1'/>" \
    "</w:numPr></w:pPr>" RUN(text) "</w:p>"

static void docx_paragraphs_headings_and_lists(void **state)
{
    (void)state;
    struct buf f = ZIP(TYPES, RELS, STYLES, NUMBERING,
        BODY("<w:p><w:pPr><w:pStyle w:val='Titel'/></w:pPr>" RUN("The  title") "</w:p>"
             "<w:p><w:pPr><w:pStyle w:val='Unter'/></w:pPr>" RUN("One") "</w:p>"
             "<w:p/>" ITEM("0", "first") ITEM("1", "below") ITEM("1", "again") ITEM("0", "second")
             "<w:p>" RUN("a") "<w:r><w:tab/></w:r>" RUN("b") "<w:r><w:br/></w:r>" RUN("c &amp; d")
             "</w:p><w:p><w:pPr><w:pStyle w:val='Code'/></w:pPr>" RUN("  x  =  1") "</w:p>"));
    struct result r = run(read_docx, "docx", &f, NULL);
    expect_text(&r, "The title\n\nOne\n\n3. first\n  3a) below\n  3b) again\n4. second\n\n"
                    "a\tb\nc & d\n\n  x  =  1");
    assert_string_equal(r.d->title, "The title");
    assert_int_equal(r.d->n_headings, 1);
    assert_int_equal(r.d->headings[0].level, 1);
    struct place p = place_of(&r, "second");
    assert_int_equal(p.line0, 6);
    assert_string_equal(p.units.line, "paragraph");
    assert_int_equal(p.page, 0);
    assert_int_equal(p.col0, 0);
    assert_int_equal(p.byte0, SPAN_NO_BYTES);
    done(&r);
}

#define M(text) "<m:e><m:r><m:t>" text "</m:t></m:r></m:e>"
#define NARY(sign)                                                                                 \
    "<m:nary><m:naryPr>" sign "</m:naryPr><m:sub><m:r><m:t>i</m:t></m:r></m:sub><m:sup><m:r><m:t>n" \
    "</m:t></m:r></m:sup><m:e/></m:nary>"

static void docx_shows_what_a_page_shows(void **state)
{
    (void)state;
    struct buf f = ZIP(TYPES, RELS, STYLES,
        {"word/comments.xml", "<w:comments " W "><w:comment/><w:comment/></w:comments>", 0},
        BODY("<w:p>" RUN("kept") "<w:del>" RUN(" deleted") "</w:del><w:ins>" RUN(" inserted") "</w:ins>"
             "<w:moveFrom>" RUN("gone") "</w:moveFrom>"
             "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
             "<w:r><w:rPr><w:rStyle w:val='Secret'/></w:rPr><w:t>hidden</w:t></w:r>"
             "<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t xml:space='preserve'> shown</w:t></w:r>"
             "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
             "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>" RUN("join") "</w:p>" PARA("ed")
             "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>" PARA("box")
             "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>" PARA("box")
             "</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>" RUN("around") "</w:p>"
             "<w:p><m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r>"
             "</m:den></m:f></m:oMath></w:p>"
             "<w:p><m:oMath>" NARY("<m:chr m:val='S'/>") "<m:d>" M("x") M("y") "</m:d><m:d><m:dPr><m:begChr "
             "m:val='['/><m:endChr m:val=''/></m:dPr>" M("z") "</m:d>" NARY("") "</m:oMath></w:p>"));
    struct result r = run(read_docx, "docx", &f, NULL);
    expect_text(&r, "kept inserted shown\n\njoined\n\naround\n\nbox\n\na/b\n\nS_i^n(x|y)[z\xe2\x88\xab_i^n");
    assert_string_equal(r.d->note, "left out 2 comments; left out 12 hidden characters");
    done(&r);
}

#define CELL(text) "<w:tc>" PARA(text) "</w:tc>"
static void docx_tables_and_notes(void **state)
{
    (void)state;
    struct buf f = ZIP(TYPES, RELS,
        {"word/footnotes.xml", "<w:footnotes " W "><w:footnote w:type='separator' w:id='0'>"
            PARA("----") "</w:footnote><w:footnote w:id='7'><w:p><w:r><w:footnoteRef/></w:r>"
            RUN(" The note.") "</w:p>" PARA("More of it.") "</w:footnote></w:footnotes>", 0},
        BODY(PARA("before")
             "<w:tbl><w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid><w:tr>" CELL("a")
             "<w:tc>" PARA("b") "<w:p>" RUN("c") "<w:r><w:footnoteReference w:id='7'/></w:r></w:p></w:tc>"
             "</w:tr><w:tr><w:trPr><w:del/></w:trPr>" CELL("x") CELL("y") "</w:tr>"
             "<w:tr>" CELL("d") "<w:tc><w:p/></w:tc>" CELL("e") "</w:tr></w:tbl>"
             "<w:tbl><w:tblGrid><w:gridCol/></w:tblGrid><w:tr><w:tc>" PARA("in") PARA("a frame")
             "</w:tc></w:tr></w:tbl>" PARA("after")));
    struct result r = run(read_docx, "docx", &f, NULL);
    expect_text(&r, "before\n\na | b c[1]\nd | e\n\n[1] The note.\nMore of it.\n\nin\n\na frame\n\nafter");
    done(&r);
}

/* A file that was put together or saved from damage may lack the part that says what belongs to it. */
static void docx_without_relations(void **state)
{
    (void)state;
    struct buf f = ZIP(TYPES, STYLES, NUMBERING,
        {"word/footnotes.xml", "<w:footnotes " W "><w:footnote w:id='7'>" PARA("The note.")
            "</w:footnote></w:footnotes>", 0},
        BODY("<w:p><w:pPr><w:pStyle w:val='Unter'/></w:pPr>" RUN("Head") "</w:p>"
             "<w:p>" RUN("text") "<w:r><w:footnoteReference w:id='7'/></w:r></w:p>" ITEM("0", "item")));
    struct result r = run(read_docx, "docx", &f, NULL);
    expect_text(&r, "Head\n\ntext[1]\n\n[1] The note.\n\n3. item");
    assert_int_equal(r.d->n_headings, 1);
    done(&r);
}

static void hidden_text_is_shown_when_asked_for(void **state)
{
    (void)state;
    struct ingest_options all = {.show_hidden = true};
    struct buf f = ZIP(TYPES, BODY("<w:p>" RUN("a") "<w:r><w:rPr><w:vanish/></w:rPr><w:t>b</w:t></w:r></w:p>"));
    struct result r = run(read_docx, "docx", &f, &all);
    expect_text(&r, "ab");
    assert_null(r.d->note);
    done(&r);
}

/* ------------------------------------------------------------------ OpenDocument */

#define ODF "xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' " \
            "xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0' " \
            "xmlns:style='urn:oasis:names:tc:opendocument:xmlns:style:1.0' " \
            "xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0' " \
            "xmlns:draw='urn:oasis:names:tc:opendocument:xmlns:drawing:1.0'"
#define CONTENT(styles, xml) {"content.xml", "<office:document-content " ODF ">" \
    "<office:automatic-styles>" styles "</office:automatic-styles><office:body><office:text>" xml \
    "</office:text></office:body></office:document-content>", 0}
#define TYPE(type) {"mimetype", "application/vnd.oasis.opendocument." type, 0}

static void odt_reads_the_page(void **state)
{
    (void)state;
    struct buf f = ZIP(TYPE("text"), CONTENT(
        "<style:style style:name='H'><style:text-properties text:display='none'/></style:style>"
        "<text:list-style style:name='L'><text:list-level-style-number text:level='1' "
        "style:num-format='i' style:num-suffix='.'/><text:list-level-style-bullet text:level='2'/>"
        "</text:list-style>",
        "<text:tracked-changes><text:p>old</text:p></text:tracked-changes>"
        "<text:h text:outline-level='2'>Head</text:h>\n  "
        "<text:p>a<text:s text:c='3'/>b<text:tab/>c<text:line-break/>d"
        "<text:span text:style-name='H'>secret</text:span>"
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Note.</text:p>"
        "</text:note-body></text:note>"
        "<office:annotation><text:p>comment</text:p></office:annotation></text:p>"
        "<text:list text:style-name='L'><text:list-item><text:p>x</text:p><text:list><text:list-item>"
        "<text:p>y</text:p></text:list-item></text:list></text:list-item><text:list-item>"
        "<text:p>z</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>1</text:p><text:p>2</text:p>"
        "</table:table-cell><table:table-cell><text:p>3</text:p></table:table-cell>"
        "</table:table-row></table:table>"));
    struct result r = run(read_odt, "odt", &f, NULL);
    expect_text(&r, "Head\n\na b\tc\nd[1]\n\n[1] Note.\n\ni. x\n  - y\nii. z\n\n1 2 | 3");
    assert_int_equal(r.d->headings[0].level, 2);
    assert_int_equal(place_of(&r, "z").line0, 5);
    assert_string_equal(r.d->note, "left out 1 comment; left out 1 hidden passage");
    done(&r);
}

static void odt_formulas_are_their_signs(void **state)
{
    (void)state;
    struct buf f = ZIP(TYPE("text"), CONTENT("", "<text:p>so <draw:frame><draw:object xlink:href='./F' "
                       "xmlns:xlink='x'/></draw:frame> holds <draw:object xlink:href='../gone' xmlns:xlink='x'/>"
                       "<draw:object xlink:href='C' xmlns:xlink='x'/></text:p>"),
        {"F/content.xml", "<math><semantics><mi>a</mi><mo>=</mo><mn>1</mn><annotation>a=1</annotation>"
                          "</semantics></math>", 0},
        {"C/content.xml", "<chart><title>no</title></chart>", 0});
    struct result r = run(read_odt, "odt", &f, NULL);
    expect_text(&r, "so a=1 holds");
    done(&r);
}

/* ------------------------------------------------------------------ books */

#define CONTAINER {"META-INF/container.xml", "<container><rootfiles><rootfile full-path='O/p.opf'/>" \
    "</rootfiles></container>", 0}
#define OPF {"O/p.opf", "<package xmlns:dc='dc'><metadata><dc:title>A book</dc:title></metadata><manifest>" \
    "<item id='one' href='1.xhtml'/><item id='two' href='t/two%20b.xhtml#x'/></manifest><spine>" \
    "<itemref idref='two'/><itemref idref='one'/></spine></package>", 0}

static void epub_follows_the_spine(void **state)
{
    (void)state;
    struct ingest_options second = {.pages = "2"}, all = {.pages = "2", .show_hidden = true};
    const struct part v[] = {{"mimetype", "application/epub+zip", 0}, CONTAINER, OPF,
        {"O/1.xhtml", "<html><head><title/><script src='a'/></head>\n<body><p>last<a id='n'/> words"
                      "</p><p style='display: none'>hidden</p></body></html>", 0},
        {"O/t/two b.xhtml", "<?xml version='1.0'?><html><body><h1>First</h1><div class='sidebar'>"
                            "<p>all of it</p></div></body></html>", 0}};
    struct buf f = archive_make("zip", "none", v, 5), g = archive_make("zip", "none", v, 5),
               h = archive_make("zip", "none", v, 5);
    struct result r = run(read_epub, "epub", &f, NULL);
    expect_text(&r, "First\n\nall of it\n\nlast words");
    assert_string_equal(r.d->title, "A book");
    assert_int_equal(r.d->n_headings, 1);
    struct place p = place_of(&r, "last");
    assert_int_equal(p.page, 2);
    assert_int_equal(p.line0, 2);
    assert_string_equal(p.page_label, "O/1.xhtml");
    assert_string_equal(p.units.page, "chapter");
    done(&r);
    r = run(read_epub, "epub", &g, &second);
    expect_text(&r, "last words");
    done(&r);
    r = run(read_epub, "epub", &h, &all);
    expect_text(&r, "last words\n\nhidden");
    done(&r);
}

/* ------------------------------------------------------------------ hostile and broken */

static void parts_that_are_missing(void **state)
{
    (void)state;
    static const struct { reader *read; const char *format, *says; } cases[] = {
        {read_docx, "docx", "x: not what its name says: no word/document.xml in it"},
        {read_odt, "odt", "x: not what its name says: no content.xml in it"},
        {read_epub, "epub", "x: not what its name says: no chapters in it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf f = ZIP(TYPES, {"../../etc/passwd.xml", "<x/>", 0});
        struct result r = run(cases[i].read, cases[i].format, &f, NULL);
        assert_int_equal(r.r, E_FORMAT);
        assert_string_equal(r.e.msg, cases[i].says);
        done(&r);
        buf_addz(&f, "PK\3\4 no zip at all");
        r = run(cases[i].read, cases[i].format, &f, NULL);
        assert_int_equal(r.r, E_FORMAT);
        done(&r);
    }
}

/* What is there before the damage is read, and said to be damaged. */
static void a_file_that_is_cut_short(void **state)
{
    (void)state;
    struct buf whole = ZIP(TYPES, BODY(PARA("one") PARA("two")));
    for (size_t n = 0; n < whole.n; n += 7) {
        struct buf f = {0};
        buf_add(&f, whole.s, n);
        struct result r = run(read_docx, "docx", &f, NULL);
        if (!r.r) assert_non_null(strstr(r.d->text.s, "one"));
        else assert_true(r.r == E_FORMAT || r.r == E_EMPTY);
        done(&r);
    }
    buf_free(&whole);
}

static void entities_of_the_document_are_refused(void **state)
{
    (void)state;
    static const char bomb[] =
        "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY x SYSTEM 'file:///etc/passwd'>]><d><body><p><r><t>&b;&x;</t></r></p></body></d>";
    struct buf f = ZIP(TYPES, {"word/document.xml", bomb, 0});
    struct result r = run(read_docx, "docx", &f, NULL);
    assert_int_equal(r.r, E_FORMAT);
    done(&r);
    struct buf wide = {0};
    buf_add(&wide, "\xff\xfe", 2);
    for (const char *p = bomb; *p; p++) buf_add(&wide, (const char[]){*p, 0}, 2);
    struct buf g = ZIP(TYPES, {"word/document.xml", wide.s, wide.n});
    r = run(read_docx, "docx", &g, NULL);
    assert_int_equal(r.r, E_FORMAT);
    buf_free(&wide);
    done(&r);
}

static void a_bomb_ends_at_the_limit(void **state)
{
    (void)state;
    size_t n = (size_t)300 << 20;
    char *zeros = mem_alloc(n, 1);
    memset(zeros, ' ', n);
    struct buf f = ZIP(TYPES, {"word/document.xml", zeros, n});
    mem_free(zeros);
    assert_true(f.n < (size_t)1 << 20);
    struct result r = run(read_docx, "docx", &f, NULL);
    assert_int_equal(r.r, E_LIMIT);
    assert_string_equal(r.e.msg, "x: its members unpack to more than 256 MiB");
    done(&r);
}

static void deep_nesting_is_no_crash(void **state)
{
    (void)state;
    struct buf xml = {0};
    buf_addz(&xml, "<w:document " W "><w:body>" PARA("text"));
    for (int i = 0; i < 100000; i++) buf_addz(&xml, "<w:tbl><w:tr><w:tc>");
    struct buf f = ZIP(TYPES, {"word/document.xml", xml.s, xml.n});
    struct result r = run(read_docx, "docx", &f, NULL);
    expect_text(&r, "text");
    assert_true(r.d->cut);
    done(&r);
    buf_free(&xml);
}

/* ------------------------------------------------------------------ through the program */

static void zip_files_are_told_by_content(void **state)
{
    (void)state;
    char *dir = make_folder(), path[512];
    struct buf docx = ZIP({"word/document.xml", "<d><body><p><r><t>hi</t></r></p></body></d>", 0}, TYPES);
    struct buf odt = ZIP(TYPE("text"), CONTENT("", "<text:p>hi</text:p>"));
    struct buf epub = ZIP({"mimetype", "application/epub+zip", 0}, CONTAINER, OPF,
                          {"O/1.xhtml", "<p>hi</p>", 0});
    struct { struct buf *f; const char *format; } v[] = {{&docx, "docx"}, {&odt, "odt"}, {&epub, "epub"}};
    for (size_t i = 0; i < 3; i++) {
        write_file(dir, "document", v[i].f->s, v[i].f->n);
        snprintf(path, sizeof path, "%s/document", dir);
        struct got g = get(path, (struct ingest_options){0});
        assert_int_equal(g.r, OK);
        assert_string_equal(g.d->format, v[i].format);
        assert_string_equal(g.d->text.s, "hi");
        drop(&g);
        buf_free(v[i].f);
    }
    drop_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docx_paragraphs_headings_and_lists),
        cmocka_unit_test(docx_shows_what_a_page_shows),
        cmocka_unit_test(docx_tables_and_notes),
        cmocka_unit_test(docx_without_relations),
        cmocka_unit_test(hidden_text_is_shown_when_asked_for),
        cmocka_unit_test(odt_reads_the_page),
        cmocka_unit_test(odt_formulas_are_their_signs),
        cmocka_unit_test(epub_follows_the_spine),
        cmocka_unit_test(parts_that_are_missing),
        cmocka_unit_test(a_file_that_is_cut_short),
        cmocka_unit_test(entities_of_the_document_are_refused),
        cmocka_unit_test(a_bomb_ends_at_the_limit),
        cmocka_unit_test(deep_nesting_is_no_crash),
        cmocka_unit_test(zip_files_are_told_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
