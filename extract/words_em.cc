// words_em.cc: see words_em.hh.
#include "extract/words_em.hh"

#include <algorithm>
#include <string>

namespace
{

double char_width(const TextWord &t, size_t i)
{
    double x0, y0, x1, y1;
    t.getCharBBox(static_cast<int>(i), &x0, &y0, &x1, &y1);
    return t.getRotation() & 1 ? y1 - y0 : x1 - x0;
}

// The signs that are as wide as their font is large: kana, ideographs, syllables of hangul.
bool is_square(unsigned c)
{
    return (c >= 0x3041 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3);
}

// Fonts whose glyphs are drawings have no name.
bool is_nameless(const TextWord &t)
{
    const TextFontInfo *info = t.getLength() ? t.getFontInfo(0) : nullptr;
    return info && (!info->getFontName() || info->getFontName()->toStr().empty());
}

} // namespace

em_widths widths_of(TextWordList &list)
{
    em_widths widths;
    for (int k = 0; k < list.getLength(); k++) {
        const TextWord &t = *list.get(k);
        if (!(t.getFontSize() > 0) || !is_nameless(t)) continue;
        for (int i = 0; i < t.getLength(); i++) {
            unsigned c = *t.getChar(i);
            bool square = is_square(c), small = c >= 'a' && c <= 'z';
            if (!square && !small) continue;
            double width = char_width(t, static_cast<size_t>(i)) / t.getFontSize();
            em_width &em = widths[t.getFontInfo(0)];
            if (small) em.small += width, em.n_small++;
            if (square) em.most = std::max(em.most, width);
            em.spaced = em.spaced || (square && c >= 0xAC00);
        }
    }
    return widths;
}

double size_of(const TextWord &t, const em_widths &widths, bool *spaced)
{
    constexpr double NARROW = 0.67, WIDE_LETTERS = 0.7, SMALL_LETTER = 0.5;
    constexpr size_t MANY = 12;
    auto of = t.getLength() ? widths.find(t.getFontInfo(0)) : widths.end();
    if (of == widths.end()) return t.getFontSize();
    double mean =
        of->second.n_small >= MANY ? of->second.small / static_cast<double>(of->second.n_small) : 0;
    if (mean > WIDE_LETTERS) return t.getFontSize() * mean / SMALL_LETTER;
    if (of->second.most < 0.1 || of->second.most >= NARROW) return t.getFontSize();
    *spaced = of->second.spaced;
    return t.getFontSize() * of->second.most;
}
