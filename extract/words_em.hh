// words_em.hh: the size of fonts whose glyphs are drawings, which say none.  C++ only, of this folder.
#ifndef EXTRACT_WORDS_EM_HH
#define EXTRACT_WORDS_EM_HH

#include <cstddef>
#include <map>

#include <TextOutputDev.h>

// By font, the widest square sign as a share of the size, and the small letters of Latin.
struct em_width {
    double most = 0;
    bool spaced = false; // hangul, whose words stand apart
    double small = 0;    // width of all of them, as a share of the size
    size_t n_small = 0;
};
using em_widths = std::map<const TextFontInfo *, em_width>;

// Of all such fonts of a page.
em_widths widths_of(TextWordList &list);

// poppler guesses the size of a font whose glyphs are drawings from the width of some letter.  With
// square signs, which it takes for letters, the guess is twice the size; with a narrow letter, half
// of it: small letters are half as wide as their font is large, on average.  `spaced` is set only
// in the first case.
double size_of(const TextWord &t, const em_widths &widths, bool *spaced);

#endif
