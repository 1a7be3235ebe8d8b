/* read_mail.c: mail: one message (eml, mht) or a box of them (mbox).
 *
 * Of each message: who, to whom, when, about what; then its text.  Of alternatives the plain one is
 * read, of a page all that is visible; messages inside and text that is attached follow, other
 * attachments are named, and read as documents of their own behind it (attach.h).  Places are bytes
 * and lines of the file, and in a box the message. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "extract/attach.h"
#include "extract/extract.h"
#include "extract/mime.h"
#include "extract/office.h"
#include "extract/read_html.h"
#include "ingest/charset.h"
#include "ingest/members.h"
#include "ingest/pages.h"

enum { DEPTH_MAX = 24, PARTS_MAX = 20000, MESSAGES_MAX = 200000 };

struct mail {
    struct doc_builder *b;
    const char *s;
    size_t n;
    size_t *line; /* where lines start */
    size_t n_lines;
    uint32_t page; /* of the message in a box, else 0 */
    int parts;
    bool deep;     /* something was nested too deep */
    bool show_hidden;
    struct attach *attach; /* the parts that are no text go there, and no text is made; or NULL */
    size_t locked, hidden; /* parts; characters that were left out */
};

/* What the header of a part says. */
struct about {
    struct buf type, charset, boundary, name, encoding, disposition;
    bool flowed, del_space; /* of its lines some go on below (RFC 3676) */
};

static void read_part(struct mail *m, size_t from, size_t to, int depth, bool digest);

/* ------------------------------------------------------------------ places */

static void find_lines(struct mail *m)
{
    size_t cap = 1024;
    m->line = mem_alloc(cap, sizeof *m->line);
    m->n_lines = 1;
    for (const char *p = m->s, *end = m->s + m->n; (p = memchr(p, '\n', (size_t)(end - p))); p++) {
        if (m->n_lines == cap) m->line = mem_grow(m->line, cap *= 2, sizeof *m->line);
        m->line[m->n_lines++] = (size_t)(p - m->s) + 1;
    }
}

static struct span place_of(const struct mail *m, size_t byte, size_t byte_len)
{
    size_t lo = 0, hi = m->n_lines;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (m->line[mid] <= byte) lo = mid;
        else hi = mid;
    }
    return (struct span){.byte = byte, .byte_len = byte_len, .line = (uint32_t)(lo + 1),
                         .page = m->page};
}

/* Text that is not the bytes themselves.  Its line ends are none of the source. */
static void put_mapped(struct mail *m, const char *s, size_t n, size_t byte, size_t byte_len)
{
    struct span at = place_of(m, byte, byte_len);
    for (size_t i = 0, j; i < n; i = j) {
        const char *nl = memchr(s + i, '\n', n - i);
        j = nl ? (size_t)(nl - s) : n;
        if (nl && j > i && s[j - 1] == '\r') j--; /* \r\n stays together */
        if (j == i) j = (size_t)(nl + 1 - s);
        doc_add(m->b, s + i, j - i, &at);
    }
}

static void put(struct mail *m, const char *s, size_t n, const struct mime_piece *from)
{
    if (n == from->byte_len && n <= m->n - from->byte && !memcmp(m->s + from->byte, s, n)) {
        struct span at = place_of(m, from->byte, n);
        at.verbatim = true;
        doc_add(m->b, s, n, &at);
    } else {
        put_mapped(m, s, n, from->byte, from->byte_len);
    }
}

/* What stands between two blocks. */
static void put_gap(struct mail *m)
{
    struct str t = doc_text(m->b);
    while (t.n && (t.s[t.n - 1] == ' ' || t.s[t.n - 1] == '\t')) t.n--;
    if (!t.n) return;
    bool line = t.s[t.n - 1] == '\n', blank = line && t.n > 1 && t.s[t.n - 2] == '\n';
    if (!blank) doc_add_made(m->b, line ? "\n" : "\n\n");
}

/* ------------------------------------------------------------------ headers */

/* The first word of a value: "text/plain". */
static void add_word(struct buf *out, const char *s, size_t from, size_t to)
{
    size_t end = from;
    while (end < to && !strchr("; \t\r\n", s[end])) end++;
    buf_add(out, s + from, end - from);
}

