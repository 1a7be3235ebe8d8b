/* pdf_strip.c: see pdf_strip.h. */
#include "extract/pdf_strip.h"

#include <math.h>
#include <stdlib.h>

#include "extract/floats.h"
#include "extract/pdf_outline.h"
#include "extract/pdf_text.h"

enum { ROWS = 3 };        /* rows from each edge that are looked at             */
enum { TITLE_LINES = 3 }; /* of a title that one head repeats                   */
enum { WINDOW = 200 };    /* lines before and behind one that it is compared to */
#define EDGE        0.16f /* share of the page's height that is an edge         */
#define OUTERMOST   0.25f /* the same for the first and the last row: margins can be wide */
#define SAME_HEIGHT 6     /* points                                             */
#define TITLE       1.25f /* of the size of the text: what titles have at least  */
#define LARGER      1.05f /* the same for letters that are larger at all         */
#define SMALLER     0.93f /* the same for those of a head that are smaller       */
#define APART       1.5f  /* sizes of white between a head and the text          */
#define NEARER      0.6f  /* the same where its letters are smaller              */

struct cand {
    struct pdf_line *l;
    uint64_t key;   /* hash of the words; digits count as one sign        */
    uint64_t words; /* outline_key of the line                          */
    bool again;     /* the key is at this height on another page too      */
    long value;     /* of a line that is a number and nothing else; or -1 */
    long ends[2];   /* the numbers that it begins and ends with; or -1    */
    uint32_t page;
    int zone; /* 0 upper edge, 1 lower edge                         */
    int row;  /* from the edge                                      */
    float v, size;
    int font;
    bool close;  /* to the text, though of another font or size         */
    float apart; /* white between it and the text, in sizes             */
};

/* From which page on a running head may repeat it. */
struct title {
    uint64_t words;
    uint32_t from;
};

struct strip {
    struct cand *v;
    size_t n;
    struct title *title; /* by words, then by page                          */
    size_t n_titles;
    size_t least; /* pages that a line must be on                       */
    size_t pages; /* that have text                                     */
    float body;   /* size of most lines                                 */
};

/* ------------------------------------------------------------------ keys */

static long roman_value(const char *s, size_t n)
{
    long sum = 0, last = 0;
    if (n == 0 || n > 8) return -1;
    for (size_t i = n; i-- > 0;) {
        long v;
        switch (s[i] | 32) {
        case 'i': v = 1; break;
        case 'v': v = 5; break;
        case 'x': v = 10; break;
        case 'l': v = 50; break;
        case 'c': v = 100; break;
        default: return -1;
        }
        sum += v < last ? -v : v;
        if (v > last) last = v;
    }
    return sum;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number that the line is, apart from blanks, dashes and brackets around it; else -1. */
static long line_value(struct str s)
{
    while (s.n && (!is_digit(*s.s) && !((*s.s | 32) >= 'a' && (*s.s | 32) <= 'z'))) {
        if ((unsigned char)*s.s >= 0x80 && text_is_letter(text_first(s))) return -1;
        s.s++, s.n--;
    }
    while (s.n && !is_digit(s.s[s.n - 1]) &&
           !((s.s[s.n - 1] | 32) >= 'a' && (s.s[s.n - 1] | 32) <= 'z'))
        s.n--;
    long v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.s[i]) || i > 6) return roman_value(s.s, s.n);
        v = 10 * v + (s.s[i] - '0');
    }
    return s.n ? v : -1;
}

/* The numbers that stand at the ends of a line, apart from its words. */
static void take_ends(long ends[2], struct str s)
{
    size_t first = 0, last = s.n;
    while (first < s.n && is_digit(s.s[first])) first++;
    while (last > 0 && is_digit(s.s[last - 1])) last--;
    bool begins = first < s.n && s.s[first] == ' ', stops = last > 0 && s.s[last - 1] == ' ';
    ends[0] = begins ? line_value((struct str){s.s, first}) : -1;
    ends[1] = stops ? line_value((struct str){s.s + last, s.n - last}) : -1;
}

static uint64_t key_of(struct str s)
{
    uint64_t h = 1469598103934665603u;
    bool digit = false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.s[i];
        if (c == ' ') continue;
        if (is_digit((char)c)) {
            if (digit) continue;
            c = '0';
        }
        digit = c == '0';
        if (c >= 'A' && c <= 'Z') c |= 32;
        h = (h ^ c) * 1099511628211u;
    }
    return h;
}

/* ------------------------------------------------------------------ candidates */

