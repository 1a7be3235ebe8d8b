/* test_pdf_tables.c: tables of PDF pages through deepread-extract: rows, cells, the lines between
 * them. */
#include "extract/pdf_text.h"
#include "tests/pdf_make.h"

/* A font of drawings, whose size is guessed from the width of the glyph named A: a narrow one. Wide
 * gaps between words of one line are then no gaps between cells. */
static void test_narrow_font(void **state)
{
    (void)state;
    struct buf fonts = {0}, b = {0};
    struct pdf p;
    begin(&p);
    object(&p, 8);
    stream(&p, "500 0 0 0 450 700 d1 0 0 450 700 re f", 37);
    buf_addz(&fonts, "/T<</Type/Font/Subtype/Type3/FontBBox[0 -200 500 700]"
                     "/FontMatrix[.001 0 0 .001 0 0]/FirstChar 32/LastChar 122/Widths[");
    for (int c = 32; c <= 122; c++) buf_addz(&fonts, c == 32 ? "900 " : c == 'A' ? "250 " : "500 ");
    buf_addz(&fonts, "]/CharProcs<</A 8 0 R");
    for (int c = 'a'; c <= 'z'; c++) buf_addf(&fonts, "/a%d 8 0 R", c);
    buf_addz(&fonts, ">>/Encoding<</Type/Encoding/Differences[32/space 65/A 97");
    for (int c = 'a'; c <= 'z'; c++) buf_addf(&fonts, "/a%d", c);
    buf_addz(&fonts, "]>>>>");
    for (int i = 0; i < 4; i++) line(&b, "T", 10, 72, 100 + 12 * i, "some words that stand apart");
    page_of(&p, 600, 800, fonts.s, b.s);
    finish(&p, "", dir, "narrow.pdf");
    struct got g = get(in_dir("narrow.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(holds(&g, "some words that stand apart") && !holds(&g, " | "));
    drop(&g), buf_free(&fonts), buf_free(&b);
}

static const char *const towns[4][3] = {{"City", "People", "Area"},
                                        {"Oslo", "709", "454"},
                                        {"Bergen", "291", "464"},
                                        {"Hamar", "32", "351"}};

static void test_table(void **state)
{
    (void)state;
    struct buf b = {0};
    line(&b, "F", 10, 72, 80, "Some words stand before the table.");
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 3; c++) line(&b, "F", 10, 72 + 90 * c, 120 + 14 * r, towns[r][c]);
    struct got g = get_checked(&b);
    assert_true(holds(&g, "City | People | Area\nOslo | 709 | 454\nBergen | 291 | 464\n"));
    /* each cell has its own box, and cells of a row share a line */
    const char *at = strstr(g.d->text.s, "291");
    struct place p = doc_place(g.d, (size_t)(at - g.d->text.s), 3);
    assert_true(p.box[0] > 150 && p.box[2] < 200);
    at = strstr(g.d->text.s, "Bergen");
    assert_int_equal(doc_place(g.d, (size_t)(at - g.d->text.s), 6).line0, p.line0);
    drop(&g);
}

/* A column whose widest cell leaves no more than a space before the next; the spaces between the
 * words of its dates, where all rows have one too, part nothing. */
static void test_narrow_gaps(void **state)
{
    (void)state;
    static const char *const rows[6][3] = {
        {"Norway", "12 May 1995", "Pending"},     {"Sweden", "23 September 1995", "In force"},
        {"Finland", "14 March 1999", "In force"}, {"Denmark", "30 September 2007", "Pending"},
        {"Iceland", "21 June 2000", "Approved"},  {"Latvia", "10 September 1992", "No"}};
    struct buf b = {0};
    for (int r = 0; r < 6; r++) {
        line(&b, "F", 10, 72, 120 + 14 * r, rows[r][0]);
        line(&b, "F", 10, 120, 120 + 14 * r, rows[r][1]);
        line(&b, "F", 10, 210.6, 120 + 14 * r, rows[r][2]); /* September 2007 ends at 207.8 */
    }
    struct got g = get_checked(&b);
    assert_true(holds(&g, "Norway | 12 May 1995 | Pending\nSweden | 23 September 1995 | In force\n"
                          "Finland | 14 March 1999 | In force\n"
                          "Denmark | 30 September 2007 | Pending\n"
                          "Iceland | 21 June 2000 | Approved\nLatvia | 10 September 1992 | No"));
    drop(&g);
}

/* The same words in the same places of several rows, as far apart as in justified text, are no
 * cells. */
static void test_same_words(void **state)
{
    (void)state;
    static const char *const last[5] = {"first", "second", "third and last", "smallest", "other"};
    static const char *const words[4] = {"Font", "for", "the", "sign"};
    static const double at[4] = {140, 164.2, 180, 198};
    struct buf b = {0};
    for (int i = 0; i < 4; i++) /* how wide a space is */
        line(&b, "F", 10, 72, 60 + 12 * i,
             "The names of all fonts and what they are for is as follows here");
    for (int r = 0; r < 5; r++) {
        line(&b, "F", 10, 72, 120 + 14 * r, "v3.33");
        for (int c = 0; c < 4; c++) line(&b, "F", 10, at[c], 120 + 14 * r, words[c]);
        line(&b, "F", 10, 220.5, 120 + 14 * r, last[r]);
    }
    struct got g = get_checked(&b);
    assert_true(holds(&g, "v3.33 | Font for the sign first\n"
                          "v3.33 | Font for the sign second\n"
                          "v3.33 | Font for the sign third and last\n"));
    drop(&g);
}

/* Rows of several lines that stand no further apart than their lines: text goes on below a line
 * that is full.  With three lines that are drawn, around the head and below the body, as well. */
static void check_close_rows(bool rules)
{
    static const char *const lines[7][3] = {
        {"Measure", "What is done", "State"},
        {"Nets", "All nets are counted when the boat", "Boats that stay"},
        {"", "is in the harbour, and once at sea", "are not asked"},
        {"Lamps", "Keepers send a report", "Since May"},
        {"Ropes", "Ropes longer than thirty feet have", "Not before the"},
        {"", "two marks", "next year"},
        {"Oars", "Oars are free", "Since June"}};
    struct buf b = {0};
    for (int r = 0; r < 7; r++)
        for (int c = 0; c < 3; c++)
            line(&b, "F", 10, c == 0 ? 72 : c == 1 ? 130 : 320, 120 + 12 * r, lines[r][c]);
    if (rules)
        for (int r = 0; r < 3; r++)
            buf_addf(&b, "60 %d m 460 %d l S\n",
                     r == 0   ? 690
                     : r == 1 ? 677
                              : 600,
                     r == 0   ? 690
                     : r == 1 ? 677
                              : 600);
    struct got g = get_checked(&b);
    assert_true(holds(&g,
                      "Nets | All nets are counted when the boat is in the harbour, and once at "
                      "sea | Boats that stay are not asked\n"
                      "Lamps | Keepers send a report | Since May\n"
                      "Ropes | Ropes longer than thirty feet have two marks | Not before the "
                      "next year\n"
                      "Oars | Oars are free | Since June"));
    drop(&g);
}

static void test_close_rows(void **state)
{
    (void)state;
    check_close_rows(false);
    check_close_rows(true);
}

/* Cells so close that only the lines between them part them, whichever way the page is turned; a
 * frame around a word is no table. */
static void check_ruled_table(int rotate)
{
    struct pdf p;
    struct buf b = {0};
    static const char *const cell[3][3] = {{"Harbour", "Boats", "State"},
                                           {"Vardo", "14.5", "open"},
                                           {"Bodo", "709.2", "under repair"}};
    static const int right[] = {110, 138, 210}; /* where cells end or, the last, begin */
    for (int r = 0; r < 3; r++) {
        double y = 100 + 16 * r, w = r == 0 ? 27.2 : r == 1 ? 19.5 : 25;
        line(&b, "F", 10, 72, y, cell[r][0]);
        line(&b, "F", 10, right[1] - w, y, cell[r][1]);
        line(&b, "F", 10, right[1] + 4, y, cell[r][2]);
    }
    for (int c = 0; c < 2; c++) /* one that is drawn, one that is a narrow box */
        buf_addf(&b, c ? "139.5 648 1 64 re f\n" : "%d 648 m %d 712 l S\n", right[0], right[0]);
    line(&b, "F", 10, 72, 200, "Then press the");
    line(&b, "F", 10, 142, 200, "Enter");
    line(&b, "F", 10, 172, 200, "key and wait.");
    buf_addz(&b, "140 596 28 14 re S\n");
    begin(&p);
    p.rotate = rotate;
    page(&p, b.s);
    finish(&p, "", dir, "ruled.pdf");
    buf_free(&b);
    struct got g = get(in_dir("ruled.pdf"), (struct ingest_options){0});
    assert_int_equal(g.r, OK);
    check_pdf(g.d);
    assert_true(holds(&g, "Harbour | Boats | State\nVardo | 14.5 | open\n"
                          "Bodo | 709.2 | under repair\n"));
    assert_true(holds(&g, "Then press the Enter key and wait."));
    drop(&g);
}

static void test_ruled_table(void **state)
{
    (void)state;
    for (int rotate = 0; rotate < 360; rotate += 90) check_ruled_table(rotate);
}

/* A level line from x to x2 at y from the top left: drawn, or a narrow box. */
static void bar(struct buf *b, double x, double x2, double y, bool drawn)
{
    if (drawn)
        buf_addf(b, "%g %g m %g %g l S\n", x, 800 - y, x2, 800 - y);
    else
        buf_addf(b, "%g %g %g 0.8 re f\n", x, 799.6 - y, x2 - x);
}

/* Cells of several lines in a frame of lines, the short ones in the middle of their row; the lines
 * of a row are as far apart as those of two rows.  What stands below the last line is no row. */
static void test_rows_between_lines(void **state)
{
    (void)state;
    static const char *const text[][2] = {{"Right", "What it gives"},
                                          {NULL, "You may ask which data is kept, and where"},
                                          {"Access", "it came from, and to whom it was given,"},
                                          {NULL, "at any time"},
                                          {"Rectification of what is", NULL},
                                          {NULL, "What is wrong is put right."},
                                          {"wrong in the files", NULL},
                                          {"Erasure", "Data that is not needed is deleted."}};
    static const double at[] = {100, 114, 126, 138, 152, 158, 164, 178};
    for (int drawn = 0; drawn < 2; drawn++) {
        struct buf b = {0};
        for (int r = 0; r < 8; r++)
            for (int c = 0; c < 2; c++)
                if (text[r][c]) line(&b, "F", 10, c ? 200 : 74, at[r], text[r][c]);
        static const double lines[] = {89.5, 103.5, 141.5, 167.5, 181.5};
        for (int i = 0; i < 5; i++) { /* cell by cell */
            bar(&b, 70, 196, lines[i], drawn);
            bar(&b, 196, 420, lines[i], drawn);
        }
        line(&b, "F", 10, 70, 193, "All of this is said in the law, which is older than the");
        line(&b, "F", 10, 70, 205, "authority that has to keep it.");
        struct got g = get_checked(&b);
        assert_true(
            holds(&g, "Right | What it gives\n"
                      "Access | You may ask which data is kept, and where it came from, and to "
                      "whom it was given, at any time\n"
                      "Rectification of what is wrong in the files | What is wrong is put right.\n"
                      "Erasure | Data that is not needed is deleted."));
        assert_true(
            holds(&g, "\n\nAll of this is said in the law, which is older than the authority"));
        drop(&g);
    }
}

/* Rows under a head's line and between the two of a sum are rows, however close they stand. */
static void test_lines_around_rows(void **state)
{
    (void)state;
    static const char *const text[][3] = {{"Country", "Capital", "People"},
                                          {"France", "Paris", "68"},
                                          {"Italy", "Rome", "59"},
                                          {"Spain", "Madrid", "48"},
                                          {"All", NULL, "175"}};
    struct buf b = {0};
    for (int r = 0; r < 5; r++)
        for (int c = 0; c < 3; c++)
            if (text[r][c]) line(&b, "F", 10, 76 + 70 * c, 100 + 12 * r, text[r][c]);
    static const double lines[] = {90, 102.5, 138.5, 150.5};
    for (int i = 0; i < 4; i++) bar(&b, 70, 270, lines[i], true);
    struct got g = get_checked(&b);
    assert_true(holds(&g, "Country | Capital | People\nFrance | Paris | 68\nItaly | Rome | 59\n"
                          "Spain | Madrid | 48\nAll | 175"));
    drop(&g);
}

/* A caption close above the head is no line of it. */
static void test_caption(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int t = 0; t < 2; t++) {
        line(&b, "F", 10, 72, 106 + 200 * t, t ? "Name of the" : "Table 4. Towns");
        for (int r = 0; r < 4; r++)
            for (int c = 0; c < 3; c++)
                line(&b, "F", 10, 72 + 90 * c, 118 + 200 * t + 14 * r, towns[r][c]);
    }
    struct got g = get_checked(&b);
    assert_true(holds(&g, "Table 4. Towns\n"));
    assert_true(holds(&g, "\nCity | People | Area\nOslo | 709 | 454\n"));
    assert_true(holds(&g, "Name of the City | People | Area\nOslo | 709 | 454\n"));
    drop(&g);
}