static bool param_is(const struct mail *m, const struct mime_part *v, const char *name, const char *value)
{
    struct buf b = {0};
    mime_param(&b, m->s, v->from, v->to, name);
    bool is = b.n && !strcasecmp(b.s, value);
    buf_free(&b);
    return is;
}

static void take_about(struct mail *m, const struct mime_part *p, struct about *a, bool digest)
{
    struct mime_part v;
    *a = (struct about){0};
    if (mime_field(m->s, p, "Content-Type", &v)) {
        add_word(&a->type, m->s, v.from, v.to);
        mime_param(&a->charset, m->s, v.from, v.to, "charset");
        mime_param(&a->boundary, m->s, v.from, v.to, "boundary");
        mime_param(&a->name, m->s, v.from, v.to, "name");
        a->flowed = param_is(m, &v, "format", "flowed");
        a->del_space = a->flowed && param_is(m, &v, "delsp", "yes");
    }
    if (!a->type.n) buf_addz(&a->type, digest ? "message/rfc822" : "text/plain");
    if (mime_field(m->s, p, "Content-Transfer-Encoding", &v))
        buf_add(&a->encoding, m->s + v.from, v.to - v.from);
    if (mime_field(m->s, p, "Content-Disposition", &v)) {
        add_word(&a->disposition, m->s, v.from, v.to);
        if (!a->name.n) mime_param(&a->name, m->s, v.from, v.to, "filename");
    }
    buf_addz(&a->charset, "");
    buf_addz(&a->encoding, "");
    buf_addz(&a->disposition, "");
    buf_addz(&a->name, "");
    buf_addz(&a->boundary, "");
}

static void free_about(struct about *a)
{
    struct buf *all[] = {&a->type, &a->charset, &a->boundary, &a->name, &a->encoding,
                         &a->disposition};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) buf_free(all[i]);
}

/* "Name: value", decoded; the value where it stands when nothing had to be. */
static bool put_field(struct mail *m, const struct mime_part *p, const char *name, size_t *at,
                      size_t *len)
{
    struct mime_part v;
    struct buf text = {0}, label = {0};
    if (!mime_field(m->s, p, name, &v) || v.from == v.to) return false;
    mime_text(&text, m->s, v.from, v.to);
    if (text.n) {
        struct span where = place_of(m, v.from, 0);
        struct str t = doc_text(m->b);
        if (t.n && t.s[t.n - 1] != '\n') doc_add_made(m->b, "\n");
        buf_addf(&label, "%s: ", name);
        doc_add_lead(m->b, label.s, &where);
        *at = doc_length(m->b);
        put(m, text.s, text.n, &(struct mime_piece){0, text.n, v.from, v.to - v.from, true});
        *len = doc_length(m->b) - *at;
    }
    bool any = text.n > 0;
    buf_free(&text);
    buf_free(&label);
    return any;
}

static void put_header(struct mail *m, const struct mime_part *p, int depth)
{
    static const char *const names[] = {"Subject", "From", "To", "Cc", "Date"};
    size_t at, len;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!put_field(m, p, names[i], &at, &len) || i) continue;
        struct str t = doc_text(m->b);
        doc_heading(m->b, at, len, depth > 0 ? 2 : 1);
        if (depth == 0 && m->page <= 1) doc_set_title(m->b, t.s + at, len);
    }
}

/* ------------------------------------------------------------------ text */

struct text {
    struct mail *m;
    const struct mime_body *body;
    struct html_piece *v; /* of a page: where its characters come from */
    size_t n, cap;
    struct buf utf8;
    bool page;
};

/* Splits what came out as it went in at the borders of decoded pieces, so that places are exact. */
static void put_decoded(struct mail *m, const struct mime_body *body, const char *s, size_t at,
                        size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t lo = 0, hi = body->n;
        while (hi - lo > 1) {
            size_t mid = lo + (hi - lo) / 2;
            if (body->v[mid].at <= at + i) lo = mid;
            else hi = mid;
        }
        size_t k = body->v[lo].at + body->v[lo].len - (at + i);
        if (k > n - i) k = n - i;
        while (i + k < n && ((unsigned char)s[i + k] & 0xc0) == 0x80) k++; /* whole characters */
        if (i + k < n && s[i + k - 1] == '\r' && s[i + k] == '\n') k++;
        struct mime_piece from = mime_origin(body, at + i, k);
        put(m, s + i, k, &from);
        i += k;
    }
}

