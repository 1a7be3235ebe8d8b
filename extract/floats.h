/* floats.h: order among measures of a page. */
#ifndef EXTRACT_FLOATS_H
#define EXTRACT_FLOATS_H

#include <stddef.h>

/* For qsort: the smaller one first. */
int floats_order(const void *a, const void *b);
void floats_sort(float *v, size_t n);
/* Sorts them and gives the middle one, of two the larger; 0 when there are none. */
float floats_middle(float *v, size_t n);

#endif
