/* pdf_garbage.c: see pdf_garbage.h. */
#include "extract/pdf_garbage.h"

#include <glib.h>
#include <stdint.h>

#include "base/str.h"

enum { FONTS = 4098, LEAST = 8 };

struct count {
    int chars, bad, words;
};

static bool is_bad(uint32_t cp)
{
    if (cp >= 0xE000 && cp <= 0xF8FF) return true;  /* private use */
    if (cp >= 0xF0000 || cp == 0xFFFD) return true; /* private planes, replaced */
    if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0)) return cp != '\t';
    return !g_unichar_isdefined(cp);
}

static struct count count_word(const struct words_page *p, const struct word *w)
{
    struct count c = {0};
    for (size_t i = 0; i < w->n;) {
        uint32_t cp;
        i += utf8_next(p->text + w->text + i, w->n - i, &cp);
        c.chars++;
        c.bad += is_bad(cp);
    }
    return c;
}

/* Mostly characters that stand for nothing, in words: symbols stand alone. */
static bool is_garbage(const struct count *f)
{
    return f->bad >= LEAST && 2 * f->bad >= f->chars && f->chars >= 3 * f->words;
}

size_t garbage_drop(struct words_page *page, struct arena *scratch, bool *all)
{
    struct count *font = NEW(scratch, struct count, FONTS);
    size_t kept = 0, n = page->n;
    bool any = false;
    *all = false;
    for (size_t i = 0; i < n; i++) {
        struct count *f = &font[(unsigned)page->v[i].font % FONTS];
        struct count c = count_word(page, &page->v[i]);
        f->chars += c.chars;
        f->bad += c.bad;
        f->words++;
        any |= f->bad >= LEAST;
    }
    if (!any) return 0;
    for (size_t i = 0; i < n; i++) {
        const struct count *f = &font[(unsigned)page->v[i].font % FONTS];
        if (!is_garbage(f)) page->v[kept++] = page->v[i];
    }
    page->n = kept;
    *all = kept == 0 && n > 0;
    return n - kept;
}
