#include "ingest/roff_escape.h"

#include <string.h>

#include "base/str.h"

struct sign {
    const char *name, *means;
};

/* groff_char(7): what pages use. */
static const struct sign signs[] = {
    {"em", "\xe2\x80\x94"}, {"en", "\xe2\x80\x93"}, {"hy", "-"},            {"mi", "-"},
    {"bu", "\xe2\x80\xa2"}, {"co", "\xc2\xa9"},     {"rg", "\xc2\xae"},     {"tm", "\xe2\x84\xa2"},
    {"aq", "'"},            {"dq", "\""},           {"lq", "\xe2\x80\x9c"}, {"rq", "\xe2\x80\x9d"},
    {"oq", "\xe2\x80\x98"}, {"cq", "\xe2\x80\x99"}, {"ti", "~"},            {"ha", "^"},
    {"rs", "\\"},           {"ga", "`"},            {"bv", "|"},            {"ba", "|"},
    {"lB", "["},            {"rB", "]"},            {"lC", "{"},            {"rC", "}"},
    {"at", "@"},            {"sh", "#"},            {"Do", "$"},            {"<=", "\xe2\x89\xa4"},
    {">=", "\xe2\x89\xa5"}, {"!=", "\xe2\x89\xa0"}, {"==", "\xe2\x89\xa1"}, {"+-", "\xc2\xb1"},
    {"mu", "\xc3\x97"},     {"di", "\xc3\xb7"},     {"->", "\xe2\x86\x92"}, {"<-", "\xe2\x86\x90"},
    {"Fo", "\xc2\xab"},     {"Fc", "\xc2\xbb"},     {"sc", "\xc2\xa7"},     {"de", "\xc2\xb0"},
    {"ss", "\xc3\x9f"},     {"'e", "\xc3\xa9"},     {"`e", "\xc3\xa8"},     {":a", "\xc3\xa4"},
    {":o", "\xc3\xb6"},     {":u", "\xc3\xbc"},     {":A", "\xc3\x84"},     {":O", "\xc3\x96"},
    {":U", "\xc3\x9c"},     {"`a", "\xc3\xa0"},     {"'a", "\xc3\xa1"},     {"^e", "\xc3\xaa"},
    {"oa", "\xc3\xa5"},     {"/o", "\xc3\xb8"},     {",c", "\xc3\xa7"},     {"~n", "\xc3\xb1"},
    {"Eu", "\xe2\x82\xac"}, {"Po", "\xc2\xa3"},     {"12", "\xc2\xbd"},     {"*m", "\xce\xbc"},
    {"sl", "/"},            {"pl", "+"},            {"eq", "="},            {"if", "\xe2\x88\x9e"},
    {"pd", "\xe2\x88\x82"}, {"**", "*"}, {"ul", "_"}, {"ts", "\xcf\x82"}, {"ra", "\xe2\x9f\xa9"},
    {"la", "\xe2\x9f\xa8"}, {"br", "\xe2\x94\x82"}, {"or", "|"}, {"lA", "\xe2\x87\x90"},
    {"rA", "\xe2\x87\x92"}, {"mc", "\xc2\xb5"}, {"dg", "\xe2\x80\xa0"}, {"dd", "\xe2\x80\xa1"},
    {"aa", "\xc2\xb4"}, {"ci", "\xe2\x97\x8b"}, {"-h", "\xe2\x84\x8f"}, {"'o", "\xc3\xb3"},
    {"^o", "\xc3\xb4"}, {":i", "\xc3\xaf"}, {"tmu", "\xc3\x97"}, {"ell", "\xe2\x84\x93"},
    {"ah", "\xcb\x87"}, {"a-", "\xc2\xaf"}, {"~o", "\xc3\xb5"}, {"'u", "\xc3\xba"},
    {"'i", "\xc3\xad"}, {"'E", "\xc3\x89"}, {"^a", "\xc3\xa2"}, {"^i", "\xc3\xae"},
    {"^u", "\xc3\xbb"}, {"~N", "\xc3\x91"}, {",C", "\xc3\x87"}, {"oA", "\xc3\x85"},
    {"/O", "\xc3\x98"}, {"ae", "\xc3\xa6"}, {"AE", "\xc3\x86"}, {"sr", "\xe2\x88\x9a"},
    {"is", "\xe2\x88\xab"}, {"no", "\xc2\xac"}, {"mo", "\xe2\x88\x88"}, {"gr", "\xe2\x88\x87"},
    {"es", "\xe2\x88\x85"}, {"ap", "\xe2\x88\xbc"}, {"~=", "\xe2\x89\x85"}, {"pt", "\xe2\x88\x9d"},
    {"te", "\xe2\x88\x83"}, {"fa", "\xe2\x88\x80"}, {"AN", "\xe2\x88\xa7"}, {"OR", "\xe2\x88\xa8"},
    {"ca", "\xe2\x88\xa9"}, {"cu", "\xe2\x88\xaa"}, {"lh", "\xe2\x98\x9c"}, {"rh", "\xe2\x98\x9e"},
    {"OK", "\xe2\x9c\x93"}, {"ye", "\xc2\xa5"}, {"Ye", "\xc2\xa5"}, {"ct", "\xc2\xa2"},
    {"Cs", "\xc2\xa4"}, {"14", "\xc2\xbc"}, {"34", "\xc2\xbe"}, {"S1", "\xc2\xb9"},
    {"S2", "\xc2\xb2"}, {"S3", "\xc2\xb3"}, {"ps", "\xc2\xb6"}, {"bb", "\xc2\xa6"},
    {"fm", "\xe2\x80\xb2"}, {"sd", "\xe2\x80\xb3"}, {"<>", "\xe2\x86\x94"}, {"ua", "\xe2\x86\x91"},
    {"da", "\xe2\x86\x93"}, {"uA", "\xe2\x87\x91"}, {"dA", "\xe2\x87\x93"}, {"lz", "\xe2\x97\x8a"},
    {"sq", "\xe2\x96\xa1"}, {"*a", "\xce\xb1"}, {"*b", "\xce\xb2"}, {"*g", "\xce\xb3"},
    {"*d", "\xce\xb4"}, {"*e", "\xce\xb5"}, {"*z", "\xce\xb6"}, {"*y", "\xce\xb7"},
    {"*h", "\xce\xb8"}, {"*i", "\xce\xb9"}, {"*k", "\xce\xba"}, {"*l", "\xce\xbb"},
    {"*n", "\xce\xbd"}, {"*c", "\xce\xbe"}, {"*o", "\xce\xbf"}, {"*p", "\xcf\x80"},
    {"*r", "\xcf\x81"}, {"*s", "\xcf\x83"}, {"*t", "\xcf\x84"}, {"*u", "\xcf\x85"},
    {"*f", "\xcf\x86"}, {"*x", "\xcf\x87"}, {"*q", "\xcf\x88"}, {"*w", "\xcf\x89"},
    {"*G", "\xce\x93"}, {"*D", "\xce\x94"}, {"*H", "\xce\x98"}, {"*L", "\xce\x9b"},
    {"*C", "\xce\x9e"}, {"*P", "\xce\xa0"}, {"*S", "\xce\xa3"}, {"*U", "\xce\xa5"},
    {"*F", "\xce\xa6"}, {"*Q", "\xce\xa8"}, {"*W", "\xce\xa9"}, {"*A", "\xce\x91"},
    {"*B", "\xce\x92"}, {"*E", "\xce\x95"}, {"*Z", "\xce\x96"}, {"*Y", "\xce\x97"},
    {"*I", "\xce\x99"}, {"*K", "\xce\x9a"}, {"*M", "\xce\x9c"}, {"*N", "\xce\x9d"},
    {"*O", "\xce\x9f"}, {"*R", "\xce\xa1"}, {"*T", "\xce\xa4"}, {"*X", "\xce\xa7"},
    {"'A", "\xc3\x81"}, {"'C", "\xc4\x86"}, {"'I", "\xc3\x8d"}, {"'O", "\xc3\x93"},
    {"'U", "\xc3\x9a"}, {"'Y", "\xc3\x9d"}, {"'c", "\xc4\x87"}, {"'y", "\xc3\xbd"},
    {":E", "\xc3\x8b"}, {":I", "\xc3\x8f"}, {":Y", "\xc5\xb8"}, {":e", "\xc3\xab"},
    {":y", "\xc3\xbf"}, {"^A", "\xc3\x82"}, {"^E", "\xc3\x8a"}, {"^I", "\xc3\x8e"},
    {"^O", "\xc3\x94"}, {"^U", "\xc3\x9b"}, {"`A", "\xc3\x80"}, {"`E", "\xc3\x88"},
    {"`I", "\xc3\x8c"}, {"`O", "\xc3\x92"}, {"`U", "\xc3\x99"}, {"`i", "\xc3\xac"},
    {"`o", "\xc3\xb2"}, {"`u", "\xc3\xb9"}, {"~A", "\xc3\x83"}, {"~O", "\xc3\x95"},
    {"~a", "\xc3\xa3"}, {"vS", "\xc5\xa0"}, {"vs", "\xc5\xa1"}, {"vZ", "\xc5\xbd"},
    {"vz", "\xc5\xbe"}, {"/L", "\xc5\x81"}, {"/l", "\xc5\x82"}, {"-D", "\xc3\x90"},
    {"Sd", "\xc3\xb0"}, {"TP", "\xc3\x9e"}, {"Tp", "\xc3\xbe"}, {"OE", "\xc5\x92"},
    {"oe", "\xc5\x93"}, {"IJ", "\xc4\xb2"}, {"ij", "\xc4\xb3"}, {".i", "\xc4\xb1"},
    {".j", "\xc8\xb7"}, {"ff", "ff"}, {"fi", "fi"}, {"fl", "fl"}, {"Fi", "ffi"}, {"Fl", "ffl"},
    {"r!", "\xc2\xa1"}, {"r?", "\xc2\xbf"}, {"Of", "\xc2\xaa"}, {"Om", "\xc2\xba"},
    {"Bq", "\xe2\x80\x9e"}, {"bq", "\xe2\x80\x9a"}, {"fo", "\xe2\x80\xb9"}, {"fc", "\xe2\x80\xba"},
    {"vA", "\xe2\x87\x95"}, {"va", "\xe2\x86\x95"}, {"hA", "\xe2\x87\x94"}, {"HE", "\xe2\x99\xa5"},
    {"SP", "\xe2\x99\xa0"}, {"CL", "\xe2\x99\xa3"}, {"DI", "\xe2\x99\xa6"}, {"rk", "\xe2\x8e\xac"},
    {"lk", "\xe2\x8e\xa8"}, {"ip", "\xe2\x8a\x87"}, {"ib", "\xe2\x8a\x86"}, {"sb", "\xe2\x8a\x82"},
    {"sp", "\xe2\x8a\x83"}, {"nb", "\xe2\x8a\x84"}, {"nc", "\xe2\x8a\x85"}, {"nm", "\xe2\x88\x89"},
    {"st", "\xe2\x88\x8b"}, {"c*", "\xe2\x8a\x97"}, {"c+", "\xe2\x8a\x95"}, {"lc", "\xe2\x8c\x88"},
    {"rc", "\xe2\x8c\x89"}, {"lf", "\xe2\x8c\x8a"}, {"rf", "\xe2\x8c\x8b"}, {"3d", "\xe2\x88\xb4"},
    {"tf", "\xe2\x88\xb4"}, {"pp", "\xe2\x8a\xa5"}, {"ne", "\xe2\x89\xa2"}, {"=~", "\xe2\x89\x85"},
    {"~~", "\xe2\x89\x88"}, {"+h", "\xcf\x91"}, {"+f", "\xcf\x95"}, {"+p", "\xcf\x96"},
    {"+e", "\xcf\xb5"}, {"Ah", "\xe2\x84\xb5"}, {"Im", "\xe2\x84\x91"}, {"Re", "\xe2\x84\x9c"},
    {"wp", "\xe2\x84\x98"}, {"-+", "\xe2\x88\x93"}, {"sqrt", "\xe2\x88\x9a"},
    {"coproduct", "\xe2\x88\x90"}, {"product", "\xe2\x88\x8f"}, {"sum", "\xe2\x88\x91"},
    {"integral", "\xe2\x88\xab"}, {"nabla", "\xe2\x88\x87"}, {"bullet", "\xe2\x80\xa2"},
    {"a\"", "\xcb\x9d"}, {"a.", "\xcb\x99"}, {"a^", "^"}, {"ab", "\xcb\x98"}, {"ac", "\xc2\xb8"},
    {"ad", "\xc2\xa8"}, {"ao", "\xcb\x9a"}, {"ho", "\xcb\x9b"}, {"a~", "~"}, {"18", "\xe2\x85\x9b"},
    {"38", "\xe2\x85\x9c"}, {"58", "\xe2\x85\x9d"}, {"78", "\xe2\x85\x9e"}, {"rn", "\xe2\x80\xbe"},
    {"ru", "_"}, {"an", "\xe2\x8e\xaf"}, {"CR", "\xe2\x86\xb5"}, {"%0", "\xe2\x80\xb0"},
    {"Fn", "\xc6\x92"}, {"lt", "\xe2\x8e\xa7"}, {"lb", "\xe2\x8e\xa9"}, {"rt", "\xe2\x8e\xab"},
    {"rb", "\xe2\x8e\xad"}, {"bracketlefttp", "\xe2\x8e\xa1"}, {"hbar", "\xe2\x84\x8f"},
    {"radicalex", "\xe2\x80\xbe"}, {"md", "\xe2\x8b\x85"}, {"pc", "\xc2\xb7"},
};

