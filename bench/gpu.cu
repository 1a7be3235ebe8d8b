/* gpu.cu: the kernels of cuda/ at DeepSeek-V3.2's widths: checked, then timed.
 *                                            bench/gpu [--compare] [PART...] */
#include "bench/gpu.h"

#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <string.h>

#include "bench/gpu_figures.h"

/* ------------------------------------------------------------------ random numbers */

static __device__ float normal_at(uint64_t i, uint64_t seed)
{
    uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u + seed * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    float u = ((uint32_t)z + 0.5f) * 0x1p-32f, v = (uint32_t)(z >> 32) * 0x1p-32f;
    return sqrtf(-2.0f * logf(u)) * cospif(2.0f * v);
}

static __device__ void put(float *x, float v) { *x = v; }
static __device__ void put(uint16_t *x, float v)
{
    *x = __bfloat16_as_ushort(__float2bfloat16_rn(v));
}
static __device__ void put(uint8_t *x, float v)
{
    *x = __nv_cvt_float_to_fp8(v, __NV_SATFINITE, __NV_E4M3);
}

template <typename T> static __global__ void fill(T *x, size_t n, float scale, uint64_t seed)
{
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
         i += (size_t)gridDim.x * blockDim.x)
        put(x + i, scale * normal_at(i, seed));
}

void gpu_normal(float *x, size_t n, float scale, uint64_t seed)
{
    fill<<<1024, 256>>>(x, n, scale, seed);
}
void gpu_normal_bf16(uint16_t *x, size_t n, float scale, uint64_t seed)
{
    fill<<<1024, 256>>>(x, n, scale, seed);
}
void gpu_normal_e4m3(uint8_t *x, size_t n, float scale, uint64_t seed)
{
    fill<<<1024, 256>>>(x, n, scale, seed);
}

struct device *gpu_device(void)
{
    static struct device *d;
    struct device_options o = {};
    struct errinfo e = {};
    if (d) return d;
    if (deepread_cuda_backend.open(&d, &o, &e)) {
        printf("%s\n", e.msg);
        exit(1);
    }
    CHECK(cudaStreamDestroy(d->stream));
    d->stream = 0;
    return d;
}

struct cuda_where gpu_where(void *const *pages, size_t pos0, size_t n, size_t apart)
{
    std::vector<struct cuda_part> parts;
    for (size_t i = 0; i < n; i++) parts.push_back({pages + i * apart, pos0});
    return {gpu_put(parts), n > 1 ? 1 : 1 << 30};
}

/* ------------------------------------------------------------------ results */

static double measured[sizeof gpu_figures / sizeof *gpu_figures]; /* 0: not yet */

void gpu_line(const char *what, double us, double rate, const char *unit)
{
    printf("%-48s %10.1f us %8.1f %-8s", what, us, rate, unit);
    for (size_t i = 0; i < sizeof measured / sizeof *measured; i++)
        if (!strcmp(gpu_figures[i].what, what)) {
            measured[i] = us;
            printf(" figure %8.1f us  ratio %.2f", gpu_figures[i].us, gpu_figures[i].us / us);
        }
    printf("\n");
    fflush(stdout);
}

/* The table of --compare: every figure, and what this run measured beside it. */
static void compare(const char *card)
{
    printf("\n%-44s %-17s %10s  %10s  %s\n", "", "figure of", "H200, us", "here, us", "ratio");
    for (size_t i = 0; i < sizeof measured / sizeof *measured; i++) {
        const struct gpu_figure *f = &gpu_figures[i];
        printf("%-44s %-17s %10.1f  ", f->what, f->source, f->us);
        if (measured[i] > 0)
            printf("%10.1f  %5.2f\n", measured[i], f->us / measured[i]);
        else
            printf("%10s\n", "-");
    }
    printf("ratio: figure / here; the figures are an H200's, \"here\" is %s\n", card);
}

/* ------------------------------------------------------------------ ceilings of this card */