static int by_height(const void *a, const void *b)
{
    const struct pdf_line *x = *(struct pdf_line *const *)a, *y = *(struct pdf_line *const *)b;
    float d = (x->at.v0 + x->at.v1) - (y->at.v0 + y->at.v1);
    return d < 0 ? -1 : d > 0;
}

static void take_zone(struct strip *s, const struct pdf_page *p, struct pdf_line **line, size_t n,
                      int zone)
{
    float height = line[0]->at.turn & 1 ? p->width : p->height;
    size_t i = 0, first = s->n;
    for (int row = 0; row < ROWS && i < n; row++) {
        size_t j = i;
        float v0 = 1e9f, v1 = -1e9f;
        for (; j < n; j++) { /* a row: lines that overlap in height */
            const struct line *l = &line[zone ? n - 1 - j : j]->at;
            if (j > i && (fminf(v1, l->v1) - fmaxf(v0, l->v0)) < 0.4f * (l->v1 - l->v0)) break;
            v0 = fminf(v0, l->v0), v1 = fmaxf(v1, l->v1);
        }
        float edge = row == 0 ? OUTERMOST : EDGE;
        if (zone ? v0 < (1 - edge) * height : v1 > edge * height) return;
        const struct line *beside = j < n ? &line[zone ? n - 1 - j : j]->at : NULL;
        float gap = !beside ? 1e9f : zone ? v0 - beside->v1 : beside->v0 - v1;
        for (size_t k = first; k < s->n; k++)
            s->v[k].apart = fmaxf(s->v[k].apart, gap / fmaxf(s->v[k].size, 1));
        for (; i < j; i++) {
            struct pdf_line *l = line[zone ? n - 1 - i : i];
            long value = line_value(l->text);
            bool close = gap < 0.45f * l->at.size && row == 0 && value < 0;
            if (close && beside && l->at.font == beside->font && l->at.size > 0.93f * beside->size)
                continue;
            s->v[s->n] = (struct cand){.l = l,
                                       .key = key_of(l->text),
                                       .words = outline_key(l->text),
                                       .value = value,
                                       .page = p->number,
                                       .zone = zone,
                                       .row = row,
                                       .v = 0.5f * (v0 + v1),
                                       .size = l->at.size,
                                       .font = l->at.font,
                                       .close = close,
                                       .apart = gap / fmaxf(l->at.size, 1)};
            take_ends(s->v[s->n++].ends, l->text);
        }
    }
}

static void take_page(struct strip *s, struct pdf_page *p, struct arena *scratch)
{
    struct pdf_line **line = NEW(scratch, struct pdf_line *, p->n + 1);
    size_t n = 0;
    if (!p->n) return;
    for (size_t i = 0; i < p->n; i++)
        if (p->v[i].at.turn == p->v[0].at.turn) line[n++] = &p->v[i];
    qsort(line, n, sizeof *line, by_height);
    take_zone(s, p, line, n, 0);
    take_zone(s, p, line, n, 1);
}

/* ------------------------------------------------------------------ what repeats */

static int by_key(const void *a, const void *b)
{
    const struct cand *x = a, *y = b;
    if (x->zone != y->zone) return x->zone - y->zone;
    bool xn = x->value >= 0, yn = y->value >= 0;
    if (xn != yn) return xn - yn;
    if (!xn && x->key != y->key) return x->key < y->key ? -1 : 1;
    if (x->v != y->v) return x->v < y->v ? -1 : 1;
    return x->page < y->page ? -1 : x->page > y->page;
}

static int by_page(const void *a, const void *b)
{
    const struct cand *x = a, *y = b;
    return x->page < y->page ? -1 : x->page > y->page;
}

static const char *next_number(const char *s, const char *end, long *value)
{
    while (s < end && !is_digit(*s)) s++;
    for (*value = s < end ? 0 : -1; s < end && is_digit(*s); s++)
        *value = *value < 1000000000 ? 10 * *value + (*s - '0') : *value;
    return s;
}

/* Whether two lines of the same words have the same numbers, but for one that counts the pages. */
static bool same_numbers(const struct cand *a, const struct cand *b)
{
    const char *s = a->l->text.s, *t = b->l->text.s;
    const char *s_end = s + a->l->text.n, *t_end = t + b->l->text.n;
    long x = 0, y = 0;
    while (x >= 0 && y >= 0) {
        s = next_number(s, s_end, &x), t = next_number(t, t_end, &y);
        if (x != y && y - x != (long)b->page - (long)a->page) return false;
    }
    return true;
}

/* Whether white parts the line from the text. */
static bool is_apart(const struct strip *s, const struct cand *c)
{
    return c->apart >= (c->size < SMALLER * s->body ? NEARER : APART);
}