/* Words of several scripts; the number stands in a word of its own or in the same one. */
static void test_caption_words(void **state)
{
    (void)state;
    static const struct {
        const char *word, *next;
        bool starts;
    } all[] = {
        {"Table", "4.", true},    {"TABLE", "IV", true},   {"Tab.", "3", true},
        {"Table4:", "", true},    {"Таблица", "2", true},  {"表", "2", true},
        {"表2", "", true},        {"表2-1", "人口", true}, {"表２", "人口", true},
        {"표", "1", true},        {"표2", "인구", true},   {"표2.", "", true},
        {"Table", "", false},     {"Table", "of", false},  {"Tables", "4", false},
        {"Tablets", "", false},   {"表", "", false},       {"表示", "2", false},
        {"표현", "2", false},     {"Tisch", "4", false},   {"图2", "", false},
        {"\xE8\xA1", "2", false}, {"", "2", false},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        bool is = text_starts_caption(str_of(all[i].word), str_of(all[i].next));
        if (is != all[i].starts) print_message("%s %s\n", all[i].word, all[i].next);
        assert_int_equal(is, all[i].starts);
    }
}

/* Numbers that end at one place, of different lengths: the gap is free beside its end only. */
static void test_ragged_numbers(void **state)
{
    (void)state;
    static const char *const cell[5][3] = {{"North", "5", "123,456"},
                                           {"South", "99,000", "1,987,654"},
                                           {"East", "43,210", "1,098,765"},
                                           {"West", "3,210", "345,678"},
                                           {"Centre", "1,099", "2,250,125"}};
    struct buf b = {0};
    for (int r = 0; r < 5; r++) {
        line(&b, "F", 8, 72, 100 + 14 * r, cell[r][0]);
        for (int c = 1; c < 3; c++) {
            double width = 0; /* of Helvetica's digits and commas */
            for (const char *s = cell[r][c]; *s; s++) width += 8 * (*s == ',' ? 0.278 : 0.556);
            line(&b, "F", 8, (c == 1 ? 190 : 230.7) - width, 100 + 14 * r, cell[r][c]);
        }
    }
    struct got g = get_page(&b);
    assert_int_equal(g.r, OK);
    assert_true(holds(&g,
                      "North | 5 | 123,456\nSouth | 99,000 | 1,987,654\nEast | 43,210 | 1,098,765\n"
                      "West | 3,210 | 345,678\n"));
    drop(&g);
}

