/* words.h: every word of a PDF page with its box: a C face for poppler's own C++ classes.
 *
 * poppler's GLib interface has the outline and the destinations, but its text is made through a
 * selection that loses words on some pages (a page of 112 words gave 94); the library's text device
 * gives each word with box, font and turn, and sees how each character is painted.  Nothing that
 * words.cc throws gets past it. */
#ifndef EXTRACT_WORDS_H
#define EXTRACT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct words_doc;

/* Points, origin at the top left of the page as it is shown (crop box, /Rotate applied). */
struct word {
    float x0, y0, x1, y1;
    float size;       /* of the font, points                                               */
    int turn;         /* quarter turns clockwise of the writing direction, 0..3            */
    int font;         /* equal within a page for words of one font; 0 unknown              */
    bool bold, mono;  /* by the name of the font                                           */
    bool vertical;    /* written from top to bottom (East Asian vertical writing)          */
    bool space_after; /* white space, not a tight join, follows on the line                */
    long stream;      /* bytes of the words before it in the content stream; -1 unknown    */
    size_t text, n;   /* n bytes of UTF-8 at words_page.text + text; as seen, left to right */
};

enum mark_kind {
    MARK_NONE,  /* no mark at all: rendering mode 3 or 7, or wholly transparent */
    MARK_WHITE, /* in white or nearly white                                     */
};

/* The middle of one character that may not be seen. */
struct mark {
    float x, y;
    enum mark_kind kind;
};

/* A line that is drawn: a border of cells, perhaps.  One that goes on from another is one with it. */
struct rule {
    float at;       /* x of a vertical one, y of a horizontal one */
    float from, to; /* y and y, x and x                           */
};

struct words_page {
    struct word *v; /* in poppler's own reading order */
    size_t n;
    char *text;
    float width, height;
    char *label;       /* printed label or NULL                           */
    struct mark *mark; /* of all characters only those that are of a kind */
    size_t n_marks;
    size_t n_off; /* words that stand outside the page, and are not in v */
    bool cut;     /* the page has more words than are read of one        */
    bool halted;  /* reading it took too long or too much memory, or led too deep; what came before
                     is there */
    bool no_memory; /* halted: for want of it */
    struct rule *rule; /* vertical, by x   */
    size_t n_rules;
    struct rule *bar; /* horizontal, by y */
    size_t n_bars;
    struct rule *blank; /* that are drawn, upright, on their base line (to a quarter of a point), by
                           y and middle; none where not one stands behind three words from right
                           to left */
    size_t n_blanks;
};

enum words_status { WORDS_OK, WORDS_LOCKED, WORDS_DAMAGED };

/* Opens n bytes, which must outlive the document.  `password` may be NULL.  *rebuilt tells that
 * the table of objects was damaged and had to be made anew. */
enum words_status words_open(struct words_doc **out, const void *bytes, size_t n,
                             const char *password, bool *rebuilt);
void words_close(struct words_doc *d); /* NULL is fine */

int words_pages(const struct words_doc *d);

/* From now on asks after every few operators of a page, and every few bytes of the file that they take,
 * whether it has taken enough; true has to stay true for the rest of words_read, which then gives what
 * came before, or false when that is nothing.  What takes no bytes (a table of a font that repeats
 * itself) nobody asks about. */
void words_limit(struct words_doc *d, bool (*is_enough)(void *ctx), void *ctx);

/* Reads page i (from 0).  False when the page cannot be made, or `halted` before it had words.  The
 * memory is one malloc per pointer, released by words_page_free, which accepts a zeroed page. */
bool words_read(struct words_doc *d, int i, struct words_page *out);
void words_page_free(struct words_page *p);

/* Of word.font of the page read last: a number that is the same on all pages for fonts of one name. */
int words_font_key(const struct words_doc *d, int font);

/* Both places are known, and b does not come directly after a: such words are rarely neighbours on a
 * line, however near they stand. */
static inline bool words_apart(const struct word *a, const struct word *b)
{
    return a->stream >= 0 && b->stream >= 0 && b->stream != a->stream + (long)a->n;
}

#ifdef __cplusplus
}
#endif

#endif
