/* sm90.cuh: Hopper's warpgroup matrix instructions, barriers in shared memory, asynchronous copies.
 *
 * Matrices in shared memory are rows of 128 bytes (128 e4m3 or 64 bf16), 8 rows to 1024 bytes, the
 * 16-byte chunks of row r permuted by r % 8: the hardware's "128-byte swizzle".  A wider matrix is a
 * row of such panels.  Panels begin at multiples of 1024 bytes. */
#ifndef CUDA_SM90_CUH
#define CUDA_SM90_CUH

#include <stdint.h>

static __device__ __forceinline__ uint32_t shared_address(const void *p)
{
    return (uint32_t)__cvta_generic_to_shared(p);
}

/* Where chunk c (16 bytes) of row r of a panel lies, in bytes. */
static __device__ __forceinline__ uint32_t swizzled(uint32_t r, uint32_t c)
{
    return r * 128 + ((c ^ (r & 7)) << 4);
}

static __device__ __forceinline__ float load_shared(uint32_t at)
{
    float v;
    asm volatile("ld.shared.f32 %0, [%1];" : "=f"(v) : "r"(at) : "memory");
    return v;
}

/* ------------------------------------------------------------------ barriers */

/* What compute-sanitizer's racecheck (2025.3.1, of CUDA 13.0) takes for an order, as small kernels show that are in order for
 * certain.  Before a stage is filled again each thread that read it must have arrived at its barrier: where one lane does so for
 * its warp, after a __syncwarp, the reads of the others are reported against the next copy_bulk, or against plain stores; copies
 * by a tensor map it does not look at.  What a thread writes after a barrier of part of the block is reported against reads after
 * a __syncthreads of threads that were not at that barrier.  Numbers handed over by bar.arrive and bar.sync again and again are
 * reported; by an mbarrier, at which all writers arrive, they are not. */

static __device__ __forceinline__ void barrier_init(uint64_t *b, int arrivals)
{
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(b)), "r"(arrivals));
}

static __device__ __forceinline__ void barrier_arrive_here(uint32_t b)
{
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(b) : "memory");
}

static __device__ __forceinline__ void barrier_arrive(uint64_t *b)
{
    barrier_arrive_here(shared_address(b));
}

/* Waits until the phase of that parity is over. */
static __device__ __forceinline__ void barrier_wait_at(uint32_t b, uint32_t parity)
{
    asm volatile("{.reg .pred done;\n"
                 "again: mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
                 "@!done bra again;}" ::"r"(b), "r"(parity)
                 : "memory");
}

/* Whether that phase is over. */
static __device__ __forceinline__ bool barrier_over(uint32_t b, uint32_t parity)
{
    uint32_t done;
    asm volatile("{.reg .pred done;\n"
                 "mbarrier.test_wait.parity.shared::cta.b64 done, [%1], %2;\n"
                 "selp.u32 %0, 1, 0, done;}" : "=r"(done) : "r"(b), "r"(parity)
                 : "memory");
    return done;
}

static __device__ __forceinline__ void barrier_wait(uint64_t *b, uint32_t parity)
{
    barrier_wait_at(shared_address(b), parity);
}

/* What this thread wrote to shared memory becomes visible to matrix instructions and bulk copies. */
static __device__ __forceinline__ void fence_async(void)
{
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

/* Barrier `id` (1 to 15) among n threads. */
static __device__ __forceinline__ void named_sync(int id, int n)
{
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(n) : "memory");
}

static __device__ __forceinline__ void named_arrive(int id, int n)
{
    asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(n) : "memory");
}

template <int N> static __device__ __forceinline__ void registers_more(void)
{
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N));
}

template <int N> static __device__ __forceinline__ void registers_less(void)
{
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N));
}

/* ------------------------------------------------------------------ two blocks of a cluster */

static __device__ __forceinline__ uint32_t cluster_rank(void)
{
    uint32_t r;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(r));
    return r;
}

static __device__ __forceinline__ void cluster_sync(void)
{
    asm volatile("barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;" ::: "memory");
}

/* An arrival at the same barrier of block `rank`, after this thread's reads by matrix instructions: what it
 * wrote is not made visible there.  (With .release.cluster ptxas puts a fence of the whole device before
 * each: half of sm90_gemm.cu's time.) */
static __device__ __forceinline__ void barrier_arrive_at(uint64_t *b, uint32_t rank)
{
    asm volatile("{.reg .b32 at; mapa.shared::cluster.u32 at, %0, %1;\n"
                 "mbarrier.arrive.shared::cluster.b64 _, [at];}" ::"r"(
                     shared_address(b)), "r"(rank)
                 : "memory");
}

