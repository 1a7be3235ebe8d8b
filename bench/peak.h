/* peak.h: what loops on registers alone reach on this machine: the ceilings that benchmarks hold
 * the operations against, measured in the same run, on as many threads.
 *
 *   PEAK_FMA    multiply-and-add of floats: activations and weights as floats, attention
 *   PEAK_INT16  pairs of int16 added up in int32: 8-bit weights (engine/cpu/gemm_int.inc), attention to a
 *               state in 8 bits.  AVX2: vpmaddwd and vpaddd, with VNNI (AMX, too): vpdpwssd
 *   PEAK_INT8   quads of bytes added up in int32: scores of the indexer.  AVX2: vpmaddubsw, vpmaddwd
 *               and vpaddd, with VNNI: vpdpbusd
 *   PEAK_TILES  AMX: tdpbssd, of which a product of int16 takes four, one with int8 weights two
 *               (peak_product); 0 elsewhere
 *
 * GFLOP/s of all threads: a multiplication and an addition are two.  One thread alone is timed by its
 * processor time, so that others may use the machine as well. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include <stdint.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/par.h"
#include "base/sys.h"
#include "engine/cpu/cpu.h"
#include "engine/cpu/isa.h"

enum peak { PEAK_FMA, PEAK_INT16, PEAK_INT8, PEAK_TILES, PEAK_COUNT };

#define PEAK_CHAINS 12 /* enough to hide the latency of any of them */

typedef void peak_loop(long n);

static inline void peak_fma_generic(long n)
{
    typedef float v4 __attribute__((vector_size(16)));
    v4 a[PEAK_CHAINS], b = {.5f, .5f, .5f, .5f}, c = {.3f, .3f, .3f, .3f}, s = {0};
    for (int i = 0; i < PEAK_CHAINS; i++) a[i] = b * (float)i;
    for (long k = 0; k < n; k++) {
#pragma GCC unroll 12
        for (int i = 0; i < PEAK_CHAINS; i++) a[i] = a[i] * b + c;
    }
    for (int i = 0; i < PEAK_CHAINS; i++) s += a[i];
    volatile float sink = s[0] + s[1] + s[2] + s[3];
    (void)sink;
}

#if defined(__x86_64__)
/* Twelve sums in registers 0 to 11, what they are made of in 12 and 13, 14 for a product.  In
 * assembly, so that no compiler moves or merges anything. */
#define PEAK_ZERO(r, i) "vpxor %%xmm" #i ",%%xmm" #i ",%%xmm" #i "\n\t"
#define PEAK_EACH(f, r)                                                                            \
    f(r, 0) f(r, 1) f(r, 2) f(r, 3) f(r, 4) f(r, 5) f(r, 6) f(r, 7) f(r, 8) f(r, 9) f(r, 10)       \
        f(r, 11)
#define PEAK_CLOBBER                                                                               \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
        "xmm11", "xmm12", "xmm13", "xmm14", "cc"
#define PEAK_DEFINE(name, features, step, r)                                                       \
    __attribute__((target(features))) static inline void name(long n)                              \
    {                                                                                              \
        __asm__ volatile(PEAK_EACH(PEAK_ZERO, r) PEAK_ZERO(r, 12) PEAK_ZERO(r, 13)                 \
                         "1:\n\t" PEAK_EACH(step, r) "decq %0\n\tjnz 1b\n\tvzeroupper"             \
                         : "+r"(n)::PEAK_CLOBBER);                                                 \
    }
#define PEAK_STEP_FMA(r, i) "vfmadd231ps %%" r "12,%%" r "13,%%" r #i "\n\t"
#define PEAK_STEP_MADD(r, i)                                                                       \
    "vpmaddwd %%" r "12,%%" r "13,%%" r "14\n\tvpaddd %%" r "14,%%" r #i ",%%" r #i "\n\t"
