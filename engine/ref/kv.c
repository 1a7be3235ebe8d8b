#include <string.h>

#include "engine/ref/ref.h"

static char *row_at(const struct kv_view *kv, size_t offset, size_t pos, int width)
{
    size_t element = kv->type == KV_F32 ? sizeof(float) : sizeof(uint16_t);
    return (char *)kv->pages[pos / KV_PAGE] + offset + pos % KV_PAGE * (size_t)width * element;
}

const float *ref_kv_row(const struct kv_view *kv, size_t offset, size_t pos, int width,
                        float *copy)
{
    const void *row = row_at(kv, offset, pos, width);
    if (kv->type == KV_F32) return row;
    const uint16_t *h = row;
    for (int i = 0; i < width; i++)
        copy[i] = kv->type == KV_BF16 ? bf16_to_f32(h[i]) : f16_to_f32(h[i]);
    return copy;
}

void ref_kv_store(struct device *d, const struct kv_store_args *a)
{
    (void)d;
    size_t offset = a->to_index ? a->kv.index_offset : a->kv.latent_offset;
    for (size_t t = 0; t < a->T; t++) {
        const float *x = a->rows + t * a->ld;
        void *row = row_at(&a->kv, offset, a->pos0 + t, a->width);
        uint16_t *h = row;
        if (a->kv.type == KV_F32) memcpy(row, x, (size_t)a->width * sizeof *x);
        for (int i = 0; a->kv.type == KV_BF16 && i < a->width; i++) h[i] = f32_to_bf16(x[i]);
        for (int i = 0; a->kv.type == KV_F16 && i < a->width; i++) h[i] = f32_to_f16(x[i]);
    }
}
