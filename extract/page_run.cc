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

// What a page draws, until the limit is reached: the interpreter asks only after operators, and a
// stream may have none for a gigabyte.
class limited_stream : public Stream
{
  public:
    limited_stream(Object &&of, const page_limit *limit) : whole(std::move(of)), limit(limit)
    {
    }
    StreamKind getKind() const override
    {
        return strWeird;
    }
    void reset() override
    {
        whole.getStream()->reset();
    }
    void close() override
    {
        whole.getStream()->close();
    }
    int getChar() override
    {
        return is_over() ? EOF : whole.getStream()->getChar();
    }
    int lookChar() override
    {
        return over ? EOF : whole.getStream()->lookChar();
    }
    int getUnfilteredChar() override
    {
        return whole.getStream()->getUnfilteredChar();
    }
    void unfilteredReset() override
    {
        whole.getStream()->unfilteredReset();
    }
    Goffset getPos() override
    {
        return whole.getStream()->getPos();
    }
    void setPos(Goffset pos, int dir) override
    {
        whole.getStream()->setPos(pos, dir);
    }
    bool isBinary(bool last) const override
    {
        return last;
    }
    BaseStream *getBaseStream() override
    {
        return whole.getStream()->getBaseStream();
    }
    Stream *getUndecodedStream() override
    {
        return whole.getStream()->getUndecodedStream();
    }
    Dict *getDict() override
    {
        return whole.getStream()->getDict();
    }
    Object *getDictObject() override
    {
        return whole.getStream()->getDictObject();
    }

  private:
    static constexpr unsigned OFTEN = 1 << 16; // characters between two questions
    Object whole;
    const page_limit *limit;
    unsigned taken = 0;
    bool over = false;

    bool is_over()
    {
        if (++taken % OFTEN == 0) over = over || limit->reached();
        return over;
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

Object limited(Object &&contents, const page_limit *limit, XRef *xref)
{
    if (contents.isStream() && may_swell(contents))
        return Object(static_cast<Stream *>(new limited_stream(std::move(contents), limit)));
    if (!contents.isArray()) return std::move(contents);
    Object all(new Array(xref));
    for (int i = 0; i < contents.arrayGetLength(); i++) {
        Object part = contents.arrayGet(i);
        bool wrap = part.isStream() && may_swell(part);
        all.arrayAdd(wrap
                         ? Object(static_cast<Stream *>(new limited_stream(std::move(part), limit)))
                         : std::move(part));
    }
    return all;
}

void *as_data(const page_limit *limit)
{
    return const_cast<page_limit *>(limit);
}

} // namespace

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

void page_run::run_alone(PDFDoc *doc, OutputDev *dev, int number, const page_limit *limit)
{
    doc->displayPage(dev, number, 72, 72, 0, false, true, false, has_reached, as_data(limit));
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
    Object contents = limited(page->getContents(), limit, doc->getXRef());
    if (!contents.isNull()) {
        gfx->saveState();
        gfx->display(&contents);
        gfx->restoreState();
    }
    Annots *annots = page->getAnnots();
    for (const auto &annot : annots->getAnnots()) annot->draw(gfx.get(), false);
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
    fonts->holds_end = false;
    dev->endPage();
    fonts->holds_end = true;
    return true;
}
