/* backend.c: the CPU backend's table and its device. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"
#include "engine/cpu/cpu.h"

/* ------------------------------------------------------------------ scratch */

void *cpu_reserve(struct device *d, struct cpu_buffer *b, size_t bytes)
{
    if (b->p && b->bytes >= bytes) return b->p;
    cpu_release(d, b->p, b->bytes);
    b->bytes = 0;
    b->p = cpu_alloc(d, bytes);
    if (b->p)
        b->bytes = bytes;
    else
        err_set(&d->failed, E_LIMIT, "cpu: no memory for %zu bytes of scratch", bytes);
    return b->p;
}

void *cpu_reserve_local(struct device *d, size_t bytes)
{
    return cpu_reserve(d, &d->local, cpu_round_up(bytes, CPU_ALIGN) * (size_t)d->threads);
}

static void copy_bytes(struct device *d, void *dst, const void *src, size_t bytes)
{
    (void)d;
    if (bytes) memcpy(dst, src, bytes);
}

/* ------------------------------------------------------------------ device */

enum err cpu_open_isa(struct device **out, const struct device_options *o, enum cpu_isa isa,
                      struct errinfo *e)
{
    static void (*const fill[CPU_ISA_COUNT])(struct cpu_kernels *) = {
        
        cpu_kernels_generic, cpu_kernels_avx2,       cpu_kernels_avxvnni,
        cpu_kernels_avx512,  cpu_kernels_avx512vnni, cpu_kernels_amx};
    if (!cpu_isa_has(isa))
        return err_set(e, E_DEVICE, "cpu: this processor has no %s", cpu_isa_name(isa));
    struct device *d = mem_alloc(1, sizeof *d);
    fill[isa](&d->k);
    d->isa = isa;
    int cores = sys_cores();
    d->threads = o->threads > 0 && o->threads < cores ? o->threads : cores;
    d->weights = o->weights == WEIGHT_AUTO ? WEIGHT_FP8 : o->weights;
    d->kv = o->kv == KV_AUTO ? KV_F16 : o->kv;
    d->memory = cpu_memory_new(cpu_nodes(d->threads));
    enum err r = par_open(&d->pool, d->threads, e);
    if (r) {
        cpu_memory_free(d->memory);
        mem_free(d);
        return r;
    }
    *out = d;
    return OK;
}

static enum err open_best(struct device **out, const struct device_options *o, struct errinfo *e)
{
    return cpu_open_isa(out, o, cpu_isa_best(), e);
}

static void close_device(struct device *d)
{
    if (!d) return;
    struct cpu_buffer *all[] = {&d->rows, &d->local, &d->states, &d->moe, &d->route, &d->angles};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cpu_release(d, all[i]->p, all[i]->bytes);
    par_close(d->pool);
    cpu_memory_free(d->memory);
    mem_free(d);
}

/* Keys in 8 bits are scored up to twice as fast as in 16, from half the memory.  Of the rows that keys in f32
 * choose, deepread-150m's, 64 wide, chose 98.97% on 4,000 tokens; e4m3, 97.5%.  One scale for a wider row was
 * not measured, and loses more where few of its numbers are large. */
#define INT8_KEYS_MOST 64

static enum kv_type index_type(struct device *d, enum kv_type type, int J, int C)
{
    (void)d;
    (void)J;
    return type == KV_F32 || C > INT8_KEYS_MOST ? type : KV_INT8;
}

static void describe(struct device *d, struct buf *out)
{
    static const char *const weights[] = {"fp8", "f32", "bf16", "int8", "fp8"}; /* enum weight_type */
    buf_addf(out, "cpu: %s, %d thread%s, %s weights, %s cache", cpu_isa_name(d->isa), d->threads,
             d->threads == 1 ? "" : "s", weights[d->weights], kv_type_name(d->kv));
}

/* Tiles give the bits of what is there without them, but where they attend to a state in 8 bits.  The best
 * instruction set counts too: the C library's own functions follow it. */
static void arithmetic(struct device *d, struct buf *out)
{
    enum cpu_isa isa = d->isa == CPU_ISA_AMX && d->kv != KV_INT8 ? CPU_ISA_AVX512VNNI : d->isa;
    buf_addf(out, "cpu %s of %s weights=%d kv=%d", cpu_isa_name(isa),
             cpu_isa_name(cpu_isa_best()), (int)d->weights, (int)d->kv);
}

static enum kv_type kv_type(struct device *d)
{
    return d->kv;
}

static enum err sync_device(struct device *d, struct errinfo *e)
{
    if (!d->failed.code) return OK;
    enum err r = err_set(e, d->failed.code, "%s", d->failed.msg);
    err_clear(&d->failed);
    return r;
}

const struct backend cpu_backend = {
    .name = "cpu",
    .host_memory = true,
    .open = open_best,
    .close = close_device,
    .describe = describe,
    .arithmetic = arithmetic,
    .alloc = cpu_alloc,
    .release = cpu_release,
    .upload = copy_bytes,
    .download = copy_bytes,
    .weight_new = cpu_weight_new,
    .weight_free = cpu_weight_free,
    .weight_bytes = cpu_weight_bytes,
    .kv_type = kv_type,
    .kv_smallest = KV_INT8,
    .index_type = index_type,
    .embed = cpu_embed,
    .rmsnorm = cpu_rmsnorm,
    .layernorm = cpu_layernorm,
    .rope = cpu_rope,
    .linear = cpu_linear,
    .swiglu = cpu_swiglu,
    .scale = cpu_scale,
    .copy_rows = cpu_copy_rows,
    .add = cpu_add,
    .kv_store = cpu_kv_store,
    .index_select = cpu_index_select,
    .mla_attend = cpu_mla_attend,
    .mha_attend = cpu_mha_attend,
    .route = cpu_route,
    .experts = cpu_experts,
    .sync = sync_device,
};
