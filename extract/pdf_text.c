/* pdf_text.c: see pdf_text.h. */
#include "extract/pdf_text.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "extract/pdf_bidi.h"

/* ------------------------------------------------------------------ kinds of characters */

bool text_is_spaceless(uint32_t cp)
{
    return (cp >= 0x2E80 && cp <= 0x303F) || (cp >= 0x3040 && cp <= 0x30FF) ||
           (cp >= 0x3100 && cp <= 0x312F) || (cp >= 0x31A0 && cp <= 0x9FFF) ||
           (cp >= 0xF900 && cp <= 0xFAFF) || (cp >= 0xFE30 && cp <= 0xFE4F) ||
           (cp >= 0xFF01 && cp <= 0xFF0F) || (cp >= 0xFF1A && cp <= 0xFF20) ||
           (cp >= 0xFF3B && cp <= 0xFF40) || (cp >= 0xFF5B && cp <= 0xFF9F) ||
           (cp >= 0x20000 && cp <= 0x3FFFF);
}

bool text_is_rtl(uint32_t cp)
{
    return (cp >= 0x590 && cp <= 0x8FF) || (cp >= 0xFB1D && cp <= 0xFDFF) ||
           (cp >= 0xFE70 && cp <= 0xFEFC) || (cp >= 0x10800 && cp <= 0x10FFF) ||
           (cp >= 0x1E800 && cp <= 0x1EFFF);
}

bool text_is_lower(uint32_t cp)
{
    return g_unichar_islower(cp) ||
           (g_unichar_isalpha(cp) && !g_unichar_isupper(cp) && !g_unichar_istitle(cp));
}

bool text_is_upper(uint32_t cp)
{
    return g_unichar_isupper(cp) || g_unichar_istitle(cp);
}

bool text_is_letter(uint32_t cp)
{
    return g_unichar_isalpha(cp);
}

int text_letters(struct str s)
{
    int n = 0;
    for (size_t i = 0; i < s.n;) {
        uint32_t cp;
        i += utf8_next(s.s + i, s.n - i, &cp);
        n += text_is_letter(cp);
    }
    return n;
}

uint32_t text_first(struct str s)
{
    uint32_t cp = 0;
    if (s.n) utf8_next(s.s, s.n, &cp);
    return cp;
}

uint32_t text_last(struct str s)
{
    uint32_t cp = 0;
    if (s.n) {
        size_t k = utf8_back(s.s, s.n);
        utf8_next(s.s + s.n - k, k, &cp);
    }
    return cp;
}

/* ------------------------------------------------------------------ questions about a line */

static bool closes(uint32_t cp)
{
    return cp == ')' || cp == ']' || cp == '"' || cp == '\'' || cp == 0x201D || cp == 0x2019 ||
           cp == 0xBB || cp == 0x300D || cp == 0x300F || cp == 0xFF09;
}

bool text_ends_sentence(struct str s)
{
    uint32_t cp = text_last(s);
    while (s.n && closes(cp)) {
        s.n -= utf8_back(s.s, s.n);
        cp = text_last(s);
    }
    return cp == '.' || cp == '!' || cp == '?' || cp == ':' || cp == ';' || cp == 0x3002 ||
           cp == 0xFF01 || cp == 0xFF1F || cp == 0xFF1A || cp == 0xFF1B || cp == 0x61F ||
           cp == 0x6D4 || cp == 0x2026;
}

/* The last word of a is the beginning of an address that b goes on with. */
static bool address_goes_on(struct str a, struct str b)
{
    size_t start = a.n;
    while (start > 0 && a.s[start - 1] != ' ' && a.n - start < 300) start--;
    const char *w = a.s + start;
    size_t n = a.n - start;
    bool address = memmem(w, n, "://", 3) || memmem(w, n, "www.", 4) ||
                   (memchr(w, '/', n) && memchr(w, '.', n));
    return address && n > 4 && b.n > 1 && b.s[1] != ' ' &&
           (memchr("/_=?&%#", a.s[a.n - 1], 7) || memchr("/_=?&%#.", b.s[0], 8));
}

