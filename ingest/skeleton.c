#define PCRE2_CODE_UNIT_WIDTH 8
#include "ingest/skeleton.h"

#include <pcre2.h>
#include <string.h>

enum { LINE_MAX_BYTES = 400, SIGNATURE_MAX = 10, DOCSTRING_MAX = 12, COMMENT_MAX = 30 };

/* How declarations begin.  `comments`: how the lines of a comment begin, separated by blanks. */
static const struct row {
    const char *langs; /* separated by | */
    const char *pattern, *comments;
} rows[] = {
    {"|c|c++|cuda|objective-c|objective-c++|",
     "^(?:typedef|struct|union|enum|class|namespace|template)\\b"
     "|^(?!(?:if|for|while|switch|return|else|case|do)\\b)[A-Za-z_][\\w\\s*&:<>,~]*[\\s*&]"
     "[*&]*[\\w:~]+\\s*\\("
     "|^[@+-]\\s*\\(|^@(?:interface|implementation|protocol|property)\\b|^#define\\s+\\w+\\(",
     "// /* */ *"},
    {"|python|", "^\\s*(?:async\\s+def|def|class)\\s|^\\s*@\\w", "#"},
    {"|go|", "^(?:func|type)\\b", "// /* */ *"},
    {"|rust|",
     "^\\s*(?:pub(?:\\([^)]*\\))?\\s+)?(?:(?:async|unsafe|const|default|extern(?:\\s+\"[^\"]*\")?)"
     "\\s+)*"
     "(?:fn|struct|enum|union|trait|impl|mod|type|macro_rules!)\\b|^\\s*#\\[",
     "// /* */ *"},
    {"|javascript|typescript|tsx|jsx|",
     "^\\s*(?:export\\s+)?(?:default\\s+)?(?:declare\\s+)?(?:abstract\\s+)?(?:async\\s+)?"
     "(?:function|class|interface|enum|namespace)\\b"
     "|^\\s*(?:export\\s+)?type\\s+\\w+.*="
     "|^\\s*(?:export\\s+)?(?:const|let|var)\\s+\\w+\\s*=\\s*(?:async\\s*)?(?:\\(.*=>|function\\b)"
     "|^\\s+(?!(?:if|for|while|switch|catch|return|function)\\b)"
     "(?:(?:static|async|get|set|public|private|protected|readonly)\\s+)*[\\w#]+\\s*\\([^;]*\\{\\s*"
     "$",
     "// /* */ *"},
    {"|java|c#|kotlin|scala|swift|php|dart|groovy|",
     "^\\s*(?:(?:public|private|protected|internal|static|final|abstract|override|async|virtual|"
     "sealed|open|data|suspend|inline|fileprivate|export)\\s+)+[\\w<>\\[\\]?,.\\s]+[({]"
     "|^\\s*(?:(?:public|private|protected|internal|static|final|abstract|sealed|open|data|case)"
     "\\s+)*"
     "(?:class|interface|enum|record|trait|object|struct|func|fun|function|protocol|extension|def)"
     "\\b",
     "// /* */ *"},
    {"|ruby|crystal|", "^\\s*(?:def|class|module)\\b", "#"},
    {"|perl|", "^\\s*(?:sub|package)\\b", "#"},
    {"|shell|", "^\\s*(?:function\\s+[\\w-]+|[\\w-]+\\s*\\(\\))", "#"},
    {"|lua|", "^\\s*(?:local\\s+)?function\\b", "--"},
    {"|haskell|", "^\\w+\\s*::|^(?:data|class|instance|newtype|type|module)\\b", "--"},
    {"|sql|", "^\\s*(?i:create)\\b", "--"},
};

static const struct row *row_of(const char *lang)
{
    char key[64];
    size_t n = strlen(lang);
    if (n + 3 > sizeof key) return NULL;
    key[0] = '|';
    memcpy(key + 1, lang, n);
    memcpy(key + 1 + n, "|", 2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strstr(rows[i].langs, key)) return &rows[i];
    return NULL;
}

/* ------------------------------------------------------------------ lines */

struct lines {
    const char *s;
    size_t *start; /* n + 1: where each line starts, and the end of the text */
    bool *keep;
    size_t n;
    const struct row *row;
};

static void find_lines(struct lines *l, struct arena *a, struct str text)
{
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++) n += text.s[i] == '\n';
    l->s = text.s;
    l->start = NEW(a, size_t, n + 1);
    l->keep = NEW(a, bool, n + 1);
    for (size_t i = 0; i < text.n; l->n++) {
        const char *end = memchr(text.s + i, '\n', text.n - i);
        l->start[l->n] = i;
        i = end ? (size_t)(end - text.s) + 1 : text.n;
    }
    l->start[l->n] = text.n;
}

/* The line without its end and without blanks around. */
static struct str bare(const struct lines *l, size_t k)
{
    const char *s = l->s + l->start[k], *end = l->s + l->start[k + 1];
    while (s < end && (*s == ' ' || *s == '\t')) s++;
    while (s < end && (end[-1] == '\n' || end[-1] == ' ' || end[-1] == '\t')) end--;
    return (struct str){s, (size_t)(end - s)};
}

static bool starts(struct str t, const char *with, size_t n)
{
    return t.n >= n && memcmp(t.s, with, n) == 0;
}

