#include "cli/opt.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool takes_value(const struct opt *o)
{
    return o->kind >= OPT_INT;
}

/* ------------------------------------------------------------------ finding a row */

static const struct opt *by_letter(const struct opt_group *const *groups, char letter)
{
    for (; *groups; groups++)
        for (const struct opt *o = (*groups)->opts; o->name; o++)
            if (o->letter == letter) return o;
    return NULL;
}

static const struct opt *by_name(const struct opt_group *const *groups, const char *s, size_t n)
{
    for (; *groups; groups++)
        for (const struct opt *o = (*groups)->opts; o->name; o++)
            if (strlen(o->name) == n && memcmp(o->name, s, n) == 0) return o;
    return NULL;
}

size_t opt_distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t row[65];
    if (nb > 64 || na > 64) return SIZE_MAX;
    for (size_t j = 0; j <= nb; j++) row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[nb];
}

static enum err unknown_name(const struct opt_group *const *groups, const char *s, size_t n,
                             struct errinfo *e)
{
    const char *near = NULL;
    size_t best = 3;
    for (; *groups; groups++)
        for (const struct opt *o = (*groups)->opts; o->name; o++) {
            size_t d = opt_distance(s, n, o->name, strlen(o->name));
            if (d < best) {
                best = d;
                near = o->name;
            }
        }
    int shown = n > 60 ? 60 : (int)n;
    if (near)
        return err_set(e, E_USAGE, "unknown option --%.*s; did you mean --%s?", shown, s, near);
    return err_set(e, E_USAGE, "unknown option --%.*s", shown, s);
}

/* ------------------------------------------------------------------ values */

static enum err bad_value(const struct opt *o, const char *value, const char *expected,
                          struct errinfo *e)
{
    return err_set(e, E_USAGE, "--%s: expected %s, found \"%.80s\"", o->name, expected, value);
}

/* A number, or bytes in the units that they are written in. */
static void add_limit(struct buf *b, double x, bool bytes)
{
    static const char units[] = "KMG";
    int unit = -1;
    for (; bytes && x >= 1024 && unit < 2; unit++) x /= 1024;
    buf_addf(b, "%.10g", unit < 0 ? x : floor(x));
    if (unit >= 0) buf_addc(b, units[unit]);
}

static enum err check_range(const struct opt *o, double x, const char *value, struct errinfo *e)
{
    if (o->max <= o->min || (x >= o->min && x <= o->max)) return OK;
    bool bytes = o->kind == OPT_SIZE && o->arg && !strcmp(o->arg, "SIZE"); /* or tokens */
    struct buf range = {0};
    buf_addf(&range, "a %s from ", bytes ? "size" : "number");
    add_limit(&range, o->min, bytes);
    buf_addz(&range, " to ");
    add_limit(&range, o->max, bytes);
    enum err code = bad_value(o, value, range.s, e);
    buf_free(&range);
    return code;
}

static enum err set_int(const struct opt *o, long *to, const char *value, struct errinfo *e)
{
    char *end;
    errno = 0;
    long x = strtol(value, &end, 10);
    if (end == value || *end) return bad_value(o, value, "a whole number", e);
    TRY(check_range(o, errno ? (*value == '-' ? -INFINITY : INFINITY) : (double)x, value, e));
    if (errno) return bad_value(o, value, "a smaller number", e);
    *to = x;
    return OK;
}

static enum err set_size(const struct opt *o, size_t *to, const char *value, struct errinfo *e)
{
    char *end;
    errno = 0;
    if (*value < '0' || *value > '9') return bad_value(o, value, "a number such as 4096 or 32K", e);
    unsigned long long x = strtoull(value, &end, 10);
    unsigned shift = 0;
    if (*end == 'k' || *end == 'K') shift = 10;
    else if (*end == 'm' || *end == 'M') shift = 20;
    else if (*end == 'g' || *end == 'G') shift = 30;
    if (shift) end++;
    if (*end || errno || x > (SIZE_MAX >> shift))
        return bad_value(o, value, "a number such as 4096 or 32K", e);
    TRY(check_range(o, (double)(x << shift), value, e));
    *to = (size_t)x << shift;
    return OK;
}

static enum err set_real(const struct opt *o, double *to, const char *value, struct errinfo *e)
{
    char *end;
    double x = strtod(value, &end);
    if (end == value || *end || !isfinite(x)) return bad_value(o, value, "a number", e);
    TRY(check_range(o, x, value, e));
    *to = x;
    return OK;
}

