#include "engine/grammar_circle.h"

#include <string.h>

#include "base/str.h"

/* The token begins a word: a space and a letter. */
static bool begins_word(const struct tokenizer *t, int32_t id)
{
    struct str s = tokenizer_bytes(t, id);
    return s.n > 1 && s.s[0] == ' ' && (s.s[1] | 32) >= 'a' && (s.s[1] | 32) <= 'z';
}

/* v[0,n) ends in two copies of k tokens and all but the last token of a third, which is v[n - k].
 */
static bool third_copy(const struct tokenizer *t, const int32_t *v, size_t n, size_t k)
{
    bool word = false;
    if (n + 1 < 3 * k || v[n - k] != v[n - 2 * k]) return false;
    for (size_t i = 1; i < k; i++)
        if (v[n - i] != v[n - i - k] || v[n - i] != v[n - i - 2 * k]) return false;
    for (size_t i = 1; i <= k; i++) word |= begins_word(t, v[n - i]);
    return word;
}

/* How many tokens at the end of v[0,n) a run must share: CIRCLE_RUN - 1, more where those begin
 * fewer characters than that; n + 1 when v is too short. */
static size_t shared_run(const struct tokenizer *t, const int32_t *v, size_t n)
{
    size_t tokens = 0, chars = 0;
    while (tokens < CIRCLE_RUN - 1 || chars < CIRCLE_RUN - 1) {
        if (tokens == n) return n + 1;
        struct str s = tokenizer_bytes(t, v[n - ++tokens]);
        for (size_t i = 0; i < s.n; i++) chars += ((unsigned char)s.s[i] & 0xc0) != 0x80;
    }
    return tokens;
}

size_t grammar_circle_banned(const struct tokenizer *t, const int32_t *v, size_t n, int32_t *out,
                             size_t cap)
{
    size_t found = 0, run = shared_run(t, v, n);
    for (size_t k = 1; k < CIRCLE_RUN && found < cap; k++)
        if (third_copy(t, v, n, k)) out[found++] = v[n - k];
    if (n < run) return found;
    const int32_t *tail = v + n - run;
    for (size_t j = 0; j + run < n && found < cap; j++)
        if (v[j + run - 1] == tail[run - 1] && memcmp(v + j, tail, run * sizeof *v) == 0)
            out[found++] = v[j + run];
    return found;
}

/* ------------------------------------------------------------------ sentences */

static bool is_closer(uint32_t cp)
{
    return cp == '\'' || cp == ')' || cp == ']' || cp == '`' || cp == 0x2019 || cp == 0x201d ||
           cp == 0x300d || cp == 0xff09;
}

/* The character at s[i] of the inside of a JSON string; a line end escape reads as '\n', another
 * escape as what it stands for. */
static size_t next_char(const char *s, size_t n, size_t i, uint32_t *cp)
{
    if (s[i] == '\\' && i + 1 < n) {
        *cp = strchr("nrtbf", s[i + 1]) ? (s[i + 1] == 't' ? '\t' : '\n') : (unsigned char)s[i + 1];
        return 2;
    }
    return utf8_next(s + i, n - i, cp);
}

/* The end of the sentence that begins at s[i]: after its full stop and what closes, or at a line
 * end, or n. */
static size_t sentence_end(const char *s, size_t n, size_t i)
{
    enum { NO, LATIN, WIDE } stop = NO;
    bool any = false;
    for (uint32_t cp; i < n;) {
        size_t len = next_char(s, n, i, &cp);
        if (cp == '\n' && any) return i;
        if (stop == WIDE && !is_closer(cp) && cp != 0x3002 && cp != 0xff01 && cp != 0xff1f)
            return i;
        if (stop == LATIN && utf8_is_space(cp)) return i;
        if (cp == '.' || cp == '!' || cp == '?')
            stop = LATIN;
        else if (cp == 0x3002 || cp == 0xff01 || cp == 0xff1f)
            stop = WIDE;
        else if (!is_closer(cp) && cp != '"')
            stop = NO;
        any |= !utf8_is_space(cp);
        i += len;
    }
    return n;
}