/* Words of a cell stay together where the space between them is as free as a border; a cell goes on
 * in a line of its own; what no heading spans stands beside the headings. */
static void test_cells(void **state)
{
    (void)state;
    struct buf b = {0};
    static const char *const name[] = {"Alta",   "Bodo",  "Kristiansand, with the islands",
                                       "Mandal", "Vardo", "Hamar"};
    buf_addz(&b, "0.6 Tw\n"); /* spaces as wide as a third of the size */
    line(&b, "F", 10, 294, 100, "First winter");
    line(&b, "F", 10, 408, 100, "Second winter");
    line(&b, "F", 10, 72, 113, "Harbour");
    line(&b, "F", 10, 240, 113, "No.");
    for (int c = 0; c < 4; c++)
        line(&b, "F", 10, 280 + 55 * c + 10 * (c > 1), 113, c % 2 ? "SD (t)" : "Mean");
    for (int r = 0; r < 6; r++) {
        char n[16];
        line(&b, "F", 10, 72, 130 + 13 * r, name[r]);
        for (int c = 0; c < 5; c++) {
            snprintf(n, sizeof n, "%d.%d", 10 + 7 * r + c, 9 - r);
            line(&b, "F", 10, c ? 225 + 55 * c + 10 * (c > 2) : 240, 130 + 13 * r, n);
        }
    }
    static const char *const row[][3] = {{"Office", "Duties", "Term"},
                                         {"Pilot", "Brings ships in and out, day and", "4 years"},
                                         {NULL, "night, and keeps the book of", NULL},
                                         {NULL, "soundings", NULL},
                                         {"Master", "Gives out berths", "6 years"},
                                         {"Clerk", "Takes tolls; answers to the coun-", "2 years"},
                                         {NULL, "cil for what was taken", NULL}};
    for (int r = 0; r < 7; r++)
        for (int c = 0; c < 3; c++)
            if (row[r][c]) line(&b, "F", 10, 72 + 80 * c + 110 * (c > 1), 300 + 12 * r, row[r][c]);
    struct got g = get_checked(&b);
    assert_true(holds(&g,
                      "Harbour | No. | First winter | Second winter\n"
                      "Mean | SD (t) | Mean | SD (t)\nAlta | 10.9 | 11.9 | 12.9 | 13.9 | 14.9\n"));
    assert_true(holds(&g, "Kristiansand, with the islands | 24.7 | 25.7 | 26.7 | 27.7 | 28.7\n"));
    assert_true(
        holds(&g, "Office | Duties | Term\nPilot | Brings ships in and out, day and night, and "
                  "keeps the book of soundings | 4 years\nMaster | Gives out berths | 6 years\n"
                  "Clerk | Takes tolls; answers to the council for what was taken | 2 years\n"));
    drop(&g);
}

