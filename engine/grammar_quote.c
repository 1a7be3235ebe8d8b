#include "engine/grammar_quote.h"

#include <string.h>

/* Most tokens that begin at one place: the vocabulary's tokens that are prefixes of one text. */
#define MAX_PREFIXES 256

/* ------------------------------------------------------------------ writing the text down */

struct writer {
    struct quote *q;
    size_t cap;
};

static void put(struct writer *w, const char *s, size_t n, size_t from, size_t to)
{
    struct quote *q = w->q;
    if (n > w->cap - q->n) return; /* room for all was taken: never */
    for (size_t i = 0; i < n; i++) {
        q->s[q->n] = s[i];
        q->byte[q->n] = (uint32_t)from;
        q->after[q->n] = (uint32_t)to;
        q->n++;
    }
}

/* One character of the text as JSON writes it.  Control characters but the tab cannot be quoted:
 * documents hold none. */
static void put_char(struct writer *w, const char *s, size_t n, size_t from)
{
    unsigned char c = (unsigned char)s[0];
    if (c == '"' || c == '\\' || c == '\t') {
        char pair[2] = {'\\', c == '\t' ? 't' : (char)c};
        put(w, pair, 2, from, from + n);
    } else if (c < 0x20) {
        put(w, "\n", 1, from, from + n);
    } else {
        put(w, s, n, from, from + n);
    }
}

static void put_prose(struct writer *w, struct str text)
{
    uint32_t cp;
    for (size_t i = 0, n; i < text.n; i += n) {
        n = utf8_next(text.s + i, text.n - i, &cp);
        if (cp == 0xfffd && n == 1) {
            put(w, "\n", 1, i, i + n);
        } else if (!utf8_is_space(cp)) {
            put_char(w, text.s + i, n, i);
        } else {
            bool again = w->q->n && w->q->s[w->q->n - 1] == ' ' && w->q->after[w->q->n - 1] == i;
            if (again)
                w->q->after[w->q->n - 1] = (uint32_t)(i + n);
            else
                put(w, " ", 1, i, i + n);
        }
    }
}

static void put_line(struct writer *w, struct str text, size_t i, size_t end)
{
    uint32_t cp;
    while (i < end && (text.s[i] == ' ' || text.s[i] == '\t' || text.s[i] == '\r')) i++;
    while (end > i &&
           (text.s[end - 1] == ' ' || text.s[end - 1] == '\t' || text.s[end - 1] == '\r'))
        end--;
    for (size_t n; i < end; i += n) {
        n = utf8_next(text.s + i, end - i, &cp);
        if (cp == 0xfffd && n == 1)
            put(w, "\n", 1, i, i + n);
        else
            put_char(w, text.s + i, n, i);
    }
    put(w, "\n", 1, end, end);
}

static void put_code(struct writer *w, struct str text)
{
    for (size_t i = 0; i < text.n;) {
        const char *nl = memchr(text.s + i, '\n', text.n - i);
        size_t end = nl ? (size_t)(nl - text.s) : text.n;
        put_line(w, text, i, end);
        i = end + 1;
    }
}

/* ------------------------------------------------------------------ where quotes start and end */

enum kind { NONE, SPACE, WORD, CJK, OPENING, OTHER };

/* What stands at s[i], where i is the first byte of a character as written. */
static enum kind kind_at(const struct quote *q, size_t i)
{
    uint32_t cp;
    if (i >= q->n || q->s[i] == '\n') return NONE;
    if (q->s[i] == '\\' && i + 1 < q->n)
        return q->s[i + 1] == '"' ? OPENING : q->s[i + 1] == 't' ? SPACE : OTHER;
    utf8_next(q->s + i, q->n - i, &cp);
    if (utf8_is_space(cp)) return SPACE;
    if (utf8_is_cjk(cp)) return CJK;
    if (cp == '_' || (cp >= '0' && cp <= '9')) return WORD;
    if ((cp | 32) >= 'a' && (cp | 32) <= 'z') return WORD;
    if (cp < 0x80) return strchr("([{<`'*-#/@$%&+~", (int)cp) ? OPENING : OTHER;
    return cp >= 0xc0 && (cp < 0x2000 || cp > 0x206f) && (cp < 0x3000 || cp > 0x303f) &&
                   (cp < 0xff00 || cp > 0xff0f)
               ? WORD
               : OTHER;
}

static bool is_full_stop(const struct quote *q, size_t i)
{
    uint32_t cp;
    utf8_next(q->s + i, q->n - i, &cp);
    return cp == '.' || cp == '!' || cp == '?' || cp == 0x3002 || cp == 0xff01 || cp == 0xff1f;
}

/* The text holds a line end in the white space that was written as one space before s[i]. */
static bool after_line_end(const struct quote *q, struct str text, size_t i)
{
    size_t from = i ? q->byte[i - 1] : 0, to = i ? q->after[i - 1] : 0;
    return i && q->s[i - 1] == ' ' && memchr(text.s + from, '\n', to - from) != NULL;
}

/* Characters one by one: a start needs something other than white space at the beginning of a
 * word; an end needs a character before it that no word goes on after. */
