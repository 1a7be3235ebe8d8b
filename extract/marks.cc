// marks.cc: see marks.h.
#include "extract/marks.h"

#include "extract/page_run.hh"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <vector>

#include <GfxState.h>
#include <GlobalParams.h>
#include <OutputDev.h>
#include <PDFDoc.h>
#include <Stream.h>
#include <goo/GooString.h>

namespace
{

constexpr size_t MAX_MARKS = 400000; // characters of a page
constexpr double WHITE = 0.94, OPAQUE = 0.05;

void ignore(ErrorCategory, Goffset, const char *)
{
}

class device : public OutputDev
{
  public:
    std::vector<mark> found;
    size_t off = 0;
    double width = 0, height = 0;

    bool upsideDown() override
    {
        return true;
    }
    bool useDrawChar() override
    {
        return true;
    }
    bool interpretType3Chars() override
    {
        return false;
    }
    bool needNonText() override
    {
        return false;
    }

    void startPage(int, GfxState *state, XRef *) override
    {
        found.clear();
        off = 0;
        was_outside = false;
        width = state->getPageWidth();
        height = state->getPageHeight();
    }

    void drawChar(GfxState *state, double x, double y, double dx, double dy, double, double,
                  CharCode, int, const Unicode *u, int n) override
    {
        double px, py, ux, uy;
        state->transform(x + 0.5 * dx, y + 0.5 * dy, &px, &py);
        state->transformDelta(0, 0.3 * state->getFontSize(), &ux, &uy);
        bool space = n > 0 && (u[0] == ' ' || u[0] == 0xa0);
        bool outside = px < 0 || py < 0 || px > width || py > height;
        if (outside && !space && !was_outside) off++;
        was_outside = outside && !space;
        if (outside || space || found.size() >= MAX_MARKS) return;
        GfxRGB rgb;
        int mode = state->getRender() & 7;
        bool none = mode == 3 || mode == 7 || (mode == 0 && state->getFillOpacity() < OPAQUE);
        state->getFillRGB(&rgb);
        bool white = mode == 0 && colToDbl(rgb.r) > WHITE && colToDbl(rgb.g) > WHITE &&
                     colToDbl(rgb.b) > WHITE;
        if (!none && !white) return;
        found.push_back(mark{static_cast<float>(px + ux), static_cast<float>(py + uy),
                             none ? MARK_NONE : MARK_WHITE});
    }

  private:
    bool was_outside = false;
};

std::unique_ptr<run_device<device>> make_device()
{
    return std::make_unique<run_device<device>>();
}

} // namespace

struct marks_doc {
    GlobalParamsIniter params{ignore};
    std::unique_ptr<PDFDoc> pdf;
    std::unique_ptr<page_runner<device>> runner; // over pdf
};

struct marks_doc *marks_open(const void *bytes, size_t n, const char *password)
{
    try {
        std::unique_ptr<marks_doc> d(new marks_doc);
        std::optional<GooString> pw;
        if (password) pw.emplace(password);
        auto *s = new MemStream(const_cast<char *>(static_cast<const char *>(bytes)), 0,
                                static_cast<Goffset>(n), Object(objNull));
        d->pdf = std::make_unique<PDFDoc>(s, pw, pw);
        if (!d->pdf->isOk()) return nullptr;
        d->runner = std::make_unique<page_runner<device>>(d->pdf.get(), make_device);
        return d.release();
    } catch (...) {
        return nullptr;
    }
}

void marks_close(struct marks_doc *d)
{
    delete d;
}

void marks_read(struct marks_doc *d, int number, struct marks_page *out)
{
    *out = marks_page();
    try {
        device &dev = d->runner->run(number);
        out->v = static_cast<mark *>(calloc(dev.found.size() + 1, sizeof(mark)));
        if (!out->v) abort();
        out->n = dev.found.size();
        if (out->n) memcpy(out->v, dev.found.data(), out->n * sizeof(mark));
        out->off = dev.off;
    } catch (...) {
        marks_free(out);
    }
}

void marks_free(struct marks_page *p)
{
    free(p->v);
    *p = marks_page();
}
