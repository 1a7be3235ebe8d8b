/* pattern.c: what differs between the two dialects is translated or refused.
 *
 *   \s \S   Unicode White_Space (PCRE2's own class has U+180E too)
 *   \w \W   letters, marks, numbers, connector punctuation (PCRE2 10.42 knows _ only)
 *   ^ $     at every line
 *   refused: \h \H \R \X \K \G \u, \p{^..}, nested classes and && in a class, options (?m) (?x) */
#include "engine/pattern.h"

#include <string.h>

#define WORD "\\p{L}\\p{M}\\p{N}\\p{Pc}"
#define SPACE "\\t-\\r \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}"      \
              "\\x{205f}\\x{3000}"

static enum err refuse(const char *file, const char *s, size_t n, const char *what,
                       struct errinfo *e)
{
    return err_set(e, E_UNSUPPORTED, "%s: pattern '%.*s': %s is not handled", file,
                   (int)(n < 120 ? n : 120), s, what);
}

/* One escape; c is the character behind the backslash. */
static const char *translate_escape(struct buf *out, char c, bool in_class)
{
    switch (c) {
    case 's': buf_addz(out, in_class ? SPACE : "[" SPACE "]"); return NULL;
    case 'S':
        buf_addz(out, in_class ? "\\P{White_Space}" : "[^" SPACE "]");
        return NULL;
    case 'w': buf_addz(out, in_class ? WORD : "[" WORD "]"); return NULL;
    case 'W':
        if (in_class) return "\\W in a class";
        buf_addz(out, "[^" WORD "]");
        return NULL;
    case 'h': case 'H': return "\\h";
    case 'R': case 'X': return "\\R or \\X";
    case 'K': case 'G': return "\\K or \\G";
    case 'u': return "\\u";
    case 'Q': case 'E': return "\\Q or \\E";
    default:
        buf_addc(out, '\\');
        buf_addc(out, c);
        return NULL;
    }
}

/* Letters between (? and : or ): (?i) and (?i: and (?-i are the same to both. */
static const char *check_group(const char *s, size_t n)
{
    if (n < 2 || s[0] != '(' || s[1] != '?') return NULL;
    for (size_t i = 2; i < n && (s[i] == '-' || (s[i] >= 'a' && s[i] <= 'z')); i++)
        if (s[i] != 'i' && s[i] != '-') return "an option other than (?i)";
    return NULL;
}

static const char *translate(struct buf *out, const char *s, size_t n)
{
    bool in_class = false;
    size_t class_start = 0;
    for (size_t i = 0; i < n; i++) {
        const char *bad = NULL;
        if (s[i] == '\\' && i + 1 < n) {
            bad = i + 3 < n && (s[i + 1] | 32) == 'p' && s[i + 2] == '{' && s[i + 3] == '^'
                      ? "\\p{^"
                      : translate_escape(out, s[++i], in_class);
            if (bad) return bad;
            continue;
        }
        if (in_class) {
            bool first = i == class_start || (i == class_start + 1 && s[class_start] == '^');
            if (s[i] == '[') return "a class in a class";
            if (s[i] == '&' && i + 1 < n && s[i + 1] == '&') return "&& in a class";
            if (s[i] == ']' && first) return "] at the start of a class";
            if (s[i] == ']') in_class = false;
        } else if (s[i] == '[') {
            in_class = true;
            class_start = i + 1;
        } else if ((bad = check_group(s + i, n - i))) {
            return bad;
        }
        buf_addc(out, s[i]);
    }
    return NULL;
}

static enum err compile(pcre2_code **out, const struct buf *b, const char *s, size_t n,
                        const char *file, struct errinfo *e)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    pcre2_compile_context *cc = pcre2_compile_context_create(NULL);
    if (!cc) return err_set(e, E_LIMIT, "%s: no memory for a pattern", file);
    pcre2_set_newline(cc, PCRE2_NEWLINE_LF);
    *out = pcre2_compile((PCRE2_SPTR)(b->s ? b->s : ""), b->n,
                         PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                         &code, &at, cc);
    pcre2_compile_context_free(cc);
    if (*out) return OK;
    PCRE2_UCHAR why[160] = "";
    pcre2_get_error_message(code, why, sizeof why);
    return err_set(e, E_FORMAT, "%s: pattern '%.*s': %s", file, (int)(n < 120 ? n : 120), s,
                   (char *)why);
}

enum err pattern_compile(pcre2_code **out, bool *jit, const char *s, size_t n, const char *file,
                         struct errinfo *e)
{
    struct buf b = {0};
    *out = NULL;
    *jit = false;
    const char *bad = n > 4096 ? "its length" : translate(&b, s, n);
    enum err r = bad ? refuse(file, s, n, bad, e) : compile(out, &b, s, n, file, e);
    buf_free(&b);
    if (!r) *jit = pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE) == 0;
    return r;
}

void pattern_quote(struct buf *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)s[i] < 0x80 && strchr("\\^$.[]|()?*+{}-#", s[i]))
            buf_addc(out, '\\');
        buf_addc(out, s[i]);
    }
}
