#include "extract/xlsx_format.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "extract/xml_pull.h"

enum {
    FORMATS_MAX = 65536,
    CODE_MOST = 255 * 4, /* bytes of a code: Excel takes 255 characters */
};

struct format {
    long id;
    size_t no; /* of those of one id the first counts */
    struct xlsx_look look;
};

struct xlsx_formats {
    struct arena *a;
    struct format *v; /* those of the file        */
    struct xlsx_look *style; /* per style         */
    size_t n, cap, n_styles, cap_styles;
};

/* ------------------------------------------------------------------ format codes */

/* Past a quoted text, an escaped character or a bracket at s; *elapsed: it was [h], [m] or [s]. */
static const char *skip_literal(const char *s, bool *elapsed)
{
    *elapsed = false;
    if (*s == '"') {
        const char *end = strchr(s + 1, '"');
        return end ? end + 1 : s + strlen(s);
    }
    if ((*s == '\\' || *s == '_' || *s == '*') && s[1]) return s + 2;
    if (*s == '[') {
        const char *end = strchr(s, ']');
        size_t n = end ? (size_t)(end - s) - 1 : 0;
        *elapsed = n > 0 && strspn(s + 1, "hmsHMS") == n; /* and not [Magenta] */
        return end ? end + 1 : s + strlen(s);
    }
    return s;
}

unsigned xlsx_code_shows(const char *code)
{
    unsigned shows = 0;
    bool digits = false, month = false, elapsed;
    if (!strncasecmp(code, "general", 7)) return XLSX_NUMBER;
    for (const char *s = code; *s && *s != ';';) { /* the first section: positive numbers */
        const char *next = skip_literal(s, &elapsed);
        if (next != s) {
            if (elapsed) shows |= XLSX_TIME;
            s = next;
            continue;
        }
        int c = tolower((unsigned char)*s++);
        if (c == 'y' || c == 'd') shows |= XLSX_DATE;
        else if (c == 'h' || c == 's') shows |= XLSX_TIME;
        else if (c == 'm') month = true;
        else if (c == '%') shows |= XLSX_PERCENT;
        else if (c == '#' || c == '?') digits = true;
    }
    if (digits) shows &= XLSX_PERCENT;
    else if (month && !(shows & XLSX_TIME)) shows |= XLSX_DATE; /* with a time m is minutes */
    return shows & XLSX_PERCENT ? XLSX_PERCENT : shows;
}

/* Formats that no file spells out. */
static unsigned builtin(long id)
{
    if (id == 9 || id == 10) return XLSX_PERCENT;
    if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58))
        return XLSX_DATE;
    if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47)) return XLSX_TIME;
    return id == 22 ? XLSX_DATE | XLSX_TIME : XLSX_NUMBER;
}

/* ------------------------------------------------------------------ the file's formats */

static void *grow(struct arena *a, void *old, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return old;
    *cap = *cap ? 2 * *cap : 64;
    void *fresh = mem_take(a, *cap, size);
    if (n) memcpy(fresh, old, n * size);
    return fresh;
}

static int by_id(const void *a, const void *b)
{
    const struct format *x = a, *y = b;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return x->no < y->no ? -1 : x->no > y->no;
}

/* The formats are sorted. */
static struct xlsx_look look_of(const struct xlsx_formats *f, long id)
{
    size_t lo = 0, hi = f->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (f->v[mid].id < id) lo = mid + 1;
        else hi = mid;
    }
    if (lo < f->n && f->v[lo].id == id) return f->v[lo].look;
    return (struct xlsx_look){builtin(id), NULL};
}

static void read_styles(struct xlsx_formats *f, struct pull *p)
{
    int depth = p->depth;
    enum pull_event ev;
    if (f->n) qsort(f->v, f->n, sizeof *f->v, by_id);
    while (pull_inside(p, depth, &ev) && f->n_styles < FORMATS_MAX) {
        if (ev != PULL_OPEN || !pull_is(p, "xf")) continue;
        f->style = grow(f->a, f->style, f->n_styles, &f->cap_styles, sizeof *f->style);
        f->style[f->n_styles++] = look_of(f, strtol(pull_attr(p, "numFmtId"), NULL, 10));
    }
}

static struct format read_format(struct arena *a, struct pull *p, size_t no)
{
    const char *code = pull_attr(p, "formatCode");
    size_t n = strlen(code);
    struct xlsx_look look = {xlsx_code_shows(code), n <= CODE_MOST ? mem_copy(a, code, n) : NULL};
    return (struct format){strtol(pull_attr(p, "numFmtId"), NULL, 10), no, look};
}

struct xlsx_formats *xlsx_formats_read(struct arena *a, const struct zip_member *styles)
{
    struct xlsx_formats *f = NEW(a, struct xlsx_formats, 1);
    struct pull p;
    enum pull_event ev;
    f->a = a;
    if (!styles) return f;
    pull_open(&p, styles->s, styles->n);
    while ((ev = pull_next(&p)) != PULL_END) {
        if (ev != PULL_OPEN) continue;
        if (pull_is(&p, "numFmt") && f->n < FORMATS_MAX) {
            f->v = grow(a, f->v, f->n, &f->cap, sizeof *f->v);
            f->v[f->n] = read_format(a, &p, f->n);
            f->n++;
        } else if (pull_is(&p, "cellXfs")) {
            read_styles(f, &p);
        } else if (pull_is(&p, "dxfs")) {
            pull_skip(&p);
        }
    }
    pull_close(&p);
    return f;
}

