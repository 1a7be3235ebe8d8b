// words.cc: see words.h.
//
// The words of a page come from one run of poppler's own text device over it.  The public interface
// would run once for the words and once more for their order in the content stream, copy the table
// of objects and list the fonts of the file on the way; and it tells neither the rendering mode nor
// what is off the page.
#include "extract/words.h"

#include "extract/clusters.hh"
#include "extract/page_run.hh"
#include "extract/watched_stream.hh"
#include "extract/words_em.hh"
#include "extract/words_rtl.hh"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <Catalog.h>
#include <ErrorCodes.h>
#include <GfxState.h>
#include <GlobalParams.h>
#include <PDFDoc.h>
#include <Stream.h>
#include <TextOutputDev.h>
#include <UTF.h>
#include <goo/GooString.h>
#include <goo/gmem.h>

namespace
{

// What the name of a font tells.
struct font {
    std::string name;
    bool bold, mono;
};

constexpr size_t MAX_MARKS = 400000; // characters of a page
// Of a page: poppler brings words into its own order in a time that grows with their square, 11,000
// of them, each for itself, in four seconds; a page of more is taken in the order of its content
// stream.
constexpr size_t MAX_ORDERED = 6000, MAX_WORDS = 100000, MAX_CHARS = 1000000;
constexpr double WHITE = 0.94, OPAQUE = 0.05;

constexpr size_t MAX_CLUSTERS = 50000, MAX_BLANKS = 100000;
constexpr int MAX_CLUSTER = 100; // characters
constexpr double LINES = 4;      // base lines of blanks that are told apart within a point

constexpr size_t MAX_RULES = 20000;
constexpr double SHORT = 5, THICK = 3; // points: shorter is no border of cells, nor is thicker
constexpr double WIDE = 20, TALL = 8;  // less is no ground of a row

// Scripts in which a glyph may stand for a part of what its neighbour says, and then says nothing
// itself.  It is not a gap between words, if its font has another glyph for that.
bool has_clusters(Unicode c)
{
    bool tibetan = c >= 0xF00 && c <= 0xFFF;
    return rtl_is(c) || cluster_is(c) || tibetan || c == 0x200B;
}

// poppler's text device, which also notes the characters that may not be seen, and lines.
class text_device : public TextOutputDev
{
  public:
    explicit text_device(bool in_stream_order)
        : TextOutputDev(nullptr, false, 0, in_stream_order, false), is_last(in_stream_order),
          orders(!in_stream_order), most_words(in_stream_order ? MAX_WORDS : MAX_ORDERED)
    {
    }
    bool full = false; // the page has more than is taken of one
    bool is_last;      // what is full is not read once more
    std::vector<mark> marks;
    std::vector<rule> rules, bars, blanks; // vertical, horizontal; words.h
    std::vector<rtl_cluster> clusters;     // that read from right to left
    size_t off = 0;
    size_t rtl_blanks = 0; // of the blanks, those behind what reads from right to left

    void startPage(int number, GfxState *state, XRef *xref) override
    {
        marks.clear();
        rules.clear();
        bars.clear();
        clusters.clear();
        blanks.clear();
        actual.clear();
        off = 0;
        was_outside = in_cluster = was_rtl = false;
        rtl_blanks = 0;
        blank_font = nullptr;
        is_actual = false;
        table = xref;
        at_work = cluster();
        full = false;
        is_last = !orders;
        words = chars = 0;
        TextOutputDev::startPage(number, state, xref);
    }

    void drawChar(GfxState *state, double x, double y, double dx, double dy, double x0, double y0,
                  CharCode code, int bytes, const Unicode *u, int n) override
    {
        count(x, y, dx, dy);
        if (full) return;
        bool space = n > 0 && (u[0] == ' ' || u[0] == 0xa0);
        note(state, x + 0.5 * dx, y + 0.5 * dy, space);
        if (space) note_blank(state, x, y, dx, dy);
        if (!space && n > 0) was_rtl = rtl_is(u[n - 1]);
        if (!actual.empty())
            note_cluster(state, x, y, std::exchange(actual, {}));
        else if (n > 1 && rtl_is(u[0]))
            note_cluster(state, x, y, std::vector<unsigned>(u, u + n));
        if (space) blank_font = state->getFont().get();
        bool lost = n == 0 && in_cluster && dx > 0 && blank_font == state->getFont().get();
        in_cluster = lost || (n > 0 && has_clusters(u[n - 1]));
        if (!may_be_of_cluster(u, n, dx))
            end_cluster(state);
        else if (take_cluster(state, cluster_glyph{x, y, dx, dy, code, bytes, 0, {u, u + n}}))
            return;
        static const Unicode nothing = 0x200B;
        if (lost) u = &nothing, n = 1;
        TextOutputDev::drawChar(state, x, y, dx, dy, x0, y0, code, bytes, u, n);
    }

