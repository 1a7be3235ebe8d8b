#include <string.h>

#include "ingest/formats.h"
#include "ingest/ingest.h"

/* Longest verbatim span: short enough to count its lines for one citation, long enough that the
 * spans of a document are small beside its text. */
#define SPAN_MAX 4096
/* Text made of tiny pieces (a carriage return every other byte) would cost more memory in spans
 * than in text.  From MANY spans on, pieces that shrink the mean below SPAN_MEAN join coarser ones
 * of COARSE bytes. */
#define MANY 65536
#define SPAN_MEAN 8
#define COARSE 256
/* A run of ill-formed bytes is one span up to here. */
#define BAD_MAX 64

struct doc_builder {
    struct arena *a;
    const char *name, *format, *charset, *title, *note, *lang;
    enum doc_kind kind;
    char *s;
    size_t n, cap;
    struct span *spans;
    size_t n_spans, cap_spans;
    struct page *pages;
    size_t n_pages, cap_pages;
    struct heading *headings;
    size_t n_headings, cap_headings;
    uint32_t end_line; /* line just after the last span, 0 unknown */
    bool last_bad;     /* the last span stands for ill-formed bytes */
    bool cut;
    bool cr_lines;     /* \r ends a line of the source */
};

/* Doubles an array of the arena.  The old one stays behind until the arena goes: at most as much
 * again as the array in the end.  It begins small: most files of a tree are one or two spans. */
static void *grow(struct arena *a, void *old, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return old;
    *cap = *cap ? *cap * 2 : 2;
    void *fresh = mem_take(a, *cap, size);
    if (n) memcpy(fresh, old, n * size);
    return fresh;
}

struct doc_builder *doc_new(struct arena *a, const char *name, const char *format)
{
    struct doc_builder *b = NEW(a, struct doc_builder, 1);
    b->a = a;
    b->name = mem_copy(a, name, strlen(name));
    b->format = mem_copy(a, format, strlen(format));
    b->charset = "utf-8";
    return b;
}

void doc_reserve(struct doc_builder *b, size_t n)
{
    size_t need;
    if (__builtin_add_overflow(b->n, n, &need) || need < b->cap) return;
    char *fresh = mem_take(b->a, need + 1, 1);
    if (b->n) memcpy(fresh, b->s, b->n);
    b->s = fresh;
    b->cap = need + 1;
}

static void put(struct doc_builder *b, const char *s, size_t n)
{
    if (b->cap - b->n <= n) doc_reserve(b, b->n + n > 256 ? b->n + n : 256);
    memcpy(b->s + b->n, s, n);
    b->n += n;
    b->s[b->n] = '\0';
}

static uint32_t newlines(const char *s, size_t n)
{
    uint32_t count = 0;
    for (const char *p = s, *end = s + n; (p = memchr(p, '\n', (size_t)(end - p))); p++) count++;
    return count;
}

/* ------------------------------------------------------------------ spans */

static bool is_dense(const struct doc_builder *b)
{
    return b->n_spans > MANY && b->n_spans * SPAN_MEAN > b->n;
}

/* Joins a piece to the last span at the price of exactness.  False when they do not fit. */
static bool absorb(struct doc_builder *b, const struct span *at, size_t n, size_t limit)
{
    struct span *last = &b->spans[b->n_spans - 1];
    if (last->byte == SPAN_NO_BYTES || at->byte == SPAN_NO_BYTES || last->page != at->page)
        return false;
    size_t end = last->byte + last->byte_len;
    if (at->byte < end || at->byte + at->byte_len - last->byte > limit) return false;
    last->verbatim = false;
    last->byte_len = at->byte + at->byte_len - last->byte;
    last->len += n;
    return true;
}

