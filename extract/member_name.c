#include "extract/member_name.h"

#include <stdbool.h>
#include <string.h>
#include <uchardet/uchardet.h>

#include "ingest/charset.h"
#include "ingest/zip_list.h"

enum { SHOWN = 1 << 16 };

static bool is_high(char c)
{
    return (unsigned char)c >= 0x80;
}

/* Letters of code page 437. */
static bool is_dos_letter(char c)
{
    unsigned char u = (unsigned char)c;
    return (u >= 0x80 && u <= 0x9a) || (u >= 0xa0 && u <= 0xa7) || u == 0xe1;
}

/* Some letters with marks among more plain ones, as in words of western Europe. */
static bool is_western(const char *s, size_t n)
{
    size_t high = 0, plain = 0;
    for (size_t i = 0; i < n; i++) {
        high += is_high(s[i]);
        plain += (s[i] | 32) >= 'a' && (s[i] | 32) <= 'z';
    }
    return high <= plain;
}

static bool are_dos_letters(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_high(s[i]) && !is_dos_letter(s[i])) return false;
    return true;
}

static void take(void *ctx, const char *utf8, size_t n, size_t byte, size_t byte_len)
{
    (void)byte, (void)byte_len;
    if (ctx) buf_add(ctx, utf8, n);
}

/* Whether all of s means something in a charset, and its name as iconv knows it. */
static bool holds(const char **name, struct arena *a, const char *charset, const char *s, size_t n)
{
    struct charset cs;
    size_t bad = 0;
    if (charset_detect(&cs, a, s, n, charset, NULL) || cs.binary) return false;
    if (charset_convert(&cs, s, n, take, NULL, &bad, NULL) || bad) return false;
    *name = cs.name;
    return true;
}

static const char *guess(struct arena *a, const char *s, size_t n)
{
    const char *name = NULL, *said = NULL;
    uchardet_t u = uchardet_new();
    if (u && uchardet_handle_data(u, s, n) == 0) {
        uchardet_data_end(u);
        said = uchardet_get_charset(u);
        if (!*said || !holds(&name, a, said, s, n)) name = NULL;
    }
    if (u) uchardet_delete(u);
    return name;
}

/* A zip file's names that nothing says the charset of and that are not UTF-8, one a line. */
static void collect(struct buf *out, const void *archive, size_t n)
{
    struct zip_list list;
    struct zip_name m;
    zip_list_open(&list, archive, n);
    while (out->n < SHOWN && zip_list_next(&list, &m)) {
        if (m.utf8 || utf8_check(m.s, m.n) == m.n) continue;
        buf_add(out, m.s, m.n);
        buf_addc(out, '\n');
    }
}

void member_names_open(struct member_names *m, struct arena *a, const void *archive, size_t n)
{
    struct buf b = {0};
    m->charset = NULL;
    collect(&b, archive, n);
    if (b.n) {
        bool dos = is_western(b.s, b.n) && are_dos_letters(b.s, b.n);
        const char *guessed = dos ? NULL : guess(a, b.s, b.n);
        m->charset = guessed ? guessed : "cp437";
    }
    buf_free(&b);
}

const char *member_name(const struct member_names *m, struct buf *out, const char *raw)
{
    struct charset cs = {.name = m->charset};
    size_t n = strlen(raw), bad;
    if (!m->charset || utf8_check(raw, n) == n) return raw;
    buf_clear(out);
    if (charset_convert(&cs, raw, n, take, out, &bad, NULL) || !out->n) return raw;
    return out->s;
}
