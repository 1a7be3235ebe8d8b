#include "extract/pdf_ocr.h"

#include <cairo.h>
#include <math.h>
#include <poppler.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "extract/floats.h"

/* What tesseract was taught on is about as large as print at 300 dots an inch. */
#define DPI        300.0
#define MAX_PIXELS 12e6 /* of a page: A4 has 8.7 */
#define MIN_DPI    70.0

/* Of 100: words below are noise; pages whose letters are below on average are pictures. */
enum { SURE = 30, PAGE_SURE = 55 };

/* A line of a font is this high from the top of its b to the foot of its g, in font sizes; the part
 * of that above the baseline. */
#define LINE_HEIGHT 0.93f
#define ABOVE       0.77f
#define BELOW       0.21f

/* Lines as high as most are of one font: letters that reach up or down are by chance on a line. */
#define ALIKE 1.35f

struct picture {
    unsigned char *gray;
    int width, height;
    double dpi;
};

static unsigned char luminance(uint32_t pixel)
{
    return (
        unsigned char)((77 * (pixel >> 16 & 255) + 150 * (pixel >> 8 & 255) + 29 * (pixel & 255)) >>
                       8);
}

static bool take_pixels(struct picture *p, cairo_surface_t *s)
{
    cairo_surface_flush(s);
    const unsigned char *from = cairo_image_surface_get_data(s);
    int stride = cairo_image_surface_get_stride(s);
    if (!from) return false;
    p->gray = mem_alloc((size_t)p->width * (size_t)p->height, 1);
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) {
            uint32_t pixel;
            memcpy(&pixel, from + (size_t)y * (size_t)stride + 4 * (size_t)x, sizeof pixel);
            p->gray[(size_t)y * (size_t)p->width + (size_t)x] = luminance(pixel);
        }
    return true;
}

static bool draw(struct picture *p, PopplerPage *page)
{
    double w, h;
    poppler_page_get_size(page, &w, &h);
    if (!(w >= 1 && h >= 1 && w < 1e5 && h < 1e5)) return false;
    p->dpi = fmin(DPI, 72 * sqrt(MAX_PIXELS / (w * h)));
    if (p->dpi < MIN_DPI) return false;
    p->width = (int)ceil(w * p->dpi / 72);
    p->height = (int)ceil(h * p->dpi / 72);
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, p->width, p->height);
    cairo_t *c = cairo_create(s);
    cairo_set_source_rgb(c, 1, 1, 1);
    cairo_paint(c);
    cairo_scale(c, p->dpi / 72, p->dpi / 72);
    poppler_page_render(page, c);
    bool good = cairo_status(c) == CAIRO_STATUS_SUCCESS && take_pixels(p, s);
    cairo_destroy(c);
    cairo_surface_destroy(s);
    return good;
}

/* The height of most lines, by their words. */
static float usual_height(const struct ocr_word *v, size_t n)
{
    float *h = mem_alloc(n + 1, sizeof *h);
    for (size_t i = 0; i < n; i++) h[i] = v[i].height;
    float middle = floats_middle(h, n);
    mem_free(h);
    return middle;
}

/* Keeps the words that were recognised; returns how many, 0 for a picture without text. */
static size_t keep_sure(struct ocr_word *v, size_t n)
{
    size_t kept = 0, sum = 0, bytes = 0;
    for (size_t i = 0; i < n; i++) {
        sum += v[i].n * (size_t)(v[i].confidence < 0 ? 0 : v[i].confidence);
        bytes += v[i].n;
        if (v[i].confidence >= SURE) v[kept++] = v[i];
    }
    return sum < bytes * PAGE_SURE ? 0 : kept;
}

static struct word place(const struct ocr_word *o, float usual, float points)
{
    bool alike = o->height < ALIKE * usual && o->height > usual / ALIKE;
    float size = (alike ? usual : o->height) / LINE_HEIGHT;
    return (struct word){.x0 = points * (float)o->x0,
                         .x1 = points * (float)o->x1,
                         .y0 = points * (o->baseline - ABOVE * size),
                         .y1 = points * (o->baseline + BELOW * size),
                         .size = points * size,
                         .space_after = true,
                         .stream = -1,
                         .text = o->text,
                         .n = o->n};
}

/* The words in place of those that the page has. */
static void replace(struct words_page *out, const struct ocr_word *v, size_t n,
                    const struct buf *text, float points)
{
    float usual = usual_height(v, n);
    free(out->v);
    free(out->text);
    out->v = calloc(n + 1, sizeof *out->v);
    out->text = malloc(text->n + 1);
    if (!out->v || !out->text) abort();
    for (size_t i = 0; i < n; i++) out->v[i] = place(&v[i], usual, points);
    memcpy(out->text, text->s, text->n + 1);
    out->n = n;
}

bool ocr_page(struct words_page *out, struct ocr *ocr, struct outline *o, uint32_t number,
              double deadline)
{
    PopplerDocument *doc = outline_document(o);
    PopplerPage *page = doc ? poppler_document_get_page(doc, (int)number - 1) : NULL;
    struct picture p = {0};
    struct ocr_word *v = NULL;
    struct buf text = {0};
    size_t n = 0;
    if (!page) return false;
    if (draw(&p, page) &&
        ocr_read(ocr, p.gray, p.width, p.height, (int)(p.dpi + 0.5), deadline - sys_seconds(), &v,
                 &n, &text))
        n = keep_sure(v, n);
    else
        n = 0;
    if (n) replace(out, v, n, &text, (float)(72 / p.dpi));
    g_object_unref(page);
    mem_free(p.gray);
    mem_free(v);
    buf_free(&text);
    return n > 0;
}
