/* pdf_slant.h: text that runs at an angle.
 *
 * poppler knows four directions.  Text at any other angle comes out as single letters and shreds
 * of words, whose boxes climb or fall like stairs.  The angle of the stairs tells the direction;
 * turned back by it, the letters lie on lines again.  Pure geometry. */
#ifndef EXTRACT_PDF_SLANT_H
#define EXTRACT_PDF_SLANT_H

#include <stddef.h>

#include "base/mem.h"

/* A word in coordinates of its quarter turn: u along the line, v across, growing downwards. */
struct slant {
    float u0, v0, u1, v1, size;
    float letter; /* height of a letter's box: the least of its font on this page */
    int chars;
    float angle; /* out: radians, clockwise as seen; 0 upright.  Within 45 degrees. */
};

/* Sets the angle of every word.  At most three angles on a page besides upright; each needs five
 * shreds between two others.  Cost: n log n, 64 neighbours looked at for each word. */
void slant_find(struct slant *s, size_t n, struct arena *scratch);

/* Turns a word with an angle back: its box in coordinates in which it is upright. */
void slant_turn(struct slant *s);

#endif
