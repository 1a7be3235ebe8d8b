/* pdf_bidi.c: see pdf_bidi.h.
 *
 * What is seen has several readings; the one is taken that UAX #9 shows so and that is the usual
 * one. A number beside foreign words is one of theirs ("Windows 10").  Among Arabic letters a
 * number has no signs and no hyphens of its own (rules W2, W4 and W5): they read from right to
 * left, and a date with hyphens does, while one with slashes does not. */
#include "extract/pdf_bidi.h"

#include <glib.h>
#include <string.h>

#include "extract/pdf_text.h"

enum { MAX_BRACKET = 500 }; /* characters between a bracket and its partner */

enum kind {
    LEFT,       /* letters from left to right: L                     */
    RIGHT,      /* letters from right to left, but for Arabic ones: R */
    ARABIC,     /* AL                                                */
    DIGIT,      /* EN                                                */
    ARAB_DIGIT, /* AN                                               */
    SIGN,       /* plus and minus: ES                                */
    UNIT,       /* percent, currencies: ET                           */
    SEPARATOR,  /* within numbers: CS                                */
    NEUTRAL
};

static bool is_arabic(uint32_t cp)
{
    return (cp >= 0x600 && cp <= 0x7BF) || (cp >= 0x860 && cp <= 0x8FF) ||
           (cp >= 0xFB50 && cp <= 0xFEFC);
}

static bool is_unit(uint32_t cp)
{
    return (cp >= '#' && cp <= '%') || (cp >= 0xA2 && cp <= 0xA5) || cp == 0xB0 || cp == 0xB1 ||
           cp == 0x609 || cp == 0x60A || cp == 0x66A || (cp >= 0x2030 && cp <= 0x2034) ||
           (cp >= 0x20A0 && cp <= 0x20CF);
}

static enum kind kind_of(uint32_t cp)
{
    if ((cp >= '0' && cp <= '9') || (cp >= 0x6F0 && cp <= 0x6F9)) return DIGIT;
    if ((cp >= 0x660 && cp <= 0x669) || cp == 0x66B || cp == 0x66C) return ARAB_DIGIT;
    if (cp == '+' || cp == '-' || cp == 0x2212) return SIGN;
    if (cp == ',' || cp == '.' || cp == '/' || cp == ':' || cp == 0xA0 || cp == 0x60C)
        return SEPARATOR;
    if (is_unit(cp)) return UNIT;
    if (text_is_rtl(cp)) return is_arabic(cp) ? ARABIC : RIGHT;
    return g_unichar_isalnum(cp) || g_unichar_ismark(cp) ? LEFT : NEUTRAL;
}

static bool is_digit(enum kind k)
{
    return k == DIGIT || k == ARAB_DIGIT;
}

static bool is_right(enum kind k)
{
    return k == RIGHT || k == ARABIC;
}

/* ------------------------------------------------------------------ numbers */

/* Of the letters from right to left, for each place whether those that a number there follows are
 * Arabic: the ones that come before it in a line read from right to left, else those behind it. */
static void find_arabic(bool *arabic, const enum kind *k, size_t n)
{
    size_t i = n;
    bool last = false;
    for (size_t j = 0; j < n; j++)
        if (is_right(k[j])) last = k[j] == ARABIC;
    while (i-- > 0) {
        if (is_right(k[i])) last = k[i] == ARABIC;
        arabic[i] = last;
    }
}

/* The end of the number that begins with the digit at i. */
static size_t end_of_number(const enum kind *k, size_t n, size_t i, bool arabic)
{
    while (i < n && is_digit(k[i])) {
        for (i++; i < n && is_digit(k[i]); i++) {
        }
        bool joins = i < n && (k[i] == SEPARATOR || (k[i] == SIGN && !arabic));
        if (joins && i + 1 < n && k[i + 1] == k[i - 1]) i++;
    }
    while (!arabic && i < n && k[i] == UNIT) i++;
    return i;
}

/* Numbers and what belongs to them: in[i] is where the number that character i is of begins, plus
 * one, or 0. */
static void find_numbers(size_t *in, const enum kind *k, const bool *arabic, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(k[i])) continue;
        bool arab = k[i] == ARAB_DIGIT || arabic[i];
        size_t from = i, end = end_of_number(k, n, i, arab);
        while (!arab && from > 0 && k[from - 1] == UNIT && !in[from - 1]) from--;
        for (size_t j = from; j < end; j++) in[j] = from + 1;
        i = end - 1;
    }
}

/* ------------------------------------------------------------------ runs */

static bool opens(uint32_t cp)
{
    return cp == '(' || cp == '[' || cp == '{' || cp == 0xAB;
}

static bool shuts(uint32_t cp)
{
    return cp == ')' || cp == ']' || cp == '}' || cp == 0xBB;
}

/* Where the bracket at i shuts, without letters from right to left between; n: nowhere near. */
static size_t end_of_bracket(const uint32_t *c, const enum kind *k, size_t n, size_t i)
{
    int depth = 0;
    for (size_t j = i; j < n && j - i < MAX_BRACKET && !is_right(k[j]); j++) {
        depth += opens(c[j]) - shuts(c[j]);
        if (depth == 0) return j;
    }
    return n;
}

/* Whether what stands between two parts of a foreign phrase is of it, too: each bracket there has
 * its partner in the phrase. */
static bool is_whole(const uint32_t *c, const enum kind *k, size_t n, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (shuts(c[i])) return false;
        if (opens(c[i])) i = end_of_bracket(c, k, n, i);
        if (i == n) return false;
    }
    return true;
}