static bool is_comment(const struct lines *l, size_t k)
{
    struct str t = bare(l, k);
    for (const char *p = l->row->comments; *p;) {
        size_t n = strcspn(p, " ");
        if (starts(t, p, n)) return true;
        p += n;
        p += *p == ' ';
    }
    return false;
}

/* Brackets that line k leaves open. */
static int open_brackets(const struct lines *l, size_t k)
{
    int depth = 0;
    for (size_t i = l->start[k]; i < l->start[k + 1]; i++)
        depth += (l->s[i] == '(') - (l->s[i] == ')');
    return depth;
}

/* The string that begins the body of a Python function or class. */
static void keep_docstring(struct lines *l, size_t k)
{
    while (k < l->n && !bare(l, k).n) k++;
    if (k == l->n) return;
    struct str t = bare(l, k);
    const char *mark = starts(t, "\"\"\"", 3) ? "\"\"\"" : starts(t, "'''", 3) ? "'''" : NULL;
    for (size_t i = k; mark && i < l->n && i < k + DOCSTRING_MAX; i++) {
        l->keep[i] = true;
        t = bare(l, i);
        if (i == k) t.s += 3, t.n -= 3;
        if (memmem(t.s, t.n, mark, 3)) return;
    }
}

/* Keeps a declaration: the comment above it, its own line and those that its brackets run over. */
static void keep_declaration(struct lines *l, size_t k)
{
    size_t end = k;
    for (int depth = open_brackets(l, k); depth > 0 && end + 1 < l->n && end < k + SIGNATURE_MAX;)
        depth += open_brackets(l, ++end);
    for (size_t i = k; i <= end; i++) l->keep[i] = true;
    for (size_t i = k; i > 0 && k - i < COMMENT_MAX && is_comment(l, i - 1); i--)
        l->keep[i - 1] = true;
    if (strcmp(l->row->comments, "#") == 0) keep_docstring(l, end + 1);
}

static bool find_declarations(struct lines *l)
{
    int code;
    PCRE2_SIZE at;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)l->row->pattern, PCRE2_ZERO_TERMINATED,
                                   PCRE2_UTF | PCRE2_NO_UTF_CHECK, &code, &at, NULL);
    if (!re) return false;
    pcre2_match_data *m = pcre2_match_data_create_from_pattern(re, NULL);
    bool any = false;
    for (size_t k = 0; m && k < l->n; k++) {
        size_t n = l->start[k + 1] - l->start[k];
        if (n > LINE_MAX_BYTES || is_comment(l, k)) continue;
        while (n && l->s[l->start[k] + n - 1] == '\n') n--;
        if (pcre2_match(re, (PCRE2_SPTR)(l->s + l->start[k]), n, 0, PCRE2_NO_UTF_CHECK, m, NULL) <
            0)
            continue;
        keep_declaration(l, k);
        any = true;
    }
    pcre2_match_data_free(m);
    pcre2_code_free(re);
    return any;
}

/* ------------------------------------------------------------------ the shorter document */

/* Adds d's text [from, to) with its places, span by span. */
static void copy_text(struct doc_builder *b, const struct doc *d, size_t from, size_t to)
{
    size_t lo = 0, hi = d->n_spans;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (d->spans[mid].text <= from)
            lo = mid;
        else
            hi = mid;
    }
    for (; lo < d->n_spans && d->spans[lo].text < to; lo++) {
        struct span s = d->spans[lo];
        size_t i = s.text < from ? from : s.text, j = s.text + s.len < to ? s.text + s.len : to;
        bool exact = s.verbatim && j - s.text <= s.byte_len;
        for (size_t k = s.text; k < i; k++) s.line += d->text.s[k] == '\n';
        if (exact) s.byte += i - s.text;
        s.verbatim = exact;
        doc_add(b, d->text.s + i, j - i, &s);
    }
}

struct doc *skeleton_of(struct arena *a, const struct doc *d)
{
    struct lines l = {.row = d->kind == DOC_CODE && d->lang ? row_of(d->lang) : NULL};
    if (!l.row || !d->n_spans) return NULL;
    struct arena *scratch = arena_new();
    find_lines(&l, scratch, d->text);
    size_t kept = 0;
    bool any = find_declarations(&l);
    for (size_t k = 0; k < l.n; k++)
        if (l.keep[k]) kept += l.start[k + 1] - l.start[k];
    if (!any || 10 * kept > 9 * d->text.n) {
        arena_free(scratch);
        return NULL;
    }
    struct doc_builder *b = doc_new(a, d->name, d->format);
    doc_set_kind(b, d->kind, d->lang);
    if (d->charset) doc_set_charset(b, d->charset);
    for (size_t k = 0, j; k < l.n; k = j) {
        j = k + 1;
        if (!l.keep[k]) continue;
        while (j < l.n && l.keep[j]) j++;
        if (doc_length(b)) doc_add_made(b, "\n");
        copy_text(b, d, l.start[k], l.start[j]);
    }
    struct doc *out = doc_freeze(b, d->path, "", 0);
    out->source_bytes = d->source_bytes;
    memcpy(out->sha256, d->sha256, sizeof out->sha256);
    out->title = d->title;
    arena_free(scratch);
    return out;
}
