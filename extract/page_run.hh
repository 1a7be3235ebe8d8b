// page_run.hh: runs the pages of a PDF for a device of poppler's: PDFDoc::displayPage with the fonts
// kept from page to page.
//
// poppler makes every font that a page names anew for each page: on a book of 117 pages a third of
// all time.  Here one interpreter (Gfx) runs page after page, as long as their boxes are equal and
// no name stands for two fonts.  What a page gives depends on no other page: one that uses a font
// which only others name, and one that leaves something open behind it, are told apart and run
// alone.  C++ only, of this folder.
#ifndef EXTRACT_PAGE_RUN_HH
#define EXTRACT_PAGE_RUN_HH

#include <map>
#include <memory>
#include <set>
#include <string>

#include <Gfx.h>
#include <GfxFont.h>
#include <GfxState.h>
#include <OutputDev.h>
#include <PDFDoc.h>
#include <Page.h>

// Asked after every few operators of a page, and on the way through the bytes of the file
// (watched_stream.hh); true stops the page, and stays true until the next one.
struct page_limit {
    bool (*is_enough)(void *ctx) = nullptr; // none: never enough
    void *ctx = nullptr;
    const bool *full = nullptr; // of the device at work: it takes no more of this page
    bool no_memory = false;     // there was none left on this page
    mutable bool deep = false;  // it led poppler so deep into itself that the stack would end
    const char *top = nullptr;  // of the stack as the page began

    // Before the first byte of a page is asked for: else it ends for what the one before took.
    void begin()
    {
        full = nullptr;
        no_memory = deep = false;
        top = static_cast<const char *>(__builtin_frame_address(0));
    }
    bool is_deep() const
    {
        static constexpr long DEEP = 4 << 20; // of 8 MB, as is usual
        const char *here = static_cast<const char *>(__builtin_frame_address(0));
        return deep = deep || (top && top - here > DEEP);
    }
    bool is_late() const
    {
        return no_memory || deep || (is_enough && is_enough(ctx));
    }
    bool reached() const
    {
        return (full && *full) || is_late();
    }
};

// Thrown through poppler where a page is late: only the end of the interpreter may come after it.
struct page_late {
};

// What an interpreter keeps, and what its device saw of the page at work.
struct page_fonts {
    bool has_page = false; // what the device holds is of the page at work, and not half brought into order
    std::map<std::string, Ref> kept;
    std::set<std::string> named; // by the page
    bool stray = false;          // it used a font that others name
    bool closed = false;         // marked content ended
    bool holds_end = false;      // the end of a page is not the device's to hear

    void saw(const GfxState *state);
};

// A device of class `base`, which says when it is `full` and then waits for the end of the page only if
// that `is_last`: the page is not run once more.  With what a run has to know of it.
template <typename base> class run_device : public base
{
  public:
    using base::base;
    page_fonts fonts;
    const page_limit *limit = nullptr;

    // Each form starts the interpreter's count of operators anew, so that forms within forms are never
    // asked about: past the limit the device says that it draws them itself, and does not.
    bool useDrawForm() override
    {
        return (limit && limit->reached()) || base::useDrawForm();
    }

    // poppler asks for all bytes that an image among the operators should have; here it ends where the
    // content does.
    void drawImage(GfxState *state, Object *ref, Stream *s, int width, int height,
                   GfxImageColorMap *colors, bool interpolate, const int *mask, bool within) override
    {
        if (within) pass_image(s, width, height, colors->getNumPixelComps() * colors->getBits());
        base::drawImage(state, ref, s, width, height, colors, interpolate, mask, false);
    }
    void drawImageMask(GfxState *state, Object *ref, Stream *s, int width, int height, bool invert,
                       bool interpolate, bool within) override
    {
        if (within) pass_image(s, width, height, 1);
        base::drawImageMask(state, ref, s, width, height, invert, interpolate, false);
    }

    void updateFont(GfxState *state) override
    {
        fonts.saw(state);
        base::updateFont(state);
    }
    void endMarkedContent(GfxState *state) override
    {
        fonts.closed = true;
        base::endMarkedContent(state);
    }
    void startPage(int number, GfxState *state, XRef *xref) override
    {
        base::startPage(number, state, xref);
        fonts.has_page = true;
    }
    void endPage() override
    {
        if (fonts.holds_end) return;
        fonts.has_page = false;
        base::endPage();
        fonts.has_page = true;
    }

  private:
    static void pass_image(Stream *s, int width, int height, int bits)
    {
        long left = (static_cast<long>(width) * bits + 7) / 8 * height; // of ints that poppler checked
        s->reset();
        while (left-- > 0 && s->getChar() != EOF) continue;
        s->close();
    }
};

