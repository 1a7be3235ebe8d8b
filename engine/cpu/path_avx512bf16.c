/* path_avx512bf16.c: the AVX-512 kernels with products of bf16 pairs where they are faster. */
#include "engine/cpu/cpu.h"

void cpu_kernels_avx512bf16(struct cpu_kernels *k)
{
    cpu_kernels_avx512(k);
}
