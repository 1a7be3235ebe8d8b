// clusters.cc: see clusters.hh.
#include "extract/clusters.hh"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <glib.h>

#include <fofi/FoFiTrueType.h>

namespace
{

constexpr size_t MAX_FONTS = 64;
constexpr size_t MAX_LETTERS = 32; // of a syllable
constexpr double NO_WIDTH = 0.02;  // of a mark, as a share of its letter's
constexpr unsigned RANGES[][2] = {
    {0x900, 0xDFF}, {0xE00, 0xEFF}, {0x1000, 0x109F}, {0x1780, 0x17FF}};

// Vowels that are drawn before the consonant that they are written behind.
bool is_before(unsigned c)
{
    switch (c) {
    case 0x93F:
    case 0x9BF:
    case 0x9C7:
    case 0x9C8:
    case 0xA3F:
    case 0xABF:
    case 0xB47:
    case 0xB48:
    case 0xBC6:
    case 0xBC7:
    case 0xBC8:
    case 0xD46:
    case 0xD47:
    case 0xD48:
    case 0xDD9:
    case 0xDDA:
    case 0xDDB:
    case 0x1031:
    case 0x17C1:
    case 0x17C2:
    case 0x17C3: return true;
    default: return false;
    }
}

bool is_mark(unsigned c)
{
    GUnicodeType t = g_unichar_type(c);
    return t == G_UNICODE_NON_SPACING_MARK || t == G_UNICODE_SPACING_MARK;
}

// In the blocks of the scripts of India signs of one kind have one place.
bool is_indic(unsigned c)
{
    return c >= 0x900 && c < 0xD80;
}

bool joins_consonants(unsigned c)
{
    return is_indic(c) && (c & 0x7F) == 0x4D;
}

// Behind such a mark a vowel comes: the killer of a vowel, the dot of a consonant.
bool is_of_consonant(unsigned c)
{
    return joins_consonants(c) || (is_indic(c) && (c & 0x7F) == 0x3C);
}

// Devanagari, Bengali, Gujarati, Oriya.
bool has_hooks(unsigned c)
{
    unsigned block = c & ~0x7Fu;
    return block == 0x900 || block == 0x980 || block == 0xA80 || block == 0xB00;
}

// An r without a vowel that is drawn as a hook over the syllable which it begins; it may be one
// with a vowel, and say all of a syllable.
bool is_hook(const cluster_glyph &g)
{
    return !g.own && g.said.size() >= 2 && (g.said[0] & 0x7F) == 0x30 && has_hooks(g.said[0]) &&
           joins_consonants(g.said[1]);
}

// A mark, or a consonant that is joined to the one before.
bool hangs_on(const std::vector<unsigned> &said)
{
    return joins_consonants(said[0]) ||
           (std::all_of(said.begin(), said.end(), is_mark) && !is_before(said[0]));
}

bool holds(const std::vector<unsigned> &said, const std::vector<unsigned> &letters)
{
    return std::all_of(letters.begin(), letters.end(), [&](unsigned c) {
        return std::find(said.begin(), said.end(), c) != said.end();
    });
}

double length(const cluster_glyph &g)
{
    return std::fabs(g.dx) + std::fabs(g.dy);
}

// Of a glyph that is its own code, which has two bytes.
double width_of(const GfxFont *font, unsigned glyph)
{
    char code[2] = {static_cast<char>(glyph >> 8), static_cast<char>(glyph & 0xFF)};
    const auto *cid = static_cast<const GfxCIDFont *>(font);
    return glyph > 0xFFFF || cid->getCIDToGID() ? 0 : cid->getWidth(code, 2);
}

// Where aa, i and ii are a stem, with or without a hook, they are of one width, whatever form i
// has.
void add_stems(const GfxFont *font, const std::map<unsigned, unsigned> &chars,
               std::map<double, unsigned> *vowels)
{
    for (const auto &[glyph, c] : chars) {
        unsigned block = c & ~0x7Fu, place = c & 0x7F;
        bool stems = block == 0x900 || block == 0x980 || block == 0xA80;
        double width = stems && (place == 0x3E || place == 0x40) ? width_of(font, glyph) : 0;
        if (width > 0) vowels->emplace(width, block | 0x3F);
    }
}

} // namespace

bool cluster_is(unsigned c)
{
    return std::any_of(std::begin(RANGES), std::end(RANGES),
                       [c](const unsigned *r) { return c >= r[0] && c <= r[1]; });
}

cluster_fonts::table cluster_fonts::read(GfxFont *font, XRef *xref)
{
    static constexpr int UNICODE[][2] = {{3, 10}, {3, 1}, {0, 4}, {0, 3}};
    table t;
    auto bytes = font->readEmbFontFile(xref);
    auto file =
        bytes ? FoFiTrueType::make(bytes->data(), static_cast<int>(bytes->size())) : nullptr;
    int cmap = -1;
    for (size_t i = 0; file && cmap < 0 && i < sizeof UNICODE / sizeof *UNICODE; i++)
        cmap = file->findCmap(UNICODE[i][0], UNICODE[i][1]);
    if (cmap < 0) return t;
    for (const unsigned *range : RANGES)
        for (unsigned c = range[0]; c <= range[1]; c++) {
            int glyph = file->mapCodeToGID(cmap, c);
            if (glyph <= 0) continue;
            t.chars.emplace(static_cast<unsigned>(glyph), c);
            double width = is_before(c) ? width_of(font, static_cast<unsigned>(glyph)) : 0;
            if (width > 0) t.vowels.emplace(width, c); // the first of them is the most usual one
        }
    add_stems(font, t.chars, &t.vowels);
    return t;
}

