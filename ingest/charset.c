#include "ingest/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <uchardet/uchardet.h>

#include "base/str.h"
#include "ingest/charset_letters.h"

#define PIECE 1024               /* bytes of source that share one place            */
#define GUESS ((size_t)4 << 20)  /* bytes that uchardet is shown                     */

/* ------------------------------------------------------------------ what the bytes look like */

struct census {
    size_t n, nul, nul_even, nul_odd, control, high, escape;
};

static struct census census_of(const unsigned char *p, size_t n)
{
    struct census c = {.n = n};
    for (size_t i = 0; i < n; i++) {
        unsigned char b = p[i];
        if (b >= 0x80) c.high++;
        if (b >= 0x20 && b != 0x7f) continue;
        if (b == 0) {
            c.nul++;
            if (i & 1) c.nul_odd++;
            else c.nul_even++;
        } else if (b == 0x1b) {
            c.escape++;
        } else if (b != '\n' && b != '\t' && b != '\r' && b != '\f' && b != '\b') {
            c.control++;
        }
    }
    return c;
}

static const char *from_mark(const unsigned char *p, size_t n, size_t *bom)
{
    static const struct { const char *name, *mark; size_t n; } marks[] = {
        {"utf-8", "\xef\xbb\xbf", 3},
        {"utf-32le", "\xff\xfe\0\0", 4}, /* before utf-16le: the same start */
        {"utf-32be", "\0\0\xfe\xff", 4},
        {"utf-16le", "\xff\xfe", 2},
        {"utf-16be", "\xfe\xff", 2},
        {"gb18030", "\x84\x31\x95\x33", 4},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (n < marks[i].n || memcmp(p, marks[i].mark, marks[i].n) != 0) continue;
        *bom = marks[i].n;
        return marks[i].name;
    }
    *bom = 0;
    return NULL;
}

/* Code units of two or four bytes by kind. */
struct units {
    size_t n, plain, good, bad; /* ASCII; other characters; what no text holds             */
    size_t pairs;               /* of the good: two printable ASCII bytes side by side     */
    size_t script[256];         /* the good by their 256 characters, those of one writing
                                   together; 0 is Latin and punctuation                    */
};
enum { SCRIPT_LATIN = 0, SCRIPT_CJK = 0x4e, SCRIPT_HANGUL = 0xac };

static uint32_t unit_at(const unsigned char *p, size_t i, size_t unit, bool big)
{
    uint32_t c = 0;
    for (size_t k = 0; k < unit; k++) c = c << 8 | p[i * unit + (big ? k : unit - 1 - k)];
    return c;
}

static size_t script_of(uint32_t c)
{
    size_t block = c >> 8;
    if (block < 3 || block == 0x1e || block == 0x20 || block == 0xff) return SCRIPT_LATIN;
    if (block == 0x30 || (block >= 0x34 && block <= 0x9f) || block > 0xff) return SCRIPT_CJK;
    return block >= 0xac && block < 0xd8 ? SCRIPT_HANGUL : block;
}

static bool is_printable(uint32_t c)
{
    return c == '\n' || c == '\r' || c == '\t' || (c >= 0x20 && c < 0x7f);
}

static struct units units_of(const unsigned char *p, size_t n, size_t unit, bool big)
{
    struct units u = {.n = n / unit < 1 << 16 ? n / unit : 1 << 16};
    for (size_t i = 0; i < u.n; i++) {
        uint32_t c = unit_at(p, i, unit, big);
        bool high = unit == 2 && c >= 0xd800 && c < 0xdc00;
        if (is_printable(c)) {
            u.plain++;
        } else if (high && i + 1 < u.n && unit_at(p, i + 1, 2, big) >> 10 == 0xdc00 >> 10) {
            i++;
        } else if (c < 0x20 || c == 0xfffe || c == 0xffff || c > 0x10ffff ||
                   (c >= 0xd800 && c < 0xf900)) {
            u.bad++;
        } else {
            u.good++;
            u.script[script_of(c)]++;
            /* Hiragana lies there by right. */
            u.pairs += c >> 8 != 0x30 && is_printable(c >> 8) && is_printable(c & 0xff);
        }
    }
    return u;
}

/* Units that read as ordinary text.  Nobody said so, therefore it must be plain to see: next to
 * nothing that no text holds, and most of it ASCII, or else many characters of one writing or two.
 * CJK text without a mark has no zero bytes but those of line ends and blanks; where its units are
 * pairs of ASCII it is ASCII with a few zeros in it. */
