#include "ingest/read_ipynb.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ingest/json_walk.h"
#include "ingest/pages.h"

/* What a cell printed is cut here: a page of numbers drowns the text around it. */
enum { OUTPUT_MAX = 20000, CELLS_MAX = 100000 };

struct notebook {
    struct doc_builder *b;
    const char *s;
    size_t n;
    struct span at; /* page: the cell; line: in the cell */
    size_t left;    /* of an output                      */
    const char *pages;
    bool titled, code;
    char lang[32];
};

/* Values of a cell or an output: where they stand, 0 when not there. */
struct cell {
    size_t source, outputs, text, data, ename, evalue, level;
    char type[16];
};

static bool is(const char *key, size_t len, const char *name)
{
    return strlen(name) == len && !memcmp(key, name, len);
}

/* ------------------------------------------------------------------ strings */

static void put(struct notebook *k, const char *s, size_t n, size_t byte, size_t byte_len,
                bool verbatim)
{
    if (n > k->left) n = k->left, n -= n ? utf8_back(s, n) : 0;
    k->left -= n;
    k->at.byte = byte;
    k->at.byte_len = byte_len;
    k->at.verbatim = verbatim;
    doc_add(k->b, s, n, &k->at);
}

/* Length of a terminal's escape sequence behind its \u001b. */
static size_t sequence(const char *s, size_t n)
{
    size_t i = 1;
    if (n == 0 || s[0] != '[') return 0;
    while (i < n && i < 32 && s[i] >= 0x20 && s[i] <= 0x3f) i++;
    return i < n && s[i] >= 0x40 && s[i] <= 0x7e ? i + 1 : 0;
}

static void put_escape(struct notebook *k, uint32_t cp, size_t byte, size_t len)
{
    char c[4];
    put(k, c, utf8_put(cp, c), byte, len, false);
    if (cp == '\n') k->at.line++;
}

/* The JSON string between two offsets. */
static void put_string(struct notebook *k, size_t from, size_t to)
{
    for (size_t i = from, j; i < to; i = j) {
        const char *p = memchr(k->s + i, '\\', to - i);
        j = p ? (size_t)(p - k->s) : to;
        if (j > i) {
            put(k, k->s + i, j - i, i, j - i, true);
            continue;
        }
        uint32_t cp;
        j = i + walk_escape(k->s + i, to - i, &cp);
        if (cp == 0x1b) j += sequence(k->s + j, to - j);
        else put_escape(k, cp, i, j - i);
    }
}

/* A string, or a list of strings that follow each other. */
static void put_text(struct notebook *k, size_t at)
{
    struct json_walk c = {k->s, k->n, at};
    size_t from, to;
    if (!at) return;
    if (walk_kind(&c) == '"') {
        walk_string(&c, &from, &to);
        put_string(k, from, to);
    } else if (walk_kind(&c) == '[') {
        walk_enter(&c);
        while (walk_element(&c)) {
            if (walk_kind(&c) != '"') {
                walk_skip(&c);
                continue;
            }
            walk_string(&c, &from, &to);
            put_string(k, from, to);
        }
    }
}

static void copy_string(struct notebook *k, size_t at, char *out, size_t max)
{
    struct json_walk c = {k->s, k->n, at};
    size_t from, to;
    walk_string(&c, &from, &to);
    snprintf(out, max, "%.*s", (int)(to - from < max ? to - from : max - 1), k->s + from);
}

/* ------------------------------------------------------------------ cells */

static struct cell read_members(struct notebook *k, size_t at)
{
    struct json_walk c = {k->s, k->n, at};
    struct cell cell = {0};
    const char *key;
    size_t len;
    walk_enter(&c);
    while (walk_member(&c, &key, &len)) {
        if (is(key, len, "source") || is(key, len, "input")) cell.source = c.at;
        else if (is(key, len, "outputs")) cell.outputs = c.at;
        else if (is(key, len, "text")) cell.text = c.at;
        else if (is(key, len, "data")) cell.data = c.at;
        else if (is(key, len, "ename")) cell.ename = c.at;
        else if (is(key, len, "evalue")) cell.evalue = c.at;
        else if (is(key, len, "level")) cell.level = c.at;
        else if (is(key, len, "cell_type") || is(key, len, "output_type"))
            copy_string(k, c.at, cell.type, sizeof cell.type);
        walk_skip(&c);
    }
    return cell;
}