/* The last n bytes of the text become a span, or join the last one where nothing is lost. */
static void add_span(struct doc_builder *b, size_t n, const struct span *at)
{
    uint32_t end_line = at->line ? at->line + newlines(b->s + b->n - n, n) : 0;
    struct span *last = b->n_spans ? &b->spans[b->n_spans - 1] : NULL;
    b->last_bad = false;
    if (last && last->verbatim && at->verbatim && last->len == last->byte_len &&
        at->byte_len == n && !at->page && !last->page &&
        last->byte + last->byte_len == at->byte && b->end_line == at->line &&
        last->len + n <= SPAN_MAX) {
        last->len += n;
        last->byte_len += n;
        b->end_line = end_line;
        return;
    }
    b->end_line = end_line;
    if (last && is_dense(b) && absorb(b, at, n, COARSE)) return;
    b->spans = grow(b->a, b->spans, b->n_spans, &b->cap_spans, sizeof *b->spans);
    last = &b->spans[b->n_spans++];
    *last = *at;
    last->text = b->n - n;
    last->len = n;
}

static void add_piece(struct doc_builder *b, const char *s, size_t n, const struct span *at)
{
    put(b, s, n);
    add_span(b, n, at);
}

/* The longest prefix of s[0..n) of at most SPAN_MAX bytes that ends well: after a line end, or at
 * least not inside a character. */
static size_t span_cut(const char *s, size_t n)
{
    if (n <= SPAN_MAX) return n;
    const char *nl = memrchr(s, '\n', SPAN_MAX);
    if (nl && nl - s >= SPAN_MAX / 2) return (size_t)(nl - s) + 1;
    size_t cut = SPAN_MAX;
    while (cut > SPAN_MAX - 3 && ((unsigned char)s[cut] & 0xc0) == 0x80) cut--;
    return cut;
}

/* ------------------------------------------------------------------ cleaning */

/* Bytes at the start of s that can stand in a text as they are. */
static size_t clean_run(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x80) {
            if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) break;
            i++;
            continue;
        }
        uint32_t cp;
        size_t len = utf8_next(s + i, n - i, &cp);
        if (len == 1 || (cp >= 0x80 && cp < 0xa0)) break;
        i += len;
    }
    return i;
}

/* Length of an escape sequence for a terminal: ESC [ parameters letter, else ESC alone. */
static size_t escape_length(const char *s, size_t n)
{
    if (n < 2 || s[1] != '[') return 1;
    for (size_t i = 2; i < n && i < 34; i++) {
        if (s[i] >= 0x40 && s[i] <= 0x7e) return i + 1;
        if (s[i] < 0x20 || s[i] > 0x3f) return 1;
    }
    return 1;
}

/* What to do with the unclean bytes at s: returns how many go, and what stands for them. */
static size_t replace(const struct doc_builder *b, const char *s, size_t n, const char **by)
{
    *by = "";
    uint32_t cp;
    size_t len = utf8_next(s, n, &cp);
    switch (cp) {
    case '\r':
        if (n > 1 && s[1] == '\n') return 1; /* the \n itself is clean */
        *by = "\n";
        return 1;
    case '\f':
        *by = b->n == 0 ? "" : b->s[b->n - 1] == '\n' ? "\n" : "\n\n";
        return 1;
    case '\v': *by = "\n"; return 1;
    case 0x1b: return escape_length(s, n);
    case 0xfffd: *by = "\xef\xbf\xbd"; return len;
    default: return len;
    }
}

/* Ill-formed bytes side by side share one span. */
static void add_bad(struct doc_builder *b, const char *by, const struct span *at)
{
    if (b->last_bad && absorb(b, at, strlen(by), BAD_MAX)) {
        put(b, by, strlen(by));
        return;
    }
    add_piece(b, by, strlen(by), at);
    b->last_bad = true;
}

static void add_verbatim(struct doc_builder *b, const char *s, size_t n, const struct span *at)
{
    struct span here = *at;
    for (size_t i = 0; i < n;) {
        size_t run = clean_run(s + i, n - i), end = i + run, struck = 0;
        if (end < n && s[end] == '\b' && run > 0 && s[end - 1] != '\n')
            struck = utf8_back(s + i, run);
        for (size_t stop = end - struck; i < stop;) {
            size_t len = span_cut(s + i, stop - i);
            here.byte = at->byte + i;
            here.byte_len = len;
            here.verbatim = true;
            add_piece(b, s + i, len, &here);
            here.line = b->end_line;
            i += len;
        }
        i += struck;
        if (i >= n) break;
        if (struck) {
            i++;
            continue;
        }
        const char *by;
        here.byte = at->byte + i;
        here.byte_len = replace(b, s + i, n - i, &by);
        here.verbatim = false;
        bool bad = (unsigned char)by[0] >= 0x80;
        if (bad) add_bad(b, by, &here);
        else if (*by) add_piece(b, by, strlen(by), &here);
        if (b->cr_lines && s[i] == '\r' && here.line) here.line++;
        b->end_line = here.line;
        i += here.byte_len;
    }
}