#define PEAK_STEP_BYTES(r, i)                                                                      \
    "vpmaddubsw %%" r "12,%%" r "13,%%" r "14\n\tvpmaddwd %%" r "13,%%" r "14,%%" r "14\n\t"          \
    "vpaddd %%" r "14,%%" r #i ",%%" r #i "\n\t"
#define PEAK_STEP_VEX8(r, i) "%{vex%} vpdpbusd %%" r "12,%%" r "13,%%" r #i "\n\t"
#define PEAK_STEP_VNNI8(r, i) "vpdpbusd %%" r "12,%%" r "13,%%" r #i "\n\t"
#define PEAK_STEP_VEX(r, i) "%{vex%} vpdpwssd %%" r "12,%%" r "13,%%" r #i "\n\t"
#define PEAK_STEP_VNNI(r, i) "vpdpwssd %%" r "12,%%" r "13,%%" r #i "\n\t"

PEAK_DEFINE(peak_madd_sse, "avx", PEAK_STEP_MADD, "xmm")
PEAK_DEFINE(peak_bytes_sse, "avx", PEAK_STEP_BYTES, "xmm")
PEAK_DEFINE(peak_bytes_avx2, "avx2", PEAK_STEP_BYTES, "ymm")
PEAK_DEFINE(peak_bytes_avxvnni, "avx2", PEAK_STEP_VEX8, "ymm")
PEAK_DEFINE(peak_bytes_avx512, "avx512f,avx512bw", PEAK_STEP_BYTES, "zmm")
PEAK_DEFINE(peak_bytes_avx512vnni, "avx512f", PEAK_STEP_VNNI8, "zmm")
PEAK_DEFINE(peak_fma_avx2, "avx2,fma", PEAK_STEP_FMA, "ymm")
PEAK_DEFINE(peak_madd_avx2, "avx2", PEAK_STEP_MADD, "ymm")
PEAK_DEFINE(peak_avxvnni, "avx2", PEAK_STEP_VEX, "ymm")
PEAK_DEFINE(peak_fma_avx512, "avx512f", PEAK_STEP_FMA, "zmm")
PEAK_DEFINE(peak_madd_avx512, "avx512f,avx512bw", PEAK_STEP_MADD, "zmm")
PEAK_DEFINE(peak_avx512vnni, "avx512f", PEAK_STEP_VNNI, "zmm")

/* 12 products of 16 x 64 by 64 x 16 bytes on four tiles of sums. */
static inline void peak_amx(long n)
{
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t colsb[16];
        uint8_t rows[16];
    } c = {.palette = 1};
    for (int t = 0; t < 8; t++) c.colsb[t] = 64, c.rows[t] = 16;
#define PEAK_FOUR                                                                                  \
    "tdpbssd %%tmm6,%%tmm4,%%tmm0\n\ttdpbssd %%tmm7,%%tmm4,%%tmm1\n\t"                         \
    "tdpbssd %%tmm6,%%tmm5,%%tmm2\n\ttdpbssd %%tmm7,%%tmm5,%%tmm3\n\t"
    __asm__ volatile("ldtilecfg %1\n"
                     "1:\n\t" PEAK_FOUR PEAK_FOUR PEAK_FOUR "decq %0\n\tjnz 1b\n\ttilerelease"
                     : "+r"(n)
                     : "m"(c)
                     : "cc", "memory");
}
#endif

