/* read_rtf.c: Rich Text Format.
 *
 * Read is what the page shows: hidden and deleted text, comments, running heads and pictures are
 * out.  Footnotes follow their paragraph.  A place is a paragraph, counted over all that have text,
 * and the bytes of its text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/aside.h"
#include "extract/extract.h"
#include "extract/office.h"
#include "ingest/pen.h"
#include "extract/rtf_scan.h"
#include "ingest/charset.h"

enum { DEPTH_MAX = 512, FONTS_MAX = 4096, STYLES_MAX = 4096 };

/* Where the text of a group goes. */
enum dest { DEST_TEXT, DEST_SKIP, DEST_FONTS, DEST_STYLES, DEST_TITLE, DEST_MARK, DEST_INFO };

struct group {
    enum dest dest;
    bool hidden, deleted;
    int skip_after_u;  /* characters that stand for a \u in old readers: \uc */
    int font;
    bool in_table;
    int heading;       /* of the paragraph: 1 .. 9, 0 none  */
    bool note, title;  /* the group is a footnote; the text is the title's */
};

struct font {
    int id;
    const char *charset;
};

struct style {
    int id, heading;
};

struct rtf {
    struct pen *pen;
    struct pen body;
    struct aside aside;
    struct doc_builder *b;
    struct group stack[DEPTH_MAX];
    int depth, too_deep;
    struct font font[FONTS_MAX];
    size_t n_fonts;
    struct style style[STYLES_MAX];
    size_t n_styles;
    const char *charset;   /* of the document: \ansicpg */
    char named[24];
    bool star;             /* \* came: an unknown destination is skipped */
    int skip;              /* characters left that stand for a \u        */
    uint32_t high;         /* first half of a surrogate pair             */
    struct buf pending;    /* bytes not yet converted                    */
    size_t pending_from, pending_to;
    struct buf mark, title, name; /* of the item; of the document; of a style */
    bool started;          /* the paragraph has text     */
    bool was_table, was_item; /* the paragraph before     */
    bool show_hidden;
    uint32_t paragraph;
    int notes;
    size_t note_from, hidden, comments;
};

static struct group *top(struct rtf *d)
{
    return &d->stack[d->depth];
}

/* ------------------------------------------------------------------ text */

static bool is_shown(struct rtf *d, size_t n)
{
    const struct group *g = top(d);
    if (g->dest != DEST_TEXT) return false;
    bool hidden = g->hidden && !d->show_hidden;
    if (hidden && !g->deleted) d->hidden += n;
    return !hidden && !g->deleted;
}

static void start_paragraph(struct rtf *d)
{
    if (d->started) return;
    bool table = top(d)->in_table, item = d->mark.n > 0 && !table;
    d->started = true;
    d->pen->cell = table;
    if (!table && d->was_table) { /* behind the last row, or one that has no end */
        if (d->pen->gap == PEN_CELL) d->pen->gap = PEN_NONE;
        pen_gap(d->pen, PEN_PARA);
    }
    if (item && d->was_item && d->pen->gap == PEN_PARA) d->pen->gap = PEN_LINE;
    d->was_table = table;
    d->was_item = item;
    if (d->pen == &d->body) d->pen->at.line = d->paragraph + 1;
    if (top(d)->heading && d->pen == &d->body && d->pen->cell == 0) pen_heading_open(d->pen);
    if (item) pen_mark(d->pen, d->mark.s);
    buf_clear(&d->mark);
}

static void put(struct rtf *d, const char *s, size_t n, size_t from, size_t to, bool verbatim)
{
    switch (top(d)->dest) {
    case DEST_TITLE: buf_add(&d->title, s, n); return;
    case DEST_MARK: buf_add(&d->mark, s, n); return;
    case DEST_STYLES: buf_add(&d->name, s, n); return;
    default: break;
    }
    if (!is_shown(d, utf8_count(s, n))) return;
    start_paragraph(d);
    d->pen->at.byte = from;
    d->pen->at.byte_len = to - from;
    d->pen->verbatim = verbatim;
    pen_text(d->pen, s, n);
    d->pen->verbatim = false;
}

static const char *charset_here(struct rtf *d)
{
    for (size_t i = 0; i < d->n_fonts; i++)
        if (d->font[i].id == top(d)->font && d->font[i].charset) return d->font[i].charset;
    return d->charset;
}

struct converted {
    struct rtf *d;
    size_t from, to;
};

static void take_utf8(void *ctx, const char *s, size_t n, size_t byte, size_t byte_len)
{
    struct converted *c = ctx;
    (void)byte, (void)byte_len;
    put(c->d, s, n, c->from, c->to, false);
}