/* "text|markdown|json" */
static void add_names(struct buf *b, const struct opt *o)
{
    for (size_t i = 0; o->names[i]; i++) {
        if (i) buf_addc(b, '|');
        buf_addz(b, o->names[i]);
    }
}

static enum err set_enum(const struct opt *o, int *to, const char *value, struct errinfo *e)
{
    for (int i = 0; o->names[i]; i++)
        if (!strcmp(o->names[i], value)) {
            *to = i;
            return OK;
        }
    struct buf names = {0};
    add_names(&names, o);
    enum err code = bad_value(o, value, names.s, e);
    buf_free(&names);
    return code;
}

static void add_item(struct opt_list *l, const char *value, struct arena *a)
{
    const char **v = NEW(a, const char *, l->n + 2);
    for (size_t i = 0; i < l->n; i++) v[i] = l->v[i];
    v[l->n++] = value;
    l->v = v;
}

static enum err set_value(const struct opt *o, void *target, const char *value, struct arena *a,
                          struct errinfo *e)
{
    void *to = (char *)target + o->offset;
    switch (o->kind) {
    case OPT_END:
        return OK;
    case OPT_FLAG:
        *(bool *)to = true;
        return OK;
    case OPT_COUNT:
        ++*(int *)to;
        return OK;
    case OPT_SET:
        *(int *)to = o->value;
        return OK;
    case OPT_INT:
        return set_int(o, to, value, e);
    case OPT_SIZE:
        return set_size(o, to, value, e);
    case OPT_REAL:
        return set_real(o, to, value, e);
    case OPT_ENUM:
        return set_enum(o, to, value, e);
    case OPT_LIST:
        add_item(to, value, a);
        return OK;
    case OPT_STR:
        *(const char **)to = value;
        return OK;
    }
    return OK;
}

/* ------------------------------------------------------------------ parsing */

struct args {
    const struct opt_group *const *groups;
    void *target;
    struct arena *a;
    int argc, at;
    char **argv;
    struct errinfo *e;
};

static enum err long_option(struct args *p, const char *s)
{
    const char *eq = strchr(s, '=');
    size_t n = eq ? (size_t)(eq - s) : strlen(s);
    const struct opt *o = by_name(p->groups, s, n);
    if (!o) return unknown_name(p->groups, s, n, p->e);
    const char *value = eq ? eq + 1 : NULL;
    if (!takes_value(o)) {
        if (value) return err_set(p->e, E_USAGE, "--%s takes no value", o->name);
    } else if (!value) {
        if (p->at >= p->argc) return err_set(p->e, E_USAGE, "--%s needs a value", o->name);
        value = p->argv[p->at++];
    }
    return set_value(o, p->target, value, p->a, p->e);
}

static enum err short_options(struct args *p, const char *s)
{
    while (*s) {
        const struct opt *o = by_letter(p->groups, *s);
        if (!o)
            return err_set(p->e, E_USAGE,
                           "unknown option -%c (a file whose name begins with - is written ./-...)",
                           *s);
        s++;
        const char *value = NULL;
        if (takes_value(o)) {
            if (*s) {
                value = s;
                s += strlen(s);
            } else if (p->at < p->argc) {
                value = p->argv[p->at++];
            } else {
                return err_set(p->e, E_USAGE, "-%c (--%s) needs a value", o->letter, o->name);
            }
        }
        TRY(set_value(o, p->target, value, p->a, p->e));
    }
    return OK;
}

enum err opt_parse(const struct opt_group *const *groups, void *target, struct arena *a, int argc,
                   char **argv, char **operands, int *n, struct errinfo *e)
{
    struct args p = {groups, target, a, argc, 0, argv, e};
    bool ended = false;
    *n = 0;
    while (p.at < argc) {
        char *arg = argv[p.at++];
        if (ended || arg[0] != '-' || !arg[1]) operands[(*n)++] = arg;
        else if (arg[1] != '-') TRY(short_options(&p, arg + 1));
        else if (arg[2]) TRY(long_option(&p, arg + 2));
        else ended = true;
    }
    operands[*n] = NULL;
    return OK;
}

enum err opt_environment(const struct opt_group *const *groups, void *target, struct arena *a,
                         struct errinfo *e)
{
    for (; *groups; groups++)
        for (const struct opt *o = (*groups)->opts; o->name; o++) {
            const char *value = o->env ? getenv(o->env) : NULL;
            if (!value || !*value) continue;
            struct errinfo why = {0};
            if (set_value(o, target, value, a, &why))
                return err_set(e, E_USAGE, "environment %s: %s", o->env, why.msg);
        }
    return OK;
}