/* This phase ends only after that many bytes of bulk copies. */
static __device__ __forceinline__ void barrier_expect(uint64_t *b, uint32_t bytes)
{
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(b)),
                 "r"(bytes)
                 : "memory");
}

static __device__ __forceinline__ uint32_t address_at(uint32_t address, uint32_t rank)
{
    uint32_t there;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(address), "r"(rank));
    return there;
}

/* ------------------------------------------------------------------ copies */

/* Bytes of this block's shared memory to the same place in block `rank`, whose barrier counts them. */
static __device__ __forceinline__ void copy_across(uint32_t at, uint32_t bytes, uint64_t *b,
                                                   uint32_t rank)
{
    asm volatile("cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes "
                 "[%0], [%1], %2, [%3];" ::"r"(address_at(at, rank)), "r"(at), "r"(bytes),
                 "r"(address_at(shared_address(b), rank))
                 : "memory");
}

/* A box of a tensor map at (x, y), by one thread, into this block or into all of `mask`. */
static __device__ __forceinline__ void copy_box(uint32_t to, const void *map, int x, int y,
                                                uint64_t *b)
{
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
                 "[%0], [%1, {%2, %3}], [%4];" ::"r"(to), "l"(map), "r"(x), "r"(y),
                 "r"(shared_address(b))
                 : "memory");
}

/* Of a map of three dimensions, at (0, y, z). */
static __device__ __forceinline__ void copy_panels(uint32_t to, const void *map, int y, int z, uint64_t *b)
{
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes "
                 "[%0], [%1, {%2, %3, %4}], [%5];" ::"r"(to), "l"(map), "r"(0), "r"(y), "r"(z),
                 "r"(shared_address(b))
                 : "memory");
}

static __device__ __forceinline__ void copy_box_to_all(uint32_t to, const void *map, int x, int y,
                                                       uint64_t *b, uint16_t mask)
{
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
                 ".multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(to), "l"(map), "r"(x),
                 "r"(y), "r"(shared_address(b)), "h"(mask)
                 : "memory");
}

/* A box of shared memory to a tensor map at (x, y), by one thread. */
static __device__ __forceinline__ void store_box(uint32_t from, const void *map, int x, int y)
{
    asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1, %2}], [%3];" ::"l"(map), "r"(x),
                 "r"(y), "r"(from)
                 : "memory");
}

static __device__ __forceinline__ void stores_close(void)
{
    asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}

/* Waits until this thread's stores, but for the last N groups, have read what they store, or all have ended. */
template <int N> static __device__ __forceinline__ void stores_read(void)
{
    asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(N) : "memory");
}

static __device__ __forceinline__ void stores_end(void)
{
    asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
}

static __device__ __forceinline__ void store_pair(uint32_t to, float a, float b)
{
    asm volatile("st.shared.v2.f32 [%0], {%1, %2};" ::"r"(to), "f"(a), "f"(b) : "memory");
}

/* Four matrices of 8x8 16-bit numbers, as products leave them; lane i says where row i % 8 of number i / 8 goes. */
static __device__ __forceinline__ void store_matrices(uint32_t to, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(a), "r"(b), "r"(c),
                 "r"(d)
                 : "memory");
}

/* Bytes (a multiple of 16, so aligned) from memory, by one thread. */
static __device__ __forceinline__ void copy_bulk(uint32_t to, const void *from, uint32_t bytes, uint64_t *b)
{
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
                 ::"r"(to), "l"(from), "r"(bytes), "r"(shared_address(b))
                 : "memory");
}

/* 16 bytes to shared memory; zeros where `there` is false. */
static __device__ __forceinline__ void copy16(uint32_t to, const void *from, bool there = true)
{
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to), "l"(from),
                 "r"(there ? 16 : 0)
                 : "memory");
}

/* Bytes (a multiple of 16, so aligned) on their way to the second cache. */
static __device__ __forceinline__ void prefetch_bulk(const void *from, uint32_t bytes)
{
    asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(from), "r"(bytes) : "memory");
}

static __device__ __forceinline__ void copies_close(void)
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/* Waits until at most N closed groups are under way. */
template <int N> static __device__ __forceinline__ void copies_wait(void)
{
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

/* This thread arrives at b when its copies so far have ended: one of those that b counts. */
static __device__ __forceinline__ void copies_arrive(uint64_t *b)
{
    asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(shared_address(b)) : "memory");
}

/* ------------------------------------------------------------------ warpgroup products */

/* A matrix whose rows run along k. */
static __device__ __forceinline__ uint64_t operand(uint32_t address)
{
    return (uint64_t)(address >> 4 & 0x3fff) | (uint64_t)1 << 16 | (uint64_t)64 << 32 |
           (uint64_t)1 << 62;
}