/* Whether the first string at hand begins like "<Figure size ...>". */
static bool is_object_name(const struct notebook *k, size_t at)
{
    while (at < k->n && strchr("[ \t\r\n", k->s[at])) at++;
    return at + 1 < k->n && k->s[at] == '"' && k->s[at + 1] == '<';
}

/* The plain form of a result, unless it only says that there is a picture. */
static size_t plain_data(struct notebook *k, size_t at)
{
    struct json_walk c = {k->s, k->n, at};
    const char *key;
    size_t len, plain = 0;
    bool image = false;
    if (!at || walk_kind(&c) != '{') return 0;
    walk_enter(&c);
    while (walk_member(&c, &key, &len)) {
        if (is(key, len, "text/plain")) plain = c.at;
        image |= len > 6 && !memcmp(key, "image/", 6);
        walk_skip(&c);
    }
    return image && plain && is_object_name(k, plain) ? 0 : plain;
}

static void end_lines(struct notebook *k)
{
    struct str t = doc_text(k->b);
    if (!t.n || t.s[t.n - 1] != '\n') doc_add_made(k->b, "\n");
}

static void put_output(struct notebook *k, size_t at)
{
    struct cell out = read_members(k, at);
    size_t text = out.text ? out.text : plain_data(k, out.data);
    if (out.ename) text = out.ename;
    if (!text) return;
    k->left = OUTPUT_MAX;
    end_lines(k);
    k->at.byte = text;
    k->at.byte_len = 0;
    doc_add_lead(k->b, "\xe2\x87\x92 ", &k->at);
    put_text(k, text);
    if (out.ename && out.evalue) {
        doc_add_made(k->b, ": ");
        put_text(k, out.evalue);
    }
    if (!k->left) doc_add_made(k->b, " [...]");
    k->left = SIZE_MAX;
    k->at.line++;
}

static void put_outputs(struct notebook *k, size_t at)
{
    struct json_walk c = {k->s, k->n, at};
    if (!at || walk_kind(&c) != '[') return;
    walk_enter(&c);
    while (walk_element(&c)) {
        if (walk_kind(&c) == '{') put_output(k, c.at);
        walk_skip(&c);
    }
}

/* Lines of Markdown that begin with number signs. */
static void find_headings(struct notebook *k, size_t from)
{
    struct str t = doc_text(k->b);
    bool fenced = false;
    for (size_t i = from, j; i < t.n; i = j + 1) {
        const char *nl = memchr(t.s + i, '\n', t.n - i);
        j = nl ? (size_t)(nl - t.s) : t.n;
        size_t level = 0, end = j;
        if (j - i >= 3 && (!memcmp(t.s + i, "```", 3) || !memcmp(t.s + i, "~~~", 3)))
            fenced = !fenced;
        while (i + level < j && t.s[i + level] == '#') level++;
        if (fenced || !level || level > 6 || i + level >= j || t.s[i + level] != ' ') continue;
        i += level;
        while (i < end && t.s[i] == ' ') i++;
        while (end > i && (t.s[end - 1] == ' ' || t.s[end - 1] == '#')) end--;
        if (end == i) continue;
        doc_heading(k->b, i, end - i, (int)level);
        if (level == 1 && !k->titled) doc_set_title(k->b, t.s + i, end - i);
        k->titled |= level == 1;
    }
}

static void put_cell(struct notebook *k, size_t at)
{
    struct cell cell = read_members(k, at);
    size_t from = doc_length(k->b);
    k->at.page++;
    k->at.line = 1;
    doc_page(k->b, NULL, 0, 0, false);
    if (!pages_has(k->pages, k->at.page)) return;
    if (from) {
        end_lines(k);
        doc_add_made(k->b, "\n");
    }
    from = doc_length(k->b);
    put_text(k, cell.source);
    if (doc_length(k->b) > from) k->at.line++;
    if (!strcmp(cell.type, "markdown")) find_headings(k, from);
    else if (!strcmp(cell.type, "heading")) doc_heading(k->b, from, doc_length(k->b) - from, 2);
    else if (!strcmp(cell.type, "code")) k->code = true;
    put_outputs(k, cell.outputs);
}

