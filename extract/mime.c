#include "extract/mime.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "ingest/charset.h"

enum { PARAM_PARTS = 64, WORD_MAX = 4096 };

/* ------------------------------------------------------------------ header fields */

static size_t line_end(const char *s, size_t at, size_t to)
{
    const char *nl = at < to ? memchr(s + at, '\n', to - at) : NULL;
    return nl ? (size_t)(nl - s) + 1 : to;
}

static bool is_blank_line(const char *s, size_t at, size_t end)
{
    return at < end && (s[at] == '\n' || (s[at] == '\r' && (at + 1 == end || s[at + 1] == '\n')));
}

struct mime_part mime_part_at(const char *s, size_t from, size_t to)
{
    struct mime_part p = {from, to, to};
    for (size_t at = from, end; at < to; at = end) {
        end = line_end(s, at, to);
        if (!is_blank_line(s, at, end)) continue;
        p.body = end;
        break;
    }
    return p;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool mime_field(const char *s, const struct mime_part *p, const char *name, struct mime_part *value)
{
    size_t k = strlen(name);
    for (size_t at = p->from, end; at < p->body; at = end) {
        end = line_end(s, at, p->body);
        while (end < p->body && (s[end] == ' ' || s[end] == '\t')) end = line_end(s, end, p->body);
        if (end - at <= k || strncasecmp(s + at, name, k) || s[at + k] != ':') continue;
        size_t from = at + k + 1, to = end;
        while (from < to && is_space(s[from])) from++;
        while (to > from && is_space(s[to - 1])) to--;
        *value = (struct mime_part){from, to, to};
        return true;
    }
    return false;
}

/* ------------------------------------------------------------------ transfer encodings */

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int base64(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Notes that the last len bytes came from there; encoded bytes side by side share a piece. */
static void add_piece(struct mime_body *b, size_t len, size_t byte, size_t byte_len, bool same)
{
    struct mime_piece *last = b->n ? &b->v[b->n - 1] : NULL;
    if (last && last->byte + last->byte_len == byte && same == last->same &&
        (same || last->len < 64)) {
        last->len += len;
        last->byte_len += byte_len;
        return;
    }
    if (b->n == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 64;
        b->v = mem_grow(b->v, b->cap, sizeof *b->v);
    }
    b->v[b->n++] = (struct mime_piece){b->bytes.n - len, len, byte, byte_len, same};
}

static void decode_base64(struct mime_body *b, const char *s, size_t from, size_t to)
{
    unsigned bits = 0;
    int have = 0;
    for (size_t at = from, end; at < to; at = end) {
        size_t before = b->bytes.n;
        end = line_end(s, at, to);
        if (end - at > 128) end = at + 128; /* a piece is worth citing */
        for (size_t i = at; i < end; i++) {
            int v = base64(s[i]);
            if (s[i] == '=') have = 0;
            if (v < 0) continue;
            bits = bits << 6 | (unsigned)v;
            have += 6;
            if (have < 8) continue;
            have -= 8;
            buf_addc(&b->bytes, (char)(bits >> have & 0xff));
        }
        size_t len = b->bytes.n - before;
        if (len) add_piece(b, len, at, end - at, false);
    }
}

static void add_same(struct mime_body *b, const char *s, size_t from, size_t to)
{
    if (to == from) return;
    buf_add(&b->bytes, s + from, to - from);
    add_piece(b, to - from, from, to - from, true);
}

static void decode_quoted(struct mime_body *b, const char *s, size_t from, size_t to)
{
    size_t plain = from;
    for (size_t i = from; i < to;) {
        if (s[i] != '=') {
            i++;
            continue;
        }
        size_t soft = i + 1;
        while (soft < to && (s[soft] == ' ' || s[soft] == '\t' || s[soft] == '\r')) soft++;
        int h = i + 2 < to ? hex(s[i + 1]) : -1, l = h >= 0 ? hex(s[i + 2]) : -1;
        if (l < 0 && soft < to && s[soft] != '\n') { /* a sign like any other */
            i++;
            continue;
        }
        add_same(b, s, plain, i);
        if (l >= 0) {
            buf_addc(&b->bytes, (char)(h << 4 | l));
            add_piece(b, 1, i, 3, false);
            i += 3;
        } else {
            i = soft < to ? soft + 1 : to;
        }
        plain = i;
    }
    add_same(b, s, plain, to);
}

void mime_decode(struct mime_body *out, const char *s, size_t from, size_t to, const char *encoding)
{
    *out = (struct mime_body){0};
    if (!strcasecmp(encoding, "base64")) decode_base64(out, s, from, to);
    else if (!strcasecmp(encoding, "quoted-printable")) decode_quoted(out, s, from, to);
    else add_same(out, s, from, to);
    buf_addz(&out->bytes, ""); /* never NULL */
}

void mime_body_free(struct mime_body *b)
{
    buf_free(&b->bytes);
    mem_free(b->v);
    *b = (struct mime_body){0};
}

static const struct mime_piece *piece_at(const struct mime_body *b, size_t at)
{
    size_t lo = 0, hi = b->n;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (b->v[mid].at <= at) lo = mid;
        else hi = mid;
    }
    return &b->v[lo];
}

struct mime_piece mime_origin(const struct mime_body *b, size_t at, size_t n)
{
    if (!b->n) return (struct mime_piece){.at = at, .len = n};
    const struct mime_piece *p = piece_at(b, at), *q = piece_at(b, n ? at + n - 1 : at);
    size_t from = p->byte + (p->same ? at - p->at : 0);
    size_t to = q->byte + (q->same ? at + n - q->at : q->byte_len);
    return (struct mime_piece){at, n, from, to - from, p == q && p->same};
}

/* ------------------------------------------------------------------ format=flowed */

/* A line of a body: what stands before its text, its text, its end. */
struct flow_line {
    size_t from, text, end, next;
    size_t quotes; /* > before it */
    bool signature; /* "-- " */
};

static struct flow_line flow_line_at(const struct buf *b, size_t from)
{
    struct flow_line l = {.from = from, .text = from};
    const char *nl = memchr(b->s + from, '\n', b->n - from);
    l.end = nl ? (size_t)(nl - b->s) : b->n;
    l.next = nl ? l.end + 1 : b->n;
    if (l.end > from && b->s[l.end - 1] == '\r') l.end--;
    while (l.text < l.end && b->s[l.text] == '>') l.text++, l.quotes++;
    if (l.text < l.end && b->s[l.text] == ' ') l.text++;
    l.signature = l.end - l.text == 3 && memcmp(b->s + l.text, "-- ", 3) == 0;
    return l;
}

static bool flows_on(const struct buf *b, const struct flow_line *l, const struct flow_line *below)
{
    bool soft = l->end > l->text && b->s[l->end - 1] == ' ' && !l->signature;
    bool blank = below->text == below->end; /* ends a paragraph, whatever the line above says */
    return soft && !blank && below->quotes == l->quotes && !below->signature;
}

/* Appends the bytes [from, to) of another body, with where they came from. */
static void add_part(struct mime_body *out, const struct mime_body *b, size_t from, size_t to)
{
    while (from < to && b->n) {
        const struct mime_piece *p = piece_at(b, from);
        size_t skip = from - p->at, n = p->len - skip < to - from ? p->len - skip : to - from;
        if (!n) break;
        buf_add(&out->bytes, b->bytes.s + from, n);
        add_piece(out, n, p->byte + (p->same ? skip : 0), p->same ? n : p->byte_len, p->same);
        from += n;
    }
}

void mime_flow(struct mime_body *b, bool del_space)
{
    struct mime_body out = {0};
    struct flow_line l = flow_line_at(&b->bytes, 0), below;
    bool joined = false; /* to the line above */
    for (; l.from < b->bytes.n; l = below) {
        below = flow_line_at(&b->bytes, l.next);
        bool goes_on = flows_on(&b->bytes, &l, &below);
        size_t from = l.quotes && !joined ? l.from : l.text; /* "> " stays */
        add_part(&out, b, from, goes_on ? l.end - del_space : l.next);
        joined = goes_on;
    }
    buf_addz(&out.bytes, ""); /* never NULL */
    mime_body_free(b);
    *b = out;
}

/* ------------------------------------------------------------------ encoded words */

static void take_utf8(void *ctx, const char *utf8, size_t n, size_t byte, size_t byte_len)
{
    (void)byte, (void)byte_len;
    buf_add(ctx, utf8, n);
}

/* Bytes in a charset that somebody named, or in what they look like. */
static void add_converted(struct buf *out, const char *s, size_t n, const char *charset)
{
    struct arena *a = arena_new();
    struct charset cs = {0};
    struct errinfo ignored = {0};
    size_t bad;
    if (charset_detect(&cs, a, s, n, charset && *charset ? charset : NULL, &ignored)) {
        err_clear(&ignored);
        charset_detect(&cs, a, s, n, NULL, &ignored);
    }
    if (cs.name && !cs.binary) charset_convert(&cs, s, n, take_utf8, out, &bad, &ignored);
    arena_free(a);
}

/* The encoded word at s ("=?utf-8?Q?...?="): its length, or 0. */
static size_t encoded_word(struct buf *out, const char *s, size_t n)
{
    char charset[64], text[WORD_MAX];
    if (n > WORD_MAX) n = WORD_MAX;
    if (n < 8 || s[0] != '=' || s[1] != '?') return 0;
    const char *a = memchr(s + 2, '?', n - 2), *end;
    if (!a || (size_t)(a - s) - 2 >= sizeof charset || a + 3 > s + n || a[2] != '?') return 0;
    const char *b = a + 3;
    for (end = b; end + 1 < s + n && (end[0] != '?' || end[1] != '='); end++)
        if (*end == '\n') return 0;
    if (end + 1 >= s + n) return 0;
    size_t k = strcspn(s + 2, "?*");
    memcpy(charset, s + 2, k);
    charset[k] = '\0';
    struct mime_body body;
    size_t len = (size_t)(end - b);
    bool quoted = (a[1] | 32) == 'q';
    for (size_t i = 0; i < len; i++) text[i] = quoted && b[i] == '_' ? ' ' : b[i];
    mime_decode(&body, text, 0, len, quoted ? "quoted-printable" : "base64");
    add_converted(out, body.bytes.s, body.bytes.n, charset);
    mime_body_free(&body);
    return (size_t)(end - s) + 2;
}

void mime_text(struct buf *out, const char *s, size_t from, size_t to)
{
    struct buf line = {0};
    bool word = false; /* the last thing was an encoded word */
    for (size_t i = from; i < to;) {
        size_t k = encoded_word(&line, s + i, to - i), j = i;
        if (k) {
            word = true;
            i += k;
            continue;
        }
        while (j < to && is_space(s[j])) j++;
        if (j > i) { /* between two encoded words blanks are nothing */
            bool next = j + 1 < to && s[j] == '=' && s[j + 1] == '?';
            if (!(word && next)) buf_addc(&line, ' ');
            i = j;
            continue;
        }
        while (j < to && !is_space(s[j]) && (j == i || s[j] != '=' || j + 1 >= to || s[j + 1] != '?')) j++;
        if (utf8_check(s + i, j - i) == j - i) buf_add(&line, s + i, j - i);
        else add_converted(&line, s + i, j - i, NULL);
        word = false;
        i = j;
    }
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.s[i] < ' ') line.s[i] = ' ';
    if (line.n) buf_add(out, line.s, line.n);
    buf_free(&line);
}

