#include "ingest/rule.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

enum kind {
    END,
    BYTE,
    ONE,     /* any byte but a slash                         */
    SET,     /* one of some bytes, of which no slash is one  */
    STAR,    /* any bytes but slashes                        */
    DEEP,    /* any bytes                                    */
    FOLDERS, /* any bytes and a slash behind them, or nothing */
    NEVER    /* what is no pattern                            */
};

struct rule_token {
    unsigned char kind, byte;
    const unsigned char *set; /* a bit for each byte */
};

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c | 32 : c;
}

static unsigned char upper(unsigned char c)
{
    return c >= 'a' && c <= 'z' ? c & ~32 : c;
}

/* ------------------------------------------------------------------ brackets */

struct bracket {
    unsigned char set[(UCHAR_MAX + 1) / CHAR_BIT];
    bool fold;
};

static void put(struct bracket *b, unsigned char c)
{
    b->set[c / CHAR_BIT] |= (unsigned char)(1u << c % CHAR_BIT);
}

/* With `fold` a text is in lower case; its letters are looked for in ranges in upper case too, and
 * not where they stand alone: so does git. */
static void put_range(struct bracket *b, unsigned char lo, unsigned char hi)
{
    for (unsigned c = 0; c <= UCHAR_MAX; c++) {
        unsigned char up = b->fold ? upper((unsigned char)c) : (unsigned char)c;
        if ((c >= lo && c <= hi) || (up >= lo && up <= hi)) put(b, (unsigned char)c);
    }
}

/* A class such as [:alpha:] by its name; false when there is none. */
static bool put_class(struct bracket *b, const char *name, size_t n)
{
    static const struct {
        const char *name, *ranges; /* pairs of ends */
    } classes[] = {
        {"alpha", "azAZ"}, {"digit", "09"}, {"alnum", "azAZ09"}, {"upper", "AZ"}, {"lower", "az"},
        {"space", "  \t\n\r\r"}, {"blank", "  \t\t"}, {"xdigit", "09afAF"}, {"punct", "!/:@[`{~"},
        {"print", " ~"}, {"graph", "!~"}, {"cntrl", "\1\37\177\177"},
    };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (strlen(classes[i].name) != n || memcmp(classes[i].name, name, n) != 0) continue;
        for (const char *r = classes[i].ranges; *r; r += 2)
            for (int c = r[0]; c <= r[1]; c++) put(b, (unsigned char)c);
        if (b->fold && memcmp(name, "upper", 5) == 0) put_range(b, 'a', 'z');
        return true;
    }
    return false;
}

/* The byte at p, which a backslash may stand before; moves *p behind it.  False at the end. */
static bool take_byte(const char **p, unsigned char *out)
{
    if (**p == '\\') (*p)++;
    if (!**p) return false;
    *out = (unsigned char)*(*p)++;
    return true;
}

/* [:alpha:] at *p; moves *p behind it.  False: it is none, and *ok says whether it can be something
 * else. */
static bool take_class(const char **p, struct bracket *b, bool *ok)
{
    if ((*p)[0] != '[' || (*p)[1] != ':') return false;
    const char *name = *p + 2, *end = strchr(name, ']');
    *ok = end != NULL;
    if (!end || end == name || end[-1] != ':') return false;
    *ok = put_class(b, name, (size_t)(end - name) - 1);
    *p = end + 1;
    return *ok;
}

/* The bracket at *p, behind its [; moves *p behind its end.  False: it is none. */
static bool read_bracket(const char **p, struct bracket *b)
{
    bool negated = **p == '!' || **p == '^', ok = true;
    unsigned char before = 0; /* what a range can begin with */
    if (negated) (*p)++;
    do {
        unsigned char c;
        if (**p == '-' && before && (*p)[1] && (*p)[1] != ']') {
            (*p)++;
            if (!take_byte(p, &c)) return false;
            put_range(b, before, c);
            before = 0;
        } else if (take_class(p, b, &ok)) {
            before = 0;
        } else {
            if (!ok || !take_byte(p, &c)) return false;
            put(b, c);
            before = c;
        }
    } while (**p != ']');
    (*p)++;
    for (size_t i = 0; negated && i < sizeof b->set; i++) b->set[i] = (unsigned char)~b->set[i];
    b->set['/' / CHAR_BIT] &= (unsigned char)~(1u << '/' % CHAR_BIT);
    return true;
}

/* ------------------------------------------------------------------ reading */

