/* pdf_hidden.c: see pdf_hidden.h. */
#include "extract/pdf_hidden.h"

#include <cairo.h>
#include <math.h>
#include <poppler.h>

enum {
    WHITE = 0xF000,   /* of 0xFFFF: lighter is taken for white */
    CONTRAST = 16,    /* of 255: less cannot be seen           */
    MAX_PIXELS = 1500 /* on a side of the drawing             */
};

struct boxes {
    PopplerRectangle *v;
    size_t n;
};

/* The characters of the page that are white. */
static void find_white(struct boxes *b, PopplerPage *page)
{
    PopplerRectangle *rect = NULL;
    guint n = 0;
    GList *list = poppler_page_get_text_attributes(page);
    bool any = false;
    for (GList *k = list; k && !any; k = k->next) {
        const PopplerColor *c = &((PopplerTextAttributes *)k->data)->color;
        any = c->red > WHITE && c->green > WHITE && c->blue > WHITE;
    }
    if (any && poppler_page_get_text_layout(page, &rect, &n)) {
        b->v = g_new0(PopplerRectangle, n + 1);
        for (GList *k = list; k; k = k->next) {
            const PopplerTextAttributes *a = k->data;
            if (a->color.red <= WHITE || a->color.green <= WHITE || a->color.blue <= WHITE)
                continue;
            for (int i = a->start_index < 0 ? 0 : a->start_index; i <= a->end_index && (guint)i < n;
                 i++)
                if (b->n < n) b->v[b->n++] = rect[i];
        }
    }
    g_free(rect);
    poppler_page_free_text_attributes(list);
}

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

static bool is_white(const struct boxes *b, const struct word *w)
{
    double x = 0.5 * (w->x0 + w->x1), y = 0.5 * (w->y0 + w->y1);
    for (size_t i = 0; i < b->n; i++)
        if (x >= b->v[i].x1 - 1 && x <= b->v[i].x2 + 1 && y >= b->v[i].y1 && y <= b->v[i].y2)
            return true;
    return false;
}

size_t hidden_drop(struct words_page *page, const struct outline *o, uint32_t number)
{
    PopplerDocument *doc = outline_document(o);
    PopplerPage *p = doc ? poppler_document_get_page(doc, (int)number - 1) : NULL;
    struct boxes white = {0};
    struct drawing d = {0};
    size_t kept = 0, n = page->n;
    if (!p) return 0;
    find_white(&white, p);
    struct word *v = g_new(struct word, n + 1);
    if (white.n && draw(&d, p)) {
        for (size_t i = 0; i < n; i++)
            if (!is_white(&white, &page->v[i]) || shows(&d, &page->v[i])) v[kept++] = page->v[i];
        if (kept && kept < n) {
            for (size_t i = 0; i < kept; i++) page->v[i] = v[i];
            page->n = kept;
        }
    }
    if (d.surface) cairo_surface_destroy(d.surface);
    g_free(white.v);
    g_free(v);
    g_object_unref(p);
    return n - page->n;
}