static void copy_ceiling(void)
{
    size_t n = (size_t)4 << 30;
    char *a = gpu_new<char>(n), *b = gpu_new<char>(n);
    gpu_normal((float *)a, n / 4, 1, 1);
    double us = gpu_time(10, [&](int) { cudaMemcpyAsync(b, a, n, cudaMemcpyDeviceToDevice); });
    gpu_line("copy 4 GiB (read + written)", us, 2.0 * n / us / 1e3, "GB/s");
    CHECK(cudaFree(a));
    CHECK(cudaFree(b));
}

static void product_ceiling(const char *what, cudaDataType_t type)
{
    int n = 8192;
    size_t bytes = (size_t)n * n * 2;
    char *a = gpu_new<char>(bytes), *b = gpu_new<char>(bytes), *c = gpu_new<char>(bytes);
    char *work = gpu_new<char>((size_t)64 << 20);
    if (type == CUDA_R_16BF) {
        gpu_normal_bf16((uint16_t *)a, (size_t)n * n, 1, 1);
        gpu_normal_bf16((uint16_t *)b, (size_t)n * n, 1, 2);
    } else {
        gpu_normal_e4m3((uint8_t *)a, (size_t)n * n, 1, 1);
        gpu_normal_e4m3((uint8_t *)b, (size_t)n * n, 1, 2);
    }
    cublasLtHandle_t lt;
    cublasLtMatmulDesc_t op;
    cublasLtMatrixLayout_t la, lc;
    cublasLtMatmulPreference_t pref;
    cublasLtMatmulHeuristicResult_t found;
    cublasOperation_t t = CUBLAS_OP_T;
    size_t room = (size_t)64 << 20;
    int count = 0;
    cublasLtCreate(&lt);
    cublasLtMatmulDescCreate(&op, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    cublasLtMatmulDescSetAttribute(op, CUBLASLT_MATMUL_DESC_TRANSA, &t, sizeof t);
    cublasLtMatrixLayoutCreate(&la, type, n, n, n);
    cublasLtMatrixLayoutCreate(&lc, CUDA_R_16BF, n, n, n);
    cublasLtMatmulPreferenceCreate(&pref);
    cublasLtMatmulPreferenceSetAttribute(pref, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &room,
                                         sizeof room);
    cublasLtMatmulAlgoGetHeuristic(lt, op, la, la, lc, lc, pref, 1, &found, &count);
    float one = 1, zero = 0;
    if (count) {
        double us = gpu_time(20, [&](int) {
            cublasLtMatmul(lt, op, &one, a, la, b, la, &zero, c, lc, c, lc, &found.algo, work, room, 0);
        });
        gpu_line(what, us, 2.0 * n * n * n / us / 1e6, "TFLOP/s");
    } else
        printf("%s: no algorithm\n", what);
    cublasLtDestroy(lt);
    for (char *p : {a, b, c, work}) CHECK(cudaFree(p));
}

void gpu_ceilings(void)
{
    copy_ceiling();
    product_ceiling("cuBLASLt bf16 8192^3", CUDA_R_16BF);
    product_ceiling("cuBLASLt fp8 8192^3, one scale", CUDA_R_8F_E4M3);
}

/* ------------------------------------------------------------------ main */

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {{"ceilings", gpu_ceilings}, {"topk", gpu_topk}, {"index", gpu_index}, {"mla", gpu_mla},
             {"decode", gpu_decode}, {"gemm", gpu_gemm}, {"few", gpu_few}, {"experts", gpu_experts}};

int main(int argc, char **argv)
{
    cudaDeviceProp p;
    int n = 0, named = 0;
    bool table = false;
    for (int k = 1; k < argc; k++) {
        if (!strcmp(argv[k], "--compare")) table = true;
        else named++;
    }
    if (cudaGetDeviceCount(&n) != cudaSuccess || n == 0) {
        printf("no CUDA device: skipped\n");
        return 0;
    }
    CHECK(cudaGetDeviceProperties(&p, 0));
    printf("card: %s, %d multiprocessors; figures are an H200's\n", p.name, p.multiProcessorCount);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        bool wanted = named == 0;
        for (int k = 1; k < argc; k++) wanted |= !strcmp(argv[k], parts[i].name);
        if (!wanted) continue;
        printf("-- %s\n", parts[i].name);
        parts[i].run();
    }
    if (table) compare(p.name);
    return 0;
}
