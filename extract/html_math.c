#include "extract/html_math.h"

#include <stdio.h>
#include <string.h>

#include "extract/html_scan.h"

enum { NEAR = 64 }; /* steps that are looked to the side and down */

const char *math_name(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : name;
}

static bool is(const xmlNode *n, const char *name)
{
    return !strcmp(n->type == XML_ELEMENT_NODE ? math_name((const char *)n->name) : "", name);
}

static bool is_one_of(const xmlNode *n, const char *const *names, size_t n_names)
{
    for (size_t i = 0; i < n_names; i++)
        if (is(n, names[i])) return true;
    return false;
}

bool math_is_formula(const xmlNode *n)
{
    return is(n, "math");
}

bool math_is_block(const xmlNode *n)
{
    return math_is_formula(n) && !strcmp(tree_attr(n, "display"), "block");
}

bool math_is_unseen(const xmlNode *n)
{
    static const char *const names[] = {"annotation", "annotation-xml", "mphantom", "maligngroup"};
    return is_one_of(n, names, sizeof names / sizeof *names);
}

bool math_is_words(const xmlNode *n)
{
    return is(n, "mtext") || is(n, "ms");
}

/* ------------------------------------------------------------------ neighbours */

static bool has_text(const xmlNode *n)
{
    const struct html_facts *f = tree_facts(n);
    return n->type == XML_ELEMENT_NODE && f && !f->drop && f->sum.chars > 0;
}

/* The characters of a token, without marks and blanks around; at most three of them. */
struct token {
    uint32_t cp[3];
    size_t n;
};

static struct token token_of(const xmlNode *n)
{
    struct token t = {.n = 0};
    const xmlNode *text = n->children;
    const char *s =
        text && text->type == XML_TEXT_NODE && text->content ? (char *)text->content : "";
    size_t len = strnlen(s, NEAR), index;
    for (size_t i = 0; i < len && t.n < 3;) {
        uint32_t cp;
        size_t k = scan_mark(s + i, len - i, &index);
        if (!k) {
            k = utf8_next(s + i, len - i, &cp);
            if (!utf8_is_space(cp)) t.cp[t.n++] = cp;
        }
        i += k;
    }
    return t;
}

/* U+2061 to U+2064: a product or a call that nobody sees. */
static bool is_unseen_sign(const xmlNode *n)
{
    struct token t = token_of(n);
    return is(n, "mo") && t.n == 1 && t.cp[0] >= 0x2061 && t.cp[0] <= 0x2064;
}

static const xmlNode *neighbour(const xmlNode *n, bool before)
{
    for (int k = 0; n && k < NEAR; k++) {
        n = before ? n->prev : n->next;
        if (n && has_text(n) && !is_unseen_sign(n)) return n;
    }
    return NULL;
}

/* Which child of its parent it is, of those with text or without; NEAR at most. */
static int index_of(const xmlNode *n)
{
    int k = 0, steps = 0;
    for (const xmlNode *p = n->prev; p && k < NEAR && steps < 4 * NEAR; p = p->prev, steps++)
        k += p->type == XML_ELEMENT_NODE && !is(p, "mprescripts");
    return k;
}

/* ------------------------------------------------------------------ what needs brackets */

static bool opens(const xmlNode *n)
{
    struct token t = token_of(n);
    return is(n, "mo") && t.n == 1 && t.cp[0] < 0x80 && strchr("([{|", (int)t.cp[0]);
}

static bool closes(const xmlNode *n)
{
    struct token t = token_of(n);
    return is(n, "mo") && t.n == 1 && t.cp[0] < 0x80 && strchr(")]}|", (int)t.cp[0]);
}

/* One thing to the eye: a token, a root, what stands in brackets already. */
static bool is_simple(const xmlNode *n)
{
    static const char *const whole[] = {"mi", "mn", "mo", "mtext", "ms", "mfenced"};
    for (int depth = 0; n && depth < NEAR; depth++) {
        const xmlNode *first = NULL, *last = NULL;
        if (is_one_of(n, whole, sizeof whole / sizeof *whole)) return true;
        if (is(n, "msqrt") || is(n, "mtable")) return true;
        for (const xmlNode *c = n->children; c; c = c->next)
            if (has_text(c)) first = first ? first : c, last = c;
        if (first && first != last) return opens(first) && closes(last);
        n = first;
    }
    return true;
}

/* ------------------------------------------------------------------ signs */

/* Operators between two things stand apart from them; a sign in front of one does not. */
static bool is_infix(const xmlNode *n)
{
    static const uint32_t others[] = {'+',    '-',    '<',    '=',    '>',    0xb1,   0xd7,  0xf7,
                                      0x2208, 0x2209, 0x220b, 0x2212, 0x2213, 0x2227, 0x2228};
    struct token t = token_of(n);
    const xmlNode *left = neighbour(n, true);
    if (!is(n, "mo") || !t.n || !left || !neighbour(n, false)) return false;
    if (is(left, "mo") && !closes(left)) return false;
    uint32_t cp = t.cp[0];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (cp == others[i]) return true;
    return (cp >= 0x2190 && cp < 0x2200) || (cp >= 0x2229 && cp <= 0x222a) ||
           (cp >= 0x223c && cp < 0x22c0) || (cp >= 0x27f5 && cp < 0x2800) ||
           (cp >= 0x2a7d && cp < 0x2ae0);
}