/* Strings that man pages use: those of the macros, and those that pod2man defines. */
static const struct sign strings[] = {
    {"lq", "\xe2\x80\x9c"}, {"rq", "\xe2\x80\x9d"}, {"R", "\xc2\xae"}, {"Tm", "\xe2\x84\xa2"},
    {"L\"", "\""}, {"R\"", "\""}, {"C`", "\""}, {"C'", "\""}, {"Aq", "'"}, {"--", "--"},
    {"PI", "pi"}, {"-", "-"},
    {"``", "\xe2\x80\x9c"}, {"''", "\xe2\x80\x9d"}, {"TX", "TeX"}, {"LX", "LaTeX"},
};

static const char *find(const struct sign *v, size_t n, const char *name, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(v[i].name) == len && !memcmp(v[i].name, name, len)) return v[i].means;
    return NULL;
}

/* A number of at most `most` digits; *i is moved behind it.  UINT32_MAX: there is none. */
static uint32_t number_at(const char *s, size_t n, size_t *i, uint32_t base, size_t most)
{
    static const char digits[] = "0123456789ABCDEF";
    uint32_t v = 0;
    size_t from = *i;
    for (; *i < n && *i - from < most; ++*i) {
        const char *d = memchr(digits, s[*i], base);
        if (!d) break;
        v = v * base + (uint32_t)(d - digits);
    }
    return *i == from ? UINT32_MAX : v;
}

