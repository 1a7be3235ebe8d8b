// words_rtl.hh: words that read from right to left, as seen: poppler stores most of their
// characters so, but what a glyph or ActualText gives as it is read, and marks that are drawn over
// letters as words of their own.  C++ only, of this folder.
#ifndef EXTRACT_WORDS_RTL_HH
#define EXTRACT_WORDS_RTL_HH

#include <utility>
#include <vector>

#include <TextOutputDev.h>

bool rtl_is(unsigned c);
std::vector<unsigned> rtl_chars(const TextWord &t);

// Several characters that are stored in the order in which they are read, and where they begin.
struct rtl_cluster {
    double x, y;
    std::vector<unsigned> text;
};

// Those of a page, which must outlive this.
class rtl_clusters
{
  public:
    explicit rtl_clusters(const std::vector<rtl_cluster> &all);

    // Brings those that are in u, the characters of t, into the order seen.
    void settle(const TextWord &t, std::vector<unsigned> &u) const;

  private:
    using place = std::pair<double, const rtl_cluster *>;
    std::vector<place> by_x, by_y;

    size_t length_at(const TextWord &t, const std::vector<unsigned> &u, size_t i) const;
};

// Marks that poppler has as words of their own, though they stand on a letter of another word: in
// that word they come left of it.
class rtl_marks
{
  public:
    explicit rtl_marks(TextWordList *list); // NULL is fine

    // Whether t is a mark that is to be added to another word.
    bool are_elsewhere(const TextWord &t) const;

    // Adds the marks that stand on letters of t to u, its characters.
    void add(const TextWord &t, std::vector<unsigned> &u) const;

  private:
    struct lone_mark {
        double x, y; // its middle
        const TextWord *mark;
        bool is_hosted;
    };
    struct hosted_mark {
        const TextWord *word;
        size_t at; // in the word
        int pos;   // of the mark, in the content stream
        const TextWord *mark;
    };
    std::vector<lone_mark> marks;        // by x
    std::vector<hosted_mark> hosted;     // by word, by place in it
    std::vector<const TextWord *> moved; // the marks of those, by address

    void host(const TextWord &t);
};

#endif
