/* pdf_text.h: the characters of a line, in logical order and in their plain form. */
#ifndef EXTRACT_PDF_TEXT_H
#define EXTRACT_PDF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"
#include "extract/pdf_layout.h"

/* Appends the text of one line to *out: words with single spaces where the page shows a gap (none
 * between Han or kana), runs that read from right to left turned into logical order, ligatures and
 * presentation forms taken apart, soft hyphens inside words removed, leaders shortened to "...".
 * `turned` is bidi_to_logical's: 0 before the first line of a page. */
void text_of_line(struct buf *out, const struct words_page *page, const struct line *l, int *turned,
                  struct arena *scratch);

/* Han, kana and their punctuation: scripts that put no space between words (hangul does). */
bool text_is_spaceless(uint32_t cp);
bool text_is_rtl(uint32_t cp);
bool text_is_lower(uint32_t cp); /* a lower-case letter, or a letter without case */
bool text_is_upper(uint32_t cp);
bool text_is_letter(uint32_t cp);
int text_letters(struct str s); /* how many there are */

/* First and last code point; 0 when empty. */
uint32_t text_first(struct str s);
uint32_t text_last(struct str s);
/* The sentence is over: . ! ? : ; or their kin, perhaps before a closing quote or bracket. */
bool text_ends_sentence(struct str s);
/* Nothing stands between the last word of a and the first of b, which is on the next line: scripts
 * without spaces, dashes without blanks around, addresses of the net that are broken at a sign. */
bool text_joins_tight(struct str a, struct str b);
/* The same for two lines of running text in Thai, Lao, Burmese or Khmer, where a line ends behind any
 * word, and blanks stand between phrases: not behind the sign that a word is said twice. */
bool text_joins_phrase(struct str a, struct str b);
/* A digit, + or - as it is written raised; others as they are. */
uint32_t text_raised(uint32_t cp);
/* The digit that is written raised here; -1: none is. */
int text_raised_digit(uint32_t cp);
/* One sign that begins an item of a list. */
bool text_is_bullet(uint32_t cp);
/* "Table 3", "Tabelle 1:", "表 2", "表2" (next may be empty): how the caption of a table begins. */
bool text_starts_caption(struct str word, struct str next);
/* Bullets and enumerators: "• ", "- ", "1. ", "(a) ". */
bool text_starts_item(struct str s);
/* The last character is a hyphen that stands directly behind a letter or a digit. */
bool text_ends_dash(struct str s);
/* The length of a hyphen at the end that splits a word (two letters or more before it), or 0. */
size_t text_end_hyphen(struct str s);

#endif
