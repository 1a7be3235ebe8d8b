// clusters.hh: the text of glyphs that stand for parts of a syllable: scripts of India, Thai and
// their kin.
//
// A producer may say the text of a whole syllable with its last glyph, and with the others nothing;
// and the next time that glyph ends another syllable, the file says the first one's.  The table of
// characters of the font itself, where it is embedded, knows better what a glyph is; what is drawn
// before the consonant that it is spoken after is put behind it.  Marks stay with their letters,
// wherever they are drawn. C++ only, of this folder.
#ifndef EXTRACT_CLUSTERS_HH
#define EXTRACT_CLUSTERS_HH

#include <map>
#include <vector>

#include <CharTypes.h>
#include <GfxFont.h>
#include <XRef.h>

// A character of such a script.
bool cluster_is(unsigned c);

// The characters of such scripts that embedded fonts have glyphs for.
class cluster_fonts
{
  public:
    // Of a font of TrueType whose codes are glyphs, the character of the glyph; 0: it has none, or
    // that is not known.  *known tells that the font has such a table.  The first time costs a
    // reading of the font.
    unsigned char_of(const GfxFont *font, CharCode code, XRef *xref, bool *known);
    // The vowel drawn before its consonant of which this glyph, which has no character, is another
    // form: it is as wide.  0: none, or nobody knows.  To be asked of fonts that are known.
    unsigned vowel_of(const GfxFont *font, CharCode code) const;

  private:
    struct table {
        std::map<unsigned, unsigned> chars; // by glyph
        std::map<double, unsigned> vowels;  // drawn before their consonant, by width
    };
    std::map<int, table> fonts; // by number of their object
    static table read(GfxFont *font, XRef *xref);
};

// A glyph: where it is drawn, and what is known of it.
struct cluster_glyph {
    double x, y, dx, dy;
    CharCode code;
    int bytes;
    unsigned own;               // the character that the font has it for; 0: none
    std::vector<unsigned> said; // what the file says that it is
};

// A syllable, as long as more glyphs may belong to it.
class cluster
{
  public:
    // Takes the next glyph, or does not: it belongs to the next one.
    bool take(const cluster_glyph &g);
    bool is_empty() const
    {
        return bytes == 0;
    }
    // The syllable's text in logical order, and where it stands.  It is empty after.
    std::vector<unsigned> end(cluster_glyph *place);

  private:
    std::vector<unsigned> before;  // vowels that are drawn before their consonant
    std::vector<unsigned> letters; // the others, in logical order
    cluster_glyph first;           // its box grows with the others
    int bytes = 0;
    bool based = false; // it has what marks stand on

    bool touches(const cluster_glyph &g) const;
    void add_box(const cluster_glyph &g, bool is_mark);
    void add_said(std::vector<unsigned> said);
    void add_hook(const cluster_glyph &g);
};

#endif
