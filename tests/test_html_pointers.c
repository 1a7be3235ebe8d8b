/* test_html_pointers.c: what leads from an article to other pages. */
#include "tests/html_check.h"

static void check_words(const struct got *g, const char *html, bool kept)
{
    bool found = strstr(g->d->text.s, "words in question") || strstr(g->d->text.s, "WORDS IN");
    if (found != kept) fail_msg("%s", html);
    assert_non_null(strstr(g->d->text.s, "It ends here"));
}

/* Between the paragraphs of an article stand pointers to other pages; what only begins like one, or
 * holds a link, is text. */
static void test_pointers(void **state)
{
    (void)state;
    static const char *const text[] = {
        "<p>The words in question <a href=/x>lead to a page</a>, among others.</p>",
        "<p><a href='https://e.org/law'>Directive 2011/83/EU on the words in question</a></p>",
        "<p><a href=/1>Chapter 1: The words in question</a></p><p><a href=/2>Chapter 2: Their answer"
        "</a></p>",
        "<p>A sentence ends.</p><ul><li><a href=/x>The words in question, which are a title</a></ul>",
        "<h2>Further reading</h2><ul><li>Singer, <a href=/x>The words in question</a>, Science 1972"
        "</ul>",
        "<p><a name=q>The words in question are the question of an interview?</a></p>",
        "<p><a href=#q>The words in question lead to a place below.</a></p>",
        "<p><a href=https://example.org/words>https://example.org/The words in question</a></p>",
        "<p>See also the words in question, which lead nowhere.</p>",
        "<p>Advertisement is the matter of the words in question.</p>",
        "<p>Subscribe with the words in question, on a form.</p>",
        "<p>Become a member of the words in question in three steps.</p>",
        "<p>Tags: the words in question, which are a list</p>",
        "<h3>Follow us</h3><p>to the words in question.</p>",
        "<h3>See also</h3><ul><li><a href=/x>a page</a> and the words in question, which explain at "
        "length what else stands on it, and why</ul>",
        "<h2>Related work</h2><p>The words in question.</p>",
        "<h2>Comments</h2><p>The words in question.</p>",
        "<ul><li><a href=/x>The words in question</a></ul>",
        "<p>The pages are these:</p><ul><li><a href=/x>The words in question, which are a title</a></ul>",
        "<p><a href='mailto:jane@example.org'>The words in question reach Jane Doe</a></p>",
        "<p>The words in question come from <a href='https://github.com/owid'>OWID</a> and <a "
        "href='https://www.kaggle.com/datasets'>Kaggle</a>.</p>",
        "<p>The words in question: <a href='https://x.com/jane'>X</a>, <a href='https://fb.com/jane'>F</a></p>",
        "<table><tr><th>a<th>b<tr><td><p><a href=/x>The words in question are data</a></p><td>1"
        "</table>"};
    static const char *const pointers[] = {
        "<p>READ MORE: <a href=/x>The words in question</a></p>",
        "<p>\xc3\x80 lire aussi : <a href=/x>The words in question</a></p>",
        "<h3>You may also like...</h3><p><a href=/x>The words in question</a></p>",
        "<p><b>Weitere Artikel zum Thema:</b></p><ul><li><a href=/x>The words in question</a></ul>",
        "<p><b>More:</b></p><ul><li><a href=/y>one</a></ul><p><a href=/x>The words in question</a>",
        "<div><div><h3>Recommended</h3></div></div><div><a href=/x>The words in question</a></div>",
        "<h3>Read more</h3><ul><li>Today: <a href=/x>The words in question</a></ul>",
        "<h3>Related</h3><article><a href=/y>one</a><p>The words in question, from its start."
        "</article>",
        "<p><a href=/x>Subscribe to our newsletter</a> for the words in question.</p>",
        "<p>Tags: <a href=/x>The words in question</a>, <a href=/y>others</a></p>"};
    for (size_t i = 0; i < sizeof text / sizeof *text + sizeof pointers / sizeof *pointers; i++) {
        bool kept = i < sizeof text / sizeof *text;
        const char *html = kept ? text[i] : pointers[i - sizeof text / sizeof *text];
        struct got g = get_article(html);
        check_words(&g, html, kept);
        assert_null(strstr(g.d->text.s, "also like"));
        assert_null(strstr(g.d->text.s, "Weitere"));
        drop(&g);
    }
    struct got g = get_article("<p>Advertisement</p><div>Werbung:</div><p>Print</p><p><a href=/x>Share</a>");
    assert_null(strstr(g.d->text.s, "Advertisement"));
    assert_null(strstr(g.d->text.s, "Werbung"));
    assert_null(strstr(g.d->text.s, "Share"));
    assert_non_null(strstr(g.d->text.s, "Print"));
    drop(&g);
}

