/* Rich Text Format: what is read of it, and where it stands. */
#include "tests/reader_check.h"

static struct result rtf(const char *source)
{
    struct buf f = {0};
    buf_addz(&f, source);
    return run(read_rtf, "rtf", &f, NULL);
}

static void text_and_characters(void **state)
{
    (void)state;
    static const char source[] =
        "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Times;}{\\f1\\fcharset128 Mincho;}{\\f2\\fcharset204 Cyr;}}"
        "{\\info{\\title The title}{\\author X}}{\\*\\generator G}\n"
        "One {\\b bold}  caf\\'e9 \\u8364?\\~x \\{y\\}\\par\n"
        "\\uc2\\u-10179??\\u-8704?? {\\f1\\'93\\'fa\\'96\\'7b} {\\f2\\'cf\\'f0}\\emdash end\\par"
        "{\\v secret}{\\deleted gone}shown\\line next\\tab z\\par}";
    struct result r = rtf(source);
    expect_text(&r, "One bold caf\xc3\xa9 \xe2\x82\xac x {y}\n\n\xf0\x9f\x98\x80 \xe6\x97\xa5\xe6\x9c\xac "
                    "\xd0\x9f\xd1\x80\xe2\x80\x94" "end\n\nshown\nnext\tz");
    assert_string_equal(r.d->title, "The title");
    assert_string_equal(r.d->note, "left out 6 hidden characters");
    struct place p = place_of(&r, "bold");
    assert_int_equal(p.line0, 1);
    assert_memory_equal(source + p.byte0, "bold", 4);
    assert_int_equal(p.byte1 - p.byte0, 4);
    p = place_of(&r, "\xe6\x97\xa5\xe6\x9c\xac");
    assert_memory_equal(source + p.byte0, "\\'93\\'fa\\'96\\'7b", 16);
    assert_int_equal(p.byte1 - p.byte0, 16);
    assert_int_equal(place_of(&r, "next").line0, 3);
    assert_string_equal(p.units.line, "paragraph");
    done(&r);
}

static void tables_lists_headings_and_notes(void **state)
{
    (void)state;
    struct result r = rtf(
        "{\\rtf1{\\stylesheet{\\s1 heading 1;}{\\s2\\outlinelevel1 Other;}}{\\header running}"
        "\\pard\\s1 Head\\par\\pard\\s2 Below\\par\\pard text{\\footnote \\pard The {\\i note}.\\par}\\par"
        "\\pard{\\listtext 1.\\tab}first\\par{\\listtext\\'b7\\tab}second\\par{\\*\\pn x}"
        "\\trowd\\pard\\intbl a\\cell b\\par c\\cell\\row\\trowd\\pard\\intbl d\\cell e\\cell\\row"
        "\\pard after{\\pict 0123}{\\field{\\*\\fldinst LINK}{\\fldrslt shown}}{\\*\\annotation hm}\\par}");
    expect_text(&r, "Head\n\nBelow\n\ntext[1]\n\n[1] The note.\n\n1. first\n- second\n\na | b c\nd | e\n\n"
                    "aftershown");
    assert_int_equal(r.d->n_headings, 2);
    assert_int_equal(r.d->headings[1].level, 2);
    assert_string_equal(r.d->note, "left out 1 comment");
    done(&r);
}

static void hostile_and_broken(void **state)
{
    (void)state;
    struct buf f = {0};
    buf_addz(&f, "{\\rtf1 top ");
    for (int i = 0; i < 200000; i++) buf_addz(&f, "{\\b ");
    buf_addz(&f, "deep");
    for (int i = 0; i < 200000; i++) buf_addz(&f, "}");
    buf_addz(&f, " end}");
    struct result r = run(read_rtf, "rtf", &f, NULL);
    expect_text(&r, "top end");
    done(&r);
    static const char *const odd[] = {
        "{\\rtf1 a\\bin999999999999 b}", "{\\rtf1 a\\'", "{\\rtf1 a\\u", "{\\rtf1 a\\u99999999999?b}",
        "{\\rtf1 a}}}}}b", "{\\rtf1 a\\", "{\\rtf1 a\\cell\\row\\cell\\nestrow", "{\\rtf1{\\footnote{\\footnote a}b}",
        "{\\rtf1 a{\\*\\unknown b}", "{\\rtf1\\uc99 a\\u65", "{\\rtf1\\f-5\\ansicpg-1 a\\'ff", "{\\rtf1 a\\u55357?",
        "{\\rtf1{\\listtext}{\\listtext 1}a", "{\\rtf1{\\fonttbl\\fcharset2}{\\stylesheet heading 1;}a",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        r = rtf(odd[i]);
        assert_true(r.r == OK || r.r == E_EMPTY);
        done(&r);
    }
    r = rtf("{\\rt");
    assert_int_equal(r.r, E_FORMAT);
    done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_characters),
        cmocka_unit_test(tables_lists_headings_and_notes),
        cmocka_unit_test(hostile_and_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
