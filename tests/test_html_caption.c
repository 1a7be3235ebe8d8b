/* test_html_caption.c: captions that are text, and those that only adorn an article. */
#include "tests/html_check.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captions),
        cmocka_unit_test(test_captions_of_news),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
