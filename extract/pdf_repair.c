/* pdf_repair.c: see pdf_repair.h. */
#include "extract/pdf_repair.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"

enum { MAX_NUMBER = 8388600, MAX_DICT = 8192, MANY = 1024 };

struct entry {
    uint32_t number;
    uint32_t seq; /* in file order: the last object of a number counts */
    bool packed;  /* inside object stream `at`, as its `index`th       */
    size_t at;
    uint32_t index;
};

struct repair {
    const char *s;
    size_t n;
    struct entry *v;
    size_t n_v, cap;
    uint32_t root, pages; /* numbers, 0 none; the last one wins */
    uint32_t stated;      /* what a table says is the root; it may not be there */
    struct buf plain;     /* objects to append, from streams of no known length */
    uint32_t *leaf;       /* single pages, in file order        */
    size_t n_leaf, cap_leaf;
    uint32_t highest;
};

/* ------------------------------------------------------------------ small scanners */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0;
}

size_t repair_skip_junk(const char *s, size_t n)
{
    const char *p = n ? memmem(s, n, "%PDF-", 5) : NULL;
    return p ? (size_t)(p - s) : 0;
}

/* A number at s[*i], after blanks; *i moves behind it. */
static bool number(const char *s, size_t n, size_t *i, uint32_t *out)
{
    uint64_t v = 0;
    size_t k = *i;
    while (k < n && is_blank(s[k])) k++;
    size_t start = k;
    for (; k < n && is_digit(s[k]) && k - start < 10; k++) v = 10 * v + (uint64_t)(s[k] - '0');
    if (k == start || v > UINT32_MAX) return false;
    *i = k;
    *out = (uint32_t)v;
    return true;
}

/* The number behind a key of a dictionary. */
static bool key_number(const char *s, size_t n, const char *key, uint32_t *out)
{
    size_t len = strlen(key);
    for (const char *p = s; (p = memmem(p, n - (size_t)(p - s), key, len)) != NULL; p += len) {
        size_t i = (size_t)(p - s) + len;
        if (i < n && (is_blank(s[i]) || is_digit(s[i]))) return number(s, n, &i, out);
    }
    return false;
}

/* "/Type /Name" stands in s. */
static bool has_type(const char *s, size_t n, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = s; (p = memmem(p, n - (size_t)(p - s), "/Type", 5)) != NULL; p += 5) {
        size_t i = (size_t)(p - s) + 5;
        while (i < n && is_blank(s[i])) i++;
        if (n - i >= len && !memcmp(s + i, name, len) &&
            (n - i == len || !((s[i + len] | 32) >= 'a' && (s[i + len] | 32) <= 'z')))
            return true;
    }
    return false;
}

static bool has(const char *s, size_t n, const char *what)
{
    return memmem(s, n, what, strlen(what)) != NULL;
}

/* ------------------------------------------------------------------ collecting objects */

static void add(struct repair *r, struct entry e)
{
    if (e.number == 0 || e.number > MAX_NUMBER) return;
    if (r->n_v == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 256;
        r->v = mem_grow(r->v, r->cap, sizeof *r->v);
    }
    e.seq = (uint32_t)r->n_v;
    if (e.number > r->highest) r->highest = e.number;
    r->v[r->n_v++] = e;
}

static void note_kind(struct repair *r, uint32_t num, const char *dict, size_t n)
{
    if (has_type(dict, n, "/Catalog"))
        r->root = num;
    else if (has_type(dict, n, "/Pages") && !has(dict, n, "/Parent"))
        r->pages = num;
    else if (has_type(dict, n, "/Page")) {
        if (r->n_leaf == r->cap_leaf) {
            r->cap_leaf = r->cap_leaf ? 2 * r->cap_leaf : 64;
            r->leaf = mem_grow(r->leaf, r->cap_leaf, sizeof *r->leaf);
        }
        r->leaf[r->n_leaf++] = num;
    }
}

/* What z holds, as far as it goes; a stream that is cut off gives its beginning. */
static void inflate_all(struct buf *out, const char *s, size_t n)
{
    z_stream z = {0};
    char part[16384];
    if (inflateInit(&z) != Z_OK) return;
    z.next_in = (Bytef *)(uintptr_t)s;
    z.avail_in = n > UINT32_MAX ? UINT32_MAX : (uInt)n;
    int r = Z_OK;
    while (r == Z_OK && out->n < REPAIR_INFLATE) {
        z.next_out = (Bytef *)part;
        z.avail_out = sizeof part;
        r = inflate(&z, Z_NO_FLUSH);
        buf_add(out, part, sizeof part - z.avail_out);
        if (z.avail_out == sizeof part && z.avail_in == 0) break;
    }
    inflateEnd(&z);
}

