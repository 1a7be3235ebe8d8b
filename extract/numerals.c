#include "extract/numerals.h"

#include <stdio.h>

/* 1 a, 26 z, 27 aa. */
static void put_letters(char *out, size_t max, int v, char first)
{
    char back[16];
    size_t n = 0, k = 0;
    for (; v > 0 && n < sizeof back; v = (v - 1) / 26) back[n++] = (char)(first + (v - 1) % 26);
    while (n > 0 && k + 1 < max) out[k++] = back[--n];
    out[k] = '\0';
}

static void put_roman(char *out, size_t max, int v, bool lower)
{
    static const struct { int value; const char *sign; } signs[] = {
        {1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"},
        {40, "XL"},  {10, "X"},   {9, "IX"},  {5, "V"},    {4, "IV"},  {1, "I"},
    };
    size_t k = 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        for (; v >= signs[i].value; v -= signs[i].value)
            for (const char *p = signs[i].sign; *p && k + 1 < max; p++)
                out[k++] = lower ? (char)(*p | 32) : *p;
    out[k] = '\0';
}

void numerals_put(char *out, size_t max, int v, enum numerals kind, bool lower)
{
    if (kind == NUMERALS_LETTERS && v > 0) put_letters(out, max, v, lower ? 'a' : 'A');
    else if (kind == NUMERALS_ROMAN && v > 0 && v < 4000) put_roman(out, max, v, lower);
    else snprintf(out, max, "%d", v);
}