/* Writes the bytes that wait in the charset of their font. */
static void flush(struct rtf *d)
{
    if (!d->pending.n) return;
    struct arena *a = arena_new();
    struct charset cs = {0};
    struct errinfo ignored = {0};
    struct converted c = {d, d->pending_from, d->pending_to};
    size_t bad;
    if (charset_detect(&cs, a, d->pending.s, d->pending.n, charset_here(d), &ignored) || !cs.name) {
        err_clear(&ignored);
        charset_detect(&cs, a, d->pending.s, d->pending.n, "windows-1252", &ignored);
    }
    if (cs.name) charset_convert(&cs, d->pending.s, d->pending.n, take_utf8, &c, &bad, &ignored);
    arena_free(a);
    buf_clear(&d->pending);
}

static void add_pending(struct rtf *d, const char *s, size_t n, size_t from, size_t to)
{
    if (!d->pending.n) d->pending_from = from;
    buf_add(&d->pending, s, n);
    d->pending_to = to;
    if (d->pending.n >= 1024) flush(d);
}

static void read_text(struct rtf *d, const char *s, size_t from, size_t to)
{
    while (d->skip > 0 && from < to) from++, d->skip--;
    for (size_t i = from, j; i < to; i = j) {
        bool ascii = (unsigned char)s[i] < 0x80;
        for (j = i; j < to && ((unsigned char)s[j] < 0x80) == ascii; j++) continue;
        /* In charsets of two bytes the second one may look like ASCII. */
        if (!ascii || (d->pending.n % 2 && charset_here(d) != d->charset)) {
            add_pending(d, s + i, j - i, i, j);
            continue;
        }
        flush(d);
        put(d, s + i, j - i, i, j, true);
    }
}

static void put_char(struct rtf *d, uint32_t cp, size_t from, size_t to)
{
    char c[4];
    flush(d);
    if (cp < 0x110000 && (cp < 0xd800 || cp > 0xdfff)) put(d, c, utf8_put(cp, c), from, to, false);
}

/* \u and its number, which may be negative; pairs of surrogates follow each other. */
static void read_unicode(struct rtf *d, const struct rtf_token *t)
{
    uint32_t cp = (uint32_t)(t->number < 0 ? t->number + 65536 : t->number);
    if (cp >= 0xd800 && cp < 0xdc00) {
        d->high = cp;
    } else {
        if (cp >= 0xdc00 && cp < 0xe000 && d->high)
            cp = 0x10000 + ((d->high - 0xd800) << 10) + (cp - 0xdc00);
        d->high = 0;
        bool own = cp >= 0xf000 && cp < 0xf100; /* of a symbol font */
        if (!own || top(d)->dest == DEST_MARK) put_char(d, own ? 0x2022 : cp, t->from, t->to);
    }
    d->skip = top(d)->skip_after_u;
}

/* ------------------------------------------------------------------ paragraphs */

static void end_paragraph(struct rtf *d, enum pen_gap gap)
{
    flush(d);
    struct group *g = top(d);
    if (!is_shown(d, 0)) return;
    if (d->pen == &d->body && g->heading && d->started) pen_heading_close(d->pen, g->heading);
    if (d->started && d->pen == &d->body) d->paragraph++;
    if (d->mark.n && !d->started) buf_clear(&d->mark);
    pen_gap(d->pen, g->in_table ? PEN_SPACE : gap);
    d->started = false;
    *d->pen->mark = '\0';
    if (d->pen == &d->body && !g->in_table) aside_write(&d->aside, d->pen);
}

static void end_cell(struct rtf *d)
{
    end_paragraph(d, PEN_SPACE);
    d->pen->cell = 0;
    if (is_shown(d, 0)) pen_gap(d->pen, PEN_CELL);
}

static void end_row(struct rtf *d)
{
    flush(d);
    d->pen->cell = 0;
    if (d->pen->gap == PEN_CELL) d->pen->gap = PEN_NONE;
    pen_gap(d->pen, PEN_LINE);
}

static void open_note(struct rtf *d)
{
    char mark[32];
    snprintf(mark, sizeof mark, "[%d]", ++d->notes);
    put(d, mark, strlen(mark), d->pen->at.byte, d->pen->at.byte + d->pen->at.byte_len, false);
    top(d)->note = true;
    d->note_from = doc_length(d->aside.b);
    d->pen = &d->aside.pen;
    pen_gap(d->pen, PEN_PARA);
}