static void put_cells(struct notebook *k, size_t at)
{
    struct json_walk c = {k->s, k->n, at};
    if (walk_kind(&c) != '[') return;
    walk_enter(&c);
    while (walk_element(&c) && k->at.page < CELLS_MAX) {
        if (walk_kind(&c) == '{') put_cell(k, c.at);
        walk_skip(&c);
    }
}

/* ------------------------------------------------------------------ the notebook */

/* The string member `name` of the object at hand. */
static void take_language(struct notebook *k, size_t at, const char *name)
{
    struct json_walk c = {k->s, k->n, at};
    const char *key;
    size_t len;
    if (walk_kind(&c) != '{') return;
    walk_enter(&c);
    while (walk_member(&c, &key, &len)) {
        if (is(key, len, name) && walk_kind(&c) == '"')
            copy_string(k, c.at, k->lang, sizeof k->lang);
        walk_skip(&c);
    }
}

static void find_language(struct notebook *k, size_t at)
{
    struct json_walk c = {k->s, k->n, at};
    const char *key;
    size_t len;
    if (walk_kind(&c) != '{') return;
    walk_enter(&c);
    while (walk_member(&c, &key, &len)) {
        if (is(key, len, "language_info")) take_language(k, c.at, "name");
        else if (is(key, len, "kernelspec") && !*k->lang) take_language(k, c.at, "language");
        walk_skip(&c);
    }
}

static void read_worksheets(struct notebook *k, size_t at)
{
    struct json_walk c = {k->s, k->n, at};
    const char *key;
    size_t len;
    if (walk_kind(&c) != '[') return;
    walk_enter(&c);
    while (walk_element(&c)) {
        struct json_walk sheet = c;
        walk_skip(&c);
        if (walk_kind(&sheet) != '{') continue;
        walk_enter(&sheet);
        while (walk_member(&sheet, &key, &len)) {
            if (is(key, len, "cells")) put_cells(k, sheet.at);
            walk_skip(&sheet);
        }
    }
}

static void read_top(struct notebook *k, size_t start)
{
    struct json_walk c = {k->s, k->n, start};
    const char *key;
    size_t len, metadata = 0;
    walk_enter(&c);
    while (walk_member(&c, &key, &len)) {
        if (is(key, len, "cells")) put_cells(k, c.at);
        else if (is(key, len, "worksheets")) read_worksheets(k, c.at);
        else if (is(key, len, "metadata")) metadata = c.at;
        walk_skip(&c);
    }
    if (metadata) find_language(k, metadata);
}

static enum err read(struct doc_builder *b, const struct ingest_options *o, const char *name,
                     const void *bytes, size_t n, struct errinfo *e)
{
    size_t bom = n >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
    struct notebook k = {.b = b, .s = bytes, .n = n, .left = SIZE_MAX, .pages = o->pages};
    json_error_t why;
    json_t *v = json_loadb(k.s + bom, n - bom, 0, &why);
    bool object = json_is_object(v);
    json_decref(v);
    if (!v)
        return err_set(e, E_FORMAT, "%s: not a notebook: line %d of its JSON: %s", name, why.line,
                       why.text);
    if (!object) return err_set(e, E_FORMAT, "%s: not a notebook: expected a JSON object", name);
    doc_reserve(b, n < 1 << 20 ? n : 1 << 20);
    read_top(&k, bom);
    if (o->pages && !doc_length(b))
        return err_set(e, E_USAGE, "%s: --pages %s: the notebook has %u cells", name, o->pages,
                       k.at.page);
    doc_set_kind(b, k.code ? DOC_CODE : DOC_PROSE, k.code && *k.lang ? k.lang : NULL);
    return OK;
}

static int sniff(const char *name, const unsigned char *head, size_t n)
{
    bool named = str_has_suffix(name, ".ipynb");
    size_t i = 0;
    while (i < n && strchr(" \t\r\n\xef\xbb\xbf", head[i]) && head[i]) i++;
    if (i == n || head[i] != '{') return 0;
    bool cells = memmem(head, n, "\"cell_type\"", 11) || memmem(head, n, "\"nbformat\"", 10);
    return named ? (cells ? 95 : 80) : cells && memmem(head, n, "\"cells\"", 7) ? 78 : 0;
}

static const char *const suffixes[] = {".ipynb", NULL};
const struct reader read_ipynb = {"ipynb", suffixes, sniff, .read = read,
                                  .title = "Jupyter notebook", .units = {.page = "cell"}};