static void take_text(void *ctx, const char *s, size_t n, size_t byte, size_t byte_len)
{
    struct text *t = ctx;
    bool same = n == byte_len && !memcmp(t->body->bytes.s + byte, s, n);
    struct mime_piece from = mime_origin(t->body, byte, byte_len);
    if (!t->page) {
        if (same && t->body->n) put_decoded(t->m, t->body, s, byte, n);
        else put_mapped(t->m, s, n, from.byte, from.byte_len);
        return;
    }
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 256;
        t->v = mem_grow(t->v, t->cap, sizeof *t->v);
    }
    t->v[t->n++] = (struct html_piece){t->utf8.n, n, from.byte, from.byte_len};
    buf_add(&t->utf8, s, n);
}

static void put_page(struct text *t)
{
    struct html_source src = {
        .utf8 = t->utf8.s ? t->utf8.s : "", .n = t->utf8.n, .bytes = t->m->s, .n_bytes = t->m->n,
        .piece = t->v, .n_pieces = t->n, .page = t->m->page,
        .lines = t->m->line, .n_lines = t->m->n_lines,
        .show_hidden = t->m->show_hidden,
    };
    if (t->n) t->m->hidden += read_html_part(t->m->b, &src, false);
}

/* A part of type text/... */
static void put_text(struct mail *m, const struct mime_part *p, const struct about *a, bool page)
{
    struct mime_body body;
    struct arena *scratch = arena_new();
    struct charset cs = {0};
    struct errinfo ignored = {0};
    size_t bad;
    mime_decode(&body, m->s, p->body, p->to, a->encoding.s);
    bool bytes_are_signs = strncasecmp(a->charset.s, "utf-16", 6) && strncasecmp(a->charset.s, "utf-32", 6);
    if (!page && a->flowed && bytes_are_signs) mime_flow(&body, a->del_space);
    const char *named = *a->charset.s ? a->charset.s : NULL;
    if (named && charset_detect(&cs, scratch, body.bytes.s, body.bytes.n, named, &ignored))
        named = NULL;
    err_clear(&ignored);
    if (!named) charset_detect(&cs, scratch, body.bytes.s, body.bytes.n, NULL, &ignored);
    if (cs.name && !cs.binary) {
        struct text t = {.m = m, .body = &body, .page = page};
        if (!page) put_gap(m);
        charset_convert(&cs, body.bytes.s, body.bytes.n, take_text, &t, &bad, &ignored);
        if (page) put_page(&t);
        mem_free(t.v);
        buf_free(&t.utf8);
    }
    arena_free(scratch);
    mime_body_free(&body);
}

static void send_attachment(struct mail *m, const struct mime_part *p, const struct about *a)
{
    struct mime_body body;
    mime_decode(&body, m->s, p->body, p->to, a->encoding.s);
    attach_send(m->attach, m->page, a->name.s, &body.bytes);
    mime_body_free(&body);
}

static void put_attachment(struct mail *m, const struct mime_part *p, const struct about *a)
{
    struct buf line = {0};
    bool named = a->name.n > 0;
    put_gap(m);
    buf_addf(&line, "[attachment%s%.200s, %.80s, %zu bytes]", named ? ": " : "", a->name.s,
             a->type.s, p->to - p->body);
    put_mapped(m, line.s, line.n, p->from, p->body - p->from);
    buf_free(&line);
}

/* ------------------------------------------------------------------ parts */

static bool is_type(const struct about *a, const char *type)
{
    size_t n = strlen(type);
    return a->type.n >= n && !strncasecmp(a->type.s, type, n) &&
           (type[n - 1] == '/' || a->type.n == n);
}

