#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "engine/ref/ref.h"

static enum err open_device(struct device **out, const struct device_options *o,
                            struct errinfo *e)
{
    if (o->weights != WEIGHT_AUTO && o->weights != WEIGHT_F32)
        return err_set(e, E_DEVICE, "backend 'ref' computes with f32 weights only");
    struct device *d = mem_alloc(1, sizeof *d);
    d->threads = o->threads > 0 ? o->threads : sys_cores();
    d->kv = o->kv == KV_AUTO ? KV_F32 : o->kv;
    *out = d;
    return OK;
}

static void close_device(struct device *d)
{
    mem_free(d);
}

static void describe(struct device *d, struct buf *out)
{
    buf_addf(out, "ref: scalar f32, %d threads, %s state", d->threads,
             kv_type_name(d->kv));
}

static void arithmetic(struct device *d, struct buf *out)
{
    buf_addf(out, "ref kv=%d", (int)d->kv);
}

static enum kv_type kv_type(struct device *d)
{
    return d->kv;
}

/* ------------------------------------------------------------------ memory: the host's own */

static void *alloc(struct device *d, size_t bytes)
{
    (void)d;
    if (bytes > SIZE_MAX - 64) return NULL;
    return aligned_alloc(64, bytes ? (bytes + 63) / 64 * 64 : 64);
}

static void release(struct device *d, void *p, size_t bytes)
{
    (void)d;
    (void)bytes;
    free(p);
}

static void copy(struct device *d, void *dst, const void *src, size_t bytes)
{
    (void)d;
    if (bytes) memcpy(dst, src, bytes);
}

static enum err sync(struct device *d, struct errinfo *e)
{
    (void)d;
    (void)e;
    return OK;
}

/* ------------------------------------------------------------------ one line each */

static void scale(struct device *d, float *x, float factor, size_t n)
{
    (void)d;
    for (size_t i = 0; i < n; i++) x[i] *= factor;
}

static void add(struct device *d, float *x, const float *r, size_t n)
{
    (void)d;
    for (size_t i = 0; i < n; i++) x[i] += r[i];
}

static void copy_rows(struct device *d, float *y, size_t ldy, const float *x, size_t ldx, size_t T,
                      int n)
{
    (void)d;
    for (size_t t = 0; t < T; t++) memcpy(y + t * ldy, x + t * ldx, (size_t)n * sizeof *y);
}

float ref_dot(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

void ref_dots(float *out, const float *a, const float *const *b, size_t count, size_t n)
{
    float sum[REF_TOGETHER] = {0};
    if (count < REF_TOGETHER) {
        for (size_t k = 0; k < count; k++) out[k] = ref_dot(a, b[k], n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
#pragma GCC unroll 8
        for (size_t k = 0; k < REF_TOGETHER; k++) sum[k] += a[i] * b[k][i];
    }
    memcpy(out, sum, sizeof sum);
}

const struct backend ref_backend = {
    .name = "ref",
    .host_memory = true,
    .open = open_device,
    .close = close_device,
    .describe = describe,
    .arithmetic = arithmetic,
    .alloc = alloc,
    .release = release,
    .upload = copy,
    .download = copy,
    .weight_new = ref_weight_new,
    .weight_free = ref_weight_free,
    .weight_bytes = ref_weight_bytes,
    .kv_type = kv_type,
    .embed = ref_embed,
    .rmsnorm = ref_rmsnorm,
    .layernorm = ref_layernorm,
    .rope = ref_rope,
    .linear = ref_linear,
    .swiglu = ref_swiglu,
    .scale = scale,
    .copy_rows = copy_rows,
    .add = add,
    .kv_store = ref_kv_store,
    .index_select = ref_index_select,
    .mla_attend = ref_mla_attend,
    .mha_attend = ref_mha_attend,
    .route = ref_route,
    .experts = ref_experts,
    .sync = sync,
};
