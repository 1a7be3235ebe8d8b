/* html_names.c: see html_names.h. */
#include "extract/html_names.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ^ asks for the start of a word, $ for its end; else a name may hold the letters anywhere. */
static const char *const unlikely[] = {
    "-ad-",         "ad-break",   "adbox",      "advert",          "agegate",
    "banner",       "breadcrumb", "combx",      "comment",         "community",
    "consent",      "cookie",     "cover-wrap", "disqus",          "extra",
    "footer",       "gdpr",       "header",     "jp-relatedposts", "legends",
    "menu",         "newsletter", "navbar",     "navigation",      "noprint",
    "pager",        "pagination", "popup",      "promo",           "related",
    "remark",       "replies",    "rss",        "share",           "shoutbox",
    "sidebar",      "skyscraper", "social",     "sponsor",         "subscribe",
    "supplemental", "toolbar",    "widget"};
static const char *const perhaps[] = {"and",     "article", "body",  "column",
                                      "content", "main",    "shadow"};
static const char *const never[] = {
    "^related",     "^newsletter", "^breadcrumb",  "bread-crumb",      "most-read",
    "most-popular", "most-viewed", "^trending",    "^recommend",       "read-more",
    "read-next",    "read-also",   "more-news",    "more-stories",     "more-posts",
    "more-from",    "also-like",   "see-also",     "^share",           "^sharing",
    "^social",      "^addthis",    "^addtoany",    "^shariff",         "^sign-up",
    "^signup",      "^modal",      "^popup",       "^cookie",          "^consent",
    "^advert",      "^ad$",        "^ads$",        "^sponsor",         "^outbrain",
    "^taboola",     "^promo",      "^teaser",      "author-box",       "author-bio",
    "author-info",  "author-card", "about-author", "about-the-author", "^bio$",
    "^byline",      "^dateline",   "^timestamp",   "^published",       "post-date",
    "posted-on",    "entry-meta",  "post-meta",    "article-meta",     "entry-utility",
    "^tags$",       "tag-list",    "^taglist",     "^comment",         "^respond$",
    "^disqus",      "^rating",     "^pagination",  "^pager",           "^navigation",
    "^nav$",        "prev-next",   "next-prev",    "^copyright",       "^credit",
    "no-print",     "^noprint"};
static const char *const good[] = {"article", "blog", "body", "content", "entry", "hentry",
                                   "main",    "page", "post", "story",   "text"};
static const char *const bad[] = {
    "-ad-",   "banner",   "combx",    "comment", "com-",       "contact", "footer",  "gdpr",
    "hidden", "masthead", "media",    "meta",    "outbrain",   "promo",   "related", "scroll",
    "share",  "shopping", "shoutbox", "sidebar", "skyscraper", "sponsor", "tags",    "widget"};
static const char *const sharing[] = {"share", "sharedaddy", "social"};
static const char *const byline[] = {"byline", "author", "dateline", "writtenby"};
static const char *const certain[] = {"articlebody",     "article-body", "entry-content",
                                      "post-content",    "postcontent",  "post-body",
                                      "article-content", "story-body",   "mw-parser-output"};
static const char *const caption[] = {"^caption"};

/* " article body  post-5 " for articleBody and post-5: small letters, words apart. */
static void add_words(struct buf *out, const char *s)
{
    char last = ' ';
    buf_addc(out, ' ');
    for (; *s; last = *s++) {
        bool upper = *s >= 'A' && *s <= 'Z', small = last >= 'a' && last <= 'z';
        if (upper && small) buf_addc(out, '-');
        char c = upper ? (char)(*s | 32) : *s == '_' ? '-' : *s == '\n' || *s == '\t' ? ' ' : *s;
        if (c != '-' || out->s[out->n - 1] != '-') buf_addc(out, c);
    }
    buf_addc(out, ' ');
}

static bool apart(char c)
{
    return c == ' ' || c == '-';
}

static bool has_word(const struct buf *names, const char *word)
{
    bool start = *word == '^';
    char w[32];
    size_t n = strlen(word += start);
    bool end = n && word[n - 1] == '$';
    n -= end;
    memcpy(w, word, n);
    w[n] = '\0';
    for (const char *at = strstr(names->s, w); at; at = strstr(at + 1, w))
        if ((!start || apart(at[-1])) && (!end || apart(at[n]))) return true;
    return false;
}

static int bits_of(const char *s, int good_bit, int bad_bit)
{
    const struct {
        const char *const *words;
        size_t n;
        int bit;
    } lists[] = {{unlikely, COUNT(unlikely), NAMED_UNLIKELY},
                 {perhaps, COUNT(perhaps), NAMED_PERHAPS},
                 {never, COUNT(never), NAMED_NEVER},
                 {sharing, COUNT(sharing), NAMED_SHARING},
                 {byline, COUNT(byline), NAMED_BYLINE},
                 {certain, COUNT(certain), NAMED_CERTAIN},
                 {caption, COUNT(caption), NAMED_CAPTION},
                 {good, COUNT(good), good_bit},
                 {bad, COUNT(bad), bad_bit}};
    struct buf names = {0};
    int bits = 0;
    if (!*s) return 0;
    add_words(&names, s);
    for (size_t k = 0; k < COUNT(lists); k++)
        for (size_t i = 0; !(bits & lists[k].bit) && i < lists[k].n; i++)
            if (has_word(&names, lists[k].words[i])) bits |= lists[k].bit;
    buf_free(&names);
    return bits;
}

int names_of(const xmlNode *n)
{
    struct html_facts *f = tree_facts(n);
    if (!f->named)
        f->named = NAMED_KNOWN | bits_of(tree_attr(n, "class"), CLASS_GOOD, CLASS_BAD) |
                   bits_of(tree_attr(n, "id"), ID_GOOD, ID_BAD);
    return f->named;
}