static void close_note(struct rtf *d)
{
    char mark[32];
    snprintf(mark, sizeof mark, "[%d] ", d->notes);
    aside_queue(&d->aside, d->note_from, doc_length(d->aside.b), mark, &d->body.at);
    d->pen = &d->body;
}

/* ------------------------------------------------------------------ fonts and styles */

static const char *font_charset(long number)
{
    static const struct { int number; const char *name; } sets[] = {
        {0, "windows-1252"},   {77, "macintosh"},     {128, "cp932"},    {129, "cp949"},
        {134, "gb18030"},          {136, "big5-hkscs"},         {161, "windows-1253"}, {162, "windows-1254"},
        {163, "windows-1258"}, {177, "windows-1255"}, {178, "windows-1256"}, {186, "windows-1257"},
        {204, "windows-1251"}, {222, "cp874"},        {238, "windows-1250"},
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (sets[i].number == number) return sets[i].name;
    return NULL;
}

static void font_word(struct rtf *d, const struct rtf_token *t)
{
    if (!strcmp(t->name, "f") && d->n_fonts < FONTS_MAX)
        d->font[d->n_fonts++] = (struct font){(int)t->number, NULL};
    else if (!strcmp(t->name, "fcharset") && d->n_fonts && t->number != 0)
        d->font[d->n_fonts - 1].charset = font_charset(t->number);
}

/* The name of a style ends with a semicolon: "heading 1;". */
static void end_style(struct rtf *d)
{
    if (d->n_styles && d->name.n >= 9 && !strncasecmp(d->name.s, "heading ", 8) &&
        d->name.s[8] >= '1' && d->name.s[8] <= '9')
        d->style[d->n_styles - 1].heading = d->name.s[8] - '0';
    buf_clear(&d->name);
}

static void style_word(struct rtf *d, const struct rtf_token *t)
{
    bool has_id = !strcmp(t->name, "s") || !strcmp(t->name, "cs") || !strcmp(t->name, "ds");
    if (has_id && d->n_styles < STYLES_MAX)
        d->style[d->n_styles++] = (struct style){!strcmp(t->name, "s") ? (int)t->number : -1, 0};
    else if (!strcmp(t->name, "outlinelevel") && d->n_styles && t->number >= 0 && t->number < 9)
        d->style[d->n_styles - 1].heading = (int)t->number + 1;
}

static int style_heading(const struct rtf *d, long id)
{
    for (size_t i = 0; i < d->n_styles; i++)
        if (d->style[i].id == id) return d->style[i].heading;
    return 0;
}

/* ------------------------------------------------------------------ control words */

static bool in_list(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(name, list[i])) return true;
    return false;
}

/* Groups that begin with these; true when the word was one. */
static bool destination(struct rtf *d, const struct rtf_token *t)
{
    static const char *const skipped[] = {
        "colortbl", "pict", "header", "headerl", "headerr", "headerf", "footer", "footerl",
        "footerr", "footerf", "themedata", "colorschememapping", "listtable", "listoverridetable",
        "revtbl", "rsidtbl", "generator", "xmlnstbl", "fldinst", "datafield", "bkmkstart", "bkmkend",
        "atnid", "atnauthor", "atntime", "atndate", "atnref", "atnparent", "nonshppict", "objdata",
        "objclass", "objname", "sp", "ftnsep", "ftnsepc", "aftnsep", "aftnsepc", "template", "filetbl",
        "latentstyles", "datastore", "pgptbl", "mmathPr", "passwordhash", "xe", "tc", "private",
    };
    struct group *g = top(d);
    if (in_list(t->name, skipped, sizeof skipped / sizeof *skipped)) g->dest = DEST_SKIP;
    else if (!strcmp(t->name, "annotation")) g->dest = DEST_SKIP, d->comments++;
    else if (!strcmp(t->name, "fonttbl")) g->dest = DEST_FONTS;
    else if (!strcmp(t->name, "stylesheet")) g->dest = DEST_STYLES;
    else if (!strcmp(t->name, "info")) g->dest = DEST_INFO;
    else if (!strcmp(t->name, "title") && g->dest == DEST_INFO) g->dest = DEST_TITLE;
    else if (!strcmp(t->name, "pntext") || !strcmp(t->name, "listtext")) {
        if (g->dest == DEST_TEXT) buf_clear(&d->mark), g->dest = DEST_MARK;
    } else if (!strcmp(t->name, "footnote")) {
        if (g->dest == DEST_TEXT && d->pen == &d->body && d->depth < DEPTH_MAX - 1) open_note(d);
    } else {
        return false;
    }
    return true;
}