/* How well a part says what the others say too: plain text, then a page, then what holds one. */
static int preference(struct mail *m, size_t from, size_t to)
{
    struct mime_part p = mime_part_at(m->s, from, to);
    struct about a;
    take_about(m, &p, &a, false);
    size_t text = 0;
    for (size_t i = p.body; i < p.to && text < 8; i++) text += (unsigned char)m->s[i] > ' ';
    int rank = text < 8                    ? 0
               : is_type(&a, "text/plain") ? 4
               : is_type(&a, "text/html")  ? 3
               : is_type(&a, "multipart/") ? 2
                                           : 1;
    free_about(&a);
    return rank;
}

static void read_alternatives(struct mail *m, const struct mime_part *p, struct str boundary,
                              int depth)
{
    size_t at = p->body, from, to, best_from = 0, best_to = 0;
    int best = -1;
    while (m->parts < PARTS_MAX && mime_next_part(m->s, &at, p->to, boundary, &from, &to)) {
        int rank = preference(m, from, to);
        m->parts++;
        if (rank <= best) continue;
        best = rank;
        best_from = from;
        best_to = to;
    }
    if (best >= 0) read_part(m, best_from, best_to, depth + 1, false);
}

static void read_multipart(struct mail *m, const struct mime_part *p, const struct about *a,
                           int depth)
{
    struct str boundary = {a->boundary.s, a->boundary.n};
    size_t at = p->body, from, to;
    if (depth >= DEPTH_MAX || !boundary.n) {
        m->deep |= depth >= DEPTH_MAX;
        if (!boundary.n) put_text(m, p, a, false);
        return;
    }
    if (is_type(a, "multipart/encrypted")) {
        m->locked++;
        if (!m->attach) put_attachment(m, p, a);
    } else if (is_type(a, "multipart/alternative")) {
        read_alternatives(m, p, boundary, depth);
    } else {
        bool digest = is_type(a, "multipart/digest");
        while (m->parts < PARTS_MAX && mime_next_part(m->s, &at, p->to, boundary, &from, &to)) {
            m->parts++;
            read_part(m, from, to, depth + 1, digest);
        }
    }
}

static void read_message(struct mail *m, size_t from, size_t to, int depth)
{
    struct mime_part p = mime_part_at(m->s, from, to);
    if (depth >= DEPTH_MAX) {
        m->deep = true;
        return;
    }
    if (!m->attach) {
        put_gap(m);
        put_header(m, &p, depth);
    }
    read_part(m, from, to, depth, false);
}

static void read_part(struct mail *m, size_t from, size_t to, int depth, bool digest)
{
    struct mime_part p = mime_part_at(m->s, from, to);
    struct about a;
    take_about(m, &p, &a, digest);
    bool attached = !strcasecmp(a.disposition.s, "attachment") || (a.name.n && depth > 0);
    bool encoded = !strcasecmp(a.encoding.s, "base64");
    bool signature = is_type(&a, "application/pgp-signature") ||
                     is_type(&a, "application/pkcs7-signature");
    if (is_type(&a, "multipart/")) {
        read_multipart(m, &p, &a, depth);
    } else if (is_type(&a, "message/rfc822") && !encoded) {
        read_message(m, p.body, p.to, depth + 1);
    } else if (m->attach) {
        bool text = is_type(&a, "text/") || (is_type(&a, "message/") && !encoded);
        if (!text && !signature) send_attachment(m, &p, &a);
    } else if (is_type(&a, "text/") || is_type(&a, "message/")) {
        if (attached) put_attachment(m, &p, &a);
        put_text(m, &p, &a, is_type(&a, "text/html"));
    } else if (!signature) {
        put_attachment(m, &p, &a);
    }
    free_about(&a);
}

/* ------------------------------------------------------------------ boxes */

/* Whether a message of a box starts at s[at]: "From " and, on the next line, a field. */
static bool starts_message(const char *s, size_t at, size_t n)
{
    if (n - at < 6 || memcmp(s + at, "From ", 5)) return false;
    const char *nl = memchr(s + at, '\n', n - at);
    size_t i = nl ? (size_t)(nl - s) + 1 : n, k = 0;
    if (i - at > 500) return false;
    while (i < n && (s[i] == '-' || (s[i] | 32) >= 'a') && (s[i] | 32) <= 'z') i++, k++;
    if (i < n && s[i] == '>') return true; /* ">From " */
    return k > 0 && i < n && s[i] == ':';
}