static bool is_wide_text(const unsigned char *p, size_t n, size_t unit, bool big)
{
    struct units u = units_of(p, n, unit, big);
    if (u.n < 3 || u.bad * 50 > u.n || u.plain * 200 < u.n) return false;
    if (u.plain * 2 >= u.n) return true;
    size_t first = 0, second = 0;
    for (size_t i = SCRIPT_LATIN + 1; i < 256; i++) {
        if (u.script[i] > first) second = first, first = u.script[i];
        else if (u.script[i] > second) second = u.script[i];
    }
    return u.n >= 16 && u.pairs * 5 <= u.good * 4 && first * 2 >= u.good &&
           (first + second + u.script[SCRIPT_LATIN]) * 10 >= u.good * 9;
}

/* Whether what follows the mark of UTF-16 can be text at all: MPEG frames may start like one. */
static bool is_false_mark(const char *name, const unsigned char *p, size_t n)
{
    if (strncmp(name, "utf-16", 6) != 0 || n < 64) return false;
    struct units u = units_of(p + 2, n - 2, 2, name[6] == 'b');
    return u.bad * 20 > u.n;
}

/* UTF-16 and UTF-32 without a mark.  Zeros decide: text has many line ends and blanks. */
static const char *from_zeros(const unsigned char *p, const struct census *c)
{
    if (c->nul == 0) return NULL;
    if (c->n % 4 == 0 && c->nul * 2 >= c->n) {
        if (is_wide_text(p, c->n, 4, false)) return "utf-32le";
        if (is_wide_text(p, c->n, 4, true)) return "utf-32be";
    }
    /* A cut file may miss its last byte. */
    if (c->nul_odd > c->nul_even * 4 && is_wide_text(p, c->n, 2, false)) return "utf-16le";
    if (c->nul_even > c->nul_odd * 4 && is_wide_text(p, c->n, 2, true)) return "utf-16be";
    return NULL;
}

/* No text of one-byte units holds a zero. */
static bool is_binary(const struct census *c)
{
    return c->nul > 0 || c->control * 50 > c->n;
}

/* Whether s[0..n) is the start of a character whose rest is missing. */
static bool is_cut(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    if (n > 3 || u[0] < 0xc2 || u[0] > 0xf4) return false;
    size_t whole = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
    for (size_t i = 1; i < n; i++)
        if ((u[i] & 0xc0) != 0x80) return false;
    return n < whole;
}

/* Well-formed UTF-8, or nearly: cut in its last character, or with bad bytes few beside the
 * characters that are good. */
static bool is_utf8(const char *s, size_t n)
{
    size_t good = 0, bad = 0, i = 0;
    while (i < n) {
        if ((unsigned char)s[i] < 0x80) {
            i++;
            continue;
        }
        uint32_t cp;
        size_t len = utf8_next(s + i, n - i, &cp);
        if (len > 1) good++;
        else if (is_cut(s + i, n - i)) return bad * 10 <= good && (good > 0 || n - i > 1);
        else bad++;
        i += len;
    }
    return bad * 10 <= good;
}

/* Whether the bytes hold HZ: ~{ pairs of seven-bit bytes ~}, each closed on its line. */
static bool is_hz(const char *s, size_t n)
{
    size_t pairs = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        if (s[i] != '~' || s[i + 1] != '{') continue;
        for (i += 2; i + 1 < n && s[i] >= 0x21 && s[i] <= 0x77 && s[i + 1] >= 0x21; i += 2) pairs++;
        if (i + 1 >= n) break;
        if (s[i] != '~' || s[i + 1] != '}') return false;
        i++;
    }
    return pairs > 1;
}