    void updateFont(GfxState *state) override
    {
        end_cluster(state);
        TextOutputDev::updateFont(state);
    }
    void endTextObject(GfxState *state) override
    {
        end_cluster(state);
        TextOutputDev::endTextObject(state);
    }

    // Puts the words in order: what is full is read once more, in another order, where there is time.
    void endPage() override
    {
        if (!full || is_last) TextOutputDev::endPage();
    }

    void beginActualText(GfxState *state, const GooString *text) override
    {
        Unicode *u = nullptr;
        int n = TextStringToUCS4(text->toStr(), &u);
        actual.assign(u, u + (n > 1 && n <= MAX_CLUSTER ? n : 0));
        if (std::none_of(actual.begin(), actual.end(), rtl_is)) actual.clear();
        gfree(u);
        end_cluster(state);
        is_actual = true;
        TextOutputDev::beginActualText(state, text);
    }
    void endActualText(GfxState *state) override
    {
        actual.clear();
        is_actual = false;
        TextOutputDev::endActualText(state);
    }

    void stroke(GfxState *state) override
    {
        TextOutputDev::stroke(state);
        note_path(state, true);
    }
    void fill(GfxState *state) override
    {
        TextOutputDev::fill(state);
        note_path(state, false);
    }
    void eoFill(GfxState *state) override
    {
        TextOutputDev::eoFill(state);
        note_path(state, false);
    }

  private:
    bool was_outside = false;
    bool in_cluster = false;
    bool was_rtl = false;                // the last character that is no blank
    const GfxFont *blank_font = nullptr; // one that has drawn a blank
    std::vector<unsigned> actual; // what stands for the glyphs that come, from the first one on
    bool is_actual = false;       // other text stands for what is drawn
    cluster at_work;
    cluster_fonts fonts_of_clusters;
    XRef *table = nullptr;
    const bool orders;
    const size_t most_words;
    size_t words = 0, chars = 0;
    double next_x = 0, next_y = 0; // where a character would stand that goes on from the last one

    // A character that does not stand close behind the one before begins a word, or nearly.
    void count(double x, double y, double dx, double dy)
    {
        bool begins = fabs(x - next_x) + fabs(y - next_y) > 0.3 * (fabs(dx) + fabs(dy));
        next_x = x + dx;
        next_y = y + dy;
        full = full || (words += begins) > most_words || ++chars > MAX_CHARS;
    }

    // By what the file says of a glyph: where that is nothing, its font has to be asked.
    bool may_be_of_cluster(const Unicode *u, int n, double dx) const
    {
        return !is_actual && (n > 0 ? cluster_is(u[0]) : !at_work.is_empty() || dx > 0);
    }

    // False: the glyph, which may be of one, is none of a cluster.
    bool take_cluster(GfxState *state, cluster_glyph &&g)
    {
        bool known = false, says = !g.said.empty();
        g.own = fonts_of_clusters.char_of(state->getFont().get(), g.code, table, &known);
        if (!says && !known) {
            end_cluster(state);
            return false;
        }
        if (!says && !g.own)
            g.own = fonts_of_clusters.vowel_of(state->getFont().get(), g.code);
        if (at_work.take(g)) return true;
        end_cluster(state);
        return at_work.take(g);
    }

    void end_cluster(GfxState *state)
    {
        if (at_work.is_empty()) return;
        cluster_glyph g;
        std::vector<unsigned> text = at_work.end(&g);
        if (text.empty()) text.push_back(0x200B);
        TextOutputDev::drawChar(state, g.x, g.y, g.dx, g.dy, 0, 0, g.code, g.bytes, text.data(),
                                static_cast<int>(text.size()));
    }

