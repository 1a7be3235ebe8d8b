/* html_saying.h: the words of a short text, to tell whether two texts say the same. */
#ifndef EXTRACT_HTML_SAYING_H
#define EXTRACT_HTML_SAYING_H

#include "extract/html_tree.h"

/* What is looked at of a text: bytes of words, and bytes and nodes that they stand in.  Blocks are in one
 * another, and who reads each of them anew must not read the page each time. */
enum { SAYING_MAX = 400, SAYING_SOURCE = 4096, SAYING_NODES = 400 };

/* " word word ": ASCII in small letters, signs left out, but for those that part a title, which are
 * a word each: " words of it | name of the site ". */
struct saying {
    char s[SAYING_MAX + 8];
};

/* Letters of some words, and those of them that are in words of another text as well. */
struct saying_share {
    size_t all, same;
};

/* The words of the text below root, dropped or not. */
void saying_of(struct saying *w, const xmlNode *root);
/* Those of a text, as of an attribute. */
void saying_of_text(struct saying *w, const char *text);

/* Counts the word of n bytes at w, which is in a struct saying, against b. */
void saying_count(struct saying_share *of, const char *w, size_t n, const struct saying *b);

/* Counts all words of a against b, but for what parts a title. */
struct saying_share saying_share_of(const struct saying *a, const struct saying *b);

/* Whether nine letters of ten are the same, of any. */
bool saying_most(struct saying_share of);

#endif