/* Thai, Lao, Burmese, Khmer. */
static bool is_unspaced(uint32_t cp)
{
    return (cp >= 0xE01 && cp <= 0xE4E) || (cp >= 0xE81 && cp <= 0xECD) ||
           (cp >= 0x1000 && cp <= 0x103F) || (cp >= 0x1780 && cp <= 0x17D3);
}

bool text_joins_tight(struct str a, struct str b)
{
    uint32_t last = text_last(a), first = text_first(b);
    if (text_is_spaceless(last) && text_is_spaceless(first)) return true;
    if (last == 0x2014 && a.n > 3 && a.s[a.n - 4] != ' ') return true;
    if (first == 0x2014 && b.n > 3 && b.s[3] != ' ') return true;
    return a.n && b.n && address_goes_on(a, b);
}

bool text_joins_phrase(struct str a, struct str b)
{
    uint32_t last = text_last(a);
    return is_unspaced(last) && last != 0xE46 && last != 0xEC6 && is_unspaced(text_first(b));
}

bool text_is_bullet(uint32_t cp)
{
    static const uint32_t bullets[] = {0x2022, 0x2023, 0x2043, 0x2219, 0x25A0, 0x25A1, 0x25AA,
                                       0x25AB, 0x25B6, 0x25BA, 0x25C6, 0x25CB, 0x25CF, 0x25E6,
                                       0x2713, 0x2714, 0x27A2, 0x2756, 0xB7,   0x30FB};
    for (size_t i = 0; i < sizeof bullets / sizeof *bullets; i++)
        if (cp == bullets[i]) return true;
    return false;
}

bool text_starts_item(struct str s)
{
    uint32_t cp = text_first(s);
    if (text_is_bullet(cp)) return true;
    if (s.n < 2) return false;
    if ((cp == '-' || cp == '*' || cp == 0x2013 || cp == 0x2014) && s.n > 2)
        return memchr(s.s, ' ', s.n < 5 ? s.n : 5) != NULL;
    size_t i = cp == '(' || cp == '[', start = i;
    while (i < s.n && i - start < 3 && g_ascii_isdigit(s.s[i])) i++;
    if (i == start && g_ascii_isalpha(s.s[i])) i++;
    if (i == start || i + 1 >= s.n) return false;
    bool shut = s.s[i] == ')' || s.s[i] == ']' || (s.s[i] == '.' && start == 0);
    return shut && s.s[i + 1] == ' ';
}

static bool starts_number(struct str s)
{
    return s.n && (g_unichar_isdigit(text_first(s)) || strchr("IVXivx", *s.s));
}

/* Most words are none; this tells it at little cost. */
static bool may_mean_table(uint32_t cp)
{
    return cp == 't' || cp == 'T' || cp == 0x442 || cp == 0x422 || cp == 0x8868 || cp == 0xD45C;
}

bool text_starts_caption(struct str word, struct str next)
{
    static const char *const words[] = {"table",   "tab.",   "tabelle", "tableau", "tabla",
                                        "tabella", "tabela", "tabell",  "tabel",   "taulukko",
                                        "таблица", "表",     "표"};
    bool found = false;
    if (!may_mean_table(text_first(word))) return false;
    char *low = g_utf8_strdown(word.s, (gssize)word.n);
    for (size_t i = 0; i < sizeof words / sizeof *words && !found; i++) {
        if (!g_str_has_prefix(low, words[i])) continue;
        struct str rest = str_of(low + strlen(words[i]));
        found = rest.n ? g_unichar_isdigit(text_first(rest)) : starts_number(next);
    }
    g_free(low);
    return found;
}

bool text_ends_dash(struct str s)
{
    uint32_t cp = text_last(s);
    if (cp != '-' && cp != 0x2010 && cp != 0xAD) return false;
    s.n -= utf8_back(s.s, s.n);
    return g_unichar_isalnum(text_last(s));
}

size_t text_end_hyphen(struct str s)
{
    uint32_t cp = text_last(s);
    if (cp != '-' && cp != 0x2010 && cp != 0xAD) return 0;
    size_t k = utf8_back(s.s, s.n);
    s.n -= k;
    uint32_t a = text_last(s);
    if (!text_is_letter(a)) return 0;
    s.n -= utf8_back(s.s, s.n);
    return text_is_letter(text_last(s)) ? k : 0;
}

