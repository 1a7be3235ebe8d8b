/* path_amx.c: the kernels of AVX-512 with VNNI, and products of 8-bit weights on AMX tiles. */
#include <math.h>

#include "engine/cpu/cpu.h"
#include "engine/cpu/e4m3.h"

#if defined(__x86_64__)
#define TARGET                                                                                     \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,amx-tile,amx-bf16")))
#include "engine/cpu/simd_avx512.inc"
/* order matters: the vector layer first */
#include "engine/cpu/panel.inc"
#include "engine/cpu/gemm_amx.inc"

void cpu_kernels_amx(struct cpu_kernels *k)
{
    cpu_kernels_avx512vnni(k);
    k->mr = 32;
    k->row_bytes = amx_row_bytes;
    k->row = amx_row;
    k->gemm_e4m3 = amx_gemm_e4m3;
    k->gemm_int8 = amx_gemm_int8;
}
#else
void cpu_kernels_amx(struct cpu_kernels *k)
{
    cpu_kernels_generic(k); /* never chosen: cpu_isa_has is false */
}
#endif
