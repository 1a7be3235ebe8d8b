#include "extract/html_entity.h"

#include <stdlib.h>
#include <string.h>

/* Of the 2,125 names of the HTML standard (section 13.5) those that pages use: punctuation, Latin
 * letters with marks, signs of formulas.  In the order of strcmp. */
/* clang-format off */
static const struct entity {
    char name[HTML_ENTITY_MAX];
    uint32_t cp;
} entities[] = {
    {"AMP", 0x26}, {"Abreve", 0x102}, {"Amacr", 0x100}, {"And", 0x2a53}, {"Aogon", 0x104},
    {"ApplyFunction", 0x2061}, {"COPY", 0xa9}, {"Cacute", 0x106}, {"Ccaron", 0x10c},
    {"Ccirc", 0x108}, {"Cdot", 0x10a}, {"CenterDot", 0xb7}, {"CirclePlus", 0x2295},
    {"CircleTimes", 0x2297}, {"CloseCurlyDoubleQuote", 0x201d}, {"CloseCurlyQuote", 0x2019},
    {"Congruent", 0x2261}, {"Copf", 0x2102}, {"Dcaron", 0x10e}, {"Del", 0x2207},
    {"DoubleRightArrow", 0x21d2}, {"Dstrok", 0x110}, {"Ecaron", 0x11a}, {"Edot", 0x116},
    {"Emacr", 0x112}, {"Eogon", 0x118}, {"GT", 0x3e}, {"Gbreve", 0x11e}, {"Gcirc", 0x11c},
    {"Gdot", 0x120}, {"GreaterEqual", 0x2265}, {"Gt", 0x226b}, {"Hat", 0x5e}, {"Hcirc", 0x124},
    {"Hstrok", 0x126}, {"Idot", 0x130}, {"Im", 0x2111}, {"Imacr", 0x12a}, {"Integral", 0x222b},
    {"InvisibleComma", 0x2063}, {"InvisibleTimes", 0x2062}, {"Iogon", 0x12e}, {"Itilde", 0x128},
    {"Jcirc", 0x134}, {"Kcedil", 0x136}, {"LT", 0x3c}, {"Lacute", 0x139}, {"Lcaron", 0x13d},
    {"Lcedil", 0x13b}, {"LeftAngleBracket", 0x27e8}, {"LeftArrow", 0x2190}, {"LeftFloor", 0x230a},
    {"Leftarrow", 0x21d0}, {"Leftrightarrow", 0x21d4}, {"Longrightarrow", 0x27f9},
    {"Lstrok", 0x141}, {"Lt", 0x226a}, {"MediumSpace", 0x205f}, {"MinusPlus", 0x2213},
    {"Nacute", 0x143}, {"Ncaron", 0x147}, {"Ncedil", 0x145}, {"NewLine", 0xa}, {"NoBreak", 0x2060},
    {"NonBreakingSpace", 0xa0}, {"Nopf", 0x2115}, {"NotEqual", 0x2260}, {"Odblac", 0x150},
    {"Omacr", 0x14c}, {"OpenCurlyDoubleQuote", 0x201c}, {"OpenCurlyQuote", 0x2018}, {"Or", 0x2a54},
    {"PartialD", 0x2202}, {"PlusMinus", 0xb1}, {"Popf", 0x2119}, {"Product", 0x220f},
    {"Proportional", 0x221d}, {"QUOT", 0x22}, {"Qopf", 0x211a}, {"REG", 0xae}, {"Racute", 0x154},
    {"Rcaron", 0x158}, {"Rcedil", 0x156}, {"Re", 0x211c}, {"RightAngleBracket", 0x27e9},
    {"RightArrow", 0x2192}, {"RightFloor", 0x230b}, {"Rightarrow", 0x21d2}, {"Ropf", 0x211d},
    {"Sacute", 0x15a}, {"Scedil", 0x15e}, {"Scirc", 0x15c}, {"Sqrt", 0x221a}, {"Sum", 0x2211},
    {"TRADE", 0x2122}, {"Tab", 0x9}, {"Tcaron", 0x164}, {"Tcedil", 0x162}, {"ThinSpace", 0x2009},
    {"Ubreve", 0x16c}, {"Udblac", 0x170}, {"Umacr", 0x16a}, {"UnderBar", 0x5f}, {"Uogon", 0x172},
    {"Upsi", 0x3d2}, {"Uring", 0x16e}, {"Utilde", 0x168}, {"Vert", 0x2016},
    {"VeryThinSpace", 0x200a}, {"Wcirc", 0x174}, {"Ycirc", 0x176}, {"Zacute", 0x179},
    {"Zcaron", 0x17d}, {"Zdot", 0x17b}, {"ZeroWidthSpace", 0x200b}, {"Zopf", 0x2124},
    {"abreve", 0x103}, {"af", 0x2061}, {"aleph", 0x2135}, {"amacr", 0x101}, {"angle", 0x2220},
    {"aogon", 0x105}, {"apos", 0x27}, {"approx", 0x2248}, {"ast", 0x2a}, {"backprime", 0x2035},
    {"because", 0x2235}, {"beth", 0x2136}, {"bigstar", 0x2605}, {"blacksquare", 0x25aa},
    {"blk12", 0x2592}, {"blk14", 0x2591}, {"blk34", 0x2593}, {"block", 0x2588}, {"bot", 0x22a5},
    {"boxh", 0x2500}, {"boxv", 0x2502}, {"bprime", 0x2035}, {"bsol", 0x5c}, {"bullet", 0x2022},
    {"cacute", 0x107}, {"caret", 0x2041}, {"ccaron", 0x10d}, {"ccirc", 0x109}, {"cdot", 0x10b},
    {"centerdot", 0xb7}, {"check", 0x2713}, {"checkmark", 0x2713}, {"cir", 0x25cb}, {"colon", 0x3a},
    {"comma", 0x2c}, {"commat", 0x40}, {"compfn", 0x2218}, {"complexes", 0x2102}, {"copf", 0x1d554},
    {"copysr", 0x2117}, {"cross", 0x2717}, {"ctdot", 0x22ef}, {"dash", 0x2010}, {"dashv", 0x22a3},
    {"dcaron", 0x10f}, {"ddagger", 0x2021}, {"div", 0xf7}, {"dollar", 0x24}, {"downarrow", 0x2193},
    {"dstrok", 0x111}, {"dtdot", 0x22f1}, {"dtri", 0x25bf}, {"ecaron", 0x11b}, {"edot", 0x117},
    {"ell", 0x2113}, {"emacr", 0x113}, {"emptyset", 0x2205}, {"emptyv", 0x2205}, {"emsp13", 0x2004},
    {"emsp14", 0x2005}, {"eogon", 0x119}, {"epsi", 0x3b5}, {"epsiv", 0x3f5}, {"equals", 0x3d},
    {"excl", 0x21}, {"female", 0x2640}, {"ffilig", 0xfb03}, {"fflig", 0xfb00}, {"ffllig", 0xfb04},
    {"filig", 0xfb01}, {"flat", 0x266d}, {"fllig", 0xfb02}, {"frac13", 0x2153}, {"frac15", 0x2155},
    {"frac16", 0x2159}, {"frac18", 0x215b}, {"frac23", 0x2154}, {"frac25", 0x2156},
    {"frac35", 0x2157}, {"frac38", 0x215c}, {"frac45", 0x2158}, {"frac56", 0x215a},
    {"frac58", 0x215d}, {"frac78", 0x215e}, {"gbreve", 0x11f}, {"gcirc", 0x11d}, {"gdot", 0x121},
    {"geq", 0x2265}, {"geqslant", 0x2a7e}, {"ges", 0x2a7e}, {"gg", 0x226b}, {"grave", 0x60},
    {"hairsp", 0x200a}, {"half", 0xbd}, {"hbar", 0x210f}, {"hcirc", 0x125}, {"horbar", 0x2015},
    {"hslash", 0x210f}, {"hstrok", 0x127}, {"hyphen", 0x2010}, {"ic", 0x2063}, {"iff", 0x21d4},
    {"imacr", 0x12b}, {"imath", 0x131}, {"in", 0x2208}, {"incare", 0x2105}, {"inodot", 0x131},
    {"integers", 0x2124}, {"iogon", 0x12f}, {"isinv", 0x2208}, {"it", 0x2062}, {"itilde", 0x129},
    {"jcirc", 0x135}, {"jmath", 0x237}, {"kappav", 0x3f0}, {"kcedil", 0x137}, {"lacute", 0x13a},
    {"langle", 0x27e8}, {"lbrace", 0x7b}, {"lbrack", 0x5b}, {"lcaron", 0x13e}, {"lcedil", 0x13c},
    {"lcub", 0x7b}, {"ldquor", 0x201e}, {"leftarrow", 0x2190}, {"leftrightarrow", 0x2194},
    {"leq", 0x2264}, {"leqslant", 0x2a7d}, {"les", 0x2a7d}, {"ll", 0x226a},
    {"longrightarrow", 0x27f6}, {"lowbar", 0x5f}, {"lpar", 0x28}, {"lsqb", 0x5b},
    {"lsquor", 0x201a}, {"lstrok", 0x142}, {"ltri", 0x25c3}, {"male", 0x2642}, {"map", 0x21a6},
    {"mapsto", 0x21a6}, {"mho", 0x2127}, {"midast", 0x2a}, {"mldr", 0x2026}, {"models", 0x22a7},
    {"mp", 0x2213}, {"nacute", 0x144}, {"natur", 0x266e}, {"natural", 0x266e}, {"naturals", 0x2115},
    {"ncaron", 0x148}, {"ncedil", 0x146}, {"nexists", 0x2204}, {"num", 0x23}, {"numero", 0x2116},
    {"numsp", 0x2007}, {"odblac", 0x151}, {"odot", 0x2299}, {"ohm", 0x3a9}, {"oint", 0x222e},
    {"omacr", 0x14d}, {"ominus", 0x2296}, {"par", 0x2225}, {"parallel", 0x2225}, {"percnt", 0x25},
    {"period", 0x2e}, {"phiv", 0x3d5}, {"phone", 0x260e}, {"planck", 0x210f}, {"plankv", 0x210f},
    {"plus", 0x2b}, {"pm", 0xb1}, {"primes", 0x2119}, {"propto", 0x221d}, {"puncsp", 0x2008},
    {"quaternions", 0x210d}, {"quest", 0x3f}, {"racute", 0x155}, {"rangle", 0x27e9},
    {"rationals", 0x211a}, {"rbrace", 0x7d}, {"rbrack", 0x5d}, {"rcaron", 0x159}, {"rcedil", 0x157},
    {"rcub", 0x7d}, {"rdquor", 0x201d}, {"reals", 0x211d}, {"rhov", 0x3f1}, {"rightarrow", 0x2192},
    {"rpar", 0x29}, {"rsqb", 0x5d}, {"rsquor", 0x2019}, {"rtri", 0x25b9}, {"sacute", 0x15b},
    {"scedil", 0x15f}, {"scirc", 0x15d}, {"semi", 0x3b}, {"setminus", 0x2216}, {"sharp", 0x266f},
    {"sigmav", 0x3c2}, {"sime", 0x2243}, {"simeq", 0x2243}, {"sol", 0x2f}, {"squ", 0x25a1},
    {"square", 0x25a1}, {"squf", 0x25aa}, {"star", 0x2606}, {"starf", 0x2605},
    {"straightphi", 0x3d5}, {"subset", 0x2282}, {"subseteq", 0x2286}, {"sung", 0x266a},
    {"supset", 0x2283}, {"supseteq", 0x2287}, {"tcaron", 0x165}, {"tcedil", 0x163},
    {"therefore", 0x2234}, {"thetav", 0x3d1}, {"thickapprox", 0x2248}, {"top", 0x22a4},
    {"tprime", 0x2034}, {"triangle", 0x25b5}, {"ubreve", 0x16d}, {"udblac", 0x171},
    {"umacr", 0x16b}, {"uogon", 0x173}, {"uparrow", 0x2191}, {"upsi", 0x3c5}, {"uring", 0x16f},
    {"utilde", 0x169}, {"utri", 0x25b5}, {"varepsilon", 0x3f5}, {"varkappa", 0x3f0},
    {"varnothing", 0x2205}, {"varphi", 0x3d5}, {"varpi", 0x3d6}, {"varrho", 0x3f1},
    {"varsigma", 0x3c2}, {"vartheta", 0x3d1}, {"vdash", 0x22a2}, {"vee", 0x2228},
    {"vellip", 0x22ee}, {"verbar", 0x7c}, {"vert", 0x7c}, {"vprop", 0x221d}, {"wcirc", 0x175},
    {"wedge", 0x2227}, {"wp", 0x2118}, {"ycirc", 0x177}, {"zacute", 0x17a}, {"zcaron", 0x17e},
    {"zdot", 0x17c},
};
/* clang-format on */

static int by_name(const void *key, const void *entry)
{
    return strcmp(key, ((const struct entity *)entry)->name);
}

uint32_t html_entity(const char *name)
{
    const struct entity *hit = bsearch(name, entities, sizeof entities / sizeof *entities,
                                       sizeof *entities, by_name);
    return hit ? hit->cp : 0;
}