/* ------------------------------------------------------------------ raised signs */

uint32_t text_raised(uint32_t cp)
{
    switch (cp) {
    case '1': return 0xB9;
    case '2': return 0xB2;
    case '3': return 0xB3;
    case '+': return 0x207A;
    case '-': return 0x207B;
    default: return cp >= '0' && cp <= '9' ? 0x2070 + cp - '0' : cp;
    }
}

int text_raised_digit(uint32_t cp)
{
    for (int digit = 0; digit < 10; digit++)
        if (cp == text_raised('0' + (uint32_t)digit)) return digit;
    return -1;
}

/* ------------------------------------------------------------------ plain forms */

/* Writes what the reader of the page would type for cp. */
static void add_plain(struct buf *out, uint32_t cp)
{
    char u[4], *norm;
    if (cp == 0xAD || cp == 0 || cp == 0xFEFF || (cp >= 0x200B && cp <= 0x200F) ||
        (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069))
        return;
    if (cp == 0xA0 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x202F) cp = ' ';
    if (cp == 0xF0B7 || cp == 0xF0A7 || cp == 0xF076)
        cp = 0x2022;                          /* Symbol and Wingdings bullets */
    if (cp >= 0xE000 && cp <= 0xF8FF) return; /* private use: no reader knows what it is */
    bool form = (cp >= 0xFB00 && cp <= 0xFDFF) || (cp >= 0xFE70 && cp <= 0xFEFC) ||
                (cp >= 0x2F00 && cp <= 0x2FDF) || (cp >= 0xFE10 && cp <= 0xFE4F);
    size_t n = utf8_put(cp, u);
    norm = form ? g_utf8_normalize(u, (gssize)n, G_NORMALIZE_ALL_COMPOSE) : NULL;
    if (norm)
        buf_addz(out, norm);
    else
        buf_add(out, u, n);
    g_free(norm);
}

/* What fonts of TeX have where others have no sign: those of its first encoding, and of Cork's.
 * Bitmap fonts do not say so.  "": nothing. */
static const char *tex_sign(uint32_t cp)
{
    static const char *const signs[32] = {
        [0x0B] = "ff", [0x0C] = "fi", [0x0D] = "fl", [0x0E] = "ffi", [0x0F] = "ffl", [0x10] = "“",
        [0x11] = "”",  [0x12] = "„",  [0x13] = "«",  [0x14] = "»",   [0x15] = "–",   [0x16] = "—",
        [0x1B] = "ff", [0x1C] = "fi", [0x1D] = "fl", [0x1E] = "ffi", [0x1F] = "ffl"};
    return cp < 32 && signs[cp] ? signs[cp] : "";
}

/* ------------------------------------------------------------------ the line */

static uint32_t word_edge(const struct words_page *page, const struct word *w, bool last)
{
    struct str s = {page->text + w->text, w->n};
    return last ? text_last(s) : text_first(s);
}

/* A word in coordinates of its quarter turn, but for their origin. */
struct upright {
    float u0, u1, v0, v1;
};

static struct upright turn_upright(const struct word *w)
{
    switch (w->turn) {
    case 1: return (struct upright){w->y0, w->y1, -w->x1, -w->x0};
    case 2: return (struct upright){-w->x1, -w->x0, -w->y1, -w->y0};
    case 3: return (struct upright){-w->y1, -w->y0, w->x0, w->x1};
    default: return (struct upright){w->x0, w->x1, w->y0, w->y1};
    }
}

/* From the end of a to the start of b, along the line. */
static float gap_along(const struct line *l, const struct word *a, const struct word *b)
{
    float start[2], end = 0, c = cosf(l->tilt), s = sinf(l->tilt);
    for (int i = 0; i < 2; i++) {
        struct upright w = turn_upright(i ? b : a);
        start[i] = w.u0 * c + (l->tilt < 0 ? w.v1 : w.v0) * s;
        if (!i) end = start[0] + (w.u1 - w.u0) / c;
    }
    return start[1] - end;
}

