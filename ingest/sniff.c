#include "ingest/sniff.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "ingest/lang.h"
#include "ingest/zip_list.h"

static bool starts(const char *s, size_t n, const char *what)
{
    size_t k = strlen(what);
    return n >= k && strncasecmp(s, what, k) == 0;
}

/* Skips blanks, comments and processing instructions. */
static size_t html_start(const char *s, size_t n)
{
    size_t i = n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (;;) {
        while (i < n && strchr(" \t\r\n\f", s[i]) && s[i]) i++;
        const char *end = NULL;
        size_t skip = 0;
        if (starts(s + i, n - i, "<!--")) end = memmem(s + i, n - i, "-->", skip = 3);
        else if (starts(s + i, n - i, "<?")) end = memmem(s + i, n - i, "?>", skip = 2);
        if (!end) return i;
        i = (size_t)(end - s) + skip;
    }
}

int sniff_html(const char *name, const unsigned char *head, size_t n)
{
    static const char *const sure[] = {"<!doctype html", "<html", "<head>", "<body"};
    static const char *const likely[] = {"<title", "<meta ", "<div", "<p>", "<h1", "<table", "<ul",
                                         "<article", "<section", "<main", "<script", "<style"};
    const char *s = (const char *)head;
    size_t at = html_start(s, n);
    const struct lang *l = lang_of(name, NULL, 0);
    bool named = l && strcmp(l->name, "html") == 0;
    bool other = l && !l->prose && !named; /* a template of another language stays what it is */
    for (size_t i = 0; i < sizeof sure / sizeof *sure; i++)
        if (starts(s + at, n - at, sure[i])) return named ? 95 : other ? 40 : 90;
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++)
        if (starts(s + at, n - at, likely[i])) return named ? 90 : l ? 20 : 60;
    return named ? 78 : 0;
}

/* ------------------------------------------------------------------ zip and what is made of it */

/* Whether a member of its own, in its outermost folder, begins like this. */
static bool zip_holds(const unsigned char *s, size_t n, const char *member)
{
    struct zip_list list;
    struct zip_name m;
    zip_list_open(&list, s, n);
    while (zip_list_next(&list, &m))
        if (starts(m.s, m.n, member)) return true;
    return false;
}

static bool is_zip(const unsigned char *s, size_t n)
{
    return n >= 4 && memcmp(s, "PK\3\4", 4) == 0;
}

/* The first member of OpenDocument files and e-books says what they are, stored as it is. */
static bool says_type(const unsigned char *s, size_t n, const char *type)
{
    size_t k = strlen(type), name = n < 38 ? 0 : s[26] | (size_t)s[27] << 8;
    if (name != 8 || memcmp(s + 30, "mimetype", 8) != 0) return false;
    size_t at = 38 + (s[28] | (size_t)s[29] << 8);
    return at + k <= n && memcmp(s + at, type, k) == 0;
}

static int sniff_ooxml(const char *name, const unsigned char *head, size_t n, const char *folder,
                       const char *suffix)
{
    if (!is_zip(head, n)) return 0;
    if (zip_holds(head, n, folder) && zip_holds(head, n, "[Content_Types].xml")) return 95;
    return str_has_suffix(name, suffix) ? 60 : 0;
}

static int sniff_odf(const char *name, const unsigned char *head, size_t n, const char *type,
                     const char *suffix)
{
    if (!is_zip(head, n)) return 0;
    return says_type(head, n, type) ? 95 : str_has_suffix(name, suffix) ? 60 : 0;
}

int sniff_docx(const char *name, const unsigned char *head, size_t n)
{
    return sniff_ooxml(name, head, n, "word/", ".docx");
}

int sniff_odt(const char *name, const unsigned char *head, size_t n)
{
    return sniff_odf(name, head, n, "application/vnd.oasis.opendocument.text", ".odt");
}

int sniff_epub(const char *name, const unsigned char *head, size_t n)
{
    if (is_zip(head, n) && zip_holds(head, n, "META-INF/container.xml")) return 90;
    return sniff_odf(name, head, n, "application/epub+zip", ".epub");
}

int sniff_pptx(const char *name, const unsigned char *head, size_t n)
{
    return sniff_ooxml(name, head, n, "ppt/", ".pptx");
}

int sniff_xlsx(const char *name, const unsigned char *head, size_t n)
{
    return sniff_ooxml(name, head, n, "xl/", ".xlsx");
}

int sniff_ods(const char *name, const unsigned char *head, size_t n)
{
    return sniff_odf(name, head, n, "application/vnd.oasis.opendocument.spreadsheet", ".ods");
}

