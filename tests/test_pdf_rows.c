/* test_pdf_rows.c: tables of PDF pages whose cells take several lines, told from columns of text.
 */
#include "tests/pdf_make.h"

/* Lines of one cell: heads that stack up, headings over several columns, rows set apart. */
static void test_wrapped_cells(void **state)
{
    (void)state;
    struct buf b = {0};
    line(&b, "F", 10, 72, 80, "Some words stand before the table.");
    line(&b, "F", 10, 249, 120, "Catch");
    line(&b, "F", 10, 160, 132, "Ships at");
    line(&b, "F", 10, 220, 132, "Cod");
    line(&b, "F", 10, 272, 132, "Herring");
    line(&b, "F", 10, 72, 144, "Harbour");
    line(&b, "F", 10, 160, 144, "work");
    line(&b, "F", 10, 220, 144, "in tons");
    line(&b, "F", 10, 272, 144, "in tons");
    static const char *const name[] = {"Vardo", "Bodo", "Hammerfest", "Alta"};
    for (int r = 0; r < 4; r++) {
        char n[16];
        line(&b, "F", 10, 72, 164 + 14 * r, name[r]);
        for (int c = 0; c < 3; c++) {
            snprintf(n, sizeof n, "%d", 11 * (r + 2) + 7 * c);
            line(&b, "F", 10, 160 + 60 * c, 164 + 14 * r, n);
        }
    }
    struct got g = get_checked(&b);
    assert_true(holds(&g, "Harbour | Ships at work | Catch\nCod in tons | Herring in tons\n"
                          "Vardo | 22 | 29 | 36\n"));
    drop(&g);

    b = (struct buf){0};
    static const char *const row[4][3][2] = {
        {{"Pilot"}, {"Brings ships past the", "outer buoy"}, {"all year"}},
        {{"Harbour", "master"}, {"Gives out berths"}, {"office hours"}},
        {{"Tug"}, {"Pulls what cannot go", "by itself"}, {"on request"}},
        {{"Crane"}, {"Loads and unloads"}, {"from six", "to ten"}}};
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 3; c++)
            for (int l = 0; l < 2 && row[r][c][l]; l++)
                line(&b, "F", 10, 72 + 130 * c, 120 + 34 * r + 12 * l, row[r][c][l]);
    g = get_checked(&b);
    assert_true(holds(&g, "Pilot | Brings ships past the outer buoy | all year\n"
                          "Harbour master | Gives out berths | office hours\n"
                          "Tug | Pulls what cannot go by itself | on request\n"
                          "Crane | Loads and unloads | from six to ten\n"));
    drop(&g);
}

/* Three rows with cells of several lines, the short ones in the middle; `apart` is what rows are
 * apart beyond lines.  `ground`: each second row stands on a ground of its own.  Returns where the
 * table ends. */
static double tall_rows(struct buf *b, double y, double apart, bool ground)
{
    static const char *const text[3][2][3] = {
        {{"Reading"},
         {"whatever is kept about you and all", "that others have been told of it,",
          "now or later"}},
        {{"Setting it right", "where it is wrong"},
         {"the office has a month to do it and", "says when it is done"}},
        {{"Erasing"},
         {"data that nobody needs any more, as", "soon as somebody asks for that, and",
          "copies too"}}};
    line(b, "B", 10, 72, y, "Right");
    line(b, "B", 10, 240, y, "What it means");
    y += 12 + apart;
    for (int r = 0; r < 3; r++) {
        int lines[2] = {0, 0};
        for (int c = 0; c < 2; c++)
            while (lines[c] < 3 && text[r][c][lines[c]]) lines[c]++;
        double height = 12 * (lines[0] > lines[1] ? lines[0] : lines[1]);
        if (ground && r % 2 == 0)
            buf_addf(b, "0.9 g 70 %g 380 %g re f 0 g\n", 810 - y - height, height);
        for (int c = 0; c < 2; c++)
            for (int i = 0; i < lines[c]; i++)
                line(b, "F", 10, c ? 240 : 72, y + 0.5 * (height - 12 * lines[c]) + 12 * i,
                     text[r][c][i]);
        y += height + apart;
    }
    return y;
}

/* No line is drawn: the white tells rows from lines of a cell, or the ground that rows stand on.
 * Text between two such tables is of neither. */