/* Object k, which is s[0..n), inside object stream `num`; 0: that cannot be read as it is. */
static void take_packed(struct repair *r, uint32_t inner, uint32_t num, uint32_t k, const char *s, size_t n)
{
    note_kind(r, inner, s, n);
    if (num) {
        add(r, (struct entry){.number = inner, .packed = true, .at = num, .index = k});
        return;
    }
    if (r->plain.n + n + 64 > REPAIR_INFLATE) return;
    add(r, (struct entry){.number = inner, .at = r->n + r->plain.n + 1});
    buf_addf(&r->plain, "\n%u 0 obj\n", inner);
    buf_add(&r->plain, s, n);
    buf_addz(&r->plain, "\nendobj");
}

/* The objects inside object stream `num`, whose dictionary is s[0..dict) and data s[data..n); num 0 as
 * in take_packed. */
static void unpack(struct repair *r, uint32_t num, const char *s, size_t dict, const char *data,
                   size_t n)
{
    uint32_t count, first, inner, off, next;
    struct buf out = {0};
    if (!key_number(s, dict, "/N", &count) || !key_number(s, dict, "/First", &first)) return;
    if (has(s, dict, "/FlateDecode"))
        inflate_all(&out, data, n);
    else if (!has(s, dict, "/Filter"))
        buf_add(&out, data, n < REPAIR_INFLATE ? n : REPAIR_INFLATE);
    size_t i = 0;
    for (uint32_t k = 0; k < count && first <= out.n; k++) {
        if (!number(out.s, first, &i, &inner) || !number(out.s, first, &i, &off)) break;
        size_t from = first + (size_t)off, to = out.n, ahead = i;
        if (from >= out.n) break;
        if (k + 1 < count && number(out.s, first, &ahead, &next) && number(out.s, first, &ahead, &next)) {
            if (next < off) next = off; /* nobody writes that; what one object could be all could be */
            if (first + (size_t)next < out.n) to = first + (size_t)next;
        }
        take_packed(r, inner, num, k, out.s + from, to - from);
    }
    buf_free(&out);
}

/* The object whose "obj" ends at s[i]. */
static void look_inside(struct repair *r, uint32_t num, size_t i)
{
    size_t most = r->n - i < MAX_DICT ? r->n - i : MAX_DICT;
    const char *s = r->s + i, *end = memmem(s, most, "endobj", 6), *st;
    size_t dict = end ? (size_t)(end - s) : most;
    st = memmem(s, dict, "stream", 6);
    if (st) dict = (size_t)(st - s);
    note_kind(r, num, s, dict);
    if (!st) return;
    if (has_type(s, dict, "/XRef")) {
        uint32_t root;
        if (key_number(s, dict, "/Root", &root)) r->stated = root;
    }
    if (!has_type(s, dict, "/ObjStm")) return;
    size_t data = dict + 6, left = r->n - i;
    if (data < left && s[data] == '\r') data++;
    if (data < left && s[data] == '\n') data++;
    uint32_t length;
    size_t len = left - data;
    bool sound = false;
    if (key_number(s, dict, "/Length", &length) && length < len) {
        size_t k = data + length; /* an indirect length does not fit; take all, then */
        while (k < left && is_blank(s[k])) k++;
        sound = left - k >= 9 && !memcmp(s + k, "endstream", 9);
        if (sound) len = length;
    }
    unpack(r, sound ? num : 0, s, dict, s + data, len);
}

static void collect(struct repair *r)
{
    for (size_t i = 0; i + 3 <= r->n; i++) {
        const char *p = memmem(r->s + i, r->n - i, "obj", 3);
        if (!p) break;
        i = (size_t)(p - r->s);
        size_t k = i; /* backwards over "num gen " */
        while (k > 0 && is_blank(r->s[k - 1]) && i - k < 8) k--;
        size_t gen_end = k;
        while (k > 0 && is_digit(r->s[k - 1]) && gen_end - k < 5) k--;
        size_t gap = k;
        while (gap > 0 && is_blank(r->s[gap - 1]) && k - gap < 8) gap--;
        size_t num = gap;
        while (num > 0 && is_digit(r->s[num - 1]) && gap - num < 10) num--;
        uint32_t value;
        size_t at = num;
        if (k == gen_end || gap == k || num == gap || !number(r->s, r->n, &at, &value)) continue;
        if (value == 0 || value > MAX_NUMBER) continue;
        add(r, (struct entry){.number = value, .at = num});
        look_inside(r, value, i + 3);
        i += 2;
    }
}

/* ------------------------------------------------------------------ the new table */

