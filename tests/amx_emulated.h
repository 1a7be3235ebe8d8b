/* amx_emulated.h: the vector layer with 16 lanes (contract: engine/cpu/simd_generic.inc) and the tiles of AMX
 * in plain C: what engine/cpu/gemm_amx.inc, gemm_int.inc and mla_amx.inc need, so that a machine without AVX-512
 * and AMX checks where their bytes stand and what they add up to. */
#ifndef TESTS_AMX_EMULATED_H
#define TESTS_AMX_EMULATED_H

#include <math.h>
#include <string.h>

#include "engine/cpu/cpu.h"
#include "engine/cpu/e4m3.h"

#define TARGET
#define VL 16
#define MR 12
#define INLINE static inline

typedef struct {
    float f[VL];
} vf;
typedef struct {
    int32_t i[VL];
} vi;

INLINE vf v_set1(float x)
{
    vf r;
    for (int i = 0; i < VL; i++) r.f[i] = x;
    return r;
}
INLINE vf v_zero(void) { return v_set1(0); }
INLINE vf v_load(const float *p)
{
    vf r;
    memcpy(&r, p, sizeof r);
    return r;
}
INLINE void v_store(float *p, vf v) { memcpy(p, &v, sizeof v); }
INLINE vf v_fma(vf a, vf b, vf c)
{
    for (int i = 0; i < VL; i++) c.f[i] = fmaf(a.f[i], b.f[i], c.f[i]);
    return c;
}
INLINE vf v_mul(vf a, vf b)
{
    for (int i = 0; i < VL; i++) a.f[i] *= b.f[i];
    return a;
}
INLINE vf v_add(vf a, vf b)
{
    for (int i = 0; i < VL; i++) a.f[i] += b.f[i];
    return a;
}
INLINE vi vi_zero(void) { return (vi){{0}}; }
INLINE vi vi_load(const void *p)
{
    vi r;
    memcpy(&r, p, sizeof r);
    return r;
}
INLINE void vi_store(void *p, vi v) { memcpy(p, &v, sizeof v); }
INLINE vi vi_pair(const int16_t *p)
{
    vi r;
    for (int i = 0; i < VL; i++) memcpy(&r.i[i], p, sizeof *r.i);
    return r;
}
INLINE vi vi_dot(vi acc, vi a, vi b)
{
    int16_t x[2 * VL], y[2 * VL];
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    for (int i = 0; i < VL; i++) acc.i[i] += x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1];
    return acc;
}
INLINE vf vi_float(vi v)
{
    vf r;
    for (int i = 0; i < VL; i++) r.f[i] = (float)v.i[i];
    return r;
}
/* Of each 16 bytes the first eight to *a, the others to *b. */
INLINE void vi_halves(const int16_t *x, vi *a, vi *b)
{
    for (int i = 0; i < 4; i++) {
        memcpy((char *)a + 16 * i, x + 16 * i, 16);
        memcpy((char *)b + 16 * i, x + 16 * i + 8, 16);
    }
}
INLINE void vi_int8(const uint8_t *p, vi *a, vi *b)
{
    int16_t x[4 * VL];
    for (int i = 0; i < 4 * VL; i++) x[i] = (int8_t)p[i];
    vi_halves(x, a, b);
}
INLINE void vi_e4m3(const uint8_t *p, vi *a, vi *b)
{
    int16_t x[4 * VL];
    for (int i = 0; i < 4 * VL; i++) x[i] = e4m3_eighths(p[i]);
    vi_halves(x, a, b);
}
/* Of each 16 bytes words of one and two in turn: of the first eight bytes to *a, of the others to *b. */
INLINE void vi_quads(vi one, vi two, vi *a, vi *b)
{
    for (int i = 0; i < 32; i++) {
        int16_t *to = (int16_t *)(i % 8 < 4 ? a : b) + i / 8 * 8 + i % 4 * 2;
        memcpy(to, (int16_t *)&one + i, 2);
        memcpy(to + 1, (int16_t *)&two + i, 2);
    }
}
INLINE void vi_e4m3_bytes(vi u, vi *high, vi *low)
{
    for (int i = 0; i < 64; i++) {
        int16_t x = e4m3_eighths(((uint8_t *)&u)[i]);
        ((uint8_t *)high)[i] = (uint8_t)(x >> 8);
        ((uint8_t *)low)[i] = (uint8_t)x;
    }
}
INLINE uint32_t v_amax(const float *p, size_t n)
{
    uint32_t most = 0, u;
    for (size_t i = 0; i < n; i++) {
        memcpy(&u, p + i, sizeof u);
        most = (u & 0x7fffffffu) > most ? u & 0x7fffffffu : most;
    }
    return most;
}
INLINE void v_store_i16(int16_t *p, vf v)
{
    for (int i = 0; i < VL; i++) p[i] = (int16_t)rintf(v.f[i]);
}

/* ------------------------------------------------------------------ tiles */

static _Thread_local struct {
    uint8_t palette, start, reserved[14];
    uint16_t colsb[16];
    uint8_t rows[16];
} tile_config;
static _Thread_local uint8_t tiles[8][16][64];

