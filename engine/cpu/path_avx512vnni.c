/* path_avx512vnni.c: the AVX-512 kernels and products of 8-bit weights by AVX-512 VNNI. */
#include <math.h>

#include "engine/cpu/cpu.h"
#include "engine/cpu/e4m3.h"

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define SIMD_VNNI /* vi_dot is one instruction */
#include "engine/cpu/simd_avx512.inc"
/* order matters: the vector layer first */
#include "engine/cpu/panel.inc"
#include "engine/cpu/gemm_int.inc"

void cpu_kernels_avx512vnni(struct cpu_kernels *k)
{
    cpu_kernels_avx512(k);
    k->gemm_e4m3 = gemm_e4m3;
    k->gemm_int8 = gemm_int8;
}
#else
void cpu_kernels_avx512vnni(struct cpu_kernels *k)
{
    cpu_kernels_generic(k); /* never chosen: cpu_isa_has is false */
}
#endif
