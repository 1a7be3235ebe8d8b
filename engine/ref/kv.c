#include <math.h>
#include <string.h>

#include "engine/ref/ref.h"

static bool is_index(const struct ref_rows *r)
{
    return r->split == r->width;
}

static char *row_at(const struct kv_view *kv, const struct ref_rows *r, size_t pos)
{
    size_t bytes = kv_row_bytes(r->type, r->split, r->width - r->split);
    return (char *)kv->pages[pos / KV_PAGE] + r->offset + pos % KV_PAGE * bytes;
}

static float *scales_at(const struct ref_rows *r, char *row)
{
    return (float *)(row + kv_scales_at(r->split));
}

static uint16_t *rope_at(const struct ref_rows *r, char *row)
{
    return (uint16_t *)(row + kv_rope_at(r->split));
}

/* Elements that share a scale. */
static int group_of(const struct ref_rows *r)
{
    return is_index(r) ? r->split : KV_INT8_GROUP;
}

static void load_int8(const struct ref_rows *r, char *row, float *x)
{
    const int8_t *bytes = (const int8_t *)row;
    for (int i = 0; i < r->split; i++) x[i] = bytes[i] * scales_at(r, row)[i / group_of(r)];
    for (int i = r->split; i < r->width; i++) x[i] = f16_to_f32(rope_at(r, row)[i - r->split]);
}

const float *ref_kv_row(const struct kv_view *kv, const struct ref_rows *r, size_t pos,
                        float *copy)
{
    char *row = row_at(kv, r, pos);
    const uint16_t *h = (const uint16_t *)row;
    switch (r->type) {
    case KV_F32: return (const float *)row;
    case KV_BF16:
        for (int i = 0; i < r->width; i++) copy[i] = bf16_to_f32(h[i]);
        break;
    case KV_F16:
        for (int i = 0; i < r->width; i++) copy[i] = f16_to_f32(h[i]);
        break;
    default: load_int8(r, row, copy);
    }
    return copy;
}

/* Returns the scale; all zeros where the numbers are too small to be divided by or not all finite. */
static float quantise(int8_t *y, const float *x, int n)
{
    float max = 0;
    bool finite = true;
    for (int i = 0; i < n; i++) {
        max = fmaxf(max, fabsf(x[i]));
        finite &= isfinite(x[i]) != 0;
    }
    if (!finite) {
        memset(y, 0, (size_t)n);
        return NAN;
    }
    float inverse = max >= KV_INT8_LEAST ? 127.0f / max : 0.0f;
    for (int i = 0; i < n; i++) y[i] = (int8_t)fmaxf(-127.0f, fminf(127.0f, rintf(x[i] * inverse)));
    return inverse > 0 ? max / 127.0f : 0.0f;
}

static void store_int8(const struct ref_rows *r, char *row, const float *x)
{
    int group = group_of(r);
    for (int i = 0; i < r->split; i += group) {
        int n = i + group < r->split ? group : r->split - i;
        scales_at(r, row)[i / group] = quantise((int8_t *)row + i, x + i, n);
    }
    for (int i = r->split; i < r->width; i++) rope_at(r, row)[i - r->split] = f32_to_f16(x[i]);
}

static void store_rows(struct device *d, const struct kv_store_args *a)
{
    (void)d;
    struct ref_rows r = {a->to_index ? a->kv.index_offset : a->kv.latent_offset,
                         a->to_index ? a->kv.index_type : a->kv.type, a->width, a->split};
    for (size_t t = 0; t < a->T; t++) {
        const float *x = a->rows + t * a->ld;
        char *row = row_at(&a->kv, &r, a->pos0 + t);
        uint16_t *h = (uint16_t *)row;
        if (r.type == KV_F32) memcpy(row, x, (size_t)a->width * sizeof *x);
        if (r.type == KV_INT8) store_int8(&r, row, x);
        for (int i = 0; r.type == KV_BF16 && i < a->width; i++) h[i] = f32_to_bf16(x[i]);
        for (int i = 0; r.type == KV_F16 && i < a->width; i++) h[i] = f32_to_f16(x[i]);
    }
}

void ref_kv_store(struct device *d, const struct kv_store_args *a, size_t n)
{
    for (size_t i = 0; i < n; i++) store_rows(d, &a[i]);
}
