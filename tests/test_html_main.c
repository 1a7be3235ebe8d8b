/* test_html_main.c: which part of a page is read, and what is taken out of it. */
#include <time.h>

#include "tests/html_check.h"

/* Boxes that say what they are, captions that name an owner, and headings of what was taken out are
 * no part of a page that is long enough to have a main part. */
static void test_clutter(void **state)
{
    (void)state;
    struct buf page = {0};
    buf_addz(&page, "<body><div id=top><div class='articleBody'>");
    add_prose(&page, 30, "the article");
    buf_addz(&page,
             "<figure><figcaption>A man walks. Photo: Jane Doe/Agency</figcaption></figure>"
             "<figure><figcaption>Figure 1. How it works.</figcaption></figure>"
             "<div class='sdc-article-relatedStories'><p>Another story, which is told elsewhere."
             "</p></div><p class='article__byline'>By Someone Else, our reporter in the capital</p>"
             "<pre><span class='comment'># kept</span></pre>"
             "<h2>Next to read</h2><ul class='teaser-list'><li>one story<li>two stories</ul>"
             "<h2>The end</h2><p>It ends here, in a last paragraph, with commas.</p>"
             "</div><div class=x><p>A second text, with commas, of some length, that has nothing to do "
             "with the article, but stands on the same page, below it, as on many pages, and it goes "
             "on, and on, for quite a while.</p></div></div>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    const char *t = g.d->text.s;
    assert_non_null(strstr(t, "A paragraph of the article"));
    assert_non_null(strstr(t, "Figure 1. How it works."));
    assert_non_null(strstr(t, "# kept"));
    assert_non_null(strstr(t, "The end"));
    assert_non_null(strstr(t, "It ends here"));
    assert_null(strstr(t, "Jane Doe"));
    assert_null(strstr(t, "Another story"));
    assert_null(strstr(t, "Someone Else"));
    assert_null(strstr(t, "Next to read"));
    assert_null(strstr(t, "two stories"));
    assert_null(strstr(t, "A second text"));
    drop(&g);
    buf_free(&page);
}

/* A class says what a box holds with all of its words, not with the letters that one begins with. */
static void test_names_of_boxes(void **state)
{
    (void)state;
    static const char *const text[] = {
        "class='rating-scale'",       "class='published-results'", "class='status-published'",
        "class='commentary'",         "class='credit-volume'",     "class='related-work'",
        "class='energy-rating'",      "class='shared-history'",    "class='modality'",
        "class='x sharing-in-practice'", "class='advertising-law'", "class='release-date'",
        "class='status-submitted'",
        "class='section' id='navigation'"};
    static const char *const boxes[] = {
        "class='rating'",        "class='star-rating'",  "class='published'",
        "class='comment-list'",  "class='commentlist'",  "class='x post-comments'",
        "class='teaserItem'",    "class='image_credit'", "class='article__date'",
        "class='tooltipText'", "class='submitted'",   "class='sdc-article-relatedStories'",
        "class='m-share-bar-2'", "id='comments'",     "class='screen-reader-text'",
        "class='x sr-only'",     "class='skip-link'"};
    for (size_t i = 0; i < sizeof text / sizeof *text + sizeof boxes / sizeof *boxes; i++) {
        bool kept = i < sizeof text / sizeof *text;
        const char *name = kept ? text[i] : boxes[i - sizeof text / sizeof *text];
        char html[256];
        snprintf(html, sizeof html, "<div %s><p>The words in question, which are some.</p></div>",
                 name);
        struct got g = get_article(html);
        if (!!strstr(g.d->text.s, "The words in question") != kept) fail_msg("%s", name);
        assert_non_null(strstr(g.d->text.s, "It ends here"));
        drop(&g);
    }
    struct got g = get_article("<p>It takes 20<span class=sr-only> minutes</span> to read.</p>");
    assert_non_null(strstr(g.d->text.s, "20 minutes to read"));
    drop(&g);
}

/* For those who hear a page, short lines say how to get along in it; data and headings are text. */
static void test_unseen_text(void **state)
{
    (void)state;
    static const struct {
        const char *html;
        bool kept;
    } parts[] = {
        {"<p class=sr-only>The words in question: skip them</p>", false},
        {"<a class=visually-hidden href=#x>Skip the words in question</a>", false},
        {"<p class=sr-only>The words in question tell those who hear a page what its chart shows.</p>", true},
        {"<table class=sr-only><tr><th>Year<th>The words in question<tr><td>2001<td>1.6 million</table>", true},
        {"<ul class=sr-only><li>The words in question<li>and others</ul>", true},
        {"<h2 class=visually-hidden>The words in question</h2><p>They are these, and no others.</p>", true},
        {"<dl><dt>Old<div class=visually-hidden>The words in question</div><dd>12 euros</dl>", true},
        {"<table><tr><th>a<th>b<tr><td><div class=sr-only>The words in question</div><td>1</table>", true}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct got g = get_article(parts[i].html);
        if (!!strstr(g.d->text.s, "words in question") != parts[i].kept) fail_msg("%s", parts[i].html);
        drop(&g);
    }
}

/* Where all that is found is short, a site's name is not worth a second look. */
static void test_short_page(void **state)
{
    (void)state;
    says("<body><header class=site-header><a href=/>Site</a></header><div><h2>The river</h2><p>The river runs below "
         "the hill<br>and carries what the night let fall,<br>a leaf, a feather, and the still<br>small echo of a "
         "heron's call.</p><p>It asks no stone.</p></div>",
         "The river\n\nThe river runs below the hill\nand carries what the night let fall,\na leaf, a feather, and "
         "the still\nsmall echo of a heron's call.\n\nIt asks no stone.");
}

/* A little more that a second look finds is text, and the first look's find is not lost for it. */
static void test_little_more(void **state)
{
    (void)state;
    struct buf page = {0};
    buf_addz(&page, "<body><div><article><p class=dateline>LONDON, 5 May</p>");
    add_prose(&page, 6, "the article");
    buf_addz(&page, "<p>And so it goes on, line for line, to the end.</p><div class=extra><p>Rain, they said, "
                    "will come.</p></div></article></div><footer>");
    for (int i = 0; i < 40; i++)
        buf_addz(&page, "<p>What stands in the footer, with commas, of a length that counts, here.</p>");
    buf_addz(&page, "</footer></body>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    assert_null(strstr(g.d->text.s, "in the footer"));
    assert_non_null(strstr(g.d->text.s, "LONDON, 5 May"));
    assert_non_null(strstr(g.d->text.s, "Rain, they said"));
    drop(&g), buf_free(&page);
}

/* In a reference every signature is full of links, and so is each box of them; its headings name
 * themselves headers. */
static void test_reference(void **state)
{
    (void)state;
    struct buf page = {0};
    buf_addz(&page, "<body><nav>Menu</nav><main><h1>A type</h1><pre>struct thing</pre>");
    for (int i = 0; i < 40; i++)
        buf_addf(&page, "<details open><summary><h4 class=code-header>fn f%d(<a href=/a>Argument</a>) -&gt; "
                        "<a href=/t>TheType</a></h4></summary><div><div>Gives <a href=/a>what</a> is "
                        "in question %d.</div></div></details>", i, i);
    buf_addz(&page, "<p>It ends here, in a paragraph that is long enough to be one, with commas, here.</p></main>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    assert_non_null(strstr(g.d->text.s, "f39(Argument) -> TheType"));
    assert_non_null(strstr(g.d->text.s, "Gives what is in question 39."));
    assert_null(strstr(g.d->text.s, "Menu"));
    drop(&g), buf_free(&page);
}

/* What somebody posted elsewhere and is quoted is text, in a box named after that place as well. */
static void test_posted_words(void **state)
{
    (void)state;
    struct got g = get_article("<div class=social-post-embed><blockquote><p>The words in question, posted."
                               "</p></blockquote></div><div class=social-buttons-embed><p>Post this.</p></div>");
    assert_non_null(strstr(g.d->text.s, "words in question"));
    assert_null(strstr(g.d->text.s, "Post this"));
    drop(&g);
}

/* A name that speaks against the box with most of the text speaks of something else. */
static void test_page_with_a_bad_name(void **state)
{
    (void)state;
    struct buf page = {0};
    buf_addz(&page, "<body><div class='with-sidebar'><div>");
    add_prose(&page, 40, "the article");
    buf_addz(&page, "</div><div class=post-author><p>The words in question tell who wrote it.</p></div>"
                    "</div><div class=sidebar><p>What stands beside it, here.</p></div></body>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    assert_non_null(strstr(g.d->text.s, "A paragraph of the article"));
    assert_null(strstr(g.d->text.s, "words in question"));
    assert_null(strstr(g.d->text.s, "stands beside"));
    drop(&g), buf_free(&page);
}

/* What the page says to be the body of the article is it, whatever else a name says. */
static void test_body_with_a_bad_name(void **state)
{
    (void)state;
    struct buf page = {0};
    buf_addz(&page, "<body><div class=x><div itemprop=articleBody id=share-btns-2-container>");
    add_prose(&page, 25, "the article");
    buf_addz(&page, "</div></div>");
    for (int i = 0; i < 40; i++)
        buf_addz(&page, "<div><p>What stands beside it, in all, is longer, by far, here.</p></div>");
    buf_addz(&page, "</body>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    assert_non_null(strstr(g.d->text.s, "A paragraph of the article"));
    drop(&g), buf_free(&page);
}

/* Names that only lay out speak against no text; prose stays in a box that a loose name is against. */
static void test_layout_names(void **state)
{
    (void)state;
    static const char *const names[] = {"field field--label-hidden", "overflow-hidden scroll-smooth",
                                        "elementor-widget-wrap", "o-media o-media--left"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char html[512];
        snprintf(html, sizeof html,
                 "<div class='%s'><p>The words in question are long enough to be prose, which is said in "
                 "more than one sentence.  This is the second one, and it goes on for a while.</p><p>And "
                 "there is another paragraph that makes it long enough to be some.</p></div>",
                 names[i]);
        struct got g = get_article(html);
        if (!strstr(g.d->text.s, "words in question")) fail_msg("%s", names[i]);
        drop(&g);
    }
}

/* A class that is the place of a text, whole, outweighs another that says how it looks; a part of a class
 * does not. */
static void test_places_of_text(void **state)
{
    (void)state;
    static const char *const text[] = {"main-content header-3", "main header-bg", "content sidebar-right",
                                       "column menu-item", "article__body extra-wide"};
    static const char *const none[] = {"content-sidebar", "header-bg", "menu-item", "maintained menu-item"};
    enum { TEXT = sizeof text / sizeof *text, NONE = sizeof none / sizeof *none };
    for (size_t i = 0; i < TEXT + NONE; i++) {
        const char *name = i < TEXT ? text[i] : none[i - TEXT];
        char html[512];
        snprintf(html, sizeof html, "<div class='%s'><h2>A part</h2><p>The words in question are prose, with "
                 "commas, in a paragraph that is long enough.</p></div>", name);
        struct got g = get_article(html);
        if (!strstr(g.d->text.s, "words in question") != (i >= TEXT)) fail_msg("%s", name);
        drop(&g);
    }
}

/* Beside a short article stands a long menu, and a foot with some prose: neither is read with it. */
static void test_short_article(void **state)
{
    (void)state;
    struct buf page = {0};
    buf_addz(&page, "<body><div><div class=x><ul>");
    for (int i = 0; i < 90; i++) buf_addz(&page, "<li><a href=/x>Another page</a>");
    buf_addz(&page, "</ul><div class=y><p>The words in question begin the article, with commas, and they go "
                    "on for a while, in a sentence of some length.</p><p>There is more of it, with commas, "
                    "here, and it goes on, and on, so that it is an article, in the end, but not for "
                    "long, since it ends here, after these words.</p></div></div><div class=z><p>The town "
                    "hall, 1 High Street, is open on weekdays from nine to five, or so we think.</p></div>"
                    "</div></body>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    assert_non_null(strstr(g.d->text.s, "words in question"));
    assert_non_null(strstr(g.d->text.s, "after these words"));
    assert_null(strstr(g.d->text.s, "Another page"));
    assert_null(strstr(g.d->text.s, "High Street"));
    drop(&g), buf_free(&page);
}

/* The text around a long table is the main part, not the table. */
static void test_long_table(void **state)
{
    (void)state;
    struct buf page = {0};
    buf_addz(&page, "<body><div><div class=x><p>The words in question begin the article, with commas, and "
                    "they go on for a while.</p><p>More of it, with commas, here.</p><table>");
    for (int i = 0; i < 200; i++)
        buf_addz(&page, "<tr><td>A cell of some length, here<td>another one, of some length<td>3</tr>");
    buf_addz(&page, "</table></div></div></body>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    assert_non_null(strstr(g.d->text.s, "words in question"));
    assert_non_null(strstr(g.d->text.s, "here | another one, of some length | 3"));
    drop(&g), buf_free(&page);
}

/* An article is read whole whose parts stand in boxes of their own, up to where the page says that it ends. */
static void test_parts_of_an_article(void **state)
{
    (void)state;
    enum { PARTS = 3 };
    struct buf page = {0};
    buf_addz(&page, "<body><main><article><div class=details>");
    for (int part = 1; part <= PARTS; part++) {
        buf_addf(&page, "<div class=row><div class=benefit><h3>Part %d</h3><div>", part);
        for (int i = 0; i < (part == 2 ? 12 : 5); i++)
            buf_addf(&page, "<p>A paragraph of part %d, with commas, of a length that counts, and some more, "
                            "so that it is the longest there.</p>", part);
        buf_addz(&page, "</div></div></div>");
    }
    buf_addz(&page, "</div></article><div><p>Beside it stands a text, with commas, that is long, and goes on "
                    "for a while, but no part of it.</p></div></main></body>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    assert_non_null(strstr(g.d->text.s, "A paragraph of part 1"));
    assert_non_null(strstr(g.d->text.s, "A paragraph of part 2"));
    assert_non_null(strstr(g.d->text.s, "A paragraph of part 3"));
    assert_null(strstr(g.d->text.s, "Beside it"));
    drop(&g), buf_free(&page);
}

/* Prose of which nearly half is links is prose, and no box of links. */
static void test_linked_prose(void **state)
{
    (void)state;
    struct got g = get_article("<div><p>The words in question, which are said here, with <a href=/a>a link that goes "
                               "on</a> and on for a while, and so that there are enough of them besides <a href=/b>"
                               "the many links to other places, and yet more of them, to be counted</a>, end here.</p></div>"
                               "<div><p>Not these: <a href=/a>a link that goes on</a> <a href=/b>the many links "
                               "to other places, and yet more of them</a></p></div>");
    assert_non_null(strstr(g.d->text.s, "words in question"));
    assert_null(strstr(g.d->text.s, "Not these"));
    drop(&g);
}

/* Fields beside prose do not make a form of it. */
static void test_fields_beside_prose(void **state)
{
    (void)state;
    struct got g = get_article("<div><input><input><p>The words in question answer it, with commas, at a length that "
                               "is worth to be read.</p><p>They go on here, for some time, and some more, and say "
                               "what there is to say.</p><p>And they end here, in a third paragraph, like that.</p></div>"
                               "<div><input><input><input><input><p>Not these</p><p>nor those</p><p>or some.</p></div>");
    assert_non_null(strstr(g.d->text.s, "words in question"));
    assert_null(strstr(g.d->text.s, "Not these"));
    drop(&g);
}

/* What opens a section is text where it holds prose, and so is what programs name as nothing else is. */
static void test_frames_of_prose(void **state)
{
    (void)state;
    static const struct {
        const char *class, *prose;
        bool text;
    } boxes[] = {{"listicle-header", "p", true},         {"nextra-callout", "div", true},
                 {"kt-header-style-basic", "p", true},   {"x widget y", "p", false},
                 {"mdx-table_root__adKqa", "div", true}, {"element-ad0e60e", "div", true},
                 {"hide-post-date", "div", true},        {"listicle-header", "div", false},
                 {"x-footer", "p", false},               {"ad-box", "p", false},
                 {"post-date", "p", false}};
    for (size_t k = 0; k < sizeof boxes / sizeof *boxes; k++) {
        struct buf inner = {0};
        buf_addf(&inner, "<div class='%s'><%s>The words in question are prose, which goes on for long enough to be text, and "
                         "says, with a comma or two, what such a box is there for, here and in other places, too, as long as anybody reads them.</%s></div>",
                 boxes[k].class, boxes[k].prose, boxes[k].prose);
        struct got g = get_article(inner.s);
        if (!!strstr(g.d->text.s, "words in question") != boxes[k].text) print_message("%s\n", boxes[k].class);
        assert_int_equal(!!strstr(g.d->text.s, "words in question"), boxes[k].text);
        drop(&g), buf_free(&inner);
    }
}

/* Names of any length cost no more than they are long: none of these takes a second, a square of it takes many. */
static void test_long_names(void **state)
{
    (void)state;
    static const struct {
        const char *part;
        int n;
    } names[] = {{"a__", 600000}, {"comment-zzz ", 200000}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        struct buf page = {0};
        buf_addz(&page, "<body><div class='");
        for (int i = 0; i < names[k].n; i++) buf_addz(&page, names[k].part);
        buf_addz(&page, "'>The words in question.</div></body>");
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        struct got g = get_text(page.s);
        clock_gettime(CLOCK_MONOTONIC, &to);
        assert_int_equal(g.r, OK);
        assert_in_range(to.tv_sec - from.tv_sec, 0, 6);
        drop(&g), buf_free(&page);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_of_prose),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_clutter),
        cmocka_unit_test(test_names_of_boxes),
        cmocka_unit_test(test_unseen_text),
        cmocka_unit_test(test_short_page),
        cmocka_unit_test(test_little_more),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_posted_words),
        cmocka_unit_test(test_page_with_a_bad_name),
        cmocka_unit_test(test_body_with_a_bad_name),
        cmocka_unit_test(test_layout_names),
        cmocka_unit_test(test_places_of_text),
        cmocka_unit_test(test_short_article),
        cmocka_unit_test(test_long_table),
        cmocka_unit_test(test_parts_of_an_article),
        cmocka_unit_test(test_linked_prose),
        cmocka_unit_test(test_fields_beside_prose),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
