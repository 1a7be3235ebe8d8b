#include "ingest/tex_table.h"

#include <string.h>

static const struct tex_command commands[] = {
    {"part", TEX_HEADING, 1, 0}, {"chapter", TEX_HEADING, 1, 0}, {"section", TEX_HEADING, 2, 0},
    {"subsection", TEX_HEADING, 3, 0}, {"subsubsection", TEX_HEADING, 4, 0},
    {"paragraph", TEX_HEADING, 5, 0}, {"subparagraph", TEX_HEADING, 6, 0},
    {"title", TEX_TITLE, 0, 0}, {"author", TEX_AUTHOR, 0, 0},
    {"footnote", TEX_NOTE, 0, 0}, {"thanks", TEX_NOTE, 0, 0}, {"footnotetext", TEX_NOTE, 0, 0},
    {"item", TEX_ITEM, 0, 0}, {"bibitem", TEX_ITEM, 1, 0}, {"caption", TEX_CAPTION, 0, 0},
    {"begin", TEX_BEGIN, 0, 0}, {"end", TEX_END, 0, 0}, {"verb", TEX_VERB, 0, 0},
    {"lstinline", TEX_VERB, 0, 0}, {"input", TEX_INPUT, 0, 0}, {"include", TEX_INPUT, 0, 0},
    {"subfile", TEX_INPUT, 0, 0},
    {"par", TEX_PARAGRAPH, 0, 0}, {"newpage", TEX_PARAGRAPH, 0, 0}, {"clearpage", TEX_PARAGRAPH, 0, 0},
    {"cleardoublepage", TEX_PARAGRAPH, 0, 0}, {"pagebreak", TEX_PARAGRAPH, 0, 0},
    {"bigskip", TEX_PARAGRAPH, 0, 0}, {"medskip", TEX_PARAGRAPH, 0, 0}, {"smallskip", TEX_PARAGRAPH, 0, 0},
    {"newline", TEX_LINE, 0, 0}, {"linebreak", TEX_LINE, 0, 0}, {"tabularnewline", TEX_LINE, 0, 0},
    {"url", TEX_RAW, 0, 0}, {"nolinkurl", TEX_RAW, 0, 0}, {"path", TEX_RAW, 0, 0}, {"ref", TEX_RAW, 0, 0},
    {"eqref", TEX_RAW, 0, 0}, {"pageref", TEX_RAW, 0, 0}, {"autoref", TEX_RAW, 0, 0},
    {"cref", TEX_RAW, 0, 0}, {"Cref", TEX_RAW, 0, 0}, {"nameref", TEX_RAW, 0, 0},
    {"cite", TEX_CITE, 0, 0}, {"citep", TEX_CITE, 0, 0}, {"citet", TEX_CITE, 0, 0},
    {"citeauthor", TEX_CITE, 0, 0}, {"citeyear", TEX_CITE, 0, 0}, {"autocite", TEX_CITE, 0, 0},
    {"parencite", TEX_CITE, 0, 0}, {"textcite", TEX_CITE, 0, 0}, {"footcite", TEX_CITE, 0, 0},
    {"newcommand", TEX_DEFINE, 0, 0}, {"renewcommand", TEX_DEFINE, 0, 0},
    {"providecommand", TEX_DEFINE, 0, 0}, {"DeclareMathOperator", TEX_DEFINE, 0, 0},
    {"DeclareRobustCommand", TEX_DEFINE, 0, 0}, {"newenvironment", TEX_DEFINE, 0, 0},
    {"renewenvironment", TEX_DEFINE, 0, 0}, {"newtheorem", TEX_DEFINE, 0, 0}, {"def", TEX_DEFINE, 0, 0},
    {"gdef", TEX_DEFINE, 0, 0}, {"edef", TEX_DEFINE, 0, 0}, {"let", TEX_DEFINE, 0, 0},
    {"label", TEX_DROP, 1, 0}, {"index", TEX_DROP, 1, 0}, {"vspace", TEX_DROP, 1, 0},
    {"hspace", TEX_DROP, 1, 0}, {"usepackage", TEX_DROP, 1, 0}, {"RequirePackage", TEX_DROP, 1, 0},
    {"documentclass", TEX_DROP, 1, 0}, {"bibliographystyle", TEX_DROP, 1, 0},
    {"bibliography", TEX_DROP, 1, 0}, {"addbibresource", TEX_DROP, 1, 0}, {"graphicspath", TEX_DROP, 1, 0},
    {"includegraphics", TEX_DROP, 1, 0}, {"pagestyle", TEX_DROP, 1, 0}, {"thispagestyle", TEX_DROP, 1, 0},
    {"pagenumbering", TEX_DROP, 1, 0}, {"hypersetup", TEX_DROP, 1, 0}, {"geometry", TEX_DROP, 1, 0},
    {"setlength", TEX_DROP, 2, 0}, {"addtolength", TEX_DROP, 2, 0}, {"setcounter", TEX_DROP, 2, 0},
    {"addtocounter", TEX_DROP, 2, 0}, {"definecolor", TEX_DROP, 3, 0}, {"color", TEX_DROP, 1, 0},
    {"textcolor", TEX_DROP, 1, 0}, {"colorbox", TEX_DROP, 1, 0}, {"href", TEX_DROP, 1, 0},
    {"hyperref", TEX_DROP, 0, 0}, {"addcontentsline", TEX_DROP, 3, 0}, {"rule", TEX_DROP, 2, 0},
    {"raisebox", TEX_DROP, 1, 0}, {"parbox", TEX_DROP, 1, 0}, {"makebox", TEX_DROP, 0, 0},
    {"resizebox", TEX_DROP, 2, 0}, {"scalebox", TEX_DROP, 1, 0}, {"rotatebox", TEX_DROP, 1, 0},
    {"multicolumn", TEX_DROP, 2, 0}, {"multirow", TEX_DROP, 2, 0}, {"cline", TEX_DROP, 1, 0},
    {"cmidrule", TEX_DROP, 1, 0}, {"foreignlanguage", TEX_DROP, 1, 0}, {"selectlanguage", TEX_DROP, 1, 0},
    {"hyphenation", TEX_DROP, 1, 0}, {"phantom", TEX_DROP, 1, 0}, {"hphantom", TEX_DROP, 1, 0},
    {"vphantom", TEX_DROP, 1, 0}, {"date", TEX_DROP, 1, 0}, {"fontsize", TEX_DROP, 2, 0},
    {"usetikzlibrary", TEX_DROP, 1, 0}, {"lstset", TEX_DROP, 1, 0}, {"captionsetup", TEX_DROP, 1, 0},
    {"nocite", TEX_DROP, 1, 0}, {"markboth", TEX_DROP, 2, 0}, {"markright", TEX_DROP, 1, 0},
    {"KOMAoptions", TEX_DROP, 1, 0}, {"setkomavar", TEX_DROP, 1, 0}, {"PassOptionsToPackage", TEX_DROP, 2, 0},
    {"hypertarget", TEX_DROP, 1, 0}, {"urlstyle", TEX_DROP, 1, 0},
    {"ss", TEX_SIGN, 0, "\xc3\x9f"}, {"ae", TEX_SIGN, 0, "\xc3\xa6"}, {"AE", TEX_SIGN, 0, "\xc3\x86"},
    {"oe", TEX_SIGN, 0, "\xc5\x93"}, {"OE", TEX_SIGN, 0, "\xc5\x92"}, {"o", TEX_SIGN, 0, "\xc3\xb8"},
    {"O", TEX_SIGN, 0, "\xc3\x98"}, {"aa", TEX_SIGN, 0, "\xc3\xa5"}, {"AA", TEX_SIGN, 0, "\xc3\x85"},
    {"l", TEX_SIGN, 0, "\xc5\x82"}, {"L", TEX_SIGN, 0, "\xc5\x81"}, {"i", TEX_SIGN, 0, "\xc4\xb1"},
    {"j", TEX_SIGN, 0, "j"}, {"LaTeX", TEX_SIGN, 0, "LaTeX"}, {"TeX", TEX_SIGN, 0, "TeX"},
    {"LaTeXe", TEX_SIGN, 0, "LaTeX2e"}, {"BibTeX", TEX_SIGN, 0, "BibTeX"},
    {"ldots", TEX_SIGN, 0, "\xe2\x80\xa6"}, {"dots", TEX_SIGN, 0, "\xe2\x80\xa6"},
    {"textellipsis", TEX_SIGN, 0, "\xe2\x80\xa6"}, {"textbackslash", TEX_SIGN, 0, "\\"},
    {"textasciitilde", TEX_SIGN, 0, "~"}, {"textasciicircum", TEX_SIGN, 0, "^"},
    {"textbar", TEX_SIGN, 0, "|"}, {"textless", TEX_SIGN, 0, "<"}, {"textgreater", TEX_SIGN, 0, ">"},
    {"textunderscore", TEX_SIGN, 0, "_"}, {"copyright", TEX_SIGN, 0, "\xc2\xa9"},
    {"textcopyright", TEX_SIGN, 0, "\xc2\xa9"}, {"textregistered", TEX_SIGN, 0, "\xc2\xae"},
    {"texttrademark", TEX_SIGN, 0, "\xe2\x84\xa2"}, {"pounds", TEX_SIGN, 0, "\xc2\xa3"},
    {"euro", TEX_SIGN, 0, "\xe2\x82\xac"}, {"texteuro", TEX_SIGN, 0, "\xe2\x82\xac"},
    {"S", TEX_SIGN, 0, "\xc2\xa7"}, {"P", TEX_SIGN, 0, "\xc2\xb6"}, {"dag", TEX_SIGN, 0, "\xe2\x80\xa0"},
    {"textendash", TEX_SIGN, 0, "\xe2\x80\x93"}, {"textemdash", TEX_SIGN, 0, "\xe2\x80\x94"},
    {"textbullet", TEX_SIGN, 0, "\xe2\x80\xa2"}, {"textdegree", TEX_SIGN, 0, "\xc2\xb0"},
    {"quad", TEX_SIGN, 0, " "}, {"qquad", TEX_SIGN, 0, " "}, {"enspace", TEX_SIGN, 0, " "},
    {"space", TEX_SIGN, 0, " "}, {"hfill", TEX_SIGN, 0, " "}, {"hfil", TEX_SIGN, 0, " "},
    {"guillemotleft", TEX_SIGN, 0, "\xc2\xab"}, {"guillemotright", TEX_SIGN, 0, "\xc2\xbb"},
    {"glqq", TEX_SIGN, 0, "\xe2\x80\x9e"}, {"grqq", TEX_SIGN, 0, "\xe2\x80\x9c"},
};