/* Brackets that open in a foreign phrase shut in it. */
static void shut_phrases(unsigned char *level, const uint32_t *c, const enum kind *k, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!opens(c[i]) || level[i] != 2) continue;
        size_t end = end_of_bracket(c, k, n, i);
        if (end == n) continue;
        memset(level + i, 2, end + 1 - i);
        i = end;
    }
}

/* The next letter or number from i on, or n. */
static size_t next_part(const enum kind *k, const size_t *in, size_t n, size_t i)
{
    while (i < n && !in[i] && k[i] != LEFT && !is_right(k[i])) i++;
    return i;
}

/* Whether two parts are neighbours in a foreign phrase: letters or numbers beside letters. */
static bool is_phrase(enum kind a, enum kind b)
{
    return (a == LEFT || b == LEFT) && a != ARAB_DIGIT && b != ARAB_DIGIT;
}

/* The level of each character of a line that reads from right to left: 2 for what reads the other
 * way in it, else 1. */
static void levels_of_right(unsigned char *level, const uint32_t *c, const enum kind *k,
                            const size_t *in, size_t n)
{
    size_t last = n; /* the part before, if that is foreign */
    for (size_t i = 0; i < n; i++) level[i] = in[i] || k[i] == LEFT ? 2 : 1;
    for (size_t i = next_part(k, in, n, 0); i < n; i = next_part(k, in, n, i + 1)) {
        bool goes_on = last < n && !is_right(k[i]) && is_phrase(k[last], k[i]);
        if (goes_on && is_whole(c, k, n, last + 1, i)) memset(level + last, 2, i - last);
        last = is_right(k[i]) ? n : i;
    }
    shut_phrases(level, c, k, n);
}

/* The same for a line that reads from left to right: 1 for what reads from right to left in it, 2
 * for the numbers among that, else 0. */
static void levels_of_left(unsigned char *level, const enum kind *k, const size_t *in, size_t n)
{
    size_t last =
        n; /* the last letter from right to left or Arabic digit, if none else came since */
    memset(level, 0, n);
    for (size_t i = next_part(k, in, n, 0); i < n; i = next_part(k, in, n, i + 1)) {
        bool number = in[i] && k[i] != ARAB_DIGIT;
        if (k[i] == LEFT) last = n;
        if (k[i] == LEFT || number) continue;
        for (size_t j = last + 1; last < n && j < i; j++) level[j] = in[j] ? 2 : 1;
        level[i] = in[i] ? 2 : 1;
        last = i;
    }
}

/* ------------------------------------------------------------------ brackets */

static uint32_t mirrored(uint32_t cp)
{
    gunichar m = cp;
    return g_unichar_get_mirror_char(cp, &m) ? m : cp;
}

/* Brackets without a partner, when those that stand in text from right to left are mirrored. */
static int lone_brackets(const uint32_t *c, const unsigned char *level, size_t n, bool mirror)
{
    int depth = 0, lone = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t cp = level[i] == 1 && mirror ? mirrored(c[i]) : c[i];
        if (opens(cp)) depth++;
        if (!shuts(cp)) continue;
        if (depth > 0)
            depth--;
        else
            lone++;
    }
    return lone + depth;
}

/* In logical order a bracket opens before it closes. */
static bool needs_mirror(const uint32_t *c, const unsigned char *level, size_t n, int *turned)
{
    int seen = lone_brackets(c, level, n, true), meant = lone_brackets(c, level, n, false);
    if (seen != meant) *turned += seen < meant ? 1 : -1;
    if (seen != meant) return seen < meant;
    if (*turned) return *turned > 0;
    for (size_t i = 0; i < n; i++)
        if (level[i] == 1 && (opens(c[i]) || shuts(c[i]))) return shuts(c[i]);
    return false;
}

/* ------------------------------------------------------------------ turning */

static void reverse(uint32_t *c, unsigned char *level, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        uint32_t t = c[i];
        unsigned char l = level[i];
        c[i] = c[n - 1 - i], level[i] = level[n - 1 - i];
        c[n - 1 - i] = t, level[n - 1 - i] = l;
    }
}

/* Turns each run of characters of this level or a higher one around. */
static void reverse_runs(uint32_t *c, unsigned char *level, size_t n, unsigned char least)
{
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && level[j] >= least; j++) {
        }
        if (j == i)
            j++;
        else
            reverse(c + i, level + i, j - i);
    }
}

void bidi_to_logical(uint32_t *c, size_t n, bool rtl, int *turned, struct arena *scratch)
{
    enum kind *k = NEW(scratch, enum kind, n + 1);
    bool *arabic = NEW(scratch, bool, n + 1);
    size_t *in = NEW(scratch, size_t, n + 1);
    unsigned char *level = NEW(scratch, unsigned char, n + 1);
    for (size_t i = 0; i < n; i++) k[i] = kind_of(c[i]);
    find_arabic(arabic, k, n);
    find_numbers(in, k, arabic, n);
    if (rtl)
        levels_of_right(level, c, k, in, n);
    else
        levels_of_left(level, k, in, n);
    reverse_runs(c, level, n, 1);
    reverse_runs(c, level, n, 2);
    if (!needs_mirror(c, level, n, turned)) return;
    for (size_t i = 0; i < n; i++)
        if (level[i] == 1) c[i] = mirrored(c[i]);
}