/* The longest cell ends a space before the next column begins; two words of a cell that stand as
 * far apart stay together. */
static void test_a_space_apart(void **state)
{
    (void)state;
    static const char *const text[][3] = {{"Ada", "first to write a program", "England"},
                                          {"Grace Hopper", "compilers", "United States"},
                                          {"Alan", "machines that think", "England"},
                                          {"Konrad", "a plan calculus", "Germany"},
                                          {"Barbara", "data abstraction", "United States"},
                                          {"Niklaus", "small languages", "Switzerland"}};
    struct buf b = {0};
    for (int r = 0; r < 6; r++)
        for (int c = 0; c < 3; c++) /* 62.8 points wide, and a space of 2.8 */
            line(&b, "F", 10, c == 0 ? 72 : c == 1 ? 137.6 : 270, 100 + 12 * r, text[r][c]);
    struct got g = get_checked(&b);
    assert_true(holds(&g, "Ada | first to write a program | England\n"
                          "Grace Hopper | compilers | United States\n"
                          "Alan | machines that think | England\n"));
    drop(&g);
}

/* Justified text in a narrow cell has gaps as wide as between columns; between two borders they
 * part nothing, unless most rows have one there. */
static void test_framed_cells(void **state)
{
    (void)state;
    static const char *const text[][3] = {{"Right", "What it gives", "No."},
                                          {"Access", "You may ask which data is kept.", "15"},
                                          {"Correcting", "What is wrong is put right.", "16"},
                                          {"Erasure", "Data not needed is deleted.", "17"}};
    for (int parted = 0; parted < 2; parted++) {
        struct buf b = {0};
        for (int r = 0; r < 4; r++) {
            for (int c = 0; c < 3; c++)
                line(&b, "F", 10, c == 0 ? 74 : c == 1 ? 180 : 350, 100 + 16 * r, text[r][c]);
            if (parted || r == 2) line(&b, "F", 10, 150, 100 + 16 * r, "of");
        }
        for (int c = 0; c < 4; c++) {
            static const int at[] = {70, 176, 346, 380};
            buf_addf(&b, "%d 648 m %d 714 l S\n", at[c], at[c]);
        }
        struct got g = get_checked(&b);
        assert_true(holds(&g, parted ? "Correcting | of | What is wrong is put right. | 16\n"
                                     : "Access | You may ask which data is kept. | 15\n"
                                       "Correcting of | What is wrong is put right. | 16\n"));
        drop(&g);
    }
}

