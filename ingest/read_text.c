#include "ingest/read_text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ingest/charset.h"
#include "ingest/lang.h"

/* ------------------------------------------------------------------ bytes to text */

/* Where the converted pieces go, with the line that the next one starts on. */
struct feed {
    struct doc_builder *b;
    const char *source;
    uint32_t line;
    char line_end;
};

static void feed_piece(void *ctx, const char *s, size_t n, size_t byte, size_t byte_len)
{
    struct feed *f = ctx;
    /* Most lines of most encodings are ASCII: then the place is exact to the byte. */
    bool same = n == byte_len && memcmp(s, f->source + byte, n) == 0;
    doc_add(f->b, s, n, &(struct span){.byte = byte, .byte_len = byte_len, .line = f->line,
                                       .verbatim = same});
    for (const char *p = s; (p = memchr(p, f->line_end, (size_t)(s + n - p))); p++) f->line++;
}

/* Bytes that are left when a character at the end is cut, or 0. */
static size_t cut_tail(const char *s, size_t n)
{
    for (size_t k = 1; k <= 3 && k <= n; k++) {
        unsigned char c = (unsigned char)s[n - k];
        if ((c & 0xc0) == 0x80) continue;
        size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;
        return c >= 0xc2 && c <= 0xf4 && need > k ? k : 0;
    }
    return 0;
}

/* UTF-8 goes in as it is.  Bad bytes become U+FFFD one by one, unless they are so many (an
 * encoding forced on something else) that a place each would cost more than it tells. */
static enum err add_utf8(struct doc_builder *b, const char *s, size_t n, const struct charset *cs,
                         char line_end, struct errinfo *e)
{
    size_t bom = cs->bom < n ? cs->bom : n, tail = cut_tail(s, n), end = n - tail, bad = 0;
    if (end < bom) end = bom;
    for (size_t i = bom; i < end; bad++) {
        i += utf8_check(s + i, end - i);
        if (i++ >= end) break;
    }
    char note[96];
    if (bad > end / 50) {
        struct feed f = {b, s, 1, line_end};
        TRY(charset_convert(cs, s, n, feed_piece, &f, &bad, e));
    } else {
        doc_add(b, s + bom, end - bom,
                &(struct span){.byte = bom, .byte_len = end - bom, .line = 1, .verbatim = true});
    }
    if (bad) {
        snprintf(note, sizeof note, "%zu byte%s not UTF-8 and stand%s as U+FFFD", bad,
                 bad == 1 ? " is" : "s are", bad == 1 ? "s" : "");
        doc_set_note(b, note);
    }
    if (tail && bad <= end / 50) doc_set_note(b, "ends in the middle of a character");
    return OK;
}

static enum err add_converted(struct doc_builder *b, const char *s, size_t n,
                              const struct charset *cs, char line_end, const char *name,
                              struct errinfo *e)
{
    struct feed f = {b, s, 1, line_end};
    size_t bad;
    struct errinfo why = {0};
    if (charset_convert(cs, s, n, feed_piece, &f, &bad, &why))
        return err_set(e, why.code, "%s: %s", name, why.msg);
    char note[128];
    if (bad) {
        snprintf(note, sizeof note, "%zu place%s not %s and stand%s as U+FFFD", bad,
                 bad == 1 ? " is" : "s are", cs->name, bad == 1 ? "s" : "");
        doc_set_note(b, note);
    }
    if (cs->guessed) {
        snprintf(note, sizeof note, "taken for %s", cs->name);
        doc_set_note(b, note);
    }
    return OK;
}

/* Zero bytes of a text whose encoding somebody named are not written: that is worth a word. */
static void note_zeros(struct doc_builder *b, const struct charset *cs, const char *s, size_t n)
{
    if (strncmp(cs->name, "utf-16", 6) == 0 || strncmp(cs->name, "utf-32", 6) == 0) return;
    size_t zeros = 0;
    for (const char *p = s, *end = s + n; (p = memchr(p, 0, (size_t)(end - p))); p++) zeros++;
    if (!zeros) return;
    char note[64];
    snprintf(note, sizeof note, "left out %zu zero byte%s", zeros, zeros == 1 ? "" : "s");
    doc_set_note(b, note);
}