/* Text [from, end of text) as a span; returns the line that the next one starts on. */
static uint32_t close_mapped(struct doc_builder *b, size_t from, const struct span *at)
{
    if (b->n == from) return at->line;
    add_span(b, b->n - from, at);
    return b->end_line;
}

static void add_mapped(struct doc_builder *b, const char *s, size_t n, const struct span *at)
{
    size_t before = b->n;
    struct span here = *at;
    for (size_t i = 0; i < n;) {
        size_t run = clean_run(s + i, n - i), struck = 0;
        if (i + run < n && s[i + run] == '\b' && run > 0 && s[i + run - 1] != '\n')
            struck = utf8_back(s + i, run);
        if (run > struck) put(b, s + i, run - struck);
        i += run + (struck > 0);
        if (i >= n || struck) continue;
        const char *by;
        bool line_end = b->cr_lines && s[i] == '\r';
        i += replace(b, s + i, n - i, &by);
        if (*by == '\n' && !line_end && here.line && !is_dense(b)) { /* a line of the text only */
            here.line = close_mapped(b, before, &here);
            before = b->n;
            put(b, by, strlen(by));
            close_mapped(b, before, &here);
            b->end_line = here.line;
            before = b->n;
        } else if (*by) {
            put(b, by, strlen(by));
        }
    }
    close_mapped(b, before, &here);
}

void doc_add(struct doc_builder *b, const char *s, size_t n, const struct span *at)
{
    if (n == 0) return;
    struct span here = *at;
    if (here.byte == SPAN_NO_BYTES) {
        here.verbatim = false;
        here.byte_len = 0;
    }
    if (b->n + n >= b->cap) doc_reserve(b, n > b->n ? n + n / 4 : b->n);
    if (here.verbatim) add_verbatim(b, s, n, &here);
    else add_mapped(b, s, n, &here);
}

void doc_add_made(struct doc_builder *b, const char *s)
{
    if (b->n_spans == 0) return;
    put(b, s, strlen(s));
    b->spans[b->n_spans - 1].len += strlen(s);
    b->last_bad = false;
}

void doc_add_lead(struct doc_builder *b, const char *s, const struct span *next)
{
    if (b->n_spans && is_dense(b)) {
        doc_add_made(b, s);
        return;
    }
    struct span at = *next;
    at.byte_len = 0;
    at.verbatim = at.byte != SPAN_NO_BYTES;
    add_piece(b, s, strlen(s), &at);
}

size_t doc_length(const struct doc_builder *b)
{
    return b->n;
}

struct str doc_text(const struct doc_builder *b)
{
    return (struct str){b->s ? b->s : "", b->n};
}

/* ------------------------------------------------------------------ facts about the document */

void doc_page(struct doc_builder *b, const char *label, float width, float height, bool no_text)
{
    b->pages = grow(b->a, b->pages, b->n_pages, &b->cap_pages, sizeof *b->pages);
    b->pages[b->n_pages++] = (struct page){
        .label = label ? mem_copy(b->a, label, strlen(label)) : NULL,
        .width = width,
        .height = height,
        .no_text = no_text,
    };
}

void doc_page_recognised(struct doc_builder *b)
{
    if (b->n_pages) b->pages[b->n_pages - 1].recognised = true;
}

void doc_page_unread(struct doc_builder *b)
{
    if (b->n_pages) b->pages[b->n_pages - 1].unread = true;
}