enum { MAX_BLANKS = 60 };

/* Where blanks are drawn, nothing else parts words but a gap as wide as blanks usually are, in font
 * sizes: letters of which one has a mark stand apart, too. */
#define NO_BLANK 0.28f
#define KERNED   0.35f /* how far a blank may reach into a word */

static float middle_of(const struct rule *blank)
{
    return 0.5f * (blank->from + blank->to);
}

/* The first blank behind the base line `at`, or on it at x or behind that. */
static size_t find_blank(const struct words_page *page, float at, float x)
{
    size_t lo = 0, hi = page->n_blanks;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct rule *r = &page->blank[mid];
        if (r->at < at || (r->at == at && middle_of(r) < x))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Whether a blank is drawn between two words, which stand upright.  Looks at each base line once.
 */
static bool has_blank(const struct words_page *page, const struct word *a, const struct word *b)
{
    float slack = KERNED * fmaxf(a->size, b->size);
    float top = fmaxf(a->y0, b->y0), low = fminf(a->y1, b->y1);
    float from = fmaxf(a->x1 - slack, 0.5f * (a->x0 + a->x1));
    float to = fminf(b->x0 + slack, 0.5f * (b->x0 + b->x1));
    for (size_t i = find_blank(page, top, from); i < page->n_blanks && page->blank[i].at <= low;) {
        float at = page->blank[i].at, x = middle_of(&page->blank[i]);
        if (x >= from && x <= to) return true;
        i = find_blank(page, x < from ? at : nextafterf(at, INFINITY), from);
    }
    return false;
}

/* How many blanks stand between two words: one, or in fixed-width fonts as many as there is room
 * for. */
static int blanks_between(const struct words_page *page, const struct line *l, const struct word *a,
                          const struct word *b)
{
    float size = a->size > b->size ? a->size : b->size, gap = gap_along(l, a, b);
    if (text_is_spaceless(word_edge(page, a, true)) && text_is_spaceless(word_edge(page, b, false)))
        return gap > 0.8f * size;
    if (page->n_blanks && a->turn == 0 && text_is_rtl(word_edge(page, a, true)) &&
        text_is_rtl(word_edge(page, b, false)))
        return gap > NO_BLANK * size || has_blank(page, a, b);
    if (a->mono && b->mono && gap > 1.2f * size && a->turn == 0) {
        float width = (a->x1 - a->x0) / (float)utf8_count(page->text + a->text, a->n);
        float n = width > 0.3f * size ? gap / width : 1;
        return n < 1 ? 1 : n > MAX_BLANKS ? MAX_BLANKS : (int)(n + 0.5f);
    }
    return gap > 0.12f * size || (a->space_after && gap > 0.05f * size);
}

/* Four dots or more, perhaps with blanks between, lead the eye and say nothing: three are left. */
static size_t shorten_leaders(uint32_t *c, size_t n)
{
    size_t out = 0;
    for (size_t i = 0, j; i < n; i = j) {
        size_t dots = 0, end = i;
        for (j = i; j < n && (c[j] == '.' || (c[j] == ' ' && dots && c[j - 1] == '.')); j++)
            if (c[j] == '.') dots++, end = j + 1;
        if (dots < 4) {
            j = i + 1;
            c[out++] = c[i];
            continue;
        }
        for (int k = 0; k < 3; k++) c[out++] = '.';
        j = end;
    }
    return out;
}

/* Whether the letters are smaller than the line's; the size of a font of drawings is but guessed,
 * and then their width tells. */
static bool is_small(const struct word *w, const struct line *l)
{
    struct upright at = turn_upright(w);
    return w->size <= 0.85f * l->size || (at.u1 - at.u0) / (float)w->n < 0.42f * l->size;
}

/* A small raised number behind a word is written raised: 10 to the 6 is not 106. */
static bool is_raised(const struct words_page *page, const struct line *l, size_t i)
{
    const struct word *w = &page->v[l->word[i]];
    if (i == 0 || w->vertical || l->tilt != 0 || w->n > 4 || !is_small(w, l)) return false;
    for (size_t k = 0; k < w->n; k++) {
        char c = page->text[w->text + k];
        if (!g_ascii_isdigit(c) && c != '+' && c != '-') return false;
    }
    const struct word *before = &page->v[l->word[i - 1]];
    struct upright at = turn_upright(w), from = turn_upright(before);
    float low = at.v1 - from.v1, high = from.v0 - at.v0;
    return (before->size > w->size || w->size > 0.85f * l->size) && low < -0.2f * l->size &&
           high > -0.25f * l->size && at.u0 - from.u1 < 0.25f * l->size;
}

/* One letter of the scripts of Europe. */
static bool is_letter_alone(const struct words_page *page, const struct word *w)
{
    uint32_t cp;
    size_t n = utf8_next(page->text + w->text, w->n, &cp);
    return w->turn == 0 && n == w->n && cp < 0x590 && text_is_letter(cp);
}

/* The word behind the run of single letters from i on that all stand equally far from each other,
 * closer than words do: one word, spaced out.  i when there is none. */
static size_t end_of_spaced(const struct words_page *page, const struct line *l, size_t i)
{
    enum { LETTERS = 3 };
    float usual = 0;
    size_t k = i;
    for (; k < l->n && is_letter_alone(page, &page->v[l->word[k]]); k++) {
        if (k == i) continue;
        const struct word *w = &page->v[l->word[k]], *before = &page->v[l->word[k - 1]];
        float gap = w->x0 - before->x1;
        if (k == i + 1) usual = gap;
        if (fabsf(gap - usual) > 0.02f * w->size || gap > 0.2f * w->size) break;
    }
    return k - i >= LETTERS ? k : i;
}

/* Thai and Lao write am as one letter, which is drawn as two: a ring and, perhaps behind the sign of the
 * tone, aa. */
static size_t join_am(uint32_t *c, size_t n)
{
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t script = c[i] & ~0x7Fu;
        size_t aa = i + 1 < n && c[i + 1] >= (script | 0x48) && c[i + 1] <= (script | 0x4B) ? i + 2 : i + 1;
        bool ring = (c[i] == 0xE4D || c[i] == 0xECD) && aa < n && c[aa] == (script | 0x32);
        if (ring)
            c[aa] = script | 0x33;
        else
            c[out++] = c[i];
    }
    return out;
}

