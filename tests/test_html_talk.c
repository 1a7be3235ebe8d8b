/* test_html_talk.c: pages that are what people say to each other. */
#include "tests/html_check.h"

/* On a page of a forum the comments are the text; on others they are not. */
static void test_comments(void **state)
{
    (void)state;
    static const char *const body[] = {"class='page-forums x'", "itemscope itemtype='https://schema.org/DiscussionForumPosting'",
                                       "class=forumulas", "class=post"};
    for (size_t k = 0; k < sizeof body / sizeof *body; k++) {
        struct buf page = {0};
        buf_addf(&page, "<body %s><main><div class=content>", body[k]);
        add_prose(&page, 20, "the question");
        for (int i = 0; i < 4; i++)
            buf_addz(&page, "<div class=comment id=comment-1><p>The words in question, an answer to it, with commas, "
                            "that goes on for a while.</p></div>");
        buf_addz(&page, "</div></main></body>");
        struct got g = get_text(page.s);
        assert_int_equal(g.r, OK);
        assert_int_equal(!!strstr(g.d->text.s, "words in question"), k < 2);
        drop(&g), buf_free(&page);
    }
}

#define ASK "<div class=x><img src=a><img src=b><img src=c><input><input>"

/* A thread of one long post and short ones, with fields and pictures around each, and with what stands
 * beside and behind it. */
static struct got get_thread(const char *page, const char *around, const char *last)
{
    struct buf b = {0};
    buf_addz(&b, page);
    buf_addz(&b, "<main><div><div class=post-1><div itemprop=text>");
    add_prose(&b, 30, "the first post");
    buf_addf(&b, "</div></div><div class='%s'>" ASK "<div class=post-body>One answers in short words.</div></div></div>"
                 "<div class='%s'>" ASK "<div class=post-body>%s</div></div></div></div>"
                 "<div class=y><p>Behind it stands another thread, of a length that counts.</p></div></main></body>",
             around, around, last);
    struct got g = get_text(b.s);
    assert_int_equal(g.r, OK);
    assert_non_null(strstr(g.d->text.s, "of the first post"));
    buf_free(&b);
    return g;
}

/* What somebody says is text, however short it is and whatever stands around it. */
static void test_short_posts(void **state)
{
    (void)state;
    static const char *const pages[] = {
        "<body class=viewtopic>", "<body id=phpbb>", "<head><meta name=generator content='Discourse 3'></head><body>",
        "<html itemscope itemtype='https://schema.org/QAPage'><body>",
        "<body><div itemtype='http://schema.org/DiscussionForumPosting'></div>"};
    for (size_t k = 0; k < sizeof pages / sizeof *pages; k++) {
        struct got g = get_thread(pages[k], "post-header", "The last one answers as well.");
        assert_non_null(strstr(g.d->text.s, "answers in short words"));
        assert_non_null(strstr(g.d->text.s, "The last one answers"));
        assert_null(strstr(g.d->text.s, "another thread"));
        drop(&g);
    }
    struct got g = get_thread("<body>", "post-header", "The last one answers as well.");
    assert_null(strstr(g.d->text.s, "answers in short words"));
    drop(&g);
}

/* Comments on the answers to a question are no answers. */
static void test_comments_on_answers(void **state)
{
    (void)state;
    static const char comment[] = "It is answered.<div class=comments><div class=comment-body>The words in question are "
                                  "a comment.</div></div>";
    struct got g = get_thread("<html itemscope itemtype='https://schema.org/QAPage'><body>", "answer", comment);
    assert_non_null(strstr(g.d->text.s, "It is answered"));
    assert_null(strstr(g.d->text.s, "words in question"));
    drop(&g);
    g = get_thread("<body class=viewtopic>", "answer", comment);
    assert_non_null(strstr(g.d->text.s, "words in question"));
    drop(&g);
}

/* The newest posts, shown beside what a page of a forum says, are not the page. */
static void test_newest_posts(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_addz(&b, "<body class=forum><div><div class=list><div class=comment-body>The words in question are the newest."
                 "</div><div class=comment-body>And so are these, of a length that counts.</div></div></div><article>");
    add_prose(&b, 30, "the rules");
    buf_addz(&b, "</article></body>");
    struct got g = get_text(b.s);
    assert_int_equal(g.r, OK);
    assert_non_null(strstr(g.d->text.s, "of the rules"));
    assert_null(strstr(g.d->text.s, "words in question"));
    drop(&g), buf_free(&b);
}

/* The front page of a forum is its list of boards, whatever was said last, which is shown beside it. */
static void test_front_page(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_addz(&b, "<body class=forum><div class=left><div class=boards>");
    for (int i = 0; i < 160; i++)
        buf_addf(&b, "<div><div><div><div><div><a href=b%d>Board</a></div><div>All about things of one kind: questions and "
                     "answers, board %d.</div><div>12 threads</div></div></div></div></div>", i, i);
    buf_addz(&b, "</div></div><div class=sidebar><div>");
    for (int i = 0; i < 8; i++)
        buf_addz(&b, "<div class=post-content><p>Somebody says something new, with commas, of a length, more or less, that "
                     "counts, here, for it goes on, and on.</p></div>");
    buf_addz(&b, "</div></div></body>");
    struct got g = get_text(b.s);
    assert_int_equal(g.r, OK);
    assert_non_null(strstr(g.d->text.s, "answers, board 0."));
    assert_non_null(strstr(g.d->text.s, "answers, board 159."));
    assert_null(strstr(g.d->text.s, "Somebody says"));
    drop(&g), buf_free(&b);
}

/* What stands beside the thread is no post where the page says which are; without a post that is marked, prose
 * beside the best part is text, as on other pages. */
static void test_which_are_posts(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_addz(&b, "<html itemscope itemtype='https://schema.org/QAPage'><body><div><div itemprop=text>");
    add_prose(&b, 30, "the question");
    buf_addz(&b, "</div><div itemprop=text>An answer to it.</div></div><div class=y><p>Behind it stand the words in question, of "
                 "a length that counts.</p><div class=s-prose>It is about more.</div></div></body></html>");
    struct got g = get_text(b.s);
    assert_non_null(strstr(g.d->text.s, "An answer to it"));
    assert_null(strstr(g.d->text.s, "words in question"));
    drop(&g), buf_free(&b);
    buf_addz(&b, "<body class=discussion><div><div class=a>");
    add_prose(&b, 12, "the question");
    buf_addz(&b, "</div></div><ul class=b>");
    for (int i = 0; i < 8; i++)
        buf_addz(&b, "<li><div><div class=c><p>The words in question, an answer to it, with commas, that goes on for quite a while, "
                     "until it has said, at length, what it has to say.</p></div></div></li>");
    buf_addz(&b, "</ul></body>");
    g = get_text(b.s);
    assert_non_null(strstr(g.d->text.s, "of the question"));
    assert_non_null(strstr(g.d->text.s, "words in question"));
    drop(&g), buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_short_posts),
        cmocka_unit_test(test_comments_on_answers),
        cmocka_unit_test(test_newest_posts),
        cmocka_unit_test(test_front_page),
        cmocka_unit_test(test_which_are_posts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