/* The loop of a path, and what one round of it does on one thread, in flop; NULL: it has none. */
static inline peak_loop *peak_loop_of(enum cpu_isa isa, enum peak what, double *flop)
{
    *flop = PEAK_CHAINS * 8;
    if (what == PEAK_TILES && isa != CPU_ISA_AMX) return NULL;
#if defined(__x86_64__)
    static const struct {
        peak_loop *fma, *int16, *int8;
        double fma_flop, int16_flop; /* of bytes twice the latter */
    } loops[CPU_ISA_COUNT] = {
        [CPU_ISA_GENERIC] = {peak_fma_generic, peak_madd_sse, peak_bytes_sse, 8, 16},
        [CPU_ISA_AVX2] = {peak_fma_avx2, peak_madd_avx2, peak_bytes_avx2, 16, 32},
        [CPU_ISA_AVXVNNI] = {peak_fma_avx2, peak_avxvnni, peak_bytes_avxvnni, 16, 32},
        [CPU_ISA_AVX512] = {peak_fma_avx512, peak_madd_avx512, peak_bytes_avx512, 32, 64},
        [CPU_ISA_AVX512VNNI] = {peak_fma_avx512, peak_avx512vnni, peak_bytes_avx512vnni, 32, 64},
        [CPU_ISA_AMX] = {peak_fma_avx512, peak_avx512vnni, peak_bytes_avx512vnni, 32, 64},
    };
    if (what == PEAK_TILES) {
        *flop = PEAK_CHAINS * 32768;
        return peak_amx;
    }
    bool sse_only = isa == CPU_ISA_GENERIC && !__builtin_cpu_supports("avx");
    if (what == PEAK_INT16 && !sse_only) {
        *flop = PEAK_CHAINS * loops[isa].int16_flop;
        return loops[isa].int16;
    }
    if (what == PEAK_INT8 && !sse_only) {
        *flop = PEAK_CHAINS * 2 * loops[isa].int16_flop;
        return loops[isa].int8;
    }
    *flop = PEAK_CHAINS * loops[isa].fma_flop;
    return loops[isa].fma;
#else
    (void)isa;
    (void)what;
    return peak_fma_generic;
#endif
}

struct peak_run {
    peak_loop *loop;
    long n;
};

static inline void peak_range(void *ctx, size_t first, size_t last, int worker)
{
    const struct peak_run *r = ctx;
    (void)worker;
    for (size_t i = first; i < last; i++) r->loop(r->n);
}

#define PEAK_SECONDS 0.4 /* two threads woken on one processor stay there for a while */

static inline double peak_seconds(int threads)
{
    struct timespec t;
    if (threads != 1) return sys_seconds();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The best of at least `rounds`; 0 where there is no such loop, or the threads cannot be had. */
static inline double peak_gflops(enum cpu_isa isa, enum peak what, int threads, int rounds)
{
    double flop, best = 1e9;
    struct peak_run r = {peak_loop_of(isa, what, &flop), what == PEAK_TILES ? 50000 : 500000};
    struct errinfo e = {0};
    struct par *p;
    if (!r.loop || par_open(&p, threads, &e)) return 0;
    double start = sys_seconds();
    for (int i = 0; i <= rounds || sys_seconds() - start < PEAK_SECONDS; i++) { /* the first wakes the threads */
        double t0 = peak_seconds(threads);
        par_for(p, (size_t)threads * 4, 1, peak_range, &r);
        double t = peak_seconds(threads) - t0;
        if (i && t < best) best = t;
    }
    par_close(p);
    return flop * (double)r.n * threads * 4 / best * 1e-9;
}

/* What a job of so many rows with a weight in this form is held against. */
static inline double peak_product(const double peak[PEAK_COUNT], const struct device *d, enum pack pack, size_t rows)
{
    if (pack != PACK_E4M3 && pack != PACK_INT8) return peak[PEAK_FMA];
    bool tiles = d->k.tiles_from && rows >= d->k.tiles_from;
    return tiles ? peak[PEAK_TILES] / (pack == PACK_E4M3 ? 4 : 2) : peak[PEAK_INT16];
}

/* What attention to such rows is held against: on tiles queries and weights are two bytes. */
static inline double peak_attend(const double peak[PEAK_COUNT], const struct device *d, enum kv_type type, int R, int P)
{
    bool tiles = d->k.mla_tiles.bytes && d->k.mla_tiles.bytes(R, P, type);
    return tiles ? peak[PEAK_TILES] / 2 : peak[type == KV_INT8 ? PEAK_INT16 : PEAK_FMA];
}

#endif