/* Lines over the head, under it and under the table, no longer than its rows: the first column does
 * not stand between them, and they do not tell which rows are one. */
static void test_three_rules(void **state)
{
    (void)state;
    static const char *const cell[][3] = {
        {"Group", "Command", "Meaning"},        {"Files", "open_file", "Number"},
        {"", "shut_file", "Takes it back"},     {"", "seek_place", "Moves in it"},
        {"Memory", "take_some", "For a while"}, {"", "give_back", "All that has been taken so far"},
        {"Time", "read_clock", "In seconds"},   {"", "wait_for", "So many seconds"}};
    struct buf b = {0};
    for (int r = 0; r < 8; r++)
        for (int c = 0; c < 3; c++)
            if (*cell[r][c]) line(&b, "F", 10, 72 + 90 * c, 100 + 12 * r, cell[r][c]);
    static const int at[] = {710, 696, 611};
    for (int i = 0; i < 3; i++) buf_addf(&b, "72 %d m 400 %d l S\n", at[i], at[i]);
    struct got g = get_checked(&b);
    assert_true(holds(&g, "Group | Command | Meaning\nFiles | open_file | Number\n"
                          "shut_file | Takes it back\nseek_place | Moves in it\nMemory | "));
    drop(&g);
}

/* Years are numbers, and heads all the same where units stand under them; a row of numbers under
 * words is the body. */
