/* tensor.h: typed, shaped views of checkpoint bytes. */
#ifndef ENGINE_TENSOR_H
#define ENGINE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum dtype { DT_F32, DT_BF16, DT_F16, DT_F8_E4M3, DT_I32, DT_I64, DT_OTHER };

struct tensor {
    enum dtype type;
    int ndim;
    uint64_t shape[4];
    const void *data; /* little-endian, row-major; alignment not guaranteed beyond 1 */
    uint64_t bytes;
    /* F8_E4M3 only: multipliers per block of block x block, [ceil(rows/block), ceil(cols/block)],
     * f32, partial blocks at the edges included.  NULL: none. */
    const float *scale;
    uint32_t block;
};

size_t dtype_size(enum dtype t); /* 0 for DT_OTHER */
const char *dtype_name(enum dtype t);
/* Bytes of a tensor, or false when the product overflows. */
bool tensor_bytes(const uint64_t *shape, int ndim, enum dtype t, uint64_t *out);

static inline float f32_of_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static inline float bf16_to_f32(uint16_t h)
{
    return f32_of_bits((uint32_t)h << 16);
}

/* Rounds to nearest even; NaN stays NaN. */
static inline uint16_t f32_to_bf16(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    if ((u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(u >> 16 | 0x40u);
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

static inline float f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = h >> 10 & 31u, mantissa = h & 1023u;
    if (exponent == 0) { /* subnormal: multiples of 2^-24 */
        float v = (float)mantissa * 0x1p-24f;
        return sign ? -v : v;
    }
    if (exponent == 31) return f32_of_bits(sign | 0x7f800000u | mantissa << 13);
    return f32_of_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

/* Rounds to nearest even; beyond 65504, the largest number; NaN stays NaN. */
static inline uint16_t f32_to_f16(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    uint16_t sign = (uint16_t)(u >> 16 & 0x8000u);
    u &= 0x7fffffffu;
    if (u > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (u >> 13 & 0x3ffu));
    if (u >= 0x477fe000u) return (uint16_t)(sign | 0x7bffu);
    if (u < 0x38800000u) { /* below 2^-14: adding 1/2 leaves multiples of 2^-24 */
        float half = f32_of_bits(u) + 0.5f;
        memcpy(&u, &half, sizeof u);
        return (uint16_t)(sign | (u - 0x3f000000u));
    }
    return (uint16_t)(sign | ((u - 0x38000000u + 0xfffu + (u >> 13 & 1u)) >> 13));
}

/* No infinities; 0x7f and 0xff are NaN.  Subnormals are multiples of 2^-9. */
static inline float e4m3_to_f32(uint8_t b)
{
    uint32_t sign = (uint32_t)(b & 0x80u) << 24, exponent = b >> 3 & 15u, mantissa = b & 7u;
    if (exponent == 15 && mantissa == 7) return f32_of_bits(sign | 0x7fc00000u);
    if (exponent > 0) return f32_of_bits(sign | (exponent + 120) << 23 | mantissa << 20);
    return sign ? -(float)mantissa * 0x1p-9f : (float)mantissa * 0x1p-9f;
}

/* Row r of a matrix as f32, dequantised: out [cols]. */
void tensor_row_f32(const struct tensor *t, uint64_t r, float *out);

#endif
