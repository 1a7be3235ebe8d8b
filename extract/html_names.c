/* html_names.c: see html_names.h. */
#include "extract/html_names.h"

#include <string.h>
#include <strings.h>

enum { LONGEST = 120 }; /* characters of a name that somebody gave */

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ^ asks for the start of a word, $ for its end, a blank for that of the whole class; else a name
 * may hold the letters anywhere. */
static const char *const unlikely[] = {
    "-ad-",       "ad-break", "adbox",           "agegate",   "banner",  "combx",    "community",  "cover-wrap",
    "footer",     "gdpr",     "jp-relatedposts", "legends",   "menu",    "navbar",   "remark$",    "replies",
    "rss",        "shoutbox", "sidebar",         "skyscraper", "subscribe", "supplemental", "toolbar", " widget "};
/* The same, but prose in such a box is text: what opens a page or a section. */
static const char *const frames[] = {"header", "^extra"};
/* What a box is about that holds no text, wherever it stands.  The whole name must say so: beside
 * one of these a class may only hold words that place or arrange (boxes), so that "comment-list"
 * and "sdc-article-related-stories" are such boxes, "rating-scale" and "sharing-in-practice" are
 * not. */
/* clang-format off */
static const char *const never[] = {
    "related", "newsletter", "breadcrumb", "bread-crumb", "most-read", "most-popular",
    "most-viewed", "trending", "recommended", "recommendation", "read-next", "read-also",
    "more-news", "more-stories", "more-posts", "more-from", "also-like", "see-also", "share",
    "sharing", "social", "social-media", "addthis", "addtoany", "shariff", "sign-up", "signup",
    "modal", "popup", "cookie", "consent", "advert", "advertising", "advertisement", "ad",
    "sponsor", "sponsored", "outbrain", "taboola", "promo", "teaser", "author-box", "author-bio",
    "author-info", "author-card", "about-author", "bio", "byline", "dateline", "timestamp",
    "post-date", "posted-on", "entry-meta", "post-meta", "article-meta", "entry-utility", "tags",
    "tag-list", "taglist", "comment", "respond", "disqus", "pagination", "pager", "navigation",
    "nav", "prev-next", "next-prev", "no-print", "noprint", "published-on", "published-date",
    "rollover-block", "tooltip-content", "tooltip-text", "tooltiptext", "popover-content",
    "popover-body", "hovercard", "slide-count",
    "adv", "werbung", "anzeige", "reklama", "publicidad", "kommentar",
    "kommentare", "comentario", "commentaire", "post-author", "author-content", "author-description",
    "next-post", "previous-post", "submitted-by", "publish-info", "published-time"};
/* clang-format on */
/* Words of the same kind that name other things as well: what stands before them must be known too,
 * so that "star-rating" is such a box and "energy-rating" is not. */
static const char *const never_known[] = {"rating", "published", "credit", "copyright", "date",
                                          "submitted"};
static const char *const boxes[] = {
    "action",    "actions",    "all",     "area",      "article",    "articles",   "aside",
    "author",    "bar",        "block",   "body",      "bottom",     "box",        "btn",
    "btns",      "button",     "buttons", "card",      "carousel",   "col",        "column",
    "component", "container",  "content", "cta",       "count",      "date",       "dialog",
    "entry",     "footer",     "form",    "grid",      "group",      "head",       "header",
    "heading",   "headline",   "holder",  "icon",      "icons",      "image",      "img",
    "info",      "inline",     "inner",   "item",      "items",      "js",         "label",
    "latest",    "layout",     "left",    "line",      "link",       "links",      "list",
    "main",      "menu",       "meta",    "mobile",    "desktop",    "module",     "name",
    "news",      "outer",      "overlay", "page",      "panel",      "photo",      "picture",
    "popular",   "post",       "posts",   "primary",   "recent",     "reply",      "respond",
    "right",     "root",       "row",     "secondary", "section",    "sidebar",    "single",
    "slider",    "small",      "stars",   "star",      "stories",    "story",      "tab",
    "teaser",    "the",        "thread",  "title",     "tool",       "toolbar",    "tools",
    "top",       "user",       "video",   "videos",    "view",       "widget",     "window",
    "wp",        "wrap",       "wrapper", "wrp",       "zone",       "slot",       "signup",
    "sign-up",   "social",     "message", "coverage",  "background", "foreground", "media",
    "nav",       "navigation", "ad",      "bio"};
