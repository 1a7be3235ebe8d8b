/* path_amx.c: the kernels of AVX-512 with VNNI, and products of 8-bit weights and attention on AMX tiles. */
#include <math.h>

#include "engine/cpu/cpu.h"
#include "engine/cpu/e4m3.h"

#if defined(__x86_64__)
#define TARGET                                                                                     \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,amx-tile,amx-int8,amx-bf16")))
#include "engine/cpu/simd_avx512.inc"
/* order matters: the vector layer first */
#include "engine/cpu/panel.inc"
#include "engine/cpu/quantise.inc"

/* The integers of e4m3.h of bytes exponent << 4 | sign << 3 | mantissa, by exponent and digits. */
#define E4M3_AT(e, d) (((d) * (1 << (e)) + 64) >> 7)
#define E4M3_ROW(f, e)                                                                             \
    f(E4M3_AT(e, 8)), f(E4M3_AT(e, 9)), f(E4M3_AT(e, 10)), f(E4M3_AT(e, 11)), f(E4M3_AT(e, 12)),   \
        f(E4M3_AT(e, 13)), f(E4M3_AT(e, 14)), f(E4M3_AT(e, 15)), f(E4M3_AT(e, -8)),                \
        f(E4M3_AT(e, -9)), f(E4M3_AT(e, -10)), f(E4M3_AT(e, -11)), f(E4M3_AT(e, -12)),             \
        f(E4M3_AT(e, -13)), f(E4M3_AT(e, -14)), f(E4M3_AT(e, -15))
#define E4M3_ROWS(f, e) E4M3_ROW(f, e), E4M3_ROW(f, e + 1), E4M3_ROW(f, e + 2), E4M3_ROW(f, e + 3)
#define E4M3_LOW(x) (uint8_t)((x) & 255)
#define E4M3_HIGH(x) (uint8_t)((x) >> 8 & 255)
/* By the lower seven bits; low ones for exponents below 8 and from there on.  Below, the high byte is the sign. */
static const uint8_t e4m3_low[2][2][64] = {{{E4M3_ROWS(E4M3_LOW, 0)}, {E4M3_ROWS(E4M3_LOW, 4)}},
                                           {{E4M3_ROWS(E4M3_LOW, 8)}, {E4M3_ROWS(E4M3_LOW, 12)}}};
static const uint8_t e4m3_high[2][64] = {{E4M3_ROWS(E4M3_HIGH, 8)}, {E4M3_ROWS(E4M3_HIGH, 12)}};

INLINE void vi_quads(vi one, vi two, vi *a, vi *b)
{
    *a = _mm512_unpacklo_epi16(one, two);
    *b = _mm512_unpackhi_epi16(one, two);
}
INLINE void vi_e4m3_bytes(vi u, vi *high, vi *low)
{
    __mmask64 large = _mm512_movepi8_mask(u);
    vi small = _mm512_permutex2var_epi8(vi_load(e4m3_low[0][0]), u, vi_load(e4m3_low[0][1]));
    vi l = _mm512_permutex2var_epi8(vi_load(e4m3_low[1][0]), u, vi_load(e4m3_low[1][1]));
    vi h = _mm512_permutex2var_epi8(vi_load(e4m3_high[0]), u, vi_load(e4m3_high[1]));
    vi sign = _mm512_movm_epi8(_mm512_movepi8_mask(small));
    *low = _mm512_mask_blend_epi8(large, small, l);
    *high = _mm512_mask_blend_epi8(large, sign, h);
}

#include "engine/cpu/tiles.inc"
#include "engine/cpu/gemm_amx.inc"
#include "engine/cpu/simd_tiles.inc"
#include "engine/cpu/mla_amx.inc"

/* Rows of a job that goes over tiles: a full tile.  By [1536, 576] 8 rows take 98 us without tiles, 16 take 208, on tiles
 * 102; 9 to 15 were not measured. */
#define AMX_FROM 16

void cpu_kernels_amx(struct cpu_kernels *k)
{
    cpu_kernels_avx512vnni(k);
    k->tiles = (struct cpu_eight){.mr = 32, .together = AMX_TOGETHER, .block_bytes = 1u << 20,
                                  .row_bytes = amx_row_bytes, .row = amx_row, .gemm_e4m3 = amx_gemm_e4m3, .gemm_int8 = amx_gemm_int8};
    k->tiles_from = AMX_FROM;
    k->mla_tiles = (struct cpu_mla_tiles){mla_tiles_bytes, mla_tiles_begin, mla_tiles_query, mla_tiles_block, mla_tiles_finish,
                                          mla_tiles_end};
}
#else
void cpu_kernels_amx(struct cpu_kernels *k)
{
    cpu_kernels_generic(k); /* never chosen: cpu_isa_has is false */
}
#endif