    void note_cluster(GfxState *state, double x, double y, std::vector<unsigned> text)
    {
        rtl_cluster c;
        state->transform(x, y, &c.x, &c.y);
        c.text = std::move(text);
        if (clusters.size() < MAX_CLUSTERS) clusters.push_back(std::move(c));
    }

    void note_blank(GfxState *state, double x, double y, double dx, double dy)
    {
        double x0, y0, x1, y1;
        state->transform(x, y, &x0, &y0);
        state->transform(x + dx, y + dy, &x1, &y1);
        if (fabs(y1 - y0) >= 0.01 || blanks.size() >= MAX_BLANKS) return;
        rtl_blanks += was_rtl;
        blanks.push_back(rule{static_cast<float>(round(LINES * y0) / LINES), static_cast<float>(x0),
                              static_cast<float>(x1)});
    }

    static void note_rule(std::vector<rule> *rules, double at, double from, double to)
    {
        if (from > to) std::swap(from, to);
        if (!(to - from >= SHORT) || rules->size() >= MAX_RULES) return;
        rules->push_back(
            rule{static_cast<float>(at), static_cast<float>(from), static_cast<float>(to)});
    }

    // The upright and the level ones of the n - 1 lines of a path: those that are drawn, the middle
    // of a box that is filled and as narrow as a line, the edges of one that may be the ground of a
    // row.
    void note_lines(const GfxState *state, const GfxSubpath *s, bool drawn)
    {
        double x[6], y[6];
        double box[4] = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
        int n = s->getNumPoints();
        for (int k = 0; k < n; k++) {
            state->transform(s->getX(k), s->getY(k), &x[k], &y[k]);
            box[0] = std::min(box[0], x[k]), box[2] = std::max(box[2], x[k]);
            box[1] = std::min(box[1], y[k]), box[3] = std::max(box[3], y[k]);
        }
        bool upright = drawn || box[2] - box[0] <= THICK, level = drawn || box[3] - box[1] <= THICK;
        if (!upright && !level && box[2] - box[0] >= WIDE && box[3] - box[1] >= TALL)
            for (int edge = 1; edge <= 3; edge += 2) note_rule(&bars, box[edge], box[0], box[2]);
        for (int k = 0; k + 1 < n; k++) {
            if (s->getCurve(k + 1)) continue;
            if (upright && fabs(x[k + 1] - x[k]) < 1)
                note_rule(&rules, drawn ? x[k] : 0.5 * (box[0] + box[2]), y[k], y[k + 1]);
            if (level && fabs(y[k + 1] - y[k]) < 1)
                note_rule(&bars, drawn ? y[k] : 0.5 * (box[1] + box[3]), x[k], x[k + 1]);
        }
    }

    void note_path(const GfxState *state, bool drawn)
    {
        const GfxPath *path = state->getPath();
        for (int i = 0; i < path->getNumSubpaths(); i++) {
            const GfxSubpath *s = path->getSubpath(i);
            if (s->getNumPoints() >= 2 && s->getNumPoints() <= 6) note_lines(state, s, drawn);
        }
    }

    // A mark stands a little above the base line, upwards as letters are: pages that are written downwards (weasyprint,
    // browsers) turn them by the matrix of the text.
    void note(GfxState *state, double x, double y, bool space)
    {
        double px, py, ux, uy;
        state->transform(x, y, &px, &py);
        bool outside =
            px < 0 || py < 0 || px > state->getPageWidth() || py > state->getPageHeight();
        if (outside && !space && !was_outside) off++;
        was_outside = outside && !space;
        if (outside || space || marks.size() >= MAX_MARKS) return;
        bool none = leaves_none(state);
        if (!none && !is_white(state)) return;
        double up = 0.3 * state->getFontSize();
        state->textTransformDelta(0, up, &ux, &uy);
        state->transformDelta(ux, uy, &ux, &uy);
        marks.push_back(mark{static_cast<float>(px + ux), static_cast<float>(py + uy),
                             none ? MARK_NONE : MARK_WHITE});
    }