bool grammar_circle_ends(const char *s, size_t n, bool apart)
{
    size_t i = n;
    uint32_t cp = 0;
    while (i > 0) {
        i -= utf8_back(s, i);
        utf8_next(s + i, n - i, &cp);
        if (!is_closer(cp) && cp != '"' && cp != '\\') break;
    }
    if (cp == 0x3002 || cp == 0xff01 || cp == 0xff1f) return true;
    return apart && (cp == '.' || cp == '!' || cp == '?');
}

/* ------------------------------------------------------------------ words */

#define MAX_WORDS 256

struct bag {
    uint32_t word[MAX_WORDS]; /* hashes */
    bool digit[MAX_WORDS];
    size_t n;
};

static bool is_word(uint32_t cp)
{
    return cp == '_' || (cp >= '0' && cp <= '9') || ((cp | 32) >= 'a' && (cp | 32) <= 'z') ||
           (cp >= 0xc0 && (cp < 0x2000 || cp > 0x206f) && (cp < 0x3000 || cp > 0x303f) &&
            (cp < 0xff00 || cp > 0xff0f) && !utf8_is_space(cp));
}

/* Words beyond MAX_WORDS are left out: sentences that long are not told apart by their end. */
static void fill(struct bag *b, const char *s, size_t n)
{
    uint32_t hash = 0, cp;
    bool open = false;
    b->n = 0;
    for (size_t i = 0; i < n && b->n < MAX_WORDS; i += next_char(s, n, i, &cp)) {
        next_char(s, n, i, &cp);
        bool cjk = utf8_is_cjk(cp);
        if (open && (cjk || !is_word(cp))) {
            b->word[b->n++] = hash;
            open = false;
            if (b->n == MAX_WORDS) return;
        }
        if (!cjk && !is_word(cp)) continue;
        if (!open) {
            hash = 2166136261u;
            b->digit[b->n] = false;
        }
        if (cp >= 'A' && cp <= 'Z') cp |= 32;
        hash = (hash ^ cp) * 16777619u; /* FNV-1a over code points */
        if (cp >= '0' && cp <= '9') b->digit[b->n] = true;
        open = !cjk;
        if (cjk) b->word[b->n++] = hash;
    }
    if (open && b->n < MAX_WORDS) b->word[b->n++] = hash;
}

static bool equal(const struct bag *a, const struct bag *b)
{
    return a->n == b->n && memcmp(a->word, b->word, a->n * sizeof *a->word) == 0;
}

static bool says_again(const struct bag *now, const struct bag *before)
{
    bool used[MAX_WORDS] = {false};
    size_t found = 0;
    if (now->n < CIRCLE_MIN) return now->n > 1 && equal(now, before);
    for (size_t i = 0; i < now->n; i++) {
        size_t j = 0;
        while (j < before->n && (used[j] || before->word[j] != now->word[i])) j++;
        if (j < before->n) {
            used[j] = true;
            found++;
        } else if (now->digit[i]) {
            return false;
        }
    }
    return (double)found >= CIRCLE_SHARE * (double)now->n;
}

size_t grammar_circle_cut(const char *s, size_t n)
{
    struct bag now, before;
    size_t last = 0;
    for (size_t i = 0, end; i < n; i = end) {
        end = sentence_end(s, n, i);
        if (end <= i) end = i + 1;
        last = i;
    }
    if (last == 0) return n;
    fill(&now, s + last, n - last);
    for (size_t i = 0, end; i < last; i = end) {
        end = sentence_end(s, last, i);
        if (end <= i) end = i + 1;
        fill(&before, s + i, end - i);
        if (says_again(&now, &before)) return last;
    }
    return n;
}
