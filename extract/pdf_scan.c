/* pdf_scan.c: see pdf_scan.h. */
#include "extract/pdf_scan.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "base/str.h"

enum { MAX_DICT = 4096, MAX_STREAM = 64 << 20, MAX_NUMBERS = 5, MAX_WORD = 31, MAX_SAVED = 64 };

/* ------------------------------------------------------------------ operators */

struct state {
    bool white, unseen;
};

struct reader {
    const char *s;
    size_t n, i;
    double number[MAX_NUMBERS]; /* the last operands that were numbers */
    int numbers;
    struct state now, saved[MAX_SAVED];
    int depth;
    bool hides;
};

enum { WORD, BLANK, DELIMITER };

/* What a byte is between the words of a stream. */
static const char kind[256] = {
    [' '] = BLANK,     ['\n'] = BLANK,    ['\r'] = BLANK,    ['\t'] = BLANK,
    ['\f'] = BLANK,    [0] = BLANK,       ['('] = DELIMITER, [')'] = DELIMITER,
    ['<'] = DELIMITER, ['>'] = DELIMITER, ['['] = DELIMITER, [']'] = DELIMITER,
    ['{'] = DELIMITER, ['}'] = DELIMITER, ['/'] = DELIMITER, ['%'] = DELIMITER,
};

static bool is_blank(char c)
{
    return kind[(unsigned char)c] == BLANK;
}

static bool is_delimiter(char c)
{
    return kind[(unsigned char)c] == DELIMITER;
}

static bool is_word(char c)
{
    return kind[(unsigned char)c] == WORD;
}

static void skip_string(struct reader *r)
{
    int depth = 0;
    for (; r->i < r->n; r->i++) {
        char c = r->s[r->i];
        if (c == '\\')
            r->i++;
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            break;
    }
    r->i++;
}

/* An image inside the stream ends with EI between blanks. */
static void skip_image(struct reader *r)
{
    for (; r->i + 3 < r->n; r->i++)
        if (is_blank(r->s[r->i]) && r->s[r->i + 1] == 'E' && r->s[r->i + 2] == 'I' &&
            is_blank(r->s[r->i + 3]))
            break;
    r->i += 3;
}

/* A sign, digits, a point among them: PDF has no exponents.  False: not a number. */
static bool read_number(const char *s, size_t n, double *v)
{
    double whole = 0, scale = 1;
    size_t i = n > 1 && (*s == '-' || *s == '+'), digits = 0;
    bool point = false;
    for (; i < n; i++) {
        if (s[i] == '.' && !point) {
            point = true;
        } else if (s[i] >= '0' && s[i] <= '9') {
            whole = 10 * whole + (s[i] - '0');
            scale *= point ? 10 : 1;
            digits++;
        } else {
            return false;
        }
    }
    *v = (*s == '-' ? -whole : whole) / scale;
    return digits > 0;
}

static void take_number(struct reader *r, double v)
{
    if (r->numbers == MAX_NUMBERS) {
        memmove(r->number, r->number + 1, sizeof r->number - sizeof *r->number);
        r->numbers--;
    }
    r->number[r->numbers++] = v;
}

/* Whether the last n operands, in the colour space that so many are of, are close to white.  One
 * may be a gray or an ink. */
static bool is_white(const struct reader *r, int n)
{
    if (n < 1 || n > r->numbers) return false;
    const double *v = r->number + r->numbers - n;
    bool light = true, no_ink = true;
    for (int k = 0; k < n; k++) {
        light &= v[k] > 0.93;
        no_ink &= v[k] < 0.07;
    }
    return n == 4 ? no_ink : n == 1 ? light || no_ink : light;
}

static void save(struct reader *r)
{
    if (r->depth < MAX_SAVED) r->saved[r->depth] = r->now;
    r->depth++;
}

static void restore(struct reader *r)
{
    if (r->depth > 0) r->depth--;
    if (r->depth < MAX_SAVED) r->now = r->saved[r->depth];
}

