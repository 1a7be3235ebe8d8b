/* avx512_emulated.h: the instructions of AVX-512 and VNNI that simd_avx512.inc names, for processors that have
 * AVX2 and no more: SIMDe's, and here those that its release in Debian 12 lacks.  To be included before the
 * kernels, which are then compiled for AVX2, whatever they ask for. */
#ifndef TESTS_AVX512_EMULATED_H
#define TESTS_AVX512_EMULATED_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

/* name(v): 16 lanes, each what `lane` makes of the lane of v, whose type is `of`. */
#define EMULATE(result, name, vector, of, lane)                                                    \
    static inline result name(vector v)                                                            \
    {                                                                                              \
        of x[16];                                                                                  \
        __typeof__(lane(x[0])) y[16];                                                              \
        result r;                                                                                  \
        memcpy(x, &v, sizeof x);                                                                   \
        for (int i = 0; i < 16; i++) y[i] = lane(x[i]);                                            \
        memcpy(&r, y, sizeof r);                                                                   \
        return r;                                                                                  \
    }

static inline int16_t emulated_low(int32_t x) { return (int16_t)x; }
static inline float emulated_float(int32_t x) { return (float)x; }
static inline int32_t emulated_widen(uint16_t x) { return x; }
static inline float emulated_from_half(uint16_t x) { return _cvtsh_ss(x); }
static inline uint16_t emulated_half(float x) { return _cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT); }
/* What is no int32 becomes the least. */
static inline int32_t emulated_round(float x) { return _mm_cvtss_si32(_mm_set_ss(x)); }

EMULATE(__m256i, emulated_cvtepi32_epi16, __m512i, int32_t, emulated_low)
EMULATE(__m512, emulated_cvtepi32_ps, __m512i, int32_t, emulated_float)
EMULATE(__m512i, emulated_cvtepu16_epi32, __m256i, uint16_t, emulated_widen)
EMULATE(__m512, emulated_cvtph_ps, __m256i, uint16_t, emulated_from_half)
EMULATE(__m256i, emulated_cvtps_ph, __m512, float, emulated_half)
EMULATE(__m512i, emulated_cvtps_epi32, __m512, float, emulated_round)

static inline int32_t emulated_reduce_add(__m512i v)
{
    int32_t x[16];
    uint32_t sum = 0;
    memcpy(x, &v, sizeof x);
    for (int i = 0; i < 16; i++) sum += (uint32_t)x[i];
    return (int32_t)sum;
}

static inline int32_t emulated_reduce_max(__m512i v)
{
    int32_t x[16], most;
    memcpy(x, &v, sizeof x);
    most = x[0];
    for (int i = 1; i < 16; i++) most = x[i] > most ? x[i] : most;
    return most;
}

static inline __m256 emulated_extract_half(__m512 v, int which)
{
    __m256 r;
    memcpy(&r, (const char *)&v + (size_t)which * sizeof r, sizeof r);
    return r;
}

/* Other releases have names for some of these; Debian's gives madd's to the one that takes a mask. */
#undef _mm512_madd_epi16
#undef _mm512_cvtepi32_epi16
#undef _mm512_cvtepi32_ps
#undef _mm512_cvtepu16_epi32
#undef _mm512_cvtph_ps
#undef _mm512_cvtps_ph
#undef _mm512_cvtps_epi32
#undef _mm512_reduce_add_epi32
#undef _mm512_reduce_max_epi32
#undef _mm512_extractf32x8_ps
#define _mm512_madd_epi16(a, b)  simde_mm512_madd_epi16(a, b)
#define _mm512_cvtepi32_epi16(v) emulated_cvtepi32_epi16(v)
#define _mm512_cvtepi32_ps(v)    emulated_cvtepi32_ps(v)
#define _mm512_cvtepu16_epi32(v) emulated_cvtepu16_epi32(v)
#define _mm512_cvtph_ps(v)       emulated_cvtph_ps(v)
#define _mm512_cvtps_ph(v, how)  emulated_cvtps_ph(v)
#define _mm512_cvtps_epi32(v)    emulated_cvtps_epi32(v)
#define _mm512_reduce_add_epi32(v) emulated_reduce_add(v)
#define _mm512_reduce_max_epi32(v) emulated_reduce_max(v)
#define _mm512_extractf32x8_ps(v, i) emulated_extract_half(v, i)

/* Last, as the headers above have attributes of their own. */
#define target(features) target("avx2,fma,f16c")

#endif