/* uXXXX, uXXXX_XXXX (a letter and its accents) and charNN, into `room`; returns whether name is one. */
static bool by_number(const char *name, size_t n, char room[ROFF_ROOM])
{
    bool latin = n > 4 && !memcmp(name, "char", 4);
    size_t i = latin ? 4 : 1, to = 0;
    if (!latin && (n < 5 || name[0] != 'u')) return false;
    for (;; i++) {
        uint32_t cp = number_at(name, n, &i, latin ? 10 : 16, latin ? 3 : 6);
        bool character = cp < 0x110000 && cp >= ' ' && cp != 0x7f && !(cp >= 0xd800 && cp < 0xe000);
        if (!character || to + 5 > ROFF_ROOM) return false;
        to += utf8_put(cp, room + to);
        if (i == n || latin || name[i] != '_') break;
    }
    room[to] = '\0';
    return i == n;
}

static const char *sign_of(const char *name, size_t n, char room[ROFF_ROOM])
{
    const char *means = find(signs, sizeof signs / sizeof *signs, name, n);
    if (means) return means;
    return by_number(name, n, room) ? room : "\xef\xbf\xbd";
}

/* The name behind an escape's letter: x, (xx or [xx...]; returns the length with its brackets. */
static size_t name_at(const char *s, size_t n, const char **name, size_t *len)
{
    *name = s;
    *len = 0;
    if (n == 0) return 0;
    if (s[0] == '(' && n >= 3) {
        *name = s + 1;
        *len = 2;
        return 3;
    }
    const char *end = s[0] == '[' ? memchr(s, ']', n < 64 ? n : 64) : NULL;
    if (end) {
        *name = s + 1;
        *len = (size_t)(end - s) - 1;
        return *len + 2;
    }
    *len = 1;
    return 1;
}

