/* test_html_main.c: which part of a page is read, and what is taken out of it. */
#include "tests/html_check.h"

/* Boxes that say what they are, captions that name an owner, and headings of what was taken out are
 * no part of a page that is long enough to have a main part. */
static void test_clutter(void **state)
{
    (void)state;
    struct buf page = {0};
    buf_addz(&page, "<body><div id=top><div class='articleBody'>");
    for (int i = 0; i < 30; i++)
        buf_addz(&page, "<p>A paragraph of the article, with commas, of a length that counts, here.</p>");
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

/* A page that is long enough to have a main part, with `inner` at its end. */
static struct got get_page(const char *head, const char *inner)
{
    struct buf page = {0};
    buf_addf(&page, "<html><head>%s</head><body><article>", head);
    for (int i = 0; i < 30; i++)
        buf_addz(&page, "<p>A paragraph of the article, with commas, of a length that counts, here.</p>");
    buf_addz(&page, inner);
    buf_addz(&page, "<p>It ends here, in a last paragraph, with commas.</p></article>"
                    "<p>Beside it, below.</p></body></html>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    buf_free(&page);
    return g;
}

static struct got get_article(const char *inner)
{
    return get_page("", inner);
}

/* The same, of an article on https://www.example.org. */
static struct got get_news(const char *inner)
{
    return get_page("<meta property=og:type content=article>"
                    "<link rel=canonical href='https://www.example.org/a'>",
                    inner);
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

/* Who owns a picture stands at the start or the end of a caption, in a form of its own. */
static void test_captions(void **state)
{
    (void)state;
    static const char *const text[] = {
        "Photosynthesis rate by leaf area, figure 1.",
        "Credit volume by quarter; accredited banks only.",
        "Figure 2. Images (c) and (d) show the EPA limit of 2001, and how it was met.",
        "Source: survey of households.",
        "Photons by year, as seen by the Getty telescope in spring.",
        "Air as measured by the Environmental Protection Agency (EPA)",
        "Image: the membrane of a cell, in which proteins float as Singer proposed in 1972",
        "Image: A cell. It has a membrane.",
        "Picture by picture, the cell divides.",
        "Image/text pairs, as they were used.",
        "Figure 3</figcaption><pre>int x; /* see Photo: x */</pre><figcaption>Photo: no"};
    static const char *const credits[] = {"A man walks. Photo: Jane Doe",
                                          "Photograph by Jane Doe",
                                          "A man walks (AP Photo/Jane Doe)",
                                          "A man walks. Jane Doe / Getty",
                                          "A man walks Getty Images",
                                          "A man walks. Credit: Someone",
                                          "Photo: supplied",
                                          "Photo: Jane Doe for the Agency of Two",
                                          "Image: courtesy of the artist",
                                          "Picture by J. Doe. A man walks",
                                          "A man walks <i>Credit: Someone</i>",
                                          "\xc2\xa9 Jane Doe: a man walks",
                                          "REUTERS/Jane Doe",
                                          "A man walks (EPA)",
                                          "A man walks. (NASA via AP, File)",
                                          "A man walks</figcaption><cite>Getty Images</cite>"};
    for (size_t i = 0; i < sizeof text / sizeof *text + sizeof credits / sizeof *credits; i++) {
        bool kept = i < sizeof text / sizeof *text;
        const char *caption = kept ? text[i] : credits[i - sizeof text / sizeof *text];
        char html[256];
        snprintf(html, sizeof html, "<figure><figcaption>%s</figcaption></figure>", caption);
        struct got g = get_article(html);
        char start[9];
        snprintf(start, sizeof start, "%s", caption);
        if (!!strstr(g.d->text.s, start) != kept) fail_msg("%s", caption);
        drop(&g);
    }
}

/* The few pictures of an article of news adorn it, whoever owns them; a number makes a figure of one, and
 * many make a gallery. */
static void test_captions_of_news(void **state)
{
    (void)state;
    static const char gallery[] =
        "<figcaption>The words in question tell of a picture that is one of many, which this page is about. "
        "They go on for a while, since there is not much else: what is seen, who did it, when it was made, "
        "and what it stands for, with all that a reader of it may want to know of this one, in the end."
        "</figcaption>";
    static const struct {
        const char *caption;
        bool kept;
    } pages[] = {
        {"<figure><img src=x><figcaption>The words in question are seen here.</figcaption></figure>", false},
        {"<div><img src=x><p class='image-caption'>The words in question are seen here.</p></div>", false},
        {"<div><div><img src=x></div><div>The words in question are seen here.</div></div>", false},
        {"<div><p><img src=x></p><p>The words in question are a paragraph.</p></div>", true},
        {"<div>The words in question make us smile <img src=smile.png> today.</div>", true},
        {"<div><p>The words in question make us smile <img src=smile.png></p></div>", true},
        {"<div><img src=x><div>Figure 2. The words in question</div></div>", true},
        {"<figure><figcaption>Figure 2. The words in question</figcaption></figure>", true},
        {"<figure><figcaption><b>Abb. 2:</b> The words in question</figcaption></figure>", true},
        {"<figure><figcaption>\xe5\x9b\xbe""2 The words in question</figcaption></figure>", true},
        {"<figure><figcaption>B12 and the words in question</figcaption></figure>", false},
        {"<figure><img src=x><figcaption>The words in question on May 3, 2019</figcaption></figure>", false},
        {"<figure><img src=x><figcaption>The words in question: Kent 61.2 percent, Essex 58.9 percent, Surrey "
         "66.0 percent</figcaption></figure>", true},
        {"<div class=warning><div><img src=x></div><div>Never mix the words in question.</div></div>", true},
        {"<div class=step-2><div><img src=x><p>Now mix the words in question.</p></div></div>", true},
        {"<div><img src=x><blockquote>The words in question, said by her.</blockquote></div>", true},
        {"<div><img src=x><p>The words in question.</p></div><div><img src=y><p>Others.</p></div>", false},
        {"<div><img src=x><p>The words in question.</p></div><div><img src=y><p>Others.</p></div>"
         "<div><img src=z><p>The last ones.</p></div>", true},
        {gallery, true}};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct got g = get_news(pages[i].caption);
        if (!!strstr(g.d->text.s, "words in question") != pages[i].kept) fail_msg("%s", pages[i].caption);
        drop(&g);
        g = get_article(pages[i].caption);
        assert_non_null(strstr(g.d->text.s, "words in question"));
        drop(&g);
    }
}

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
        for (int k = 0; k < 40; k++)
            buf_addz(&page, "<p>A paragraph of it, with commas, of a length that counts, here.</p>");
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
    for (int k = 0; k < 40; k++)
        buf_addz(&page, "<p>A paragraph of it, with commas, of a length that counts, here.</p>");
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
    for (int k = 0; k < 12; k++)
        buf_addz(&page, "<p>A paragraph of it, with commas, of a length that counts, here.</p>");
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
        bool found = strstr(g.d->text.s, "words in question") || strstr(g.d->text.s, "WORDS IN");
        if (found != kept) fail_msg("%s", html);
        assert_null(strstr(g.d->text.s, "also like"));
        assert_null(strstr(g.d->text.s, "Weitere"));
        assert_non_null(strstr(g.d->text.s, "It ends here"));
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
        bool found = strstr(g.d->text.s, "words in question") || strstr(g.d->text.s, "WORDS IN");
        if (found != kept) fail_msg("%s", html);
        assert_non_null(strstr(g.d->text.s, "It ends here"));
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
    for (int i = 0; i < 6; i++)
        buf_addz(&page, "<p>A paragraph of the article, with commas, of a length that counts, here.</p>");
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
    for (int i = 0; i < 40; i++)
        buf_addz(&page, "<p>A paragraph of the article, with commas, of a length that counts, here.</p>");
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
    for (int i = 0; i < 25; i++)
        buf_addz(&page, "<p>A paragraph of the article, with commas, of a length that counts, here.</p>");
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

/* The title of an article, long or short, is that of the document: above its main part it is not read,
 * and in it neither.  A heading with words of its own is text, and so is one that comes later, and any of
 * a page that does not say that it is an article. */
static void get_titled(struct got *g, const char *head, const char *title, const char *above, const char *below)
{
    struct buf page = {0};
    buf_addf(&page, "<html><head>%s<title>%s</title></head><body><header><h1>A paper</h1></header><div>"
                    "<article>%s",
             head, title, above);
    for (int k = 0; k < 40; k++)
        buf_addz(&page, "<p>A paragraph of it, with commas, of a length that counts, here.</p>");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clutter),
        cmocka_unit_test(test_names_of_boxes),
        cmocka_unit_test(test_unseen_text),
        cmocka_unit_test(test_captions),
        cmocka_unit_test(test_captions_of_news),
        cmocka_unit_test(test_leads),
        cmocka_unit_test(test_described_leads),
        cmocka_unit_test(test_teaser_of_lead),
        cmocka_unit_test(test_many_descriptions),
        cmocka_unit_test(test_saying_is_bounded),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_news),
        cmocka_unit_test(test_cards),
        cmocka_unit_test(test_linked_headings_are_no_cards),
        cmocka_unit_test(test_sections_are_no_cards),
        cmocka_unit_test(test_short_page),
        cmocka_unit_test(test_little_more),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_posted_words),
        cmocka_unit_test(test_body_with_a_bad_name),
        cmocka_unit_test(test_page_with_a_bad_name),
        cmocka_unit_test(test_layout_names),
        cmocka_unit_test(test_places_of_text),
        cmocka_unit_test(test_short_article),
        cmocka_unit_test(test_title),
        cmocka_unit_test(test_long_table),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