/* ------------------------------------------------------------------ checking */

static enum err check_row(const struct opt *o, struct errinfo *e)
{
    if (o->kind == OPT_END) return err_set(e, E_USAGE, "--%s: no kind", o->name);
    if (!o->help || !*o->help) return err_set(e, E_USAGE, "--%s: no help", o->name);
    if (o->kind == OPT_ENUM && (!o->names || !o->names[0]))
        return err_set(e, E_USAGE, "--%s: no names", o->name);
    if (takes_value(o) && o->kind != OPT_ENUM && !o->arg)
        return err_set(e, E_USAGE, "--%s: its value has no name", o->name);
    if (!takes_value(o) && o->arg) return err_set(e, E_USAGE, "--%s: takes no value", o->name);
    if (strspn(o->name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(o->name))
        return err_set(e, E_USAGE, "--%s: name is not lower case", o->name);
    return OK;
}

enum err opt_check(const struct opt_group *const *groups, struct errinfo *e)
{
    for (const struct opt_group *const *g = groups; *g; g++) {
        if (!(*g)->title || !*(*g)->title) return err_set(e, E_USAGE, "a group without a title");
        for (const struct opt *o = (*g)->opts; o->name; o++) {
            TRY(check_row(o, e));
            /* The first row of a name or letter is the one found: a second is a duplicate. */
            if (by_name(groups, o->name, strlen(o->name)) != o)
                return err_set(e, E_USAGE, "--%s stands twice", o->name);
            if (o->letter && by_letter(groups, o->letter) != o)
                return err_set(e, E_USAGE, "-%c stands twice", o->letter);
        }
    }
    return OK;
}

/* ------------------------------------------------------------------ help and manual */

static void add_arg(struct buf *b, const struct opt *o)
{
    if (o->arg) buf_addz(b, o->arg);
    else if (o->kind == OPT_ENUM) add_names(b, o);
}

void opt_wrap(const char *text, size_t indent, size_t width, struct buf *b)
{
    size_t at = indent;
    while (*text) {
        size_t n = strcspn(text, " ");
        if (at > indent && at + n + 1 > width) {
            buf_addf(b, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            buf_addc(b, ' ');
            at++;
        }
        buf_add(b, text, n);
        at += n;
        text += n;
        while (*text == ' ') text++;
    }
    buf_addc(b, '\n');
}

void opt_help(const struct opt_group *const *groups, size_t width, struct buf *out)
{
    const size_t indent = 28;
    if (width < 60) width = 60;
    for (; *groups; groups++) {
        buf_addf(out, "\n%s:\n", (*groups)->title);
        for (const struct opt *o = (*groups)->opts; o->name; o++) {
            size_t start = out->n;
            if (o->letter) buf_addf(out, "  -%c, --%s", o->letter, o->name);
            else buf_addf(out, "      --%s", o->name);
            if (takes_value(o)) {
                buf_addc(out, ' ');
                add_arg(out, o);
            }
            size_t at = out->n - start;
            if (at + 2 > indent) buf_addf(out, "\n%*s", (int)indent, "");
            else buf_addf(out, "%*s", (int)(indent - at), "");
            opt_wrap(o->help, indent, width, out);
        }
    }
}

/* roff: hyphens and backslashes escaped, a leading dot or quote protected. */
static void add_roff(struct buf *b, const char *s)
{
    if (*s == '.' || *s == '\'') buf_addz(b, "\\&");
    for (; *s; s++) {
        if (*s == '-') buf_addz(b, "\\-");
        else if (*s == '\\') buf_addz(b, "\\e");
        else buf_addc(b, *s);
    }
}

void opt_roff(const struct opt_group *group, const char *used_by, struct buf *out)
{
    buf_addf(out, ".SS %s\nOf %s.\n", group->title, used_by);
    for (const struct opt *o = group->opts; o->name; o++) {
        buf_addz(out, ".TP\n");
        if (o->letter) buf_addf(out, "\\fB\\-%c\\fR, ", o->letter);
        buf_addz(out, "\\fB\\-\\-");
        add_roff(out, o->name);
        buf_addz(out, "\\fR");
        if (takes_value(o)) {
            struct buf arg = {0};
            add_arg(&arg, o);
            buf_addz(out, " \\fI");
            add_roff(out, arg.s);
            buf_addz(out, "\\fR");
            buf_free(&arg);
        }
        buf_addc(out, '\n');
        add_roff(out, o->help);
        if (o->env) buf_addf(out, "\nThe environment variable \\fB%s\\fR sets it too.", o->env);
        buf_addc(out, '\n');
    }
}