/* "no-share", "has-recommendations", "category-newsletter": said of a page or a text. */
static const char *const said_of_it[] = {"no", "hide", "not",      "non", "has",  "with",   "without",
                                         "is", "category", "tag", "node", "enable", "theme"};
static const char *const good[] = {"article", "blog", "body", "content", "entry", "hentry",
                                   "main",    "page", "post", "story",   "text"};
/* A class of nothing but these is the place of a text, whatever else the box is: "main-content header-2". */
static const char *const places[] = {"article", "body", "column", "content", "entry",
                                     "main",    "post", "story",  "text"};
static const char *const bad[] = {"-ad-",       "banner",   "combx",    "com-",     "contact",
                                  "footer",     "gdpr",     " hidden ", "masthead", " media ",
                                  "meta",       " scroll ", "shopping", "shoutbox", "sidebar",
                                  "skyscraper", " widget "};
static const char *const sharing[] = {"^share$", "sharedaddy", "^social$"};
static const char *const byline[] = {"byline", "^author$", "^authors$", "dateline", "writtenby"};
static const char *const certain[] = {"articlebody",     "article-body", "entry-content",
                                      "post-content",    "postcontent",  "post-body",
                                      "article-content", "story-body",   "mw-parser-output"};
static const char *const lead[] = {
    "^lead$",       "^lede$",    "teaser-text", "teaser-intro", "standfirst", "^intro$",
    "introduction", "^excerpt$", "^perex$",     "^abstract$",   "preface",    "subheadline",
    "sub-headline", "^subhead$", "^deck$",      "^dek$",        "^summary$",  "^subtitle$",
    "^chapo",       "^chapeau",  "^ingress$",   "^bajada$",     "^vorspann",  "article-description",
    "^einleitung"};
static const char *const caption[] = {"^caption"};
static const char *const note[] = {"^step",   "warning", "caution", "danger",  "^note$",
                                   "^notes$", "quote",   "^tip$",   "^tips$",  "^hint",
                                   "callout", "admonition"};
static const char *const popup[] = {
    "^cookie",     "^consent",   "^gdpr",   "^modal$",  "^popup",  "^pop-up",  "^overlay",
    "^newsletter", "^subscribe", "^signup", "^sign-up", "^advert", "^comment", "^related"};
static const char *const unseen[] = {"^screen-reader-text", "^sr-only", "^visually-hidden", "^visuallyhidden",
                                     "^skip-link", "^skiplink"};

static const char *const forum[] = {"^forum$", "^forums$", "^discussion$", "^viewtopic$", "^thread$",
                                    "question-page", "^phpbb$"};
static const char *const posts[] = {"^post-body",    "^postbody",     "^post-content", "^postcontent", "^post-text",
                                    "^post-message", "^message-body", "^message-content", "^message-text",
                                    "^comment-body", "^comment-text", "^comment-content", "^answer-body",
                                    "^answer-content", "^postmsg$",   "^cooked$", "^bb-wrapper$", "^s-prose$"};
static const char *const talk[] = {"^comment", "^reply$", "^replies$"};

static bool apart(char c)
{
    return c == ' ' || c == '-';
}

/* Whether the letters up to the next break have a digit, as what programs add to names. */
static bool has_digit(const char *s)
{
    return s[strcspn(s, "0123456789-_ ")] >= '0' && s[strcspn(s, "0123456789-_ ")] <= '9';
}

/* Whether s, behind two strokes, is what programs add to keep the names of style sheets apart: five signs end the
 * name, "table_root__adKqa". */