struct xlsx_look xlsx_look(const struct xlsx_formats *f, long style)
{
    return style >= 0 && (size_t)style < f->n_styles ? f->style[style] : (struct xlsx_look){0};
}

/* ------------------------------------------------------------------ numbers */

/* Days since 1970-01-01 to year, month, day (the proleptic Gregorian calendar, by eras of 400
 * years that begin in March). */
static void civil(long days, long *y, long *m, long *d)
{
    days += 719468;
    long era = (days >= 0 ? days : days - 146096) / 146097, doe = days - era * 146097;
    long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    long doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = yoe + era * 400 + (*m <= 2);
}

/* Day 1 is 1900-01-01, and 60 the 29 February that 1900 did not have. */
static void put_date(struct buf *out, double v, unsigned shows, bool base1904)
{
    double whole = floor(v);
    long seconds = lround((v - whole) * 86400), y, m, d;
    if (seconds == 86400) whole += 1, seconds = 0;
    if (shows & XLSX_DATE) {
        long days = (long)whole;
        civil(days + (base1904 ? -24107 : days < 60 ? -25568 : -25569), &y, &m, &d);
        buf_addf(out, "%04ld-%02ld-%02ld", y, m, d);
    }
    if ((shows & XLSX_TIME) && (!(shows & XLSX_DATE) || seconds)) {
        long hours = shows & XLSX_DATE ? 0 : (long)whole * 24;
        buf_addf(out, "%s%02ld:%02ld:%02ld", shows & XLSX_DATE ? " " : "", hours + seconds / 3600,
                 seconds / 60 % 60, seconds % 60);
    }
}

/* What a section of a code sets around the digits. */
struct around {
    struct buf before, behind;
    bool digits, zeros; /* a place for some; one that shows a 0 */
    bool other;         /* something that changes the number: 0.0E+0, 0,  */
};

/* Adds the literal at s, which goes to `next`. */
static void add_literal(struct around *a, const char *s, const char *next)
{
    struct buf *to = a->digits ? &a->behind : &a->before;
    size_t n = (size_t)(next - s);
    if (*s == '"') buf_add(to, s + 1, n > 1 && next[-1] == '"' ? n - 2 : n - 1);
    else if (*s == '\\') buf_add(to, s + 1, n - 1);
    else if (s[0] == '[' && s[1] == '$') buf_add(to, s + 2, strcspn(s + 2, "-]")); /* a currency */
}

/* A sign of the code that stands for itself, or for digits. */
static void add_sign(struct around *a, const char *s)
{
    bool place = *s == '0' || *s == '#' || *s == '?';
    if (place) {
        a->other |= a->behind.n > 0; /* digits around a text */
        a->digits = true;
        a->zeros |= *s == '0';
    } else if (*s == ',' && a->digits) {
        a->other |= !s[1] || !strchr("0#?", s[1]); /* in thousands */
    } else if (strchr("eE/@", *s)) {
        a->other = true;
    } else if (*s != '.') {
        buf_addc(a->digits ? &a->behind : &a->before, *s);
    }
}

/* The section of the code that a number is shown by: for those above 0, below, 0.  NULL: sections have
 * conditions, such as [>100]. */
static const char *section_for(const char *code, double v, bool *own)
{
    const char *start[3] = {code};
    int n = 1;
    bool elapsed;
    for (const char *s = code; *s;) {
        const char *next = skip_literal(s, &elapsed);
        if (*s == '[' && strchr("<>=", s[1])) return NULL;
        if (*s == ';' && n < 3) start[n++] = s + 1;
        s = next == s ? s + 1 : next;
    }
    int i = v < 0 && n > 1 ? 1 : v == 0 && n > 2 ? 2 : 0;
    *own = i == 1; /* it has its own sign */
    return start[i];
}

/* A number as its code shows it; false where the code shows nothing that is understood. */
static bool put_coded(struct buf *out, const char *code, double v)
{
    struct around a = {0};
    bool own, elapsed;
    const char *s = section_for(code, v, &own);
    if (!s) return false;
    while (*s && *s != ';' && !a.other) {
        const char *next = skip_literal(s, &elapsed);
        if (next != s) add_literal(&a, s, next);
        else add_sign(&a, next++);
        s = next;
    }
    bool blank = v == 0 && !a.zeros; /* such places show no 0 */
    bool ok = !a.other && (a.before.n || a.behind.n);
    if (ok && v < 0 && !own) buf_addc(out, '-');
    if (ok && a.before.n) buf_add(out, a.before.s, a.before.n);
    if (ok && a.digits && !blank) buf_addf(out, "%.15g", fabs(v));
    if (ok && a.behind.n) buf_add(out, a.behind.s, a.behind.n);
    buf_free(&a.before);
    buf_free(&a.behind);
    return ok;
}

void xlsx_number(struct buf *out, const char *stored, struct xlsx_look look, bool base1904)
{
    unsigned shows = look.shows;
    char *end;
    double v = strtod(stored, &end);
    while (*end == ' ' || *end == '\n') end++;
    if (end == stored || *end || !isfinite(v)) buf_addz(out, stored);
    else if (shows & XLSX_PERCENT) buf_addf(out, "%.12g%%", v * 100);
    else if (shows && v >= 0 && v < 2958466) put_date(out, v, shows, base1904); /* to the year 9999 */
    else if (shows || !look.code || !put_coded(out, look.code, v)) buf_addf(out, "%.15g", v);
}
