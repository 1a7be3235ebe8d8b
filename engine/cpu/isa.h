/* isa.h: which instruction sets this machine has, and a way to ask for less than the best.
 *
 * A path is a set of kernels that gives the same bits on every machine that can run it; two
 * different paths may differ in the last bits. */
#ifndef ENGINE_CPU_ISA_H
#define ENGINE_CPU_ISA_H

#include "engine/backend.h"

enum cpu_isa {
    CPU_ISA_GENERIC,    /* GNU C vectors of four floats: any processor */
    CPU_ISA_AVX2,       /* AVX2, FMA, F16C                             */
    CPU_ISA_AVXVNNI,    /* ... and AVX-VNNI: products of int16 pairs   */
    CPU_ISA_AVX512,     /* AVX-512 F, BW, VL, DQ                       */
    CPU_ISA_AVX512VNNI, /* ... and AVX-512 VNNI                        */
    CPU_ISA_AMX,        /* ... and AMX: tiles of bytes and of bf16     */
    CPU_ISA_COUNT
};

const char *cpu_isa_name(enum cpu_isa isa);
bool cpu_isa_has(enum cpu_isa isa);
enum cpu_isa cpu_isa_best(void);

/* Like cpu_backend.open with the path given.  E_DEVICE when the machine lacks it. */
enum err cpu_open_isa(struct device **out, const struct device_options *o, enum cpu_isa isa,
                      struct errinfo *e);
/* Lines "key: value": the paths of this machine, and what each operation of d computes with. */
void cpu_doctor(const struct device *d, struct buf *out);

#endif