static bool character_word(struct rtf *d, const struct rtf_token *t)
{
    static const struct { const char *name; uint32_t cp; } chars[] = {
        {"emdash", 0x2014}, {"endash", 0x2013}, {"bullet", 0x2022}, {"lquote", 0x2018},
        {"rquote", 0x2019}, {"ldblquote", 0x201c}, {"rdblquote", 0x201d}, {"emspace", ' '},
        {"enspace", ' '},   {"qmspace", ' '},
    };
    for (size_t i = 0; i < sizeof chars / sizeof *chars; i++) {
        if (strcmp(t->name, chars[i].name)) continue;
        put_char(d, chars[i].cp, t->from, t->to);
        return true;
    }
    return false;
}

static bool paragraph_word(struct rtf *d, const struct rtf_token *t)
{
    struct group *g = top(d);
    const char *w = t->name;
    if (!strcmp(w, "par") || !strcmp(w, "sect") || !strcmp(w, "page")) end_paragraph(d, PEN_PARA);
    else if (!strcmp(w, "line")) flush(d), pen_gap(d->pen, PEN_LINE);
    else if (!strcmp(w, "tab") && g->dest == DEST_TEXT) flush(d), pen_gap(d->pen, PEN_TAB);
    else if (!strcmp(w, "cell") || !strcmp(w, "nestcell")) end_cell(d);
    else if (!strcmp(w, "row") || !strcmp(w, "nestrow")) end_row(d);
    else if (!strcmp(w, "intbl")) g->in_table = true;
    else if (!strcmp(w, "pard")) flush(d), g->in_table = false, g->heading = 0;
    else if (!strcmp(w, "outlinelevel")) g->heading = t->number >= 0 && t->number < 9 ? (int)t->number + 1 : 0;
    else if (!strcmp(w, "s")) g->heading = style_heading(d, t->number);
    else return false;
    return true;
}