/* On two pages only, the same words may be those of two letters, or of two bills. */
static bool is_head_of_two(const struct strip *s, const struct cand *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_apart(s, &c[i]) || !same_numbers(&c[0], &c[i])) return false;
    return true;
}

/* The same words on pages that follow each other, or on every second one.  Words that come back
 * now and then at the upper edge are headings ("Definition 3"). */
static void drop_runs(struct strip *s, struct cand *c, size_t n)
{
    qsort(c, n, sizeof *c, by_page);
    for (size_t i = 0; i < n; i++) c[i].again = c[0].page != c[n - 1].page;
    for (size_t i = 0, j; i < n; i = j) {
        size_t pages = 1, close = c[i].close;
        for (j = i + 1; j < n && c[j].page - c[j - 1].page <= 2; j++) {
            pages += c[j].page != c[j - 1].page;
            close += c[j].close;
        }
        if (pages < s->least || (pages == 2 && !is_head_of_two(s, c + i, j - i))) continue;
        if (2 * close > j - i && 5 * pages < 3 * s->pages) continue; /* a subheading */
        for (size_t k = i; k < j; k++) c[k].l->drop = true;
    }
}

/* Page numbers: the same distance from the number of the page on several pages. */
static void drop_numbers(struct cand *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        long off = c[i].value - (long)c[i].page;
        size_t same = 0;
        for (size_t k = i > 200 ? i - 200 : 0; k < n && k < i + 200; k++)
            same += c[k].value - (long)c[k].page == off && c[k].page != c[i].page;
        if (same) c[i].l->drop = true;
    }
}

static void drop_groups(struct strip *s)
{
    qsort(s->v, s->n, sizeof *s->v, by_key);
    for (size_t i = 0, j; i < s->n; i = j) {
        const struct cand *a = &s->v[i];
        for (j = i + 1; j < s->n; j++) {
            const struct cand *b = &s->v[j];
            if (a->zone != b->zone || (a->value >= 0) != (b->value >= 0) ||
                (a->value < 0 && a->key != b->key) || b->v - s->v[j - 1].v > SAME_HEIGHT)
                break;
        }
        if (a->value >= 0)
            drop_numbers(s->v + i, j - i);
        else
            drop_runs(s, s->v + i, j - i);
    }
}

static int by_row(const void *a, const void *b)
{
    const struct cand *x = a, *y = b;
    if (x->zone != y->zone) return x->zone - y->zone;
    if (x->page != y->page) return x->page < y->page ? -1 : 1;
    return x->row - y->row;
}

static int by_words(const void *a, const void *b)
{
    const struct title *x = a, *y = b;
    if (x->words != y->words) return x->words < y->words ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

/* Adds the title that lines i and i + 1 make up, and i + 2, where they are set as one. */
static void add_long_titles(struct strip *s, const struct pdf_page *p, size_t i, struct buf *text)
{
    const struct line *a = &p->v[i].at;
    if (!a->bold && a->size < LARGER * s->body) return;
    buf_clear(text);
    buf_add(text, p->v[i].text.s, p->v[i].text.n);
    for (size_t k = i + 1; k < p->n && k < i + TITLE_LINES; k++) {
        const struct line *b = &p->v[k].at;
        if (b->font != a->font || fabsf(b->size - a->size) > 0.3f || b->region != a->region) return;
        buf_add(text, p->v[k].text.s, p->v[k].text.n);
        s->title[s->n_titles++] =
            (struct title){outline_key((struct str){text->s, text->n}), p->number};
    }
}

/* The titles of the outline and in the text.  Those of the outline may stand in the outermost row
 * themselves on their own page, in letters no larger than others. */
static void find_titles(struct strip *s, const struct pdf_doc *d, size_t lines,
                        struct arena *scratch)
{
    struct buf text = {0};
    s->title = NEW(scratch, struct title, d->n_outline + TITLE_LINES * lines + 1);
    for (size_t i = 0; i < d->n_outline; i++)
        s->title[s->n_titles++] = (struct title){d->outline[i].key, d->outline[i].page + 1};
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 0; i < d->v[p].n; i++) {
            const struct pdf_line *l = &d->v[p].v[i];
            if (l->at.size >= TITLE * s->body)
                s->title[s->n_titles++] = (struct title){outline_key(l->text), d->v[p].number};
            add_long_titles(s, &d->v[p], i, &text);
        }
    buf_free(&text);
    qsort(s->title, s->n_titles, sizeof *s->title, by_words);
}