static void mark(struct quote *q, struct str text)
{
    enum kind before = NONE;
    bool stop = false; /* a sentence ended; white space and closing marks may follow */
    for (size_t i = 0; i <= q->n;) {
        enum kind here = kind_at(q, i);
        bool joined = before == WORD && here == WORD, fresh = before == NONE || before == SPACE;
        bool word = here == WORD || here == CJK;
        if (word ? !joined : (here == OPENING && before != WORD) || (here == OTHER && fresh)) {
            q->marks[i] |= QUOTE_START;
            if (before == NONE || (stop && (fresh || here == CJK)) || after_line_end(q, text, i))
                q->marks[i] |= QUOTE_FIRST;
        }
        if (before != NONE && before != SPACE && !joined) q->marks[i] |= QUOTE_END;
        if (here == OTHER || here == OPENING)
            stop |= is_full_stop(q, i);
        else if (here != SPACE)
            stop = false;
        before = here;
        size_t next = i + 1;
        if (here != NONE)
            while (next < q->n && q->byte[next] == q->byte[i] && q->s[next] != '\n') next++;
        i = next;
    }
}

void grammar_quote_init(struct quote *q, struct arena *a, struct str text, bool one_line)
{
    if (text.n > UINT32_MAX / 8) text.n = UINT32_MAX / 8;
    size_t cap = text.n + 1; /* as many bytes, two for what is escaped, one for the last line end */
    for (size_t i = 0; i < text.n; i++)
        cap += text.s[i] == '"' || text.s[i] == '\\' || text.s[i] == '\t';
    struct writer w = {q, cap};
    *q = (struct quote){0};
    q->s = NEW(a, char, cap + 1);
    q->byte = NEW(a, uint32_t, cap + 1);
    q->after = NEW(a, uint32_t, cap + 1);
    q->marks = NEW(a, uint8_t, cap + 1);
    if (one_line)
        put_code(&w, text);
    else
        put_prose(&w, text);
    q->at = NEW(a, uint32_t, q->n + 1);
    mark(q, text);
}

bool grammar_quote_possible(struct str text)
{
    uint32_t cp;
    for (size_t i = 0, n; i < text.n; i += n) {
        n = utf8_next(text.s + i, text.n - i, &cp);
        if (!utf8_is_space(cp) && !(cp == 0xfffd && n == 1)) return true;
    }
    return false;
}

void grammar_quote_exclude(struct quote *q, size_t q0, size_t q1)
{
    size_t first = q->n, last = 0;
    for (size_t i = 0; i < q->n; i++) {
        if (q->byte[i] < q0 || q->after[i] > q1 || q->s[i] == '\n') continue;
        if (first == q->n) first = i;
        last = i + 1;
        q->marks[i] &= (uint8_t)~QUOTE_START;
    }
    size_t n = last > first ? last - first : 0;
    for (size_t i = 0; n && i + n <= q->n; i++)
        if ((q->marks[i] & QUOTE_START) && memcmp(q->s + i, q->s + first, n) == 0)
            q->marks[i] &= (uint8_t)~QUOTE_START;
}

/* ------------------------------------------------------------------ walking */

bool grammar_quote_start(struct quote *q)
{
    q->n_at = q->length = 0;
    for (size_t i = 0; i < q->n; i++)
        if (q->marks[i] & QUOTE_START) q->at[q->n_at++] = (uint32_t)i;
    return q->n_at > 0;
}

/* How far a token that starts at i may reach. */
static size_t reach(const struct quote *q, size_t i)
{
    const char *nl = i < q->n ? memchr(q->s + i, '\n', q->n - i) : NULL;
    return nl ? (size_t)(nl - q->s) - i : q->n - i;
}

/* What may be walked, for one call. */
struct walk {
    const struct tokenizer *t;
    uint32_t *seen, stamp;
    int32_t *out;
    size_t n, cap;
};

static void add_prefixes(struct walk *w, const struct quote *q, size_t i)
{
    int32_t ids[MAX_PREFIXES];
    size_t found = tokenizer_prefixes(w->t, q->s + i, reach(q, i), ids, MAX_PREFIXES);
    for (size_t j = 0; j < found && w->n < w->cap; j++) {
        if (w->seen[ids[j]] == w->stamp) continue;
        w->seen[ids[j]] = w->stamp;
        w->out[w->n++] = ids[j];
    }
}

size_t grammar_quote_allowed(const struct quote *q, const struct tokenizer *t, uint32_t *seen,
                             uint32_t *stamp, int32_t *out, size_t cap, size_t *n_first)
{
    if (++*stamp == 0) {
        memset(seen, 0, tokenizer_size(t) * sizeof *seen);
        *stamp = 1;
    }
    struct walk w = {t, seen, *stamp, out, 0, cap};
    for (size_t k = 0; q->length == 0 && k < q->n_at; k++)
        if (q->marks[q->at[k]] & QUOTE_FIRST) add_prefixes(&w, q, q->at[k]);
    *n_first = w.n;
    for (size_t k = 0; k < q->n_at; k++) add_prefixes(&w, q, q->at[k]);
    if (q->length) *n_first = w.n;
    return w.n;
}

void grammar_quote_advance(struct quote *q, struct str token, bool first)
{
    size_t kept = 0;
    for (size_t k = 0; k < q->n_at; k++) {
        size_t i = q->at[k];
        if (q->length == 0 && first && !(q->marks[i] & QUOTE_FIRST)) continue;
        if (token.n <= q->n - i && memcmp(q->s + i, token.s, token.n) == 0)
            q->at[kept++] = (uint32_t)(i + token.n);
    }
    q->n_at = kept;
    q->length += token.n;
}

bool grammar_quote_can_end(const struct quote *q, size_t *q0, size_t *q1)
{
    for (size_t k = 0; q->length && k < q->n_at; k++) {
        size_t i = q->at[k];
        if (!(q->marks[i] & QUOTE_END)) continue;
        *q0 = q->byte[i - q->length];
        *q1 = q->after[i - 1];
        return true;
    }
    return false;
}
