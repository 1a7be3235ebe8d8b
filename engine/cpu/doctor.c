/* doctor.c: what the CPU backend would compute with, for `deepread doctor`. */
#include "engine/cpu/cpu.h"

/* By enum cpu_isa. */
static const struct {
    const char *eight_bits, *bytes, *floats;
} instructions[CPU_ISA_COUNT] = {
#if defined(__x86_64__)
    [CPU_ISA_GENERIC] = {"int16 pairs, pmaddwd of 128 bits", "in C", "f32, 128 bits"},
#else
    [CPU_ISA_GENERIC] = {"int16 pairs, in C", "in C", "f32, vectors of 128 bits"},
#endif
    [CPU_ISA_AVX2] = {"int16 pairs, vpmaddwd of 256 bits", "vpmaddubsw of 256 bits",
                      "f32, FMA of 256 bits"},
    [CPU_ISA_AVXVNNI] = {"int16 pairs, vpdpwssd of 256 bits", "vpdpbusd of 256 bits",
                         "f32, FMA of 256 bits"},
    [CPU_ISA_AVX512] = {"int16 pairs, vpmaddwd of 512 bits", "vpmaddubsw of 512 bits",
                        "f32, FMA of 512 bits"},
    [CPU_ISA_AVX512VNNI] = {"int16 pairs, vpdpwssd of 512 bits", "vpdpbusd of 512 bits",
                            "f32, FMA of 512 bits"},
    [CPU_ISA_AMX] = {"int16 pairs, vpdpwssd of 512 bits; of many rows as two bytes, tdpbssd on tiles", "vpdpbusd of 512 bits",
                     "f32, FMA of 512 bits"},
};

#define TILES_ATTEND                                                                               \
    "two bytes, tdpbssd and tdpbusd on tiles, rope keys as two of bf16; "                          \
    "of latents that are no multiple of 64 wide int16 pairs, vpdpwssd of 512 bits"

static void paths(struct buf *out, bool here)
{
    int n = 0;
    for (int i = 0; i < CPU_ISA_COUNT; i++)
        if (cpu_isa_has((enum cpu_isa)i) == here)
            buf_addf(out, "%s%s", n++ ? ", " : "", cpu_isa_name((enum cpu_isa)i));
    if (!n) buf_addz(out, "none");
    buf_addc(out, '\n');
}

void cpu_doctor(const struct device *d, struct buf *out)
{
    const char *floats = instructions[d->isa].floats, *eight = instructions[d->isa].eight_bits;
    bool bytes = d->weights == WEIGHT_FP8 || d->weights == WEIGHT_INT8;
    buf_addz(out, "cpu paths here: ");
    paths(out, true);
    buf_addz(out, "cpu paths this machine lacks: ");
    paths(out, false);
    buf_addf(out, "cpu products, fp8 weights: %s\n", bytes ? eight : floats);
    buf_addf(out, "cpu products, bf16 weights: %s\n", d->weights == WEIGHT_INT8 ? eight : floats);
    buf_addf(out, "cpu router and index weights: %s\n", floats);
    bool whole = d->kv == KV_F32;
    buf_addf(out, "cpu indexer: %s%s\n", whole ? "" : "bytes, ", whole ? floats : instructions[d->isa].bytes);
    buf_addf(out, "cpu attention: %s\n", d->kv != KV_INT8 ? floats : d->k.mla_tiles.bytes ? TILES_ATTEND : instructions[d->isa].eight_bits);
    buf_addf(out, "cpu memory: %s\n", cpu_policy_is_set() ? "where the policy of this process says (numactl)" :
             cpu_nodes(d->threads) ? "on the NUMA nodes in turn" : "on the NUMA node of the thread that touches it first");
    buf_addf(out, "cpu norms and activations: %s\n", floats);
}