static int by_number(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void add_be(struct buf *b, uint64_t v, int bytes)
{
    while (bytes-- > 0) buf_addc(b, (char)(v >> (8 * bytes)));
}

static bool is_there(const struct repair *r, uint32_t number)
{
    for (size_t i = 0; i < r->n_v; i++)
        if (r->v[i].number == number) return true;
    return false;
}

/* What is missing between the table and the pages: a tree, a catalogue. */
static void write_root(struct repair *r, struct buf *out)
{
    if (!r->root && !r->pages) {
        r->pages = r->highest + 1;
        add(r, (struct entry){.number = r->pages, .at = out->n + 1});
        buf_addf(out, "\n%u 0 obj\n<</Type/Pages/Count %zu/Kids[", r->pages, r->n_leaf);
        for (size_t i = 0; i < r->n_leaf; i++) buf_addf(out, "%u 0 R ", r->leaf[i]);
        buf_addz(out, "]>>\nendobj\n");
    }
    if (!r->root) {
        r->root = r->highest + 1;
        add(r, (struct entry){.number = r->root, .at = out->n + 1});
        buf_addf(out, "\n%u 0 obj\n<</Type/Catalog/Pages %u 0 R>>\nendobj\n", r->root, r->pages);
    }
}

static void write_table(struct repair *r, struct buf *out)
{
    struct buf index = {0}, rows = {0};
    write_root(r, out);
    uint32_t table = r->highest + 1;
    qsort(r->v, r->n_v, sizeof *r->v, by_number);
    buf_addz(&index, "0 1 ");
    add_be(&rows, 0, 1), add_be(&rows, 0, 5), add_be(&rows, 65535, 2);
    for (size_t i = 0; i < r->n_v; i++) {
        const struct entry *e = &r->v[i];
        if (i + 1 < r->n_v && e->number == r->v[i + 1].number) continue;
        buf_addf(&index, "%u 1 ", e->number);
        add_be(&rows, e->packed ? 2 : 1, 1);
        add_be(&rows, e->at, 5);
        add_be(&rows, e->packed ? e->index : 0, 2);
    }
    buf_addc(out, '\n');
    size_t at = out->n;
    buf_addf(out,
             "%u 0 obj\n<</Type/XRef/Size %u/W[1 5 2]/Root %u 0 R/Index[%s]/Length %zu>>\n"
             "stream\n",
             table, table + 1, r->root, index.s, rows.n);
    buf_add(out, rows.s, rows.n);
    buf_addf(out, "\nendstream\nendobj\nstartxref\n%zu\n%%%%EOF\n", at);
    buf_free(&index);
    buf_free(&rows);
}

bool repair_file(struct buf *out, const char *s, size_t n)
{
    size_t junk = repair_skip_junk(s, n);
    struct repair r = {.s = s + junk, .n = n - junk};
    collect(&r);
    if (r.stated && is_there(&r, r.stated)) r.root = r.stated;
    bool found = r.root || r.pages || r.n_leaf;
    if (found) {
        buf_add(out, r.s, r.n);
        buf_add(out, r.plain.s ? r.plain.s : "", r.plain.n);
        write_table(&r, out);
    }
    mem_free(r.v);
    mem_free(r.leaf);
    buf_free(&r.plain);
    return found;
}

/* Whether the end of the file says truly where its table of objects is. */
static bool knows_table(const char *s, size_t n)
{
    static const char word[] = "startxref";
    size_t k = sizeof word - 1, at = n;
    while (at > k && memcmp(s + at - k, word, k) != 0) at--;
    if (at <= k) return false;
    while (at < n && (s[at] == '\r' || s[at] == '\n' || s[at] == ' ')) at++;
    size_t table = 0;
    for (; at < n && s[at] >= '0' && s[at] <= '9' && table < n; at++)
        table = 10 * table + (size_t)(s[at] - '0');
    return table > 0 && table + 4 < n && memcmp(s + table, "xref", 4) == 0;
}

bool repair_newlines(struct buf *out, const char *s, size_t n)
{
    size_t ends = 0, high = 0;
    for (const char *p = s; (p = memchr(p, '\n', n - (size_t)(p - s))) != NULL; p++, ends++)
        if (p == s || p[-1] != '\r') return false;
    for (size_t i = 0; i < n && high < MANY; i++) high += (unsigned char)s[i] >= 0x80;
    if (ends < MANY / 16 || high < MANY || knows_table(s, n)) return false;
    for (size_t i = 0; i < n; i++)
        if (s[i] != '\r' || i + 1 == n || s[i + 1] != '\n') buf_addc(out, s[i]);
    return true;
}
