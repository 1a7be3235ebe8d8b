/* pdf_hidden.c: see pdf_hidden.h. */
#include "extract/pdf_hidden.h"

#include <cairo.h>
#include <math.h>
#include <poppler.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    CONTRAST = 16,    /* of 255: less cannot be seen           */
    MAX_PIXELS = 1500 /* on a side of the drawing             */
};
#define TINY 1.0f /* points: smaller letters are no reader's */

struct drawing {
    cairo_surface_t *surface;
    const unsigned char *pixel;
    int width, height, stride;
    double scale;
};

static bool draw(struct drawing *d, PopplerPage *page)
{
    double w, h;
    poppler_page_get_size(page, &w, &h);
    if (!(w >= 1 && h >= 1 && w < 1e5 && h < 1e5)) return false;
    d->scale = fmin(1.5, MAX_PIXELS / fmax(w, h));
    d->width = (int)ceil(w * d->scale);
    d->height = (int)ceil(h * d->scale);
    d->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, d->width, d->height);
    cairo_t *c = cairo_create(d->surface);
    cairo_set_source_rgb(c, 1, 1, 1);
    cairo_paint(c);
    cairo_scale(c, d->scale, d->scale);
    poppler_page_render(page, c);
    bool good = cairo_status(c) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(c);
    cairo_surface_flush(d->surface);
    d->pixel = cairo_image_surface_get_data(d->surface);
    d->stride = cairo_image_surface_get_stride(d->surface);
    return good && d->pixel;
}

/* Something shows in the box: its pixels differ. */
static bool shows(const struct drawing *d, const struct word *w)
{
    int x0 = (int)floor(w->x0 * d->scale), x1 = (int)ceil(w->x1 * d->scale);
    int y0 = (int)floor(w->y0 * d->scale), y1 = (int)ceil(w->y1 * d->scale);
    int low[3] = {255, 255, 255}, high[3] = {0, 0, 0};
    for (int y = y0 < 0 ? 0 : y0; y < y1 && y < d->height; y++)
        for (int x = x0 < 0 ? 0 : x0; x < x1 && x < d->width; x++)
            for (int k = 0; k < 3; k++) {
                int v = d->pixel[(size_t)y * (size_t)d->stride + (size_t)x * 4 + (size_t)k];
                if (v < low[k]) low[k] = v;
                if (v > high[k]) high[k] = v;
                if (high[k] - low[k] >= CONTRAST) return true;
            }
    return false;
}

static int by_height(const void *a, const void *b)
{
    float x = ((const struct mark *)a)->y, y = ((const struct mark *)b)->y;
    return x < y ? -1 : x > y;
}

/* A character of the kind stands in the word's box; the marks are sorted by height. */
static bool is_marked(const struct words_page *p, const struct word *w, enum mark_kind kind)
{
    const struct mark *m = p->mark;
    size_t lo = 0, hi = p->n_marks;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (m[mid].y < w->y0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < p->n_marks && m[lo].y <= w->y1; lo++)
        if (m[lo].kind == kind && m[lo].x >= w->x0 && m[lo].x <= w->x1) return true;
    return false;
}

static bool has_marks(const struct words_page *p, enum mark_kind kind)
{
    for (size_t i = 0; i < p->n_marks; i++)
        if (p->mark[i].kind == kind) return true;
    return false;
}

/* An image covers most of the page: a scan, and the words over it are what was recognised. */
static bool is_scan(PopplerPage *page)
{
    double w, h, most = 0;
    poppler_page_get_size(page, &w, &h);
    GList *images = poppler_page_get_image_mapping(page);
    for (GList *k = images; k; k = k->next) {
        const PopplerRectangle *r = &((PopplerImageMapping *)k->data)->area;
        most = fmax(most, fabs(r->x2 - r->x1) * fabs(r->y2 - r->y1));
    }
    poppler_page_free_image_mapping(images);
    return most > 0.5 * w * h;
}

/* Moves the words that show to the front; returns how many.  They stay as they are where none
 * does. */
static size_t keep_visible(struct words_page *page, PopplerPage *p)
{
    struct drawing d = {0};
    struct word *v = mem_alloc(page->n + 1, sizeof *v);
    size_t kept = 0;
    bool none = p && has_marks(page, MARK_NONE) && !is_scan(p);
    bool white = p && has_marks(page, MARK_WHITE) && draw(&d, p);
    for (size_t i = 0; i < page->n; i++) {
        const struct word *w = &page->v[i];
        if (w->size > 0 && w->size < TINY) continue;
        if (none && is_marked(page, w, MARK_NONE)) continue;
        if (white && is_marked(page, w, MARK_WHITE) && !shows(&d, w)) continue;
        v[kept++] = *w;
    }
    if (d.surface) cairo_surface_destroy(d.surface);
    if (kept) memcpy(page->v, v, kept * sizeof *v);
    mem_free(v);
    return kept ? kept : page->n;
}

static bool any_tiny(const struct words_page *page)
{
    for (size_t i = 0; i < page->n; i++)
        if (page->v[i].size > 0 && page->v[i].size < TINY) return true;
    return false;
}

size_t hidden_drop(struct words_page *page, struct outline *o, uint32_t number)
{
    size_t n = page->n;
    if (!page->n_marks && !any_tiny(page)) return page->n_off;
    PopplerDocument *doc = page->n_marks ? outline_document(o) : NULL;
    PopplerPage *p = doc ? poppler_document_get_page(doc, (int)number - 1) : NULL;
    if (page->n_marks) qsort(page->mark, page->n_marks, sizeof *page->mark, by_height);
    page->n = keep_visible(page, p);
    if (p) g_object_unref(p);
    return n - page->n + page->n_off;
}
