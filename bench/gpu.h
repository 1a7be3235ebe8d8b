/* gpu.h: what the parts of the GPU benchmark share: timing, random numbers, one line per result.
 *
 * Each part first checks a kernel at its true widths against a slow, plain computation in double or f32
 * on some rows, then times it: the median of repeated launches, inputs rotated so that none is found
 * in the cache.  Figures to beat are those of the best public kernels on one H200; ratios are
 * figure / measured, so above 1 is faster than the figure, on whatever card runs this. */
#ifndef BENCH_GPU_H
#define BENCH_GPU_H

#include <cuda_runtime.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "cuda/cuda.h"

#define CHECK(call)                                                                                \
    do {                                                                                           \
        cudaError_t r_ = (call);                                                                   \
        if (r_ != cudaSuccess) {                                                                   \
            printf("%s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(r_));                     \
            fflush(stdout);                                                                        \
            _Exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* Median microseconds of run(i), i counting up, after a warm-up. */
static inline double gpu_time(int times, const std::function<void(int)> &run)
{
    cudaEvent_t a, b;
    std::vector<float> us;
    CHECK(cudaEventCreate(&a));
    CHECK(cudaEventCreate(&b));
    for (int i = 0; i < 3; i++) run(i);
    CHECK(cudaDeviceSynchronize());
    for (int i = 0; i < times; i++) {
        float ms;
        CHECK(cudaEventRecord(a));
        run(i);
        CHECK(cudaEventRecord(b));
        CHECK(cudaEventSynchronize(b));
        CHECK(cudaEventElapsedTime(&ms, a, b));
        us.push_back(ms * 1e3f);
    }
    CHECK(cudaGetLastError());
    std::sort(us.begin(), us.end());
    CHECK(cudaEventDestroy(a));
    CHECK(cudaEventDestroy(b));
    return us[us.size() / 2];
}

/* The same for launches of a few microseconds: ten at a time, so that gaps between them count once. */
static inline double gpu_time_short(int times, const std::function<void(int)> &run)
{
    return gpu_time(times, [&](int i) {
               for (int j = 0; j < 10; j++) run(10 * i + j);
           }) / 10;
}

/* One line, beside the figure of that name (gpu_figures.h) where there is one. */
void gpu_line(const char *what, double us, double rate, const char *unit);

static inline void gpu_verdict(const char *what, bool good, double error)
{
    printf("%-44s %s (error %.2g)\n", what, good ? "agrees" : "WRONG", error);
    fflush(stdout);
}

template <typename T> static inline T *gpu_new(size_t n)
{
    T *p;
    CHECK(cudaMalloc(&p, n * sizeof(T)));
    return p;
}

template <typename T> static inline std::vector<T> gpu_get(const T *p, size_t n)
{
    std::vector<T> v(n);
    CHECK(cudaMemcpy(v.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost));
    return v;
}

template <typename T> static inline T *gpu_put(const std::vector<T> &v)
{
    T *p = gpu_new<T>(v.size());
    CHECK(cudaMemcpy(p, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice));
    return p;
}

/* n numbers, normal with deviation `scale`. */
void gpu_normal(float *x, size_t n, float scale, uint64_t seed);
/* The same as bf16 and e4m3. */
void gpu_normal_bf16(uint16_t *x, size_t n, float scale, uint64_t seed);
void gpu_normal_e4m3(uint8_t *x, size_t n, float scale, uint64_t seed);

/* The backend's device, on the default stream. */
struct device *gpu_device(void);

/* Rows of n parts, one each where n > 1, each at position pos0; tables of pages in device memory, `apart` pages
 * apart.  Freed by nobody. */
struct cuda_where gpu_where(void *const *pages, size_t pos0, size_t n = 1, size_t apart = 0);

/* The parts: gpu_*.cu. */
void gpu_ceilings(void);
void gpu_topk(void);
void gpu_index(void);
void gpu_mla(void);
void gpu_gemm(void);
void gpu_few(void);
void gpu_experts(void);
void gpu_decode(void);

#endif
