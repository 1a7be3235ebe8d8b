/* path_avx2.c: the kernels compiled for avx2. */
#include <math.h>

#include "engine/cpu/cpu.h"
#include "engine/cpu/e4m3.h"

#if defined(__x86_64__)
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

void cpu_kernels_avx2(struct cpu_kernels *k)
{
    fill_table(k);
}
#else
void cpu_kernels_avx2(struct cpu_kernels *k)
{
    cpu_kernels_generic(k); /* never chosen: cpu_isa_has is false */
}
#endif