    // poppler has letters that a pattern fills drawn as a path to clip by: that is no mode of the page.
    static bool leaves_none(GfxState *state)
    {
        int mode = state->getRender() & 7;
        if (mode == 7 && state->getFillColorSpace()->getMode() == csPattern) return false;
        return mode == 3 || mode == 7 || (mode == 0 && state->getFillOpacity() < OPAQUE);
    }

    static bool is_white(GfxState *state)
    {
        GfxRGB rgb;
        if (state->getRender() & 7) return false;
        state->getFillRGB(&rgb);
        return colToDbl(rgb.r) > WHITE && colToDbl(rgb.g) > WHITE && colToDbl(rgb.b) > WHITE;
    }
};

// poppler reports damage only through its error callback, as English text.
bool *damage;

void note_damage(ErrorCategory, Goffset, const char *msg)
{
    static const char *const signs[] = {"xref", "trailer", "may not be a PDF file"};
    for (const char *s : signs)
        if (damage && strstr(msg, s)) *damage = true;
}

} // namespace

struct words_doc {
    GlobalParamsIniter params{note_damage};
    byte_watch watch;
    std::unique_ptr<PDFDoc> pdf;
    std::unique_ptr<page_runner<text_device>> runner; // over pdf
    std::vector<font> fonts; // of the page read last; the last one is looked at first
    size_t last = 0;
};

namespace
{

bool is_on_page; // memory that is asked for in vain costs the rest of it

// Memory that nobody touches, set aside while poppler runs a page: where a page takes all the rest, what
// came before is brought into order in this.  It counts as taken (RLIMIT_DATA), and costs nothing else.
struct spare_memory {
    void *at = MAP_FAILED;
    size_t n = 0;

