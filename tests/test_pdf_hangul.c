/* test_pdf_hangul.c: whether a word of hangul goes on in the next line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "extract/pdf_hangul.h"
#include "extract/pdf_text.h"

enum { WORDS = 240, WIDTH = 11, LINES = 400 };

/* Words as a sentence has them: a few stems, endings of their own. */
static void write_words(struct buf *out)
{
    static const char *const stem[] = {"나무", "바다", "사람", "기차", "도시", "학교", "마을"};
    static const char *const end[] = {"는", "을", "에서", "으로", "와"};
    for (int i = 0; i < WORDS; i++)
        buf_addf(out, "%s%s%s", i ? " " : "", stem[(i * 5 + i / 7) % 7], end[(i * 3 + i / 5) % 5]);
}

/* Lines of WIDTH signs, a blank at their ends left out; or broken at blanks only.  joins[i]: a word
 * goes on behind line i. */
static size_t break_lines(struct pdf_line *v, bool *joins, struct str s, bool at_blanks)
{
    size_t n = 0;
    for (size_t from = 0; from < s.n;) {
        size_t to = from, blank = 0;
        for (int k = 0; k < WIDTH && to < s.n; k++) {
            uint32_t cp;
            to += utf8_next(s.s + to, s.n - to, &cp);
            if (cp == ' ') blank = to;
        }
        if (at_blanks && to < s.n) to = blank;
        size_t end = s.s[to - 1] == ' ' ? to - 1 : to;
        joins[n] = to < s.n && end == to && s.s[to] != ' ';
        v[n].text = (struct str){s.s + from, end - from};
        v[n].at = (struct line){.u1 = 100, .size = 10, .row = (int)n};
        v[n++].right = 100;
        from = to + (to < s.n && s.s[to] == ' ');
    }
    return n;
}

static void test_broken(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct buf b = {0};
    struct pdf_line v[LINES] = {0};
    bool joins[LINES];
    write_words(&b);
    struct pdf_page page = {.v = v, .n = break_lines(v, joins, (struct str){b.s, b.n}, false)};
    struct pdf_doc d = {.v = &page, .n = 1};
    struct hangul *h = hangul_collect(&d, a);
    assert_non_null(h);
    size_t right = 0, both[2] = {0};
    for (size_t i = 0; i + 1 < page.n; i++) {
        bool on = hangul_goes_on(h, text_last(v[i].text), text_first(v[i + 1].text));
        right += on == joins[i];
        both[joins[i]]++;
    }
    assert_true(both[0] > 10 && both[1] > 10);
    assert_true(10 * right >= 9 * (page.n - 1));
    buf_free(&b);
    arena_free(a);
}

/* A document whose lines end where words do has a blank at each; so has one of few lines. */
static void test_whole(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct buf b = {0};
    struct pdf_line v[LINES] = {0};
    bool joins[LINES];
    write_words(&b);
    struct pdf_page page = {.v = v, .n = break_lines(v, joins, (struct str){b.s, b.n}, true)};
    struct pdf_doc d = {.v = &page, .n = 1};
    assert_null(hangul_collect(&d, a));
    page.n = break_lines(v, joins, (struct str){b.s, b.n}, false);
    page.n = 4;
    assert_null(hangul_collect(&d, a));
    buf_free(&b);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