enum err read_text_bytes(struct doc_builder *b, const struct ingest_options *o, const char *name,
                         const char *s, size_t n, struct errinfo *e)
{
    struct arena *scratch = arena_new();
    struct charset cs;
    struct errinfo why = {0};
    enum err r = charset_detect(&cs, scratch, s, n, o->encoding, &why);
    if (r) err_set(e, r, "%s: %s", name, why.msg);
    else if (cs.binary) r = err_set(e, E_UNSUPPORTED, "%s: is binary, not text", name);
    else note_zeros(b, &cs, s, n);
    if (!r) {
        doc_set_charset(b, cs.name);
        bool cr = charset_cr_lines(&cs, s, n);
        doc_set_cr_lines(b, cr);
        doc_reserve(b, n + n / 64 + 64);
        char end = cr ? '\r' : '\n';
        r = strcmp(cs.name, "utf-8") == 0 ? add_utf8(b, s, n, &cs, end, e)
                                          : add_converted(b, s, n, &cs, end, name, e);
    }
    arena_free(scratch);
    return r;
}

/* ------------------------------------------------------------------ headings */

/* A line of a text: offset and length without its end and without blanks around. */
struct line {
    size_t at, n;
    size_t indent;
};

static struct line line_of(struct str t, size_t at, size_t *next)
{
    const char *nl = memchr(t.s + at, '\n', t.n - at);
    size_t end = nl ? (size_t)(nl - t.s) : t.n;
    *next = nl ? end + 1 : t.n;
    size_t from = at;
    while (from < end && (t.s[from] == ' ' || t.s[from] == '\t')) from++;
    while (end > from && (t.s[end - 1] == ' ' || t.s[end - 1] == '\t')) end--;
    return (struct line){from, end - from, from - at};
}

/* Length of the run of c that starts the line. */
static size_t run_of(struct str t, struct line l, char c)
{
    size_t n = 0;
    while (n < l.n && t.s[l.at + n] == c) n++;
    return n;
}

static bool all_of(struct str t, struct line l, char c)
{
    return l.n > 0 && run_of(t, l, c) == l.n;
}

static void found_heading(struct doc_builder *b, struct line l, int level, bool *titled)
{
    if (l.n == 0) return;
    doc_heading(b, l.at, l.n, level);
    if (level > 1 || *titled) return;
    struct str t = doc_text(b);
    doc_set_title(b, t.s + l.at, l.n);
    *titled = true;
}

/* "# Title #": the line without its marks. */
static struct line without_marks(struct str t, struct line l, size_t level)
{
    l.at += level;
    l.n -= level;
    while (l.n && t.s[l.at] == ' ') l.at++, l.n--;
    size_t n = l.n;
    while (n && t.s[l.at + n - 1] == '#') n--;
    if (n == 0 || t.s[l.at + n - 1] == ' ') l.n = n;
    while (l.n && t.s[l.at + l.n - 1] == ' ') l.n--;
    return l;
}

/* Front matter between --- lines: title: is the title.  Returns where it ends. */
static size_t front_matter(struct doc_builder *b, struct str t, bool *titled)
{
    size_t next;
    struct line l = line_of(t, 0, &next);
    if (l.n != 3 || memcmp(t.s + l.at, "---", 3) != 0) return 0;
    struct line title = {0};
    for (size_t at = next; at < t.n; at = next) {
        l = line_of(t, at, &next);
        bool end = l.n == 3 && l.indent == 0 &&
                   (memcmp(t.s + l.at, "---", 3) == 0 || memcmp(t.s + l.at, "...", 3) == 0);
        if (end) {
            if (title.n) doc_set_title(b, t.s + title.at, title.n);
            *titled = title.n > 0;
            return next;
        }
        if (l.indent || l.n < 7 || strncasecmp(t.s + l.at, "title:", 6) != 0) continue;
        title = without_marks(t, (struct line){l.at, l.n, 0}, 6);
        char q = title.n > 1 ? t.s[title.at] : '\0';
        if ((q == '"' || q == '\'') && t.s[title.at + title.n - 1] == q) {
            title.at++;
            title.n -= 2;
        }
    }
    return 0; /* never closed: a rule, not front matter */
}

static void markdown_headings(struct doc_builder *b)
{
    struct str t = doc_text(b);
    bool titled = false;
    struct line before = {0};
    size_t fence = 0, next;
    char mark = '\0';
    for (size_t at = front_matter(b, t, &titled); at < t.n; at = next) {
        struct line l = line_of(t, at, &next);
        char c = l.n && l.indent < 4 ? t.s[l.at] : '\0';
        size_t run = c ? run_of(t, l, c) : 0;
        if (fence) {
            if (c == mark && run >= fence && run == l.n) fence = 0;
            continue;
        }
        if ((c == '`' || c == '~') && run >= 3) {
            fence = run;
            mark = c;
            before.n = 0;
            continue;
        }
        bool atx = c == '#' && run <= 6 && (run == l.n || t.s[l.at + run] == ' ');
        if (atx) found_heading(b, without_marks(t, l, run), (int)run, &titled);
        bool under = before.n && ((c == '=' && run == l.n) || (c == '-' && run == l.n && run > 1));
        if (under) found_heading(b, before, c == '=' ? 1 : 2, &titled);
        bool text = c && !atx && !under && c != '>' && c != '|' && !all_of(t, l, '-');
        before = text ? l : (struct line){0};
    }
}