static bool is(const char *op, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(op, name, n) == 0;
}

static void take_operator(struct reader *r, const char *op, size_t n)
{
    bool shows = is(op, n, "Tj") || is(op, n, "TJ") || is(op, n, "'") || is(op, n, "\"");
    if (shows || is(op, n, "Do")) { /* a form goes on with the colour */
        r->hides |= r->now.white || (shows && r->now.unseen);
    } else if (is(op, n, "g")) {
        r->now.white = r->numbers > 0 && r->number[r->numbers - 1] > 0.93;
    } else if (is(op, n, "rg")) {
        r->now.white = is_white(r, 3);
    } else if (is(op, n, "k")) {
        r->now.white = is_white(r, 4);
    } else if (is(op, n, "sc") || is(op, n, "scn")) {
        r->now.white = is_white(r, r->numbers);
    } else if (is(op, n, "cs")) {
        r->now.white = false;
    } else if (is(op, n, "Tr") && r->numbers) {
        double mode = r->number[r->numbers - 1];
        r->now.unseen = mode == 3 || mode == 7;
    } else if (is(op, n, "q")) {
        save(r);
    } else if (is(op, n, "Q")) {
        restore(r);
    } else if (is(op, n, "ID")) {
        skip_image(r);
    }
    r->numbers = 0;
}

static bool operators_hide(const char *s, size_t n)
{
    struct reader r = {.s = s, .n = n};
    while (r.i < n && !r.hides) {
        char c = s[r.i];
        if (is_blank(c)) {
            r.i++;
        } else if (c == '(') {
            skip_string(&r);
        } else if (c == '%') {
            while (r.i < n && s[r.i] != '\n' && s[r.i] != '\r') r.i++;
        } else if (c == '/' || is_delimiter(c)) {
            r.i++;
            while (c == '/' && r.i < n && is_word(s[r.i])) r.i++;
        } else {
            size_t from = r.i;
            while (r.i < n && is_word(s[r.i])) r.i++;
            double v;
            if (r.i - from > MAX_WORD) continue;
            if (read_number(s + from, r.i - from, &v))
                take_number(&r, v);
            else
                take_operator(&r, s + from, r.i - from);
        }
    }
    return r.hides;
}

/* ------------------------------------------------------------------ streams */

/* Unpacks at most MAX_STREAM bytes; what a damaged end leaves out is left out. */
static void unpack(struct buf *out, const char *s, size_t n)
{
    enum { STEP = 1 << 16 };
    char *step = mem_alloc(STEP, 1);
    z_stream z = {.next_in = (Bytef *)(uintptr_t)s,
                  .avail_in = n > UINT32_MAX ? UINT32_MAX : (uInt)n};
    int r = inflateInit(&z);
    while (r == Z_OK && out->n < MAX_STREAM) {
        z.next_out = (Bytef *)step;
        z.avail_out = STEP;
        r = inflate(&z, Z_NO_FLUSH);
        buf_add(out, step, STEP - z.avail_out);
    }
    inflateEnd(&z);
    mem_free(step);
}

/* Five characters of base 85 for four bytes, "z" for four zeros, "~>" at the end. */
static void decode_a85(struct buf *out, const char *s, size_t n)
{
    uint32_t v = 0;
    int have = 0;
    for (size_t i = 0; i < n && s[i] != '~'; i++) {
        if (s[i] == 'z' && have == 0) buf_add(out, "\0\0\0\0", 4);
        if (s[i] < '!' || s[i] > 'u') continue;
        v = v * 85 + (uint32_t)(s[i] - '!');
        if (++have < 5) continue;
        char four[4] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
        buf_add(out, four, 4);
        v = 0, have = 0;
    }
    if (have < 2) return;
    for (int k = have; k < 5; k++) v = v * 85 + 84;
    char rest[3] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8)};
    buf_add(out, rest, (size_t)have - 1);
}