    void take()
    {
        constexpr size_t SHARE = 3, MOST = 256 << 20;
        struct rlimit most;
        if (getrlimit(RLIMIT_DATA, &most) || most.rlim_cur == RLIM_INFINITY) return;
        n = std::min(static_cast<size_t>(most.rlim_cur) / SHARE, MOST);
        at = mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    void give()
    {
        if (at != MAP_FAILED) munmap(at, n);
        at = MAP_FAILED;
    }
} spare;

struct on_page {
    on_page()
    {
        is_on_page = true;
        spare.take();
    }
    ~on_page()
    {
        is_on_page = false;
        spare.give();
    }
};

// Else a page must not go missing because memory ran out: the end of the process, as in base/mem.h.
void no_memory()
{
    spare.give();
    if (is_on_page) throw std::bad_alloc();
    static const char why[] = "deepread-extract: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, why, sizeof why - 1);
    (void)ignored;
    _exit(6);
}

char *copy(const char *s, size_t n)
{
    char *p = static_cast<char *>(malloc(n + 1));
    if (!p) throw std::bad_alloc();
    if (n) memcpy(p, s, n);
    p[n] = 0;
    return p;
}

void add_utf8(std::string &out, unsigned c)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = 0xFFFD;
    if (c < 0x80) {
        out += static_cast<char>(c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    out += static_cast<char>((more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0) | c >> (6 * more));
    while (more-- > 0) out += static_cast<char>(0x80 | (c >> (6 * more) & 0x3F));
}

// UTF-16 or code points.  poppler's own conversion gives nothing at all for one bad surrogate.
std::string utf8(const unsigned *u, size_t n)
{
    std::string out;
    for (size_t i = 0; i < n; i++) {
        unsigned c = u[i];
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < n && u[i + 1] >= 0xDC00 && u[i + 1] < 0xE000)
            c = 0x10000 + ((c - 0xD800) << 10) + (u[++i] - 0xDC00u);
        if (c) add_utf8(out, c);
    }
    return out;
}

std::string label_of(PDFDoc *pdf, int i)
{
    GooString raw;
    Unicode *u = nullptr;
    if (!pdf->getCatalog()->indexToLabel(i, &raw)) return std::string();
    int n = TextStringToUCS4(raw.toStr(), &u);
    std::string s = n > 0 ? utf8(u, static_cast<size_t>(n)) : std::string();
    gfree(u);
    return s;
}

bool has(const std::string &s, const char *part)
{
    return s.find(part) != std::string::npos;
}

// The number of a font, from 1.
size_t font_of(words_doc *d, const std::string &name)
{
    if (d->last < d->fonts.size() && d->fonts[d->last].name == name) return d->last + 1;
    for (d->last = 0; d->last < d->fonts.size(); d->last++)
        if (d->fonts[d->last].name == name) return d->last + 1;
    if (d->fonts.size() >= 4096) return d->last = d->fonts.size();
    bool bold = has(name, "Bold") || has(name, "bold") || has(name, "Black") ||
                has(name, "Heavy") || has(name, "CMBX") || has(name, "Demi");
    bool mono = has(name, "Mono") || has(name, "Courier") || has(name, "CMTT") ||
                has(name, "Consol") || has(name, "Typewriter");
    d->fonts.push_back(font{name, bold, mono});
    return d->fonts.size();
}

void take_font(words_doc *d, const TextWord &t, word *w)
{
    const TextFontInfo *info = t.getFontInfo(0);
    const GooString *name = info ? info->getFontName() : nullptr;
    size_t f = font_of(d, name ? name->toStr() : std::string());
    w->font = static_cast<int>(f);
    w->bold = d->fonts[f - 1].bold;
    w->mono = d->fonts[f - 1].mono;
    w->vertical = info && info->getWMode() == 1;
}

constexpr float ABOVE = 1.05f, BELOW = 0.45f;   // of the size, on both sides of the base line: most
constexpr float ASCENT = 0.9f, DESCENT = 0.22f; // the same: usual

// The height of such a font, guessed as well, can be that of two lines: the box is cut, lest it lie
// as much on the lines beside its own.  Or it is that of half a line, and grows.
void settle_box(const TextWord &t, float size, word *w)
{
    if (w->vertical || !(size > 0)) return;
    float base = static_cast<float>(t.getBaseline());
    if (static_cast<double>(size) < t.getFontSize()) {
        w->y0 = std::max(w->y0, base - size * ABOVE);
        w->y1 = std::min(w->y1, base + size * BELOW);
    } else {
        w->y0 = std::min(w->y0, base - size * ASCENT);
        w->y1 = std::max(w->y1, base + size * DESCENT);
    }
}

void take_word(words_doc *d, const rtl_clusters &clusters, const rtl_marks &marks,
               const TextWord &t, const em_widths &widths, std::string &pool, word *w)
{
    double x0, y0, x1, y1;
    std::vector<unsigned> u = rtl_chars(t);
    t.getBBox(&x0, &y0, &x1, &y1);
    w->x0 = static_cast<float>(x0);
    w->y0 = static_cast<float>(y0);
    w->x1 = static_cast<float>(x1);
    w->y1 = static_cast<float>(y1);
    bool spaced = false;
    float size = static_cast<float>(size_of(t, widths, &spaced));
    // The blanks of justified hangul are as wide as signs: by its true size they would part
    // columns.
    w->size = spaced ? static_cast<float>(t.getFontSize()) : size;
    w->turn = t.getRotation() & 3;
    w->space_after = t.hasSpaceAfter();
    if (!u.empty()) take_font(d, t, w);
    bool guessed = std::fabs(static_cast<double>(size) - t.getFontSize()) > 0.01 * t.getFontSize();
    if (guessed && w->turn == 0) settle_box(t, size, w);
    if (std::any_of(u.begin(), u.end(), rtl_is)) {
        clusters.settle(t, u);
        marks.add(t, u);
    }
    std::string s = utf8(u.data(), u.size());
    w->stream = -1;
    w->text = pool.size();
    w->n = s.size();
    pool += s;
}

std::unique_ptr<run_device<text_device>> make_device()
{
    return std::make_unique<run_device<text_device>>(false);
}

// For pages of more words than poppler brings into order.
std::unique_ptr<run_device<text_device>> make_crowded()
{
    return std::make_unique<run_device<text_device>>(true);
}

// The order of the words in the content stream.
std::vector<size_t> order_of(TextWordList &list, const std::vector<int> &from)
{
    std::vector<size_t> order(from.size());
    for (size_t i = 0; i < order.size(); i++) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return list.get(from[a])->getCharPos() < list.get(from[b])->getCharPos();
    });
    return order;
}

// One East Asian sign, upright; bullets and boxes to tick are none.
bool is_sign(const word &w, const std::string &pool)
{
    unsigned char lead = static_cast<unsigned char>(pool[w.text]);
    return w.turn == 0 && !w.vertical && lead >= 0xE3 &&
           ((w.n == 3 && lead < 0xF0) || (w.n == 4 && lead == 0xF0));
}

