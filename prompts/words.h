/* words.h: the words of a text, for checking what is said. */
#ifndef PROMPTS_WORDS_H
#define PROMPTS_WORDS_H

#include "base/str.h"

/* A run of letters, digits and _, or one CJK character. */
struct word {
    const char *s;
    size_t n;
    bool cjk;
    bool capital;   /* begins with a capital letter                                   */
    bool digit;     /* holds a digit                                                  */
    bool letter;    /* holds a letter                                                 */
    bool code;      /* holds _ or a capital after a small letter: a name in code      */
    uint64_t exact; /* hash of the letters in lower case                              */
    uint64_t stem;  /* the same without a common English ending                       */
};

/* The next word at or after *i, which moves behind it; false at the end. */
bool words_next(struct str text, size_t *i, struct word *w);
/* The parts of a name in code, one after the other: max_retryCount gives max, retry, Count. */
bool words_part(const struct word *w, size_t *i, struct word *part);
/* True for words that say nothing by themselves. */
bool words_is_stop(const struct word *w);
/* Hash of a number as written, without the commas that group its digits. */
uint64_t words_number(const char *s, size_t n);

#endif
