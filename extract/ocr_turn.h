/* ocr_turn.h: gray pictures of 8 bits, and which way the lines of their text run. */
#ifndef EXTRACT_OCR_TURN_H
#define EXTRACT_OCR_TURN_H

#include <stdbool.h>

struct picture {
    unsigned char *gray; /* [height][width], from the top left; mem_free */
    int width, height;
    double dpi;
};

/* Whether lines of text run up or down the picture rather than across it: between lines nothing
 * changes from light to dark, and there are more such gaps than columns have.  Rules count as little
 * as they are many.  Cost: goes over the pixels twice. */
bool ocr_is_sideways(const struct picture *p);

/* Turns the picture back by `turn` quarters, so that text whose writing direction is turned clockwise
 * by as many (word.turn) is upright. */
void ocr_turn_back(struct picture *p, int turn);

#endif
