#include "prompts/sentences.h"

#include <string.h>
#include <strings.h>

static bool is_wide_stop(uint32_t cp)
{
    return cp == 0x3002 || cp == 0xff01 || cp == 0xff1f;
}

static bool is_closer(uint32_t cp)
{
    return cp == '"' || cp == '\'' || cp == ')' || cp == ']' || cp == '`' || cp == '*' ||
           cp == 0x2019 || cp == 0x201d || cp == 0xbb || cp == 0x300d || cp == 0x300f ||
           cp == 0xff09;
}

/* The word before a full stop at s[i] is one that is usually followed by more. */
static bool is_abbreviation(const char *s, size_t i)
{
    static const char *const known[] = {
        "e.g", "i.e", "cf", "vs", "fig",  "figs", "eq", "sec", "no",  "nr",  "vol",    "pp",
        "mr",  "mrs", "ms", "dr", "prof", "st",   "al", "bzw", "z.b", "d.h", "approx", "resp"};
    size_t from = i;
    while (from > 0 && s[from - 1] != ' ' && s[from - 1] != '\n' && s[from - 1] != '(') from--;
    size_t n = i - from;
    if (n == 1 && ((s[from] >= 'A' && s[from] <= 'Z'))) return true;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strlen(known[k]) == n && strncasecmp(known[k], s + from, n) == 0) return true;
    return false;
}

/* After a full stop and white space at s[i]: a small letter goes on with the same sentence. */
static bool goes_on(struct str t, size_t i)
{
    while (i < t.n && (t.s[i] == ' ' || t.s[i] == '\t')) i++;
    return i < t.n && t.s[i] >= 'a' && t.s[i] <= 'z';
}

/* True when a sentence ends before s[i], which is behind a stop and its closers. */
static bool ends_at(struct str t, size_t stop, size_t i, uint32_t what)
{
    uint32_t cp;
    if (is_wide_stop(what) || i >= t.n) return true;
    utf8_next(t.s + i, t.n - i, &cp);
    if (!utf8_is_space(cp)) return false;
    return what != '.' || (!is_abbreviation(t.s, stop) && !goes_on(t, i));
}

bool sentences_next(struct str t, size_t *i, struct str *out)
{
    uint32_t cp;
    size_t at = *i, len;
    for (; at < t.n; at += len) {
        len = utf8_next(t.s + at, t.n - at, &cp);
        if (!utf8_is_space(cp)) break;
    }
    if (at >= t.n) return false;
    size_t from = at, end = t.n;
    while (at < t.n) {
        len = utf8_next(t.s + at, t.n - at, &cp);
        if (cp == '\n') {
            end = at;
            break;
        }
        size_t stop = at;
        at += len;
        if (cp != '.' && cp != '!' && cp != '?' && !is_wide_stop(cp)) continue;
        uint32_t next;
        while (at < t.n) {
            len = utf8_next(t.s + at, t.n - at, &next);
            bool more =
                is_closer(next) || next == '.' || next == '!' || next == '?' || is_wide_stop(next);
            if (!more) break;
            at += len;
        }
        if (!ends_at(t, stop, at, cp)) continue;
        end = at;
        break;
    }
    *i = end;
    while (end > from) {
        size_t back = utf8_back(t.s, end);
        utf8_next(t.s + end - back, back, &cp);
        if (!utf8_is_space(cp)) break;
        end -= back;
    }
    *out = (struct str){t.s + from, end - from};
    return true;
}