/* By the names of what the sandbox has loaded (sandbox.c). */
static const char *code_page(struct rtf *d, long number)
{
    static const struct { int number; const char *name; } pages[] = {
        {932, "cp932"}, {936, "gb18030"}, {949, "cp949"}, {950, "big5-hkscs"}, {874, "cp874"},
        {866, "cp866"}, {10000, "macintosh"}, {65001, "utf-8"},
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (pages[i].number == number) return pages[i].name;
    if (number < 1250 || number > 1258) return "windows-1252";
    snprintf(d->named, sizeof d->named, "windows-%ld", number);
    return d->named;
}

static void text_word(struct rtf *d, const struct rtf_token *t)
{
    struct group *g = top(d);
    const char *w = t->name;
    bool on = !t->has_number || t->number != 0;
    if (!strcmp(w, "u")) read_unicode(d, t);
    else if (!strcmp(w, "uc")) g->skip_after_u = t->number < 0 ? 0 : t->number > 16 ? 16 : (int)t->number;
    else if (!strcmp(w, "v")) flush(d), g->hidden = on;
    else if (!strcmp(w, "deleted")) flush(d), g->deleted = on;
    else if (!strcmp(w, "plain")) flush(d), g->hidden = g->deleted = false;
    else if (!strcmp(w, "f")) flush(d), g->font = (int)t->number;
    else if (!strcmp(w, "ansicpg")) d->charset = code_page(d, t->number);
    else if (!strcmp(w, "mac")) d->charset = "macintosh";
    else if (!paragraph_word(d, t)) character_word(d, t);
}

static void read_word(struct rtf *d, const struct rtf_token *t)
{
    bool star = d->star;
    d->star = false;
    if (d->skip > 0 && strcmp(t->name, "u") && strcmp(t->name, "uc")) {
        d->skip--; /* it stands for a character, as a symbol of old readers */
        return;
    }
    if (destination(d, t)) return;
    if (star && !strcmp(t->name, "shpinst")) return; /* holds text boxes */
    if (star && !strcmp(t->name, "shppict")) star = true;
    if (star) {
        top(d)->dest = DEST_SKIP;
        return;
    }
    switch (top(d)->dest) {
    case DEST_SKIP:
    case DEST_INFO: return;
    case DEST_FONTS: font_word(d, t); return;
    case DEST_STYLES:
        if (!strcmp(t->name, "u")) read_unicode(d, t);
        else style_word(d, t);
        return;
    default: text_word(d, t);
    }
}

static void read_symbol(struct rtf *d, const struct rtf_token *t)
{
    if (d->skip > 0) {
        d->skip--;
        return;
    }
    switch (t->name[0]) {
    case '*': d->star = true; break;
    case '~': put_char(d, 0xa0, t->from, t->to); break;
    case '_': put_char(d, '-', t->from, t->to); break;
    case '\\':
    case '{':
    case '}': put_char(d, (unsigned char)t->name[0], t->from, t->to); break;
    case '\r':
    case '\n': end_paragraph(d, PEN_PARA); break;
    default: break;
    }
}

static void read_byte(struct rtf *d, const struct rtf_token *t)
{
    if (d->skip > 0) d->skip--;
    else if (top(d)->dest == DEST_MARK && t->byte == 0xb7) put_char(d, 0x2022, t->from, t->to);
    else add_pending(d, (const char[]){(char)t->byte}, 1, t->from, t->to);
}

/* ------------------------------------------------------------------ groups */

static void open_group(struct rtf *d)
{
    flush(d);
    d->skip = 0;
    if (d->depth + 1 == DEPTH_MAX) {
        d->too_deep++;
        return;
    }
    d->stack[d->depth + 1] = d->stack[d->depth];
    d->stack[++d->depth].note = false;
}

/* The mark of an item as it stands in other formats: "1. ", "- ". */
static void close_mark(struct rtf *d)
{
    size_t from = 0, to = d->mark.n;
    while (from < to && (unsigned char)d->mark.s[from] <= ' ') from++;
    while (to > from && (unsigned char)d->mark.s[to - 1] <= ' ') to--;
    char mark[32];
    bool number = false;
    for (size_t i = from; i < to; i++) number |= (d->mark.s[i] >= '0' && d->mark.s[i] <= '9') ||
                                                 ((d->mark.s[i] | 32) >= 'a' && (d->mark.s[i] | 32) <= 'z');
    size_t n = to - from < 24 ? to - from : 24;
    bool dash = !number || (n == 1 && d->mark.s[from] == 'o');
    snprintf(mark, sizeof mark, "%.*s ", dash ? 1 : (int)n, dash ? "-" : d->mark.s + from);
    buf_clear(&d->mark);
    if (to > from) buf_addz(&d->mark, mark);
}

static void close_group(struct rtf *d)
{
    flush(d);
    d->skip = 0;
    d->star = false;
    if (d->too_deep > 0) {
        d->too_deep--;
        return;
    }
    if (d->depth == 0) return;
    struct group g = *top(d);
    if (g.dest == DEST_STYLES) end_style(d);
    d->depth--;
    if (g.note) close_note(d);
    if (g.dest == DEST_MARK && top(d)->dest != DEST_MARK) close_mark(d);
}

static void read_all(struct rtf *d, const char *s, size_t n)
{
    size_t at = 0;
    for (;;) {
        struct rtf_token t = rtf_next(s, n, &at);
        switch (t.kind) {
        case RTF_END: flush(d); return;
        case RTF_OPEN: open_group(d); break;
        case RTF_CLOSE: close_group(d); break;
        case RTF_WORD: if (!d->too_deep) read_word(d, &t); break;
        case RTF_SYMBOL: if (!d->too_deep) read_symbol(d, &t); break;
        case RTF_BYTE: if (!d->too_deep) read_byte(d, &t); break;
        case RTF_TEXT: if (!d->too_deep) read_text(d, s, t.from, t.to); break;
        }
    }
}

enum err read_rtf(struct doc_builder *b, const struct ingest_options *o, const char *name,
                  const void *bytes, size_t n, struct errinfo *e)
{
    const char *s = bytes;
    size_t skip = n >= 3 && !memcmp(s, "\xef\xbb\xbf", 3) ? 3 : 0;
    if (n < skip + 5 || memcmp(s + skip, "{\\rtf", 5))
        return err_set(e, E_FORMAT, "%s: expected {\\rtf at its start", name);
    struct arena *a = arena_new();
    struct rtf *d = NEW(a, struct rtf, 1);
    d->b = b;
    d->charset = "windows-1252";
    d->show_hidden = o->show_hidden;
    d->stack[0].skip_after_u = 1;
    d->pen = &d->body;
    pen_init(&d->body, b);
    aside_init(&d->aside, a);
    read_all(d, s, n);
    aside_write(&d->aside, &d->body);
    if (d->title.n && d->title.n < 1000) doc_set_title(b, d->title.s, d->title.n);
    if (d->depth > 0) doc_set_cut(b);
    office_note_left_out(b, d->hidden, "hidden character");
    office_note_left_out(b, d->comments, "comment");
    struct buf *all[] = {&d->pending, &d->mark, &d->title, &d->name};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) buf_free(all[i]);
    aside_free(&d->aside);
    arena_free(a);
    return doc_length(b) ? OK : err_set(e, E_EMPTY, "%s: no text in it", name);
}
