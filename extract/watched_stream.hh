// watched_stream.hh: the bytes of a PDF, for poppler, which ends a page that takes too long on its
// way through them.
//
// poppler's interpreter asks after operators; but a form, a font's table or a mask may swell to
// gigabytes that hold none, and forms within forms start its count anew.  All of them are unpacked
// from the bytes of the file: these ask every few, as one may stand for a million.
//
// A table of codes (a CMap) may go on from another one, and poppler follows until the stack ends: one
// that never ends goes on from none here.  C++ only, of this folder.
#ifndef EXTRACT_WATCHED_STREAM_HH
#define EXTRACT_WATCHED_STREAM_HH

#include <utility>

#include <Stream.h>

#include "extract/page_run.hh"

// Of all streams of one document.
struct byte_watch {
    const page_limit *limit = nullptr; // none: nobody asks
    unsigned taken = 0;
    bool follows = false; // the tables that one goes on from are looked up

    // Throws page_late.
    void take(unsigned n)
    {
        static constexpr unsigned OFTEN = 16;
        if (!limit || (taken += n) < OFTEN) return;
        taken = 0;
        if (limit->is_deep() || limit->is_late()) throw page_late();
    }

    // Of the dictionary of a stream: takes out which table it goes on from, where that leads back to
    // itself or further than any that is written in good faith.
    void cut(Object *dict)
    {
        static constexpr int MOST = 8; // Adobe's own go on from three at most
        if (follows || !dict->isDict() || !dict->getDict()->hasKey("UseCMap")) return;
        struct following {
            bool &on;
            ~following()
            {
                on = false;
            }
        } here{follows = true};
        Object next = dict->dictLookup("UseCMap");
        for (int i = 0; i < MOST && next.isStream(); i++)
            next = next.streamGetDict()->lookup("UseCMap");
        // An error, too: poppler refuses to begin with what it is at, which this dictionary is of.
        if (next.isStream() || next.isError()) dict->getDict()->remove("UseCMap");
    }
};

// n bytes from `start` on, which outlive it, as the watch does.
class watched_stream : public BaseMemStream<const char>
{
  public:
    watched_stream(const char *bytes, Goffset start, Goffset n, Object &&dict, byte_watch *watch)
        : BaseMemStream(bytes, start, n, std::move(dict)), watch(watch)
    {
    }
    BaseStream *copy() override
    {
        return new watched_stream(buf, getStart(), length, dict.copy(), watch);
    }
    Stream *makeSubStream(Goffset start, bool limited, Goffset n, Object &&of) override
    {
        Goffset left = getStart() + length - start;
        watch->cut(&of);
        return new watched_stream(buf, start, limited && n < left ? n : left, std::move(of), watch);
    }
    int getChar() override
    {
        watch->take(1);
        return BaseMemStream::getChar();
    }

  private:
    byte_watch *watch;

    // All that is left of a stream without a filter is taken in blocks by some.
    bool hasGetChars() override
    {
        return true;
    }
    int getChars(int n, unsigned char *to) override
    {
        int taken = 0;
        if (n > 0) watch->take(static_cast<unsigned>(n));
        for (int c; taken < n && (c = BaseMemStream::getChar()) != EOF; taken++)
            to[taken] = static_cast<unsigned char>(c);
        return taken;
    }
};

#endif