/* An article of news calls out others of its site; a link to another site is a source. */
static void test_news(void **state)
{
    (void)state;
    static const char *const text[] = {
        "<p><a href=/x>The words in question are a page of this site</a></p>",
        "<p><a href='https://e.org/x'>THE WORDS IN QUESTION, ELSEWHERE</a></p>",
        "<p><a href='https://notexample.org/x'>THE WORDS IN QUESTION, ELSEWHERE</a></p>",
        "<p>A sentence ends.</p><ul><li><a href='https://e.org/x'>The words in question, a title</a></ul>",
        "<p>A sentence ends.</p><a href='https://e.org/x'>Elsewhere: the words in question</a>",
        "<p>The pages are these:</p><ul><li><a href=/x>The words in question, which are a title</a></ul>",
        "<p><i>Ask <a href='mailto:jane@e.org'>Jane</a> for the words in question.</i></p>"};
    static const char *const pointers[] = {
        "<p><strong><a href=/x>THE WORDS IN QUESTION, ELSEWHERE</a></strong></p>",
        "<p><a href='https://example.org/x'>THE WORDS IN QUESTION, ELSEWHERE</a></p>",
        "<p><a href='http://video.example.org/x'>THE WORDS IN QUESTION, ELSEWHERE</a></p>",
        "<p>A sentence ends.</p><ul><li><a href=/x>The words in question, which are a title</a></ul>",
        "<div><p>A sentence ends.</p><a href=/x><span>Elsewhere: the words in question</span></a><p>It goes "
        "on.</p></div>"};
    for (size_t i = 0; i < sizeof text / sizeof *text + sizeof pointers / sizeof *pointers; i++) {
        bool kept = i < sizeof text / sizeof *text;
        const char *html = kept ? text[i] : pointers[i - sizeof text / sizeof *text];
        struct got g = get_news(html);
        check_words(&g, html, kept);
        drop(&g);
    }
}

/* Whether boxes stay that have a heading and something else each; `around`: what they stand in, or "". */
static bool keeps_boxes(const char *around, const char *box, const char *heading, const char *rest, int boxes)
{
    struct buf row = {0};
    if (*around) buf_addf(&row, "<%s>", around);
    for (int i = 0; i < boxes; i++)
        buf_addf(&row, "<%s>%s%s</%.*s>", box, heading, rest, (int)strcspn(box, " "), box);
    if (*around) buf_addf(&row, "</%s>", around);
    struct got g = get_page("<meta property=og:url content='https://example.org/2'>", row.s);
    bool kept = strstr(g.d->text.s, "words in question");
    assert_non_null(strstr(g.d->text.s, "It ends here"));
    drop(&g), buf_free(&row);
    return kept;
}

static const char teaser[] = "<p>The words in question, in one sentence, which says with commas, and "
                             "at some length, what it is that is said on the page that is called out here.</p>";
static const char home[] = "<h3><a href=/x>Elsewhere</a></h3>";

/* Boxes side by side whose headings lead to other pages of the site call these out.  Where there is little
 * else, they are what the page says. */
static void test_cards(void **state)
{
    (void)state;
    assert_false(keeps_boxes("section", "div class=c", home, teaser, 3));
    assert_false(keeps_boxes("ul", "li", home, teaser, 3));
    assert_false(keeps_boxes("section", "article", "<a href='https://www.example.org/x'><h3>Elsewhere</h3></a>",
                             teaser, 3));
    assert_true(keeps_boxes("section", "div class=c", home, teaser, 2));
    assert_true(keeps_boxes("section", "div class=c", home, teaser, 200));
}

/* What leads to another site is what an article is about, in an <article> as well; a heading that leads to
 * itself, with or without the page's address before the #, is one of the text. */
static void test_linked_headings_are_no_cards(void **state)
{
    (void)state;
    static const char *const headings[] = {"<a href='https://e.org/x'><h3>A product</h3></a>",
                                           "<h3><a href='#x'>Below</a></h3>",
                                           "<h3><a href='2#x'>Below</a></h3>",
                                           "<h3><a href='https://example.org/2#x'>Below</a></h3>",
                                           "<h3>A <a href=/x>part</a></h3>"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
        assert_true(keeps_boxes("section", "div class=c", headings[i], teaser, 5));
        assert_true(keeps_boxes("section", "article", headings[i], teaser, 5));
    }
}

/* Sections of the text itself have more than a teaser, name themselves steps, or stand between paragraphs. */
static void test_sections_are_no_cards(void **state)
{
    (void)state;
    struct buf two = {0};
    buf_addf(&two, "%s%s", teaser, teaser);
    assert_true(keeps_boxes("section", "section class=c", home, two.s, 3));
    assert_true(keeps_boxes("section", "section class=c", home,
                            "<ul><li>The words in question.</li><li>Another change.</li></ul>", 3));
    assert_true(keeps_boxes("section", "div class=step", home, teaser, 3));
    assert_true(keeps_boxes("", "section class=c", home, teaser, 3));
    buf_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_news),
        cmocka_unit_test(test_cards),
        cmocka_unit_test(test_linked_headings_are_no_cards),
        cmocka_unit_test(test_sections_are_no_cards),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