int sniff_odp(const char *name, const unsigned char *head, size_t n)
{
    return sniff_odf(name, head, n, "application/vnd.oasis.opendocument.presentation", ".odp");
}

int sniff_rtf(const char *name, const unsigned char *head, size_t n)
{
    (void)name;
    size_t skip = n >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    return n >= skip + 5 && memcmp(head + skip, "{\\rtf", 5) == 0 ? 95 : 0;
}

/* ------------------------------------------------------------------ mail */

/* How many fields that only mail has stand in the header at the start: at most 2 per kind. */
static int mail_fields(const char *s, size_t n, bool *others)
{
    static const char *const sure[] = {"received:", "message-id:", "mime-version:",
                                       "return-path:", "delivered-to:", "x-mailer:"};
    static const char *const likely[] = {"from:", "to:", "subject:", "date:", "cc:", "reply-to:"};
    int count = 0;
    *others = false;
    for (size_t i = 0; i < n;) {
        const char *nl = memchr(s + i, '\n', n - i);
        size_t len = nl ? (size_t)(nl - s) - i : n - i, k = 0;
        if (len == 0 || s[i] == '\r') break;
        while (k < len && ((s[i + k] | 32) >= 'a' || s[i + k] == '-') && (s[i + k] | 32) <= 'z') k++;
        bool folded = s[i] == ' ' || s[i] == '\t';
        if (!folded && (k == 0 || k == len || s[i + k] != ':')) {
            *others = nl != NULL; /* a line that no header has */
            break;
        }
        for (size_t j = 0; j < sizeof sure / sizeof *sure; j++) count += 100 * starts(s + i, len, sure[j]);
        for (size_t j = 0; j < sizeof likely / sizeof *likely; j++) count += starts(s + i, len, likely[j]);
        i += len + 1;
    }
    return count;
}

static int sniff_message(const char *name, const char *s, size_t n, bool is_named)
{
    bool others;
    int fields = mail_fields(s, n, &others);
    const struct lang *l = lang_of(name, NULL, 0);
    if (is_named) return fields >= 1 || starts(s, n, "content-type:") ? 90 : 0;
    if (others || fields < 101 || fields % 100 < 2) return 0;
    return l ? 40 : 85; /* a patch stays a patch */
}

int sniff_eml(const char *name, const unsigned char *head, size_t n)
{
    bool is_named = str_has_suffix(name, ".eml") || str_has_suffix(name, ".mht") || str_has_suffix(name, ".mhtml");
    size_t mark = n >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    return sniff_message(name, (const char *)head + mark, n - mark, is_named);
}

int sniff_mbox(const char *name, const unsigned char *head, size_t n)
{
    const char *nl = memchr(head, '\n', n < 500 ? n : 500);
    if (n < 6 || memcmp(head, "From ", 5) != 0 || !nl) return 0;
    size_t skip = (size_t)(nl - (const char *)head) + 1;
    bool is_named = str_has_suffix(name, ".mbox") || str_has_suffix(name, ".mbx");
    return sniff_message(name, nl + 1, n - skip, is_named);
}

/* ------------------------------------------------------------------ archives */

