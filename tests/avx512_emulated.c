/* avx512_emulated.c: the kernels for AVX-512 with VNNI on processors that have AVX2 and no more.  Linked before
 * the library, they stand for the path for AVX-512, so that the tests of operations look at them on
 * any machine; -Wl,--wrap=cpu_isa_has. */
#include "tests/avx512_emulated.h"

#include "engine/cpu/path_avx512vnni.c"

void cpu_kernels_avx512(struct cpu_kernels *k)
{
    fill_table(k);
}

bool __real_cpu_isa_has(enum cpu_isa isa);
bool __wrap_cpu_isa_has(enum cpu_isa isa);

bool __wrap_cpu_isa_has(enum cpu_isa isa)
{
    return __real_cpu_isa_has(isa == CPU_ISA_AVX512 ? CPU_ISA_AVX2 : isa);
}