INLINE void _tile_loadconfig(const void *p) { memcpy(&tile_config, p, sizeof tile_config); }
INLINE void _tile_release(void) { memset(&tile_config, 0, sizeof tile_config); }
INLINE void _tile_zero(int t) { memset(tiles[t], 0, sizeof tiles[t]); }
INLINE void _tile_loadd(int t, const void *p, size_t stride)
{
    for (size_t r = 0; r < tile_config.rows[t]; r++)
        memcpy(tiles[t][r], (const char *)p + r * stride, tile_config.colsb[t]);
}
INLINE void _tile_stored(int t, void *p, size_t stride)
{
    for (size_t r = 0; r < tile_config.rows[t]; r++)
        memcpy((char *)p + r * stride, tiles[t][r], tile_config.colsb[t]);
}
INLINE int32_t tile_byte(uint8_t b, bool sign) { return sign ? (int8_t)b : b; }
/* sum [m][n] += x [m][4 k ...] w [k][4 n ...], 32 bits that wrap */
INLINE void tile_dot(int sum, int x, int w, bool x_sign, bool w_sign)
{
    for (int m = 0; m < tile_config.rows[sum]; m++)
        for (int n = 0; n < tile_config.colsb[sum] / 4; n++) {
            uint32_t s;
            memcpy(&s, tiles[sum][m] + 4 * n, sizeof s);
            for (int k = 0; k < tile_config.colsb[x]; k++)
                s += (uint32_t)(tile_byte(tiles[x][m][k], x_sign) * tile_byte(tiles[w][k / 4][4 * n + k % 4], w_sign));
            memcpy(tiles[sum][m] + 4 * n, &s, sizeof s);
        }
}
INLINE void _tile_dpbssd(int sum, int x, int w) { tile_dot(sum, x, w, true, true); }
INLINE void _tile_dpbsud(int sum, int x, int w) { tile_dot(sum, x, w, true, false); }
INLINE void _tile_dpbusd(int sum, int x, int w) { tile_dot(sum, x, w, false, true); }
INLINE void _tile_dpbuud(int sum, int x, int w) { tile_dot(sum, x, w, false, false); }
/* sum [m][n] += x [m][2 k ...] w [k][2 n ...] of bf16 */
INLINE void _tile_dpbf16ps(int sum, int x, int w)
{
    for (int m = 0; m < tile_config.rows[sum]; m++)
        for (int n = 0; n < tile_config.colsb[sum] / 4; n++)
            for (int k = 0; k < tile_config.colsb[x] / 2; k++) {
                uint16_t a, b;
                float s;
                memcpy(&s, tiles[sum][m] + 4 * n, sizeof s);
                memcpy(&a, tiles[x][m] + 2 * k, sizeof a);
                memcpy(&b, tiles[w][k / 2] + 4 * n + k % 2 * 2, sizeof b);
                s += bf16_to_f32(a) * bf16_to_f32(b);
                memcpy(tiles[sum][m] + 4 * n, &s, sizeof s);
            }
}

/* ------------------------------------------------------------------ attention */

#define EACH_LANE(r, expression)                                                                   \
    for (int i = 0; i < VL; i++) (r).f[i] = (expression)

INLINE vf v_sub(vf a, vf b)
{
    EACH_LANE(a, a.f[i] - b.f[i]);
    return a;
}
INLINE vf v_max(vf a, vf b)
{
    EACH_LANE(a, a.f[i] > b.f[i] ? a.f[i] : b.f[i]);
    return a;
}
INLINE vf v_exp2(vf a)
{
    EACH_LANE(a, exp2f(fminf(fmaxf(a.f[i], -126.0f), 126.0f)));
    return a;
}
INLINE vf v_load_f16(const uint16_t *p)
{
    vf r;
    EACH_LANE(r, f16_to_f32(p[i]));
    return r;
}
INLINE float v_most(vf x)
{
    float most = -INFINITY;
    for (int i = 0; i < VL; i++) most = x.f[i] > most ? x.f[i] : most;
    return most;
}
INLINE void vi_turn(vi r[16])
{
    vi t[16];
    memcpy(t, r, sizeof t);
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < 16; k++) r[i].i[k] = t[k].i[i];
}
INLINE void vi_side_by_side(vi x[4])
{
    uint8_t from[4][64], *to = (uint8_t *)x;
    memcpy(from, x, sizeof from);
    for (int i = 0; i < 256; i++) to[i] = from[i % 4][i % 64 / 16 * 16 + i / 64 * 4 + i % 16 / 4];
}
INLINE vf v_top(vf x)
{
    vi u;
    memcpy(&u, &x, sizeof u);
    for (int i = 0; i < VL; i++) u.i[i] &= (int32_t)0xffff0000u;
    memcpy(&x, &u, sizeof x);
    return x;
}
INLINE vf v_top_near(vf x)
{
    uint32_t u[VL];
    memcpy(u, &x, sizeof u);
    for (int i = 0; i < VL; i++) u[i] += 0x8000;
    memcpy(&x, u, sizeof x);
    return v_top(x);
}
INLINE vi v_tops(vf a, vf b)
{
    uint32_t x[VL], y[VL];
    vi r;
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    for (int i = 0; i < VL; i++) x[i] = x[i] >> 16 | (y[i] & 0xffff0000u);
    memcpy(&r, x, sizeof r);
    return r;
}
INLINE vf v_join_bytes(const int32_t *high, const int32_t *low)
{
    vf r;
    EACH_LANE(r, (float)(high[i] * 256 + low[i]));
    return r;
}
INLINE void v_bytes(const vf x[4], vi *high, vi *low)
{
    static const int from[] = {0, 2, 1, 3};
    for (int i = 0; i < 64; i++) {
        uint16_t u = (uint16_t)rintf(x[from[i % 4]].f[i / 4]);
        ((uint8_t *)high)[i] = (uint8_t)(u >> 8);
        ((uint8_t *)low)[i] = (uint8_t)u;
    }
}

#endif