// An interpreter at work on one device; both are to be thrown away together.
class page_run
{
  public:
    page_run(PDFDoc *doc, OutputDev *dev, page_fonts *fonts, const page_limit *limit);
    ~page_run();
    page_run(const page_run &) = delete;
    page_run &operator=(const page_run &) = delete;

    // Runs the page.  False: this interpreter cannot, and the device may have seen some of it.
    bool run(Page *page);
    // Runs the page, `number` from 1, alone: on a fresh device, with nothing kept.
    static void run_alone(PDFDoc *doc, OutputDev *dev, page_fonts *fonts, int number,
                          const page_limit *limit);
    // A page was ended by an exception.
    static void note_left();

  private:
    PDFDoc *doc;
    OutputDev *dev;
    page_fonts *fonts;
    const page_limit *limit;
    std::unique_ptr<Gfx> gfx;
    PDFRectangle box;
    int turn = 0;

    bool take_fonts(Page *page);
    bool fits(Page *page);
    bool begin(Page *page);
    bool left_open();
    void draw(Page *page);
    void end();
};

// Pages of one document for devices of class `base`.
template <typename base> class page_runner
{
  public:
    using maker = std::unique_ptr<run_device<base>> (*)();
    // What is too full for a device of `make` is run once more, on one of `make_large`.
    page_runner(PDFDoc *doc, maker make, maker make_large)
        : doc(doc), make(make), make_large(make_large)
    {
    }

    page_limit limit; // of each page to come: the caller begins it

    // Runs a page, `number` from 1.  The device is valid until the next call.  What it saw of a page
    // that reached the limit, or for which there was no memory, came before that; throws page_late
    // where that is nothing.
    base &run(int number)
    {
        device = nullptr;
        alone.reset();
        bool is_cut = true;
        try {
            run_whole(number);
            if (device->full && !limit.is_late()) run_alone(number, make_large);
            is_cut = false;
        } catch (const page_late &) {
        } catch (const std::bad_alloc &) {
            limit.no_memory = true;
        }
        if (is_cut) page_run::note_left();
        if (!device || !device->fonts.has_page) throw page_late();
        if (device->full && !device->is_last) is_cut = true; // and late: its end was not heard
        device->is_last = true;
        device->fonts.holds_end = false;
        if (is_cut) device->endPage();
        return *device;
    }

  private:
    static constexpr int MAX_STRAYS = 8; // pages run in vain; after that nothing is kept
    PDFDoc *doc;
    maker make, make_large;
    int strays = 0;
    std::unique_ptr<run_device<base>> shared, alone;
    run_device<base> *device = nullptr; // at work: one of them

    void run_whole(int number)
    {
        std::unique_ptr<page_run> at_work = std::move(kept); // not kept when something is thrown
        Page *page = doc->getPage(number);
        // Once more with a new interpreter where the one at hand cannot.
        for (int again = 0; page && again < 2; again++) {
            if (!at_work || again || strays > MAX_STRAYS) {
                at_work.reset();
                renew(&shared, make);
                at_work = std::make_unique<page_run>(doc, shared.get(), &shared->fonts, &limit);
            }
            use(shared.get());
            bool is_done = at_work->run(page);
            if (limit.reached()) return; // what is left open in the interpreter goes with it
            if (is_done) {
                kept = std::move(at_work);
                return;
            }
            strays += shared->fonts.stray;
        }
        at_work.reset();
        run_alone(number, make);
    }

    void run_alone(int number, maker from)
    {
        renew(&alone, from);
        use(alone.get());
        page_run::run_alone(doc, device, &device->fonts, number, &limit);
    }

    void renew(std::unique_ptr<run_device<base>> *place, maker from)
    {
        device = nullptr;
        limit.full = nullptr;
        *place = from();
        (*place)->limit = &limit;
    }

    // It may still hold the page before.
    void use(run_device<base> *next)
    {
        device = next;
        device->fonts.has_page = false;
        limit.full = &device->full;
    }
    std::unique_ptr<page_run> kept; // on `shared`, dies before it
};

#endif