/* Whether c says a title of its page or of one before it. */
static bool says_title(const struct strip *s, const struct cand *c)
{
    size_t low = 0, high = s->n_titles;
    if (!c->words || c->size >= TITLE * s->body) return false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->title[mid].words < c->words)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->n_titles && s->title[low].words == c->words && s->title[low].from <= c->page;
}

/* Whether candidate k, by row, stands at the upper edge where the number of another page does: they
 * change sides from page to page.  At the lower edge notes may do so. */
static bool changes_sides(const struct strip *s, size_t k)
{
    const struct cand *c = &s->v[k];
    size_t from = k > WINDOW ? k - WINDOW : 0, to = s->n - k > WINDOW ? k + WINDOW : s->n;
    for (size_t i = from; i < to && c->zone == 0; i++) {
        const struct cand *o = &s->v[i];
        if (o->zone == 0 && o->row == 0 && o->page != c->page && o->value >= 0 && o->l->drop &&
            fabsf(o->v - c->v) <= SAME_HEIGHT &&
            (fabsf(o->l->at.u0 - c->l->at.u0) < 3 || fabsf(o->l->at.u1 - c->l->at.u1) < 3))
            return true;
    }
    return false;
}

/* What stands beside the number of the page in the outermost row and is known from elsewhere: from
 * another page's edge, as a title, by its place.  Anything else may be a note or a sum. */
static void drop_beside(struct strip *s)
{
    qsort(s->v, s->n, sizeof *s->v, by_row);
    for (size_t i = 0, j; i < s->n; i = j) {
        bool numbered = false, close = false;
        for (j = i; j < s->n && by_row(&s->v[i], &s->v[j]) == 0; j++) {
            numbered |= s->v[j].value >= 0 && s->v[j].l->drop;
            close |= s->v[j].close;
        }
        if (!numbered || close || s->v[i].row > 0) continue;
        for (size_t k = i; k < j; k++)
            if (s->v[k].again || says_title(s, &s->v[k]) || changes_sides(s, k))
                s->v[k].l->drop = true;
    }
}

static int by_place(const void *a, const void *b)
{
    const struct cand *x = a, *y = b;
    if (x->zone != y->zone) return x->zone - y->zone;
    if (x->v != y->v) return x->v < y->v ? -1 : 1;
    return x->page < y->page ? -1 : x->page > y->page;
}

/* Whether c has the number of its page at an end, if that is `off` from the pages' count. */
static bool counts(const struct cand *c, long off)
{
    for (int e = 0; e < 2; e++)
        if (c->ends[e] >= 0 && c->ends[e] - (long)c->page == off) return true;
    return c->value >= 0 && c->value - (long)c->page == off;
}

/* Whether lines of the n, which are of one height, do so on enough pages, among them one on another
 * page than c that says the same. */
static bool is_counted(const struct strip *s, const struct cand *v, size_t n, const struct cand *c,
                       long off)
{
    size_t pages = 0;
    uint32_t last = 0;
    bool alike = false;
    for (size_t i = 0; i < n && (pages < s->least || !alike); i++) {
        if (v[i].row > 0 || !counts(&v[i], off)) continue;
        pages += v[i].page != last;
        last = v[i].page;
        alike |= v[i].page != c->page && v[i].words == c->words;
    }
    return pages >= s->least && alike;
}

/* Lines of words that have the number of the page before or behind them: the same distance from it
 * on several pages, with the same words on two of them.  Numbered titles, which may begin so by
 * chance, say each something else, or are larger than text or bold. */
static void drop_counting(struct strip *s)
{
    qsort(s->v, s->n, sizeof *s->v, by_place);
    for (size_t i = 0, j; i < s->n; i = j) {
        for (j = i + 1; j < s->n && s->v[j].zone == s->v[i].zone; j++)
            if (s->v[j].v - s->v[j - 1].v > SAME_HEIGHT) break;
        for (size_t k = i; k < j; k++) {
            struct cand *c = &s->v[k];
            size_t from = k - i > WINDOW ? k - WINDOW : i, to = j - k > WINDOW ? k + WINDOW : j;
            if (c->row > 0 || c->close || c->l->at.bold || c->size > LARGER * s->body) continue;
            if (s->least == 2 && !is_apart(s, c)) continue;
            for (int e = 0; e < 2; e++)
                if (c->ends[e] >= 0 &&
                    is_counted(s, s->v + from, to - from, c, c->ends[e] - (long)c->page))
                    c->l->drop = true;
        }
    }
}