/* \h'...' and its like: any mark stands for the quotes. */
static size_t quoted(const char *s, size_t n)
{
    const char *end = n ? memchr(s + 1, s[0], n - 1) : NULL;
    return end ? (size_t)(end - s) + 1 : n ? 1 : 0;
}

/* A size: \s+2, \s-1, \s12, \s(12, \s[12], \s'12'. */
static size_t size_at(const char *s, size_t n)
{
    size_t i = n && (s[0] == '+' || s[0] == '-'), len;
    const char *name;
    if (i < n && (s[i] == '(' || s[i] == '[')) return i + name_at(s + i, n - i, &name, &len);
    if (i < n && s[i] == '\'') return i + quoted(s + i, n - i);
    size_t from = i;
    while (i < n && s[i] >= '0' && s[i] <= '9' && i - from < 2) i++;
    return i;
}

/* \N'65': a character by its number; the length behind the letter. */
static size_t numbered(const char *s, size_t n, char room[ROFF_ROOM], const char **means)
{
    size_t k = quoted(s, n), i = 1;
    uint32_t cp = number_at(s, k, &i, 10, 3);
    if (cp == UINT32_MAX || i + 1 != k || cp < ' ' || cp == 0x7f) return k;
    room[utf8_put(cp, room)] = '\0';
    *means = room;
    return k;
}

