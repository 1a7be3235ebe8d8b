/* test_pdf_hangul.c: whether a word of hangul goes on in the next line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "extract/pdf_hangul.h"
#include "extract/pdf_text.h"

enum { WORDS = 240, WIDTH = 11, LINES = 400 };

/* Words as a sentence has them: a few stems, endings of their own.  Of the 35 forms each seventh is
 * left out, or only those are written: they have the same stems and endings as others. */
static void write_words(struct buf *out, bool left_out)
{
    static const char *const stem[] = {"나무", "바다", "사람", "기차", "도시", "학교", "마을"};
    static const char *const end[] = {"는", "을", "에서", "으로", "와"};
    for (int i = 0, n = 0; n < WORDS; i++) {
        int a = (i * 5 + i / 7) % 7, b = (i * 3 + i / 5) % 5;
        if (((2 * a + b) % 7 == 0) != left_out) continue;
        buf_addf(out, "%s%s%s", n++ ? " " : "", stem[a], end[b]);
    }
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

static struct hangul *learn(struct arena *a)
{
    struct buf b = {0};
    struct pdf_line v[LINES] = {0};
    bool joins[LINES];
    write_words(&b, false);
    struct pdf_page page = {.v = v, .n = break_lines(v, joins, (struct str){b.s, b.n}, false)};
    struct pdf_doc d = {.v = &page, .n = 1};
    struct hangul *h = hangul_collect(&d, a);
    buf_free(&b);
    return h;
}

/* Word forms of which the document has none: what stands within them, and between them. */
static void test_broken(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct buf b = {0};
    struct pdf_line v[LINES] = {0};
    bool joins[LINES];
    size_t right[2] = {0}, both[2] = {0};
    struct hangul *h = learn(a);
    assert_non_null(h);
    write_words(&b, true);
    size_t n = break_lines(v, joins, (struct str){b.s, b.n}, false);
    for (size_t i = 0; i + 1 < n; i++) {
        bool on = hangul_goes_on(h, text_last(v[i].text), text_first(v[i + 1].text));
        right[joins[i]] += on == joins[i];
        both[joins[i]]++;
    }
    assert_true(both[0] > 10 && both[1] > 10);
    for (int i = 0; i < 2; i++) assert_true(10 * right[i] >= 9 * both[i]);
    buf_free(&b);
    arena_free(a);
}

/* Beside syllables that the document never has: an ending keeps its blank, the beginning of a stem
 * has none.  Asking changes nothing. */
static void test_unseen(void **state)
{
    static const struct {
        uint32_t a, b;
        bool goes_on;
    } ends[] = {
        {0xC640, 0xAC15, false}, /* wa | gang         */
        {0xC11C, 0xC0B0, false}, /* [e]seo | san      */
        {0xC744, 0xC624, false}, /* eul | o           */
        {0xB098, 0xBD80, true},  /* na- | bu          */
        {0xBC14, 0xB2E5, true},  /* ba- | dak          */
        {0xD559, 0xC0DD, true},  /* hak- | saeng      */
    };
    (void)state;
    struct arena *a = arena_new();
    struct hangul *h = learn(a);
    assert_non_null(h);
    for (int again = 0; again < 2; again++)
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
            assert_int_equal(hangul_goes_on(h, ends[i].a, ends[i].b), ends[i].goes_on);
    arena_free(a);
}

/* More pairs than are counted: what is known stays known. */
static void test_many_pairs(void **state)
{
    enum { MANY = 70000, BYTES = 16 };
    (void)state;
    struct arena *a = arena_new();
    struct pdf_line *v = calloc(MANY, sizeof *v);
    char *text = calloc(MANY, BYTES);
    for (size_t i = 0; i < MANY; i++) {
        char *s = text + BYTES * i;
        size_t n = utf8_put((uint32_t)(0xAC00 + i * 7919 % 11172), s);
        if (i % 3 == 0) s[n++] = ' ';
        n += utf8_put((uint32_t)(0xAC00 + i * 104729 / 7 % 11172), s + n);
        v[i].text = (struct str){s, n};
        v[i].at = (struct line){.u1 = 100, .size = 10, .row = (int)i};
        v[i].right = 100;
    }
    for (size_t i = 0; i < 200; i++) v[i].text = str_of(i % 2 ? "나무" : "와 나");
    struct pdf_page page = {.v = v, .n = MANY};
    struct pdf_doc d = {.v = &page, .n = 1};
    struct hangul *h = hangul_collect(&d, a);
    assert_non_null(h);
    assert_true(hangul_goes_on(h, 0xB098, 0xBB34));
    assert_false(hangul_goes_on(h, 0xC640, 0xB098));
    free(v);
    free(text);
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
    write_words(&b, false);
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
        cmocka_unit_test(test_unseen),
        cmocka_unit_test(test_many_pairs),
        cmocka_unit_test(test_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