static const char *guess(struct arena *a, const char *s, size_t n)
{
    uchardet_t u = uchardet_new();
    if (!u) return NULL;
    /* Bytes before the first odd one say nothing; what is shown starts on its line. */
    size_t from = 0;
    while (from < n && (unsigned char)s[from] < 0x80 && s[from] != 0x1b && s[from] != '~') from++;
    while (from > 0 && s[from - 1] != '\n') from--;
    if (n > GUESS && from > n - GUESS) from = n - GUESS;
    size_t len = n - from < GUESS ? n - from : GUESS;
    const char *name = NULL;
    if (uchardet_handle_data(u, s + from, len) == 0) {
        uchardet_data_end(u);
        name = uchardet_get_charset(u);
    }
    char *out = name && *name ? mem_copy(a, name, strlen(name)) : NULL;
    uchardet_delete(u);
    for (char *p = out; p && *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p += 'a' - 'A';
    return out;
}

/* ------------------------------------------------------------------ names */

/* What browsers take a declared name to mean: the larger set that the bytes are in practice. */
static const char *canonical(const char *name)
{
    static const struct { const char *from, *to; } same[] = {
        {"utf8", "utf-8"}, {"unicode-1-1-utf-8", "utf-8"}, {"ascii", "windows-1252"},
        {"us-ascii", "windows-1252"}, {"latin1", "windows-1252"}, {"latin-1", "windows-1252"},
        {"iso-8859-1", "windows-1252"}, {"iso8859-1", "windows-1252"}, {"cp1252", "windows-1252"},
        {"iso-8859-9", "windows-1254"}, {"latin5", "windows-1254"}, {"tis-620", "windows-874"},
        {"gb2312", "gb18030"}, {"gbk", "gb18030"}, {"gb_2312-80", "gb18030"}, {"x-gbk", "gb18030"},
        {"euc-cn", "gb18030"}, {"hz", "hz-gb-2312"}, {"hz-gb2312", "hz-gb-2312"},
        {"shift_jis", "cp932"}, {"shift-jis", "cp932"}, {"sjis", "cp932"}, {"x-sjis", "cp932"},
        {"windows-31j", "cp932"}, {"ms_kanji", "cp932"}, {"ks_c_5601-1987", "cp949"},
        {"ksc5601", "cp949"}, {"uhc", "cp949"}, {"korean", "cp949"}, {"windows-949", "cp949"},
        {"big5", "big5-hkscs"}, {"x-x-big5", "big5-hkscs"}, {"unicode", "utf-16le"},
        {"utf-16", "utf-16le"}, {"utf-32", "utf-32le"}, {"x-euc-jp", "euc-jp"},
        {"x-cp1251", "windows-1251"}, {"x-mac-cyrillic", "mac-cyrillic"},
        {"mac-cyrillic", "maccyrillic"}, {"x-mac-roman", "macintosh"}, {"windows-874", "cp874"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcasecmp(name, same[i].from) == 0) return same[i].to;
    return name;
}

/* What this system's iconv calls it. */
static iconv_t open_iconv(const char *name)
{
    if (strcmp(name, "hz-gb-2312") == 0) name = "gb18030";
    return iconv_open("utf-8", name);
}

static bool is_known(const char *name)
{
    iconv_t cd = open_iconv(name);
    if (cd == (iconv_t)-1) return false;
    iconv_close(cd);
    return true;
}

static enum err named_charset(struct charset *out, struct arena *a, const char *named,
                              struct errinfo *e)
{
    char *low = mem_copy(a, named, strlen(named));
    for (char *p = low; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p += 'a' - 'A';
    const char *name = canonical(low);
    bool sane = strlen(name) < 40 && !strchr(name, '/');
    if (!sane || !is_known(name))
        return err_set(e, E_UNSUPPORTED, "'%.40s' is no encoding that this system converts "
                       "(iconv -l lists them)", named);
    out->name = name;
    return OK;
}

/* Whether a guess is too rare to be believed on the evidence of a few bytes in n, most of which are
 * ASCII: of other scripts a line tells. */
static bool is_rare(const char *name, size_t high, size_t n)
{
    static const char *const rare[] = {"mac-", "ibm", "iso-8859-3", "iso-8859-4", "iso-8859-10",
                                       "iso-8859-13", "iso-8859-14", "iso-8859-16", "viscii",
                                       "georgian", "johab"};
    for (size_t i = 0; i < sizeof rare / sizeof *rare; i++)
        if (strncmp(name, rare[i], strlen(rare[i])) == 0) return high < 200 && 2 * high < n;
    return false;
}

/* ISO 8859-15 differs from windows-1252 in eight characters; without them it is a guess for
 * nothing. */
static bool is_latin9(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] && strchr("\xa4\xa6\xa8\xb4\xb8\xbc\xbd\xbe", s[i])) return true;
    return false;
}

/* Whether the characters of a guess are pairs of bytes, of which the second may be a letter of ASCII. */
static bool has_pairs(const char *name)
{
    static const char *const pairs[] = {"shift", "gb", "big5", "euc", "uhc", "johab", "cp9"};
    for (size_t i = 0; name && i < sizeof pairs / sizeof *pairs; i++)
        if (strncmp(name, pairs[i], strlen(pairs[i])) == 0) return true;
    return false;
}

/* Not UTF-8 of any kind: a guess from the bytes, in the end windows-1252, which holds any. */
static const char *guessed_charset(struct arena *a, const char *s, size_t n, size_t high)
{
    const char *name = guess(a, s, n), *old = letters_old_western(s, n, high);
    if (old && is_known(old) && !has_pairs(name)) return old;
    if (!name && letters_johab(s, n) && is_known("johab")) return "johab";
    if (!name || strcmp(name, "ascii") == 0 || strcmp(name, "utf-8") == 0) name = "windows-1252";
    const char *settled = letters_settle(name, s, n);
    if (settled && is_known(settled)) return settled;
    if (is_rare(name, high, n)) return "windows-1252";
    if (strcmp(name, "iso-8859-15") == 0 && !is_latin9(s, n)) return "windows-1252";
    name = canonical(name);
    return is_known(name) ? name : "windows-1252";
}

enum err charset_detect(struct charset *out, struct arena *a, const void *bytes, size_t n,
                        const char *named, struct errinfo *e)
{
    *out = (struct charset){0};
    const char *s = bytes;
    if (named) TRY(named_charset(out, a, named, e));
    const char *marked = from_mark(bytes, n, &out->bom);
    if (marked && is_false_mark(marked, bytes, n)) {
        out->bom = 0;
        out->binary = !named;
        return OK;
    }
    if (marked) out->name = marked;
    if (out->name) return OK;
    struct census c = census_of(bytes, n);
    out->name = from_zeros(bytes, &c);
    out->guessed = out->name != NULL;
    if (out->name) return OK;
    /* Its letters stand between control characters, and its first line says so. */
    if (c.high == 0 && c.escape && memmem(s, n, "\x1b$)C", 4) && is_known("iso-2022-kr")) {
        out->name = "iso-2022-kr";
        out->guessed = true;
        return OK;
    }
    out->binary = is_binary(&c);
    if (out->binary) return OK;
    out->name = "utf-8";
    if (c.high == 0) {
        const char *seven = c.escape || is_hz(s, n) ? guess(a, s, n) : NULL;
        bool stateful = seven && (strncmp(seven, "iso-2022", 8) == 0 || seven[0] == 'h');
        if (stateful && is_known(canonical(seven))) out->name = canonical(seven);
        out->guessed = stateful;
        return OK;
    }
    if (is_utf8(s, n)) return OK;
    out->name = guessed_charset(a, s, n, c.high);
    out->guessed = true;
    return OK;
}

/* ------------------------------------------------------------------ conversion */

struct converter {
    iconv_t cd;
    size_t unit;          /* bytes that a bad place skips */
    char line_end;        /* the character behind which a piece ends */
    charset_emit *emit;
    void *ctx;
    size_t bad;
    char out[PIECE * 6];  /* no encoding needs more than three bytes of UTF-8 for one of its own */
};

/* Whether all bytes of a unit but one are zero. */
static bool is_ascii_unit(const unsigned char *p, size_t unit)
{
    size_t zeros = 0;
    for (size_t z = 0; z < unit; z++) zeros += p[z] == 0;
    return zeros == unit - 1;
}

static size_t unit_of(const char *name)
{
    if (strncmp(name, "utf-16", 6) == 0 || strncmp(name, "ucs-2", 5) == 0) return 2;
    return strncmp(name, "utf-32", 6) == 0 || strncmp(name, "ucs-4", 5) == 0 ? 4 : 1;
}

static bool is_big(const char *name)
{
    size_t n = strlen(name);
    return n > 2 && strcmp(name + n - 2, "be") == 0;
}

bool charset_cr_lines(const struct charset *cs, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    size_t unit = unit_of(cs->name), low = is_big(cs->name) ? unit - 1 : 0;
    if (unit == 1) return memchr(p, '\r', n) && !memchr(p, '\n', n);
    bool cr = false;
    for (size_t i = cs->bom; i + unit <= n; i += unit) {
        if ((p[i + low] != '\n' && p[i + low] != '\r') || !is_ascii_unit(p + i, unit)) continue;
        if (p[i + low] == '\n') return false;
        cr = true;
    }
    return cr;
}

/* End of the piece that starts at i: after a line end, or at PIECE bytes. */
static size_t piece_end(const struct converter *c, const unsigned char *p, size_t n, size_t i,
                        bool big)
{
    size_t stop = n - i > PIECE ? i + PIECE : n;
    for (size_t k = i; k + c->unit <= stop; k += c->unit) {
        size_t low = big ? k + c->unit - 1 : k;
        if (p[low] == (unsigned char)c->line_end && is_ascii_unit(p + k, c->unit))
            return k + c->unit;
    }
    if (stop < n && stop - i > 1 && c->unit == 1 && p[stop - 1] == '\r') stop--; /* \r\n stays together */
    return stop;
}

/* Converts p[0..n) after what came before; returns the bytes used, fewer than n only when the
 * last character is cut, and puts UTF-8 into c->out. */
static size_t convert_piece(struct converter *c, const char *p, size_t n, bool last, size_t *len)
{
    char *in = (char *)(uintptr_t)p, *to = c->out;
    size_t left = n, room = sizeof c->out - 4;
    while (left > 0) {
        if (iconv(c->cd, &in, &left, &to, &room) != (size_t)-1) break;
        if (errno == E2BIG) break;
        if (errno == EINVAL && !last) break;
        size_t skip = left < c->unit || errno == EINVAL ? left : c->unit;
        if (room < 3) break;
        memcpy(to, "\xef\xbf\xbd", 3);
        to += 3;
        room -= 3;
        in += skip;
        left -= skip;
        c->bad++;
    }
    *len = (size_t)(to - c->out);
    return n - left;
}

static void convert_all(struct converter *c, const char *p, size_t n, size_t i, bool big)
{
    while (i < n) {
        size_t end = piece_end(c, (const unsigned char *)p, n, i, big), len;
        size_t used = convert_piece(c, p + i, end - i, end == n, &len);
        if (used == 0) { /* a character longer than the piece: take more */
            end = n - i > PIECE ? i + PIECE : n;
            used = convert_piece(c, p + i, end - i, true, &len);
        }
        if (len > 0) c->emit(c->ctx, c->out, len, i, used);
        i += used;
    }
}

/* HZ is GB 2312 in seven bits between ~{ and ~}: each line becomes the eight-bit form, with the
 * piece's bytes kept. */
static void convert_hz(struct converter *c, const char *p, size_t n)
{
    char eight[PIECE];
    bool shifted = false;
    for (size_t i = 0; i < n;) {
        size_t k = 0, start = i;
        while (i < n && i - start < PIECE - 2) {
            char ch = p[i];
            char next = i + 1 < n ? p[i + 1] : '\0';
            if (ch == '~' && (next == '{' || next == '}')) {
                shifted = next == '{';
                i += 2;
            } else if (ch == '~' && next == '~' && !shifted) {
                eight[k++] = '~';
                i += 2;
            } else if (ch == '~' && next == '\n') {
                i += 2;
            } else if (shifted && ch > 0x20 && next > 0x20) {
                eight[k++] = (char)(ch | 0x80);
                eight[k++] = (char)(next | 0x80);
                i += 2;
            } else {
                eight[k++] = ch;
                i++;
                if (ch != '\n') continue;
                shifted = false;
                break;
            }
        }
        size_t len;
        convert_piece(c, eight, k, true, &len);
        if (len > 0) c->emit(c->ctx, c->out, len, start, i - start);
    }
}

static void utf8_pieces(struct converter *c, const char *p, size_t n, size_t i)
{
    while (i < n) {
        size_t stop = n - i > PIECE ? i + PIECE : n, k = 0, at = i;
        while (i < stop && !(i > at && p[i - 1] == c->line_end)) {
            uint32_t cp;
            if ((unsigned char)p[i] < 0x80) { /* nearly all, mostly */
                c->out[k++] = p[i++];
                continue;
            }
            size_t len = utf8_next(p + i, n - i, &cp);
            bool bad = len == 1 && cp == 0xfffd;
            c->bad += bad;
            k += utf8_put(cp, c->out + k);
            i += len;
        }
        if (i < n && p[i] == '\n' && p[i - 1] == '\r') { /* stays together */
            c->out[k++] = '\n';
            i++;
        }
        c->emit(c->ctx, c->out, k, at, i - at);
    }
}

enum err charset_convert(const struct charset *cs, const void *bytes, size_t n,
                         charset_emit *emit, void *ctx, size_t *bad, struct errinfo *e)
{
    struct converter c = {.unit = unit_of(cs->name), .emit = emit, .ctx = ctx};
    c.line_end = charset_cr_lines(cs, bytes, n) ? '\r' : '\n';
    const char *p = bytes;
    size_t start = cs->bom < n ? cs->bom : n;
    *bad = 0;
    if (strcmp(cs->name, "utf-8") == 0) {
        utf8_pieces(&c, p, n, start);
        *bad = c.bad;
        return OK;
    }
    c.cd = open_iconv(cs->name);
    if (c.cd == (iconv_t)-1)
        return err_set(e, E_UNSUPPORTED, "no conversion from '%s': %s", cs->name, strerror(errno));
    if (strcmp(cs->name, "hz-gb-2312") == 0) convert_hz(&c, p, n);
    else convert_all(&c, p, n, start, is_big(cs->name));
    iconv_close(c.cd);
    *bad = c.bad;
    return OK;
}
