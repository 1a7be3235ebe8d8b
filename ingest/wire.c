#include "ingest/wire.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static const char magic[8] = {'d', 'r', 'w', 'i', 'r', 'e', 0, WIRE_VERSION};

const char *const wire_ocr_words[] = {"off", "auto", "force", "images", "failed", NULL};

enum { PAGE_NO_TEXT = 1, PAGE_RECOGNISED = 2, PAGE_UNREAD = 4 };
enum { DOC_CUT = 0x100 }; /* beside the kind */

enum { KIND_DOCUMENT = 0, KIND_ERROR = 1 };
#define HEADER (sizeof magic + 4 + 8)
/* Smallest size of one element, to refuse counts that cannot be true before taking memory. */
#define PAGE_BYTES 16
#define HEADING_BYTES 20
#define SPAN_BYTES 52
#define STRING_MAX 65535 /* titles, labels, messages; longer ones are cut by the sender */

/* ------------------------------------------------------------------ writing */

static void put_u32(struct buf *out, uint32_t v)
{
    char b[4];
    for (int i = 0; i < 4; i++) b[i] = (char)(v >> (8 * i));
    buf_add(out, b, 4);
}

static void put_u64(struct buf *out, uint64_t v)
{
    put_u32(out, (uint32_t)v);
    put_u32(out, (uint32_t)(v >> 32));
}

static void put_f32(struct buf *out, float v)
{
    uint32_t u;
    memcpy(&u, &v, 4);
    put_u32(out, u);
}

static void put_string(struct buf *out, const char *s)
{
    if (!s) {
        put_u32(out, UINT32_MAX);
        return;
    }
    size_t n = strlen(s);
    if (n > STRING_MAX) n = STRING_MAX;
    put_u32(out, (uint32_t)n);
    buf_add(out, s, n);
}

static void put_span(struct buf *out, const struct span *s)
{
    put_u64(out, s->len);
    put_u64(out, s->byte);
    put_u64(out, s->byte_len);
    put_u32(out, s->line);
    put_u32(out, s->page);
    for (int i = 0; i < 4; i++) put_f32(out, s->box[i]);
    put_u32(out, s->verbatim);
}

/* The length in the header is filled in when the body is complete. */
static size_t begin(struct buf *out, uint32_t kind)
{
    size_t at = out->n;
    buf_add(out, magic, sizeof magic);
    put_u32(out, kind);
    put_u64(out, 0);
    return at;
}

static void end(struct buf *out, size_t at)
{
    uint64_t n = out->n - at - HEADER;
    for (int i = 0; i < 8; i++) out->s[at + HEADER - 8 + (size_t)i] = (char)(n >> (8 * i));
}

void wire_put(struct buf *out, const struct doc *d)
{
    size_t at = begin(out, KIND_DOCUMENT);
    put_string(out, d->title);
    put_string(out, d->charset);
    put_string(out, d->lang);
    put_string(out, d->note);
    put_u32(out, d->kind | (d->cut ? DOC_CUT : 0));
    put_u64(out, d->n_pages);
    for (size_t i = 0; i < d->n_pages; i++) {
        put_string(out, d->pages[i].label);
        put_f32(out, d->pages[i].width);
        put_f32(out, d->pages[i].height);
        put_u32(out, (d->pages[i].no_text ? PAGE_NO_TEXT : 0) |
                         (d->pages[i].recognised ? PAGE_RECOGNISED : 0) |
                         (d->pages[i].unread ? PAGE_UNREAD : 0));
    }
    put_u64(out, d->n_headings);
    for (size_t i = 0; i < d->n_headings; i++) {
        put_u64(out, d->headings[i].text);
        put_u64(out, d->headings[i].len);
        put_u32(out, (uint32_t)d->headings[i].level);
    }
    put_u64(out, d->text.n);
    buf_add(out, d->text.s, d->text.n);
    put_u64(out, d->n_spans);
    for (size_t i = 0; i < d->n_spans; i++) put_span(out, &d->spans[i]);
    end(out, at);
}

void wire_put_error(struct buf *out, const struct errinfo *why)
{
    size_t at = begin(out, KIND_ERROR);
    put_u32(out, why->code);
    put_string(out, why->msg);
    end(out, at);
}

static enum err send_all(int fd, const struct buf *b, struct errinfo *e)
{
    if (sys_write_all(fd, b->s, b->n)) return OK;
    return err_set(e, E_IO, "sending a document: %s", strerror(errno));
}

enum err wire_send(int fd, const struct doc *d, struct errinfo *e)
{
    struct buf b = {0};
    wire_put(&b, d);
    enum err r = send_all(fd, &b, e);
    buf_free(&b);
    return r;
}

enum err wire_send_error(int fd, const struct errinfo *why, struct errinfo *e)
{
    struct buf b = {0};
    wire_put_error(&b, why);
    enum err r = send_all(fd, &b, e);
    buf_free(&b);
    return r;
}