void text_of_line(struct buf *out, const struct words_page *page, const struct line *l, int *turned,
                  struct arena *scratch)
{
    size_t bytes = 0, n = 0;
    bool any_rtl = false;
    for (size_t i = 0; i < l->n; i++) bytes += page->v[l->word[i]].n + MAX_BLANKS;
    uint32_t *c = NEW(scratch, uint32_t, bytes + 1);
    for (size_t i = 0, spaced = 0, from = 0; i < l->n; i++) {
        if (i >= spaced) from = i, spaced = end_of_spaced(page, l, i);
        const struct word *w = &page->v[l->word[i]];
        bool up = is_raised(page, l, i);
        bool apart = i && !up && (i == from || i >= spaced);
        int blanks = apart ? blanks_between(page, l, &page->v[l->word[i - 1]], w) : 0;
        while (blanks-- > 0) c[n++] = ' ';
        for (size_t k = 0; k < w->n;) {
            k += utf8_next(page->text + w->text + k, w->n - k, &c[n]);
            if (text_is_rtl(c[n])) any_rtl = true;
            if (up) c[n] = text_raised(c[n]);
            n++;
        }
    }
    if (any_rtl) bidi_to_logical(c, n, l->rtl, turned, scratch);
    size_t start = out->n;
    n = join_am(c, shorten_leaders(c, n));
    for (size_t i = 0; i < n; i++) {
        if (c[i] == ' ' && out->n == start) continue; /* what came before says nothing */
        if (c[i] == 0xAD && i + 1 == n)
            buf_addc(out, '-'); /* a soft hyphen that is seen */
        else if (c[i] < ' ')
            buf_addz(out, tex_sign(c[i]));
        else
            add_plain(out, c[i]);
    }
    while (out->n > start && out->s[out->n - 1] == ' ') out->s[--out->n] = 0;
}