static bool has(const char *s, size_t n, const char *what)
{
    return memmem(s, n, what, strlen(what)) != NULL;
}

static bool has_any(const char *s, size_t n, const char *const *what)
{
    while (*what && !has(s, n, *what)) what++;
    return *what != NULL;
}

/* The dictionary of the stream whose data begin at `at`: from its "obj" on. */
static const char *dictionary(const char *s, size_t at)
{
    size_t from = at > MAX_DICT ? at - MAX_DICT : 0, i = at;
    while (i > from + 3 && memcmp(s + i - 3, "obj", 3) != 0) i--;
    return s + i;
}

/* An opacity of 0 for what is filled. */
static bool is_clear(const char *s, size_t n)
{
    for (const char *p = s, *end = s + n;
         p && p < end && (p = memmem(p, (size_t)(end - p), "/ca", 3)); p += 3) {
        const char *q = p + 3;
        while (q < end && (is_blank(*q) || *q == '0' || *q == '.')) q++;
        if (q > p + 3 && q[-1] != ' ' && (q == end || *q < '1' || *q > '9') && q < end && *q != 'm')
            return true;
    }
    return false;
}

enum { PLAIN = 0, FLATE = 1, A85 = 2, UNKNOWN = 4 };

/* How the stream of a dictionary is packed. */
static int packing(const char *dict, size_t n)
{
    static const char *const old[] = {"ASCIIHex", "LZW", "RunLength", "/AHx", "Crypt", NULL};
    int how = has(dict, n, "/FlateDecode") || has(dict, n, "/Fl ") ? FLATE : PLAIN;
    if (has(dict, n, "/ASCII85") || has(dict, n, "/A85")) how |= A85;
    if (has_any(dict, n, old) || (!how && has(dict, n, "/Filter"))) how |= UNKNOWN;
    return how;
}

/* The stream's data, unpacked into *out where they are packed. */
static struct str plain_data(struct buf *out, struct buf *tmp, const char *data, size_t len,
                             int how)
{
    struct str s = {data, len};
    if (how & A85) {
        buf_clear(tmp);
        decode_a85(tmp, s.s, s.n);
        s = (struct str){tmp->s, tmp->n};
    }
    if (how & FLATE) {
        buf_clear(out);
        unpack(out, s.s, s.n);
        s = (struct str){out->s, out->n};
    }
    if (!s.s) s = (struct str){"", 0};
    return s;
}

bool scan_may_hide(const char *s, size_t n)
{
    static const char *const other[] = {"/Image",         "/Length1",  "/XRef",     "/Type1C",
                                        "/CIDFontType0C", "/OpenType", "/Metadata", NULL};
    struct buf b = {0}, tmp = {0};
    bool hides = has(s, n, "/Encrypt") || is_clear(s, n);
    for (const char *p = s, *end = s + n; !hides; p++) {
        p = memmem(p, (size_t)(end - p), "stream", 6);
        if (!p) break;
        if (p > s && p[-1] == 'd') continue; /* endstream */
        const char *data = p + 6, *dict = dictionary(s, (size_t)(p - s));
        size_t len = (size_t)(p - dict);
        if (data < end && *data == '\r') data++;
        if (data < end && *data == '\n') data++;
        if (has_any(dict, len, other)) continue;
        int how = packing(dict, len);
        /* What is packed says itself where it ends. */
        const char *stop = how == FLATE ? end : memmem(data, (size_t)(end - data), "endstream", 9);
        if (!stop) stop = end;
        struct str d = plain_data(&b, &tmp, data, (size_t)(stop - data), how);
        if (how & UNKNOWN)
            hides = true;
        else
            hides = has(dict, len, "/ObjStm") ? is_clear(d.s, d.n) : operators_hide(d.s, d.n);
    }
    buf_free(&b);
    buf_free(&tmp);
    return hides;
}