static void test_tall_rows(void **state)
{
    (void)state;
    static const char rows[] = "Right | What it means\n"
                               "Reading | whatever is kept about you and all that others have been "
                               "told of it, now or later\n"
                               "Setting it right where it is wrong | the office has a month to do "
                               "it and says when it is done\n"
                               "Erasing | data that nobody needs any more, as soon as somebody "
                               "asks for that, and copies too\n";
    for (int ground = 0; ground < 2; ground++) {
        struct buf b = {0};
        double y = tall_rows(&b, 100, ground ? 1 : 4, ground);
        line(&b, "F", 10, 72, y + 3,
             "Text as wide as both columns stands between the tables, and it goes on and");
        line(&b, "F", 10, 72, y + 15, "on for as many lines as it likes, since nobody minds it.");
        tall_rows(&b, y + 32, ground ? 1 : 4, ground);
        struct got g = get_checked(&b);
        const char *first = strstr(g.d->text.s, rows);
        assert_non_null(first);
        assert_non_null(strstr(first + 1, rows));
        drop(&g);
    }
}

/* n rows of cells, from y = 100 down, their columns at x; empty ones are not there. */
static void put_cells(struct buf *b, const char *const (*cell)[3], size_t n, const double *x, double leading)
{
    for (size_t r = 0; r < n; r++)
        for (int c = 0; c < 3; c++)
            if (*cell[r][c]) line(b, "F", 10, x[c], 100 + leading * (double)r, cell[r][c]);
}

/* What programs do, in words that fill their column or begin small: each is a row of its own. */
static void test_list_of_commands(void **state)
{
    (void)state;
    static const char *const cell[][3] = {
        {"open", "reads the file and gives its size in bytes", "r"},
        {"shut", "ends what open began and frees its store", "w"},
        {"", "as well as what it holds in other places", ""},
        {"seek", "moves to a place in the file given by it", "rw"},
        {"tell", "says at which place in the file it stands", "r"},
        {"read", "takes bytes from the file and gives them", "r"},
        {"", "to who asks, as many as there are in it", ""},
        {"send", "puts bytes into the file where it stands", "w"}};
    struct buf b = {0};
    put_cells(&b, cell, sizeof cell / sizeof *cell, (const double[]){72, 130, 340}, 11.5);
    struct got g = get_checked(&b);
    assert_true(holds(&g, "\nseek | moves to a place in the file given by it | rw\n"
                          "tell | says at which place in the file it stands | r\nread | "));
    drop(&g);
}

/* Cells of sentences with no white between the rows: what the shorter cell of a row leaves blank,
 * and that all cells begin side by side, tells that they are no columns of text.  Two columns of
 * text whose paragraphs are a line apart are columns. */
static void test_sentences(void **state)
{
    (void)state;
    static const char *const cell[][2][3] = {
        {{"The harbour is kept open by", "boats that break the ice.", ""},
         {"From the first frost on, also at", "night, as far out as the second", "light."}},
        {{"Ships are led in by a pilot.", "", ""},
         {"A pilot comes on board where", "the deep water ends and the", "islands begin."}},
        {{"Goods that lie on the quay for", "longer than three days are", "stored."},
         {"Their owner pays for the store.", "", ""}},
        {{"Nets are not laid in the way of", "ships.", ""},
         {"The harbour master may have", "them taken up at any time, and", "keeps them."}},
        {{"Fires are out at nightfall.", "", ""},
         {"The watch goes round and looks", "at every ship.", ""}},
        {{"Lights burn until the morning.", "", ""},
         {"Who lets them go out pays for", "what comes of it.", ""}}};
    for (int table = 0; table < 2; table++) {
        struct buf b = {0};
        int at[2] = {0, 0};
        for (size_t r = 0; r < sizeof cell / sizeof *cell; r++) {
            for (int c = 0; c < 2; c++) {
                for (int i = 0; i < 3 && *cell[r][c][i]; i++)
                    line(&b, "F", 10, c ? 240 : 72, 100 + 12 * at[c]++, cell[r][c][i]);
                at[c] += !table; /* a blank line behind each paragraph */
            }
            if (table) at[0] = at[1] = at[0] > at[1] ? at[0] : at[1];
        }
        struct got g = get_checked(&b);
        if (table)
            assert_true(holds(&g,
                              "boats that break the ice. | From the first frost on, also at night, "
                              "as far out as the second light.\nShips are led in by a pilot. | A "
                              "pilot comes on board where"));
        else
            assert_true(!holds(&g, " | ") &&
                        strstr(g.d->text.s, "Lights burn") < strstr(g.d->text.s, "From the first"));
        drop(&g);
    }
}

/* Two columns of text that are read as they were written, and a table in one of them whose rows
 * were written so, too: its rows are one table, however its cells stand to the ones before. */