static bool is_hash(const char *s)
{
    enum { SIGNS = 5 };
    size_t n = 0;
    while (n <= SIGNS && !strchr(" \n\t\r\f", s[n])) n++; /* strchr finds the end as well */
    return n == SIGNS;
}

/* " article body  post-5 " for articleBody and post-5: small letters, words apart. */
static void add_words(struct buf *out, const char *s)
{
    char last = ' ', before = ' ';
    bool made = false;
    buf_addc(out, ' ');
    for (; *s; before = last, last = *s++) {
        bool upper = *s >= 'A' && *s <= 'Z', small = last >= 'a' && last <= 'z';
        if (apart(last) || last == '_') made = has_digit(s) || (last == '_' && before == '_' && is_hash(s));
        small &= !made;
        if (upper && small) buf_addc(out, '-');
        char c = upper ? (char)(*s | 32) : *s == '_' ? '-' : strchr("\n\t\r\f", *s) ? ' ' : *s;
        if (c != '-' || out->s[out->n - 1] != '-') buf_addc(out, c);
    }
    buf_addc(out, ' ');
}

/* The pairs of letters that stand side by side in names, more or less: nearly every word that is not in them is
 * known by its first pair or its last. */
struct pairs {
    bool seen[512];
};

static size_t pair_at(const char *s)
{
    return ((unsigned)(unsigned char)s[0] * 17 + (unsigned char)s[1]) % 512;
}

static void find_pairs(struct pairs *p, const struct buf *names)
{
    memset(p, 0, sizeof *p);
    for (const char *s = names->s; s[1]; s++) p->seen[pair_at(s)] = true;
}

static bool may_have(const struct pairs *p, const char *word)
{
    size_t n = strlen(word += *word == '^');
    n -= word[n - 1] == '$';
    return p->seen[pair_at(word)] && p->seen[pair_at(word + n - 2)];
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

static bool is_one_of(const char *s, size_t n, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == n && !memcmp(words[i], s, n)) return true;
    return false;
}

/* Whether the words from s to end only place or arrange.  A letter alone and a number say nothing.
 */
static bool only_boxes(const char *s, const char *end)
{
    for (const char *w = s; w < end; w++) {
        size_t n = strcspn(w, "- ");
        bool empty = n <= 1 || has_digit(w);
        if (!empty && !is_one_of(w, n, boxes, COUNT(boxes))) return false;
        w += n;
    }
    return true;
}

/* Whether the word that begins at s is one of those. */
static bool glued_boxes(const char *s, const char *end)
{
    size_t n = strcspn(s, "- ");
    return s + n <= end && is_one_of(s, n, boxes, COUNT(boxes));
}

static bool any_said_of_it(const char *s, const char *end)
{
    for (const char *w = s; w < end; w++) {
        size_t n = strcspn(w, "- ");
        if (is_one_of(w, n, said_of_it, COUNT(said_of_it))) return true;
        w += n;
    }
    return false;
}

/* Whether the class from s to end has the words of `never` at `at` and nothing else that means
 * something.  "comments" and "commentlist" are "comment" too. */
static bool names_it(const char *s, const char *at, const char *end, const char *word, bool known)
{
    if (*at != *word) return false; /* nearly always */
    size_t n = strlen(word);
    if ((size_t)(end - at) < n || memcmp(at, word, n)) return false;
    const char *rest = at + n + (at[n] == 's');
    if (rest < end && !apart(*rest) && !glued_boxes(rest, end)) return false; /* "adt", "ad0e60e" */
    if (!only_boxes(rest, end)) return false;
    return known ? only_boxes(s, at) : !any_said_of_it(s, at);
}

static bool is_never(const char *s, const char *end)
{
    for (const char *at = s; at < end; at++) {
        if (!apart(at[-1])) continue;
        for (size_t i = 0; i < COUNT(never); i++)
            if (names_it(s, at, end, never[i], false)) return true;
        for (size_t i = 0; i < COUNT(never_known); i++)
            if (names_it(s, at, end, never_known[i], true)) return true;
    }
    return false;
}