static void test_units_under_years(void **state)
{
    (void)state;
    static const char *const cell[][4] = {{"Town", "1998", "1999", "2000"},
                                          {"", "(tons)", "(casks)", "(tons)"},
                                          {"Oslo", "709", "454", "12"},
                                          {"Bergen", "291", "464", "15"},
                                          {"Hamar", "32", "351", "18"}};
    for (int units = 0; units < 2; units++) {
        struct buf b = {0};
        for (int r = 0; r < 5; r++)
            for (int c = 0; c < 4; c++)
                if (*cell[r][c] && (units || r != 1))
                    line(&b, "F", 10, 72 + 90 * c, 120 + 13 * r, cell[r][c]);
        struct got g = get_checked(&b);
        assert_true(holds(&g, units ? "Town | 1998 (tons) | 1999 (casks) | 2000 (tons)\nOslo | 709"
                                    : "Town | 1998 | 1999 | 2000\nOslo | 709"));
        drop(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_narrow_font),        cmocka_unit_test(test_table),
        cmocka_unit_test(test_narrow_gaps),        cmocka_unit_test(test_same_words),
        cmocka_unit_test(test_close_rows),         cmocka_unit_test(test_ruled_table),
        cmocka_unit_test(test_rows_between_lines), cmocka_unit_test(test_lines_around_rows),
        cmocka_unit_test(test_a_space_apart),      cmocka_unit_test(test_framed_cells),
        cmocka_unit_test(test_ragged_numbers),     cmocka_unit_test(test_caption),
        cmocka_unit_test(test_caption_words),      cmocka_unit_test(test_cells),
        cmocka_unit_test(test_three_rules),        cmocka_unit_test(test_units_under_years),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