/* A bf16 matrix whose rows run along n, for instructions that say `_t`: panels of 64 columns lie
 * `panel` bytes apart. */
static __device__ __forceinline__ uint64_t operand_t(uint32_t address, uint32_t panel)
{
    return (uint64_t)(address >> 4 & 0x3fff) | (uint64_t)(panel >> 4) << 16 | (uint64_t)64 << 32 |
           (uint64_t)1 << 62;
}

static __device__ __forceinline__ void products_open(void)
{
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

static __device__ __forceinline__ void products_close(void)
{
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

template <int N> static __device__ __forceinline__ void products_wait(void)
{
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory");
}

/* The accumulator is written by the hardware: the compiler may not move its use. */
template <int N> static __device__ __forceinline__ void products_hold(float (&d)[N])
{
#pragma unroll
    for (int i = 0; i < N; i++) asm volatile("" : "+f"(d[i])::"memory");
}

/* Operands of the instructions below: sixteen registers each, by name and as what is written. */
#define SM90_REGS0 "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
#define SM90_REGS1 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define SM90_REGS2 "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"
#define SM90_REGS3 "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define SM90_REGS4 "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79"
#define SM90_REGS5 "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define SM90_REGS6 "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111"
#define SM90_REGS7 "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define SM90_REGS_HALF "%16, %17, %18, %19, %20, %21, %22, %23"
#define SM90_HALF "%0, %1, %2, %3, %4, %5, %6, %7"
#define SM90_REGS01 SM90_REGS0 ", " SM90_REGS1
#define SM90_REGS0123 SM90_REGS01 ", " SM90_REGS2 ", " SM90_REGS3
#define SM90_REGS45 SM90_REGS4 ", " SM90_REGS5
#define SM90_REGS67 SM90_REGS6 ", " SM90_REGS7
#define SM90_4(i) "+f"(d[i]), "+f"(d[(i) + 1]), "+f"(d[(i) + 2]), "+f"(d[(i) + 3])
#define SM90_8(i) SM90_4(i), SM90_4((i) + 4)
#define SM90_16(i) SM90_8(i), SM90_8((i) + 8)
#define SM90_32(i) SM90_16(i), SM90_16((i) + 16)
#define SM90_64(i) SM90_32(i), SM90_32((i) + 32)

/* a, b, p: the numbers of the operands after the registers; layout: what follows the signs. */
#define SM90_PRODUCT(shape, regs, a_, b_, p_, layout, ...)                                         \
    asm volatile("{.reg .pred p; setp.ne.b32 p, %" p_ ", 0;\n"                                     \
                 "wgmma.mma_async.sync.aligned." shape " {" regs "}, %" a_ ", %" b_                \
                 ", p, 1, 1" layout ";}\n"                                                         \
                 : __VA_ARGS__                                                                     \
                 : "l"(a), "l"(b), "r"((int)add))

#define SM90_PRODUCT_R(shape, regs, a_, b_, p_, layout, ...)                                       \
    asm volatile("{.reg .pred p; setp.ne.b32 p, %" p_ ", 0;\n"                                     \
                 "wgmma.mma_async.sync.aligned." shape " {" regs "}, {%" a_ "}, %" b_              \
                 ", p, 1, 1" layout ";}\n"                                                         \
                 : __VA_ARGS__                                                                     \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"((int)add))

/* d [64, N] (+)= a [64, k] b [N, k]^T.  Thread t of the warpgroup holds of row t / 32 * 16 + t % 32 / 4
 * (and, in every second pair of numbers, of the row 8 below) columns 8 i + t % 4 * 2 and the next. */
template <int N>
static __device__ __forceinline__ void wgmma_e4m3(float *d, uint64_t a, uint64_t b, bool add)
{
    static_assert(N == 16 || N == 32 || N == 48 || N == 64 || N == 96 || N == 128 || N == 192 || N == 256);
    if constexpr (N == 16)
        SM90_PRODUCT("m64n16k32.f32.e4m3.e4m3", SM90_HALF, "8", "9", "10", "", SM90_8(0));
    if constexpr (N == 32)
        SM90_PRODUCT("m64n32k32.f32.e4m3.e4m3", SM90_REGS0, "16", "17", "18", "", SM90_16(0));
    if constexpr (N == 48)
        SM90_PRODUCT("m64n48k32.f32.e4m3.e4m3", SM90_REGS0 ", " SM90_REGS_HALF, "24", "25", "26", "", SM90_16(0), SM90_8(16));
    if constexpr (N == 64)
        SM90_PRODUCT("m64n64k32.f32.e4m3.e4m3", SM90_REGS01, "32", "33", "34", "", SM90_32(0));
    if constexpr (N == 96)
        SM90_PRODUCT("m64n96k32.f32.e4m3.e4m3", SM90_REGS01 ", " SM90_REGS2, "48", "49", "50", "",
                     SM90_32(0), SM90_16(32));
    if constexpr (N == 128)
        SM90_PRODUCT("m64n128k32.f32.e4m3.e4m3", SM90_REGS0123, "64", "65", "66", "", SM90_64(0));
    if constexpr (N == 192)
        SM90_PRODUCT("m64n192k32.f32.e4m3.e4m3", SM90_REGS0123 ", " SM90_REGS45, "96", "97", "98",
                     "", SM90_64(0), SM90_32(64));
    if constexpr (N == 256)
        SM90_PRODUCT("m64n256k32.f32.e4m3.e4m3", SM90_REGS0123 ", " SM90_REGS45 ", " SM90_REGS67,
                     "128", "129", "130", "", SM90_64(0), SM90_64(64));
}

/* d [64, 64], k of 16. */
static __device__ __forceinline__ void wgmma_bf16_n64(float *d, uint64_t a, uint64_t b, bool add)
{
    SM90_PRODUCT("m64n64k16.f32.bf16.bf16", SM90_REGS01, "32", "33", "34", ", 0, 0", SM90_32(0));
}

static __device__ __forceinline__ void wgmma_f16_n64(float *d, uint64_t a, uint64_t b, bool add)
{
    SM90_PRODUCT("m64n64k16.f32.f16.f16", SM90_REGS01, "32", "33", "34", ", 0, 0", SM90_32(0));
}

/* The same with a in registers: of row t / 32 * 16 + t % 32 / 4 and of the row 8 below numbers t % 4 * 2 and the next,
 * then both rows' 8 further on. */
static __device__ __forceinline__ void wgmma_bf16_n64_r(float *d, const uint32_t a[4], uint64_t b, bool add)
{
    SM90_PRODUCT_R("m64n64k16.f32.bf16.bf16", SM90_REGS01, "32, %33, %34, %35", "36", "37", ", 0", SM90_32(0));
}

static __device__ __forceinline__ void wgmma_f16_n64_r(float *d, const uint32_t a[4], uint64_t b, bool add)
{
    SM90_PRODUCT_R("m64n64k16.f32.f16.f16", SM90_REGS01, "32, %33, %34, %35", "36", "37", ", 0", SM90_32(0));
}

/* d [64, 128], rows of b along n. */
static __device__ __forceinline__ void wgmma_bf16_n128_t(float *d, uint64_t a, uint64_t b, bool add)
{
    SM90_PRODUCT("m64n128k16.f32.bf16.bf16", SM90_REGS0123, "64", "65", "66", ", 0, 1", SM90_64(0));
}

static __device__ __forceinline__ void wgmma_f16_n128_t(float *d, uint64_t a, uint64_t b, bool add)
{
    SM90_PRODUCT("m64n128k16.f32.f16.f16", SM90_REGS0123, "64", "65", "66", ", 0, 1", SM90_64(0));
}

/* d [64, 256], rows of b along n; with _r a in registers. */
static __device__ __forceinline__ void wgmma_bf16_n256_t(float *d, uint64_t a, uint64_t b, bool add)
{
    SM90_PRODUCT("m64n256k16.f32.bf16.bf16", SM90_REGS0123 ", " SM90_REGS45 ", " SM90_REGS67, "128", "129", "130",
                 ", 0, 1", SM90_64(0), SM90_64(64));
}

static __device__ __forceinline__ void wgmma_f16_n256_t(float *d, uint64_t a, uint64_t b, bool add)
{
    SM90_PRODUCT("m64n256k16.f32.f16.f16", SM90_REGS0123 ", " SM90_REGS45 ", " SM90_REGS67, "128", "129", "130",
                 ", 0, 1", SM90_64(0), SM90_64(64));
}

static __device__ __forceinline__ void wgmma_bf16_n256_t_r(float *d, const uint32_t a[4], uint64_t b, bool add)
{
    SM90_PRODUCT_R("m64n256k16.f32.bf16.bf16", SM90_REGS0123 ", " SM90_REGS45 ", " SM90_REGS67,
                   "128, %129, %130, %131", "132", "133", ", 1", SM90_64(0), SM90_64(64));
}

static __device__ __forceinline__ void wgmma_f16_n256_t_r(float *d, const uint32_t a[4], uint64_t b, bool add)
{
    SM90_PRODUCT_R("m64n256k16.f32.f16.f16", SM90_REGS0123 ", " SM90_REGS45 ", " SM90_REGS67,
                   "128, %129, %130, %131", "132", "133", ", 1", SM90_64(0), SM90_64(64));
}

#endif
