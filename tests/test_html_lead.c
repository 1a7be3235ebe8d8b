/* test_html_lead.c: what begins an article: its title, and what the head of the page describes. */
#include "tests/html_check.h"

/* The sentences that begin an article may stand apart from it, with its title or named so; captions
 * and the sentences of other articles are none. */
static void test_leads(void **state)
{
    (void)state;
    static const char *const leads[] = {
        "<div><h1>A title</h1><p>The words in question begin the article, in a sentence that is long.</p>"
        "</div>",
        "<div><div class='article__lead'>The words in question begin the article, in short.</div></div>",
        "<div><h1>A title</h1><h2 class='sub-headline'>The words in question begin the article.</h2></div>",
        "<div class=header><h1>A title</h1><p>The words in question begin the article, in a sentence "
        "that is long.</p></div>"};
    static const char *const others[] = {
        "<div><p>The words in question stand above the title, in a sentence that is long.</p>"
        "<h1>A title</h1></div>",
        "<div><h1>A title</h1><p>The words in question are short.</p></div>",
        "<div><h1>A title</h1><div class=caption><p>The words in question say what the picture shows, "
        "and where it was.</p></div></div>",
        "<div><h1>A title</h1><p>The words in question say who takes a picture at last (AP Photo/Jane "
        "Doe)</p></div>",
        "<div><h1>A title</h1><p><a href=/x>The words in question lead to a page, in a sentence that is "
        "long.</a></p></div>"};
    for (size_t i = 0; i < sizeof leads / sizeof *leads + sizeof others / sizeof *others; i++) {
        bool kept = i < sizeof leads / sizeof *leads;
        const char *html = kept ? leads[i] : others[i - sizeof leads / sizeof *leads];
        struct buf page = {0};
        buf_addf(&page, "<body><div>%s<div class=x><div class=articleBody>", html);
        add_prose(&page, 40, "it");
        buf_addz(&page, "</div></div></div></body>");
        struct got g = get_text(page.s);
        assert_int_equal(g.r, OK);
        if (!!strstr(g.d->text.s, "words in question") != kept) fail_msg("%s", html);
        assert_non_null(strstr(g.d->text.s, "A paragraph of it"));
        drop(&g), buf_free(&page);
    }
}

/* What the head of the page describes stands on it as the lead, whatever its box is called: a teaser,
 * a list, a heading.  A short line is the second half of a title; where the body begins with the same,
 * what stands before it is a teaser of it. */
static void get_described(struct got *g, const char *said, const char *above, const char *first)
{
    struct buf page = {0};
    buf_addf(&page, "<html><head><meta name=description content=\"%s\"></head><body><div><div>%s</div>"
                    "<div class=x><div class=articleBody>%s",
             said, above, first);
    add_prose(&page, 40, "it");
    buf_addz(&page, "</div></div></div></body></html>");
    *g = get_text(page.s);
    assert_int_equal(g->r, OK);
    assert_non_null(strstr(g->d->text.s, "A paragraph of it"));
    buf_free(&page);
}

static int times(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what)) n++;
    return n;
}

#define SAID                                                                                          \
    "The words in question say what the page is about, in a sentence that is long enough to be its "  \
    "lead. A second one says more of it, and of what follows from it, so that it's no title at all"
#define SAID_ZH                                                                                       \
    "这些话说的是这一页的内容,足够长,可以作为文章的导语。第二句说得更多,也说明了后果,所以它不是标题。" \
    "第三句再说一遍,好让它像报纸上的导语那样长。"

static void test_described_leads(void **state)
{
    (void)state;
    static const struct {
        const char *said, *above, *first;
        int times;
    } pages[] = {
        {SAID, "<h1>A title</h1><div class=teaser>" SAID "</div>", "", 1},
        {SAID, "<h1>A title</h1><h2>Today: " SAID ".</h2>", "", 1},
        {SAID, "<header class=x-header><div><ul class=teaser-text><li>" SAID "</ul></div></header>", "", 1},
        {SAID, "<div class=teaser>" SAID "</div>", "<p>" SAID "</p>", 1},
        {SAID, "<div class='cookie-banner modal'><p>" SAID "</p><p>Accept it</p></div><h1>A title</h1>", "", 0},
        {SAID, "<div class='newsletter popup'><p>" SAID "</p></div><h1>A title</h1>", "", 0},
        {SAID, "<div role=dialog><p>" SAID "</p></div><h1>A title</h1>", "", 0},
        {SAID, "<form action=/x><p>" SAID "</p></form><h1>A title</h1>", "", 0},
        {SAID, "<div class=comments><p>" SAID "</p></div>", "", 0},
        {SAID, "<div class=modal><p>" SAID "</p></div>", "<p>" SAID "</p>", 1},
        {SAID, "<nav>" SAID "</nav>", "", 0},
        {SAID, "<div><a href=/x>" SAID "</a></div>", "", 0},
        {SAID, "<h1>A title</h1><h2>The words in question are others, of which the head knows nothing</h2>",
         "", 0},
        {"The words in question are a short line below the title, and no more", "<h1>A title</h1><h2>The "
         "words in question are a short line below the title, and no more</h2>", "", 0}};
    struct got g;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        get_described(&g, pages[i].said, pages[i].above, pages[i].first);
        if (times(g.d->text.s, "words in question") != pages[i].times)
            fail_msg("%zu: %s", i, pages[i].above);
        drop(&g);
    }
    get_described(&g, SAID_ZH, "<h1>标题</h1><div class=teaser>" SAID_ZH "</div>", "");
    assert_int_equal(times(g.d->text.s, "足够长"), 1);
    drop(&g);
}

