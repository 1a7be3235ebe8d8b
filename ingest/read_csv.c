#include "ingest/read_csv.h"

#include <stdio.h>
#include <string.h>

#include "ingest/slice.h"

/* Records that show how cells are separated. */
enum { LOOK = 16 };

/* How well c separates cells: how many of the first records have one outside quotes, then how many
 * there are. */
static size_t weight(struct str t, char c)
{
    size_t count = 0, total = 0, with = 0, records = 0;
    bool quoted = false;
    for (size_t i = 0; i <= t.n && records < LOOK; i++) {
        bool end = i == t.n || (t.s[i] == '\n' && !quoted);
        if (!end && t.s[i] == '"') quoted = !quoted;
        else if (!end && t.s[i] == c && !quoted) count++;
        if (!end) continue;
        with += count > 0;
        total += count < 60 ? count : 60;
        count = 0;
        records++;
    }
    return with * 1000 + total;
}

static char separator(const char *name, struct str t)
{
    static const char all[] = "\t;,|";
    char best = str_has_suffix(name, ".tsv") || str_has_suffix(name, ".tab") ? '\t' : ',';
    size_t most = 0;
    for (size_t i = 0; all[i]; i++) {
        size_t n = weight(t, all[i]);
        if (n > most) most = n, best = all[i];
    }
    return best;
}

/* Writes what stands before the next cell with text: bars for the empty ones before it. */
static void put_bars(struct slice *s, size_t empty, bool first)
{
    char mark[PEN_MARK_MAX] = "";
    if (first) {
        for (size_t i = 0; i < empty && 2 * i + 3 < sizeof mark; i++) memcpy(mark + 2 * i, "| ", 3);
        pen_mark(&s->pen, mark);
        return;
    }
    for (; empty > 0; empty--) doc_add_made(s->pen.b, " | ");
    s->pen.gap = PEN_CELL;
}

/* Text of a cell: quoted, or as it stands. */
static void put_cell(struct slice *s, size_t from, size_t to)
{
    const char *t = s->text.s;
    bool quoted = from < to && t[from] == '"';
    if (!quoted) {
        slice_text(s, from, to);
        return;
    }
    if (to - from > 1 && t[to - 1] == '"') to--;
    for (size_t i = ++from; i < to; i++) {
        if (t[i] != '"' || i + 1 >= to || t[i + 1] != '"') continue;
        slice_text(s, from, i);
        slice_as(s, i, i + 2, "\"");
        from = ++i + 1;
    }
    slice_text(s, from, to);
}

/* The end of the cell that starts at `at`. */
static size_t cell_end(struct str t, size_t at, char sep)
{
    bool quoted = at < t.n && t.s[at] == '"';
    for (size_t i = at + quoted; i < t.n; i++) {
        if (quoted && t.s[i] == '"') {
            if (i + 1 < t.n && t.s[i + 1] == '"') i++;
            else quoted = false;
        } else if (!quoted && (t.s[i] == sep || t.s[i] == '\n')) {
            return i;
        }
    }
    if (!quoted) return t.n;
    const char *nl = memchr(t.s + at, '\n', t.n - at); /* a quote that is never closed */
    return nl ? (size_t)(nl - t.s) : t.n;
}

static bool is_blank(struct str t, size_t from, size_t to)
{
    for (; from < to; from++)
        if (t.s[from] != ' ' && t.s[from] != '\t' && t.s[from] != '"') return false;
    return true;
}

static void put_records(struct slice *s, char sep)
{
    size_t empty = 0;
    bool first = true;
    for (size_t at = 0; at < s->text.n;) {
        size_t end = cell_end(s->text, at, sep);
        if (is_blank(s->text, at, end)) {
            empty++;
        } else {
            put_bars(s, empty, first);
            s->pen.cell = 1;
            put_cell(s, at, end);
            s->pen.cell = 0;
            empty = 0;
            first = false;
        }
        if (end >= s->text.n || s->text.s[end] == '\n') {
            pen_gap(&s->pen, PEN_LINE);
            if (s->pen.gap < PEN_LINE) s->pen.gap = PEN_LINE;
            empty = 0;
            first = true;
        }
        at = end + 1;
    }
}

static enum err read(struct doc_builder *b, const struct ingest_options *o, const char *name,
                     const void *bytes, size_t n, struct errinfo *e)
{
    struct arena *a = arena_new();
    struct slice s;
    doc_set_kind(b, DOC_CODE, "csv");
    enum err r = slice_open(&s, a, b, o, name, bytes, n, e);
    if (!r) put_records(&s, separator(name, s.text));
    arena_free(a);
    return r;
}

static const char *const suffixes[] = {".csv", ".tsv", ".tab", NULL};

static int sniff(const char *name, const unsigned char *head, size_t n)
{
    (void)head, (void)n;
    return str_has_any_suffix(name, suffixes) ? 85 : 0;
}

const struct reader read_csv = {"csv", suffixes, sniff, .read = read,
                                .title = "table of separated values"};
