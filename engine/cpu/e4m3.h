/* e4m3.h: the byte that PACK_E4M3 keeps of an FP8 number, and the integer it is multiplied as.
 *
 * A byte is exponent << 4 | sign << 3 | mantissa: both halves are then indices of 16 entries, which
 * is what a byte shuffle looks up.  The integer is eight times the number, half rounded up: exact
 * from 1 upwards, within 1/16 below.  Packing moves the exponents of each output and block up as far
 * as they go (and its scale down), so the largest is at least 256 and the integer is within 2.5e-4 of
 * the largest, for most numbers exact.  NaN has no byte: it goes to the scale. */
#ifndef ENGINE_CPU_E4M3_H
#define ENGINE_CPU_E4M3_H

#include <stdint.h>

#define E4M3_ONE 8       /* the integer of 1.0 */
#define E4M3_MOST 3840   /* of the largest byte, 480 */

static inline uint8_t e4m3_pack(uint8_t b)
{
    return (uint8_t)((b << 1 & 0xf0) | (b >> 4 & 8) | (b & 7));
}
static inline float e4m3_value(uint8_t p)
{
    int e = p >> 4, m = p & 7;
    float v = e ? (float)((8 + m) << e) * 0x1p-10f : (float)m * 0x1p-9f;
    return p & 8 ? -v : v;
}

/* Times 2^by, exact: the caller knows that the exponent stays below 16. */
static inline uint8_t e4m3_shift(uint8_t p, int by)
{
    int e = p >> 4, m = p & 7;
    if (e == 0) { /* m 2^-9: find its leading digit */
        if (m == 0) return p;
        for (e = 1; m < 8 && by > 0; by--) m *= 2;
        if (m < 8) return (uint8_t)((p & 8) | m);
        m -= 8;
    }
    return (uint8_t)((e + by) << 4 | (p & 8) | m);
}

/* -(8 + mantissa), and its negative: (8 + m) 2^e = (-(8 + m) 2^8) (-2^e) / 2^8.  Both factors carry
 * a minus because 2^15 is no int16. */
static const int8_t e4m3_digits[16] = {-8, -9, -10, -11, -12, -13, -14, -15,
                                       8,  9,  10,  11,  12,  13,  14,  15};
/* -2^e as low and high byte. */
static const uint8_t e4m3_power[2][16] = {
    {0xff, 0xfe, 0xfc, 0xf8, 0xf0, 0xe0, 0xc0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0},
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xfc, 0xf8, 0xf0, 0xe0, 0xc0,
     0x80}};

/* Subnormals (exponent 0) are below 1/64: they round to 0 with or without their hidden digit. */
static inline int16_t e4m3_eighths(uint8_t p)
{
    int32_t product = e4m3_digits[p & 15] * 256 * -(1 << (p >> 4));
    return (int16_t)((product + (1 << 14)) >> 15);
}

#endif
