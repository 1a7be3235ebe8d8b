/* html_check.h: pages written down in a test, and what is read of them. */
#ifndef TESTS_HTML_CHECK_H
#define TESTS_HTML_CHECK_H

#include "tests/extract_check.h"
#include "tests/scratch.h"

/* Lines of spans are those of their bytes, for a source in which a line end is one byte. */
static inline void check_page(const struct doc *d, const char *source, size_t n)
{
    check_text(d);
    check_spans(d, source, n);
    assert_string_equal(d->format, "html");
    uint32_t line = 1;
    size_t k = 0;
    for (size_t i = 0; i < d->n_spans; i++) {
        const struct span *s = &d->spans[i];
        assert_int_not_equal(s->byte, SPAN_NO_BYTES);
        if (s->byte < k) line = 1, k = 0;
        for (; k < s->byte; k++) line += source[k] == '\n';
        assert_int_equal(s->line, line);
        assert_int_equal(s->page, 0);
    }
}

static inline struct got get_text(const char *html)
{
    write_text(dir, "page.html", html);
    struct got g = get(in_dir("page.html"), (struct ingest_options){0});
    if (!g.r) check_page(g.d, html, strlen(html));
    return g;
}

/* What a page says, exactly. */
static inline void says(const char *html, const char *text)
{
    struct got g = get_text(html);
    assert_int_equal(g.r, OK);
    size_t n = g.d->text.n;
    while (n && g.d->text.s[n - 1] == '\n') n--;
    if (n != strlen(text) || memcmp(g.d->text.s, text, n))
        print_message("got:      %s\nexpected: %s\n", g.d->text.s, text);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(g.d->text.s, text, n);
    drop(&g);
}

/* Paragraphs of "it" or "the article", long enough to be text. */
static inline void add_prose(struct buf *page, int n, const char *what)
{
    for (int i = 0; i < n; i++)
        buf_addf(page, "<p>A paragraph of %s, with commas, of a length that counts, here.</p>", what);
}

/* A page that is long enough to have a main part, with `inner` at its end. */
static inline struct got get_page(const char *head, const char *inner)
{
    struct buf page = {0};
    buf_addf(&page, "<html><head>%s</head><body><article>", head);
    add_prose(&page, 30, "the article");
    buf_addz(&page, inner);
    buf_addz(&page, "<p>It ends here, in a last paragraph, with commas.</p></article>"
                    "<p>Beside it, below.</p></body></html>");
    struct got g = get_text(page.s);
    assert_int_equal(g.r, OK);
    buf_free(&page);
    return g;
}

static inline struct got get_article(const char *inner)
{
    return get_page("", inner);
}

/* The same, of an article on https://www.example.org. */
static inline struct got get_news(const char *inner)
{
    return get_page("<meta property=og:type content=article>"
                    "<link rel=canonical href='https://www.example.org/a'>",
                    inner);
}

#endif