/* ------------------------------------------------------------------ reading */

/* A cursor over hostile bytes.  After the first bad read everything reads as zero and `bad` says
 * what was expected there. */
struct in {
    const unsigned char *p;
    size_t n, i;
    const char *bad;
};

static const unsigned char *take(struct in *in, uint64_t n, const char *what)
{
    if (in->bad || n > in->n - in->i) {
        if (!in->bad) in->bad = what;
        return NULL;
    }
    const unsigned char *p = in->p + in->i;
    in->i += (size_t)n;
    return p;
}

static uint32_t get_u32(struct in *in, const char *what)
{
    const unsigned char *p = take(in, 4, what);
    return p ? p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 : 0;
}

static uint64_t get_u64(struct in *in, const char *what)
{
    uint64_t lo = get_u32(in, what);
    return lo | (uint64_t)get_u32(in, what) << 32;
}

static float get_f32(struct in *in, const char *what)
{
    uint32_t u = get_u32(in, what);
    float v;
    memcpy(&v, &u, 4);
    return isfinite(v) ? v : 0;
}

/* A string of the sender: control characters and ill-formed bytes do not get further. */
static const char *get_string(struct in *in, struct arena *a, const char *what)
{
    uint32_t n = get_u32(in, what);
    if (in->bad || n == UINT32_MAX) return NULL;
    if (n > STRING_MAX) in->bad = what;
    const char *s = (const char *)take(in, n, what);
    if (!s) return NULL;
    char *out = mem_take(a, 3 * (size_t)n + 1, 1);
    size_t k = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += utf8_next(s + i, n - i, &cp);
        if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) cp = ' ';
        k += utf8_put(cp, out + k);
    }
    return out;
}

/* The number of elements that follow; more than the rest can hold is refused. */
static size_t get_count(struct in *in, size_t each, const char *what)
{
    uint64_t n = get_u64(in, what);
    if (in->bad) return 0;
    if (n > (in->n - in->i) / each) {
        in->bad = what;
        return 0;
    }
    return (size_t)n;
}

static void read_pages(struct in *in, struct arena *a, struct doc_builder *b, size_t *count)
{
    *count = get_count(in, PAGE_BYTES, "pages");
    for (size_t i = 0; i < *count && !in->bad; i++) {
        const char *label = get_string(in, a, "page label");
        float w = get_f32(in, "page size"), h = get_f32(in, "page size");
        uint32_t marks = get_u32(in, "page");
        doc_page(b, label, w, h, marks & PAGE_NO_TEXT);
        if (marks & PAGE_RECOGNISED) doc_page_recognised(b);
        if (marks & PAGE_UNREAD) doc_page_unread(b);
    }
}

/* Headings point into the text, which comes after them: the builder clamps at freeze. */
static void read_headings(struct in *in, struct doc_builder *b)
{
    size_t n = get_count(in, HEADING_BYTES, "headings"), last = 0;
    for (size_t i = 0; i < n && !in->bad; i++) {
        uint64_t text = get_u64(in, "heading"), len = get_u64(in, "heading");
        uint32_t level = get_u32(in, "heading");
        if (text < last || text > SIZE_MAX / 2 || len > SIZE_MAX / 2 || level < 1 || level > 99)
            in->bad = "headings in order";
        if (in->bad) return;
        doc_heading(b, (size_t)text, (size_t)len, (int)level);
        last = (size_t)text;
    }
}

static bool inside_character(const char *s)
{
    return ((unsigned char)*s & 0xc0) == 0x80;
}

static void check_span(struct in *in, const struct span *s, const char *text,
                       const struct wire_about *about, size_t n_pages)
{
    bool tail = s->verbatim && s->byte_len < s->len;
    if (inside_character(text) || (tail && inside_character(text + s->byte_len)))
        in->bad = "spans of whole characters";
    if (s->page > n_pages) in->bad = "a span on a page that exists";
    if (s->byte == SPAN_NO_BYTES) {
        if (s->verbatim) in->bad = "a verbatim span with its bytes";
        return;
    }
    if (s->byte > about->n_source || s->byte_len > about->n_source - s->byte)
        in->bad = "a span inside the source";
    else if (s->verbatim && (s->byte_len > s->len ||
                             memcmp(text, (const char *)about->source + s->byte, s->byte_len) != 0))
        in->bad = "a verbatim span that equals its source";
}

/* What a builder makes: well-formed, no control characters but \n and \t. */
static bool is_clean(const char *s, size_t n)
{
    if (utf8_check(s, n) != n) return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return false;
        if (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0) return false;
    }
    return true;
}

/* Adds text[0..len) as one span: its bytes of the source, then what the sender made up. */
static void add_span(struct arena *a, struct doc_builder *b, const struct span *s, const char *text)
{
    size_t own = s->verbatim ? s->byte_len : s->len;
    if (own == 0) {
        doc_add_lead(b, mem_copy(a, text, s->len), s);
        return;
    }
    doc_add(b, text, own, s);
    if (own < s->len) doc_add_made(b, mem_copy(a, text + own, s->len - own));
}