/* Where the next message starts at or after `at`, or n. */
static size_t next_message(const char *s, size_t at, size_t n)
{
    for (; at < n; at++) {
        bool line = at == 0 || (s[at - 1] == '\n' && (at == 1 || s[at - 2] == '\n' ||
                                                      (at > 2 && s[at - 2] == '\r' && s[at - 3] == '\n')));
        if (line && starts_message(s, at, n)) return at;
        const char *p = memmem(s + at, n - at, "\nFrom ", 6);
        if (!p) return n;
        at = (size_t)(p - s);
    }
    return n;
}

/* A message by itself, behind the mark that some editors put before a text. */
static void read_single(struct mail *m)
{
    read_message(m, m->n >= 3 && !memcmp(m->s, "\xef\xbb\xbf", 3) ? 3 : 0, m->n, 0);
}

static void read_box(struct mail *m, const char *pages)
{
    size_t next;
    for (size_t at = 0; at < m->n && m->page < MESSAGES_MAX; at = next) {
        next = next_message(m->s, at + 1, m->n);
        const char *nl = memchr(m->s + at, '\n', next - at);
        size_t from = nl ? (size_t)(nl - m->s) + 1 : next;
        struct mime_part p = mime_part_at(m->s, from, next), v;
        struct buf subject = {0};
        if (mime_field(m->s, &p, "Subject", &v)) mime_text(&subject, m->s, v.from, v.to);
        if (subject.n > 200) subject.s[utf8_check(subject.s, 200)] = '\0';
        doc_page(m->b, subject.n ? subject.s : NULL, 0, 0, false);
        m->page++;
        if (pages_has(pages, m->page)) read_message(m, from, next, 0);
        buf_free(&subject);
    }
}

static enum err read_any(struct doc_builder *b, const struct ingest_options *o, const char *name,
                         const void *bytes, size_t n, bool box, struct errinfo *e)
{
    struct mail m = {.b = b, .s = bytes, .n = n, .show_hidden = o->show_hidden};
    char note[80];
    find_lines(&m);
    if (box) read_box(&m, o->pages);
    else read_single(&m);
    mem_free(m.line);
    office_note_left_out(b, m.hidden, "hidden character");
    if (m.deep) doc_set_note(b, "parts that are nested too deep are left out");
    if (m.locked) {
        snprintf(note, sizeof note, "%zu part%s encrypted", m.locked, m.locked == 1 ? " is" : "s are");
        doc_set_note(b, note);
    }
    if (doc_length(b)) return OK;
    if (box && o->pages)
        return err_set(e, E_USAGE, m.page == 1 ? "%s: --pages %s: there is %u message"
                                              : "%s: --pages %s: there are %u messages",
                       name, o->pages, m.page);
    return err_set(e, E_EMPTY, "%s: no text in it", name);
}

enum err read_eml(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e)
{
    return read_any(b, o, name, bytes, n, false, e);
}

enum err read_mbox(struct doc_builder *b, const struct ingest_options *o, const char *name,
                   const void *bytes, size_t n, struct errinfo *e)
{
    return read_any(b, o, name, bytes, n, n >= 5 && !memcmp(bytes, "From ", 5), e);
}

enum err unpack_mail(int fd, const char *name, const void *bytes, size_t n, struct errinfo *e)
{
    struct arena *a = arena_new();
    struct attach x = {.fd = fd};
    struct mail m = {.b = doc_new(a, name, "eml"), .s = bytes, .n = n, .attach = &x};
    enum err r = members_send_start(fd, e);
    find_lines(&m);
    if (n >= 5 && !memcmp(bytes, "From ", 5)) read_box(&m, NULL);
    else read_single(&m);
    mem_free(m.line);
    arena_free(a);
    if (!r && x.why.code) r = err_set(e, x.why.code, "%s", x.why.msg);
    const char *end = x.end ? x.end : "";
    return r ? r : members_send(fd, MEMBERS_END, "", end, strlen(end), e);
}
