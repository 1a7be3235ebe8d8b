/* chunk.c: where a document is cut into the pieces that the model can cite.
 *
 * The rule is that of training, found by matching the training vectors (all lengths and positions
 * count code points; a window is the next `limit` code points):
 *   - what is left fits into the window: it is the last chunk;
 *   - else cut at the last blank line ("\n\n", both inside the window) that starts at or after
 *     limit / 3, else at the last "\n" there,
 *   - else, anywhere in the window, behind the last sentence end whose white space is inside too,
 *   - else at the last U+0020 that is not the first character, else at the end of the window.
 * The character at the cut belongs to the next chunk.  Then white space is stripped from the two
 * ends (of code only "\n": indentation stays), and a chunk of nothing but white space is dropped.
 *
 * Cost: linear.  A window is read once, and two cuts in a row advance by at least a third of the
 * limit, because a cut near the start leaves nothing there to cut at again. */
#include "ingest/ingest.h"

#include <string.h>

static bool is_sentence_end(uint32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == 0x3002 || c == 0xff01 || c == 0xff1f;
}

static bool is_closer(uint32_t c)
{
    return c == '\'' || c == '"' || c == ')' || c == ']';
}

/* Byte length of the first chunk of s[0,n), before stripping; n > 0, limit > 0. */
static size_t first_cut(const char *s, size_t n, size_t limit)
{
    size_t blank = 0, line = 0, sentence = 0, space = 0; /* byte offsets; 0: none seen */
    size_t third = limit / 3, i = 0;
    uint32_t before = 0, last = 0; /* the two characters in front of s[i] */
    for (size_t k = 0; k < limit; k++) {
        if (i == n) return n;
        uint32_t c;
        size_t len = utf8_next(s + i, n - i, &c);
        if (c == '\n') {
            if (k >= third) line = i;
            if (k > third && last == '\n') blank = i - 1;
        } else if (c == ' ') {
            space = i;
        }
        if (utf8_is_space(c) &&
            (is_sentence_end(last) || (is_closer(last) && is_sentence_end(before))))
            sentence = i;
        before = last;
        last = c;
        i += len;
    }
    if (i == n) return n;
    return blank ? blank : line ? line : sentence ? sentence : space ? space : i;
}

static bool strippable(uint32_t c, bool code)
{
    return code ? c == '\n' : utf8_is_space(c);
}

/* Narrows text[*start, *end); false when nothing but white space stands there. */
static bool strip(const char *text, size_t *start, size_t *end, bool code)
{
    size_t a = *start, b = *end, i = a;
    uint32_t c;
    while (i < b) {
        size_t len = utf8_next(text + i, b - i, &c);
        if (!utf8_is_space(c)) break;
        i += len;
        if (strippable(c, code) && i - len == a) a = i;
    }
    if (i == b) return false;
    while (b > a) {
        size_t len = utf8_back(text, b);
        utf8_next(text + b - len, len, &c);
        if (!strippable(c, code)) break;
        b -= len;
    }
    *start = a;
    *end = b;
    return true;
}

static void append(struct chunk **v, size_t *n, struct chunk c)
{
    if ((*n & (*n - 1)) == 0) /* the capacity is the next power of two */
        *v = mem_grow(*v, *n ? *n * 2 : 1, sizeof(**v));
    (*v)[(*n)++] = c;
}

void chunk_split(const struct doc *d, size_t doc_index, struct chunk_limits limits,
                 int *next_label, struct chunk **out, size_t *n_out)
{
    bool code = d->kind == DOC_CODE;
    size_t limit = code ? limits.code : limits.prose;
    if (limit == 0) limit = 1;
    const char *text = d->text.s;
    for (size_t at = 0; at < d->text.n;) {
        size_t start = at, end = at + first_cut(text + at, d->text.n - at, limit);
        at = end;
        if (strip(text, &start, &end, code))
            append(out, n_out, (struct chunk){(*next_label)++, doc_index, start, end});
    }
}
