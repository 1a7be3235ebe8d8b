/* gpu_figures.h: what the best public kernels take on one H200 for the benchmark's lines: built from their
 * public sources, the same inputs, medians of repeated launches with rotated buffers.  That card copied
 * 4.28 TB/s and multiplied at 751 TFLOP/s in bf16, 1270 in fp8 (cuBLASLt). */
#ifndef BENCH_GPU_FIGURES_H
#define BENCH_GPU_FIGURES_H

struct gpu_figure {
    const char *what, *source; /* as gpu_line names it; whose kernel */
    double us;
};

/* Products are given as rates: 4096 rows, so many TFLOP/s. */
#define GPU_PRODUCT(n, k, tflops)                                                                  \
    {"fp8 product, 4096 x " #n " x " #k, "DeepGEMM", 2.0 * 4096 * n * k / (tflops) / 1e6}

static const struct gpu_figure gpu_figures[] = {
    {"sparse prefill, 4096 queries, k 2048, 8K", "FlashMLA", 4010},
    {"sparse prefill, 4096 queries, k 2048, 32K", "FlashMLA", 4180},
    {"sparse prefill, 4096 queries, k 2048, 64K", "FlashMLA", 4410},
    {"sparse prefill, 4096 queries, k 2048, 128K", "FlashMLA", 4580},
    {"sparse decode fp8, k 2048, batch 1", "FlashMLA", 17.4},
    {"sparse decode fp8, k 2048, batch 8", "FlashMLA", 26.1},
    {"sparse decode fp8, k 2048, batch 64", "FlashMLA", 92.7},
    {"sparse decode fp8, k 2048, batch 128", "FlashMLA", 185},
    {"index scores fp8, 4096 queries, 32K", "DeepGEMM", 2130},
    {"index scores fp8, 4096 queries, 64K", "DeepGEMM", 4390},
    {"index scores fp8, 4096 queries, 128K", "DeepGEMM", 8890},
    {"index scores fp8, decode at 128K, batch 1", "DeepGEMM", 8.6},
    {"index scores fp8, decode at 128K, batch 8", "DeepGEMM", 39.6},
    {"index scores fp8, decode at 128K, batch 64", "DeepGEMM", 281},
    {"top-2048 of 4096 x 32K", "torch.topk", 1660},
    {"top-2048 of 4096 x 64K", "torch.topk", 3130},
    {"top-2048 of 4096 x 128K", "torch.topk", 5980},
    GPU_PRODUCT(2112, 7168, 1134),
    GPU_PRODUCT(24576, 1536, 1299),
    GPU_PRODUCT(7168, 16384, 1276),
    GPU_PRODUCT(4096, 7168, 1403),
    GPU_PRODUCT(7168, 2048, 1139),
    GPU_PRODUCT(36864, 7168, 1237),
    {"fp8 product, 1 x 2112 x 7168", "DeepGEMM", 14.1},
    {"fp8 product, 1 x 24576 x 1536", "DeepGEMM", 14.8},
    {"fp8 product, 1 x 7168 x 16384", "DeepGEMM", 37.9},
    {"fp8 product, 1 x 4096 x 7168", "DeepGEMM", 15.2},
    {"fp8 product, 1 x 7168 x 2048", "DeepGEMM", 8.4},
    {"fp8 product, 1 x 36864 x 7168", "DeepGEMM", 69.5},
    {"experts, 32768 rows x 4096 x 7168", "DeepGEMM", 2630},
    {"experts, 32768 rows x 7168 x 2048", "DeepGEMM", 1290},
    {"experts, batch 1 x 4096 x 7168", "DeepGEMM, masked", 100},
    {"experts, batch 8 x 4096 x 7168", "DeepGEMM, masked", 447},
    {"experts, batch 64 x 4096 x 7168", "DeepGEMM, masked", 1774},
    {"experts, batch 128 x 4096 x 7168", "DeepGEMM, masked", 1994},
};

#endif
