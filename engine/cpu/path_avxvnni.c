/* path_avxvnni.c: the AVX2 kernels and products of 8-bit weights by AVX-VNNI. */
#include <math.h>

#include "engine/cpu/cpu.h"
#include "engine/cpu/e4m3.h"

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,fma,f16c,avxvnni")))
#define SIMD_VNNI /* vi_dot is one instruction */
#include "engine/cpu/simd_avx2.inc"
/* order matters: the vector layer first */
#include "engine/cpu/panel.inc"
#include "engine/cpu/gemm_int.inc"

void cpu_kernels_avxvnni(struct cpu_kernels *k)
{
    cpu_kernels_avx2(k);
    k->gemm_e4m3 = gemm_e4m3;
    k->gemm_int8 = gemm_int8;
}
#else
void cpu_kernels_avxvnni(struct cpu_kernels *k)
{
    cpu_kernels_generic(k); /* never chosen: cpu_isa_has is false */
}
#endif