/* ------------------------------------------------------------------ parameters */

/* One "; name=value" at *at: name and value as offsets; quotes and backslashes still in. */
struct param {
    size_t name, name_len, value, value_len;
};

static bool next_param(const char *s, size_t *at, size_t to, struct param *p)
{
    size_t i = *at;
    while (i < to && s[i] != ';') i++;
    while (i < to && (s[i] == ';' || is_space(s[i]))) i++;
    if (i >= to) return false;
    p->name = i;
    while (i < to && s[i] != '=' && s[i] != ';' && !is_space(s[i])) i++;
    p->name_len = i - p->name;
    while (i < to && is_space(s[i])) i++;
    p->value = p->value_len = 0;
    if (i < to && s[i] == '=') {
        i++;
        while (i < to && is_space(s[i])) i++;
        p->value = i;
        bool quoted = i < to && s[i] == '"';
        for (i += quoted; i < to; i++) {
            if (quoted && s[i] == '\\') i++;
            else if (quoted ? s[i] == '"' : s[i] == ';' || is_space(s[i])) break;
        }
        if (i > to) i = to;
        p->value_len = i - p->value;
    }
    *at = i;
    return true;
}

/* A value without its quotes and backslashes. */
static void add_value(struct buf *out, const char *s, const struct param *p, bool percent)
{
    size_t i = p->value, end = i + p->value_len;
    bool quoted = i < end && s[i] == '"';
    for (i += quoted; i < end; i++) {
        if (quoted && s[i] == '\\' && i + 1 < end) i++;
        int h = percent && s[i] == '%' && i + 2 < end ? hex(s[i + 1]) : -1;
        int l = h >= 0 ? hex(s[i + 2]) : -1;
        if (l >= 0) i += 2;
        if (l >= 0) buf_addc(out, (char)(h << 4 | l));
        else if (s[i] != '\r' && s[i] != '\n') buf_addc(out, s[i]);
    }
}

