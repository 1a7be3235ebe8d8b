/* pdf_outline.c: see pdf_outline.h. */
#include "extract/pdf_outline.h"

#include <poppler.h>
#include <stdlib.h>
#include <string.h>

#include "extract/pdf_text.h"

struct outline {
    const void *bytes;
    size_t n_bytes;
    const char *password;
    struct arena *a;
    PopplerDocument *doc;
    bool opened;
    struct outline_entry *v;
    size_t n;
};

uint64_t outline_key(struct str s)
{
    uint64_t h = 1469598103934665603u;
    bool any = false;
    for (size_t i = 0; i < s.n;) {
        uint32_t cp;
        i += utf8_next(s.s + i, s.n - i, &cp);
        if (!text_is_letter(cp)) continue;
        h = (h ^ g_unichar_tolower(cp)) * 1099511628211u;
        any = true;
    }
    return any ? h : 0;
}

/* ------------------------------------------------------------------ title */

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n >= k && !g_ascii_strcasecmp(s + n - k, end);
}

static bool sensible(const char *s)
{
    static const char *const starts[] = {"Microsoft ", "untitled", "PowerPoint Presentation",
                                         "Slide 1",    "Document", "Layout 1",
                                         "Title"};
    static const char *const ends[] = {".doc", ".docx", ".tex",  ".dvi", ".pdf",  ".indd", ".qxd",
                                       ".odt", ".rtf",  ".txt",  ".ppt", ".pptx", ".xls",  ".xlsx",
                                       ".ps",  ".fm",   ".html", ".htm", ".wpd",  ".p65"};
    size_t n = strlen(s), letters = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += utf8_next(s + i, n - i, &cp);
        letters += text_is_letter(cp);
    }
    if (n > 300 || letters < 3 || 2 * letters < utf8_count(s, n)) return false;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (!g_ascii_strncasecmp(s, starts[i], strlen(starts[i])) &&
            (i == 0 || n < strlen(starts[i]) + 3))
            return false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(s, ends[i])) return false;
    return !strchr(s, '\\') && (strchr(s, ' ') || !strchr(s, '_'));
}

/* ------------------------------------------------------------------ outline */

static uint32_t page_of(PopplerDocument *doc, const PopplerAction *act)
{
    if (act->type != POPPLER_ACTION_GOTO_DEST || !act->goto_dest.dest) return 0;
    const PopplerDest *d = act->goto_dest.dest;
    if (d->type != POPPLER_DEST_NAMED) return d->page_num > 0 ? (uint32_t)d->page_num : 0;
    if (!d->named_dest) return 0;
    PopplerDest *found = poppler_document_find_dest(doc, d->named_dest);
    uint32_t page = found && found->page_num > 0 ? (uint32_t)found->page_num : 0;
    if (found) poppler_dest_free(found);
    return page;
}

static void take_level(struct outline *o, PopplerIndexIter *it, int level)
{
    do {
        if (o->n == OUTLINE_MAX) return;
        PopplerAction *act = poppler_index_iter_get_action(it);
        if (act) {
            const char *title = act->any.title ? act->any.title : "";
            struct outline_entry e = {outline_key(str_of(title)), page_of(o->doc, act), level};
            if (e.key && e.page) o->v[o->n++] = e;
            poppler_action_free(act);
        }
        PopplerIndexIter *child = level < 6 ? poppler_index_iter_get_child(it) : NULL;
        if (child) {
            take_level(o, child, level + 1);
            poppler_index_iter_free(child);
        }
    } while (poppler_index_iter_next(it));
}

static int by_page(const void *a, const void *b)
{
    const struct outline_entry *x = a, *y = b;
    if (x->page != y->page) return x->page < y->page ? -1 : 1;
    return x->level - y->level;
}

struct outline *outline_open(const void *bytes, size_t n, const char *password, struct arena *a)
{
    struct outline *o = NEW(a, struct outline, 1);
    *o = (struct outline){.bytes = bytes, .n_bytes = n, .password = password, .a = a};
    return o;
}

void outline_close(struct outline *o)
{
    if (o && o->doc) g_object_unref(o->doc);
}

PopplerDocument *outline_document(struct outline *o)
{
    if (o->opened) return o->doc;
    GBytes *b = g_bytes_new_static(o->bytes, o->n_bytes);
    GError *err = NULL;
    o->doc = poppler_document_new_from_bytes(b, o->password, &err);
    o->opened = true;
    g_bytes_unref(b);
    g_clear_error(&err);
    return o->doc;
}

const struct outline_entry *outline_entries(struct outline *o, size_t *n)
{
    PopplerDocument *doc = outline_document(o);
    PopplerIndexIter *it = doc && !o->v ? poppler_index_iter_new(doc) : NULL;
    if (it) {
        o->v = NEW(o->a, struct outline_entry, OUTLINE_MAX);
        take_level(o, it, 1);
        poppler_index_iter_free(it);
        qsort(o->v, o->n, sizeof *o->v, by_page);
    }
    *n = o->n;
    return o->v;
}

const char *outline_title(struct outline *o)
{
    PopplerDocument *doc = outline_document(o);
    char *title = doc ? poppler_document_get_title(doc) : NULL;
    const char *kept = NULL;
    if (title && g_utf8_validate(title, -1, NULL)) {
        g_strstrip(title);
        if (sensible(title)) kept = mem_copy(o->a, title, strlen(title));
    }
    g_free(title);
    return kept;
}

bool outline_has_image(struct outline *o, uint32_t page)
{
    PopplerDocument *doc = outline_document(o);
    PopplerPage *p = doc ? poppler_document_get_page(doc, (int)page - 1) : NULL;
    if (!p) return false;
    GList *images = poppler_page_get_image_mapping(p);
    bool any = images != NULL;
    poppler_page_free_image_mapping(images);
    g_object_unref(p);
    return any;
}
