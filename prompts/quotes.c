#include "prompts/quotes.h"

#include <string.h>

/* The length of the white space at s[i]. */
static size_t space_at(struct str s, size_t i)
{
    size_t from = i;
    uint32_t cp;
    for (size_t n; i < s.n; i += n) {
        n = utf8_next(s.s + i, s.n - i, &cp);
        if (!utf8_is_space(cp)) break;
    }
    return i - from;
}

static struct str trim(struct str s)
{
    size_t lead = space_at(s, 0), end = s.n;
    uint32_t cp;
    while (end > lead) {
        size_t n = utf8_back(s.s, end);
        utf8_next(s.s + end - n, n, &cp);
        if (!utf8_is_space(cp)) break;
        end -= n;
    }
    return (struct str){s.s + lead, end - lead};
}

/* Bytes of t from i on that equal q but for the amount of white space; 0 for none.  Line ends that
 * a quote of one line closed up over are white space as well. */
static size_t matches(struct str t, size_t i, struct str q)
{
    size_t at = i, j = 0;
    while (j < q.n) {
        size_t a = space_at(q, j), b = space_at(t, at);
        if ((a > 0) != (b > 0)) return 0;
        if (a) {
            j += a;
            at += b;
        } else {
            if (at >= t.n || t.s[at] != q.s[j]) return 0;
            at++;
            j++;
        }
    }
    return at - i;
}

static bool found(enum quote_match *m, struct str t, size_t i, struct str q, size_t *from,
                  size_t *to)
{
    size_t n = 0;
    if (q.n && q.n <= t.n - i && memcmp(t.s + i, q.s, q.n) == 0) {
        n = q.n;
        *m = MATCH_EXACT;
    } else if (q.n) {
        n = matches(t, i, q);
        *m = MATCH_NORMALISED;
    }
    *from = i;
    *to = i + n;
    return n > 0;
}

enum quote_match quotes_find(struct str text, size_t start, size_t end, struct str quote, size_t q0,
                             size_t q1, size_t *from, size_t *to)
{
    enum quote_match m = MATCH_UNVERIFIED;
    struct str q = trim(quote);
    if (q1 > q0 && q1 <= end - start && found(&m, text, start + q0, q, from, to) &&
        *to == start + q1)
        return m;
    size_t most = text.n - end < q.n ? text.n : end + q.n;
    const char *at = q.n ? memmem(text.s + start, most - start, q.s, q.n) : NULL;
    if (at && (size_t)(at - text.s) < end) {
        *from = (size_t)(at - text.s);
        *to = *from + q.n;
        return MATCH_EXACT;
    }
    for (size_t i = start; q.n && i < end; i++)
        if (text.s[i] == q.s[0] && found(&m, text, i, q, from, to)) return m;
    *from = start;
    *to = end;
    return MATCH_UNVERIFIED;
}