/* RFC 2231: name*=charset'language'value, name*0*=..., name*1=... */
void mime_param(struct buf *out, const char *s, size_t from, size_t to, const char *name)
{
    struct buf raw = {0}, plain = {0};
    size_t k = strlen(name), at = from;
    bool extended = false;
    struct param p;
    for (int parts = 0; parts < PARAM_PARTS && next_param(s, &at, to, &p); parts++) {
        if (p.name_len < k || strncasecmp(s + p.name, name, k)) continue;
        bool exact = p.name_len == k, star = s[p.name + p.name_len - 1] == '*';
        if (!exact && s[p.name + k] != '*') continue;
        if (exact && !plain.n) add_value(&plain, s, &p, false);
        if (!exact) add_value(&raw, s, &p, star);
        extended |= star && !exact;
    }
    if (raw.n) {
        char charset[64] = "";
        const char *a = extended ? memchr(raw.s, '\'', raw.n) : NULL;
        const char *b = a ? memchr(a + 1, '\'', raw.n - (size_t)(a + 1 - raw.s)) : NULL;
        size_t skip = b ? (size_t)(b - raw.s) + 1 : 0, n = b ? (size_t)(a - raw.s) : 0;
        if (n < sizeof charset) memcpy(charset, raw.s, n), charset[n] = '\0';
        add_converted(out, raw.s + skip, raw.n - skip, charset);
    } else if (plain.n) {
        mime_text(out, plain.s, 0, plain.n);
    }
    buf_free(&raw);
    buf_free(&plain);
}

