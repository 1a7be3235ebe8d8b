// words_rtl.cc: see words_rtl.hh.
#include "extract/words_rtl.hh"

#include <algorithm>
#include <tuple>

bool rtl_is(unsigned c)
{
    return (c >= 0x590 && c <= 0x8FF) || (c >= 0xFB1D && c <= 0xFDFF) ||
           (c >= 0xFE70 && c <= 0xFEFC);
}

std::vector<unsigned> rtl_chars(const TextWord &t)
{
    std::vector<unsigned> u;
    for (int i = 0; i < t.getLength(); i++) u.push_back(*t.getChar(i));
    return u;
}

namespace
{

constexpr unsigned LAM = 0x644;

// Where character i begins, along its line.
double char_start(const TextWord &t, size_t i)
{
    double x0, y0, x1, y1;
    t.getCharBBox(static_cast<int>(i), &x0, &y0, &x1, &y1);
    switch (t.getRotation() & 3) {
    case 1: return y0;
    case 2: return x1;
    case 3: return y1;
    default: return x0;
    }
}

bool is_mark(unsigned c)
{
    return (c >= 0x591 && c <= 0x5C7) || (c >= 0x610 && c <= 0x61A) || (c >= 0x64B && c <= 0x65F) ||
           c == 0x670 || (c >= 0x6D6 && c <= 0x6ED);
}

bool is_alef(unsigned c)
{
    return c == 0x622 || c == 0x623 || c == 0x625 || c == 0x627;
}

// Turns each part that reads from right to left around.
void show(std::vector<unsigned> &u, size_t from, size_t to)
{
    for (size_t i = from, j; i < to; i = j) {
        for (j = i + 1; j < to && rtl_is(u[j]) == rtl_is(u[i]); j++) {
        }
        if (rtl_is(u[i]))
            std::reverse(u.begin() + static_cast<long>(i), u.begin() + static_cast<long>(j));
    }
}

bool any_rtl(const TextWord &t)
{
    for (int i = 0; i < t.getLength(); i++)
        if (rtl_is(*t.getChar(i))) return true;
    return false;
}

bool is_lone(const TextWord &t)
{
    for (int i = 0; i < t.getLength(); i++)
        if (!is_mark(*t.getChar(i))) return false;
    return t.getLength() > 0 && t.getRotation() == 0;
}

// The letter that stands at x in the word.
size_t letter_at(const TextWord &t, double x)
{
    double x0, y0, x1, y1;
    for (int i = 0; i < t.getLength(); i++) {
        t.getCharBBox(i, &x0, &y0, &x1, &y1);
        if (x <= x1) return static_cast<size_t>(i);
    }
    return static_cast<size_t>(std::max(t.getLength() - 1, 0));
}

} // namespace

rtl_clusters::rtl_clusters(const std::vector<rtl_cluster> &all)
{
    for (const rtl_cluster &c : all) {
        by_x.emplace_back(c.x, &c);
        by_y.emplace_back(c.y, &c);
    }
    std::sort(by_x.begin(), by_x.end());
    std::sort(by_y.begin(), by_y.end());
}

// How many characters from i on are one cluster; 1: none.
size_t rtl_clusters::length_at(const TextWord &t, const std::vector<unsigned> &u, size_t i) const
{
    constexpr double NEAR = 0.02;
    constexpr int MOST = 1000; // looked at
    bool side = t.getRotation() & 1;
    double x0, y0, x1, y1, at = char_start(t, i);
    t.getBBox(&x0, &y0, &x1, &y1);
    const std::vector<place> &v = side ? by_y : by_x;
    auto k = std::lower_bound(v.begin(), v.end(), place(at - NEAR, nullptr));
    for (int seen = 0; k != v.end() && k->first <= at + NEAR && seen < MOST; ++k, seen++) {
        const rtl_cluster &c = *k->second;
        double across = side ? c.x : c.y;
        if (across < (side ? x0 : y0) || across > (side ? x1 : y1)) continue;
        if (c.text.size() <= u.size() - i &&
            std::equal(c.text.begin(), c.text.end(), u.begin() + static_cast<long>(i)))
            return c.text.size();
    }
    return 1;
}

// A glyph that stands for alef and lam is none: it is stored as seen.
void rtl_clusters::settle(const TextWord &t, std::vector<unsigned> &u) const
{
    for (size_t i = 0, n; i < u.size(); i += n) {
        n = length_at(t, u, i);
        if (n > 1 && !(n == 2 && is_alef(u[i]) && u[i + 1] == LAM)) show(u, i, i + n);
    }
}

rtl_marks::rtl_marks(TextWordList *list)
{
    constexpr size_t MOST = 500;
    int words = list ? list->getLength() : 0;
    double x0, y0, x1, y1;
    for (int k = 0; k < words && marks.size() < MOST; k++) {
        const TextWord *t = list->get(k);
        if (!is_lone(*t)) continue;
        t->getBBox(&x0, &y0, &x1, &y1);
        marks.push_back({0.5 * (x0 + x1), 0.5 * (y0 + y1), t, false});
    }
    std::sort(marks.begin(), marks.end(), [](const auto &a, const auto &b) { return a.x < b.x; });
    for (int k = 0; k < words && !marks.empty(); k++) host(*list->get(k));
    std::sort(hosted.begin(), hosted.end(), [](const auto &a, const auto &b) {
        return std::tie(a.word, a.at, a.pos) < std::tie(b.word, b.at, b.pos);
    });
    for (const auto &h : hosted) moved.push_back(h.mark);
    std::sort(moved.begin(), moved.end());
}

bool rtl_marks::are_elsewhere(const TextWord &t) const
{
    return std::binary_search(moved.begin(), moved.end(), &t);
}

void rtl_marks::add(const TextWord &t, std::vector<unsigned> &u) const
{
    size_t added = 0;
    auto h = std::lower_bound(hosted.begin(), hosted.end(), &t,
                              [](const auto &a, const TextWord *word) { return a.word < word; });
    for (; h != hosted.end() && h->word == &t; ++h) {
        std::vector<unsigned> m = rtl_chars(*h->mark);
        u.insert(u.begin() + static_cast<long>(h->at + added), m.begin(), m.end());
        added += m.size();
    }
}

void rtl_marks::host(const TextWord &t)
{
    double x0, y0, x1, y1;
    if (t.getRotation() != 0 || is_lone(t) || !any_rtl(t)) return;
    t.getBBox(&x0, &y0, &x1, &y1);
    double over = 0.5 * t.getFontSize(); // over what follows a mark may hang
    auto m = std::lower_bound(marks.begin(), marks.end(), x0 - over,
                              [](const auto &a, double x) { return a.x < x; });
    for (; m != marks.end() && m->x <= x1; ++m) {
        int pos = m->mark->getCharPos();
        bool first = pos + m->mark->getCharLen() == t.getCharPos();
        if ((!first && m->x < x0) || m->y < y0 || m->y > y1 || m->is_hosted) continue;
        hosted.push_back({&t, first ? 0 : letter_at(t, m->x), pos, m->mark});
        m->is_hosted = true;
    }
}