/* The checksum of a tar header counts its own field as blanks. */
static bool is_tar(const unsigned char *s, size_t n)
{
    unsigned long sum = 0, said = 0;
    if (n < 512) return false;
    for (size_t i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? ' ' : s[i];
    for (size_t i = 148; i < 156 && s[i]; i++)
        if (s[i] >= '0' && s[i] < '8') said = said * 8 + (s[i] - '0');
    return sum == said && s[0];
}

static bool is_compressed(const unsigned char *s, size_t n)
{
    return n >= 6 && (memcmp(s, "\x1f\x8b\x08", 3) == 0 || memcmp(s, "\xfd" "7zXZ\0", 6) == 0 ||
                      memcmp(s, "\x28\xb5\x2f\xfd", 4) == 0 ||
                      (memcmp(s, "BZh", 3) == 0 && s[3] >= '1' && s[3] <= '9'));
}

static bool is_7z(const unsigned char *s, size_t n)
{
    return n >= 6 && memcmp(s, "7z\xbc\xaf\x27\x1c", 6) == 0;
}

/* A zip file behind the program that unpacks it, or that it belongs to. */
static bool is_program_with_zip(const unsigned char *s, size_t n)
{
    static const char *const programs[] = {"MZ", "\x7f" "ELF", "#!"};
    struct zip_list list;
    struct zip_name member;
    size_t i = 0, count = sizeof programs / sizeof *programs;
    while (i < count && (n < 4 || memcmp(s, programs[i], strlen(programs[i])))) i++;
    if (i == count) return false;
    zip_list_open(&list, s, n);
    return list.is_list && zip_list_next(&list, &member);
}

int sniff_archive(const char *name, const unsigned char *head, size_t n)
{
    (void)name;
    if (is_7z(head, n)) return 90;
    if (is_compressed(head, n)) return 80;
    if (is_tar(head, n)) return 90;
    if (is_zip(head, n) || (n >= 4 && memcmp(head, "PK\5\6", 4) == 0)) return 50;
    return is_program_with_zip(head, n) ? 50 : 0;
}

bool sniff_compressed(const char *name, const unsigned char *head, size_t n)
{
    static const char *const tars[] = {".tgz", ".tbz", ".tbz2", ".txz", ".tzst",
                                       ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", NULL};
    return !str_has_any_suffix(name, tars) && is_compressed(head, n);
}

/* ------------------------------------------------------------------ PDF */

static bool is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || !c;
}

static const unsigned char *skip_blanks(const unsigned char *p, const unsigned char *end)
{
    while (p < end && is_blank(*p)) p++;
    return p;
}

/* "1 0 obj" */
static bool is_object(const unsigned char *p, const unsigned char *end)
{
    for (int i = 0; i < 2; i++) {
        const unsigned char *after = p;
        while (after < end && *after >= '0' && *after <= '9') after++;
        const unsigned char *next = skip_blanks(after, end);
        if (after == p || next == after) return false;
        p = next;
    }
    return end - p >= 3 && memcmp(p, "obj", 3) == 0;
}

/* Whether a header is one: with an object below it, and perhaps a comment between. */
static bool heads_pdf(const unsigned char *p, const unsigned char *end)
{
    while ((p = skip_blanks(p, end)) < end && *p == '%')
        while (p < end && *p != '\n' && *p != '\r') p++;
    return is_object(p, end);
}

/* The table of objects, "xref" or an object itself, that is said to be at `at`. */
static bool is_table(const unsigned char *s, size_t at, const unsigned char *end)
{
    size_t n = (size_t)(end - s);
    return at < n && ((n - at >= 4 && !memcmp(s + at, "xref", 4)) || is_object(s + at, end));
}

/* Whether the last lines are those of a PDF file: they say where its table is, from the start of the
 * bytes or from the header. */
static bool ends_pdf(const unsigned char *s, size_t n, const unsigned char *header)
{
    enum { TAIL = 64 };
    const unsigned char *end = s + n, *p = end, *line = NULL;
    size_t at = 0;
    while (p > s && is_blank(p[-1])) p--;
    if (p - s < 5 || memcmp(p -= 5, "%%EOF", 5) != 0) return false;
    for (const unsigned char *q = p - s > TAIL ? p - TAIL : s;
         (q = memmem(q, (size_t)(p - q), "startxref", 9));)
        line = q += 9;
    if (!line) return false;
    for (line = skip_blanks(line, p); *line >= '0' && *line <= '9' && at < n; line++)
        at = at * 10 + (*line - '0');
    return is_table(s, at, end) || is_table(header, at, end);
}

/* Text may show what a PDF file looks like.  It is none where its name says that it is text, or
 * where it does not end as one. */
static bool is_text(const char *name, const unsigned char *s, size_t n, const unsigned char *header)
{
    if (memchr(s, 0, n) || utf8_check((const char *)s, n) != n) return false;
    return lang_of(name, NULL, 0) || !ends_pdf(s, n, header);
}

/* With something before its header: a header line of the web, a warning.  A page and a message are
 * surer to be what they are (sniff_html, sniff_eml), whatever they speak of. */
static int sniff_late_pdf(const char *name, const unsigned char *s, size_t n)
{
    const unsigned char *end = s + n, *at = memmem(s, n < 1024 ? n : 1024, "\n%PDF-", 6);
    if (!at || !heads_pdf(at, end) || sniff_archive(name, s, n)) return 0;
    return is_text(name, s, n, at + 1) ? 0 : 80;
}

int sniff_pdf(const char *name, const unsigned char *head, size_t n)
{
    if (n >= 5 && memcmp(head, "%PDF-", 5) == 0) return 100;
    if (!str_has_suffix(name, ".pdf")) return sniff_late_pdf(name, head, n);
    const unsigned char *at = memmem(head, n, "%PDF-", 5);
    size_t left = at ? (size_t)(head + n - at) : 0;
    return left && memmem(at, left < 10 ? left : 10, ".", 1) ? 90 : 0;
}