/* ------------------------------------------------------------------ multiparts */

/* Whether the line s[at, end) is the boundary; *last: the one that ends the multipart. */
static bool is_boundary(const char *s, size_t at, size_t end, struct str boundary, bool *last)
{
    if (end - at < boundary.n + 2 || s[at] != '-' || s[at + 1] != '-' ||
        memcmp(s + at + 2, boundary.s, boundary.n))
        return false;
    size_t i = at + 2 + boundary.n;
    *last = end - i >= 2 && s[i] == '-' && s[i + 1] == '-';
    if (*last) i += 2;
    while (i < end && is_space(s[i])) i++;
    return i == end;
}

bool mime_next_part(const char *s, size_t *at, size_t to, struct str boundary, size_t *part_from,
                    size_t *part_to)
{
    bool last = false, inside = false;
    for (size_t i = *at, end; i < to; i = end) {
        end = line_end(s, i, to);
        if (!is_boundary(s, i, end, boundary, &last)) continue;
        if (inside) { /* the line end before it belongs to the boundary */
            *part_to = i > *part_from && s[i - 1] == '\n' ? i - 1 : i;
            if (*part_to < i && *part_to > *part_from && s[*part_to - 1] == '\r') --*part_to;
            *at = i;
            return true;
        }
        if (last) break;
        inside = true;
        *part_from = end;
    }
    *at = to;
    *part_to = to;
    return inside && *part_from < to;
}
