// page_run.cc: see page_run.hh.
#include "extract/page_run.hh"

#include <Annot.h>
#include <Array.h>
#include <Dict.h>
#include <Stream.h>

namespace
{

constexpr size_t MAX_KEPT = 128; // fonts of an interpreter: an East Asian one takes a megabyte

bool same(Ref a, Ref b)
{
    return a.num == b.num && a.gen == b.gen;
}

int turn_of(Page *page)
{
    int turn = page->getRotate() % 360;
    return turn < 0 ? turn + 360 : turn;
}

PDFRectangle box_of(Page *page, int turn)
{
    PDFRectangle box;
    bool crop = true; // taken back: the whole box is drawn
    page->makeBox(72, 72, turn, false, true, -1, -1, -1, -1, &box, &crop);
    return box;
}

bool has_reached(void *limit)
{
    return static_cast<const page_limit *>(limit)->reached();
}

// What a page draws, part after part, until the limit is reached: then it ends, and the operators that
// poppler has read ahead are still run.  One part is open at a time: a page may name the same one tens of
// thousands of times, and each opened has a decoder.
class parts_stream : public Stream
{
  public:
    parts_stream(Object &&parts, const page_limit *limit) : parts(std::move(parts)), limit(limit)
    {
    }
    StreamKind getKind() const override
    {
        return strWeird;
    }
    void reset() override
    {
        open(0);
    }
    void close() override
    {
        if (part.isStream()) part.streamClose();
    }
    int getChar() override
    {
        if (!part.isStream()) return EOF;
        int c = of_part([this] { return part.streamGetChar(); });
        if (c != EOF || !has_more() || limit->reached()) return c;
        open(at + 1);
        return BETWEEN;
    }
    int lookChar() override
    {
        if (!part.isStream()) return EOF;
        int c = of_part([this] { return part.getStream()->lookChar(); });
        return c == EOF && has_more() ? BETWEEN : c;
    }
    int getUnfilteredChar() override
    {
        return part.isStream() ? part.getStream()->getUnfilteredChar() : EOF;
    }
    void unfilteredReset() override
    {
        if (part.isStream()) part.getStream()->unfilteredReset();
    }
    Goffset getPos() override
    {
        return part.isStream() ? part.getStream()->getPos() : 0;
    }
    void setPos(Goffset pos, int dir) override
    {
        if (part.isStream()) part.getStream()->setPos(pos, dir);
    }
    bool isBinary(bool last) const override
    {
        return last;
    }
    BaseStream *getBaseStream() override
    {
        return part.isStream() ? part.getStream()->getBaseStream() : nullptr;
    }
    Stream *getUndecodedStream() override
    {
        return part.isStream() ? part.getStream()->getUndecodedStream() : nullptr;
    }
    Dict *getDict() override
    {
        return part.isStream() ? part.getStream()->getDict() : nullptr;
    }
    Object *getDictObject() override
    {
        return part.isStream() ? part.getStream()->getDictObject() : nullptr;
    }

  private:
    static constexpr int BETWEEN = '\n'; // no token goes on from part to part
    Object parts, part;
    const page_limit *limit;
    int at = 0; // the place of `part`

    template <typename asks> static int of_part(asks ask)
    {
        try {
            return ask();
        } catch (const page_late &) {
            return EOF;
        }
    }

    bool has_more() const
    {
        return at + 1 < parts.arrayGetLength();
    }

    // The first part from i on that is a stream, or none.
    void open(int i)
    {
        close();
        part = Object(objNull);
        for (at = i; at < parts.arrayGetLength() && !part.isStream(); at++) {
            if (limit->reached()) break;
            part = parts.arrayGet(at);
        }
        at--;
        if (part.isStream()) part.streamReset();
    }
};

// Long ones, and those that are packed twice, may be very long.
bool may_swell(const Object &stream)
{
    constexpr int LONG = 1 << 18; // bytes in the file
    Object length = stream.streamGetDict()->lookup("Length");
    Object filter = stream.streamGetDict()->lookup("Filter");
    return !length.isInt() || length.getInt() > LONG ||
           (filter.isArray() && filter.arrayGetLength() > 1);
}

Object part_by_part(Object &&contents, const page_limit *limit, XRef *xref)
{
    if (!contents.isArray() && !(contents.isStream() && may_swell(contents)))
        return std::move(contents);
    if (contents.isArray())
        return Object(static_cast<Stream *>(new parts_stream(std::move(contents), limit)));
    Object alone(new Array(xref));
    alone.arrayAdd(std::move(contents));
    return Object(static_cast<Stream *>(new parts_stream(std::move(alone), limit)));
}

void *as_data(const page_limit *limit)
{
    return const_cast<page_limit *>(limit);
}

} // namespace

// An exception leaves behind in poppler what its interpreter had at hand.  The process ends with the
// document: those leaks are not reported.
static bool has_left;

