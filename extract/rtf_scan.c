#include "extract/rtf_scan.h"

#include <string.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void take_word(struct rtf_token *t, const char *s, size_t n, size_t *at)
{
    size_t i = *at, k = 0;
    for (; i < n && is_letter(s[i]); i++)
        if (k + 1 < sizeof t->name) t->name[k++] = s[i];
    bool minus = i + 1 < n && s[i] == '-' && is_digit(s[i + 1]);
    i += minus;
    for (; i < n && is_digit(s[i]); i++) {
        t->has_number = true;
        if (t->number < 100000000) t->number = t->number * 10 + (s[i] - '0');
    }
    if (minus) t->number = -t->number;
    if (i < n && s[i] == ' ') i++;
    if (!strcmp(t->name, "bin") && t->number > 0)
        i = (size_t)t->number < n - i ? i + (size_t)t->number : n;
    t->kind = RTF_WORD;
    *at = i;
}

static void take_control(struct rtf_token *t, const char *s, size_t n, size_t *at)
{
    size_t i = ++*at;
    if (i >= n) return;
    if (is_letter(s[i])) {
        take_word(t, s, n, at);
        return;
    }
    int h = s[i] == '\'' && i + 2 < n ? hex(s[i + 1]) : -1, l = h >= 0 ? hex(s[i + 2]) : -1;
    if (l >= 0) {
        t->kind = RTF_BYTE;
        t->byte = (unsigned char)(h << 4 | l);
        *at = i + 3;
        return;
    }
    t->kind = RTF_SYMBOL;
    t->name[0] = s[i];
    *at = i + 1;
}

struct rtf_token rtf_next(const char *s, size_t n, size_t *at)
{
    struct rtf_token t = {.kind = RTF_END};
    while (*at < n && (s[*at] == '\r' || s[*at] == '\n' || s[*at] == '\0')) ++*at;
    t.from = *at;
    if (*at >= n) {
        t.to = n;
        return t;
    }
    char c = s[*at];
    if (c == '{' || c == '}') {
        t.kind = c == '{' ? RTF_OPEN : RTF_CLOSE;
        ++*at;
    } else if (c == '\\') {
        take_control(&t, s, n, at);
    } else {
        t.kind = RTF_TEXT;
        while (*at < n && s[*at] && !strchr("{}\\\r\n", s[*at])) ++*at;
    }
    t.to = *at;
    return t;
}
