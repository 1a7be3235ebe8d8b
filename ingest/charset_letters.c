/* charset_letters.c: see charset_letters.h. */
#include "ingest/charset_letters.h"

#include <string.h>

/* Small letters of a code page that words of Western Europe have within them, as ranges of bytes.
 */
struct western {
    const char *name, *letters;
};

static bool is_among(const char *ranges, unsigned char c)
{
    for (const unsigned char *r = (const unsigned char *)ranges; *r; r += 2)
        if (c >= r[0] && c <= r[1]) return true;
    return false;
}

static bool is_ascii_letter(unsigned char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* Dashes, quotes and dots of windows-1252, which stand between letters where nobody sets a blank.
 */
static bool joins_words(unsigned char c)
{
    return c == 0x85 || (c >= 0x91 && c <= 0x97);
}

/* Text of the first Macintoshes and of DOS, which uchardet does not know: the bytes within words
 * are small letters there and next to none of them is in windows-1252, where they are signs and
 * capitals. Signs that join words there tell nothing by themselves.  NULL: it is neither. */
const char *letters_old_western(const char *s, size_t n, size_t high)
{
    static const struct western pages[] = {
        {"windows-1252", "\xdf\xf6\xf8\xff\x92\x92\x9a\x9a\x9c\x9c\x9e\x9e\xad\xad\xb7\xb7"},
        {"macintosh", "\x87\x9f\xa7\xa7\xbe\xbf\xcf\xcf\xd5\xd5\xd8\xd8\xde\xdf"},
        {"cp850", "\x81\x8d\x91\x91\x93\x98\x9b\x9b\xa0\xa4\xe1\xe1\xe4\xe4"}};
    const unsigned char *p = (const unsigned char *)s;
    size_t all = 0, telling = 0, fits[3] = {0};
    if (4 * high > n) return NULL;
    for (size_t i = 1; i + 1 < n; i++) {
        if (p[i] < 0x80 || !is_ascii_letter(p[i - 1]) || p[i + 1] < 'a' || p[i + 1] > 'z') continue;
        all++;
        telling += !joins_words(p[i]);
        for (int k = 0; k < 3; k++) fits[k] += is_among(pages[k].letters, p[i]);
    }
    int best = fits[2] > fits[1] ? 2 : 1;
    return telling > 2 && 10 * fits[0] <= 3 * all && 10 * fits[best] >= 9 * all ? pages[best].name
                                                                                : NULL;
}

/* How many bytes of `ranges` stand between letters: `high` ones count as such. */
static size_t count_within(const char *s, size_t n, const char *ranges)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t all = 0;
    for (size_t i = 1; i + 1 < n; i++) {
        bool before = is_ascii_letter(p[i - 1]) || p[i - 1] >= 0xc0;
        bool after = is_ascii_letter(p[i + 1]) || p[i + 1] >= 0xc0;
        all += before && after && is_among(ranges, p[i]);
    }
    return all;
}

static size_t count(const char *s, size_t n, const char *ranges)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += (unsigned char)s[i] >= 0x80 && is_among(ranges, (unsigned char)s[i]);
    return all;
}

/* Where Russian has lines to draw boxes with, Ukrainian has the letters of its own. */
static bool is_koi8_u(const char *s, size_t n)
{
    return count_within(s, n, "\xa4\xa4\xa6\xa7\xad\xad\xb4\xb4\xb6\xb7\xbd\xbd") > 0;
}

/* Polish has letters that its neighbours do not have, and none of those with a caron. */
static bool is_polish(const char *s, size_t n)
{
    return count(s, n, "\xb3\xb3\xbf\xbf\xea\xea") >
           count(s, n, "\xbe\xbe\xe8\xe8\xec\xec\xf0\xf0\xf8\xf9");
}

/* The two of Central Europe have the same letters but for a few: only that of Windows has any below
 * A0, where it keeps "s" and "z" with a caron; within words the other one has them at B9 and BE.
 * In that of Windows B9 is the "a" with an ogonek of Polish, and BC the capital L with a caron of
 * Slovak. */
static const char *central(const char *s, size_t n)
{
    static const char of_polish[] = "\xb1\xb1\xb6\xb6\xbc\xbc";
    static const char of_others[] = "\xb5\xb5\xb9\xb9\xbb\xbb\xbe\xbe";
    bool polish = is_polish(s, n);
    bool only_windows = count(s, n, "\x80\x9f") || (!polish && count(s, n, "\xbc\xbc"));
    size_t windows = count_within(s, n, polish ? "\x9a\x9a\x9c\x9f\xb9\xb9" : "\x9a\x9a\x9c\x9f");
    size_t iso = count_within(s, n, polish ? of_polish : of_others);
    if (iso && !windows && !only_windows) return "iso-8859-2";
    return windows && !iso ? "windows-1250" : NULL;
}

/* Lithuanian and Latvian: where Icelandic has eth and thorn they have "s" and "z" with a caron,
 * beside letters that stand where Icelandic has none. */
static bool is_baltic(const char *s, size_t n)
{
    static const char carons[] = "\xf0\xf0\xfe\xfe";
    static const char others[] = "\xe0\xe0\xe2\xe2\xe7\xe8\xeb\xec\xee\xef\xf2\xf2\xf8\xf8\xfb\xfb";
    static const char letters[] =
        "\xe0\xe2\xe6\xe8\xeb\xef\xf0\xf0\xf2\xf2\xf8\xf8\xfb\xfb\xfe\xfe";
    size_t all = count_within(s, n, "\xc0\xff");
    return all > 2 && count_within(s, n, carons) && count_within(s, n, others) &&
           10 * count_within(s, n, letters) >= 9 * all;
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(name, *names) != 0) names++;
    return *names;
}

const char *letters_settle(const char *guess, const char *s, size_t n)
{
    static const char *const central_europe[] = {"windows-1250", "iso-8859-2",  "ibm852",
                                                 "iso-8859-4",   "iso-8859-16", NULL};
    static const char *const latin[] = {
        "windows-1250", "windows-1252", "windows-1254", "windows-1257", "windows-1258",
        "iso-8859-1",   "iso-8859-2",   "iso-8859-3",   "iso-8859-4",   "iso-8859-9",
        "iso-8859-10",  "iso-8859-13",  "iso-8859-15",  "iso-8859-16",  NULL};
    if (strcmp(guess, "koi8-r") == 0 && is_koi8_u(s, n)) return "koi8-u";
    const char *better = is_one_of(guess, central_europe) ? central(s, n) : NULL;
    if (better || !is_one_of(guess, latin) || !is_baltic(s, n)) return better;
    return count(s, n, "\xa1\xa1\xa5\xa5\xff\xff") ? "iso-8859-13" : "windows-1257";
}

/* One syllable: 1, then five bits each for first, middle and last letter; some values are none. */
static bool is_syllable(unsigned char a, unsigned char b)
{
    unsigned code = (unsigned)a << 8 | b, first = code >> 10 & 31, mid = code >> 5 & 31,
             last = code & 31;
    return a >= 0x88 && first >= 2 && first <= 20 && mid >= 3 && mid % 8 > 1 && mid <= 29 &&
           last >= 1 && last <= 29 && last != 18;
}

bool letters_johab(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t good = 0, bad = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x80) continue;
        if (i + 1 < n && is_syllable(p[i], p[i + 1]))
            good++;
        else if (i + 1 < n && p[i] >= 0xd9 && p[i] <= 0xf9 && p[i + 1] > 0x30)
            continue; /* others */
        else
            bad++;
        i++;
    }
    return good >= 8 && bad * 20 <= good;
}
