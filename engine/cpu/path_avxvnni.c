/* path_avxvnni.c: the kernels compiled for AVX2 with AVX-VNNI. */
#include <math.h>

#include "engine/cpu/cpu.h"
#include "engine/cpu/e4m3.h"

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,fma,f16c,avxvnni")))
#define SIMD_VNNI /* vi_dot and vi_dot4 are one instruction each */
#include "engine/cpu/simd_avx2.inc"
/* order matters: the vector layer first */
#include "engine/cpu/norm.inc"
#include "engine/cpu/panel.inc"
#include "engine/cpu/gemm.inc"
#include "engine/cpu/quantise.inc"
#include "engine/cpu/gemm_int.inc"
#include "engine/cpu/indexer.inc"
#include "engine/cpu/mla.inc"
#include "engine/cpu/mla_int8.inc"
#include "engine/cpu/mha.inc"
#include "engine/cpu/table.inc"

void cpu_kernels_avxvnni(struct cpu_kernels *k)
{
    fill_table(k);
}
#else
void cpu_kernels_avxvnni(struct cpu_kernels *k)
{
    cpu_kernels_generic(k); /* never chosen: cpu_isa_has is false */
}
#endif