static bool has_never(const struct buf *names)
{
    for (const char *s = names->s + 1; *s; s++) {
        size_t n = strcspn(s, " ");
        if (n && n <= LONGEST && is_never(s, s + n)) return true;
        s += n;
    }
    return false;
}

static bool all_places(const char *s, const char *end)
{
    for (const char *w = s; w < end; w++) {
        size_t n = strcspn(w, "- ");
        if (!is_one_of(w, n, places, COUNT(places))) return false;
        w += n;
    }
    return true;
}

static bool has_place(const struct buf *names)
{
    for (const char *s = names->s + 1; *s; s++) {
        size_t n = strcspn(s, " ");
        if (n && all_places(s, s + n)) return true;
        s += n;
    }
    return false;
}

static int bits_of(const char *s, int good_bit, int bad_bit)
{
    const struct {
        const char *const *words;
        size_t n;
        int bit;
    } lists[] = {{unlikely, COUNT(unlikely), NAMED_UNLIKELY},
                 {frames, COUNT(frames), NAMED_FRAME},
                 {sharing, COUNT(sharing), NAMED_SHARING},
                 {byline, COUNT(byline), NAMED_BYLINE},
                 {certain, COUNT(certain), NAMED_CERTAIN},
                 {caption, COUNT(caption), NAMED_CAPTION},
                 {lead, COUNT(lead), NAMED_LEAD},
                 {unseen, COUNT(unseen), NAMED_UNSEEN},
                 {note, COUNT(note), NAMED_NOTE},
                 {popup, COUNT(popup), NAMED_POPUP},
                 {forum, COUNT(forum), NAMED_FORUM},
                 {talk, COUNT(talk), NAMED_TALK},
                 {posts, COUNT(posts), NAMED_POST},
                 {good, COUNT(good), good_bit},
                 {bad, COUNT(bad), bad_bit}};
    struct buf names = {0};
    struct pairs pairs;
    int bits = 0;
    if (!*s) return 0;
    add_words(&names, s);
    find_pairs(&pairs, &names);
    for (size_t k = 0; k < COUNT(lists); k++)
        for (size_t i = 0; !(bits & lists[k].bit) && i < lists[k].n; i++)
            if (may_have(&pairs, lists[k].words[i]) && has_word(&names, lists[k].words[i])) bits |= lists[k].bit;
    if (has_never(&names)) bits |= NAMED_NEVER | bad_bit;
    if (has_place(&names)) bits |= NAMED_PLACE;
    buf_free(&names);
    return bits;
}

/* The id of a section is what its heading says, made by a program: "navigation", "sharing". */
static bool id_is_heading(const xmlNode *n, const struct html_facts *f)
{
    return f->tag == TAG_SECTION || tree_heading_level(f->tag) ||
           !strcmp(tree_attr(n, "class"), "section");
}

int names_of(const xmlNode *n)
{
    struct html_facts *f = tree_facts(n);
    if (f->named) return f->named;
    int id = bits_of(tree_attr(n, "id"), ID_GOOD, ID_BAD);
    if (id_is_heading(n, f)) id &= ~(NAMED_NEVER | ID_BAD);
    f->named = NAMED_KNOWN | bits_of(tree_attr(n, "class"), CLASS_GOOD, CLASS_BAD) | id;
    return f->named;
}

bool names_say_body(const xmlNode *n)
{
    return (names_of(n) & NAMED_CERTAIN) || !strcasecmp(tree_attr(n, "itemprop"), "articleBody");
}

int names_weight(const xmlNode *n)
{
    int bits = names_of(n);
    return 25 *
           (!!(bits & CLASS_GOOD) + !!(bits & ID_GOOD) - !!(bits & CLASS_BAD) - !!(bits & ID_BAD));
}

void names_forget(xmlNode *n)
{
    if (names_of(n) & NAMED_TALK)
        tree_facts(n)->named &= ~(NAMED_NEVER | NAMED_UNLIKELY | NAMED_FRAME | NAMED_POPUP | CLASS_BAD | ID_BAD);
}
