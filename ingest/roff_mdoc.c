/* roff_mdoc.c: the macros of mdoc(7), which say what a word is and not how it looks.  Macros stand
 * among the words of a line and take those that follow, up to the next one. */
#include <stdio.h>
#include <string.h>

#include "ingest/roff_page.h"

/* What stands before and behind the words of a macro. */
struct macro {
    const char *name, *before, *behind;
    bool rest; /* encloses all that follows on the line, other macros too */
};

static const struct macro macros[] = {
    {"Fl", "-", "", false},   {"Cm", "", "", false},    {"Ar", "", "", false},    {"Pa", "", "", false},
    {"Nm", "", "", false},    {"Op", "[", "]", true},   {"Oo", "[", "", false},   {"Oc", "]", "", false},
    {"Dq", "\xe2\x80\x9c", "\xe2\x80\x9d", true},       {"Do", "\xe2\x80\x9c", "", false},
    {"Dc", "\xe2\x80\x9d", "", false},                  {"Qq", "\"", "\"", true},
    {"Sq", "\xe2\x80\x98", "\xe2\x80\x99", true},       {"Ql", "\xe2\x80\x98", "\xe2\x80\x99", false},
    {"Pq", "(", ")", true},   {"Po", "(", "", false},   {"Pc", ")", "", false},   {"Bq", "[", "]", true},
    {"Bo", "[", "", false},   {"Bc", "]", "", false},   {"Brq", "{", "}", true},  {"Aq", "<", ">", true},
    {"Ao", "<", "", false},   {"Ac", ">", "", false},   {"Em", "", "", false},    {"Sy", "", "", false},
    {"Li", "", "", false},    {"Ic", "", "", false},    {"Ev", "", "", false},    {"Va", "", "", false},
    {"Vt", "", "", false},    {"Fa", "", "", false},    {"Ft", "", "", false},    {"Fd", "", "", false},
    {"In", "#include <", ">", false},  {"Dv", "", "", false},    {"Er", "", "", false},    {"Tn", "", "", false},
    {"Ad", "", "", false},    {"An", "", "", false},    {"Mt", "", "", false},    {"Lk", "", "", false},
    {"Cd", "", "", false},    {"Ms", "", "", false},    {"No", "", "", false},    {"St", "", "", false},
    {"Ux", "UNIX", "", false},{"Bx", "BSD", "", false}, {"Fx", "FreeBSD", "", false},
    {"Nx", "NetBSD", "", false}, {"Ox", "OpenBSD", "", false}, {"Dx", "DragonFly", "", false},
    {"Xr", "", "", false},    {"Sx", "", "", false},    {"Fn", "", "", false},    {"Ns", "", "", false},
    {"Ap", "'", "", false},   {"Pf", "", "", false},    {"Nd", "\xe2\x80\x94 ", "", true},
    {"Ta", "", "", false},    {"Fo", "", "(", false},   {"Fc", ")", "", false},   {"At", "AT&T UNIX", "", false},
    {"Rs", "", "", false},    {"Re", "", "", false},    {"Xo", "", "", false},    {"Xc", "", "", false},
    {"Lb", "library ", "", false}, {"Os", "", "", false},
};

static const struct macro *find(const struct roff_page *p, struct roff_word w)
{
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
        if (roff_is(p, w, macros[i].name)) return &macros[i];
    return NULL;
}

/* A word of punctuation only stands close to what is before it. */
static bool closes(const struct roff_page *p, struct roff_word w)
{
    return w.to - w.from == 1 && strchr(".,:;)]?!", p->s.text.s[w.from]) != NULL;
}

static bool opens(const struct roff_page *p, struct roff_word w)
{
    return w.to - w.from == 1 && strchr("([", p->s.text.s[w.from]) != NULL;
}

/* What the macro's own word stands for. */
static void put_sign(struct roff_page *p, struct roff_word w, const char *sign)
{
    if (*sign) slice_as(&p->s, w.from, w.to, sign);
}

static void put_name(struct roff_page *p, const struct roff_word *w, size_t n)
{
    bool named = n > 1 && !find(p, w[1]) && !closes(p, w[1]);
    if (named && !*p->name)
        snprintf(p->name, sizeof p->name, "%.*s", (int)(w[1].to - w[1].from), p->s.text.s + w[1].from);
    if (!named && *p->name) put_sign(p, w[0], p->name);
}

/* The words from w[0] on, which is a macro, up to the next macro; returns how many. */
static size_t put_macro(struct roff_page *p, const struct macro *m, const struct roff_word *w, size_t n)
{
    bool fn = !strcmp(m->name, "Fn"), xr = !strcmp(m->name, "Xr"), first = true;
    size_t i = 1;
    if (!strcmp(m->name, "Nm")) put_name(p, w, n);
    bool flag = !strcmp(m->name, "Fl");
    if (!flag || n < 2 || closes(p, w[1])) put_sign(p, w[0], m->before);
    for (; i < n && !closes(p, w[i]) && (i == 0 || !find(p, w[i])); i++) {
        if (!first) pen_gap(&p->s.pen, fn || xr ? PEN_NONE : PEN_SPACE);
        if (flag) put_sign(p, w[0], "-");
        if (!first && fn) put_sign(p, w[0], i == 2 ? "(" : ", ");
        if (!first && xr) put_sign(p, w[0], "(");
        roff_text(p, w[i].from, w[i].to);
        if (!first && xr) put_sign(p, w[0], ")");
        first = false;
        if (!strcmp(m->name, "Pf")) return i + 1;
    }
    if (fn && i > 1) put_sign(p, w[0], i > 2 ? ")" : "()");
    if (!m->rest) put_sign(p, w[0], m->behind);
    return i;
}

