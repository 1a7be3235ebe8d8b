#include "extract/ocr.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ingest/tessdata.h"

#define LIBRARY "libtesseract.so.5"

enum { MOST_WORDS = 100000 };

/* tesseract's C interface, which stays: the values are those of its capi.h. */
enum { MODE_AUTO = 3, LEVEL_LINE = 2, LEVEL_WORD = 3 };

struct api {
    void *(*create)(void);
    int (*init)(void *, const char *folder, const char *langs);
    void (*set_mode)(void *, int);
    void (*set_image)(void *, const unsigned char *, int w, int h, int bytes_a_pixel, int stride);
    void (*set_resolution)(void *, int dpi);
    int (*recognize)(void *, void *monitor);
    void *(*iterator)(void *);
    void (*clear)(void *);
    void (*end)(void *);
    void (*destroy)(void *);
    void (*end_iterator)(void *);
    int (*next)(void *, int level);
    int (*box)(const void *, int level, int *x0, int *y0, int *x1, int *y1);
    int (*baseline)(const void *, int level, int *x0, int *y0, int *x1, int *y1);
    char *(*text)(const void *, int level);
    float (*confidence)(const void *, int level);
    void (*free_text)(const char *);
    void *(*new_monitor)(void);
    void (*end_monitor)(void *);
    void (*set_deadline)(void *, int milliseconds);
};

struct ocr {
    struct api api;
    void *library, *engine;
    char langs[TESSDATA_NAMES];
};

bool ocr_is_there(const char *langs)
{
    char unused[TESSDATA_NAMES];
    return tessdata_find(langs, unused) != NULL;
}

/* ------------------------------------------------------------------ the library */

static bool bind_all(struct ocr *o)
{
    const struct {
        const char *name;
        void *at;
    } all[] = {
        {"TessBaseAPICreate", &o->api.create},
        {"TessBaseAPIInit3", &o->api.init},
        {"TessBaseAPISetPageSegMode", &o->api.set_mode},
        {"TessBaseAPISetImage", &o->api.set_image},
        {"TessBaseAPISetSourceResolution", &o->api.set_resolution},
        {"TessBaseAPIRecognize", &o->api.recognize},
        {"TessBaseAPIGetIterator", &o->api.iterator},
        {"TessBaseAPIClear", &o->api.clear},
        {"TessBaseAPIEnd", &o->api.end},
        {"TessBaseAPIDelete", &o->api.destroy},
        {"TessResultIteratorDelete", &o->api.end_iterator},
        {"TessResultIteratorNext", &o->api.next},
        {"TessPageIteratorBoundingBox", &o->api.box},
        {"TessPageIteratorBaseline", &o->api.baseline},
        {"TessResultIteratorGetUTF8Text", &o->api.text},
        {"TessResultIteratorConfidence", &o->api.confidence},
        {"TessDeleteText", &o->api.free_text},
        {"TessMonitorCreate", &o->api.new_monitor},
        {"TessMonitorDelete", &o->api.end_monitor},
        {"TessMonitorSetDeadlineMSecs", &o->api.set_deadline},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        void *f = dlsym(o->library, all[i].name);
        if (!f) return false;
        memcpy(all[i].at, &f, sizeof f);
    }
    return true;
}

static bool begin(struct ocr *o, const char *folder)
{
    o->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!o->library || !bind_all(o)) return false;
    o->engine = o->api.create();
    if (!o->engine || o->api.init(o->engine, folder, o->langs) != 0) return false;
    o->api.set_mode(o->engine, MODE_AUTO);
    return true;
}

struct ocr *ocr_open(const char *langs)
{
    struct ocr *o = mem_alloc(1, sizeof *o);
    const char *folder = tessdata_find(langs, o->langs);
    if (folder && begin(o, folder)) return o;
    ocr_close(o);
    return NULL;
}

void ocr_describe(struct buf *out)
{
    struct ocr *o = ocr_open(NULL);
    if (o)
        buf_addf(out, "tesseract, %s", o->langs);
    else if (ocr_is_there(NULL))
        buf_addz(out, "no: tesseract's data are installed, " LIBRARY " is not or does not start");
    else
        buf_addz(out, "no: tesseract-ocr is not installed");
    ocr_close(o);
}

void ocr_close(struct ocr *o)
{
    if (!o) return;
    if (o->engine) {
        o->api.end(o->engine);
        o->api.destroy(o->engine);
    }
    mem_free(o); /* the library stays: taking it down may run what the sandbox forbids */
}

const char *ocr_languages(const struct ocr *o)
{
    return o->langs;
}

/* ------------------------------------------------------------------ a picture */

static bool take_word(const struct api *a, void *it, struct ocr_word *w, struct buf *text)
{
    int x0, y0, x1, y1, unused;
    char *s = a->text(it, LEVEL_WORD);
    bool ok = s && *s && a->box(it, LEVEL_WORD, &w->x0, &w->y0, &w->x1, &w->y1);
    if (ok) {
        w->baseline = (float)w->y1;
        w->height = (float)(w->y1 - w->y0);
        if (a->baseline(it, LEVEL_WORD, &x0, &y0, &x1, &y1)) w->baseline = 0.5f * (float)(y0 + y1);
        if (a->box(it, LEVEL_LINE, &unused, &y0, &unused, &y1)) w->height = (float)(y1 - y0);
        w->confidence = (int)a->confidence(it, LEVEL_WORD);
        w->text = text->n;
        w->n = strlen(s);
        buf_add(text, s, w->n);
    }
    if (s) a->free_text(s);
    return ok;
}

static void take_words(const struct ocr *o, struct ocr_word **words, size_t *n, struct buf *text)
{
    const struct api *a = &o->api;
    size_t cap = 0;
    void *it = a->iterator(o->engine);
    if (!it) return;
    do {
        if (*n == cap) *words = mem_grow(*words, cap = 2 * cap + 256, sizeof **words);
        if (take_word(a, it, &(*words)[*n], text)) (*n)++;
    } while (*n < MOST_WORDS && a->next(it, LEVEL_WORD));
    a->end_iterator(it);
}

bool ocr_read(struct ocr *o, const unsigned char *gray, int width, int height, int dpi,
              double seconds, struct ocr_word **words, size_t *n, struct buf *text)
{
    const struct api *a = &o->api;
    *words = NULL;
    *n = 0;
    if (seconds <= 0) return false;
    void *monitor = a->new_monitor();
    a->set_deadline(monitor, (int)(1000 * seconds));
    a->set_image(o->engine, gray, width, height, 1, width);
    a->set_resolution(o->engine, dpi);
    bool done = a->recognize(o->engine, monitor) == 0;
    if (done) take_words(o, words, n, text);
    a->clear(o->engine);
    a->end_monitor(monitor);
    return done;
}