static void test_written_rows(void **state)
{
    (void)state;
    static const char *const cell[][3] = {{"Long live the", "Yes", "4"},
                                          {"Oslo", "A reason", "5"},
                                          {"Bergen and the", "No", "12"},
                                          {"Hamar", "A doubt", "3"}};
    static const char *const text = "words of a column that go on and fill";
    struct buf b = {0};
    int right = 0;
    for (int i = 0; i < 9; i++) line(&b, "F", 10, 60, 100 + 12 * i, text);
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 3; c++) line(&b, "F", 10, 60 + 76 * c, 216 + 12 * r, cell[r][c]);
    for (; right < 13; right++) line(&b, "F", 10, 252, 100 + 12.7 * right, text);
    struct got g = get_checked(&b);
    assert_true(
        holds(&g, "\nOslo | A reason | 5\nBergen and the | No | 12\nHamar | A doubt | 3\n"));
    drop(&g);
}

/* Two columns of verse are no table, though each line of one is written before that beside it. */
static void test_verse(void **state)
{
    (void)state;
    static const char *const verse[] = {"The ships went out at nightfall", "and none of them",
                                        "Came home before the harbour",    "had seen the snow",
                                        "And who would ask the water",     "where they had gone",
                                        "When all the lamps are burning",  "along the quay"};
    struct buf b = {0};
    for (int i = 0; i < 24; i++) {
        line(&b, "F", 11, 72, 80 + 14 * i, verse[i % 8]);
        line(&b, "F", 11, 330, 80 + 14 * i, verse[(i * 5 + 3) % 8]);
    }
    struct got g = get_checked(&b);
    assert_false(holds(&g, " | "));
    drop(&g);
}

/* Writes a row cell by cell; a cell's lines end in "\n".  `down`: the part of what a short cell
 * leaves blank that stands above it.  Returns where the row ends. */
static double written_row(struct buf *b, double y, int columns, const double *left,
                          const char *const *cell, double down)
{
    int lines[4] = {0}, most = 0;
    for (int c = 0; c < columns; c++) {
        for (const char *s = cell[c]; *s; s++) lines[c] += *s == '\n';
        if (lines[c] > most) most = lines[c];
    }
    for (int c = 0; c < columns; c++) {
        const char *s = cell[c];
        for (int i = 0; i < lines[c]; i++) {
            char one[80];
            size_t n = strcspn(s, "\n");
            snprintf(one, sizeof one, "%.*s", (int)n, s);
            line(b, "F", 10, left[c], y + 12 * (down * (most - lines[c]) + i), one);
            s += n + 1;
        }
    }
    return y + 12 * most;
}

/* Rows that touch, whose short cells stand in the middle: only the order in which the cells were
 * written tells the rows. */
static void test_written_cells(void **state)
{
    (void)state;
    static const double left[] = {72, 172, 337};
    static const char *const cell[][3] = {
        {"Open water\n",
         "Boats may lie here at anchor\nas long as the wind is from\nthe land and no storm is\n"
         "near.\n",
         "A light is shown at night\nfrom the mast.\n"},
        {"Quay\nand slip\n", "Room for ten.\n",
         "Goods are landed here and\nbrought to the store by\nthose who own them.\n"},
        {"Store\n",
         "What is brought here is kept\ndry for a month, or longer\nwhere this was agreed.\n",
         "Nobody sleeps here.\n"},
        {"Yard\n", "Ships are mended here.\n",
         "Tar is boiled at the far end\nof the yard, never beside the\ntimber, and in no wind\n"
         "from it.\n"},
        {"Chapel\non the hill\n",
         "It serves as a mark for those\nwho come in from the south\nin the morning.\n",
         "The door is not locked at any\ntime of the year.\n"}};
    struct buf b = {0};
    double y = 100;
    for (size_t r = 0; r < sizeof cell / sizeof *cell; r++)
        y = written_row(&b, y, 3, left, cell[r], 0.5);
    struct got g = get_checked(&b);
    assert_true(holds(
        &g, "Quay and slip | Room for ten. | Goods are landed here and brought to the store by "
            "those who own them.\n"
            "Store | What is brought here is kept dry for a month, or longer where this was "
            "agreed. | Nobody sleeps here.\n"
            "Yard | Ships are mended here. | Tar is boiled at the far end of the yard"));
    drop(&g);
}

