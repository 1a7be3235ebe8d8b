#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

struct str str_of(const char *z)
{
    return (struct str){z ? z : "", z ? strlen(z) : 0};
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

/* Letters of either case; some other characters, too: what is equal to this is then compared. */
static bool alike(char a, char b)
{
    return (a | 0x20) == (b | 0x20);
}

bool str_has_any_suffix(const char *name, const char *const *suffixes)
{
    size_t n = strlen(name);
    for (; *suffixes; suffixes++) {
        size_t k = strlen(*suffixes);
        if (n > k && alike(name[n - 1], (*suffixes)[k - 1]) && !strcasecmp(name + n - k, *suffixes)) return true;
    }
    return false;
}

bool str_has_suffix(const char *name, const char *suffix)
{
    return str_has_any_suffix(name, (const char *const[]){suffix, NULL});
}

/* ------------------------------------------------------------------ buffers */

static void reserve(struct buf *b, size_t more)
{
    size_t need = b->n + more + 1;
    if (need <= b->cap) return;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need) cap += cap / 2 + 64;
    b->s = mem_grow(b->s, cap, 1);
    b->cap = cap;
}

void buf_add(struct buf *b, const char *s, size_t n)
{
    reserve(b, n);
    if (n) memcpy(b->s + b->n, s, n);
    b->n += n;
    b->s[b->n] = '\0';
}

void buf_addz(struct buf *b, const char *z)
{
    buf_add(b, z, strlen(z));
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n > 0) {
        reserve(b, (size_t)n);
        vsnprintf(b->s + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(b, fmt, ap);
    va_end(ap);
}

void buf_add_utf8(struct buf *b, uint32_t cp)
{
    char c[4];
    buf_add(b, c, utf8_put(cp, c));
}

void buf_add_json_inner(struct buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t len = utf8_next(s + i, n - i, &cp);
        switch (cp) {
        case '"': buf_addz(b, "\\\""); break;
        case '\\': buf_addz(b, "\\\\"); break;
        case '\n': buf_addz(b, "\\n"); break;
        case '\r': buf_addz(b, "\\r"); break;
        case '\t': buf_addz(b, "\\t"); break;
        default:
            if (cp < 0x20 || cp == 0x7f)
                buf_addf(b, "\\u%04x", (unsigned)cp);
            else
                buf_add_utf8(b, cp);
        }
        i += len;
    }
}

void buf_add_json(struct buf *b, const char *s, size_t n)
{
    buf_addc(b, '"');
    buf_add_json_inner(b, s, n);
    buf_addc(b, '"');
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    if (b->s) b->s[0] = '\0';
}

void buf_free(struct buf *b)
{
    mem_free(b->s);
    *b = (struct buf){0};
}

/* ------------------------------------------------------------------ UTF-8 */

#define REPLACEMENT 0xfffd

size_t utf8_next(const char *s, size_t n, uint32_t *cp)
{
    const unsigned char *u = (const unsigned char *)s;
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    *cp = u[0];
    if (u[0] < 0x80) return 1;
    size_t len = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
    uint32_t c = u[0] & (0x7fu >> len);
    *cp = REPLACEMENT;
    if (u[0] < 0xc2 || u[0] > 0xf4 || len > n) return 1;
    for (size_t i = 1; i < len; i++) {
        if ((u[i] & 0xc0) != 0x80) return 1;
        c = c << 6 | (u[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 1;
    *cp = c;
    return len;
}

size_t utf8_back(const char *s, size_t i)
{
    size_t n = 1;
    while (n < 4 && n < i && ((unsigned char)s[i - n] & 0xc0) == 0x80) n++;
    uint32_t cp;
    return utf8_next(s + i - n, n, &cp) == n ? n : 1;
}

size_t utf8_put(uint32_t cp, char out[4])
{
    if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) cp = REPLACEMENT;
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, cp >>= 6) out[i] = (char)(0x80 | (cp & 0x3f));
    out[0] = (char)((0xf00u >> len & 0xff) | cp); /* 110xxxxx, 1110xxxx, 11110xxx */
    return len;
}

size_t utf8_check(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        if ((unsigned char)s[i] < 0x80) {
            i++;
            continue;
        }
        uint32_t cp;
        if (utf8_next(s + i, n - i, &cp) == 1) return i;
        i += utf8_next(s + i, n - i, &cp);
    }
    return n;
}

size_t utf8_count(const char *s, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += ((unsigned char)s[i] & 0xc0) != 0x80;
    return count;
}

bool utf8_is_space(uint32_t cp)
{
    return (cp >= 0x09 && cp <= 0x0d) || cp == 0x20 || cp == 0x85 || cp == 0xa0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f ||
           cp == 0x205f || cp == 0x3000;
}

bool utf8_steers(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x202a && cp <= 0x202e) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

bool utf8_is_cjk(uint32_t cp)
{
    return (cp >= 0x2e80 && cp <= 0x2fdf) ||   /* radicals */
           (cp >= 0x3040 && cp <= 0x30ff) ||   /* kana */
           (cp >= 0x3400 && cp <= 0x4dbf) || (cp >= 0x4e00 && cp <= 0x9fff) || /* Han */
           (cp >= 0xac00 && cp <= 0xd7af) ||   /* hangul */
           (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0x20000 && cp <= 0x3134f);
}