size_t roff_escape(const char *s, size_t n, char room[ROFF_ROOM], const char **means)
{
    const char *name;
    size_t len, k;
    *means = "";
    if (n < 2) return 1;
    switch (s[1]) {
    case '-': *means = "-"; return 2;
    case 'e':
    case '\\': *means = "\\"; return 2;
    case '\'': *means = "'"; return 2;
    case '`': *means = "`"; return 2;
    case '~':
    case ' ':
    case '0':
    case 't': *means = " "; return 2;
    case '.': *means = "."; return 2;
    case 'c': *means = NULL; return 2;
    case '(':
    case '[':
        k = name_at(s + 1, n - 1, &name, &len);
        *means = sign_of(name, len, room);
        return 1 + k;
    case '*':
        k = name_at(s + 2, n - 2, &name, &len);
        *means = find(strings, sizeof strings / sizeof *strings, name, len);
        if (!*means) *means = "";
        return 2 + k;
    case 'f':
    case 'm':
    case 'M':
    case 'F':
    case 'g':
    case 'k':
    case 'V':
    case 'n': {
        size_t sign = s[1] == 'n' && n > 2 && (s[2] == '+' || s[2] == '-');
        return 2 + sign + name_at(s + 2 + sign, n - 2 - sign, &name, &len);
    }
    case 'N': return 2 + numbered(s + 2, n - 2, room, means);
    case 's': return 2 + size_at(s + 2, n - 2);
    case 'h':
    case 'v':
    case 'w':
    case 'l':
    case 'L':
    case 'o':
    case 'b':
    case 'D':
    case 'X':
    case 'Z':
    case 'A':
    case 'B':
    case 'C':
    case 'R':
    case 'S':
    case 'x': return 2 + quoted(s + 2, n - 2);
    case '"':
    case '#': return n; /* a comment up to the end of the line */
    default: return 2;
    }
}
