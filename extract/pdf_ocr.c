#include "extract/pdf_ocr.h"

#include <cairo.h>
#include <math.h>
#include <poppler.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "extract/floats.h"
#include "extract/ocr_turn.h"

/* What tesseract was taught on is about as large as print at 300 dots an inch. */
#define DPI        300.0
#define MAX_PIXELS 12e6 /* of a page: A4 has 8.7 */
#define MIN_DPI    70.0

/* Of 100: words below are noise; pages whose letters are below on average are pictures, and may be
 * upside down where they are below TURN_SURE.  Fewer bytes than FEW are not looked at again. */
enum { SURE = 30, PAGE_SURE = 55, TURN_SURE = 75, FEW = 12 };

/* A line of a font is this high from the top of its b to the foot of its g, in font sizes; the part
 * of that above the baseline. */
#define LINE_HEIGHT 0.93f
#define ABOVE       0.77f
#define BELOW       0.21f

/* Lines as high as most are of one font: letters that reach up or down are by chance on a line. */
#define ALIKE 1.35f

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

/* What was recognised in a picture that was turned back by `turn`. */
struct recognised {
    struct ocr_word *v;
    size_t n;
    struct buf text;
    int turn, sure; /* sure: of its letters, on average */
};

static void recognised_free(struct recognised *r)
{
    mem_free(r->v);
    buf_free(&r->text);
}

static int mean_confidence(const struct recognised *r)
{
    size_t sum = 0, bytes = 0;
    for (size_t i = 0; i < r->n; i++) {
        sum += r->v[i].n * (size_t)(r->v[i].confidence < 0 ? 0 : r->v[i].confidence);
        bytes += r->v[i].n;
    }
    return bytes ? (int)(sum / bytes) : 0;
}

static void keep_sure(struct recognised *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->v[i].confidence >= SURE) r->v[kept++] = r->v[i];
    r->n = kept;
}

/* Reads the picture as if its text were turned; what was read before stays where it was surer.
 * The picture is turned from `*now`. */
static void try_turn(struct recognised *best, struct picture *p, int *now, int turn,
                     struct ocr *ocr, double deadline)
{
    struct recognised r = {.turn = turn};
    ocr_turn_back(p, (turn - *now) & 3);
    *now = turn;
    if (ocr_read(ocr, p->gray, p->width, p->height, (int)(p->dpi + 0.5), deadline - sys_seconds(),
                 &r.v, &r.n, &r.text))
        r.sure = mean_confidence(&r);
    if (r.sure > best->sure) {
        struct recognised old = *best;
        *best = r;
        r = old;
    }
    recognised_free(&r);
}

/* Reads the picture in the directions that its lines may run, until one is sure.  Text that is read
 * upside down is many letters of which few are. */
static void recognise(struct recognised *best, struct picture *p, struct ocr *ocr, double deadline)
{
    static const int upright[] = {0, 2}, sideways[] = {3, 1, 0};
    bool is = ocr_is_sideways(p);
    const int *turn = is ? sideways : upright;
    int n = is ? 3 : 2, now = 0;
    for (int i = 0; i < n && best->sure < TURN_SURE && (i == 0 || best->text.n >= FEW); i++)
        try_turn(best, p, &now, turn[i], ocr, deadline);
}

/* A box along the line and across it, in the picture turned back, as one of the page. */
static void turn_box(struct word *w, int turn, float width, float height)
{
    float u0 = w->x0, u1 = w->x1, v0 = w->y0, v1 = w->y1;
    switch (w->turn = turn) {
    case 1: w->x0 = width - v1, w->x1 = width - v0, w->y0 = u0, w->y1 = u1; break;
    case 2:
        w->x0 = width - u1, w->x1 = width - u0, w->y0 = height - v1, w->y1 = height - v0;
        break;
    case 3: w->x0 = v0, w->x1 = v1, w->y0 = height - u1, w->y1 = height - u0; break;
    default: break;
    }
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
static void replace(struct words_page *out, const struct recognised *r, float points)
{
    float usual = usual_height(r->v, r->n);
    free(out->v);
    free(out->text);
    out->v = calloc(r->n + 1, sizeof *out->v);
    out->text = malloc(r->text.n + 1);
    if (!out->v || !out->text) abort();
    for (size_t i = 0; i < r->n; i++) {
        out->v[i] = place(&r->v[i], usual, points);
        turn_box(&out->v[i], r->turn, out->width, out->height);
    }
    memcpy(out->text, r->text.s, r->text.n + 1);
    out->n = r->n;
}

bool ocr_page(struct words_page *out, struct ocr *ocr, struct outline *o, uint32_t number,
              double deadline)
{
    PopplerDocument *doc = outline_document(o);
    PopplerPage *page = doc ? poppler_document_get_page(doc, (int)number - 1) : NULL;
    struct picture p = {0};
    struct recognised r = {0};
    if (!page) return false;
    if (draw(&p, page)) recognise(&r, &p, ocr, deadline);
    bool is_text = r.sure >= PAGE_SURE;
    if (is_text) keep_sure(&r);
    if (is_text) replace(out, &r, (float)(72 / p.dpi));
    g_object_unref(page);
    mem_free(p.gray);
    recognised_free(&r);
    return is_text;
}