static bool is_comma(const xmlNode *n)
{
    struct token t = token_of(n);
    return is(n, "mo") && t.n == 1 && (t.cp[0] == ',' || t.cp[0] == ';');
}

/* "sin" and "lim" stand apart from what is beside them and no operator. */
static bool is_long_name(const xmlNode *n)
{
    return is(n, "mi") && token_of(n).n > 1;
}

/* Children of these stand beside each other; those of the rest have places of their own. */
static bool in_row(const xmlNode *n)
{
    static const char *const rows[] = {"math",     "mrow",      "mstyle", "mtd",    "mpadded",
                                       "menclose", "semantics", "msqrt",  "merror", "a"};
    return is_one_of(n->parent, rows, sizeof rows / sizeof *rows);
}

static bool is_script(const xmlNode *n)
{
    static const char *const names[] = {"msup",  "msub",       "msubsup",       "munder",
                                        "mover", "munderover", "mmultiscripts", "mroot"};
    return is_one_of(n, names, sizeof names / sizeof *names);
}

static void put_around(struct math_signs *s, const char *before, const xmlNode *n)
{
    bool simple = is_simple(n);
    snprintf(s->before, sizeof s->before, "%s%s", before, simple ? "" : "(");
    strcpy(s->after, simple ? "" : ")");
}

/* The signs that the place below its parent asks for. */
static struct math_signs by_place(const xmlNode *n)
{
    struct math_signs s = {0};
    const xmlNode *up = n->parent;
    int at = index_of(n);
    struct token t = token_of(n);
    bool prime = is(n, "mo") && t.n && t.cp[0] >= 0x2032 && t.cp[0] <= 0x2037;
    if (is(up, "mfrac")) {
        put_around(&s, at ? "/" : "", n);
    } else if (is(up, "mroot")) { /* the root of x of order n is x^(1/n) */
        put_around(&s, at ? "^(1/" : "", n);
        if (at) strcat(s.after, ")");
    } else if (is(up, "msup") || is(up, "mover")) {
        put_around(&s, at && !prime ? "^" : "", n);
    } else if (is(up, "msub") || is(up, "munder")) {
        put_around(&s, at ? "_" : "", n);
    } else if (is(up, "msubsup") || is(up, "munderover")) {
        put_around(&s, at == 1 ? "_" : at && !prime ? "^" : "", n);
    } else if (is(up, "mmultiscripts")) {
        put_around(&s, !at ? "" : at & 1 ? "_" : "^", n);
    } else if (is(up, "mfenced") && at) {
        strcpy(s.before, ", ");
    } else if ((is(up, "mtr") || is(up, "mlabeledtr")) && at) {
        strcpy(s.before, ", ");
    } else if (is(up, "mtable") && at) {
        strcpy(s.before, "; ");
    }
    return s;
}

static void wrap(struct math_signs *s, const char *before, const char *after)
{
    if (strlen(s->before) + strlen(before) < sizeof s->before) strcat(s->before, before);
    char behind[sizeof s->after];
    snprintf(behind, sizeof behind, "%s%s", after, s->after);
    strcpy(s->after, behind);
}

struct math_signs math_signs(const xmlNode *n)
{
    if (!has_text(n) || is(n, "math")) return (struct math_signs){0};
    struct math_signs s = by_place(n);
    const xmlNode *left = neighbour(n, true), *right = neighbour(n, false);
    if (is(n, "msqrt")) {
        wrap(&s, "√(", ")");
    } else if (is(n, "mfenced")) {
        wrap(&s, "(", ")");
    } else if (is(n, "mtable") && !(left && opens(left))) {
        wrap(&s, "[", "]");
    }
    bool infix = is_infix(n), operand = in_row(n) && (is_long_name(n) || is(n, "mfrac"));
    s.apart_before = infix || (operand && left && !is(left, "mo"));
    s.apart_after = infix || (right && is_comma(n)) ||
                    (right && !is(right, "mo") && (operand || (in_row(n) && is_script(n))));
    return s;
}

/* ------------------------------------------------------------------ exponents in ordinary text */

static bool is_digit(uint32_t cp)
{
    return cp >= '0' && cp <= '9';
}

static bool is_letter(uint32_t cp)
{
    return (cp | 32) >= 'a' && (cp | 32) <= 'z';
}

/* Digits with a sign in front, or one letter. */
static bool is_exponent(const struct token *t)
{
    bool sign = t->n > 1 && (t->cp[0] == '-' || t->cp[0] == '+' || t->cp[0] == 0x2212);
    if (t->n == 1 && is_letter(t->cp[0])) return true;
    for (size_t i = sign; i < t->n; i++)
        if (!is_digit(t->cp[i])) return false;
    return t->n > 0;
}

bool math_is_power(const xmlNode *n, struct str before)
{
    struct token t = token_of(n);
    size_t letters = 0;
    if (!is(n, "sup") || !n->children || n->children->next || !is_exponent(&t)) return false;
    while (letters < before.n && letters < 4 &&
           is_letter((unsigned char)before.s[before.n - 1 - letters]))
        letters++;
    if (letters) return letters < 4;
    char last = before.n ? before.s[before.n - 1] : 0;
    return is_digit((unsigned char)last) || last == ')';
}