static int by_slot(const void *a, const void *b)
{
    const struct cand *x = a, *y = b;
    if (x->zone != y->zone) return x->zone - y->zone;
    if (x->font != y->font) return x->font < y->font ? -1 : 1;
    if (x->v != y->v) return x->v < y->v ? -1 : 1;
    return x->page < y->page ? -1 : x->page > y->page;
}

/* Two dropped lines of the slot start, end or are centred where l does. */
static bool lines_up(const struct cand *c, size_t n, const struct line *l)
{
    int votes = 0;
    for (size_t i = 0; i < n && i < 400 && votes < 2; i++) {
        const struct line *q = &c[i].l->at;
        votes += c[i].l->drop && q != l &&
                 (fabsf(q->u0 - l->u0) < 3 || fabsf(q->u1 - l->u1) < 3 ||
                  fabsf(q->u0 + q->u1 - l->u0 - l->u1) < 6);
    }
    return votes == 2;
}

/* A place that holds such a line on most pages holds one on the others too: the title of a short
 * chapter. */
static void drop_slots(struct strip *s, size_t n_pages)
{
    qsort(s->v, s->n, sizeof *s->v, by_slot);
    for (size_t i = 0, j; i < s->n; i = j) {
        size_t dropped = s->v[i].l->drop;
        for (j = i + 1; j < s->n; j++) {
            const struct cand *a = &s->v[j - 1], *b = &s->v[j];
            if (a->zone != b->zone || a->font != b->font || b->v - a->v > 1.5f ||
                fabsf(b->size - a->size) > 0.3f)
                break;
            dropped += b->l->drop;
        }
        if (j - i < 5 || 5 * dropped < 3 * (j - i) || 4 * dropped < n_pages) continue;
        for (size_t k = i; k < j; k++)
            if (lines_up(s->v + i, j - i, &s->v[k].l->at)) s->v[k].l->drop = true;
    }
}

/* Whether the lines to drop stand in two rows at most: a head and a foot. */
static bool drops_two_rows(const struct pdf_page *p)
{
    float row[2];
    int rows = 0;
    for (size_t i = 0; i < p->n; i++) {
        float v = p->v[i].at.v0;
        if (!p->v[i].drop || (rows > 0 && fabsf(v - row[0]) < SAME_HEIGHT) ||
            (rows > 1 && fabsf(v - row[1]) < SAME_HEIGHT))
            continue;
        if (rows == 2) return false;
        row[rows++] = v;
    }
    return true;
}

/* Whether what would be left of the page is less than what would be dropped, page numbers aside. */
static bool is_mostly_dropped(const struct pdf_page *p)
{
    int kept = 0, dropped = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct pdf_line *l = &p->v[i];
        if (!l->drop)
            kept += l->at.chars;
        else if (line_value(l->text) < 0)
            dropped += l->at.chars;
    }
    return kept < dropped;
}

/* Pages that are alike as a whole (forms, tickets, tests) have no running heads; among others, a
 * page may have little else. */
static void spare_whole_pages(struct pdf_doc *d, size_t pages)
{
    size_t whole = 0;
    for (size_t p = 0; p < d->n; p++) whole += is_mostly_dropped(&d->v[p]);
    for (size_t p = 0; p < d->n; p++) {
        if (!is_mostly_dropped(&d->v[p]) || (2 * whole < pages && drops_two_rows(&d->v[p])))
            continue;
        for (size_t i = 0; i < d->v[p].n; i++) d->v[p].v[i].drop = false;
    }
}

static float body_size(const struct pdf_doc *d, size_t lines, struct arena *scratch)
{
    float *size = NEW(scratch, float, lines + 1);
    size_t n = 0;
    for (size_t p = 0; p < d->n; p++)
        for (size_t i = 0; i < d->v[p].n; i++) size[n++] = d->v[p].v[i].at.size;
    return floats_middle(size, n);
}

void strip_repeated(struct pdf_doc *d, struct arena *scratch)
{
    struct strip s = {0};
    size_t lines = 0, pages = 0;
    for (size_t i = 0; i < d->n; i++) lines += d->v[i].n, pages += d->v[i].n > 0;
    if (pages < 2) return;
    s.v = NEW(scratch, struct cand, 2 * lines + 1);
    s.least = pages <= 3 ? 2 : 3;
    s.pages = pages;
    for (size_t i = 0; i < d->n; i++) take_page(&s, &d->v[i], scratch);
    s.body = body_size(d, lines, scratch);
    find_titles(&s, d, lines, scratch);
    drop_groups(&s);
    drop_counting(&s);
    drop_beside(&s);
    drop_slots(&s, pages);
    spare_whole_pages(d, pages);
}