static const struct tex_environment environments[] = {
    {"document", TEX_DOCUMENT, 0}, {"verbatim", TEX_VERBATIM, 0}, {"Verbatim", TEX_VERBATIM, 0},
    {"lstlisting", TEX_VERBATIM, 0}, {"minted", TEX_VERBATIM, 1}, {"alltt", TEX_VERBATIM, 0},
    {"equation", TEX_MATH, 0}, {"align", TEX_MATH, 0}, {"gather", TEX_MATH, 0}, {"multline", TEX_MATH, 0},
    {"eqnarray", TEX_MATH, 0}, {"displaymath", TEX_MATH, 0}, {"math", TEX_MATH, 0}, {"flalign", TEX_MATH, 0},
    {"alignat", TEX_MATH, 0}, {"dmath", TEX_MATH, 0}, {"array", TEX_MATH, 0},
    {"tikzpicture", TEX_NOTHING, 0}, {"picture", TEX_NOTHING, 0}, {"comment", TEX_NOTHING, 0},
    {"filecontents", TEX_NOTHING, 0}, {"pspicture", TEX_NOTHING, 0}, {"CCSXML", TEX_NOTHING, 0},
    {"tabular", TEX_TABLE, 1}, {"tabularx", TEX_TABLE, 2}, {"tabulary", TEX_TABLE, 2},
    {"longtable", TEX_TABLE, 1}, {"supertabular", TEX_TABLE, 1}, {"tabu", TEX_TABLE, 1},
    {"itemize", TEX_BULLETS, 0}, {"enumerate", TEX_NUMBERS, 0}, {"description", TEX_TAGS, 0},
    {"thebibliography", TEX_BULLETS, 1}, {"list", TEX_BULLETS, 2},
    {"minipage", TEX_PLAIN, 1}, {"multicols", TEX_PLAIN, 1}, {"wrapfigure", TEX_PLAIN, 2},
    {"adjustwidth", TEX_PLAIN, 2}, {"otherlanguage", TEX_PLAIN, 1}, {"letter", TEX_PLAIN, 0},
    {"subfigure", TEX_PLAIN, 1},
};

