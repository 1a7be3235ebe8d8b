#include "engine/grammar_text.h"

#include <string.h>

/* The lead bytes of well-formed UTF-8 and the range of the byte after them (Unicode, table 3-7). */
static bool lead(struct text_state *st, unsigned char b)
{
    st->lo = 0x80;
    st->hi = 0xbf;
    if (b >= 0xc2 && b <= 0xdf) {
        st->more = 1;
    } else if (b >= 0xe0 && b <= 0xef) {
        st->more = 2;
        if (b == 0xe0) st->lo = 0xa0;
        if (b == 0xed) st->hi = 0x9f;
    } else if (b >= 0xf0 && b <= 0xf4) {
        st->more = 3;
        if (b == 0xf0) st->lo = 0x90;
        if (b == 0xf4) st->hi = 0x8f;
    } else {
        return false;
    }
    return true;
}

static bool feed_byte(struct text_state *st, unsigned char b)
{
    if (st->more) {
        if (b < st->lo || b > st->hi) return false;
        st->lo = 0x80;
        st->hi = 0xbf;
        st->more--;
        return true;
    }
    if (st->escape) {
        if (!b || !strchr("\"\\/bfnrt", b)) return false;
        st->escape = false;
        st->newlines += b == 'n' || b == 'r';
        return true;
    }
    if (b < 0x20 || b == '"') return false;
    st->chars++;
    if (b == '\\') st->escape = true;
    return b < 0x80 || lead(st, b);
}

bool grammar_text_feed(struct text_state *st, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!feed_byte(st, (unsigned char)s[i])) return false;
    return true;
}

bool grammar_text_clean(const struct text_state *st)
{
    return !st->escape && !st->more;
}

static bool is_blank(struct str s)
{
    if (s.s[0] == ' ') return true;
    return s.n > 1 && s.s[0] == '\\' && strchr("nrtbf", s.s[1]);
}

void grammar_text_classify(struct text_tokens *out, struct arena *a, const struct tokenizer *t)
{
    size_t n = tokenizer_size(t);
    uint8_t *flags = NEW(a, uint8_t, n);
    for (size_t i = 0; i < n; i++) {
        struct str s = tokenizer_bytes(t, (int32_t)i);
        if (s.n == 0 || tokenizer_is_special(t, (int32_t)i)) continue;
        struct text_state plain = {0}, escaped = {.escape = true};
        if (grammar_text_feed(&plain, s.s, s.n)) {
            flags[i] |= TEXT_PLAIN;
            if (plain.newlines) flags[i] |= TEXT_NEWLINE;
        }
        if (grammar_text_feed(&escaped, s.s, s.n)) flags[i] |= TEXT_ESCAPED;
        if (is_blank(s)) flags[i] |= TEXT_BLANK;
    }
    *out = (struct text_tokens){t, flags, n};
}

/* States other than the clean one are rare: the few bytes of each token are run through. */
static bool fits(const struct text_tokens *c, const struct text_state *st, size_t id,
                 size_t max_lines)
{
    struct str s = tokenizer_bytes(c->t, (int32_t)id);
    struct text_state next = *st;
    if (s.n == 0 || tokenizer_is_special(c->t, (int32_t)id)) return false;
    return grammar_text_feed(&next, s.s, s.n) && (!max_lines || next.newlines < max_lines);
}

size_t grammar_text_allowed(const struct text_tokens *c, const struct text_state *st,
                            size_t max_lines, bool first, int32_t *out)
{
    size_t n = 0;
    bool clean = grammar_text_clean(st);
    uint8_t need = st->escape ? TEXT_ESCAPED : TEXT_PLAIN;
    uint8_t never = first ? TEXT_BLANK : 0;
    for (size_t i = 0; i < c->n; i++) {
        uint8_t f = c->flags[i];
        if (!st->more && (!(f & need) || (f & never))) continue;
        bool look = st->more || (max_lines && (!clean || (f & TEXT_NEWLINE)));
        if (look && !fits(c, st, i, max_lines)) continue;
        out[n++] = (int32_t)i;
    }
    return n;
}

void grammar_text_unescape(struct buf *out, const char *s, size_t n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    for (size_t i = 0; i < n; i++) {
        const char *p = s[i] == '\\' && i + 1 < n ? strchr(from, s[i + 1]) : NULL;
        buf_addc(out, p && s[i + 1] ? to[p - from] : s[i]);
        if (p && s[i + 1]) i++;
    }
}
