#include "ingest/sniff.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "ingest/lang.h"

int sniff_pdf(const char *name, const unsigned char *head, size_t n)
{
    size_t len = strlen(name);
    bool named = len > 4 && strcasecmp(name + len - 4, ".pdf") == 0;
    size_t look = named || n < 1024 ? n : 1024;
    if (n >= 5 && memcmp(head, "%PDF-", 5) == 0) return 100;
    /* With a mail header or the like before it: then a line begins with it and a version follows.
     * A program that only speaks of the mark is no PDF. */
    const unsigned char *at = memmem(head, look, "\n%PDF-", 6);
    if (!at && named) at = memmem(head, look, "%PDF-", 5);
    size_t left = at ? (size_t)(head + n - at) : 0;
    return left && memmem(at, left < 10 ? left : 10, ".", 1) ? 90 : 0;
}

static bool starts(const char *s, size_t n, const char *what)
{
    size_t k = strlen(what);
    return n >= k && strncasecmp(s, what, k) == 0;
}

/* Skips blanks, comments and processing instructions. */
static size_t html_start(const char *s, size_t n)
{
    size_t i = n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (;;) {
        while (i < n && strchr(" \t\r\n\f", s[i]) && s[i]) i++;
        const char *end = NULL;
        size_t skip = 0;
        if (starts(s + i, n - i, "<!--")) end = memmem(s + i, n - i, "-->", skip = 3);
        else if (starts(s + i, n - i, "<?")) end = memmem(s + i, n - i, "?>", skip = 2);
        if (!end) return i;
        i = (size_t)(end - s) + skip;
    }
}

int sniff_html(const char *name, const unsigned char *head, size_t n)
{
    static const char *const sure[] = {"<!doctype html", "<html", "<head>", "<body"};
    static const char *const likely[] = {"<title", "<meta ", "<div", "<p>", "<h1", "<table", "<ul",
                                         "<article", "<section", "<main", "<script", "<style"};
    const char *s = (const char *)head;
    size_t at = html_start(s, n);
    const struct lang *l = lang_of(name, NULL, 0);
    bool named = l && strcmp(l->name, "html") == 0;
    bool other = l && !l->prose && !named; /* a template of another language stays what it is */
    for (size_t i = 0; i < sizeof sure / sizeof *sure; i++)
        if (starts(s + at, n - at, sure[i])) return named ? 95 : other ? 40 : 90;
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++)
        if (starts(s + at, n - at, likely[i])) return named ? 90 : l ? 20 : 60;
    return named ? 78 : 0;
}