void page_run::note_left()
{
    has_left = true;
}

#ifdef __SANITIZE_ADDRESS__
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off()
{
    return has_left;
}
#endif

void page_fonts::saw(const GfxState *state)
{
    const auto &font = state->getFont();
    if (!font || named.count(font->getTag())) return;
    auto it = kept.find(font->getTag());
    // A form of the page may name the font itself: then nothing is wrong, but that cannot be told.
    if (it != kept.end() && same(it->second, *font->getID())) stray = true;
}

page_run::page_run(PDFDoc *doc, OutputDev *dev, page_fonts *fonts, const page_limit *limit)
    : doc(doc), dev(dev), fonts(fonts), limit(limit)
{
}

page_run::~page_run()
{
    fonts->holds_end = true; // the last page has ended
}

// As PDFDoc::displayPage does it, but that loses its interpreter where something is thrown through it.
void page_run::run_alone(PDFDoc *doc, OutputDev *dev, page_fonts *fonts, int number,
                         const page_limit *limit)
{
    Page *page = doc->getPage(number);
    if (!page) return;
    page_run alone(doc, dev, fonts, limit);
    fonts->holds_end = true;
    alone.gfx.reset(page->createGfx(dev, 72, 72, 0, false, true, -1, -1, -1, -1, false, has_reached,
                                    as_data(limit)));
    alone.draw(page);
    alone.end();
}

// The interpreter for pages like this one.
bool page_run::fits(Page *page)
{
    int t = turn_of(page);
    PDFRectangle b = box_of(page, t);
    if (gfx) return t == turn && b == box;
    turn = t;
    box = b;
    return true;
}

// Adds what the page names to what is kept.  False: a font without a number of its own, a name that
// stands for another font, or too many.
bool page_run::take_fonts(Page *page)
{
    fonts->named.clear();
    Dict *resources = page->getResourceDict();
    Object list = resources ? resources->lookup("Font") : Object(objNull);
    if (!list.isDict()) return true;
    Object fresh(new Dict(doc->getXRef()));
    for (int i = 0; i < list.dictGetLength(); i++) {
        const Object &font = list.dictGetValNF(i);
        std::string name = list.getDict()->getKey(i);
        if (!font.isRef()) return false;
        auto it = fonts->kept.find(name);
        if (it != fonts->kept.end() && !same(it->second, font.getRef())) return false;
        if (it == fonts->kept.end()) fresh.dictAdd(name.c_str(), font.copy());
        fonts->kept[name] = font.getRef();
        fonts->named.insert(name);
    }
    if (fonts->kept.size() > MAX_KEPT) return false;
    if (!fresh.dictGetLength()) return true;
    Object all(new Dict(doc->getXRef()));
    all.dictAdd("Font", std::move(fresh));
    gfx->pushResources(all.getDict());
    return true;
}

bool page_run::begin(Page *page)
{
    if (!fits(page)) return false;
    if (!gfx) {
        fonts->holds_end = true;
        gfx = std::make_unique<Gfx>(doc, dev, page->getNum(), nullptr, 72, 72, &box, nullptr, turn,
                                    has_reached, as_data(limit));
    } else {
        dev->startPage(page->getNum(), gfx->getState(), doc->getXRef());
    }
    gfx->getState()->clearPath();
    gfx->getState()->textMoveTo(0, 0);
    return take_fonts(page);
}

// Marked content that the page did not end would hide or swallow text of the next one.  The
// interpreter does not tell, but an end too many goes unheard.
bool page_run::left_open()
{
    static char end[] = "EMC";
    auto *bytes = new MemStream(end, 0, sizeof end - 1, Object(new Dict(doc->getXRef())));
    Object probe(static_cast<Stream *>(bytes));
    fonts->closed = false;
    gfx->display(&probe);
    return fonts->closed;
}

void page_run::draw(Page *page)
{
    Object contents = part_by_part(page->getContents(), limit, doc->getXRef());
    if (!contents.isNull()) {
        gfx->saveState();
        gfx->display(&contents);
        gfx->restoreState();
    }
    Annots *annots = page->getAnnots();
    for (const auto &annot : annots->getAnnots()) annot->draw(gfx.get(), false);
}

void page_run::end()
{
    fonts->holds_end = false;
    dev->endPage();
    fonts->holds_end = true;
}

bool page_run::run(Page *page)
{
    if (gfx && left_open()) return false;
    fonts->stray = false;
    if (!begin(page)) return false;
    Dict *resources = page->getResourceDict();
    if (resources) { /* but for the fonts, which are there */
        Object own(resources->copy(doc->getXRef()));
        own.getDict()->remove("Font");
        gfx->pushResources(own.getDict());
    }
    draw(page);
    if (resources) gfx->popResources();
    if (fonts->stray) return false;
    end();
    return true;
}
