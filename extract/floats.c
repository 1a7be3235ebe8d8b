#include "extract/floats.h"

#include <stdlib.h>

int floats_order(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

void floats_sort(float *v, size_t n)
{
    qsort(v, n, sizeof *v, floats_order);
}

float floats_middle(float *v, size_t n)
{
    floats_sort(v, n);
    return n ? v[n / 2] : 0;
}