/* A line of words and macros. */
static void put_words(struct roff_page *p, const struct roff_word *w, size_t n)
{
    const struct macro *around[8];
    struct roff_word name[8];
    size_t depth = 0;
    bool close = true; /* no blank before the next word */
    for (size_t i = 0; i < n;) {
        const struct macro *m = find(p, w[i]);
        bool ends = closes(p, w[i]) || (m && (strchr(")]\xe2>", m->before[0]) && m->before[0]) &&
                                        m->name[1] == 'c');
        bool joins = m && (!strcmp(m->name, "Ns") || !strcmp(m->name, "Ap"));
        if (!close && !ends && !joins) pen_gap(&p->s.pen, PEN_SPACE);
        close = joins || opens(p, w[i]) || (m && !strcmp(m->name, "Pf"));
        if (closes(p, w[i]) && i + 1 == n && depth) { /* the dot behind ".Op Fl a ." is outside */
            while (depth) depth--, put_sign(p, name[depth], around[depth]->behind);
        }
        if (!m) {
            roff_text(p, w[i].from, w[i].to);
            i++;
            continue;
        }
        if (m->rest && depth < 8) {
            put_sign(p, w[i], m->before);
            around[depth] = m;
            name[depth++] = w[i++];
            close = true;
            continue;
        }
        size_t used = put_macro(p, m, w + i, n - i);
        close |= used == 1 && m->name[1] == 'o' && *m->before;
        i += used;
    }
    while (depth) depth--, put_sign(p, name[depth], around[depth]->behind);
    pen_gap(&p->s.pen, p->fill ? PEN_SPACE : PEN_LINE);
}

/* ------------------------------------------------------------------ blocks */

static void begin_list(struct roff_page *p, const struct roff_word *w, size_t n)
{
    p->item = 0;
    *p->list = '\0';
    for (size_t i = 1; i < n; i++) {
        if (roff_is(p, w[i], "-bullet") || roff_is(p, w[i], "-dash") || roff_is(p, w[i], "-hyphen") ||
            roff_is(p, w[i], "-item"))
            snprintf(p->list, sizeof p->list, "-");
        if (roff_is(p, w[i], "-enum")) snprintf(p->list, sizeof p->list, "1");
        if (roff_is(p, w[i], "-column")) snprintf(p->list, sizeof p->list, "|");
    }
    roff_gap(p, PEN_PARA);
}

/* Cells of a list of columns: between Ta and tabs. */
static void put_columns(struct roff_page *p, const struct roff_word *w, size_t n)
{
    for (size_t i = 1, j; i < n; i = j + 1) {
        for (j = i; j < n && !roff_is(p, w[j], "Ta"); j++) continue;
        if (i > 1) p->s.pen.gap = PEN_CELL;
        put_words(p, w + i, j - i);
    }
}

static void put_item(struct roff_page *p, const struct roff_word *w, size_t n)
{
    char mark[24];
    roff_gap(p, *p->list == '|' || (*p->list && p->item) ? PEN_LINE : PEN_PARA);
    p->item++;
    if (*p->list == '|') {
        put_columns(p, w, n);
        return;
    }
    if (*p->list) {
        snprintf(mark, sizeof mark, *p->list == '1' ? "%d. " : "- ", p->item);
        pen_mark(&p->s.pen, mark);
    }
    if (n > 1) {
        put_words(p, w + 1, n - 1);
        if (!*p->list) pen_gap(&p->s.pen, PEN_LINE);
    }
}

bool roff_mdoc(struct roff_page *p, const struct roff_word *w, size_t n, size_t end)
{
    if (roff_is(p, w[0], "Sh")) roff_heading(p, n > 1 ? w[1].from : end, end, 1);
    else if (roff_is(p, w[0], "Ss")) roff_heading(p, n > 1 ? w[1].from : end, end, 2);
    else if (roff_is(p, w[0], "Pp")) roff_gap(p, PEN_PARA);
    else if (roff_is(p, w[0], "Bl")) begin_list(p, w, n);
    else if (roff_is(p, w[0], "It")) put_item(p, w, n);
    else if (roff_is(p, w[0], "El")) *p->list = '\0', roff_gap(p, PEN_PARA);
    else if (roff_is(p, w[0], "D1") || roff_is(p, w[0], "Dl")) {
        roff_gap(p, PEN_LINE);
        put_words(p, w + 1, n - 1);
        roff_gap(p, PEN_LINE);
    } else if (roff_is(p, w[0], "Bd")) {
        for (size_t i = 1; i < n; i++)
            if (roff_is(p, w[i], "-literal") || roff_is(p, w[i], "-unfilled")) p->fill = false;
        roff_gap(p, PEN_PARA);
    } else if (roff_is(p, w[0], "Ed")) p->fill = true, roff_gap(p, PEN_PARA);
    else if (roff_is(p, w[0], "Dd") || roff_is(p, w[0], "Os") || roff_is(p, w[0], "Bk") ||
             roff_is(p, w[0], "Ek") || roff_is(p, w[0], "Sm")) return true;
    else if (w[0].to - w[0].from == 2 && p->s.text.s[w[0].from] == '%') {
        put_words(p, w + 1, n - 1);
        pen_gap(&p->s.pen, PEN_SPACE);
    } else if (find(p, w[0])) put_words(p, w, n);
    else return false;
    return true;
}