/* A title underlined by a run of one punctuation mark at least as long: reStructuredText, and
 * how people head plain texts.  The order of the marks gives the levels. */
void read_text_underlined(struct doc_builder *b)
{
    struct str t = doc_text(b);
    struct line before = {0};
    char marks[8] = "";
    bool titled = false;
    size_t next;
    for (size_t at = 0; at < t.n; at = next) {
        struct line l = line_of(t, at, &next);
        char c = l.n >= 3 && l.indent == 0 ? t.s[l.at] : '\0';
        bool rule = c && strchr("=-~^*+#", c) && all_of(t, l, c);
        if (rule && before.n > 2 && before.indent == 0 && before.n < 200 &&
            utf8_count(t.s + before.at, before.n) <= l.n + 2 && l.n <= before.n + 20) {
            char *seen = strchr(marks, c);
            size_t level = seen ? (size_t)(seen - marks) : strlen(marks);
            if (!seen && level + 1 < sizeof marks) marks[level] = c;
            found_heading(b, before, (int)level + 1, &titled);
        }
        before = rule ? (struct line){0} : l;
    }
}

/* ------------------------------------------------------------------ readers */

static enum err read_plain(struct doc_builder *b, const struct ingest_options *o, const char *name,
                           const void *bytes, size_t n, struct errinfo *e)
{
    doc_set_kind(b, DOC_PROSE, NULL);
    TRY(read_text_bytes(b, o, name, bytes, n, e));
    read_text_underlined(b);
    return OK;
}

static enum err read_markdown(struct doc_builder *b, const struct ingest_options *o,
                              const char *name, const void *bytes, size_t n, struct errinfo *e)
{
    doc_set_kind(b, DOC_PROSE, NULL);
    TRY(read_text_bytes(b, o, name, bytes, n, e));
    markdown_headings(b);
    return OK;
}

static enum err read_code(struct doc_builder *b, const struct ingest_options *o, const char *name,
                          const void *bytes, size_t n, struct errinfo *e)
{
    const struct lang *l = lang_of(name, bytes, n);
    if (!l && n) l = lang_guess(bytes, n);
    doc_set_kind(b, DOC_CODE, l && !l->prose ? l->name : NULL);
    return read_text_bytes(b, o, name, bytes, n, e);
}

/* Binary content was sorted out before: any name may be text. */
static int sniff_plain(const char *name, const unsigned char *head, size_t n)
{
    const struct lang *l = lang_of(name, (const char *)head, n);
    return l && l->prose ? 70 : 30;
}

/* A guess from content is likelier than plain prose (30), and loses against the start of HTML. */
#define GUESSED 50

static int sniff_markdown(const char *name, const unsigned char *head, size_t n)
{
    const struct lang *l = lang_of(name, (const char *)head, n);
    bool guess = !l;
    if (guess) l = lang_guess((const char *)head, n);
    return !l || strcmp(l->name, "markdown") != 0 ? 0 : guess ? GUESSED : 80;
}

static int sniff_code(const char *name, const unsigned char *head, size_t n)
{
    const struct lang *l = lang_of(name, (const char *)head, n);
    bool guess = !l;
    if (guess) l = lang_guess((const char *)head, n);
    if (!l || l->prose || strcmp(l->name, "html") == 0) return 0;
    return guess ? GUESSED : 75;
}

static const char *const plain_suffixes[] = {".txt", ".text", ".log", NULL};
static const char *const markdown_suffixes[] = {".md", ".markdown", ".mkd", NULL};
static const char *const code_suffixes[] = {NULL};

const struct reader read_text_plain = {"text", plain_suffixes, sniff_plain, .read = read_plain,
                                       .title = "plain text"};
const struct reader read_text_markdown = {"markdown", markdown_suffixes, sniff_markdown,
                                          .read = read_markdown, .title = "Markdown"};
const struct reader read_text_code = {"code", code_suffixes, sniff_code, .read = read_code,
                                      .title = "source code"};
