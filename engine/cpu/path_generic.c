/* path_generic.c: the kernels compiled for generic. */
#include <math.h>

#include "engine/cpu/cpu.h"
#include "engine/cpu/e4m3.h"

#include "engine/cpu/simd_generic.inc"
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

void cpu_kernels_generic(struct cpu_kernels *k)
{
    fill_table(k);
}
