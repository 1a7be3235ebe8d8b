/* path_avx512bf16.c: the AVX-512 kernels and products of bf16 pairs. */
#include <math.h>

#include "engine/cpu/cpu.h"

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#include "engine/cpu/simd_avx512.inc"
/* order matters: the vector layer first */
#include "engine/cpu/panel.inc"
#include "engine/cpu/gemm_pair.inc"

void cpu_kernels_avx512bf16(struct cpu_kernels *k)
{
    cpu_kernels_avx512(k);
    k->gemm_pair = gemm_pair;
}
#else
void cpu_kernels_avx512bf16(struct cpu_kernels *k)
{
    cpu_kernels_generic(k); /* never chosen: cpu_isa_has is false */
}
#endif