// Some producers write from top to bottom sign by sign, with a font that is set across: where they
// follow each other downwards, closer than lines do, they are turned as those of a vertical font.
void settle_vertical(word *v, const std::vector<size_t> &order, const std::string &pool)
{
    constexpr size_t FEW = 8;
    size_t down = 0, across = 0;
    for (size_t i = 1; i < order.size(); i++) {
        const word &a = v[order[i - 1]], &b = v[order[i]];
        if (!is_sign(a, pool) || !is_sign(b, pool)) continue;
        float dx = 0.5f * (b.x0 + b.x1 - a.x0 - a.x1), dy = 0.5f * (b.y0 + b.y1 - a.y0 - a.y1);
        down += fabsf(dx) < 0.3f * a.size && dy > 0.7f * a.size && dy < 1.35f * a.size;
        across += fabsf(dy) < 0.3f * a.size && dx > 0;
    }
    if (down < FEW || down < 3 * across) return;
    for (size_t i : order)
        if (is_sign(v[i], pool)) v[i].turn = 1, v[i].vertical = true;
}

// Their places in the content stream.
void place_words(word *v, const std::vector<size_t> &order)
{
    long at = 0;
    for (size_t i : order) {
        v[i].stream = at;
        at += static_cast<long>(v[i].n);
    }
}

} // namespace

enum words_status words_open(struct words_doc **out, const void *bytes, size_t n,
                             const char *password, bool *rebuilt)
{
    *out = nullptr;
    *rebuilt = false;
    if (n > INT_MAX) return WORDS_DAMAGED;
    std::set_new_handler(no_memory);
    damage = rebuilt;
    enum words_status status = WORDS_DAMAGED;
    try {
        std::unique_ptr<words_doc> d(new words_doc);
        auto *s = new watched_stream(static_cast<const char *>(bytes), 0, static_cast<Goffset>(n),
                                     Object(objNull), &d->watch);
        std::optional<GooString> opens;
        if (password) opens.emplace(password);
        d->pdf = std::make_unique<PDFDoc>(s, opens, opens);
        if (d->pdf->isOk()) {
            d->runner = std::make_unique<page_runner<text_device>>(d->pdf.get(), make_device,
                                                                   make_crowded);
            d->watch.limit = &d->runner->limit;
            *out = d.release();
            status = WORDS_OK;
        } else if (d->pdf->getErrorCode() == errEncrypted) {
            status = WORDS_LOCKED;
        }
    } catch (...) {
    }
    damage = nullptr;
    return status;
}

void words_close(struct words_doc *d)
{
    delete d;
}

void words_limit(struct words_doc *d, bool (*is_enough)(void *ctx), void *ctx)
{
    d->runner->limit.is_enough = is_enough;
    d->runner->limit.ctx = ctx;
}

int words_pages(const struct words_doc *d)
{
    int n = d->pdf->getNumPages();
    return n > 0 ? n : 0;
}