void doc_heading(struct doc_builder *b, size_t text, size_t len, int level)
{
    b->headings = grow(b->a, b->headings, b->n_headings, &b->cap_headings, sizeof *b->headings);
    size_t i = b->n_headings++;
    for (; i > 0 && b->headings[i - 1].text > text; i--) b->headings[i] = b->headings[i - 1];
    b->headings[i] = (struct heading){.text = text, .len = len, .level = level};
}

void doc_set_title(struct doc_builder *b, const char *s, size_t n)
{
    char *out = mem_take(b->a, 3 * n + 1, 1); /* a bad byte becomes three */
    size_t k = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += utf8_next(s + i, n - i, &cp);
        bool space = utf8_is_space(cp) || cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
        if (space && (k == 0 || out[k - 1] == ' ')) continue;
        k += utf8_put(space ? ' ' : cp, out + k);
    }
    if (k > 0 && out[k - 1] == ' ') k--;
    out[k] = '\0';
    b->title = k ? out : NULL;
}

void doc_set_cr_lines(struct doc_builder *b, bool cr_lines)
{
    b->cr_lines = cr_lines;
}

void doc_set_kind(struct doc_builder *b, enum doc_kind kind, const char *lang)
{
    b->kind = kind;
    b->lang = lang ? mem_copy(b->a, lang, strlen(lang)) : NULL;
}

void doc_set_charset(struct doc_builder *b, const char *charset)
{
    b->charset = mem_copy(b->a, charset, strlen(charset));
}

void doc_set_cut(struct doc_builder *b)
{
    b->cut = true;
}

void doc_set_note(struct doc_builder *b, const char *note)
{
    if (!b->note) {
        b->note = mem_copy(b->a, note, strlen(note));
        return;
    }
    size_t old = strlen(b->note), more = strlen(note);
    char *both = mem_take(b->a, old + 2 + more + 1, 1);
    memcpy(both, b->note, old);
    memcpy(both + old, "; ", 2);
    memcpy(both + old + 2, note, more);
    b->note = both;
}

struct doc *doc_freeze(struct doc_builder *b, const char *path, const void *source, size_t n)
{
    struct doc *d = NEW(b->a, struct doc, 1);
    d->name = b->name;
    d->path = path ? mem_copy(b->a, path, strlen(path)) : NULL;
    d->format = b->format;
    const struct reader *reader = formats_find(b->format);
    if (reader) d->units = reader->units;
    d->lang = b->lang;
    d->charset = b->charset;
    d->title = b->title;
    d->kind = b->kind;
    d->text = (struct str){b->s ? b->s : mem_copy(b->a, "", 0), b->n};
    d->spans = b->spans;
    d->n_spans = b->n_spans;
    d->pages = b->pages;
    d->n_pages = b->n_pages;
    d->headings = b->headings;
    d->n_headings = b->n_headings;
    d->source_bytes = n;
    d->cut = b->cut;
    d->note = b->note;
    sys_sha256_hex(source, n, d->sha256);
    for (size_t i = 0; i < b->n_pages; i++) {
        d->pages_without_text += b->pages[i].no_text;
        d->pages_unread += b->pages[i].unread;
    }
    for (size_t i = 0; i < b->n_headings; i++) { /* a reader's slip must not lead out of the text */
        struct heading *h = &b->headings[i];
        if (h->text > b->n) h->text = b->n;
        if (h->len > b->n - h->text) h->len = b->n - h->text;
    }
    return d;
}

/* ------------------------------------------------------------------ places */

/* Index of the span that holds off. */
static size_t span_at(const struct doc *d, size_t off)
{
    size_t lo = 0, hi = d->n_spans;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (d->spans[mid].text <= off) lo = mid;
        else hi = mid;
    }
    return lo;
}

/* Source byte of text offset off inside s; for the end of a range pass after = true. */
static size_t byte_at(const struct span *s, size_t off, bool after)
{
    if (!s->verbatim) return after ? s->byte + s->byte_len : s->byte;
    size_t in = off - s->text;
    return s->byte + (in < s->byte_len ? in : s->byte_len);
}

static uint32_t line_at(const struct doc *d, const struct span *s, size_t off)
{
    return s->line ? s->line + newlines(d->text.s + s->text, off - s->text) : 0;
}