static struct rule_token read_stars(const char **p, const char *pattern)
{
    const char *from = *p;
    while (**p == '*') (*p)++;
    bool starts = from == pattern || from[-1] == '/';
    bool ends = !**p || **p == '/' || ((*p)[0] == '\\' && (*p)[1] == '/');
    if (*p - from < 2 || !starts || !ends) return (struct rule_token){.kind = STAR};
    if (**p != '/') return (struct rule_token){.kind = DEEP};
    (*p)++;
    return (struct rule_token){.kind = FOLDERS};
}

static struct rule_token read_token(const char **p, const char *pattern, struct arena *a, bool fold)
{
    struct bracket b = {.fold = fold};
    unsigned char c;
    switch (**p) {
    case '*': return read_stars(p, pattern);
    case '?': (*p)++; return (struct rule_token){.kind = ONE};
    case '[':
        (*p)++;
        if (!read_bracket(p, &b)) return (struct rule_token){.kind = NEVER};
        return (struct rule_token){SET, 0, (unsigned char *)mem_copy(a, (char *)b.set, sizeof b.set)};
    default:
        fold = fold && **p != '\\'; /* git does not fold what stands behind a backslash */
        if (!take_byte(p, &c)) return (struct rule_token){.kind = NEVER};
        return (struct rule_token){.kind = BYTE, .byte = fold ? lower(c) : c};
    }
}

static void read_tokens(struct rule *out, struct arena *a, const char *pattern)
{
    struct rule_token *v = NEW(a, struct rule_token, strlen(pattern) + 1);
    size_t n = 0;
    for (const char *p = pattern; *p && (n == 0 || v[n - 1].kind != NEVER); n++)
        v[n] = read_token(&p, pattern, a, out->fold);
    out->v = v;
}

/* Without blanks at the end, unless a backslash stands before them. */
static size_t trimmed(const char *s, size_t n)
{
    size_t end = 0;
    for (size_t i = 0; i < n; i++) {
        bool escaped = s[i] == '\\';
        if (escaped && ++i == n) return n;
        if (escaped || s[i] != ' ') end = i + 1;
    }
    return end;
}

bool rule_parse(struct rule *out, struct arena *a, const char *s, size_t n, bool fold)
{
    *out = (struct rule){.fold = fold};
    if (n == 0 || *s == '#') return false;
    n = strnlen(s, n - (s[n - 1] == '\r'));
    n = trimmed(s, n);
    if (n && *s == '!') out->negated = true, s++, n--;
    if (n && s[n - 1] == '/') out->folder = true, n--;
    if (n == 0) return false;
    out->anchored = memchr(s, '/', n);
    if (*s == '/') s++, n--;
    if (n == 0) return false;
    read_tokens(out, a, mem_copy(a, s, n));
    return true;
}

/* ------------------------------------------------------------------ matching */

/* Where a match goes on when it failed: behind a star, or behind DEEP or FOLDERS, from there on. */
struct retry {
    const struct rule_token *v; /* NULL: no such token so far */
    const unsigned char *s;
};

static bool takes(const struct rule_token *v, unsigned char c, bool fold)
{
    if (fold) c = lower(c);
    switch (v->kind) {
    case BYTE: return c == v->byte;
    case ONE: return c != '/';
    case SET: return v->set[c / CHAR_BIT] >> c % CHAR_BIT & 1;
    default: return false;
    }
}

/* Moves on by a byte that the star takes; by a folder, or a byte, that stands for a deep one. */
static bool try_again(struct retry *star, struct retry *deep)
{
    if (star->v && *star->s && *star->s != '/') return star->s++, true;
    star->v = NULL;
    if (!deep->v || !*deep->s) return false;
    bool folders = deep->v[-1].kind == FOLDERS;
    while (folders && *deep->s && *deep->s != '/') deep->s++;
    return *deep->s && deep->s++;
}

/* Only the last star since the last deep token ever needs another try, and that one. */
static bool matches(const struct rule_token *v, const unsigned char *s, bool fold)
{
    struct retry star = {0}, deep = {0};
    for (;;) {
        if (v->kind == STAR) {
            star = (struct retry){++v, s};
        } else if (v->kind == DEEP || v->kind == FOLDERS) {
            deep = (struct retry){++v, s};
            star.v = NULL;
        } else if (*s && takes(v, *s, fold)) {
            v++, s++;
        } else if (!*s && v->kind == END) {
            return true;
        } else {
            if (!try_again(&star, &deep)) return false;
            v = star.v ? star.v : deep.v;
            s = star.v ? star.s : deep.s;
        }
    }
}

bool rule_match(const struct rule *r, const char *path, bool is_folder)
{
    if (r->folder && !is_folder) return false;
    if (!r->anchored) {
        const char *slash = strrchr(path, '/');
        if (slash) path = slash + 1;
    }
    return matches(r->v, (const unsigned char *)path, r->fold);
}
