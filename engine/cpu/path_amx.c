/* path_amx.c: the kernels of AVX-512 with VNNI, and products of 8-bit weights on AMX tiles. */
#include <math.h>

#include "engine/cpu/cpu.h"
#include "engine/cpu/e4m3.h"

#if defined(__x86_64__)
#define TARGET                                                                                     \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,amx-tile,amx-int8")))
#include "engine/cpu/simd_avx512.inc"
/* order matters: the vector layer first */
#include "engine/cpu/panel.inc"
#include "engine/cpu/quantise.inc"
#include "engine/cpu/gemm_amx.inc"

/* Rows of a job that goes over tiles: a full tile, before which cutting the weights into bytes costs more than
 * the products.  Without tiles [1536, 576] takes 36 us for one row and 94 for 8, so about 160 for 16 and 290 for 32;
 * on tiles 16 take 173 and 32 take 235.  Between these two nothing was measured. */
#define AMX_FROM 16

void cpu_kernels_amx(struct cpu_kernels *k)
{
    cpu_kernels_avx512vnni(k);
    k->tiles = (struct cpu_eight){.mr = 32, .block_bytes = 1u << 20, .row_bytes = amx_row_bytes, .row = amx_row,
                                  .gemm_e4m3 = amx_gemm_e4m3, .gemm_int8 = amx_gemm_int8};
    k->tiles_from = AMX_FROM;
}
#else
void cpu_kernels_amx(struct cpu_kernels *k)
{
    cpu_kernels_generic(k); /* never chosen: cpu_isa_has is false */
}
#endif