/* A caption between two tables whose columns differ: each is a table of its own. */
static void test_caption_between(void **state)
{
    (void)state;
    static const double left[] = {72, 172, 292, 412};
    static const char *const above[][2] = {
        {"Place\n", "Use\n"},
        {"Open water\n", "Boats may lie here at anchor as long as the wind is from\n"
                         "the land and no storm is near.\n"},
        {"Quay\n", "Goods are landed here and brought to the store by those\nwho own them.\n"},
        {"Yard\n", "Ships are mended.\n"},
        {"Chapel\n", "It serves as a mark for those who come in from the south,\n"
                     "early in the morning.\n"}};
    static const char *const below[][4] = {
        {"Place\n", "Use\n", "Rule\n", "Reason\n"},
        {"Open water\n", "Boats may lie here\nat anchor in good\nweather.\n", "A light is shown.\n",
         "Others would run\ninto them.\n"},
        {"Quay\n", "Goods are landed\nand stored.\n", "Nobody may leave\nthem here for the\nnight.\n",
         "There is no room\nfor that on a quay\nas small as this\none.\n"},
        {"Yard\n", "Ships are mended.\n", "Tar is boiled far\nfrom the timber.\n", "It burns.\n"},
        {"Chapel\n", "It serves as a mark\nfor ships.\n", "Its door is never\nlocked.\n",
         "Whoever comes may\nstay there as long\nas they like.\n"}};
    struct buf b = {0};
    double y = 100;
    for (size_t r = 0; r < sizeof above / sizeof *above; r++)
        y = written_row(&b, y, 2, left, above[r], 0);
    line(&b, "F", 10, 150, y + 12, "Table 2. What the places are used for");
    y += 30;
    for (size_t r = 0; r < sizeof below / sizeof *below; r++)
        y = written_row(&b, y, 4, left, below[r], 0);
    struct got g = get_checked(&b);
    assert_true(holds(&g, "\nQuay | Goods are landed here and brought to the store by those who own "
                          "them.\nYard | Ships are mended.\n"));
    assert_true(holds(&g, "\nTable 2. What the places are used for\n"));
    assert_true(holds(&g, "\nQuay | Goods are landed and stored. | Nobody may leave them here for the "
                          "night. | There is no room for that on a quay as small as this one.\n"));
    drop(&g);
}

/* Blocks of text in two columns, written one after the other, are no rows. */
static void test_written_blocks(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int k = 0; k < 10; k++)
        for (int i = 0; i < 7; i++)
            line(&b, "F", 10, k % 2 ? 320 : 72, 80 + 96 * (k / 2) + 12 * i,
                 i == 6  ? "and ends with it."
                 : i % 2 ? "that goes on in a line as long as this"
                         : "one of several blocks of text on a page");
    struct got g = get_checked(&b);
    assert_false(holds(&g, " | "));
    drop(&g);
}

/* Names of groups beside their members, each of which takes one line or two: a table, however much
 * of it is text.  An index has breaks, too, and is read column by column. */
static void test_groups(void **state)
{
    (void)state;
    static const char *const cell[][3] = {
        {"Harbour and sea", "take_in_all_sail", "gives the boat less way, when the wind"},
        {"", "", "rises"},
        {"", "cast_the_anchor", "holds it where the water is not deep"},
        {"", "light_the_lamps", "shows it to others"},
        {"Quay and store", "land_the_goods", "brings them to the store"},
        {"", "pay_what_is_due", "is done before they leave it"},
        {"Yard and forge", "mend_the_ships", "is work for the winter"},
        {"", "boil_all_the_tar", "is not done beside the timber"},
        {"", "cut_the_timber", "makes planks of it"},
        {"Chapel and hill", "ring_the_bells", "tells of a storm"},
        {"", "light_the_fires", "tells of a wreck"}};
    struct buf b = {0};
    put_cells(&b, cell, sizeof cell / sizeof *cell, (const double[]){72, 170, 270}, 12);
    struct got g = get_checked(&b);
    assert_true(holds(&g, "\nQuay and store | land_the_goods | brings them to the store\n"
                          "pay_what_is_due | is done before they leave it\n"
                          "Yard and forge | mend_the_ships | is work for the winter\n"));
    drop(&g);

    b = (struct buf){0};
    for (int c = 0; c < 2; c++)
        for (int i = 0; i < 26; i++)
            if (c || i % 6 != 5)
                line(&b, "F", 10, c ? 320 : 72, 100 + 12 * i,
                     i % 2 ? "anchors of boats, 12" : "berths, 7, 104");
    g = get_checked(&b);
    assert_false(holds(&g, " | "));
    drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrapped_cells),    cmocka_unit_test(test_tall_rows),
        cmocka_unit_test(test_list_of_commands), cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_written_rows),     cmocka_unit_test(test_verse),
        cmocka_unit_test(test_written_cells),    cmocka_unit_test(test_written_blocks),
        cmocka_unit_test(test_caption_between),
        cmocka_unit_test(test_groups),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