unsigned cluster_fonts::char_of(const GfxFont *font, CharCode code, XRef *xref, bool *known)
{
    *known = false;
    if (!font || !font->isCIDFont() || font->getID()->num < 0) return 0;
    auto at = fonts.find(font->getID()->num);
    if (at == fonts.end()) {
        if (fonts.size() >= MAX_FONTS) return 0;
        bool is_glyphs = font->getType() == fontCIDType2 || font->getType() == fontCIDType2OT;
        table t = is_glyphs ? read(const_cast<GfxFont *>(font), xref) : table();
        at = fonts.emplace(font->getID()->num, std::move(t)).first;
    }
    const auto &chars = at->second.chars;
    *known = !chars.empty();
    const auto *cid = static_cast<const GfxCIDFont *>(font);
    unsigned glyph = code;
    if (cid->getCIDToGID())
        glyph = code < cid->getCIDToGIDLen() ? static_cast<unsigned>(cid->getCIDToGID()[code]) : 0;
    auto c = chars.find(glyph);
    return c == chars.end() ? 0 : c->second;
}

unsigned cluster_fonts::vowel_of(const GfxFont *font, CharCode code) const
{
    auto at = fonts.find(font->getID()->num);
    if (at == fonts.end()) return 0;
    auto vowel = at->second.vowels.find(width_of(font, code));
    return vowel == at->second.vowels.end() ? 0 : vowel->second;
}

// Marks may stand anywhere on their letter; letters that follow stand behind it.
bool cluster::touches(const cluster_glyph &g) const
{
    double dx = g.x - first.x - first.dx, dy = g.y - first.y - first.dy;
    return std::fabs(dx) + std::fabs(dy) <= std::max(length(first), length(g));
}

void cluster::add_box(const cluster_glyph &g, bool is_mark)
{
    if (is_empty()) {
        first = g;
    } else if (!is_mark || length(g) > NO_WIDTH * length(first)) {
        first.dx = g.x + g.dx - first.x;
        first.dy = g.y + g.dy - first.y;
    }
    bytes += g.bytes;
}

// Of what the file says of a glyph that ends the syllable: it may say all of that, or of another
// one.
void cluster::add_said(std::vector<unsigned> said)
{
    for (size_t i = said.size(); i-- > 0;) {
        if (!is_before(said[i])) continue;
        auto drawn = std::find(before.begin(), before.end(), said[i]);
        if (drawn == before.end())
            said.erase(said.begin() + static_cast<long>(i));
        else
            before.erase(drawn);
    }
    if (holds(said, letters)) letters.clear();
    letters.insert(letters.end(), said.begin(), said.end());
}

// It is drawn behind the letters that it is spoken before.
void cluster::add_hook(const cluster_glyph &g)
{
    const std::vector<unsigned> &said = g.said;
    if (holds(said, letters)) {
        add_said(said);
        return;
    }
    letters.insert(letters.begin(), said.begin(), said.begin() + 2);
    if (length(g) > NO_WIDTH * length(first)) /* the vowel is in the glyph */
        std::copy_if(said.begin() + 2, said.end(), std::back_inserter(letters),
                     [](unsigned c) { return is_mark(c) && !is_of_consonant(c) && !is_before(c); });
}

bool cluster::take(const cluster_glyph &g)
{
    bool vowel = is_before(g.own), silent = g.said.empty(), hook = based && is_hook(g);
    bool mark = g.own ? is_mark(g.own) && !vowel : !silent && hangs_on(g.said);
    if (!is_empty()) {
        if (letters.size() + before.size() >= MAX_LETTERS || !touches(g)) return false;
        if (based && !mark && !hook) return false; // what marks stand on begins another
    }
    if (hook)
        add_hook(g);
    else if (vowel && silent)
        before.push_back(g.own);
    else if (g.own)
        letters.push_back(g.own);
    else
        add_said(g.said);
    add_box(g, mark || hook);
    based = based || (!silent && !(letters.size() && joins_consonants(letters.back())));
    return true;
}

std::vector<unsigned> cluster::end(cluster_glyph *place)
{
    *place = first;
    place->bytes = std::exchange(bytes, 0);
    based = false;
    std::vector<unsigned> text = std::exchange(letters, {});
    size_t at = text.size();
    while (at > 0 && is_mark(text[at - 1]) && !is_of_consonant(text[at - 1])) at--;
    if (!at) at = text.size();
    text.insert(text.begin() + static_cast<long>(at), before.begin(), before.end());
    before.clear();
    return text;
}