const struct tex_command *tex_command(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].name) == len && !memcmp(commands[i].name, name, len))
            return &commands[i];
    return NULL;
}

const struct tex_environment *tex_environment(const char *name, size_t len)
{
    if (len && name[len - 1] == '*') len--;
    for (size_t i = 0; i < sizeof environments / sizeof *environments; i++)
        if (strlen(environments[i].name) == len && !memcmp(environments[i].name, name, len))
            return &environments[i];
    return NULL;
}

uint32_t tex_accent(char accent, char letter)
{
    static const struct { char accent; const char *letters; uint16_t code[24]; } rows[] = {
        {'\'', "aeiouyAEIOUYcnszCNSZlr", {0xe1, 0xe9, 0xed, 0xf3, 0xfa, 0xfd, 0xc1, 0xc9, 0xcd, 0xd3, 0xda, 0xdd,
                                          0x107, 0x144, 0x15b, 0x17a, 0x106, 0x143, 0x15a, 0x179, 0x13a, 0x155}},
        {'`', "aeiouAEIOU", {0xe0, 0xe8, 0xec, 0xf2, 0xf9, 0xc0, 0xc8, 0xcc, 0xd2, 0xd9}},
        {'^', "aeiouAEIOU", {0xe2, 0xea, 0xee, 0xf4, 0xfb, 0xc2, 0xca, 0xce, 0xd4, 0xdb}},
        {'"', "aeiouyAEIOU", {0xe4, 0xeb, 0xef, 0xf6, 0xfc, 0xff, 0xc4, 0xcb, 0xcf, 0xd6, 0xdc}},
        {'~', "anoANO", {0xe3, 0xf1, 0xf5, 0xc3, 0xd1, 0xd5}},
        {'c', "csCSt", {0xe7, 0x15f, 0xc7, 0x15e, 0x163}},
        {'v', "cszCSZernd", {0x10d, 0x161, 0x17e, 0x10c, 0x160, 0x17d, 0x11b, 0x159, 0x148, 0x10f}},
        {'r', "auAU", {0xe5, 0x16f, 0xc5, 0x16e}},
        {'H', "ouOU", {0x151, 0x171, 0x150, 0x170}},
        {'u', "agAG", {0x103, 0x11f, 0x102, 0x11e}},
        {'=', "aeiouAEIOU", {0x101, 0x113, 0x12b, 0x14d, 0x16b, 0x100, 0x112, 0x12a, 0x14c, 0x16a}},
        {'.', "zeIZ", {0x17c, 0x117, 0x130, 0x17b}},
        {'k', "aeAE", {0x105, 0x119, 0x104, 0x118}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *at = rows[i].accent == accent && letter ? strchr(rows[i].letters, letter) : NULL;
        if (at) return rows[i].code[at - rows[i].letters];
    }
    return 0;
}
