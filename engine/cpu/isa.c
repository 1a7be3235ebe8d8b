/* isa.c: detection, by cpuid at run time (never by how the program was compiled). */
#include "engine/cpu/isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Every processor with AVX2 has it; a hypervisor may hide it.  (clang's cpu_supports has no name
 * for it.) */
static bool has_f16c(void)
{
    unsigned a, b, c = 0, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

/* Names of newer features differ between compilers; bits of cpuid do not. */
static bool has_leaf7(unsigned sub, char reg, int bit)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid_count(7, sub, &a, &b, &c, &d)) return false;
    return (reg == 'a' ? a : d) >> bit & 1;
}

/* Linux saves the tiles only of processes that ask for it; asking again changes nothing. */
static bool may_use_tiles(void)
{
    enum { REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, REQ_XCOMP_PERM, XTILEDATA) == 0;
}
#endif

const char *cpu_isa_name(enum cpu_isa isa)
{
    static const char *const names[CPU_ISA_COUNT] = {"generic", "AVX2",         "AVX-VNNI",
                                                      "AVX-512", "AVX-512 VNNI", "AMX"};
    return isa < CPU_ISA_COUNT ? names[isa] : "?";
}

bool cpu_isa_has(enum cpu_isa isa)
{
#if defined(__x86_64__)
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    switch (isa) {
    case CPU_ISA_AVX2: return avx2;
    case CPU_ISA_AVX512: return avx512;
    case CPU_ISA_AVXVNNI: return avx2 && has_leaf7(1, 'a', 4);
    case CPU_ISA_AVX512VNNI: return avx512 && __builtin_cpu_supports("avx512vnni");
    case CPU_ISA_AMX:
        return avx512 && __builtin_cpu_supports("avx512vnni") &&
               __builtin_cpu_supports("avx512vbmi") && has_leaf7(0, 'd', 22) &&
               has_leaf7(0, 'd', 24) && has_leaf7(0, 'd', 25) && may_use_tiles();
    default: break;
    }
#endif
    return isa == CPU_ISA_GENERIC;
}

enum cpu_isa cpu_isa_best(void)
{
    for (int i = CPU_ISA_COUNT - 1; i > CPU_ISA_GENERIC; i--)
        if (cpu_isa_has((enum cpu_isa)i)) return (enum cpu_isa)i;
    return CPU_ISA_GENERIC;
}