/* A teaser above a short article says what the article does; the article says it. */
static void test_teaser_of_lead(void **state)
{
    (void)state;
    struct buf page = {0};
    buf_addz(&page, "<html><head><meta name=description content=\"" SAID "\"></head><body><div class=teaser><p>"
                    SAID "</p></div><article><h1>A title</h1><p>" SAID "</p>");
    add_prose(&page, 12, "it");
    buf_addz(&page, "</article></body></html>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    assert_int_equal(times(g.d->text.s, "words in question"), 1);
    assert_true(strstr(g.d->text.s, "A title") < strstr(g.d->text.s, "words in question"));
    drop(&g), buf_free(&page);
}

/* Of many descriptions the longest is the one. */
static void test_many_descriptions(void **state)
{
    (void)state;
    struct got g;
    get_described(&g, "A name\"><meta property=og:description content=\"" SAID
                      "\"><meta name=description content=\"A section of the site, of which it has some, says "
                      "no more than that",
                  "<h1>A title</h1><div class=teaser>" SAID "</div>", "");
    assert_int_equal(times(g.d->text.s, "words in question"), 1);
    drop(&g);
}

/* No block is read far behind empty elements or signs: a page of blocks in blocks would be read each time. */
static void test_saying_is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        int n, times;
    } pages[] = {{"<i></i>", 50, 1}, {"<i></i>", 2000, 0}, {"&bull;", 100, 1}, {"&bull;", 5000, 0}};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct buf above = {0};
        struct got g;
        buf_addz(&above, "<h1>A title</h1><div class=teaser>");
        for (int k = 0; k < pages[i].n; k++) buf_addz(&above, pages[i].before);
        buf_addz(&above, SAID "</div>");
        get_described(&g, SAID, above.s, "");
        if (times(g.d->text.s, "words in question") != pages[i].times) fail_msg("%s", pages[i].before);
        drop(&g), buf_free(&above);
    }
}

/* The title of an article, long or short, is that of the document: above its main part it is not read,
 * and in it neither.  A heading with words of its own is text, and so is one that comes later, and any of
 * a page that does not say that it is an article. */
static void get_titled(struct got *g, const char *head, const char *title, const char *above, const char *below)
{
    struct buf page = {0};
    buf_addf(&page, "<html><head>%s<title>%s</title></head><body><header><h1>A paper</h1></header><div>"
                    "<article>%s",
             head, title, above);
    add_prose(&page, 40, "it");
    buf_addf(&page, "%s</article></div><div class=x>Another part</div></body></html>", below);
    *g = get_text(page.s);
    buf_free(&page);
    assert_int_equal(g->r, OK);
}

static void test_title(void **state)
{
    (void)state;
    static const struct {
        const char *title, *above, *below;
        bool said;
    } pages[] = {{"The words in question | A paper", "<h1>The words in question</h1>", "", false},
                 {"A paper: the words", "<h2>The words in question</h2>", "", true},
                 {"A paper: The words in question - Site", "<h1>The words in question</h1>", "", false},
                 {"The words in question - A paper", "<h2>The words in question</h2>", "", false},
                 {"All that is asked of the words in question today", "<h1>The words in question</h1>", "",
                  true},
                 {"A paper on texts: The words in question", "<h2>words in question</h2>", "", true},
                 {"The words in question", "<h1>A paper</h1><h2>The words in question</h2>", "", true},
                 {"", "<h1>The words in question</h1>", "", true},
                 {"The words in question", "", "<h2>The words in question</h2><p>More, below.</p>", true}};
    static const char article[] = "<meta property='og:type' content=article>";
    struct got g;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        get_titled(&g, article, pages[i].title, pages[i].above, pages[i].below);
        if (!!strstr(g.d->text.s, "words in question") != pages[i].said) fail_msg("%s", pages[i].title);
        if (!pages[i].said) assert_string_equal(g.d->title, pages[i].title);
        drop(&g);
    }
    get_titled(&g, article, "The words in question | A paper", "<h2>The words in question</h2>", "<h1>A word</h1>");
    assert_non_null(strstr(g.d->text.s, "words in question"));
    assert_null(strstr(g.d->text.s, "A paper"));
    drop(&g);
    get_titled(&g, "", pages[0].title, pages[0].above, "");
    assert_non_null(strstr(g.d->text.s, "words in question"));
    drop(&g);
    says("<html><head><title>A b</title></head><body><h1>A b</h1><p>c", "A b\n\nc");
    says("<html><head><meta property=og:type content=article><title>A b</title></head><body><h1>A b</h1>"
         "<p>It is short, but it says of itself that it is an article, and that it has a title, which is "
         "written above it once more, in a heading; it is long enough to have a main part.", "It is short, "
         "but it says of itself that it is an article, and that it has a title, which is written above it "
         "once more, in a heading; it is long enough to have a main part.");
    says("<html><head><meta property=og:type content=article><title>A b</title></head><body><h1>A b</h1>",
         "A b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leads),
        cmocka_unit_test(test_described_leads),
        cmocka_unit_test(test_teaser_of_lead),
        cmocka_unit_test(test_many_descriptions),
        cmocka_unit_test(test_saying_is_bounded),
        cmocka_unit_test(test_title),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