namespace
{

template <typename item> item *copy_items(const item *from, size_t n)
{
    auto *p = static_cast<item *>(calloc(n + 1, sizeof(item)));
    if (!p) throw std::bad_alloc();
    if (n) memcpy(p, from, n * sizeof(item));
    return p;
}

void take_size(Page *page, struct words_page *out)
{
    const PDFRectangle *r = page->getCropBox();
    bool side = page->getRotate() % 180 != 0;
    double w = fabs(r->x2 - r->x1), h = fabs(r->y2 - r->y1);
    out->width = static_cast<float>(side ? h : w);
    out->height = static_cast<float>(side ? w : h);
}

// Sorts lines; those of one height that touch become one: a border is often drawn cell by cell.
void join_rules(std::vector<rule> *rules)
{
    std::vector<rule> &v = *rules;
    size_t n = 0;
    std::sort(v.begin(), v.end(), [](const rule &a, const rule &b) { return a.at < b.at; });
    for (size_t i = 0, j; i < v.size(); i = j) {
        for (j = i + 1; j < v.size() && v[j].at - v[i].at <= 1; j++) continue;
        std::sort(v.begin() + static_cast<long>(i), v.begin() + static_cast<long>(j),
                  [](const rule &a, const rule &b) { return a.from < b.from; });
        size_t first = n;
        float at = v[i].at;
        for (size_t k = i; k < j; k++) {
            rule r = v[k];
            r.at = at;
            if (n > first && r.from <= v[n - 1].to + 1)
                v[n - 1].to = std::max(v[n - 1].to, r.to);
            else
                v[n++] = r;
        }
    }
    v.resize(n);
}

void take_blanks(std::vector<rule> *blanks, struct words_page *out)
{
    std::sort(blanks->begin(), blanks->end(), [](const rule &a, const rule &b) {
        return a.at != b.at ? a.at < b.at : a.from + a.to < b.from + b.to;
    });
    out->blank = copy_items(blanks->data(), blanks->size());
    out->n_blanks = blanks->size();
}

void note_end(const words_doc *d, struct words_page *out)
{
    out->halted = d->runner->limit.is_late();
    out->no_memory = d->runner->limit.no_memory;
}

void take_words(words_doc *d, int i, struct words_page *out)
{
    std::string pool;
    text_device &dev = d->runner->run(i + 1); // owns the words of the list
    out->cut = dev.full;
    note_end(d, out);
    std::unique_ptr<TextWordList> list = dev.makeWordList();
    size_t most = list ? static_cast<size_t>(list->getLength()) : 0, n = 0;
    std::vector<word> v(most + 1);
    std::vector<int> from;
    d->fonts.clear();
    em_widths widths = list ? widths_of(*list) : em_widths();
    rtl_clusters clusters(dev.clusters);
    rtl_marks marks(list.get());
    size_t rtl = 0;
    for (size_t k = 0; k < most; k++) {
        const TextWord &t = *list->get(static_cast<int>(k));
        v[n] = word();
        if (marks.are_elsewhere(t)) continue;
        take_word(d, clusters, marks, t, widths, pool, &v[n]);
        if (!v[n].n) continue;
        rtl += rtl_is(*t.getChar(0));
        from.push_back(static_cast<int>(k));
        n++;
    }
    if (!n && out->halted) throw std::runtime_error("enough");
    std::vector<size_t> order = order_of(*list, from);
    settle_vertical(v.data(), order, pool);
    place_words(v.data(), order);
    out->v = copy_items(v.data(), n);
    out->n = n;
    out->text = copy(pool.data(), pool.size());
    out->mark = copy_items(dev.marks.data(), dev.marks.size());
    out->n_marks = dev.marks.size();
    out->n_off = dev.off;
    if (rtl && 3 * dev.rtl_blanks > rtl) take_blanks(&dev.blanks, out);
    join_rules(&dev.rules);
    join_rules(&dev.bars);
    out->rule = copy_items(dev.rules.data(), dev.rules.size());
    out->n_rules = dev.rules.size();
    out->bar = copy_items(dev.bars.data(), dev.bars.size());
    out->n_bars = dev.bars.size();
}

} // namespace

bool words_read(struct words_doc *d, int i, struct words_page *out)
{
    *out = words_page();
    d->runner->limit.begin();
    on_page here;
    try {
        Page *page = d->pdf->getPage(i + 1);
        if (!page) return false;
        take_size(page, out);
        std::string label = label_of(d->pdf.get(), i);
        out->label = label.empty() ? nullptr : copy(label.data(), label.size());
        take_words(d, i, out);
        return true;
    } catch (const std::bad_alloc &) {
        d->runner->limit.no_memory = true;
    } catch (...) {
    }
    words_page_free(out);
    note_end(d, out);
    return false;
}

void words_page_free(struct words_page *p)
{
    free(p->v);
    free(p->text);
    free(p->label);
    free(p->mark);
    free(p->rule);
    free(p->bar);
    free(p->blank);
    *p = words_page();
}

int words_font_key(const struct words_doc *d, int font)
{
    if (font < 1 || static_cast<size_t>(font) > d->fonts.size()) return 0;
    unsigned h = 2166136261u;
    for (unsigned char c : d->fonts[static_cast<size_t>(font) - 1].name) h = (h ^ c) * 16777619u;
    return static_cast<int>(h & 0x7FFFFFFF);
}