static void read_text(struct in *in, struct arena *a, struct doc_builder *b,
                      const struct wire_about *about, size_t n_pages)
{
    size_t n = get_count(in, 1, "text");
    const char *text = (const char *)take(in, n, "text");
    size_t count = get_count(in, SPAN_BYTES, "spans"), at = 0;
    if (in->bad) return;
    if (!is_clean(text, n)) {
        in->bad = "text in UTF-8 without control characters";
        return;
    }
    doc_reserve(b, n);
    for (size_t i = 0; i < count && !in->bad; i++) {
        uint64_t len = get_u64(in, "span"), byte = get_u64(in, "span");
        uint64_t byte_len = get_u64(in, "span");
        struct span s = {.byte = (size_t)byte, .byte_len = (size_t)byte_len};
        s.line = get_u32(in, "span");
        s.page = get_u32(in, "span");
        for (int k = 0; k < 4; k++) s.box[k] = get_f32(in, "span");
        s.verbatim = get_u32(in, "span") != 0;
        s.len = (size_t)len;
        if (!in->bad && (len == 0 || len > n - at)) in->bad = "spans that cover the text";
        if (!in->bad) check_span(in, &s, text + at, about, n_pages);
        if (in->bad) return;
        add_span(a, b, &s, text + at);
        at += s.len;
    }
    if (at != n && !in->bad) in->bad = "spans that cover the text";
}

static enum err read_document(struct doc **out, struct arena *a, const struct wire_about *about,
                              struct in *in, struct errinfo *e)
{
    struct doc_builder *b = doc_new(a, about->name, about->format);
    const char *title = get_string(in, a, "title"), *charset = get_string(in, a, "charset");
    const char *lang = get_string(in, a, "language"), *note = get_string(in, a, "note");
    uint32_t marks = get_u32(in, "kind"), kind = marks & ~DOC_CUT;
    if (!in->bad && kind != DOC_PROSE && kind != DOC_CODE) in->bad = "kind";
    size_t n_pages = 0;
    read_pages(in, a, b, &n_pages);
    read_headings(in, b);
    read_text(in, a, b, about, n_pages);
    if (!in->bad && in->i != in->n) in->bad = "the end";
    if (in->bad)
        return err_set(e, E_FORMAT, "%s: bad answer of the reader: at byte %zu of %zu: expected %s",
                       about->name, in->i + HEADER, in->n + HEADER, in->bad);
    if (title) doc_set_title(b, title, strlen(title));
    if (charset) doc_set_charset(b, charset);
    if (marks & DOC_CUT) doc_set_cut(b);
    if (note) doc_set_note(b, note);
    doc_set_kind(b, (enum doc_kind)kind, lang);
    *out = doc_freeze(b, about->path, about->source, about->n_source);
    return OK;
}

static enum err read_error(struct arena *a, const struct wire_about *about, struct in *in,
                           struct errinfo *e)
{
    uint32_t code = get_u32(in, "error code");
    const char *msg = get_string(in, a, "message");
    if (in->bad || code < E_USAGE || code > E_INTR || !msg || !*msg)
        return err_set(e, E_FORMAT, "%s: bad answer of the reader: an error without its reason",
                       about->name);
    return err_set(e, (enum err)code, "%s", msg);
}

enum err wire_parse(struct doc **out, struct arena *a, const struct wire_about *about,
                    const void *bytes, size_t n, struct errinfo *e)
{
    *out = NULL;
    if (n > WIRE_LIMIT)
        return err_set(e, E_LIMIT, "%s: more text than %zu MiB", about->name, WIRE_LIMIT >> 20);
    struct in in = {.p = bytes, .n = n};
    const unsigned char *m = take(&in, sizeof magic, "header");
    uint32_t kind = get_u32(&in, "header");
    uint64_t body = get_u64(&in, "header");
    if (in.bad || memcmp(m, magic, sizeof magic - 1) != 0)
        return err_set(e, E_FORMAT, "%s: the reader's answer of %zu bytes is no message",
                       about->name, n);
    if (m[sizeof magic - 1] != WIRE_VERSION)
        return err_set(e, E_FORMAT, "%s: deepread-extract speaks version %u, this deepread %u: "
                       "install both from one build", about->name, m[sizeof magic - 1],
                       WIRE_VERSION);
    if (body != n - HEADER)
        return err_set(e, E_FORMAT, "%s: the reader's answer is cut short: %zu of %llu bytes",
                       about->name, n - HEADER, (unsigned long long)body);
    struct in rest = {.p = in.p + HEADER, .n = n - HEADER};
    if (kind == KIND_DOCUMENT) return read_document(out, a, about, &rest, e);
    if (kind == KIND_ERROR) return read_error(a, about, &rest, e);
    return err_set(e, E_FORMAT, "%s: the reader's answer is of unknown kind %u", about->name, kind);
}