/* Column of off, when the source is known back to the start of its line: through spans that
 * follow each other in the source on the same line. */
static uint32_t column_at(const struct doc *d, size_t k, size_t off)
{
    const struct span *s = &d->spans[k];
    if (s->byte == SPAN_NO_BYTES || s->page || !s->line) return 0;
    if (!s->verbatim && off != s->text) return 0;
    size_t byte = byte_at(s, off, false), end = off;
    uint32_t line = line_at(d, s, off);
    for (;; s--, k--) {
        const char *nl = memrchr(d->text.s + s->text, '\n', end - s->text);
        if (nl && s->verbatim) {
            size_t start = byte_at(s, (size_t)(nl - d->text.s) + 1, false);
            return (uint32_t)(byte - start) + 1;
        }
        if (nl) return 0;
        if (k == 0) return s->line == 1 && s->byte <= 4 ? (uint32_t)(byte - s->byte) + 1 : 0;
        const struct span *before = s - 1;
        if (before->byte == SPAN_NO_BYTES || !before->line) return 0;
        size_t stop = before->text + before->len, gap = before->byte + before->byte_len;
        if (gap > s->byte || s->byte - gap > 4) return 0;
        if (line_at(d, before, stop) == line && d->text.s[stop - 1] == '\n' && s->line == line)
            return (uint32_t)(byte - s->byte) + 1;
        end = stop;
    }
}

static void box_join(float box[4], const float more[4])
{
    if (more[0] == 0 && more[1] == 0 && more[2] == 0 && more[3] == 0) return;
    bool none = box[0] == 0 && box[1] == 0 && box[2] == 0 && box[3] == 0;
    for (int i = 0; i < 4; i++) {
        bool wider = i < 2 ? more[i] < box[i] : more[i] > box[i];
        if (none || wider) box[i] = more[i];
    }
}

/* Index of the span that a range starts in.  What was made up behind a span says nothing of where
 * the range came from, if more follows. */
static size_t first_span(const struct doc *d, size_t off, size_t end)
{
    size_t k = span_at(d, off);
    const struct span *s = &d->spans[k];
    bool made = s->verbatim && s->byte_len > 0 && off >= s->text + s->byte_len;
    return made && end > s->text + s->len ? k + 1 : k;
}

struct place doc_place(const struct doc *d, size_t off, size_t len)
{
    struct place p = {.units = d->units, .byte0 = SPAN_NO_BYTES, .byte1 = SPAN_NO_BYTES};
    if (d->n_spans == 0 || off >= d->text.n) return p;
    size_t end = len > d->text.n - off ? d->text.n : off + (len ? len : 1);
    size_t k = first_span(d, off, end);
    if (off < d->spans[k].text) off = d->spans[k].text;
    p.page = d->spans[k].page;
    if (p.page && p.page <= d->n_pages) {
        p.page_label = d->pages[p.page - 1].label;
        p.recognised = d->pages[p.page - 1].recognised;
    }
    if (!p.units.line) p.col0 = column_at(d, k, off);
    for (; k < d->n_spans && d->spans[k].text < end; k++) {
        const struct span *s = &d->spans[k];
        size_t from = off > s->text ? off : s->text;
        size_t to = end < s->text + s->len ? end : s->text + s->len;
        if (s->byte != SPAN_NO_BYTES) {
            size_t b0 = byte_at(s, from, false), b1 = byte_at(s, to, true);
            if (p.byte0 == SPAN_NO_BYTES || b0 < p.byte0) p.byte0 = b0;
            if (p.byte1 == SPAN_NO_BYTES || b1 > p.byte1) p.byte1 = b1;
        }
        if (s->page != p.page) continue;
        box_join(p.box, s->box);
        if (!s->line) continue;
        while (to - 1 > from && d->text.s[to - 1] == '\n') to--;
        uint32_t l0 = line_at(d, s, from), l1 = line_at(d, s, to - 1);
        if (!p.line0 || l0 < p.line0) p.line0 = l0;
        if (l1 > p.line1) p.line1 = l1;
    }
    return p;
}
